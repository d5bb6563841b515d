//! The command lines of the four programs.

mod common;

use assert_cmd::Command;
use common::{CLIENT, SERVER, TALK_CLIENT, TALK_SERVER};
use predicates::prelude::*;
use predicates::str::{contains, starts_with};

/// Each program with its usage and its default address.
const PROGRAMS: [(&str, &str, &str); 4] = [
    (SERVER, "Usage: server [ADDRESS]\n", "127.0.0.1:9999"),
    (CLIENT, "Usage: client [ADDRESS [NAME]]\n", "127.0.0.1:9999"),
    (TALK_SERVER, "Usage: talk-server [ADDRESS]\n", "127.0.0.1:8088"),
    (TALK_CLIENT, "Usage: talk-client [ADDRESS]\n", "127.0.0.1:8088"),
];

fn run(path: &str) -> Command {
    let mut command = Command::new(path);
    command.timeout(common::DEADLINE);
    command
}

#[test]
fn help_answers_on_standard_output() {
    for (path, usage, default) in PROGRAMS {
        for option in ["-h", "--help"] {
            let ran = run(path).arg(option).assert();
            ran.success()
                .stdout(contains(usage).and(contains(default)))
                .stderr("");
        }
    }
}

#[test]
fn an_option_or_an_argument_too_many_is_misuse() {
    for (path, usage, _) in PROGRAMS {
        let mut too_many = vec!["127.0.0.1:0"];
        if usage.contains("NAME") {
            too_many.push("小明");
        }
        too_many.push("surplus");
        for arguments in
            [&["-x"][..], &["--port"], &["127.0.0.1:0", "-V"], &too_many]
        {
            let named = *arguments.last().unwrap();
            let ran = run(path).args(arguments).assert();
            let error = starts_with("error: ")
                .and(contains(named))
                .and(contains(usage));
            ran.code(2).stdout("").stderr(error);
        }
    }
}

#[test]
fn what_is_no_host_and_port_is_misuse() {
    for (path, usage, _) in PROGRAMS {
        for address in [
            "",
            "localhost",
            "小明",
            "9999",
            "127.0.0.1:",
            "127.0.0.1:65536",
            ":9999",
            "[]:1",
            "a:b",
        ] {
            let error = format!("error: `{address}` is not HOST:PORT\n{usage}");
            let ran = run(path).arg(address).assert();
            ran.code(2).stdout("").stderr(starts_with(error));
        }
    }
}

#[test]
fn an_address_that_cannot_be_resolved_or_bound_is_named() {
    let one_line_about = |address: &'static str| {
        let one_line = contains("\n").count(1);
        starts_with("error: cannot ").and(contains(address)).and(one_line)
    };
    for (path, _, _) in PROGRAMS {
        for address in ["nobody..invalid:1", "not an address:1"] {
            let ran = run(path).arg(address).assert();
            ran.code(1).stdout("").stderr(one_line_about(address));
        }
    }
    for path in [SERVER, TALK_SERVER] {
        // TEST-NET-1 (RFC 5737): no machine has it.
        let ran = run(path).arg("192.0.2.1:9999").assert();
        ran.code(1).stdout("").stderr(one_line_about("192.0.2.1:9999"));
    }
}

#[test]
fn an_address_in_use_is_named() {
    let server = common::Server::start();
    let address = server.address.to_string();
    let ran = run(SERVER).arg(&address).assert();
    ran.code(1).stderr(starts_with(format!("error: cannot bind {address}: ")));
}

#[test]
fn an_address_may_have_a_full_width_colon_brackets_or_a_name() {
    for (address, bound) in [
        ("127.0.0.1：0", "127.0.0.1:"),
        ("localhost:0", "127.0.0.1:"), /* and not [::1], even where that
                                        * comes first */
        ("[127.0.0.1]:0", "127.0.0.1:"),
        ("[::1]:0", "[::1]:"),
        ("[::1]：0", "[::1]:"),
    ] {
        if bound.starts_with('[')
            && std::net::UdpSocket::bind("[::1]:0").is_err()
        {
            continue; // no IPv6 here
        }
        let mut server = common::Program::start(SERVER, &[address]);
        let first = server.stderr.next();
        assert!(
            first.starts_with(&format!("UDP Server on {bound}")),
            "{address}: {first}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_scope_in_brackets_is_resolved() {
    // Nobody has this address, but the loopback interface, number 1, is known
    // by its name.
    let ran = run(SERVER).arg("[fe80::1%lo]:9999").assert();
    ran.code(1).stderr(starts_with("error: cannot bind [fe80::1%1]:9999: "));
}

#[test]
fn a_name_that_breaks_the_limits_is_misuse() {
    for (name, why) in [("", "blank"), ("EXIT", "exit"), ("a : b", "contain")] {
        let ran = run(CLIENT).args(["127.0.0.1:9", name]).assert();
        let error =
            starts_with(format!("error: `{name}`: a name ")).and(contains(why));
        ran.code(2).stdout("").stderr(error.and(contains(PROGRAMS[1].1)));
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_unicode_are_no_reason_to_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for (path, _, _) in PROGRAMS {
        let ran = run(path).arg(OsStr::from_bytes(b"\xff:1")).assert();
        ran.code(1).stderr(starts_with("error: cannot resolve"));
        let ran = run(path).arg(OsStr::from_bytes(b"-\xff")).assert();
        ran.code(2).stderr(starts_with("error: "));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    for (path, _, _) in PROGRAMS {
        let full =
            std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(path);
        let run = command.arg("--help").stdout(full).output().unwrap();
        assert_eq!(run.status.code(), Some(1));
        let error = String::from_utf8_lossy(&run.stderr);
        assert!(
            error.starts_with("error: cannot write to standard output: "),
            "{error}"
        );
    }
}

#[test]
fn input_that_cannot_be_read_is_said_after_leaving() {
    // A directory can be opened, and not read.
    let Ok(folder) = std::fs::File::open(env!("CARGO_MANIFEST_DIR")) else {
        return; // Windows
    };
    let server = common::Peer::as_server();
    let mut command = std::process::Command::new(CLIENT);
    command.args([&server.address().to_string(), "小明"]).stdin(folder);
    let run = command.output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    let error = String::from_utf8_lossy(&run.stderr);
    assert!(
        error.starts_with("error: cannot read standard input: "),
        "{error}"
    );
    server.gets("小明");
    server.gets("小明 : exit");
}
