//! The programs as users run them, and peers made of bare sockets.
//!
//! Nothing here sleeps to decide a result: what waits here fails at a deadline
//! far beyond what a loaded machine needs, and names the line of the test that
//! asked for it.

// Every test file takes what it needs of this.
#![allow(dead_code)]

pub mod hostile;
pub mod ports;
pub mod random;

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How many bytes a datagram may carry: 65,535 without the headers of IPv4 and
/// UDP (RFC 791, RFC 768), or less where the operating system has a limit of
/// its own (macOS: `net.inet.udp.maxdgram`).
pub const LONGEST_DATAGRAM: usize =
    if cfg!(target_os = "macos") { 9216 } else { 65_507 };

pub const SERVER: &str = env!("CARGO_BIN_EXE_server");
pub const CLIENT: &str = env!("CARGO_BIN_EXE_client");
pub const TALK_SERVER: &str = env!("CARGO_BIN_EXE_talk-server");
pub const TALK_CLIENT: &str = env!("CARGO_BIN_EXE_talk-client");

pub const WELCOME: &str =
    "-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----";
pub const ASK_NAME: &str = "请输入你的名称:";
pub const TOO_LONG: &str = "[提示] 消息超过 1024 字节，未转发";
pub const NOT_UTF8: &str = "[提示] 消息不是 UTF-8 文本，未转发";
pub const TOO_LONG_WITH_NAME: &str =
    "[提示] 消息加上名称后超过 1024 字节，未转发";

/// What the exercises switch on, and whoever runs these tests may have
/// exported.
const SWITCHES: [&str; 5] = [
    "UDP_CHAT_WELCOME",
    "UDP_CHAT_PATIENCE_SECONDS",
    "UDP_CHAT_IDLE_SECONDS",
    "UDP_CHAT_NUMBERED",
    "UDP_CHAT_FINDABLE",
];

/// Fails, and says which is which, if `came` is not `expected`.
#[track_caller]
pub fn check(came: &str, expected: &str) {
    assert!(came == expected, "expected: {expected:?}\n    came: {came:?}");
}

/// A command with all of its input and output in the test's hands.
pub fn command(path: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    for switch in SWITCHES {
        command.env_remove(switch);
    }
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn spawn(command: &mut Command) -> Child {
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A running program, killed when dropped.
pub struct Program {
    pub child: Child,
    stdin: Option<ChildStdin>,
    pub stdout: Lines,
    pub stderr: Lines,
}

impl Program {
    pub fn start(path: &str, arguments: &[&str]) -> Self {
        Program::start_with(path, arguments, &[])
    }

    /// [`Program::start`], with these environment variables set.
    pub fn start_with(
        path: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child =
            spawn(command(path, arguments).envs(variables.iter().copied()));
        Program {
            stdin: child.stdin.take(),
            stdout: Lines::of(child.stdout.take().unwrap()),
            stderr: Lines::of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Our group chat client.
    pub fn client(server: SocketAddr, name: &str) -> Self {
        Program::start(CLIENT, &[&server.to_string(), name])
    }

    /// Types one line.
    #[track_caller]
    pub fn types(&mut self, line: &str) {
        self.types_bytes(format!("{line}\n").as_bytes());
    }

    #[track_caller]
    pub fn types_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("input has not ended");
        stdin.write_all(bytes).expect("the program reads");
    }

    /// Ends the input, as Ctrl-D does.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for the program to end, and gives its status.
    #[track_caller]
    pub fn status(&mut self) -> i32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().expect("not killed by a signal");
            }
            assert!(started.elapsed() < DEADLINE, "the program does not end");
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The lines that a program prints, as they come.
pub struct Lines {
    incoming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    pub fn of(output: impl Read + Send + 'static) -> Self {
        let (lines, incoming) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|size| size > 0)
            {
                let text = String::from_utf8(std::mem::take(&mut line))
                    .expect("UTF-8");
                if lines.send(text).is_err() {
                    break;
                }
            }
        });
        let seen = Vec::new();
        Lines { incoming, seen }
    }

    /// The next line, without its line ending.
    #[track_caller]
    pub fn next(&mut self) -> String {
        match self.incoming.recv_timeout(DEADLINE) {
            Ok(line) => {
                let line = line.trim_end_matches('\n').to_owned();
                self.seen.push(line.clone());
                line
            }
            Err(error) => {
                panic!("no further line ({error}) after {:#?}", self.seen)
            }
        }
    }

    /// Checks that the next line is `expected`.
    #[track_caller]
    pub fn shows(&mut self, expected: &str) {
        check(&self.next(), expected);
    }

    /// Reads on until a line that holds `part`, and gives that line.
    #[track_caller]
    pub fn until(&mut self, part: &str) -> String {
        loop {
            let line = self.next();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All that comes until the program closes this output.
    #[track_caller]
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        loop {
            match self.incoming.recv_timeout(DEADLINE) {
                Ok(line) => rest += &line,
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(error) => panic!("{error} after {rest}"),
            }
        }
    }

    /// What has come so far, without waiting.
    pub fn so_far(&mut self) -> String {
        self.incoming.try_iter().collect()
    }
}

/// One of our servers, on a port of its own.
pub struct Server {
    pub program: Program,
    pub address: SocketAddr,
}

impl Server {
    pub fn start() -> Self {
        Server::start_at("127.0.0.1:0")
    }

    pub fn start_at(address: &str) -> Self {
        Server::of(Program::start(SERVER, &[address]))
    }

    /// With this environment variable set.
    pub fn start_with(variable: &str, value: &str) -> Self {
        let variables = [(variable, value)];
        Server::of(Program::start_with(SERVER, &["127.0.0.1:0"], &variables))
    }

    pub fn of(mut program: Program) -> Self {
        let first = program.stderr.next();
        let address = first
            .strip_prefix("UDP Server on ")
            .and_then(|rest| rest.strip_suffix("..."))
            .unwrap_or_else(|| panic!("{first}"));
        Server { address: address.parse().unwrap(), program }
    }

    /// Waits until the server has dealt with all that was sent to it before.
    ///
    /// It takes one datagram after another, so when it warns of this one, the
    /// others are done.
    pub fn catch_up(&mut self) {
        let stranger = Peer::at(self.address);
        stranger.sends(b"\xff");
        self.warns_of(&stranger);
    }

    /// Reads the log on until it warns of what `peer` sent, and gives that
    /// line.
    #[track_caller]
    pub fn warns_of(&mut self, peer: &Peer) -> String {
        let warning =
            format!("warning: dropped a datagram from {}: ", peer.address());
        self.program.stderr.until(&warning)
    }

    /// Checks the next line of the log, past what exercise 1 adds to it.
    #[track_caller]
    pub fn logs(&mut self, expected: &str) {
        check(&without_count(&self.program.stderr.next()), expected);
    }

    /// Checks the next line of the server's standard output, for what `peer`
    /// said.
    #[track_caller]
    pub fn shows(&mut self, line: &str, peer: &Peer) {
        let expected = format!("\"{line}\" from {}", peer.address());
        self.program.stdout.shows(&expected);
    }
}

/// A server's line about who entered or left, without the ` (N here)` of
/// exercise 1.
pub fn without_count(line: &str) -> String {
    let end = line.find(" (").filter(|_| line.ends_with(" here)"));
    line[..end.unwrap_or(line.len())].to_owned()
}

/// A bare socket: somebody at a server, or in a server's place.
pub struct Peer {
    pub socket: UdpSocket,
    /// Who is sent to: whoever wrote last.
    other: Cell<Option<SocketAddr>>,
}

impl Peer {
    pub fn new(socket: UdpSocket) -> Self {
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let other = Cell::new(None);
        Peer { socket, other }
    }

    /// A stranger to the server at `server`.
    pub fn at(server: SocketAddr) -> Self {
        let peer = Peer::new(UdpSocket::bind((server.ip(), 0)).unwrap());
        peer.other.set(Some(server));
        peer
    }

    /// A stranger who may be dropped while the server still sends to it: nobody
    /// else gets that.
    pub fn who_may_go(server: SocketAddr) -> Self {
        let peer = Peer::new(ports::bind_apart());
        peer.other.set(Some(server));
        peer
    }

    /// Somebody who has joined as `name`; the server has dealt with it.
    #[track_caller]
    pub fn joins(server: &mut Server, name: &str) -> Self {
        let peer = Peer::at(server.address);
        peer.sends(name);
        let entered = format!("{name} entered from {}", peer.address());
        server.program.stderr.until(&entered);
        peer
    }

    /// A server's place, at a port of its own.
    pub fn as_server() -> Self {
        Peer::as_server_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn as_server_at(address: SocketAddr) -> Self {
        Peer::new(UdpSocket::bind(address).unwrap())
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn other(&self) -> SocketAddr {
        self.other.get().expect("somebody has written")
    }

    #[track_caller]
    pub fn sends(&self, datagram: impl AsRef<[u8]>) {
        let sent = self.socket.send_to(datagram.as_ref(), self.other());
        sent.unwrap();
    }

    /// The next datagram, as text.
    #[track_caller]
    pub fn next(&self) -> String {
        let mut buffer = [0; 65_536];
        let (size, from) =
            self.socket.recv_from(&mut buffer).expect("a datagram");
        self.other.set(Some(from));
        String::from_utf8(buffer[..size].to_vec()).expect("UTF-8")
    }

    /// Checks that the next datagram is `expected`.
    #[track_caller]
    pub fn gets(&self, expected: &str) {
        check(&self.next(), expected);
    }

    /// Checks that the server, once it has caught up, has sent nothing more.
    #[track_caller]
    pub fn gets_nothing_more(&self, server: &mut Server) {
        server.catch_up();
        self.has_nothing_more();
    }

    #[track_caller]
    pub fn has_nothing_more(&self) {
        self.socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 65_536];
        match self.socket.recv(&mut buffer) {
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            Ok(size) => {
                panic!("got {:?}", String::from_utf8_lossy(&buffer[..size]))
            }
        }
        self.socket.set_nonblocking(false).unwrap();
    }
}
