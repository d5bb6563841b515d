//! The programs as users run them, and peers made of plain sockets.
//!
//! No sleep here decides a result. Everything that waits fails after
//! [`TIMEOUT`], which is far more than a loaded machine needs, and then says
//! what was expected. Every started program ends with its test.

#![allow(dead_code)] // No test file uses all of this.

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
use std::time::{Duration, Instant};
use std::{env, thread};

/// How long anything may take.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// 65,535 bytes without the headers, or less (macOS: `net.inet.udp.maxdgram`).
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Fails if `received` isn't `expected`. Of long values, the message shows what
/// is near the first difference.
#[track_caller]
pub fn expect_equal<T: PartialEq<U> + Debug, U: Debug>(
    step: &str,
    received: T,
    expected: U,
) {
    if received != expected {
        let values = [format!("{expected:?}"), format!("{received:?}")];
        let pairs = values[0].chars().zip(values[1].chars());
        let same = pairs.take_while(|(one, other)| one == other).count();
        let skipped = if same > 1000 { same - 200 } else { 0 };
        let [expected, received] = values.map(|value| {
            value.chars().skip(skipped).take(1500).collect::<String>()
        });
        let from = match skipped {
            0 => String::new(),
            _ => format!(" (both without their first {skipped} characters)"),
        };
        panic!("{step}{from}\nexpected: {expected}\nreceived: {received}");
    }
}

/// Checks a line on standard error: it begins with `start` and contains `part`.
#[track_caller]
pub fn expect_error(line: &str, start: &str, part: &str) {
    assert!(
        line.starts_with(start) && line.contains(part),
        "expected: {start:?} … {part:?}\nreceived: {line:?}"
    );
}

/// A command whose input and output are pipes, without the variables of the
/// exercises, which you may have exported.
pub fn command(path: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("UDP_CHAT_") {
            command.env_remove(variable);
        }
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
        let mut command = command(path, arguments);
        Program::spawn(command.envs(variables.iter().copied()))
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
            stderr: match child.stderr.take() {
                Some(pipe) => Lines::from_reader(pipe),
                None => Lines::from_reader(io::empty()),
            },
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
            let code = self.child.try_wait().unwrap().map(|it| it.code());
            panic!(
                "expected: the program is running and reads what is typed\n\
                 received: {error}; exit status {code:?}; log {log:?}"
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
        let mut status = None;
        while status.is_none() && started.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(2));
            status = self.child.try_wait().unwrap();
        }
        let end = status.map_or("no end".to_owned(), |it| it.to_string());
        assert!(
            status.is_some_and(|status| status.code() == Some(expected)),
            "expected: exit status {expected}\n\
             received: {end}, standard error {:?}",
            self.stderr.drain()
        );
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

    /// Starts a program with this address as its only argument.
    pub fn start_at(path: &str, address: SocketAddr) -> Self {
        Program::start(path, &[&address.to_string()])
    }

    /// Types all that is ever typed: the input ends after it.
    #[track_caller]
    pub fn types_only(&mut self, input: &str) {
        self.types_bytes(input.as_bytes());
        self.end_input();
    }

    /// [`Program::expect_end`], but the test needn't have read what was
    /// printed.
    #[track_caller]
    pub fn expect_end_unread(&mut self, expected: i32) {
        self.expect_status(expected);
        expect_equal("standard error", self.stderr.read_to_end(), "");
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
            while output.read_until(b'\n', &mut line).is_ok_and(|n| n > 0)
                && lines.send(text(&line)).is_ok()
            {
                line.clear();
            }
        });
        Lines { incoming, seen: Vec::new() }
    }

    /// The next line. `expected` is for the message if none comes.
    #[track_caller]
    fn next_or_fail(&mut self, expected: &dyn Debug) -> String {
        let error = match self.incoming.recv_timeout(TIMEOUT) {
            Ok(line) => {
                self.seen.push(line.trim_end_matches('\n').to_owned());
                return self.seen[self.seen.len() - 1].clone();
            }
            Err(RecvTimeoutError::Timeout) => "no further line in 20 s",
            Err(RecvTimeoutError::Disconnected) => "the end",
        };
        let last = &self.seen[self.seen.len().saturating_sub(10)..];
        let last: Vec<_> = last.iter().map(|it| format!("{it:.500}")).collect();
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

    /// What is printed until the program closes this output.
    #[track_caller]
    pub fn read_to_end(&mut self) -> String {
        let mut rest = String::new();
        loop {
            match self.incoming.recv_timeout(TIMEOUT) {
                Ok(line) => rest += &line,
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(_) => panic!("no end of the output in 20 s, after {rest}"),
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
        let arguments = ["127.0.0.1:0"];
        let variables = [(variable, value)];
        Server::from_program(Program::start_with(
            SERVER, &arguments, &variables,
        ))
    }

    /// A server that has just been started, once it says its address.
    #[track_caller]
    pub fn from_program(mut program: Program) -> Self {
        let first = program.stderr.next_or_fail(&"UDP Server on …");
        expect_error(&first, "UDP Server on ", "...");
        let address = first["UDP Server on ".len()..].trim_end_matches('.');
        let parsed = address.parse().ok();
        let address = parsed.filter(|it: &SocketAddr| it.port() != 0);
        let wrong = || panic!("expected: a port to send to\nreceived: {first}");
        Server { address: address.unwrap_or_else(wrong), program }
    }

    /// Waits until the server has handled everything sent to it before this. It
    /// handles one datagram after another.
    #[track_caller]
    pub fn wait_until_caught_up(&mut self) {
        let stranger = Peer::stranger_to(self.address);
        stranger.sends(b"\xff");
        self.read_warning_about(&stranger);
    }

    /// Reads the log to the warning about a datagram from `peer`. Returns it.
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

    /// These members join one after another and read each other's notices.
    #[track_caller]
    pub fn join<const N: usize>(&mut self, names: [&str; N]) -> [Peer; N] {
        let peers = names.map(|name| Peer::joined(self, name));
        for (number, peer) in peers.iter().enumerate() {
            for later in &names[number + 1..] {
                peer.expect(&joined_notice(later));
            }
        }
        peers
    }

    /// Checks that what `speaker` sends is printed and that `listener` gets it.
    #[track_caller]
    pub fn expect_relayed(
        &mut self,
        [speaker, listener]: [&Peer; 2],
        sent: &str,
        relayed: &str,
    ) {
        speaker.sends(sent);
        listener.expect(relayed);
        self.expect_chat_line(relayed, speaker);
    }

    /// Reads the log to the next warning about a datagram from `peer`. It must
    /// give this reason.
    #[track_caller]
    pub fn expect_drop(&mut self, peer: &Peer, reason: &str) {
        expect_error(&self.read_warning_about(peer), "warning: ", reason);
    }

    /// Checks that the server, once it has caught up, has sent these peers
    /// nothing more and has printed nothing that the test hasn't read.
    #[track_caller]
    pub fn expect_nothing_more(&mut self, peers: &[&Peer]) {
        self.expect_nothing_printed();
        for peer in peers {
            peer.expect_empty_queue();
        }
    }
}

/// A line of the server's log without the ` (N here)` of exercise 1.
pub fn without_count(line: &str) -> String {
    let end = line.find(" (").filter(|_| line.ends_with(" here)"));
    line[..end.unwrap_or(line.len())].to_owned()
}

/// A plain socket in a chat: a stranger or member at a server, or a server.
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
        let socket = UdpSocket::bind((server.ip(), 0)).unwrap();
        Peer { partner: Some(server).into(), ..Peer::new(socket) }
    }

    /// A stranger that may be dropped while the server still sends to it: no
    /// other socket gets its port by chance.
    pub fn disposable(server: SocketAddr) -> Self {
        let socket = ports::bind_from(12_288);
        Peer { partner: Some(server).into(), ..Peer::new(socket) }
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

    /// The text of the next datagram.
    fn receive(&self) -> io::Result<String> {
        let mut buffer = [0; 65_536];
        let (size, from) = self.socket.recv_from(&mut buffer)?;
        self.partner.set(Some(from));
        Ok(text(&buffer[..size]))
    }

    /// `expected` is for the message if no datagram comes.
    #[track_caller]
    fn next_or_fail(&self, expected: &dyn Debug) -> String {
        let error = match self.receive() {
            Ok(text) => return text,
            Err(error) => error.kind(),
        };
        panic!("expected: {expected:?}\nreceived: nothing in 20 s ({error})")
    }

    /// The text of the next datagram, if one comes within `time`.
    pub fn next_payload_within(&self, time: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let received = self.receive().ok();
        self.socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        received
    }

    #[track_caller]
    pub fn next_text(&self) -> String {
        self.next_or_fail(&"a datagram")
    }

    /// The next text. `step` and `expected` are for the message if none comes.
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
        let received = self.receive();
        self.socket.set_nonblocking(false).unwrap();
        let kind = received.as_ref().map_err(io::Error::kind);
        let is_empty = kind == Err(io::ErrorKind::WouldBlock);
        assert!(is_empty, "expected: nothing more\nreceived: {received:?}");
    }

    /// Checks that the client prints `printed` when this peer sends `payload`.
    #[track_caller]
    pub fn expect_printed(
        &self,
        client: &mut Program,
        payload: impl AsRef<[u8]>,
        printed: &str,
    ) {
        self.sends(payload);
        client.stdout.expect_line(printed);
    }

    /// Checks that this peer receives `sent` when `typed` is typed.
    #[track_caller]
    pub fn expect_typed(&self, client: &mut Program, typed: &str, sent: &str) {
        client.types(typed);
        self.expect(sent);
    }

    /// Sends each of the texts that `|` separates.
    #[track_caller]
    pub fn sends_each(&self, texts: &str) {
        for text in texts.split('|') {
            self.sends(text);
        }
    }

    /// Checks the next datagrams, whose texts `|` separates.
    #[track_caller]
    pub fn expect_each(&self, texts: &str) {
        for text in texts.split('|') {
            self.expect(text);
        }
    }
}

/// A table of pairs: `cases! { given => expected, … }`.
#[allow(unused_macros)]
macro_rules! cases {
    ($($given:expr => $expected:expr),* $(,)?) => {
        [$(($given, $expected)),*]
    };
}
#[allow(unused_imports)]
pub(crate) use cases;

pub const CANNOT_PRINT: &str = "error: cannot write to standard output: ";

/// The command that starts 小明's client.
pub fn client_command(server: &Peer) -> Command {
    command(CLIENT, &[&server.address().to_string(), "小明"])
}

/// 小明's client, [started][Program::start_with_failing_call] at this server.
pub fn failing_client(server: &Peer, failing: [&str; 3]) -> Option<Program> {
    let arguments = [&*server.address().to_string(), "小明"];
    Program::start_with_failing_call(CLIENT, &arguments, failing)
}

/// A server, [started][Program::start_with_failing_call].
pub fn failing_server(path: &str, failing: [&str; 3]) -> Option<Server> {
    let arguments = ["127.0.0.1:0"];
    let program = Program::start_with_failing_call(path, &arguments, failing);
    program.map(Server::from_program)
}
