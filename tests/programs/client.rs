//! The client's rules, one by one, through the real program. The numbers are
//! those of the client's rules in `src/guide/reference.md`.

use crate::common::*;
use crate::strace::failing;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::{fs, thread, time::Duration};

/// The command that starts 小明's client.
pub fn client_command(server: &Peer) -> Command {
    command(CLIENT, &[&server.address().to_string(), "小明"])
}

/// A client with a socket in the server's place. Without a name, it asks.
fn client(name: &[&str]) -> (Peer, Program) {
    let server = Peer::as_server();
    let address = server.address().to_string();
    let arguments = [&[&*address], name].concat();
    let mut client = Program::start(command(CLIENT, &arguments));
    client.stdout.expect_line(WELCOME);
    (server, client)
}

/// What 小明's client prints before the chat.
fn first_lines() -> String {
    format!("{WELCOME}\n{}\n", banner("小明"))
}

/// A client called 小明 that has joined.
pub fn joined_client() -> (Peer, Program) {
    let (server, mut client) = client(&["小明"]);
    server.expect("小明");
    client.stdout.expect_line(&banner("小明"));
    (server, client)
}

#[test]
fn rules_1_to_3_an_invalid_name_is_asked_for_again() {
    let (server, mut client) = client(&[]);
    for (bad, why) in [
        (&*"名".repeat(43), "at most 128 bytes"),
        ("  \t", "blank"),
        ("a\t:\tb", "contain ` : `"),
        ("a :", "end in ` :`"),
    ] {
        // The prompt is flushed, though it has no line ending.
        client.stdout.expect_prompt(NAME_PROMPT);
        client.types(bad);
        client.stderr.expect_line_with("error: a name ", why);
    }
    server.expect_typed(&mut client, "  小\u{7}\t明 ", "小? 明");
    client.stdout.expect_prompt(NAME_PROMPT);
    client.stdout.expect_line(&banner("小? 明"));
}

#[test]
fn rule_2_exit_or_end_of_input_at_the_name_prompt_ends_with_status_0() {
    let blank = "error: a name cannot be blank\n";
    for (input, rest, errors) in
        [(" EXIT\n", "", ""), ("", "\n", ""), (" \neXiT", NAME_PROMPT, blank)]
    {
        let (server, mut client) = client(&[]);
        client.stdout.expect_prompt(NAME_PROMPT);
        client.types_bytes(input.as_bytes());
        client.end_input();
        client.expect_status(0).expect_rest(rest, errors);
        server.expect_empty_queue();
    }
}

/// The banner comes first. If the receive thread can't be started then, no name
/// is left on the roster.
#[test]
fn rules_3_and_4_the_join_comes_after_the_banner_and_the_thread() {
    let server = Peer::as_server();
    let calls = "clone,clone3:error=EAGAIN";
    let client = failing(calls, &client_command(&server));
    let Some(mut client) = client else { return };
    client.expect_status(1);
    client.stderr.expect_line_with("error: cannot start ", "(os error");
    client.expect_rest(&first_lines(), "");
    server.expect_empty_queue();
}

/// A client that binds a loopback address reaches no other machine.
#[test]
fn rule_4_a_client_binds_an_unspecified_address() {
    for (any, elsewhere) in
        [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
    {
        let lan = UdpSocket::bind(any).and_then(|probe| {
            probe.connect(elsewhere)?; // sends nothing
            Ok(probe.local_addr()?.ip())
        });
        let Ok(lan) = lan else {
            skip(&format!("this machine has no LAN address for {any}"));
            continue;
        };
        for path in [CLIENT, TALK_CLIENT] {
            let server = Peer::as_server_at((lan, 0).into());
            let address = server.address().to_string();
            let mut client = Program::start(command(path, &[&address]));
            server.expect_typed(&mut client, "小明", "小明");
            let from = server.partner().ip();
            expect_equal("the client's IP address", from, lan);
        }
    }
}

#[test]
fn rule_5_a_long_line_is_split_without_loss() {
    let (server, mut client) = joined_client();
    let fits = "x".repeat(1024 - "小明 : ".len());
    for line in [&*fits, &"a好🐼".repeat(2000), &format!("{fits}exit")] {
        client.types(line);
        let mut received = String::new();
        while received.len() < line.len() {
            let payload = server.next_text();
            match payload.strip_prefix("小明 : ") {
                Some(part) if payload.len() <= 1024 => received += part,
                _ => fail("小明 : …, at most 1024 bytes", payload),
            }
        }
        expect_equal("all parts of a long line", &*received, line);
    }
    server.expect_typed(&mut client, "short", "小明 : short");
}

#[test]
fn rules_5_and_6_blank_lines_are_not_sent_and_exit_in_lower_case() {
    for leave in ["exit", "EXIT", "  eXiT "] {
        let (server, mut client) = joined_client();
        let typed = "\n   \n\t\n\u{3000}\n an\texit ";
        server.expect_typed(&mut client, typed, "小明 :  an exit ");
        server.expect_typed(&mut client, leave, "小明 : exit");
        client.expect_status(0).expect_rest("", "");
        server.expect_empty_queue();
    }
}

#[test]
fn rule_6_the_end_of_input_leaves_after_a_line_that_is_not_utf8() {
    let (server, mut client) = joined_client();
    client.types_bytes(b"windows\r\ncaf\xe9!");
    client.end_input();
    let line = "小明 : caf\u{fffd}!";
    server.expect_each(&["小明 : windows", line, "小明 : exit"]);
    client.stderr.expect_line_with("warning: ", "isn't UTF-8");
    client.expect_status(0).expect_rest("", "");
}

#[test]
fn rules_4_and_7_what_the_server_sends_is_printed_as_sanitized_lines() {
    let (server, mut client) = joined_client();
    Peer::stranger_to(server.partner()).sends("小红 : 假的");
    for (payload, printed) in [
        ("小明 : 你好\t\t🐼\n".as_bytes(), "小明 : 你好  🐼"),
        (b"\x1b[2Jtwo\nlines\rand\0", "?[2Jtwo?lines?and?"),
        (b"bad \xff\xe5\xa5 bytes", "bad \u{fffd}\u{fffd} bytes"),
        ("\u{9b}31m\u{202e}\u{2028}".as_bytes(), "?31m??"),
    ] {
        server.sends(payload);
        client.stdout.expect_line(printed);
    }
    server.sends_each(&["", " ", "\n", "\t\r\n", "\u{3000}"]);
    let long = "x".repeat(LONGEST_PAYLOAD);
    server.sends(&long);
    client.stdout.expect_line(&long);
}

#[cfg(unix)]
#[test]
fn rule_7_the_client_leaves_when_stdout_is_closed() {
    let (screen, stdout) = std::os::unix::net::UnixStream::pair().unwrap();
    let stdout = std::os::fd::OwnedFd::from(stdout);
    let server = Peer::as_server();
    let mut client = Program::start(client_command(&server).stdout(stdout));
    server.expect("小明");
    screen.shutdown(std::net::Shutdown::Both).unwrap();
    server.sends("小红 : 你好");
    server.expect("小明 : exit");
    client.expect_status(0).expect_rest("", "");
}

/// The welcome can't be printed, or the banner, or a line in the chat. (The
/// receive thread's calls are counted separately.)
#[test]
fn rule_7_a_full_disk_is_an_error_after_the_leave() {
    let welcome = format!("{WELCOME}\n");
    let two_lines = first_lines() + "小红 : 你好\n小红 : 你好\n";
    for (number, printed) in [(1, ""), (2, &welcome), (3, &two_lines)] {
        let server = Peer::as_server();
        let calls = format!("write:error=ENOSPC:when={number}");
        let client = failing(&calls, &client_command(&server));
        let Some(mut client) = client else { return };
        if number == 3 {
            server.expect("小明");
            server.sends_each(&["小红 : 你好"; 3]);
            server.expect("小明 : exit");
        }
        let error = "error: cannot write to standard output: ";
        client.stderr.expect_line_with(error, "No space left");
        client.expect_status(1).expect_rest(printed, "");
        server.expect_empty_queue();
    }
}

/// Checks that the client reports a refusal ("port unreachable").
#[track_caller]
fn expect_refusal(client: &mut Program, address: SocketAddr) {
    let start = format!("error: cannot reach {address}: ");
    let reason = if cfg!(windows) { "" } else { "Connection refused (os" };
    client.stderr.expect_line_with(&start, reason);
}

#[test]
fn rule_8_each_refusal_is_one_error_and_a_later_server_gets_the_next_line() {
    let address = ports::unused_address();
    let mut client = Program::client(address, "小明");
    // The refusal of the join is reported first.
    for line in ["one", "two", "three"] {
        expect_refusal(&mut client, address);
        client.types(line);
    }
    expect_refusal(&mut client, address);
    let server = Peer::as_server_at(address);
    server.expect_typed(&mut client, "有人吗", "小明 : 有人吗");
    server.expect_typed(&mut client, "exit", "小明 : exit");
    client.expect_status(0).expect_rest(&first_lines(), "");
}

/// The next call reports the refusal. Here, that is the main thread's `send`.
#[cfg_attr(windows, ignore = "Windows reports errors to recv only")]
#[test]
fn rule_8_an_earlier_refusal_reported_by_send_loses_no_line() {
    let server = Peer::as_server_at(ports::unused_address());
    let address = server.address();
    let mut client = Program::start(client_command(&server));
    server.expect("小明");
    // The receive thread soon waits in a `write` to a full pipe. Nothing
    // reads it. Linux tells that. Elsewhere, a second must be enough.
    (0..150).for_each(|_| server.sends("x".repeat(1000)));
    let threads = format!("/proc/{}/task", client.id());
    let is_held_up = |_| {
        thread::sleep(Duration::from_millis(5));
        let threads = fs::read_dir(&threads).into_iter().flatten().flatten();
        let calls = threads.map(|t| fs::read_to_string(t.path().join("wchan")));
        calls.flatten().any(|call| call.contains("pipe_write"))
    };
    (0..200).any(is_held_up);
    server.expect_typed(&mut client, "还在", "小明 : 还在");
    drop(server);
    ports::wait_until_refused(address);
    // The first line is refused. Sending the second reports that and sends it
    // again, and the third likewise.
    client.types("one\ntwo\nthree");
    let error = format!("error: cannot reach {address}: Connection refused");
    for _ in ["two", "three"] {
        client.stderr.expect_line_with(&error, "; sent at the second try");
    }
    let server = Peer::as_server_at(address);
    server.expect_typed(&mut client, "received", "小明 : received");
}

/// The join and the line fail twice, the leave once; five receives fail, too.
#[test]
fn rule_8_a_send_that_fails_twice_prints_one_error() {
    let server = Peer::as_server();
    let calls = "sendto,recvfrom:error=ENETUNREACH:when=1..5";
    let client = failing(calls, &client_command(&server));
    let Some(mut client) = client else { return };
    let error = format!("error: cannot reach {}: ", server.address());
    let mut sent = 0;
    for typed in ["", "", "", "", "", "在吗\nexit\n", "", ""] {
        let line = client.stderr.read_until(&error);
        sent += usize::from(line.ends_with("; sent at the second try"));
        client.types_bytes(typed.as_bytes());
    }
    expect_equal("how many were sent at the second try", sent, 1);
    server.expect("小明 : exit");
    client.expect_status(0).expect_rest(&first_lines(), "");
    server.expect_empty_queue();
}

#[cfg(unix)]
#[test]
fn unreadable_input_is_reported_after_the_leave() {
    // A directory can be opened, but not read.
    let folder = fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    let server = Peer::as_server();
    let start = |mut command: Command| {
        Program::start(command.stdin(folder.try_clone().unwrap()))
    };
    let expect_error = |program: &mut Program| {
        let error = "error: cannot read standard input: ";
        program.stderr.expect_line_with(error, "(os");
        program.expect_status(1);
    };
    let mut client = start(client_command(&server));
    server.expect_each(&["小明", "小明 : exit"]);
    expect_error(&mut client);
    client.expect_rest(&first_lines(), "");
    expect_error(&mut start(command(CLIENT, &["127.0.0.1:9"])));
    let talk_server = start(command(TALK_SERVER, &["127.0.0.1:0"]));
    let mut talk_server = Server::from_program(talk_server);
    Peer::stranger_to(talk_server.address).sends("hi");
    expect_error(&mut talk_server.program);
}
