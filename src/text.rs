//! Text from the network or the keyboard, made safe to print.
//!
//! A datagram may contain anything. If it were printed unchanged, an escape
//! sequence could clear the reader's screen, and a line break could fake a
//! second line. A few dozen tabs could, too: they move the cursor to the last
//! column of most terminals, so the text after them wraps.

/// Returns `text` as one line that is safe to print.
///
/// One line ending (`\n` or `\r\n`) at the end is removed, and a tab becomes a
/// space. A `?` replaces every other control character, the line and paragraph
/// separators (U+2028, U+2029), and the characters that embed, override or
/// isolate a direction of writing (U+202A to U+202E, U+2066 to U+2069).
///
/// Spaces remain, so a sender who guesses the width of a terminal can still
/// make a text wrap. Invisible characters remain as well.
///
/// ```
/// use udp_group_chat::text::sanitize;
/// assert_eq!(sanitize("hello\r\n"), "hello");
/// assert_eq!(sanitize("\u{1b}[2Jhello"), "?[2Jhello");
/// ```
pub fn sanitize(text: &str) -> String {
    let line = text.strip_suffix("\r\n").or(text.strip_suffix('\n'));
    line.unwrap_or(text).replace('\t', " ").replace(is_unsafe, "?")
}

/// Decodes and sanitizes `bytes`. What isn't UTF-8 becomes `�`.
///
/// ```
/// use udp_group_chat::text::sanitize_bytes;
/// assert_eq!(sanitize_bytes(b"caf\xe9\x07"), "caf�?");
/// ```
pub fn sanitize_bytes(bytes: &[u8]) -> String {
    sanitize(&String::from_utf8_lossy(bytes))
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
