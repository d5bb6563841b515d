//! The client's rules, one by one, through the real program. The numbers are
//! those of the client's rules in `src/guide/protocol.md`.

mod common;

use std::fs;
use std::io::Read;
use std::net::UdpSocket;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use common::ports::{unused_address, wait_until_refused};
use common::{CLIENT, LONGEST_PAYLOAD, NAME_PROMPT, TIMEOUT, WELCOME};
use common::{Peer, Program, banner, command, expect_equal};

/// A client called 小明, and a socket in the server's place that has received
/// its join.
fn joined_client() -> (Peer, Program) {
    let server = Peer::as_server();
    let mut client = Program::client(server.address(), "小明");
    server.expect("小明");
    client.stdout.expect_line(WELCOME);
    client.stdout.expect_line(&banner("小明"));
    (server, client)
}

/// A client that asks for a name, and a socket in the server's place.
fn client_at_name_prompt() -> (Peer, Program) {
    let server = Peer::as_server();
    let client = Program::start(CLIENT, &[&server.address().to_string()]);
    (server, client)
}

#[test]
fn rules_1_to_3_the_screen_matches_the_articles_client() {
    let (server, mut client) = client_at_name_prompt();
    client.stdout.expect_line(WELCOME);
    client.types("小明");
    server.expect("小明");
    client.stdout.expect_line(&(NAME_PROMPT.to_owned() + &banner("小明")));
    server.sends("小红 进入聊天室...");
    client.stdout.expect_line("小红 进入聊天室...");
    client.types("大家好");
    server.expect("小明 : 大家好");
    client.types("exit");
    server.expect("小明 : exit");
    client.expect_end(0);
}

#[test]
fn rule_2_an_invalid_name_is_asked_for_again() {
    let (server, mut client) = client_at_name_prompt();
    for (bad, why) in [
        ("", "blank"),
        ("  \t", "blank"),
        (&*"名".repeat(43), "at most 128 bytes"),
        ("a : b", "contain ` : `"),
        ("a\t:\tb", "contain ` : `"),
        ("a :", "end in ` :`"),
    ] {
        client.types(bad);
        client.stderr.expect_error("error: a name ", why);
    }
    client.types("  小\u{7}\t明 ");
    server.expect("小? 明");
    client.stdout.expect_line(WELCOME);
    client.stdout.expect_line(&(NAME_PROMPT.repeat(7) + &banner("小? 明")));
}

#[test]
fn rule_2_a_name_on_the_command_line_is_trimmed_and_sanitized() {
    let server = Peer::as_server();
    let mut client = Program::client(server.address(), " 小\t明\u{1b} ");
    server.expect("小 明?");
    client.stdout.expect_line(WELCOME);
    client.stdout.expect_line(&banner("小 明?"));
    client.types("hi");
    server.expect("小 明? : hi");
}

#[test]
fn rule_2_the_prompt_is_flushed_before_the_input() {
    let expected = format!("{WELCOME}\n{NAME_PROMPT}");
    let mut printed = vec![0; expected.len()];
    let address = unused_address().to_string();
    let (client, stdout) =
        Program::spawn_unread(&mut command(CLIENT, &[&address]));
    let (done, reading) = channel();
    thread::spawn(move || {
        let _ = stdout.unwrap().read_exact(&mut printed);
        done.send(printed)
    });
    let printed = reading.recv_timeout(TIMEOUT);
    drop(client);
    let printed = printed.expect("the prompt is there before the name");
    expect_equal("the prompt", String::from_utf8_lossy(&printed), expected);
}

#[test]
fn rule_2_exit_or_end_of_input_at_the_name_prompt_ends_with_status_0() {
    for (input, prompts, end) in [
        ("EXIT\n", 1, ""),
        (" exit\n", 1, ""),
        ("", 1, "\n"),
        (" \neXiT\n", 2, ""),
    ] {
        let (server, mut client) = client_at_name_prompt();
        client.types_bytes(input.as_bytes());
        client.end_input();
        let screen = client.stdout.read_to_end();
        let prompts = NAME_PROMPT.repeat(prompts);
        let expected = format!("{WELCOME}\n{prompts}{end}");
        expect_equal(&format!("{input:?} is typed"), screen, expected);
        client.expect_status(0);
        server.expect_empty_queue();
    }
}

/// The banner is printed before anything is sent, so it comes before every
/// answer.
#[test]
fn rule_3_the_banner_comes_before_the_join() {
    let server = Peer::as_server();
    let address = server.address().to_string();
    let (client, stdout) =
        Program::spawn_unread(&mut command(CLIENT, &[&address, "小明"]));
    server.expect("小明");
    let expected = format!("{WELCOME}\n{}\n", banner("小明"));
    let mut printed = vec![0; 1024];
    // The join has arrived, so this doesn't wait.
    let size = stdout.unwrap().read(&mut printed).unwrap();
    let printed = String::from_utf8_lossy(&printed[..size]);
    expect_equal("printed before the join", printed, expected);
    drop(client);
}

#[test]
fn rule_4_datagrams_from_other_addresses_are_ignored() {
    let (server, mut client) = joined_client();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    other.send_to("小红 : 假的".as_bytes(), server.partner()).unwrap();
    server.sends("小红 : 真的");
    client.stdout.expect_line("小红 : 真的");
}

/// A client that binds a loopback address reaches no other machine. At this
/// machine's own LAN address, its source address shows that.
#[test]
fn rule_4_the_client_binds_an_unspecified_address() {
    let mut lan_addresses = 0;
    for (any, elsewhere) in
        [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
    {
        // This sends nothing, and it fails on a machine without a LAN.
        let Ok(probe) = UdpSocket::bind(any) else { continue };
        if probe.connect(elsewhere).is_err() {
            continue;
        }
        let lan = probe.local_addr().unwrap().ip();
        let server = Peer::as_server_at((lan, 0).into());
        let _client = Program::client(server.address(), "小明");
        server.expect("小明");
        expect_equal("the client's address", server.partner().ip(), lan);
        lan_addresses += 1;
    }
    if lan_addresses == 0 {
        println!("skipped: this machine has no LAN address");
    }
}

#[test]
fn rule_5_a_blank_line_is_not_sent() {
    let (server, mut client) = joined_client();
    for blank in ["", "   ", "\t", "\u{3000}"] {
        client.types(blank);
    }
    client.types("  a\tb  ");
    server.expect("小明 :   a b  ");
}

/// Where a line is split is tested in `tests/protocol.rs`.
#[test]
fn rule_5_a_long_line_is_split_without_loss() {
    let (server, mut client) = joined_client();
    for line in [
        "x".repeat(1024 - "小明 : ".len()),
        "a好🐼".repeat(1000),
        "x".repeat(1014) + "exit",
    ] {
        client.types(&line);
        let mut received = String::new();
        while received.len() < line.len() {
            let payload = server.next_text();
            assert!(payload.len() <= 1024, "{} bytes", payload.len());
            let text = payload.strip_prefix("小明 : ");
            received += text.unwrap_or_else(|| panic!("no name: {payload}"));
        }
        expect_equal("a long line", received, line);
    }
    client.types("short");
    server.expect("小明 : short");
}

#[test]
fn rule_6_exit_typed_in_upper_case_is_sent_in_lower_case() {
    for leave in ["exit", "EXIT", "  eXiT "] {
        let (server, mut client) = joined_client();
        client.types("where is the exit");
        server.expect("小明 : where is the exit");
        client.types(leave);
        server.expect("小明 : exit");
        client.expect_end(0);
    }
}

#[test]
fn rule_6_the_end_of_input_leaves() {
    let (server, mut client) = joined_client();
    client.types_bytes("没有换行".as_bytes());
    client.end_input();
    server.expect("小明 : 没有换行");
    server.expect("小明 : exit");
    client.expect_end(0);
}

#[test]
fn rule_7_each_datagram_is_printed_as_one_sanitized_line() {
    let (server, mut client) = joined_client();
    for (payload, printed) in [
        (&b"plain"[..], "plain"),
        ("小红 : 你好\t\t🐼".as_bytes(), "小红 : 你好  🐼"),
        (b"\x1b[2Jcleared\x07", "?[2Jcleared?"),
        (b"two\nlines\rand\0", "two?lines?and?"),
        (b"netcat\n", "netcat"),
        (b"bad \xff\xe5\xa5 bytes", "bad \u{fffd}\u{fffd} bytes"),
        ("\u{9b}31m\u{202e}\u{2028}".as_bytes(), "?31m??"),
    ] {
        server.sends(payload);
        client.stdout.expect_line(printed);
    }
    for blank in ["", " ", "\n", "\t\r\n"] {
        server.sends(blank);
    }
    let long = "x".repeat(LONGEST_PAYLOAD);
    server.sends(&long);
    client.stdout.expect_line(&long);
}

#[test]
fn rule_7_the_client_leaves_when_stdout_is_closed() {
    let (server, mut client) = joined_client();
    client.stdout.close();
    let moment = Duration::from_millis(50);
    server.socket.set_read_timeout(Some(moment)).unwrap();
    let started = Instant::now();
    // The pipe is closed after the first of these lines.
    while server.socket.peek(&mut [0; 64]).is_err() {
        server.sends("小红 : 你好");
        assert!(started.elapsed() < TIMEOUT, "the client doesn't leave");
    }
    server.expect("小明 : exit");
    client.expect_status(0);
}

/// Only the first write fails, so a client that ignored that would go on.
#[test]
fn rule_7_a_welcome_that_cannot_be_printed_is_an_error() {
    let server = Peer::as_server();
    let arguments = [&*server.address().to_string(), "小明"];
    let failing = ["write", "ENOSPC", "1"];
    let started = Program::start_with_failing_call(CLIENT, &arguments, failing);
    let Some(mut client) = started else { return };
    let error = "error: cannot write to standard output: ";
    client.stderr.expect_error(error, "No space left");
    client.expect_end(1);
    server.expect_empty_queue();
}

/// The disk is full after the banner: the file may have 1024 bytes at most.
#[cfg(target_os = "linux")]
#[test]
fn rule_7_the_client_leaves_and_reports_a_full_disk() {
    let file_name = format!("udp-group-chat-{}", std::process::id());
    let path = std::env::temp_dir().join(file_name);
    let file = fs::File::create(&path).unwrap();
    let server = Peer::as_server();
    let address = server.address().to_string();
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let arguments = ["-c", limited, "sh", CLIENT, &address, "小明"];
    let mut client = Program::spawn(command("sh", &arguments).stdout(file));
    server.expect("小明");
    for _ in 0..3 {
        server.sends("x".repeat(1000));
    }
    server.expect("小明 : exit");
    let error = "error: cannot write to standard output: ";
    client.stderr.expect_error(error, "File too large");
    client.expect_status(1);
    fs::remove_file(path).unwrap();
}

/// The line on standard error for one "port unreachable".
fn refusal_message(address: impl std::fmt::Display) -> String {
    let reason =
        if cfg!(windows) { "" } else { "Connection refused (os error" };
    format!("error: cannot reach {address}: {reason}")
}

#[test]
fn rule_8_each_refusal_prints_one_error_and_the_client_continues() {
    let address = unused_address();
    let mut client = Program::client(address, "小明");
    // The refusal of the join, then one for each line. Each line is typed when
    // the refusal before it has been reported.
    for line in ["one", "two", "three", "exit"] {
        client.stderr.expect_error(&refusal_message(address), "");
        client.types(line);
    }
    // That of the leave may come too late to be reported.
    let rest = client.stderr.read_to_end();
    assert!(rest.lines().count() <= 1, "expected: one line\n{rest}");
    client.expect_status(0);
}

#[test]
fn rule_8_leaving_early_still_ends_with_status_0() {
    for input in ["", "exit\n", "hi\n", "one\ntwo\nexit\n"] {
        let mut client = Program::client(unused_address(), "小明");
        client.types_bytes(input.as_bytes());
        client.end_input();
        client.expect_status(0);
    }
}

#[test]
fn rule_8_a_server_started_later_gets_the_next_line() {
    let address = unused_address();
    let mut client = Program::client(address, "小明");
    client.stderr.expect_error(&refusal_message(address), "");
    let server = Peer::as_server_at(address);
    client.types("有人吗");
    server.expect("小明 : 有人吗");
    client.types("exit");
    server.expect("小明 : exit");
    client.expect_status(0);
    expect_equal("standard error", client.stderr.read_to_end(), "");
}

/// The kernel reports an error to the thread that makes the next call. Here
/// that is the main thread, because the receive thread waits in a `write`:
/// nothing reads what the client prints.
#[cfg_attr(windows, ignore = "Windows reports errors to recv only")]
#[test]
fn rule_8_an_earlier_refusal_reported_by_send_loses_no_line() {
    let server = Peer::as_server_at(unused_address());
    let address = server.address();
    let mut command = command(CLIENT, &[&address.to_string(), "小明"]);
    let (mut client, stdout) = Program::spawn_unread(&mut command);
    server.expect("小明");
    fill_until_held_up(&server, &client);
    drop(server);
    wait_until_refused(address);
    // The first line is refused. Sending the second reports that, sends it
    // again and is refused again, and the third likewise.
    client.types("one\ntwo\nthree");
    for _ in 0..2 {
        client.stderr.expect_error(&refusal_message(address), "");
    }
    let server = Peer::as_server_at(address);
    client.types("received");
    server.expect("小明 : received");
    drop(stdout);
}

/// The join, the line and the leave fail, and so does each second try.
#[test]
fn rule_8_a_send_that_fails_twice_prints_one_error() {
    let server = Peer::as_server();
    let address = server.address().to_string();
    let failing = ["sendto", "ENETUNREACH", "1+"];
    let started =
        Program::start_with_failing_call(CLIENT, &[&address, "小明"], failing);
    let Some(mut client) = started else { return };
    client.types("在吗");
    client.types("exit");
    let error = format!("error: cannot reach {address}: ");
    for _ in 0..3 {
        client.stderr.expect_error(&error, "unreachable");
    }
    client.expect_status(0);
    expect_equal("standard error", client.stderr.read_to_end(), "");
    server.expect_empty_queue();
}

/// A line that is typed goes out although the output is held up.
#[test]
fn a_line_is_sent_while_the_output_is_held_up() {
    let server = Peer::as_server();
    let address = server.address().to_string();
    let mut command = command(CLIENT, &[&address, "小明"]);
    let (mut client, stdout) = Program::spawn_unread(&mut command);
    server.expect("小明");
    fill_until_held_up(&server, &client);
    client.types("还在");
    server.expect("小明 : 还在");
    drop(stdout);
}

/// Sends lines until the receive thread waits in a `write` to a full pipe.
/// Linux tells that. Elsewhere, a second must be enough.
fn fill_until_held_up(server: &Peer, client: &Program) {
    for _ in 0..150 {
        server.sends("x".repeat(1000));
    }
    let threads = format!("/proc/{}/task", client.child.id());
    let is_held_up = || {
        let threads = fs::read_dir(&threads).into_iter().flatten().flatten();
        let waits_in = |thread: fs::DirEntry| {
            fs::read_to_string(thread.path().join("wchan")).unwrap_or_default()
        };
        threads.map(waits_in).any(|call| call.contains("pipe_write"))
    };
    let started = Instant::now();
    while !is_held_up() && started.elapsed() < Duration::from_secs(1) {
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn input_that_is_not_utf8_is_repaired_sent_and_warned_about() {
    let (server, mut client) = joined_client();
    client.types_bytes(b"caf\xe9!\n");
    server.expect("小明 : caf\u{fffd}!");
    client.stderr.expect_error("warning: ", "isn't UTF-8");
    client.types_bytes(b"windows\r\n");
    server.expect("小明 : windows");
}
