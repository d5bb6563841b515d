//! The article's first pair, which take turns: the real programs through pipes.

use crate::common::*;
use std::net::SocketAddr;

const SERVER_PROMPT: &str = "please input send to msg:";
const CLIENT_PROMPT: &str = "please input msg:";

/// A `talk-server`, and a socket in its client's place.
pub fn talk_server() -> (Program, Peer) {
    let server = command(TALK_SERVER, &["127.0.0.1:0"]);
    let server = Server::from_program(Program::start(server));
    (server.program, Peer::stranger_to(server.address))
}

pub fn talk_client_to(server: SocketAddr) -> Program {
    Program::start(command(TALK_CLIENT, &[&server.to_string()]))
}

/// A `talk-client`, and a socket in the server's place.
pub fn talk_client() -> (Peer, Program) {
    let server = Peer::as_server();
    let client = talk_client_to(server.address());
    (server, client)
}

#[test]
fn the_two_take_turns() {
    let (mut server, peer) = talk_server();
    let address = peer.partner();
    let mut client = talk_client_to(address);
    let long = "长".repeat(1000);
    for (message, answer) in
        [("exit", "exit"), (" 🐼 ", ""), (&*long, &*long), ("", " ")]
    {
        client.stdout.expect_prompt(CLIENT_PROMPT);
        client.types(message);
        server.stdout.expect_line_with("来自客户端127.0.0.1:", "的消息:");
        server.stdout.expect_line(message);
        server.stdout.expect_prompt(SERVER_PROMPT);
        server.types(answer);
        client.stdout.expect_line(&format!("来自服务器{address}的消息:"));
        client.stdout.expect_line(answer);
    }
    client.end_input();
    client.expect_status(0).expect_rest(&format!("{CLIENT_PROMPT}\n"), "");
}

/// A server that connected its socket to its first client would serve no other.
#[test]
fn the_server_answers_one_client_after_another_until_the_input_ends() {
    let (mut server, first) = talk_server();
    let second = Peer::stranger_to(first.partner());
    for (client, number) in [(&first, "1"), (&second, "2"), (&first, "3")] {
        client.sends(number);
        let from = format!("来自客户端{}的消息:", client.address());
        expect_message(&mut server, &from, number);
        client.expect_typed(&mut server, number, number);
    }
    first.sends("an empty answer?");
    first.expect_typed(&mut server, "", "");
    server.stdout.read_until("an empty answer?");
    second.expect_empty_queue();
    second.sends("你好");
    server.end_input();
    server.stdout.read_until("你好");
    server.expect_status(0).expect_rest(&format!("{SERVER_PROMPT}\n"), "");
}

#[test]
fn any_datagram_is_sanitized_and_crashes_neither_program() {
    let long = "x".repeat(LONGEST_PAYLOAD);
    for (payload, printed) in [
        (&b"\x1b[2Jcleared\nand\tmore\0"[..], "?[2Jcleared?and more?"),
        (b"bad \xff bytes\n", "bad \u{fffd} bytes"),
        (b"", ""),
        (long.as_bytes(), &long),
    ] {
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
    peer.sends_each(&["hi", "hi again"]);
    let (other, client) = talk_client();
    for (mut program, peer) in [(server, peer), (client, other)] {
        program.types(&too_long);
        let error = format!("error: cannot send to {}: ", peer.address());
        program.stderr.expect_line_with(&error, "(os error");
        peer.expect_typed(&mut program, "short", "short");
    }
}

#[test]
fn a_missing_server_is_reported_and_others_are_ignored() {
    let address = ports::unused_address();
    let mut client = talk_client_to(address);
    for _ in 0..2 {
        client.stdout.expect_prompt(CLIENT_PROMPT);
        client.types("有人吗");
        let error = format!("error: cannot reach {address}: ");
        client.stderr.expect_line_with(&error, "(os error");
    }
    let server = Peer::as_server_at(address);
    server.expect_typed(&mut client, "现在呢", "现在呢");
    Peer::stranger_to(server.partner()).sends("not from the server");
    server.sends("在");
    let from = format!("来自服务器{address}的消息:");
    client.stdout.expect_line(&(CLIENT_PROMPT.to_owned() + &from));
    client.stdout.expect_line("在");
    client.end_input();
    client.expect_status(0).expect_rest(&format!("{CLIENT_PROMPT}\n"), "");
}

#[cfg(unix)]
#[test]
fn a_closed_stdout_ends_the_pair_with_status_0() {
    let start = |path, address| {
        Program::start(command(path, &[address]).stdout(closed_output()))
    };
    let mut server = Server::from_program(start(TALK_SERVER, "127.0.0.1:0"));
    Peer::stranger_to(server.address).sends("hi");
    server.program.expect_status(0).expect_rest("", "");
    start(TALK_CLIENT, "127.0.0.1:9").expect_status(0).expect_rest("", "");
}
