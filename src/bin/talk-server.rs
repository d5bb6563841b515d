//! The talk pair: a server that takes turns with its clients.
//!
//! ```sh
//! cargo run --bin talk-server    # at 127.0.0.1:8088
//! ```

use std::io;
use std::net::UdpSocket;

use udp_group_chat::console::{arguments_or_exit, cannot, exit_with};
use udp_group_chat::console::{input, log, parse_address, print_line};
use udp_group_chat::protocol::RECEIVE_BUFFER;
use udp_group_chat::text::sanitize_bytes;

const USAGE: &str = "\
Usage: talk-server [ADDRESS]
Receives a message, asks you for the answer and sends it, again and again.
ADDRESS is HOST:PORT, by default 127.0.0.1:8088.";

fn main() {
    let args = arguments_or_exit(USAGE, 1);
    let address = args.first().map_or("127.0.0.1:8088", String::as_str);
    exit_with(talk(address));
}

fn talk(address: &str) -> io::Result<()> {
    let address = parse_address(address)?;
    // From now on, the kernel queues datagrams to this address for this socket.
    let socket =
        UdpSocket::bind(address).map_err(|e| cannot("bind", address, e))?;
    log(format!("UDP Server on {}...", socket.local_addr()?));

    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        // Wait for a datagram. It brings its sender's address, for the answer.
        match socket.recv_from(&mut buffer) {
            Ok((size, from)) => {
                let message = sanitize_bytes(&buffer[..size]);
                // "message from the client ADDRESS:"
                print_line(format!("来自客户端{from}的消息:\n{message}"))?;
                let Some(answer) = input("please input send to msg:")? else {
                    return Ok(());
                };
                if let Err(error) = socket.send_to(answer.as_bytes(), from) {
                    log(format!("error: cannot send to {from}: {error}"));
                }
            }
            // Windows reports here that an earlier answer went to a closed
            // port. The socket still works.
            Err(error) => log(format!("warning: cannot receive: {error}")),
        }
    }
}
