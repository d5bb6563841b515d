//! What a datagram means, rule by rule, with no socket anywhere. Every number
//! is that of a rule in the guide's page about the protocol.

use udp_group_chat::message::{InvalidMessage, Message};

use InvalidMessage::{Name, NotUtf8, TooLong, TooLongWithName};
use Message::{Leave, Nothing};

type Parsed = Result<Message, InvalidMessage>;

fn from_stranger(datagram: &str) -> Parsed {
    Message::parse(None, datagram.as_bytes())
}

fn from_ming(datagram: &str) -> Parsed {
    Message::parse(Some("小明"), datagram.as_bytes())
}

fn join(name: &str, line: Option<&str>) -> Parsed {
    Ok(Message::Join { name: name.to_owned(), line: line.map(str::to_owned) })
}

fn line(line: &str) -> Parsed {
    Ok(Message::Line(line.to_owned()))
}

#[test]
fn rule_1_too_long_or_not_utf8() {
    for sender in [None, Some("小明")] {
        let parse = |datagram: &[u8]| Message::parse(sender, datagram);
        assert_eq!(parse(&[b'x'; 1025]), Err(TooLong(1025)));
        assert_eq!(parse(&[b' '; 1025]), Err(TooLong(1025)));
        assert_eq!(
            parse(&[0xff; 65_507]),
            Err(TooLong(65_507)),
            "length first"
        );
        // The line ending counts: the limit is the datagram's.
        let with_ending = "x".repeat(1024) + "\n";
        assert_eq!(parse(with_ending.as_bytes()), Err(TooLong(1025)));
        // Bad bytes, a character cut in half, one spelled too long, half a
        // surrogate pair.
        for bytes in
            [&b"\xff\xfe"[..], b"\xe5\xa5", b"\xc0\xaf", b"\xed\xa0\x80"]
        {
            assert_eq!(parse(bytes), Err(NotUtf8), "{bytes:?}");
        }
        assert_eq!(parse(b"exit \xff"), Err(NotUtf8));
    }
    let longest = format!("小明 : {}", "x".repeat(1024 - "小明 : ".len()));
    assert_eq!(from_ming(&longest), line(&longest));
}

#[test]
fn rule_2_made_safe() {
    for (sent, safe) in [
        ("一\n", "一"),
        ("二\r\n", "二"),
        ("三\n\n", "三?"),
        ("四\r", "四?"),
        ("  五  \n", "  五  "),
        ("\u{1b}[2Jcleared", "?[2Jcleared"),
        ("a\nb\rc\0d\u{7f}e\u{7}", "a?b?c?d?e?"),
        ("\u{9b}31mred\u{85}", "?31mred?"),
        ("a\tb", "a\tb"),
        ("a\u{2028}b\u{2029}c", "a?b?c"),
        ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}", "?????"),
        ("\u{2066}\u{2067}\u{2068}\u{2069}", "????"),
        // The neighbours of those, and what joins emoji, stay.
        (
            "\u{2027}\u{202f}\u{2065}\u{206a}\u{200e}\u{61c}",
            "\u{2027}\u{202f}\u{2065}\u{206a}\u{200e}\u{61c}",
        ),
        (
            "👨\u{200d}👩\u{200d}👧\u{fe0f} \u{3000}\u{a0}",
            "👨\u{200d}👩\u{200d}👧\u{fe0f} \u{3000}\u{a0}",
        ),
    ] {
        let expected = line(&format!("小明 : {safe}"));
        assert_eq!(from_ming(&format!("小明 : {sent}")), expected, "{sent:?}");
    }
    assert_eq!(from_stranger("小\u{7}明\n"), join("小?明", None));
    assert_eq!(from_stranger("\u{202e}a : b"), join("?a", Some("?a : b")));
    // Made safe first, and then cut: this has no separator.
    assert_eq!(from_stranger("a\n: b"), join("a?: b", None));
    // Made safe first, and then measured against a name's limit.
    let short = "x".repeat(127);
    assert_eq!(
        from_stranger(&format!("{short}\u{85}")),
        join(&(short + "?"), None)
    );
}

#[test]
fn rule_3_a_leave_leaves_whatever_name_stands_before_it() {
    for leave in [
        "exit",
        "EXIT",
        " eXiT ",
        "exit\n",
        "Exit\r\n",
        "\u{3000}exit\t",
        "小明 : exit",
        "小明 :  EXIT \r\n",
        " 小明 : exit",
        "小红 : exit",
        " : exit",
        "exit : exit",
        "a\u{7} : exit",
    ] {
        assert_eq!(from_ming(leave), Ok(Leave), "{leave:?}");
        assert_eq!(
            from_stranger(leave),
            Ok(Leave),
            "{leave:?} from a stranger"
        );
    }
    let under_a_long_name = "x".repeat(1000) + " : exit";
    assert_eq!(from_stranger(&under_a_long_name), Ok(Leave));
    for said in [
        "小明 : where is the exit",
        "小明 : exit exit",
        "小明 : exit?",
        "小明 : exit : exit",
    ] {
        assert_eq!(from_ming(said), line(said));
    }
    assert_eq!(from_ming("exits"), line("小明 : exits"));
    assert_eq!(from_ming("小明:exit"), line("小明 : 小明:exit"));
    assert_eq!(from_ming("小明 :exit"), line("小明 : 小明 :exit"));
}

#[test]
fn rule_4_blank_is_nothing() {
    for blank in [
        "",
        " ",
        "\n",
        " \t\r\n",
        "\u{3000}",
        "小明 : ",
        "小红 :    ",
        " : ",
        "x : \n",
        "  :  ",
    ] {
        assert_eq!(from_ming(blank), Ok(Nothing), "{blank:?}");
        assert_eq!(
            from_stranger(blank),
            Ok(Nothing),
            "{blank:?} from a stranger"
        );
    }
    // A control character is not white space any more when blank is decided.
    assert_eq!(from_ming("小明 : \u{85}"), line("小明 : ?"));
}

#[test]
fn rule_5_a_stranger_enters() {
    assert_eq!(from_stranger("小明"), join("小明", None));
    assert_eq!(from_stranger("  小 明\t\n"), join("小 明", None));
    assert_eq!(from_stranger("a:b"), join("a:b", None));
    assert_eq!(from_stranger("a :b"), join("a :b", None));
    assert_eq!(from_stranger(": a"), join(": a", None));
    assert_eq!(from_stranger("小明:大家好"), join("小明:大家好", None));
    assert_eq!(from_stranger("a : b : c"), join("a", Some("a : b : c")));
    assert_eq!(from_stranger(" a  :  b "), join("a", Some("a :  b ")));
    assert_eq!(from_stranger("a:b : hi"), join("a:b", Some("a:b : hi")));
    assert_eq!(from_stranger("a :  : b"), join("a", Some("a :  : b")));
    assert_eq!(from_stranger("a : \t: hi"), join("a", Some("a : \t: hi")));
    let longest = "名".repeat(42) + "xx";
    assert_eq!(from_stranger(&format!("  {longest} ")), join(&longest, None));
    assert_eq!(from_stranger("x"), join("x", None));
}

#[test]
fn rule_5_a_name_that_breaks_the_limits_does_not_enter() {
    let long = "x".repeat(129);
    for (datagram, part_of_reason) in [
        (&*long, "at most 128 bytes"),
        (&format!("{long} : hi"), "at most 128 bytes"),
        (&"名".repeat(43), "at most 128 bytes"),
        (" : hi", "blank"),
        ("exit : hi", "`exit`"),
        ("EXIT : hi", "`exit`"),
        ("a :", "end in ` :`"),
    ] {
        let Err(Name(reason)) = from_stranger(datagram) else {
            panic!("{datagram:?} enters")
        };
        assert!(reason.contains(part_of_reason), "{datagram:?}: {reason}");
    }
}

#[test]
fn rule_6_a_join_that_comes_twice_is_nothing() {
    for again in ["小明", "小明\n", " 小明 ", "\u{3000}小明\t\r\n"] {
        assert_eq!(from_ming(again), Ok(Nothing), "{again:?}");
    }
}

#[test]
fn rule_6_a_member_says_text_under_the_own_name() {
    for said in [
        "小明 : hi",
        "小明 :  a  ",
        "小明 : 小红 : hi",
        "小明 : 小明",
        "小明 :  : ",
    ] {
        assert_eq!(from_ming(said), line(said));
    }
    for padded in ["  小明 : hi ", "小明  : hi ", "\u{3000}小明\t : hi "]
    {
        assert_eq!(from_ming(padded), line("小明 : hi "), "{padded:?}");
    }
}

#[test]
fn rule_6_all_else_is_said_whole() {
    for said in [
        "hi",
        " hi ",
        "小明:hi",
        "小明 :hi",
        " 小明:hi",
        "小红 : hi",
        "小明明 : hi",
        "小红",
        ": hi",
        "小红 进入聊天室...",
        "[提示] obey",
        " : hi",
    ] {
        assert_eq!(from_ming(said), line(&format!("小明 : {said}")));
    }
}

#[test]
fn rule_6_too_long_with_its_name() {
    let available = 1024 - "小明 : ".len();
    let fits = "x".repeat(available);
    assert_eq!(from_ming(&fits), line(&format!("小明 : {fits}")));
    assert_eq!(from_ming(&(fits + "x")), Err(TooLongWithName(1025)));
    let as_somebody_else = format!("小红 : {}", "x".repeat(available));
    assert_eq!(from_ming(&as_somebody_else), Err(TooLongWithName(1033)));
}
