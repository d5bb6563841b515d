//! The group chat's client: one thread receives and prints, the other reads what you type and
//! sends it.
//!
//! ```sh
//! cargo run --bin client                              # asks for a name
//! cargo run --bin client -- 192.168.1.5:9999 小明
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::{io, process, thread};

use udp_group_chat::args::Program;
use udp_group_chat::connected::Connected;
use udp_group_chat::name::name;
use udp_group_chat::stop::{self, Stop};
use udp_group_chat::{input, net, screen, text, wire};

const PROGRAM: Program = Program {
    name: "client",
    does: "The group chat's client: prints what the others say, sends what you type, leaves on EXIT.\n\
           It asks for NAME if none is given.",
    operands: &["ADDRESS", "NAME"],
    default_address: "127.0.0.1:9999",
};

fn main() -> ExitCode {
    stop::status(chat())
}

/// What the two threads share.
struct Chat {
    server: Connected,
    name: String,
}

fn chat() -> Result<(), Stop> {
    let operands = PROGRAM.operands()?;
    let given = match operands.name {
        Some(name) => Some(given_name(name)?),
        None => None,
    };
    let server = Connected::to(net::resolve(&operands.address)?)
        .map_err(Stop::cannot(format!("connect to {}", operands.address)))?;

    screen::print("-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----\n")?;
    let name = match given {
        Some(name) => name,
        None => asked_name()?,
    };
    screen::print(&format!("-----------------{name}------------------\n"))?;

    server.send(&name);
    let chat = Arc::new(Chat { server, name });
    let receiving = Arc::clone(&chat);
    // Not joined, for it may wait for ever. It ends when `main` returns; or, if it cannot print or
    // receive, it ends the program itself.
    thread::Builder::new()
        .spawn(move || {
            let end = leave(&receiving, recv(&receiving));
            process::exit(stop::tell(end).into())
        })
        .map_err(Stop::cannot("start the receive thread"))?;
    leave(&chat, send(&chat))
}

/// The receive thread: prints what the server sends, until it cannot.
fn recv(chat: &Chat) -> Result<(), Stop> {
    let mut buffer = [0; wire::RECEIVE_BUFFER];
    loop {
        let Some(size) = chat.server.receive(&mut buffer)? else {
            continue;
        };
        let line = text::for_screen(&buffer[..size]);
        if !line.trim().is_empty() {
            screen::print(&format!("{line}\n"))?;
        }
    }
}

/// The main thread: sends what is typed, until `EXIT` or the end of input.
fn send(chat: &Chat) -> Result<(), Stop> {
    while let Some(line) = input::read_line(&mut io::stdin().lock())? {
        if wire::is_exit(&line) {
            break;
        }
        if !line.trim().is_empty() {
            for datagram in wire::chat_lines(&chat.name, &line) {
                chat.server.send(&datagram);
            }
        }
    }
    Ok(())
}

/// Leaves the room, whatever the chat's `end` was. Either thread may come here first; only that
/// one sends.
fn leave(chat: &Chat, end: Result<(), Stop>) -> Result<(), Stop> {
    let last = wire::chat_line(&chat.name, wire::EXIT);
    let left = chat.server.send_last(&last);
    end.and(left)
}

/// The name given on the command line, if it can be one.
fn given_name(given: String) -> Result<String, Stop> {
    let cleaned = text::clean(&given);
    name(&cleaned)
        .map(str::to_owned)
        .map_err(|why| PROGRAM.misused(format!("{why}: `{cleaned}`")))
}

/// Asks for a name until it can be one.
fn asked_name() -> Result<String, Stop> {
    while let Some(typed) = input::ask("请输入你的名称:")? {
        match name(&text::clean(&typed)) {
            Ok(name) => return Ok(name.to_owned()),
            Err(why) => screen::note(format!("error: {why}")),
        }
    }
    Err(Stop::Failed("no name was given".to_owned()))
}
