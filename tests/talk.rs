//! The article's first pair, which take turns: the real programs through pipes.

mod common;

use common::ports::nobody;
use common::{
    LONGEST_DATAGRAM, Peer, Program, Server, TALK_CLIENT, TALK_SERVER,
};

const ASK_SERVER: &str = "please input send to msg:";
const ASK_CLIENT: &str = "please input msg:";

fn talk_server() -> Server {
    Server::of(Program::start(TALK_SERVER, &["127.0.0.1:0"]))
}

/// A `talk-client` at a bare socket, and that socket.
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
    let long = "长".repeat(341) + "x";
    assert_eq!(long.len(), 1024);
    let turns =
        [("你好", "hello"), ("🐼", "exit"), (&*long, &*long), ("", " ")];
    for (message, answer) in turns {
        client.types(message);
        let head = server.program.stdout.next();
        let from = head.strip_prefix(prompt).expect(prompt);
        let from = from.strip_prefix("来自客户端127.0.0.1:").expect(from);
        assert!(from.ends_with("的消息:"), "{from}");
        server.program.stdout.shows(message);
        server.program.types(answer);
        let head = format!("{ASK_CLIENT}来自服务器{}的消息:", server.address);
        client.stdout.shows(&head);
        client.stdout.shows(answer);
        prompt = ASK_SERVER;
    }
    client.end_input();
    assert_eq!(client.status(), 0);
    common::check(&client.stdout.rest(), &format!("{ASK_CLIENT}\n"));
}

#[test]
fn the_end_of_input_ends_the_server_with_status_0() {
    let mut server = talk_server();
    Peer::at(server.address).sends("你好");
    server.program.end_input();
    assert_eq!(server.program.status(), 0);
    let shown = server.program.stdout.rest();
    let end = format!("的消息:\n你好\n{ASK_SERVER}\n");
    assert!(shown.ends_with(&end), "{shown}");
}

#[test]
fn any_datagram_is_shown_safely_and_ends_nothing() {
    let long = "x".repeat(LONGEST_DATAGRAM);
    for (datagram, shown) in [
        (&b"\x1b[2Jcleared\nand more\0"[..], "?[2Jcleared?and more?"),
        ("\u{202e}turned".as_bytes(), "?turned"),
        (b"bad \xff bytes", "bad \u{fffd} bytes"),
        (b"netcat\n", "netcat"),
        (b"", ""),
        (&long.as_bytes()[..1025], &long[..1025]),
        (long.as_bytes(), &long),
    ] {
        let mut server = talk_server();
        let peer = Peer::at(server.address);
        peer.sends(datagram);
        server.program.stdout.until("来自客户端");
        server.program.stdout.shows(shown);
        server.program.types("go on");
        peer.gets("go on");

        let (server, mut client) = talk_client();
        client.types("hi");
        server.gets("hi");
        server.sends(datagram);
        client.stdout.until("来自服务器");
        client.stdout.shows(shown);
        client.types("go on");
        server.gets("go on");
    }
}

#[test]
fn a_line_over_1024_bytes_is_refused_and_asked_for_again() {
    let (server, mut client) = talk_client();
    client.types(&"x".repeat(1025));
    let error = client.stderr.next();
    assert!(error.starts_with("error: ") && error.contains("1025"), "{error}");
    client.types(&"x".repeat(1024));
    server.gets(&"x".repeat(1024));

    let mut server = talk_server();
    let peer = Peer::at(server.address);
    peer.sends("hi");
    server.program.types(&"好".repeat(342));
    let error = server.program.stderr.next();
    assert!(error.starts_with("error: ") && error.contains("1026"), "{error}");
    server.program.types("short");
    peer.gets("short");
}

#[test]
fn no_server_is_said_each_time_and_asks_for_the_next_message() {
    let address = nobody();
    let mut client = Program::start(TALK_CLIENT, &[&address.to_string()]);
    for _ in 0..2 {
        client.types("有人吗");
        let error = client.stderr.next();
        assert!(
            error.starts_with(&format!("error: cannot reach {address}: ")),
            "{error}"
        );
    }
    let server = Peer::as_server_at(address);
    client.types("现在呢");
    server.gets("现在呢");
    server.sends("在");
    client.stdout.until("来自服务器");
    client.stdout.shows("在");
    client.end_input();
    assert_eq!(client.status(), 0);
    common::check(&client.stdout.rest(), &format!("{ASK_CLIENT}\n"));
    assert_eq!(client.stderr.rest(), "");
}

#[test]
fn only_the_server_is_heard() {
    let (server, mut client) = talk_client();
    client.types("hi");
    server.gets("hi");
    Peer::at(server.other()).sends("not the server");
    server.sends("the server");
    client.stdout.until("来自服务器");
    client.stdout.shows("the server");
}
