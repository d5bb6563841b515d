//! The client's rules, one by one, through the real program. The numbers are
//! those of the client's rules in `src/guide/protocol.md`.

use crate::common::*;
use std::net::{SocketAddr, UdpSocket};
use std::{fs, io::Read, process::ChildStdout, thread, time::Duration};

/// A client with a socket in the server's place. Without a name, it asks.
fn client(name: &[&str]) -> (Peer, Program) {
    let server = Peer::as_server();
    let address = server.address().to_string();
    let client = Program::start(CLIENT, &[&[&*address], name].concat());
    (server, client)
}

/// A client called 小明 that has joined.
fn joined_client() -> (Peer, Program) {
    let (server, mut client) = client(&["小明"]);
    server.expect("小明");
    client.stdout.expect_line(WELCOME);
    client.stdout.expect_line(&banner("小明"));
    (server, client)
}

#[test]
fn rules_1_to_3_the_screen_matches_the_articles_client() {
    let (server, mut client) = client(&[]);
    client.stdout.expect_line(WELCOME);
    server.expect_typed(&mut client, "小明", "小明");
    client.stdout.expect_line(&(NAME_PROMPT.to_owned() + &banner("小明")));
    server.expect_printed(&mut client, "小红 : 你好", "小红 : 你好");
    server.expect_typed(&mut client, "exit", "小明 : exit");
    client.expect_end(0);
}

#[test]
fn rule_2_an_invalid_name_is_asked_for_again() {
    let (server, mut client) = client(&[]);
    for (bad, why) in cases! {
        &*"名".repeat(43) => "at most 128 bytes", "" => "blank",
        "  \t" => "blank", "a\t:\tb" => "contain ` : `", "a :" => "end in ` :`",
    } {
        client.types(bad);
        client.stderr.expect_error("error: a name ", why);
    }
    server.expect_typed(&mut client, "  小\u{7}\t明 ", "小? 明");
    client.stdout.expect_line(WELCOME);
    client.stdout.expect_line(&(NAME_PROMPT.repeat(6) + &banner("小? 明")));
}

#[test]
fn rule_2_a_name_on_the_command_line_is_trimmed_and_sanitized() {
    let (server, mut client) = client(&[" 小\t明\u{1b} "]);
    server.expect("小 明?");
    client.stdout.expect_line(WELCOME);
    client.stdout.expect_line(&banner("小 明?"));
    server.expect_typed(&mut client, "hi", "小 明? : hi");
}

#[test]
fn rule_2_the_prompt_is_flushed_before_the_input() {
    let address = ports::unused_address().to_string();
    let mut command = command(CLIENT, &[&address]);
    let (_client, stdout) = Program::spawn_unread(&mut command);
    // The prompt has no line ending, so it ends with its last byte.
    let size = WELCOME.len() + "\n".len() + NAME_PROMPT.len();
    let mut screen = Lines::from_reader(stdout.unwrap().take(size as u64));
    screen.expect_line(WELCOME);
    screen.expect_line(NAME_PROMPT);
}

#[test]
fn rule_2_exit_or_end_of_input_at_the_name_prompt_ends_with_status_0() {
    for (input, rest) in cases! {
        "EXIT\n" => "", " exit\n" => "", "" => "\n", " \neXiT\n" => NAME_PROMPT,
    } {
        let (server, mut client) = client(&[]);
        client.types_only(input);
        let screen = client.stdout.read_to_end();
        let expected = format!("{WELCOME}\n{NAME_PROMPT}{rest}");
        expect_equal(&format!("{input:?} is typed"), screen, expected);
        client.expect_status(0);
        server.expect_empty_queue();
    }
}

#[test]
fn rule_3_the_banner_comes_before_the_join() {
    let (server, mut client) = client(&["小明"]);
    server.expect("小明");
    client.kill();
    let expected = format!("{WELCOME}\n{}\n", banner("小明"));
    let printed = client.stdout.read_to_end();
    expect_equal("printed before the join", printed, expected);
}

#[test]
fn rule_4_datagrams_from_other_addresses_are_ignored() {
    let (server, mut client) = joined_client();
    Peer::stranger_to(server.partner()).sends("小红 : 假的");
    server.expect_printed(&mut client, "小红 : 真的", "小红 : 真的");
}

/// A client that binds a loopback address reaches no other machine.
#[test]
fn rule_4_the_client_binds_an_unspecified_address() {
    for (any, elsewhere) in cases! {
        "0.0.0.0:0" => "192.0.2.1:9", "[::]:0" => "[2001:db8::1]:9",
    } {
        let lan = UdpSocket::bind(any).and_then(|probe| {
            probe.connect(elsewhere)?; // sends nothing
            Ok(probe.local_addr()?.ip())
        });
        let Ok(lan) = lan else {
            println!("skipped {any}: this machine has no LAN address");
            continue;
        };
        let server = Peer::as_server_at((lan, 0).into());
        let _client = Program::client(server.address(), "小明");
        server.expect("小明");
        expect_equal("the client's address", server.partner().ip(), lan);
    }
}

#[test]
fn rule_5_a_blank_line_is_not_sent() {
    let (server, mut client) = joined_client();
    let typed = "\n   \n\t\n\u{3000}\n  a\tb  ";
    server.expect_typed(&mut client, typed, "小明 :   a b  ");
}

#[test]
fn rule_5_a_long_line_is_split_without_loss() {
    let (server, mut client) = joined_client();
    let fits = "x".repeat(1024 - "小明 : ".len());
    for line in [&*fits, &"a好🐼".repeat(1000), &format!("{fits}exit")] {
        client.types(line);
        let mut received = String::new();
        while received.len() < line.len() {
            let payload = server.next_text();
            let size = payload.len();
            assert!(size <= 1024, "expected: at most 1024\nreceived: {size}");
            let text = payload.strip_prefix("小明 : ");
            received += text.unwrap_or_else(|| panic!("no name: {payload}"));
        }
        expect_equal("a long line", received, line);
    }
    server.expect_typed(&mut client, "short", "小明 : short");
}

#[test]
fn rule_6_exit_typed_in_upper_case_is_sent_in_lower_case() {
    for leave in ["exit", "EXIT", "  eXiT "] {
        let (server, mut client) = joined_client();
        server.expect_typed(&mut client, "an exit", "小明 : an exit");
        server.expect_typed(&mut client, leave, "小明 : exit");
        client.expect_end(0);
    }
}

#[test]
fn rule_6_the_end_of_input_leaves() {
    let (server, mut client) = joined_client();
    client.types_only("没有换行");
    server.expect_each("小明 : 没有换行|小明 : exit");
    client.expect_end(0);
}

#[test]
fn rule_7_each_datagram_is_printed_as_one_sanitized_line() {
    let (server, mut client) = joined_client();
    for (payload, printed) in cases! {
        &b"plain"[..] => "plain", b"netcat\n" => "netcat",
        "小红 : 你好\t\t🐼".as_bytes() => "小红 : 你好  🐼",
        b"\x1b[2Jcleared\x07" => "?[2Jcleared?",
        b"two\nlines\rand\0" => "two?lines?and?",
        b"bad \xff\xe5\xa5 bytes" => "bad \u{fffd}\u{fffd} bytes",
        "\u{9b}31m\u{202e}\u{2028}".as_bytes() => "?31m??",
    } {
        server.expect_printed(&mut client, payload, printed);
    }
    server.sends_each("| |\n|\t\r\n|\u{3000}");
    let long = "x".repeat(LONGEST_PAYLOAD);
    server.expect_printed(&mut client, &long, &long);
}

#[test]
fn rule_7_the_client_leaves_when_stdout_is_closed() {
    let (server, mut client) = joined_client();
    client.stdout.close();
    // The pipe is closed after the first of these lines.
    let left = (0..400).find_map(|_| {
        server.sends("小红 : 你好");
        server.next_payload_within(Duration::from_millis(50))
    });
    expect_equal("sent", left.as_deref(), Some("小明 : exit"));
    client.expect_status(0);
}

/// Either the write of the welcome fails or that of the banner.
#[test]
fn rule_7_a_welcome_that_cannot_be_printed_is_an_error() {
    for write in ["1", "2"] {
        let server = Peer::as_server();
        let failing = ["write", "ENOSPC", write];
        let Some(mut client) = failing_client(&server, failing) else { return };
        client.stderr.expect_error(CANNOT_PRINT, "No space left");
        client.expect_end_unread(1);
        server.expect_empty_queue();
    }
}

/// The disk is full after the banner: the file may have 1024 bytes at most.
#[cfg(target_os = "linux")]
#[test]
fn rule_7_the_client_leaves_and_reports_a_full_disk() {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/full-disk");
    let file = fs::File::create(path).unwrap();
    let server = Peer::as_server();
    let address = server.address().to_string();
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let arguments = ["-c", limited, "sh", CLIENT, &address, "小明"];
    let mut client = Program::spawn(command("sh", &arguments).stdout(file));
    server.expect("小明");
    (0..3).for_each(|_| server.sends("x".repeat(1000)));
    server.expect("小明 : exit");
    client.stderr.expect_error(CANNOT_PRINT, "File too large");
    client.expect_status(1);
}

/// Checks that the client reports this many refusals ("port unreachable").
#[track_caller]
fn expect_refusals(client: &mut Program, address: SocketAddr, many: usize) {
    let start = format!("error: cannot reach {address}: ");
    let reason = if cfg!(windows) { "" } else { "Connection refused (os" };
    for _ in 0..many {
        client.stderr.expect_error(&start, reason);
    }
}

#[test]
fn rule_8_each_refusal_prints_one_error_and_the_client_continues() {
    let address = ports::unused_address();
    let mut client = Program::client(address, "小明");
    // The refusal of the join is reported first. That of the leave may come too
    // late.
    for line in ["one", "two", "three", "exit"] {
        expect_refusals(&mut client, address, 1);
        client.types(line);
    }
    let rest = client.stderr.read_to_end();
    assert!(rest.lines().count() <= 1, "expected: one line\nreceived: {rest}");
    client.expect_status(0);
}

#[test]
fn rule_8_leaving_early_still_ends_with_status_0() {
    for input in ["", "exit\n", "hi\n", "one\ntwo\nexit\n"] {
        let mut client = Program::client(ports::unused_address(), "小明");
        client.types_only(input);
        client.expect_status(0);
    }
}

#[test]
fn rule_8_a_server_started_later_gets_the_next_line() {
    let address = ports::unused_address();
    let mut client = Program::client(address, "小明");
    expect_refusals(&mut client, address, 1);
    let server = Peer::as_server_at(address);
    server.expect_typed(&mut client, "有人吗", "小明 : 有人吗");
    server.expect_typed(&mut client, "exit", "小明 : exit");
    client.expect_end_unread(0);
}

/// The next call reports the refusal. Here, that is the main thread's `send`.
#[cfg_attr(windows, ignore = "Windows reports errors to recv only")]
#[test]
fn rule_8_an_earlier_refusal_reported_by_send_loses_no_line() {
    let server = Peer::as_server_at(ports::unused_address());
    let address = server.address();
    let (mut client, _stdout) = held_up_client(&server);
    drop(server);
    ports::wait_until_refused(address);
    // The first line is refused. Sending the second reports that, sends it
    // again and is refused again, and the third likewise.
    client.types("one\ntwo\nthree");
    expect_refusals(&mut client, address, 2);
    let server = Peer::as_server_at(address);
    server.expect_typed(&mut client, "received", "小明 : received");
}

/// The join, the line and the leave fail, and so does each second try.
#[test]
fn rule_8_a_send_that_fails_twice_prints_one_error() {
    let server = Peer::as_server();
    let failing = ["sendto", "ENETUNREACH", "1+"];
    let Some(mut client) = failing_client(&server, failing) else { return };
    client.types("在吗\nexit");
    let error = format!("error: cannot reach {}: ", server.address());
    (0..3).for_each(|_| client.stderr.expect_error(&error, "unreachable"));
    client.expect_end_unread(0);
    server.expect_empty_queue();
}

#[test]
fn a_line_is_sent_while_the_output_is_held_up() {
    let server = Peer::as_server();
    let (mut client, _stdout) = held_up_client(&server);
    server.expect_typed(&mut client, "还在", "小明 : 还在");
    server.expect_typed(&mut client, "还好", "小明 : 还好");
}

/// A client called 小明 whose receive thread waits in a `write` to a full pipe.
/// Linux tells that. Elsewhere, a second must be enough.
fn held_up_client(server: &Peer) -> (Program, Option<ChildStdout>) {
    let (client, stdout) = Program::spawn_unread(&mut client_command(server));
    server.expect("小明");
    (0..150).for_each(|_| server.sends("x".repeat(1000)));
    let threads = format!("/proc/{}/task", client.child.id());
    let is_held_up = |_| {
        thread::sleep(Duration::from_millis(5));
        let threads = fs::read_dir(&threads).into_iter().flatten().flatten();
        let calls = threads.map(|t| fs::read_to_string(t.path().join("wchan")));
        calls.flatten().any(|call| call.contains("pipe_write"))
    };
    (0..200).any(is_held_up);
    (client, stdout)
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
