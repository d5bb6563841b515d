//! The talk pair: a client that takes turns with a server.
//!
//! ```sh
//! cargo run --bin talk-client    # to 127.0.0.1:8088
//! ```

use std::io;
use std::net::UdpSocket;

use udp_group_chat::console::{arguments_or_exit, cannot, exit_with};
use udp_group_chat::console::{input, log, parse_address, print_line};
use udp_group_chat::protocol::RECEIVE_BUFFER;
use udp_group_chat::text::sanitize_bytes;

const USAGE: &str = "\
Usage: talk-client [ADDRESS]
Asks you for a message, sends it and prints the answer, again and again.
ADDRESS is HOST:PORT, by default 127.0.0.1:8088.";

fn main() {
    let args = arguments_or_exit(USAGE, 1);
    let address = args.first().map_or("127.0.0.1:8088", String::as_str);
    exit_with(talk(address));
}

fn talk(address: &str) -> io::Result<()> {
    let server = parse_address(address)?;
    // Port 0 lets the kernel choose a free port, and the unspecified address
    // lets it choose one of this machine's addresses in `connect`.
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).map_err(|e| cannot("bind", any, e))?;
    // This sends nothing. From now on, the kernel queues only datagrams from
    // the server, and a later call may fail because the server's port is closed
    // (an ICMP "port unreachable").
    socket.connect(server).map_err(|e| cannot("connect to", server, e))?;

    let mut buffer = [0; RECEIVE_BUFFER];
    while let Some(message) = input("please input msg:")? {
        if let Err(error) = socket.send(message.as_bytes()) {
            log(format!("error: cannot send to {server}: {error}"));
            continue;
        }
        // If the message or its answer is lost, this waits forever. A duplicate
        // answer is taken for the answer to the next message.
        match socket.recv_from(&mut buffer) {
            Ok((size, from)) => {
                let answer = sanitize_bytes(&buffer[..size]);
                // "message from the server ADDRESS:"
                print_line(format!("来自服务器{from}的消息:\n{answer}"))?;
            }
            Err(error) => log(format!("error: cannot reach {server}: {error}")),
        }
    }
    Ok(())
}
