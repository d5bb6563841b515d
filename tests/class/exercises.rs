//! Six exercises, from ten minutes to an afternoon.
//!
//! Each exercise is a test that fails until you have solved it. `cargo test`
//! ignores it in the meantime. The text above the test is the task. It shows
//! every text that you have to print or send. You can do the exercises in any
//! order and in one copy of the project. The last line says how many pass.
//!
//! ```sh
//! cargo test --test exercises -- --ignored                      # runs all
//! cargo test --test exercises how_many_are_here -- --ignored    # runs one
//! ```
//!
//! 小明, 小红, 小刚 and 小李 are people. The sessions set environment variables
//! for Linux and macOS. In PowerShell, run `$env:UDP_CHAT_IDLE_SECONDS='600'`
//! first. If no variable is set, only the answer to `/who` is a new datagram.
//!
//! # If other tests break
//!
//! Run `cargo test --no-fail-fast` when you have solved an exercise. It shows
//! all that is red, while `cargo test` stops at the first file. You may add
//! functions, fields and variants. The other tests use these things, so don't
//! change:
//!
//! - the names, parameters and results of the public functions and constants,
//!   for example `Message::parse`, and the fields of `Join`;
//! - what the programs print and log, except the ` (N here)` of the exercise
//!   *How many are here*, and what their arguments mean;
//! - that the server only waits while no datagram comes and no variable is set.

#[allow(dead_code)]
#[path = "../common/mod.rs"]
mod common;

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use std::{iter, thread};

use common::ports;
use common::{CLIENT, HINT, Peer, Program, SERVER, Server, TALK_CLIENT};
use common::{banner, command, expect_equal, joined_notice, left_notice};

/// How long a test waits for something that has to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs all cases of an exercise, so that one failure doesn't hide the others.
fn run_cases(cases: &[(&str, fn())]) {
    let start = |&(name, case): &(&str, fn())| {
        thread::Builder::new().name(name.to_owned()).spawn(case).unwrap()
    };
    let running: Vec<_> = cases.iter().map(start).collect();
    let results = cases.iter().zip(running).map(|((name, _), case)| {
        let result = if case.join().is_ok() { "passed" } else { "failed" };
        format!("\n{name}: {result}")
    });
    let report: String = results.collect();
    assert!(!report.contains(": failed"), "the cases (see above):{report}");
}

/// The beginning of a text. No text that a test expects is longer.
fn short(text: impl AsRef<str>) -> String {
    format!("{:.200}", text.as_ref())
}

fn check(step: &str, got: impl IntoIterator<Item = String>, want: &[&str]) {
    let got: Vec<_> = got.into_iter().map(short).collect();
    expect_equal(step, got, want);
}

/// Checks a text from a program. The message also says what else it has done.
fn check_from(p: &mut Program, got: Option<String>, want: &str, step: &str) {
    if got.as_deref() != Some(want) {
        thread::sleep(Duration::from_millis(100)); // It may be about to end.
        let status = p.status().and_then(|it| it.code());
        let log = short(p.stderr.drain());
        let more = short(p.stdout.drain());
        let more = format!("status: {status:?}, printed {more:?}, log {log:?}");
        check(&format!("{step} (the program: {more})"), got, &[want]);
    }
}

fn check_log(p: &mut Program, want: &str, step: &str) {
    let line = p.stderr.next_line_within(PATIENCE);
    check_from(p, line, want, &format!("{step}; standard error"));
}

/// Checks the next line of the server's standard output.
fn check_said(server: &mut Server, line: &str, peer: &Peer, step: &str) {
    let want = format!("\"{line}\" from {}", peer.address());
    let line = server.program.stdout.next_line_within(PATIENCE);
    let step = format!("{step}; the server's standard output");
    check_from(&mut server.program, line, &want, &step);
}

fn check_sent(p: &mut Program, peer: &Peer, want: &str, step: &str) {
    let sent = peer.next_payload_within(PATIENCE);
    check_from(p, sent, want, &format!("{step}; the datagram"));
}

fn check_time(step: &str, started: Instant, want: Duration) {
    let got = started.elapsed();
    assert!(got >= want, "{step}\nexpected: {want:?} later\nreceived: {got:?}");
}

/// The texts before `end`, and a remark if it doesn't come.
fn until(end: &str, next: impl FnMut() -> Option<String>) -> Vec<String> {
    let mut texts = Vec::new();
    for text in iter::from_fn(next) {
        if text == end {
            return texts;
        }
        texts.push(text);
    }
    texts.push(format!("(but not {end:?}, which has to come next)"));
    texts
}

/// What `member` has received. The server handles one datagram after another,
/// so everything has come before the hint about this one.
fn received_by(member: &Peer) -> Vec<String> {
    member.sends(b"\xff");
    until(HINT, || member.next_payload_within(PATIENCE))
}

/// The first member sends this. Then each has to receive the texts that `|`
/// separates in `want`.
fn exchange(room: &[(&str, Peer)], sent: &str, want: &[&str]) {
    room[0].1.sends(sent);
    for ((name, member), want) in room.iter().zip(want) {
        let (sender, sent) = (room[0].0, short(sent));
        let step = format!("{sender} sends {sent:?}; {name} receives");
        let want: Vec<_> = want.split_terminator('|').collect();
        check(&step, received_by(member), &want);
    }
}

/// Members called `names`, who have read the notices about each other.
fn join<'a>(server: &mut Server, names: &'a str) -> Vec<(&'a str, Peer)> {
    let member = |name| (name, Peer::joined(server, name));
    let room: Vec<_> = names.split('|').map(member).collect();
    room.iter().for_each(|(_, member)| drop(received_by(member)));
    room
}

/// Lets members join and drops them: some systems let us open 256 files only.
fn fill_room(server: &mut Server, members: usize) {
    for _ in 0..members {
        let member = Peer::disposable(server.address);
        member.sends("m");
        let logged = format!("m joined from {}", member.address());
        server.program.stderr.read_until(&logged);
    }
}

/// A server with this environment variable set.
fn server_with(variable: &str, value: &str) -> Server {
    let mut server = command(SERVER, &["127.0.0.1:0"]);
    Server::from_program(Program::start(server.env(variable, value)))
}

/// Checks that the value of `variable` must be a number from 1 up.
fn check_values(program: &str, variable: &str) {
    let values = "0|soon||-1|1.5|18446744073709551616";
    let mut values: Vec<_> = values.split('|').map(OsStr::new).collect();
    #[cfg(unix)]
    values.push(std::os::unix::ffi::OsStrExt::from_bytes(b"1\xff"));
    for value in values {
        let mut command = command(program, &["127.0.0.1:0"]);
        let mut program = Program::start(command.env(variable, value));
        program.end_input();
        let line = program.stderr.next_line_within(PATIENCE);
        let is_error = line.as_ref().is_some_and(|s| s.starts_with("error: "));
        let step = format!("start with {variable}={value:?}; standard error");
        assert!(is_error, "{step}\nexpected: error: …\nreceived: {line:?}");
        program.expect_status(1);
    }
}

/// # How many are here (10 minutes)
///
/// **Goal.** In the server's log, every line about a join or a leave ends in
/// ` (N here)`, where N is the number of members after that join or leave.
/// ```text
/// 小明 joined from 127.0.0.1:41001 (1 here)
/// 小红 joined from 127.0.0.1:41002 (2 here)
/// 小明 left from 127.0.0.1:41001 (1 here)
/// ```
/// **Rules.**
/// - N counts a member who joins and no longer counts a member who leaves.
/// - If a datagram changes nothing, for example a second `exit` or a join when
///   the room is full, N doesn't change.
///
/// **What it teaches.** The state of the server is its roster. To log a change
/// of the state correctly, you have to know whether it has already happened.
///
/// **Where to begin.** Read `Server::join` and `Server::leave` in
/// `src/bin/server.rs`. Which comes first, the log or the change of the roster?
/// **To think about.**
/// - A member whose program was killed stays on the roster. What does N count?
/// - Why is it risky to count in a variable of your own, beside the roster?
#[test]
#[ignore = "exercise, 10 min: the log says how many members are here"]
fn how_many_are_here() {
    let mut server = Server::start();
    let [ming, hong, gang, li] =
        [(); 4].map(|()| Peer::stranger_to(server.address));
    li.sends(b"\xff");
    server.read_warning_about(&li);
    li.sends("exit"); // A stranger's leave changes nothing.
    for (peer, sent, event, count) in [
        (&ming, "小明", "小明 joined", 1),
        (&hong, "小红", "小红 joined", 2),
        (&gang, "小红 : me, too", "小红 joined", 3),
        (&ming, "小明 : exit", "小明 left", 2),
        (&gang, "exit", "小红 left", 1),
        (&ming, "小明", "小明 joined", 2),
        (&hong, "小红 : EXIT", "小红 left", 1),
        (&ming, "小明 : exit", "小明 left", 0),
        (&hong, "小红", "小红 joined", 1),
        // Then the room is full, and somebody else can't join.
        (&hong, "exit", "小红 left", 999),
    ] {
        if count == 999 {
            fill_room(&mut server, 999);
            li.sends("小李");
            server.read_warning_about(&li);
        }
        peer.sends(sent);
        peer.sends(sent); // A duplicate is in no such line.
        let step = format!("the datagram {sent:?} comes");
        let want = format!("{event} from {} ({count} here)", peer.address());
        check_log(&mut server.program, &want, &step);
    }
}

/// # Who is here (30 minutes)
///
/// **Goal.** A member who types `/who` receives the names of all members in one
/// datagram. The others receive nothing, and the server doesn't print the line.
/// ```text
/// 小明 sends       小明 : /who
/// 小明 receives    [提示] 在线：Bob、小明
///                  (The server is restarted, so 小明 is a stranger now.)
/// 小明 sends       小明 : /who
/// 小明 receives    [提示] 在线：小明
/// ```
/// 提示 is "hint", and 在线 is "online". To copy: `[提示] 在线：A、B、C`.
///
/// **Rules.**
/// - If a member sends `NAME : /who` under their own name, or just `/who`, only
///   this member gets the answer.
/// - White space around `/who`, even a full-width space (U+3000), is ignored.
/// - The names are sorted as Rust sorts strings, and the member who asks is
///   among them. If two members have the same name, it is listed twice.
/// - If a stranger sends `NAME : /who`, NAME joins, as with any chat line, and
///   then gets the answer. If the room is full, it is dropped as before.
/// - If a stranger sends just `/who`, this is a join under the name `/who`. If
///   that member sends just `/who` again, it is a duplicate join as before.
/// - If the line is anything else, it is a chat line as before. Examples are
///   `/WHO`, `/whoever`, `/who 小红`, `hi /who`, and `小红 : /who` from 小明.
/// - You may assume that all names fit in one datagram.
///
/// **What it teaches.** First decide what a datagram *means*, then *act* on it.
/// A `HashMap` has no order. After a restart, every member is a stranger.
///
/// **Where to begin.** Let `Message::parse` in `src/protocol.rs` recognize the
/// command. Then the compiler tells you what is missing in `Server::handle`. It
/// can't tell you what is missing in `Server::join`, for a stranger's line.
/// **To think about.**
/// - The client splits a long line. What happens if its last part is `/who`?
/// - How would you list as many names as fit in 1024 bytes, and then `...`?
/// - Suppose that every newcomer got this list. If someone forges your address
///   and joins as `x`, how many bytes do you receive for this one? (This is
///   called *amplification*.)
#[test]
#[ignore = "exercise, 30 min: `/who` is answered with the names of all members"]
fn who_lists_the_members() {
    run_cases(&[
        ("members", who_from_members),
        ("strangers, as after a restart", who_from_strangers),
        ("a member called /who", || {
            let server = Server::start();
            let who = [("/who", Peer::stranger_to(server.address))];
            exchange(&who, "/who", &[""]);
            exchange(&who, "/who", &[""]);
            exchange(&who, "/who : /who", &["[提示] 在线：/who"]);
        }),
    ]);
}

fn who_from_members() {
    let mut server = Server::start();
    let room = join(&mut server, "小明|小红|小明|alice|Bob|小刚");
    let answer = "[提示] 在线：Bob、alice、小刚、小明、小明、小红";
    let spaces = &" ".repeat(1020); // with the name over 1024 bytes
    let lines = "小明 : /who| 小明 : \t /who \r\n|小明 : @/who@|/who\n|@/who@|\
                 /who_|_/who";
    let lines = lines.replace('@', "\u{3000}").replace('_', spaces);
    for line in lines.split('|') {
        exchange(&room, line, &[answer, "", ""]);
    }
    // These are chat lines. The server has printed nothing before them.
    let lines = "小明 : /whoever|小明 : /WHO|小明 : /who 小红|小明 : hi /who|\
                 hi /who|小明 : 小红 : /who|小红 : /who";
    for sent in lines.split('|') {
        let line = format!("小明 : {}", sent.trim_start_matches("小明 : "));
        exchange(&room, sent, &["", &line, &line]);
        check_said(&mut server, &line, &room[0].1, sent);
    }
}

fn who_from_strangers() {
    let mut server = Server::start();
    let mut room = join(&mut server, "小红");
    room.insert(0, ("小李", Peer::stranger_to(server.address)));
    let [joined, left] = [joined_notice("小李"), left_notice("小李")];
    let answer = "[提示] 在线：小李、小红";
    exchange(&room, "小李 :  /who\t", &[answer, &joined]);
    room[0].1.sends("exit");
    let line = "小李 : 小红 : /who";
    exchange(&room, line, &["", &format!("{left}|{joined}|{line}")]);
    // The first line wasn't printed.
    check_said(&mut server, line, &room[0].1, line);

    fill_room(&mut server, 998);
    let gang = Peer::stranger_to(server.address);
    gang.sends("小刚 : /who");
    server.wait_until_caught_up();
    let answer = gang.next_payload_within(Duration::from_millis(1));
    check("1000 are here, `小刚 : /who` comes; the answer", answer, &[]);
}

/// # talk-client stops waiting (30 minutes)
///
/// **Goal.** `talk-client` waits forever if its message or the answer is lost.
/// With the environment variable `UDP_CHAT_PATIENCE_SECONDS=N`, it waits at
/// most N seconds, reports that, and asks for the next message.
/// ```text
/// $ UDP_CHAT_PATIENCE_SECONDS=2 cargo run --bin talk-client
/// please input msg:hello
/// error: no answer from 127.0.0.1:8088 within 2 s
/// please input msg:
/// ```
/// **Rules.**
/// - If no answer has come after N seconds, the client prints the error above,
///   with its server and N, on standard error and asks for the next message.
/// - If the variable isn't set, the client waits forever.
/// - If the value isn't a `u64` from 1 up (`0`, `soon`, empty, not UTF-8), the
///   client prints `error: …` on standard error at once. Its exit status is 1.
/// - If a "port unreachable" error arrives, the client reports it as before.
///
/// **What it teaches.** `UdpSocket::set_read_timeout` applies to all receive
/// calls that follow. A timeout is reported as an error, `WouldBlock` on Unix
/// and `TimedOut` on Windows, so you have to tell it from real errors.
///
/// **Where to begin.** Read the variable with `std::env::var_os` in `talk`, at
/// its beginning. If `talk` returns an `Err`, the program exits with status 1.
/// **To think about.**
/// - An answer comes just after the client has stopped waiting. What does the
///   client print after its next message? What in the datagrams prevents this?
/// - May the client send the same message again by itself?
#[test]
#[ignore = "exercise, 30 min: talk-client waits UDP_CHAT_PATIENCE_SECONDS"]
fn talk_client_times_out() {
    run_cases(&[
        ("one second", || talk_client_waits(SECONDS, 1)),
        ("two seconds", || talk_client_waits(SECONDS, 2)),
        ("the largest u64", || talk_client_waits(SECONDS, u64::MAX)),
        ("no variable", || talk_client_waits("ANOTHER_VARIABLE", 1)),
        ("wrong values", || check_values(TALK_CLIENT, SECONDS)),
    ]);
}

const SECONDS: &str = "UDP_CHAT_PATIENCE_SECONDS";

fn talk_client_waits(variable: &str, n: u64) {
    let server = Peer::new(ports::bind_from(12_288));
    let address = &*server.address().to_string();
    let mut client = command(TALK_CLIENT, &[address]);
    let mut client = Program::start(client.env(variable, n.to_string()));
    let step = &format!("{variable}={n}, and no answer comes at first");
    let waits_forever = variable != SECONDS || n > 2;
    let mut times = Vec::new();
    for _ in 0..if waits_forever { 0 } else { 2 } {
        let started = Instant::now();
        client.types("hello");
        check_sent(&mut client, &server, "hello", step);
        let error = format!("error: no answer from {address} within {n} s");
        check_log(&mut client, &error, step);
        check_time(step, started, Duration::from_secs(n));
        times.push(started.elapsed().as_secs_f64() - n as f64);
    }
    // One may be late, on a loaded machine.
    let in_time = waits_forever || times.iter().any(|late| *late < 0.5);
    assert!(in_time, "{step}\nexpected: in time\nreceived: {times:?} s later");

    client.types("are you back?");
    check_sent(&mut client, &server, "are you back?", step);
    let time = Duration::from_millis(if waits_forever { 2500 } else { 1 });
    let error = client.stderr.next_line_within(time);
    check(&format!("{step} in {time:?}; standard error"), error, &[]);
    server.sends("I am back");
    // Each answer has a line in front, with the prompt and the address.
    let line = iter::from_fn(|| client.stdout.next_line_within(PATIENCE))
        .find(|line| line == "I am back");
    check_from(&mut client, line, "I am back", step);

    drop(server);
    ports::wait_until_refused(address.parse().unwrap());
    client.types("hello");
    client
        .stderr
        .expect_line_with(&format!("error: cannot reach {address}: "), "");
}

/// # Idle members are removed (2 hours)
///
/// **Goal.** A program that is killed doesn't leave, so its name stays on the
/// roster. With the environment variable `UDP_CHAT_IDLE_SECONDS=N`, the server
/// removes every member who hasn't spoken for N seconds.
/// ```text
/// $ UDP_CHAT_IDLE_SECONDS=600 cargo run --bin server
/// UDP Server on 127.0.0.1:9999...
/// 小明 joined from 127.0.0.1:41001
/// 小明 left from 127.0.0.1:41001           (ten minutes later)
/// ```
/// **Rules.**
/// - If a member hasn't spoken for N seconds, the server removes this member at
///   most half a second later, even if no datagram arrives.
/// - A member speaks by joining and by saying a line that is relayed. Blank
///   lines, duplicate joins and dropped datagrams don't count.
/// - If a member is removed, all others get the leave notice, and the log says
///   `NAME left from ADDRESS`, as with any leave.
/// - The removed member gets a hint that begins with `[提示] `. To copy:
///   `[提示] 你很久没有发言，已被移出聊天室` ("you were too silent").
/// - If a removed member says something, they join again, like any stranger.
/// - If several are removed at once, you may choose the order, and whether they
///   still get the notices about each other.
/// - If the variable isn't set, nobody is removed.
/// - If the value isn't a `u64` from 1 up (`0`, `soon`, empty, not UTF-8), the
///   server prints `error: …` on standard error at once. Its exit status is 1.
///
/// **What it teaches.** A server that blocks in `recv_from` doesn't notice that
/// time passes. `UdpSocket::set_read_timeout` wakes it up with an error, which
/// doesn't belong in the log (`WouldBlock` on Unix, `TimedOut` on Windows). A
/// timeout of N seconds isn't enough, because every datagram restarts it.
///
/// **Where to begin.** Read `serve` in `src/bin/server.rs`. The roster has to
/// know when each member last spoke. If you add `u64::MAX` seconds to an
/// `Instant`, it panics, so compare `elapsed()` with N instead.
/// **To think about.**
/// - What could the client send so that a member who only reads stays?
/// - On Linux, press Ctrl-Z and run `fg`. Why does the server log a warning?
#[test]
#[ignore = "exercise, 2 h: the server removes members who don't speak"]
fn idle_members_are_removed() {
    run_cases(&[
        ("silent members", silent_members_are_removed),
        ("a member who doesn't really speak", only_relayed_lines_count),
        ("the largest u64", || check_no_removal(IDLE, &u64::MAX.to_string())),
        ("no variable", || check_no_removal("ANOTHER_VARIABLE", "1")),
        ("wrong values", || check_values(SERVER, IDLE)),
    ]);
}

const IDLE: &str = "UDP_CHAT_IDLE_SECONDS";
const N: Duration = Duration::from_secs(3);
/// A server that looks once a second, or more rarely, notices too late then.
const LATER: Duration = Duration::from_millis(1750);

fn silent_members_are_removed() {
    let mut server = server_with(IDLE, "3");
    let ming_spoke = Instant::now();
    let ming = Peer::joined(&mut server, "小明");
    thread::sleep(LATER);
    let hong = Peer::joined(&mut server, "小红");
    ming.expect(&joined_notice("小红"));
    let notice = hong.next_payload_within(PATIENCE);
    let ming_silent = ming_spoke.elapsed();
    let step = "N is 3 s; 小明 joins; 1.75 s later 小红 joins and receives";
    let [joined, left] = [joined_notice("小明"), left_notice("小明")];
    check(step, notice, &[&left]);
    server.expect_log_line(&format!("小明 left from {}", ming.address()));
    check_hint(&ming, "小明 is removed and receives");

    // 小红 is still a member, but 小明 has to join again.
    let hong_spoke = Instant::now();
    hong.sends("小红 : where are you?");
    ming.sends("小明 : here");
    ming.sends("exit");
    server.expect_log_line(&format!("小明 joined from {}", ming.address()));
    let step = "小明 is removed, says something and leaves; 小红 receives";
    check(step, received_by(&hong), &[&joined, "小明 : here", &left]);
    thread::sleep(LATER);
    hong.sends(" ");
    check_hint(&hong, "小红 said something and is silent; she receives");
    let times = [ming_silent, hong_spoke.elapsed()];
    // One may be late, on a loaded machine.
    let right = times.iter().all(|time| (N..N * 3 / 2).contains(time))
        && times.iter().any(|time| *time < N + Duration::from_millis(600));
    let step = "N is 3 s; 小明 and then 小红 are silent and removed";
    assert!(right, "{step}\nexpected: 3 s to 3.5 s\nreceived: {times:?}");
}

fn check_hint(member: &Peer, step: &str) {
    let text = member.next_payload_within(PATIENCE).unwrap_or_default();
    let is_hint = text.starts_with("[提示] ");
    assert!(is_hint, "{step}\nexpected: [提示] …\nreceived: {text:?}");
}

fn only_relayed_lines_count() {
    let mut server = server_with(IDLE, "3");
    let room = join(&mut server, "小红|小明");
    let started = Instant::now();
    let mut received = None;
    while received.is_none() && started.elapsed() < PATIENCE {
        room[0].1.sends("小红 : hello");
        for payload in [&b""[..], b" ", "小明".as_bytes(), b"\xff"] {
            room[1].1.sends(payload);
        }
        received = room[0].1.next_payload_within(N / 50);
    }
    let step = "N is 3 s; 小红 talks all the time, 小明 sends blank lines, \
                duplicate joins and invalid bytes; 小红 receives";
    check(step, received, &[&left_notice("小明")]);
    check_time(step, started, N / 2);
}

fn check_no_removal(variable: &str, value: &str) {
    let mut server = server_with(variable, value);
    let gang = Peer::joined(&mut server, "小刚");
    let step = "小刚 is silent for 4.5 s and receives";
    check(step, gang.next_payload_within(N * 3 / 2), &[]);
    gang.sends(b"\xff");
    let hint = gang.next_payload_within(PATIENCE);
    check_from(&mut server.program, hint, HINT, "then, for invalid bytes");
}

/// # Lost and duplicate lines are detected (3 hours)
///
/// **Goal.** With the environment variable `UDP_CHAT_NUMBERED=1`, a client
/// numbers the lines that it sends. It also looks at the numbers in the lines
/// that it receives, reports missing ones and doesn't print duplicates.
/// ```text
/// 小红's client sends       小明's client prints
/// 小红 : #1 one             小红 : #1 one
/// 小红 : #1 one             (nothing, because this is a duplicate)
/// 小红 : #4 four            [提示] 小红 丢了2句
///                           小红 : #4 four
/// 小红 : #3 three           小红 : #3 three      (late, but not a duplicate)
/// ```
/// 丢了2句 is "two lines lost". To copy: `[提示] NAME 丢了N句`.
///
/// **Rules for sending.**
/// - The chat lines are `NAME : #1 TEXT`, `NAME : #2 TEXT` and so on.
/// - Each datagram of a long line has its own number and at most 1024 bytes.
/// - The join and the `NAME : exit` have no number.
///
/// **Rules for receiving.** The numbers of each NAME are counted separately.
/// - A line has a number if TEXT begins with `#`, decimal digits that make a
///   `u64`, and a space. If a line has no number, it is printed as before.
/// - If a line has a number that came from NAME already, it isn't printed.
///   Other lines are printed as they came, even if they are late.
/// - If the number is more than one above NAME's highest one, the client first
///   prints `[提示] NAME 丢了N句`, where N is how many numbers are missing.
/// - Before the first number from NAME, nothing is missing. (You may be late.)
/// - If `NAME 进入聊天室...` ("NAME joined the room") arrives, the client
///   forgets NAME's numbers, because NAME may start at 1 again.
/// - The client remembers at least the last hundred numbers of each NAME.
/// - If the variable isn't set, the client sends and prints as before.
///
/// **What it teaches.** UDP may lose, duplicate and reorder datagrams. Sequence
/// numbers are the simplest way to detect this. A number from the network can
/// be anything, but it must neither crash the client nor fill its memory.
///
/// **Where to begin.** Read `Client::send_lines` and `receive_lines`, and
/// `protocol::chat_lines`. Keep the numbers in a type of its own.
/// **To think about.**
/// - How much does your client remember if the chat goes on for a year?
/// - What does it print if two members have the same name, if somebody without
///   the variable types `#7 hello`, or if a `NAME 进入聊天室...` is lost?
/// - Which losses can no number detect? What would repair a loss?
#[test]
#[ignore = "exercise, 3 h: the client detects lost and duplicate lines"]
fn lost_and_duplicate_lines_are_detected() {
    run_cases(&[
        ("sending", numbers_are_sent),
        ("receiving", numbers_are_checked),
        ("no variable", || {
            let mut chat = chat_client("ANOTHER_VARIABLE");
            chat.1.types("hello");
            chat.0.expect("小明 : hello");
            for line in ["小红 : #1 a", "小红 : #1 a", "小红 : #3 b"] {
                check_shown(&mut chat, line, &[line]);
            }
        }),
    ]);
}

/// A server of ours and 小明's client, which has joined.
fn chat_client(variable: &str) -> (Peer, Program) {
    let server = Peer::as_server();
    let arguments = [&*server.address().to_string(), "小明"];
    let mut client = command(CLIENT, &arguments);
    let mut client = Program::start(client.env(variable, "1"));
    server.expect("小明");
    client.stdout.read_until(&banner("小明"));
    (server, client)
}

/// Checks what the client prints when `line` arrives.
fn check_shown(chat: &mut (Peer, Program), line: &str, want: &[&str]) {
    chat.0.sends(line);
    chat.0.sends("(end)");
    let shown = until("(end)", || chat.1.stdout.next_line_within(PATIENCE));
    let log = chat.1.stderr.drain();
    check(&format!("{line:?} arrives, log: {log:?}; printed"), shown, want);
}

fn numbers_are_sent() {
    let (server, mut client) = chat_client("UDP_CHAT_NUMBERED");
    let mut number = 0;
    for line in ["hello", &"x".repeat(12_000), "hello again"] {
        client.types(line);
        let mut rest = line;
        while !rest.is_empty() {
            number += 1;
            let sent = server.next_payload_within(PATIENCE).unwrap_or_default();
            let start = format!("小明 : #{number} ");
            let part = sent.strip_prefix(&start).unwrap_or_default();
            let more = rest.strip_prefix(part).filter(|_| !part.is_empty());
            rest = more.filter(|_| sent.len() <= 1024).unwrap_or_else(|| {
                let step = "小明 types hello, 12,000 times x and hello again";
                let want = format!("{start}{rest:.9}…, at most 1024 bytes");
                let got = format!("{sent:?} ({} bytes)", sent.len());
                panic!("{step}\nexpected: {want}\nreceived: {got}")
            });
        }
    }
    client.types("EXIT");
    check_sent(&mut client, &server, "小明 : exit", "小明 types `EXIT`");
    client.expect_status(0);
}

fn numbers_are_checked() {
    let mut chat = chat_client("UDP_CHAT_NUMBERED");
    // + is printed, - is not, and a number of lost lines is printed first.
    let session = "+ 小红 : #4 four|- 小红 : #4 four|2 小红 : #7 seven|\
        + 小红 : #5 five|- 小红 : #5 five|+ 小红 : #8 eight|+ 小刚 : #1 one|\
        1 小红 : #10 x|+ 小刚 : #2 two|+ 小红 : #11 a : #4 b|\
        - 小红 : #11 c : #5 d|+ 小红 : no number|+ 小红 : no number|\
        + 小红 : no #4 number|+ 小红 : #x no number|+ 小红 : #+8 no number|\
        + 小红 : #8|+ 小红 离开了聊天室...|- 小红 : #11 x|\
        + 小红 进入聊天室...|+ 小红 : #7 again|1 小红 : #9 again|\
        + 小李 : 小刚 进入聊天室...|- 小刚 : #2 two|\
        18446744073709551612 小刚 : #18446744073709551615 the largest u64|\
        + 小刚 : #3 three|+ 小刚 : #18446744073709551616 no u64";
    for row in session.split('|') {
        let (mark, line) = row.split_once(' ').unwrap();
        let name = line.split(' ').next().unwrap();
        let shown = [&format!("[提示] {name} 丢了{mark}句"), line];
        let first = ["", "+", "-"].iter().position(|it| *it == mark);
        check_shown(&mut chat, line, &shown[first.unwrap_or(0)..]);
    }
    // The last hundred of many numbers are remembered.
    let lines: Vec<_> = (1..=150).map(|n| format!("小李 : #{n} hi")).collect();
    lines.iter().for_each(|line| check_shown(&mut chat, line, &[line]));
    lines[50..].iter().for_each(|line| check_shown(&mut chat, line, &[]));
}

/// # The server is found by broadcast (an afternoon, on Linux)
///
/// **Goal.** A user doesn't have to know the server's address. If ADDRESS is a
/// broadcast address, the client asks the whole network and uses the server
/// that answers. The server answers only with `UDP_CHAT_FINDABLE=1`.
/// ```text
/// $ UDP_CHAT_FINDABLE=1 cargo run --bin server -- 0.0.0.0:9999
/// $ cargo run --bin client -- 192.168.1.255:9999 小明    (another machine)
///
/// client sends   [寻找]    to 192.168.1.255:9999
/// server sends   [在此]    from 192.168.1.5:9999
/// client sends   小明      to 192.168.1.5:9999
/// ```
/// 寻找 is "looking for", and 在此 is "here". To copy: `[寻找]` and `[在此]`.
///
/// **Rules for the client.**
/// - If ADDRESS is a broadcast address, the client sends `[寻找]` there and
///   waits for a datagram `[在此]`. It ignores all other datagrams.
/// - If `[在此]` arrives, its sender is the server from then on, and everything
///   else is as before. A later `[在此]` isn't printed.
/// - If no `[在此]` has come after a second, it asks again, three times in all.
/// - If no `[在此]` has come a second after the third time, the client prints
///   `error: no server answers at ADDRESS`, with ADDRESS as it was typed, on
///   standard error and exits with status 1.
/// - It sends no `[寻找]` to another address, for example to `127.0.0.255`.
///
/// **Rules for the server.** Without the variable, both texts are just names.
/// - If a stranger sends `[寻找]`, only they get `[在此]`, and nobody joins.
/// - If a stranger sends `[在此]`, nothing happens.
/// - If a member sends one of them, it is a chat line as before.
///
/// **What it teaches.** The kernel refuses to broadcast without
/// `UdpSocket::set_broadcast`. A socket that is connected to the broadcast
/// address receives no answer, because answers come from another address. Only
/// the kernel knows broadcast addresses. (See the `kind` of `connect`'s error.)
///
/// **Where to begin.** Read `chat` in `src/bin/client.rs`, which connects the
/// socket, and `Server::handle` in `src/bin/server.rs`.
/// **To think about.**
/// - Why does the server have to be bound to `0.0.0.0`?
/// - What does someone gain who sends `[寻找]` and forges your address, or a
///   server's? (This is called *reflection*.)
/// - What does a broadcast `[寻找]` do to a server without the variable?
/// - What prevents your neighbor on the LAN from answering first?
#[test]
#[ignore = "exercise, an afternoon: a client finds its server by broadcast"]
fn the_server_is_found_by_broadcast() {
    if !cfg!(target_os = "linux") {
        return println!("skipped: this test needs Linux");
    }
    run_cases(&[
        ("the server", server_answers_strangers),
        ("a server without the variable", server_without_variable),
        ("the client", client_finds_server),
        ("no answer", client_asks_three_times),
        ("an address that isn't for broadcasts", || {
            let mut server = Server::start_at("127.0.0.255:0");
            let _client = Program::client(server.address, "小明");
            server.program.stderr.read_until("小明 joined");
        }),
    ]);
}

/// A server of ours, a client that looks for it, and the broadcast address.
fn looking_client() -> (Peer, Program, SocketAddr) {
    let server = Peer::as_server_at((Ipv4Addr::UNSPECIFIED, 0).into());
    let address = ([127, 255, 255, 255], server.address().port()).into();
    (server, Program::client(address, "小李"), address)
}

fn server_answers_strangers() {
    let mut server = command(SERVER, &["0.0.0.0:0"]);
    let server = Program::start(server.env("UDP_CHAT_FINDABLE", "1"));
    let mut server = Server::from_program(server);
    server.address.set_ip(Ipv4Addr::LOCALHOST.into());
    let hong = Peer::joined(&mut server, "小红");
    let room = [("小刚", Peer::stranger_to(server.address)), ("小红", hong)];
    room[0].1.sends("[寻找]");
    room[0].1.sends("[在此]");
    let received = "小刚 进入聊天室...|小刚 : [寻找] [在此]";
    exchange(&room, "小刚 : [寻找] [在此]", &["[在此]", received]);
    let gang = room[0].1.address();
    server.expect_log_line(&format!("小刚 joined from {gang}"));
    exchange(&room, "[寻找]", &["", "小刚 : [寻找]"]);
    for line in ["小刚 : [寻找] [在此]", "小刚 : [寻找]"] {
        check_said(&mut server, line, &room[0].1, "小刚 has sent both lines");
    }
}

fn server_without_variable() {
    let mut server = Server::start();
    let mut room = join(&mut server, "小明");
    room.insert(0, ("a stranger", Peer::stranger_to(server.address)));
    for name in ["[寻找]", "[在此]"] {
        exchange(&room, name, &["", &joined_notice(name)]);
        room[0].1.sends("exit");
        room[1].1.expect(&left_notice(name));
    }
}

fn client_finds_server() {
    let (server, mut client, _) = looking_client();
    check_sent(&mut client, &server, "[寻找]", "小李's client starts");
    server.sends("[在此]");
    server.sends("[在此]");
    let another = Peer::stranger_to(server.partner());
    another.sends("[在此]");
    // On a loaded machine, the client may have asked once more.
    let join = iter::from_fn(|| server.next_payload_within(PATIENCE))
        .take(2)
        .find(|text| text != "[寻找]");
    let step = "one server answers twice, another one once";
    check_from(&mut client, join, "小李", &format!("{step}; the join"));
    client.types("hello");
    check_sent(&mut client, &server, "小李 : hello", "小李 types `hello`");
    another.sends("小红 : I am another server");
    server.sends("小红 : hello");
    client.stdout.read_until(&banner("小李"));
    let line = client.stdout.next_line_within(PATIENCE);
    check_from(&mut client, line, "小红 : hello", "小李's client prints");
    // A timeout that is still set would be reported.
    let error = client.stderr.next_line_within(N / 2);
    check("a server was found; standard error", error, &[]);
    client.types("EXIT");
    check_sent(&mut client, &server, "小李 : exit", "小李 types `EXIT`");
    client.expect_status(0);
}

fn client_asks_three_times() {
    let started = Instant::now();
    let (server, mut client, address) = looking_client();
    let step = "小李's client looks for a server and receives hints only";
    for _ in 0..3 {
        check_sent(&mut client, &server, "[寻找]", step);
        server.sends("[提示] who is there?");
    }
    let error = format!("error: no server answers at {address}");
    check_log(&mut client, &error, step);
    check_time(step, started, Duration::from_secs(3));
    client.expect_status(1);
    server.expect_empty_queue();
}
