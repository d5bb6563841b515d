//! `lossy` (`src/guide/lossy.rs`), and the chat through a network like that.

mod common;

use std::net::SocketAddr;

use common::{Peer, Program, Server, examples, joined_notice, left_notice};

/// `lossy` at a port of its own.
struct Lossy {
    program: Program,
    address: SocketAddr,
}

impl Lossy {
    /// Returns `None` if `lossy` can't be built here.
    fn start(server: SocketAddr, options: &str) -> Option<Self> {
        let path = examples::build("lossy")?;
        let server = server.to_string();
        let mut arguments = vec!["127.0.0.1:0", &server];
        arguments.extend(options.split_whitespace());
        let mut program = Program::start(path.to_str().unwrap(), &arguments);
        let line = program.stdout.next_line();
        let address = line
            .strip_prefix("lossy on ")
            .and_then(|rest| rest.strip_suffix(&format!(", to {server}")))
            .unwrap_or_else(|| panic!("expected the addresses, not {line:?}"));
        Some(Lossy { address: address.parse().unwrap(), program })
    }

    /// Checks the next line, and returns its fate.
    #[track_caller]
    fn fate(&mut self, path: &str, number: usize, text: &str) -> String {
        let line = self.program.stdout.next_line();
        let fate = line
            .strip_prefix(&format!("{path}, {number}, "))
            .and_then(|rest| rest.strip_suffix(&format!(": {text}")));
        match fate {
            Some(fate) => fate.to_owned(),
            None => panic!("expected datagram {number} of {path}, not {line}"),
        }
    }

    /// Sends `count` datagrams along `path` and checks what arrives. Returns
    /// their fates.
    #[track_caller]
    fn carries(&mut self, path: &str, from: &Peer, to: &Peer) -> Vec<String> {
        let mut fates = Vec::new();
        let mut expected = Vec::new();
        let mut held_back = None;
        for number in 1..=COUNT {
            let text = format!("{path} {number}");
            from.sends(&text);
            let fate = self.fate(path, number, &text);
            let earlier = held_back.take();
            match fate.as_str() {
                "passed" => expected.push(text),
                "twice" => expected.extend([text.clone(), text]),
                "late" => held_back = Some(text),
                "lost" => {}
                other => panic!("{text}: expected a fate, not {other:?}"),
            }
            expected.extend(earlier);
            fates.push(fate);
        }
        for text in expected {
            to.expect(&text);
        }
        to.expect_empty_queue();
        fates
    }
}

/// How many datagrams go along each path of a session.
const COUNT: usize = 40;

/// The fates of the datagrams of two clients, to the server and back.
fn session(options: &str) -> Option<[Vec<String>; 4]> {
    let server = Peer::as_server();
    let mut lossy = Lossy::start(server.address(), options)?;
    let clients =
        [Peer::stranger_to(lossy.address), Peer::stranger_to(lossy.address)];
    let mut addresses = Vec::new();
    let mut fates = Vec::new();
    for (client, number) in clients.iter().zip(1..) {
        let path = format!("client {number} to server");
        fates.push(lossy.carries(&path, client, &server));
        addresses.push(server.partner());
        let path = format!("server to client {number}");
        fates.push(lossy.carries(&path, &server, client));
        assert_eq!(client.partner(), lossy.address);
    }
    assert_ne!(addresses[0], addresses[1], "one address for two clients");
    fates.try_into().ok()
}

#[test]
fn each_datagram_has_the_fate_that_is_printed() {
    let options = "--lose 30 --double 20 --late 20 --seed 7";
    let Some(seven) = session(options) else { return };
    for path in &seven {
        for fate in ["passed", "lost", "twice", "late"] {
            assert!(path.iter().any(|it| it == fate), "no {fate} in {path:?}");
        }
    }
    let lost = seven.iter().flatten().filter(|fate| *fate == "lost").count();
    let share = lost * 100 / (4 * COUNT);
    assert!((15..=45).contains(&share), "expected 30 % lost, not {share}");

    assert_eq!(session(options).as_ref(), Some(&seven), "seed 7 once more");
    let eight = session(&options.replace('7', "8")).unwrap();
    for shift in 0..8 {
        for (seven, eight) in seven.iter().zip(&eight) {
            let same = seven[shift..] == eight[..COUNT - shift]
                || eight[shift..] == seven[..COUNT - shift];
            assert!(!same, "seed 8 is seed 7, shifted by {shift}");
        }
    }
    for (first, second) in [(0, 1), (0, 2), (1, 3), (2, 3)] {
        assert_ne!(seven[first], seven[second], "two paths have equal fates");
    }
}

#[test]
fn without_options_every_datagram_passes() {
    let Some(paths) = session("") else { return };
    assert!(paths.iter().flatten().all(|fate| fate == "passed"), "{paths:?}");
}

#[test]
fn a_datagram_that_cannot_be_sent_is_lost() {
    // The system allows broadcasts only to sockets that have asked for them.
    let broadcast = "255.255.255.255:9".parse().unwrap();
    let Some(mut lossy) = Lossy::start(broadcast, "") else { return };
    Peer::stranger_to(lossy.address).sends("hello");
    let fate = lossy.fate("client 1 to server", 1, "hello");
    assert!(fate.starts_with("lost ("), "expected a loss, not {fate}");
}

#[test]
fn wrong_arguments_are_exit_status_2_with_a_reason_and_the_usage() {
    let Some(path) = examples::build("lossy") else { return };
    let two = "127.0.0.1:0 127.0.0.1:9";
    for (arguments, reason) in [
        ("", "two different addresses are needed"),
        ("127.0.0.1:0", "two different addresses are needed"),
        (&format!("{two} {two}"), "two different addresses are needed"),
        ("127.0.0.1:9 127.0.0.1:9", "two different addresses are needed"),
        ("127.0.0.1 127.0.0.1:9", "`127.0.0.1` isn't an option or address: "),
        (&format!("{two} --loose 9"), "`--loose` isn't an option or address: "),
        (&format!("{two} --lose"), "`--lose `: "),
        (&format!("{two} --late -1"), "`--late -1`: "),
        (&format!("{two} --seed x"), "`--seed x`: "),
        (&format!("{two} --double 101"), "--lose, --double and --late add up"),
        (&format!("{two} --lose 60 --late 41"), "--lose, --double and --late"),
    ] {
        let words: Vec<_> = arguments.split_whitespace().collect();
        let mut lossy = Program::start(path.to_str().unwrap(), &words);
        lossy.expect_status(2);
        let line = lossy.stderr.next_line();
        let expected = format!("lossy: {reason}");
        assert!(line.starts_with(&expected), "lossy {arguments}: {line}");
        lossy.stderr.expect_line("usage: lossy ADDRESS SERVER [OPTIONS]");
        let printed = lossy.stdout.read_to_end();
        common::expect_equal("standard output", printed, "");
    }
}

#[test]
fn the_session_in_the_guide_is_what_happens() {
    let page = include_str!("../src/guide/lab.md");
    let (_, options) = page.split_once(":9998 127.0.0.1:9999 ").unwrap();
    let (options, _) = options.split_once('`').unwrap();
    let (_, session) = page.split_once("<!-- session: lossy -->").unwrap();
    let mut session: Vec<_> =
        session.lines().skip(2).take_while(|line| *line != "```").collect();

    let server = Server::start();
    let Some(mut lossy) = Lossy::start(server.address, options) else { return };
    let mut printed = Vec::new();
    // Waits until lossy has printed what becomes of a client's datagram.
    let mut until = |end: &str| {
        while !printed.iter().any(|line: &String| line.ends_with(end)) {
            printed.push(lossy.program.stdout.next_line());
        }
    };
    let mut clients = ["ming", "hong"].map(|name| {
        let client = Program::client(lossy.address, name);
        until(&format!(": {name}"));
        client
    });
    for (client, line, datagram) in [
        (1, "hi", ": hong : hi"),
        (0, "one", ": ming : one"),
        (0, "two", ": ming : two"),
        (1, "bye", ": hong : bye"),
        (1, "EXIT", session.last().unwrap()),
    ] {
        clients[client].types(line);
        until(datagram);
    }
    while printed.len() < session.len() {
        printed.push(lossy.program.stdout.next_line());
    }

    // The lines of different paths may come in any order.
    session.sort();
    printed.sort();
    assert_eq!(printed, session);
}

/// A room with a watcher in it, and a client that says one line and leaves
/// over a bad network. Checks the fates of its join, its line and its leave.
fn chat(options: &str, fates: [&str; 3]) -> Option<(Server, Peer, Lossy)> {
    let mut server = Server::start();
    let watcher = Peer::joined(&mut server, "watcher");
    let mut lossy = Lossy::start(server.address, options)?;
    let mut ming = Program::client(lossy.address, "小明");
    ming.types("在吗?");
    ming.types("exit");
    ming.expect_status(0);
    common::expect_equal("standard error", ming.stderr.read_to_end(), "");
    let texts = ["小明", "小明 : 在吗?", "小明 : exit"];
    for (number, (text, fate)) in texts.iter().zip(fates).enumerate() {
        let path = "client 1 to server";
        let line = format!("{path}, {}, {fate}: {text}", number + 1);
        lossy.program.stdout.read_until(&line);
    }
    Some((server, watcher, lossy))
}

#[test]
fn after_a_lost_join_the_next_line_joins_and_after_a_lost_leave_the_name_stays()
{
    let fates = ["lost", "passed", "lost"];
    let Some((mut server, watcher, mut lossy)) =
        chat("--lose 50 --seed 13", fates)
    else {
        return;
    };
    watcher.expect(&joined_notice("小明"));
    watcher.expect("小明 : 在吗?");
    watcher.expect_nothing_more(&mut server);
    watcher.sends("watcher : 在");
    let line = lossy.program.stdout.read_until("server to client 1, ");
    assert!(line.ends_with(": watcher : 在"), "{line}");
}

#[test]
fn a_line_may_be_said_twice() {
    let fates = ["passed", "twice", "passed"];
    let Some((mut server, watcher, _)) = chat("--double 50 --seed 26", fates)
    else {
        return;
    };
    watcher.expect(&joined_notice("小明"));
    watcher.expect("小明 : 在吗?");
    watcher.expect("小明 : 在吗?");
    watcher.expect(&left_notice("小明"));
    watcher.expect_nothing_more(&mut server);
}

#[test]
fn a_line_that_is_overtaken_by_exit_lets_its_sender_join_again() {
    let fates = ["passed", "late", "passed"];
    let Some((mut server, watcher, _)) = chat("--late 50 --seed 26", fates)
    else {
        return;
    };
    watcher.expect(&joined_notice("小明"));
    watcher.expect(&left_notice("小明"));
    watcher.expect(&joined_notice("小明"));
    watcher.expect("小明 : 在吗?");
    watcher.expect_nothing_more(&mut server);
}

/// `lossy` receives on the client's behalf, so no port refuses anything.
#[test]
fn a_client_never_reports_that_it_cannot_reach_a_missing_server() {
    let unused = common::ports::unused_address();
    let Some(mut lossy) = Lossy::start(unused, "") else { return };
    let mut ming = Program::client(lossy.address, "小明");
    for (number, line) in (2..).zip(["在吗?", "喂?", "exit"]) {
        ming.types(line);
        let text =
            format!("client 1 to server, {number}, passed: 小明 : {line}");
        lossy.program.stdout.read_until(&text);
    }
    ming.expect_status(0);
    common::expect_equal("standard error", ming.stderr.read_to_end(), "");
}
