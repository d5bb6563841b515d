//! The article's first pair, which take turns: the real programs through pipes.

mod common;

use common::ports::unused_address;
use common::{
    LONGEST_PAYLOAD, Peer, Program, Server, TALK_CLIENT, TALK_SERVER,
};
use common::{command, expect_equal, expect_error};

const SERVER_PROMPT: &str = "please input send to msg:";
const CLIENT_PROMPT: &str = "please input msg:";

fn talk_server() -> Server {
    Server::from_program(Program::start(TALK_SERVER, &["127.0.0.1:0"]))
}

/// A `talk-client`, and a socket in the server's place.
fn talk_client() -> (Peer, Program) {
    let server = Peer::as_server();
    let client = Program::start(TALK_CLIENT, &[&server.address().to_string()]);
    (server, client)
}

#[test]
fn the_two_take_turns() {
    let mut server = talk_server();
    let mut client =
        Program::start(TALK_CLIENT, &[&server.address.to_string()]);
    let mut prompt = "";
    let long = "长".repeat(1000);
    let turns =
        [("你好", "hello"), ("🐼", "exit"), (&*long, &*long), ("", " ")];
    for (message, answer) in turns {
        client.types(message);
        let head = server.program.stdout.next_line();
        expect_error(
            &head,
            &format!("{prompt}来自客户端127.0.0.1:"),
            "的消息:",
        );
        server.program.stdout.expect_line(message);
        server.program.types(answer);
        let head =
            format!("{CLIENT_PROMPT}来自服务器{}的消息:", server.address);
        client.stdout.expect_line(&head);
        client.stdout.expect_line(answer);
        prompt = SERVER_PROMPT;
    }
    client.end_input();
    let end = client.stdout.read_to_end();
    expect_equal("at the end of input", end, format!("{CLIENT_PROMPT}\n"));
    client.expect_end(0);
}

/// A server that connected its socket to its first client would serve no other.
#[test]
fn the_server_answers_one_client_after_another() {
    let mut server = talk_server();
    let clients = [(); 2].map(|()| Peer::stranger_to(server.address));
    for number in 0..4 {
        let client = &clients[number % 2];
        client.sends(format!("question {number}"));
        let from = format!("来自客户端{}的消息:", client.address());
        server.program.stdout.read_until(&from);
        server.program.stdout.expect_line(&format!("question {number}"));
        server.program.types(&format!("answer {number}"));
        client.expect(&format!("answer {number}"));
    }
    clients.iter().for_each(Peer::expect_empty_queue);
}

#[test]
fn the_end_of_input_ends_the_server_with_status_0() {
    let mut server = talk_server();
    Peer::stranger_to(server.address).sends("你好");
    server.program.end_input();
    let screen = server.program.stdout.read_to_end();
    let end = format!("的消息:\n你好\n{SERVER_PROMPT}\n");
    assert!(screen.ends_with(&end), "expected: … {end}\nreceived: {screen}");
    server.program.expect_end(0);
}

#[test]
fn any_datagram_is_sanitized_and_crashes_neither_program() {
    let long = "x".repeat(LONGEST_PAYLOAD);
    for (payload, printed) in [
        (&b"\x1b[2Jcleared\nand\tmore\0"[..], "?[2Jcleared?and more?"),
        ("\u{202e}turned".as_bytes(), "?turned"),
        (b"bad \xff bytes", "bad \u{fffd} bytes"),
        (b"netcat\n", "netcat"),
        (b"", ""),
        (&long.as_bytes()[..1025], &long[..1025]),
        (long.as_bytes(), &long),
    ] {
        let mut server = talk_server();
        let peer = Peer::stranger_to(server.address);
        peer.sends(payload);
        server.program.stdout.read_until("来自客户端");
        server.program.stdout.expect_line(printed);
        server.program.types("go on");
        peer.expect("go on");

        let (server, mut client) = talk_client();
        client.types("hi");
        server.expect("hi");
        server.sends(payload);
        client.stdout.read_until("来自服务器");
        client.stdout.expect_line(printed);
        client.types("go on");
        server.expect("go on");
    }
}

/// No datagram has so many bytes, so the system refuses to send it.
#[test]
fn a_message_that_cannot_be_sent_is_reported_and_prompted_again() {
    let too_long = "x".repeat(66_000);
    let (server, mut client) = talk_client();
    client.types(&too_long);
    let error = format!("error: cannot send to {}: ", server.address());
    client.stderr.expect_error(&error, "(os error");
    client.types("short");
    server.expect("short");

    let mut server = talk_server();
    let peer = Peer::stranger_to(server.address);
    peer.sends("hi");
    server.program.types(&too_long);
    let error = format!("error: cannot send to {}: ", peer.address());
    server.program.stderr.expect_error(&error, "(os error");
    peer.sends("hi again");
    server.program.types("short");
    peer.expect("short");
}

#[test]
fn a_failed_receive_does_not_stop_the_server() {
    let failing = ["recvfrom", "ECONNRESET", "1"];
    let arguments = ["127.0.0.1:0"];
    let started =
        Program::start_with_failing_call(TALK_SERVER, &arguments, failing);
    let Some(program) = started else { return };
    let mut server = Server::from_program(program);
    server.program.stderr.expect_error("warning: cannot receive: ", "reset");
    let peer = Peer::stranger_to(server.address);
    peer.sends("hi");
    server.program.types("hello");
    peer.expect("hello");
}

#[test]
fn a_missing_server_is_reported_each_time_and_the_prompt_returns() {
    let address = unused_address();
    let mut client = Program::start(TALK_CLIENT, &[&address.to_string()]);
    for _ in 0..2 {
        client.types("有人吗");
        let error = format!("error: cannot reach {address}: ");
        client.stderr.expect_error(&error, "(os error");
    }
    let server = Peer::as_server_at(address);
    client.types("现在呢");
    server.expect("现在呢");
    server.sends("在");
    client.stdout.read_until("来自服务器");
    client.stdout.expect_line("在");
    client.end_input();
    client.stdout.expect_line(CLIENT_PROMPT);
    client.expect_end(0);
}

#[test]
fn datagrams_from_other_addresses_are_ignored() {
    let (server, mut client) = talk_client();
    client.types("hi");
    server.expect("hi");
    Peer::stranger_to(server.partner()).sends("not the server");
    server.sends("the server");
    client.stdout.read_until("来自服务器");
    client.stdout.expect_line("the server");
}

#[cfg(unix)]
#[test]
fn a_closed_stdout_ends_the_pair_with_status_0() {
    let mut arguments = ["127.0.0.1:0".to_owned()];
    for path in [TALK_SERVER, TALK_CLIENT] {
        let mut command = command(path, &[&arguments[0]]);
        let program = command.stdout(common::closed_output());
        let mut program = Program::spawn(program);
        if path == TALK_SERVER {
            let server = Server::from_program(program);
            arguments[0] = server.address.to_string();
            Peer::stranger_to(server.address).sends("hi");
            program = server.program;
        }
        program.expect_end(0);
    }
}
