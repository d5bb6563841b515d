//! Hostile datagrams: near misses of every rule, payloads at every limit, other
//! members' names, the server's notices, control characters, broken UTF-8.

use crate::common::HINT;
use std::env;

const NAMES: [&str; 17] = [
    "小明", "小红", "小明明", "a", "a:b", "a:", ":", "小 刚", " a ", "a\t",
    "exit", "EXIT", "exits", "a :", "[提示]", "sly\u{1b}[1m", "",
];

/// What random texts are made of, beside names.
const PIECES: [&str; 26] = [
    ":", " : ", " : ", " :", ": ", " ", "\t", "\u{3000}", "\n", "\r\n", "\r",
    "\0", "\u{7f}", "\u{80}", "\u{85}", "\u{9b}31m", "\u{a0}", "\u{2028}",
    "\u{202e}", "\u{2066}", "exit", "EXIT", "好", "🐼", "x", "e\u{301}",
];

/// What is in front of a name.
const BEFORE: [&str; 9] = ["", "", "", "", "", "", " ", "\u{3000}", " : "];

/// What follows a name.
const AFTER: [&str; 24] = [
    "", " : hi", " : an exit", " : 小红 : hi", " : \u{202e}ih", ": ", " :",
    ":hi", ":", "  : hi", "\t: hi", " : ", " : exit", " : EXIT", ":exit",
    " :  eXiT ", " : exit?", " exit", " 进入聊天室...", "\n", " : hi\r\n",
    " : hi\n\n", " : hi\r", " : hi ",
];

/// A name, or almost one.
pub fn name(random: &mut Random) -> String {
    match random.below(8) {
        0 => "x".repeat(127 + random.below(3)),
        1 => "名".repeat(42) + &"x".repeat(1 + random.below(3)),
        _ => random.pick(&NAMES).to_owned(),
    }
}

/// A payload from the member called `own_name`, perhaps under another name.
pub fn payload(random: &mut Random, own_name: &str) -> Vec<u8> {
    let name =
        if random.below(5) == 0 { name(random) } else { own_name.to_owned() };
    let text = match random.below(20) {
        0 => HINT.to_owned(),
        1 => random.pick(&PIECES).to_owned(),
        2..=11 => [random.pick(&BEFORE), &name, random.pick(&AFTER)].concat(),
        12..=16 => (0..5).map(|_| piece(random, &name)).collect(),
        _ => at_a_limit(random, &name),
    };
    let mut payload = text.into_bytes();
    if random.below(10) == 0 && !payload.is_empty() {
        let place = random.below(payload.len());
        payload[place] = random.below(0x100) as u8;
    }
    payload
}

fn piece<'a>(random: &mut Random, name: &'a str) -> &'a str {
    if random.below(4) == 0 { name } else { random.pick(&PIECES) }
}

/// At a limit of length, or a byte less or more, with or without a name.
fn at_a_limit(random: &mut Random, name: &str) -> String {
    let name = if random.below(4) == 0 { "" } else { name };
    let start = [name, random.pick(&["", " : ", ":"])].concat();
    // 9215: the longest datagram that macOS sends is a byte longer.
    let limits = [1, 128, 1024 - name.len() - 3, 1024, 1024, 1024, 2048, 9215];
    let size = random.pick(&limits) - 1 + random.below(3);
    let filling = random.pick(&["x", "x", "好", "🐼", " ", "\0", "\u{9b}"]);
    let missing = size.saturating_sub(start.len());
    let [whole, rest] = [missing / filling.len(), missing % filling.len()];
    start + &filling.repeat(whole) + &"x".repeat(rest)
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    /// With the seed in the environment variable SEED, or always the same one,
    /// so that a test doesn't fail today and pass tomorrow.
    pub fn seeded() -> Self {
        let seed = env::var("SEED").unwrap_or("20240229".to_owned());
        Random(seed.parse().expect("SEED is a number"))
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Any number from 0 to `limit` - 1.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
