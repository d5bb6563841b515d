//! From a datagram's bytes to text that a terminal can be shown.
//!
//! A datagram may hold anything. Shown as it is, an escape sequence in it could clear or rewrite
//! the screen of whoever reads it, and a line break could fake a second line.

use std::borrow::Cow;

/// `text` without the one line ending at its end (`\n` or `\r\n`, as netcat sends it), and with
/// `?` for every control character left in it ([`char::is_control`]), tab excepted.
///
/// A text that needs no change is borrowed, not copied.
///
/// ```
/// use udp_group_chat::text::clean;
/// assert_eq!(clean("hello\r\n"), "hello");
/// assert_eq!(clean("\u{1b}[2Jhello"), "?[2Jhello");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let line = without_line_ending(text);
    if line.contains(upsets_a_terminal) {
        Cow::Owned(line.replace(upsets_a_terminal, "?"))
    } else {
        Cow::Borrowed(line)
    }
}

/// A foreign datagram as one line for the screen: [`clean`], with `\u{fffd}` (`�`) for what is not
/// UTF-8.
///
/// ```
/// use udp_group_chat::text::for_screen;
/// assert_eq!(for_screen(b"caf\xe9\x07"), "caf�?");
/// ```
#[must_use]
pub fn for_screen(datagram: &[u8]) -> String {
    clean(&String::from_utf8_lossy(datagram)).into_owned()
}

/// `text` without the one `\n` or `\r\n` at its end, if it has one.
#[must_use]
pub fn without_line_ending(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line),
        None => text,
    }
}

fn upsets_a_terminal(c: char) -> bool {
    c.is_control() && c != '\t'
}
