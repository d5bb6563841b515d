//! The first step: a client that takes turns with a server.
//!
//! ```sh
//! cargo run --bin talk-client    # to 127.0.0.1:8088
//! ```

use std::process::ExitCode;

use udp_group_chat::args::Program;
use udp_group_chat::stop::{self, Stop};
use udp_group_chat::{input, net, screen, text, wire};

const PROGRAM: Program = Program {
    name: "talk-client",
    does: "Asks for a message, sends it, waits for the answer and prints it; and again.",
    operands: &["ADDRESS"],
    default_address: "127.0.0.1:8088",
};

fn main() -> ExitCode {
    stop::status(talk())
}

fn talk() -> Result<(), Stop> {
    let address = PROGRAM.operands()?.address;
    let server = net::resolve(&address)?;
    let socket = net::connect(server).map_err(Stop::cannot(format!("connect to {address}")))?;

    let mut heard = Ok(());
    let mut buffer = [0; wire::RECEIVE_BUFFER];
    while let Some(message) = input::ask_for_datagram("please input msg:")? {
        let sent = socket.send(message.as_bytes());
        heard = match sent.and_then(|_| socket.recv_from(&mut buffer)) {
            Ok((size, from)) => {
                let answer = text::for_screen(&buffer[..size]);
                screen::print(&format!("来自服务器{from}的消息:\n{answer}\n"))?;
                Ok(())
            }
            Err(error) if net::is_refused(&error) => {
                net::tell_no_server(server);
                Err(Stop::Unheard)
            }
            Err(error) => return Err(Stop::cannot(format!("talk to {address}"))(error)),
        };
    }
    heard
}
