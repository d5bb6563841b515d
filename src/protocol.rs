//! What is in a datagram and what it means to the server. No function here
//! uses a socket.
//!
//! The payload of a datagram (what follows the UDP header) is text in UTF-8:
//!
//! | kind | payload | from and to |
//! | --- | --- | --- |
//! | join | `NAME` | client to server, first |
//! | chat line | `NAME : TEXT` | client to server |
//! | its copy | `NAME : TEXT` | server to all other members |
//! | leave | `NAME : exit` | client to server, last |
//! | join notice | `NAME 进入聊天室...` | server to all other members |
//! | leave notice | `NAME 离开了聊天室...` | server to all other members |
//! | hint | `[提示] …` | server to a member, about a dropped datagram |
//!
//! 进入聊天室 is "joined the room", 离开了聊天室 "left the room", 提示 "hint".
//! A chat line always has a separator, so it can't imitate a notice. A name can
//! resemble one: `小红 离开了聊天室...` is a valid name.
//!
//! The server accepts more. A *plain text*, without a separator, comes from
//! netcat, for example. A stranger's chat line comes from a client whose join
//! was lost, or whose server was restarted.

use std::net::SocketAddr;

use crate::text::sanitize;

/// The longest payload that the group chat sends or relays, in bytes.
///
/// The article's programs call `recvfrom(1024)`, where a longer one would be
/// truncated (Linux, macOS) or an error (Windows).
/// (The hint in `src/bin/server.rs` repeats this number.)
pub const MAX_PAYLOAD: usize = 1024;

/// The size of the buffers that we receive into, in bytes.
///
/// UDP's length field has 16 bits (RFC 768), so every datagram fits, and
/// [`Message::parse`] sees its true length.
pub const RECEIVE_BUFFER: usize = 65_536;

/// The longest name, in bytes of UTF-8: 42 of the usual Chinese characters.
pub const MAX_NAME: usize = 128;

/// The most members of a room.
///
/// Each costs memory and a copy of every line, and anyone may join from many
/// ports. Clients that went away without leaving count too, because the server
/// can't be sure that they are gone. A restart of the server empties the room,
/// and every client that is still there joins again with its next line.
pub const MAX_MEMBERS: usize = 1000;

/// The text between a name and what its owner says.
pub const SEPARATOR: &str = " : ";

/// What a client says in order to leave.
pub const EXIT: &str = "exit";

/// Returns whether `text` is [`EXIT`] in upper or lower case, with or without
/// white space around it.
pub fn is_exit(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case(EXIT)
}

/// Returns the chat line in which `name` says `text`.
pub fn chat_line(name: &str, text: &str) -> String {
    [name, SEPARATOR, text].concat()
}

/// Splits `text` into chat lines of at most [`MAX_PAYLOAD`] bytes each. A
/// blank text gives none.
///
/// `name` must be a name that [`parse_name`] returns.
///
/// ```
/// use udp_group_chat::protocol::chat_lines;
/// assert_eq!(chat_lines("小明", "大家好"), ["小明 : 大家好"]);
/// assert_eq!(chat_lines("小明", &"好".repeat(400)).len(), 2);
/// ```
pub fn chat_lines(name: &str, text: &str) -> Vec<String> {
    let available = MAX_PAYLOAD - name.len() - SEPARATOR.len();
    let mut lines = Vec::new();
    let mut rest = if text.trim().is_empty() { "" } else { text };
    while !rest.is_empty() {
        let mut end = rest.len().min(available);
        // Split between characters. A part that is just `exit` would be a
        // leave, so it is split as well.
        while !rest.is_char_boundary(end) || is_exit(&rest[..end]) {
            end -= 1;
        }
        lines.push(chat_line(name, &rest[..end]));
        rest = &rest[end..];
    }
    lines
}

/// Returns the name in `text`, sanitized and trimmed.
///
/// # Errors
///
/// Returns the reason if the name is blank, is [`EXIT`], is longer than
/// [`MAX_NAME`], contains [`SEPARATOR`] or ends in a space and a colon.
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
        name if is_exit(name) => Err(format!("a name cannot be `{EXIT}`")),
        // The server splits a line at its first separator: `a : b` would join
        // as `a` and say `b`, and a line from `a :` would seem to be from `a`.
        name if name.contains(SEPARATOR) || name.ends_with(" :") => {
            Err("a name cannot contain ` : ` or end in ` :`".to_owned())
        }
        name => Ok(name.to_owned()),
    }
}

/// Returns whether the server can answer `address`, and so let it join.
///
/// The unspecified IP addresses (0.0.0.0 and ::) name no host. On Linux, a
/// datagram to one of them goes to this machine: after a join forged with the
/// server's own port, the server would relay to itself without end. A source
/// port of 0 means that no answer is expected (RFC 768).
pub fn can_be_answered(address: SocketAddr) -> bool {
    // For an IPv6 socket, 0.0.0.0 is ::ffff:0.0.0.0.
    !address.ip().to_canonical().is_unspecified() && address.port() != 0
}

/// What a datagram means to the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// A stranger joins under `name`. If the datagram is a chat line, `line`
    /// is relayed after the notice.
    Join { name: String, line: Option<String> },
    /// A member says this chat line. It begins with the member's own name.
    Say(String),
    /// The sender leaves. A stranger may send this, too.
    Leave,
    /// A blank text, or a duplicate of the sender's join.
    Ignore,
}

impl Message {
    /// Decides what `payload` means if it comes from the member called
    /// `sender`, or from a stranger (`None`).
    ///
    /// # Errors
    ///
    /// Returns the reason, for the log, if the datagram must be dropped: it is
    /// too long or isn't UTF-8, a stranger's name is invalid, or a member's
    /// line is too long with the name in front.
    ///
    /// ```
    /// use udp_group_chat::protocol::Message;
    ///
    /// let said = Message::parse(Some("小明"), "大家好".as_bytes());
    /// assert_eq!(said, Ok(Message::Say("小明 : 大家好".to_owned())));
    /// ```
    pub fn parse(sender: Option<&str>, payload: &[u8]) -> Result<Self, String> {
        if payload.len() > MAX_PAYLOAD {
            return Err(format!("{} bytes, over {MAX_PAYLOAD}", payload.len()));
        }
        let text = std::str::from_utf8(payload).map_err(|_| "not UTF-8")?;
        let text = sanitize(text);
        // Without a separator, there is no name, and all of the text is said.
        let (name, said) = match text.split_once(SEPARATOR) {
            Some((name, said)) => (Some(name.trim()), said),
            None => (None, text.as_str()),
        };
        // Under any name, because the sender's port may be on the roster under
        // the name of somebody who went away without leaving.
        if is_exit(said) {
            return Ok(Message::Leave);
        }
        if said.trim().is_empty() {
            return Ok(Message::Ignore);
        }
        let Some(sender) = sender else {
            // All of a plain text is the name.
            let valid = parse_name(name.unwrap_or(said))?;
            let line = name.map(|_| chat_line(&valid, said));
            return Ok(Message::Join { name: valid, line });
        };
        if name.is_none() && said.trim() == sender {
            return Ok(Message::Ignore); // a duplicate join
        }
        // A name that isn't the sender's own is part of what is said. The line
        // is put together anew, so it begins with the sender's own name.
        let said = if name == Some(sender) { said } else { &text };
        let line = chat_line(sender, said);
        if line.len() > MAX_PAYLOAD {
            return Err(format!("over {MAX_PAYLOAD} bytes with the name"));
        }
        Ok(Message::Say(line))
    }
}
