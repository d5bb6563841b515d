//! `lossy` (`src/examples/lossy.rs`), and the chat through a network like that.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use crate::common::{
    LONGEST_PAYLOAD, Peer, Program, Server, command, examples, expect_equal,
    fail, ports,
};
use crate::strace::failing;

const USAGE: &str = "Usage: lossy ADDRESS SERVER [OPTIONS]";
/// Two addresses, for command lines that are wrong after them.
const TWO: &str = "127.0.0.1:0 127.0.0.1:9";

/// The command that starts `lossy`. `None` if it can't be built here.
fn lossy(arguments: &str) -> Option<Command> {
    let path = examples::build("lossy")?;
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    Some(command(path.to_str()?, &arguments))
}

fn run(arguments: &str) -> Option<Program> {
    lossy(arguments).map(Program::start)
}

/// Starts `lossy` between this server and a free port, whose address is
/// returned, too.
fn start(server: SocketAddr, options: &str) -> Option<(Program, SocketAddr)> {
    let lossy = run(&format!("127.0.0.1:0 {server} {options}"))?;
    Some(with_address(lossy, server))
}

/// Like [`start`], but a call fails: see [`failing`].
fn start_failing(
    server: SocketAddr,
    options: &str,
    [call, error, when]: [&str; 3],
) -> Option<(Program, SocketAddr)> {
    let lossy = lossy(&format!("127.0.0.1:0 {server} {options}"))?;
    let lossy = failing(&format!("{call}:error={error}:when={when}"), &lossy)?;
    Some(with_address(lossy, server))
}

#[track_caller]
fn with_address(
    mut lossy: Program,
    server: SocketAddr,
) -> (Program, SocketAddr) {
    let line = lossy.stdout.next_line();
    let address = between("lossy on ", &line, &format!(", to {server}"));
    let address = address.parse().expect("an address");
    (lossy, address)
}

#[track_caller]
fn between<'a>(start: &str, line: &'a str, end: &str) -> &'a str {
    let rest = line.strip_prefix(start).and_then(|it| it.strip_suffix(end));
    rest.unwrap_or_else(|| panic!("expected: {start}…{end}\nreceived: {line}"))
}

/// Sends 40 datagrams along `path` and checks what arrives. Returns their
/// fates.
fn carry(
    lossy: &mut Program,
    path: &str,
    from: &Peer,
    to: &Peer,
) -> Vec<String> {
    let mut held_back: Option<String> = None;
    let fates = (1..=40).map(|number| {
        let text = format!("{path} {number}");
        from.sends(&text);
        let line = lossy.stdout.next_line();
        let start = format!("{path}, {number}, ");
        let fate = between(&start, &line, &format!(": {text}")).to_owned();
        let copies = match &*fate {
            "passed" => 1,
            "twice" => 2,
            "lost" | "late" => 0,
            _ => panic!("expected: one of four fates\nreceived: {line}"),
        };
        for _ in 0..copies {
            to.expect(&text);
        }
        if let Some(earlier) = held_back.take() {
            to.expect(&earlier);
        }
        if fate == "late" {
            held_back = Some(text);
        }
        fate
    });
    let fates = fates.collect();
    to.expect_empty_queue();
    fates
}

/// The fates of the datagrams of two clients, to the server and back.
fn session(options: &str) -> Option<[Vec<String>; 4]> {
    let server = Peer::as_server();
    let (mut lossy, address) = start(server.address(), options)?;
    let clients = [(); 2].map(|()| Peer::stranger_to(address));
    let mut carry_both_ways = |number: usize| {
        let client = &clients[number - 1];
        let path = format!("client {number} to server");
        let there = carry(&mut lossy, &path, client, &server);
        let at_server = server.partner();
        let path = format!("server to client {number}");
        let back = carry(&mut lossy, &path, &server, client);
        expect_equal("where answers come from", client.partner(), address);
        ([there, back], at_server)
    };
    let ([one, two], first) = carry_both_ways(1);
    let ([three, four], second) = carry_both_ways(2);
    assert_ne!(first, second, "the server can't tell two clients apart");
    Some([one, two, three, four])
}

#[test]
fn each_datagram_has_the_fate_that_is_printed() {
    let options = "--lose 30 --double 20 --late 20 --seed 7";
    let Some(seven) = session(options) else { return };
    for fate in ["passed", "lost", "twice", "late"] {
        let is_in = |path: &Vec<String>| path.iter().any(|it| it == fate);
        assert!(seven.iter().all(is_in), "nothing is {fate}: {seven:?}");
    }
    let lost = seven.iter().flatten().filter(|it| *it == "lost").count();
    let percent = lost * 100 / 160;
    assert!((15..=45).contains(&percent), "expected: 30 %; lost: {percent} %");

    expect_equal("seed 7 again", session(options).as_ref(), Some(&seven));
    let eight = session(&options.replace('7', "8")).unwrap();
    for (n, path) in seven.iter().enumerate() {
        let is_part = |part| path.windows(24).any(|window| window == part);
        assert!(!is_part(&eight[n][8..32]), "8 is a shifted 7: {eight:?}");
        assert!(!seven[..n].contains(path), "equal paths: {seven:?}");
    }
}

/// Pages show what becomes of each datagram with a certain seed.
#[test]
fn a_seed_chooses_the_same_fates_for_ever() {
    let options = "--lose 30 --double 20 --late 20 --seed 7";
    let Some(paths) = session(options) else { return };
    let first_ten = paths.map(|path| path[..10].join(" "));
    let expected = [
        "passed twice twice late late passed lost lost passed passed",
        "lost passed twice twice passed late passed lost passed late",
        "passed twice late lost late late passed lost passed twice",
        "passed passed passed twice late passed passed twice twice lost",
    ];
    expect_equal("the first ten of each path", first_ten, expected);
}

#[test]
fn without_a_seed_the_seed_is_1() {
    let Some(default) = session("--lose 50") else { return };
    let one = session("--lose 50 --seed 1").unwrap();
    expect_equal("the fates", default, one);
}

#[test]
fn without_options_every_datagram_is_passed() {
    let Some(paths) = session("") else { return };
    let is_passed = |fate| fate == "passed";
    assert!(paths.iter().flatten().all(is_passed), "{paths:?}");
}

#[test]
fn lose_100_loses_every_datagram() {
    let server = Peer::as_server();
    let started = start(server.address(), "--lose 100");
    let Some((mut lossy, address)) = started else { return };
    let client = Peer::stranger_to(address);
    let fates = carry(&mut lossy, "client 1 to server", &client, &server);
    assert!(fates.iter().all(|fate| fate == "lost"), "{fates:?}");
}

#[test]
fn it_works_over_ipv6_and_between_both_kinds_of_addresses() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return println!("skipped: this machine has no IPv6");
    }
    for (front, at) in [
        ("[::1]:0", "[::1]:0"),
        ("[::1]:0", "127.0.0.1:0"),
        ("127.0.0.1:0", "[::1]:0"),
    ] {
        let server = Peer::as_server_at(at.parse().unwrap());
        let lossy = run(&format!("{front} {}", server.address()));
        let Some(lossy) = lossy else { return };
        let (mut lossy, address) = with_address(lossy, server.address());
        let client = Peer::stranger_to(address);
        expect_both_ways(&mut lossy, &client, &server);
    }
}

/// Checks the first datagram of client 1, and the first answer to it.
#[track_caller]
fn expect_both_ways(lossy: &mut Program, client: &Peer, server: &Peer) {
    client.sends("question");
    lossy.stdout.expect_line("client 1 to server, 1, passed: question");
    server.expect("question");
    server.sends("answer");
    lossy.stdout.expect_line("server to client 1, 1, passed: answer");
    client.expect("answer");
}

/// From a loopback address, it would reach no server on another machine.
#[test]
fn it_sends_to_the_server_from_an_address_in_the_same_network() {
    for (any, elsewhere) in
        [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
    {
        let lan = UdpSocket::bind(any).and_then(|probe| {
            probe.connect(elsewhere)?; // sends nothing
            Ok(probe.local_addr()?.ip())
        });
        let Ok(lan) = lan else {
            println!("skipped {any}: this machine has no LAN address");
            continue;
        };
        let server = Peer::as_server_at((lan, 0).into());
        let Some((_lossy, address)) = start(server.address(), "") else {
            return;
        };
        Peer::stranger_to(address).sends("hello");
        server.expect("hello");
        let from = server.partner().ip();
        expect_equal("where the datagram comes from", from, lan);
    }
}

#[test]
fn full_width_colons_are_accepted() {
    let server = Peer::as_server();
    let arguments = format!("127.0.0.1:0 {}", server.address());
    let Some(lossy) = run(&arguments.replace(':', "：")) else { return };
    with_address(lossy, server.address());
}

#[test]
fn the_longest_datagram_is_passed_on_whole() {
    let server = Peer::as_server();
    let Some((_lossy, address)) = start(server.address(), "") else { return };
    let client = Peer::stranger_to(address);
    let longest = "x".repeat(LONGEST_PAYLOAD);
    client.sends(&longest);
    server.expect(&longest);
    server.sends(&longest);
    client.expect(&longest);
}

#[test]
fn the_text_is_sanitized_and_the_datagram_is_not() {
    let server = Peer::as_server();
    let started = start(server.address(), "");
    let Some((mut lossy, address)) = started else { return };
    let client = Peer::stranger_to(address);
    let bytes = b"\x1b[2J\xff\n";
    let mut buffer = [0; 100];

    client.sends(bytes);
    lossy.stdout.expect_line("client 1 to server, 1, passed: ?[2J�");
    let (size, back) = server.socket.recv_from(&mut buffer).unwrap();
    expect_equal("what the server receives", &buffer[..size], bytes);

    server.socket.send_to(bytes, back).unwrap();
    lossy.stdout.expect_line("server to client 1, 1, passed: ?[2J�");
    let size = client.socket.recv(&mut buffer).unwrap();
    expect_equal("what the client receives", &buffer[..size], bytes);
}

#[test]
fn only_datagrams_from_the_server_are_passed_to_a_client() {
    let server = Peer::as_server();
    let started = start(server.address(), "");
    let Some((mut lossy, address)) = started else { return };
    let client = Peer::stranger_to(address);
    client.sends("question");
    lossy.stdout.expect_line("client 1 to server, 1, passed: question");
    server.expect("question");

    let stranger = Peer::stranger_to(server.partner());
    stranger.sends("forged");
    let start = "warning: dropped a datagram from ";
    let warning = lossy.stderr.read_until(start);
    let reason = ": it isn't from the server";
    let from = between(start, &warning, reason);
    expect_equal("its sender", from, stranger.address().to_string());
    server.sends("answer");
    client.expect("answer");
    lossy.stdout.expect_line("server to client 1, 1, passed: answer");
}

#[test]
fn a_datagram_that_cannot_be_sent_is_lost() {
    // The system allows broadcasts only to sockets that have asked for them.
    let broadcast = "255.255.255.255:9".parse().unwrap();
    for options in ["", "--double 100"] {
        let started = start(broadcast, options);
        let Some((mut lossy, address)) = started else { return };
        Peer::stranger_to(address).sends("hello");
        let line = lossy.stdout.next_line();
        between("client 1 to server, 1, lost (", &line, "): hello");
    }
    let started = start(broadcast, "--late 100");
    let Some((mut lossy, address)) = started else { return };
    let client = Peer::stranger_to(address);
    client.sends("one");
    client.sends("two");
    lossy.stdout.expect_line("client 1 to server, 1, late: one");
    lossy.stdout.expect_line("client 1 to server, 2, late: two");
    let warning = "warning: cannot send a late datagram: ";
    lossy.stderr.read_until(warning);
}

#[test]
fn if_one_of_two_copies_cannot_be_sent_the_datagram_is_passed_once() {
    for failing in ["1", "2"] {
        let server = Peer::as_server();
        let call = ["sendto", "ENOBUFS", failing];
        let started = start_failing(server.address(), "--double 100", call);
        let Some((mut lossy, address)) = started else { return };
        let client = Peer::stranger_to(address);
        client.sends("one");
        let line = lossy.stdout.next_line();
        between("client 1 to server, 1, passed once (", &line, "): one");
        client.sends("two");
        lossy.stdout.expect_line("client 1 to server, 2, twice: two");
        for text in ["one", "two", "two"] {
            server.expect(text);
        }
    }
}

/// Each client needs a socket. Nothing shows that one has gone.
#[cfg(unix)]
#[test]
fn one_client_too_many_is_dropped_and_the_others_are_served() {
    let server = Peer::as_server();
    let limited = "ulimit -n 20; exec \"$0\" \"$@\"";
    let arguments = format!("127.0.0.1:0 {}", server.address());
    let Some(lossy) = lossy(&arguments) else { return };
    let mut shell = command("sh", &["-c", limited]);
    shell.arg(lossy.get_program()).args(lossy.get_args());
    let lossy = Program::start(shell);
    let (mut lossy, address) = with_address(lossy, server.address());

    let first = Peer::stranger_to(address);
    expect_both_ways(&mut lossy, &first, &server);
    let back = server.partner();
    let more = [(); 30].map(|()| Peer::stranger_to(address));
    for client in &more {
        client.sends("hello");
    }
    let start = "warning: dropped a datagram from ";
    let warning = lossy.stderr.read_until(start);
    assert!(warning.contains("Too many open files"), "received: {warning}");
    // One descriptor for each client, not three.
    lossy.stdout.read_until("client 10 to server, 1, passed: hello");

    first.sends("still here");
    lossy.stdout.read_until("client 1 to server, 2, passed: still here");
    server.socket.send_to(b"you are", back).unwrap();
    first.expect("you are");
}

#[test]
fn a_client_whose_thread_cannot_be_started_is_dropped() {
    let server = Peer::as_server();
    let call = ["clone,clone3", "EAGAIN", "1"];
    let started = start_failing(server.address(), "", call);
    let Some((mut lossy, address)) = started else { return };
    let client = Peer::stranger_to(address);
    client.sends("dropped");
    let from = client.address();
    let warning = format!("warning: dropped a datagram from {from}: ");
    lossy.stderr.read_until(&warning);
    expect_both_ways(&mut lossy, &client, &server);
}

/// With `strace`, the first receive of each thread fails.
#[test]
fn a_receive_error_is_printed_and_the_next_datagram_is_passed_on() {
    let server = Peer::as_server();
    let call = ["recvfrom", "EIO", "1"];
    let started = start_failing(server.address(), "", call);
    let Some((mut lossy, address)) = started else { return };
    let warning = "warning: cannot receive: ";
    lossy.stderr.read_until(warning);
    let client = Peer::stranger_to(address);
    expect_both_ways(&mut lossy, &client, &server);
    lossy.stderr.read_until(warning);
}

#[cfg(unix)]
#[test]
fn if_nobody_reads_its_output_datagrams_are_still_passed_on() {
    use std::io::{BufRead, BufReader};
    use std::os::{fd::OwnedFd, unix::net::UnixStream};

    let server = Peer::as_server();
    let arguments = format!("127.0.0.1:0 {}", server.address());
    let Some(mut command) = lossy(&arguments) else { return };
    let (ours, stdout) = UnixStream::pair().unwrap();
    command.stdout(OwnedFd::from(stdout));
    let _lossy = Program::start(&mut command);
    drop(command); // which has `stdout` as well
    let (mut line, mut ours) = (String::new(), BufReader::new(ours));
    ours.read_line(&mut line).unwrap();
    let to = format!(", to {}\n", server.address());
    let address = between("lossy on ", &line, &to).parse().unwrap();
    drop(ours);

    let client = Peer::stranger_to(address);
    for text in ["one", "two"] {
        client.sends(text);
        server.expect(text);
        server.sends(text);
        client.expect(text);
    }
}

/// A datagram with such a sender's address would go round without end.
#[test]
fn nobody_with_its_own_port_or_the_servers_is_a_client() {
    let server = Peer::as_server();
    let started = start(server.address(), "");
    let Some((mut lossy, address)) = started else { return };
    for port in [address.port(), server.address().port()] {
        let Ok(socket) = UdpSocket::bind(("127.0.0.2", port)) else {
            crate::common::skip("this machine doesn't have 127.0.0.2");
            return;
        };
        let client = Peer::stranger_with(socket, address);
        client.sends("round");
        let start =
            format!("warning: dropped a datagram from 127.0.0.2:{port}");
        lossy.stderr.expect_line_with(&start, "its port is");
    }
    let client = Peer::stranger_to(address);
    expect_both_ways(&mut lossy, &client, &server);
    // A client on another machine, with the same port.
    let same_port = UdpSocket::bind(("127.0.0.2", client.address().port()));
    let Ok(same_port) = same_port else { return };
    let other = Peer::stranger_with(same_port, address);
    other.sends("hello");
    lossy.stdout.expect_line("client 2 to server, 1, passed: hello");
    server.expect("hello");
    server.sends("hello, too");
    other.expect("hello, too");
}

/// The round trips that `lab-ping` measures are those of the network.
#[test]
fn no_datagram_waits() {
    let server = Peer::as_server();
    let started = start(server.address(), "");
    let Some((mut lossy, address)) = started else { return };
    let client = Peer::stranger_to(address);
    expect_both_ways(&mut lossy, &client, &server);
    let begin = std::time::Instant::now();
    for number in 0..500 {
        client.sends("there");
        server.expect("there");
        server.sends("back");
        client.expect("back");
        let time = begin.elapsed();
        if time > crate::common::TIMEOUT {
            fail("500 round trips in 10 s", format_args!("only {number}"));
        }
    }
}

/// A program that polled would use a processor while nothing happens.
#[cfg(target_os = "linux")]
#[test]
fn it_uses_no_processor_time_while_it_waits() {
    use std::time::{Duration, Instant};
    use std::{fs, thread};

    let server = Peer::as_server();
    let started = start(server.address(), "");
    let Some((mut lossy, address)) = started else { return };
    let client = Peer::stranger_to(address);
    expect_both_ways(&mut lossy, &client, &server);
    let threads = format!("/proc/{}/task", lossy.id());
    let times = || {
        let threads = fs::read_dir(&threads).unwrap();
        let files = threads.map(|it| it.unwrap().path().join("schedstat"));
        files.map(|it| fs::read_to_string(it).unwrap()).collect::<String>()
    };
    // A correct program may be busy at first.
    let begin = Instant::now();
    loop {
        let before = times();
        thread::sleep(Duration::from_millis(300));
        if times() == before {
            break;
        }
        assert!(
            begin.elapsed() < crate::common::TIMEOUT,
            "lossy always used a processor"
        );
    }
}

#[test]
fn help_is_printed_on_standard_output() {
    for arguments in ["-h", "--help", "127.0.0.1:0 --help", "--lose 9 -h"] {
        println!("lossy {arguments}");
        let Some(mut lossy) = run(arguments) else { return };
        lossy.expect_status(0);
        lossy.stdout.expect_line(USAGE);
        lossy.stdout.read_until("it is never sent"); // a late one at the end
        expect_equal("standard error", lossy.stderr.read_to_end(), "");
    }
}

#[test]
fn wrong_arguments_are_exit_status_2_with_a_reason_and_the_usage() {
    let needed = "two different addresses are needed";
    let too_many = "--lose, --double and --late add up to over 100";
    for (arguments, reason) in [
        ("", needed),
        ("127.0.0.1:0", needed),
        ("127.0.0.1:9 127.0.0.1:9", needed),
        (&format!("{TWO} 127.0.0.1:8"), needed),
        (&format!("{TWO} --loose 9"), "unexpected argument `--loose`"),
        (&format!("{TWO} --\u{1b}[2J"), "unexpected argument `--?[2J`"),
        (&format!("{TWO} -"), "unexpected argument `-`"),
        (&format!("{TWO} --lose"), "`--lose `: "),
        (&format!("{TWO} --late -1"), "`--late -1`: "),
        (&format!("{TWO} --seed x"), "`--seed x`: "),
        (&format!("{TWO} --double 101"), too_many),
        (&format!("{TWO} --lose 60 --late 41"), too_many),
        (&format!("{TWO} --lose {} --late 1", u64::MAX), too_many),
    ] {
        println!("lossy {arguments}");
        let Some(mut lossy) = run(arguments) else { return };
        lossy.expect_status(2);
        let error = lossy.stderr.next_line();
        between(&format!("error: {reason}"), &error, "");
        lossy.stderr.expect_line(USAGE);
        expect_equal("standard output", lossy.stdout.read_to_end(), "");
    }
}

#[test]
fn an_address_that_cannot_be_used_is_exit_status_1_with_the_reason() {
    let other_server = Peer::as_server();
    let taken = other_server.address();
    for (arguments, reason) in [
        ("127.0.0.1 127.0.0.1:9", "cannot use `127.0.0.1` as HOST:PORT: "),
        ("127.0.0.1:0 127.0.0.1:x", "cannot use `127.0.0.1:x` as HOST:PORT: "),
        (&format!("{taken} 127.0.0.1:9"), &format!("cannot bind {taken}: ")),
    ] {
        println!("lossy {arguments}");
        let Some(mut lossy) = run(arguments) else { return };
        lossy.expect_status(1);
        let error = lossy.stderr.next_line();
        let start = format!("error: {reason}");
        assert!(
            error.starts_with(&start),
            "expected: {start}…\nreceived: {error}"
        );
        expect_equal("more lines", lossy.stderr.read_to_end(), "");
        expect_equal("standard output", lossy.stdout.read_to_end(), "");
    }
}

/// A client says one line and leaves. Checks the fates of its datagrams.
fn chat(
    server: SocketAddr,
    options: &str,
    fates: [&str; 3],
) -> Option<Program> {
    let (mut lossy, address) = start(server, options)?;
    let mut ming = Program::client(address, "小明");
    for (n, typed, sent) in [
        (1, None, "小明"),
        (2, Some("在吗?"), "小明 : 在吗?"),
        (3, Some("EXIT"), "小明 : exit"),
    ] {
        if let Some(line) = typed {
            ming.types(line);
        }
        let fate = fates[n - 1];
        let line = format!("client 1 to server, {n}, {fate}: {sent}");
        lossy.stdout.read_until(&line);
    }
    ming.expect_status(0);
    expect_equal("standard error", ming.stderr.read_to_end(), "");
    Some(lossy)
}

#[test]
fn lost_duplicate_and_late_datagrams_change_the_chat() {
    let joined = "小明 进入聊天室...";
    let line = "小明 : 在吗?";
    let left = "小明 离开了聊天室...";
    for (options, fates, received) in [
        // The line is a join, too, and the name stays.
        (
            "--lose 50 --seed 13",
            ["lost", "passed", "lost"],
            &[joined, line][..],
        ),
        (
            "--double 50 --seed 26",
            ["passed", "twice", "passed"],
            &[joined, line, line, left],
        ),
        // The leave overtakes the line, which lets its sender join again.
        (
            "--late 50 --seed 26",
            ["passed", "late", "passed"],
            &[joined, left, joined, line],
        ),
    ] {
        println!("lossy {options}");
        let mut server = Server::start();
        let watcher = Peer::joined(&mut server, "watcher");
        let lossy = chat(server.address, options, fates);
        let Some(mut lossy) = lossy else { return };
        for text in received {
            watcher.expect(text);
        }
        server.wait_until_caught_up();
        watcher.expect_empty_queue();
        watcher.sends("watcher : 在");
        if received.last() != Some(&left) {
            lossy.stdout.read_until(": watcher : 在"); // 小明's copy
        }
    }
    // Without a server. But lossy receives, so no port refuses anything.
    chat(ports::unused_address(), "", ["passed"; 3]);
}
