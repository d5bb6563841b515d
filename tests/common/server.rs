//! One of our servers, with what its tests look at.

use std::net::SocketAddr;

use super::{Peer, Program, SERVER, command};
use super::{expect_equal, fail, joined_notice};

/// One of our servers, at a port of its own.
pub struct Server {
    pub program: Program,
    pub address: SocketAddr,
}

impl Server {
    #[track_caller]
    pub fn start() -> Self {
        Server::start_at("127.0.0.1:0")
    }

    #[track_caller]
    pub fn start_at(address: &str) -> Self {
        Server::from_program(Program::start(command(SERVER, &[address])))
    }

    /// A server that has just been started, once it says its address.
    #[track_caller]
    pub fn from_program(mut program: Program) -> Self {
        let line = program.stderr.next_line();
        let address = line.strip_prefix("UDP Server on ");
        let address = address.and_then(|it| it.strip_suffix("..."));
        let address = address.and_then(|it| it.parse::<SocketAddr>().ok());
        match address.filter(|address| address.port() != 0) {
            Some(address) => Server { program, address },
            None => fail("UDP Server on ADDRESS...", line),
        }
    }

    /// Waits until the server has handled everything sent to it before this. It
    /// handles one datagram after another.
    #[track_caller]
    pub fn wait_until_caught_up(&mut self) {
        let stranger = Peer::stranger_to(self.address);
        stranger.socket.send_to(b"\xff", self.address).unwrap();
        self.read_warning_about(&stranger);
    }

    /// Reads the log to the warning about a datagram from `peer`. Returns it.
    #[track_caller]
    pub fn read_warning_about(&mut self, peer: &Peer) -> String {
        let address = peer.address();
        let warning = format!("warning: dropped a datagram from {address}: ");
        self.program.stderr.read_until(&warning)
    }

    /// Checks the next line of the log, without what exercise 1 adds to it.
    #[track_caller]
    pub fn expect_log_line(&mut self, expected: &str) {
        let line = self.program.stderr.next_line();
        expect_equal("the server's log", without_count(&line), expected);
    }

    /// Checks that the next line of the log is a warning about a datagram from
    /// `peer`, with this in the reason.
    #[track_caller]
    pub fn expect_drop(&mut self, peer: &Peer, reason: &str) {
        let address = peer.address();
        let warning = format!("warning: dropped a datagram from {address}: ");
        self.program.stderr.expect_line_with(&warning, reason);
    }

    /// Checks the next line of standard output: `peer` said `line`.
    #[track_caller]
    pub fn expect_chat_line(&mut self, line: &str, peer: &Peer) {
        let expected = format!("\"{line}\" from {}", peer.address());
        self.program.stdout.expect_line(&expected);
    }

    /// These members join one after another and read each other's notices.
    #[track_caller]
    pub fn join<const N: usize>(&mut self, names: [&str; N]) -> [Peer; N] {
        let peers = names.map(|name| Peer::joined(self, name));
        for (number, peer) in peers.iter().enumerate() {
            for later in &names[number + 1..] {
                peer.expect(&joined_notice(later));
            }
        }
        peers
    }

    /// Checks that the server, once it has caught up, has sent these peers
    /// nothing more.
    #[track_caller]
    pub fn expect_nothing_more_to(&mut self, peers: &[&Peer]) {
        self.wait_until_caught_up();
        peers.iter().for_each(|peer| peer.expect_empty_queue());
    }

    /// Checks that the server, once it has caught up, has sent these peers
    /// nothing more and has printed nothing that the test hasn't read.
    #[track_caller]
    pub fn expect_nothing_more(&mut self, peers: &[&Peer]) {
        self.expect_nothing_more_to(peers);
        let printed = self.program.stdout.drain();
        expect_equal("the server prints nothing more", &*printed, "");
    }
}

/// A line of the server's log without the ` (N here)` of exercise 1.
pub fn without_count(line: &str) -> String {
    let end = line.rfind(" (").filter(|_| line.ends_with(" here)"));
    line[..end.unwrap_or(line.len())].to_owned()
}
