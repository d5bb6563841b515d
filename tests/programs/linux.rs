//! What the programs cost and which system calls they make. Only Linux tells.

use crate::client::joined_client;
use crate::common::*;
use crate::strace::{calls_of, traced};
use crate::talk::{talk_client, talk_server};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// A program that polled would use a processor while nothing happens.
#[test]
fn a_program_that_waits_uses_no_processor_time() {
    let mut server = Server::start();
    let [ming, hong] = server.join(["小明", "小红"]);
    ming.sends("小明 : 大家好");
    hong.expect("小明 : 大家好");
    let (peer, mut client) = joined_client();
    peer.sends("小红 : 你好");
    client.stdout.expect_line("小红 : 你好");
    let (mut answering, peer) = talk_server();
    peer.sends("hi");
    peer.expect_typed(&mut answering, "hello", "hello");
    let (peer, mut asking) = talk_client();
    peer.expect_typed(&mut asking, "hi", "hi"); // and no answer comes
    for program in [&server.program, &client, &answering, &asking] {
        doing(format_args!("{} was watched", program.name()));
        let started = Instant::now();
        // A correct program may be busy at first.
        while !waits(program) {
            if started.elapsed() > TIMEOUT {
                fail("it waits for 0.3 s", "it was never idle in 10 s");
            }
        }
    }
}

/// Whether no thread of the program uses a processor for 0.3 s.
fn waits(program: &Program) -> bool {
    let used = || {
        let threads = fs::read_dir(format!("/proc/{}/task", program.id()));
        let threads = threads.unwrap().map(|it| it.unwrap().path());
        let times = threads.map(|it| fs::read_to_string(it.join("schedstat")));
        times.map(Result::unwrap).collect::<String>()
    };
    let before = used();
    thread::sleep(Duration::from_millis(300));
    before == used()
}

#[test]
fn memory_does_not_grow_with_the_lines() {
    let mut server = Server::start();
    let mut join = |name| {
        let client = Program::client(server.address, name);
        server.program.stderr.read_until(&format!("{name} joined from "));
        client
    };
    let (mut ming, mut hong) = (join("小明"), join("小红"));
    let kilobytes = |program: &Program| {
        let status =
            fs::read_to_string(format!("/proc/{}/status", program.id()));
        let status = status.unwrap();
        let (_, rest) = status.split_once("RssAnon:").unwrap();
        rest.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    let text = "x".repeat(1000);
    let mut before = [0; 3];
    let mut started = Instant::now();
    for round in 0..100 {
        (0..25).for_each(|_| ming.types(&text));
        (0..25).for_each(|_| drop(server.program.stdout.read_until(&text)));
        (0..25).for_each(|_| drop(hong.stdout.read_until(&text)));
        let memory = [&server.program, &ming, &hong].map(kilobytes);
        if round < 20 {
            (before, started) = (memory, Instant::now());
        }
        let time = started.elapsed();
        let has_grown = (0..3).any(|n| memory[n] > before[n] + 1000);
        if has_grown || time > TIMEOUT {
            let expected = "2000 lines of 1000 bytes in 10 s and no memory";
            fail(expected, format!("{memory:?} kB, not {before:?}; {time:?}"));
        }
    }
}

/// A timeout of a minute would be an error every minute, a sleep makes lines
/// late, and several writes for a line could mix the lines of two programs.
#[test]
fn a_program_waits_without_a_timeout_and_writes_whole_lines() {
    let start = |path: &str, arguments: &[&str]| {
        let calls = "write,setsockopt,ioctl,fcntl,nanosleep,clock_nanosleep";
        let program = command(path, arguments);
        traced(calls, &calls_of(path), &program)
    };
    let address = ports::unused_address().to_string();
    let Some(server) = start(SERVER, &[&address]) else { return };
    let mut server = Server::from_program(server);
    let mut client = start(CLIENT, &[&address, "小明"]).unwrap();
    server.program.stderr.read_until("小明 joined");
    let hong = Peer::joined(&mut server, "小红");
    client.stdout.read_until(&joined_notice("小红"));
    client.types("大家好");
    hong.expect("小明 : 大家好");
    server.wait_until_caught_up();
    server.program.kill();
    client.types("有人吗");
    client.stderr.read_until("error: cannot reach ");
    client.types("exit");
    client.expect_status(0);
    let answering = start(TALK_SERVER, &["127.0.0.1:0"]).unwrap();
    let mut answering = Server::from_program(answering);
    let address = answering.address.to_string();
    let mut asking = start(TALK_CLIENT, &[&address]).unwrap();
    for _ in 0..2 {
        asking.types("hi");
        answering.program.stdout.read_until("hi");
        answering.program.types("hello");
        asking.stdout.read_until("hello");
    }
    for path in [SERVER, CLIENT, TALK_SERVER, TALK_CLIENT] {
        let calls = fs::read_to_string(calls_of(path)).unwrap();
        for call in calls.lines() {
            let limits =
                ["SO_RCVTIMEO", "FIONBIO", "O_NONBLOCK", "nanosleep", "IP_TTL"];
            let limits = limits.iter().any(|it| call.contains(it));
            // A timeout of 0, as bytes or decoded, means that there is none.
            let value = call.replace("tv_sec=0, tv_usec=0", "\"\\0\"");
            let value = value.split('"').nth(1).unwrap_or("a number");
            if limits && !value.trim_matches(['\\', '0']).is_empty() {
                fail(format_args!("{path} sets no timeout or limit"), call);
            }
            let is_print =
                call.contains("write(1, ") || call.contains("write(2, ");
            let is_whole =
                call.contains("\\n\", ") || call.contains("please input");
            if is_print && !is_whole {
                fail(format_args!("{path} writes whole lines"), call);
            }
        }
    }
}

/// The hosts file of this test lists `::1` first, as many systems do.
#[test]
fn localhost_is_an_ipv4_address_although_ipv6_comes_first() {
    let hosts = concat!(env!("CARGO_TARGET_TMPDIR"), "/hosts");
    let list = "::1 localhost\n127.0.0.1 localhost\n127.0.0.2 localhost\n";
    fs::write(hosts, list).unwrap();
    // In a mount namespace of its own, so that nobody else sees the file.
    let mount = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    let options = ["-r", "-m", "sh", "-c", mount, hosts];
    let inside = |arguments: &[&str]| {
        command("unshare", &[&options[..], arguments].concat())
    };
    let addresses = inside(&["getent", "ahosts", "localhost"]).output();
    if !addresses.is_ok_and(|it| it.stdout.starts_with(b"::1 ")) {
        return skip("it needs unshare and IPv6");
    }
    for path in [SERVER, TALK_SERVER] {
        let mut server = Program::start(inside(&[path, "localhost:0"]));
        server.stderr.expect_line_with("UDP Server on ", "127.0.0.1:");
    }
}
