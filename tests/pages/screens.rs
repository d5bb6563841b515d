//! The screens in the pages and in the pictures of the chat are real: each
//! scene is played with the real programs.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::from_utf8;
use std::time::Duration;
use std::{fs, thread};

use super::common::{examples, ports};
use super::scenes::{NOT_PLAYED, SCENES, Scene, WORDS};
use super::{Block, pages, path, pictures, report};

/// How long anything may take.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(10));

/// What somebody does in a scene. The next does something when all have seen
/// it.
#[derive(Clone, Copy)]
pub enum Act {
    /// Starts this program.
    Starts(&'static str),
    /// Starts a client and types their name.
    Joins,
    /// Types these lines.
    Types(&'static [&'static str]),
    /// Sends a datagram without a client. If it isn't UTF-8, nobody waits.
    Sends(&'static [u8]),
    /// Waits until the terminal shows so many more lines.
    Sees(usize),
    /// Presses Ctrl-C.
    Stops,
    /// Presses Ctrl-D, and waits for the end of the program.
    Ends,
    /// Shows at the end what is in the pages under this name. `ROOM` in it is
    /// `ours` or `article`.
    Shows(&'static str),
}

/// A running program, and all that its terminal shows.
pub struct Terminal {
    child: Child,
    output: UnixStream,
    shown: Vec<u8>,
    lines: usize,
}

impl Terminal {
    /// Starts `cargo run --KIND COMMAND`. `program` is a path from our
    /// programs' folder.
    pub fn start(program: &str, arguments: &[&str], command: &str) -> Self {
        let program =
            Path::new(env!("CARGO_BIN_EXE_server")).with_file_name(program);
        let (output, theirs) = UnixStream::pair().unwrap();
        output.set_read_timeout(TIMEOUT).unwrap();
        let mut started = Command::new(&program);
        started
            .args(arguments)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped());
        // One pipe for both outputs, as in a terminal.
        started.stdout(OwnedFd::from(theirs.try_clone().unwrap()));
        started.stderr(OwnedFd::from(theirs));
        let child = started.spawn();
        let child = child.unwrap_or_else(|e| panic!("{program:?}: {e}"));
        let shown = format!("$ cargo run --{command}\n").into_bytes();
        Terminal { child, output, shown, lines: 1 }
    }

    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Reads what is printed, until this is true of all that is shown.
    pub fn wait_until(&mut self, wish: &str, is_true: impl Fn(&str) -> bool) {
        while !is_true(&self.shown()) {
            let mut buffer = [0; 4096];
            let read = retry(|| self.output.read(&mut buffer));
            let size = *read.as_ref().unwrap_or(&0);
            let shown = self.shown();
            assert!(size > 0, "expected: {wish}\nreceived: {read:?}, {shown}");
            self.shown.extend(&buffer[..size]);
        }
    }

    pub fn sees(&mut self, more: usize) {
        self.lines += more;
        let lines = self.lines;
        let wish = format!("{lines} lines");
        self.wait_until(&wish, |it| it.matches('\n').count() >= lines);
    }

    /// Types this after a prompt, which ends in a colon, or without one.
    fn types(&mut self, line: &str, has_prompt: bool) {
        self.wait_until("a prompt", |it| !has_prompt || it.ends_with(':'));
        self.shown.extend(format!("{line}⏎\n").as_bytes());
        self.lines += 1;
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn read_to_end(&mut self) {
        self.child.stdin = None;
        self.output.read_to_end(&mut self.shown).unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls this again if a signal interrupts it.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

pub fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(TIMEOUT).unwrap();
    socket
}

/// The text of the next datagram.
pub fn receive(socket: &UdpSocket) -> String {
    let mut buffer = [0; 1024];
    let size = retry(|| socket.recv(&mut buffer)).expect("a datagram");
    String::from_utf8_lossy(&buffer[..size]).into_owned()
}

struct Play {
    room: &'static str,
    language: usize,
    /// Where the server is, and where lossy is.
    addresses: [SocketAddr; 2],
    terminals: HashMap<&'static str, Terminal>,
    sockets: HashMap<&'static str, UdpSocket>,
    members: HashSet<&'static str>,
}

/// Plays a scene. Returns the screens that it shows, each after its name.
fn play(
    (room, joined, steps): Scene,
    language: usize,
) -> Vec<(String, String)> {
    let mut play = Play {
        room,
        language,
        addresses: [(); 2].map(|()| ports::unused_address()),
        terminals: HashMap::new(),
        sockets: HashMap::new(),
        members: HashSet::new(),
    };
    if !joined.is_empty() {
        play.starts("server", "server");
    }
    joined.iter().for_each(|who| play.does(who, Act::Joins));
    steps.iter().for_each(|(who, act)| play.does(who, *act));
    let mut screens = vec![];
    for (who, act) in steps {
        if let Act::Shows(name) = act {
            let terminal = play.terminal(who);
            let _ = terminal.child.kill();
            terminal.read_to_end();
            let screen = terminal.shown();
            let screen = play.with_ports_of_pages(screen);
            screens.push((name.replace("ROOM", room), screen));
        }
    }
    screens
}

impl Play {
    fn translate(&self, text: &'static str) -> &'static str {
        let mut rows = WORDS.iter();
        rows.find(|row| row[0] == text).map_or(text, |row| row[self.language])
    }

    fn terminal(&mut self, who: &str) -> &mut Terminal {
        self.terminals.get_mut(who).unwrap()
    }

    fn does(&mut self, who: &'static str, act: Act) {
        let name = self.translate(who);
        match act {
            Act::Starts(command) => self.starts(who, command),
            Act::Joins => {
                let has_lossy = self.terminals.contains_key("lossy");
                let to = if has_lossy { " -- LOSSY" } else { "" };
                self.starts(who, &format!("client{to}"));
                self.terminal(who).types(name, true);
                self.terminal(who).sees(2); // welcome and name
                self.wait_for_copies(who, name);
            }
            Act::Types(lines) => {
                for line in lines {
                    let line = self.translate(line);
                    let is_talk = self.room == "talk";
                    self.terminal(who).types(line, is_talk);
                    self.wait_for_copies(who, &format!("{name} : {line}"));
                }
            }
            Act::Sends(bytes) => {
                let text = from_utf8(bytes).map(|text| self.translate(text));
                let socket = self.sockets.entry(who).or_insert_with(socket);
                let sent = text.map_or(bytes, str::as_bytes);
                socket.send_to(sent, self.addresses[0]).unwrap();
                if let Ok(text) = text {
                    self.wait_for_copies(who, text);
                }
            }
            Act::Sees(lines) => self.terminal(who).sees(lines),
            Act::Stops => {
                self.terminals.remove(who);
                self.members.retain(|&it| it != who && who != "server");
            }
            Act::Ends => self.terminal(who).read_to_end(),
            Act::Shows(_) => {} // at the end
        }
    }

    fn starts(&mut self, who: &'static str, command: &str) {
        let article = if self.room == "article" { "article-" } else { "" };
        let [server, lossy] = self.addresses.map(|it| it.to_string());
        let command = format!("{article}{command}");
        let command = command.replace("SERVER", &server);
        let command = command.replace("LOSSY", &lossy);
        let (program, arguments) =
            command.split_once(" -- ").unwrap_or((&command, &server));
        let arguments: Vec<_> = arguments.split(' ').collect();
        let is_ours = path(&format!("src/bin/{program}.rs")).exists();
        let (kind, folder) =
            if is_ours { ("bin", "") } else { ("example", "examples/") };
        let shown = format!("{kind} {command}");
        let program = format!("{folder}{program}");
        let mut terminal = Terminal::start(&program, &arguments, &shown);
        match &*program {
            "server" | "talk-server" | "examples/lossy" => terminal.sees(1),
            "examples/article-server" => {
                // It prints nothing. A member who watches gets all copies.
                ports::wait_until_bound(self.addresses[0], true);
                let watcher = socket();
                watcher.send_to(b"watcher", self.addresses[0]).unwrap();
                self.sockets.insert("watcher", watcher);
            }
            _ => {}
        }
        self.terminals.insert(who, terminal);
    }

    /// Waits until the server and the other members have printed what the
    /// server makes of `datagram`, or until lossy has printed the datagram.
    fn wait_for_copies(&mut self, who: &'static str, datagram: &str) {
        if self.room == "talk" {
            return;
        }
        if self.terminals.contains_key("lossy") {
            return self.terminal("lossy").sees(1);
        }
        let is_new = self.members.insert(who);
        let is_article = self.room == "article";
        let leaves = match is_article {
            true => !is_new && datagram.contains("exit"),
            false => datagram.ends_with(" : EXIT"),
        };
        let (copies, printed) = match (is_article, is_new) {
            (true, _) => (1, usize::from(!is_new && !leaves)),
            (false, true) if datagram.contains(" : ") => (2, 2),
            (false, _) => (1, 1),
        };
        if leaves {
            self.members.remove(who);
        }
        self.terminal("server").sees(printed);
        for member in self.members.iter().filter(|it| **it != who) {
            if let Some(terminal) = self.terminals.get_mut(member) {
                terminal.sees(copies);
            }
        }
        if is_article {
            receive(&self.sockets["watcher"]);
        }
    }

    /// Replaces the ports by those in the pages, in the order of appearance.
    fn with_ports_of_pages(&self, mut screen: String) -> String {
        let ports = match self.room {
            "talk" => [8088, 0, 41003, 0, 0],
            _ => [9999, 9998, 41001, 41002, 41003],
        };
        let mut known = self.addresses.map(|it| it.to_string()).to_vec();
        for part in screen.split("127.0.0.1:").skip(1) {
            let port: String =
                part.chars().take_while(char::is_ascii_digit).collect();
            let address = format!("127.0.0.1:{port}");
            if !known.contains(&address) {
                known.push(address);
            }
        }
        for (real, page) in known.iter().zip(ports) {
            // \0, because another's port may be the page's by chance.
            screen = screen.replace(real, &format!("127.0.0.1:\0{page}"));
        }
        screen.replace('\0', "")
    }
}

/// Where a page has another line than the terminal.
fn first_difference(screen: &Block, name: &str, real: &str) -> Option<String> {
    let note = "note: run with `RUST_BACKTRACE"; // A page may leave this out.
    let mut page = screen.lines.clone();
    page.retain(|(_, line)| !line.is_empty());
    let has_note = page.iter().any(|(_, line)| line.starts_with(note));
    let mut real: Vec<_> = real.lines().collect();
    real.retain(|it| !it.is_empty() && (has_note || !it.starts_with(note)));
    if !page.first().is_some_and(|(_, line)| line.starts_with('$')) {
        real.drain(..real.len().saturating_sub(page.len()));
    }
    if name.starts_with("lossy") {
        // Its threads may print in another order.
        page.sort_by(|(_, one), (_, other)| one.cmp(other));
        real.sort();
    }
    for at in 0..page.len().max(real.len()) {
        let last = page.last().map_or(0, |(line, _)| *line);
        let end = (last, "(the end)".to_owned());
        let (line, page) = page.get(at).unwrap_or(&end);
        let real = real.get(at).copied().unwrap_or(&end.1);
        // Before that is the number of the thread, which may be any.
        let [a, b] = [page, real].map(|it| it.split(" panicked at ").last());
        if a != b {
            return Some(format!(
                "{line}: the screen {name}\n    page:    {page}\n    \
                 program: {real}"
            ));
        }
    }
    None
}

/// Plays the scenes in both languages, writes the screens to files, and
/// compares those in the pages with them.
#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn screens_are_real() {
    for example in ["article-server", "article-client", "lossy"] {
        examples::build(example).unwrap();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens");
    let _ = fs::remove_dir_all(&folder);
    let file = &|language: usize, name: &str| {
        folder.join(["en", "zh"][language]).join(format!("{name}.txt"))
    };
    thread::scope(|scope| {
        for language in [0, 1] {
            fs::create_dir_all(file(language, "").parent().unwrap()).unwrap();
            for scene in SCENES {
                scope.spawn(move || {
                    for (name, screen) in play(*scene, language) {
                        fs::write(file(language, &name), screen).unwrap();
                    }
                });
            }
        }
    });
    let mut problems = vec![];
    for page in pages().chain(pictures::chats()) {
        let language = usize::from(page.name.contains("/zh/"));
        for screen in &page.blocks {
            let Some(name) = screen.mark.strip_prefix("screen: ") else {
                continue;
            };
            let problem = match fs::read_to_string(file(language, name)) {
                Ok(real) => first_difference(screen, name, &real),
                Err(_) if NOT_PLAYED.contains(&name) => None,
                Err(_) => Some(format!("{}: no scene has {name}", screen.line)),
            };
            problems.extend(problem.map(|it| format!("{}:{it}", page.name)));
        }
    }
    if !problems.is_empty() {
        problems.push(format!("The real screens are in {}", folder.display()));
    }
    report(&problems);
}
