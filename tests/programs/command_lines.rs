//! The command lines of the four programs.

use assert_cmd::{Command, assert::Assert};
use predicates::prelude::*;
use predicates::str::{contains, ends_with, starts_with};

use crate::common::*;
use std::{ffi::OsStr, net::UdpSocket};

/// Each program with its usage and its default address.
const PROGRAMS: [(&str, &str, &str); 4] = [
    (SERVER, "Usage: server [ADDRESS]\nRelays ", "127.0.0.1:9999"),
    (CLIENT, "Usage: client [ADDRESS [NAME]]\nSends ", "127.0.0.1:9999"),
    (TALK_SERVER, "Usage: talk-server [ADDRESS]\nReceives ", "127.0.0.1:8088"),
    (TALK_CLIENT, "Usage: talk-client [ADDRESS]\nAsks you ", "127.0.0.1:8088"),
];

fn run(path: &str, arguments: &[impl AsRef<OsStr>]) -> Assert {
    let mut command = Command::from_std(command(path, &[]));
    command.args(arguments).timeout(TIMEOUT).assert()
}

/// The program prints one line on standard error, which begins with the first
/// of these parts and contains the others, and exits with status 1.
#[track_caller]
fn expect_error(path: &str, arguments: &[&str], parts: &[&str]) {
    let run = run(path, arguments).code(1).stdout("");
    let run = run.stderr(contains("\n").count(1).and(starts_with(parts[0])));
    parts.iter().fold(run, |run, part| run.stderr(contains(*part)));
}

#[test]
fn help_goes_to_stdout_with_status_0() {
    for (path, usage, default) in PROGRAMS {
        for arguments in [&["-h"][..], &["--help"], &["127.0.0.1:9", "--help"]]
        {
            let default = format!("by default {default}.\n");
            let help = starts_with(usage).and(ends_with(default));
            let leave = if path == CLIENT { "type EXIT." } else { "" };
            let run = run(path, arguments).success().stderr("");
            run.stdout(help.and(contains(leave)));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_on_a_closed_output_is_no_error_but_on_a_full_disk_it_is() {
    for (path, _, _) in PROGRAMS {
        let mut help = command(path, &["--help"]);
        let mut program = Program::start(help.stdout(closed_output()));
        program.expect_status(0).expect_rest("", "");
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut program = Program::start(help.stdout(full.unwrap()));
        let error = "error: cannot write to standard output: ";
        program.stderr.expect_line_with(error, "No space left");
        program.expect_status(1).expect_rest("", "");
    }
}

#[test]
fn unknown_options_and_extra_arguments_are_usage_errors() {
    for (path, usage, _) in PROGRAMS {
        // An argument too many, of two or three.
        let surplus = &["127.0.0.1:0", "小明", "surplus"];
        let surplus = &surplus[if path == CLIENT { 0 } else { 1 }..];
        for (arguments, wrong) in [
            (&["-\x1b"][..], "-?"),
            (&["-", "--help"], "-"),
            (&["127.0.0.1:0", "--port"], "--port"),
            (surplus, "surplus"),
            (&["--"], "--"),
        ] {
            let error =
                format!("error: unexpected argument `{wrong}`\n{usage}");
            let run = run(path, arguments).code(2).stdout("");
            run.stderr(starts_with(error));
        }
    }
}

#[test]
fn a_client_takes_a_host_name_and_sanitizes_its_name() {
    let server = Peer::as_server();
    let address = format!("localhost:{}", server.address().port());
    let arguments = [&*address, " 小\t明\u{1b} "];
    let _client = Program::start(command(CLIENT, &arguments));
    server.expect("小 明?");
}

/// The address is checked before the name and both before the welcome.
#[test]
fn a_bad_address_or_name_is_one_line_with_status_1() {
    for name in ["", "\t ", "EXIT", "a :", &"x".repeat(129)] {
        expect_error(CLIENT, &["127.0.0.1:9", name], &["error: a name "]);
    }
    expect_error(CLIENT, &["小明", ""], &["error: ", "`小明`"]);
    for (path, _, _) in PROGRAMS {
        for address in [
            "", "localhost", "小明", "9999", "127.0.0.1:", "127.0.0.1:65536",
            "a:b", "192.168.1.5：99999", "no-such-host..invalid:1",
            "not an address:1", "a\x1bb",
        ] {
            let shown = format!("`{}`", address.replace('\x1b', "?"));
            expect_error(path, &[address], &["error: ", &shown, "HOST:PORT"]);
        }
    }
}

#[test]
fn an_address_that_cannot_be_used_appears_in_the_error_message() {
    let used = Server::start();
    // Interface 1, the loopback, doesn't have the first address.
    for address in ["[fe80::2%1]:9999", &used.address.to_string()] {
        let start = format!("error: cannot bind {address}: ");
        expect_error(SERVER, &[address], &[&start, "(os error"]);
        expect_error(TALK_SERVER, &[address], &[&start, "(os error"]);
    }
    // This needs SO_BROADCAST, which an exercise sets in the client. Then the
    // client may print its welcome before the error.
    let address = "255.255.255.255:9999";
    let start = format!("error: cannot connect to {address}: ");
    expect_error(TALK_CLIENT, &[address], &[&start]);
    let run = run(CLIENT, &[address, "小明"]).code(1);
    run.stderr(contains("\n").count(1)).stderr(contains(address));
}

#[test]
fn full_width_colons_brackets_and_host_names_are_accepted() {
    for (address, bound) in [
        ("127.0.0.1：0", "127.0.0.1:"),
        ("localhost:0", "127.0.0.1:"),
        ("[：：1]：0", "[::1]:"),
    ] {
        if bound.starts_with('[') && UdpSocket::bind("[::1]:0").is_err() {
            skip(&format!("this machine has no IPv6 for {address}"));
            continue;
        }
        for path in [SERVER, TALK_SERVER] {
            let mut server = Program::start(command(path, &[address]));
            server.stderr.expect_line_with("UDP Server on ", bound);
        }
    }
}

/// If another program has a default port, the server's error names it as well.
#[test]
fn without_arguments_the_default_address_is_used() {
    for [server, client, default] in [
        [SERVER, CLIENT, "127.0.0.1:9999"],
        [TALK_SERVER, TALK_CLIENT, "127.0.0.1:8088"],
    ] {
        let mut server = Program::start(command(server, &[]));
        server.stderr.expect_line_with("", default);
        server.kill();
        let Ok(socket) = UdpSocket::bind(default) else {
            skip(&format!("another program has {default}"));
            continue;
        };
        let peer = Peer::new(socket);
        let mut client = Program::start(command(client, &[]));
        peer.expect_typed(&mut client, "小明", "小明");
    }
}

#[cfg(unix)]
#[test]
fn non_unicode_arguments_do_not_panic() {
    use std::os::unix::ffi::OsStrExt;

    for (path, _, _) in PROGRAMS {
        for (bytes, status) in [(&b"\xff"[..], 1), (b"-\xff", 2)] {
            let run = run(path, &[OsStr::from_bytes(bytes)]).code(status);
            let error = starts_with("error: ").and(contains("\u{fffd}`"));
            run.stdout("").stderr(error);
        }
    }
}
