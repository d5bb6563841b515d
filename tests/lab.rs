//! The six steps of the lab (`src/guide/lab.md`). The tests are ignored until
//! you ask for them, because each one fails until its step is done:
//!
//! ```sh
//! cargo test --test lab -- --ignored           # checks all steps
//! cargo test --test lab step_1 -- --ignored    # checks one step
//! ```
//!
//! A test knows nothing about a program except its command line, datagrams and
//! output, so you can write the programs in any language: if `LAB_ASK`,
//! `LAB_ANSWER`, `LAB_RELAY` or `LAB_PING` is set, the tests run that command.

#[path = "common/examples.rs"]
mod examples;
#[path = "common/ports.rs"]
mod ports;

use std::fmt::{self, Display, Formatter};
use std::io::Read;
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{env, thread};

/// How long anything may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

#[test]
#[ignore = "step 1 of the lab"]
fn step_1_ask_sends_a_text_and_prints_the_answer() {
    let Some(lab_ask) = Lab::find("lab-ask") else { return };
    let server = Peer::new();
    let mut ask = lab_ask.start(&[&server.address, "hello"]);
    let question = server.expect(&mut ask, "lab-ask hello", b"hello");
    server.send(b"HELLO", question.from);
    let sent = "the server answered \"HELLO\"";
    ask.end(sent).check(sent, &server.printed("HELLO", &question));

    let mut ask = lab_ask.start(&[&server.address, "hello"]);
    let question = server.expect(&mut ask, "lab-ask hello", b"hello");
    server.send(b"\xff", question.from);
    let sent = "the server answered with the byte 0xff";
    let ended = ask.end(sent);
    let last = format!(" from {}\n", server.address);
    let right = ended.status.success() && ended.stdout.ends_with(&last);
    assert!(right, "{sent}: expected {last:?} at the end, but {ended}");

    // With a fixed port, the second program can't bind.
    let sent = "two lab-ask at once";
    let servers = [Peer::new(), Peer::new()];
    let running = servers.each_ref().map(|server| {
        let mut ask = lab_ask.start(&[&server.address, "hello"]);
        let question = server.expect(&mut ask, sent, b"hello");
        (server, ask, question)
    });
    for (server, mut ask, question) in running {
        server.send(b"HELLO", question.from);
        ask.end(sent).check(sent, &server.printed("HELLO", &question));
    }
}

#[test]
#[ignore = "step 2 of the lab"]
fn step_2_answer_answers_every_client_in_upper_case() {
    let Some(lab_answer) = Lab::find("lab-answer") else { return };
    let [ann, bob] = [Peer::new(), Peer::new()];
    let (mut answer, server) = lab_answer.start_server(&[&ann]);
    let mut check = |client: &Peer, sent: &str, text: &[u8]| {
        client.send(text, server);
        let expected = text.to_ascii_uppercase();
        client.expect(&mut answer, sent, &expected).check_sender(server);
    };
    for (client, text) in [(&ann, "Ann"), (&bob, "Bob"), (&ann, "Hi, Bob 1")] {
        let sent = format!("two clients; one sent {text:?}");
        check(client, &sent, text.as_bytes());
    }
    check(&ann, "a client sent an empty datagram", b"");
    check(&bob, "one client sent an empty datagram, another \"Bob\"", b"Bob");

    // The answer to 0xff may be anything, or nothing.
    ann.send(b"\xff", server);
    check(&bob, "one client sent the byte 0xff, another \"Bob\"", b"Bob");
    ann.try_receive();
    check(&ann, "a client sent the byte 0xff, then \"Ann\"", b"Ann");
}

#[test]
#[ignore = "step 3 of the lab"]
fn step_3_relay_passes_each_datagram_on_to_all_others() {
    let Some(lab_relay) = Lab::find("lab-relay") else { return };
    let clients = [Peer::new(), Peer::new(), Peer::new()];
    let (mut relay, server) =
        lab_relay.start_server(&[&clients[0], &clients[1]]);
    let mut earlier: (usize, &[u8]) = (0, READY);
    let mut present = 2;
    for (sender, text) in [
        (0, &b"hello"[..]),
        (1, b"hi"),
        (2, b"Carol"), // a newcomer's first datagram
        (0, b"Ann"),
        (1, b"Bob"),
        (0, b""),
        (2, b"\xff"),
        (1, b"end"),
    ] {
        present = present.max(sender + 1);
        clients[sender].send(text, server);
        for number in (0..present).filter(|&number| number != sender) {
            let sent = format!("client {} sent {}", sender + 1, show(text));
            let want = format!("{} at client {}", show(text), number + 1);
            let got = clients[number].receive(&mut relay, &sent, &want);
            got.check_sender(server);
            let which = match got.bytes == earlier.1 {
                true if number == earlier.0 => "its own ",
                true => "a second ",
                false => "",
            };
            let right = got.bytes == text;
            assert!(right, "{sent}: expected {want}, but {which}{got} came");
        }
        earlier = (sender, text);
    }
}

#[test]
#[ignore = "step 4 of the lab"]
fn step_4_ask_asks_three_times_if_no_answer_comes() {
    let Some(lab_ask) = Lab::find("lab-ask") else { return };
    let mut unanswered =
        lab_ask.start(&[&ports::unused_address().to_string(), "hello"]);
    let server = Peer::new();
    // Receives the same question again, a second after `earlier`.
    let again = |ask: &mut Program, earlier: &Datagram| {
        let sent = "lab-ask got no answer and has to ask again after 1 s";
        let question = server.expect(ask, sent, b"hello");
        question.check_socket(earlier);
        check_second(sent, earlier.at, question.at);
        question
    };

    let mut ask = lab_ask.start(&[&server.address, "hello"]);
    let first = server.expect(&mut ask, "lab-ask hello", b"hello");
    let second = again(&mut ask, &first);
    server.send(b"HELLO", second.from);
    server.send(b"HELLO", second.from);
    let sent = "the server answered the second try twice";
    ask.end(sent).check(sent, &server.printed("HELLO", &second));

    let mut ask = lab_ask.start(&[&server.address, "hello"]);
    let first = server.expect(&mut ask, "lab-ask hello", b"hello");
    let second = again(&mut ask, &first);
    let third = again(&mut ask, &second);
    let sent = "the server answered none of three tries";
    let ended = ask.end(sent);
    let fourth = server.try_receive().is_some();
    assert!(!fourth, "{sent}: expected no fourth try, but it came");
    check_second("the third try has to wait, too", third.at, ended.at);
    ended.check_no_answer(sent);

    let sent = "there is no socket at the server's port";
    unanswered.end(sent).check_no_answer(sent);
}

#[test]
#[ignore = "step 5 of the lab"]
fn step_5_ping_measures_times_and_counts_losses() {
    let Some(lab_ping) = Lab::find("lab-ping") else { return };
    let server = Peer::new();
    let mut ping = lab_ping.start(&[&server.address, "4"]);
    let first = server.expect(&mut ping, "lab-ping 4", b"1");
    server.send(b"1", first.from);
    let second = server.expect(&mut ping, "1 was answered", b"2");
    second.check_socket(&first);
    thread::sleep(Duration::from_millis(200));
    server.send(b"2", first.from);
    let third = server.expect(&mut ping, "2 was answered", b"3");
    let fourth = server.expect(&mut ping, "3 was not answered", b"4");
    check_second("3 was not answered", third.at, fourth.at);
    server.send(b"4", first.from);

    let sent = "1, 2 and 4 were answered, 2 after 200 ms";
    let times = ping.end(sent).check(
        sent,
        "1: T ms\n2: T ms\n3: lost\n4: T ms\n\
         4 sent, 3 received, 0 late, 0 duplicate\n",
    );
    check_time("1 was answered at once", times[0], 0.0..700.0);
    check_time("2 was answered after 200 ms", times[1], 199.0..1001.0);
    check_time("4 was answered at once", times[2], 0.0..700.0);
}

#[test]
#[ignore = "step 6 of the lab"]
fn step_6_ping_knows_each_answer_by_its_number() {
    let Some(lab_ping) = Lab::find("lab-ping") else { return };
    let server = Peer::new();
    let mut ping = lab_ping.start(&[&server.address, "5"]);
    let first = server.expect(&mut ping, "lab-ping 5", b"1");
    let answer = |text: &str| server.send(text.as_bytes(), first.from);
    answer("1");
    server.expect(&mut ping, "1 was answered", b"2");
    answer("1");
    server.expect(&mut ping, "2 was not answered, but 1 again", b"3");
    for text in ["2", "2", "three", "", "99", "3"] {
        answer(text);
    }
    let sent = "\"2\", \"2\", \"three\", \"\", \"99\" and \"3\" answered 3";
    let fourth = server.expect(&mut ping, sent, b"4");
    thread::sleep(Duration::from_millis(700));
    answer("stray");
    let sent = "only \"stray\" came 0.7 s after 4";
    let fifth = server.expect(&mut ping, sent, b"5");
    check_second(sent, fourth.at, fifth.at);
    thread::sleep(Duration::from_millis(600));
    answer("5");

    let sent = "1 was answered twice, 2 twice and late, 3 and 5 once";
    let times = ping.end(sent).check(
        sent,
        "1: T ms\nduplicate: 1\n2: lost\nlate: 2\nduplicate: 2\n3: T ms\n\
         4: lost\n5: T ms\n5 sent, 3 received, 1 late, 2 duplicate\n",
    );
    check_time("5 was answered after 600 ms", times[2], 599.0..1001.0);
}

/// What clients send until a server is ready.
const READY: &[u8] = b"ready?";

/// The words of the command that starts a program of the lab.
struct Lab(Vec<String>);

impl Lab {
    /// Builds our example, unless an environment variable names a command.
    /// Returns `None` if there is no cargo.
    fn find(name: &str) -> Option<Self> {
        let variable = name.to_uppercase().replace('-', "_");
        let command = env::var(variable).unwrap_or_default();
        let words = command.split_whitespace().map(String::from);
        let mut words: Vec<_> = words.collect();
        if words.is_empty() {
            words.push(examples::build(name)?.to_str()?.to_owned());
        }
        Some(Lab(words))
    }

    fn start(&self, arguments: &[&str]) -> Program {
        let mut child = Command::new(&self.0[0])
            .args(&self.0[1..])
            .args(arguments)
            .envs([("PYTHONIOENCODING", "utf-8"), ("PYTHONUNBUFFERED", "1")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {:?}: {error}", self.0));
        let stdout = read_all(child.stdout.take().unwrap());
        let stderr = read_all(child.stderr.take().unwrap());
        Program { child, stdout, stderr }
    }

    /// Starts a server. It is ready when something comes back to `clients`.
    fn start_server(&self, clients: &[&Peer]) -> (Program, SocketAddr) {
        let server = ports::unused_address();
        let mut program = self.start(&[&server.to_string()]);
        let started = Instant::now();
        loop {
            clients.iter().for_each(|client| client.send(READY, server));
            if clients.iter().any(|client| client.try_receive().is_some()) {
                return (program, server);
            }
            program.check(started, "clients sent \"ready?\"", "an answer");
        }
    }
}

/// Reads all output, up to a limit.
fn read_all(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = output.take(1_000_000).read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let _ = sender.send(text);
    });
    receiver
}

/// A running program, killed when dropped.
struct Program {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Fails if `want` can't come any more.
    #[track_caller]
    fn check(&mut self, started: Instant, sent: &str, want: &str) {
        if self.has_ended() {
            panic!("{sent}: expected {want}, but {}", self.end(sent));
        }
        let is_over = started.elapsed() > TIMEOUT;
        assert!(!is_over, "{sent}: expected {want}, but nothing came");
    }

    /// Waits for the program to end.
    #[track_caller]
    fn end(&mut self, sent: &str) -> Ended {
        let started = Instant::now();
        while !self.has_ended() && started.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(5));
        }
        let in_time = self.has_ended();
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        let at = Instant::now();
        let text = |output: &Receiver<String>| {
            output.recv_timeout(Duration::from_secs(1)).unwrap_or_default()
        };
        let (stdout, stderr) = (text(&self.stdout), text(&self.stderr));
        let ended = Ended { status, stdout, stderr, at };
        assert!(in_time, "{sent}: expected an end, but it was killed: {ended}");
        ended
    }
}

/// What a program has left.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    at: Instant,
}

impl Ended {
    /// Checks the output, with `T ms` for each time, and returns the times.
    #[track_caller]
    fn check(&self, sent: &str, expected: &str) -> Vec<f64> {
        let mut times = Vec::new();
        let mut output = String::new();
        for line in self.stdout.lines() {
            let time = line.strip_suffix(" ms").and_then(|line| {
                let (number, time) = line.split_once(": ")?;
                Some((number, time.parse::<f64>().ok()?))
            });
            times.extend(time.map(|(_, time)| time));
            output += &match time {
                Some((number, _)) => format!("{number}: T ms\n"),
                None => format!("{line}\n"),
            };
        }
        let right = self.status.success() && output == expected;
        assert!(right, "{sent}: expected the output {expected:?}, but {self}");
        times
    }

    #[track_caller]
    fn check_no_answer(&self, sent: &str) {
        let is_said = self.stderr.lines().any(|line| line == "no answer");
        let want = "\"no answer\" on standard error and exit status 1";
        let right = self.status.code() == Some(1) && is_said;
        assert!(right, "{sent}: expected {want}, but {self}");
    }
}

impl Display for Ended {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "it ended with {}", self.status)?;
        for (name, text) in [("output", &self.stdout), ("error", &self.stderr)]
        {
            if !text.is_empty() {
                write!(f, ", {name} {}", cut(format!("{text:?}")))?;
            }
        }
        Ok(())
    }
}

/// A socket of the test: a server for some programs, a client for others.
struct Peer {
    socket: UdpSocket,
    address: String,
}

impl Peer {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let moment = Duration::from_millis(10);
        socket.set_read_timeout(Some(moment)).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        Peer { socket, address }
    }

    fn send(&self, bytes: &[u8], to: SocketAddr) {
        self.socket.send_to(bytes, to).unwrap();
    }

    /// Waits for a moment only.
    fn try_receive(&self) -> Option<Datagram> {
        let mut buffer = [0; 65_536];
        // (Windows also reports an error if a socket has been closed.)
        let (size, from) = self.socket.recv_from(&mut buffer).ok()?;
        let bytes = buffer[..size].to_vec();
        Some(Datagram { bytes, from, at: Instant::now() })
    }

    #[track_caller]
    fn receive(&self, of: &mut Program, sent: &str, want: &str) -> Datagram {
        let started = Instant::now();
        loop {
            match self.try_receive() {
                Some(got) if !got.bytes.eq_ignore_ascii_case(READY) => {
                    return got;
                }
                _ => of.check(started, sent, want),
            }
        }
    }

    /// Receives a datagram and checks its bytes.
    #[track_caller]
    fn expect(&self, of: &mut Program, sent: &str, want: &[u8]) -> Datagram {
        let got = self.receive(of, sent, &show(want));
        let right = got.bytes == want;
        assert!(right, "{sent}: expected {}, but {got} came", show(want));
        got
    }

    /// What lab-ask prints about this server's answer to `question`.
    fn printed(&self, answer: &str, question: &Datagram) -> String {
        let port = question.from.port();
        format!("port {port}\n{answer} from {}\n", self.address)
    }
}

struct Datagram {
    bytes: Vec<u8>,
    from: SocketAddr,
    at: Instant,
}

impl Datagram {
    #[track_caller]
    fn check_sender(&self, want: SocketAddr) {
        let from = self.from;
        assert!(from == want, "{self} came from {from}, not from {want}");
    }

    #[track_caller]
    fn check_socket(&self, earlier: &Datagram) {
        let (one, two) = (earlier.from, self.from);
        let text = "one socket is enough";
        assert!(one == two, "it sent from {one}, then from {two}: {text}");
    }
}

impl Display for Datagram {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(&show(&self.bytes))
    }
}

/// Bytes for a message: what isn't printable ASCII is escaped.
fn show(bytes: &[u8]) -> String {
    cut(format!("\"{}\"", bytes.escape_ascii()))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Checks that a second is between `from` and `to`: a right program may be
/// somewhat late, and a new second after a stray answer takes 1.7 s in all.
#[track_caller]
fn check_second(sent: &str, from: Instant, to: Instant) {
    let wait = (to - from).as_secs_f64();
    let right = (0.8..1.65).contains(&wait);
    assert!(right, "{sent}: expected a wait of 1 s, but it took {wait:.2} s");
}

#[track_caller]
fn check_time(sent: &str, came: f64, want: Range<f64>) {
    let Range { start, end } = want;
    let right = want.contains(&came);
    assert!(right, "{sent}: expected {start} to {end} ms, but {came} ms came");
}
