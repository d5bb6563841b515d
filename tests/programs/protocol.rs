//! A line of any length is split into chat lines without loss, and the server
//! relays each of them as it is. `SEED=7` tries other texts.

use crate::common::{random::*, *};
use udp_group_chat::protocol::{MAX_NAME, MAX_PAYLOAD, Message};
use udp_group_chat::protocol::{chat_lines, is_exit, parse_name};

const PIECES: &str = "x|好|🐼| |\u{3000}|exit|EXIT| : |e\u{301}";

fn check_split(name: &str, text: &str) {
    // If one of these were an exit, `chat_lines` would never return.
    let exits = ["x exit", "exit x"].map(is_exit);
    expect_equal("`x exit` and `exit x` are an exit", exits, [false, false]);
    let mut joined = String::new();
    for line in chat_lines(name, text) {
        assert!(line.len() <= MAX_PAYLOAD, "{} bytes", line.len());
        let part = &line[name.len() + " : ".len()..];
        assert!(!part.is_empty() && !is_exit(part), "{part:?} of {text:?}");
        if !part.trim().is_empty() {
            let said = Message::parse(Some(name), line.as_bytes());
            expect_equal("relayed", said, Ok(Message::Say(line.clone())));
        }
        joined += part;
    }
    let expected = if text.trim().is_empty() { "" } else { text };
    expect_equal("the parts", joined, expected);
}

#[test]
fn splitting_loses_nothing() {
    let mut random = Random::new(seed());
    for name in ["x", "小明", &"x".repeat(MAX_NAME)] {
        let available = MAX_PAYLOAD - name.len() - 3;
        for _ in 0..500 {
            // Long runs, so that different pieces are where the text is split.
            let mut text = String::new();
            for _ in 0..random.below(5) {
                let times = random.below(available / 2);
                text += &random.pick_from(PIECES).repeat(times);
                text += random.pick_from(PIECES);
            }
            check_split(name, &text);
        }
        for before in available - 8..available + 2 {
            for exit in ["eXiT", " eXiT ", "\u{3000}eXiT\u{3000}"] {
                let text = "x".repeat(before) + exit;
                check_split(name, &text);
                check_split(name, &(text + &" ".repeat(2 * available) + "y"));
                check_split(name, &(" ".repeat(before) + exit));
            }
        }
    }
}

#[test]
fn a_line_is_split_only_if_it_does_not_fit() {
    let fits = MAX_PAYLOAD - "小明 : ".len();
    for (size, datagrams) in cases! {
        0 => 0, 1 => 1, fits => 1, fits + 1 => 2, 2 * fits => 2,
    } {
        let lines = chat_lines("小明", &"x".repeat(size));
        expect_equal(&format!("{size} bytes"), lines.len(), datagrams);
    }
}

#[test]
fn a_name_is_sanitized_and_trimmed() {
    let name = parse_name("\u{3000}a\tb\u{7} ");
    expect_equal("a name", name, Ok("a b?".to_owned()));
}
