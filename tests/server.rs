//! The server's rules through the real program over real sockets, one case a
//! rule: the many cases of what a datagram means are in `tests/message.rs`.
//! Numbers as in the guide's page about the protocol.

mod common;

use std::io::{BufRead, BufReader};

use common::{
    LONGEST_DATAGRAM, NOT_UTF8, Peer, Program, SERVER, Server, TOO_LONG,
    TOO_LONG_WITH_NAME, ports,
};

/// A server with 小明 and 小红 in the room, who have read all that they were
/// sent.
fn two_in_a_room() -> (Server, Peer, Peer) {
    let mut server = Server::start();
    let ming = Peer::joins(&mut server, "小明");
    let hong = Peer::joins(&mut server, "小红");
    ming.gets("小红 进入聊天室...");
    (server, ming, hong)
}

#[test]
fn rule_1_what_cannot_be_relayed_is_hinted_at_and_warned_of() {
    let (mut server, ming, hong) = two_in_a_room();
    for (size, hint) in
        [1025, 2048, LONGEST_DATAGRAM].map(|size| (size, TOO_LONG))
    {
        ming.sends("x".repeat(size));
        ming.gets(hint);
        let warning = server.warns_of(&ming);
        assert!(warning.contains(&format!("{size} bytes")), "{warning}");
    }
    ming.sends(b"\xff\xfe");
    ming.gets(NOT_UTF8);
    let warning = server.warns_of(&ming);
    assert!(warning.contains("not UTF-8"), "{warning}");
    ming.gets_nothing_more(&mut server);
    hong.gets_nothing_more(&mut server);

    let longest = format!("小明 : {}", "x".repeat(1024 - "小明 : ".len()));
    ming.sends(&longest);
    hong.gets(&longest);
    server.shows(&longest, &ming);
}

#[test]
fn a_stranger_is_never_answered() {
    let (mut server, ming, _hong) = two_in_a_room();
    let stranger = Peer::at(server.address);
    for datagram in ["", " : ", "exit", "小明 : exit", "小刚 : EXIT"] {
        stranger.sends(datagram);
    }
    for datagram in [
        vec![b'x'; 129],
        vec![b'x'; LONGEST_DATAGRAM],
        vec![0xff],
        b"a :".to_vec(),
    ] {
        stranger.sends(datagram);
        server.warns_of(&stranger);
    }
    stranger.gets_nothing_more(&mut server);
    ming.gets_nothing_more(&mut server);
    assert_eq!(server.program.stdout.so_far(), "");
}

#[test]
fn rule_3_a_leave_is_told_to_the_others_once() {
    let mut server = Server::start();
    let watcher = Peer::joins(&mut server, "watcher");
    for leave in ["小明 : exit", "EXIT\n", "somebody else : eXiT"] {
        let ming = Peer::joins(&mut server, "小明");
        watcher.gets("小明 进入聊天室...");
        ming.sends(leave);
        ming.sends(leave);
        watcher.gets("小明 离开了聊天室...");
        server.logs(&format!("小明 left from {}", ming.address()));
        watcher.gets_nothing_more(&mut server);
        ming.gets_nothing_more(&mut server);
    }
    assert_eq!(server.program.stdout.so_far(), "");
}

#[test]
fn rule_4_a_blank_line_and_rule_6_a_second_join_are_nothing() {
    let (mut server, ming, hong) = two_in_a_room();
    for nothing in ["", "小明 :   ", "小红 : ", "小明", " 小明\n"] {
        ming.sends(nothing);
    }
    hong.gets_nothing_more(&mut server);
    ming.gets_nothing_more(&mut server);
    assert_eq!(server.program.stdout.so_far(), "");
}

#[test]
fn rule_5_a_strangers_chat_line_brings_them_back() {
    let (mut server, ming, hong) = two_in_a_room();
    let gang = Peer::at(server.address);
    gang.sends(" 小刚 : 我 : 回来了");
    for peer in [&ming, &hong] {
        peer.gets("小刚 进入聊天室...");
        peer.gets("小刚 : 我 : 回来了");
    }
    server.shows("小刚 : 我 : 回来了", &gang);
    ming.sends("小明 : 好");
    gang.gets("小明 : 好");
    gang.gets_nothing_more(&mut server);
}

#[test]
fn rule_5_a_full_room_lets_nobody_in_and_keeps_who_is_there() {
    let address = ports::nobody().to_string();
    let mut server = Server::start_at(&address);
    let silent =
        ["小明", "小红", "小刚"].map(|name| Peer::joins(&mut server, name));
    for number in 0..1300 {
        // Gone at once: some systems let a process have 256 open files only.
        let joiner = Peer::who_may_go(server.address);
        joiner.sends(format!("m{number}"));
        // Read at once: a socket's buffer could not hold all these notices.
        if number < 997 {
            for peer in &silent {
                while peer.next() != format!("m{number} 进入聊天室...") {}
            }
        } else {
            server.program.stderr.until("warning: the room is full");
        }
    }
    silent[2].sends("小刚 : 还在");
    for peer in &silent[..2] {
        peer.gets("小刚 : 还在");
    }
    let late = Peer::at(server.address);
    late.sends("late : hello");
    let warning = server.program.stderr.until("warning: the room is full");
    assert!(warning.contains(&late.address().to_string()), "{warning}");
    late.gets_nothing_more(&mut server);

    // One member leaves, so another can enter.
    silent[0].sends("exit");
    silent[1].gets("小明 离开了聊天室...");
    late.sends("late : hello");
    silent[1].gets("late 进入聊天室...");
    silent[1].gets("late : hello");
    silent[0].gets_nothing_more(&mut server);

    server.program.kill();
    let mut server = Server::start_at(&address);
    silent[1].sends("小红 : 回来了");
    server.logs(&format!("小红 entered from {}", silent[1].address()));
    silent[2].sends("小刚 : 我也是");
    silent[1].gets("小刚 进入聊天室...");
    silent[1].gets("小刚 : 我也是");
}

#[test]
fn rule_6_what_a_member_says_is_relayed_under_their_name() {
    let (mut server, ming, hong) = two_in_a_room();
    for (sent, relayed) in [
        ("小明 : 大家好", "小明 : 大家好"),
        ("bare line\n", "小明 : bare line"),
        ("小红 : I owe you", "小明 : 小红 : I owe you"),
        ("  小明\t : hi", "小明 : hi"),
    ] {
        ming.sends(sent);
        hong.gets(relayed);
        server.shows(relayed, &ming);
    }
    ming.sends("x".repeat(1024));
    ming.gets(TOO_LONG_WITH_NAME);
    server.warns_of(&ming);
    hong.gets_nothing_more(&mut server);
    ming.gets_nothing_more(&mut server);
}

#[test]
fn outputs_that_nobody_reads_stop_nothing() {
    let mut child =
        common::spawn(&mut common::command(SERVER, &["127.0.0.1:0"]));
    drop(child.stdout.take());
    let mut first = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut first).unwrap();
    drop(stderr);
    let address = first.trim_end_matches("...\n").rsplit(' ').next().unwrap();
    let address = address.parse().unwrap();

    let [ming, hong] = [(); 2].map(|()| Peer::at(address));
    ming.sends("小明");
    hong.sends("小红");
    ming.gets("小红 进入聊天室...");
    for number in 0..3 {
        ming.sends(b"\xff");
        ming.gets(NOT_UTF8);
        ming.sends(format!("小明 : {number}"));
        hong.gets(&format!("小明 : {number}"));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_ipv6_room_works_the_same() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        return; // no IPv6 here
    }
    let mut server = Server::start_at("[::1]:0");
    let ming = Peer::joins(&mut server, "小明");
    let mut hong = Program::client(server.address, "小红");
    ming.gets("小红 进入聊天室...");
    ming.sends("小明 : 你好");
    hong.stdout.until("小明 : 你好");
    server.shows("小明 : 你好", &ming);
}
