//! The screens in the pages and in the picture of the chat are real: each scene
//! is played with the real programs, through pipes.

use std::collections::HashMap;
use std::env::consts::EXE_SUFFIX;
use std::mem::take;
use std::path::Path;
use std::thread;

use super::common::{NAME_PROMPT, Peer, Program, SERVER, examples};
use super::common::{expect_equal, ports, without_count};
use super::{parts, place, read};

/// A scene begins at the left. A step is `WHO DOES WHAT`: `reads` and `logs`
/// take a line (or N) of standard output or error; `stops` is Ctrl-C; `ends` is
/// Ctrl-D, with all that is printed then; `sends` needs no client, and ⏎ is a
/// line ending; `shows` compares the terminal with the screens of that name.
/// The watcher and the guard are members who notice when the article's server,
/// which logs nothing, has handled a datagram.
const SCENES: &str = include_str!("scenes.txt");

/// Screens of programs that you write yourself in the lab.
const NOT_PLAYED: [&str; 2] = ["lab-ask", "lab-ping"];

/// What a person sees in one terminal, with what they type.
struct Terminal {
    program: Program,
    prompt: &'static str,
    /// The prompt of a typed line: what is printed next follows it directly.
    answered: &'static str,
    seen: Vec<String>,
}

impl Terminal {
    /// Starts `command`, by default with the argument `address`.
    fn start(command: &str, address: &str) -> Self {
        let (name, arguments) =
            command.split_once(" -- ").unwrap_or((command, address));
        let arguments: Vec<_> = arguments.split(' ').collect();
        let (kind, folder, prompt) = match name {
            "talk-server" => ("bin", ".", "please input send to msg:"),
            "talk-client" => ("bin", ".", "please input msg:"),
            "client" => ("bin", ".", NAME_PROMPT),
            "server" => ("bin", ".", ""),
            "article-client" => ("example", "examples", NAME_PROMPT),
            _ => ("example", "examples", ""),
        };
        let path = Path::new(SERVER).with_file_name(folder).join(name);
        let path = format!("{}{EXE_SUFFIX}", path.display());
        let mut program = super::common::command(&path, &arguments);
        let program = Program::start(program.env("RUST_BACKTRACE", "0"));
        let seen = vec![format!("$ cargo run --{kind} {command}")];
        Terminal { program, prompt, answered: "", seen }
    }

    fn prints(&mut self, text: &str) {
        let lines = text.strip_prefix(take(&mut self.answered));
        let lines = lines.unwrap_or("(no prompt)").lines();
        self.seen.extend(lines.map(str::to_owned));
    }

    fn prints_rest(&mut self) {
        let errors = self.program.stderr.read_to_end();
        self.seen.extend(errors.lines().map(str::to_owned));
        let rest = self.program.stdout.read_to_end();
        self.prints(&rest);
    }
}

/// The terminals and plain sockets by name, and the addresses of the server and
/// of lossy.
#[derive(Default)]
struct Scene {
    terminals: HashMap<String, Terminal>,
    peers: HashMap<String, Peer>,
    addresses: [String; 2],
}

impl Scene {
    fn play(script: &str) {
        let addresses = [(); 2].map(|()| ports::unused_address().to_string());
        let mut scene = Scene { addresses, ..Scene::default() };
        script.split("; ").for_each(|step| scene.plays(step));
        for (who, mut it) in scene.terminals {
            if script.contains(&format!("{who} shows")) {
                it.program.kill();
                it.seen.clear();
                it.prints_rest();
                let place = format!("{script}\n(after that, at {who})");
                expect_equal(&place, it.seen.concat(), "");
            }
        }
    }

    fn plays(&mut self, step: &str) {
        let mut words = step.splitn(3, ' ').chain([""; 2]);
        let [who, does, what] = [(); 3].map(|()| words.next().unwrap());
        let [server, lossy] = self.addresses.clone();
        match (does, self.terminals.get_mut(who)) {
            ("starts", _) => {
                let what = what.replace("127.0.0.1:9999", &server);
                let what = what.replace("127.0.0.1:9998", &lossy);
                let it = Terminal::start(&what, &server);
                self.terminals.insert(who.to_owned(), it);
                match what.split(' ').next().unwrap() {
                    "server" | "talk-server" => self.plays("server logs"),
                    "lossy" => self.plays("lossy reads"),
                    "article-server" => {
                        let server = server.parse().unwrap();
                        ports::wait_until_bound(server, true);
                    }
                    _ => {}
                }
            }
            ("joins", _) => {
                let (client, sync) = if self.peers.contains_key("watcher") {
                    ("article-client", "watcher reads")
                } else if self.terminals.contains_key("lossy") {
                    ("client -- 127.0.0.1:9998", "lossy reads")
                } else {
                    ("client", "server logs")
                };
                self.plays(&format!("{who} starts {client}"));
                self.plays(&format!("{who} reads"));
                self.plays(&format!("{who} types {who}"));
                self.plays(&format!("{who} reads"));
                self.plays(sync);
            }
            ("types", Some(it)) => {
                it.program.types(what);
                it.answered = take(&mut it.prompt);
                it.seen.push(format!("{}{what}", it.answered));
            }
            ("reads", Some(it)) => {
                for _ in 0..what.parse().unwrap_or(1) {
                    let line = it.program.stdout.next_line();
                    it.prints(&line);
                }
            }
            ("reads", None) => drop(self.peers[who].next_text()),
            ("logs", Some(it)) => {
                let line = it.program.stderr.next_line();
                it.seen.push(without_count(&line));
            }
            ("stops", Some(it)) => it.program.kill(),
            ("ends", Some(it)) => {
                it.program.end_input();
                it.prints_rest();
            }
            ("sends", _) => {
                let new = || Peer::stranger_to(server.parse().unwrap());
                let peer = self.peers.entry(who.to_owned()).or_insert_with(new);
                let text = what.replace('⏎', "\n");
                let is_byte = what == "0xff";
                peer.sends(if is_byte { b"\xff" } else { text.as_bytes() });
            }
            ("shows", Some(it)) => compare(what, &it.seen, &self.addresses),
            _ => panic!("no such step: {step}"),
        }
    }
}

/// Compares what was seen with each screen of this name in the pages.
fn compare(name: &str, seen: &[String], addresses: &[String]) {
    let all = with_ports(&seen.join("\n"), addresses, name);
    let before = format!("<!-- screen: {name} -->\n```text\n");
    let screens = parts(&before, "\n```");
    assert!(!screens.is_empty(), "no page has the screen {name}");
    for screen in screens {
        if screen.contains("(os error") && !cfg!(target_os = "linux") {
            continue; // These are the system's words.
        }
        let [mut expected, mut seen] = [screen, &all].map(|text| {
            let lines = text.lines().filter(|line| !line.is_empty());
            lines.collect::<Vec<_>>()
        });
        // The English page leaves out the last line of a panic.
        let note = "note: run with `RUST_BACKTRACE";
        seen.retain(|it| !it.starts_with(note) || screen.contains(note));
        let is_lossy = name.starts_with("lossy");
        if !screen.starts_with('$') {
            // The end of a screen, or lossy's lines about datagrams.
            let end = seen.len().saturating_sub(expected.len());
            seen.drain(..if is_lossy { 2 } else { end });
        }
        if is_lossy {
            let page = place(screen).split(':').next().map(read).unwrap();
            let command = all.lines().next().unwrap().trim_start_matches("$ ");
            assert!(page.contains(command), "{}: no {command}", place(screen));
            // Its threads may print in another order.
            expected.sort();
            seen.sort();
        }
        for at in 0..expected.len().max(seen.len()) {
            let place = place(expected.get(at).unwrap_or(&expected[0]));
            let [line, real] = [&expected, &seen].map(|lines| {
                let line = lines.get(at).copied().unwrap_or("(no line)");
                // Without the number of the thread, which may be any.
                line.split_once(" panicked at ").map_or(line, |(_, at)| at)
            });
            expect_equal(&format!("{place}: the screen {name}"), real, line);
        }
    }
}

/// Replaces the ports by those in the pages, in the order of appearance.
fn with_ports(seen: &str, addresses: &[String], name: &str) -> String {
    let ports = match name.starts_with("talk") {
        true => [8088, 0, 41003, 0, 0],
        false => [9999, 9998, 41001, 41002, 41003],
    };
    let mut known = addresses.to_vec();
    for part in seen.split("127.0.0.1:").skip(1) {
        let port = part.chars().take_while(char::is_ascii_digit);
        let address = format!("127.0.0.1:{}", port.collect::<String>());
        if !known.contains(&address) {
            known.push(address);
        }
    }
    let mut seen = seen.replace('\\', "/"); // in a path on Windows
    for (real, page) in known.iter().zip(ports) {
        // \0, because the port of another client may be the page's by chance.
        seen = seen.replace(real, &format!("127.0.0.1:\0{page}"));
    }
    seen.replace('\0', "")
}

#[test]
fn the_screens_are_real() {
    for name in parts("<!-- screen: ", " -->") {
        let script = format!("{SCENES};").replace(['\n', ';'], " ");
        let is_played = script.contains(&format!(" shows {name} "));
        let is_known = is_played || NOT_PLAYED.contains(&name);
        assert!(is_known, "{}: no scene shows the screen {name}", place(name));
    }
    let examples = ["article-server", "article-client", "lossy"];
    if examples.map(examples::build).contains(&None) {
        return;
    }
    thread::scope(|scope| {
        for script in SCENES.replace("\n  ", " ").lines().map(str::to_owned) {
            scope.spawn(move || Scene::play(&script));
        }
    });
}
