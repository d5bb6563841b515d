//! Step 2: `lab-answer HOST:PORT` answers each datagram in upper case.

use std::{env, io, process};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let [_, address] = &arguments[..] else {
        eprintln!("usage: lab-answer HOST:PORT");
        process::exit(2);
    };
    // Bind a socket to `address`: UdpSocket::bind

    // Make a buffer for the largest datagram that you want to receive.

    // Do the rest for each datagram, forever: loop

    // Receive a datagram, and learn its size and its sender: recv_from

    // Send the bytes that you received back in upper case: to_ascii_uppercase
    // and send_to

    eprintln!("step 2 is not done yet: no socket is bound to {address}");
    process::exit(1);
}
