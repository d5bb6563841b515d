//! What is checked of README.md and the guide: their picture and screens are
//! those of the real programs going through that very conversation, their
//! commands are commands that the programs take, their links lead somewhere,
//! and their literal translation does what they say of it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{
    CLIENT, NAME_PROMPT, Program, Server, TALK_CLIENT, TALK_SERVER,
    without_count,
};

const PAGES: [&str; 6] = [
    "README.md",
    "src/guide/from-the-article.md",
    "src/guide/protocol.md",
    "src/guide/sockets.md",
    "src/guide/teachers.md",
    "src/guide/zh.md",
];

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file))
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What stands in `text` between `before` and `after`.
#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) =
        text.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    rest.split_once(after)
        .unwrap_or_else(|| panic!("no {after} behind {before}"))
        .0
}

/// The lines of text in one terminal of the picture.
fn picture(terminal: &str) -> Vec<String> {
    let picture = read("src/guide/chat.svg");
    let lines =
        between(&picture, &format!("<g id=\"{terminal}\">"), "</g>").lines();
    let texts = lines.filter(|line| line.contains("<text"));
    let texts = texts.map(|line| {
        line.split(['<', '>']).skip(2).step_by(2).collect::<String>()
    });
    texts.map(|text| text.replace("&lt;", "<").replace("&gt;", ">")).collect()
}

/// The lines of the block that the guide marks as the screen of `program`.
fn screen(program: &str) -> Vec<String> {
    let page = read("src/guide/from-the-article.md");
    let block = between(
        &page,
        &format!("<!-- screen: {program} -->\n```text\n"),
        "\n```",
    );
    block.lines().map(str::to_owned).collect()
}

/// What a person sees in one terminal, where what they type stands too.
struct Terminal {
    program: Program,
    seen: Vec<String>,
}

impl Terminal {
    fn new(command: &str, program: Program) -> Self {
        Terminal { program, seen: vec![format!("$ cargo run --bin {command}")] }
    }

    fn server(command: &str, server: Server) -> Self {
        let mut terminal = Terminal::new(command, server.program);
        terminal.seen.push(format!("UDP Server on {}...", server.address));
        terminal
    }

    /// The name is typed behind the prompt; in a pipe, the banner follows the
    /// prompt at once.
    fn enters(&mut self, name: &str) {
        self.read_printed();
        self.program.types(name);
        let prompt_and_banner = self.program.stdout.next_line();
        let banner = prompt_and_banner.strip_prefix(NAME_PROMPT).unwrap();
        self.seen.extend([format!("{NAME_PROMPT}{name}"), banner.to_owned()]);
    }

    fn types(&mut self, line: &str) {
        self.program.types(line);
        self.seen.push(line.to_owned());
    }

    fn read_printed(&mut self) {
        self.seen.push(self.program.stdout.next_line());
    }

    fn read_logged(&mut self) {
        self.seen.push(without_count(&self.program.stderr.next_line()));
    }

    /// What has been seen, with the addresses of this run replaced by those in
    /// the texts.
    fn seen(&self, addresses: &[(&str, &str)]) -> Vec<String> {
        let replace = |line: &String| {
            let line = line.clone();
            addresses
                .iter()
                .fold(line, |line, (real, told)| line.replace(real, told))
        };
        self.seen.iter().map(replace).collect()
    }
}

#[test]
fn the_picture_shows_what_the_programs_print() {
    let running = Server::start();
    let address = running.address.to_string();
    let mut server = Terminal::server("server", running);
    let [mut ming, mut hong] = [(); 2]
        .map(|()| Terminal::new("client", Program::start(CLIENT, &[&address])));
    ming.enters("小明");
    server.read_logged();
    hong.enters("小红");
    server.read_logged();
    ming.read_printed();
    ming.types("大家好");
    server.read_printed();
    hong.read_printed();
    hong.types("你好,小明!");
    server.read_printed();
    ming.read_printed();
    ming.types("where is the exit?");
    server.read_printed();
    hong.read_printed();

    let [at_ming, at_hong] =
        [2, 3].map(|line| server.seen[line].rsplit(' ').next().unwrap());
    let addresses = [
        (&*address, "127.0.0.1:9999"),
        (at_ming, "127.0.0.1:41001"),
        (at_hong, "127.0.0.1:41002"),
    ];
    assert_eq!(server.seen(&addresses), picture("server"));
    assert_eq!(ming.seen(&addresses), picture("ming"));
    assert_eq!(hong.seen(&addresses), picture("hong"));
}

#[test]
fn the_talk_pair_looks_as_the_guide_says() {
    let running =
        Server::from_program(Program::start(TALK_SERVER, &["127.0.0.1:0"]));
    let address = running.address.to_string();
    let mut server = Terminal::server("talk-server", running);
    let mut client =
        Terminal::new("talk-client", Program::start(TALK_CLIENT, &[&address]));
    client.program.types("你好");
    server.read_printed();
    server.read_printed();
    server.program.types("hello");
    // In a pipe a prompt has no line of its own: what is printed next follows
    // it.
    let prompt_and_head = client.program.stdout.next_line();
    let head = prompt_and_head.strip_prefix("please input msg:").unwrap();
    client.seen.extend(["please input msg:你好".to_owned(), head.to_owned()]);
    client.read_printed();
    client.program.end_input();
    client.seen.push(client.program.stdout.next_line());
    server.program.kill();
    server.seen.push(server.program.stdout.read_to_end() + "hello");

    let at_client = between(&server.seen[2], "来自客户端", "的消息:");
    let addresses =
        [(&*address, "127.0.0.1:8088"), (at_client, "127.0.0.1:41003")];
    assert_eq!(server.seen(&addresses), screen("talk-server"));
    assert_eq!(client.seen(&addresses), screen("talk-client"));
}

#[test]
fn every_command_is_one_that_the_programs_take() {
    let mut commands = 0;
    for page in PAGES {
        let text = read(page);
        // With a comment behind it or none, in a block, in a table or between
        // backticks.
        for rest in text.split("cargo run --bin ").skip(1) {
            let command =
                rest.split(['`', '\n', '#', '|', '"']).next().unwrap().trim();
            let mut words = command.split_whitespace();
            let program = match words.next().unwrap() {
                "server" => common::SERVER,
                "client" => CLIENT,
                "talk-server" => TALK_SERVER,
                "talk-client" => TALK_CLIENT,
                other => panic!("{page}: no program {other} for `{command}`"),
            };
            let dashes = words.next();
            assert!(
                matches!(dashes, None | Some("--")),
                "{page}: cargo would take: {command}"
            );
            // Too many arguments would be met, and refused, before the last
            // one.
            let run = Command::new(program)
                .args(words)
                .arg("--help")
                .output()
                .unwrap();
            assert!(run.status.success(), "{page}: {command}");
            commands += 1;
        }
        for rest in text.split("cargo test --test exercises ").skip(1) {
            let test = rest.split_whitespace().next().unwrap();
            assert!(
                read("tests/exercises.rs").contains(&format!("fn {test}(")),
                "{page}: {test}"
            );
        }
    }
    assert!(commands > 10, "{commands} commands");
}

#[test]
fn every_link_leads_somewhere_on_the_site_and_in_the_docs() {
    let in_docs = read("src/guide/links.md");
    let mut links = 0;
    for page in PAGES {
        let text = read(page);
        let inline = text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap());
        let by_reference = text
            .split("][")
            .skip(1)
            .map(|rest| rest.split(']').next().unwrap());
        for link in by_reference.clone() {
            assert!(
                text.contains(&format!("\n[{link}]: {link}\n")),
                "{page} does not define {link}"
            );
            let page = between(&in_docs, &format!("[{link}]: ../"), "\n");
            let (module, anchor) = page.split_once("/index.html").expect(page);
            let [file, anchor_of_link] =
                split(link).map(|part| part.replace('-', "_"));
            assert!(format!("{module}.md") == file, "{page}: {link}");
            assert_eq!(
                anchor.replace('-', "_").trim_start_matches('#'),
                anchor_of_link
            );
        }
        for link in
            inline.chain(by_reference).filter(|link| !link.starts_with("http"))
        {
            links += 1;
            let [file, anchor] = split(link);
            let folder = path(page).parent().unwrap().to_owned();
            let target =
                if file.is_empty() { path(page) } else { folder.join(file) };
            let target = fs::read_to_string(&target)
                .unwrap_or_else(|_| panic!("{page}: {link}"));
            let mut headings =
                target.lines().filter_map(|line| line.strip_prefix("#"));
            let there = anchor.is_empty()
                || headings.any(|heading| slug(heading) == anchor);
            assert!(there, "{page}: {link} has no such heading");
        }
    }
    assert!(links > 20, "{links} links");
}

fn split(link: &str) -> [&str; 2] {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    [file, anchor]
}

/// A heading's anchor, as GitHub and rustdoc make it.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn the_pages_fit() {
    assert!(read("README.md").lines().count() <= 180);
    for page in PAGES {
        let text = read(page);
        let mut in_block = false;
        for line in text.lines() {
            if line.starts_with("```") {
                in_block = !in_block;
                continue;
            }
            let columns: usize =
                line.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum();
            let box_drawing = line
                .chars()
                .filter(|c| ('\u{2000}'..'\u{2fff}').contains(c))
                .count();
            let fits = !in_block || columns - box_drawing <= 96;
            assert!(fits, "{page}: over 96 columns: {line}");
            // Markdown takes a space off both ends of a code span that has one
            // at both.
            if !in_block {
                let spans = line.split('`').skip(1).step_by(2);
                let swallowed = spans
                    .clone()
                    .find(|span| *span == " : " || *span == " : \\");
                assert_eq!(
                    swallowed, None,
                    "{page}: the separator loses its spaces: {line}"
                );
            }
        }
    }
}
