//! Which errors of receiving a server warns of, and which end it. Which of them come depends on
//! the system, so they are made here.

use std::io::{Error, ErrorKind};

use udp_group_chat::net::{Trouble, is_refused, received, resolve, trouble};
use udp_group_chat::stop::Stop;

#[test]
fn a_datagram_is_received() {
    let from = "127.0.0.1:5001".parse().unwrap();
    assert_eq!(received(Ok((3, from))), Ok(Some((3, from))));
}

#[test]
fn each_error_says_one_of_three_things_of_the_socket() {
    for (errors, expected) in [
        (
            &[
                ErrorKind::ConnectionRefused,
                ErrorKind::ConnectionReset,
                ErrorKind::HostUnreachable,
                ErrorKind::NetworkUnreachable,
            ][..],
            Trouble::Refused,
        ),
        (
            &[ErrorKind::Interrupted, ErrorKind::NetworkDown],
            Trouble::Passing,
        ),
        (
            &[
                ErrorKind::NotConnected,
                ErrorKind::InvalidInput,
                ErrorKind::OutOfMemory,
            ],
            Trouble::Lasting,
        ),
    ] {
        for &kind in errors {
            let error = Error::from(kind);
            assert_eq!(trouble(&error), expected, "{kind:?}");
            assert_eq!(is_refused(&error), expected == Trouble::Refused);
            let from_here = received(Err(error));
            if expected == Trouble::Lasting {
                assert!(
                    matches!(from_here, Err(Stop::Failed(why)) if why.starts_with("cannot receive: "))
                );
            } else {
                assert_eq!(from_here, Ok(None));
            }
        }
    }
}

#[test]
fn errors_that_only_their_number_tells_apart() {
    // Windows: WSAENETRESET. Linux: ENONET, EPROTO, EMSGSIZE, ENOPROTOOPT.
    for number in [10052, 64, 71, 90, 92] {
        let error = Error::from_raw_os_error(number);
        assert_eq!(trouble(&error), Trouble::Passing, "{number}");
    }
    // No socket any more: EBADF, and Windows' WSAENOTSOCK.
    for number in [9, 10038] {
        let error = Error::from_raw_os_error(number);
        assert_eq!(trouble(&error), Trouble::Lasting, "{number}");
    }
}

#[test]
fn a_host_with_addresses_of_both_kinds_is_its_ipv4_one() {
    assert_eq!(
        resolve("localhost:9999"),
        Ok("127.0.0.1:9999".parse().unwrap())
    );
    assert_eq!(resolve("[::1]:9999"), Ok("[::1]:9999".parse().unwrap()));
}
