//! The programs as users run them, and peers made of plain sockets.
//!
//! No sleep here decides a result. Everything that waits fails after
//! [`TIMEOUT`], which is far more than a loaded machine needs, and then says
//! what was expected. Every started program ends with its test.

// No test file uses all of this.
#![allow(dead_code)]

pub mod examples;
pub mod hostile;
pub mod ports;
pub mod random;

use std::cell::Cell;
use std::fmt::Debug;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// The longest payload of a datagram: 65,535 bytes without the headers of IPv4
/// and UDP (RFC 791, RFC 768), or less where the operating system has a limit
/// of its own (macOS: `net.inet.udp.maxdgram`).
pub const LONGEST_PAYLOAD: usize =
    if cfg!(target_os = "macos") { 9216 } else { 65_507 };

pub const SERVER: &str = env!("CARGO_BIN_EXE_server");
pub const CLIENT: &str = env!("CARGO_BIN_EXE_client");
pub const TALK_SERVER: &str = env!("CARGO_BIN_EXE_talk-server");
pub const TALK_CLIENT: &str = env!("CARGO_BIN_EXE_talk-client");

pub const WELCOME: &str =
    "-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----";
pub const NAME_PROMPT: &str = "请输入你的名称:";
/// The hint to a member whose datagram can't be relayed.
pub const HINT: &str =
    "[提示] 消息不是 UTF-8 文本，或加上名称后超过 1024 字节，未转发";

/// The variables that the exercises use. Whoever runs these tests may have
/// exported them.
const EXERCISE_VARIABLES: [&str; 4] = [
    "UDP_CHAT_PATIENCE_SECONDS",
    "UDP_CHAT_IDLE_SECONDS",
    "UDP_CHAT_NUMBERED",
    "UDP_CHAT_FINDABLE",
];

pub fn joined_notice(name: &str) -> String {
    format!("{name} 进入聊天室...")
}

pub fn left_notice(name: &str) -> String {
    format!("{name} 离开了聊天室...")
}

/// The line between welcome and chat.
pub fn banner(name: &str) -> String {
    format!("-----------------{name}------------------")
}

/// Fails if `received` isn't `expected`.
#[track_caller]
pub fn expect_equal<T: PartialEq<U> + Debug, U: Debug>(
    step: &str,
    received: T,
    expected: U,
) {
    assert!(
        received == expected,
        "{step}\nexpected: {expected:?}\nreceived: {received:?}"
    );
}

/// Checks a line on standard error: it begins with `start` and contains `part`.
#[track_caller]
pub fn expect_error(line: &str, start: &str, part: &str) {
    assert!(
        line.starts_with(start) && line.contains(part),
        "expected: {start:?} … {part:?}\nreceived: {line:?}"
    );
}

/// A command whose input and output are pipes.
pub fn command(path: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    for variable in EXERCISE_VARIABLES {
        command.env_remove(variable);
    }
    command.args(arguments).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// An output that nothing reads: a write to it fails with `BrokenPipe`.
#[cfg(unix)]
pub fn closed_output() -> Stdio {
    let (output, _) = std::os::unix::net::UnixStream::pair().unwrap();
    std::os::fd::OwnedFd::from(output).into()
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
        Program::spawn(&mut command(path, arguments))
    }

    /// [`Program::start`], with these environment variables set.
    pub fn start_with(
        path: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let variables = variables.iter().copied();
        Program::spawn(command(path, arguments).envs(variables))
    }

    pub fn spawn(command: &mut Command) -> Self {
        let (mut program, stdout) = Program::spawn_unread(command);
        if let Some(stdout) = stdout {
            program.stdout = Lines::from_reader(stdout);
        }
        program
    }

    /// Leaves standard output, if it is a pipe, to the test.
    pub fn spawn_unread(command: &mut Command) -> (Self, Option<ChildStdout>) {
        let started = command.spawn();
        let mut child = started.unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let stdout = child.stdout.take();
        let program = Program {
            stdin: child.stdin.take(),
            stdout: Lines::from_reader(io::empty()),
            stderr: Lines::from_reader(child.stderr.take().expect("a pipe")),
            child,
        };
        (program, stdout)
    }

    /// Starts a program in which the `when`th call of a system call fails with
    /// `error`. Returns `None`, and says so, where that can't be done.
    pub fn start_with_failing_call(
        path: &str,
        arguments: &[&str],
        [call, error, when]: [&str; 3],
    ) -> Option<Self> {
        let strace = |arguments: &[&str]| command("strace", arguments);
        // -D: the program itself is our child, so it ends with its test.
        let inject = format!("inject={call}:error={error}:when={when}");
        let options = ["-D", "-f", "-o", "/dev/null", "-e", &inject];
        let works = strace(&[&options[..], &["true"]].concat()).status();
        if !works.is_ok_and(|status| status.success()) {
            println!("skipped: there is no strace here");
            return None;
        }
        let command = [&options[..], &[path], arguments].concat();
        Some(Program::spawn(&mut strace(&command)))
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
        if let Err(error) = stdin.write_all(bytes) {
            let log = self.stderr.read_to_end();
            let status = self.child.try_wait().unwrap();
            let end = status.map_or("-".to_owned(), |s| s.to_string());
            panic!(
                "something is typed\n\
                 expected: the program is running and reads it\n\
                 received: {error}; {end}; standard error: {log:?}"
            );
        }
    }

    /// Ends the input, as Ctrl-D does.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for the program to end, and checks its exit status.
    #[track_caller]
    pub fn expect_status(&mut self, expected: i32) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let code = status.code();
                if code != Some(expected) {
                    let log = self.stderr.drain();
                    panic!(
                        "expected: exit status {expected}\n\
                         received: {code:?}, standard error {log:?}"
                    );
                }
                return;
            }
            assert!(
                started.elapsed() < TIMEOUT,
                "expected: the program ends with exit status {expected}\n\
                 received: it is still running"
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Checks that the program ends with this exit status and has printed
    /// nothing more.
    #[track_caller]
    pub fn expect_end(&mut self, expected: i32) {
        self.expect_status(expected);
        expect_equal("standard output", self.stdout.read_to_end(), "");
        expect_equal("standard error", self.stderr.read_to_end(), "");
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

/// The lines that a program prints.
pub struct Lines {
    incoming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    pub fn from_reader(output: impl Read + Send + 'static) -> Self {
        let (lines, incoming) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|size| size > 0)
            {
                let text = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                if lines.send(text).is_err() {
                    break;
                }
            }
        });
        Lines { incoming, seen: Vec::new() }
    }

    /// The next line, without its line ending. `expected` is for the message
    /// if none comes.
    #[track_caller]
    fn next_or_fail(&mut self, expected: &dyn Debug) -> String {
        let error = match self.incoming.recv_timeout(TIMEOUT) {
            Ok(line) => {
                let line = line.trim_end_matches('\n').to_owned();
                self.seen.push(line.clone());
                return line;
            }
            Err(RecvTimeoutError::Timeout) => {
                format!("no further line within {TIMEOUT:?}")
            }
            Err(RecvTimeoutError::Disconnected) => "the end".to_owned(),
        };
        let last = &self.seen[self.seen.len().saturating_sub(10)..];
        panic!("expected: {expected:?}\nreceived: {error}, after {last:#?}")
    }

    /// The next line, if one comes within `time`.
    pub fn next_line_within(&mut self, time: Duration) -> Option<String> {
        let line = self.incoming.recv_timeout(time).ok()?;
        Some(line.trim_end_matches('\n').to_owned())
    }

    #[track_caller]
    pub fn next_line(&mut self) -> String {
        self.next_or_fail(&"a line")
    }

    /// The next line. `step` and `expected` are for the message if none comes.
    #[track_caller]
    pub fn next_line_at(&mut self, step: &str, expected: &str) -> String {
        self.next_or_fail(&format_args!("{expected:?} ({step})"))
    }

    #[track_caller]
    pub fn expect_line(&mut self, expected: &str) {
        let line = self.next_or_fail(&expected);
        expect_equal("the next line", line, expected);
    }

    /// Checks the next line like [`expect_error`].
    #[track_caller]
    pub fn expect_error(&mut self, start: &str, part: &str) {
        expect_error(&self.next_or_fail(&start), start, part);
    }

    /// Reads to the first line that contains `part` and returns that line.
    #[track_caller]
    pub fn read_until(&mut self, part: &str) -> String {
        loop {
            let line = self.next_or_fail(&part);
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All that is printed until the program closes this output.
    #[track_caller]
    pub fn read_to_end(&mut self) -> String {
        let mut rest = String::new();
        loop {
            match self.incoming.recv_timeout(TIMEOUT) {
                Ok(line) => rest += &line,
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(_) => panic!(
                    "expected: the end of the output\n\
                     received: nothing within {TIMEOUT:?}, after {rest:?}"
                ),
            }
        }
    }

    /// Closes this output when the next line comes.
    pub fn close(&mut self) {
        self.incoming = channel().1;
    }

    /// Removes and returns what has come and wasn't read, without waiting.
    pub fn drain(&mut self) -> String {
        self.incoming.try_iter().collect()
    }
}

/// One of our servers, at a port of its own.
pub struct Server {
    pub program: Program,
    pub address: SocketAddr,
}

impl Server {
    pub fn start() -> Self {
        Server::start_at("127.0.0.1:0")
    }

    pub fn start_at(address: &str) -> Self {
        Server::from_program(Program::start(SERVER, &[address]))
    }

    /// With this environment variable set.
    pub fn start_with(variable: &str, value: &str) -> Self {
        let variables = [(variable, value)];
        Server::from_program(Program::start_with(
            SERVER,
            &["127.0.0.1:0"],
            &variables,
        ))
    }

    /// A server that has just been started, once it says its address.
    #[track_caller]
    pub fn from_program(mut program: Program) -> Self {
        let first = program.stderr.next_or_fail(&"UDP Server on …");
        let address = first
            .strip_prefix("UDP Server on ")
            .and_then(|rest| rest.strip_suffix("..."))
            .unwrap_or_else(|| {
                panic!("expected: UDP Server on …\nreceived: {first}")
            });
        Server { address: address.parse().unwrap(), program }
    }

    /// Waits until the server has handled everything sent to it before.
    ///
    /// It handles one datagram after another, so the warning about this one
    /// comes after everything else.
    #[track_caller]
    pub fn wait_until_caught_up(&mut self) {
        let stranger = Peer::stranger_to(self.address);
        stranger.sends(b"\xff");
        self.read_warning_about(&stranger);
    }

    /// Reads the log to the warning about a datagram from `peer`, and returns
    /// that line.
    #[track_caller]
    pub fn read_warning_about(&mut self, peer: &Peer) -> String {
        let address = peer.address();
        let warning = format!("warning: dropped a datagram from {address}: ");
        self.program.stderr.read_until(&warning)
    }

    /// Checks the next line of the log, without what exercise 1 adds to it.
    #[track_caller]
    pub fn expect_log_line(&mut self, expected: &str) {
        let line = self.program.stderr.next_or_fail(&expected);
        expect_equal("the server's log", without_count(&line), expected);
    }

    /// Checks the next line of standard output: `peer` said `line`.
    #[track_caller]
    pub fn expect_chat_line(&mut self, line: &str, peer: &Peer) {
        let expected = format!("\"{line}\" from {}", peer.address());
        self.program.stdout.expect_line(&expected);
    }

    /// Checks that nothing was printed that the test hasn't read.
    #[track_caller]
    pub fn expect_nothing_printed(&mut self) {
        self.wait_until_caught_up();
        let printed = self.program.stdout.drain();
        expect_equal("the server's standard output", printed, "");
    }
}

/// A server's line about a join or a leave, without the ` (N here)` of
/// exercise 1.
pub fn without_count(line: &str) -> String {
    let end = line.find(" (").filter(|_| line.ends_with(" here)"));
    line[..end.unwrap_or(line.len())].to_owned()
}

/// A plain socket that takes part in a chat: a stranger or a member at a
/// server, or a server for a client.
pub struct Peer {
    pub socket: UdpSocket,
    /// Where `sends` sends to: the server, or the last sender.
    partner: Cell<Option<SocketAddr>>,
}

impl Peer {
    pub fn new(socket: UdpSocket) -> Self {
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        Peer { socket, partner: Cell::new(None) }
    }

    pub fn stranger_to(server: SocketAddr) -> Self {
        let peer = Peer::new(UdpSocket::bind((server.ip(), 0)).unwrap());
        peer.partner.set(Some(server));
        peer
    }

    /// A stranger that may be dropped while the server still sends to it: no
    /// other socket gets its port by chance.
    pub fn disposable(server: SocketAddr) -> Self {
        let peer = Peer::new(ports::bind_outside_ephemeral_range());
        peer.partner.set(Some(server));
        peer
    }

    /// A member called `name`, once the server has logged that.
    #[track_caller]
    pub fn joined(server: &mut Server, name: &str) -> Self {
        let peer = Peer::stranger_to(server.address);
        peer.sends(name);
        let logged = format!("{name} joined from {}", peer.address());
        server.program.stderr.read_until(&logged);
        peer
    }

    pub fn as_server() -> Self {
        Peer::as_server_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn as_server_at(address: SocketAddr) -> Self {
        Peer::new(UdpSocket::bind(address).unwrap())
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn partner(&self) -> SocketAddr {
        self.partner.get().expect("something was received")
    }

    #[track_caller]
    pub fn sends(&self, payload: impl AsRef<[u8]>) {
        self.socket.send_to(payload.as_ref(), self.partner()).unwrap();
    }

    /// The text of the next datagram. `expected` is for the message if none
    /// comes.
    #[track_caller]
    fn next_or_fail(&self, expected: &dyn Debug) -> String {
        let mut buffer = [0; 65_536];
        match self.socket.recv_from(&mut buffer) {
            Ok((size, from)) => {
                self.partner.set(Some(from));
                String::from_utf8_lossy(&buffer[..size]).into_owned()
            }
            Err(error) => panic!(
                "expected: {expected:?}\n\
                 received: nothing within {TIMEOUT:?} ({})",
                error.kind()
            ),
        }
    }

    /// The text of the next datagram, if one comes within `time`.
    pub fn next_payload_within(&self, time: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let mut buffer = [0; 65_536];
        let received = self.socket.recv_from(&mut buffer);
        self.socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        let (size, from) = received.ok()?;
        self.partner.set(Some(from));
        Some(String::from_utf8_lossy(&buffer[..size]).into_owned())
    }

    #[track_caller]
    pub fn next_text(&self) -> String {
        self.next_or_fail(&"a datagram")
    }

    /// The text of the next datagram. `step` and `expected` are for the message
    /// if none comes.
    #[track_caller]
    pub fn next_text_at(&self, step: &str, expected: &str) -> String {
        self.next_or_fail(&format_args!("{expected:?} ({step})"))
    }

    #[track_caller]
    pub fn expect(&self, expected: &str) {
        let received = self.next_or_fail(&expected);
        expect_equal("the next datagram", received, expected);
    }

    /// Checks that the server, once it has caught up, has sent nothing more.
    #[track_caller]
    pub fn expect_nothing_more(&self, server: &mut Server) {
        server.wait_until_caught_up();
        self.expect_empty_queue();
    }

    /// Checks that nothing has arrived that wasn't read.
    #[track_caller]
    pub fn expect_empty_queue(&self) {
        self.socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 65_536];
        match self.socket.recv(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => {
                let received = received.map(|size| {
                    String::from_utf8_lossy(&buffer[..size]).into_owned()
                });
                panic!("expected: nothing more\nreceived: {received:?}")
            }
        }
        self.socket.set_nonblocking(false).unwrap();
    }
}
