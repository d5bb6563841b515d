//! The server is killed and restarted at its port in the middle of a
//! conversation. It has forgotten everybody, and every client joins again with
//! its next line, under the right name.

mod common;

use common::ports::unused_address;
use common::{Program, Server, banner, joined_notice, left_notice};

const NAMES: [&str; 3] = ["小明", "小红", "小刚"];

/// A running server, its clients, and who is on its roster.
struct Room {
    server: Server,
    clients: Vec<Program>,
    members: Vec<usize>,
}

impl Room {
    /// `NAMES[speaker]` types `text`, and all members see what they should. The
    /// other clients are on no roster yet, so they receive nothing.
    #[track_caller]
    fn say_and_check(&mut self, speaker: usize, text: &str) {
        self.clients[speaker].types(text);
        let name = NAMES[speaker];
        let mut seen = vec![format!("{name} : {text}")];
        if !self.members.contains(&speaker) {
            let joined = format!("{name} joined from ");
            self.server.program.stderr.expect_error(&joined, "127.0.0.1:");
            seen.insert(0, joined_notice(name));
        }
        let printed = format!("\"{name} : {text}\" from ");
        self.server.program.stdout.expect_error(&printed, "127.0.0.1:");
        self.members.retain(|&member| member != speaker);
        for &member in &self.members {
            for line in &seen {
                self.clients[member].stdout.expect_line(line);
            }
        }
        self.members.push(speaker);
    }

    fn restart(&mut self) {
        self.server.program.kill();
        self.members.clear();
        // The port is free at once, because UDP has no state like TCP's
        // TIME_WAIT.
        self.server = Server::start_at(&self.server.address.to_string());
    }
}

#[test]
fn a_conversation_continues_after_a_restart() {
    let mut server = Server::start_at(&unused_address().to_string());
    let address = server.address;
    let mut clients = Vec::new();
    for name in NAMES {
        let mut client = Program::client(address, name);
        let joined = format!("{name} joined from ");
        server.program.stderr.expect_error(&joined, "127.0.0.1:");
        client.stdout.read_until(&banner(name));
        clients.push(client);
    }
    clients[0].stdout.expect_line(&joined_notice("小红"));
    clients[0].stdout.expect_line(&joined_notice("小刚"));
    clients[1].stdout.expect_line(&joined_notice("小刚"));
    let mut room = Room { server, clients, members: vec![0, 1, 2] };
    for speaker in 0..3 {
        room.say_and_check(speaker, "大家好");
    }

    // A line that is typed while no server runs is lost, and reported.
    room.server.program.kill();
    room.clients[0].types("有人吗?");
    let error = format!("error: cannot reach {address}: ");
    room.clients[0].stderr.expect_error(&error, "(os error");
    room.restart();
    for speaker in [0, 2, 0, 1, 0, 1, 2] {
        room.say_and_check(speaker, "小红 : 接着聊吧");
    }

    // A client that leaves while no server runs has exit status 0 as well.
    room.server.program.kill();
    room.clients[2].types("exit");
    room.clients[2].expect_status(0);
    room.restart();
    for speaker in [1, 0, 1] {
        room.say_and_check(speaker, "他走了");
    }
    room.clients[0].types("exit");
    room.clients[1].stdout.expect_line(&left_notice("小明"));
    room.clients[1].types("exit");
    for client in &mut room.clients {
        client.expect_status(0);
        // Nothing was printed that wasn't checked.
        let rest = client.stdout.read_to_end();
        common::expect_equal("standard output", rest, "");
    }
}
