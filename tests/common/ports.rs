//! Ports that a test can leave: no other socket gets them by chance.

use std::io::ErrorKind::{ConnectionRefused, ConnectionReset};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{process, thread};

use super::TIMEOUT;

/// A socket at one of the 8,192 ports from `lowest` on: 12288, or 20480 as in
/// [`unused_address`]. No other socket gets its port by chance when it is
/// closed, because it is below the ports that a bind to port 0 gives (Linux
/// begins at 32768, other systems at 49152 as in RFC 6335, section 6).
pub fn bind_from(lowest: usize) -> UdpSocket {
    static TRIED: AtomicUsize = AtomicUsize::new(0);
    // Test programs that run at the same time rarely begin at the same port.
    let first = process::id() as usize * 64;
    let free = (0..8_192).find_map(|_| {
        let port = lowest + (first + TRIED.fetch_add(1, Relaxed)) % 8_192;
        UdpSocket::bind(("127.0.0.1", port as u16)).ok()
    });
    free.expect("a free port below 32768 at 127.0.0.1")
}

/// A local address to which no socket is bound. No server that a test left
/// running sends to it, because a `disposable` peer never has such a port.
pub fn unused_address() -> SocketAddr {
    let address = bind_from(20_480).local_addr().unwrap();
    wait_until_refused(address);
    address
}

/// Waits until datagrams to `address` are refused. Closing a socket isn't
/// always enough: if another test is just starting a program, the forked child
/// has a copy of the socket until it calls `exec`.
pub fn wait_until_refused(address: SocketAddr) {
    wait_until_bound(address, false);
}

/// Waits until a socket that doesn't answer is bound to `address`, or none is.
/// (The article's server prints nothing when it is ready.)
#[track_caller]
pub fn wait_until_bound(address: SocketAddr, bound: bool) {
    let probe = UdpSocket::bind((address.ip(), 0)).unwrap();
    probe.connect(address).unwrap();
    probe.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let started = Instant::now();
    // Linux and macOS report "refused", Windows "reset".
    let refusals = [ConnectionRefused, ConnectionReset];
    let is_bound = || {
        let received = probe.send(b"").and_then(|_| probe.recv(&mut [0]));
        !received.is_err_and(|error| refusals.contains(&error.kind()))
    };
    while is_bound() != bound {
        let wish = if bound { "a" } else { "no" };
        let is_late = started.elapsed() > TIMEOUT;
        assert!(!is_late, "expected: {wish} socket at {address} within 10 s");
        thread::sleep(Duration::from_millis(2));
    }
    let _ = probe.send(b"exit"); // The article's server let the probe join.
}
