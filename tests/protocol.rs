//! How a long line is cut: for any text, the parts joined are the text, none
//! reads `exit`, each fits into a datagram, and the server takes each for what
//! it is. `SEED=7` tries other texts.

mod common;

use common::random::{Random, seed};
use udp_group_chat::message::Message;
use udp_group_chat::protocol::{MAX_DATAGRAM, MAX_NAME, chat_lines, is_exit};

const PIECES: [&str; 9] =
    ["x", "好", "🐼", " ", "\u{3000}", "exit", "EXIT", " : ", "e\u{301}"];

fn check(name: &str, text: &str) {
    let mut joined = String::new();
    for line in chat_lines(name, text) {
        assert!(line.len() <= MAX_DATAGRAM, "{} bytes", line.len());
        let part = &line[name.len() + " : ".len()..];
        assert!(!part.is_empty() && !is_exit(part), "{part:?} of {text:?}");
        if !part.trim().is_empty() {
            let said = Message::parse(Some(name), line.as_bytes());
            assert_eq!(said, Ok(Message::Line(line.clone())));
        }
        joined += part;
    }
    assert_eq!(joined, text);
}

#[test]
fn any_text_goes_into_datagrams_whole() {
    let seed = seed();
    let mut random = Random::new(seed);
    let longest = "名".repeat(42) + "xx";
    assert_eq!(longest.len(), MAX_NAME);
    for name in ["x", "小明", &longest] {
        let available = MAX_DATAGRAM - name.len() - 3;
        for _ in 0..500 {
            // Long runs, so that something interesting stands at the place
            // where it is cut.
            let mut text = String::new();
            for _ in 0..random.below(5) {
                let times = random.below(available / 2);
                text += &random.pick(&PIECES).repeat(times);
                text += random.pick(&PIECES);
            }
            check(name, &text);
        }
        for before in available - 8..available + 2 {
            for around in ["", " ", "\u{3000}"] {
                let exit = format!("{around}eXiT{around}");
                check(name, &("x".repeat(before) + &exit));
                check(
                    name,
                    &("x".repeat(before)
                        + &exit
                        + &" ".repeat(2 * available)
                        + "y"),
                );
                check(name, &(" ".repeat(before) + &exit));
            }
        }
    }
}

#[test]
fn a_line_that_fits_is_one_datagram() {
    let available = MAX_DATAGRAM - "小明 : ".len();
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
