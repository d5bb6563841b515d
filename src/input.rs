//! What the person at the keyboard types.

use std::io::{self, BufRead};

use crate::screen;
use crate::stop::Stop;
use crate::text::without_line_ending;
use crate::wire::MAX_DATAGRAM;

/// Reads one line of `input`, without its line ending; `None` at the end of input.
///
/// Bytes that are not UTF-8 become `\u{fffd}` (`�`), and standard error says so: the rest of the
/// line is still worth sending.
///
/// # Errors
///
/// [`Stop::Failed`] if the system cannot read.
pub fn read_line(input: &mut impl BufRead) -> Result<Option<String>, Stop> {
    let mut bytes = Vec::new();
    let size = input
        .read_until(b'\n', &mut bytes)
        .map_err(Stop::cannot("read standard input"))?;
    if size == 0 {
        return Ok(None);
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        screen::note("warning: that line is not UTF-8; what cannot be read is taken as �");
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    });
    Ok(Some(without_line_ending(&text).to_owned()))
}

/// Prints `prompt` and reads the line that answers it, as Python's `input(prompt)` does; `None` at
/// the end of input.
///
/// # Errors
///
/// As [`read_line`]; [`Stop::Unread`] if nobody reads the prompt.
pub fn ask(prompt: &str) -> Result<Option<String>, Stop> {
    screen::print(prompt)?;
    read_line(&mut io::stdin().lock())
}

/// [`ask`], again and again until the answer fits into one datagram; standard error says why.
///
/// # Errors
///
/// As [`ask`].
pub fn ask_for_datagram(prompt: &str) -> Result<Option<String>, Stop> {
    loop {
        match ask(prompt)? {
            Some(line) if line.len() > MAX_DATAGRAM => screen::note(format!(
                "error: that line has {} bytes, and a datagram {MAX_DATAGRAM} at most",
                line.len(),
            )),
            answer => return Ok(answer),
        }
    }
}
