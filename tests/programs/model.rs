//! The real server against a model of its rules, written without the library's
//! code: after each of 12,000 hostile datagrams, what the members receive, what
//! is printed and what is logged must be what the model says.
//!
//! `SEED=7 cargo test --test model` sends other datagrams. A failure names the
//! seed and the datagram.

use crate::common::{random::*, *};
use std::{collections::BTreeMap, str::from_utf8};

/// What one datagram causes: the notice and the line go to all other members,
/// the hint to the sender. The line is printed as well.
#[derive(Default)]
struct Outcome {
    logged: Option<&'static str>,
    hint: Option<String>,
    notice: Option<String>,
    line: Option<String>,
}

/// The names of the members.
type Names = BTreeMap<usize, String>;

fn handle(names: &mut Names, sender: usize, payload: &[u8]) -> Outcome {
    let own_name = names.get(&sender).cloned();
    let hint = own_name.as_ref().map(|_| HINT.to_owned());
    let logged = Some("warning: dropped a datagram from ");
    let dropped = Outcome { logged, hint, ..Outcome::default() };
    let text = match from_utf8(payload) {
        Ok(text) if payload.len() <= 1024 => text,
        _ => return dropped,
    };
    let ending = ["\r\n", "\n", ""].into_iter().find(|e| text.ends_with(e));
    let text = &text[..text.len() - ending.unwrap().len()];
    let text: String = text.chars().map(sanitized).collect();
    let separator = text.find(" : ");
    let said = separator.map_or(&*text, |at| &text[at + 3..]);
    if is_leave(said) {
        let name = names.remove(&sender);
        let logged = name.as_ref().map(|_| " left from ");
        let notice = name.map(|name| left_notice(&name));
        return Outcome { logged, notice, ..Outcome::default() };
    }
    let before = separator.map(|at| text[..at].trim());
    let is_blank = said.chars().all(char::is_whitespace);
    let is_plain = separator.is_none();
    if is_blank || is_plain && own_name.as_deref() == Some(text.trim()) {
        return Outcome::default();
    }
    let Some(own_name) = &own_name else {
        let name = before.unwrap_or(text.trim()).to_owned();
        let fits = (1..=128).contains(&name.len());
        if !fits || name.ends_with(" :") || is_leave(&name) {
            return dropped;
        }
        let line = separator.map(|_| format!("{name} : {said}"));
        let notice = Some(joined_notice(&name));
        names.insert(sender, name);
        let logged = Some(" joined from ");
        return Outcome { logged, notice, line, hint: None };
    };
    let said = if before == Some(own_name) { said } else { &text };
    let line = format!("{own_name} : {said}");
    if line.len() > 1024 {
        return dropped;
    }
    Outcome { line: Some(line), ..Outcome::default() }
}

fn is_leave(said: &str) -> bool {
    said.trim().to_lowercase() == "exit"
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
    let seed = seed();
    let mut random = Random::new(seed);
    let mut server = Server::start();
    let peers = [(); 12].map(|()| Peer::stranger_to(server.address));
    let mut names = Names::new();
    let mut seen = BTreeMap::new();
    for number in 0..12_000 {
        let sender = random.below(peers.len());
        let peer = &peers[sender];
        let own_name = names.get(&sender).cloned();
        let own_name = own_name.unwrap_or_else(|| hostile::name(&mut random));
        let payload = hostile::payload(&mut random, &own_name);
        let from = format!("SEED={seed}, datagram {number}, from {own_name:?}");
        let step = format!("{from}: b\"{}\"", payload.escape_ascii());

        peer.sends(&payload);
        let outcome = handle(&mut names, sender, &payload);
        let Outcome { logged, hint, notice, line } = outcome;
        if let Some(part) = logged {
            let line = server.program.stderr.next_line_at(&step, part);
            assert!(
                line.contains(part),
                "{step}\nexpected: {part:?}\nreceived: {line:?}"
            );
            *seen.entry(part).or_insert(0) += 1;
        }
        if let Some(line) = &line {
            let expected = format!("\"{line}\" from {}", peer.address());
            let line = server.program.stdout.next_line_at(&step, &expected);
            expect_equal(&step, line, expected);
            *seen.entry("printed").or_insert(0) += 1;
        }
        for (&member, name) in &names {
            let texts = if member == sender {
                [&hint, &None]
            } else {
                [&notice, &line]
            };
            for expected in texts.into_iter().flatten() {
                let received = peers[member].next_text_at(&step, expected);
                let step = format!("{step}: to {name:?}");
                expect_equal(&step, &received, expected);
            }
        }
    }
    server.expect_nothing_more(&peers.each_ref());
    // The datagrams would prove little if one kind were missing.
    for part in ["dropped a datagram", "left", "joined", "printed"] {
        let many = seen.iter().any(|(key, &n)| key.contains(part) && n > 500);
        assert!(many, "expected: more than 500 with {part:?}\nseen: {seen:?}");
    }
    #[cfg(target_os = "linux")]
    expect_idle(server.program.child.id());
}

/// A server that polled would switch contexts although nothing is sent. The
/// first comparisons may find a correct server busy, too.
#[cfg(target_os = "linux")]
fn expect_idle(process: u32) {
    use std::{fs, thread, time::Duration};

    let switches = || {
        let status = fs::read_to_string(format!("/proc/{process}/status"));
        status.unwrap().split_once("voluntary").unwrap().1.to_owned()
    };
    let is_idle = |_| {
        let before = switches();
        thread::sleep(Duration::from_millis(300));
        before == switches()
    };
    let waits = (0..60).any(is_idle);
    assert!(waits, "expected: an idle server\nreceived: {}", switches());
}
