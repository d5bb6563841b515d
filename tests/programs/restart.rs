//! After a restart, the server has forgotten everybody. Every client joins
//! again with its next line, under the right name.

use crate::common::*;

const NAMES: [&str; 3] = ["小明", "小红", "小刚"];

/// A running server, its clients, and who is on its roster.
struct Room {
    server: Server,
    clients: Vec<Program>,
    members: Vec<usize>,
}

impl Room {
    /// Each of `speakers` types `text`, and all other members print it. The
    /// other clients are on no roster yet, so they receive nothing.
    #[track_caller]
    fn say_and_check(&mut self, speakers: &[usize], text: &str) {
        for &speaker in speakers {
            self.clients[speaker].types(text);
            if !self.members.contains(&speaker) {
                self.expect_join(speaker);
            }
            let line = format!("{} : {text}", NAMES[speaker]);
            let printed = format!("\"{line}\" from ");
            self.server.program.stdout.expect_error(&printed, "127.0.0.1:");
            self.expect_from(speaker, &line);
        }
    }

    #[track_caller]
    fn expect_join(&mut self, newcomer: usize) {
        let joined = format!("{} joined from ", NAMES[newcomer]);
        self.server.program.stderr.expect_error(&joined, "127.0.0.1:");
        self.expect_from(newcomer, &joined_notice(NAMES[newcomer]));
        self.members.push(newcomer);
    }

    #[track_caller]
    fn expect_from(&mut self, sender: usize, line: &str) {
        for &member in self.members.iter().filter(|&&m| m != sender) {
            self.clients[member].stdout.expect_line(line);
        }
    }

    /// The port is free at once, because UDP has no state like TCP's TIME_WAIT.
    fn restart(&mut self) {
        self.members.clear();
        self.server = Server::start_at(&self.server.address.to_string());
    }
}

#[test]
fn a_conversation_continues_after_a_restart() {
    let server = Server::start_at(&ports::unused_address().to_string());
    let address = server.address;
    let mut room = Room { server, clients: vec![], members: vec![] };
    for (number, name) in NAMES.into_iter().enumerate() {
        room.clients.push(Program::client(address, name));
        room.expect_join(number);
        room.clients[number].stdout.read_until(&banner(name));
    }
    room.say_and_check(&[0, 1, 2], "大家好");

    // A line that is typed while no server runs is lost, and reported.
    room.server.program.kill();
    room.clients[0].types("有人吗?");
    let error = format!("error: cannot reach {address}: ");
    room.clients[0].stderr.expect_error(&error, "(os error");
    room.restart();
    room.say_and_check(&[0, 2, 0, 1, 0, 1, 2], "小红 : 接着聊吧");

    // A client that leaves while no server runs has exit status 0 as well.
    room.server.program.kill();
    room.clients[2].types("exit");
    room.clients[2].expect_status(0);
    room.restart();
    room.say_and_check(&[1, 0, 1], "他走了");
    room.clients[0].types("exit");
    room.clients[1].stdout.expect_line(&left_notice("小明"));
    room.clients[1].types("exit");
    for client in &mut room.clients {
        client.expect_status(0);
        let rest = client.stdout.read_to_end();
        expect_equal("after what was checked", rest, "");
    }
}
