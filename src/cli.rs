//! The command line of a program, and its end.

use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::{env, io, process};

use crate::{Context, console, net};

/// How a program is called.
pub struct Usage {
    /// The command line, `server [ADDRESS]`, and on the next line what the
    /// program does.
    pub text: &'static str,
    /// The `HOST:PORT` to use if no ADDRESS is given.
    pub default_address: &'static str,
}

impl Usage {
    /// The operands that this process was given, at most `max`.
    ///
    /// Ends the program at `-h` and `--help`, with the help, and at any other
    /// option and an operand too many, with [`Usage::misuse`]: whichever
    /// comes first.
    pub fn operands(&self, max: usize) -> impl Iterator<Item = String> {
        let mut operands = Vec::new();
        for argument in env::args_os().skip(1) {
            let argument = argument.to_string_lossy().into_owned();
            match argument.as_str() {
                "-h" | "--help" => exit(console::print_line(self.help())),
                _ if argument.starts_with('-') || operands.len() == max => {
                    self.misuse(format!("unexpected argument `{argument}`"))
                }
                _ => operands.push(argument),
            }
        }
        operands.into_iter()
    }

    /// The socket address of the operand ADDRESS, or of the default.
    ///
    /// `localhost` often stands for both `127.0.0.1` and `::1`. A UDP client
    /// cannot try which of them has a server, and be sure, so all programs
    /// take the first IPv4 one, if there is one.
    ///
    /// Ends the program with [`Usage::misuse`] if the operand is no
    /// `HOST:PORT`.
    ///
    /// # Errors
    ///
    /// What the operating system's resolver reports, or that it finds no
    /// address.
    pub fn address(&self, operand: Option<String>) -> io::Result<SocketAddr> {
        let address = operand.as_deref().unwrap_or(self.default_address);
        let Some(host_and_port) = net::host_and_port(address) else {
            self.misuse(format!("`{address}` is not HOST:PORT"))
        };
        let found = host_and_port
            .to_socket_addrs()
            .context(format!("cannot resolve `{address}`"))?;
        let ipv4_first = found.min_by_key(SocketAddr::is_ipv6);
        ipv4_first.ok_or_else(|| {
            io::Error::other(format!("no address for `{address}`"))
        })
    }

    /// Ends the program with status 2: its command line makes no sense.
    pub fn misuse(&self, error: impl Display) -> ! {
        console::log(format!("error: {error}\n{}", self.help()));
        process::exit(2)
    }

    fn help(&self) -> String {
        let (text, default) = (self.text, self.default_address);
        format!("Usage: {text}\nADDRESS is HOST:PORT, by default {default}.")
    }
}

/// Ends the program: with status 0 if its work is done, or if nobody reads
/// standard output any more (`BrokenPipe`); else with status 1, and the error
/// on standard error.
pub fn exit(result: io::Result<()>) -> ! {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            console::log(format!("error: {error}"));
            process::exit(1)
        }
        _ => process::exit(0),
    }
}
