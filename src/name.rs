//! What may be a name.

use std::fmt;

use crate::wire::{MAX_NAME, SEPARATOR, is_exit};

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// Nothing, or white space only.
    Blank,
    /// Longer than [`MAX_NAME`] bytes.
    TooLong,
    /// It holds ` : `, or ends in ` :`: a chat line under it would read as somebody else's, as
    /// `a : b : hi` or `a : : hi` reads as a's.
    HoldsSeparator,
    /// The word that leaves the room.
    Exit,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadName::Blank => write!(f, "a name cannot be blank"),
            BadName::TooLong => write!(f, "a name cannot be longer than {MAX_NAME} bytes"),
            BadName::HoldsSeparator => {
                write!(f, "a name cannot hold `{SEPARATOR}` or end in ` :`")
            }
            BadName::Exit => write!(f, "a name cannot be the word that leaves the room"),
        }
    }
}

/// The name in `text`: what is left when the white space around it is taken off.
///
/// # Errors
///
/// [`BadName`], if that breaks one of a name's limits.
///
/// ```
/// use udp_group_chat::name::{BadName, name};
/// assert_eq!(name(" 小明 "), Ok("小明"));
/// assert_eq!(name("EXIT"), Err(BadName::Exit));
/// ```
pub fn name(text: &str) -> Result<&str, BadName> {
    let name = text.trim();
    if name.is_empty() {
        Err(BadName::Blank)
    } else if name.len() > MAX_NAME {
        Err(BadName::TooLong)
    } else if name.contains(SEPARATOR) || name.ends_with(SEPARATOR.trim_end()) {
        Err(BadName::HoldsSeparator)
    } else if is_exit(name) {
        Err(BadName::Exit)
    } else {
        Ok(name)
    }
}
