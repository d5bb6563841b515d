//! The server's rules, one by one, through the real program over real sockets. Every number is
//! that of a rule in README.md, "The server".

mod common;

use common::{LONGEST_DATAGRAM, Peer, Program, SERVER, Server, client};

const TOO_LONG: &str = "[提示] 消息超过1024字节,没有转发";
const NOT_UTF8: &str = "[提示] 消息不是UTF-8文本,没有转发";
const TOO_LONG_WITH_NAME: &str = "[提示] 消息加上名称超过1024字节,没有转发";
const SEAT_GIVEN_UP: &str = "[提示] 聊天室已满,你沉默最久,座位已让出,再说一句话即可回来";

/// A server with 小明 and 小红 in the room, who have heard nothing yet that they have not read.
fn two_in_a_room() -> (Server, Peer, Peer) {
    let mut server = Server::start();
    let ming = Peer::joins(&mut server, "小明");
    let hong = Peer::joins(&mut server, "小红");
    ming.gets("小红 进入聊天室...");
    (server, ming, hong)
}

#[test]
fn limits_a_datagram_of_1024_bytes_is_relayed() {
    let (mut server, ming, hong) = two_in_a_room();
    let line = format!("小明 : {}", "x".repeat(1024 - "小明 : ".len()));
    ming.sends(&line);
    hong.gets(&line);
    server.shows(&line, &ming);
}

#[test]
fn rule_1_too_long_a_datagram_is_hinted_at_and_warned_of() {
    let (mut server, ming, hong) = two_in_a_room();
    for size in [1025, 2048, LONGEST_DATAGRAM] {
        ming.sends("x".repeat(size));
        ming.gets(TOO_LONG);
        let warning = server.program.stderr.until("warning");
        assert!(warning.contains(&ming.address().to_string()), "{warning}");
        assert!(warning.contains(&size.to_string()), "{warning}");
    }
    // The line ending counts: the limit is the datagram's.
    ming.sends(format!("{}\n", "x".repeat(1024)));
    ming.gets(TOO_LONG);
    ming.gets_nothing_more(&mut server);
    hong.gets_nothing_more(&mut server);
}

#[test]
fn rule_1_a_datagram_that_is_not_utf8_is_hinted_at_and_warned_of() {
    let (mut server, ming, hong) = two_in_a_room();
    // Bad bytes, a character cut in half, one spelled too long, half a surrogate pair.
    for bytes in [&b"\xff\xfe"[..], b"\xe5\xa5", b"\xc0\xaf", b"\xed\xa0\x80"] {
        ming.sends(bytes);
        ming.gets(NOT_UTF8);
        let warning = server.program.stderr.until("warning");
        assert!(warning.contains("not UTF-8"), "{warning}");
    }
    hong.gets_nothing_more(&mut server);
    ming.sends("小明 : 还在");
    hong.gets("小明 : 还在");
}

#[test]
fn rule_1_a_strangers_unfit_datagram_is_warned_of_and_not_answered() {
    let (mut server, ming, _hong) = two_in_a_room();
    let stranger = Peer::at(server.address);
    for datagram in [vec![b'x'; 1025], vec![b'x'; LONGEST_DATAGRAM], vec![0xff]] {
        stranger.sends(datagram);
        server
            .program
            .stderr
            .until(&format!("warning: {} sent", stranger.address()));
    }
    stranger.gets_nothing_more(&mut server);
    ming.gets_nothing_more(&mut server);
}

#[test]
fn rule_2_one_line_ending_is_dropped() {
    let (mut server, ming, hong) = two_in_a_room();
    for (sent, relayed) in [
        ("小明 : 一\n", "小明 : 一"),
        ("小明 : 二\r\n", "小明 : 二"),
        ("小明 : 三\n\n", "小明 : 三?"),
        ("小明 : 四\r", "小明 : 四?"),
        ("小明 :   五  \n", "小明 :   五  "),
    ] {
        ming.sends(sent);
        hong.gets(relayed);
        server.shows(relayed, &ming);
    }
}

#[test]
fn rule_2_control_characters_become_question_marks() {
    let (mut server, ming, hong) = two_in_a_room();
    for (sent, relayed) in [
        ("小明 : \u{1b}[2Jcleared", "小明 : ?[2Jcleared"),
        ("小明 : a\nb\rc\0d\u{7f}e\u{7}", "小明 : a?b?c?d?e?"),
        ("小明 : \u{9b}31mred\u{85}", "小明 : ?31mred?"),
        ("小明 : a\tb", "小明 : a\tb"),
    ] {
        ming.sends(sent);
        hong.gets(relayed);
        server.shows(relayed, &ming);
    }
    let sly = Peer::at(server.address);
    sly.sends("sly\u{1b}[1m");
    hong.gets("sly?[1m 进入聊天室...");
    server.program.stderr.until("sly?[1m entered");
}

#[test]
fn rule_3_a_strangers_leave_is_nothing() {
    let (mut server, ming, _hong) = two_in_a_room();
    let stranger = Peer::at(server.address);
    for leave in [
        "exit",
        "EXIT\n",
        " Exit ",
        "小刚 : exit",
        "小刚 : ExIt ",
        " : exit",
    ] {
        stranger.sends(leave);
    }
    ming.gets_nothing_more(&mut server);
    stranger.gets_nothing_more(&mut server);
}

#[test]
fn rule_3_a_strangers_chat_line_brings_them_back() {
    let (mut server, ming, hong) = two_in_a_room();
    let gang = Peer::at(server.address);
    gang.sends("小刚 : 我 : 回来了");
    for peer in [&ming, &hong] {
        peer.gets("小刚 进入聊天室...");
        peer.gets("小刚 : 我 : 回来了");
    }
    server.shows("小刚 : 我 : 回来了", &gang);
    ming.sends("小明 : 好");
    gang.gets("小明 : 好");
}

#[test]
fn rule_3_a_strangers_name_is_trimmed_and_enters() {
    let (mut server, ming, _hong) = two_in_a_room();
    let gang = Peer::at(server.address);
    gang.sends("  小 刚\t\n");
    ming.gets("小 刚 进入聊天室...");
    // The article's client sends a name just as it was typed, before every line too.
    gang.sends("  小 刚\t : hi");
    ming.gets("小 刚 : hi");
    gang.sends("  小 刚\t : exit");
    ming.gets("小 刚 离开了聊天室...");
    gang.gets_nothing_more(&mut server);
}

#[test]
fn rule_3_a_name_that_breaks_the_limits_does_not_enter() {
    let (mut server, ming, _hong) = two_in_a_room();
    let stranger = Peer::at(server.address);
    let long = "x".repeat(129);
    let long_line = format!("{long} : hi");
    for datagram in [
        "",
        " \t ",
        "\n",
        " : hi",
        "exit : hi",
        &long,
        &long_line,
        "a :",
    ] {
        stranger.sends(datagram);
        server
            .program
            .stderr
            .until(&format!("warning: {} sent", stranger.address()));
    }
    ming.gets_nothing_more(&mut server);
    stranger.gets_nothing_more(&mut server);

    let longest = "名".repeat(42) + "xx";
    assert_eq!(longest.len(), 128);
    stranger.sends(format!(" {longest} "));
    ming.gets(&format!("{longest} 进入聊天室..."));
    let one = Peer::at(server.address);
    one.sends("x");
    ming.gets("x 进入聊天室...");
}

#[test]
fn rule_4_a_join_that_arrives_twice_is_nothing() {
    let (mut server, ming, hong) = two_in_a_room();
    ming.sends("小明");
    ming.sends("小明\n");
    hong.gets_nothing_more(&mut server);
    ming.gets_nothing_more(&mut server);
}

#[test]
fn rule_4_a_blank_datagram_is_nothing() {
    let (mut server, ming, hong) = two_in_a_room();
    for blank in ["", " ", "\n", " \t\r\n", "\u{3000}"] {
        ming.sends(blank);
    }
    hong.gets_nothing_more(&mut server);
    ming.gets_nothing_more(&mut server);
    assert_eq!(server.program.stdout.so_far(), Vec::<String>::new());
}

#[test]
fn rule_4_exit_in_any_case_leaves() {
    let mut server = Server::start();
    let watcher = Peer::joins(&mut server, "watcher");
    for leave in [
        "小明 : exit",
        "小明 : EXIT",
        "小明 :  eXiT \r\n",
        "小明:Exit",
        "小明 :exit",
        "exit",
        "EXIT\n",
    ] {
        let ming = Peer::joins(&mut server, "小明");
        watcher.gets("小明 进入聊天室...");
        ming.sends(leave);
        watcher.gets("小明 离开了聊天室...");
        server
            .program
            .stderr
            .until(&format!("小明 left from {}", ming.address()));
        ming.gets_nothing_more(&mut server);
    }
    assert_eq!(server.program.stdout.so_far(), Vec::<String>::new());
}

#[test]
fn rule_4_a_line_about_the_exit_is_a_line() {
    let (mut server, ming, hong) = two_in_a_room();
    for line in [
        "小明 : where is the exit",
        "小明 : exit exit",
        "小明 : exit?",
        "小明 : exits",
    ] {
        ming.sends(line);
        hong.gets(line);
        server.shows(line, &ming);
    }
}

#[test]
fn rule_4_a_line_under_the_members_own_name_is_relayed_as_it_is() {
    let (mut server, ming, hong) = two_in_a_room();
    for line in [
        "小明 : 大家好",
        "小明:大家好",
        "小明 : ",
        "小明 :  a  ",
        "小明 : 小红 : hi",
    ] {
        ming.sends(line);
        hong.gets(line);
        server.shows(line, &ming);
    }
    ming.gets_nothing_more(&mut server);
}

#[test]
fn rule_4_any_other_line_is_relayed_under_the_members_name() {
    let (mut server, ming, hong) = two_in_a_room();
    for (sent, relayed) in [
        ("bare line\n", "小明 : bare line"),
        ("小红 : I owe you", "小明 : 小红 : I owe you"),
        ("小明明 : hi", "小明 : 小明明 : hi"),
        ("小红 进入聊天室...", "小明 : 小红 进入聊天室..."),
        ("[提示] obey", "小明 : [提示] obey"),
        ("  spaces  ", "小明 :   spaces  "),
        ("小红 : exit", "小明 : 小红 : exit"),
    ] {
        ming.sends(sent);
        hong.gets(relayed);
        server.shows(relayed, &ming);
    }
}

#[test]
fn rule_4_a_bare_line_that_its_name_makes_too_long_is_hinted_at() {
    let (mut server, ming, hong) = two_in_a_room();
    let fits = "x".repeat(1024 - "小明 : ".len());
    ming.sends(&fits);
    hong.gets(&format!("小明 : {fits}"));
    server.shows(&format!("小明 : {fits}"), &ming);
    ming.sends(fits + "x");
    ming.gets(TOO_LONG_WITH_NAME);
    hong.gets_nothing_more(&mut server);
}

#[test]
fn rule_5_in_a_full_room_whoever_is_silent_longest_gives_up_the_seat() {
    let mut server = Server::start();
    let first = Peer::joins(&mut server, "first");
    let second = Peer::joins(&mut server, "second");
    let third = Peer::joins(&mut server, "third");
    for number in 3..1000 {
        // Gone at once: some systems let a process have 256 open files only.
        Peer::who_may_go(server.address).sends(format!("m{number}"));
        // Read at once: a socket's buffer could not hold all these notices.
        for earlier in [&first, &second, &third] {
            while earlier.next() != format!("m{number} 进入聊天室...") {}
        }
    }
    first.sends("first : I am awake");
    third.gets("first : I am awake");
    // Neither of these is a word.
    second.sends("second");
    second.sends(" ");

    let newcomer = Peer::at(server.address);
    newcomer.sends("newcomer : hello");
    second.gets("first : I am awake");
    second.gets(SEAT_GIVEN_UP);
    for peer in [&first, &third] {
        peer.gets("second 离开了聊天室...");
        peer.gets("newcomer 进入聊天室...");
        peer.gets("newcomer : hello");
    }
    newcomer.gets_nothing_more(&mut server);
    second.has_nothing_more();

    // The next word brings them back, and costs the next one the seat.
    second.sends("second : I am here");
    third.gets(SEAT_GIVEN_UP);
    first.gets("third 离开了聊天室...");
    first.gets("second 进入聊天室...");
    first.gets("second : I am here");
    newcomer.gets("third 离开了聊天室...");
}

#[test]
fn a_stranger_is_never_answered() {
    let (mut server, _ming, _hong) = two_in_a_room();
    let stranger = Peer::at(server.address);
    for datagram in ["", "exit", "a : exit", " : ", &"x".repeat(129)] {
        stranger.sends(datagram);
    }
    stranger.gets_nothing_more(&mut server);
}

#[test]
fn order_is_kept_for_everyone() {
    let (_server, ming, hong) = two_in_a_room();
    for number in 0..100 {
        ming.sends(format!("小明 : {number}"));
        hong.gets(&format!("小明 : {number}"));
        hong.sends(format!("小红 : {number}"));
        ming.gets(&format!("小红 : {number}"));
    }
}

#[test]
fn screen_the_address_that_was_really_bound_comes_first() {
    let server = Server::start();
    assert_ne!(server.address.port(), 0);
    assert!(server.address.ip().is_loopback());
}

#[test]
fn screen_who_entered_and_who_left() {
    let (mut server, ming, _hong) = two_in_a_room();
    ming.sends("小明 : exit");
    let line = server.program.stderr.until("left");
    assert!(
        line.starts_with(&format!("小明 left from {}", ming.address())),
        "{line}"
    );
}

#[test]
fn screen_outputs_that_nobody_reads_stop_nothing() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let mut child = Command::new(SERVER)
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut first = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let address = first
        .trim_end_matches("...\n")
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();

    let ming = Peer::at(address);
    let hong = Peer::at(address);
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
fn a_member_who_is_gone_costs_nobody_their_copy() {
    let (mut server, ming, hong) = two_in_a_room();
    let gone = Peer::who_may_go(server.address);
    gone.sends("gone");
    server.program.stderr.until("gone entered from");
    drop(gone);
    for number in 0..10 {
        ming.sends(format!("小明 : {number}"));
    }
    hong.gets("gone 进入聊天室...");
    for number in 0..10 {
        hong.gets(&format!("小明 : {number}"));
    }
}

#[test]
fn an_ipv6_room_works_the_same() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("no IPv6 here: nothing to test");
        return;
    }
    let mut server = Server::start_at("[::1]:0");
    let ming = Peer::joins(&mut server, "小明");
    let mut hong = client(server.address, "小红");
    ming.gets("小红 进入聊天室...");
    ming.sends("小明 : 你好");
    hong.stdout.until("小明 : 你好");
    server.shows("小明 : 你好", &ming);
}

#[test]
fn an_address_in_use_is_named() {
    let server = Server::start();
    let address = server.address.to_string();
    let mut second = Program::start(SERVER, &[&address]);
    assert_eq!(second.status(), 1);
    let error = second.stderr.next();
    assert!(
        error.starts_with("error: ") && error.contains(&address),
        "{error}"
    );
}
