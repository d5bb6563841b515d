//! Steps 5 and 6: `lab-ping HOST:PORT COUNT` measures round-trip times.

use std::{env, io, process};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let [_, address, count] = &arguments[..] else {
        eprintln!("usage: lab-ping HOST:PORT COUNT");
        process::exit(2);
    };
    let count: usize = count.parse().expect("COUNT is a number");
    // Bind a socket to any free port: UdpSocket::bind

    // For each number from 1 to `count`: remember the time (Instant::now) and
    // send the number as text (send_to).

    // Wait for its answer, for at most a second: set_read_timeout, recv_from
    // Print the time that it took (elapsed), or `lost`. Step 6: is this the
    // number that you wait for? How much is left of its second? (It may be 0.)

    // Print the totals, and replace the rest by Ok(()).
    eprintln!(
        "step 5 is not done yet: nothing sent to {address}, 1 to {count}"
    );
    process::exit(1);
}
