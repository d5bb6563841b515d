//! The command lines of the four programs.

use std::time::Duration;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, starts_with};

/// Each program with its usage and its default address.
const PROGRAMS: [(&str, &str, &str); 4] = [
    (
        env!("CARGO_BIN_EXE_server"),
        "Usage: server [ADDRESS]\n",
        "127.0.0.1:9999",
    ),
    (
        env!("CARGO_BIN_EXE_client"),
        "Usage: client [ADDRESS [NAME]]\n",
        "127.0.0.1:9999",
    ),
    (
        env!("CARGO_BIN_EXE_talk-server"),
        "Usage: talk-server [ADDRESS]\n",
        "127.0.0.1:8088",
    ),
    (
        env!("CARGO_BIN_EXE_talk-client"),
        "Usage: talk-client [ADDRESS]\n",
        "127.0.0.1:8088",
    ),
];

fn run(path: &str) -> Command {
    let mut command = Command::new(path);
    command.timeout(Duration::from_secs(20));
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
fn version_answers_on_standard_output() {
    for (path, usage, _) in PROGRAMS {
        let name = usage.split(' ').nth(1).unwrap();
        for option in ["-V", "--version"] {
            let ran = run(path).arg(option).assert();
            ran.success()
                .stdout(format!("{name} {}\n", env!("CARGO_PKG_VERSION")))
                .stderr("");
        }
    }
}

#[test]
fn an_unknown_option_is_named_with_the_usage() {
    for (path, usage, _) in PROGRAMS {
        for option in ["-x", "--port", "--helping", "-hV"] {
            let ran = run(path).arg(option).assert();
            ran.code(2).stdout("").stderr(
                starts_with("error: ")
                    .and(contains(option.to_owned()))
                    .and(contains(usage)),
            );
        }
    }
}

#[test]
fn too_many_arguments_are_named_with_the_usage() {
    for (path, usage, _) in PROGRAMS {
        let mut arguments = vec!["127.0.0.1:0"];
        if usage.contains("NAME") {
            arguments.push("小明");
        }
        arguments.push("surplus");
        let ran = run(path).args(arguments).assert();
        ran.code(2).stdout("").stderr(
            starts_with("error: ")
                .and(contains("surplus"))
                .and(contains(usage)),
        );
    }
}

#[test]
fn an_address_that_does_not_resolve_is_named() {
    for (path, _, _) in PROGRAMS {
        for address in [
            "",
            "localhost",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "nobody.invalid:1",
        ] {
            let ran = run(path).arg(address).assert();
            ran.code(1).stdout("").stderr(
                starts_with("error: ")
                    .and(contains(address.to_owned()))
                    .and(contains("\n").count(1)),
            );
        }
    }
}

#[test]
fn an_address_that_cannot_be_bound_is_named() {
    // TEST-NET-1 (RFC 5737): no machine has it.
    for path in [PROGRAMS[0].0, PROGRAMS[2].0] {
        let ran = run(path).arg("192.0.2.1:9999").assert();
        ran.code(1)
            .stdout("")
            .stderr(starts_with("error: ").and(contains("192.0.2.1:9999")));
    }
}

#[test]
fn a_name_that_cannot_be_is_named() {
    let client = PROGRAMS[1].0;
    for name in ["", "exit", "a : b"] {
        let ran = run(client).args(["127.0.0.1:9", name]).assert();
        ran.code(2)
            .stdout("")
            .stderr(starts_with("error: ").and(contains(format!("`{name}`"))));
    }
}

#[test]
fn after_two_dashes_nothing_is_an_option() {
    let client = PROGRAMS[1].0;
    for name in ["-x", "-h", "--help", "-V", "--version", "--"] {
        let ran = run(client)
            .args(["127.0.0.1:9", "--", name])
            .write_stdin("")
            .assert();
        ran.code(1).stdout(contains(format!(
            "\n-----------------{name}------------------\n"
        )));
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_unicode_are_no_reason_to_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for (path, _, _) in PROGRAMS {
        let ran = run(path).arg(OsStr::from_bytes(b"\xff:1")).assert();
        ran.code(1).stderr(starts_with("error: "));
        let ran = run(path).arg(OsStr::from_bytes(b"-\xff")).assert();
        ran.code(2).stderr(starts_with("error: unknown option"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    use std::fs::File;
    use std::process::Command;

    for (path, _, _) in PROGRAMS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = Command::new(path)
            .arg("--help")
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&run.stderr).starts_with("error: cannot write"));
    }
}

#[test]
fn the_whole_session_through_a_pipe() {
    let mut chat = run(PROGRAMS[1].0);
    chat.arg("127.0.0.1:9").write_stdin("小明\n大家好\nexit\n");
    chat.assert()
        .code(1)
        .stdout(
            "-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----\n\
             请输入你的名称:-----------------小明------------------\n",
        )
        .stderr("error: no server answers at 127.0.0.1:9\n");
}
