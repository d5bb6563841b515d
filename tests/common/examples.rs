//! The programs that `cargo run --example NAME` starts.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::SERVER;

/// Building an example may compile what the tests depend on first.
const BUILD_DEADLINE: Duration = Duration::from_secs(300);

/// Builds the example and returns the path of its program, or `None` if there
/// is no cargo. `cargo test --test NAME` doesn't build the examples.
pub fn example(name: &str) -> Option<PathBuf> {
    // The examples are in a folder beside our own programs.
    let folder = Path::new(SERVER).parent().unwrap();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        profile => profile,
    };
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let mut cargo = Command::new(cargo);
    cargo.args(["build", "--quiet", "--profile", profile, "--example", name]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    let Ok(mut build) = cargo.spawn() else {
        eprintln!("skipped: there is no cargo to build the example {name}");
        return None;
    };
    let started = Instant::now();
    let status = loop {
        if let Some(status) = build.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > BUILD_DEADLINE {
            let _ = build.kill();
            panic!("cargo is still building {name}");
        }
        thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "cargo can't build the example {name}");
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    Some(folder.join("examples").join(file))
}
