//! The real server under fire, against a second telling of its rules: thousands
//! of hostile datagrams from a dozen addresses. What each member is sent, what
//! is printed and what is warned of is what the model says, datagram by
//! datagram; at the end the server is at rest.
//!
//! `SEED=7 cargo test --test model` fires other datagrams. A failure prints the
//! datagram.

mod common;

use std::collections::BTreeMap;

use common::random::{Random, seed};
use common::{NOT_UTF8, Peer, Server, TOO_LONG, TOO_LONG_WITH_NAME, hostile};

const PEERS: usize = 12;
const DATAGRAMS: usize = 12_000;

/// What one datagram brings about: to all other members, to its sender, on
/// standard output, in the log.
#[derive(Default)]
struct Outcome {
    to_others: Vec<String>,
    to_sender: Option<&'static str>,
    printed: Option<String>,
    log: Option<&'static str>,
}

/// The room as the rules say, written down anew: with none of the library's
/// code.
#[derive(Default)]
struct Model {
    names: BTreeMap<usize, String>,
}

impl Model {
    fn handle(&mut self, sender: usize, datagram: &[u8]) -> Outcome {
        let own_name = self.names.get(&sender).cloned();
        let rejected = |hint| Outcome {
            to_sender: own_name.as_ref().map(|_| hint),
            log: Some("warning: "),
            ..Outcome::default()
        };
        if datagram.len() > 1024 {
            return rejected(TOO_LONG);
        }
        let Ok(text) = std::str::from_utf8(datagram) else {
            return rejected(NOT_UTF8);
        };
        let ending = ["\r\n", "\n", ""]
            .into_iter()
            .find(|ending| text.ends_with(ending));
        let text = &text[..text.len() - ending.unwrap().len()];
        let text: String =
            text.chars().map(|c| if is_safe(c) { c } else { '?' }).collect();
        let cut = text.find(" : ");
        let said = cut.map_or(&*text, |cut| &text[cut + 3..]);
        if is_leave(said) {
            return match self.names.remove(&sender) {
                Some(name) => Outcome {
                    to_others: vec![format!("{name} 离开了聊天室...")],
                    log: Some(" left from "),
                    ..Outcome::default()
                },
                None => Outcome::default(),
            };
        }
        if said.chars().all(char::is_whitespace) {
            return Outcome::default();
        }
        let before = cut.map(|cut| text[..cut].trim());
        let Some(own_name) = &own_name else {
            let name = before.unwrap_or(text.trim()).to_owned();
            let fits = (1..=128).contains(&name.len()) && !name.ends_with(" :");
            if !fits || is_leave(&name) {
                return rejected("");
            }
            let line = cut.map(|_| format!("{name} : {said}"));
            let notice = format!("{name} 进入聊天室...");
            self.names.insert(sender, name);
            return Outcome {
                to_others: [notice].into_iter().chain(line.clone()).collect(),
                printed: line,
                log: Some(" entered from "),
                ..Outcome::default()
            };
        };
        if cut.is_none() && text.trim() == own_name {
            return Outcome::default();
        }
        let under_own_name = before == Some(own_name);
        let line = format!(
            "{own_name} : {}",
            if under_own_name { said } else { &text }
        );
        if line.len() > 1024 {
            return rejected(TOO_LONG_WITH_NAME);
        }
        Outcome {
            to_others: vec![line.clone()],
            printed: Some(line),
            ..Outcome::default()
        }
    }
}

fn is_leave(said: &str) -> bool {
    let letters: Vec<char> =
        said.trim().chars().map(|c| c.to_ascii_lowercase()).collect();
    letters == ['e', 'x', 'i', 't']
}

/// Neither a control character, tab excepted, nor one that breaks or turns a
/// line.
fn is_safe(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\n'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn the_server_does_what_the_rules_say_of_any_datagram() {
    let mut random = Random::new(seed());
    let mut server = Server::start();
    let peers: Vec<Peer> =
        (0..PEERS).map(|_| Peer::at(server.address)).collect();
    let mut model = Model::default();
    let (mut entered, mut left, mut said, mut warned) = (0, 0, 0, 0);
    for _ in 0..DATAGRAMS {
        let sender = random.below(PEERS);
        let own_name = model.names.get(&sender).cloned();
        let own_name = own_name.unwrap_or_else(|| hostile::name(&mut random));
        let datagram = hostile::datagram(&mut random, &own_name);
        let step = format!(
            "SEED={}: {own_name:?} sends b\"{}\"",
            seed(),
            datagram.escape_ascii()
        );

        peers[sender].sends(&datagram);
        let outcome = model.handle(sender, &datagram);
        let (is_printed, log) =
            (outcome.printed.is_some(), outcome.log.unwrap_or_default());
        if let Some(part) = outcome.log {
            let line = server.program.stderr.next();
            assert!(
                line.contains(part),
                "{step}: logged {line:?}, not {part:?}"
            );
        }
        if let Some(line) = outcome.printed {
            let expected =
                format!("\"{line}\" from {}", peers[sender].address());
            assert_eq!(
                server.program.stdout.next(),
                expected,
                "{step}: on standard output"
            );
        }
        for (number, peer) in peers.iter().enumerate() {
            let is_other =
                number != sender && model.names.contains_key(&number);
            let copies = if is_other { &outcome.to_others[..] } else { &[] };
            for expected in copies {
                assert_eq!(&peer.next(), expected, "{step}: to another member");
            }
        }
        if let Some(hint) = outcome.to_sender.filter(|hint| !hint.is_empty()) {
            assert_eq!(peers[sender].next(), hint, "{step}: to the sender");
        }
        entered += u32::from(log.contains("entered"));
        left += u32::from(log.contains("left"));
        warned += u32::from(log.contains("warning"));
        said += u32::from(is_printed);
    }
    server.catch_up();
    peers.iter().for_each(Peer::has_nothing_more);
    assert_eq!(server.program.stdout.so_far(), "");
    let seen = [entered > 500, left > 500, said > 3000, warned > 1000];
    assert_eq!(
        seen, [true; 4],
        "{entered} {left} {said} {warned}: that was no fire"
    );
    #[cfg(target_os = "linux")]
    check_rest(server.program.child.id());
}

/// Two looks with silence between find the server where it was: it waits, and
/// does not poll. More than two looks, in case it was still busy at the first.
/// The sleep can only overlook something.
#[cfg(target_os = "linux")]
fn check_rest(process: u32) {
    let switches = || {
        let status =
            std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let lines =
            status.lines().filter(|line| line.contains("ctxt_switches"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let started = std::time::Instant::now();
    loop {
        let before = switches();
        std::thread::sleep(std::time::Duration::from_millis(300));
        if before == switches() {
            return;
        }
        assert!(started.elapsed() < common::DEADLINE, "{before:?}");
    }
}
