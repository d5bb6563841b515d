//! A group chat over UDP.

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
