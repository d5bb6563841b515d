//! What the programs do, through the real programs and plain sockets. Only
//! `protocol` calls the library instead.

#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod strace;

mod article;
mod client;
mod command_lines;
mod golden;
#[cfg(target_os = "linux")]
mod linux;
mod lossy;
mod model;
mod protocol;
mod server;
mod talk;
