//! Six exercises, from ten minutes to an afternoon.
//!
//! Each exercise is a test that fails until you have solved it. It is marked
//! as ignored, so `cargo test` stays green in the meantime. The text above the
//! test is the task, and it shows every text that you have to print or send.
//! You can do the exercises in any order, in one copy of the project or each
//! in a copy of its own. The last line of the output says how many pass.
//!
//! ```sh
//! cargo test --test exercises -- --ignored                      # runs all
//! cargo test --test exercises how_many_are_here -- --ignored    # runs one
//! ```
//!
//! 小明, 小红, 小刚 and 小李 are people. The sessions set an environment
//! variable as a Linux or macOS shell does. In PowerShell, run
//! `$env:UDP_CHAT_IDLE_SECONDS='600'` first. If no variable is set, the
//! programs send the same datagrams as before, except the answer to `/who`.
//!
//! # If other tests break
//!
//! Run `cargo test` when you have solved an exercise. `tests/docs.rs` may turn
//! red: the guide still shows the old code. You may add functions, fields and
//! variants, but the other tests use what is there now, so don't change:
//!
//! - the names, parameters and results of the public functions and constants,
//!   for example `Message::parse`, and the fields of `Join`;
//! - what the programs print and log, and what their arguments mean. (The tests
//!   accept the ` (N here)` of *How many are here* in the log);
//! - that the server only waits while no datagram comes and no variable is set.

mod common;

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use std::{iter, thread};

use common::ports::unused_address;
use common::{CLIENT, HINT, Peer, Program, SERVER, Server, TALK_CLIENT};
use common::{banner, joined_notice, left_notice};

const NOTHING: [&str; 0] = [];
/// How long a test waits for something that has to come.
const PATIENCE: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(1);

/// Runs all cases of an exercise, so that one failure doesn't hide the others.
fn run_cases(cases: &[(&str, fn())]) {
    let start = |&(name, case): &(&str, fn())| {
        thread::Builder::new().name(name.to_owned()).spawn(case).unwrap()
    };
    let running: Vec<_> = cases.iter().map(start).collect();
    let results = cases.iter().zip(running).map(|((name, _), case)| {
        let Err(panic) = case.join() else { return format!("{name}: passed") };
        let message = panic.downcast_ref::<String>().map_or("", |text| text);
        format!("{name}: failed: {}", message.lines().next().unwrap_or(""))
    });
    let report = results.collect::<Vec<_>>().join("\n");
    assert!(!report.contains(": failed: "), "the cases (see above):\n{report}");
}

/// The beginning of a long text, for a message.
fn short(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[track_caller]
fn expect_texts(
    step: &str,
    received: impl IntoIterator<Item = String>,
    expected: &[&str],
) {
    let received: Vec<String> = received.into_iter().collect();
    let expected_short: Vec<_> = expected.iter().map(|s| short(s)).collect();
    let received_short: Vec<_> = received.iter().map(|s| short(s)).collect();
    assert!(
        received == expected,
        "{step}\nexpected: {expected_short:?}\nreceived: {received_short:?}"
    );
}

/// Checks a text from `program`. If it is wrong, the message also says whether
/// the program has ended and what else it has printed.
#[track_caller]
fn expect_from(
    program: &mut Program,
    text: Option<String>,
    expected: &str,
    step: &str,
) {
    let mut step = step.to_owned();
    if text.as_deref() != Some(expected) {
        thread::sleep(Duration::from_millis(100)); // It may be about to end.
        let status = program.child.try_wait().unwrap();
        let state = status.map_or("runs".to_owned(), |s| format!("ended, {s}"));
        let output = short(&program.stdout.drain());
        let log = short(&program.stderr.drain());
        let more = format!("printed {output:?} and logged {log:?}");
        step += &format!("\n(the program {state}; it also {more})");
    }
    expect_texts(&step, text, &[expected]);
}

/// Checks the next line that `program` prints on standard error.
#[track_caller]
fn expect_logged(program: &mut Program, expected: &str, step: &str) {
    let line = program.stderr.next_line_within(PATIENCE);
    expect_from(program, line, expected, &format!("{step}; standard error"));
}

/// Checks the next line of the server's standard output.
#[track_caller]
fn expect_printed(server: &mut Server, line: &str, peer: &Peer, step: &str) {
    let expected = format!("\"{line}\" from {}", peer.address());
    let line = server.program.stdout.next_line_within(PATIENCE);
    let step = format!("{step}; the server's standard output");
    expect_from(&mut server.program, line, &expected, &step);
}

/// Checks the next datagram that `program` sends to `peer`.
#[track_caller]
fn expect_sent(program: &mut Program, peer: &Peer, expected: &str, step: &str) {
    let sent = peer.next_payload_within(PATIENCE);
    expect_from(program, sent, expected, &format!("{step}; the datagram"));
}

/// Checks that something took this time, or a bit longer.
#[track_caller]
fn expect_time(step: &str, time: Duration, expected: Duration) {
    assert!(
        time >= expected,
        "{step}\nexpected: after {expected:?}\nreceived: after {time:?}"
    );
}

/// The texts before `end`. If `end` doesn't come, `remark` is the last one.
fn texts_before(
    end: &str,
    remark: &str,
    next: impl FnMut() -> Option<String>,
) -> Vec<String> {
    let mut texts = Vec::new();
    for text in iter::from_fn(next) {
        if text == end {
            return texts;
        }
        texts.push(text);
    }
    texts.push(remark.to_owned());
    texts
}

/// What `member` has received since it was last asked.
///
/// The server handles one datagram after another. So when the hint about this
/// one comes, everything else has come.
fn received_by(member: &Peer) -> Vec<String> {
    member.sends(b"\xff");
    let remark = "(it isn't a member: invalid bytes get no hint)";
    texts_before(HINT, remark, || member.next_payload_within(PATIENCE))
}

#[track_caller]
fn expect_received(step: &str, who: &str, member: &Peer, expected: &[&str]) {
    let step = format!("{step}; {who} receives");
    expect_texts(&step, received_by(member), expected);
}

/// Members called `names`, who have read the notices about each other.
#[track_caller]
fn join_all<const N: usize>(
    server: &mut Server,
    names: [&str; N],
) -> [Peer; N] {
    let members = names.map(|name| Peer::joined(server, name));
    members.iter().for_each(|member| drop(received_by(member)));
    members
}

/// Lets this many members join and drops them, because some systems let a
/// process open 256 files only.
#[track_caller]
fn fill_room(server: &mut Server, members: usize) {
    for _ in 0..members {
        let member = Peer::disposable(server.address);
        member.sends("m");
        let logged = format!("m joined from {}", member.address());
        server.program.stderr.read_until(&logged);
    }
}

/// Checks that the value of `variable` must be a number from 1 up.
#[track_caller]
fn expect_startup_errors(program: &str, variable: &str) {
    let values = ["0", "soon", "", "-1", "1.5", "18446744073709551616"];
    let mut values = values.map(OsStr::new).to_vec();
    #[cfg(unix)]
    values.push(std::os::unix::ffi::OsStrExt::from_bytes(b"1\xff"));
    for value in values {
        let mut command = common::command(program, &["127.0.0.1:0"]);
        let mut program = Program::spawn(command.env(variable, value));
        program.end_input();
        let mut line = program.stderr.next_line_within(PATIENCE);
        if line.as_ref().is_some_and(|line| line.starts_with("error: ")) {
            line = Some("error: …".to_owned());
        }
        let step = format!("start with {variable}={value:?}; standard error");
        expect_from(&mut program, line, "error: …", &step);
        program.expect_status(1);
    }
}

/// # How many are here (10 minutes)
///
/// **Goal.** The server's log says how many members the room has. Every line
/// about a join or a leave ends in ` (N here)`, where N is the number of
/// members after that join or leave.
/// ```text
/// 小明 joined from 127.0.0.1:41001 (1 here)
/// 小红 joined from 127.0.0.1:41002 (2 here)
/// 小明 left from 127.0.0.1:41001 (1 here)
/// ```
///
/// **Rules.**
/// - If a member joins, N counts this member.
/// - If a member leaves, N no longer counts this member.
/// - If a datagram changes nothing, for example a second `exit` or a join when
///   the room is full, N doesn't change.
///
/// **What it teaches.** The state of the server is its roster. To log a change
/// of the state correctly, you have to know whether it has already happened.
///
/// **Where to begin.** Read `Server::join` and `Server::leave` in
/// `src/bin/server.rs`. Which comes first, the log or the change of the roster?
///
/// **To think about.**
/// - A member whose program was killed stays on the roster. What does N count?
/// - Why is it risky to count in a variable of your own, beside the roster?
#[test]
#[ignore = "exercise, 10 min: the log says how many members are here"]
fn how_many_are_here() {
    run_cases(&[("any room", count_joins), ("a full room", count_full_room)]);
}

fn count_joins() {
    let mut server = Server::start();
    let [ming, hong, gang, nobody] =
        [(); 4].map(|()| Peer::stranger_to(server.address));
    nobody.sends(b"\xff");
    server.read_warning_about(&nobody);
    nobody.sends("exit"); // A stranger's leave changes nothing.
    for (peer, sent, event, count) in [
        (&ming, "小明", "小明 joined", "(1 here)"),
        (&hong, "小红", "小红 joined", "(2 here)"),
        (&gang, "小红 : me, too", "小红 joined", "(3 here)"),
        (&ming, "小明 : exit", "小明 left", "(2 here)"),
        (&gang, "exit", "小红 left", "(1 here)"),
        (&ming, "小明", "小明 joined", "(2 here)"),
        (&hong, "小红 : EXIT", "小红 left", "(1 here)"),
        (&ming, "小明 : exit", "小明 left", "(0 here)"),
    ] {
        peer.sends(sent);
        peer.sends(sent); // A duplicate is in no such line.
        let step = format!("the datagram {sent:?} comes");
        let expected = format!("{event} from {} {count}", peer.address());
        expect_logged(&mut server.program, &expected, &step);
    }
}

fn count_full_room() {
    let mut server = Server::start();
    let ming = Peer::joined(&mut server, "小明");
    fill_room(&mut server, 999);
    let late = Peer::stranger_to(server.address);
    late.sends("小李");
    server.read_warning_about(&late);
    ming.sends("exit");
    let step = "小明 and 999 others are here, 小李 can't join, 小明 leaves";
    let expected = format!("小明 left from {} (999 here)", ming.address());
    expect_logged(&mut server.program, &expected, step);
}

/// # Who is here (30 minutes)
///
/// **Goal.** A member who types `/who` receives the names of all members in one
/// datagram. No other member receives anything, and the server doesn't print
/// the line on its standard output.
/// ```text
/// 小明 sends       小明 : /who
/// 小明 receives    [提示] 在线：Bob、小明
///                  (The server is restarted, so 小明 is a stranger now.)
/// 小明 sends       小明 : /who
/// 小明 receives    [提示] 在线：小明
/// ```
///
/// 提示 is "hint", and 在线 is "online". To copy: `[提示] 在线：A、B、C`.
///
/// **Rules.**
/// - If a member sends `NAME : /who` under their own name, or just `/who`, only
///   this member gets the answer.
/// - If there is white space around `/who`, even a full-width space (U+3000),
///   it is still the command.
/// - The names are sorted as Rust sorts strings, and the member who asks is
///   among them. If two members have the same name, it is listed twice.
/// - If a stranger sends `NAME : /who`, NAME joins, as with any chat line, and
///   then gets the answer.
/// - If the room is full, a stranger's `NAME : /who` is dropped like any other
///   join, and nobody gets an answer.
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
///
/// **To think about.**
/// - The client splits a long line. What happens if its last part is `/who`?
///   (`chat_lines` solves the same problem for `exit`.)
/// - A datagram has at most 1024 bytes here, which may be too few for 40 names.
///   How would you list as many names as fit, and then `...`? Count bytes, not
///   characters, because `名` has three bytes.
/// - Suppose that every newcomer got this list. Someone forges your address and
///   sends one byte, the join `x`. How many bytes do you receive for this one?
///   (This is called *amplification*.)
#[test]
#[ignore = "exercise, 30 min: `/who` is answered with the names of all members"]
fn who_lists_the_members() {
    run_cases(&[
        ("members", who_from_members),
        ("other lines", who_in_other_lines),
        ("a stranger after a restart", who_from_a_stranger),
        ("a full room", who_in_a_full_room),
        ("a member called /who", who_as_a_name),
    ]);
}

fn who_from_members() {
    let mut server = Server::start();
    let names = ["小红", "alice", "小明", "Bob", "小刚", "alice"];
    let members = join_all(&mut server, names);
    let [hong, alice, ming, _, _, other_alice] = &members;
    let answer = "[提示] 在线：Bob、alice、alice、小刚、小明、小红";
    let spaces = " ".repeat(1020); // with the name over 1024 bytes
    for (peer, sent, other) in [
        (ming, "小明 : /who", hong),
        (ming, " 小明 : \t /who \r\n", hong),
        (ming, "小明 : \u{3000}/who\u{3000}", hong),
        (ming, "/who\n", hong),
        (ming, "\u{3000}/who\u{3000}", hong),
        (ming, &format!("/who{spaces}"), hong),
        (ming, &format!("{spaces}/who"), hong),
        (alice, "/who", other_alice),
    ] {
        peer.sends(sent);
        let step = format!("a member sends {:?}", short(sent));
        expect_received(&step, "this member", peer, &[answer]);
        expect_received(&step, "another one", other, &NOTHING);
    }
    ming.sends("小明 : hello");
    let step = "members send `/who` and then `小明 : hello`";
    expect_printed(&mut server, "小明 : hello", ming, step);
}

fn who_in_other_lines() {
    let mut server = Server::start();
    let [ming, hong] = join_all(&mut server, ["小明", "小红"]);
    for (sent, line) in [
        ("小明 : /whoever", "小明 : /whoever"),
        ("小明 : /WHO", "小明 : /WHO"),
        ("小明 : /who 小红", "小明 : /who 小红"),
        ("小明 : hi /who", "小明 : hi /who"),
        ("hi /who", "小明 : hi /who"),
        ("小明 : 小红 : /who", "小明 : 小红 : /who"),
        ("小红 : /who", "小明 : 小红 : /who"),
    ] {
        ming.sends(sent);
        let step = format!("小明 sends {sent:?}");
        expect_received(&step, "小红", &hong, &[line]);
        expect_received(&step, "小明", &ming, &NOTHING);
        expect_printed(&mut server, line, &ming, &step);
    }
}

fn who_from_a_stranger() {
    let mut server = Server::start();
    let [hong] = join_all(&mut server, ["小红"]);
    let li = Peer::stranger_to(server.address);
    let [joined, left] = [&*joined_notice("小李"), &*left_notice("小李")];
    li.sends("小李 :  /who\t");
    let step = "小李, a stranger as after a restart, sends \"小李 :  /who\\t\"";
    expect_received(step, "小李", &li, &["[提示] 在线：小李、小红"]);
    expect_received(step, "小红", &hong, &[joined]);
    li.sends("exit");
    let line = "小李 : 小红 : /who";
    li.sends(line);
    let step = format!("小李 leaves, then sends {line:?}");
    expect_received(&step, "小李", &li, &NOTHING);
    expect_received(&step, "小红", &hong, &[left, joined, line]);
    // The first line wasn't printed.
    expect_printed(&mut server, line, &li, &step);
}

fn who_in_a_full_room() {
    let mut server = Server::start();
    fill_room(&mut server, 1000);
    let li = Peer::stranger_to(server.address);
    li.sends("小李 : /who");
    server.wait_until_caught_up();
    let step = "1000 are here, 小李 sends `小李 : /who`; 小李 receives";
    expect_texts(step, li.next_payload_within(MOMENT), &NOTHING);
}

fn who_as_a_name() {
    let server = Server::start();
    let who = Peer::stranger_to(server.address);
    for (sent, answer) in [
        ("/who", &[][..]),
        ("/who", &[]),
        ("/who : /who", &["[提示] 在线：/who"]),
    ] {
        who.sends(sent);
        expect_received(&format!("{sent:?} is sent"), "/who", &who, answer);
    }
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
///
/// **Rules.**
/// - If no answer has come after N seconds, the client prints the line that you
///   see above on standard error, with the server's address and N. Then it asks
///   for the next message.
/// - If the variable isn't set, the client waits forever.
/// - If the value isn't a `u64` from 1 up (for example `0`, `soon`, an empty
///   text or bytes that aren't UTF-8), the client prints a line `error: …` on
///   standard error at its start and exits with status 1.
/// - If a "port unreachable" error arrives, the client prints what it printed
///   before, with or without the variable.
///
/// **What it teaches.** `UdpSocket::set_read_timeout` applies to all receive
/// calls that follow. A timeout is reported as an error, `WouldBlock` on Unix
/// and `TimedOut` on Windows, so you have to tell it from real errors.
///
/// **Where to begin.** Read the variable once, with `std::env::var_os`, at the
/// start of `talk` in `src/bin/talk-client.rs`. If `talk` returns an `Err`, the
/// program prints it and exits with status 1.
///
/// **To think about.**
/// - An answer comes just after the client has stopped waiting. What does the
///   client print after its next message?
/// - What would the datagrams have to contain to prevent this?
/// - May the client send the same message again by itself?
#[test]
#[ignore = "exercise, 30 min: talk-client waits UDP_CHAT_PATIENCE_SECONDS"]
fn talk_client_times_out() {
    run_cases(&[
        ("no answer", talk_client_waits_so_long),
        ("no variable", || talk_client_keeps_waiting(&[])),
        ("the largest u64", || {
            talk_client_keeps_waiting(&[(SECONDS, &u64::MAX.to_string())])
        }),
        ("wrong values", || expect_startup_errors(TALK_CLIENT, SECONDS)),
        ("port unreachable", || {
            let address = unused_address().to_string();
            let mut client = talk_client(&address, &[(SECONDS, "1")]);
            client.types("hello");
            let start = format!("error: cannot reach {address}: ");
            client.stderr.expect_error(&start, "");
        }),
    ]);
}

const SECONDS: &str = "UDP_CHAT_PATIENCE_SECONDS";

fn talk_client(address: &str, variables: &[(&str, &str)]) -> Program {
    Program::start_with(TALK_CLIENT, &[address], variables)
}

fn talk_client_waits_so_long() {
    let server = Peer::as_server();
    let address = &*server.address().to_string();
    let mut times = Vec::new();
    for n in [1, 2] {
        let step = format!("{SECONDS}={n}, and no answer comes");
        let mut client = talk_client(address, &[(SECONDS, &n.to_string())]);
        for message in ["hello", "hello again"] {
            let started = Instant::now();
            client.types(message);
            expect_sent(&mut client, &server, message, &step);
            let error = format!("error: no answer from {address} within {n} s");
            expect_logged(&mut client, &error, &step);
            times.push(started.elapsed());
            expect_time(&step, started.elapsed(), Duration::from_secs(n));
        }
        expect_answer_printed(&mut client, &server, &step);
    }
    // One of the first two may be late, on a loaded machine.
    let in_time = times[0].min(times[1]) < Duration::from_millis(1500);
    assert!(in_time, "{SECONDS}=1\nexpected: after 1 s\nreceived: {times:?}");
}

fn talk_client_keeps_waiting(variables: &[(&str, &str)]) {
    let server = Peer::as_server();
    let mut client = talk_client(&server.address().to_string(), variables);
    let step = format!("variables: {variables:?}, no answer comes in 2.5 s");
    client.types("hello");
    expect_sent(&mut client, &server, "hello", &step);
    let error = client.stderr.next_line_within(Duration::from_millis(2500));
    expect_texts(&format!("{step}; standard error"), error, &NOTHING);
    server.sends("I am late");
    expect_answer_printed(&mut client, &server, &step);
}

/// Types something if the client waits for that, and sends an answer.
fn expect_answer_printed(client: &mut Program, server: &Peer, step: &str) {
    client.types("are you back?");
    expect_sent(client, server, "are you back?", step);
    server.sends("I am back");
    // Each answer has a line in front, with the prompt and the address.
    let next = || client.stdout.next_line_within(PATIENCE);
    let line = iter::from_fn(next).find(|line| line == "I am back");
    expect_from(client, line, "I am back", &format!("{step}; then one comes"));
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
///
/// **Rules.**
/// - If a member hasn't spoken for N seconds, the server removes this member at
///   most half a second later, even if no datagram arrives.
/// - A member speaks by joining and by saying a line that is relayed. Blank
///   lines, duplicate joins and dropped datagrams don't count.
/// - If a member is removed, all others get the leave notice, and the log says
///   `NAME left from ADDRESS`, as with any leave.
/// - The removed member gets a hint, which begins with `[提示] `. To copy:
///   `[提示] 你很久没有发言，已被移出聊天室` ("you were silent for a long time
///   and have been removed").
/// - If a removed member says something, they join again, like any stranger.
/// - If several members are removed at once, you may choose the order, and
///   whether they still get the notices about each other.
/// - If the variable isn't set, nobody is removed.
/// - If the value isn't a `u64` from 1 up (for example `0`, `soon`, an empty
///   text or bytes that aren't UTF-8), the server prints a line `error: …` on
///   standard error at its start and exits with status 1.
///
/// **What it teaches.** A server that blocks in `recv_from` doesn't notice that
/// time passes. `UdpSocket::set_read_timeout` wakes it up with an error, which
/// doesn't belong in the log (`WouldBlock` on Unix, `TimedOut` on Windows). A
/// timeout of N seconds isn't enough, because every datagram restarts it.
///
/// **Where to begin.** Read `serve` in `src/bin/server.rs`. The roster has to
/// know when each member last spoke. Adding `u64::MAX` seconds to an `Instant`
/// panics, so compare `elapsed()` with N instead.
///
/// **To think about.**
/// - What happens to a member who only reads?
/// - What could the client send so that such a member stays?
/// - On Linux, press Ctrl-Z and run `fg`. Why does the server now log a
///   warning? (You may leave it like that.)
#[test]
#[ignore = "exercise, 2 h: the server removes members who don't speak"]
fn idle_members_are_removed() {
    run_cases(&[
        ("silent members", silent_members_are_removed),
        ("a member who doesn't really speak", only_relayed_lines_count),
        ("no variable", || expect_no_removal(Server::start())),
        ("the largest u64", || {
            expect_no_removal(Server::start_with(IDLE, &u64::MAX.to_string()))
        }),
        ("wrong values", || expect_startup_errors(SERVER, IDLE)),
    ]);
}

const IDLE: &str = "UDP_CHAT_IDLE_SECONDS";
const N: Duration = Duration::from_secs(3);
/// A server that looks once a second, or more rarely, notices too late then.
const LATER: Duration = Duration::from_millis(1750);

fn silent_members_are_removed() {
    let mut server = Server::start_with(IDLE, "3");
    let ming_spoke = Instant::now();
    let ming = Peer::joined(&mut server, "小明");
    thread::sleep(LATER);
    let hong = Peer::joined(&mut server, "小红");
    ming.expect(&joined_notice("小红"));
    let notice = hong.next_payload_within(PATIENCE);
    let ming_silent = ming_spoke.elapsed();
    let step = "N is 3 s; 小明 joins; 1.75 s later 小红 joins and receives";
    expect_texts(step, notice, &[&left_notice("小明")]);
    server.expect_log_line(&format!("小明 left from {}", ming.address()));
    expect_hint(&ming, "小明 is removed and receives");

    // 小红 is still a member, but 小明 has to join again.
    let hong_spoke = Instant::now();
    hong.sends("小红 : where are you?");
    ming.sends("小明 : here");
    ming.sends("exit");
    server.expect_log_line(&format!("小明 joined from {}", ming.address()));
    let [joined, left] = [joined_notice("小明"), left_notice("小明")];
    let step = "小明 is removed, says something and leaves";
    expect_received(step, "小红", &hong, &[&joined, "小明 : here", &left]);
    thread::sleep(LATER);
    hong.sends(" ");
    expect_hint(&hong, "小红 said something and is silent; she receives");
    let hong_silent = hong_spoke.elapsed();
    let times = format!(
        "N is 3 s, two members are silent\n\
         expected: removed after 3 s to 3.5 s\n\
         received: 小明 after {ming_silent:?}, 小红 after {hong_silent:?}"
    );
    assert!(ming_silent >= N && hong_silent >= N, "{times}");
    // One may be late, on a loaded machine.
    let late = ming_silent.min(hong_silent) - N;
    assert!(late < Duration::from_millis(600), "{times}");
    assert!(ming_silent < N * 3 / 2, "{times}");
}

#[track_caller]
fn expect_hint(member: &Peer, step: &str) {
    let text = member.next_payload_within(PATIENCE).unwrap_or_default();
    let is_hint = text.starts_with("[提示] ");
    assert!(is_hint, "{step}\nexpected: [提示] …\nreceived: {text:?}");
}

fn only_relayed_lines_count() {
    let mut server = Server::start_with(IDLE, "3");
    let [hong, ming] = join_all(&mut server, ["小红", "小明"]);
    let started = Instant::now();
    let mut received = None;
    while received.is_none() && started.elapsed() < PATIENCE {
        hong.sends("小红 : hello");
        for payload in [&b""[..], b" ", "小明".as_bytes(), b"\xff"] {
            ming.sends(payload);
        }
        received = hong.next_payload_within(N / 50);
    }
    let step = "N is 3 s; 小红 talks all the time, 小明 sends blank lines, \
                duplicate joins and invalid bytes; 小红 receives";
    expect_texts(step, received, &[&left_notice("小明")]);
    expect_time(step, started.elapsed(), N / 2);
}

fn expect_no_removal(mut server: Server) {
    let gang = Peer::joined(&mut server, "小刚");
    let step = "小刚 is silent for 4.5 s and receives";
    expect_texts(step, gang.next_payload_within(N * 3 / 2), &NOTHING);
    gang.sends(b"\xff");
    let hint = gang.next_payload_within(PATIENCE);
    expect_from(&mut server.program, hint, HINT, "then, for invalid bytes");
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
///
/// 丢了2句 is "two lines lost". To copy: `[提示] NAME 丢了N句`.
///
/// **Rules for sending.**
/// - The chat lines are `NAME : #1 TEXT`, `NAME : #2 TEXT` and so on.
/// - If a long line needs several datagrams, each one has a number of its own,
///   and none has more than 1024 bytes.
/// - The join and the `NAME : exit` have no number.
///
/// **Rules for receiving.** The numbers of each NAME are counted separately.
/// - A line has a number if TEXT begins with `#`, decimal digits that make a
///   `u64`, and a space. If a line has no number, it is printed as before.
/// - If a line has a number that came from NAME already, it isn't printed.
///   Other lines are printed as they came, even if they are late.
/// - If the number is more than one above NAME's highest one, the client first
///   prints `[提示] NAME 丢了N句`, where N is how many numbers are missing.
/// - If it is the first number from NAME, nothing is missing, because you may
///   have joined late.
/// - If `NAME 进入聊天室...` ("NAME joined the room") arrives, the client
///   forgets NAME's numbers, because NAME may start at 1 again.
/// - The client remembers at least the last hundred numbers of each NAME. If it
///   has forgotten a number, it may print that line again.
/// - If the variable isn't set, the client sends and prints as before.
///
/// **What it teaches.** UDP may lose, duplicate and reorder datagrams. Sequence
/// numbers are the simplest way to detect this. A number from the network can
/// be anything, but it must neither crash the client nor fill its memory.
///
/// **Where to begin.** Read `Client::send_lines` and `Client::receive_lines` in
/// `src/bin/client.rs` and `chat_lines` in `src/protocol.rs`. Remember the
/// numbers in a type of its own that knows nothing about sockets or printing.
///
/// **To think about.**
/// - How much does your client remember if the chat goes on for a year?
/// - What does it print if two members have the same name?
/// - What does it print if somebody without the variable types `#7 hello`?
/// - What does it print if the notice `NAME 进入聊天室...` is lost?
/// - Which losses can no number detect?
/// - To repair a loss, what would your client have to send, and to whom?
#[test]
#[ignore = "exercise, 3 h: the client detects lost and duplicate lines"]
fn lost_and_duplicate_lines_are_detected() {
    run_cases(&[
        ("sending", numbers_are_sent),
        ("receiving", numbers_are_checked),
        ("no variable", || {
            let mut client = chat_client(&[]);
            client.1.types("hello");
            client.0.expect("小明 : hello");
            for line in ["小红 : #1 a", "小红 : #1 a", "小红 : #3 b"] {
                expect_shown(&mut client, line, &[line]);
            }
        }),
    ]);
}

const NUMBERED: [(&str, &str); 1] = [("UDP_CHAT_NUMBERED", "1")];

/// A server of ours and 小明's client, which has joined.
fn chat_client(variables: &[(&str, &str)]) -> (Peer, Program) {
    let server = Peer::as_server();
    let arguments = [&*server.address().to_string(), "小明"];
    let mut client = Program::start_with(CLIENT, &arguments, variables);
    server.expect("小明");
    client.stdout.read_until(&banner("小明"));
    (server, client)
}

/// Checks what the client prints when `payload` arrives.
#[track_caller]
fn expect_shown(
    (server, client): &mut (Peer, Program),
    payload: &str,
    expected: &[&str],
) {
    server.sends(payload);
    server.sends("(end)");
    let next = || client.stdout.next_line_within(PATIENCE);
    let shown = texts_before("(end)", "(and no more lines)", next);
    let log = client.stderr.drain();
    let log = if log.is_empty() { log } else { format!(" (and logs {log:?})") };
    let step = format!("{payload:?} arrives; the client prints{log}");
    expect_texts(&step, shown, expected);
}

fn numbers_are_sent() {
    let (server, mut client) = chat_client(&NUMBERED);
    for number in 1..=8 {
        client.types("hello");
        let expected = format!("小明 : #{number} hello");
        expect_sent(&mut client, &server, &expected, "小明 types `hello`");
    }
    // The number has two digits from the second datagram on.
    client.types(&"x".repeat(3000));
    let (mut size, mut number) = (0, 9);
    while size < 3000 {
        let sent = server.next_payload_within(PATIENCE).unwrap_or_default();
        let text = sent.strip_prefix(&format!("小明 : #{number} "));
        assert!(
            text.is_some() && sent.len() <= 1024,
            "小明 types 8 lines, then 3000 times x; the datagram\n\
             expected: 小明 : #{number} x…, at most 1024 bytes\n\
             received: {} ({} bytes)",
            short(&sent),
            sent.len()
        );
        size += text.map_or(0, |text| text.matches('x').count());
        number += 1;
    }
    client.types("EXIT");
    expect_sent(&mut client, &server, "小明 : exit", "小明 types `EXIT`");
    client.expect_status(0);
}

fn numbers_are_checked() {
    let mut client = chat_client(&NUMBERED);
    // + is printed, - is not, and a number of lost lines is printed first.
    let session = "\
        + 小红 : #4 four
        - 小红 : #4 four
        2 小红 : #7 seven
        + 小红 : #5 five
        - 小红 : #5 five
        + 小红 : #8 eight
        + 小刚 : #1 one
        1 小红 : #10 x
        + 小刚 : #2 two
        + 小红 : #11 a : #4 b
        - 小红 : #11 c : #5 d
        + 小红 : no number
        + 小红 : no number
        + 小红 : no #4 number
        + 小红 : #x no number
        + 小红 : #+8 no number
        + 小红 : #8
        + 小红 离开了聊天室...
        - 小红 : #11 x
        + 小红 进入聊天室...
        + 小红 : #7 again
        1 小红 : #9 again
        + 小李 : 小刚 进入聊天室...
        - 小刚 : #2 two
        18446744073709551612 小刚 : #18446744073709551615 the largest u64
        + 小刚 : #3 three
        + 小刚 : #18446744073709551616 no u64";
    for row in session.lines() {
        let (mark, line) = row.trim_start().split_once(' ').unwrap();
        let name = line.split(' ').next().unwrap();
        let hint = format!("[提示] {name} 丢了{mark}句");
        let shown = match mark {
            "+" => &[line][..],
            "-" => &[],
            _ => &[&hint, line],
        };
        expect_shown(&mut client, line, shown);
    }
    // The last hundred of many numbers are remembered.
    let lines: Vec<_> = (1..=150).map(|n| format!("小李 : #{n} hi")).collect();
    lines.iter().for_each(|line| expect_shown(&mut client, line, &[line]));
    for line in &lines[50..] {
        expect_shown(&mut client, line, &NOTHING);
    }
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
///
/// 寻找 is "looking for", and 在此 is "here". To copy: `[寻找]` and `[在此]`.
///
/// **Rules for the client.**
/// - If ADDRESS is a broadcast address, the client sends `[寻找]` there and
///   waits for a datagram `[在此]`. It ignores all other datagrams.
/// - If `[在此]` arrives, its sender is the server from then on, and everything
///   else is as before. A later `[在此]` isn't printed.
/// - If no `[在此]` has come after a second, the client asks again, three times
///   in all.
/// - If no `[在此]` has come a second after the third time, the client prints
///   `error: no server answers at ADDRESS`, with ADDRESS as it was typed, on
///   standard error and exits with status 1.
/// - If ADDRESS isn't a broadcast address, the client doesn't send `[寻找]`.
///   For example, `127.0.0.255` isn't one.
///
/// **Rules for the server.**
/// - If the variable is `1` and a stranger sends `[寻找]`, the server sends
///   `[在此]` to this stranger only, and nobody joins.
/// - If the variable is `1` and a stranger sends `[在此]`, nothing happens.
/// - If a member sends one of them, it is a chat line as before.
/// - If the variable isn't set, both are names like any other.
///
/// **What it teaches.** The kernel refuses to broadcast without
/// `UdpSocket::set_broadcast`. A socket that is connected to the broadcast
/// address receives no answer, because answers come from another address. You
/// can't tell a broadcast address from its bytes, but the kernel knows the
/// network's mask. (Call `connect` and look at the error's `kind`.)
///
/// **Where to begin.** Read `chat` in `src/bin/client.rs`, where the socket is
/// connected, and `Server::handle` in `src/bin/server.rs`.
///
/// **To think about.**
/// - Why does the server have to be bound to `0.0.0.0`?
/// - What does someone gain who sends `[寻找]` with your address as its sender?
///   Compare the number of bytes. (This is called *reflection*.)
/// - What happens if the forged address is another server's?
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
        ("other answers", client_ignores_other_answers),
        ("no answer", client_asks_three_times),
        ("an address that isn't for broadcasts", || {
            let mut server = Server::start_at("127.0.0.255:0");
            let _client = Program::client(server.address, "小明");
            server.program.stderr.read_until("小明 joined");
        }),
    ]);
}

/// A server at every address of this machine, asked at one of them.
fn findable_server() -> Server {
    let variables = [("UDP_CHAT_FINDABLE", "1")];
    let program = Program::start_with(SERVER, &["0.0.0.0:0"], &variables);
    let mut server = Server::from_program(program);
    server.address.set_ip(Ipv4Addr::LOCALHOST.into());
    server
}

/// Starts a client with the broadcast address of the loopback network.
fn start_looking(port: u16) -> (Program, String) {
    let address = format!("127.255.255.255:{port}");
    (Program::start(CLIENT, &[&address, "小李"]), address)
}

fn server_answers_strangers() {
    let mut server = findable_server();
    let gang = Peer::stranger_to(server.address);
    let line = "小刚 : [寻找] [在此]";
    ["[寻找]", "[在此]", line].iter().for_each(|text| gang.sends(text));
    let step = "小刚, a stranger, sends [寻找], [在此] and a chat line";
    expect_received(step, "小刚", &gang, &["[在此]"]);
    server.expect_log_line(&format!("小刚 joined from {}", gang.address()));
    expect_printed(&mut server, line, &gang, step);
    gang.sends("[寻找]");
    let step = "小刚, a member, sends [寻找]";
    expect_received(step, "小刚", &gang, &NOTHING);
    expect_printed(&mut server, "小刚 : [寻找]", &gang, step);
}

fn server_without_variable() {
    let mut server = Server::start();
    let [ming] = join_all(&mut server, ["小明"]);
    for name in ["[寻找]", "[在此]"] {
        let stranger = Peer::stranger_to(server.address);
        stranger.sends(name);
        let step = format!("a stranger sends {name}");
        expect_received(&step, "the stranger", &stranger, &NOTHING);
        expect_received(&step, "小明", &ming, &[&joined_notice(name)]);
        stranger.sends("exit");
        ming.expect(&left_notice(name));
    }
}

fn client_finds_server() {
    let mut server = findable_server();
    let [gang] = join_all(&mut server, ["小刚"]);
    let (mut client, _) = start_looking(server.address.port());
    let step = "小李's client looks for a server, which answers";
    client.types("hello");
    for expected in [&*joined_notice("小李"), "小李 : hello"] {
        let received = gang.next_payload_within(PATIENCE);
        let step = format!("{step}; 小刚 receives");
        expect_from(&mut client, received, expected, &step);
    }
    gang.sends("小刚 : hi");
    expect_first_line(&mut client, "小刚 : hi", step);
    // A timeout that is still set would be reported.
    let error = client.stderr.next_line_within(N / 2);
    expect_texts(&format!("{step}; standard error"), error, &NOTHING);
    client.types("EXIT");
    gang.expect(&left_notice("小李"));
    client.expect_status(0);
}

#[track_caller]
fn expect_first_line(client: &mut Program, expected: &str, step: &str) {
    client.stdout.read_until(&banner("小李"));
    let line = client.stdout.next_line_within(PATIENCE);
    expect_from(client, line, expected, &format!("{step}; the client prints"));
}

fn client_ignores_other_answers() {
    let started = Instant::now();
    let server = Peer::as_server_at((Ipv4Addr::UNSPECIFIED, 0).into());
    let (mut client, _) = start_looking(server.address().port());
    let step = "小李's client looks for a server and receives a hint only";
    expect_sent(&mut client, &server, "[寻找]", step);
    server.sends("[提示] who is there?");
    expect_sent(&mut client, &server, "[寻找]", step);
    expect_time(step, started.elapsed(), Duration::from_secs(1));
    server.sends("[在此]");
    server.sends("[在此]");
    let another_server = Peer::stranger_to(server.partner());
    another_server.sends("[在此]");
    let step = "one server answers twice, another one once";
    let mut sent = server.next_payload_within(PATIENCE);
    if sent.as_deref() == Some("[寻找]") {
        // On a loaded machine, it may have asked once more.
        sent = server.next_payload_within(PATIENCE);
    }
    expect_from(&mut client, sent, "小李", &format!("{step}; the join"));
    another_server.sends("小红 : I am another server");
    server.sends("小红 : hello");
    expect_first_line(&mut client, "小红 : hello", step);
}

fn client_asks_three_times() {
    let started = Instant::now();
    let server = Peer::as_server_at((Ipv4Addr::UNSPECIFIED, 0).into());
    let (mut client, address) = start_looking(server.address().port());
    let step = "小李's client looks for a server, and none answers";
    for _ in 0..3 {
        expect_sent(&mut client, &server, "[寻找]", step);
    }
    let error = format!("error: no server answers at {address}");
    expect_logged(&mut client, &error, step);
    expect_time(step, started.elapsed(), Duration::from_secs(3));
    client.expect_status(1);
    let step = format!("{step}; a fourth datagram");
    expect_texts(&step, server.next_payload_within(MOMENT), &NOTHING);
}
