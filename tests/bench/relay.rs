//! What relaying costs: the server measured against the floor.
//!
//! ```sh
//! cargo bench                  # somewhat over a minute, best on an idle machine
//! ```
//!
//! A relay is one line received and given to all others in the room; a copy is one of the
//! datagrams sent for it. The floor is the barest loop that makes the server's system calls and
//! knows no rules: it receives, writes a log line and sends. What the server takes beyond the
//! floor is what its rules, its roster and its log cost.
//!
//! Both run as programs of their own, side by side, with the same members' sockets, and are driven
//! in turn, so that whatever else the machine does hits both. The members poll: a send that has to
//! wake its receiver costs much more, and how many do is a matter of luck.
//!
//! Processor time and memory are read from Linux's `/proc`; elsewhere they are shown as `-`.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use udp_group_chat::wire;

/// The members of each room, and how long it is measured: longer where there is a goal to meet.
const ROOMS: [(usize, Duration); 4] = [
    (2, Duration::from_secs(8)),
    (10, Duration::from_secs(8)),
    (100, Duration::from_secs(24)),
    (1000, Duration::from_secs(26)),
];

/// How often each room is built anew, with new programs and sockets: where these happen to lie in
/// memory makes a difference that no number of rounds with the same ones evens out.
const BUILDS: u32 = 4;

/// How many lines are under way at most while throughput, processor time and loss are measured.
const WINDOW: usize = 8;

/// How long the members wait, while nothing at all comes, before what is missing counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(2);

/// What is said, of the length of a usual chat line.
const LINE: &[u8; 40] = b"m0 : shall we meet at the river at noon?";

/// The argument that makes this program the floor.
const FLOOR: &str = "--floor";

fn main() -> io::Result<()> {
    // Of cargo's own arguments (`--bench`) none matters.
    if env::args().any(|argument| argument == FLOOR) {
        return floor();
    }
    let mut measured = Vec::new();
    let mut skipped = Vec::new();
    for (members, time) in ROOMS {
        match measure(members, time) {
            Ok(room) => measured.push(room),
            Err(error) => skipped.push(format!("{members} members: not measured: {error}\n")),
        }
    }
    progress("", false);
    let report = [table(&measured), explanation(), skipped.concat()].join("\n");
    io::stdout().write_all(report.as_bytes())
}

/// The floor. The line to log, and then the members' addresses, come on standard input.
fn floor() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    eprintln!("UDP Server on {}...", socket.local_addr()?);
    let mut input = io::stdin().lines().map_while(Result::ok);
    let log = input.next().unwrap_or_default() + "\n";
    // In the order of joining, which is that of the sockets' making and of the load side's polling:
    // no other is as kind to the caches, and a floor has to be the lowest.
    let members: Vec<SocketAddr> = input.filter_map(|line| line.parse().ok()).collect();
    let mut stdout = io::stdout().lock();
    let mut buffer = [0; wire::RECEIVE_BUFFER];
    loop {
        let (size, from) = socket.recv_from(&mut buffer)?;
        stdout.write_all(log.as_bytes())?;
        for &member in &members {
            if member != from {
                socket.send_to(&buffer[..size], member)?;
            }
        }
    }
}

/// The server or the floor, running; killed when dropped.
///
/// Their standard output goes nowhere: a pipe's reader would take processor time from both.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut first = String::new();
        stderr.read_line(&mut first)?;
        thread::spawn(move || io::copy(&mut stderr, &mut io::sink()));
        let address = first
            .trim_end()
            .strip_prefix("UDP Server on ")
            .and_then(|rest| rest.strip_suffix("...")?.parse().ok())
            .ok_or_else(|| io::Error::other(format!("no address in {first:?}")))?;
        Ok(Program { child, address })
    }

    /// The processor time taken so far, user and system, by the program's one thread.
    fn processor_time(&self) -> Option<Duration> {
        // The kernel adds up when a thread goes to sleep, as this one does any moment now.
        thread::sleep(Duration::from_millis(2));
        let nanoseconds = first_number(&self.told_by_linux("schedstat")?)?;
        Some(Duration::from_nanos(nanoseconds))
    }

    fn peak_memory_kb(&self) -> Option<u64> {
        first_number(self.told_by_linux("status")?.split_once("VmHWM:")?.1)
    }

    fn told_by_linux(&self, file: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).ok()
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The members' sockets. The first member, m0, says everything.
struct Members(Vec<UdpSocket>);

impl Members {
    fn open(count: usize) -> io::Result<Self> {
        let open = |_| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true).map(|()| socket)
        };
        let sockets: io::Result<_> = (0..count).map(open).collect();
        sockets.map(Members).map_err(|error| {
            io::Error::other(format!(
                "cannot open {count} sockets (`ulimit -n`?): {error}"
            ))
        })
    }

    /// Enters the server's room, one after another, each once the others know of the one before.
    fn enter(&self, server: SocketAddr) -> io::Result<()> {
        for (number, member) in self.0.iter().enumerate() {
            let name = format!("m{number}");
            member.send_to(name.as_bytes(), server)?;
            let notice = wire::entered(&name);
            if missing(&self.0[..number], server, notice.as_bytes()) > 0 {
                return Err(io::Error::other(format!("nobody heard of {name} entering")));
            }
        }
        Ok(())
    }

    /// Tells the floor what to log, which is as long as what the server logs, and who is here.
    fn introduce(&self, floor: &mut Program) -> io::Result<()> {
        let mut input = floor.child.stdin.take().expect("piped");
        let m0 = self.0[0].local_addr()?;
        writeln!(input, "\"{}\" from {m0}", String::from_utf8_lossy(LINE))?;
        for member in &self.0 {
            writeln!(input, "{}", member.local_addr()?)?;
        }
        Ok(())
    }

    /// Has m0 say `lines` lines to `program`, waits until all others have all of them, and returns
    /// how many copies were lost.
    fn say(&self, program: SocketAddr, lines: usize) -> io::Result<usize> {
        let (m0, others) = self.0.split_first().expect("no room is empty");
        let (mut lost, mut silences) = (0, 0);
        for line in 0..lines + WINDOW {
            if line >= WINDOW {
                let missing = missing(others, program, LINE);
                lost += missing;
                silences += usize::from(missing > 0);
            }
            if silences > WINDOW {
                return Err(io::Error::other("more than a whole window was lost"));
            }
            if line < lines {
                m0.send_to(LINE, program)?;
            }
        }
        Ok(lost)
    }
}

/// Takes one copy of `text`, from `program`, out of each member's socket, and returns how many
/// members got none. All copies look alike: who lost one misses the last, and waits only then.
fn missing(members: &[UdpSocket], program: SocketAddr, text: &[u8]) -> usize {
    let mut buffer = [0; 64];
    let mut waiting: Vec<&UdpSocket> = members.iter().collect();
    let mut progress = Instant::now();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|member| match member.recv_from(&mut buffer) {
            Ok((size, from)) => from != program || &buffer[..size] != text,
            Err(_) => true,
        });
        if waiting.len() < before {
            progress = Instant::now();
        } else if progress.elapsed() > LOST_AFTER {
            break;
        } else {
            // Where there is but one processor, the program needs it now.
            thread::yield_now();
        }
    }
    waiting.len()
}

/// What was found out about the server or the floor in a room of one size.
#[derive(Default)]
struct Figures {
    /// How many members get each line.
    others: usize,
    /// For each round, relays per second.
    rates: Vec<f64>,
    /// For each round, microseconds of processor time per relay, where the system tells.
    costs: Vec<f64>,
    /// For each line said alone, microseconds until the last member had it.
    delays: Vec<f64>,
    /// How many copies were to come, and how many of them did not.
    copies: usize,
    lost: usize,
    peak_kb: Option<u64>,
}

impl Figures {
    /// One round: many lines in the window, then some lines alone.
    fn round(&mut self, program: &Program, members: &Members) -> io::Result<()> {
        self.others = members.0.len() - 1;
        // Some tens of milliseconds' worth, whatever the size of the room.
        let lines = 50_000 / (self.others + 5);
        let before = program.processor_time();
        let started = Instant::now();
        self.say(program, members, lines)?;
        let took = started.elapsed();
        let after = program.processor_time();
        self.rates.push(lines as f64 / took.as_secs_f64());
        if let (Some(before), Some(after)) = (before, after) {
            self.costs.push(microseconds(after - before) / lines as f64);
        }
        for _ in 0..lines / 4 {
            let started = Instant::now();
            if self.say(program, members, 1)? > 0 {
                break;
            }
            self.delays.push(microseconds(started.elapsed()));
        }
        self.peak_kb = self.peak_kb.max(program.peak_memory_kb());
        Ok(())
    }

    fn say(&mut self, program: &Program, members: &Members, lines: usize) -> io::Result<usize> {
        let lost = members.say(program.address, lines)?;
        self.copies += lines * self.others;
        self.lost += lost;
        Ok(lost)
    }
}

/// A room of one size, measured.
struct Room {
    server: Figures,
    floor: Figures,
}

fn measure(count: usize, time: Duration) -> io::Result<Room> {
    let (mut server, mut floor) = (Figures::default(), Figures::default());
    for build in 1..=BUILDS {
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        let the_server = Program::start(command.arg("127.0.0.1:0"))?;
        let mut the_floor = Program::start(Command::new(env::current_exe()?).arg(FLOOR))?;
        let members = Members::open(count)?;
        members.enter(the_server.address)?;
        members.introduce(&mut the_floor)?;
        let started = Instant::now();
        let mut round = 0;
        while started.elapsed() < time / BUILDS {
            round += 1;
            let now = format!("{count} members, build {build} of {BUILDS}, round {round}");
            progress(&now, build == 1 && round == 1);
            server.round(&the_server, &members)?;
            floor.round(&the_floor, &members)?;
        }
    }
    Ok(Room { server, floor })
}

/// Rewrites the progress line; where that is not a terminal, writes it if it is a `milestone`.
fn progress(now: &str, milestone: bool) {
    if io::stderr().is_terminal() {
        eprint!("\r{now:60}\r");
    } else if milestone {
        eprintln!("{now}");
    }
}

/// What the table shows of server and floor: its name, how many decimals, and the figure.
type Measure = (&'static str, usize, fn(&Figures) -> Option<f64>);

const MEASURES: [Measure; 7] = [
    ("relays per second", 0, |of| median(&of.rates)),
    ("processor time per relay, us", 2, |of| median(&of.costs)),
    ("processor time per copy, ns", 0, |of| {
        Some(median(&of.costs)? * 1e3 / of.others as f64)
    }),
    ("last has it, us, median", 0, |of| median(&of.delays)),
    ("99th percentile", 0, |of| quantile(&of.delays, 0.99)),
    ("copies lost", 0, |of| Some(of.lost as f64)),
    ("peak memory, kB", 0, |of| Some(of.peak_kb? as f64)),
];

fn table(rooms: &[Room]) -> String {
    let row = |label: &str, decimals: usize, figure: &dyn Fn(&Room) -> Option<f64>| {
        let figures = rooms.iter().map(|room| match figure(room) {
            Some(figure) => format!("{figure:>10.decimals$}"),
            None => format!("{:>10}", "-"),
        });
        format!("{label:>37}{}\n", figures.collect::<String>())
    };
    let mut table = row("members", 0, &|room| Some(room.server.others as f64 + 1.0));
    for (name, decimals, figure) in MEASURES {
        let label = format!("{name}: server");
        table += &row(&label, decimals, &|room| figure(&room.server));
        table += &row("floor", decimals, &|room| figure(&room.floor));
    }
    table += &row("server / floor: relays per second", 3, &|room| {
        paired(&room.server.rates, &room.floor.rates)
    });
    table += &row("processor time", 3, &|room| {
        paired(&room.server.costs, &room.floor.costs)
    });
    table += &row("copies asked of each", 0, &|room| {
        Some(room.server.copies as f64)
    });
    table
}

fn explanation() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let (system, processor) = (env::consts::OS, env::consts::ARCH);
    format!(
        "\
{cores} cores, {system} {processor}; the load side is one thread of another program.
relays, processor time: medians of the rounds, at most {WINDOW} lines in flight.
  A line's cost grows as the number of members and no faster where a copy's cost
  does not grow, or grows as the floor's does: that is the processor's caches.
last has it: from sending a line, no other in flight, until its copy is found in
  the last member's socket.
copies lost: expected, less those received. Goal: 0.
server / floor: the median of the rounds' own ratios, each round of the server
  to the floor's after it. Goal: processor time 1.05 at most, from 100 members.
"
    )
}

/// The median of what each round of the server is to the floor's round after it.
fn paired(server: &[f64], floor: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = server.iter().zip(floor).map(|(s, f)| s / f).collect();
    median(&ratios)
}

fn median(figures: &[f64]) -> Option<f64> {
    quantile(figures, 0.5)
}

/// The smallest figure that at least `part` of all `figures` do not exceed.
fn quantile(figures: &[f64], part: f64) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
