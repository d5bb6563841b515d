//! The group chat's server: one socket, one roster, one loop.
//!
//! ```sh
//! cargo run --bin server                    # at 127.0.0.1:9999
//! cargo run --bin server -- 0.0.0.0:9999    # for everyone on the LAN
//! ```

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};

use udp_group_chat::console::{arguments_or_exit, cannot, exit_with};
use udp_group_chat::console::{log, parse_address, print_line};
use udp_group_chat::protocol::{MAX_MEMBERS, MAX_PAYLOAD, RECEIVE_BUFFER};
use udp_group_chat::protocol::{Message, may_join};

const USAGE: &str = "\
Usage: server [ADDRESS]
Relays what each member says to all other members.
ADDRESS is HOST:PORT, by default 127.0.0.1:9999.";

struct Server {
    socket: UdpSocket,
    /// Where the socket is bound.
    address: SocketAddr,
    /// Each member's address and name. Two members may have the same name.
    roster: HashMap<SocketAddr, String>,
}

fn main() {
    let args = arguments_or_exit(USAGE, 1);
    let address = args.first().map_or("127.0.0.1:9999", String::as_str);
    exit_with(serve(address));
}

fn serve(address: &str) -> io::Result<()> {
    let address = parse_address(address)?;
    let socket =
        UdpSocket::bind(address).map_err(|e| cannot("bind", address, e))?;
    let address = socket.local_addr()?; // the kernel has replaced a port of 0
    log(format!("UDP Server on {address}..."));

    let mut server = Server { socket, address, roster: HashMap::new() };
    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        match server.socket.recv_from(&mut buffer) {
            Ok((size, from)) => server.handle(from, &buffer[..size]),
            // Windows reports here that a member's port is closed, but the
            // socket still works.
            Err(error) => log(format!("warning: cannot receive: {error}")),
        }
    }
}

impl Server {
    fn handle(&mut self, from: SocketAddr, payload: &[u8]) {
        // The sender's name on the roster, or `None` for a stranger.
        let member = self.roster.get(&from).map(String::as_str);
        match Message::parse(member, payload) {
            Ok(Message::Join { name, line }) => self.join(from, name, line),
            Ok(Message::Say(line)) => self.say(from, &line),
            Ok(Message::Leave) => self.leave(from),
            Ok(Message::Ignore) => {}
            Err(reason) => self.reject(from, &reason),
        }
    }

    /// Announces the stranger, adds it to the roster and relays the line, if
    /// there is one. Nothing proves that the datagram comes from this address:
    /// after one forged join, the server sends a victim every line.
    fn join(&mut self, from: SocketAddr, name: String, line: Option<String>) {
        if let Err(reason) = may_join(from, self.address.port()) {
            return self.reject(from, reason);
        }
        if self.roster.len() >= MAX_MEMBERS {
            return self.reject(from, "the room is full");
        }
        log(format!("{name} joined from {from}"));
        // "NAME joined the room"
        self.relay(from, &format!("{name} 进入聊天室..."));
        self.roster.insert(from, name);
        if let Some(line) = line {
            self.say(from, &line);
        }
    }

    fn leave(&mut self, from: SocketAddr) {
        // `None` for a stranger: a duplicate leave, for example.
        if let Some(name) = self.roster.remove(&from) {
            log(format!("{name} left from {from}"));
            // "NAME left the room"
            self.relay(from, &format!("{name} 离开了聊天室..."));
        }
    }

    fn say(&self, from: SocketAddr, line: &str) {
        // If standard output is closed or the disk is full, the chat goes on.
        if let Err(error) = print_line(format_args!("\"{line}\" from {from}")) {
            log(format!("warning: {error}"));
        }
        self.relay(from, line);
    }

    /// Drops the datagram and tells its sender, but only if that is a member: a
    /// stranger's address may be forged, and no answer should go to a victim.
    fn reject(&self, from: SocketAddr, reason: &str) {
        log(format!("warning: dropped a datagram from {from}: {reason}"));
        if self.roster.contains_key(&from) {
            // "Hint: the message isn't UTF-8 text, or has more than 1024 bytes
            // together with the name; it was not relayed."
            let hint = "[提示] 消息不是 UTF-8 文本，或加上名称后超过";
            self.send(from, &format!("{hint} {MAX_PAYLOAD} 字节，未转发"));
        }
    }

    /// Sends `line` to every member except the one at `from`.
    fn relay(&self, from: SocketAddr, line: &str) {
        for &to in self.roster.keys() {
            if to != from {
                self.send(to, line);
            }
        }
    }

    /// Sends one datagram. If that fails, the others still get theirs.
    fn send(&self, to: SocketAddr, text: &str) {
        if let Err(error) = self.socket.send_to(text.as_bytes(), to) {
            log(format!("warning: cannot send to {to}: {error}"));
        }
    }
}
