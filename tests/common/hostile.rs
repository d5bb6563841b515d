//! Hostile datagrams: near misses of every rule, payloads at every limit,
//! other members' names, the server's own notices, control characters and
//! broken UTF-8.

use super::HINT;
use super::random::Random;

/// Separated by `|`, like the lists below.
const NAMES: &str = "\
    小明|小红|小明明|a|a:b|a:|:|小 刚| a |\u{3000}小明|a\t|exit|EXIT|exits|\
    a :|[提示]|小红 进入聊天室...|sly\u{1b}[1m|\u{9b}|";

/// What random texts are made of. `@` is replaced by a name.
const PIECES: &str = "\
    @|@|@|@|@|@|@|@|\
    :| : | : | :|: | |\t|\u{3000}|\n|\r|\r\n|\0|\u{1b}[2J|\u{7f}|\u{80}|\
    \u{85}|\u{9b}31m|\u{a0}|\u{2028}|\u{2029}|\u{202e}|\u{2066}|exit|EXIT|\
    好|🐼|x|e\u{301}";

const LINES: &str = "\
    @ : hi|@ : 大家好|@ : where is the exit|@ : 小红 : I owe you|\
    @ : \u{202e}ih|@|@: |@ :|@:hi|@:|@  : hi| @ : hi|\u{3000}@\t: hi| : @|\
    @ : |@ : exit|@ : EXIT|exit| : exit|@:exit| @ :  eXiT |@ : exit?|@ exit|\
    @ 进入聊天室...|@ 离开了聊天室...";

const ENDINGS: [&str; 12] =
    ["", "", "", "", "", "", "", "\n", "\r\n", "\n\n", "\r", " "];

const FILLINGS: [&str; 7] = ["x", "x", "好", "🐼", " ", "\0", "\u{9b}"];

/// A name, or almost one.
pub fn name(random: &mut Random) -> String {
    match random.below(8) {
        0 => "x".repeat(127 + random.below(3)),
        1 => "名".repeat(42) + &"x".repeat(1 + random.below(3)),
        _ => random.pick_from(NAMES).to_owned(),
    }
}

/// A payload from the member called `own_name`, perhaps under another name.
pub fn payload(random: &mut Random, own_name: &str) -> Vec<u8> {
    let name =
        if random.one_in(5) { name(random) } else { own_name.to_owned() };
    let text = match random.below(20) {
        0 => HINT.to_owned(),
        1..=10 => random.pick_from(LINES).to_owned(),
        11..=15 => (0..5).map(|_| random.pick_from(PIECES)).collect(),
        16 | 17 => at_a_limit(random, &name),
        18 => return corrupted(random, &name),
        _ => return random_bytes(random),
    };
    (text.replace('@', &name) + random.pick(&ENDINGS)).into_bytes()
}

/// At a limit of length, or a byte less or more, with or without a name.
fn at_a_limit(random: &mut Random, name: &str) -> String {
    let start = random.pick(&["", "@", "@ : ", "@:", " @ : "]);
    let start = start.replace('@', name);
    // 9215: the longest datagram that macOS sends is a byte longer.
    let limits = [1, 128, 1024 - name.len() - 3, 1024, 1024, 1024, 2048, 9215];
    let size = limits[random.below(limits.len())] - 1 + random.below(3);
    let filling = random.pick(&FILLINGS);
    let missing = size.saturating_sub(start.len());
    let [whole, rest] = [missing / filling.len(), missing % filling.len()];
    start + &filling.repeat(whole) + &"x".repeat(rest)
}

/// Truncated, perhaps inside a character, or with one invalid byte.
fn corrupted(random: &mut Random, name: &str) -> Vec<u8> {
    let mut payload = format!("{name} : 大家好").into_bytes();
    let place = random.below(payload.len());
    if random.one_in(2) {
        payload.truncate(place);
    } else {
        payload[place] = 0x80 + random.below(0x80) as u8;
    }
    payload
}

fn random_bytes(random: &mut Random) -> Vec<u8> {
    // A third is ASCII and so a name, often with control characters.
    let bytes = if random.one_in(3) { 0x80 } else { 0x100 };
    (0..random.below(12)).map(|_| random.below(bytes) as u8).collect()
}
