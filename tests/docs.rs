//! What README.md and the guide say is what the programs do: screens,
//! listings, commands, links, names and limits. If you change a program, for
//! example in an exercise, this file may turn red, because the pages still
//! show the old code.

mod common;
#[path = "docs/pictures.rs"]
mod pictures;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{CLIENT, SERVER, TALK_CLIENT, TALK_SERVER};
use common::{NAME_PROMPT, Program, Server, without_count};
use udp_group_chat::console::parse_address;
use udp_group_chat::protocol::parse_name;

const ENGLISH: [&str; 7] = [
    "README.md",
    "src/guide/from-the-article.md",
    "src/guide/protocol.md",
    "src/guide/sockets.md",
    "src/guide/lab.md",
    "src/guide/trouble.md",
    "src/guide/teachers.md",
];
const CHINESE: [&str; 3] = [
    "src/guide/zh/lesson.md",
    "src/guide/zh/lab.md",
    "src/guide/zh/reference.md",
];

/// Each page with its text.
fn pages() -> impl Iterator<Item = (&'static str, String)> {
    let pages = ENGLISH.into_iter().chain(CHINESE);
    pages.map(|page| (page, read(page)))
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The part of `text` between `before` and `after`.
#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let rest = rest.unwrap_or_else(|| panic!("no {before:?}"));
    let part = rest.split_once(after).map(|(part, _)| part);
    part.unwrap_or_else(|| panic!("no {after:?} after {before:?}"))
}

/// The parts of `text` that follow `before`, each up to `after`.
fn all_between<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|part| part.split(after).next()).collect()
}

/// The code spans of a page. Blocks aren't spans.
fn code_spans(page: &str) -> Vec<String> {
    let outside = page.split("\n```").step_by(2);
    let spans = outside.flat_map(|text| text.split('`').skip(1).step_by(2));
    spans.map(|span| span.replace('\n', " ")).collect()
}

/// What a person sees in one terminal, with what they type.
struct Terminal {
    program: Program,
    seen: Vec<String>,
}

impl Terminal {
    fn new(command: &str, program: Program) -> Self {
        let seen = vec![format!("$ cargo run --bin {command}")];
        Terminal { program, seen }
    }

    fn server(command: &str, server: Server) -> Self {
        let mut terminal = Terminal::new(command, server.program);
        terminal.seen.push(format!("UDP Server on {}...", server.address));
        terminal
    }

    /// Types a name at the prompt. Through a pipe, the banner follows the
    /// prompt directly.
    fn joins_as(&mut self, name: &str) {
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

    /// What was seen, with the pages' addresses instead of this run's.
    fn screen(&self, addresses: &[(&str, &str)]) -> Vec<String> {
        let replaced = |line: &String| {
            addresses.iter().fold(line.clone(), |line, (real, page)| {
                line.replace(real, page)
            })
        };
        self.seen.iter().map(replaced).collect()
    }
}

#[test]
fn the_picture_of_the_chat_shows_real_screens() {
    let running = Server::start();
    let address = running.address.to_string();
    let mut server = Terminal::server("server", running);
    let [mut ming, mut hong] = [(); 2]
        .map(|()| Terminal::new("client", Program::start(CLIENT, &[&address])));
    ming.joins_as("小明");
    server.read_logged();
    hong.joins_as("小红");
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
    assert_eq!(server.screen(&addresses), pictures::terminal("server"));
    assert_eq!(ming.screen(&addresses), pictures::terminal("ming"));
    assert_eq!(hong.screen(&addresses), pictures::terminal("hong"));
}

#[test]
fn the_talk_screens_are_real() {
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
    // Through a pipe, what is printed next follows a prompt directly.
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
    let page = read("src/guide/from-the-article.md");
    for (terminal, name) in [(&server, "talk-server"), (&client, "talk-client")]
    {
        let before = format!("<!-- screen: {name} -->\n```text\n");
        let screen = between(&page, &before, "\n```");
        let screen: Vec<_> = screen.lines().collect();
        assert_eq!(terminal.screen(&addresses), screen, "{name}");
    }
}

/// A page shows the article's server as the file has it.
#[test]
fn listings_are_the_files() {
    let page = read("src/guide/from-the-article.md");
    let before = "<!-- listing: article-server.rs -->\n```rust,ignore\n";
    let source = read("src/guide/article-server.rs");
    let code = source.lines().skip_while(|line| line.starts_with("//!"));
    let code = code.collect::<Vec<_>>().join("\n");
    assert_eq!(between(&page, before, "\n```"), code.trim());
}

/// Each line of code in an excerpt is a line of the source, in its order.
/// Comments and white space may differ.
#[test]
fn excerpts_are_from_the_sources() {
    let code = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| match line.split_once("//") {
            Some((code, _)) if !code.ends_with(':') => code.trim().to_owned(),
            _ => line.trim().to_owned(),
        });
        lines.filter(|line| !line.is_empty()).collect()
    };
    let mut excerpts = 0;
    for (page, text) in pages() {
        for excerpt in all_between(&text, "<!-- excerpt: ", "\n```\n") {
            let (file, excerpt) = excerpt.split_once(" -->").unwrap();
            let source = code(&read(file));
            let mut rest = source.iter();
            for line in
                code(excerpt.split_once("```rust").unwrap().1).iter().skip(1)
            {
                let found = rest.any(|source| source == line);
                assert!(
                    found,
                    "{page}: {file} has no line, or not here: {line}"
                );
            }
            excerpts += 1;
        }
    }
    assert!(excerpts > 0);
}

#[test]
fn every_documented_command_is_accepted() {
    let mut commands = 0;
    for (page, text) in pages() {
        for command in all_between(&text, "cargo run --bin ", "\n") {
            let command = command.split(['`', '#', '|', '<', '，']).next();
            let mut words = command.unwrap().split_whitespace();
            let program = words.next().unwrap();
            let most = match program.trim_end_matches(['，', '。', '；']) {
                "client" => 2,
                "server" | "talk-server" | "talk-client" => 1,
                _ => panic!("{page}: no program {program}"),
            };
            commands += 1;
            if words.next() != Some("--") {
                continue;
            }
            let arguments: Vec<_> = words.collect();
            assert!(
                (1..=most).contains(&arguments.len()),
                "{page}: {arguments:?}"
            );
            let [address, name] =
                [0, 1].map(|at| arguments.get(at).unwrap_or(&"x"));
            if !address.contains(['$', '"']) {
                parse_address(address)
                    .unwrap_or_else(|e| panic!("{page}: {e}"));
            }
            parse_name(name).unwrap_or_else(|e| panic!("{page}: {e}"));
        }
        for example in all_between(&text, "cargo run --example ", " ") {
            let name = example.split(['\n', '`', '，', '。']).next().unwrap();
            let declared = format!("[[example]]\nname = \"{name}\"\n");
            assert!(read("Cargo.toml").contains(&declared), "{page}: {name}");
        }
    }
    assert!(commands > 10, "{commands} commands");
}

/// What a page calls a file, a test or a method exists under that name.
#[test]
fn every_name_in_a_page_exists() {
    let files = ["src", "src/bin", "src/guide", "src/guide/lab", "tests"];
    let files = files.into_iter().flat_map(|folder| {
        let entries = fs::read_dir(path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path())
    });
    let sources = files.filter(|path| path.extension() == Some("rs".as_ref()));
    let sources = sources.map(|path| fs::read_to_string(path).unwrap());
    let sources: String = sources.collect();
    for (page, text) in pages() {
        for span in code_spans(&text) {
            let is_path = ["src/", "tests/", ".ci/"]
                .iter()
                .any(|folder| span.starts_with(folder));
            if is_path && !span.contains(['*', ' ']) {
                assert!(path(&span).exists(), "{page}: no file {span}");
            }
            let ours = ["Server::", "Client::", "Message::"];
            let of_ours = ours.iter().find_map(|ours| span.strip_prefix(ours));
            if let Some(name) = of_ours {
                let name = name.split(['(', ' ', '{']).next().unwrap();
                let is_there = sources.contains(&format!("fn {name}("))
                    || sources.contains(&format!("\n    {name}"));
                assert!(is_there, "{page}: no {span}");
            }
        }
        for run in all_between(&text, "cargo test --test ", "\n") {
            let run = run.split('`').next().unwrap();
            let mut words = run.split_whitespace();
            let file = format!("tests/{}.rs", words.next().unwrap());
            let source = read(&file);
            let name = words.next().filter(|word| !word.starts_with('-'));
            let name = name.unwrap_or_default();
            let is_there = source.contains(&format!("fn {name}"));
            assert!(is_there, "{page}: {file} has no {name}");
        }
    }
}

/// Texts of the programs that a page quotes, and the limits that it gives.
#[test]
fn texts_and_limits_in_the_pages_are_the_programs() {
    let readme = read("README.md");
    for text in [common::WELCOME, NAME_PROMPT] {
        assert!(readme.contains(text), "README.md doesn't explain {text}");
    }
    let protocol = read("src/guide/protocol.md");
    assert!(protocol.contains(common::HINT), "protocol.md has another hint");
    let hints =
        pages().map(|(page, text)| (page, text.replace(common::HINT, "")));
    for (page, rest) in hints {
        assert!(!rest.contains("，未转发"), "{page} has another hint");
    }
    for (program, path, default) in [
        ("server", SERVER, "127.0.0.1:9999"),
        ("client", CLIENT, "127.0.0.1:9999"),
        ("talk-server", TALK_SERVER, "127.0.0.1:8088"),
        ("talk-client", TALK_CLIENT, "127.0.0.1:8088"),
    ] {
        let mut lines = protocol.lines();
        let row = lines.find(|l| l.starts_with(&format!("{program} [")));
        let row = row.unwrap_or_else(|| panic!("protocol.md: no {program}"));
        assert!(row.ends_with(&format!("default {default}")), "{row}");
        let help = Program::start(path, &["--help"]).stdout.read_to_end();
        assert!(help.contains(default), "{program} --help: {help}");
    }
}

/// The labels of a page's links by reference, `[text][label]`. A label is a
/// path from the guide's folder.
fn labels(page: &str) -> Vec<&str> {
    all_between(page, "][", "]")
}

/// The last lines of a page define its labels for the repository's site.
#[test]
fn every_link_resolves_on_the_site() {
    let mut links = 0;
    for (page, text) in pages() {
        let folder = path(page).parent().unwrap().to_owned();
        let mut targets = all_between(&text, "](", ")");
        for label in labels(&text) {
            let target = between(&text, &format!("\n[{label}]: "), "\n");
            let [site, docs] = [split(target), split(label)];
            let same = fs::canonicalize(folder.join(site[0])).unwrap()
                == fs::canonicalize(path("src/guide").join(docs[0])).unwrap();
            assert!(same && site[1] == docs[1], "{page}: {label}: {target}");
            targets.push(target);
        }
        for target in targets {
            if target.starts_with("http") {
                continue;
            }
            links += 1;
            let [file, anchor] = split(target);
            let file =
                if file.is_empty() { path(page) } else { folder.join(file) };
            assert!(file.exists(), "{page}: {target}");
            if !anchor.is_empty() {
                let target_page = fs::read_to_string(&file).unwrap();
                let mut headings =
                    target_page.lines().filter(|line| line.starts_with('#'));
                let found = headings.any(|heading| slug(heading) == anchor);
                assert!(found, "{page}: {target} has no such heading");
            }
        }
    }
    assert!(links > 40, "{links} links");
}

/// links.md defines all labels for the docs, where its definitions come first.
/// `UPDATE=1 cargo test --test docs` writes it anew.
#[test]
fn every_link_resolves_in_the_docs() {
    let pages: Vec<_> = pages().map(|(_, text)| text).collect();
    let labels: BTreeSet<_> =
        pages.iter().flat_map(|page| labels(page)).collect();
    let define = |label| format!("[{label}]: {}\n", in_docs(label));
    let links: String = labels.into_iter().map(define).collect();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path("src/guide/links.md"), &links).unwrap();
    }
    let is_current = read("src/guide/links.md") == links;
    assert!(is_current, "run: UPDATE=1 cargo test --test docs");
}

/// Where the docs have the page or picture `label`.
fn in_docs(label: &str) -> String {
    let [file, anchor] = split(label);
    if file.ends_with(".svg") {
        let picture = read(&format!("src/guide/{file}"));
        return pictures::data_uri(&picture);
    }
    let module = file.strip_suffix(".md").unwrap().replace(['/', '-'], "_");
    let anchor = if anchor.is_empty() { "" } else { &format!("#{anchor}") };
    format!("../{module}/index.html{anchor}")
}

fn split(link: &str) -> [&str; 2] {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    [file, anchor]
}

/// A heading's anchor, as GitHub and rustdoc make it.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = |&c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(&c);
    heading.chars().filter(kept).collect::<String>().replace(' ', "-")
}

#[test]
fn the_pages_keep_their_size_limits() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 130, "README.md has {lines} lines");
    let words = |page: &str| read(page).split_whitespace().count();
    let words: usize = ENGLISH.into_iter().map(words).sum();
    assert!(words <= 8000, "the English pages have {words} words");
    for (page, text) in pages() {
        for block in text.split("\n```").skip(1).step_by(2) {
            for line in block.lines() {
                // Box drawings and punctuation have one column.
                let wide = |c: &char| *c > '\u{2fff}';
                let columns =
                    line.chars().count() + line.chars().filter(wide).count();
                assert!(columns <= 96, "{page}: {columns} columns: {line}");
            }
        }
        // Markdown takes a space off both ends of a code span.
        for span in code_spans(&text) {
            let swallowed = span.starts_with(' ') && span.ends_with(' ');
            assert!(!swallowed, "{page}: `{span}` loses its spaces");
        }
    }
}
