//! The real server against a model of its rules, written without the library's
//! code: after each of 12,000 hostile datagrams, what the members receive, what
//! is printed and what is logged must be what the model says.
//!
//! `SEED=7 cargo test --test programs model` sends others. A failure names it.

use crate::common::*;
use crate::hostile::{self, Random};
use std::{collections::BTreeMap, str::from_utf8};

/// The names of the members.
type Names = BTreeMap<usize, String>;

/// What one datagram causes: a line of the log, the hint to the sender, and the
/// notice and the line to all other members. The line is printed as well.
type Outcome =
    (Option<&'static str>, Option<String>, Option<String>, Option<String>);

fn handle(names: &mut Names, sender: usize, payload: &[u8]) -> Outcome {
    let own_name = names.get(&sender).cloned();
    let hint = own_name.as_ref().map(|_| HINT.to_owned());
    let dropped = (Some("warning: dropped a datagram from "), hint, None, None);
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
        return (logged, None, name.map(|name| left_notice(&name)), None);
    }
    let before = separator.map(|at| text[..at].trim());
    let is_blank = said.chars().all(char::is_whitespace);
    let is_own_name = own_name.as_deref() == Some(text.trim());
    if is_blank || separator.is_none() && is_own_name {
        return (None, None, None, None);
    }
    let Some(own_name) = &own_name else {
        let name = before.unwrap_or(text.trim()).to_owned();
        let fits = (1..=128).contains(&name.len());
        if !fits || name.ends_with(" :") || is_leave(&name) {
            return dropped;
        }
        let line = separator.map(|_| format!("{name} : {said}"));
        let notice = joined_notice(&name);
        names.insert(sender, name);
        return (Some(" joined from "), None, Some(notice), line);
    };
    let said = if before == Some(own_name) { said } else { &text };
    let line = format!("{own_name} : {said}");
    if line.len() > 1024 { dropped } else { (None, None, None, Some(line)) }
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
    let mut random = Random::seeded();
    let seed = random.0;
    let mut server = Server::start();
    let peers = [(); 12].map(|()| Peer::stranger_to(server.address));
    let mut names = Names::new();
    let mut seen = String::new();
    for number in 0..12_000 {
        let sender = random.below(peers.len());
        let peer = &peers[sender];
        let new = || hostile::name(&mut random);
        let own_name = names.get(&sender).cloned().unwrap_or_else(new);
        let payload = hostile::payload(&mut random, &own_name);
        let bytes = payload.escape_ascii();
        let from = format!("SEED={seed}, datagram {number}, from {own_name:?}");
        doing(format_args!("{from}: b\"{bytes}\""));
        peer.socket.send_to(&payload, server.address).unwrap();
        let (logged, hint, notice, line) = handle(&mut names, sender, &payload);
        if let Some(part) = logged {
            let address = peer.address().to_string();
            let line = server.program.stderr.next_line();
            if !line.contains(&(part.to_owned() + &address)) {
                fail(format_args!("the log says … {part}{address}"), line);
            }
            seen += part;
        }
        if let Some(line) = &line {
            server.expect_chat_line(line, peer);
            seen += "printed";
        }
        for &member in names.keys() {
            let others = [&notice, &line];
            let texts = if member == sender { [&hint, &None] } else { others };
            texts.into_iter().flatten().for_each(|it| peers[member].expect(it));
        }
    }
    server.expect_nothing_more(&peers.each_ref());
    // The datagrams would prove little if one kind were missing.
    for part in ["dropped", "left", "joined", "printed"] {
        let many = seen.matches(part).count();
        assert!(many > 500, "expected: over 500 {part}\nreceived: {many}");
    }
}
