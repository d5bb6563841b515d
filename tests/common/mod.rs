//! The programs as users run them, and peers made of plain sockets.
//!
//! No sleep here decides a result. Everything that waits fails after
//! [`TIMEOUT`], which is far more than a loaded machine needs. Every started
//! program ends with its test.

pub mod examples;
mod peer;
pub mod ports;
mod program;
mod report;
mod server;

pub use {peer::*, program::*, report::*, server::*};

use std::io::{self, ErrorKind};
use std::time::Duration;

/// How long anything may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// 65,535 bytes without the headers, or less (macOS: `net.inet.udp.maxdgram`).
pub const LONGEST_PAYLOAD: usize =
    if cfg!(target_os = "macos") { 9216 } else { 65_507 };

pub const SERVER: &str = env!("CARGO_BIN_EXE_server");
pub const CLIENT: &str = env!("CARGO_BIN_EXE_client");
pub const TALK_SERVER: &str = env!("CARGO_BIN_EXE_talk-server");
pub const TALK_CLIENT: &str = env!("CARGO_BIN_EXE_talk-client");

pub const WELCOME: &str =
    "-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----";
pub const NAME_PROMPT: &str = "请输入你的名称:";
/// The hint to a member whose datagram can't be relayed.
pub const HINT: &str =
    "[提示] 消息不是 UTF-8 文本，或加上名称后超过 1024 字节，未转发";

pub fn joined_notice(name: &str) -> String {
    format!("{name} 进入聊天室...")
}

pub fn left_notice(name: &str) -> String {
    format!("{name} 离开了聊天室...")
}

/// The line between welcome and chat.
pub fn banner(name: &str) -> String {
    format!("-----------------{name}------------------")
}

/// Repeats a call that a signal, or a pause of the machine, interrupts.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
