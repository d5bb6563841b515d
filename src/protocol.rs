//! What server and client agree on: the limits of datagrams and names, the
//! separator, `exit`, and the form of a chat line.
//!
//! A datagram is its text, without header or number.

use crate::text::sanitize;

/// The longest datagram that either side sends or relays, in bytes.
///
/// The article's programs receive into 1024 bytes. On Linux and macOS, a longer
/// datagram is cut there, unnoticed.
pub const MAX_DATAGRAM: usize = 1024;

/// The size of the buffers that we receive into, in bytes: enough for any UDP
/// datagram, whose length is a 16-bit number (RFC 768).
///
/// In a buffer of [`MAX_DATAGRAM`] bytes a longer datagram would look like one
/// that just fits, or, on Windows, be an error.
pub const RECEIVE_BUFFER: usize = 65_536;

/// The longest name, in bytes of UTF-8: 42 of the usual Chinese characters.
///
/// Short enough to leave most of a datagram for what is said.
pub const MAX_NAME: usize = 128;

/// What stands between a name and what its owner says.
pub const SEPARATOR: &str = " : ";

/// What a client says in order to leave, in the lower case that the article's
/// server looks for.
pub const EXIT: &str = "exit";

/// Whether `said` is [`EXIT`] in any case, with or without white space around
/// it.
pub fn is_exit(said: &str) -> bool {
    said.trim().eq_ignore_ascii_case(EXIT)
}

/// The chat line in which `name` says `said`.
pub fn chat_line(name: &str, said: &str) -> String {
    [name, SEPARATOR, said].concat()
}

/// Splits `text` into chat lines of at most [`MAX_DATAGRAM`] bytes each:
/// usually one.
///
/// ```
/// use udp_group_chat::protocol::chat_lines;
/// assert_eq!(chat_lines("小明", "大家好"), ["小明 : 大家好"]);
/// assert_eq!(chat_lines("小明", &"好".repeat(400)).len(), 2);
/// ```
///
/// # Panics
///
/// If `name` is longer than [`MAX_NAME`]; no name from [`parse_name`] is.
pub fn chat_lines(name: &str, text: &str) -> Vec<String> {
    assert!(name.len() <= MAX_NAME, "a name of {} bytes", name.len());
    let available = MAX_DATAGRAM - chat_line(name, "").len();
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(available);
        // A part that reads `exit` would make its sender leave.
        while !rest.is_char_boundary(end) || is_exit(&rest[..end]) {
            end -= 1;
        }
        lines.push(chat_line(name, &rest[..end]));
        rest = &rest[end..];
    }
    lines
}

/// Makes a name of `text`: sanitizes it, and takes off the white space around
/// it.
///
/// # Errors
///
/// Why it is no name.
///
/// ```
/// use udp_group_chat::protocol::parse_name;
/// assert_eq!(parse_name(" 小明 "), Ok("小明".to_owned()));
/// assert!(parse_name("EXIT").is_err());
/// ```
pub fn parse_name(text: &str) -> Result<String, String> {
    let text = sanitize(text);
    match text.trim() {
        "" => Err("a name cannot be blank".to_owned()),
        name if name.len() > MAX_NAME => {
            Err(format!("a name has at most {MAX_NAME} bytes"))
        }
        // The server takes what stands before the first separator for the name:
        // `a : b` would enter as `a`, saying `b`.
        name if name.contains(SEPARATOR) || name.ends_with(" :") => {
            Err("a name cannot contain ` : ` or end in ` :`".to_owned())
        }
        name if is_exit(name) => Err(format!("a name cannot be `{EXIT}`")),
        name => Ok(name.to_owned()),
    }
}
