//! The six steps of the lab (`src/guide/lab.md`). The tests are ignored until
//! you ask for them, because each one fails until its step is done:
//!
//! ```sh
//! cargo test --test lab -- --ignored           # checks all steps
//! cargo test --test lab step_1 -- --ignored    # checks one step
//! ```
//!
//! You can write the programs in any language: if `LAB_ASK`, `LAB_ANSWER`,
//! `LAB_RELAY` or `LAB_PING` is set, the tests run that command.

#[path = "../common/examples.rs"]
mod examples;
#[path = "../common/ports.rs"]
mod ports;

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
    // With a fixed port, the second program can't bind.
    let servers = [Peer::new(), Peer::new()];
    let running = servers.each_ref().map(|server| ask(&lab_ask, server));
    for (n, (mut ask, question)) in running.into_iter().enumerate() {
        let answer = [&b"HELLO"[..], b"\xff"][n];
        servers[n].send(answer, question.from);
        let sent = format!("the server answered {}", show(answer));
        let ended = ask.end(&sent);
        if n == 0 {
            ended.check(&sent, &servers[n].printed(&question));
        }
        let last = format!(" from {}\n", servers[n].address);
        let right = ended.status.success() && ended.stdout.ends_with(&last);
        let text = &ended.text;
        assert!(right, "{sent}: expected {last:?} at the end, but {text}");
    }
}

fn ask(lab_ask: &Lab, server: &Peer) -> (Program, Datagram) {
    let mut ask = lab_ask.start(&[&server.address, "hello"]);
    let question = server.expect(&mut ask, "lab-ask hello", b"hello");
    (ask, question)
}

#[test]
#[ignore = "step 2 of the lab"]
fn step_2_answer_answers_every_client_in_upper_case() {
    let Some(lab_answer) = Lab::find("lab-answer") else { return };
    let peers = [Peer::new(), Peer::new()];
    let [ann, bob] = &peers;
    let (mut answer, server) = lab_answer.start_server(&peers[..1]);
    let mut check = |client: &Peer, sent: &str, text: &[u8]| {
        client.send(text, server);
        let expected = text.to_ascii_uppercase();
        client.expect(&mut answer, sent, &expected).check_sender(server);
    };
    let who = [ann, bob, ann, ann, bob];
    for (client, text) in who.iter().zip(["Ann", "Bob", "Hi, 1", "", "Bob"]) {
        let sent = format!("one of two clients sent {text:?}");
        check(client, &sent, text.as_bytes());
    }
    // The answer to 0xff may be anything, or nothing.
    ann.send(b"\xff", server);
    check(bob, "one client sent the byte 0xff, another \"Bob\"", b"Bob");
    ann.try_receive();
    check(ann, "a client sent the byte 0xff, then \"Ann\"", b"Ann");
}

#[test]
#[ignore = "step 3 of the lab"]
fn step_3_relay_passes_each_datagram_on_to_all_others() {
    let Some(lab_relay) = Lab::find("lab-relay") else { return };
    let clients = [Peer::new(), Peer::new(), Peer::new()];
    let (mut relay, server) = lab_relay.start_server(&clients[..2]);
    let mut present = 2;
    // The third client's first datagram is "Carol".
    let texts = [&b"hi"[..], b"Bob", b"Carol", b"a", b"b", b"", b"\xff", b"c"];
    for (sender, text) in [0, 1, 2, 0, 1, 0, 2, 1].into_iter().zip(texts) {
        present = present.max(sender + 1);
        clients[sender].send(text, server);
        for number in (0..present).filter(|&number| number != sender) {
            let sent = format!("client {} sent {}", sender + 1, show(text));
            let sent = format!("{sent}; client {} received", number + 1);
            let got = clients[number].expect(&mut relay, &sent, text);
            got.check_sender(server);
        }
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
        question.check_sender(earlier.from);
        check_second(sent, earlier.at, question.at);
        question
    };
    let (mut asking, first) = ask(&lab_ask, &server);
    let second = again(&mut asking, &first);
    server.send(b"HELLO", second.from);
    server.send(b"HELLO", second.from);
    let sent = "the server answered the second try twice";
    asking.end(sent).check(sent, &server.printed(&second));
    let (mut asking, first) = ask(&lab_ask, &server);
    let second = again(&mut asking, &first);
    let third = again(&mut asking, &second);
    let sent = "the server answered none of three tries";
    let ended = asking.end(sent);
    let fourth = server.try_receive().is_some();
    assert!(!fourth, "{sent}: expected no fourth try, but it came");
    check_second("the third try has to wait, too", third.at, Instant::now());
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
    second.check_sender(first.from);
    thread::sleep(Duration::from_millis(200));
    server.send(b"2", first.from);
    let third = server.expect(&mut ping, "2 was answered", b"3");
    let fourth = server.expect(&mut ping, "3 was not answered", b"4");
    check_second("3 was not answered", third.at, fourth.at);
    server.send(b"4", first.from);
    let sent = "1, 2 and 4 were answered, 2 after 200 ms";
    let want = "1: T ms\n2: T ms\n3: lost\n4: T ms\n\
                4 sent, 3 received, 0 late, 0 duplicate\n";
    let times = ping.end(sent).check(sent, want);
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
    let want = "1: T ms\nduplicate: 1\n2: lost\nlate: 2\nduplicate: 2\n\
                3: T ms\n4: lost\n5: T ms\n\
                5 sent, 3 received, 1 late, 2 duplicate\n";
    let times = ping.end(sent).check(sent, want);
    check_time("5 was answered after 600 ms", times[2], 599.0..1001.0);
}

/// What clients send until a server is ready.
const READY: &[u8] = b"ready?";

/// The words of the command that starts a program of the lab.
struct Lab(Vec<String>);

impl Lab {
    /// The command from the environment, or our example, if it can be built.
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
    fn start_server(&self, clients: &[Peer]) -> (Program, SocketAddr) {
        let server = ports::unused_address();
        let mut program = self.start(&[&server.to_string()]);
        let started = Instant::now();
        while !clients.iter().any(|client| client.try_receive().is_some()) {
            program.check(started, "clients sent \"ready?\"", "an answer");
            clients.iter().for_each(|client| client.send(READY, server));
        }
        (program, server)
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
    fn check(&mut self, started: Instant, sent: &str, want: &str) {
        if self.has_ended() {
            panic!("{sent}: expected {want}, but {}", self.end(sent).text);
        }
        let is_over = started.elapsed() > TIMEOUT;
        assert!(!is_over, "{sent}: expected {want}, but nothing came");
    }

    /// Waits for the program to end.
    fn end(&mut self, sent: &str) -> Ended {
        let started = Instant::now();
        while !self.has_ended() && started.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(5));
        }
        let in_time = self.has_ended();
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        let [stdout, stderr] = [&self.stdout, &self.stderr].map(|output| {
            output.recv_timeout(Duration::from_secs(1)).unwrap_or_default()
        });
        let text = format!("{stderr:?}, output {stdout:?}");
        let text = format!("it ended with {status}, error {text:.300}");
        assert!(in_time, "{sent}: expected an end, but it was killed: {text}");
        Ended { status, stdout, stderr, text }
    }
}

/// What a program has left, also as a text for messages.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    text: String,
}

impl Ended {
    /// Checks the output, with `T ms` for each time, and returns the times.
    fn check(&self, sent: &str, want: &str) -> Vec<f64> {
        let mut times = Vec::new();
        let mut output = String::new();
        for line in self.stdout.lines() {
            let parts = line.strip_suffix(" ms").map(|it| it.split_once(": "));
            match parts.flatten().map(|(n, time)| (n, time.parse())) {
                Some((number, Ok(time))) => {
                    times.push(time);
                    output += &format!("{number}: T ms\n");
                }
                _ => output += &format!("{line}\n"),
            }
        }
        let right = self.status.success() && output == want;
        let text = &self.text;
        assert!(right, "{sent}: expected the output {want:?}, but {text}");
        times
    }

    fn check_no_answer(&self, sent: &str) {
        let is_said = self.stderr.lines().any(|line| line == "no answer");
        let right = self.status.code() == Some(1) && is_said;
        let want = "\"no answer\" on standard error and exit status 1";
        assert!(right, "{sent}: expected {want}, but {}", self.text);
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
        socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
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
        let (bytes, at) = (buffer[..size].to_vec(), Instant::now());
        Some(Datagram { bytes, from, at })
    }

    /// Receives a datagram and checks its bytes.
    fn expect(&self, of: &mut Program, sent: &str, want: &[u8]) -> Datagram {
        let (text, started) = (show(want), Instant::now());
        loop {
            match self.try_receive() {
                Some(got) if !got.bytes.eq_ignore_ascii_case(READY) => {
                    let (right, came) = (got.bytes == want, show(&got.bytes));
                    assert!(right, "{sent}: expected {text}, but {came} came");
                    return got;
                }
                _ => of.check(started, sent, &text),
            }
        }
    }

    /// What lab-ask prints if this server answers `question` with HELLO.
    fn printed(&self, question: &Datagram) -> String {
        let port = question.from.port();
        format!("port {port}\nHELLO from {}\n", self.address)
    }
}

struct Datagram {
    bytes: Vec<u8>,
    from: SocketAddr,
    at: Instant,
}

impl Datagram {
    fn check_sender(&self, want: SocketAddr) {
        let (bytes, from) = (show(&self.bytes), self.from);
        assert!(from == want, "{bytes} came from {from}, not from {want}");
    }
}

/// Bytes for a message: what isn't printable ASCII is escaped.
fn show(bytes: &[u8]) -> String {
    format!("\"{:.300}\"", bytes.escape_ascii().to_string())
}

/// A right program may be late. With a new second after a stray, it is 1.7 s.
fn check_second(sent: &str, from: Instant, to: Instant) {
    check_time(sent, (to - from).as_secs_f64() * 1000.0, 800.0..1650.0);
}

fn check_time(sent: &str, ms: f64, want: Range<f64>) {
    let right = want.contains(&ms);
    assert!(right, "{sent}: expected {want:?} ms, but it was {ms} ms");
}
