//! The server's rules through the real program over real sockets. The numbers
//! are those of the server's rules in `src/guide/protocol.md`; what a datagram
//! means is tested in `tests/message.rs`, case by case.

mod common;

use std::net::UdpSocket;
use std::time::Instant;

use common::{HINT, LONGEST_PAYLOAD, Peer, Program, SERVER, Server, TIMEOUT};
use common::{command, expect_error, joined_notice, left_notice, ports};

/// A server with 小明 and 小红 in the room, who have read their notices.
fn two_in_a_room() -> (Server, Peer, Peer) {
    let mut server = Server::start();
    let ming = Peer::joined(&mut server, "小明");
    let hong = Peer::joined(&mut server, "小红");
    ming.expect(&joined_notice("小红"));
    (server, ming, hong)
}

/// A chat line of 小明's that has 1024 bytes.
fn longest_line() -> String {
    format!("小明 : {}", "x".repeat(1024 - "小明 : ".len()))
}

#[test]
fn rule_1_an_invalid_datagram_gets_a_hint_and_a_warning() {
    let (mut server, ming, hong) = two_in_a_room();
    for size in [1025, 2048, LONGEST_PAYLOAD] {
        ming.sends("x".repeat(size));
        ming.expect(HINT);
        let warning = server.read_warning_about(&ming);
        let start =
            format!("warning: dropped a datagram from {}: ", ming.address());
        expect_error(&warning, &start, &format!("{size} bytes, over 1024"));
    }
    ming.sends(b"\xff\xfe");
    ming.expect(HINT);
    let warning = server.read_warning_about(&ming);
    expect_error(&warning, "warning: ", ": not UTF-8");
    ming.expect_nothing_more(&mut server);
    hong.expect_nothing_more(&mut server);

    ming.sends(longest_line());
    hong.expect(&longest_line());
    server.expect_chat_line(&longest_line(), &ming);
}

#[test]
fn a_stranger_is_never_answered() {
    let (mut server, ming, _hong) = two_in_a_room();
    let stranger = Peer::stranger_to(server.address);
    for payload in ["", " : ", "exit", "小明 : exit", "小刚 : EXIT"] {
        stranger.sends(payload);
    }
    for (payload, reason) in [
        (vec![b'x'; 129], "a name has at most 128 bytes"),
        (vec![b'x'; LONGEST_PAYLOAD], "bytes, over 1024"),
        (vec![0xff], "not UTF-8"),
        (b"a :".to_vec(), "a name cannot contain"),
        (b" : hi".to_vec(), "a name cannot be blank"),
        (b"EXIT : hi".to_vec(), "a name cannot be `exit`"),
    ] {
        stranger.sends(payload);
        let warning = server.read_warning_about(&stranger);
        expect_error(&warning, "warning: ", reason);
    }
    stranger.expect_nothing_more(&mut server);
    ming.expect_nothing_more(&mut server);
    server.expect_nothing_printed();
}

#[test]
fn rule_2_a_payload_is_sanitized() {
    let (mut server, ming, hong) = two_in_a_room();
    for (sent, relayed) in [
        ("小明 : \u{1b}[2Jcleared\n", "小明 : ?[2Jcleared"),
        ("小明 :\t欠\t\t我 : 钱", "小明 : 欠  我 : 钱"),
        ("two\nlines", "小明 : two?lines"),
    ] {
        ming.sends(sent);
        hong.expect(relayed);
        server.expect_chat_line(relayed, &ming);
    }
}

#[test]
fn rule_3_a_leave_is_announced_once() {
    let mut server = Server::start();
    let watcher = Peer::joined(&mut server, "watcher");
    for leave in ["小明 : exit", "EXIT\n", "somebody else : eXiT"] {
        let ming = Peer::joined(&mut server, "小明");
        watcher.expect(&joined_notice("小明"));
        ming.sends(leave);
        ming.sends(leave);
        watcher.expect(&left_notice("小明"));
        server.expect_log_line(&format!("小明 left from {}", ming.address()));
        watcher.expect_nothing_more(&mut server);
        ming.expect_nothing_more(&mut server);
    }
    server.expect_nothing_printed();
}

#[test]
fn rules_4_and_6_blank_lines_and_duplicate_joins_are_ignored() {
    let (mut server, ming, hong) = two_in_a_room();
    for ignored in ["", "小明 :   ", "小红 : ", "小明", " 小明\n"] {
        ming.sends(ignored);
    }
    hong.expect_nothing_more(&mut server);
    ming.expect_nothing_more(&mut server);
    server.expect_nothing_printed();
}

#[test]
fn rule_5_a_strangers_chat_line_joins_and_is_relayed() {
    let (mut server, ming, hong) = two_in_a_room();
    let gang = Peer::stranger_to(server.address);
    gang.sends(" 小刚 : 我 : 回来了");
    for peer in [&ming, &hong] {
        peer.expect(&joined_notice("小刚"));
        peer.expect("小刚 : 我 : 回来了");
    }
    server.expect_log_line(&format!("小刚 joined from {}", gang.address()));
    server.expect_chat_line("小刚 : 我 : 回来了", &gang);
    ming.sends("小明 : 好");
    gang.expect("小明 : 好");
    gang.expect_nothing_more(&mut server);
}

/// The limit counts members, not names, so all of them have the same name.
#[test]
fn rule_5_a_full_room_rejects_newcomers_and_keeps_its_members() {
    let address = ports::unused_address().to_string();
    let mut server = Server::start_at(&address);
    let members = [(); 3].map(|()| Peer::joined(&mut server, "m"));
    let [first, second, third] = &members;
    for member in [first, first, second] {
        member.expect(&joined_notice("m"));
    }
    for _ in 3..1000 {
        // Dropped at once: some systems let a process open 256 files only.
        Peer::disposable(server.address).sends("m");
        // Read at once, because a socket can't buffer so many notices.
        members.iter().for_each(|member| member.expect(&joined_notice("m")));
    }
    let late = Peer::stranger_to(server.address);
    for payload in ["m", "late", "late : hello"] {
        late.sends(payload);
        let warning = server.read_warning_about(&late);
        expect_error(&warning, "warning: ", ": the room is full");
    }
    late.expect_nothing_more(&mut server);

    // One member leaves, so another can join.
    third.sends("m : still here");
    first.expect("m : still here");
    second.expect("m : still here");
    first.sends("exit");
    second.expect(&left_notice("m"));
    late.sends("late : hello");
    second.expect(&joined_notice("late"));
    second.expect("late : hello");
    first.expect_nothing_more(&mut server);

    // A restart empties the room, and each member joins with its next line.
    server.program.kill();
    let mut server = Server::start_at(&address);
    second.sends("m : back");
    server.expect_log_line(&format!("m joined from {}", second.address()));
    third.sends("m : me too");
    second.expect(&joined_notice("m"));
    second.expect("m : me too");
}

#[test]
fn rule_6_a_members_text_is_relayed_under_their_name() {
    let (mut server, ming, hong) = two_in_a_room();
    for (sent, relayed) in [
        ("小明 : where is the exit?", "小明 : where is the exit?"),
        ("netcat\n", "小明 : netcat"),
        ("小红 : I owe you", "小明 : 小红 : I owe you"),
        ("  小明\t : hi", "小明 : hi"),
    ] {
        ming.sends(sent);
        hong.expect(relayed);
        server.expect_chat_line(relayed, &ming);
    }
    ming.sends("x".repeat(1024));
    ming.expect(HINT);
    let warning = server.read_warning_about(&ming);
    expect_error(&warning, "warning: ", ": over 1024 bytes with the name");
    hong.expect_nothing_more(&mut server);
    ming.expect_nothing_more(&mut server);
}

/// Upper and lower case are different in a name.
#[test]
fn rule_6_names_are_compared_exactly() {
    let mut server = Server::start();
    let watcher = Peer::joined(&mut server, "watcher");
    let bob = Peer::joined(&mut server, "bob");
    watcher.expect(&joined_notice("bob"));
    for (sent, relayed) in
        [("Bob : hi", "bob : Bob : hi"), ("Bob", "bob : Bob")]
    {
        bob.sends(sent);
        watcher.expect(relayed);
    }
    bob.sends("bob");
    bob.sends("bob : hi");
    watcher.expect("bob : hi");
}

#[test]
fn closed_stdout_and_stderr_do_not_stop_the_server() {
    let (mut server, ming, hong) = two_in_a_room();
    server.program.stdout.close();
    let mut log = String::new();
    let started = Instant::now();
    // The pipe is closed some time after the first line.
    while !log.contains("warning: cannot write to standard output: ") {
        assert!(started.elapsed() < TIMEOUT, "no warning: {log:?}");
        ming.sends("小明 : 一");
        hong.expect("小明 : 一");
        log += &server.program.stderr.drain();
    }
    server.program.stderr.close();
    for number in 1..4 {
        ming.sends(b"\xff");
        ming.expect(HINT);
        ming.sends(format!("小明 : {number}"));
        hong.expect(&format!("小明 : {number}"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_and_the_chat_continues() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = command(SERVER, &["127.0.0.1:0"]);
    let program = Program::spawn(command.stdout(full));
    let mut server = Server::from_program(program);
    let ming = Peer::joined(&mut server, "小明");
    let hong = Peer::joined(&mut server, "小红");
    for line in ["小明 : 1", "小明 : 2"] {
        ming.sends(line);
        hong.expect(line);
        let reason = "warning: cannot write to standard output: ";
        server.program.stderr.expect_error(reason, "No space left");
    }
}

#[test]
fn a_failed_receive_is_logged_and_the_chat_continues() {
    let failing = ["recvfrom", "ECONNRESET", "2"];
    let program =
        Program::start_with_failing_call(SERVER, &["127.0.0.1:0"], failing);
    let Some(program) = program else { return };
    let mut server = Server::from_program(program);
    let ming = Peer::joined(&mut server, "小明");
    server.program.stderr.expect_error("warning: cannot receive: ", "reset");
    let hong = Peer::joined(&mut server, "小红");
    hong.sends("小红 : 还在吗");
    ming.expect(&joined_notice("小红"));
    ming.expect("小红 : 还在吗");
}

#[test]
fn a_failed_send_is_logged_and_the_others_get_their_copies() {
    // The first three calls send notices, the fourth a copy of the first line.
    let failing = ["sendto", "ENETUNREACH", "4"];
    let program =
        Program::start_with_failing_call(SERVER, &["127.0.0.1:0"], failing);
    let Some(program) = program else { return };
    let mut server = Server::from_program(program);
    let [ming, hong, gang] =
        ["小明", "小红", "小刚"].map(|name| Peer::joined(&mut server, name));
    for line in ["小刚 : 1", "小刚 : 2"] {
        gang.sends(line);
    }
    let warning = "warning: cannot send to ";
    let logged = server.program.stderr.read_until(warning);
    let failed_for = |peer: &Peer| {
        logged.starts_with(&format!("{warning}{}: ", peer.address()))
    };
    let (without, with) =
        if failed_for(&ming) { (&ming, &hong) } else { (&hong, &ming) };
    assert!(failed_for(without), "expected: a member's address\n{logged}");
    ming.expect(&joined_notice("小红"));
    ming.expect(&joined_notice("小刚"));
    hong.expect(&joined_notice("小刚"));
    with.expect("小刚 : 1");
    with.expect("小刚 : 2");
    without.expect("小刚 : 2");
}

#[test]
fn the_chat_works_over_ipv6() {
    if UdpSocket::bind("[::1]:0").is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    let mut server = Server::start_at("[::1]:0");
    let ming = Peer::joined(&mut server, "小明");
    let mut hong = Program::client(server.address, "小红");
    ming.expect(&joined_notice("小红"));
    ming.sends("小明 : 你好");
    hong.stdout.read_until("小明 : 你好");
    server.expect_chat_line("小明 : 你好", &ming);
}
