//! What a datagram means, rule by rule, with no socket anywhere. Every number
//! is that of a rule in the guide's page about the protocol.

use udp_group_chat::protocol::Message::{self, Ignore, Leave};
use udp_group_chat::protocol::can_be_answered;

type Parsed = Result<Message, String>;

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
    Ok(Message::Say(line.to_owned()))
}

/// Checks that the datagram is dropped and that the reason contains `part`.
#[track_caller]
fn expect_reason(parsed: Parsed, part: &str) {
    match parsed {
        Err(reason) if reason.contains(part) => {}
        other => {
            panic!("expected: a reason with {part:?}\nreceived: {other:?}")
        }
    }
}

#[test]
fn rule_1_a_datagram_that_is_too_long_or_not_utf8_is_dropped() {
    for sender in [None, Some("小明")] {
        let parse = |payload: &[u8]| Message::parse(sender, payload);
        expect_reason(parse(&[b'x'; 1025]), "1025 bytes, over 1024");
        expect_reason(parse(&[b' '; 1025]), "1025 bytes");
        // The length is checked first.
        expect_reason(parse(&[0xff; 65_507]), "65507 bytes");
        // The line ending counts, because the limit is the payload's.
        let with_ending = "x".repeat(1024) + "\n";
        expect_reason(parse(with_ending.as_bytes()), "1025 bytes");
        // Invalid bytes, half a character, an overlong encoding, half a
        // surrogate pair.
        for bytes in
            [&b"\xff\xfe"[..], b"\xe5\xa5", b"\xc0\xaf", b"\xed\xa0\x80"]
        {
            expect_reason(parse(bytes), "not UTF-8");
        }
        expect_reason(parse(b"exit \xff"), "not UTF-8");
    }
    let longest = format!("小明 : {}", "x".repeat(1024 - "小明 : ".len()));
    assert_eq!(from_ming(&longest), line(&longest));
}

#[test]
fn rule_2_unsafe_characters_are_replaced() {
    for (sent, safe) in [
        ("一\n", "一"),
        ("二\r\n", "二"),
        ("三\n\n", "三?"),
        ("四\r", "四?"),
        ("  五  \n", "  五  "),
        ("\u{1b}[2Jcleared", "?[2Jcleared"),
        ("a\nb\rc\0d\u{7f}e\u{7}", "a?b?c?d?e?"),
        ("\u{9b}31mred\u{85}", "?31mred?"),
        ("a\tb\t\tc", "a b  c"),
        ("a\u{2028}b\u{2029}c", "a?b?c"),
        ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}", "?????"),
        ("\u{2066}\u{2067}\u{2068}\u{2069}", "????"),
        // The neighbors of those and the characters in emoji remain.
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
    // Sanitized before it is split, so this has no separator ...
    assert_eq!(from_stranger("a\n: b"), join("a?: b", None));
    // ... and this has one.
    assert_eq!(from_stranger("a\t:\tb"), join("a", Some("a : b")));
    // Sanitized before the length of the name is checked.
    let short = "x".repeat(127);
    assert_eq!(
        from_stranger(&format!("{short}\u{85}")),
        join(&(short + "?"), None)
    );
}

#[test]
fn rule_3_exit_is_a_leave_under_any_name() {
    for leave in "exit|EXIT| eXiT |exit\n|Exit\r\n|\u{3000}exit\t|小明 : exit|\
        小明 :  EXIT \r\n| 小明 : exit|小红 : exit| : exit|exit : exit|\
        a\u{7} : exit"
        .split('|')
    {
        assert_eq!(from_ming(leave), Ok(Leave), "{leave:?}");
        assert_eq!(
            from_stranger(leave),
            Ok(Leave),
            "{leave:?} from a stranger"
        );
    }
    let under_a_long_name = "x".repeat(1000) + " : exit";
    assert_eq!(from_stranger(&under_a_long_name), Ok(Leave));
    for said in "小明 : where is the exit|小明 : exit exit|小明 : exit?|\
        小明 : exit : exit"
        .split('|')
    {
        assert_eq!(from_ming(said), line(said));
    }
    assert_eq!(from_ming("exits"), line("小明 : exits"));
    assert_eq!(from_ming("小明:exit"), line("小明 : 小明:exit"));
    assert_eq!(from_ming("小明 :exit"), line("小明 : 小明 :exit"));
}

#[test]
fn rule_4_blank_text_is_ignored() {
    for blank in
        "| |\n| \t\r\n|\u{3000}|小明 : |小红 :    | : |x : \n|  :  ".split('|')
    {
        assert_eq!(from_ming(blank), Ok(Ignore), "{blank:?}");
        assert_eq!(
            from_stranger(blank),
            Ok(Ignore),
            "{blank:?} from a stranger"
        );
    }
    // Sanitized before that is decided, so a control character isn't blank.
    assert_eq!(from_ming("小明 : \u{85}"), line("小明 : ?"));
}

#[test]
fn rule_5_a_stranger_joins() {
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
    assert_eq!(from_stranger("a : \t: hi"), join("a", Some("a :  : hi")));
    let longest = "名".repeat(42) + "xx";
    assert_eq!(from_stranger(&format!("  {longest} ")), join(&longest, None));
    assert_eq!(from_stranger("x"), join("x", None));
}

#[test]
fn rule_5_an_invalid_name_is_rejected() {
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
        expect_reason(from_stranger(datagram), part_of_reason);
    }
}

#[test]
fn rule_6_a_duplicate_join_is_ignored() {
    for again in "小明|小明\n| 小明 |\u{3000}小明\t\r\n".split('|') {
        assert_eq!(from_ming(again), Ok(Ignore), "{again:?}");
    }
}

#[test]
fn rule_6_the_senders_own_name_is_not_repeated() {
    for said in "小明 : hi|小明 :  a  |小明 : 小红 : hi|小明 : 小明|小明 :  : "
        .split('|')
    {
        assert_eq!(from_ming(said), line(said));
    }
    for padded in ["  小明 : hi ", "小明  : hi ", "\u{3000}小明\t : hi "]
    {
        assert_eq!(from_ming(padded), line("小明 : hi "), "{padded:?}");
    }
}

#[test]
fn rule_6_anything_else_is_relayed_whole() {
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
fn rule_6_a_line_too_long_with_the_name_is_rejected() {
    let available = 1024 - "小明 : ".len();
    let fits = "x".repeat(available);
    assert_eq!(from_ming(&fits), line(&format!("小明 : {fits}")));
    let reason = "over 1024 bytes with the name";
    expect_reason(from_ming(&(fits + "x")), reason);
    let as_somebody_else = format!("小红 : {}", "x".repeat(available));
    expect_reason(from_ming(&as_somebody_else), reason);
}

/// A datagram with such a source address can't be sent without a second host
/// or a raw socket, so this tests the function that decides.
#[test]
fn rule_5_addresses_that_cannot_be_answered() {
    for (address, expected) in [
        ("0.0.0.0:9999", false),
        ("[::]:9999", false),
        ("[::ffff:0.0.0.0]:9999", false),
        ("192.168.1.5:0", false),
        ("[2001:db8::1]:0", false),
        ("127.0.0.1:1", true),
        ("0.0.0.1:9999", true),
        ("[::1]:9999", true),
        ("[::ffff:127.0.0.1]:65535", true),
    ] {
        let address = address.parse().unwrap();
        assert_eq!(can_be_answered(address), expected, "{address}");
    }
}
