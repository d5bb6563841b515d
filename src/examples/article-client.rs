//! The article's group chat client, translated line by line, with its
//! variables in its order. Its faults are kept on purpose.
//!
//! ```sh
//! cargo run --example article-client    # to 127.0.0.1:9999
//! ```

use std::env::args;
use std::io::{Write, stdin, stdout};
use std::net::{SocketAddr, UdpSocket};
use std::str::from_utf8;
use std::sync::Arc;
use std::thread;

fn recv(sock: &UdpSocket, addr: SocketAddr, name: &str) {
    sock.send_to(name.as_bytes(), addr).unwrap();
    let mut buffer = [0; 1024];
    loop {
        let size = sock.recv(&mut buffer).unwrap();
        let data = &buffer[..size];
        println!("{}", from_utf8(data).unwrap());
    }
}

fn send(sock: &UdpSocket, addr: SocketAddr, name: &str) {
    loop {
        let string = input("");
        let message = format!("{name} : {string}");
        let data = message.as_bytes();
        sock.send_to(data, addr).unwrap();
        if string.to_lowercase() == "EXIT".to_lowercase() {
            break;
        }
    }
}

/// Python's `input`: reads one line. The end of input raises an error.
fn input(prompt: &str) -> String {
    print!("{prompt}");
    stdout().flush().unwrap();
    stdin().lines().next().expect("EOFError").unwrap()
}

fn main() {
    println!("-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----");
    let name: &'static str = input("请输入你的名称:").leak(); // a global
    println!("-----------------{name}------------------");

    let s = Arc::new(UdpSocket::bind("0.0.0.0:0").unwrap()); // not connected
    let server = args().nth(1); // (for the tests)
    let server = server.unwrap_or("127.0.0.1:9999".to_owned());
    let server = server.parse().unwrap();
    let sock = Arc::clone(&s);
    thread::spawn(move || recv(&sock, server, name));
    let ts = thread::spawn(move || send(&s, server, name));
    // An error in a thread ends only that thread, as in Python.
    let _ = ts.join();
}
