//! What the programs do, through the real programs and plain sockets.

#[path = "../common/mod.rs"]
mod common;

mod article;
mod client;
mod command_lines;
mod golden;
mod lossy;
mod message;
mod model;
mod protocol;
mod restart;
mod server;
mod talk;
