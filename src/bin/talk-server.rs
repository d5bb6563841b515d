//! The first step: a server that takes turns with whoever writes to it.
//!
//! ```sh
//! cargo run --bin talk-server    # on 127.0.0.1:8088
//! ```

use std::net::UdpSocket;
use std::process::ExitCode;

use udp_group_chat::args::Program;
use udp_group_chat::stop::{self, Stop};
use udp_group_chat::{input, net, screen, text, wire};

const PROGRAM: Program = Program {
    name: "talk-server",
    does: "Receives a message, prints it, asks for the answer and sends it; and again.",
    operands: &["ADDRESS"],
    default_address: "127.0.0.1:8088",
};

fn main() -> ExitCode {
    stop::status(talk())
}

fn talk() -> Result<(), Stop> {
    let address = PROGRAM.operands()?.address;
    let socket = UdpSocket::bind(net::resolve(&address)?)
        .map_err(Stop::cannot(format!("bind {address}")))?;
    net::announce(&socket)?;

    let mut buffer = [0; wire::RECEIVE_BUFFER];
    loop {
        let Some((size, from)) = net::received(socket.recv_from(&mut buffer))? else {
            continue;
        };
        let message = text::for_screen(&buffer[..size]);
        screen::print(&format!("来自客户端{from}的消息:\n{message}\n"))?;
        let Some(answer) = input::ask_for_datagram("please input send to msg:")? else {
            return Ok(());
        };
        if let Err(error) = socket.send_to(answer.as_bytes(), from) {
            screen::note(format!("error: cannot send to {from}: {error}"));
        }
    }
}
