//! README.md cannot go stale: its screens are those of the real programs going through that very
//! conversation, and its commands are commands that the programs take.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{CLIENT, Program, Server, TALK_CLIENT, without_count};

const ASK_NAME: &str = "请输入你的名称:";

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The lines of the block that README.md marks as the screen of `who`.
fn screen(who: &str) -> Vec<String> {
    let readme = readme();
    let (_, after) = readme
        .split_once(&format!("<!-- screen: {who} -->\n```text\n"))
        .unwrap_or_else(|| panic!("no screen of {who}"));
    let (block, _) = after.split_once("\n```").unwrap();
    block.lines().map(str::to_owned).collect()
}

/// What a person sees in one terminal, where what they type stands too.
struct Terminal {
    program: Program,
    seen: Vec<String>,
}

impl Terminal {
    fn new(command: &str, program: Program) -> Self {
        Terminal {
            program,
            seen: vec![format!("$ cargo run --bin {command}")],
        }
    }

    /// The name is typed behind the prompt; in a pipe, the banner follows the prompt at once.
    fn enters(&mut self, name: &str) {
        self.shows();
        self.program.types(name);
        let prompt_and_banner = self.program.stdout.next();
        let banner = prompt_and_banner.strip_prefix(ASK_NAME).unwrap();
        self.seen
            .extend([format!("{ASK_NAME}{name}"), banner.to_owned()]);
    }

    fn types(&mut self, line: &str) {
        self.program.types(line);
        self.seen.push(line.to_owned());
    }

    fn shows(&mut self) {
        let line = self.program.stdout.next();
        self.seen.push(line);
    }

    fn notes(&mut self) {
        let line = self.program.stderr.next();
        self.seen.push(without_count(&line));
    }

    /// What has been seen, with the addresses of this run replaced by those in README.md.
    fn seen(&self, addresses: &[(String, &str)]) -> Vec<String> {
        let replace = |line: &String| {
            addresses
                .iter()
                .fold(line.clone(), |line, (real, told)| line.replace(real, told))
        };
        self.seen.iter().map(replace).collect()
    }
}

/// The address at the end of a line.
fn address_in(line: &str) -> String {
    line.rsplit(' ')
        .next()
        .unwrap()
        .trim_end_matches("...")
        .to_owned()
}

#[test]
fn the_three_terminals_look_as_the_readme_says() {
    let running = Server::start();
    let address = running.address.to_string();
    let mut server = Terminal::new("server", running.program);
    server.seen.push(format!("UDP Server on {address}..."));
    let mut ming = Terminal::new("client", Program::start(CLIENT, &[&address]));
    let mut hong = Terminal::new("client", Program::start(CLIENT, &[&address]));

    ming.enters("小明");
    server.notes();
    hong.enters("小红");
    server.notes();
    ming.shows();
    ming.types("大家好");
    server.shows();
    hong.shows();
    hong.types("你好,小明!");
    server.shows();
    ming.shows();
    ming.types("where is the exit?");
    server.shows();
    hong.shows();
    hong.types("EXIT");
    server.notes();
    ming.shows();
    ming.types("exit");
    server.notes();
    assert_eq!((ming.program.status(), hong.program.status()), (0, 0));

    let addresses = [
        (address_in(&server.seen[1]), "127.0.0.1:9999"),
        (address_in(&server.seen[2]), "127.0.0.1:41001"),
        (address_in(&server.seen[3]), "127.0.0.1:41002"),
    ];
    assert_eq!(server.seen(&addresses), screen("server"));
    assert_eq!(ming.seen(&addresses), screen("小明"));
    assert_eq!(hong.seen(&addresses), screen("小红"));
}

#[test]
fn the_talk_pair_looks_as_the_readme_says() {
    let running = Server::start_talk();
    let address = running.address.to_string();
    let mut server = Terminal::new("talk-server", running.program);
    server.seen.push(format!("UDP Server on {address}..."));
    let mut client = Terminal::new("talk-client", Program::start(TALK_CLIENT, &[&address]));

    client.program.types("你好");
    server.shows();
    server.shows();
    server.program.types("hello");
    // In a pipe a prompt has no line of its own: what is printed next follows it.
    client.shows();
    client.shows();
    let head = client.seen[1]
        .strip_prefix("please input msg:")
        .unwrap()
        .to_owned();
    client
        .seen
        .splice(1..2, ["please input msg:你好".to_owned(), head]);
    client.program.end_input();
    client.seen.push(client.program.stdout.rest());
    server.program.kill();
    let prompt = server.program.stdout.rest();
    server.seen.push(prompt + "hello");

    let from = server.seen[2].strip_prefix("来自客户端").unwrap();
    let from = from.strip_suffix("的消息:").unwrap().to_owned();
    let addresses = [(address, "127.0.0.1:8088"), (from, "127.0.0.1:41003")];
    assert_eq!(server.seen(&addresses), screen("talk-server"));
    assert_eq!(client.seen(&addresses), screen("talk-client"));
}

#[test]
fn every_command_in_the_readme_is_one_that_the_programs_take() {
    let readme = readme();
    // With a comment behind it or none, in a block or between backticks.
    let commands: Vec<&str> = readme
        .split("cargo run --bin ")
        .skip(1)
        .map(|rest| rest.split(['`', '\n', '#']).next().unwrap().trim())
        .collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let mut words = command.split_whitespace();
        let program = match words.next().unwrap() {
            "server" => common::SERVER,
            "client" => CLIENT,
            "talk-server" => common::TALK_SERVER,
            "talk-client" => TALK_CLIENT,
            other => panic!("no program {other} for `{command}`"),
        };
        let dashes = words.next();
        assert!(
            matches!(dashes, None | Some("--")),
            "cargo would take: {command}"
        );
        // Too many arguments would be met, and refused, before the last one.
        let run = Command::new(program)
            .args(words)
            .arg("--help")
            .output()
            .unwrap();
        assert!(run.status.success(), "{command}");
    }
}
