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

use udp_group_chat::console::{self, cannot, input, log, print_line};
use udp_group_chat::protocol::{self, is_exit, parse_name};
use udp_group_chat::text::sanitize_bytes;

const USAGE: &str = "\
Usage: client [ADDRESS [NAME]]
Sends what you type and prints what the others say. To leave, type EXIT.
ADDRESS is HOST:PORT, by default 127.0.0.1:9999.";

/// "Welcome to the chat room. To leave, type EXIT (in upper or lower case)."
const WELCOME: &str =
    "-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----";

/// What the two threads share. It never changes, so they need no lock.
struct Client {
    socket: UdpSocket,
    server: SocketAddr,
    name: String,
}

fn main() {
    let args = console::arguments_or_exit(USAGE, 2);
    let address = if args.is_empty() { "127.0.0.1:9999" } else { &args[0] };
    console::exit_with(chat(address, args.get(1).map(String::as_str)));
}

fn chat(address: &str, name: Option<&str>) -> io::Result<()> {
    let server = console::parse_address(address)?;
    // `transpose` makes the `Option` a `Result`, so that `?` returns the error.
    let given = name.map(parse_name).transpose().map_err(io::Error::other)?;

    // Port 0 lets the kernel choose a free port, and the unspecified address
    // lets it choose one of this machine's addresses in `connect`.
    let any_port = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket =
        UdpSocket::bind(any_port).map_err(|e| cannot("bind", any_port, e))?;
    // This sends nothing. From now on, the kernel queues only datagrams from
    // the server, and a later `send` or `recv` fails if the server's port is
    // closed (an ICMP "port unreachable"). What has been queued stays queued.
    socket.connect(server).map_err(|e| cannot("connect to", server, e))?;

    print_line(WELCOME)?;
    let name = if given.is_some() { given } else { ask_name()? };
    let Some(name) = name else { return Ok(()) }; // EXIT, or the end of input
    print_line(format!("-----------------{name}------------------"))?;

    // `Arc` instead of `&`, because the thread may outlive this function.
    // `Builder`, because `thread::spawn` panics if it can't start a thread.
    let client = Arc::new(Client { socket, server, name });
    let shared = Arc::clone(&client);
    let started = thread::Builder::new().spawn(move || {
        let ended = shared.receive_lines();
        shared.leave();
        // The main thread is waiting for the keyboard, so end the program here.
        console::exit_with(ended)
    });
    started.map_err(|e| cannot("start", "the receive thread", e))?;
    // Send the name only now: if anything above fails, no name is left on the
    // roster.
    client.send(&client.name);
    let ended = client.send_lines();
    client.leave();
    ended
}

/// Asks until the answer is a valid name. Returns `None` at EXIT or the end
/// of input.
fn ask_name() -> io::Result<Option<String>> {
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
        let mut buffer = [0; protocol::RECEIVE_BUFFER];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(size) => {
                    let line = sanitize_bytes(&buffer[..size]);
                    // Only the article's server relays blank lines.
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
        while let Some(line) = console::read_line()? {
            if is_exit(&line) {
                break;
            }
            for chat_line in protocol::chat_lines(&self.name, &line) {
                self.send(&chat_line);
            }
        }
        Ok(())
    }

    /// Both threads may leave, because the server ignores a duplicate. (A line
    /// that the main thread sends after the other's leave joins again.)
    fn leave(&self) {
        self.send(&protocol::chat_line(&self.name, protocol::EXIT));
    }

    fn send(&self, text: &str) {
        if let Err(error) = self.socket.send(text.as_bytes()) {
            // The error may be about an *earlier* datagram. Then this one
            // wasn't sent, and the error is cleared now, so try once more. One
            // line in the log is enough for both.
            let _ = self.socket.send(text.as_bytes());
            log(format!("error: cannot reach {}: {error}", self.server));
        }
    }
}
