//! The recordings in `tests/golden/` show what the article's programs did; the
//! head of each says how it was made. Ours must send and print every byte of
//! them, except for the steps marked `article only`, and except that a tab
//! becomes a space.

use crate::common::*;
use std::{collections::HashMap, fs, path::Path};

/// The steps of each recording in a folder. A step has four parts: its place
/// (file and line), who does something, what, and the text.
fn recordings(folder: &str) -> Vec<Vec<[String; 4]>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| steps(&path)).collect()
}

fn steps(path: &Path) -> Vec<[String; 4]> {
    let recording = fs::read_to_string(path).unwrap();
    let mut steps = Vec::new();
    for (number, line) in recording.lines().enumerate() {
        let mut skipped = ["#", "article only: "].into_iter();
        if line.is_empty() || skipped.any(|start| line.starts_with(start)) {
            continue;
        }
        let place = format!("{}:{}", path.display(), number + 1);
        let step = line.split_once(' ').and_then(|(actor, rest)| {
            let (action, text) = rest.split_once(" \"")?;
            Some([&place, actor, action, text.strip_suffix('"')?])
        });
        steps.push(step.expect(&place).map(str::to_owned));
    }
    steps
}

#[test]
fn our_server_reproduces_the_recordings() {
    let recordings = recordings("tests/golden");
    assert!(recordings.len() >= 14, "{} recordings", recordings.len());
    for steps in recordings {
        let mut server = Server::start();
        let mut peers = HashMap::new();
        for [place, actor, action, text] in steps {
            doing(&place);
            match &*action {
                "sends" => {
                    let new = || Peer::stranger_to(server.address);
                    peers.entry(actor).or_insert_with(new).sends(text);
                }
                "gets" => peers[&actor].expect(&text),
                "shows" => {
                    let (said, actor) = text.rsplit_once("\" from ").unwrap();
                    server.expect_chat_line(&said[1..], &peers[actor]);
                }
                _ => panic!("{place}: {action}"),
            }
        }
        server.expect_nothing_more(&peers.values().collect::<Vec<_>>());
    }
}

#[test]
fn our_client_reproduces_the_recordings() {
    let recordings = recordings("tests/golden/client");
    assert!(!recordings.is_empty());
    for steps in recordings {
        let server = Peer::as_server();
        let address = server.address().to_string();
        let mut client = Program::start(command(CLIENT, &[&address]));
        for [place, _, action, text] in steps {
            doing(&place);
            match &*action {
                "types" => client.types(&text),
                "gets" => server.sends(&text),
                "sends" => server.expect(&text),
                "shows" => client.stdout.expect_line(&text.replace('\t', " ")),
                _ => panic!("{place}: {action}"),
            }
        }
        client.expect_status(0).expect_rest("", "");
    }
}
