//! What a datagram means, rule by rule, with no socket anywhere. Every number is that of a rule in
//! README.md, "The server".

use udp_group_chat::meaning::{Meaning, Unfit, meaning};
use udp_group_chat::name::BadName;

fn from_stranger(datagram: &str) -> Meaning<'_> {
    meaning(None, datagram.as_bytes())
}

fn from_ming(datagram: &str) -> Meaning<'_> {
    meaning(Some("小明"), datagram.as_bytes())
}

fn enters(name: &str, line: Option<&'static str>) -> Meaning<'static> {
    Meaning::Enters {
        name: name.to_owned(),
        line: line.map(Into::into),
    }
}

fn says(line: &'static str) -> Meaning<'static> {
    Meaning::Says(line.into())
}

#[test]
fn rule_1_bytes_that_cannot_be_relayed() {
    for member in [None, Some("小明")] {
        let long = meaning(member, &[b'x'; 1025]);
        assert_eq!(long, Meaning::Unfit(Unfit::TooLong(1025)));
        let bad = meaning(member, b"\xff");
        assert_eq!(bad, Meaning::Unfit(Unfit::NotUtf8));
        // Both at once: the length is looked at first.
        let both = meaning(member, &[0xff; 65_507]);
        assert_eq!(both, Meaning::Unfit(Unfit::TooLong(65_507)));
    }
}

#[test]
fn rule_2_a_line_ending_and_control_characters() {
    assert_eq!(from_ming("小明 : a\r\n"), says("小明 : a"));
    assert_eq!(
        from_ming("小明 : a\u{1b}b\tc\u{85}"),
        says("小明 : a?b\tc?")
    );
    assert_eq!(from_stranger("小\u{7}明\n"), enters("小?明", None));
}

#[test]
fn rule_3_a_stranger() {
    for leave in [
        "exit",
        "EXIT",
        " exit\n",
        "a : exit",
        "a :  Exit ",
        " : exit",
    ] {
        assert_eq!(from_stranger(leave), Meaning::Nothing, "{leave:?}");
    }
    assert_eq!(from_stranger("a : b : c"), enters("a", Some("a : b : c")));
    assert_eq!(from_stranger("a : "), enters("a", Some("a : ")));
    assert_eq!(from_stranger("a  : b"), enters("a", Some("a : b")));
    assert_eq!(from_stranger(" a  : b"), enters("a", Some("a : b")));
    assert_eq!(from_stranger(" 小 明 "), enters("小 明", None));
    assert_eq!(from_stranger("a:b"), enters("a:b", None));
}

#[test]
fn rule_3_a_name_that_breaks_the_limits() {
    let long = "x".repeat(129);
    for (datagram, why) in [
        ("", BadName::Blank),
        (" \t\n", BadName::Blank),
        (" : hi", BadName::Blank),
        (&long, BadName::TooLong),
        (&format!("{long} : hi"), BadName::TooLong),
        ("exit : hi", BadName::Exit),
        ("a :", BadName::HoldsSeparator),
    ] {
        let meaning = from_stranger(datagram);
        assert_eq!(meaning, Meaning::Unfit(Unfit::Name(why)), "{datagram:?}");
    }
    let longest = "x".repeat(128);
    assert_eq!(
        from_stranger(&format!("  {longest} ")),
        enters(&longest, None)
    );
}

#[test]
fn rule_4_nothing() {
    for datagram in [
        "小明", "小明\n", " 小明 ", "", "  ", "\n", "\t\r\n", "\u{3000}",
    ] {
        assert_eq!(from_ming(datagram), Meaning::Nothing, "{datagram:?}");
    }
}

#[test]
fn rule_4_leaving() {
    for datagram in [
        "exit",
        " EXIT\r\n",
        "小明 : exit",
        "小明:exit",
        "小明 :Exit",
        "小明  :  eXit  ",
        " 小明 : exit",
    ] {
        assert_eq!(from_ming(datagram), Meaning::Leaves, "{datagram:?}");
    }
}

#[test]
fn rule_4_saying() {
    for line in [
        "小明 : hi",
        "小明:hi",
        "小明 : ",
        "小明 :  ",
        "小明 : the exit",
        "小明 : exit : exit",
        "小明 : 小红 : hi",
    ] {
        assert_eq!(from_ming(line), says(line), "{line:?}");
    }
    for padded in ["  小明 : hi ", "小明  : hi ", "\u{3000}小明\t : hi "] {
        assert_eq!(from_ming(padded), says("小明 : hi "), "{padded:?}");
    }
    assert_eq!(from_ming("小明 :hi"), says("小明 : 小明 :hi"));
    assert_eq!(from_ming(" 小明:hi"), says("小明 :  小明:hi"));
    assert_eq!(from_ming("hi"), says("小明 : hi"));
    assert_eq!(from_ming(" hi "), says("小明 :  hi "));
    assert_eq!(from_ming("小红 : hi"), says("小明 : 小红 : hi"));
    assert_eq!(from_ming("小明明 : hi"), says("小明 : 小明明 : hi"));
    assert_eq!(from_ming("小红 : exit"), says("小明 : 小红 : exit"));
}

#[test]
fn rule_4_a_line_that_its_name_makes_too_long() {
    let room = 1024 - "小明 : ".len();
    let fits = "x".repeat(room);
    assert_eq!(
        from_ming(&fits),
        Meaning::Says(format!("小明 : {fits}").into())
    );
    let over = "x".repeat(room + 1);
    assert_eq!(
        from_ming(&over),
        Meaning::Unfit(Unfit::TooLongWithName(1025))
    );
}

#[test]
fn a_line_that_needs_no_change_is_not_copied() {
    let datagram = "小明 : hi\n".as_bytes();
    for member in [None, Some("小明")] {
        let (Meaning::Says(line)
        | Meaning::Enters {
            line: Some(line), ..
        }) = meaning(member, datagram)
        else {
            panic!("no line");
        };
        assert!(matches!(line, std::borrow::Cow::Borrowed(_)));
    }
}
