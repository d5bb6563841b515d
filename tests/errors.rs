//! Which errors of receiving a server warns of, and which end it. Which of them come depends on
//! the system, so they are made here.

use std::io::{Error, ErrorKind};

use udp_group_chat::net::{is_refused, received, resolve};
use udp_group_chat::stop::Stop;

#[test]
fn a_datagram_is_received() {
    let from = "127.0.0.1:5001".parse().unwrap();
    assert_eq!(received(Ok((3, from))), Ok(Some((3, from))));
}

#[test]
fn an_error_that_will_pass_is_passed_over() {
    for kind in [
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionRefused,
        ErrorKind::Interrupted,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkUnreachable,
        ErrorKind::NetworkDown,
    ] {
        assert_eq!(received(Err(kind.into())), Ok(None), "{kind:?}");
    }
}

#[test]
fn an_error_that_will_not_pass_ends_the_server() {
    for kind in [
        ErrorKind::NotConnected,
        ErrorKind::InvalidInput,
        ErrorKind::OutOfMemory,
    ] {
        let end = received(Err(kind.into()));
        assert!(matches!(end, Err(Stop::Failed(why)) if why.starts_with("cannot receive: ")));
    }
    // What Windows reports when a time to live has run out, other systems know as nothing.
    let end = received(Err(Error::from_raw_os_error(10052)));
    assert_eq!(end.is_ok(), cfg!(windows));
}

#[test]
fn a_refusal_is_told_from_other_errors() {
    assert!(is_refused(&ErrorKind::ConnectionRefused.into()));
    assert!(is_refused(&ErrorKind::ConnectionReset.into()));
    assert!(!is_refused(&ErrorKind::NetworkUnreachable.into()));
}

#[test]
fn a_host_with_addresses_of_both_kinds_is_its_ipv4_one() {
    assert_eq!(
        resolve("localhost:9999"),
        Ok("127.0.0.1:9999".parse().unwrap())
    );
    assert_eq!(resolve("[::1]:9999"), Ok("[::1]:9999".parse().unwrap()));
}
