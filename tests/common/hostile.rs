//! Datagrams as bad luck, broken programs and ill will make them: every rule's near misses, every
//! limit's neighbours, other people's names, the server's own words, control characters, broken
//! UTF-8.

use udp_group_chat::wire::{Hint, MAX_DATAGRAM, MAX_NAME, chat_line, entered, left};

use super::random::Random;

const NAMES: [&str; 20] = [
    "小明",
    "小红",
    "小明明",
    "a",
    "a:b",
    "a:",
    ":",
    "小 刚",
    " a ",
    "\u{3000}小明",
    "a\t",
    "exit",
    "EXIT",
    "exits",
    "a :",
    "[提示]",
    "小红 进入聊天室...",
    "sly\u{1b}[1m",
    "\u{9b}",
    "",
];

/// What the soup is made of, besides names.
const INGREDIENTS: [&str; 26] = [
    " : ",
    " : ",
    ":",
    " :",
    ": ",
    " ",
    "\t",
    "\u{3000}",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "\u{9b}31m",
    "\u{a0}",
    "\u{2028}",
    "\u{202e}",
    "exit",
    "EXIT",
    "好",
    "🐼",
    "x",
    "e\u{301}",
];

const NEAR_LINES: [&str; 9] = [
    "@: ",
    "@ :",
    "@:hi",
    "@:",
    "@  : hi",
    " @ : hi",
    "\u{3000}@\t: hi",
    " : @",
    "@ : ",
];

const LEAVES: [&str; 9] = [
    "@ : exit",
    "@ : EXIT",
    "exit",
    "Exit",
    " : exit",
    "@:exit",
    " @ :  eXiT ",
    "@ : exit?",
    "@ exit",
];

const WORDS: [&str; 4] = ["hi", "大家好", "小红 : I owe you", "where is the exit"];

const ENDINGS: [&str; 12] = ["", "", "", "", "", "", "", "\n", "\r\n", "\n\n", "\r", " "];

const FILLINGS: [&str; 7] = ["x", "x", "好", "🐼", " ", "\0", "\u{9b}"];

/// An endless source of such datagrams.
pub struct Hostile {
    random: Random,
}

impl Hostile {
    pub fn new(seed: u64) -> Self {
        Hostile {
            random: Random::new(seed),
        }
    }

    /// A name, or what almost is one.
    pub fn name(&mut self) -> String {
        match self.random.below(8) {
            0 => "x".repeat(MAX_NAME - 1 + self.random.below(3)),
            1 => "名".repeat(MAX_NAME / 3) + &"x".repeat(1 + self.random.below(3)),
            2 => format!("小{}", self.random.below(1000)),
            _ => self.random.pick(&NAMES).to_owned(),
        }
    }

    /// A datagram from somebody whose name is `name`, if not somebody else's.
    pub fn datagram(&mut self, name: &str) -> Vec<u8> {
        let stolen = self.random.one_in(5).then(|| self.name());
        let name = stolen.as_deref().unwrap_or(name);
        let mut text = match self.random.below(20) {
            0..=5 => chat_line(name, self.random.pick(&WORDS)),
            6 | 7 => name.to_owned(),
            8 | 9 => self.random.pick(&NEAR_LINES).replace('@', name),
            10 => self.random.pick(&LEAVES).replace('@', name),
            11 => self.word_of_the_server(name),
            12..=16 => self.soup(name),
            17 => self.at_a_limit(name),
            18 => return self.broken(chat_line(name, "大家好").into_bytes()),
            _ => return self.noise(),
        };
        text += self.random.pick(&ENDINGS);
        text.into_bytes()
    }

    fn word_of_the_server(&mut self, name: &str) -> String {
        match self.random.below(4) {
            0 => entered(name),
            1 => left(name),
            2 => Hint::SeatGivenUp.text().to_owned(),
            _ => Hint::TooLong.text().to_owned(),
        }
    }

    fn soup(&mut self, name: &str) -> String {
        let mut soup = String::new();
        for _ in 0..=self.random.below(6) {
            soup += if self.random.one_in(4) {
                name
            } else {
                self.random.pick(&INGREDIENTS)
            };
        }
        soup
    }

    /// Exactly as long as something may be, or a byte less or more, under a name or not.
    fn at_a_limit(&mut self, name: &str) -> String {
        let head = self.random.pick(&["", "@", "@ : ", "@:", " @ : "]);
        let mut text = head.replace('@', name);
        let with_name = chat_line(name, "").len();
        let limit = match self.random.below(8) {
            0 => 1,
            1 => MAX_NAME,
            2 => MAX_DATAGRAM - with_name.min(MAX_DATAGRAM - 1),
            3 => 2 * MAX_DATAGRAM,
            // The longest datagram that macOS sends.
            4 => 9215,
            _ => MAX_DATAGRAM,
        };
        let size = limit - 1 + self.random.below(3);
        let filling = self.random.pick(&FILLINGS);
        let missing = size.saturating_sub(text.len());
        text += &filling.repeat(missing / filling.len());
        text + &"x".repeat(missing % filling.len())
    }

    /// Cut inside a character perhaps, or with one byte that belongs nowhere.
    fn broken(&mut self, mut datagram: Vec<u8>) -> Vec<u8> {
        let place = self.random.below(datagram.len());
        if self.random.one_in(2) {
            datagram.truncate(place);
        } else {
            datagram[place] = 0x80 + self.random.below(0x80) as u8;
        }
        datagram
    }

    fn noise(&mut self) -> Vec<u8> {
        let size = self.random.below(12);
        // A third of the noise is ASCII, and so a name: often with control characters.
        let bytes = if self.random.one_in(3) { 0x80 } else { 0x100 };
        (0..size).map(|_| self.random.below(bytes) as u8).collect()
    }
}
