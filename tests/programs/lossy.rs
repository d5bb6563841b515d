//! `lossy` (`src/examples/lossy.rs`), and the chat through a network like that.

use std::net::SocketAddr;

use crate::common::{Peer, Program, Server, examples, expect_equal};

/// Starts `lossy`. Returns `None` if it can't be built here.
fn run(arguments: &str) -> Option<Program> {
    let path = examples::build("lossy")?;
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    Some(Program::start(path.to_str()?, &arguments))
}

fn start(server: SocketAddr, options: &str) -> Option<(Program, SocketAddr)> {
    let mut lossy = run(&format!("127.0.0.1:0 {server} {options}"))?;
    let line = lossy.stdout.next_line();
    let address = between("lossy on ", &line, &format!(", to {server}"));
    Some((lossy, address.parse().unwrap()))
}

#[track_caller]
fn between<'a>(start: &str, line: &'a str, end: &str) -> &'a str {
    let rest = line.strip_prefix(start).and_then(|it| it.strip_suffix(end));
    rest.unwrap_or_else(|| panic!("expected: {start}…{end}\nreceived: {line}"))
}

/// Sends 40 datagrams along `path` and checks what arrives. Returns their fates
/// as digits: 0 is passed, 1 lost, 2 twice and 3 late.
fn carry(p: &mut Program, path: &str, from: &Peer, to: &Peer) -> String {
    let (mut fates, mut held_back) = (String::new(), None);
    for number in 1..=40 {
        let text = format!("{path} {number}");
        from.sends(&text);
        let line = p.stdout.next_line();
        let start = format!("{path}, {number}, ");
        let fate = between(&start, &line, &format!(": {text}"));
        let known = ["passed", "lost", "twice", "late"];
        let place = known.iter().position(|it| *it == fate).expect(&line);
        (0..[1, 0, 2, 0][place]).for_each(|_| to.expect(&text));
        held_back.iter().for_each(|earlier: &String| to.expect(earlier));
        held_back = (fate == "late").then_some(text);
        fates += &place.to_string();
    }
    to.expect_empty_queue();
    fates
}

/// The fates of the datagrams of two clients, to the server and back.
fn session(options: &str) -> Option<Vec<String>> {
    let server = Peer::as_server();
    let (mut lossy, address) = start(server.address(), options)?;
    let clients = [(); 2].map(|()| Peer::stranger_to(address));
    let (mut fates, mut addresses) = (Vec::new(), Vec::new());
    for (client, number) in clients.iter().zip(1..) {
        let path = format!("client {number} to server");
        fates.push(carry(&mut lossy, &path, client, &server));
        addresses.push(server.partner());
        let path = format!("server to client {number}");
        fates.push(carry(&mut lossy, &path, &server, client));
        assert_eq!(client.partner(), address);
    }
    assert_ne!(addresses[0], addresses[1], "one address for two clients");
    Some(fates)
}

#[test]
fn each_datagram_has_the_fate_that_is_printed() {
    let options = "--lose 30 --double 20 --late 20 --seed 7";
    let Some(seven) = session(options) else { return };
    let has_all = |path: &String| "0123".chars().all(|it| path.contains(it));
    assert!(seven.iter().all(has_all), "a fate is missing: {seven:?}");
    let lost = seven.concat().matches('1').count() * 100 / 160;
    assert!((15..=45).contains(&lost), "expected 30 % lost, not {lost}");
    expect_equal("seed 7 once more", session(options).as_ref(), Some(&seven));
    let eight = session(&options.replace('7', "8")).unwrap();
    let is_shifted = |n: usize| seven[n].contains(&eight[n][8..32]);
    assert!(!(0..4).any(is_shifted), "8 is a shifted 7: {eight:?}, {seven:?}");
    let is_old = |n: usize| seven[..n].contains(&seven[n]);
    assert!(!(0..4).any(is_old), "two paths have equal fates: {seven:?}");
    expect_equal("no options", session("").unwrap().concat(), "0".repeat(160));
}

#[test]
fn a_datagram_that_cannot_be_sent_is_lost() {
    // The system allows broadcasts only to sockets that have asked for them.
    let broadcast = "255.255.255.255:9".parse().unwrap();
    let Some((mut lossy, address)) = start(broadcast, "") else { return };
    Peer::stranger_to(address).sends("hello");
    lossy.stdout.expect_error("client 1 to server, 1, lost (", "): hello");
}

#[test]
fn wrong_arguments_are_exit_status_2_with_a_reason_and_the_usage() {
    let cases = "= #|127.0.0.1:0 = #|@ @ = #|127.0.0.1:9 127.0.0.1:9 = #|\
        127.0.0.1 127.0.0.1:9 = `127.0.0.1` isn't an option or address: |\
        @ --loose 9 = `--loose` isn't an option or address: |\
        @ --lose = `--lose `: |@ --late -1 = `--late -1`: |\
        @ --seed x = `--seed x`: |\
        @ --double 101 = --lose, --double and --late add up|\
        @ --lose 60 --late 41 = --lose, --double and --late add up";
    let cases = cases.replace('@', "127.0.0.1:0 127.0.0.1:9");
    let cases = cases.replace('#', "two different addresses are needed");
    for case in cases.split('|') {
        println!("lossy {case}");
        let (arguments, reason) = case.split_once("= ").unwrap();
        let Some(mut lossy) = run(arguments) else { return };
        lossy.expect_status(2);
        lossy.stderr.expect_error(&format!("lossy: {reason}"), "");
        lossy.stderr.expect_line("usage: lossy ADDRESS SERVER [OPTIONS]");
        expect_equal("standard output", lossy.stdout.read_to_end(), "");
    }
}

/// A client says one line and leaves. Checks the fates of its datagrams.
fn chat(server: SocketAddr, options: &str, fates: &str) -> Option<Program> {
    let (mut lossy, at) = start(server, options)?;
    let mut ming = Program::client(at, "小明");
    let texts = ["小明", "小明 : 在吗?", "小明 : exit"];
    for (n, (text, fate)) in (1..).zip(texts.iter().zip(fates.split('|'))) {
        text.split_once(" : ").iter().for_each(|(_, line)| ming.types(line));
        let line = format!("client 1 to server, {n}, {fate}: {text}");
        lossy.stdout.read_until(&line);
    }
    ming.expect_status(0);
    expect_equal("standard error", ming.stderr.read_to_end(), "");
    Some(lossy)
}

#[test]
fn lost_duplicate_and_late_datagrams_change_the_chat() {
    let all = ["小明 进入聊天室...", "小明 : 在吗?", "小明 离开了聊天室..."];
    for (options, fates, received) in [
        // The line (@) is a join (+), too, and the name stays.
        ("--lose 50 --seed 13", "lost|passed|lost", "+@"),
        ("--double 50 --seed 26", "passed|twice|passed", "+@@-"),
        // The leave (-) overtakes the line, which lets its sender join again.
        ("--late 50 --seed 26", "passed|late|passed", "+-+@"),
    ] {
        let mut server = Server::start();
        let watcher = Peer::joined(&mut server, "watcher");
        let lossy = chat(server.address, options, fates);
        let Some(mut lossy) = lossy else { return };
        for mark in received.chars() {
            let text = all["+@-".find(mark).unwrap()];
            expect_equal(options, &*watcher.next_text_at(options, text), text);
        }
        watcher.expect_nothing_more(&mut server);
        watcher.sends("watcher : 在");
        if !received.ends_with('-') {
            lossy.stdout.read_until(": watcher : 在"); // 小明's copy
        }
    }
    // Without a server. But lossy receives, so no port refuses anything.
    chat(crate::common::ports::unused_address(), "", "passed|passed|passed");
}
