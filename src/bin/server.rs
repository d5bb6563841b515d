//! The group chat's server: one socket, one roster, one loop.
//!
//! ```sh
//! cargo run --bin server                    # on 127.0.0.1:9999
//! cargo run --bin server -- 0.0.0.0:9999    # for everyone on the LAN
//! ```

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};

use udp_group_chat::console::{log, print_line};
use udp_group_chat::message::{InvalidMessage, Message};
use udp_group_chat::{Context, cli, protocol};

const USAGE: cli::Usage = cli::Usage {
    text: "server [ADDRESS]\nRelays what each member says to all the others.",
    default_address: "127.0.0.1:9999",
};

/// The room's limit: anyone may join from many ports, and each member costs
/// memory, and a datagram for every line. A full room does not answer
/// strangers.
const MAX_MEMBERS: usize = 1000;

struct Server {
    socket: UdpSocket,
    /// The members' names by address; two may have the same name. A client
    /// that is killed stays listed until the server is started again, or
    /// its port's next user leaves.
    roster: HashMap<SocketAddr, String>,
}

fn main() {
    cli::exit(serve())
}

fn serve() -> io::Result<()> {
    let mut operands = USAGE.operands(1);
    let address = USAGE.address(operands.next())?;
    let socket =
        UdpSocket::bind(address).context(format!("cannot bind {address}"))?;
    log(format!("UDP Server on {}...", socket.local_addr()?));

    let mut server = Server { socket, roster: HashMap::new() };
    let mut buffer = [0; protocol::RECEIVE_BUFFER];
    loop {
        match server.socket.recv_from(&mut buffer) {
            Ok((size, from)) => server.handle(from, &buffer[..size]),
            // Windows may report here that an earlier datagram hit a closed
            // port, but not whose. To go on is a choice: a socket
            // that failed every time would log for ever.
            Err(error) => log(format!("Someone left unexpectedly: {error}")),
        }
    }
}

impl Server {
    /// Finds out what one datagram means, and acts on it.
    fn handle(&mut self, from: SocketAddr, datagram: &[u8]) {
        let sender = self.roster.get(&from).map(String::as_str); // none: a stranger
        match Message::parse(sender, datagram) {
            Ok(Message::Join { name, line }) => self.enter(from, name, line),
            Ok(Message::Line(line)) => self.say(from, &line),
            Ok(Message::Leave) => self.leave(from),
            Ok(Message::Nothing) => {}
            Err(invalid) => self.reject(from, &invalid),
        }
    }

    /// One datagram is enough to enter, and nothing proves the address that it
    /// claims to come from.
    fn enter(&mut self, from: SocketAddr, name: String, line: Option<String>) {
        if self.roster.len() >= MAX_MEMBERS {
            log(format!("warning: the room is full: {from} cannot enter"));
            return;
        }
        log(format!("{name} entered from {from}"));
        self.relay(from, &format!("{name} 进入聊天室...")); // "enters the room"
        self.roster.insert(from, name);
        if let Some(line) = line {
            self.say(from, &line);
        }
    }

    fn say(&self, from: SocketAddr, line: &str) {
        // The chat goes on even if nobody reads our standard output any more.
        let _ = print_line(format_args!("\"{line}\" from {from}"));
        self.relay(from, line);
    }

    fn leave(&mut self, from: SocketAddr) {
        if let Some(name) = self.roster.remove(&from) {
            log(format!("{name} left from {from}"));
            self.relay(from, &format!("{name} 离开了聊天室...")); // "has left the room"
        }
    }

    fn reject(&self, from: SocketAddr, invalid: &InvalidMessage) {
        log(format!(
            "warning: dropped a datagram from {from}: {}",
            invalid.reason()
        ));
        // Strangers are never answered: their address may be forged, or be
        // another server's.
        if self.roster.contains_key(&from) {
            self.send(from, &invalid.hint());
        }
    }

    /// Sends `line` to every member but the one at `from`.
    fn relay(&self, from: SocketAddr, line: &str) {
        for &member in self.roster.keys() {
            if member != from {
                self.send(member, line);
            }
        }
    }

    /// Sends one datagram. A member who cannot be reached costs nobody else
    /// their copy.
    fn send(&self, to: SocketAddr, text: &str) {
        if let Err(error) = self.socket.send_to(text.as_bytes(), to) {
            log(format!("warning: cannot send to {to}: {error}"));
        }
    }
}
