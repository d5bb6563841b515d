//! The programs of `src/guide`, built when a test needs them: `cargo test`
//! builds them by itself, but `cargo test --test NAME` doesn't.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::skip;

/// Builds the example `name` and returns its path. Without cargo (under Wine,
/// for example), says that the test is skipped and returns `None`.
#[track_caller]
pub fn build(name: &str) -> Option<PathBuf> {
    // The project's own programs are in TARGET/debug or TARGET/release.
    let folder = Path::new(env!("CARGO_BIN_EXE_server")).parent().unwrap();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(profile) => profile,
    };
    let built = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--quiet", "--color", "never", "--profile", profile])
        .args(["--example", name, "--target-dir"])
        .arg(folder.parent().unwrap())
        .output();
    if let Err(error) = built {
        skip(&format!("no cargo builds {name} ({error})"));
        return None;
    }
    let built = built.unwrap();
    let text = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{name} isn't built:\n{text}");
    let program = folder.join("examples").join(name);
    Some(program.with_extension(env::consts::EXE_EXTENSION))
}
