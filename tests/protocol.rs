//! How a long line is split: for any text, the parts joined are the text, no
//! part is `exit`, each fits into a datagram, and the server relays each as it
//! is. `SEED=7` tries other texts.

mod common;

use common::random::{Random, seed};
use udp_group_chat::protocol::Message;
use udp_group_chat::protocol::{MAX_NAME, MAX_PAYLOAD, chat_lines, is_exit};

const PIECES: [&str; 9] =
    ["x", "好", "🐼", " ", "\u{3000}", "exit", "EXIT", " : ", "e\u{301}"];

fn check_split(name: &str, text: &str) {
    let mut joined = String::new();
    if text.trim().is_empty() {
        assert!(chat_lines(name, text).is_empty(), "a blank text: {text:?}");
        return;
    }
    for line in chat_lines(name, text) {
        assert!(line.len() <= MAX_PAYLOAD, "{} bytes", line.len());
        let part = &line[name.len() + " : ".len()..];
        assert!(!part.is_empty() && !is_exit(part), "{part:?} of {text:?}");
        if !part.trim().is_empty() {
            let said = Message::parse(Some(name), line.as_bytes());
            assert_eq!(said, Ok(Message::Say(line.clone())));
        }
        joined += part;
    }
    assert_eq!(joined, text);
}

#[test]
fn splitting_loses_nothing() {
    let seed = seed();
    let mut random = Random::new(seed);
    let longest = "名".repeat(42) + "xx";
    assert_eq!(longest.len(), MAX_NAME);
    for name in ["x", "小明", &longest] {
        let available = MAX_PAYLOAD - name.len() - 3;
        for _ in 0..500 {
            // Long runs, so that different pieces are where the text is split.
            let mut text = String::new();
            for _ in 0..random.below(5) {
                let times = random.below(available / 2);
                text += &random.pick(&PIECES).repeat(times);
                text += random.pick(&PIECES);
            }
            check_split(name, &text);
        }
        for before in available - 8..available + 2 {
            for around in ["", " ", "\u{3000}"] {
                let exit = format!("{around}eXiT{around}");
                check_split(name, &("x".repeat(before) + &exit));
                check_split(
                    name,
                    &("x".repeat(before)
                        + &exit
                        + &" ".repeat(2 * available)
                        + "y"),
                );
                check_split(name, &(" ".repeat(before) + &exit));
            }
        }
    }
}

#[test]
fn a_line_is_split_only_if_it_does_not_fit() {
    let available = MAX_PAYLOAD - "小明 : ".len();
    for (size, datagrams) in
        [(1, 1), (available, 1), (available + 1, 2), (2 * available, 2)]
    {
        assert_eq!(
            chat_lines("小明", &"x".repeat(size)).len(),
            datagrams,
            "{size} bytes"
        );
    }
    assert_eq!(chat_lines("小明", "").len(), 0);
}
