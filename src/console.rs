//! The command line, printing and typing.

use std::fmt::Display;
use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::{env, process};

use crate::text::{sanitize, sanitize_bytes};

/// Returns the sanitized arguments of this program, at most `max`.
///
/// `-h` and `--help` print `usage` and end the program as [`exit_with`] does.
/// Any other option, or one argument too many, ends it with exit status 2.
pub fn arguments_or_exit(usage: &str, max: usize) -> Vec<String> {
    let mut arguments = Vec::new();
    for argument in env::args_os().skip(1) {
        let argument = sanitize(&argument.to_string_lossy());
        if argument == "-h" || argument == "--help" {
            exit_with(print_line(usage));
        }
        if argument.starts_with('-') || arguments.len() == max {
            log(format!("error: unexpected argument `{argument}`\n{usage}"));
            process::exit(2);
        }
        arguments.push(argument);
    }
    arguments
}

/// Ends the program with exit status 0, or, if `result` is an error, with the
/// error on standard error and exit status 1. If standard output has no reader
/// any more (`BrokenPipe`), the exit status is 0 as well.
pub fn exit_with(result: io::Result<()>) -> ! {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            log(format!("error: {error}"));
            process::exit(1)
        }
        _ => process::exit(0),
    }
}

/// Puts what failed in front of an error: `cannot bind ADDRESS: …`. The new
/// error has the same kind, because [`exit_with`] looks at the kind.
pub fn cannot(act: &str, object: impl Display, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {act} {object}: {error}"))
}

/// Returns the socket address of `HOST:PORT`.
///
/// `localhost` is often both `127.0.0.1` and `::1`. Server and client must
/// choose the same one, so both take the first IPv4 address if there is one.
///
/// # Errors
///
/// Returns an error that contains `text` if it isn't of this form, or if the
/// host's name can't be resolved.
pub fn parse_address(text: &str) -> io::Result<SocketAddr> {
    lookup(text).map_err(|e| cannot("use", format!("`{text}` as HOST:PORT"), e))
}

fn lookup(text: &str) -> io::Result<SocketAddr> {
    // A Chinese input method types a full-width colon.
    let found = text.replace('：', ":").to_socket_addrs()?;
    // The first IPv4 address, if there is one: `false` is less than `true`.
    found.min_by_key(SocketAddr::is_ipv6).ok_or(io::ErrorKind::NotFound.into())
}

/// Prints `line` to standard output, at once and as a whole, so that the lines
/// of two programs in one terminal don't mix.
///
/// # Errors
///
/// Returns an error where `println!` panics: `BrokenPipe` if the reader of
/// standard output has closed it, for example.
pub fn print_line(line: impl Display) -> io::Result<()> {
    write(&format!("{line}\n"))
}

/// Prints `line` to standard error. If that fails, there is nowhere to report
/// it.
pub fn log(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Reads a line from standard input and sanitizes it. Returns `None` at the
/// end of input.
///
/// If the line isn't UTF-8, a warning is logged.
pub fn read_line() -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut bytes);
    if read.map_err(|error| cannot("read", "standard input", error))? == 0 {
        return Ok(None);
    }
    if std::str::from_utf8(&bytes).is_err() {
        log("warning: the line isn't UTF-8; its invalid bytes become �");
    }
    Ok(Some(sanitize_bytes(&bytes)))
}

/// Prints `prompt` and reads a line, like Python's `input(prompt)`. At the end
/// of input, prints a line ending after the prompt and returns `None`.
pub fn input(prompt: &str) -> io::Result<Option<String>> {
    write(prompt)?;
    let answer = read_line()?;
    if answer.is_none() {
        write("\n")?;
    }
    Ok(answer)
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| cannot("write to", "standard output", error))
}
