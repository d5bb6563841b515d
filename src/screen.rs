//! The two outputs of a program: what it says, and what it notes.

use std::fmt::Display;
use std::io::{self, Write};

use crate::stop::Stop;

/// Writes `text` to standard output, at once and in one write, to a terminal and a pipe alike.
///
/// `text` brings its own line ending, or none if it is a prompt.
///
/// # Errors
///
/// [`Stop::Unread`] where nobody reads standard output any more (`print!` would panic there);
/// [`Stop::Failed`] where it cannot be written for another reason, say a full disk.
pub fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::Unread,
        _ => Stop::cannot("write to standard output")(error),
    })
}

/// Writes one line to standard error, in one write.
///
/// Where nobody reads standard error any more there is nobody left to tell, so that stops nothing.
pub fn note(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
