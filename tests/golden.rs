//! What the article's programs did, datagram by datagram, and that ours do the
//! same.
//!
//! The recordings are in `tests/golden/`; the head of each says how it was
//! made. They are played to the real server and client, which have to send and
//! print every byte that the article's did, but for the steps marked `article
//! only`.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use common::{CLIENT, Peer, Program, Server};

/// The steps of all recordings in a folder: who, does what, a text.
fn recordings(folder: &str) -> Vec<Vec<[String; 3]>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.is_file());
    let steps = |path| {
        let recording = fs::read_to_string(path).unwrap();
        let lines = recording.lines().filter(|line| !line.is_empty());
        let ours = lines.filter(|line| {
            !line.starts_with('#') && !line.starts_with("article only: ")
        });
        ours.map(|line| step(line).unwrap_or_else(|| panic!("{line}")))
            .collect()
    };
    files.iter().map(steps).collect()
}

fn step(line: &str) -> Option<[String; 3]> {
    let (who, rest) = line.split_once(' ')?;
    let (does, quoted) = rest.split_once(' ')?;
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    Some([who, does, text].map(str::to_owned))
}

#[test]
fn our_server_does_what_the_articles_did() {
    let recordings = recordings("tests/golden");
    assert!(recordings.len() >= 14, "{} recordings", recordings.len());
    for steps in recordings {
        let mut server = Server::start();
        let mut peers = HashMap::new();
        for [who, does, text] in steps {
            match &*does {
                "sends" => {
                    let peer = peers
                        .entry(who)
                        .or_insert_with(|| Peer::at(server.address));
                    peer.sends(text);
                }
                "gets" => peers[&who].gets(&text),
                "shows" => {
                    let (said, who) =
                        text.rsplit_once("\" from ").expect("from whom");
                    server.shows(&said[1..], &peers[who]);
                }
                _ => panic!("{does}"),
            }
        }
        server.catch_up();
        peers.values().for_each(Peer::has_nothing_more);
        assert_eq!(server.program.stdout.so_far(), "");
    }
}

#[test]
fn our_client_does_what_the_articles_did() {
    for steps in recordings("tests/golden/client") {
        let server = Peer::as_server();
        let mut client =
            Program::start(CLIENT, &[&server.address().to_string()]);
        for [_, does, text] in steps {
            match &*does {
                "types" => client.types(&text),
                "sends" => server.gets(&text),
                "gets" => server.sends(&text),
                "shows" => client.stdout.shows(&text),
                _ => panic!("{does}"),
            }
        }
        assert_eq!(client.status(), 0);
        assert_eq!(client.stdout.rest() + &client.stderr.rest(), "");
    }
}
