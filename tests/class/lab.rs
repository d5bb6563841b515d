//! The six steps of the lab (`src/guide/lab.md`). The tests are ignored until
//! you ask for them, because each one fails until its step is done:
//!
//! ```sh
//! cargo test --test lab -- --ignored           # checks all steps
//! cargo test --test lab step_1 -- --ignored    # checks one step
//! ```
//!
//! You can write the programs in any language: if `LAB_ASK`, `LAB_ANSWER`,
//! `LAB_RELAY` or `LAB_PING` is set, the tests run that command. Each run uses
//! other texts and numbers. A test that fails prints a number. If you set
//! `LAB_SEED` to this number, the test uses the same ones again.

#[path = "../common/examples.rs"]
mod examples;
mod lab_programs;
#[path = "../common/ports.rs"]
mod ports;

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};
use std::{array, thread};

use lab_programs::{Datagram, Lab, Peer, Program, Random, show, skip};

/// How long anything may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

#[test]
#[ignore = "step 1 of the lab"]
fn step_1_ask_sends_a_text_and_prints_the_answer() {
    let Some(lab_ask) = Lab::find("lab-ask") else { return };
    let mut random = Random::new();
    let servers = [(); 3].map(|()| Peer::new("the server"));
    let texts = [10, 600, 10].map(|size| random.text(size));
    let answers = [
        format!(" {} ", random.text(10)).into_bytes(),
        format!("{} 进", random.text(600)).into_bytes(),
        b"\xff".to_vec(),
    ];
    // All run at the same time: with a fixed port, only one of them can bind.
    // They are answered soon, because step 4 makes them give up after 3 s.
    let mut asks: [_; 3] =
        array::from_fn(|n| start_ask(&lab_ask, &servers[n], &texts[n]));
    let questions: [_; 3] = array::from_fn(|n| {
        servers[n].expect(&mut asks[n], texts[n].as_bytes(), None)
    });
    for n in 0..3 {
        servers[n].answer(&mut asks[n], &questions[n], &answers[n]);
    }
    for (n, ask) in asks.iter_mut().enumerate() {
        if n < 2 {
            let want = printed(&servers[n], &questions[n], &answers[n]);
            ask.check_output(&want);
        }
        // For 0xff, which isn't UTF-8, it may print anything.
        let last = format!(" from {}\n", servers[n].address);
        let right = ask.end() == Some(0) && ask.left[0].ends_with(&last);
        ask.check(right, &format!("{last:?} at the end, exit status 0"));
    }
}

/// Starts lab-ask with another name of the server's address, because lab-ask
/// has to print where the answer came from, and not its argument.
fn start_ask(lab_ask: &Lab, server: &Peer, text: &str) -> Program {
    let mut name = server.address.replace("127.0.0.1", "127.1");
    let address = name.to_socket_addrs().ok().and_then(|mut it| it.next());
    if address.is_none_or(|it| it.to_string() != server.address) {
        skip("`127.1` doesn't mean 127.0.0.1");
        name.clone_from(&server.address);
    }
    let mut ask = lab_ask.start(&[&name, text]);
    ask.done = format!("the server waits at {}", server.address);
    ask
}

/// What lab-ask has to print.
fn printed(server: &Peer, question: &Datagram, answer: &[u8]) -> [String; 2] {
    let answer = String::from_utf8_lossy(answer);
    let port = format!("port {}", question.from.port());
    [port, format!("{answer} from {}", server.address)]
}

#[test]
#[ignore = "step 2 of the lab"]
fn step_2_answer_answers_every_client_in_upper_case() {
    let Some(lab_answer) = Lab::find("lab-answer") else { return };
    let mut random = Random::new();
    let clients = ["client 1", "client 2"].map(Peer::new);
    let (mut answer, server) = lab_answer.start_server(&clients[..1]);
    let sender = "the answer goes to the datagram's sender";
    let empty = "0 bytes are a datagram, too";
    let bytes = "only ASCII letters change, and nothing is left out";
    let texts = [
        (0, random.text(10).into_bytes(), sender),
        (1, random.text(10).into_bytes(), sender),
        (0, random.text(10).into_bytes(), sender),
        (0, Vec::new(), empty),
        (1, random.text(600).into_bytes(), bytes),
        (0, b" \tspaces\0 and line ends\r\n".to_vec(), bytes),
        (1, "Straße, été".into(), bytes),
        (0, b"not UTF-8: \xff\xe4\xc3".to_vec(), bytes),
        (1, random.text(10).into_bytes(), sender),
    ];
    for (client, text, rule) in texts {
        answer.done = format!("client {} sent {}", client + 1, show(&text));
        answer.done += &format!("; {rule}");
        clients[client].send(&text, server);
        let want = text.to_ascii_uppercase();
        clients[client].expect(&mut answer, &want, Some(server));
    }
    answer.check_silence(&clients);
}

#[test]
#[ignore = "step 3 of the lab"]
fn step_3_relay_passes_each_datagram_on_to_all_others() {
    let Some(lab_relay) = Lab::find("lab-relay") else { return };
    let mut random = Random::new();
    let mut clients =
        ["client 1", "client 2", "client 3", "client 4"].map(Peer::new);
    let twin = clients[0].address.replace("127.0.0.1", "127.0.0.2");
    match UdpSocket::bind(&twin) {
        Ok(socket) => {
            let name = format!("client 4 ({twin}, with client 1's port)");
            clients[3] = Peer::with(socket, &name);
        }
        Err(_) => skip("no two clients have the same port"),
    }
    let (mut relay, server) = lab_relay.start_server(&clients[..2]);
    // What clients 3 and 4 send first is passed on, too.
    let senders = [0, 1, 2, 0, 3, 1, 0, 2, 1, 0, 3, 2, 1];
    let mut texts = senders.map(|_| random.text(10).into_bytes());
    texts[7] = b"exit".to_vec();
    texts[8] = random.text(600).into_bytes();
    texts[9] = Vec::new();
    texts[10] = b" not UTF-8: \xff\0\n".to_vec();
    let mut present = 2;
    for (sender, text) in senders.into_iter().zip(&texts) {
        present = present.max(sender + 1);
        relay.done = format!("{} sent {}", clients[sender].name, show(text));
        relay.done += "; it goes to all other clients, unchanged";
        clients[sender].send(text, server);
        for other in (0..present).filter(|&other| other != sender) {
            clients[other].expect(&mut relay, text, Some(server));
        }
    }
    relay.check_silence(&clients);
}

#[test]
#[ignore = "step 4 of the lab"]
fn step_4_ask_asks_three_times_if_no_answer_comes() {
    let Some(lab_ask) = Lab::find("lab-ask") else { return };
    let mut random = Random::new();
    let [text, answer] = [(); 2].map(|()| random.text(10));
    let nobody = ports::unused_address().to_string();
    let mut unanswered = lab_ask.start(&[&nobody, &text]);
    let servers = [Peer::new("the server")];
    let [server] = &servers;
    // Receives the same question again, a second after `earlier`.
    let again = |ask: &mut Program, earlier: &Datagram| {
        ask.done = "the server didn't answer, so it is asked again".into();
        let want = text.as_bytes();
        let question = server.expect(ask, want, Some(earlier.from));
        ask.check_second("between two tries", earlier.at, question.at);
        question
    };
    let mut asking = start_ask(&lab_ask, server, &text);
    let first = server.expect(&mut asking, text.as_bytes(), None);
    let second = again(&mut asking, &first);
    server.answer(&mut asking, &second, answer.as_bytes());
    server.answer(&mut asking, &second, answer.as_bytes());
    asking.done += " twice, after the second try";
    asking.check_output(&printed(server, &second, answer.as_bytes()));
    asking.check_silence(&servers);

    let mut asking = start_ask(&lab_ask, server, &text);
    let first = server.expect(&mut asking, text.as_bytes(), None);
    let second = again(&mut asking, &first);
    let third = again(&mut asking, &second);
    asking.done = "the server answered none of three tries".into();
    asking.end();
    let ended = Instant::now();
    asking.check_silence(&servers);
    let what = "from the third try to the end (it has to wait, too)";
    asking.check_ms(what, ended - third.at, 800..3000);
    asking.check_no_answer();
    let want = format!("port {}\n", third.from.port());
    let right = asking.left[0] == want;
    asking.check(right, &format!("only {want:?} on standard output"));
    unanswered.done = "no socket is bound to the address that it asks".into();
    unanswered.check_no_answer();
}

#[test]
#[ignore = "step 5 of the lab"]
fn step_5_ping_measures_times_and_counts_losses() {
    let Some(lab_ping) = Lab::find("lab-ping") else { return };
    let mut random = Random::new();
    let (slow, lost) = (6 + random.below(2), 8 + random.below(2));
    let (count, delay) = (11 + random.below(3), 150 + random.below(250));
    let mut ping = Ping::start(&lab_ping, count);
    for number in 1..=count {
        ping.receive(number);
        if number == 6 {
            let took = ping.arrived[5] - ping.arrived[0];
            let what = "for five numbers that are answered at once";
            ping.program.check_ms(what, took, 0..1000);
        }
        if number == slow {
            ping.sleep(delay);
        }
        if number == lost {
            ping.lose(number);
        } else {
            ping.send(&number.to_string(), &format!("{number}: T ms"));
        }
    }
    let times = ping.end();
    for (number, took) in (1..=count).filter(|&it| it != lost).zip(times) {
        // (Some clocks tick only every 16 ms.)
        let limits = if number == slow { delay - 20..1001 } else { 0..700 };
        let what = format!("printed as the time of {number}");
        ping.program.check_ms(&what, took, limits);
    }
}

#[test]
#[ignore = "step 6 of the lab"]
fn step_6_ping_knows_each_answer_by_its_number() {
    let Some(lab_ping) = Lab::find("lab-ping") else { return };
    let mut random = Random::new();
    // Numbers over 9 show whether numbers are compared as texts.
    let (late, lost, count) = (3 + random.below(3), 10, 12 + random.below(3));
    let (other, delay) = (7 + random.below(2), 200 + random.below(400));
    let mut ping = Ping::start(&lab_ping, count);
    for number in 1..=count {
        ping.receive(number);
        if number == 2 {
            ping.send("1", "duplicate: 1");
        } else if number == late {
            // What is left of the second may be 0 when one of these comes.
            // (They are so few that they fit into a socket's buffer.)
            ping.sleep(940);
            ping.program.done += " about 200 times \"stray\" until 1060 ms";
            while ping.arrived[late - 1].elapsed().as_millis() < 1060 {
                ping.server.send(b"stray", ping.address.unwrap());
                thread::sleep(Duration::from_micros(500));
            }
        } else if number == other {
            ping.program.done += " (ignore all but the last)";
            let (next, beyond) = (number + 1, count + 1);
            let texts =
                format!("{next}|{beyond}| {number} |{number}.0|n {number}");
            let texts = texts + "|three||0|-1|100|99999999999999999999";
            texts.split('|').for_each(|text| ping.send(text, ""));
            ping.server.send(b"\xff", ping.address.unwrap());
        } else if number == lost {
            ping.sleep(700);
            ping.send(&late.to_string(), &format!("late: {late}"));
            ping.send("1", "duplicate: 1");
            ping.send("stray", "");
        } else if number == lost + 1 {
            ping.send(&late.to_string(), &format!("duplicate: {late}"));
        } else if number == count {
            ping.sleep(delay);
        }
        if number == late || number == lost {
            ping.lose(number);
        } else {
            ping.send(&number.to_string(), &format!("{number}: T ms"));
        }
    }
    let answered = Instant::now();
    ping.program.done += ", then, when lab-ping has nothing to wait for,";
    ping.send(&lost.to_string(), "");
    let times = ping.end();
    let what = "from the last answer to the end";
    ping.program.check_ms(what, answered.elapsed(), 0..950);
    let what = format!("printed as the time of {count}");
    ping.program.check_ms(&what, times[count - 3], delay - 20..1001);
}

/// A running lab-ping and its server.
struct Ping {
    program: Program,
    server: Peer,
    /// Where lab-ping's numbers come from.
    address: Option<SocketAddr>,
    /// When each number arrived.
    arrived: Vec<Instant>,
    /// What lab-ping has to print.
    want: Vec<String>,
}

impl Ping {
    fn start(lab_ping: &Lab, count: usize) -> Self {
        let server = Peer::new("the server");
        let arguments = [&server.address, &count.to_string()];
        let mut program = lab_ping.start(&arguments.map(|it| &it[..]));
        program.done = "the server received and sent:".into();
        let (arrived, want) = (Vec::new(), Vec::new());
        Ping { program, server, address: None, arrived, want }
    }

    /// Receives a number. If the one before is lost, this takes a second.
    fn receive(&mut self, number: usize) {
        let text = number.to_string();
        let program = &mut self.program;
        let got = self.server.expect(program, text.as_bytes(), self.address);
        self.address = Some(got.from);
        self.arrived.push(got.at);
        program.done += &format!("\n    {number}:");
        if self.want.last().is_some_and(|line| line.ends_with("lost")) {
            let earlier = self.arrived[number - 2];
            program.check_second("for the lost number", earlier, got.at);
        }
    }

    fn sleep(&mut self, ms: usize) {
        thread::sleep(Duration::from_millis(ms as u64));
        self.program.done += &format!(" after {ms} ms");
    }

    /// Sends a text. `line` is what lab-ping has to print, if not empty.
    fn send(&mut self, text: &str, line: &str) {
        self.server.send(text.as_bytes(), self.address.unwrap());
        self.program.done += &format!(" {text:?}");
        self.want.extend((!line.is_empty()).then(|| line.to_owned()));
    }

    fn lose(&mut self, number: usize) {
        self.program.done += " (no answer)";
        self.want.push(format!("{number}: lost"));
    }

    /// Checks the whole output and returns the times in it.
    fn end(&mut self) -> Vec<Duration> {
        let lines_with =
            |part| self.want.iter().filter(|line| line.contains(part)).count();
        let [received, late, again] =
            [" ms", "late: ", "duplicate: "].map(lines_with);
        let sums = format!("{} sent, {received} received", self.arrived.len());
        self.want.push(format!("{sums}, {late} late, {again} duplicate"));
        self.program.check_output(&self.want)
    }
}
