//! The command lines of the four programs.

use std::ffi::OsString;
use std::fmt;

use crate::stop::Stop;

/// How one program is called.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name it is run by.
    pub name: &'static str,
    /// What it does, in one line.
    pub does: &'static str,
    /// Its operands, in order, as the usage names them. All of them may be left out.
    pub operands: &'static [&'static str],
    /// The address it uses when none is given.
    pub default_address: &'static str,
}

impl Program {
    /// The operands given to this process.
    ///
    /// # Errors
    ///
    /// [`Stop::Answer`] for `-h`, `--help`, `-V` and `--version`; [`Stop::Misused`] for any other
    /// option and for too many operands.
    pub fn operands(&self) -> Result<Operands, Stop> {
        self.read(std::env::args_os().skip(1))
    }

    /// The operands in `arguments`, the program's own name not among them. What is not Unicode in
    /// an argument becomes `\u{fffd}`. A `--` says that no option follows.
    ///
    /// # Errors
    ///
    /// As [`Program::operands`].
    pub fn read(&self, arguments: impl IntoIterator<Item = OsString>) -> Result<Operands, Stop> {
        let mut found = Vec::new();
        let mut options_end = false;
        for argument in arguments {
            let argument = argument.to_string_lossy().into_owned();
            match argument.as_str() {
                "--" if !options_end => options_end = true,
                "-h" | "--help" if !options_end => return Err(Stop::Answer(self.help())),
                "-V" | "--version" if !options_end => return Err(Stop::Answer(self.version())),
                option if option.starts_with('-') && !options_end => {
                    return Err(self.misused(format_args!("unknown option `{option}`")));
                }
                _ if found.len() == self.operands.len() => {
                    return Err(self.misused(format_args!("unexpected argument `{argument}`")));
                }
                _ => found.push(argument),
            }
        }
        let mut found = found.into_iter();
        Ok(Operands {
            address: found
                .next()
                .unwrap_or_else(|| self.default_address.to_owned()),
            name: found.next(),
        })
    }

    /// A command line that makes no sense: `why`, and the usage.
    #[must_use]
    pub fn misused(&self, why: impl fmt::Display) -> Stop {
        Stop::Misused(format!("{why}\n{}", self.usage()))
    }

    fn usage(&self) -> String {
        let mut usage = format!("Usage: {}", self.name);
        for operand in self.operands {
            usage += &format!(" [{operand}");
        }
        usage + &"]".repeat(self.operands.len())
    }

    fn help(&self) -> String {
        format!(
            "{}\n\n{}\n\n\
             ADDRESS is HOST:PORT, {} if not given; an IPv6 host stands in [brackets].\n\n\
             \x20 -h, --help     print this\n\
             \x20 -V, --version  print the version\n",
            self.does,
            self.usage(),
            self.default_address,
        )
    }

    fn version(&self) -> String {
        format!("{} {}\n", self.name, env!("CARGO_PKG_VERSION"))
    }
}

/// What a command line gives, or leaves to the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operands {
    /// `HOST:PORT`.
    pub address: String,
    /// The name, for the program that takes one.
    pub name: Option<String>,
}
