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

use udp_group_chat::console::{ask, log, print_line, read_line};
use udp_group_chat::protocol::{self, is_exit, parse_name};
use udp_group_chat::{Context, cli, net, text::sanitize_bytes};

const USAGE: cli::Usage = cli::Usage {
    text: "client [ADDRESS [NAME]]\nSends what you type, and prints what the \
           others say.",
    default_address: "127.0.0.1:9999",
};

/// What the two threads share. None of it changes, and the kernel lets both use
/// the socket at once: it sends and receives each datagram whole.
struct Client {
    socket: UdpSocket,
    server: SocketAddr,
    name: String,
}

fn main() {
    cli::exit(chat())
}

fn chat() -> io::Result<()> {
    let mut operands = USAGE.operands(2);
    let server = USAGE.address(operands.next())?;
    let mut name = operands.next().map(|text| {
        parse_name(&text).unwrap_or_else(|reason| {
            USAGE.misuse(format!("`{text}`: {reason}"))
        })
    });
    let socket =
        UdpSocket::bind(net::any_port(server)).context("cannot bind a port")?;
    // This sends nothing. From now on the kernel drops datagrams from anyone
    // but the server, and reports an ICMP "port unreachable" from there
    // (ECONNREFUSED; on Windows, a reset).
    socket.connect(server).context(format!("cannot connect to {server}"))?;

    // "Welcome to the chat room; to leave, type EXIT, in upper or lower case"
    print_line("-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----")?;
    if name.is_none() {
        name = ask_name()?;
    }
    let Some(name) = name else { return Ok(()) };
    print_line(format!("-----------------{name}------------------"))?;

    let client = Arc::new(Client { socket, server, name });
    let shared = Arc::clone(&client);
    // Not joined: this thread may wait for a datagram for ever.
    thread::Builder::new()
        .spawn(move || {
            let ended = shared.receive_lines();
            shared.leave();
            cli::exit(ended)
        })
        .context("cannot start the receive thread")?;
    client.send(&client.name); // the join
    let ended = client.send_lines();
    client.leave();
    ended
}

/// Asks for a name; `None` if the answer is EXIT, or the end of input.
fn ask_name() -> io::Result<Option<String>> {
    // "Please type your name:"
    while let Some(answer) =
        ask("请输入你的名称:")?.filter(|answer| !is_exit(answer))
    {
        match parse_name(&answer) {
            Ok(name) => return Ok(Some(name)),
            Err(reason) => log(format!("error: {reason}")),
        }
    }
    Ok(None)
}

impl Client {
    /// The receive thread: prints what the server sends. Ends only where it
    /// cannot print.
    fn receive_lines(&self) -> io::Result<()> {
        let mut buffer = [0; protocol::RECEIVE_BUFFER];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(size) => {
                    let line = sanitize_bytes(&buffer[..size]);
                    if !line.trim().is_empty() {
                        print_line(line)?;
                    }
                }
                Err(error) => {
                    log(format!("error: cannot reach {}: {error}", self.server))
                }
            }
        }
    }

    /// The main thread: sends what is typed, until EXIT or the end of input.
    fn send_lines(&self) -> io::Result<()> {
        while let Some(line) = read_line()? {
            if is_exit(&line) {
                break;
            }
            if !line.trim().is_empty() {
                for datagram in protocol::chat_lines(&self.name, &line) {
                    self.send(&datagram);
                }
            }
        }
        Ok(())
    }

    /// Both threads may leave: a leave that comes twice is nothing to the
    /// server.
    fn leave(&self) {
        self.send(&protocol::chat_line(&self.name, protocol::EXIT));
    }

    fn send(&self, datagram: &str) {
        if let Err(error) = self.socket.send(datagram.as_bytes()) {
            log(format!("error: cannot reach {}: {error}", self.server));
            // Linux and macOS may report here what became of an *earlier*
            // datagram, without sending this one. That clears the
            // report, so try once more. One line about it is enough.
            let _ = self.socket.send(datagram.as_bytes());
        }
    }
}
