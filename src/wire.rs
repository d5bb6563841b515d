//! What stands in the datagrams: the limits, and the strings that server and client share.
//!
//! There is no header and no number: a datagram is its text. The words are those of the article's
//! group chat (its section 3), so that its programs and ours can be mixed.

/// The longest datagram, in bytes, that either side sends or relays.
///
/// The article's programs receive into 1024 bytes, and what does not fit is cut off unseen
/// (recvfrom(2): "excess bytes may be discarded").
pub const MAX_DATAGRAM: usize = 1024;

/// The size, in bytes, of the buffers that we receive into: room for any UDP payload.
///
/// A UDP length is 16 bits (RFC 768), so no datagram is longer. With a buffer of
/// [`MAX_DATAGRAM`] bytes a longer datagram would be cut, and look like a whole one; on Windows it
/// would be an error instead.
pub const RECEIVE_BUFFER: usize = 65_536;

/// The longest name, in bytes of UTF-8: 42 Chinese characters.
///
/// Low enough that `NAME : ` and every notice with a name in it leave most of a datagram free.
pub const MAX_NAME: usize = 128;

/// The most members that a room holds.
///
/// There is a bound because anyone may send a join from any number of ports, and each member
/// costs memory and one send for every line.
pub const MAX_MEMBERS: usize = 1000;

/// What stands between a name and what its owner says.
pub const SEPARATOR: &str = " : ";

/// The word that leaves the room, in lower case as the article's server looks for it.
pub const EXIT: &str = "exit";

/// Whether `said` is the word that leaves: [`EXIT`] in any case, white space around it or not.
///
/// ```
/// use udp_group_chat::wire::is_exit;
/// assert!(is_exit(" Exit"));
/// assert!(!is_exit("where is the exit"));
/// ```
#[must_use]
pub fn is_exit(said: &str) -> bool {
    said.trim().eq_ignore_ascii_case(EXIT)
}

/// A chat line: what `name` says, as the server gets it and relays it.
#[must_use]
pub fn chat_line(name: &str, said: &str) -> String {
    format!("{name}{SEPARATOR}{said}")
}

/// The notice that `name` has entered.
#[must_use]
pub fn entered(name: &str) -> String {
    format!("{name} 进入聊天室...")
}

/// The notice that `name` has left.
#[must_use]
pub fn left(name: &str) -> String {
    format!("{name} 离开了聊天室...")
}

/// A word of the server to one member whose datagram it could not relay, or whose seat it gave
/// away. The article has none: there the member would never know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The datagram was longer than [`MAX_DATAGRAM`].
    TooLong,
    /// The datagram was not UTF-8.
    NotUtf8,
    /// The line came without its sender's name, and with it would be longer than
    /// [`MAX_DATAGRAM`].
    TooLongWithName,
    /// The room was full, and this member had been silent longest.
    SeatGivenUp,
}

impl Hint {
    /// The datagram's text.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Hint::TooLong => "[提示] 消息超过1024字节,没有转发",
            Hint::NotUtf8 => "[提示] 消息不是UTF-8文本,没有转发",
            Hint::TooLongWithName => "[提示] 消息加上名称超过1024字节,没有转发",
            Hint::SeatGivenUp => "[提示] 聊天室已满,你沉默最久,座位已让出,再说一句话即可回来",
        }
    }
}

/// The datagrams that say `line`, which `name` typed: one, or as many as it takes for each to be
/// at most [`MAX_DATAGRAM`] bytes, under a name that keeps its limit. They are cut between
/// characters, in order, nothing missing.
///
/// A part that would read `exit` by itself gives its last character to the next part, because the
/// server takes `NAME : exit` for leaving.
///
/// ```
/// use udp_group_chat::wire::chat_lines;
/// assert_eq!(chat_lines("小明", "大家好"), ["小明 : 大家好"]);
/// assert_eq!(chat_lines("小明", &"好".repeat(400)).len(), 2);
/// ```
#[must_use]
pub fn chat_lines(name: &str, line: &str) -> Vec<String> {
    // Room for one character at least, so that this comes to its end under any name.
    let room = MAX_DATAGRAM
        .saturating_sub(chat_line(name, "").len())
        .max(4);
    let mut datagrams = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let part = part(rest, room);
        datagrams.push(chat_line(name, part));
        rest = &rest[part.len()..];
    }
    datagrams
}

/// The beginning of `text` that goes into one datagram, `room` bytes at most.
fn part(text: &str, room: usize) -> &str {
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut part = text[..end].chars();
    while is_exit(part.as_str()) {
        part.next_back();
    }
    part.as_str()
}
