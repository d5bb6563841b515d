//! A running program.

use std::borrow::BorrowMut;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

use super::report::{doing, expect_equal, fail, notice, short};
use super::{CLIENT, TIMEOUT, uninterrupted};

/// A command whose input and output are pipes, without the variables of the
/// exercises, which you may have exported.
pub fn command(path: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("UDP_CHAT_") {
            command.env_remove(variable);
        }
    }
    command.args(arguments).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running program, killed when dropped.
pub struct Program {
    running: Rc<Running>,
    stdin: Option<ChildStdin>,
    /// Read from the first time that the test expects something there.
    pub stdout: Lines,
    pub stderr: Lines,
}

/// What the message of a failure tells about a program.
pub struct Running {
    command: String,
    child: RefCell<Child>,
    errors: Arc<(Mutex<Printed>, Condvar)>,
}

impl Running {
    fn status(&self) -> Option<ExitStatus> {
        self.child.borrow_mut().try_wait().unwrap()
    }

    /// How it ended, if it has, and the last lines on standard error, if any.
    pub fn report(&self) -> String {
        let state = match self.status() {
            Some(status) => format!("has ended ({status})"),
            None => "is running".to_owned(),
        };
        let errors = last_lines(&self.errors.0.lock().unwrap().bytes, 4);
        let errors = ["", &*errors.join("\n")].join("\n").replace('\n', "\n  ");
        format!("\n{} {state}; standard error:{errors}", self.command)
    }
}

impl Program {
    /// Starts a program. [`command`] makes the argument.
    #[track_caller]
    pub fn start(mut command: impl BorrowMut<Command>) -> Self {
        let command = command.borrow_mut();
        let path = Path::new(command.get_program());
        let mut name = path.file_stem().unwrap_or_default().to_os_string();
        command.get_args().for_each(|it| name.extend([" ".as_ref(), it]));
        let name = format!("`{:.150}`", name.to_string_lossy());
        doing(format_args!("{name} was started"));
        let mut child = command.spawn().unwrap_or_else(|error| {
            fail(format_args!("{command:?} starts"), error)
        });
        let [out, err] = ["output", "error"]
            .map(|stream| format!("standard {stream} of {name}"));
        let stdin = child.stdin.take();
        let stdout = Lines::new(out, child.stdout.take());
        let mut stderr = Lines::new(err, child.stderr.take());
        stderr.begin();
        let errors = Arc::clone(&stderr.printed);
        let child = RefCell::new(child);
        let running = Rc::new(Running { command: name, child, errors });
        notice(&running);
        Program { running, stdin, stdout, stderr }
    }

    /// Our group chat client.
    pub fn client(server: SocketAddr, name: &str) -> Self {
        Program::start(command(CLIENT, &[&server.to_string(), name]))
    }

    pub fn name(&self) -> &str {
        &self.running.command
    }

    pub fn id(&self) -> u32 {
        self.running.child.borrow().id()
    }

    /// How the program has ended, if it has.
    pub fn status(&self) -> Option<ExitStatus> {
        self.running.status()
    }

    /// Types one line.
    #[track_caller]
    pub fn types(&mut self, line: &str) {
        self.types_bytes(format!("{line}\n").as_bytes());
    }

    #[track_caller]
    pub fn types_bytes(&mut self, bytes: &[u8]) {
        let command = &self.running.command;
        let typed = short(&String::from_utf8_lossy(bytes));
        let stdin = self.stdin.as_mut().expect("the input has not ended");
        if let Err(error) = stdin.write_all(bytes) {
            fail(format_args!("{command} reads {typed}"), error);
        }
        doing(format_args!("{typed} was typed"));
    }

    /// Ends the input, as Ctrl-D does.
    pub fn end_input(&mut self) {
        self.stdin = None;
        doing("the input ended");
    }

    /// Waits for the program to end, and checks its exit status.
    #[track_caller]
    pub fn expect_status(&mut self, expected: i32) -> &mut Self {
        let started = Instant::now();
        while self.status().is_none() && started.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(2));
        }
        let status = self.status();
        if status.is_none_or(|status| status.code() != Some(expected)) {
            let expected = format!("exit status {expected} of {}", self.name());
            let end = status.map(|status| status.to_string());
            fail(expected, end.unwrap_or("no end in 10 s".to_owned()));
        }
        self
    }

    /// Checks what the test hasn't read of what is printed until the end.
    #[track_caller]
    pub fn expect_rest(&mut self, stdout: &str, stderr: &str) {
        let received = self.stdout.read_to_end();
        expect_equal(&self.stdout.name, &*received, stdout);
        let received = self.stderr.read_to_end();
        expect_equal(&self.stderr.name, &*received, stderr);
    }

    pub fn kill(&mut self) {
        let mut child = self.running.child.borrow_mut();
        let _ = child.kill();
        let _ = child.wait();
        doing(format_args!("{} was killed", self.running.command));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a program prints on one of its outputs.
pub struct Lines {
    /// For messages: which output of which program this is.
    name: String,
    /// Until the test expects something from it.
    pipe: Option<Box<dyn Read + Send>>,
    printed: Arc<(Mutex<Printed>, Condvar)>,
    /// How many bytes the test has read.
    read: usize,
}

#[derive(Default)]
pub struct Printed {
    bytes: Vec<u8>,
    ended: bool,
}

impl Lines {
    fn new(name: String, pipe: Option<impl Read + Send + 'static>) -> Self {
        let printed = Printed { ended: pipe.is_none(), ..Printed::default() };
        let printed = Arc::new((Mutex::new(printed), Condvar::new()));
        let pipe = pipe.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
        Lines { name, pipe, printed, read: 0 }
    }

    /// Begins to read.
    fn begin(&mut self) {
        let Some(mut pipe) = self.pipe.take() else { return };
        let shared = Arc::clone(&self.printed);
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            loop {
                let size = uninterrupted(|| pipe.read(&mut buffer));
                let size = size.unwrap_or(0);
                let mut printed = shared.0.lock().unwrap();
                printed.bytes.extend(&buffer[..size]);
                printed.ended |= size == 0;
                shared.1.notify_all();
                if printed.ended {
                    return;
                }
            }
        });
    }

    /// Waits until `size` says how many of the unread bytes to take. Its second
    /// argument tells whether more can come. `None`: it never said that.
    fn take(
        &mut self,
        time: Duration,
        size: impl Fn(&[u8], bool) -> Option<usize>,
    ) -> Option<String> {
        self.begin();
        let (printed, changed) = &*self.printed;
        let is_missing = |it: &mut Printed| {
            !it.ended && size(&it.bytes[self.read..], true).is_none()
        };
        let printed = printed.lock().unwrap();
        let waited = changed.wait_timeout_while(printed, time, is_missing);
        let printed = waited.unwrap().0;
        let unread = &printed.bytes[self.read..];
        let size = size(unread, !printed.ended)?;
        self.read += size;
        Some(String::from_utf8_lossy(&unread[..size]).into_owned())
    }

    /// Takes something. `expected` is for the message if it doesn't come.
    #[track_caller]
    fn expect(
        &mut self,
        expected: &str,
        size: impl Fn(&[u8], bool) -> Option<usize>,
    ) -> String {
        if let Some(text) = self.take(TIMEOUT, size) {
            return text;
        }
        let printed = self.printed.0.lock().unwrap();
        let what = if printed.ended { "the end" } else { "nothing in 10 s" };
        let last = last_lines(&printed.bytes, 3);
        drop(printed);
        let received = format!("{what}, after {last:?}");
        fail(format_args!("{expected} on {}", self.name), received)
    }

    /// The next line, if one comes within `time`.
    #[allow(dead_code)] // Only the exercises use it.
    pub fn next_line_within(&mut self, time: Duration) -> Option<String> {
        let line = self.take(time, line)?;
        Some(line.trim_end_matches('\n').to_owned())
    }

    #[track_caller]
    fn next(&mut self, expected: &str) -> String {
        let line = self.expect(expected, line);
        line.trim_end_matches('\n').to_owned()
    }

    #[track_caller]
    pub fn next_line(&mut self) -> String {
        self.next("a line")
    }

    #[track_caller]
    pub fn expect_line(&mut self, expected: &str) {
        let line = self.next(&short(expected));
        expect_equal(&self.name, &*line, expected);
    }

    /// Checks that the next line begins with `start` and contains `part`.
    #[track_caller]
    pub fn expect_line_with(&mut self, start: &str, part: &str) {
        let expected = format!("{start:?} … {part:?} …");
        let line = self.next(&expected);
        if !line.starts_with(start) || !line.contains(part) {
            fail(format_args!("{expected} on {}", self.name), short(&line));
        }
    }

    /// Checks what is printed next. No line ending need follow.
    #[track_caller]
    pub fn expect_prompt(&mut self, expected: &str) {
        let size = expected.len();
        let received = self.expect(&short(expected), |unread, _| {
            (unread.len() >= size).then_some(size)
        });
        expect_equal(&self.name, &*received, expected);
    }

    /// Reads to the first line that contains `part` and returns that line.
    #[track_caller]
    pub fn read_until(&mut self, part: &str) -> String {
        loop {
            let line = self.next(&format!("… {part:?} …"));
            if line.contains(part) {
                return line;
            }
        }
    }

    /// What is printed until the program closes this output.
    #[track_caller]
    pub fn read_to_end(&mut self) -> String {
        self.expect("the end", |unread, more| (!more).then_some(unread.len()))
    }

    /// Closes this output when something comes.
    pub fn close(&mut self) {
        self.printed.0.lock().unwrap().ended = true;
        doing(format_args!("{} was closed", self.name));
    }

    /// Returns what has come and wasn't read, without waiting.
    pub fn drain(&mut self) -> String {
        let all = self.take(Duration::ZERO, |unread, _| Some(unread.len()));
        all.unwrap_or_default()
    }
}

/// The size of the next line, or of an unfinished one if no more can come.
fn line(unread: &[u8], more: bool) -> Option<usize> {
    let end = unread.iter().position(|byte| *byte == b'\n');
    let rest = (!more && !unread.is_empty()).then_some(unread.len());
    end.map(|at| at + 1).or(rest)
}

fn last_lines(bytes: &[u8], many: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut last: Vec<_> =
        text.lines().rev().take(many).map(|it| format!("{it:.300}")).collect();
    last.reverse();
    last
}

/// An output that nothing reads: a write to it fails with `BrokenPipe`.
#[cfg(unix)]
pub fn closed_output() -> Stdio {
    let (output, _) = std::os::unix::net::UnixStream::pair().unwrap();
    // A program that another test is just starting may have a copy of both.
    output.shutdown(std::net::Shutdown::Both).unwrap();
    std::os::fd::OwnedFd::from(output).into()
}
