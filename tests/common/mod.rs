//! The programs as users run them, and peers made of bare sockets.
//!
//! Nothing here sleeps to decide a result: everything waits for its event, and fails at a deadline
//! far beyond what a loaded machine needs.

// Every test file takes what it needs of this.
#![allow(dead_code)]

pub mod hostile;
pub mod random;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{self, Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{io, iter, thread};

use udp_group_chat::net::is_refused;

/// How long anything may take.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How many bytes of payload the system sends at most: 65,535 without the headers of IPv4 and UDP
/// (RFC 768, RFC 791), or less where it has a limit of its own (macOS: `net.inet.udp.maxdgram`).
pub const LONGEST_DATAGRAM: usize = if cfg!(target_os = "macos") {
    9216
} else {
    65_507
};

pub const SERVER: &str = env!("CARGO_BIN_EXE_server");
pub const CLIENT: &str = env!("CARGO_BIN_EXE_client");
pub const TALK_SERVER: &str = env!("CARGO_BIN_EXE_talk-server");
pub const TALK_CLIENT: &str = env!("CARGO_BIN_EXE_talk-client");

/// What the exercises switch on, and whoever runs these tests may have exported.
const SWITCHES: [&str; 4] = [
    "UDP_CHAT_WELCOME",
    "UDP_CHAT_IDLE_SECONDS",
    "UDP_CHAT_NUMBERED",
    "UDP_CHAT_FINDABLE",
];

/// A running program, killed when dropped.
pub struct Program {
    pub child: Child,
    stdin: Option<ChildStdin>,
    pub stdout: Lines,
    pub stderr: Lines,
}

impl Program {
    pub fn start(path: &str, arguments: &[&str]) -> Self {
        Program::start_with_env(path, arguments, &[])
    }

    /// [`Program::start`], with these environment variables set.
    pub fn start_with_env(path: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(path);
        for switch in SWITCHES {
            command.env_remove(switch);
        }
        let mut child = command
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        Program {
            stdin: child.stdin.take(),
            stdout: Lines::of(child.stdout.take().unwrap()),
            stderr: Lines::of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Types one line.
    pub fn types(&mut self, line: &str) {
        self.types_bytes(format!("{line}\n").as_bytes());
    }

    pub fn types_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("input has not ended");
        stdin.write_all(bytes).expect("the program reads");
    }

    /// Ends the input, as Ctrl-D does.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for the program to end, and gives its status.
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
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that a program prints, as they come.
pub struct Lines {
    incoming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    fn of(output: impl Read + Send + 'static) -> Self {
        let (lines, incoming) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output
                .read_until(b'\n', &mut line)
                .is_ok_and(|size| size > 0)
            {
                let text = String::from_utf8(std::mem::take(&mut line)).expect("UTF-8");
                if lines.send(text).is_err() {
                    break;
                }
            }
        });
        Lines {
            incoming,
            seen: Vec::new(),
        }
    }

    /// The next line, without its line ending.
    pub fn next(&mut self) -> String {
        match self.incoming.recv_timeout(DEADLINE) {
            Ok(line) => {
                let line = line.trim_end_matches('\n').to_owned();
                self.seen.push(line.clone());
                line
            }
            Err(error) => panic!("no further line ({error}) after {:#?}", self.seen),
        }
    }

    /// Reads on until a line that holds `part`, and gives that line.
    pub fn until(&mut self, part: &str) -> String {
        loop {
            let line = self.next();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All that comes until the program closes this output.
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        loop {
            match self.incoming.recv_timeout(DEADLINE) {
                Ok(line) => rest += &line,
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return rest,
                Err(error) => panic!("{error} after {rest}"),
            }
        }
    }

    /// What has come so far, without waiting.
    pub fn so_far(&mut self) -> Vec<String> {
        self.incoming
            .try_iter()
            .map(|line| line.trim_end_matches('\n').to_owned())
            .collect()
    }
}

/// Our group chat server, on a port of its own.
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

    /// The `talk-server`, which announces itself alike.
    pub fn start_talk() -> Self {
        Server::of(Program::start(TALK_SERVER, &["127.0.0.1:0"]))
    }

    /// Our group chat server, with this environment variable set.
    pub fn start_with(variable: (&str, &str), address: &str) -> Self {
        Server::of(Program::start_with_env(SERVER, &[address], &[variable]))
    }

    fn of(mut program: Program) -> Self {
        let first = program.stderr.next();
        let address = first
            .strip_prefix("UDP Server on ")
            .and_then(|rest| rest.strip_suffix("..."))
            .unwrap_or_else(|| panic!("{first}"));
        Server {
            address: address.parse().unwrap(),
            program,
        }
    }

    /// Waits until the server has dealt with all that was sent to it before.
    ///
    /// It takes one datagram after another, so when it warns of this one, the others are done.
    /// (It warns of it from anyone: the port may be one that a member had before.)
    pub fn catch_up(&mut self) {
        let stranger = Peer::at(self.address);
        stranger.sends(b"\xff");
        self.program
            .stderr
            .until(&format!("{} sent", stranger.address()));
    }

    /// The next line on the server's standard error, without the ` (N here)` of exercise 1.
    pub fn notes(&mut self) -> String {
        without_count(&self.program.stderr.next())
    }

    /// The next line on the server's screen, for what `peer` said.
    #[track_caller]
    pub fn shows(&mut self, line: &str, peer: &Peer) {
        assert_eq!(
            self.program.stdout.next(),
            format!("\"{line}\" from {}", peer.address())
        );
    }
}

/// A server's line about who entered or left, without what exercise 1 adds to it.
pub fn without_count(line: &str) -> String {
    let end = line.find(" (").filter(|_| line.ends_with(" here)"));
    line[..end.unwrap_or(line.len())].to_owned()
}

/// A bare socket that sends whatever it is told to.
pub struct Peer {
    pub socket: UdpSocket,
    server: SocketAddr,
}

impl Peer {
    /// A stranger to the server at `server`.
    pub fn at(server: SocketAddr) -> Self {
        Peer::of(UdpSocket::bind((server.ip(), 0)).unwrap(), server)
    }

    /// A stranger who may be dropped while the server still sends to it: nobody else gets that.
    pub fn who_may_go(server: SocketAddr) -> Self {
        Peer::of(bind_apart(), server)
    }

    fn of(socket: UdpSocket, server: SocketAddr) -> Self {
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Peer { socket, server }
    }

    /// Somebody who has joined as `name`; the server has dealt with it.
    pub fn joins(server: &mut Server, name: &str) -> Self {
        let peer = Peer::at(server.address);
        peer.sends(name);
        server
            .program
            .stderr
            .until(&format!("{name} entered from {}", peer.address()));
        peer
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn sends(&self, datagram: impl AsRef<[u8]>) {
        self.socket.send_to(datagram.as_ref(), self.server).unwrap();
    }

    /// The next datagram's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut buffer = [0; 65_536];
        let size = self.socket.recv(&mut buffer).expect("a datagram");
        buffer[..size].to_vec()
    }

    /// The next datagram, as text.
    pub fn next(&self) -> String {
        String::from_utf8(self.bytes()).expect("UTF-8")
    }

    /// Checks that the next datagram is `expected`.
    #[track_caller]
    pub fn gets(&self, expected: &str) {
        assert_eq!(self.next(), expected);
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
            Ok(size) => panic!("got {:?}", String::from_utf8_lossy(&buffer[..size])),
        }
        self.socket.set_nonblocking(false).unwrap();
    }
}

/// A bare socket in a server's place, for one client.
pub struct BareServer {
    pub socket: UdpSocket,
    client: Option<SocketAddr>,
}

impl BareServer {
    pub fn bind() -> Self {
        BareServer::bind_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn bind_at(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        BareServer {
            socket,
            client: None,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// The next datagram, as text; whoever sent it is the client from now on.
    pub fn next(&mut self) -> String {
        let mut buffer = [0; 65_536];
        let (size, from) = self.socket.recv_from(&mut buffer).expect("a datagram");
        self.client = Some(from);
        String::from_utf8(buffer[..size].to_vec()).expect("UTF-8")
    }

    #[track_caller]
    pub fn gets(&mut self, expected: &str) {
        assert_eq!(self.next(), expected);
    }

    /// Says `text` again and again, until something comes from the client.
    pub fn says_until_answered(&self, text: &str) {
        let moment = Duration::from_millis(50);
        self.socket.set_read_timeout(Some(moment)).unwrap();
        let started = Instant::now();
        loop {
            self.sends(text);
            if self.socket.peek_from(&mut [0; 65_536]).is_ok() {
                break;
            }
            assert!(started.elapsed() < DEADLINE, "no answer to {text}");
        }
        self.socket.set_read_timeout(Some(DEADLINE)).unwrap();
    }

    /// The server goes, and what is sent to it is refused.
    pub fn goes(self) {
        let address = self.address();
        drop(self);
        wait_until_refused(address);
    }

    pub fn client(&self) -> SocketAddr {
        self.client.expect("a client has sent something")
    }

    pub fn sends(&self, datagram: impl AsRef<[u8]>) {
        self.socket
            .send_to(datagram.as_ref(), self.client())
            .unwrap();
    }
}

/// A socket on this machine, at a port of its own that nobody gets by chance when it is closed: no
/// system gives port 0 such a port (Linux begins at 32768, others at 49152 as in RFC 6335, section
/// 6).
fn bind_apart() -> UdpSocket {
    static TRIED: AtomicUsize = AtomicUsize::new(0);

    // Where the tests of no other process begin.
    let first = process::id() as usize * 64;
    iter::repeat_with(|| 16_384 + (first + TRIED.fetch_add(1, Ordering::Relaxed)) % 16_384)
        .find_map(|port| UdpSocket::bind(("127.0.0.1", port as u16)).ok())
        .expect("there is no end of ports to try")
}

/// An address of this machine where nobody is.
pub fn nobody() -> SocketAddr {
    let address = bind_apart().local_addr().unwrap();
    wait_until_refused(address);
    address
}

/// Closing the socket there is not always enough: a program that another test starts meanwhile
/// holds a copy of it until its own code runs (fork(2)), and a datagram would just be lost.
fn wait_until_refused(address: SocketAddr) {
    let probe = UdpSocket::bind((address.ip(), 0)).unwrap();
    probe.connect(address).unwrap();
    probe
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let started = Instant::now();
    loop {
        let heard = probe.send(b"").and_then(|_| probe.recv(&mut [0]));
        if heard.is_err_and(|error| is_refused(&error)) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "somebody is at {address}");
    }
}

/// Our group chat client.
pub fn client(server: SocketAddr, name: &str) -> Program {
    Program::start(CLIENT, &[&server.to_string(), name])
}
