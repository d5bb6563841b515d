//! The client's rules, one by one, through the real program. Every number is
//! that of a rule in the guide's page about the protocol.

mod common;

use std::io::Write;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use common::ports::{nobody, wait_until_refused};
use common::{
    ASK_NAME, CLIENT, DEADLINE, LONGEST_DATAGRAM, Lines, Peer, Program, WELCOME,
};
use common::{command, spawn};

/// A client called 小明 at a bare socket that has its join.
fn joined() -> (Peer, Program) {
    let server = Peer::as_server();
    let mut client = Program::client(server.address(), "小明");
    server.gets("小明");
    client.stdout.shows(WELCOME);
    client.stdout.shows("-----------------小明------------------");
    (server, client)
}

/// A client that asks for a name, at a bare socket.
fn asking() -> (Peer, Program) {
    let server = Peer::as_server();
    let client = Program::start(CLIENT, &[&server.address().to_string()]);
    (server, client)
}

#[test]
fn rules_1_to_3_the_screen_of_a_session_is_the_articles() {
    let (server, mut client) = asking();
    client.stdout.shows(WELCOME);
    client.types("小明");
    server.gets("小明");
    client
        .stdout
        .shows("请输入你的名称:-----------------小明------------------");
    server.sends("小红 进入聊天室...");
    client.stdout.shows("小红 进入聊天室...");
    client.types("大家好");
    server.gets("小明 : 大家好");
    client.types("exit");
    server.gets("小明 : exit");
    assert_eq!(client.status(), 0);
    assert_eq!(client.stdout.rest() + &client.stderr.rest(), "");
}

#[test]
fn rule_2_a_name_that_breaks_the_limits_is_asked_for_again() {
    let (server, mut client) = asking();
    for (bad, why) in [
        ("", "blank"),
        ("  \t", "blank"),
        (&*"名".repeat(43), "128"),
        ("a : b", "` : `"),
        ("a :", "` :`"),
    ] {
        client.types(bad);
        let error = client.stderr.next();
        assert!(
            error.starts_with("error: ") && error.contains(why),
            "{bad:?}: {error}"
        );
    }
    client.types("  小\u{7} 明 ");
    server.gets("小? 明");
    client.stdout.shows(WELCOME);
    let banner = "-----------------小? 明------------------";
    client.stdout.shows(&(ASK_NAME.repeat(6) + banner));
}

#[test]
fn rule_2_the_prompt_is_there_before_the_name_is() {
    use std::io::Read;
    let mut child = spawn(&mut command(CLIENT, &[]));
    let expected = format!("{WELCOME}\n{ASK_NAME}");
    let mut shown = vec![0; expected.len()];
    // Blocks for ever if the prompt waits for its line ending.
    child.stdout.take().unwrap().read_exact(&mut shown).unwrap();
    common::check(&String::from_utf8(shown).unwrap(), &expected);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn rule_2_exit_or_the_end_of_input_instead_of_a_name_is_status_0() {
    for (input, after_the_prompt) in
        [("EXIT\n", ""), (" exit\n", ""), ("", "\n")]
    {
        let (server, mut client) = asking();
        client.types_bytes(input.as_bytes());
        client.end_input();
        assert_eq!(client.status(), 0, "{input:?}");
        let shown = format!("{WELCOME}\n{ASK_NAME}{after_the_prompt}");
        common::check(&client.stdout.rest(), &shown);
        assert_eq!(client.stderr.rest(), "");
        server.has_nothing_more();
    }
}

#[test]
fn rule_4_only_the_server_is_heard() {
    let (server, mut client) = joined();
    let anyone = UdpSocket::bind("127.0.0.1:0").unwrap();
    let forged = "小红 : 假的".as_bytes();
    anyone.send_to(forged, server.other()).unwrap();
    server.sends("小红 : 真的");
    client.stdout.shows("小红 : 真的");
}

#[test]
fn rule_5_a_blank_line_is_not_sent() {
    let (server, mut client) = joined();
    for blank in ["", "   ", "\t", "\u{3000}"] {
        client.types(blank);
    }
    client.types("  hi  ");
    server.gets("小明 :   hi  ");
}

/// How a line is cut is in `tests/protocol.rs`.
#[test]
fn rule_5_a_long_line_goes_out_whole_in_several_datagrams() {
    let (server, mut client) = joined();
    for line in [
        "x".repeat(1024 - "小明 : ".len()),
        "a好🐼".repeat(1000),
        "x".repeat(1014) + "exit",
    ] {
        client.types(&line);
        let mut arrived = String::new();
        while arrived.len() < line.len() {
            let datagram = server.next();
            assert!(datagram.len() <= 1024, "{} bytes", datagram.len());
            arrived += datagram.strip_prefix("小明 : ").expect("the name");
        }
        common::check(&arrived, &line);
    }
    client.types("short");
    server.gets("小明 : short");
}

#[test]
fn rule_6_exit_in_any_case_leaves_in_lower_case() {
    for leave in ["exit", "EXIT", "  eXiT "] {
        let (server, mut client) = joined();
        client.types("where is the exit");
        server.gets("小明 : where is the exit");
        client.types(leave);
        server.gets("小明 : exit");
        assert_eq!(client.status(), 0);
        assert_eq!(client.stderr.rest(), "");
    }
}

#[test]
fn rule_6_the_end_of_input_leaves() {
    let (server, mut client) = joined();
    client.types_bytes("没有换行".as_bytes());
    client.end_input();
    server.gets("小明 : 没有换行");
    server.gets("小明 : exit");
    assert_eq!(client.status(), 0);
}

#[test]
fn rule_7_what_arrives_is_one_safe_line_each() {
    let (server, mut client) = joined();
    for (datagram, shown) in [
        (&b"plain"[..], "plain"),
        ("小红 : 你好\t🐼".as_bytes(), "小红 : 你好\t🐼"),
        (b"\x1b[2Jcleared\x07", "?[2Jcleared?"),
        (b"two\nlines\rand\0", "two?lines?and?"),
        (b"netcat\n", "netcat"),
        (b"bad \xff\xe5\xa5 bytes", "bad \u{fffd}\u{fffd} bytes"),
        ("\u{9b}31m\u{202e}\u{2028}".as_bytes(), "?31m??"),
    ] {
        server.sends(datagram);
        client.stdout.shows(shown);
    }
    for blank in ["", " ", "\n", "\t\r\n"] {
        server.sends(blank);
    }
    let long = "x".repeat(LONGEST_DATAGRAM);
    server.sends(&long);
    client.stdout.shows(&long);
}

#[test]
fn rule_7_with_standard_output_closed_the_client_leaves_and_ends() {
    let server = Peer::as_server();
    let mut client =
        spawn(&mut command(CLIENT, &[&server.address().to_string(), "小明"]));
    server.gets("小明");
    // Its end would be another reason to end, with status 0 as well.
    let _input = client.stdin.take();
    drop(client.stdout.take());
    // More than once: a program that another test starts meanwhile may hold a
    // copy of the pipe.
    let moment = Duration::from_millis(50);
    server.socket.set_read_timeout(Some(moment)).unwrap();
    let started = Instant::now();
    loop {
        server.sends("小红 : 你好");
        if server.socket.peek(&mut [0; 64]).is_ok() {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "the client does not leave");
    }
    server.gets("小明 : exit");
    assert_eq!(client.wait().unwrap().code(), Some(0));
}

/// The line on standard error for one refusal.
fn refused(address: impl std::fmt::Display) -> String {
    format!("error: cannot reach {address}: Connection refused (os error")
}

#[test]
fn rule_8_each_refusal_is_one_line_and_the_client_goes_on() {
    let address = nobody();
    let mut client = Program::client(address, "小明");
    // The join's, and then one for each line: each waits until the one before
    // has been reported.
    for line in ["one", "two", "three"] {
        let error = client.stderr.next();
        assert!(
            error.starts_with(&refused(address)) || cfg!(windows),
            "{error}"
        );
        client.types(line);
    }
    client.stderr.next();
    client.types("exit");
    assert_eq!(client.status(), 0);
    let rest = client.stderr.rest();
    assert!(rest.lines().count() <= 1, "{rest}");
}

#[test]
fn rule_8_leaving_is_status_0_however_fast() {
    for input in ["", "exit\n", "hi\n", "one\ntwo\nexit\n"] {
        let mut client = Program::client(nobody(), "小明");
        client.types_bytes(input.as_bytes());
        client.end_input();
        assert_eq!(client.status(), 0, "{input:?}");
    }
}

#[test]
fn rule_8_a_server_that_comes_late_gets_the_next_line_whole() {
    let address = nobody();
    let mut client = Program::client(address, "小明");
    client.stderr.next();
    let server = Peer::as_server_at(address);
    client.types("有人吗");
    server.gets("小明 : 有人吗");
    client.types("exit");
    server.gets("小明 : exit");
    assert_eq!(client.status(), 0);
    assert_eq!(client.stderr.rest(), "");
}

/// Linux and macOS tell whichever thread makes the next call. Here that is the
/// sending one, because the other stands still: nobody reads what it prints.
#[cfg_attr(windows, ignore = "Windows reports to recv only")]
#[test]
fn rule_8_a_refusal_that_send_reports_does_not_cost_the_next_line() {
    let server = Peer::as_server_at(nobody());
    let address = server.address();
    let mut child =
        spawn(&mut command(CLIENT, &[&address.to_string(), "小明"]));
    let mut input = child.stdin.take().unwrap();
    server.gets("小明");
    for _ in 0..150 {
        server.sends("x".repeat(1000));
    }
    drop(server);
    wait_until_refused(address);
    // The first is refused, at once on the same machine. The second meets that
    // report, is sent again and refused again: so does the third.
    input.write_all(b"one\ntwo\nthree\n").unwrap();
    let mut stderr = Lines::of(child.stderr.take().unwrap());
    for _ in 0..2 {
        let error = stderr.next();
        assert!(error.starts_with(&refused(address)), "{error}");
    }
    let server = Peer::as_server_at(address);
    writeln!(input, "heard").unwrap();
    while server.next() != "小明 : heard" {}
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn input_that_is_not_utf8_is_said_and_sent_as_far_as_it_goes() {
    let (server, mut client) = joined();
    client.types_bytes(b"caf\xe9!\n");
    server.gets("小明 : caf\u{fffd}!");
    assert!(client.stderr.next().starts_with("warning: "));
    client.types_bytes(b"windows\r\n");
    server.gets("小明 : windows");
}
