//! The article's programs in Rust: our clients talk through the article's
//! server, its client does too, and both fail in the ways that the guide tells.

use std::net::SocketAddr;

use crate::common::*;
use crate::strace::failing;

/// Starts the article's server. `None`: there is no cargo to build it.
fn server_at(address: SocketAddr) -> Option<Program> {
    let path = examples::build("article-server")?;
    let address_text = address.to_string();
    let server =
        Program::start(command(path.to_str().unwrap(), &[&address_text]));
    ports::wait_until_bound(address, true);
    Some(server)
}

/// Starts the article's client and types the name.
fn client(server: SocketAddr, name: &str) -> Option<Program> {
    let path = examples::build("article-client")?;
    let server = server.to_string();
    let mut client =
        Program::start(command(path.to_str().unwrap(), &[&server]));
    client.stdout.expect_line(WELCOME);
    client.stdout.expect_prompt(NAME_PROMPT);
    client.types(name);
    client.stdout.expect_line(&banner(name));
    Some(client)
}

/// Starts the article's server. 小明 and 小红, bare sockets, have joined.
fn two_in_a_room() -> Option<(Program, [Peer; 2])> {
    let address = ports::unused_address();
    let server = server_at(address)?;
    let [ming, hong] = [(); 2].map(|()| Peer::stranger_to(address));
    ming.sends("小明");
    hong.sends("小红");
    ming.expect("小红 进入聊天室...");
    Some((server, [ming, hong]))
}

#[test]
fn our_clients_and_the_articles_talk_through_its_server() {
    let address = ports::unused_address();
    let Some(mut server) = server_at(address) else { return };
    let watcher = Peer::stranger_to(address);
    watcher.sends("watcher");
    let mut ming = Program::client(address, "小明");
    watcher.expect("小明 进入聊天室...");
    let mut hong = Program::client(address, "小红");
    ming.stdout.read_until("小红 进入聊天室...");
    let Some(mut gang) = client(address, "小刚") else { return };
    hong.stdout.read_until("小刚 进入聊天室...");

    ming.types("大家好");
    server.stdout.read_until("\"小明 : 大家好\" from 127.0.0.1:");
    hong.stdout.expect_line("小明 : 大家好");
    gang.stdout.expect_line("小明 : 大家好");
    gang.types("你好");
    hong.stdout.expect_line("小刚 : 你好");
    // Our clients send `exit` in lower case, whatever is typed.
    hong.types("EXIT");
    gang.stdout.expect_line("小红 离开了聊天室...");
}

#[test]
fn one_byte_crashes_the_server_and_the_receive_thread_of_a_client() {
    let Some((mut server, [ming, _hong])) = two_in_a_room() else { return };
    let address = ming.partner();
    let Some(mut gang) = client(address, "小刚") else { return };
    ming.expect("小刚 进入聊天室...");
    Peer::stranger_to(address).sends(b"\xff");
    server.expect_status(101);
    server.stderr.read_until("panicked");
    // Before it crashed, the server has sent the byte in a notice.
    gang.stderr.read_until("panicked");
    // Its other thread goes on.
    let in_its_place = Peer::as_server_at(address);
    gang.types("还在吗");
    in_its_place.expect("小刚 : 还在吗");
}

#[test]
fn after_a_restart_a_line_becomes_a_name() {
    let Some((mut server, [ming, hong])) = two_in_a_room() else { return };
    let address = ming.partner();
    server.kill();
    let Some(_server) = server_at(address) else { return };
    hong.sends("小红 : 还在吗");
    ming.sends("小明 : 在");
    hong.expect("小明 : 在 进入聊天室...");
}

#[test]
fn a_line_with_exit_in_it_removes_its_sender() {
    let Some((_server, [ming, hong])) = two_in_a_room() else { return };
    ming.sends("小明 : where is the exit");
    hong.expect("小明 离开了聊天室...");
    hong.sends("小红 : 再见");
    ming.sends("小明 : 我还在");
    hong.expect("小明 : 我还在 进入聊天室...");
    hong.sends("小红 : 你好");
    ming.expect("小红 : 你好"); // and never 再见
}

/// Like Python's `recvfrom(1024)`. (On Windows, both programs crash instead.)
#[cfg(not(windows))]
#[test]
fn server_and_client_truncate_datagrams_to_1024_bytes() {
    let Some((mut server, [ming, hong])) = two_in_a_room() else { return };
    let fits = "x".repeat(1024);
    ming.sends(fits.clone() + "y");
    let from = ming.address();
    let printed = format!("\"{fits}\" from {from}");
    expect_equal("the server prints", server.stdout.next_line(), printed);
    expect_equal("the server relays", hong.next_text(), &*fits);

    let in_its_place = Peer::as_server();
    let address = in_its_place.address();
    let Some(mut gang) = client(address, "小刚") else { return };
    in_its_place.expect("小刚");
    in_its_place.sends(fits.clone() + "y");
    expect_equal("the client prints", gang.stdout.next_line(), fits);
}

#[test]
fn upper_case_exit_is_relayed_and_its_sender_stays() {
    let Some((_server, [ming, hong])) = two_in_a_room() else { return };
    ming.sends("小明 : EXIT");
    hong.expect("小明 : EXIT");
    hong.sends("小红 : 再见");
    ming.expect("小红 : 再见");

    let Some(mut gang) = client(ming.partner(), "小刚") else { return };
    ming.expect("小刚 进入聊天室...");
    // Python compares what is typed as it is.
    for typed in [" EXIT ", "EXIT"] {
        gang.types(typed);
        ming.expect(&format!("小刚 : {typed}"));
    }
    gang.expect_status(0);
}

/// Its socket isn't connected.
#[test]
fn the_client_prints_what_anyone_sends() {
    let server = Peer::as_server();
    let Some(mut gang) = client(server.address(), "小刚") else { return };
    server.expect("小刚");
    Peer::stranger_to(server.partner()).sends("小红 : 假的");
    gang.stdout.expect_line("小红 : 假的");
}

/// Windows reports to `recvfrom` that a client's port is closed.
#[test]
fn a_reset_connection_is_a_warning_of_the_server() {
    let Some(path) = examples::build("article-server") else { return };
    let address = ports::unused_address();
    let server = command(path.to_str().unwrap(), &[&address.to_string()]);
    let calls = "recvfrom:error=ECONNRESET:when=1";
    let Some(mut server) = failing(calls, &server) else { return };
    server.stderr.expect_line("WARNING:root:Someone left unexcept.");
    ports::wait_until_bound(address, true);
}

/// In a network of its own, so that no other program has the default port or
/// receives anything.
#[cfg(target_os = "linux")]
#[test]
fn without_arguments_the_default_address_is_used() {
    use crate::strace::{calls_of, traced};
    use std::time::{Duration, Instant};
    use std::{fs, thread};

    let unshare = |path: &str| command("unshare", &["-r", "-n", path]);
    if !unshare("true").status().is_ok_and(|status| status.success()) {
        return skip("it needs unshare");
    }
    for (name, call) in
        [("article-server", "bind"), ("article-client", "sendto")]
    {
        let Some(path) = examples::build(name) else { return };
        let program = unshare(path.to_str().unwrap());
        let calls = calls_of(name);
        let _ = fs::remove_file(&calls);
        let traced = traced(call, &calls, &program);
        let Some(mut program) = traced else { return };
        program.types("小明");
        let address = "sin_port=htons(9999), sin_addr=inet_addr(\"127.0.0.1\")";
        let started = Instant::now();
        let made = || fs::read_to_string(&calls).unwrap_or_default();
        while !made().contains(address) {
            if started.elapsed() > TIMEOUT {
                fail(format_args!("{call} with {address}"), made());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn the_end_of_input_crashes_the_client() {
    let server = Peer::as_server();
    let Some(mut gang) = client(server.address(), "小刚") else { return };
    server.expect("小刚");
    gang.end_input();
    gang.stderr.read_until("EOFError");
    gang.expect_status(0); // as in Python: only a thread has crashed
    server.expect_empty_queue();
}
