//! A group chat over UDP and its first step, for socket classes. Both are from
//! a Chinese teaching article ("the article" everywhere here), in Rust with
//! nothing but `std`:
//! [*Python基于Socket实现群聊*](https://www.cnblogs.com/huny/p/14051152.html).
//!
//! README.md says how to run them. The chats print the article's texts, which
//! are mostly Chinese. Usage, errors and the log are in English.
//!
//! # Read the programs first
//!
//! 1. [talk-server.rs](../src/talk_server/talk-server.rs.html) and
//!    [talk-client.rs](../src/talk_client/talk-client.rs.html) in `src/bin` are
//!    the article's first pair: bind, receive, print, ask, send.
//! 2. [server.rs](../src/server/server.rs.html) is the group chat's server.
//!    `serve` has the article's loop, and `Server::handle` has its branches:
//!    who joins, who says something, who leaves?
//! 3. [`protocol`] says what is in a datagram and what it means. It uses no
//!    socket.
//! 4. [client.rs](../src/client/client.rs.html) is the group chat's client,
//!    with a receive thread.
//! 5. [`text`] (sanitizing) and [`console`] (arguments, printing, typing) teach
//!    no sockets. Read them when you meet them.
//!
//! The [`guide`] explains more, with pictures and experiments.
//!
//! # Three words
//!
//! - The *roster* is the server's `HashMap` of socket addresses and names. A
//!   socket address is an IP address and a port.
//! - A *member* is a socket address on the roster.
//! - A *stranger* is any other socket address that sends to the server.
//!
//! # From a typed line to the others' screens
//!
//! 1. In 小明's client, [`console::read_line`] returns `大家好`,
//!    [`protocol::chat_lines`] makes `小明 : 大家好` of it, and
//!    [`send`](std::net::UdpSocket::send) sends that as one datagram.
//! 2. In the server, [`recv_from`](std::net::UdpSocket::recv_from) returns the
//!    payload and its sender's address. [`Message::parse`] decides that it is a
//!    `Say`, and `Server::say` sends a copy to every other member.
//! 3. In every other client, [`recv`](std::net::UdpSocket::recv) returns the
//!    payload, [`text::sanitize_bytes`] makes one safe line of it, and
//!    [`console::print_line`] prints that.
//!
//! # Where each program waits
//!
//! The group chat's server waits for datagrams in `recv_from` and handles them
//! one after another, so only one thread uses the roster and no lock is needed.
//! It may also wait while it prints and, on Linux, in `send_to` while the send
//! buffer is full. Its client waits for the keyboard and for the socket, so it
//! has a thread for each, and the kernel lets both use the socket at once.
//!
//! The first pair has one thread in each program. So a program that waits for
//! the keyboard receives nothing. Meanwhile, datagrams wait in the socket's
//! queue, and when that is full, new ones are lost.
//!
//! # What UDP doesn't promise
//!
//! - A datagram may be lost, duplicated or overtaken by a later one. So a line
//!   that arrives after its sender's leave lets the sender join again.
//! - Nobody learns that a program has ended. After Ctrl-C in a client, its name
//!   stays on the roster, and a client that gets the same port speaks under it.
//! - A sender's address may be forged.
//!
//! [`Message::parse`]: protocol::Message::parse

pub mod console;
#[cfg(not(doctest))] // its code is shown, not run
pub mod guide;
pub mod protocol;
pub mod text;
