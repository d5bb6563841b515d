//! What the article's server did, datagram by datagram, and that ours does the same.
//!
//! The recordings are in `tests/golden/`; the head of each says how it was made. They are played
//! to the real server, which has to send every byte to whom the article's sent it, in that order,
//! and to print the same lines.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use common::{Peer, Server};

/// One line of a recording.
struct Step<'t> {
    who: &'t str,
    does: &'t str,
    text: &'t str,
}

fn step(line: &str) -> Option<Step<'_>> {
    let (who, rest) = line.split_once(' ')?;
    let (does, quoted) = rest.split_once(' ')?;
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    Some(Step { who, does, text })
}

fn play(recording: &str) {
    let mut server = Server::start();
    let mut peers = HashMap::new();
    for line in recording
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let Step { who, does, text } = step(line).unwrap_or_else(|| panic!("{line}"));
        let peer = |who| {
            peers
                .get(who)
                .unwrap_or_else(|| panic!("nobody is called {who}"))
        };
        match does {
            "sends" => {
                peers
                    .entry(who)
                    .or_insert_with(|| Peer::at(server.address))
                    .sends(text);
            }
            "gets" => peer(who).gets(text),
            "shows" => {
                let (said, who) = text
                    .rsplit_once(" from ")
                    .unwrap_or_else(|| panic!("{line}"));
                let shown = format!("{said} from {}", peer(who).address());
                assert_eq!(server.program.stdout.next(), shown);
            }
            _ => panic!("{line}"),
        }
    }
    server.catch_up();
    for (who, peer) in peers {
        eprintln!("{who} gets nothing more");
        peer.has_nothing_more();
    }
    assert_eq!(server.program.stdout.so_far(), Vec::<String>::new());
}

#[test]
fn every_recorded_session_is_the_same_with_our_server() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut played = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        eprintln!("{}", path.display());
        play(&fs::read_to_string(path).unwrap());
        played += 1;
    }
    assert!(played >= 12, "{played} recordings");
}
