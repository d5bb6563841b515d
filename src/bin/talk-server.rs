//! The first step: a server that takes turns with whoever writes to it.
//!
//! ```sh
//! cargo run --bin talk-server    # on 127.0.0.1:8088
//! ```

use std::io;
use std::net::UdpSocket;

use udp_group_chat::console::{ask_at_most, log, print_line};
use udp_group_chat::protocol::{MAX_DATAGRAM, RECEIVE_BUFFER};
use udp_group_chat::{Context, cli, text::sanitize_bytes};

const USAGE: cli::Usage = cli::Usage {
    text: "talk-server [ADDRESS]\nReceives a message, asks you for the answer \
           and sends it, and again.",
    default_address: "127.0.0.1:8088",
};

fn main() {
    cli::exit(talk())
}

fn talk() -> io::Result<()> {
    let mut operands = USAGE.operands(1);
    let address = USAGE.address(operands.next())?;
    let socket =
        UdpSocket::bind(address).context(format!("cannot bind {address}"))?;
    log(format!("UDP Server on {}...", socket.local_addr()?));

    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((size, from)) => {
                let message = sanitize_bytes(&buffer[..size]);
                print_line(format!("来自客户端{from}的消息:\n{message}"))?; // "message from the client"
                let Some(answer) =
                    ask_at_most(MAX_DATAGRAM, "please input send to msg:")?
                else {
                    return Ok(());
                };
                if let Err(error) = socket.send_to(answer.as_bytes(), from) {
                    log(format!("error: cannot reach {from}: {error}"));
                }
            }
            // About a datagram that we sent earlier.
            Err(error) => log(format!("warning: cannot receive: {error}")),
        }
    }
}
