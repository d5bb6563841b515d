//! Our clients and our server over a network that loses datagrams, doubles them
//! and changes their order, as UDP may: nobody is misnamed, no line becomes a
//! name, whoever is missing is back at their next line. `SEED=7 cargo test
//! --test bad_line` has the network lose others.

mod common;

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::channel;
use std::thread;

use Fate::{Arrives, ArrivesLate, ArrivesTwice, IsLost};
use common::random::{Random, seed};
use common::{DEADLINE, Peer, Program, Server};

/// What becomes of a datagram on the network.
enum Fate {
    Arrives,
    IsLost,
    ArrivesTwice,
    /// It arrives after the next one that does.
    ArrivesLate,
}

/// The line that mends this: it arrives after all that is late, and all that
/// follows arrives.
const MENDS: &str = "回来";

/// One client's datagrams in one direction.
struct Way<F> {
    /// Decides on each datagram, from its number, which no other has, and its
    /// text.
    fate: F,
    number: u64,
    late: Vec<Vec<u8>>,
    mended: bool,
}

impl<F: Fn(u64, &str) -> Fate> Way<F> {
    fn carry(&mut self, datagram: &[u8], socket: &UdpSocket, to: SocketAddr) {
        let send = |datagram: &[u8]| drop(socket.send_to(datagram, to));
        let text = std::str::from_utf8(datagram).unwrap();
        if text.ends_with(MENDS) {
            self.mended = true;
            self.late.drain(..).for_each(|late| send(&late));
        }
        self.number += 1;
        match (self.fate)(self.number, text) {
            _ if self.mended => {}
            IsLost => return,
            ArrivesLate => return self.late.push(datagram.to_vec()),
            ArrivesTwice => send(datagram),
            Arrives => {}
        }
        send(datagram);
        self.late.drain(..).for_each(|late| send(&late));
    }
}

/// A network to `server`, at the address that is given back; its threads run
/// until the test's process ends. The server sees an address of its own for
/// each client.
fn bad_network<F>(server: SocketAddr, fate: F) -> SocketAddr
where
    F: Fn(u64, &str) -> Fate + Clone + Send + 'static,
{
    let front = UdpSocket::bind("127.0.0.1:0").unwrap();
    let network = front.local_addr().unwrap();
    let mut ways = (0..).map(move |way| Way {
        fate: fate.clone(),
        number: way << 32,
        late: Vec::new(),
        mended: false,
    });
    let mut clients = HashMap::new();
    thread::spawn(move || {
        arrivals(&front, |datagram, client| {
            let (back, up) = clients.entry(client).or_insert_with(|| {
                let back = UdpSocket::bind("127.0.0.1:0").unwrap();
                let (from, to) =
                    (back.try_clone().unwrap(), front.try_clone().unwrap());
                let mut down = ways.next().unwrap();
                thread::spawn(move || {
                    arrivals(&from, |datagram, _| {
                        down.carry(datagram, &to, client)
                    });
                });
                (back, ways.next().unwrap())
            });
            up.carry(datagram, back, server);
        });
    });
    network
}

/// Deals with all that arrives, for ever.
fn arrivals(socket: &UdpSocket, mut deal: impl FnMut(&[u8], SocketAddr)) {
    let mut buffer = [0; 2048];
    loop {
        // Windows reports an error if somebody is gone; the others are still
        // here.
        if let Ok((size, from)) = socket.recv_from(&mut buffer) {
            deal(&buffer[..size], from);
        }
    }
}

/// Real names that are easily taken for one another, or for something else.
const NAMES: [&str; 4] = ["EXITS", "小明", "小明:小红", "小明明"];
const LINES_EACH: usize = 50;

/// The `number`th line that `name` types; no two are equal.
fn typed(name: &str, number: usize) -> String {
    let mark = format!("{name}的第{number}句");
    match number % 5 {
        0 => format!("{} : {mark}", NAMES[number % 4]),
        1 => format!("exit {mark}"),
        2 => format!("{mark} 离开了聊天室..."),
        _ => mark,
    }
}

/// Whether `line` is a notice about somebody real, or what that person typed.
fn is_real(line: &str) -> bool {
    NAMES.iter().any(|name| match line.strip_prefix(name) {
        None => false,
        Some(_) if line == entered(name) || line == left(name) => true,
        Some(rest) => rest.strip_prefix(" : ").is_some_and(|said| {
            said == MENDS
                || (0..LINES_EACH).any(|number| said == typed(name, number))
        }),
    })
}

fn entered(name: &str) -> String {
    format!("{name} 进入聊天室...")
}

fn left(name: &str) -> String {
    format!("{name} 离开了聊天室...")
}

/// What is there to read up to the line `last`, all of it real.
#[track_caller]
fn up_to(last: &str, mut next: impl FnMut() -> String) -> Vec<String> {
    let mut read = Vec::new();
    while read.last().is_none_or(|line| line != last) {
        read.push(next());
        assert!(is_real(read.last().unwrap()), "{read:#?}");
    }
    read
}

/// A server, and somebody in its room directly.
fn watched() -> (Server, Peer) {
    let mut server = Server::start();
    let watcher = Peer::joins(&mut server, "watcher");
    (server, watcher)
}

#[test]
fn nobody_is_misnamed_and_no_line_becomes_a_name() {
    let seed = seed();
    let (mut server, watcher) = watched();
    let network = bad_network(server.address, move |number, _| {
        match Random::new(seed.rotate_left(40) ^ number).below(10) {
            0..=2 => IsLost,
            3 | 4 => ArrivesTwice,
            5 | 6 => ArrivesLate,
            _ => Arrives,
        }
    });
    let mut clients = NAMES.map(|name| Program::client(network, name));
    for (client, name) in clients.iter_mut().zip(NAMES) {
        client.stdout.until(&format!("-{name}-"));
    }
    for number in 0..LINES_EACH {
        for (client, name) in clients.iter_mut().zip(NAMES) {
            client.types(&typed(name, number));
        }
    }

    let mut relayed = Vec::new();
    // Each of these lines brings its owner back, if need be.
    for (speaker, name) in NAMES.iter().enumerate() {
        clients[speaker].types(MENDS);
        let line = format!("{name} : {MENDS}");
        relayed.extend(up_to(&line, || watcher.next()));
        for earlier in &mut clients[..speaker] {
            up_to(&line, || earlier.stdout.next());
        }
    }
    for (client, name) in clients.iter_mut().zip(NAMES) {
        client.types("EXIT");
        assert_eq!(client.status(), 0);
        let shown = client.stdout.rest();
        assert!(shown.lines().all(is_real), "{shown}");
        relayed.extend(up_to(&left(name), || watcher.next()));
    }
    watcher.gets_nothing_more(&mut server);
    // Each leave was its owner's last datagram, so that all came once, left
    // once and are gone.
    for notice in NAMES.map(|name| [entered(name), left(name)]).as_flattened() {
        let times = relayed.iter().filter(|&line| line == notice).count();
        assert_eq!(times, 1, "{notice}: {relayed:#?}");
    }
}

/// UDP confirms nothing, and the server has no clock: somebody whose leave is
/// lost stays on the roster until it is started again. The others do not
/// notice.
#[test]
fn a_lost_join_heals_at_the_next_line_and_a_lost_leave_disturbs_nobody() {
    let (mut server, watcher) = watched();
    let (tell, lost) = channel();
    let network = bad_network(server.address, move |_, text| {
        let is_lost =
            ["小明", "小明 : exit"].contains(&text) && tell.send(()).is_ok();
        if is_lost { IsLost } else { Arrives }
    });
    let mut ming = Program::client(network, "小明");
    lost.recv_timeout(DEADLINE).expect("the join is lost");
    watcher.gets_nothing_more(&mut server);
    ming.types("有人吗?");
    watcher.gets("小明 进入聊天室...");
    watcher.gets("小明 : 有人吗?");
    watcher.sends("watcher : 有");
    ming.stdout.until("watcher : 有");

    ming.types("exit");
    lost.recv_timeout(DEADLINE).expect("the leave is lost");
    assert_eq!(ming.status(), 0);
    let mut hong = Program::client(network, "小红");
    watcher.gets("小红 进入聊天室...");
    watcher.sends("watcher : 你好");
    hong.stdout.until("watcher : 你好");
    watcher.gets_nothing_more(&mut server);
}
