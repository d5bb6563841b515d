//! Ports that a test can leave: nobody else gets them by chance.

use std::io::ErrorKind::{ConnectionRefused, ConnectionReset};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{iter, process};

use super::DEADLINE;

/// A socket at a port of its own that nobody gets by chance when it is closed:
/// no operating system gives port 0 such a port (Linux begins at 32768, others
/// at 49152 as in RFC 6335, section 6).
pub fn bind_apart() -> UdpSocket {
    static TRIED: AtomicUsize = AtomicUsize::new(0);

    // Processes that run at once seldom begin at the same place.
    let first = process::id() as usize * 64;
    iter::repeat_with(|| {
        16_384 + (first + TRIED.fetch_add(1, Ordering::Relaxed)) % 16_384
    })
    .find_map(|port| UdpSocket::bind(("127.0.0.1", port as u16)).ok())
    .expect("there is no end of ports to try")
}

/// An address of this machine where nobody is.
pub fn nobody() -> SocketAddr {
    let address = bind_apart().local_addr().unwrap();
    wait_until_refused(address);
    address
}

/// Closing the socket there is not always enough: a program that another test
/// starts meanwhile holds a copy of it until its own code runs (fork(2)), and a
/// datagram would just be lost.
pub fn wait_until_refused(address: SocketAddr) {
    let probe = UdpSocket::bind((address.ip(), 0)).unwrap();
    probe.connect(address).unwrap();
    let moment = Duration::from_millis(50);
    probe.set_read_timeout(Some(moment)).unwrap();
    let started = Instant::now();
    loop {
        // Linux and macOS say "connection refused", Windows "connection reset".
        let heard = probe.send(b"").and_then(|_| probe.recv(&mut [0]));
        if heard.is_err_and(|error| {
            [ConnectionRefused, ConnectionReset].contains(&error.kind())
        }) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "somebody is at {address}");
    }
}
