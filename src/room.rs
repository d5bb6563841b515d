//! The room: who is here, and what happens to them when a datagram arrives.
//!
//! The room decides and remembers; it sends nothing. Whoever owns it asks [`Room::hear`] what a
//! datagram made happen, and sends accordingly. One owner, so nothing is locked.

use std::array;
use std::borrow::Cow;
use std::collections::HashMap;
use std::iter::Flatten;
use std::net::SocketAddr;

use crate::meaning::{Meaning, Unfit, meaning};
use crate::wire::{Hint, MAX_MEMBERS};

/// One thing that happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'d> {
    /// The sender entered. Every other member gets [`wire::entered`](crate::wire::entered).
    Entered {
        /// The name entered under.
        name: String,
    },
    /// A member left. Every other member gets [`wire::left`](crate::wire::left).
    Left {
        /// Where they were: the sender's address, or that of the member who gave up a seat.
        address: SocketAddr,
        /// The name they had.
        name: String,
    },
    /// The sender said this chat line. Every other member gets it as it stands.
    Said {
        /// `NAME : TEXT`, at most [`wire::MAX_DATAGRAM`](crate::wire::MAX_DATAGRAM) bytes.
        line: Cow<'d, str>,
    },
    /// One member alone is to be told something.
    Hinted {
        /// The member to send to, who may have just lost the seat.
        to: SocketAddr,
        /// What to tell.
        hint: Hint,
    },
    /// The sender's datagram could not be relayed. For the server's standard error; a member gets
    /// an [`Event::Hinted`] as well, a stranger nothing.
    Unfit {
        /// Why not.
        why: Unfit,
    },
}

/// What one datagram made happen, in order: at most four things, in an array, not on the heap.
pub type Events<'d> = Flatten<array::IntoIter<Option<Event<'d>>, 4>>;

/// The members: who they are by socket address, and in what order they came.
///
/// ```
/// use udp_group_chat::room::{Event, Room};
///
/// let mut room = Room::new();
/// let ming = "127.0.0.1:5001".parse()?;
/// let hong = "127.0.0.1:5002".parse()?;
/// let _ = room.hear(ming, "小明".as_bytes());
/// let _ = room.hear(hong, "小红".as_bytes());
///
/// let mut events = room.hear(ming, "小明 : 大家好".as_bytes());
/// assert_eq!(events.next(), Some(Event::Said { line: "小明 : 大家好".into() }));
/// assert_eq!(events.next(), None);
/// assert!(room.others(ming).eq([hong]));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Default)]
pub struct Room {
    /// The article's dictionary: each member's name.
    roster: HashMap<SocketAddr, String>,
    /// The same members in the order in which they entered: Python's dictionary keeps it, Rust's
    /// map does not.
    seats: Vec<Seat>,
    /// How often somebody has entered or said a line: the room's clock.
    words: u64,
}

#[derive(Debug)]
struct Seat {
    address: SocketAddr,
    /// What [`Room::words`] was when this member last spoke: the lower, the longer ago.
    last_word: u64,
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one `datagram` that came `from` an address, and says what it made happen.
    ///
    /// The room has changed when this returns, whether or not the events are looked at. Where an
    /// [`Event`] says "every other member", that is [`Room::others`] of `from`.
    ///
    /// A chat line that needs no change allocates nothing, whatever the size of the room.
    pub fn hear<'d>(&mut self, from: SocketAddr, datagram: &'d [u8]) -> Events<'d> {
        let member = self.roster.get(&from).map(String::as_str);
        let events = match meaning(member, datagram) {
            Meaning::Nothing => [None, None, None, None],
            Meaning::Says(line) => {
                self.spoke(from);
                [Some(Event::Said { line }), None, None, None]
            }
            Meaning::Enters { name, line } => {
                let [hinted, left] = self.free_a_seat();
                self.roster.insert(from, name.clone());
                self.seats.push(Seat {
                    address: from,
                    last_word: 0,
                });
                self.spoke(from); // entering counts as a word
                let entered = Event::Entered { name };
                [
                    hinted,
                    left,
                    Some(entered),
                    line.map(|line| Event::Said { line }),
                ]
            }
            Meaning::Leaves => [self.remove(from), None, None, None],
            Meaning::Unfit(why) => {
                let hint = member.and_then(|_| why.hint());
                let hinted = hint.map(|hint| Event::Hinted { to: from, hint });
                [Some(Event::Unfit { why }), hinted, None, None]
            }
        };
        events.into_iter().flatten()
    }

    /// The addresses of all members but `address`, in the order in which they entered.
    pub fn others(&self, address: SocketAddr) -> impl Iterator<Item = SocketAddr> {
        self.seats
            .iter()
            .map(|seat| seat.address)
            .filter(move |&other| other != address)
    }

    /// How many members there are, at most [`MAX_MEMBERS`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.roster.len()
    }

    /// Whether nobody is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roster.is_empty()
    }

    fn spoke(&mut self, member: SocketAddr) {
        self.words += 1;
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.address == member) {
            seat.last_word = self.words;
        }
    }

    /// In a full room, puts out the member who has been silent longest.
    fn free_a_seat<'d>(&mut self) -> [Option<Event<'d>>; 2] {
        if self.seats.len() < MAX_MEMBERS {
            return [None, None];
        }
        let silent_longest = self.seats.iter().min_by_key(|seat| seat.last_word);
        match silent_longest.map(|seat| seat.address) {
            None => [None, None],
            Some(to) => {
                let hint = Hint::SeatGivenUp;
                [Some(Event::Hinted { to, hint }), self.remove(to)]
            }
        }
    }

    fn remove<'d>(&mut self, address: SocketAddr) -> Option<Event<'d>> {
        let name = self.roster.remove(&address)?;
        self.seats.retain(|seat| seat.address != address);
        Some(Event::Left { address, name })
    }
}
