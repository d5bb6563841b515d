//! What a datagram means, decided by its sender's name and its bytes alone.
//!
//! No socket, no roster, no screen: the same bytes from the same member always
//! mean the same.

use std::str;

use crate::protocol::{
    MAX_DATAGRAM, SEPARATOR, chat_line, is_exit, parse_name,
};
use crate::text::sanitize;

/// What a datagram means to the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// A stranger enters, with a bare name, or with a chat line if their join
    /// was lost, or a restart of the server made a stranger of them.
    Join {
        /// The name to enter under.
        name: String,
        /// The chat line to relay then.
        line: Option<String>,
    },
    /// A member says this chat line, which begins with the member's own name.
    Line(String),
    /// The sender leaves. From a stranger, that changes nothing.
    Leave,
    /// Nothing to do: a blank text, or a join that comes twice.
    Nothing,
}

impl Message {
    /// Decides what `datagram` means, coming from the member called `sender`,
    /// or from a stranger (`None`).
    ///
    /// # Errors
    ///
    /// Why it can neither be relayed nor let its sender in.
    ///
    /// ```
    /// use udp_group_chat::message::Message;
    ///
    /// let said = Message::parse(Some("小明"), "小明 : 大家好".as_bytes());
    /// assert_eq!(said, Ok(Message::Line("小明 : 大家好".to_owned())));
    /// ```
    pub fn parse(
        sender: Option<&str>,
        datagram: &[u8],
    ) -> Result<Message, InvalidMessage> {
        if datagram.len() > MAX_DATAGRAM {
            return Err(InvalidMessage::TooLong(datagram.len()));
        }
        let text = str::from_utf8(datagram)
            .map(sanitize)
            .map_err(|_| InvalidMessage::NotUtf8)?;
        // `NAME : TEXT`, or bare text.
        let (name, said) = match text.split_once(SEPARATOR) {
            Some((name, said)) => (Some(name.trim()), said),
            None => (None, text.as_str()),
        };
        match (sender, name) {
            // Under any name: the sender's port may have been that of a member
            // who went without leaving, and `exit` must work all
            // the same.
            _ if is_exit(said) => Ok(Message::Leave),
            _ if said.trim().is_empty() => Ok(Message::Nothing),
            (None, None) => join(&text, None),
            (None, Some(name)) => join(name, Some(said)),
            (Some(sender), None) if text.trim() == sender => {
                Ok(Message::Nothing)
            }
            (Some(sender), Some(name)) if name == sender => line(sender, said),
            // Bare text, or a line under somebody else's name: the sender says
            // all of it.
            (Some(sender), _) => line(sender, &text),
        }
    }
}

fn join(name: &str, said: Option<&str>) -> Result<Message, InvalidMessage> {
    let name = parse_name(name).map_err(InvalidMessage::Name)?;
    let line = said.map(|said| chat_line(&name, said));
    Ok(Message::Join { name, line })
}

fn line(name: &str, said: &str) -> Result<Message, InvalidMessage> {
    let line = chat_line(name, said);
    if line.len() > MAX_DATAGRAM {
        return Err(InvalidMessage::TooLongWithName(line.len()));
    }
    Ok(Message::Line(line))
}

/// Why a datagram is dropped.
#[derive(Debug, PartialEq, Eq)]
pub enum InvalidMessage {
    /// It has this many bytes, more than [`MAX_DATAGRAM`].
    TooLong(usize),
    /// It is not UTF-8.
    NotUtf8,
    /// Under its sender's name it would have this many bytes, more than
    /// [`MAX_DATAGRAM`].
    TooLongWithName(usize),
    /// A stranger cannot enter under this name, for this reason.
    Name(String),
}

impl InvalidMessage {
    /// The reason, for the server's log.
    pub fn reason(&self) -> String {
        match self {
            Self::TooLong(size) => format!("{size} bytes, over {MAX_DATAGRAM}"),
            Self::NotUtf8 => "not UTF-8".to_owned(),
            Self::TooLongWithName(size) => {
                format!("{size} bytes with a name, over {MAX_DATAGRAM}")
            }
            Self::Name(reason) => reason.clone(),
        }
    }

    /// The hint to a member who sent it.
    pub fn hint(&self) -> String {
        let reason = match self {
            Self::TooLong(_) => format!("消息超过 {MAX_DATAGRAM} 字节"),
            Self::NotUtf8 => "消息不是 UTF-8 文本".to_owned(),
            Self::TooLongWithName(_) => {
                format!("消息加上名称后超过 {MAX_DATAGRAM} 字节")
            }
            Self::Name(_) => "名称无效".to_owned(), /* never sent: only strangers' are checked */
        };
        format!("[提示] {reason}，未转发")
    }
}
