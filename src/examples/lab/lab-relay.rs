//! Step 3: `lab-relay HOST:PORT` passes each datagram on to all the others.

use std::{env, io, process};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let [_, address] = &arguments[..] else {
        eprintln!("usage: lab-relay HOST:PORT");
        process::exit(2);
    };
    // Bind a socket to `address`: UdpSocket::bind

    // Make a collection for the addresses of the clients, empty at first.

    // Receive a datagram, forever: recv_from. On Windows, it may return an
    // error because a client has gone (os error 10054). Then receive again.

    // Remember the sender's address (IP and port), once.

    // Send the datagram to each address except the sender's: send_to

    eprintln!("step 3 is not done yet: no socket is bound to {address}");
    process::exit(1);
}
