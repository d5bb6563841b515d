//! What relaying costs: the server against a floor. `cargo bench` takes a
//! minute of an idle machine.
//!
//! - relay: one line received and given to everyone else in the room
//! - copy: one of the datagrams sent for that
//! - floor: a bare loop of the same system calls; the server's rules cost what
//!   it takes beyond that
//!
//! Server and floor take turns with the same sockets, so that whatever slows
//! the machine down slows both. Without `/proc`, figures are shown as `-`.

#[allow(dead_code)]
#[path = "../common/mod.rs"]
mod common;

use std::collections::HashSet;
use std::env::consts::{ARCH, OS};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use common::{Program, Server, command, joined_notice};
use udp_group_chat::protocol::RECEIVE_BUFFER;

/// Members and seconds of each room: more seconds where rounds differ more.
const ROOMS: [(usize, u64); 4] = [(2, 5), (10, 9), (100, 16), (1000, 24)];

/// Where programs and sockets lie in memory matters: new ones even that out.
const BUILDS: u32 = 4;

/// The most lines in flight: few enough for every socket's buffer, so that any
/// loss is a fault.
const WINDOW: usize = 8;

/// A copy that takes longer is lost, and a room that loses more is given up:
/// nothing may hang.
const LOST_AFTER: Duration = Duration::from_secs(1);
const MOST_LOST: usize = 10;
const LINE: &str = "m0 : shall we meet at the river at noon?";

type Done = io::Result<()>;

fn main() -> Done {
    // Only the floor is given addresses; cargo's own argument is `--bench`.
    let members: HashSet<_> =
        env::args().filter_map(|arg| arg.parse().ok()).collect();
    if !members.is_empty() {
        return floor(&members);
    }
    let columns = "us per relay  copies lost  us until last has it  peak kB";
    println!("members  program  {columns}  ratio");
    for (members, seconds) in ROOMS {
        if let Err(error) = measure(members, Duration::from_secs(seconds)) {
            println!("{members:>7}  not measured: {error}");
        }
    }
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let text = "Times are medians, the ratio that of paired rounds.
Goals: a ratio of at most 1.05 from 10 members on, and 0 copies lost.";
    println!("{cores} cores, {OS} {ARCH}. {text}");
    Ok(())
}

fn floor(members: &HashSet<SocketAddr>) -> Done {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    eprintln!("UDP Server on {}...", socket.local_addr()?);
    let log = format!("\"{LINE}\" from 127.0.0.1:12345\n");
    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        let (size, from) = socket.recv_from(&mut buffer)?;
        io::stdout().write_all(log.as_bytes())?;
        // In an order as arbitrary as the server's: that in which the sockets
        // were opened is kinder to the processor's caches, and makes this floor
        // a tenth lower in a room of 1000.
        for &member in members.iter().filter(|&&member| member != from) {
            socket.send_to(&buffer[..size], member)?;
        }
    }
}

/// Starts the server or the floor. Nothing reads standard output: the reader of
/// a pipe would take processor time from both.
fn start(command: &mut Command) -> Server {
    Server::from_program(Program::start(command.stdout(Stdio::null())))
}

/// The first number after `label` in a file of `/proc` about the program.
fn told_by_linux(server: &Server, file: &str, label: &str) -> Option<u64> {
    // Linux updates the processor time when the program goes to sleep.
    thread::sleep(Duration::from_millis(2));
    let file = format!("/proc/{}/{file}", server.program.id());
    let text = fs::read_to_string(file).ok()?;
    let (_, rest) = text.split_once(label)?;
    rest.split_whitespace().next()?.parse().ok()
}

fn measure(count: usize, time: Duration) -> Done {
    let [mut of_server, mut of_floor] = [(); 2].map(|()| Figures::default());
    for _ in 0..BUILDS {
        let server = start(&mut command(common::SERVER, &["127.0.0.1:0"]));
        let open = |_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
        let members: Vec<_> =
            (0..count).map(open).collect::<io::Result<_>>()?;
        let this = env::current_exe()?;
        let mut floor = command(this.to_str().expect("UTF-8"), &[]);
        for (number, member) in members.iter().enumerate() {
            // The members poll: waking a sleeping receiver would be the dearest
            // part of a send.
            member.set_nonblocking(true)?;
            floor.arg(member.local_addr()?.to_string());
            let name = format!("m{number}");
            member.send_to(name.as_bytes(), server.address)?;
            // One after another, or the server's buffer overflows.
            let notice = joined_notice(&name);
            of_server.receive(&notice, &server, &members[..number])?;
        }
        let floor = start(&mut floor);
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
    fn add_round(&mut self, server: &Server, members: &[UdpSocket]) -> Done {
        // Some tens of milliseconds' worth, whatever the size of the room.
        let lines = 50_000 / (members.len() + 4);
        let before = told_by_linux(server, "schedstat", "");
        for line in 0..lines + WINDOW {
            if line >= WINDOW {
                self.receive(LINE, server, &members[1..])?;
            }
            if line < lines {
                members[0].send_to(LINE.as_bytes(), server.address)?;
            }
        }
        let after = told_by_linux(server, "schedstat", "");
        let taken = before.zip(after).map(|(from, to)| (to - from) as f64);
        self.costs.extend(taken.map(|ns| ns / 1e3 / lines as f64));
        for _ in 0..lines / 4 {
            let started = Instant::now();
            members[0].send_to(LINE.as_bytes(), server.address)?;
            self.receive(LINE, server, &members[1..])?;
            self.delays.push(started.elapsed().as_secs_f64() * 1e6);
        }
        let peak = told_by_linux(server, "status", "VmHWM:");
        self.peak_kb = self.peak_kb.max(peak);
        Ok(())
    }

    /// Takes a copy of `text` out of each member's socket, and counts the lost.
    fn receive(&mut self, text: &str, from: &Server, to: &[UdpSocket]) -> Done {
        let copy = Some((text.len(), from.address));
        let mut buffer = [0; 64];
        let mut waiting: Vec<&UdpSocket> = to.iter().collect();
        let started = Instant::now();
        while !waiting.is_empty() && started.elapsed() < LOST_AFTER {
            waiting.retain(|member| member.recv_from(&mut buffer).ok() != copy);
            // On a single core, the program must have its turn.
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
