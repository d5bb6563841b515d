//! The group chat's client: one thread receives and prints, the other reads
//! what you type and sends it.
//!
//! ```sh
//! cargo run --bin client                              # asks for a name
//! cargo run --bin client -- 192.168.1.5:9999 小明
//! ```

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::{io, thread};

use udp_group_chat::console::{arguments_or_exit, cannot, exit_with, input};
use udp_group_chat::console::{log, parse_address, print_line, read_line};
use udp_group_chat::protocol::{EXIT, RECEIVE_BUFFER, chat_line, chat_lines};
use udp_group_chat::protocol::{is_exit, parse_name};
use udp_group_chat::text::sanitize_bytes;

const USAGE: &str = "\
Usage: client [ADDRESS [NAME]]
Sends what you type and prints what the others say. To leave, type EXIT.
ADDRESS is HOST:PORT, by default 127.0.0.1:9999.";

/// "Welcome to the chat room. To leave, type EXIT (case doesn't matter)."
const WELCOME: &str =
    "-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----";

/// What the two threads share. It never changes, so they need no lock.
struct Client {
    socket: UdpSocket,
    server: SocketAddr,
    name: String,
}

fn main() {
    let args = arguments_or_exit(USAGE, 2);
    let address = args.first().map_or("127.0.0.1:9999", String::as_str);
    exit_with(chat(address, args.get(1)));
}

fn chat(address: &str, name: Option<&String>) -> io::Result<()> {
    let server = parse_address(address)?;
    // See talk-client.rs. What has come before `connect`, from anyone, stays in
    // the queue and will be printed.
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).map_err(|e| cannot("bind", any, e))?;
    socket.connect(server).map_err(|e| cannot("connect to", server, e))?;

    let Some(name) = welcome(name)? else { return Ok(()) };
    print_line(format!("-----------------{name}------------------"))?;

    // `Arc` instead of `&`, because the thread may outlive this function.
    // `Builder`, because `thread::spawn` panics if it can't start a thread.
    let client = Arc::new(Client { socket, server, name });
    let shared = Arc::clone(&client);
    let started = thread::Builder::new().spawn(move || {
        let ended = shared.receive_lines();
        shared.leave();
        // The main thread is waiting for the keyboard, so end the program here.
        exit_with(ended)
    });
    started.map_err(|e| cannot("start", "the receive thread", e))?;
    // Send the name only now: if the thread can't be started, no name is left
    // on the roster.
    client.send(&client.name);
    let ended = client.send_lines();
    client.leave();
    ended
}

/// Prints the welcome and returns `given`, or asks until the answer is a valid
/// name. Returns `None` at EXIT or the end of input. If `given` isn't valid,
/// returns an error before anything is printed.
fn welcome(given: Option<&String>) -> io::Result<Option<String>> {
    if let Some(given) = given {
        let name = parse_name(given).map_err(io::Error::other)?;
        print_line(WELCOME)?;
        return Ok(Some(name));
    }
    print_line(WELCOME)?;
    // "Please type your name:"
    while let Some(answer) = input("请输入你的名称:")? {
        if is_exit(&answer) {
            break;
        }
        match parse_name(&answer) {
            Ok(name) => return Ok(Some(name)),
            Err(reason) => log(format!("error: {reason}")),
        }
    }
    Ok(None)
}

impl Client {
    /// The receive thread: prints what the server sends. Returns only if it
    /// can't print.
    fn receive_lines(&self) -> io::Result<()> {
        let server = self.server;
        let mut buffer = [0; RECEIVE_BUFFER];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(size) => {
                    let line = sanitize_bytes(&buffer[..size]);
                    // Don't show a blank line from the article's server.
                    if !line.trim().is_empty() {
                        print_line(line)?;
                    }
                }
                Err(e) => log(format!("error: cannot reach {server}: {e}")),
            }
        }
    }

    /// The main thread: sends what is typed, until EXIT or the end of input.
    fn send_lines(&self) -> io::Result<()> {
        while let Some(line) = read_line()? {
            if is_exit(&line) {
                break;
            }
            for part in chat_lines(&self.name, &line) {
                self.send(&part);
            }
        }
        Ok(())
    }

    /// Both threads may send a leave, and the server ignores the second. (If
    /// the main thread sends a line in between, that is a new join.)
    fn leave(&self) {
        self.send(&chat_line(&self.name, EXIT));
    }

    fn send(&self, text: &str) {
        let Err(error) = self.socket.send(text.as_bytes()) else { return };
        // The error may be about an *earlier* datagram. Then this one wasn't
        // sent, and the error is cleared now, so try once more.
        let outcome = match self.socket.send(text.as_bytes()) {
            Ok(_) => format!("{error}; sent at the second try"),
            Err(error) => error.to_string(),
        };
        log(format!("error: cannot reach {}: {outcome}", self.server));
    }
}
