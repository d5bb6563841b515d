//! Ports that a test can leave: no other socket gets them by chance.

use std::io::ErrorKind::{ConnectionRefused, ConnectionReset};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{iter, process};

use super::TIMEOUT;

/// A socket at a port that no other socket gets by chance when it is closed,
/// because it is below the ports that a bind to port 0 gives (Linux begins at
/// 32768, other systems at 49152 as in RFC 6335, section 6).
pub fn bind_outside_ephemeral_range() -> UdpSocket {
    static TRIED: AtomicUsize = AtomicUsize::new(0);

    // Test programs that run at the same time rarely begin at the same port.
    let first = process::id() as usize * 64;
    let port = || {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        (16_384 + (first + tried) % 16_384) as u16
    };
    iter::repeat_with(port)
        .take(16_384)
        .find_map(|port| UdpSocket::bind(("127.0.0.1", port)).ok())
        .expect("a free port from 16384 to 32767 at 127.0.0.1")
}

/// A local address to which no socket is bound.
pub fn unused_address() -> SocketAddr {
    let address = bind_outside_ephemeral_range().local_addr().unwrap();
    wait_until_refused(address);
    address
}

/// Waits until datagrams to `address` are refused.
///
/// Closing the socket is not always enough. If another test is just starting a
/// program, the forked child holds a copy of the socket until it calls `exec`,
/// and until then a datagram is lost without an error.
pub fn wait_until_refused(address: SocketAddr) {
    let probe = UdpSocket::bind((address.ip(), 0)).unwrap();
    probe.connect(address).unwrap();
    let moment = Duration::from_millis(50);
    probe.set_read_timeout(Some(moment)).unwrap();
    let started = Instant::now();
    loop {
        // Linux and macOS report "refused", Windows "reset".
        let received = probe.send(b"").and_then(|_| probe.recv(&mut [0]));
        let refusals = [ConnectionRefused, ConnectionReset];
        if received.is_err_and(|error| refusals.contains(&error.kind())) {
            return;
        }
        assert!(
            started.elapsed() < TIMEOUT,
            "expected: no socket is bound to {address}\n\
             received: no \"port unreachable\" within {TIMEOUT:?}"
        );
    }
}
