//! The client's rules, one by one, through the real program. Every number is that of a rule in
//! README.md, "The client".

mod common;

use std::net::UdpSocket;

use common::{BareServer, CLIENT, LONGEST_DATAGRAM, Program, Server, client, nobody};

const WELCOME: &str = "-----欢迎来到聊天室,退出聊天室请输入'EXIT(不分大小写)'-----";

/// A client called 小明 at a bare socket that has its join.
fn joined() -> (BareServer, Program) {
    let mut server = BareServer::bind();
    let mut client = client(server.address(), "小明");
    server.gets("小明");
    assert_eq!(client.stdout.next(), WELCOME);
    assert_eq!(
        client.stdout.next(),
        "-----------------小明------------------"
    );
    (server, client)
}

#[test]
fn rules_1_to_3_the_screen_of_a_session_is_the_articles() {
    let mut server = BareServer::bind();
    let mut client = Program::start(CLIENT, &[&server.address().to_string()]);
    assert_eq!(client.stdout.next(), WELCOME);
    client.types("小明");
    server.gets("小明");
    assert_eq!(
        client.stdout.next(),
        "请输入你的名称:-----------------小明------------------"
    );
    server.sends("小红 进入聊天室...");
    assert_eq!(client.stdout.next(), "小红 进入聊天室...");
    client.types("大家好");
    server.gets("小明 : 大家好");
    client.types("exit");
    server.gets("小明 : exit");
    assert_eq!(client.status(), 0);
    assert_eq!(client.stdout.rest() + &client.stderr.rest(), "");
}

#[test]
fn rule_2_a_name_that_breaks_the_limits_is_asked_for_again() {
    let mut server = BareServer::bind();
    let mut client = Program::start(CLIENT, &[&server.address().to_string()]);
    for (bad, why) in [
        ("", "blank"),
        ("  \t", "blank"),
        (&*"名".repeat(43), "128"),
        ("a : b", "` : `"),
        ("a :", "` :`"),
        ("Exit", "leaves the room"),
    ] {
        client.types(bad);
        let error = client.stderr.next();
        assert!(
            error.starts_with("error: ") && error.contains(why),
            "{bad:?}: {error}"
        );
    }
    client.types("  小 明 ");
    server.gets("小 明");
    client.stdout.next();
    assert_eq!(
        client.stdout.next(),
        "请输入你的名称:".repeat(7) + "-----------------小 明------------------",
    );
}

#[test]
fn rule_2_the_prompt_is_there_before_the_name_is() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    let mut child = Command::new(CLIENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let expected = format!("{WELCOME}\n请输入你的名称:");
    let mut shown = vec![0; expected.len()];
    // Blocks for ever if the prompt waits for its line ending.
    child.stdout.take().unwrap().read_exact(&mut shown).unwrap();
    assert_eq!(String::from_utf8(shown).unwrap(), expected);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn rule_2_the_end_of_input_instead_of_a_name_is_status_1() {
    let server = BareServer::bind();
    let mut client = Program::start(CLIENT, &[&server.address().to_string()]);
    client.end_input();
    assert_eq!(client.status(), 1);
    assert!(client.stderr.next().starts_with("error: "));
    server.socket.set_nonblocking(true).unwrap();
    assert!(
        server.socket.recv(&mut [0; 8]).is_err(),
        "nobody has joined"
    );
}

#[test]
fn rule_4_only_the_server_is_heard() {
    let (server, mut client) = joined();
    let anyone = UdpSocket::bind("127.0.0.1:0").unwrap();
    anyone
        .send_to("小红 : 假的".as_bytes(), server.client())
        .unwrap();
    server.sends("小红 : 真的");
    assert_eq!(client.stdout.next(), "小红 : 真的");
}

#[test]
fn rule_5_a_blank_line_is_not_sent() {
    let (mut server, mut client) = joined();
    for blank in ["", "   ", "\t", "\u{3000}"] {
        client.types(blank);
    }
    client.types("  hi  ");
    server.gets("小明 :   hi  ");
}

#[test]
fn rule_5_a_long_line_goes_out_whole_in_several_datagrams() {
    let (mut server, mut client) = joined();
    for line in [
        "x".repeat(1024 - "小明 : ".len()),
        "x".repeat(1025 - "小明 : ".len()),
        "好".repeat(400),
        "a好🐼".repeat(1000),
        "x".repeat(1015) + "exit",
        " ".repeat(1000) + "exit" + &" ".repeat(2000) + "x" + &" ".repeat(2000) + "EXIT",
    ] {
        client.types(&line);
        let mut arrived = String::new();
        while arrived.len() < line.len() {
            let datagram = server.next();
            assert!(datagram.len() <= 1024, "{} bytes", datagram.len());
            let part = datagram.strip_prefix("小明 : ").expect("the name");
            assert!(
                !part.trim().eq_ignore_ascii_case("exit"),
                "{part:?} would leave"
            );
            arrived += part;
        }
        assert_eq!(arrived, line);
    }
    client.types("short");
    server.gets("小明 : short");
}

#[test]
fn rule_6_exit_in_any_case_leaves_in_lower_case() {
    for leave in ["exit", "EXIT", "eXiT", "  exit "] {
        let (mut server, mut client) = joined();
        client.types(leave);
        server.gets("小明 : exit");
        assert_eq!(client.status(), 0);
        assert_eq!(client.stderr.rest(), "");
    }
}

#[test]
fn rule_6_the_end_of_input_leaves() {
    let (mut server, mut client) = joined();
    client.types_bytes("没有换行".as_bytes());
    client.end_input();
    server.gets("小明 : 没有换行");
    server.gets("小明 : exit");
    assert_eq!(client.status(), 0);
}

#[test]
fn rule_6_a_line_about_the_exit_is_a_line() {
    let (mut server, mut client) = joined();
    client.types("where is the exit");
    server.gets("小明 : where is the exit");
}

#[test]
fn rule_7_what_arrives_is_one_safe_line_each() {
    let (server, mut client) = joined();
    for (datagram, shown) in [
        (&b"plain"[..], "plain"),
        ("小红 : 你好\t🐼".as_bytes(), "小红 : 你好\t🐼"),
        (b"\x1b[2Jcleared\x07", "?[2Jcleared?"),
        (b"two\nlines\rand\0", "two?lines?and?"),
        (b"netcat\n", "netcat"),
        (b"bad \xff\xe5\xa5 bytes", "bad \u{fffd}\u{fffd} bytes"),
        ("\u{9b}31m".as_bytes(), "?31m"),
    ] {
        server.sends(datagram);
        assert_eq!(client.stdout.next(), shown);
    }
    for blank in ["", " ", "\n", "\t\r\n"] {
        server.sends(blank);
    }
    let long = "x".repeat(LONGEST_DATAGRAM);
    server.sends(&long);
    assert_eq!(client.stdout.next(), long);
}

#[test]
fn rule_7_with_standard_output_closed_the_client_leaves_and_ends() {
    use std::process::{Command, Stdio};

    let mut server = BareServer::bind();
    let mut client = Command::new(CLIENT)
        .args([&server.address().to_string(), "小明"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    server.gets("小明");
    // Its end would be another reason to end, with status 0 as well.
    let _input = client.stdin.take();
    drop(client.stdout.take());
    server.says_until_answered("小红 : 你好");
    server.gets("小明 : exit");
    assert_eq!(client.wait().unwrap().code(), Some(0));
}

#[test]
fn rule_8_no_server_is_said_once_and_the_client_goes_on() {
    let address = nobody();
    let mut client = client(address, "小明");
    let error = format!("error: no server answers at {address}");
    assert_eq!(client.stderr.next(), error);
    for line in ["one", "two", "three"] {
        client.types(line);
    }
    client.types("exit");
    assert_eq!(client.status(), 1);
    assert_eq!(client.stderr.rest(), "");
}

#[test]
fn rule_8_leaving_while_refused_is_status_1_however_fast() {
    for input in ["", "exit\n", "hi\n", "one\ntwo\nexit\n"] {
        let address = nobody();
        let mut client = Program::start(CLIENT, &[&address.to_string(), "小明"]);
        client.types_bytes(input.as_bytes());
        client.end_input();
        assert_eq!(client.status(), 1, "{input:?}");
        assert_eq!(
            client.stderr.rest(),
            format!("error: no server answers at {address}\n")
        );
    }
}

#[test]
fn rule_8_a_server_that_comes_late_gets_the_next_word_whole() {
    let address = nobody();
    let mut client = client(address, "小明");
    client.stderr.until("error: no server answers");
    let mut server = BareServer::bind_at(address);
    client.types("有人吗");
    server.gets("小明 : 有人吗");
    client.types("exit");
    server.gets("小明 : exit");
    assert_eq!(client.status(), 0);
}

#[test]
fn rule_8_a_server_that_goes_is_said_again_after_one_answered() {
    let address = nobody();
    let mut server = BareServer::bind_at(address);
    let mut client = client(address, "小明");
    server.gets("小明");
    server.goes();
    client.types("lost");
    assert_eq!(
        client.stderr.next(),
        format!("error: no server answers at {address}")
    );
    let mut server = BareServer::bind_at(address);
    client.types("found");
    server.gets("小明 : found");
    server.sends("小红 : 你好");
    client.stdout.until("小红 : 你好");
    server.goes();
    client.types("lost again");
    assert_eq!(
        client.stderr.next(),
        format!("error: no server answers at {address}")
    );
}

#[test]
fn input_that_is_not_utf8_is_said_and_sent_as_far_as_it_goes() {
    let (mut server, mut client) = joined();
    client.types_bytes(b"caf\xe9!\n");
    server.gets("小明 : caf\u{fffd}!");
    assert!(client.stderr.next().starts_with("warning: "));
    client.types_bytes(b"windows\r\n");
    server.gets("小明 : windows");
}

#[test]
fn two_clients_and_a_server_talk() {
    let mut server = Server::start();
    let mut ming = client(server.address, "小明");
    server.program.stderr.until("小明 entered");
    let mut hong = client(server.address, "小红");
    ming.stdout.until("小红 进入聊天室...");
    ming.types("大家好");
    hong.stdout.until("小明 : 大家好");
    hong.types("你好,小明");
    ming.stdout.until("小红 : 你好,小明");
    hong.end_input();
    ming.stdout.until("小红 离开了聊天室...");
    ming.types("EXIT");
    server.program.stderr.until("小明 left");
    assert_eq!((ming.status(), hong.status()), (0, 0));
}
