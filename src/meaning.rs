//! What a datagram means, told from its bytes and its sender's name alone.
//!
//! No socket, no clock, no screen and no roster: the same bytes from the same member always mean
//! the same.

use std::borrow::Cow;
use std::fmt;

use crate::name::{BadName, name};
use crate::text::clean;
use crate::wire::{Hint, MAX_DATAGRAM, SEPARATOR, chat_line, is_exit};

/// What a datagram means to the room.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning<'d> {
    /// A stranger enters, and says `line` at once if the datagram was a chat line: that is
    /// somebody whom a server's restart or a lost join made a stranger.
    Enters {
        /// The name to enter under, within its limits.
        name: String,
        /// The chat line to relay next.
        line: Option<Cow<'d, str>>,
    },
    /// A member leaves.
    Leaves,
    /// A member says this chat line, which begins with the member's own name.
    Says(Cow<'d, str>),
    /// Nothing, and rightly so: a join that arrived twice, a blank line, a stranger's leave.
    Nothing,
    /// It cannot be relayed.
    Unfit(Unfit),
}

/// Why a datagram cannot be relayed. Its `Display` is for the server's standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has this many bytes, more than [`MAX_DATAGRAM`].
    TooLong(usize),
    /// It is not UTF-8.
    NotUtf8,
    /// It came without its sender's name, and with it has this many bytes, more than
    /// [`MAX_DATAGRAM`].
    TooLongWithName(usize),
    /// A stranger's, under a name that cannot be.
    Name(BadName),
}

impl Unfit {
    /// What a member whose datagram this was is told. Strangers are told nothing.
    #[must_use]
    pub fn hint(self) -> Option<Hint> {
        match self {
            Unfit::TooLong(_) => Some(Hint::TooLong),
            Unfit::NotUtf8 => Some(Hint::NotUtf8),
            Unfit::TooLongWithName(_) => Some(Hint::TooLongWithName),
            Unfit::Name(_) => None,
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::TooLong(size) => write!(f, "a datagram of {size} bytes, over {MAX_DATAGRAM}"),
            Unfit::NotUtf8 => write!(f, "a datagram that is not UTF-8"),
            Unfit::TooLongWithName(size) => {
                write!(
                    f,
                    "a line of {size} bytes with its name, over {MAX_DATAGRAM}"
                )
            }
            Unfit::Name(why) => write!(f, "what cannot be a name: {why}"),
        }
    }
}

/// What `datagram` means, coming from the member called `member`, or from a stranger (`None`).
///
/// The article's server asks the same two questions in the same order: is the address in its
/// dictionary, and does the text leave (its section 3)? A line that needs no change is borrowed
/// from the datagram.
#[must_use]
pub fn meaning<'d>(member: Option<&str>, datagram: &'d [u8]) -> Meaning<'d> {
    if datagram.len() > MAX_DATAGRAM {
        return Meaning::Unfit(Unfit::TooLong(datagram.len()));
    }
    let Ok(text) = std::str::from_utf8(datagram) else {
        return Meaning::Unfit(Unfit::NotUtf8);
    };
    match member {
        None => from_stranger(clean(text)),
        Some(name) => from_member(name, clean(text)),
    }
}

fn from_stranger(text: Cow<'_, str>) -> Meaning<'_> {
    let (before, said) = match text.split_once(SEPARATOR) {
        Some((before, said)) => (before, Some(said)),
        None => (&*text, None),
    };
    if is_exit(said.unwrap_or(before)) {
        return Meaning::Nothing;
    }
    match name(before) {
        Err(why) => Meaning::Unfit(Unfit::Name(why)),
        Ok(name) => {
            let name = name.to_owned();
            let line = said.is_some().then(|| line_of(&name, text));
            Meaning::Enters { name, line }
        }
    }
}

fn from_member<'d>(name: &str, text: Cow<'d, str>) -> Meaning<'d> {
    let bare = text.trim();
    if bare == name || bare.is_empty() {
        return Meaning::Nothing;
    }
    if is_exit(after_own_name(name, &text).unwrap_or(&text)) {
        return Meaning::Leaves;
    }
    let line = line_of(name, text);
    if line.len() > MAX_DATAGRAM {
        Meaning::Unfit(Unfit::TooLongWithName(line.len()))
    } else {
        Meaning::Says(line)
    }
}

/// The chat line that `text` is when `name` sends it: it always begins with `name`, so that what
/// alice sends as `bob : I owe you` is `alice : bob : I owe you`.
fn line_of<'d>(name: &str, text: Cow<'d, str>) -> Cow<'d, str> {
    let after_name = text.strip_prefix(name).unwrap_or_default();
    if after_name.starts_with(SEPARATOR) || after_name.starts_with(':') {
        return text;
    }
    let said = match text.split_once(SEPARATOR) {
        // The article's client sends a name as it was typed, white space around it.
        Some((before, said)) if before.trim() == name => said,
        _ => &text,
    };
    Cow::Owned(chat_line(name, said))
}

/// What stands in `text` after its sender's own name and the colon, if it begins with those;
/// white space may stand around the name.
fn after_own_name<'t>(name: &str, text: &'t str) -> Option<&'t str> {
    text.trim_start()
        .strip_prefix(name)?
        .trim_start()
        .strip_prefix(':')
}
