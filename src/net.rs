//! What every program does about addresses, and about errors that are no reason to end.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use crate::screen;
use crate::stop::Stop;

/// The socket address that `address`, a `HOST:PORT`, stands for.
///
/// A name may stand for several. The first IPv4 one is taken, for all programs alike: `localhost`
/// is often both `127.0.0.1` and `[::1]`, UDP has no handshake to find out which of them has a
/// server, and the article's programs know IPv4 only.
///
/// # Errors
///
/// [`Stop::Failed`], naming `address`, if it is no `HOST:PORT` or the system finds no address.
pub fn resolve(address: &str) -> Result<SocketAddr, Stop> {
    let found = address
        .to_socket_addrs()
        .map_err(Stop::cannot(format!("resolve `{address}` as HOST:PORT")))?
        .collect::<Vec<_>>();
    let ipv4 = found.iter().find(|address| address.is_ipv4());
    ipv4.or(found.first())
        .copied()
        .ok_or_else(|| Stop::Failed(format!("no address found for `{address}`")))
}

/// Says on standard error where a server's `socket` is bound: port 0 leaves the choice of one to
/// the system.
///
/// # Errors
///
/// [`Stop::Failed`] if the system does not tell.
pub fn announce(socket: &UdpSocket) -> Result<(), Stop> {
    let bound = socket
        .local_addr()
        .map_err(Stop::cannot("tell the bound address"))?;
    screen::note(format!("UDP Server on {bound}..."));
    Ok(())
}

/// A socket on any free port, connected to `server`.
///
/// Connecting a UDP socket sends nothing. It sets where datagrams go, and brings two things that
/// the article's unconnected clients lack (udp(7)): datagrams from any other address are dropped
/// by the system, and a server that is not there is reported, as an error of some later call. "Any
/// other" holds for the server's machine too, where that has several addresses: what it answers
/// from another one than it was asked at is not heard.
///
/// # Errors
///
/// What the system reports, for example that there is no route to `server`.
pub fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any_port = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any_port)?;
    socket.connect(server)?;
    Ok(socket)
}

/// Tells the user that no server answers at `address`.
pub fn tell_no_server(address: SocketAddr) {
    screen::note(format!("error: no server answers at {address}"));
}

/// What an error of sending or receiving says of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody is at the other end's port. The other system's answer to a datagram for such a port
    /// is an ICMP message (RFC 1122, section 4.1.3.1). Linux and macOS hand it to a connected
    /// socket as "connection refused" (udp(7)), Windows to any socket that has sent, as
    /// "connection reset" (`WSARecvFrom`, `WSAECONNRESET`). A firewall that rejects often answers
    /// with another code of that message, "prohibited" (RFC 1812, section 5.2.7.1), which comes as
    /// "host unreachable" or "network unreachable". That a machine is switched off or an address
    /// wrong, a router's plain "unreachable", Linux keeps to itself: it may pass.
    Refused,
    /// It is about one datagram, one signal or a network that may come back.
    Passing,
    /// The next call would fail as well.
    Lasting,
}

/// What `error` says of the socket.
#[must_use]
pub fn trouble(error: &io::Error) -> Trouble {
    /// The numbers of errors that std has no kind for. On other systems these numbers mean nothing
    /// that ends a UDP socket.
    const ABOUT_ONE_DATAGRAM: [i32; 5] = [
        10052, // Windows, WSAENETRESET: the time to live of one that we sent ran out
        64, 71, 90, 92, // Linux, ENONET, EPROTO, EMSGSIZE, ENOPROTOOPT: seldom codes of ICMP
    ];

    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => Trouble::Refused,
        io::ErrorKind::Interrupted | io::ErrorKind::NetworkDown => Trouble::Passing,
        _ => match error.raw_os_error() {
            Some(number) if ABOUT_ONE_DATAGRAM.contains(&number) => Trouble::Passing,
            _ => Trouble::Lasting,
        },
    }
}

/// Whether `error` is [`Trouble::Refused`].
#[must_use]
pub fn is_refused(error: &io::Error) -> bool {
    trouble(error) == Trouble::Refused
}

/// What a server makes of what receiving reports: the datagram's size in bytes and its sender, or
/// `None`, and a word on standard error, for an error that will pass. Then it can receive again.
///
/// "Someone left unexpectedly." is the article's, and only Windows has occasion for it: elsewhere a
/// server, whose socket is not connected, is told of no refusal.
///
/// # Errors
///
/// As [`unless_passing`].
pub fn received(
    result: io::Result<(usize, SocketAddr)>,
) -> Result<Option<(usize, SocketAddr)>, Stop> {
    unless_passing(result, || screen::note("Someone left unexpectedly."))
}

/// What was received, or `None` for an error that will pass: a refusal, which calls `refused`, or
/// another, which standard error is warned of.
///
/// # Errors
///
/// [`Stop::Failed`] for any other error: receiving again would fail again, and spin.
pub fn unless_passing<T>(result: io::Result<T>, refused: impl FnOnce()) -> Result<Option<T>, Stop> {
    let error = match result {
        Ok(received) => return Ok(Some(received)),
        Err(error) => error,
    };
    match trouble(&error) {
        Trouble::Refused => refused(),
        Trouble::Passing => screen::note(format!("warning: cannot receive: {error}")),
        Trouble::Lasting => return Err(Stop::cannot("receive")(error)),
    }
    Ok(None)
}
