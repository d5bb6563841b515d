//! The programs of the lab that run in a test, and the sockets of the test.
//! A check that fails says what was done, what had to come, and what came.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{env, str, thread};

use super::{TIMEOUT, examples, ports};

/// Other texts and numbers in each run, or the ones of LAB_SEED.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        let seed = env::var("LAB_SEED").ok().filter(|seed| !seed.is_empty());
        let seed = seed.map_or_else(
            || RandomState::new().hash_one(0) % 1_000_000,
            |seed| seed.parse().expect("LAB_SEED is a number"),
        );
        // Only a test that fails shows this.
        println!("LAB_SEED={seed} repeats these texts and numbers.");
        Random(seed)
    }

    /// Any number below `limit` (SplitMix64; Steele, Lea and Flood, 2014).
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    /// A text of `size` bytes or up to 30 more.
    pub fn text(&mut self, size: usize) -> String {
        let mut text = String::from("Text");
        while text.len() < size {
            let fruit = ["Kiwi", "Plum", "Cherry"][self.below(3)];
            text += &format!(" {fruit} {}", 100 + self.below(999_900));
        }
        text
    }
}

/// A program of the lab: its name and the words of the command that starts it.
pub struct Lab(&'static str, Vec<String>);

impl Lab {
    /// The command from the environment, or our example, if it can be built.
    pub fn find(name: &'static str) -> Option<Self> {
        let variable = name.to_uppercase().replace('-', "_");
        let command = env::var(variable).unwrap_or_default();
        let words = command.split_whitespace().map(String::from);
        let mut words: Vec<_> = words.collect();
        if words.is_empty() {
            words.push(examples::build(name)?.to_str()?.to_owned());
        }
        Some(Lab(name, words))
    }

    pub fn start(&self, arguments: &[&str]) -> Program {
        let mut child = Command::new(&self.1[0])
            .args(&self.1[1..])
            .args(arguments)
            .envs([("PYTHONIOENCODING", "utf-8"), ("PYTHONUNBUFFERED", "1")])
            .env_remove("LAB_SEED")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {:?}: {error}", self.1));
        let out = read_all(child.stdout.take().unwrap());
        let err = read_all(child.stderr.take().unwrap());
        let mut name = self.0.to_owned();
        arguments.iter().for_each(|it| name += &format!(" {}", show(it)));
        let (done, left, end) = Default::default();
        Program { name, done, child, outputs: [out, err], left, end }
    }

    /// Starts a server. It is ready when something comes back to `clients`.
    pub fn start_server(&self, clients: &[Peer]) -> (Program, SocketAddr) {
        let usual = ports::unused_address();
        // With this one, a program that ignores HOST is noticed.
        let mut server = SocketAddr::from(([127, 0, 0, 2], usual.port()));
        if UdpSocket::bind(server).is_err() {
            skip("HOST is always 127.0.0.1");
            server = usual;
        }
        ports::wait_until_refused(server);
        let mut program = self.start(&[&server.to_string()]);
        let names: Vec<_> = clients.iter().map(|it| &it.name[..]).collect();
        program.done = format!("{} sent \"ready?\"", names.join(" and "));
        let want = "the server sends something back";
        let started = Instant::now();
        let is_ready = |it: &Peer| it.socket.recv_from(&mut [0; 99]).is_ok();
        while !clients.iter().any(is_ready) {
            if program.is_overdue(started, want) {
                let came = match UdpSocket::bind(server) {
                    Ok(_) => "nothing; no socket is bound to this HOST:PORT",
                    Err(_) => "nothing, although a socket is bound to it",
                };
                program.fail(want, came);
            }
            clients.iter().for_each(|it| it.send(READY, server));
        }
        if server != usual && UdpSocket::bind(usual).is_err() {
            let want = format!("no socket is bound to {usual}");
            program.fail(&want, "one is bound to it: is your HOST 0.0.0.0?");
        }
        (program, server)
    }
}

/// What clients send until a server is ready.
const READY: &[u8] = b"ready?";

/// Says that a part is skipped. (This is shown although the test passes.)
pub fn skip(part: &str) {
    let _ = writeln!(io::stderr(), "(not tested on this system: {part})");
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

/// A program, killed when dropped.
pub struct Program {
    /// The command line, for messages.
    pub name: String,
    /// What was done with the program, for messages.
    pub done: String,
    child: Child,
    outputs: [Receiver<String>; 2],
    /// What it printed on standard output and standard error until its end.
    pub left: [String; 2],
    /// How it ended, for messages.
    end: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    pub fn fail(&self, want: &str, came: &str) -> ! {
        let Program { name, done, .. } = self;
        panic!("{name}\n{done}\nexpected: {want}\ninstead: {came}")
    }

    /// Fails with the output if something isn't right after the end.
    pub fn check(&self, right: bool, want: &str) {
        if !right {
            self.fail(want, &self.end);
        }
    }

    pub fn check_ms(&self, what: &str, took: Duration, limits: Range<usize>) {
        let ms = took.as_secs_f64() * 1000.0;
        if !(limits.start as f64..limits.end as f64).contains(&ms) {
            let want = format!("{} to {} ms {what}", limits.start, limits.end);
            self.fail(&want, &format!("{ms:.1} ms"));
        }
    }

    /// A right program may be late. With a new second for a stray, it is 1.7 s.
    pub fn check_second(&self, what: &str, from: Instant, to: Instant) {
        let why = "(a second; a busy computer may be late)";
        self.check_ms(&format!("{what} {why}"), to - from, 800..1650);
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Whether `want` takes too long. Fails if it can't come any more.
    pub fn is_overdue(&mut self, since: Instant, want: &str) -> bool {
        if self.has_ended() {
            self.end();
            self.fail(want, &self.end);
        }
        since.elapsed() > TIMEOUT
    }

    /// Waits for the end and returns the exit status.
    pub fn end(&mut self) -> Option<i32> {
        let started = Instant::now();
        while !self.has_ended() && started.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(5));
        }
        let in_time = self.has_ended();
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        let killed = if in_time { "" } else { "the test killed it: " };
        self.end = format!("{killed}it ended with {status}");
        for (n, name) in ["output", "error"].into_iter().enumerate() {
            let text = self.outputs[n].recv_timeout(TIMEOUT);
            let text = text.unwrap_or_else(|_| self.left[n].clone());
            self.end += &format!("\nstandard {name}:");
            for line in text.lines().take(30) {
                self.end += &format!("\n    {:.99}", line.replace('\0', "?"));
            }
            self.left[n] = text;
        }
        self.check(in_time, "it ends within 10 s");
        status.code()
    }

    /// Waits for the end, checks the output, in which `T ms` stands for any
    /// time, and returns the times.
    pub fn check_output(&mut self, want: &[String]) -> Vec<Duration> {
        let status = self.end();
        let mut times = Vec::new();
        let mut lines = self.left[0].lines();
        let mut want = want.iter();
        for n in 1.. {
            let (want, line) = (want.next().map(String::as_str), lines.next());
            if want.or(line).is_none() {
                break;
            }
            let time = want.zip(line).and_then(|(want, line)| {
                let ms = line.strip_prefix(want.strip_suffix("T ms")?)?;
                let ms = ms.strip_suffix(" ms")?.parse::<f64>().ok()?;
                Duration::try_from_secs_f64(ms / 1000.0).ok()
            });
            times.extend(time);
            if time.is_none() && want != line {
                let [want, line] =
                    [want, line].map(|it| it.map_or("nothing".into(), show));
                let want = format!("{want} in line {n} of its output");
                self.fail(&want, &format!("{line}; {}", self.end));
            }
        }
        self.check(status == Some(0), "exit status 0");
        times
    }

    pub fn check_no_answer(&mut self) {
        let status = self.end();
        let lines = self.left[1].lines().filter(|&line| line == "no answer");
        let right = status == Some(1) && lines.count() == 1;
        let want = "`no answer` once on standard error, and exit status 1";
        self.check(right, want);
    }

    /// Checks that nothing more comes for a moment.
    pub fn check_silence(&self, peers: &[Peer]) {
        thread::sleep(Duration::from_millis(100));
        for peer in peers {
            if let Some(got) = peer.try_receive() {
                self.fail("nothing more comes", &peer.describe(&got.bytes));
            }
        }
    }
}

/// A socket of the test: a server for some programs, a client for others.
pub struct Peer {
    pub name: String,
    socket: UdpSocket,
    pub address: String,
    /// What it has sent or received, for messages.
    known: RefCell<Vec<(&'static str, Vec<u8>)>>,
}

impl Peer {
    pub fn new(name: &str) -> Self {
        Peer::with(UdpSocket::bind("127.0.0.1:0").unwrap(), name)
    }

    pub fn with(socket: UdpSocket, name: &str) -> Self {
        socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let (name, known) = (name.to_owned(), RefCell::default());
        Peer { name, socket, address, known }
    }

    pub fn send(&self, bytes: &[u8], to: SocketAddr) {
        let mut known = self.known.borrow_mut();
        known.push((", which it had sent itself", bytes.to_vec()));
        self.socket.send_to(bytes, to).unwrap();
    }

    pub fn answer(
        &self,
        ask: &mut Program,
        question: &Datagram,
        answer: &[u8],
    ) {
        self.send(answer, question.from);
        ask.done = format!("{} answered {}", self.address, show(answer));
    }

    /// Waits for a moment only, and ignores what comes back for READY.
    pub fn try_receive(&self) -> Option<Datagram> {
        let mut buffer = [0; 65_536];
        // (Windows also reports an error if a socket has been closed.)
        let (size, from) = self.socket.recv_from(&mut buffer).ok()?;
        let (bytes, at) = (buffer[..size].to_vec(), Instant::now());
        let mut parts = bytes.windows(READY.len());
        let is_ready = parts.any(|part| part.eq_ignore_ascii_case(READY));
        (!is_ready).then_some(Datagram { bytes, from, at })
    }

    /// Receives `want`, and from `sender` if it is known.
    pub fn expect(
        &self,
        of: &mut Program,
        want: &[u8],
        sender: Option<SocketAddr>,
    ) -> Datagram {
        let started = Instant::now();
        let wish = format!("{} receives {}", self.name, show(want));
        let got = loop {
            if let Some(got) = self.try_receive() {
                break got;
            } else if of.is_overdue(started, &wish) {
                of.fail(&wish, "nothing for 10 s");
            }
        };
        if got.bytes != want {
            of.fail(&wish, &self.describe(&got.bytes));
        }
        if let Some(sender) = sender.filter(|&sender| sender != got.from) {
            let came = format!("it came from {}", got.from);
            of.fail(&format!("{wish} from {sender}"), &came);
        }
        self.known.borrow_mut().push((", for the second time", want.into()));
        got
    }

    /// What came instead of something else.
    pub fn describe(&self, bytes: &[u8]) -> String {
        let known = self.known.borrow();
        let note = known.iter().rfind(|(_, it)| it == bytes);
        let note = note.map_or("", |(note, _)| note);
        format!("{} received {}{note}", self.name, show(bytes))
    }
}

pub struct Datagram {
    pub bytes: Vec<u8>,
    pub from: SocketAddr,
    pub at: Instant,
}

/// A text or bytes for a message: if they are long, both ends.
pub fn show(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let text = match str::from_utf8(bytes) {
        Ok(text) => format!("{text:?}"),
        Err(_) => format!("\"{}\"", bytes.escape_ascii()),
    };
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 120 {
        return text;
    }
    let [first, last] =
        [&chars[..60], &chars[chars.len() - 50..]].map(String::from_iter);
    format!("{first}…{last} ({} bytes)", bytes.len())
}
