//! The server is killed and started again on its port in the middle of a conversation: it has
//! forgotten everybody, and everybody is back with the next word, under the right name.
//!
//! The clients are the real programs. Nothing here is random, so that there is no seed.

mod common;

use common::{Program, Server, client, nobody};

struct Member {
    name: &'static str,
    program: Program,
    /// Where the server hears it from.
    address: String,
    /// Whether the server has it on its roster.
    known: bool,
}

/// A conversation, and what each screen shows of it, line for line.
struct Talk {
    server: Server,
    members: Vec<Member>,
}

impl Talk {
    /// A conversation of 小明, 小红 and 小刚, in this order.
    fn of_three() -> Self {
        let mut talk = Talk {
            server: Server::start_at(&nobody().to_string()),
            members: Vec::new(),
        };
        for name in ["小明", "小红", "小刚"] {
            talk.joins(name);
        }
        for who in 0..3 {
            talk.says(who, "大家好");
        }
        talk
    }

    fn joins(&mut self, name: &'static str) {
        let mut program = client(self.server.address, name);
        program.stdout.until(&format!("-{name}-"));
        let noted = self.server.notes();
        let address = noted.strip_prefix(&format!("{name} entered from "));
        self.shown_to_all_but(usize::MAX, &format!("{name} 进入聊天室..."));
        self.members.push(Member {
            name,
            program,
            address: address.expect(&noted).to_owned(),
            known: true,
        });
    }

    /// Somebody says something; if the server does not know them, that brings them back first.
    fn says(&mut self, who: usize, text: &str) {
        let speaker = &mut self.members[who];
        let (name, address) = (speaker.name, speaker.address.clone());
        speaker.program.types(text);
        if !speaker.known {
            speaker.known = true;
            let noted = self.server.notes();
            assert_eq!(noted, format!("{name} entered from {address}"));
            self.shown_to_all_but(who, &format!("{name} 进入聊天室..."));
        }
        let logged = format!("\"{name} : {text}\" from {address}");
        assert_eq!(self.server.program.stdout.next(), logged);
        self.shown_to_all_but(who, &format!("{name} : {text}"));
    }

    fn shown_to_all_but(&mut self, who: usize, line: &str) {
        for (other, member) in self.members.iter_mut().enumerate() {
            if other != who && member.known {
                assert_eq!(
                    member.program.stdout.next(),
                    line,
                    "read by {}",
                    member.name
                );
            }
        }
    }

    /// Somebody says something that nobody is there to hear, and is told so.
    fn says_in_vain(&mut self, who: usize, text: &str) {
        let program = &mut self.members[who].program;
        program.types(text);
        let error = format!("error: no server answers at {}", self.server.address);
        assert_eq!(program.stderr.next(), error);
    }

    fn server_is_killed(&mut self) {
        self.server.program.kill();
        for member in &mut self.members {
            member.known = false;
        }
    }

    /// The port is free at once: UDP has nothing to wait for.
    fn server_starts_again(&mut self) {
        self.server = Server::start_at(&self.server.address.to_string());
    }

    /// All leave, and no screen has anything to show that was not read.
    fn ends(mut self) {
        while let Some(mut member) = self.members.pop() {
            member.program.types("exit");
            assert_eq!(member.program.status(), 0);
            let rest = member.program.stdout.rest() + &member.program.stderr.rest();
            assert_eq!(rest, "", "on the screen of {}", member.name);
            let noted = self.server.notes();
            let left = format!("{} left from {}", member.name, member.address);
            assert_eq!(noted, left);
            self.shown_to_all_but(usize::MAX, &format!("{} 离开了聊天室...", member.name));
        }
        assert!(self.server.program.stdout.so_far().is_empty());
    }
}

#[test]
fn a_conversation_goes_on_after_a_restart() {
    let mut talk = Talk::of_three();
    for _ in 0..2 {
        talk.server_is_killed();
        talk.says_in_vain(0, "有人吗?");
        talk.server_starts_again();
        // Who is not back yet hears nothing.
        for who in [0, 2, 0, 1] {
            talk.says(who, "我回来了");
        }
        for who in 0..3 {
            talk.says(who, "小红 : 接着聊吧");
        }
    }
    talk.ends();
}

#[test]
fn a_restart_between_two_words_is_noticed_by_nobody() {
    let mut talk = Talk::of_three();
    talk.server_is_killed();
    talk.server_starts_again();
    for who in [1, 0, 2, 1] {
        talk.says(who, "说到哪儿了?");
    }
    talk.ends();
}

/// Who has been told that nobody answers ends with status 1. (One who leaves without a word before
/// that may end with 0, if the answer of the system comes too late.)
#[test]
fn leaving_while_the_server_is_down_is_status_1() {
    let mut talk = Talk::of_three();
    talk.server_is_killed();
    for who in 0..2 {
        talk.says_in_vain(who, "再见");
    }
    talk.members[0].program.types("exit");
    talk.members[1].program.end_input();
    for member in &mut talk.members[..2] {
        assert_eq!(member.program.status(), 1);
        assert_eq!(member.program.stderr.rest(), "", "it was told once");
    }

    talk.members.drain(..2);
    talk.server_starts_again();
    talk.says(0, "他们走了");
    talk.ends();
}
