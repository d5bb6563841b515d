//! Programs under `strace`, in which system calls fail or are written down.

use crate::common::{Program, command, skip};
use std::{env, process::Command};

/// Starts a program in which these system calls fail, for example
/// `sendto:error=ENETUNREACH:when=2`. Returns `None` where that can't be done.
#[track_caller]
pub fn failing(calls: &str, program: &Command) -> Option<Program> {
    strace(["/dev/null", &format!("inject={calls}")], program)
}

/// Starts a program and writes these system calls of it to the file `output`.
#[cfg(target_os = "linux")]
pub fn traced(calls: &str, output: &str, program: &Command) -> Option<Program> {
    strace([output, &format!("trace={calls}")], program)
}

/// The file with the system calls of a program.
#[cfg(target_os = "linux")]
pub fn calls_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap();
    format!("{}/calls-of-{name}", env!("CARGO_TARGET_TMPDIR"))
}

#[track_caller]
fn strace([output, what]: [&str; 2], program: &Command) -> Option<Program> {
    // -D: the program itself is our child, so it ends with its test.
    let options = ["-D", "-f", "-s", "2000", "-o", output, "-e", what];
    let mut trial = command("strace", &[&options[..], &["true"]].concat());
    if !trial.status().is_ok_and(|status| status.success()) {
        let on_ci = cfg!(target_os = "linux") && env::var_os("CI").is_some();
        assert!(!on_ci, "strace is needed here, because CI is set");
        skip("it needs strace");
        return None;
    }
    let mut strace = command("strace", &options);
    strace.arg(program.get_program()).args(program.get_args());
    Some(Program::start(strace))
}
