//! The command lines of the four programs.

use crate::common::*;
use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, starts_with};
use std::{fs::File, net::UdpSocket};

/// Each program with its usage and its default address.
const PROGRAMS: [(&str, &str, &str); 4] = [
    (SERVER, "Usage: server [ADDRESS]\n", "127.0.0.1:9999"),
    (CLIENT, "Usage: client [ADDRESS [NAME]]\n", "127.0.0.1:9999"),
    (TALK_SERVER, "Usage: talk-server [ADDRESS]\n", "127.0.0.1:8088"),
    (TALK_CLIENT, "Usage: talk-client [ADDRESS]\n", "127.0.0.1:8088"),
];

fn run(path: &str) -> Command {
    let mut command = Command::new(path);
    command.timeout(TIMEOUT);
    command
}

/// The program prints this error, nothing else, and ends with status 1.
#[track_caller]
fn expect_failure(path: &str, arguments: &[&str], start: &str, part: &str) {
    let mut program = Program::start(path, arguments);
    program.stderr.expect_error(start, part);
    program.expect_end(1);
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
        let mut command = command(path, &["--help"]);
        Program::spawn(command.stdout(closed_output())).expect_end(0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    for (path, _, _) in PROGRAMS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut help = Program::spawn(command(path, &["--help"]).stdout(full));
        help.stderr.expect_error(CANNOT_PRINT, "No space left");
        help.expect_end(1);
    }
}

#[test]
fn unknown_options_and_extra_arguments_are_usage_errors() {
    for (path, usage, _) in PROGRAMS {
        let name = if path == CLIENT { " 小明" } else { "" };
        let extra = format!("127.0.0.1:0{name} surplus");
        for arguments in ["-x", "--port", "127.0.0.1:0 -V", &extra] {
            let arguments: Vec<_> = arguments.split(' ').collect();
            let last = arguments.last().unwrap();
            let error = format!("error: unexpected argument `{last}`\n{usage}");
            let run = run(path).args(&arguments).assert();
            run.code(2).stdout("").stderr(starts_with(error));
        }
    }
}

#[test]
fn a_bad_address_is_one_line_with_status_1() {
    for (path, _, _) in PROGRAMS {
        let bad = "|localhost|小明|9999|127.0.0.1:|127.0.0.1:65536|a:b|\
            192.168.1.5：99999|no-such-host..invalid:1|not an address:1|a\x1bb";
        for address in bad.split('|') {
            let shown = address.replace('\x1b', "?");
            let start = format!("error: cannot use `{shown}` as HOST:PORT: ");
            expect_failure(path, &[address], &start, "");
        }
    }
}

/// The address is checked before the name and both before the welcome.
#[test]
fn a_bad_name_is_one_line_with_status_1() {
    for (name, why) in cases! {
        "" => "blank", "\t " => "blank", "EXIT" => "`exit`",
        "a :" => "end in ` :`", &*"x".repeat(129) => "at most 128 bytes",
    } {
        expect_failure(CLIENT, &["127.0.0.1:9", name], "error: a name ", why);
    }
    expect_failure(CLIENT, &["小明", ""], "error: cannot use `小明` as", "");
}

#[track_caller]
fn expect_bind_errors(address: &str) {
    for path in [SERVER, TALK_SERVER] {
        let start = format!("error: cannot bind {address}: ");
        expect_failure(path, &[address], &start, "(os error");
    }
}

#[test]
fn an_address_that_cannot_be_used_appears_in_the_error_message() {
    // TEST-NET-3 (RFC 5737): no machine has it.
    expect_bind_errors("203.0.113.1:9999");
    // This needs SO_BROADCAST, which an exercise sets in the client.
    let address = "255.255.255.255:9999";
    expect_failure(CLIENT, &[address], "error: ", address);
    let start = format!("error: cannot connect to {address}: ");
    expect_failure(TALK_CLIENT, &[address], &start, "");
}

#[test]
fn an_address_in_use_appears_in_the_error_message() {
    let server = Server::start();
    expect_bind_errors(&server.address.to_string());
}

#[test]
fn full_width_colons_brackets_and_host_names_are_accepted() {
    // `localhost` isn't [::1], although that often comes first.
    for (address, bound) in cases! {
        "127.0.0.1：0" => "127.0.0.1:", "localhost:0" => "127.0.0.1:",
        "[::1]:0" => "[::1]:", "[::1]：0" => "[::1]:",
    } {
        if bound.starts_with('[') && UdpSocket::bind("[::1]:0").is_err() {
            println!("skipped {address}: this machine has no IPv6");
            continue;
        }
        for path in [SERVER, TALK_SERVER] {
            let mut server = Program::start(path, &[address]);
            server.stderr.expect_error("UDP Server on ", bound);
        }
    }
}

#[test]
fn a_client_reaches_a_server_at_localhost() {
    let server = Peer::as_server();
    let address = format!("localhost:{}", server.address().port());
    let _client = Program::start(CLIENT, &[&address, "小明"]);
    server.expect("小明");
    let mut client = Program::start(TALK_CLIENT, &[&address]);
    server.expect_typed(&mut client, "hi", "hi");
}

/// If another program has a default port, the server's error names it as well.
#[test]
fn without_arguments_the_default_address_is_used() {
    for [server, client, default] in [
        [SERVER, CLIENT, "127.0.0.1:9999"],
        [TALK_SERVER, TALK_CLIENT, "127.0.0.1:8088"],
    ] {
        let mut server = Program::start(server, &[]);
        server.stderr.expect_error("", default);
        server.kill();
        let Ok(socket) = UdpSocket::bind(default) else {
            println!("skipped: another program has {default}");
            continue;
        };
        let peer = Peer::new(socket);
        let mut client = Program::start(client, &[]);
        peer.expect_typed(&mut client, "小明", "小明");
    }
}

#[cfg(unix)]
#[test]
fn non_unicode_arguments_do_not_panic() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    for (path, _, _) in PROGRAMS {
        let run_with = |bytes| run(path).arg(OsStr::from_bytes(bytes)).assert();
        let start = "error: cannot use `\u{fffd}` as HOST:PORT";
        run_with(b"\xff").code(1).stderr(starts_with(start));
        run_with(b"-\xff").code(2).stderr(starts_with("error: "));
    }
}

#[cfg(unix)]
#[test]
fn the_client_leaves_and_then_reports_unreadable_input() {
    // A directory can be opened, but not read.
    let folder = File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    let server = Peer::as_server();
    let mut client = Program::spawn(client_command(&server).stdin(folder));
    server.expect_each("小明|小明 : exit");
    client.stderr.expect_error("error: cannot read standard input: ", "(os");
    client.expect_end_unread(1);
}
