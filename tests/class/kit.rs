//! The teachers' scripts. The slow tests are ignored; this runs them, which
//! takes some minutes:
//!
//! ```sh
//! cargo test --test kit -- --ignored
//! ```

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a script of this folder. Without bash, says that the test is skipped.
fn script(name: &str, arguments: &[&str], path: &str) -> Option<Output> {
    let script = Path::new(ROOT).join("tests/class").join(name);
    let mut bash = Command::new("bash");
    // The script looks for its tools in this PATH, we look for bash in ours.
    let start = "export PATH=$1 && exec \"$BASH\" \"${@:2}\"";
    bash.args(["-c", start, "bash"]);
    let output = bash.arg(path).arg(script).args(arguments).output();
    if output.is_err() {
        println!("skipped: there is no bash here");
    }
    output.ok()
}

fn path() -> String {
    env::var("PATH").unwrap()
}

/// A new folder for a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(path: PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[track_caller]
fn check_error(output: Option<Output>, expected: &str) {
    let Some(output) = output else { return };
    let error = String::from_utf8_lossy(&output.stderr);
    let is_right = output.status.code() == Some(1) && output.stdout.is_empty();
    assert!(
        is_right && error.contains(expected),
        "expected: exit status 1, error {expected:?}\nreceived: {output:?}"
    );
}

#[test]
fn wrong_arguments_are_refused() {
    for name in ["grade.sh", "handout.sh"] {
        check_error(script(name, &[], &path()), "error: usage: ");
        check_error(script(name, &["a", "b", "c"], &path()), "error: usage: ");
    }
    check_error(script("handout.sh", &[ROOT], &path()), "exists already");
    if cfg!(target_os = "linux") {
        check_error(script("grade.sh", &["a"], "/none"), "this needs cargo");
        let missing = format!("{ROOT}/missing");
        let output = script("grade.sh", &[&missing], &path());
        check_error(output, "error: no folder ");
    }
}

#[test]
#[ignore = "slow: builds, tests, documents and lints the students' copy"]
fn the_students_copy_passes_its_own_checks() {
    let target = folder("handout").join("the students' copy");
    let arguments = [target.to_str().unwrap()];
    let Some(output) = script("handout.sh", &arguments, &path()) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let build = folder("handout-target");
    for check in [".ci/run", "cargo test --no-run --test lab --test exercises"]
    {
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(check).env("CARGO_TARGET_DIR", &build);
        let output = bash.current_dir(&target).output().unwrap();
        assert!(output.status.success(), "{check}: {output:#?}");
    }
    fs::remove_dir_all(build).unwrap();
}

const ASK: &str = r#"
use std::{env, io, net::UdpSocket, process, time::Duration};
fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    println!("port {}", socket.local_addr()?.port());
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut buffer = [0; 65_536];
    for _ in 0..3 {
        socket.send_to(arguments[2].as_bytes(), &arguments[1])?;
        if let Ok((size, from)) = socket.recv_from(&mut buffer) {
            let answer = String::from_utf8_lossy(&buffer[..size]);
            println!("{answer} from {from}");
            return Ok(());
        }
    }
    eprintln!("no answer");
    process::exit(1)
}
"#;

/// The beginning of each Python program, and the rest of four.
const PYTHON: &str = r#"
import os, socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
"#;

const ASK_PY: &str = r#"
s.bind(("", 0))
print("port", s.getsockname()[1])
s.settimeout(1)
for _ in range(3):
    s.sendto(sys.argv[2].encode(), (host, int(port)))
    try:
        data, a = s.recvfrom(65536)
    except OSError:
        continue
    print(f"{data.decode(errors='replace')} from {a[0]}:{a[1]}")
    sys.exit()
sys.exit("no answer")
"#;

const ANSWER_PY: &str = r#"
s.bind((host, int(port)))
while True:
    data, a = s.recvfrom(65536)
    s.sendto(data.upper(), a)
"#;

const RELAY_PY: &str = r#"
s.bind((host, int(port)))
clients = set()
while True:
    data, a = s.recvfrom(65536)
    clients.add(a)
    for c in clients - {a}:
        s.sendto(data, c)
"#;

const PING_PY: &str = r#"
s.bind(("", 0))
count, received, late, duplicate = int(sys.argv[2]), set(), set(), 0
for n in range(1, count + 1):
    s.sendto(str(n).encode(), (host, int(port)))
    sent = time.monotonic()
    while n not in received:
        left = sent + 1 - time.monotonic()
        if left <= 0:
            print(f"{n}: lost")
            break
        s.settimeout(left)
        try:
            data = s.recv(65536)
        except OSError:
            continue
        for k in range(1, n + 1):
            if str(k).encode() != data:
                continue
            if k in received | late:
                duplicate += 1
                print(f"duplicate: {k}")
            elif k == n:
                received.add(k)
                print(f"{k}: {(time.monotonic() - sent) * 1000:.1f} ms")
            else:
                late.add(k)
                print(f"late: {k}")
print(f"{count} sent, {len(received)} received, {len(late)} late,",
      f"{duplicate} duplicate")
"#;

/// Looks like a passed test, writes into its parents' output,
/// and replaces or deletes what it can reach.
const CHEAT_PY: &str = r#"
passed = "\ntest step_1 ... ok\ntest result: ok. 1 passed; 0 failed;\n"
print(passed)
process = os.getppid()
for process in [process, open(f"/proc/{process}/stat").read().split()[3]]:
    for fd in "12":
        try:
            with open(f"/proc/{process}/fd/{fd}", "a") as output:
                output.write(passed)
        except OSError:
            pass
os.system("""for file in ../tests/* ../base/Cargo.toml; do
    cp $(command -v true) copy && mv copy "$file"; done
    rm -rf ../project""")
"#;

/// Leaves a process that never ends and holds the output, and never ends.
const HANG_PY: &str = r#"
if os.fork() == 0:
    os.setsid()
while True:
    time.sleep(1)
"#;

const FLOOD_PY: &str = r#"
while True:
    print("x" * 10_000)
"#;

#[test]
#[ignore = "slow: grades submissions, good and bad"]
fn submissions_get_the_marks_they_deserve() {
    if !cfg!(target_os = "linux") {
        return println!("skipped: this needs Linux");
    }
    let all = folder("submissions");
    let lab = |folder: &Path, programs: [&str; 4]| {
        for (name, program) in ["ask", "answer", "relay", "ping"]
            .iter()
            .zip(programs)
            .filter(|(_, program)| !program.is_empty())
        {
            let file = folder.join(format!("lab/{name}.py"));
            write(file, &format!("{PYTHON}{program}"));
        }
    };
    let right = [ASK_PY, ANSWER_PY, RELAY_PY, PING_PY];
    // Only what isn't there comes from the teacher's copy.
    let rust = all.join("a right Rust lab");
    write(rust.join("src/examples/lab/lab-ask.rs"), ASK);
    lab(&rust, ["", ANSWER_PY, RELAY_PY, PING_PY]);
    // Later, but with older files: no stale program is graded.
    let broken = all.join("broken, \"but quoted\"");
    write(broken.join("src/examples/lab/lab-ask.rs"), "fn main() {");
    write(broken.join("src/bin/server copy (1).rs"), "fn main() {}");
    let old = fs::File::open(broken.join("src/examples/lab/lab-ask.rs"));
    old.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    lab(&broken, ["", ANSWER_PY, RELAY_PY, PING_PY]);
    lab(&all.join("cheats"), [CHEAT_PY; 4]);
    fs::create_dir(all.join("empty")).unwrap();
    lab(&all.join("floods"), [FLOOD_PY; 4]);
    lab(&all.join("hangs"), [HANG_PY; 4]);
    write(all.join("not a zip.zip"), "PK");
    lab(&all.join("小明/小明 的 文件夹"), right);
    let zipped = folder("zipped").join("wrapping folder");
    lab(&zipped, right);
    // macOS adds such a folder.
    let more = folder("zipped-more").join("__MACOSX");
    write(more.join("wrapping folder/lab/._ask.py"), "");
    let zip = all.join("=1+1 小红.zip");
    let mut python = Command::new("python3");
    python.args(["-m", "zipfile", "-c"]).args([&zip, &zipped, &more]);
    assert!(python.status().unwrap().success());

    let output = folder("submissions-output");
    let arguments = [all.to_str().unwrap()];
    let Some(graded) = script("grade.sh", &arguments, &path()) else { return };
    let csv = String::from_utf8(graded.stdout).unwrap();
    let error = String::from_utf8(graded.stderr).unwrap();
    println!("{csv}\n{error}");
    assert!(graded.status.success());
    let mut rows = csv.lines();
    let header = rows.next().unwrap();
    let start = "submission,step_1,step_2,step_3,step_4,step_5,step_6,how_many";
    assert!(header.starts_with(start), "{header}");
    assert_eq!(header.split(',').count(), 15, "{header}");
    let none = "0,0,0,0,0,0";
    for (name, steps, remark) in [
        ("\"'=1+1 小红.zip\"", "1,1,1,1,1,1", ",\"\""),
        ("\"a right Rust lab\"", "1,1,1,1,1,1", ",\"\""),
        ("\"broken, \"\"but quoted\"\"\"", "0,1,1,0,1,1", "lab-ask"),
        ("\"cheats\"", none, ""),
        ("\"empty\"", none, "no folder src or lab"),
        ("\"floods\"", none, ""),
        ("\"hangs\"", none, ""),
        ("\"not a zip.zip\"", none, "not a zip"),
        ("\"小明\"", "1,1,1,1,1,1", ",\"\""),
    ] {
        let row = rows.next().unwrap();
        let start = format!("{name},{steps},{none},");
        let is_right = row.starts_with(&start) && row.contains(remark);
        assert!(is_right, "expected: {start}…{remark}\nreceived: {row}");
    }
    assert_eq!(rows.next(), None);
    assert!(output.join("小明.txt").exists());
}
