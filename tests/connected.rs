//! What the client knows of its server, where its receive thread has no part in it.

mod common;

use std::net::UdpSocket;

use common::{DEADLINE, nobody};
use udp_group_chat::connected::Connected;

#[test]
fn what_was_refused_before_the_last_words_does_not_count() {
    let address = nobody();
    let client = Connected::to(address).unwrap();
    client.send("one");
    let server = UdpSocket::bind(address).unwrap();
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    client.send("two");
    assert_eq!(client.send_last("exit"), Ok(()));
    for word in ["two", "exit"] {
        let mut buffer = [0; 16];
        let size = server.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..size], word.as_bytes());
    }
}

/// (Windows reports a refusal to receiving only.)
#[cfg(unix)]
#[test]
fn a_refusal_that_no_call_has_reported_counts() {
    let client = Connected::to(nobody()).unwrap();
    client.send("one");
    assert_eq!(
        client.send_last("exit"),
        Err(udp_group_chat::stop::Stop::Unheard)
    );
}
