//! Two chats over UDP, for teaching socket programming: one in which two people
//! take turns, and a group chat. Both come from a Chinese article, rewritten in
//! Rust with nothing but `std`. "The article" is always this one:
//! [*Python基于Socket实现群聊*](https://www.cnblogs.com/huny/p/14051152.html).
//!
//! README.md says how to run them. The chats print the article's texts, which
//! are mostly Chinese. Usage, errors and the log are in English.
//!
//! # Read the programs first
//!
//! 1. [talk-server.rs](../src/talk_server/talk-server.rs.html) and
//!    [talk-client.rs](../src/talk_client/talk-client.rs.html) in `src/bin` are
//!    the talk pair: bind, receive, print, ask, send.
//! 2. [server.rs](../src/server/server.rs.html) is the group chat's server.
//!    `serve` has the loop, as in the article, and `Server::handle` has its
//!    branches: join, say and leave.
//! 3. [`protocol`] says what is in a datagram and what it means. It uses no
//!    socket.
//! 4. [client.rs](../src/client/client.rs.html) is the group chat's client,
//!    with a receive thread.
//! 5. [`text`] (sanitizing) and [`console`] (arguments, printing, typing) have
//!    nothing to do with sockets. Read them when you meet them.
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
//! # Where each program waits
//!
//! The group chat's server waits for datagrams in `recv_from` and handles them
//! one after another, so only one thread uses the roster and no lock is needed.
//! It may also wait while it prints, and in `send_to` while the send buffer is
//! full. The client waits for the keyboard and for the socket, so it
//! has a thread for each, and the kernel lets both use the socket at once.
//!
//! Each program of the talk pair has one thread. So while it waits for the
//! keyboard, it receives nothing, and datagrams wait in the socket's queue.
//! When that is full, new ones are lost.
//!
//! # What UDP doesn't promise
//!
//! - A datagram may be lost, duplicated or overtaken by a later one. So a line
//!   that arrives after its sender's leave makes the sender a member again.
//! - UDP doesn't report that a program has ended. After Ctrl-C in a client, its
//!   name stays on the roster. If another client gets the same port later, its
//!   lines appear under the old name.
//! - A sender's address may be forged.

pub mod console;
#[cfg(not(doctest))] // its code is shown, not run
pub mod guide;
pub mod protocol;
pub mod text;
