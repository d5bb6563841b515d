//! The article's group chat server, translated line by line, with its
//! variables in its order. Its faults are kept on purpose.
//!
//! ```sh
//! cargo run --example article-server    # on 127.0.0.1:9999
//! ```

use std::collections::HashMap;
use std::env::args;
use std::io::{self, ErrorKind::ConnectionReset};
use std::net::{SocketAddr, UdpSocket};
use std::str::from_utf8;

fn main() {
    let addr = args().nth(1); // (for the tests)
    let addr = addr.unwrap_or("127.0.0.1:9999".to_owned());
    let s = UdpSocket::bind(addr).unwrap();

    // The article logs the address here. By default, Python hides that.

    let mut user: HashMap<SocketAddr, String> = HashMap::new();
    let mut buffer = [0; 1024];
    loop {
        let mut attempt = || -> io::Result<()> {
            let (size, addr) = s.recv_from(&mut buffer)?;
            let data = &buffer[..size];
            if !user.contains_key(&addr) {
                for address in user.keys() {
                    let notice = [data, " 进入聊天室...".as_bytes()].concat();
                    s.send_to(&notice, address)?;
                }
                user.insert(addr, from_utf8(data).unwrap().to_owned());
                return Ok(()); // continue
            }

            if from_utf8(data).unwrap().contains(&"EXIT".to_lowercase()) {
                let name = user[&addr].clone();
                user.remove(&addr);
                for address in user.keys() {
                    let notice = format!("{name} 离开了聊天室...");
                    s.send_to(notice.as_bytes(), address)?;
                }
            } else {
                println!("\"{}\" from {addr}", from_utf8(data).unwrap());
                for &address in user.keys() {
                    if address != addr {
                        s.send_to(data, address)?;
                    }
                }
            }
            Ok(())
        };
        match attempt() {
            Err(error) if error.kind() == ConnectionReset => {
                eprintln!("WARNING:root:Someone left unexcept.");
            }
            result => result.unwrap(),
        }
    }
}
