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

    // Make a buffer for the largest answer that you want to receive.

    // Send `text` to `address`: send_to

    // Receive the answer: recv_from. (Step 4: after an error, send again, at
    // most three times in all. Then print `no answer`: eprintln, process::exit)

    // Print the bytes that you received, ` from ` and the address that sent
    // them: String::from_utf8_lossy

    // Replace the rest by Ok(()).
    eprintln!("step 1 is not done yet: `{text}` isn't sent to {address}");
    process::exit(1);
}
