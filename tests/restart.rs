//! The server is killed and started again on its port in the middle of a
//! conversation: it has forgotten everybody, and everybody is back at their
//! next line, under the right name.

mod common;

use common::ports::nobody;
use common::{Program, Server};

const NAMES: [&str; 3] = ["小明", "小红", "小刚"];

/// `clients[who]` says `text`; those whom the server knows read it, and who is
/// back.
#[track_caller]
fn says(
    server: &mut Server,
    clients: &mut [Program],
    who: usize,
    text: &str,
    known: &mut Vec<usize>,
) {
    clients[who].types(text);
    let mut shown = vec![format!("{} : {text}", NAMES[who])];
    if !known.contains(&who) {
        let logged = server.program.stderr.next();
        assert!(
            logged.starts_with(&format!("{} entered from ", NAMES[who])),
            "{logged}"
        );
        shown.insert(0, format!("{} 进入聊天室...", NAMES[who]));
    }
    let printed = server.program.stdout.next();
    assert!(
        printed.starts_with(&format!("\"{} : {text}\" from ", NAMES[who])),
        "{printed}"
    );
    for &other in known.iter().filter(|&&other| other != who) {
        for line in &shown {
            clients[other].stdout.shows(line);
        }
    }
    known.retain(|&other| other != who);
    known.push(who);
}

#[test]
fn a_conversation_goes_on_after_a_restart() {
    let mut server = Server::start_at(&nobody().to_string());
    let address = server.address;
    let mut clients = NAMES.map(|name| {
        let client = Program::client(address, name);
        server.program.stderr.until(&format!("{name} entered from"));
        client
    });
    clients[0].stdout.until("小刚 进入聊天室...");
    clients[1].stdout.until("小刚 进入聊天室...");
    clients[2].stdout.until("-小刚-");
    let mut known = vec![0, 1, 2];
    for who in 0..3 {
        says(&mut server, &mut clients, who, "大家好", &mut known);
    }
    for in_vain in [true, false] {
        server.program.kill();
        known.clear();
        if in_vain {
            clients[0].types("有人吗?");
            clients[0]
                .stderr
                .until(&format!("error: cannot reach {address}: "));
        }
        // The port is free at once: UDP has nothing to wait for.
        server = Server::start_at(&address.to_string());
        // Who is not back yet hears nothing.
        for who in [0, 2, 0, 1, 0, 1, 2] {
            says(&mut server, &mut clients, who, "小红 : 接着聊吧", &mut known);
        }
    }

    // Leaving while the server is down is no error of the client's.
    server.program.kill();
    clients[2].types("exit");
    assert_eq!(clients[2].status(), 0);
    server = Server::start_at(&address.to_string());
    let mut known = Vec::new();
    for who in [1, 0, 1] {
        says(&mut server, &mut clients[..2], who, "他走了", &mut known);
    }
    clients[0].types("exit");
    clients[1].stdout.shows("小明 离开了聊天室...");
    clients[1].types("exit");
    for who in 0..2 {
        assert_eq!(clients[who].status(), 0);
        server.program.stderr.until(&format!("{} left from", NAMES[who]));
    }
    for client in &mut clients {
        assert_eq!(
            client.stdout.rest(),
            "",
            "nothing is shown that was not read"
        );
    }
}
