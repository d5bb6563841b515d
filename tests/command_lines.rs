//! The command lines of the four programs.

mod common;

use std::net::UdpSocket;

use assert_cmd::Command;
use common::expect_equal;
use common::{CLIENT, Peer, Program, SERVER, Server, TALK_CLIENT, TALK_SERVER};
use predicates::prelude::*;
use predicates::str::{contains, ends_with, starts_with};

/// Each program with its usage and its default address.
const PROGRAMS: [(&str, &str, &str); 4] = [
    (SERVER, "Usage: server [ADDRESS]\n", "127.0.0.1:9999"),
    (CLIENT, "Usage: client [ADDRESS [NAME]]\n", "127.0.0.1:9999"),
    (TALK_SERVER, "Usage: talk-server [ADDRESS]\n", "127.0.0.1:8088"),
    (TALK_CLIENT, "Usage: talk-client [ADDRESS]\n", "127.0.0.1:8088"),
];

fn run(path: &str) -> Command {
    let mut command = Command::new(path);
    command.timeout(common::TIMEOUT);
    command
}

/// One line on standard error that begins with `start` and contains `part`.
fn one_line(
    start: impl Into<String>,
    part: impl Into<String>,
) -> impl Predicate<str> {
    let is_one_line = contains("\n").count(1).and(ends_with("\n"));
    starts_with(start.into()).and(contains(part.into())).and(is_one_line)
}

#[test]
fn help_goes_to_stdout_with_status_0() {
    for (path, usage, default) in PROGRAMS {
        for option in ["-h", "--help"] {
            let help = starts_with(usage).and(contains(default));
            run(path).arg(option).assert().success().stdout(help).stderr("");
        }
    }
}

#[cfg(unix)]
#[test]
fn help_with_a_closed_stdout_ends_with_status_0() {
    for (path, _, _) in PROGRAMS {
        let mut command = common::command(path, &["--help"]);
        let command = command.stdout(common::closed_output());
        Program::spawn(command).expect_end(0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    for (path, _, _) in PROGRAMS {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut command = common::command(path, &["--help"]);
        let mut program = Program::spawn(command.stdout(full.unwrap()));
        let error = "error: cannot write to standard output: ";
        program.stderr.expect_error(error, "No space left");
        program.expect_end(1);
    }
}

#[test]
fn unknown_options_and_extra_arguments_are_usage_errors() {
    for (path, usage, _) in PROGRAMS {
        let mut extra = vec!["127.0.0.1:0"];
        if usage.contains("NAME") {
            extra.push("小明");
        }
        extra.push("surplus");
        for arguments in
            [&["-x"][..], &["--port"], &["127.0.0.1:0", "-V"], &extra]
        {
            let last = *arguments.last().unwrap();
            let error = format!("error: unexpected argument `{last}`\n{usage}");
            let run = run(path).args(arguments).assert();
            run.code(2).stdout("").stderr(starts_with(error));
        }
    }
}

#[test]
fn a_bad_address_is_one_line_with_status_1() {
    for (path, _, _) in PROGRAMS {
        for address in [
            "",
            "localhost",
            "小明",
            "9999",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "a:b",
            "192.168.1.5：99999",
            "no-such-host..invalid:1",
            "not an address:1",
        ] {
            let start = format!(
                "error: `{address}` isn't an address \
                 (HOST:PORT, for example 127.0.0.1:9999): "
            );
            let run = run(path).arg(address).assert();
            run.code(1).stdout("").stderr(one_line(start, ""));
        }
    }
}

/// The address is checked before the name and both before the welcome.
#[test]
fn a_bad_name_is_one_line_with_status_1() {
    for (name, why) in [
        ("", "blank"),
        ("\t ", "blank"),
        ("EXIT", "`exit`"),
        ("a : b", "contain ` : `"),
        ("a :", "end in ` :`"),
        (&*"x".repeat(129), "at most 128 bytes"),
    ] {
        let run = run(CLIENT).args(["127.0.0.1:9", name]).assert();
        run.code(1).stdout("").stderr(one_line("error: a name ", why));
    }
    let run = run(CLIENT).args(["小明", ""]).assert();
    run.code(1).stdout("").stderr(one_line("error: `小明` isn't", ""));
}

#[test]
fn an_address_that_cannot_be_used_appears_in_the_error_message() {
    for path in [SERVER, TALK_SERVER] {
        // TEST-NET-3 (RFC 5737): no machine has it.
        let run = run(path).arg("203.0.113.1:9999").assert();
        let start = "error: cannot bind 203.0.113.1:9999: ";
        run.code(1).stdout("").stderr(one_line(start, "(os error"));
    }
    // The limited broadcast address, without SO_BROADCAST. In an exercise, the
    // client looks for a server there.
    let address = "255.255.255.255:9999";
    for (path, start) in [
        (CLIENT, "error: "),
        (TALK_CLIENT, "error: cannot connect to 255.255.255.255:9999: "),
    ] {
        let run = run(path).arg(address).assert();
        run.code(1).stdout("").stderr(one_line(start, address));
    }
}

#[test]
fn an_address_in_use_appears_in_the_error_message() {
    let server = Server::start();
    let address = server.address.to_string();
    for path in [SERVER, TALK_SERVER] {
        let run = run(path).arg(&address).assert();
        let start = format!("error: cannot bind {address}: ");
        run.code(1).stdout("").stderr(one_line(start, "(os error"));
    }
}

#[test]
fn full_width_colons_brackets_and_host_names_are_accepted() {
    for (address, bound) in [
        ("127.0.0.1：0", "127.0.0.1:"),
        // Not [::1], although that often comes first.
        ("localhost:0", "127.0.0.1:"),
        ("[::1]:0", "[::1]:"),
        ("[::1]：0", "[::1]:"),
    ] {
        if bound.starts_with('[') && UdpSocket::bind("[::1]:0").is_err() {
            println!("skipped {address}: this machine has no IPv6");
            continue;
        }
        for path in [SERVER, TALK_SERVER] {
            let mut server = Program::start(path, &[address]);
            let start = format!("UDP Server on {bound}");
            server.stderr.expect_error(&start, "...");
        }
    }
}

/// The clients, too, take the IPv4 address of `localhost`.
#[test]
fn a_client_reaches_a_server_at_localhost() {
    let server = Peer::as_server();
    let address = format!("localhost:{}", server.address().port());
    let _client = Program::start(CLIENT, &[&address, "小明"]);
    server.expect("小明");
    let mut client = Program::start(TALK_CLIENT, &[&address]);
    client.types("hi");
    server.expect("hi");
}

/// Only one test may use the default ports. If another program has one, the
/// server's error still names the default address.
#[test]
fn without_arguments_the_default_address_is_used() {
    for [server, client, default] in [
        [SERVER, CLIENT, "127.0.0.1:9999"],
        [TALK_SERVER, TALK_CLIENT, "127.0.0.1:8088"],
    ] {
        let mut server = Program::start(server, &[]);
        let first = server.stderr.next_line();
        let error = format!("error: cannot bind {default}: ");
        if !first.starts_with(&error) {
            expect_equal(
                "at start",
                first,
                format!("UDP Server on {default}..."),
            );
        }
        server.kill();
        let Ok(socket) = UdpSocket::bind(default) else {
            println!("skipped: another program has {default}");
            continue;
        };
        let peer = Peer::new(socket);
        let mut client = Program::start(client, &[]);
        client.types("小明");
        peer.expect("小明");
    }
}

#[cfg(unix)]
#[test]
fn non_unicode_arguments_do_not_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for (path, _, _) in PROGRAMS {
        let run_with = |bytes| run(path).arg(OsStr::from_bytes(bytes)).assert();
        run_with(b"\xff").code(1).stderr(one_line("error: `\u{fffd}`", ""));
        run_with(b"-\xff").code(2).stderr(starts_with("error: "));
    }
}

#[cfg(unix)]
#[test]
fn the_client_leaves_and_then_reports_unreadable_input() {
    // A directory can be opened, but not read.
    let folder = std::fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    let server = Peer::as_server();
    let address = server.address().to_string();
    let mut command = common::command(CLIENT, &[&address, "小明"]);
    let mut client = Program::spawn(command.stdin(folder));
    server.expect("小明");
    server.expect("小明 : exit");
    let error = "error: cannot read standard input: ";
    client.stderr.expect_error(error, "(os error");
    client.expect_status(1);
    expect_equal("standard error", client.stderr.read_to_end(), "");
}
