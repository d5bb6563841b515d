//! The group chat's server: one socket, one roster, one loop.
//!
//! ```sh
//! cargo run --bin server                    # on 127.0.0.1:9999
//! cargo run --bin server -- 0.0.0.0:9999    # for everyone on the LAN
//! ```

use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;

use udp_group_chat::args::Program;
use udp_group_chat::room::{Event, Room};
use udp_group_chat::stop::{self, Stop};
use udp_group_chat::{net, screen, wire};

const PROGRAM: Program = Program {
    name: "server",
    does: "The group chat's server: relays what each member says to all others.",
    operands: &["ADDRESS"],
    default_address: "127.0.0.1:9999",
};

fn main() -> ExitCode {
    stop::status(serve())
}

fn serve() -> Result<(), Stop> {
    let address = PROGRAM.operands()?.address;
    let socket = UdpSocket::bind(net::resolve(&address)?)
        .map_err(Stop::cannot(format!("bind {address}")))?;
    net::announce(&socket)?;

    let mut room = Room::new(); // who is here: the roster
    let mut buffer = [0; wire::RECEIVE_BUFFER];
    loop {
        let Some((size, from)) = net::received(socket.recv_from(&mut buffer))? else {
            continue;
        };
        for event in room.hear(from, &buffer[..size]) {
            match event {
                Event::Entered { name } => {
                    screen::note(format!("{name} entered from {from}"));
                    relay(&socket, &room, from, &wire::entered(&name));
                }
                Event::Left { address, name } => {
                    screen::note(format!("{name} left from {address}"));
                    relay(&socket, &room, from, &wire::left(&name));
                }
                Event::Said { line } => {
                    log(&line, from);
                    relay(&socket, &room, from, &line);
                }
                Event::Hinted { to, hint } => send(&socket, hint.text(), to),
                Event::Unfit { why } => screen::note(format!("warning: {from} sent {why}")),
            }
        }
    }
}

/// Sends `line` to every member but `from`.
fn relay(socket: &UdpSocket, room: &Room, from: SocketAddr, line: &str) {
    for address in room.others(from) {
        send(socket, line, address);
    }
}

/// Sends one datagram. A member who cannot be reached costs nobody else their copy.
fn send(socket: &UdpSocket, line: &str, to: SocketAddr) {
    if let Err(error) = socket.send_to(line.as_bytes(), to) {
        screen::note(format!("warning: cannot send to {to}: {error}"));
    }
}

/// Prints one chat line. A screen that nobody reads any more stops nothing.
fn log(line: &str, from: SocketAddr) {
    let _ = screen::print(&format!("\"{line}\" from {from}\n"));
}
