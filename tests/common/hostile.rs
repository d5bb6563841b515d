//! Datagrams as bad luck, broken programs and ill will make them: every rule's
//! near misses, every limit's neighbours, other people's names, the server's
//! own notices, control characters, broken UTF-8.

use super::TOO_LONG;
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
const INGREDIENTS: [&str; 28] = [
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
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "exit",
    "EXIT",
    "好",
    "🐼",
    "x",
    "e\u{301}",
];

/// `@` stands for a name.
const LINES: [&str; 26] = [
    "@ : hi",
    "@ : 大家好",
    "@ : where is the exit",
    "@ : 小红 : I owe you",
    "@ : \u{202e}ih",
    "@",
    "@: ",
    "@ :",
    "@:hi",
    "@:",
    "@  : hi",
    " @ : hi",
    "\u{3000}@\t: hi",
    " : @",
    "@ : ",
    "@ : exit",
    "@ : EXIT",
    "exit",
    " : exit",
    "@:exit",
    " @ :  eXiT ",
    "@ : exit?",
    "@ exit",
    "@ 进入聊天室...",
    "@ 离开了聊天室...",
    TOO_LONG,
];

const ENDINGS: [&str; 12] =
    ["", "", "", "", "", "", "", "\n", "\r\n", "\n\n", "\r", " "];

const FILLINGS: [&str; 7] = ["x", "x", "好", "🐼", " ", "\0", "\u{9b}"];

/// A name, or what almost is one.
pub fn name(random: &mut Random) -> String {
    match random.below(8) {
        0 => "x".repeat(127 + random.below(3)),
        1 => "名".repeat(42) + &"x".repeat(1 + random.below(3)),
        _ => random.pick(&NAMES).to_owned(),
    }
}

/// A datagram from somebody whose name is `own_name`, if not somebody else's.
pub fn datagram(random: &mut Random, own_name: &str) -> Vec<u8> {
    let name =
        if random.one_in(5) { name(random) } else { own_name.to_owned() };
    let mut text = match random.below(20) {
        0..=10 => random.pick(&LINES).replace('@', &name),
        11..=15 => soup(random, &name),
        16 | 17 => at_a_limit(random, &name),
        18 => return broken(random, format!("{name} : 大家好").into_bytes()),
        _ => return noise(random),
    };
    text += random.pick(&ENDINGS);
    text.into_bytes()
}

fn soup(random: &mut Random, name: &str) -> String {
    let mut ingredient = || {
        if random.one_in(4) { name } else { random.pick(&INGREDIENTS) }
    };
    (0..5).map(|_| ingredient()).collect()
}

/// Exactly as long as something may be, or a byte less or more, under a name or
/// not.
fn at_a_limit(random: &mut Random, name: &str) -> String {
    let mut text =
        random.pick(&["", "@", "@ : ", "@:", " @ : "]).replace('@', name);
    // 9215: the longest datagram that macOS sends is a byte longer.
    let limits = [1, 128, 1024 - name.len() - 3, 1024, 1024, 1024, 2048, 9215];
    let size = limits[random.below(limits.len())] - 1 + random.below(3);
    let filling = random.pick(&FILLINGS);
    let missing = size.saturating_sub(text.len());
    text += &filling.repeat(missing / filling.len());
    text + &"x".repeat(missing % filling.len())
}

/// Cut inside a character perhaps, or with one byte that belongs nowhere.
fn broken(random: &mut Random, mut datagram: Vec<u8>) -> Vec<u8> {
    let place = random.below(datagram.len());
    if random.one_in(2) {
        datagram.truncate(place);
    } else {
        datagram[place] = 0x80 + random.below(0x80) as u8;
    }
    datagram
}

fn noise(random: &mut Random) -> Vec<u8> {
    // A third of the noise is ASCII, and so a name: often with control
    // characters.
    let bytes = if random.one_in(3) { 0x80 } else { 0x100 };
    (0..random.below(12)).map(|_| random.below(bytes) as u8).collect()
}
