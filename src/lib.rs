//! A group chat over UDP, for socket classes: the group chat of a teaching article in Python
//! (*Python基于Socket实现群聊*), in Rust, with nothing but `std`.
//!
//! README.md says how to run it, and sets down the wire rule by rule. This is the way through the
//! code.
//!
//! # The article's two steps, and the files
//!
//! | the article | its program | ours |
//! | --- | --- | --- |
//! | section 2, two programs that take turns | the server | `src/bin/talk-server.rs` |
//! | | the client | `src/bin/talk-client.rs` |
//! | section 3, the group chat | the server | `src/bin/server.rs` |
//! | | the client | `src/bin/client.rs` |
//!
//! The four programs move bytes and print, in the article's order. All else is in the modules
//! below, a file for each topic.
//!
//! # In what order to read
//!
//! 1. `src/bin/talk-server.rs` and `src/bin/talk-client.rs`: bind, receive, print, ask, send. The
//!    loop first; what stands before it (the command line, how a program ends) can wait for step 5.
//! 2. `src/bin/server.rs`: bind, the roster, receive, who is it, leaving or talking, send to the
//!    others.
//! 3. [`room`]: the roster, and what a datagram does to it. Then [`meaning`]: what a datagram
//!    means, decided without a socket. They are where the article's `if`s have gone.
//! 4. `src/bin/client.rs`: the receive thread and the sending loop. Then [`connected`]: the
//!    socket that the two threads share, and how a client notices that no server is there.
//! 5. The small pieces, when you meet them: [`wire`] (the limits, and the strings in the
//!    datagrams), [`name`], [`text`] (bytes made safe to show), [`net`] (addresses, and errors that
//!    pass), [`input`] and [`screen`] (what is typed, what is printed), [`args`] (the command
//!    line), [`stop`] (how a program ends).
//!
//! # From a typed line to the others' screens
//!
//! ```text
//!  client (小明)                server                          clients (the others)
//!
//!  input::read_line             UdpSocket::recv_from            Connected::receive
//!       │ "大家好"                   │ bytes, from where             │ bytes
//!  wire::chat_lines             Room::hear                      text::for_screen
//!       │ "小明 : 大家好"            │  meaning::meaning             │ a safe line
//!  Connected::send              Event::Said                     screen::print
//!       │                            │ to each of Room::others
//!       └──── a datagram ────▶       └──── datagrams ────▶
//! ```
//!
//! # What blocks
//!
//! The server waits for datagrams in one place, `recv_from`. While it deals with one it receives
//! none; the system keeps what comes meanwhile in the socket's buffer, and drops what the buffer
//! cannot hold. As nothing else touches the roster, nothing has to be locked. Two more calls can
//! block, and all wait then: `send_to`, while the socket's send buffer is full, say of datagrams
//! for a machine that has left, and printing, to a screen that stands still.
//!
//! The client waits for two things at once, the keyboard and the socket, and has a thread for each.

pub mod args;
pub mod connected;
pub mod input;
pub mod meaning;
pub mod name;
pub mod net;
pub mod room;
pub mod screen;
pub mod stop;
pub mod text;
pub mod wire;
