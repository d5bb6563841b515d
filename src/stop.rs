//! How a program ends.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use crate::screen;

/// Why a program ends otherwise than by its work being done.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// The command line asks for this text only. Status 0.
    Answer(String),
    /// The command line makes no sense; this says why, and how it goes. Status 2.
    Misused(String),
    /// The system, or the user, does not give what is needed; this says what. Status 1.
    Failed(String),
    /// Nobody reads the screen any more: nobody to tell, and nothing wrong. Status 0.
    Unread,
    /// No server heard the last word, and the user has been told so already. Status 1.
    Unheard,
}

impl Stop {
    /// What to make of the system's error when `what` cannot be done.
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    /// use udp_group_chat::stop::Stop;
    ///
    /// let bound: Result<(), Error> = Err(Error::new(ErrorKind::AddrInUse, "in use"));
    /// let stop = bound.map_err(Stop::cannot("bind 127.0.0.1:9999"));
    /// assert_eq!(stop, Err(Stop::Failed("cannot bind 127.0.0.1:9999: in use".to_owned())));
    /// ```
    pub fn cannot(what: impl Display) -> impl FnOnce(io::Error) -> Stop {
        move |error| Stop::Failed(format!("cannot {what}: {error}"))
    }
}

/// Tells the user why the program ends, where that is not plain, and gives the status to end
/// with.
#[must_use]
pub fn tell(end: Result<(), Stop>) -> u8 {
    match end {
        Ok(()) | Err(Stop::Unread) => 0,
        Err(Stop::Unheard) => 1,
        Err(Stop::Answer(text)) => tell(screen::print(&text)),
        Err(Stop::Failed(why)) => {
            screen::note(format!("error: {why}"));
            1
        }
        Err(Stop::Misused(why)) => {
            screen::note(format!("error: {why}"));
            2
        }
    }
}

/// [`tell`], for `main` to return.
#[must_use]
pub fn status(end: Result<(), Stop>) -> ExitCode {
    ExitCode::from(tell(end))
}
