//! Steps 1 and 4: `lab-ask HOST:PORT TEXT` sends TEXT and prints the answer.

use std::{env, io, process};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let [_, address, text] = &arguments[..] else {
        eprintln!("usage: lab-ask HOST:PORT TEXT");
        process::exit(2);
    };
    // Bind a socket to any free port: UdpSocket::bind

    // Print `port` and the number of your own port: local_addr

    // Step 4: wait for at most a second in each recv_from: set_read_timeout

    // Send `text` to `address`: send_to. (Step 4: send it three times in all.)

    // Receive the answer: recv_from. (Step 4: without one, print `no answer`.)

    // Print the answer, `from` and its address: String::from_utf8_lossy

    eprintln!("step 1 is not done yet: `{text}` isn't sent to {address}");
    process::exit(1);
}
