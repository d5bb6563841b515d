//! Text made safe to show.
//!
//! A datagram may hold anything. Shown as it is, an escape sequence in it could
//! clear the screen of whoever reads it, and a line break could fake a second
//! line.

/// Makes one safe line of `text`: drops one line ending at its end (`\n`, or
/// `\r\n`), and puts `?` for each control character but tab
/// ([`char::is_control`]), for the line and paragraph separators, and for the
/// characters that embed, override or isolate a direction of writing, or
/// end that (U+202A to U+202E, U+2066 to U+2069; Unicode's UAX #9, section 2).
///
/// ```
/// use udp_group_chat::text::sanitize;
/// assert_eq!(sanitize("hello\r\n"), "hello");
/// assert_eq!(sanitize("\u{1b}[2Jhello"), "?[2Jhello");
/// ```
pub fn sanitize(text: &str) -> String {
    without_line_ending(text).replace(is_unsafe_to_show, "?")
}

/// [`sanitize`] for bytes from the network, with `�` (U+FFFD) for what is not
/// UTF-8.
///
/// ```
/// use udp_group_chat::text::sanitize_bytes;
/// assert_eq!(sanitize_bytes(b"caf\xe9\x07"), "caf�?");
/// ```
pub fn sanitize_bytes(bytes: &[u8]) -> String {
    sanitize(&String::from_utf8_lossy(bytes))
}

/// `text` without the one `\n` or `\r\n` at its end, if it has one.
pub fn without_line_ending(text: &str) -> &str {
    text.strip_suffix("\r\n").or(text.strip_suffix('\n')).unwrap_or(text)
}

fn is_unsafe_to_show(c: char) -> bool {
    let separates_or_directs =
        matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && c != '\t') || separates_or_directs
}
