//! What the article's programs did, datagram by datagram, and whether ours do
//! the same.
//!
//! The recordings are in `tests/golden/`, and the head of each says how it was
//! made. They are played to the real server and client. Ours must send and
//! print every byte of them, except for the steps marked `article only`, and
//! except that a tab becomes a space.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use common::{CLIENT, Peer, Program, Server};

struct Step {
    /// The file and line of the recording.
    place: String,
    actor: String,
    action: String,
    text: String,
}

/// The steps of each recording in a folder.
fn recordings(folder: &str) -> Vec<Vec<Step>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort();
    files.iter().map(|path| steps(path)).collect()
}

fn steps(path: &Path) -> Vec<Step> {
    let recording = fs::read_to_string(path).unwrap();
    let mut steps = Vec::new();
    for (number, line) in recording.lines().enumerate() {
        let is_comment = line.starts_with('#') || line.is_empty();
        if is_comment || line.starts_with("article only: ") {
            continue;
        }
        let place = format!("{}:{}", path.display(), number + 1);
        let step = line.split_once(' ').and_then(|(actor, rest)| {
            let (action, text) = rest.split_once(' ')?;
            let text = text.strip_prefix('"')?.strip_suffix('"')?;
            Some((actor.to_owned(), action.to_owned(), text.to_owned()))
        });
        let (actor, action, text) = step.expect(&place);
        steps.push(Step { place, actor, action, text });
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
        for Step { place, actor, action, text } in steps {
            match &*action {
                "sends" => {
                    let new = || Peer::stranger_to(server.address);
                    peers.entry(actor).or_insert_with(new).sends(text);
                }
                "gets" => {
                    let received = peers[&actor].next_text_at(&place, &text);
                    common::expect_equal(&place, received, text);
                }
                "shows" => {
                    let (said, actor) = text.rsplit_once(" from ").unwrap();
                    let from = peers[actor].address();
                    let expected = format!("{said} from {from}");
                    let stdout = &mut server.program.stdout;
                    let line = stdout.next_line_at(&place, &expected);
                    common::expect_equal(&place, line, expected);
                }
                _ => panic!("{place}: {action}"),
            }
        }
        server.expect_nothing_printed();
        peers.values().for_each(Peer::expect_empty_queue);
    }
}

#[test]
fn our_client_reproduces_the_recordings() {
    let recordings = recordings("tests/golden/client");
    assert!(!recordings.is_empty());
    for steps in recordings {
        let server = Peer::as_server();
        let mut client =
            Program::start(CLIENT, &[&server.address().to_string()]);
        for Step { place, action, text, .. } in steps {
            match &*action {
                "types" => client.types(&text),
                "sends" => {
                    let received = server.next_text_at(&place, &text);
                    common::expect_equal(&place, received, text);
                }
                "gets" => server.sends(&text),
                "shows" => {
                    let expected = text.replace('\t', " ");
                    let line = client.stdout.next_line_at(&place, &expected);
                    common::expect_equal(&place, line, expected);
                }
                _ => panic!("{place}: {action}"),
            }
        }
        client.expect_end(0);
    }
}
