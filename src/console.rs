//! The terminal: what a program prints, and what is typed.

use std::fmt::Display;
use std::io::{self, BufRead, Write};

use crate::Context;
use crate::text::without_line_ending;

/// Prints `line` to standard output, at once.
///
/// # Errors
///
/// Where `println!` panics: `BrokenPipe` if nobody reads standard output any
/// more, or what else the operating system reports.
pub fn print_line(line: impl Display) -> io::Result<()> {
    write(&format!("{line}\n"))
}

/// Prints `line` to standard error. If that fails, nothing is done about it.
pub fn log(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Reads a line from standard input, without its line ending; `None` at the end
/// of input.
///
/// What is not UTF-8 in it becomes `�`, with a warning: the rest is still worth
/// sending.
///
/// # Errors
///
/// What the operating system reports.
pub fn read_line() -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut bytes);
    if read.context("cannot read standard input")? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8(bytes).unwrap_or_else(|error| {
        log("warning: that line is not UTF-8; what cannot be read becomes �");
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    });
    Ok(Some(without_line_ending(&line).to_owned()))
}

/// Prints `prompt` and reads the answer, as Python's `input(prompt)` does. At
/// the end of input, prints a line ending and gives `None`.
///
/// # Errors
///
/// As [`print_line`] and [`read_line`].
pub fn ask(prompt: &str) -> io::Result<Option<String>> {
    write(prompt)?;
    let answer = read_line()?;
    if answer.is_none() {
        write("\n")?;
    }
    Ok(answer)
}

/// [`ask`], until the answer has at most `max` bytes.
///
/// # Errors
///
/// As [`ask`].
pub fn ask_at_most(max: usize, prompt: &str) -> io::Result<Option<String>> {
    while let Some(answer) = ask(prompt)? {
        if answer.len() <= max {
            return Ok(Some(answer));
        }
        log(format!("error: {} bytes, over {max}", answer.len()));
    }
    Ok(None)
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written =
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.context("cannot write to standard output")
}
