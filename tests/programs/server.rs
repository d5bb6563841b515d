//! The server's rules through the real program, with the numbers that they have
//! in `src/guide/protocol.md`. `tests/message.rs` tests what a datagram means.

use crate::common::*;
use std::{net::UdpSocket, time::Duration};

/// A server with 小明 and 小红 in the room, who have read their notices.
fn two_in_a_room() -> (Server, [Peer; 2]) {
    let mut server = Server::start();
    let members = server.join(["小明", "小红"]);
    (server, members)
}

#[test]
fn rule_1_an_invalid_datagram_gets_a_hint_and_a_warning() {
    let (mut server, [ming, hong]) = two_in_a_room();
    for size in [1025, 2048, LONGEST_PAYLOAD] {
        ming.sends("x".repeat(size));
        ming.expect(HINT);
        server.expect_drop(&ming, &format!(": {size} bytes, over 1024"));
    }
    ming.sends(b"\xff\xfe");
    ming.expect(HINT);
    server.expect_drop(&ming, ": not UTF-8");
    server.expect_nothing_more(&[&ming, &hong]);
    let longest = format!("小明 : {}", "x".repeat(1024 - "小明 : ".len()));
    server.expect_relayed([&ming, &hong], &longest, &longest);
}

#[test]
fn a_stranger_is_never_answered() {
    let (mut server, [ming, _hong]) = two_in_a_room();
    let stranger = Peer::stranger_to(server.address);
    stranger.sends_each("| : |exit|小明 : exit|小刚 : EXIT");
    for (payload, reason) in cases! {
        &[b'x'; 129][..] => "a name has at most 128 bytes",
        &[b'x'; LONGEST_PAYLOAD] => "bytes, over 1024", b"\xff" => "not UTF-8",
        b"a :" => "a name cannot contain", b" : hi" => "a name cannot be blank",
        b"EXIT : hi" => "a name cannot be `exit`",
    } {
        stranger.sends(payload);
        server.expect_drop(&stranger, reason);
    }
    server.expect_nothing_more(&[&stranger, &ming]);
}

#[test]
fn rule_2_a_payload_is_sanitized() {
    let (mut server, [ming, hong]) = two_in_a_room();
    for (sent, relayed) in cases! {
        "小明 : \u{1b}[2Jcleared\n" => "小明 : ?[2Jcleared",
        "小明 :\t欠\t\t我 : 钱" => "小明 : 欠  我 : 钱",
        "two\nlines" => "小明 : two?lines",
    } {
        server.expect_relayed([&ming, &hong], sent, relayed);
    }
}

#[test]
fn rule_3_a_leave_is_announced_once() {
    let mut server = Server::start();
    let watcher = Peer::joined(&mut server, "watcher");
    for leave in ["小明 : exit", "EXIT\n", "somebody else : eXiT"] {
        let ming = Peer::joined(&mut server, "小明");
        watcher.expect(&joined_notice("小明"));
        ming.sends_each(&[leave, leave].join("|"));
        watcher.expect(&left_notice("小明"));
        server.expect_log_line(&format!("小明 left from {}", ming.address()));
        server.expect_nothing_more(&[&watcher, &ming]);
    }
}

#[test]
fn rules_4_and_6_blank_lines_and_duplicate_joins_are_ignored() {
    let (mut server, [ming, hong]) = two_in_a_room();
    ming.sends_each("|小明 :   |小红 : |小明| 小明\n");
    server.expect_nothing_more(&[&ming, &hong]);
}

#[test]
fn rule_5_a_strangers_chat_line_joins_and_is_relayed() {
    let (mut server, [ming, hong]) = two_in_a_room();
    let gang = Peer::stranger_to(server.address);
    gang.sends(" 小刚 : 我 : 回来了");
    ming.expect_each("小刚 进入聊天室...|小刚 : 我 : 回来了");
    hong.expect_each("小刚 进入聊天室...|小刚 : 我 : 回来了");
    server.expect_log_line(&format!("小刚 joined from {}", gang.address()));
    server.expect_chat_line("小刚 : 我 : 回来了", &gang);
    server.expect_relayed([&ming, &gang], "小明 : 好", "小明 : 好");
    server.expect_nothing_more(&[&gang]);
}

/// The limit counts members, not names, so all of them have the same name.
#[test]
fn rule_5_a_full_room_rejects_newcomers_and_keeps_its_members() {
    let mut server = Server::start();
    let members = server.join(["m"; 3]);
    for _ in 3..1000 {
        // Dropped at once: some systems let a process open 256 files only.
        Peer::disposable(server.address).sends("m");
        // Read at once, because a socket can't buffer so many notices.
        members.iter().for_each(|member| member.expect("m 进入聊天室..."));
    }
    let late = Peer::stranger_to(server.address);
    for payload in ["m", "late", "late : hello"] {
        late.sends(payload);
        server.expect_drop(&late, ": the room is full");
    }
    server.expect_nothing_more(&[&late]);

    // One member leaves, so another can join.
    let [first, second, third] = &members;
    third.sends("m : still here");
    first.expect("m : still here");
    second.expect("m : still here");
    first.sends("exit");
    second.expect("m 离开了聊天室...");
    late.sends("late : hello");
    second.expect_each("late 进入聊天室...|late : hello");
    first.expect_nothing_more(&mut server);
}

#[test]
fn rule_6_a_members_text_is_relayed_under_their_name() {
    let (mut server, [ming, hong]) = two_in_a_room();
    for (sent, relayed) in cases! {
        "小明 : where is the exit?" => "小明 : where is the exit?",
        "netcat\n" => "小明 : netcat", "  小明\t : hi" => "小明 : hi",
        "小红 : I owe you" => "小明 : 小红 : I owe you",
    } {
        server.expect_relayed([&ming, &hong], sent, relayed);
    }
    ming.sends("x".repeat(1024));
    ming.expect(HINT);
    server.expect_drop(&ming, ": over 1024 bytes with the name");
    server.expect_nothing_more(&[&ming, &hong]);
}

#[test]
fn rule_6_names_are_compared_exactly() {
    let mut server = Server::start();
    let [watcher, bob] = server.join(["watcher", "bob"]);
    bob.sends_each("Bob : hi|Bob|bob|bob : hi");
    watcher.expect_each("bob : Bob : hi|bob : Bob|bob : hi");
}

#[test]
fn closed_stdout_and_stderr_do_not_stop_the_server() {
    let (mut server, [ming, hong]) = two_in_a_room();
    server.program.stdout.close();
    // The pipe is closed some time after the first line.
    let warning = (0..400).find_map(|_| {
        ming.sends("小明 : 一");
        hong.expect("小明 : 一");
        server.program.stderr.next_line_within(Duration::from_millis(50))
    });
    let start = "warning: cannot write to standard output: ";
    expect_error(&warning.unwrap_or_default(), start, "");
    server.program.stderr.close();
    for line in ["小明 : 1", "小明 : 2", "小明 : 3"] {
        ming.sends(b"\xff");
        ming.expect(HINT);
        ming.sends(line);
        hong.expect(line);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_and_the_chat_continues() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = command(SERVER, &["127.0.0.1:0"]);
    let mut server = Server::from_program(Program::spawn(command.stdout(full)));
    let [ming, hong] = server.join(["小明", "小红"]);
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
    let Some(mut server) = failing_server(SERVER, failing) else { return };
    let ming = Peer::joined(&mut server, "小明");
    server.program.stderr.expect_error("warning: cannot receive: ", "reset");
    let hong = Peer::joined(&mut server, "小红");
    hong.sends("小红 : 还在吗");
    ming.expect_each("小红 进入聊天室...|小红 : 还在吗");
}

#[test]
fn a_failed_send_is_logged_and_the_others_get_their_copies() {
    // The first three calls send notices, the fourth a copy of the first line.
    let failing = ["sendto", "ENETUNREACH", "4"];
    let Some(mut server) = failing_server(SERVER, failing) else { return };
    let [ming, hong, gang] = server.join(["小明", "小红", "小刚"]);
    gang.sends_each("小刚 : 1|小刚 : 2");
    let logged = server.program.stderr.read_until("warning: cannot send to ");
    let to_ming = logged.contains(&ming.address().to_string());
    let [lost, got] = if to_ming { [&ming, &hong] } else { [&hong, &ming] };
    let address = format!(" {}: ", lost.address());
    expect_error(&logged, "warning: cannot send to ", &address);
    got.expect_each("小刚 : 1|小刚 : 2");
    lost.expect("小刚 : 2");
}

#[test]
fn the_chat_works_over_ipv6() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return println!("skipped: this machine has no IPv6");
    }
    let mut server = Server::start_at("[::1]:0");
    let ming = Peer::joined(&mut server, "小明");
    let mut hong = Program::client(server.address, "小红");
    ming.expect(&joined_notice("小红"));
    ming.sends("小明 : 你好");
    hong.stdout.read_until("小明 : 你好");
    server.expect_chat_line("小明 : 你好", &ming);
}

/// So the lines of two programs in one terminal don't mix. Each write to such a
/// socket is a datagram of its own.
#[cfg(unix)]
#[test]
fn each_line_is_one_write() {
    use std::os::{fd::OwnedFd, unix::net::UnixDatagram};

    let [(out, stdout), (err, stderr)] =
        [(); 2].map(|()| UnixDatagram::pair().unwrap());
    let mut command = command(SERVER, &["127.0.0.1:0"]);
    command.stdout(OwnedFd::from(stdout)).stderr(OwnedFd::from(stderr));
    let _server = Program::spawn(&mut command);
    let write = |socket: &UnixDatagram| {
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        let mut buffer = [0; 200];
        let size = socket.recv(&mut buffer).expect("a write");
        String::from_utf8_lossy(&buffer[..size]).into_owned()
    };
    let first = write(&err);
    let address = first.strip_prefix("UDP Server on ").unwrap();
    let address = address.strip_suffix("...\n").expect("one write");
    let ming = Peer::stranger_to(address.parse().unwrap());
    ming.sends("小明 : 你好");
    let at = ming.address();
    expect_equal("log", write(&err), format!("小明 joined from {at}\n"));
    let line = format!("\"小明 : 你好\" from {at}\n");
    expect_equal("standard output", write(&out), line);
}
