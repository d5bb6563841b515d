//! The article's first pair, which take turns: the real programs through pipes.

use std::net::UdpSocket;

use crate::common::*;

const SERVER_PROMPT: &str = "please input send to msg:";
const CLIENT_PROMPT: &str = "please input msg:";

/// A `talk-server`, and a socket in its client's place.
fn talk_server() -> (Program, Peer) {
    let server = Program::start(TALK_SERVER, &["127.0.0.1:0"]);
    let Server { program, address } = Server::from_program(server);
    (program, Peer::stranger_to(address))
}

/// A `talk-client`, and a socket in the server's place.
fn talk_client() -> (Peer, Program) {
    let server = Peer::as_server();
    let client = Program::start_at(TALK_CLIENT, server.address());
    (server, client)
}

#[test]
fn the_two_take_turns() {
    let (mut server, peer) = talk_server();
    let address = peer.partner();
    let mut client = Program::start_at(TALK_CLIENT, address);
    let mut prompt = "";
    let long = "长".repeat(1000);
    for (message, answer) in cases! {
        "你好" => "hello", "🐼" => "exit", &*long => &*long, "" => " ",
    } {
        client.types(message);
        let head = format!("{prompt}来自客户端127.0.0.1:");
        server.stdout.expect_error(&head, "的消息:");
        server.stdout.expect_line(message);
        server.types(answer);
        let head = format!("{CLIENT_PROMPT}来自服务器{address}的消息:");
        client.stdout.expect_line(&head);
        client.stdout.expect_line(answer);
        prompt = SERVER_PROMPT;
    }
    client.end_input();
    let rest = client.stdout.read_to_end();
    expect_equal("at the end", rest, format!("{CLIENT_PROMPT}\n"));
    client.expect_end(0);
}

#[test]
fn the_client_works_over_ipv6() {
    let Ok(socket) = UdpSocket::bind("[::1]:0") else {
        return println!("skipped: this machine has no IPv6");
    };
    let server = Peer::new(socket);
    let mut client = Program::start_at(TALK_CLIENT, server.address());
    server.expect_typed(&mut client, "hi", "hi");
}

/// A server that connected its socket to its first client would serve no other.
#[test]
fn the_server_answers_one_client_after_another() {
    let (mut server, first) = talk_server();
    let second = Peer::stranger_to(first.partner());
    for (client, number) in [(&first, "1"), (&second, "2"), (&first, "3")] {
        client.sends(number);
        let from = format!("来自客户端{}的消息:", client.address());
        expect_message(&mut server, &from, number);
        client.expect_typed(&mut server, number, number);
    }
    second.expect_empty_queue();
}

#[test]
fn the_end_of_input_ends_the_server_with_status_0() {
    let (mut server, peer) = talk_server();
    peer.sends("你好");
    server.end_input();
    expect_message(&mut server, "来自客户端", "你好");
    let rest = server.stdout.read_to_end();
    expect_equal("at the end", rest, format!("{SERVER_PROMPT}\n"));
    server.expect_end(0);
}

#[test]
fn any_datagram_is_sanitized_and_crashes_neither_program() {
    let long = "x".repeat(LONGEST_PAYLOAD);
    for (payload, printed) in cases! {
        &b"\x1b[2Jcleared\nand\tmore\0"[..] => "?[2Jcleared?and more?",
        "\u{202e}turned".as_bytes() => "?turned", b"netcat\n" => "netcat",
        b"bad \xff bytes" => "bad \u{fffd} bytes", b"" => "",
        &long.as_bytes()[..1025] => &long[..1025], long.as_bytes() => &long,
    } {
        let (mut server, peer) = talk_server();
        peer.sends(payload);
        expect_message(&mut server, "来自客户端", printed);
        peer.expect_typed(&mut server, "go on", "go on");
        let (peer, mut client) = talk_client();
        peer.expect_typed(&mut client, "hi", "hi");
        peer.sends(payload);
        expect_message(&mut client, "来自服务器", printed);
        peer.expect_typed(&mut client, "go on", "go on");
    }
}

#[track_caller]
fn expect_message(program: &mut Program, from: &str, message: &str) {
    program.stdout.read_until(from);
    program.stdout.expect_line(message);
}

/// No datagram has so many bytes, so the system refuses to send it.
#[test]
fn a_message_that_cannot_be_sent_is_reported_and_prompted_again() {
    let too_long = "x".repeat(66_000);
    let (server, peer) = talk_server();
    peer.sends_each("hi|hi again");
    let (other, client) = talk_client();
    for (mut program, peer) in [(server, peer), (client, other)] {
        program.types(&too_long);
        let error = format!("error: cannot send to {}: ", peer.address());
        program.stderr.expect_error(&error, "(os error");
        peer.expect_typed(&mut program, "short", "short");
    }
}

#[test]
fn a_failed_receive_does_not_stop_the_server() {
    let failing = ["recvfrom", "ECONNRESET", "1"];
    let Some(mut server) = failing_server(TALK_SERVER, failing) else { return };
    server.program.stderr.expect_error("warning: cannot receive: ", "reset");
    let peer = Peer::stranger_to(server.address);
    peer.sends("hi");
    peer.expect_typed(&mut server.program, "hello", "hello");
}

#[test]
fn a_missing_server_is_reported_each_time_and_the_prompt_returns() {
    let address = ports::unused_address();
    let mut client = Program::start_at(TALK_CLIENT, address);
    for _ in 0..2 {
        client.types("有人吗");
        let error = format!("error: cannot reach {address}: ");
        client.stderr.expect_error(&error, "(os error");
    }
    let server = Peer::as_server_at(address);
    server.expect_typed(&mut client, "现在呢", "现在呢");
    server.sends("在");
    expect_message(&mut client, "来自服务器", "在");
    client.end_input();
    client.stdout.expect_line(CLIENT_PROMPT);
    client.expect_end(0);
}

#[test]
fn datagrams_from_other_addresses_are_ignored() {
    let (server, mut client) = talk_client();
    server.expect_typed(&mut client, "hi", "hi");
    Peer::stranger_to(server.partner()).sends("not the server");
    server.sends("the server");
    expect_message(&mut client, "来自服务器", "the server");
}

#[cfg(unix)]
#[test]
fn a_closed_stdout_ends_the_pair_with_status_0() {
    let start = |path, address| {
        Program::spawn(command(path, &[address]).stdout(closed_output()))
    };
    let server = start(TALK_SERVER, "127.0.0.1:0");
    let Server { program: mut server, address } = Server::from_program(server);
    Peer::stranger_to(address).sends("hi");
    server.expect_end(0);
    start(TALK_CLIENT, "127.0.0.1:9").expect_end(0);
}
