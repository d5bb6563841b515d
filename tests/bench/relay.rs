//! What relaying costs: the server against a floor. `cargo bench` takes a
//! minute of an idle machine.
//!
//! - relay: one line received and given to everyone else in the room
//! - copy: one of the datagrams sent for that
//! - floor: a bare loop of the same system calls; the server's rules cost what
//!   it takes beyond that
//!
//! Server and floor are driven in turns, with the same sockets, so that
//! whatever else slows the machine down slows both. Where there is no `/proc`
//! to read a figure from, it is shown as `-`.

use std::collections::HashSet;
use std::env::consts::{ARCH, OS};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use udp_group_chat::protocol::RECEIVE_BUFFER;

/// The members of each room, and the seconds to measure it: more where single
/// rounds differ more.
const ROOMS: [(usize, u64); 4] = [(2, 5), (10, 9), (100, 16), (1000, 24)];

/// Where programs and sockets happen to lie in memory matters: only new ones
/// even that out.
const BUILDS: u32 = 4;

/// The most lines in flight: few enough for every socket's buffer, so that any
/// loss is a fault.
const WINDOW: usize = 8;

/// A copy that takes longer is lost, and a room that loses more is given up:
/// nothing may hang.
const LOST_AFTER: Duration = Duration::from_secs(1);
const MOST_LOST: usize = 10;
const LINE: &str = "m0 : shall we meet at the river at noon?";

fn main() -> io::Result<()> {
    // Only the floor is given addresses; cargo's own argument is `--bench`.
    let members: HashSet<_> =
        env::args().filter_map(|arg| arg.parse().ok()).collect();
    if !members.is_empty() {
        return floor(&members);
    }
    println!(
        "members  program  us per relay  copies lost  us until last has it  \
         peak kB  ratio"
    );
    for (members, seconds) in ROOMS {
        if let Err(error) = measure(members, Duration::from_secs(seconds)) {
            println!("{members:>7}  not measured: {error}");
        }
    }
    let cores = thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{cores} cores, {OS} {ARCH}. Times are medians, the ratio that of \
         paired rounds."
    );
    println!(
        "Goals: a ratio of at most 1.05 from 10 members on, and 0 copies lost."
    );
    Ok(())
}

fn floor(members: &HashSet<SocketAddr>) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    eprintln!("UDP Server on {}...", socket.local_addr()?);
    let log = format!("\"{LINE}\" from 127.0.0.1:12345\n");
    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        let (size, from) = socket.recv_from(&mut buffer)?;
        io::stdout().write_all(log.as_bytes())?;
        // In an order as arbitrary as the server's: that in which the sockets
        // were opened is kinder to the processor's caches, and makes
        // this floor a tenth lower in a room of 1000.
        for &member in members.iter().filter(|&&member| member != from) {
            socket.send_to(&buffer[..size], member)?;
        }
    }
}

struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(command: &mut Command) -> io::Result<Self> {
        // Nobody reads the output: a reader of a pipe would take processor time
        // from both.
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut first = String::new();
        stderr.read_line(&mut first)?;
        thread::spawn(move || io::copy(&mut stderr, &mut io::sink()));
        let address = first.replace("UDP Server on ", "").replace("...\n", "");
        let address = address.parse().map_err(|_| io::Error::other(first))?;
        Ok(Program { child, address })
    }

    /// The first number after `label` in a file of `/proc`.
    fn told_by_linux(&self, file: &str, label: &str) -> Option<u64> {
        // The processor time is brought up to date when the program goes to
        // sleep, as it soon does.
        thread::sleep(Duration::from_millis(2));
        let text =
            fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))
                .ok()?;
        let (_, rest) = text.split_once(label)?;
        rest.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn measure(count: usize, time: Duration) -> io::Result<()> {
    let (mut of_server, mut of_floor) =
        (Figures::default(), Figures::default());
    for _ in 0..BUILDS {
        let server = Program::start(
            Command::new(env!("CARGO_BIN_EXE_server")).arg("127.0.0.1:0"),
        )?;
        let mut floor = Command::new(env::current_exe()?);
        let open = |_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
        let members: Vec<UdpSocket> =
            (0..count).map(open).collect::<io::Result<_>>()?;
        for (number, member) in members.iter().enumerate() {
            // The members poll: waking a sleeping receiver would be the dearest
            // part of a send.
            member.set_nonblocking(true)?;
            floor.arg(member.local_addr()?.to_string());
            let name = format!("m{number}");
            member.send_to(name.as_bytes(), server.address)?;
            // One after another, or the server's buffer overflows.
            let notice = format!("{name} 进入聊天室...");
            of_server.receive(&notice, &server, &members[..number])?;
        }
        let floor = Program::start(&mut floor)?;
        let started = Instant::now();
        while started.elapsed() < time / BUILDS {
            of_server.add_round(&server, &members)?;
            of_floor.add_round(&floor, &members)?;
        }
    }
    let pairs = of_server.costs.iter().zip(&of_floor.costs);
    let ratio = median(pairs.map(|(server, floor)| server / floor));
    println!("{count:>7}  server {}{ratio:>7}", of_server.row());
    println!("{:>7}  floor  {}", "", of_floor.row());
    Ok(())
}

/// In microseconds: processor time per relay for each round, and delays until
/// the last has a line.
#[derive(Default)]
struct Figures {
    costs: Vec<f64>,
    delays: Vec<f64>,
    lost: usize,
    peak_kb: Option<u64>,
}

impl Figures {
    fn add_round(
        &mut self,
        program: &Program,
        members: &[UdpSocket],
    ) -> io::Result<()> {
        // Some tens of milliseconds' worth, whatever the size of the room.
        let lines = 50_000 / (members.len() + 4);
        let before = program.told_by_linux("schedstat", "");
        for line in 0..lines + WINDOW {
            if line >= WINDOW {
                self.receive(LINE, program, &members[1..])?;
            }
            if line < lines {
                members[0].send_to(LINE.as_bytes(), program.address)?;
            }
        }
        let after = program.told_by_linux("schedstat", "");
        let taken = before.zip(after).map(|(from, to)| (to - from) as f64);
        self.costs.extend(taken.map(|ns| ns / 1e3 / lines as f64));
        for _ in 0..lines / 4 {
            let started = Instant::now();
            members[0].send_to(LINE.as_bytes(), program.address)?;
            self.receive(LINE, program, &members[1..])?;
            self.delays.push(started.elapsed().as_secs_f64() * 1e6);
        }
        self.peak_kb =
            self.peak_kb.max(program.told_by_linux("status", "VmHWM:"));
        Ok(())
    }

    /// Takes a copy of `text` out of each member's socket, and counts those
    /// that do not come.
    fn receive(
        &mut self,
        text: &str,
        from: &Program,
        members: &[UdpSocket],
    ) -> io::Result<()> {
        let copy = Some((text.len(), from.address));
        let mut buffer = [0; 64];
        let mut waiting: Vec<&UdpSocket> = members.iter().collect();
        let started = Instant::now();
        while !waiting.is_empty() && started.elapsed() < LOST_AFTER {
            waiting.retain(|member| member.recv_from(&mut buffer).ok() != copy);
            // On a single core, nothing more comes before the program has had
            // its turn.
            thread::yield_now();
        }
        self.lost += waiting.len();
        if self.lost > MOST_LOST {
            return Err(io::Error::other(format!("{} copies lost", self.lost)));
        }
        Ok(())
    }

    fn row(&self) -> String {
        let [cost, delay] = [&self.costs, &self.delays]
            .map(|times| median(times.iter().copied()));
        let peak = self.peak_kb.map_or("-".to_owned(), |kb| kb.to_string());
        format!("{cost:>14}{:>13}{delay:>22}{peak:>9}", self.lost)
    }
}

fn median(figures: impl Iterator<Item = f64>) -> String {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2);
    middle.map_or("-".to_owned(), |figure| format!("{figure:.3}"))
}
