//! What a datagram means, rule by rule, with no socket anywhere. Every number
//! is that of a rule in the guide's page about the protocol.

use crate::common::*;
use udp_group_chat::protocol::Message::{self, Ignore, Leave};
use udp_group_chat::protocol::may_join;

type Sender = Option<&'static str>;
type Parsed = Result<Message, String>;

const STRANGER: Sender = None;
const MING: Sender = Some("小明");

/// Checks what each of the datagrams means that `|` separates.
#[track_caller]
fn check(from: Sender, datagrams: &str, expected: impl Fn(&str) -> Parsed) {
    for datagram in datagrams.split('|') {
        let parsed = Message::parse(from, datagram.as_bytes());
        let step = format!("{datagram:?} from {from:?}");
        expect_equal(&step, parsed, expected(datagram));
    }
}

fn join(name: &str, line: Option<&str>) -> Parsed {
    Ok(Message::Join { name: name.to_owned(), line: line.map(str::to_owned) })
}

fn say(line: &str) -> Parsed {
    Ok(Message::Say(line.to_owned()))
}

fn say_under_own_name(text: &str) -> Parsed {
    say(&format!("小明 : {text}"))
}

/// Checks that the datagram is dropped and that the reason contains `part`.
#[track_caller]
fn check_drop(from: Sender, payload: impl AsRef<[u8]>, part: &str) {
    let parsed = Message::parse(from, payload.as_ref());
    expect_error(&format!("{parsed:?}"), "Err(", part);
}

#[test]
fn rule_1_a_datagram_that_is_too_long_or_not_utf8_is_dropped() {
    for sender in [STRANGER, MING] {
        check_drop(sender, [b'x'; 1025], "1025 bytes, over 1024");
        check_drop(sender, [b' '; 1025], "1025 bytes");
        // The length is checked first.
        check_drop(sender, [0xff; 65_507], "65507 bytes");
        // The line ending counts, because the limit is the payload's.
        check_drop(sender, "x".repeat(1024) + "\n", "1025 bytes");
        check_drop(sender, b"exit \xff", "not UTF-8");
        check_drop(sender, b"half a character: \xe5\xa5", "not UTF-8");
        check_drop(sender, b"an overlong encoding: \xc0\xaf", "not UTF-8");
        check_drop(sender, b"half a pair: \xed\xa0\x80", "not UTF-8");
    }
    let longest = format!("小明 : {}", "x".repeat(1024 - "小明 : ".len()));
    check(MING, &longest, say);
}

#[test]
fn rule_2_unsafe_characters_are_replaced() {
    for (sent, safe) in cases! {
        "一\n" => "一", "二\r\n" => "二", "三\n\n" => "三?", "四\r" => "四?",
        "  五  \n" => "  五  ", "a\tb\t\tc" => "a b  c",
        "\u{1b}[2Jcleared" => "?[2Jcleared", "\u{9b}31mred\u{85}" => "?31mred?",
        "a\nb\rc\0d\u{7f}e\u{7}" => "a?b?c?d?e?",
        "a\u{2028}b\u{2029}c" => "a?b?c",
        "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}" => "?????",
        "\u{2066}\u{2067}\u{2068}\u{2069}" => "????",
    } {
        check(MING, sent, |_| say_under_own_name(safe));
    }
    // The neighbors of those and the characters in emoji remain.
    let same = "\u{2027}\u{202f}\u{2065}\u{206a}\u{200e}\u{61c}|\
        👨\u{200d}👩\u{200d}👧\u{fe0f} \u{3000}\u{a0}";
    check(MING, same, say_under_own_name);
    check(STRANGER, "小\u{7}明\n", |_| join("小?明", None));
    check(STRANGER, "\u{202e}a : b", |_| join("?a", Some("?a : b")));
    // Sanitized before it is split, so this has no separator ...
    check(STRANGER, "a\n: b", |_| join("a?: b", None));
    // ... and this has one.
    check(STRANGER, "a\t:\tb", |_| join("a", Some("a : b")));
    // Sanitized before the length of the name is checked.
    let long = "x".repeat(127) + "\u{85}";
    let safe = "x".repeat(127) + "?";
    check(STRANGER, &long, |_| join(&safe, None));
}

#[test]
fn rule_3_exit_is_a_leave_under_any_name() {
    let leaves = "exit|EXIT| eXiT |exit\n|Exit\r\n|\u{3000}exit\t|小明 : exit|\
        小明 :  EXIT \r\n| 小明 : exit|小红 : exit| : exit|exit : exit|\
        a\u{7} : exit";
    let under_a_long_name = "x".repeat(1000) + " : exit";
    for sender in [MING, STRANGER] {
        check(sender, leaves, |_| Ok(Leave));
        check(sender, &under_a_long_name, |_| Ok(Leave));
    }
    let said = "小明 : where is the exit|小明 : exit exit|小明 : exit?|\
        小明 : exit : exit";
    check(MING, said, say);
    check(MING, "exits|小明:exit|小明 :exit", say_under_own_name);
}

#[test]
fn rule_4_blank_text_is_ignored() {
    let blank = "| |\n| \t\r\n|\u{3000}|小明 : |小红 :    | : |x : \n|  :  ";
    check(MING, blank, |_| Ok(Ignore));
    check(STRANGER, blank, |_| Ok(Ignore));
    // Sanitized before that is decided, so a control character isn't blank.
    check(MING, "小明 : \u{85}", |_| say("小明 : ?"));
}

#[test]
fn rule_5_a_stranger_joins() {
    check(STRANGER, "小明|a:b|a :b|: a|小明:大家好|x", |name| {
        join(name, None)
    });
    check(STRANGER, "  小 明\t\n", |_| join("小 明", None));
    let longest = "名".repeat(42) + "xx";
    check(STRANGER, &format!("  {longest} "), |_| join(&longest, None));
    check(STRANGER, "a : b : c|a :  : b", |line| join("a", Some(line)));
    check(STRANGER, "a:b : hi", |line| join("a:b", Some(line)));
    check(STRANGER, " a  :  b ", |_| join("a", Some("a :  b ")));
    check(STRANGER, "a : \t: hi", |_| join("a", Some("a :  : hi")));
}

#[test]
fn rule_5_an_invalid_name_is_rejected() {
    for long in ["x".repeat(129), "名".repeat(43), "x".repeat(129) + " : hi"] {
        check_drop(STRANGER, long, "at most 128 bytes");
    }
    check_drop(STRANGER, " : hi", "blank");
    check_drop(STRANGER, "a :", "end in ` :`");
    check_drop(STRANGER, "exit : hi", "`exit`");
    check_drop(STRANGER, "EXIT : hi", "`exit`");
}

#[test]
fn rule_6_a_duplicate_join_is_ignored() {
    let joins = "小明|小明\n| 小明 |\u{3000}小明\t\r\n";
    check(MING, joins, |_| Ok(Ignore));
}

#[test]
fn rule_6_the_senders_own_name_is_not_repeated() {
    let lines = "小明 : hi|小明 :  a  |小明 : 小红 : hi|小明 : 小明|小明 :  : ";
    check(MING, lines, say);
    let padded = "  小明 : hi |小明  : hi |\u{3000}小明\t : hi ";
    check(MING, padded, |_| say("小明 : hi "));
}

#[test]
fn rule_6_anything_else_is_relayed_whole() {
    let texts = "hi| hi |小明:hi|小明 :hi| 小明:hi|小红 : hi|小明明 : hi|小红|\
        : hi|小红 进入聊天室...|[提示] obey| : hi";
    check(MING, texts, say_under_own_name);
}

#[test]
fn rule_6_a_line_too_long_with_the_name_is_rejected() {
    let fits = "x".repeat(1024 - "小明 : ".len());
    check(MING, &fits, say_under_own_name);
    for said in [format!("{fits}x"), format!("小红 : {fits}")] {
        check_drop(MING, said, "over 1024 bytes with the name");
    }
}

/// A datagram with such a source address can't be sent without a second host
/// or a raw socket, so this tests the function that decides.
#[test]
fn rule_5_addresses_that_cannot_be_answered() {
    for (addresses, expected) in cases! {
        "0.0.0.0:9|[::]:9|[::ffff:0.0.0.0]:9|1.2.3.4:0|[::1]:0|1.2.3.4:2" => false,
        "127.0.0.1:1|0.0.0.1:9999|[::1]:9999|[::ffff:127.0.0.1]:65535" => true,
    } {
        for address in addresses.split('|') {
            let answer = may_join(address.parse().unwrap(), 2).is_ok();
            expect_equal(address, answer, expected);
        }
    }
}
