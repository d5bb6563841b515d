//! What holds in the room whatever is sent to it, checked after each of many random datagrams:
//! what goes out can be shown anywhere, reaches members only, and is said in its sender's own
//! name.
//!
//! No sockets. The datagrams are the same in every run; `SEED=7 cargo test --test invariants` has
//! others. A failure prints its seed and the datagrams that led to it.

mod common;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use common::hostile::Hostile;
use common::random::{Random, seed};
use udp_group_chat::room::{Event, Room};
use udp_group_chat::wire::{self, Hint, MAX_DATAGRAM, MAX_MEMBERS, MAX_NAME};

/// Somebody in the room, as this test sees it.
struct Member {
    name: String,
    /// Which word of all, from anyone, was this member's last.
    last_word: u64,
}

/// What has happened, for the end: a run in which it did not has shown nothing.
#[derive(Debug, Default)]
struct Seen {
    entered: u32,
    left: u32,
    said: u32,
    hinted: u32,
    seats_given_up: u32,
}

/// The room, and what this test knows of it by its own means.
struct Watch {
    room: Room,
    members: HashMap<SocketAddr, Member>,
    /// The members by their last words: whoever comes first has been silent longest.
    silent: BTreeMap<u64, SocketAddr>,
    words: u64,
    seen: Seen,
    seed: u64,
    /// The last datagrams, printed if the test fails: from where, from whom, and what.
    last: VecDeque<(SocketAddr, Option<String>, Vec<u8>)>,
}

impl Watch {
    fn of_an_empty_room(seed: u64) -> Self {
        Watch {
            room: Room::new(),
            members: HashMap::new(),
            silent: BTreeMap::new(),
            words: 0,
            seen: Seen::default(),
            seed,
            last: VecDeque::new(),
        }
    }

    fn name_of(&self, address: SocketAddr) -> Option<&str> {
        let member = self.members.get(&address)?;
        Some(&member.name)
    }

    /// The room hears `datagram`; everything that it makes of it is checked.
    fn hear(&mut self, from: SocketAddr, datagram: Vec<u8>) {
        let before = self.name_of(from).map(str::to_owned);
        let after = name_afterwards(before.as_deref(), &datagram);
        self.remember(from, before, datagram.clone());
        for event in self.room.hear(from, &datagram) {
            self.check(from, event);
        }
        assert_eq!(self.name_of(from), after.as_deref(), "the sender's name");
        assert_eq!(self.room.len(), self.members.len());
        assert!(self.room.len() <= MAX_MEMBERS);
    }

    fn remember(&mut self, from: SocketAddr, name: Option<String>, datagram: Vec<u8>) {
        self.last.push_back((from, name, datagram));
        if self.last.len() > 20 {
            self.last.pop_front();
        }
    }

    fn check(&mut self, from: SocketAddr, event: Event) {
        match event {
            Event::Entered { name, .. } => {
                check_datagram(&wire::entered(&name));
                check_name(&name);
                assert!(!self.members.contains_key(&from), "entered twice");
                self.seen.entered += 1;
                let last_word = 0;
                self.members.insert(from, Member { name, last_word });
                self.spoke(from);
            }
            Event::Left { address, name, .. } => {
                check_datagram(&wire::left(&name));
                let member = self.members.remove(&address).expect("a member left");
                assert_eq!(name, member.name);
                self.silent.remove(&member.last_word);
                self.seen.left += 1;
            }
            Event::Said { line, .. } => {
                check_datagram(&line);
                let name = self.name_of(from).expect("a member spoke");
                assert!(is_under(name, &line), "{line:?} under the name {name:?}");
                self.seen.said += 1;
                self.spoke(from);
            }
            Event::Hinted { to, hint, .. } => {
                check_datagram(hint.text());
                assert!(self.members.contains_key(&to), "a stranger is answered");
                if hint == Hint::SeatGivenUp {
                    assert_eq!(self.members.len(), MAX_MEMBERS);
                    assert_ne!(to, from);
                    let silent_longest = self.silent.first_key_value().unwrap();
                    assert_eq!(&to, silent_longest.1);
                    self.seen.seats_given_up += 1;
                } else {
                    assert_eq!(to, from, "who is told what was wrong");
                    self.seen.hinted += 1;
                }
            }
            // `Unfit`, and what exercises add, which these datagrams never say.
            _ => {}
        }
    }

    fn spoke(&mut self, from: SocketAddr) {
        self.words += 1;
        let member = self.members.get_mut(&from).unwrap();
        self.silent.remove(&member.last_word);
        member.last_word = self.words;
        self.silent.insert(self.words, from);
    }

    /// All lines go to `others`: to each member but the sender, and to nobody else.
    fn check_others(&self, from: SocketAddr) {
        let others = self.room.others(from).collect::<Vec<_>>();
        let unequal = others.iter().collect::<HashSet<_>>();
        assert_eq!(others.len(), unequal.len(), "somebody is sent two copies");
        assert!(!others.contains(&from), "the sender gets a copy");
        assert!(others.iter().all(|other| self.members.contains_key(other)));
        let sender = usize::from(self.members.contains_key(&from));
        assert_eq!(others.len() + sender, self.members.len());
    }

    /// A plain line of a member is relayed as it is and at once, so that one member's lines keep
    /// their order.
    fn says(&mut self, from: SocketAddr, text: &str) {
        let Some(name) = self.name_of(from).map(str::to_owned) else {
            return;
        };
        let line = wire::chat_line(&name, text);
        let sent = line.clone().into_bytes();
        self.remember(from, Some(name), sent.clone());
        let heard = self.room.hear(from, &sent).collect::<Vec<_>>();
        let line = line.into();
        assert_eq!(heard, [Event::Said { line }]);
        self.spoke(from);
    }
}

/// The name of the sender once the datagram is dealt with, told by protocol rules 1 to 4 from the
/// one before; `None` stands for a stranger.
fn name_afterwards(before: Option<&str>, datagram: &[u8]) -> Option<String> {
    let unchanged = before.map(str::to_owned);
    let Some(text) = shown(datagram) else {
        return unchanged;
    };
    let is_leave = |said: &str| said.trim().to_lowercase() == "exit";
    let Some(name) = before else {
        let mut parts = text.splitn(2, " : ");
        let name = parts.next().unwrap().trim();
        let leaves = is_leave(parts.next().unwrap_or(name));
        let fits = (1..=MAX_NAME).contains(&name.len()) && !is_leave(name) && !name.ends_with(" :");
        return (fits && !leaves).then(|| name.to_owned());
    };
    let said = if is_under(name, text.trim_start()) {
        let behind = &text.trim_start()[name.len()..];
        &behind[behind.find(':').unwrap() + 1..]
    } else {
        &text
    };
    if is_leave(said) { None } else { unchanged }
}

/// The text of a datagram as rules 1 and 2 leave it.
fn shown(datagram: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(datagram).ok()?;
    let end = if text.ends_with("\r\n") {
        2
    } else {
        usize::from(text.ends_with('\n'))
    };
    let kept = text[..text.len() - end].chars();
    let shown = kept.map(|c| if can_be_shown(c) { c } else { '?' });
    (datagram.len() <= MAX_DATAGRAM).then(|| shown.collect())
}

/// Whether a character leaves the terminal as it is: none of C0 but the tab, no delete, no C1.
fn can_be_shown(c: char) -> bool {
    c == '\t' || !matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}')
}

/// What goes out is a `&str`, and so UTF-8.
fn check_datagram(text: &str) {
    assert!(text.len() <= MAX_DATAGRAM, "{} bytes", text.len());
    assert!(text.chars().all(can_be_shown), "{text:?}");
}

fn check_name(name: &str) {
    assert!((1..=MAX_NAME).contains(&name.len()), "{name:?}");
    assert_eq!(name, name.trim());
    let reads_as_name = format!("{name} : ").find(" : ");
    assert_eq!(reads_as_name, Some(name.len()), "{name:?}");
    assert!(!name.eq_ignore_ascii_case("exit"));
}

/// Whether everyone reads `line` as said by `name`.
fn is_under(name: &str, line: &str) -> bool {
    line.strip_prefix(name)
        .is_some_and(|rest| rest.trim_start().starts_with(':'))
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={}; the datagrams that led to it:", self.seed);
            for (from, name, datagram) in &self.last {
                eprintln!("{from}, {name:?}: b\"{}\"", datagram.escape_ascii());
            }
        }
    }
}

/// Plays `datagrams` from as many `addresses`, and looks at all members after every `look`th.
fn play(addresses: u16, datagrams: usize, look: usize) -> Watch {
    let mut watch = Watch::of_an_empty_room(seed());
    let mut random = Random::new(seed());
    let mut hostile = Hostile::new(seed());
    let wishes = (0..addresses).map(|_| hostile.name()).collect::<Vec<_>>();
    for number in 0..datagrams {
        // The lower the number, the chattier.
        let among = 1 + random.below(wishes.len());
        let who = random.below(among);
        let from = match who % 3 {
            0 => SocketAddr::from((Ipv6Addr::LOCALHOST, 1 + who as u16)),
            _ => SocketAddr::from((Ipv4Addr::LOCALHOST, 1 + who as u16)),
        };
        let name = watch.name_of(from).unwrap_or(&wishes[who]);
        let datagram = hostile.datagram(name);
        watch.hear(from, datagram);
        if number % 8 == 0 {
            watch.says(from, &number.to_string());
        }
        if number % look == 0 {
            watch.check_others(from);
        }
    }
    eprintln!("{:?}", watch.seen);
    watch
}

#[test]
fn in_a_room_of_dozens() {
    let seen = &play(50, 120_000, 20).seen;
    assert!(seen.said > 30_000 && seen.hinted > 3_000);
    assert!(seen.entered > 3_000 && seen.left > 3_000);
    assert_eq!(seen.seats_given_up, 0);
}

#[test]
fn in_a_full_room() {
    let seen = &play(1_500, 100_000, 500).seen;
    assert!(seen.seats_given_up > 3_000);
}
