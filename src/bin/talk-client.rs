//! The first step: a client that takes turns with a server.
//!
//! ```sh
//! cargo run --bin talk-client    # to 127.0.0.1:8088
//! ```

use std::io;
use std::net::UdpSocket;

use udp_group_chat::console::{ask_at_most, log, print_line};
use udp_group_chat::protocol::{MAX_DATAGRAM, RECEIVE_BUFFER};
use udp_group_chat::{Context, cli, net, text::sanitize_bytes};

const USAGE: cli::Usage = cli::Usage {
    text: "talk-client [ADDRESS]\nAsks you for a message, sends it and prints \
           the answer, and again.",
    default_address: "127.0.0.1:8088",
};

fn main() {
    cli::exit(talk())
}

fn talk() -> io::Result<()> {
    let mut operands = USAGE.operands(1);
    let server = USAGE.address(operands.next())?;
    let socket =
        UdpSocket::bind(net::any_port(server)).context("cannot bind a port")?;
    socket.connect(server).context(format!("cannot connect to {server}"))?;

    let mut buffer = [0; RECEIVE_BUFFER];
    while let Some(message) = ask_at_most(MAX_DATAGRAM, "please input msg:")? {
        let sent = socket.send(message.as_bytes());
        // If the message or its answer is lost, this waits for ever: UDP does
        // not tell. Press Ctrl-C.
        match sent.and_then(|_| socket.recv_from(&mut buffer)) {
            Ok((size, from)) => {
                let answer = sanitize_bytes(&buffer[..size]);
                print_line(format!("来自服务器{from}的消息:\n{answer}"))?; // "message from the server"
            }
            Err(error) => log(format!("error: cannot reach {server}: {error}")),
        }
    }
    Ok(())
}
