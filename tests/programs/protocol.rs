//! What a datagram means, rule by rule, and how a text becomes chat lines, with
//! no socket anywhere. Every number is that of a rule in the guide's page about
//! the protocol. `SEED=7` tries other texts.

use crate::common::*;
use udp_group_chat::protocol::Message::{self, Ignore, Leave};
use udp_group_chat::protocol::{MAX_PAYLOAD, chat_lines, may_join, parse_name};

type Sender = Option<&'static str>;
type Parsed = Result<Message, String>;

const STRANGER: Sender = None;
const MING: Sender = Some("小明");

/// Checks what each of the datagrams means.
#[track_caller]
fn check(from: Sender, datagrams: &[&str], expected: impl Fn(&str) -> Parsed) {
    for datagram in datagrams {
        let parsed = Message::parse(from, datagram.as_bytes());
        let what = format!("{datagram:?} from {from:?}");
        expect_equal(&what, parsed, expected(datagram));
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
    let parsed = parsed.map_err(|why| why.contains(part).then_some(part));
    let what = format!("b\"{:.60}\"", payload.as_ref().escape_ascii());
    expect_equal(&what, parsed, Err(Some(part)));
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
    check(MING, &[&longest], say);
}

#[test]
fn rule_2_unsafe_characters_are_replaced() {
    for (sent, safe) in [
        ("  一  \n", "  一  "),
        ("二\r\n", "二"),
        ("三\n\n", "三?"),
        ("四\r", "四?"),
        ("a\tb\t\tc", "a b  c"),
        ("a\nb\rc\0d\u{7f}e\u{7}f\u{9b}31mg\u{85}", "a?b?c?d?e?f?31mg?"),
        ("\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}", "??????"),
        ("\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}x", "?????x"),
    ] {
        check(MING, &[sent], |_| say_under_own_name(safe));
    }
    // The neighbors of those and the characters in emoji remain.
    let neighbors = "\u{2027}\u{202f}\u{2065}\u{206a}\u{200e}\u{61c}";
    let emoji = "👨\u{200d}👩\u{200d}👧\u{fe0f} \u{3000}\u{a0}";
    check(MING, &[neighbors, emoji], say_under_own_name);
    check(STRANGER, &["小\u{7}明\n"], |_| join("小?明", None));
    check(STRANGER, &["\u{202e}a : b"], |_| join("?a", Some("?a : b")));
    // Sanitized before it is split, so this has no separator ...
    check(STRANGER, &["a\n: b"], |_| join("a?: b", None));
    // ... and this has one.
    check(STRANGER, &["a\t:\tb"], |_| join("a", Some("a : b")));
    // Sanitized before the length of the name is checked.
    let [long, safe] = ["\u{85}", "?"].map(|end| "x".repeat(127) + end);
    check(STRANGER, &[&long], |_| join(&safe, None));
}

#[test]
fn rule_3_exit_is_a_leave_under_any_name() {
    let under_a_long_name = "x".repeat(1000) + " : exit";
    let leaves = [
        "exit", "EXIT", " eXiT ", "exit\n", "Exit\r\n", "\u{3000}exit\t",
        "小明 : exit", "小明 :  EXIT \r\n", " 小明 : exit", "小红 : exit",
        " : exit", "exit : exit", "a\u{7} : exit", &under_a_long_name,
    ];
    for sender in [MING, STRANGER] {
        check(sender, &leaves, |_| Ok(Leave));
    }
    let said = ["小明 : an exit", "小明 : exit exit", "小明 : exit : exit"];
    check(MING, &said, say);
    check(MING, &["exits", "小明:exit", "小明 :exit"], say_under_own_name);
}

#[test]
fn rule_4_blank_text_is_ignored() {
    for sender in [MING, STRANGER] {
        let blank = ["", " ", "\n", " \t\r\n", "\u{3000}", "小明 : ", " : "];
        check(sender, &blank, |_| Ok(Ignore));
        check(sender, &["小红 :    ", "x : \n", "  :  "], |_| Ok(Ignore));
    }
    // Sanitized before that is decided, so a control character isn't blank.
    check(MING, &["小明 : \u{85}"], |_| say("小明 : ?"));
}

#[test]
fn rule_5_a_stranger_with_a_valid_name_joins() {
    let names = ["小明", "a:b", "a :b", ": a", "小明:大家好", "-"];
    check(STRANGER, &names, |name| join(name, None));
    check(STRANGER, &["  小 明\t\n"], |_| join("小 明", None));
    let typed = parse_name("\u{3000}a\tb\u{7} ");
    expect_equal("a name with a tab", typed, Ok("a b?".to_owned()));
    let longest = "名".repeat(42) + "xx";
    let padded = format!("  {longest} ");
    check(STRANGER, &[&padded], |_| join(&longest, None));
    check(STRANGER, &["a : b : c", "a :  : b"], |line| join("a", Some(line)));
    check(STRANGER, &["a:b : hi"], |line| join("a:b", Some(line)));
    check(STRANGER, &[" a  :  b "], |_| join("a", Some("a :  b ")));
    check(STRANGER, &["a : \t: hi"], |_| join("a", Some("a :  : hi")));

    for long in ["x".repeat(129), "名".repeat(43), "x".repeat(129) + " : hi"] {
        check_drop(STRANGER, long, "at most 128 bytes");
    }
    check_drop(STRANGER, " : hi", "blank");
    check_drop(STRANGER, "a :", "end in ` :`");
    check_drop(STRANGER, "exit : hi", "`exit`");
    check_drop(STRANGER, "EXIT : hi", "`exit`");
}

/// Some of these source addresses can't be had without a second host or a raw
/// socket, so this tests the function that decides.
#[test]
fn rule_5_an_address_that_cannot_be_answered_or_is_the_servers_may_not_join() {
    let unanswerable = ["0.0.0.0:9", "[::]:9", "[::ffff:0.0.0.0]:9", "[::1]:0"];
    let own = ["127.0.0.2:9999", "[::ffff:127.0.0.2]:9999", "[fe80::1]:9999"];
    let others = ["127.0.0.1:1", "0.0.0.1:9998", "[::ffff:127.0.0.1]:65535"];
    for (addresses, expected) in [
        (&unanswerable[..], Err("its address can't be answered")),
        (&own, Err("its port is the server's own")),
        (&others, Ok(())),
    ] {
        for address in addresses {
            let answer = may_join(address.parse().unwrap(), 9999);
            expect_equal(address, answer, expected);
        }
    }
}

#[test]
fn rule_6_a_members_text_is_relayed_under_their_name() {
    let duplicate_joins = ["小明", "小明\n", " 小明 ", "\u{3000}小明\t\r\n"];
    check(MING, &duplicate_joins, |_| Ok(Ignore));
    let own = ["小明 : hi", "小明 :  a  ", "小明 : 小红 : hi", "小明 :  : "];
    check(MING, &own, say);
    let padded = ["  小明 : hi ", "小明  : hi ", "\u{3000}小明\t : hi "];
    check(MING, &padded, |_| say("小明 : hi "));
    let fits = "x".repeat(1024 - "小明 : ".len());
    let others = [
        &fits, "hi", " hi ", "小明:hi", "小明 :hi", " 小明:hi", ": hi",
        " : hi", "小红 : hi", "小明明 : hi", "小红", "小红 进入聊天室...",
        "[提示] obey",
    ];
    check(MING, &others, say_under_own_name);
    for said in [format!("{fits}x"), format!("小红 : {fits}")] {
        check_drop(MING, said, "over 1024 bytes with the name");
    }
    let bob = |text: &str| say(&format!("bob : {text}"));
    check(Some("bob"), &["Bob : hi", "Bob", "BOB"], bob);
}

const PIECES: [&str; 9] =
    ["x", "好", "🐼", " ", "\u{3000}", "exit", "EXIT", " : ", "e\u{301}"];

/// A valid name's lines fit, relay as they are and lose nothing. With any other
/// name, it is enough that there is an end.
#[track_caller]
fn check_split(name: &str, text: &str) {
    doing(format_args!("{} bytes were split for {name:.30?}", text.len()));
    let lines = chat_lines(name, text);
    if parse_name(name).as_deref() != Ok(name) {
        return;
    }
    let mut joined = String::new();
    for line in lines {
        let said = Message::parse(Some(name), line.as_bytes());
        let part = line.strip_prefix(&format!("{name} : ")).unwrap_or_default();
        let is_blank = !part.is_empty() && part.trim().is_empty();
        let line = if is_blank { Ignore } else { Message::Say(line.clone()) };
        expect_equal("the meaning of a chat line", said, Ok(line));
        joined += part;
    }
    let expected = if text.trim().is_empty() { "" } else { text };
    expect_equal("all chat lines without the name", &*joined, expected);
}

#[test]
fn splitting_loses_nothing_and_ends() {
    let sizes = [0, 1, 1024 - 9, 1024 - 8, 2 * (1024 - 9)];
    let datagrams = sizes.map(|it| chat_lines("小明", &"x".repeat(it)).len());
    expect_equal("datagrams for 0, 1, … bytes", datagrams, [0, 1, 1, 2, 2]);
    let mut random = crate::hostile::Random::seeded();
    let longest = "x".repeat(128);
    let over = "x".repeat(1025);
    let names = ["x", "小明", &longest, "", "x exit", "exit", &over, "a : b"];
    for name in names {
        let available = MAX_PAYLOAD.saturating_sub(name.len() + 3);
        for _ in 0..200 {
            // Long runs, so that different pieces are where the text is split.
            let mut text = String::new();
            for _ in 0..random.below(5) {
                let times = random.below(available / 2 + 1);
                text += &random.pick(&PIECES).repeat(times);
                text += random.pick(&PIECES);
            }
            check_split(name, &text);
            // Any text is a name or has a reason.
            if let Ok(valid) = parse_name(&text) {
                let again = parse_name(&valid);
                expect_equal("a name parsed twice", again, Ok(valid));
            }
        }
        for before in available.saturating_sub(8)..available + 2 {
            for exit in ["eXiT", " eXiT ", "\u{3000}eXiT\u{3000}"] {
                let text = "x".repeat(before) + exit;
                check_split(name, &text);
                check_split(name, &(text + &" ".repeat(2 * available) + "y"));
                check_split(name, &(" ".repeat(before) + exit));
            }
        }
    }
}
