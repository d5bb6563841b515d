//! What a failure says: first what was expected, what the test did before, and
//! what was received, and then how the programs of the test are.

use std::cell::RefCell;
use std::fmt::{Debug, Display};
use std::io::{self, Write};
use std::rc::{Rc, Weak};
use std::thread;
use std::time::Duration;

use super::program::Running;

// Each test has a thread of its own.
thread_local! {
    static DONE: RefCell<Vec<String>> = RefCell::default();
    static PROGRAMS: RefCell<Vec<Weak<Running>>> = RefCell::default();
}

/// Notes what the test does now, for the message of a failure.
pub fn doing(act: impl Display) {
    DONE.with_borrow_mut(|done| {
        done.push(act.to_string());
        if done.len() > 3 {
            done.remove(0);
        }
    });
}

/// Notes a program of the test, for the message of a failure.
pub fn notice(program: &Rc<Running>) {
    PROGRAMS.with_borrow_mut(|all| all.push(Rc::downgrade(program)));
}

/// Fails. The message says in its first two lines what was expected, what the
/// test had done, and what was received.
#[track_caller]
pub fn fail(expected: impl Display, received: impl Display) -> ! {
    let done = DONE.with_borrow(|done| done.join("; "));
    // A program that is about to end can be quoted then.
    thread::sleep(Duration::from_millis(100));
    let programs = PROGRAMS.with_borrow(|all| {
        let running = all.iter().filter_map(Weak::upgrade);
        running.map(|it| it.report()).collect::<String>()
    });
    panic!(
        "expected: {expected} (after: {done})\nreceived: {received}{programs}"
    )
}

/// Fails if `received` isn't `expected`. `what` says what is compared.
#[track_caller]
pub fn expect_equal<T: PartialEq<U> + Debug, U: Debug>(
    what: &str,
    received: T,
    expected: U,
) {
    if received != expected {
        let values = [format!("{expected:?}"), format!("{received:?}")];
        let [expected, received] = near_the_difference(&values);
        fail(format_args!("{expected} ({what})"), received);
    }
}

/// Two values, each with its length and without the equal beginning if one of
/// them is long.
fn near_the_difference(values: &[String; 2]) -> [String; 2] {
    let chars = values.each_ref().map(|it| it.chars().collect::<Vec<_>>());
    if chars.iter().all(|it| it.len() <= 200) {
        return values.clone();
    }
    let [one, other] = &chars;
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let start = same.saturating_sub(30);
    chars.map(|it| {
        let part: String = it.iter().skip(start).take(150).collect();
        format!("…{part}… ({} characters in all)", it.len())
    })
}

/// The beginning of a text, with quotation marks, and the length of a long one.
pub fn short(text: &str) -> String {
    match text.chars().count() {
        0..=80 => format!("{text:?}"),
        length => format!("{:?}… ({length} characters)", format!("{text:.40}")),
    }
}

/// Says that the test that runs now, or a part of it, is skipped. This is shown
/// although the test passes; `eprintln` isn't.
pub fn skip(why: &str) {
    let test = thread::current();
    let test = test.name().unwrap_or("a test");
    let _ = writeln!(io::stderr(), "{test} is skipped: {why}");
}
