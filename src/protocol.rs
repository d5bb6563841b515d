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
//! | leave | `NAME : exit` | client to server, when it ends |
//! | join notice | `NAME 进入聊天室...` | server to all other members |
//! | leave notice | `NAME 离开了聊天室...` | server to all other members |
//! | hint | `[提示] …` | server to a member, about a dropped datagram |
//!
//! 进入聊天室 is "joined the room", 离开了聊天室 "left the room", 提示 "hint".
//! A copy has a separator and a notice has none, so programs can tell them
//! apart. People can be fooled: `小红 离开了聊天室...` is a valid name.
//!
//! A member may also send a plain text, without a separator: from netcat, for
//! example. A stranger's chat line can come if the join was lost, if the server
//! was restarted, or if a leave overtook the line.

use std::net::SocketAddr;

use crate::text::sanitize;

/// The longest payload that the group chat sends or relays, in bytes.
///
/// The article's programs call `recvfrom(1024)`, where a longer one would be
/// truncated (Linux, macOS) or an error (Windows).
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
/// can't be sure that they are gone. A restart of the server empties the room.
pub const MAX_MEMBERS: usize = 1000;

/// The text between a name and what its owner says.
pub const SEPARATOR: &str = " : ";

/// What a client says in order to leave.
pub const EXIT: &str = "exit";

/// Returns whether `text` is [`EXIT`], ignoring case and white space around it.
pub fn is_exit(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case(EXIT)
}

/// Returns the chat line in which `name` says `text`.
pub fn chat_line(name: &str, text: &str) -> String {
    [name, SEPARATOR, text].concat()
}

/// Splits `text` into chat lines of at most [`MAX_PAYLOAD`] bytes each, for a
/// name that [`parse_name`] has accepted. A blank text gives none.
///
/// ```
/// use udp_group_chat::protocol::chat_lines;
/// assert_eq!(chat_lines("小明", "大家好"), ["小明 : 大家好"]);
/// assert_eq!(chat_lines("小明", &"好".repeat(400)).len(), 2);
/// ```
pub fn chat_lines(name: &str, text: &str) -> Vec<String> {
    // `min` keeps this from overflowing if the name is too long.
    let available = MAX_PAYLOAD - SEPARATOR.len() - name.len().min(MAX_NAME);
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

/// Checks that the stranger at `from` may join a server whose port is
/// `own_port`.
///
/// # Errors
///
/// Returns the reason (for the log) if a copy sent to this address would arrive
/// nowhere, or might come back to the server itself.
pub fn may_join(from: SocketAddr, own_port: u16) -> Result<(), &'static str> {
    // No host has the address 0.0.0.0 or ::, and on Linux, a copy to them comes
    // back to this machine. (IPv6 sockets show 0.0.0.0 as ::ffff:0.0.0.0.) A
    // source port of 0 means that no answer is expected (RFC 768).
    if from.ip().to_canonical().is_unspecified() || from.port() == 0 {
        return Err("its address can't be answered");
    }
    // If forged joins added addresses of the server itself, it would relay its
    // own copies again and again. It doesn't know all of its addresses, but its
    // copies come from its own port. This also refuses a client on another
    // machine that has this port. Servers at different ports can still loop.
    if from.port() == own_port {
        return Err("its port is the server's own");
    }
    Ok(())
}

/// What a datagram means to the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// A stranger joins under `name`. If the datagram is a chat line, `line`
    /// is relayed after the notice.
    Join { name: String, line: Option<String> },
    /// A member says this chat line. It begins with the member's own name.
    Say(String),
    /// The sender leaves. If it is a stranger, there is nothing to do.
    Leave,
    /// The text is blank, or it is a duplicate of the member's join.
    Ignore,
}

impl Message {
    /// Decides what `payload` means if it comes from the member called
    /// `member`, or from a stranger (`None`).
    ///
    /// # Errors
    ///
    /// Returns the reason, for the log, if the datagram must be dropped: it is
    /// too long or isn't UTF-8, a stranger's name is invalid, or a member's
    /// line is too long with the name in front.
    ///
    /// ```
    /// use udp_group_chat::protocol::Message::{self, *};
    ///
    /// let join = Join { name: "ming".into(), line: None };
    /// assert_eq!(Message::parse(None, b"ming"), Ok(join));
    /// let ming = Some("ming"); // from now on, he is a member
    /// assert_eq!(Message::parse(ming, b"ming"), Ok(Ignore));
    /// let said = Say("ming : hi".into());
    /// assert_eq!(Message::parse(ming, b"ming : hi"), Ok(said));
    /// let said = Say("ming : hong : hi".into());
    /// assert_eq!(Message::parse(ming, b"hong : hi"), Ok(said));
    /// assert_eq!(Message::parse(ming, b"ming : EXIT"), Ok(Leave));
    /// ```
    pub fn parse(member: Option<&str>, payload: &[u8]) -> Result<Self, String> {
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
        // A leave counts under any name: the roster may still have the name of
        // an earlier client that used this port and never sent a leave.
        if is_exit(said) {
            return Ok(Self::Leave);
        }
        if said.trim().is_empty() {
            return Ok(Self::Ignore);
        }
        Ok(match (member, name) {
            // A stranger's plain text is a name.
            (None, None) => Self::Join { name: parse_name(said)?, line: None },
            // A stranger's chat line is a join and a line to relay.
            (None, Some(name)) => {
                let name = parse_name(name)?;
                let line = Some(chat_line(&name, said));
                Self::Join { name, line }
            }
            // A member's own name is taken for a duplicate of the join.
            (Some(own), None) if said.trim() == own => Self::Ignore,
            // The member's own name is in front already, so it isn't added.
            (Some(own), Some(name)) if name == own => {
                Self::Say(chat_line(own, said))
            }
            // Anything else, even with another name in front, is said under the
            // member's own name.
            (Some(own), _) => {
                let line = chat_line(own, &text);
                if line.len() > MAX_PAYLOAD {
                    return Err(format!(
                        "over {MAX_PAYLOAD} bytes with the name"
                    ));
                }
                Self::Say(line)
            }
        })
    }
}
