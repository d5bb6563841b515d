//! A group chat over UDP, for socket classes: the two chats of a Chinese
//! teaching article, [*Python基于Socket实现群聊*](https://www.cnblogs.com/huny/p/14051152.html) (called "the article"
//! everywhere here), in Rust with nothing but `std`.
//!
//! This is the way through the code. README.md says how to run it. The chat's
//! texts are in the article's language; usage, errors and the server's log are
//! in English.
//!
//! # Read the programs first
//!
//! 1. `src/bin/talk-server.rs` and `src/bin/talk-client.rs`, the article's
//!    first pair: bind, receive, print, ask, send. Every socket call of theirs
//!    stands there.
//! 2. `src/bin/server.rs`, the group chat's server: bind, the roster, receive.
//!    `Server::handle` has the branches of the article's loop (who is new? who
//!    leaves? who says something?), and two more: nothing to do, and a datagram
//!    that is dropped.
//! 3. [`message`]: what a datagram means, decided without a socket.
//! 4. `src/bin/client.rs`, the group chat's client: the receive thread and the
//!    sending loop.
//! 5. The rest when you meet it: [`protocol`] (limits, names, long lines),
//!    [`text`] (made safe to show), [`net`] (socket addresses), [`console`]
//!    (what is printed and typed), [`cli`] (the command line, the end of a
//!    program).
//!
//! # From a typed line to the others' screens
//!
//! ```text
//!  client (小明)             server                       clients (the others)
//!
//!  console::read_line        UdpSocket::recv_from         UdpSocket::recv
//!       │ "大家好"                │ bytes, from where            │ bytes
//!  protocol::chat_lines      Message::parse               text::sanitize_bytes
//!       │ "小明 : 大家好"         │ Line("小明 : 大家好")         │ a safe line
//!  UdpSocket::send           Server::say                  console::print_line
//!       │                         │ to each other member
//!       └─── a datagram ───▶      └─── datagrams ───▶
//! ```
//!
//! # What blocks
//!
//! The server waits for datagrams in one place, `recv_from`, and handles one at
//! a time; the kernel keeps what arrives meanwhile in the socket's buffer, and
//! drops what does not fit. Nothing else touches the roster, so there is
//! nothing to lock. It can also be held up by `send_to`, while the send buffer
//! is full, and by printing, while its terminal stands still.
//!
//! The client waits for two things, the keyboard and the socket, so it has a
//! thread for each. They share the socket, the server's address and a name, and
//! none of these changes.

use std::fmt::Display;
use std::io;

pub mod cli;
pub mod console;
pub mod guide;
pub mod message;
pub mod net;
pub mod protocol;
pub mod text;

/// Says in front of an error what could not be done.
pub trait Context<T> {
    /// Puts `context` before the text of an error, and keeps its kind.
    fn context(self, context: impl Display) -> io::Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, context: impl Display) -> io::Result<T> {
        self.map_err(|error| {
            io::Error::new(error.kind(), format!("{context}: {error}"))
        })
    }
}
