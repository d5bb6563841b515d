//! The real server under fire: tens of thousands of hostile datagrams from dozens of ports, while
//! two members talk. They hear each other throughout; the server's memory stays within what a
//! full room needs, and it is at rest once everybody is silent.
//!
//! `SEED=7 cargo test --test fire` fires other datagrams.

mod common;

use std::net::UdpSocket;

use common::hostile::Hostile;
use common::random::{Random, seed};
use common::{Peer, Server};

const PORTS: usize = 32;
const DATAGRAMS: usize = 20_000;

/// How much is fired before the two members talk: both the server's receive buffer and theirs have
/// room for it on every system (Windows gives a socket 64 KiB), so that nothing that they say is
/// lost on the way.
const BURST_DATAGRAMS: usize = 40;
const BURST_BYTES: usize = 20_000;

/// Ports that datagrams are fired from.
struct Fire {
    hostile: Hostile,
    random: Random,
    guns: Vec<(UdpSocket, String)>,
    fired: usize,
}

impl Fire {
    fn on(server: &Server) -> Self {
        let mut hostile = Hostile::new(seed());
        let guns = (0..PORTS).map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.connect(server.address).unwrap();
            (socket, hostile.name())
        });
        Fire {
            guns: guns.collect(),
            hostile,
            random: Random::new(seed()),
            fired: 0,
        }
    }

    fn burst(&mut self) {
        let mut bytes = 0;
        for _ in 0..BURST_DATAGRAMS {
            let (gun, name) = &self.guns[self.random.below(PORTS)];
            let datagram = self.hostile.datagram(name);
            gun.send(&datagram).expect("the server's port is open");
            self.fired += 1;
            bytes += datagram.len();
            if bytes > BURST_BYTES {
                break;
            }
        }
    }
}

/// `speaker` says something to `listener`, who hears it among all that others say meanwhile.
/// Returns how much that was.
fn says(speaker: &Peer, line: &str, listener: &Peer) -> usize {
    speaker.sends(line);
    let mut others = 0;
    loop {
        let heard = listener.next();
        if heard == line {
            return others;
        }
        others += 1;
        assert!(heard.len() <= 1024, "{heard:?}");
        let upsets_a_terminal = |c: char| c.is_control() && c != '\t';
        assert!(!heard.contains(upsets_a_terminal), "{heard:?}");
    }
}

#[test]
fn two_members_talk_under_fire() {
    let mut server = Server::start();
    let ming = Peer::joins(&mut server, "小明");
    let hong = Peer::joins(&mut server, "小红");
    let before = figures::memory(&server);

    let mut fire = Fire::on(&server);
    let mut heard = 0;
    while fire.fired < DATAGRAMS {
        fire.burst();
        heard += says(&ming, &format!("小明 : 第{}发", fire.fired), &hong);
        says(&hong, &format!("小红 : 第{}发", fire.fired), &ming);
    }

    assert!(heard > DATAGRAMS / 4, "{heard} heard: that was no fire");
    says(&ming, "小明 : 还在吗?", &hong);
    says(&hong, "小红 : 还在", &ming);
    assert_eq!(server.program.child.try_wait().unwrap(), None, "it lives");
    server.catch_up();
    let after = figures::memory(&server);
    eprintln!("{} fired, {heard} heard; {before:?}, {after:?}", fire.fired);
    figures::check_growth(&before, &after);
    figures::check_rest(&server);
}

/// What the system says of the server's process.
#[cfg(target_os = "linux")]
mod figures {
    use std::fs;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::common::{DEADLINE, Server};

    /// How much a process may grow from two members to a full room, in KiB.
    ///
    /// A hash map with 1000 entries has 2048 places, each for an address (32 bytes), a name's
    /// `String` (24) and a byte of the map's own: 114 KiB; 1000 seats of 40 bytes, 40 KiB. While
    /// these grow, their halves of before are there too: 231. 1000 names of 128 bytes, with what
    /// the allocator keeps beside each, are 150 KiB. The datagram in hand is one buffer of 64 KiB,
    /// which is there from the start but not in memory before it is filled. The rest is the
    /// allocator's, which asks for 132 KiB at a time.
    const FULL_ROOM: u64 = 231 + 150 + 64 + 2 * 132;

    /// Heap and stack, in KiB. What is mapped from the program's file is not the room's doing.
    #[derive(Debug)]
    pub struct Memory(u64);

    fn file(server: &Server, name: &str) -> String {
        let path = format!("/proc/{}/{name}", server.program.child.id());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn number(status: &str, key: &str) -> u64 {
        let line = status.lines().find(|line| line.starts_with(key));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.unwrap_or_else(|| panic!("{key}")).parse().unwrap()
    }

    pub fn memory(server: &Server) -> Memory {
        Memory(number(&file(server, "status"), "RssAnon:"))
    }

    pub fn check_growth(before: &Memory, after: &Memory) {
        assert!(after.0 <= before.0 + FULL_ROOM, "{before:?}, {after:?}");
    }

    /// The server's context switches, and its processor time in ticks.
    fn activity(server: &Server) -> Vec<u64> {
        let status = file(server, "status");
        let stat = file(server, "stat");
        // Fields 14 and 15, utime and stime; the second, in brackets, may hold anything.
        let fields = stat.rsplit_once(") ").unwrap().1;
        let ticks = fields.split(' ').skip(11).take(2);
        ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"]
            .map(|key| number(&status, key))
            .into_iter()
            .chain(ticks.map(|ticks| ticks.parse().unwrap()))
            .collect()
    }

    /// Two looks with silence between find the server where it was: it waits, and does not poll.
    /// More than two looks, in case it was still busy at the first. The sleep can only overlook
    /// something.
    pub fn check_rest(server: &Server) {
        let started = Instant::now();
        let mut before = activity(server);
        loop {
            thread::sleep(Duration::from_millis(300));
            let after = activity(server);
            if before == after {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "{before:?}, {after:?}");
            before = after;
        }
    }
}

/// Other systems tell such figures by other means; what was heard has been checked there too.
#[cfg(not(target_os = "linux"))]
mod figures {
    use super::common::Server;

    #[derive(Debug)]
    pub struct Memory;

    pub fn memory(_: &Server) -> Memory {
        Memory
    }

    pub fn check_growth(_: &Memory, _: &Memory) {}

    pub fn check_rest(_: &Server) {}
}
