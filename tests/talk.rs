//! The article's first pair, which take turns: the real programs through pipes.

mod common;

use common::{BareServer, LONGEST_DATAGRAM, Peer, Program, Server, TALK_CLIENT, nobody};

/// A `talk-client` at a bare socket, and that socket.
fn talk_client() -> (BareServer, Program) {
    let server = BareServer::bind();
    let client = Program::start(TALK_CLIENT, &[&server.address().to_string()]);
    (server, client)
}

#[test]
fn the_two_take_turns() {
    let mut server = Server::start_talk();
    let mut client = Program::start(TALK_CLIENT, &[&server.address.to_string()]);
    let mut ask_server = "";
    let long = "长".repeat(341) + "x";
    assert_eq!(long.len(), 1024);
    for (message, answer) in [("你好", "hello"), ("🐼", "👨‍👩‍👧"), (&*long, &*long), ("", "")]
    {
        client.types(message);
        let head = server.program.stdout.next();
        let from = head.strip_prefix(ask_server).unwrap();
        assert!(
            from.starts_with("来自客户端127.0.0.1:") && from.ends_with("的消息:"),
            "{head}"
        );
        assert_eq!(server.program.stdout.next(), message);

        server.program.types(answer);
        let head = client.stdout.next();
        assert_eq!(
            head,
            format!("please input msg:来自服务器{}的消息:", server.address)
        );
        assert_eq!(client.stdout.next(), answer);
        ask_server = "please input send to msg:";
    }
    client.end_input();
    assert_eq!(client.status(), 0);
    assert_eq!(client.stdout.rest(), "please input msg:");
}

#[test]
fn the_server_answers_whoever_wrote() {
    let mut server = Server::start_talk();
    for number in 0..3 {
        let peer = Peer::at(server.address);
        peer.sends(format!("{number}"));
        server.program.types(&format!("answer {number}"));
        peer.gets(&format!("answer {number}"));
    }
}

#[test]
fn the_end_of_input_ends_the_server_with_status_0() {
    let mut server = Server::start_talk();
    Peer::at(server.address).sends("你好");
    server.program.end_input();
    assert_eq!(server.program.status(), 0);
    assert!(
        server
            .program
            .stdout
            .rest()
            .ends_with("的消息:\n你好\nplease input send to msg:")
    );
}

#[test]
fn the_end_of_input_ends_the_client_with_status_0() {
    let (mut server, mut client) = talk_client();
    client.types_bytes("没有换行".as_bytes());
    client.end_input();
    server.gets("没有换行");
    server.sends("好");
    assert_eq!(client.status(), 0);
    assert_eq!(
        client.stdout.rest(),
        format!(
            "please input msg:来自服务器{}的消息:\n好\nplease input msg:",
            server.address()
        ),
    );
}

#[test]
fn any_datagram_is_shown_safely_and_ends_nothing() {
    let long = "x".repeat(LONGEST_DATAGRAM);
    for (datagram, shown) in [
        (&b"\x1b[2Jcleared\nand more\0"[..], "?[2Jcleared?and more?"),
        (b"bad \xff bytes", "bad \u{fffd} bytes"),
        (b"netcat\n", "netcat"),
        (b"", ""),
        (b"x", "x"),
        (&long.as_bytes()[..1025], &long[..1025]),
        (long.as_bytes(), &long),
    ] {
        let mut server = Server::start_talk();
        let peer = Peer::at(server.address);
        peer.sends(datagram);
        server.program.stdout.until("来自客户端");
        assert_eq!(server.program.stdout.next(), shown);
        server.program.types("go on");
        peer.gets("go on");

        let (mut server, mut client) = talk_client();
        client.types("hi");
        server.gets("hi");
        server.sends(datagram);
        client.stdout.until("来自服务器");
        assert_eq!(client.stdout.next(), shown);
        client.types("go on");
        server.gets("go on");
    }
}

#[test]
fn a_line_over_1024_bytes_is_refused_and_asked_for_again() {
    let (mut server, mut client) = talk_client();
    client.types(&"x".repeat(1025));
    assert!(client.stderr.next().contains("1025"));
    client.types(&"x".repeat(1024));
    server.gets(&"x".repeat(1024));

    let mut server = Server::start_talk();
    let peer = Peer::at(server.address);
    peer.sends("hi");
    server.program.types(&"好".repeat(342));
    assert!(server.program.stderr.next().contains("1026"));
    server.program.types("short");
    peer.gets("short");
    server.program.stdout.until("hi");
    assert_eq!(server.program.stdout.so_far(), Vec::<String>::new());
}

#[test]
fn no_server_is_said_each_time_and_is_status_1_at_the_end() {
    let address = nobody();
    let mut client = Program::start(TALK_CLIENT, &[&address.to_string()]);
    for _ in 0..2 {
        client.types("有人吗");
        assert_eq!(
            client.stderr.next(),
            format!("error: no server answers at {address}")
        );
    }
    client.end_input();
    assert_eq!(client.status(), 1);
    assert_eq!(client.stdout.rest(), "please input msg:".repeat(3));
}

#[test]
fn a_server_that_comes_late_is_talked_to() {
    let address = nobody();
    let mut client = Program::start(TALK_CLIENT, &[&address.to_string()]);
    client.types("有人吗");
    client.stderr.until("error: no server answers");
    let mut server = BareServer::bind_at(address);
    client.types("现在呢");
    server.gets("现在呢");
    server.sends("在");
    client.stdout.until("在");
    client.end_input();
    assert_eq!(client.status(), 0);
}

#[test]
fn only_the_server_is_heard() {
    let (mut server, mut client) = talk_client();
    client.types("hi");
    server.gets("hi");
    Peer::at(server.client()).sends("not the server");
    server.sends("the server");
    client.stdout.until("来自服务器");
    assert_eq!(client.stdout.next(), "the server");
}
