//! The real server against a model of its rules: thousands of hostile
//! datagrams from a dozen addresses. The model is written without the
//! library's code. What each member receives, what is printed and what is
//! logged must be what the model says, datagram by datagram, and at the end
//! the server waits without polling.
//!
//! `SEED=7 cargo test --test model` sends other datagrams. A failure names the
//! seed and the datagram.

mod common;

use std::collections::BTreeMap;

use common::random::{Random, seed};
use common::{HINT, Peer, Server, expect_equal, hostile};
use common::{joined_notice, left_notice};

const PEERS: usize = 12;
const DATAGRAMS: usize = 12_000;

/// What one datagram causes: copies to all other members, a hint to its
/// sender, a line on standard output, a line in the log.
#[derive(Default)]
struct Outcome {
    to_others: Vec<String>,
    to_sender: Option<&'static str>,
    printed: Option<String>,
    logged: Option<&'static str>,
}

#[derive(Default)]
struct Model {
    names: BTreeMap<usize, String>,
}

impl Model {
    fn handle(&mut self, sender: usize, payload: &[u8]) -> Outcome {
        let own_name = self.names.get(&sender).cloned();
        let dropped = Outcome {
            to_sender: own_name.as_ref().map(|_| HINT),
            logged: Some("warning: dropped a datagram from "),
            ..Outcome::default()
        };
        if payload.len() > 1024 {
            return dropped;
        }
        let Ok(text) = std::str::from_utf8(payload) else {
            return dropped;
        };
        let ending = ["\r\n", "\n", ""].into_iter().find(|e| text.ends_with(e));
        let text = &text[..text.len() - ending.unwrap().len()];
        let text: String = text.chars().map(sanitized).collect();
        let separator = text.find(" : ");
        let said = separator.map_or(&*text, |at| &text[at + 3..]);
        if is_leave(said) {
            let Some(name) = self.names.remove(&sender) else {
                return Outcome::default();
            };
            return Outcome {
                to_others: vec![left_notice(&name)],
                logged: Some(" left from "),
                ..Outcome::default()
            };
        }
        if said.chars().all(char::is_whitespace) {
            return Outcome::default();
        }
        let before = separator.map(|at| text[..at].trim());
        let Some(own_name) = &own_name else {
            let name = before.unwrap_or(text.trim()).to_owned();
            let fits = (1..=128).contains(&name.len());
            if !fits || name.ends_with(" :") || is_leave(&name) {
                return dropped;
            }
            let line = separator.map(|_| format!("{name} : {said}"));
            let notice = joined_notice(&name);
            self.names.insert(sender, name);
            return Outcome {
                to_others: [notice].into_iter().chain(line.clone()).collect(),
                printed: line,
                logged: Some(" joined from "),
                ..Outcome::default()
            };
        };
        if separator.is_none() && text.trim() == own_name {
            return Outcome::default();
        }
        let said = if before == Some(own_name) { said } else { &text };
        let line = format!("{own_name} : {said}");
        if line.len() > 1024 {
            return dropped;
        }
        let to_others = vec![line.clone()];
        Outcome { to_others, printed: Some(line), ..Outcome::default() }
    }
}

fn is_leave(said: &str) -> bool {
    let lower = |c: char| c.to_ascii_lowercase();
    said.trim().chars().map(lower).eq(['e', 'x', 'i', 't'])
}

fn sanitized(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => '?',
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '?',
        c => c,
    }
}

#[test]
fn the_server_agrees_with_the_model_on_hostile_datagrams() {
    let mut random = Random::new(seed());
    let mut server = Server::start();
    let peers = [(); PEERS].map(|()| Peer::stranger_to(server.address));
    let mut model = Model::default();
    let mut seen = BTreeMap::new();
    for number in 0..DATAGRAMS {
        let sender = random.below(PEERS);
        let own_name = model.names.get(&sender).cloned();
        let own_name = own_name.unwrap_or_else(|| hostile::name(&mut random));
        let payload = hostile::payload(&mut random, &own_name);
        let step = format!(
            "SEED={}, datagram {number}, from {own_name:?}: b\"{}\"",
            seed(),
            payload.escape_ascii()
        );

        peers[sender].sends(&payload);
        let outcome = model.handle(sender, &payload);
        if let Some(part) = outcome.logged {
            let line = server.program.stderr.next_line_at(&step, part);
            assert!(line.contains(part), "{step}: {part:?} … {line:?}");
            *seen.entry(part).or_insert(0) += 1;
        }
        if let Some(line) = outcome.printed {
            let expected =
                format!("\"{line}\" from {}", peers[sender].address());
            let line = server.program.stdout.next_line_at(&step, &expected);
            expect_equal(&step, line, expected);
            *seen.entry("printed").or_insert(0) += 1;
        }
        for (&number, name) in &model.names {
            let copies =
                if number == sender { &[] } else { &*outcome.to_others };
            for expected in copies {
                let copy = peers[number].next_text_at(&step, expected);
                expect_equal(&format!("{step}: to {name:?}"), &copy, expected);
            }
        }
        if let Some(hint) = outcome.to_sender {
            let received = peers[sender].next_text_at(&step, hint);
            expect_equal(&format!("{step}: to the sender"), received, hint);
        }
    }
    server.expect_nothing_printed();
    peers.iter().for_each(Peer::expect_empty_queue);
    // The datagrams would prove little if one kind were missing.
    for part in ["dropped a datagram", "left", "joined", "printed"] {
        let many = seen.iter().any(|(key, &n)| key.contains(part) && n > 500);
        assert!(many, "expected: more than 500 with {part:?}\nseen: {seen:?}");
    }
    #[cfg(target_os = "linux")]
    expect_idle(server.program.child.id());
}

/// If the counts of context switches don't change while nothing is sent, the
/// server is blocked in a call and doesn't poll. The first comparisons may find
/// it busy. The sleep can hide a fault, but it can't make a correct server
/// fail.
#[cfg(target_os = "linux")]
fn expect_idle(process: u32) {
    let switches = || {
        let status = format!("/proc/{process}/status");
        let status = std::fs::read_to_string(status).unwrap();
        let lines = status.lines().filter(|line| line.contains("_switches"));
        lines.collect::<String>()
    };
    let started = std::time::Instant::now();
    while started.elapsed() < common::TIMEOUT {
        let before = switches();
        std::thread::sleep(std::time::Duration::from_millis(300));
        if before == switches() {
            return;
        }
    }
    panic!("expected: an idle server\nreceived: {}", switches());
}
