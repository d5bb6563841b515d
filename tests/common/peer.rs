//! A plain socket in a chat.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::report::short;
use super::{Program, Server, TIMEOUT, uninterrupted};
use super::{doing, expect_equal, fail, ports};

/// A plain socket in a chat: a stranger or member at a server, or a server.
pub struct Peer {
    pub socket: UdpSocket,
    /// Where `sends` sends to: the server, or the last sender.
    partner: Cell<Option<SocketAddr>>,
}

impl Peer {
    pub fn new(socket: UdpSocket) -> Self {
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        Peer { socket, partner: Cell::new(None) }
    }

    pub fn stranger_to(server: SocketAddr) -> Self {
        Peer::stranger_with(UdpSocket::bind((server.ip(), 0)).unwrap(), server)
    }

    pub fn stranger_with(socket: UdpSocket, server: SocketAddr) -> Self {
        Peer { partner: Some(server).into(), ..Peer::new(socket) }
    }

    /// A stranger that may be dropped while the server still sends to it: no
    /// other socket gets its port by chance.
    pub fn disposable(server: SocketAddr) -> Self {
        Peer::stranger_with(ports::bind_from(12_288), server)
    }

    /// A member called `name`, once the server has logged that.
    #[track_caller]
    pub fn joined(server: &mut Server, name: &str) -> Self {
        let peer = Peer::stranger_to(server.address);
        peer.sends(name);
        let logged = format!("{name} joined from {}", peer.address());
        server.program.stderr.read_until(&logged);
        peer
    }

    pub fn as_server() -> Self {
        Peer::as_server_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn as_server_at(address: SocketAddr) -> Self {
        Peer::new(UdpSocket::bind(address).unwrap())
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn partner(&self) -> SocketAddr {
        self.partner.get().expect("something was received")
    }

    #[track_caller]
    pub fn sends(&self, payload: impl AsRef<[u8]>) {
        let payload = payload.as_ref();
        let text = short(&String::from_utf8_lossy(payload));
        doing(format_args!("{} sent {text}", self.address()));
        self.socket.send_to(payload, self.partner()).unwrap();
    }

    #[track_caller]
    pub fn sends_each(&self, texts: &[&str]) {
        texts.iter().for_each(|text| self.sends(text));
    }

    /// The text of the next datagram.
    fn receive(&self) -> io::Result<String> {
        let mut buffer = [0; 65_536];
        let received = uninterrupted(|| self.socket.recv_from(&mut buffer));
        let (size, from) = received?;
        self.partner.set(Some(from));
        Ok(String::from_utf8_lossy(&buffer[..size]).into_owned())
    }

    /// The text of the next datagram, if one comes within `time`.
    #[allow(dead_code)] // Only the exercises use it.
    pub fn next_payload_within(&self, time: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let received = self.receive().ok();
        self.socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        received
    }

    /// `expected` is for the message if no datagram comes.
    #[track_caller]
    fn next(&self, expected: &str) -> String {
        self.receive().unwrap_or_else(|error| {
            let expected = format!("{expected} at {}", self.address());
            fail(expected, format_args!("nothing in 10 s ({})", error.kind()))
        })
    }

    #[track_caller]
    pub fn next_text(&self) -> String {
        self.next("a datagram")
    }

    #[track_caller]
    pub fn expect(&self, expected: &str) {
        let received = self.next(&format!("the datagram {}", short(expected)));
        let what = format!("the next datagram at {}", self.address());
        expect_equal(&what, &*received, expected);
    }

    #[track_caller]
    pub fn expect_each(&self, texts: &[&str]) {
        texts.iter().for_each(|text| self.expect(text));
    }

    /// Checks that nothing has arrived that wasn't read.
    #[track_caller]
    pub fn expect_empty_queue(&self) {
        self.socket.set_nonblocking(true).unwrap();
        let received = self.receive();
        self.socket.set_nonblocking(false).unwrap();
        match received {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => {
                let expected = format!("nothing more at {}", self.address());
                fail(expected, format_args!("{other:?}"))
            }
        }
    }

    /// Checks that this peer receives `sent` when `typed` is typed.
    #[track_caller]
    pub fn expect_typed(&self, client: &mut Program, typed: &str, sent: &str) {
        client.types(typed);
        self.expect(sent);
    }
}
