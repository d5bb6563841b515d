//! The server's rules through the real program, with the numbers that they have
//! in `src/guide/reference.md`. `protocol.rs` tests what a datagram means.

use crate::common::*;
use crate::strace::failing;
use crate::talk::talk_client_to;
use std::net::UdpSocket;

/// A stranger is never answered, because the address may be forged.
#[test]
fn rule_1_only_members_get_a_hint_about_an_invalid_datagram() {
    let mut server = Server::start();
    let [ming, hong] = server.join(["小明", "小红"]);
    let stranger = Peer::stranger_to(server.address);
    let longest = [b'x'; LONGEST_PAYLOAD];
    let true_length = format!(": {LONGEST_PAYLOAD} bytes, over 1024");
    for (payload, reason) in [
        (&longest[..1025], ": 1025 bytes, over 1024"),
        (&longest, &*true_length),
        (b"half a character: \xe5", ": not UTF-8"),
    ] {
        stranger.sends(payload);
        server.expect_drop(&stranger, reason);
        ming.sends(payload);
        ming.expect(HINT);
        server.expect_drop(&ming, reason);
    }
    server.expect_nothing_more(&[&stranger, &ming, &hong]);
}

/// What a server sends to itself comes from its own port.
#[test]
fn rule_5_a_stranger_with_the_servers_port_does_not_join() {
    let mut server = Server::start();
    let [ming, hong] = server.join(["小明", "小红"]);
    let [port, mings] = [server.address, ming.address()].map(|it| it.port());
    // The address of another machine, if this system takes it for its own.
    let bind = |port| UdpSocket::bind(("127.0.0.2", port));
    let (Ok(own), Ok(other)) = (bind(port), bind(mings)) else {
        return skip("this machine has no address 127.0.0.2");
    };
    let own = Peer::stranger_with(own, server.address);
    for sent in ["小刚", "小刚 : hi", "小明 : hi"] {
        own.sends(sent);
        server.expect_drop(&own, ": its port is the server's own");
    }
    ming.sends("小明 : 谁?");
    hong.expect("小明 : 谁?");
    server.expect_chat_line("小明 : 谁?", &ming);
    server.expect_nothing_more(&[&own, &ming, &hong]);
    let other = Peer::stranger_with(other, server.address);
    other.sends("小刚 : hi");
    server.expect_log_line(&format!("小刚 joined from {}", other.address()));
    ming.expect_each(&["小刚 进入聊天室...", "小刚 : hi"]);
}

/// The limit counts members, not names, so all of them have the same name.
#[test]
fn rule_5_a_full_room_rejects_newcomers_and_keeps_its_members() {
    let mut server = Server::start();
    let members = server.join(["m"; 3]);
    for _ in 3..1000 {
        // Dropped at once: some systems let a process open 256 files only.
        let member = Peer::disposable(server.address);
        member.sends("m");
        // Read at once, because a socket can't buffer so many notices.
        members.iter().for_each(|member| member.expect("m 进入聊天室..."));
        server.expect_log_line(&format!("m joined from {}", member.address()));
    }
    let late = Peer::stranger_to(server.address);
    for payload in ["m", "late", "late : hello"] {
        late.sends(payload);
        server.expect_drop(&late, ": the room is full");
    }
    server.expect_nothing_more(&[&late]);

    // One member leaves, so another can join.
    let [first, second, third] = &members;
    third.sends("m : still here");
    first.expect("m : still here");
    second.expect("m : still here");
    first.sends("exit");
    second.expect("m 离开了聊天室...");
    late.sends("late : hello");
    second.expect_each(&["late 进入聊天室...", "late : hello"]);
    server.expect_nothing_more_to(&[first]);
}

#[cfg(target_os = "linux")]
#[test]
fn outputs_that_are_closed_or_full_do_not_stop_the_server() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    for (stdout, reason) in
        [(closed_output(), "Broken pipe"), (full.into(), "No space left")]
    {
        let mut server = command(SERVER, &["127.0.0.1:0"]);
        let server = Program::start(server.stdout(stdout));
        let mut server = Server::from_program(server);
        let [ming, hong] = server.join(["小明", "小红"]);
        ming.sends("小明 : 1");
        hong.expect("小明 : 1");
        let warning = "warning: cannot write to standard output: ";
        server.program.stderr.expect_line_with(warning, reason);
        server.program.stderr.close();
        for line in ["小明 : 2", "小明 : 3"] {
            ming.sends(b"\xff");
            ming.expect(HINT);
            ming.sends(line);
            hong.expect(line);
        }
    }
}

#[test]
fn a_failed_receive_is_logged_and_the_programs_continue() {
    let calls = "recvfrom:error=ECONNRESET:when=1";
    let peer = Peer::as_server();
    let asking = command(TALK_CLIENT, &[&peer.address().to_string()]);
    let Some(mut asking) = failing(calls, &asking) else { return };
    peer.expect_typed(&mut asking, "hi", "hi");
    asking.stderr.expect_line_with("error: cannot reach ", "reset");
    peer.expect_typed(&mut asking, "hi again", "hi again");
    for path in [SERVER, TALK_SERVER] {
        let server = failing(calls, &command(path, &["127.0.0.1:0"]));
        let Some(mut server) = server.map(Server::from_program) else { return };
        let Program { stdout, stderr, .. } = &mut server.program;
        stderr.expect_line_with("warning: cannot receive: ", "reset");
        Peer::stranger_to(server.address).sends("hi");
        let goes_on = if path == SERVER { stderr } else { stdout };
        goes_on.read_until("hi");
    }
}

#[test]
fn a_failed_send_is_logged_and_the_others_get_their_copies() {
    // Three notices are sent first. Then, one of a line's two copies fails.
    let calls = "sendto:error=ENETUNREACH:when=4..10+2";
    let server = failing(calls, &command(SERVER, &["127.0.0.1:0"]));
    let Some(mut server) = server.map(Server::from_program) else { return };
    let [ming, hong, gang] = server.join(["小明", "小红", "小刚"]);
    gang.sends_each(&["小刚 : 在吗"; 5]);
    let warning = server.program.stderr.next_line();
    let is_to = |it: &Peer| warning.contains(&it.address().to_string());
    let [lost, got] = if is_to(&ming) { [ming, hong] } else { [hong, ming] };
    let start = format!("warning: cannot send to {}: ", lost.address());
    expect_equal(&warning, warning.get(..start.len()), Some(&*start));
    got.expect_each(&["小刚 : 在吗"; 5]);
    lost.expect("小刚 : 在吗");
}

#[test]
fn the_programs_work_over_ipv6() {
    let Ok(socket) = UdpSocket::bind("[::1]:0") else {
        return skip("this machine has no IPv6");
    };
    let mut server = Server::start_at("[::1]:0");
    let ming = Peer::joined(&mut server, "小明");
    let mut hong = Program::client(server.address, "小红");
    ming.expect(&joined_notice("小红"));
    ming.sends("小明 : 你好");
    hong.stdout.read_until("小明 : 你好");
    server.expect_chat_line("小明 : 你好", &ming);
    let peer = Peer::new(socket);
    let mut client = talk_client_to(peer.address());
    peer.expect_typed(&mut client, "hi", "hi");
}
