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
use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::{env, process, thread};

use udp_group_chat::console::print_line;
use udp_group_chat::text::sanitize_bytes;

const USAGE: &str = "\
usage: lossy ADDRESS SERVER [OPTIONS]
Listens at ADDRESS, sends what arrives there to SERVER, and the answers back.
  --lose N     loses N of 100 datagrams
  --double N   sends N of 100 datagrams twice
  --late N     sends N of 100 datagrams after the next one
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
    socket: UdpSocket,
    to: SocketAddr,
    options: Options,
    count: u64,
    /// A late datagram: it is sent when the next one has come.
    held_back: Option<Vec<u8>>,
}

fn main() {
    let (address, server, options) = arguments().unwrap_or_else(|error| {
        eprintln!("lossy: {error}\n{USAGE}");
        process::exit(2);
    });
    if let Err(error) = run(address, server, options) {
        eprintln!("lossy: cannot bind {address}: {error}");
        process::exit(1);
    }
}

fn run(
    address: SocketAddr,
    server: SocketAddr,
    options: Options,
) -> io::Result<()> {
    let front = UdpSocket::bind(address)?;
    let line = format!("lossy on {}, to {server}", front.local_addr()?);
    let _ = print_line(line); // if nobody reads it, the datagrams go on
    let mut to_server = HashMap::new(); // one path for each client
    let mut buffer = [0; 65_536];
    loop {
        // Windows reports an error here after a client has gone.
        let Ok((size, client)) = front.recv_from(&mut buffer) else {
            continue;
        };
        if !to_server.contains_key(&client) {
            // Each client gets a socket of its own, so that the server can
            // tell the clients apart.
            let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let back = UdpSocket::bind(any)?;
            let new_path = |name, socket, to, number| {
                // Each path has a seed of its own.
                let seed = mix(mix(options.seed) ^ number);
                let options = Options { seed, ..options };
                Path { name, socket, to, options, count: 0, held_back: None }
            };
            let n = to_server.len() as u64 + 1;
            let name = format!("client {n} to server");
            let path = new_path(name, back.try_clone()?, server, 2 * n);
            to_server.insert(client, path);
            let name = format!("server to client {n}");
            let path = new_path(name, front.try_clone()?, client, 2 * n + 1);
            thread::spawn(move || pass_answers(&back, server, path));
        }
        if let Some(path) = to_server.get_mut(&client) {
            path.pass(&buffer[..size]);
        }
    }
}

/// The thread for one client: passes on what the server sends to it.
fn pass_answers(back: &UdpSocket, server: SocketAddr, mut path: Path) {
    let mut buffer = [0; 65_536];
    loop {
        match back.recv_from(&mut buffer) {
            Ok((size, from)) if from == server => path.pass(&buffer[..size]),
            _ => {} // not from the server, or Windows reports an error
        }
    }
}

impl Path {
    fn pass(&mut self, datagram: &[u8]) {
        self.count += 1;
        let earlier = self.held_back.take();
        let send = |bytes: &[u8]| self.socket.send_to(bytes, self.to);
        // The choice depends on nothing but the seed, the path and the count,
        // so the same session has the same fates again.
        let Options { lose, double, late, seed } = self.options;
        let chosen = mix(seed ^ self.count) % 100;
        let (fate, sent) = if chosen < lose {
            ("lost", Ok(0))
        } else if chosen < lose + double {
            ("twice", send(datagram).and_then(|_| send(datagram)))
        } else if chosen < lose + double + late {
            self.held_back = Some(datagram.to_vec());
            ("late", Ok(0))
        } else {
            ("passed", send(datagram))
        };
        let fate = match sent {
            Ok(_) => fate.to_owned(),
            Err(error) => format!("lost ({error})"),
        };
        let text = sanitize_bytes(datagram);
        let line = format!("{}, {}, {fate}: {text}", self.name, self.count);
        let _ = print_line(line); // if nobody reads it, the datagrams go on
        if let Some(earlier) = earlier {
            let _ = send(&earlier); // if this fails, it is lost as well
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

/// Reads the command line. The error says what is wrong with it.
fn arguments() -> Result<(SocketAddr, SocketAddr, Options), String> {
    let mut options = Options { lose: 0, double: 0, late: 0, seed: 1 };
    let mut addresses = Vec::new();
    let mut arguments = env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy();
        let option = match &*argument {
            "--lose" => &mut options.lose,
            "--double" => &mut options.double,
            "--late" => &mut options.late,
            "--seed" => &mut options.seed,
            text => {
                addresses.push(parse_address(text)?);
                continue;
            }
        };
        let number = arguments.next().unwrap_or_default();
        let number = number.to_string_lossy();
        let wrong = |error| format!("`{argument} {number}`: {error}");
        *option = number.parse().map_err(wrong)?;
    }
    let Options { lose, double, late, .. } = options;
    if lose.saturating_add(double).saturating_add(late) > 100 {
        return Err("--lose, --double and --late add up to over 100".to_owned());
    }
    match addresses[..] {
        [address, server] if address != server => {
            Ok((address, server, options))
        }
        _ => Err("two different addresses are needed".to_owned()),
    }
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let wrong = |error| format!("`{text}` isn't an option or address: {error}");
    let found = text.to_socket_addrs().map_err(wrong)?;
    let first = found.min_by_key(SocketAddr::is_ipv6); // IPv4, if it has both
    first.ok_or(format!("`{text}` isn't found"))
}
