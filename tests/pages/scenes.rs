//! What is played for the screens in the pages, once in each language.

use super::screens::Act::{self, *};

/// Names, and what people type, in English and in Chinese. What isn't here is
/// the same in both.
pub const WORDS: &[[&str; 2]] = &[
    ["ming", "小明"],
    ["hong", "小红"],
    ["gang", "小刚"],
    ["hello everyone", "大家好"],
    ["hello", "你好"],
    ["hi ming", "你好，小明"],
    ["still here?", "还在吗"],
    ["first", "第一句"],
    ["second", "第二句"],
    ["third", "第三句"],
    ["thanks", "谢谢"],
    ["hong : I owe you 100", "小红 : 我欠你 100 元"],
    ["one", "一"],
    ["two", "二"],
    ["three", "三"],
    ["four", "四"],
    ["five", "五"],
    ["six", "六"],
    ["hi", "大家好"],
    ["bye", "再见"],
];

/// Screens of programs that you write yourself in the lab.
pub const NOT_PLAYED: &[&str] = &["lab-ask", "lab-ping"];

/// The scenes, each after the programs that play it (`ours`, the `article`'s or
/// the `talk` pair) and the people who join first.
pub const SCENES: &[Scene] = &[
    ("ours", &["ming", "hong"], PICTURE),
    ("talk", &[], TALK),
    ("talk", &[], TALK_CLIENT_ALONE),
    ("article", &["ming"], BYTE_ARTICLE),
    ("ours", &["ming"], BYTE_OURS),
    ("article", &["ming", "hong"], RESTART),
    ("ours", &["ming", "hong"], RESTART),
    ("article", &["ming", "hong"], EXIT),
    ("ours", &["ming", "hong"], EXIT),
    ("article", &["hong", "gang"], NAME),
    ("ours", &["hong", "gang"], NAME),
    ("ours", &["ming", "hong"], CTRL_C),
    ("ours", &[], LOSSY),
    ("ours", &[], LOSSY_LAB),
];

pub type Scene = (&'static str, &'static [&'static str], &'static [Step]);

/// Who does what, at which terminal.
pub type Step = (&'static str, Act);

const PICTURE: &[Step] = &[
    ("ming", Types(&["hello everyone"])),
    ("hong", Types(&["hi ming"])),
    ("ming", Types(&["where is the exit?"])),
    ("server", Shows("picture-server")),
    ("ming", Shows("picture-ming")),
    ("hong", Shows("picture-hong")),
];

const TALK: &[Step] = &[
    ("server", Starts("talk-server")),
    ("client", Starts("talk-client")),
    ("client", Types(&["hello"])),
    ("server", Sees(2)),
    ("server", Types(&["hi ming"])),
    ("client", Sees(2)),
    ("client", Ends),
    ("server", Shows("talk-server")),
    ("client", Shows("talk-client")),
];

const TALK_CLIENT_ALONE: &[Step] = &[
    ("client", Starts("talk-client")),
    ("client", Types(&["hello"])),
    ("client", Sees(1)),
    ("client", Ends),
    ("client", Shows("talk-client-alone")),
];

const BYTE_ARTICLE: &[Step] = &[
    ("stranger", Sends(b"\xff")),
    ("server", Ends),
    ("server", Shows("byte-article")),
];

const BYTE_OURS: &[Step] = &[
    ("stranger", Sends(b"\xff")),
    ("server", Sees(1)),
    ("ming", Types(&["still here?"])),
    ("server", Shows("byte-server")),
];

const RESTART: &[Step] = &[
    ("ming", Types(&["first"])),
    ("hong", Types(&["first"])),
    ("server", Stops),
    ("server", Starts("server")),
    ("ming", Types(&["second"])),
    ("hong", Types(&["second"])),
    ("ming", Types(&["third"])),
    ("ming", Shows("restart-ROOM")),
];

const EXIT: &[Step] = &[
    ("ming", Types(&["where is the exit", "thanks"])),
    ("hong", Types(&["EXIT"])),
    ("hong", Shows("exit-ROOM-hong")),
    ("ming", Shows("exit-ROOM-ming")),
];

/// This ming sends datagrams without a client.
const NAME: &[Step] = &[
    ("ming", Sends(b"ming")),
    ("ming", Sends(b"hong : I owe you 100")),
    ("gang", Shows("name-ROOM-gang")),
];

const CTRL_C: &[Step] =
    &[("ming", Stops), ("ming", Joins), ("server", Shows("ctrl-c-server"))];

/// `Sees` counts the copies from the server, which lossy prints, too.
const LOSSY: &[Step] = &[
    ("server", Starts("server")),
    ("lossy", Starts("lossy -- LOSSY SERVER --lose 30 --seed 7")),
    ("ming", Joins),
    ("hong", Joins),
    ("lossy", Sees(1)),
    ("ming", Types(&["one"])),
    ("lossy", Sees(1)),
    ("ming", Types(&["two"])),
    ("lossy", Sees(1)),
    ("ming", Types(&["three"])),
    ("lossy", Sees(1)),
    ("ming", Types(&["four"])),
    ("lossy", Sees(1)),
    ("ming", Types(&["five"])),
    ("lossy", Sees(1)),
    ("ming", Types(&["six", "EXIT"])), // lost
    ("lossy", Shows("lossy")),
];

const LAB: &str =
    "lossy -- LOSSY SERVER --lose 30 --double 10 --late 10 --seed 3518";

const LOSSY_LAB: &[Step] = &[
    ("server", Starts("server")),
    ("lossy", Starts(LAB)),
    ("ming", Joins),
    ("hong", Joins), // lost
    ("hong", Types(&["hi"])),
    ("lossy", Sees(2)),
    ("ming", Types(&["one"])),
    ("lossy", Sees(1)),
    ("ming", Types(&["two"])),
    ("lossy", Sees(1)),
    ("hong", Types(&["bye", "EXIT"])), // `bye` is late
    ("lossy", Sees(3)),
    ("lossy", Shows("lossy-lab")),
];
