//! A bad network on your own machine: it is between clients and a server, and
//! it loses, doubles or delays some of their datagrams, in both directions.
//!
//! ```sh
//! cargo run --bin server
//! cargo run --example lossy -- 127.0.0.1:9998 127.0.0.1:9999 --lose 30
//! cargo run --bin client -- 127.0.0.1:9998 小明
//! ```
//!
//! It prints one line for each datagram that it receives, for example
//! `client 2 to server, 7, lost: 小红 : 在`. The 7 means that this is the
//! seventh datagram from client 2 to the server.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::{env, io, process, thread};

use udp_group_chat::console::{self, cannot, log, print_line};
use udp_group_chat::protocol::RECEIVE_BUFFER;
use udp_group_chat::text::{sanitize, sanitize_bytes};

const USAGE: &str = "\
Usage: lossy ADDRESS SERVER [OPTIONS]
Sends what arrives at ADDRESS to SERVER, and the answers back.
ADDRESS and SERVER are HOST:PORT.
  --lose N     loses N of 100 datagrams
  --double N   sends N of 100 datagrams twice
  --late N     holds N of 100 datagrams back and sends each after the next one
               (if no other one comes, it is never sent)
  --seed N     chooses other datagrams; the same N chooses the same ones again";

/// How many of 100 datagrams have a fate, and the seed of the choice.
#[derive(Clone, Copy)]
struct Options {
    lose: u64,
    double: u64,
    late: u64,
    seed: u64,
}

/// One client's datagrams in one direction.
struct Path {
    name: String,
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    options: Options,
    count: u64,
    /// A late datagram: it is sent when the next one has come.
    held_back: Option<Vec<u8>>,
}

fn main() {
    console::exit_with(run());
}

fn run() -> io::Result<()> {
    let (address, server, options) = arguments_or_exit()?;
    let front =
        UdpSocket::bind(address).map_err(|e| cannot("bind", address, e))?;
    let address = front.local_addr()?;
    let _ = print_line(format!("lossy on {address}, to {server}"));
    let front = Arc::new(front);
    let mut to_server = HashMap::new(); // one path for each client
    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        let (size, client) = receive(&front, &mut buffer);
        // With a forged address, a datagram would go round between the servers.
        if [address.port(), server.port()].contains(&client.port()) {
            log_drop(client, "its port is the server's or lossy's own");
            continue;
        }
        if !to_server.contains_key(&client) {
            let n = to_server.len() as u64 + 1;
            match new_client(n, client, &front, server, options) {
                Ok(path) => drop(to_server.insert(client, path)),
                Err(error) => log_drop(client, &error.to_string()),
            }
        }
        if let Some(path) = to_server.get_mut(&client) {
            path.pass(&buffer[..size]);
        }
    }
}

/// Opens a socket for client `n` and starts its thread, which passes on what
/// the server sends. Returns the path to the server.
///
/// Nothing shows that a client has gone, so its socket and thread remain. With
/// many clients, the system may refuse one more.
fn new_client(
    n: u64,
    client: SocketAddr,
    front: &Arc<UdpSocket>,
    server: SocketAddr,
    options: Options,
) -> io::Result<Path> {
    // Each client has a socket of its own, so that the server can tell the
    // clients apart.
    let any_port = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let back = Arc::new(UdpSocket::bind(any_port)?);
    let path = |name, socket: &Arc<UdpSocket>, to, number| {
        // Each path has a seed of its own.
        let seed = mix(mix(options.seed) ^ number);
        let (options, socket) = (Options { seed, ..options }, socket.clone());
        Path { name, socket, to, options, count: 0, held_back: None }
    };
    let to_server = path(format!("client {n} to server"), &back, server, 2 * n);
    let name = format!("server to client {n}");
    let mut to_client = path(name, front, client, 2 * n + 1);
    let mut buffer = [0; RECEIVE_BUFFER];
    let pass_answers = move || loop {
        match receive(&back, &mut buffer) {
            (size, from) if from == server => to_client.pass(&buffer[..size]),
            (_, from) => log_drop(from, "it isn't from the server"),
        }
    };
    // `Builder`, because `thread::spawn` panics if it can't start a thread.
    thread::Builder::new().spawn(pass_answers)?;
    Ok(to_server)
}

/// Waits for a datagram. Returns its size and its sender.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> (usize, SocketAddr) {
    loop {
        match socket.recv_from(buffer) {
            Ok(received) => return received,
            // Windows reports here that an earlier datagram went to a closed
            // port. The socket still works. An error that lasted would fill the
            // log.
            Err(error) => log(format!("warning: cannot receive: {error}")),
        }
    }
}

fn log_drop(from: SocketAddr, reason: &str) {
    log(format!("warning: dropped a datagram from {from}: {reason}"));
}

impl Path {
    fn pass(&mut self, datagram: &[u8]) {
        self.count += 1;
        // The choice depends on nothing but the seed, the path and the count,
        // so the same session has the same fates again.
        let Options { lose, double, late, seed } = self.options;
        let (fate, copies) = match mix(seed ^ self.count) % 100 {
            n if n < lose => ("lost", 0),
            n if n < lose + double => ("twice", 2),
            n if n < lose + double + late => ("late", 0),
            _ => ("passed", 1),
        };
        let earlier = self.held_back.take();
        self.held_back = (fate == "late").then(|| datagram.to_vec());
        let send = |bytes: &[u8]| self.socket.send_to(bytes, self.to);
        let failed = (0..copies).filter_map(|_| send(datagram).err());
        let errors: Vec<_> = failed.collect();
        let fate = match errors.first() {
            None => fate.to_owned(),
            Some(error) if errors.len() == copies => format!("lost ({error})"),
            Some(error) => format!("passed once ({error})"),
        };
        let text = sanitize_bytes(datagram);
        let line = format!("{}, {}, {fate}: {text}", self.name, self.count);
        let _ = print_line(line); // if nobody reads it, the datagrams go on
        if let Some(Err(error)) = earlier.map(|earlier| send(&earlier)) {
            log(format!("warning: cannot send a late datagram: {error}"));
        }
    }
}

/// Makes a number that looks random. Neighbors become very different numbers:
/// without this, seed 8 would choose like seed 7, but one datagram earlier.
/// (One step of SplitMix64 by Steele, Lea and Flood, 2014.)
fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns where to receive, the server and the options. If the command line
/// is wrong, prints the usage and ends the program.
fn arguments_or_exit() -> io::Result<(SocketAddr, SocketAddr, Options)> {
    let mut options = Options { lose: 0, double: 0, late: 0, seed: 1 };
    let mut addresses = Vec::new();
    let arguments = env::args_os().skip(1);
    let mut arguments = arguments.map(|it| sanitize(&it.to_string_lossy()));
    while let Some(argument) = arguments.next() {
        if !argument.starts_with('-') {
            addresses.push(console::parse_address(&argument)?);
            continue;
        }
        let option = match &*argument {
            "-h" | "--help" => console::exit_with(print_line(USAGE)),
            "--lose" => &mut options.lose,
            "--double" => &mut options.double,
            "--late" => &mut options.late,
            "--seed" => &mut options.seed,
            _ => usage_error(&format!("unexpected argument `{argument}`")),
        };
        let number = arguments.next().unwrap_or_default();
        *option = number.parse().unwrap_or_else(|error| {
            usage_error(&format!("`{argument} {number}`: {error}"))
        });
    }
    let Options { lose, double, late, .. } = options;
    if lose.saturating_add(double).saturating_add(late) > 100 {
        usage_error("--lose, --double and --late add up to over 100");
    }
    match addresses[..] {
        [front, server] if front != server => Ok((front, server, options)),
        _ => usage_error("two different addresses are needed"),
    }
}

fn usage_error(error: &str) -> ! {
    log(format!("error: {error}\n{USAGE}"));
    process::exit(2)
}
