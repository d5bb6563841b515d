//! What README.md and the guide say is what the programs do. These tests are
//! for those who write the pages: a change of the programs, in an exercise for
//! example, may turn them red, because the pages still show the old code.

#![cfg(target_os = "linux")] // The screens show Linux's errors.

#[allow(dead_code)]
#[path = "../common/mod.rs"]
mod common;
mod pictures;
mod scenes;
mod screens;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use udp_group_chat::console::parse_address;
use udp_group_chat::protocol::parse_name;

/// README.md, or a page of the guide.
#[derive(Default)]
struct Page {
    name: String,
    /// The text, with blank lines for the code blocks.
    prose: String,
    blocks: Vec<Block>,
}

/// A code block, with its lines' numbers in the page.
#[derive(Default)]
struct Block {
    line: usize,
    /// What is before it, for example `screen: talk-server`.
    mark: String,
    language: String,
    lines: Vec<(usize, String)>,
}

impl Page {
    fn read(name: &str) -> Self {
        let mut page = Page { name: name.to_owned(), ..Page::default() };
        for (index, part) in read(name).split("\n```").enumerate() {
            let line = page.prose.split('\n').count() + 1;
            if index % 2 == 0 {
                page.prose += part;
                continue;
            }
            let mark = page.prose.lines().last().unwrap_or_default();
            let mark =
                mark.trim_start_matches("<!-- ").trim_end_matches(" -->");
            let mark = mark.to_owned();
            let (language, lines) = part.split_once('\n').unwrap_or((part, ""));
            let language = language.to_owned();
            let lines = (line + 1..).zip(lines.lines().map(str::to_owned));
            let lines = lines.collect();
            page.blocks.push(Block { line, mark, language, lines });
            page.prose += &"\n".repeat(part.split('\n').count() + 1);
        }
        page
    }

    /// The parts of the prose between `start` and `end`, with their lines.
    fn parts(&self, start: &str, end: &str) -> Vec<(usize, &str)> {
        let starts = self.prose.match_indices(start).map(|(at, _)| at);
        let part = |at: usize| {
            let part = self.prose[at + start.len()..].split(end).next();
            (self.prose[..at].split('\n').count(), part.unwrap())
        };
        starts.map(part).collect()
    }

    fn code_spans(&self) -> impl Iterator<Item = (usize, &str)> {
        self.parts("`", "`").into_iter().step_by(2)
    }

    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.blocks.iter().flat_map(|block| &block.lines);
        lines.map(|(number, line)| (*number, &**line))
    }
}

/// README.md and all pages of the guide.
fn pages() -> impl Iterator<Item = Page> {
    let mut names = vec!["README.md".to_owned()];
    for folder in ["src/guide", "src/guide/zh"] {
        for file in fs::read_dir(path(folder)).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            if file.ends_with(".md") && file != "links.md" {
                names.push(format!("{folder}/{file}"));
            }
        }
    }
    names.sort();
    names.into_iter().map(|name| Page::read(&name))
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

#[track_caller]
fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Fails if there are problems. Each begins with `PAGE:LINE: `.
#[track_caller]
fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// A block of Rust consists of lines of the file that is named before it, also
/// of an example in its comments. They are consecutive, except at a comment
/// `// …` or `// ……`. Other comments and blank lines don't count.
#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn excerpts_are_from_the_sources() {
    let code = |line: &str| match line.split_once("//") {
        Some((code, _)) if !code.ends_with(':') => code.trim().to_owned(),
        _ => line.trim().to_owned(), // `://` is in an address
    };
    let mut problems = vec![];
    for page in pages() {
        for (line, mark) in page.parts("<!-- ", " -->") {
            let is_below = |it: &Block| it.mark == mark && it.line == line + 1;
            if !page.blocks.iter().any(is_below) {
                let name = &page.name;
                problems.push(format!("{name}:{line}: not above a block"));
            }
        }
        for (line, _) in page.parts("```rust", "") {
            problems.push(format!("{}:{line}: not at the left", page.name));
        }
        for block in page.blocks.iter().filter(|it| it.language == "rust") {
            let file = block.mark.trim_start_matches("excerpt: ");
            let source = fs::read_to_string(path(file)).unwrap_or_default();
            let documented = source.lines().map(str::trim_start);
            let documented = documented.filter_map(|it| it.strip_prefix("///"));
            let documented = documented.collect::<Vec<_>>().join("\n");
            let examples = documented.split("```").skip(1).step_by(2);
            let examples = examples.flat_map(str::lines);
            let mut source: Vec<_> =
                source.lines().chain(examples).map(code).collect();
            source.retain(|line| !line.is_empty());

            let mut shown = block.lines.clone();
            let is_gap = |line: &str| ["// …", "// ……"].contains(&line.trim());
            shown.retain(|(_, it)| is_gap(it) || !code(it).is_empty());
            let mut from = 0;
            for part in shown.split(|(_, line)| is_gap(line)) {
                // How many lines of the part are in the source, where, from?
                let same = |&at: &usize| {
                    let pairs = part.iter().zip(&source[at..]);
                    pairs.take_while(|((_, a), b)| code(a) == **b).count()
                };
                let places = (from..source.len()).rev();
                let at = places.max_by_key(same).unwrap_or(from);
                from = at + same(&at);
                if let Some((line, text)) = part.get(from - at) {
                    let next = source.get(from).map_or("(the end)", |it| it);
                    problems.push(format!(
                        "{}:{line}: not in <!-- excerpt: {file} -->\n    \
                         page: {}\n    file: {next}",
                        page.name,
                        text.trim()
                    ));
                }
            }
        }
    }
    report(&problems);
}

/// The commands in the pages name programs, examples and tests that exist, and
/// the programs accept their arguments.
#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn commands_are_accepted() {
    let mut problems = vec![];
    for page in pages() {
        for (line, code) in page.code_spans().chain(page.code_lines()) {
            for command in code.split("cargo ").skip(1) {
                let end = |it: &&str| !it.contains(['#', '|', '<', '>', ';']);
                let words = command.split_whitespace().take_while(end);
                let words: Vec<_> = words.collect();
                if let Err(error) = check_command(&words) {
                    let place = format!("{}:{line}", page.name);
                    problems.push(format!("{place}: {error}: cargo {command}"));
                }
            }
        }
    }
    report(&problems);
}

fn check_command(words: &[&str]) -> Result<(), String> {
    let manifest = read("Cargo.toml");
    let declares = |kind: &str, name: &str| {
        manifest.contains(&format!("[[{kind}]]\nname = \"{name}\"\n"))
    };
    match words {
        ["run", "--example", name, ..] if !declares("example", name) => {
            Err(format!("no example {name}"))
        }
        ["run", "--bin", name, rest @ ..] => {
            let program = Path::new(env!("CARGO_BIN_EXE_server"));
            let arguments = rest.strip_prefix(&["--"]).unwrap_or_default();
            let mut help = Command::new(program.with_file_name(name));
            let help = help.args(arguments).arg("--help").output();
            let help = help.map_err(|_| format!("no program {name}"))?;
            if !help.status.success() {
                let error = String::from_utf8_lossy(&help.stderr).into_owned();
                return Err(error.lines().next().unwrap_or_default().into());
            }
            let digits = |it: &&&str| it.contains(|c: char| c.is_ascii_digit());
            let address = arguments.first().filter(digits);
            if let Some(address) = address.filter(|it| !it.contains('$')) {
                parse_address(address).map_err(|error| error.to_string())?;
            }
            parse_name(arguments.get(1).unwrap_or(&"x")).map(drop)
        }
        ["test", rest @ ..] if rest.contains(&"--test") => {
            let mut rest = rest.iter().take_while(|word| **word != "--");
            while let Some(word) = rest.next() {
                if *word == "--test" {
                    let name = rest.next().unwrap_or(&"");
                    let file = path(&format!("tests/{name}/main.rs"));
                    if !declares("test", name) && !file.exists() {
                        return Err(format!("no test target {name}"));
                    }
                } else if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    let name = word.rsplit("::").next().unwrap();
                    let declared = format!("^ *(pub )?(fn|mod) \\w*{name}");
                    let found = Command::new("grep")
                        .args(["-rqE", &declared])
                        .arg(path("tests"))
                        .status();
                    if !found.unwrap().success() {
                        return Err(format!("no test {name}"));
                    }
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Every link leads to a file and, after `#`, to a heading of it. In the guide,
/// that is a link by reference, `[text][lesson.md#heading]`. The page's last
/// lines define it for the repository's site, and links.md for the docs.
#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn links_lead_to_files_and_headings() {
    let mut problems = vec![];
    let (links, modules) = (read("src/guide/links.md"), read("src/guide.rs"));
    let mut used = vec![];
    for page in pages() {
        let mut check = |line: usize, is_right: bool, text: &str| {
            if !is_right {
                problems.push(format!("{}:{line}: {text}", page.name));
            }
        };
        let in_guide = page.name.strip_prefix("src/guide/");
        if let Some(file) = in_guide {
            let row = format!("{}: \"guide/{file}\",", module(file));
            check(1, modules.contains(&row), &format!("guide.rs needs {row}"));
        }
        for (line, label) in page.parts("][", "]") {
            if !label.contains('.') || !label.contains(char::is_alphabetic) {
                continue; // `array[1][..2]`, for example
            }
            let target = match (in_guide, label.strip_prefix("zh/")) {
                (None, _) => format!("src/guide/{label}"),
                (Some(file), rest) if file.starts_with("zh/") => {
                    rest.map_or(format!("../{label}"), str::to_owned)
                }
                _ => label.to_owned(),
            };
            let site = format!("[{label}]: {target}");
            let is_there = page.prose.lines().any(|line| line == site);
            check(line, is_there, &format!("the page's end needs {site}"));
            let docs = format!("[{label}]: {}", in_docs(label));
            let is_there =
                in_guide.is_none() || links.lines().any(|it| it == docs);
            check(line, is_there, &format!("links.md needs {docs}"));
            let target = format!("src/guide/{label}");
            check(line, leads(&target), &format!("no {target}"));
            used.push(docs);
        }
        for (line, target) in page.parts("](", ")") {
            let by_reference = in_guide.is_none() || target.starts_with('#');
            let file = if target.starts_with('#') { &*page.name } else { "" };
            let is_far = target.starts_with("http");
            let is_there = is_far || leads(&format!("{file}{target}"));
            check(line, is_there, &format!("no {target}"));
            let wish = format!("{target} needs to be a link by reference");
            check(line, is_far || by_reference, &wish);
        }
    }
    for (line, text) in (1..).zip(links.lines()) {
        if !used.iter().any(|it| it == text) {
            problems.push(format!("src/guide/links.md:{line}: isn't used"));
        }
    }
    report(&problems);
}

fn module(page: &str) -> String {
    page.trim_end_matches(".md").replace(['/', '-'], "_")
}

/// Where the docs have the page or picture `label`, seen from a page at
/// `target/doc/udp_group_chat/guide/MODULE/index.html`.
fn in_docs(label: &str) -> String {
    let (file, anchor) = label.split_at(label.find('#').unwrap_or(label.len()));
    match file.ends_with(".md") {
        true => format!("../{}/index.html{anchor}", module(file)),
        false => format!("../../../../../src/guide/{label}"),
    }
}

/// Whether there is such a file and, after `#`, such a heading.
fn leads(target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    path(file).exists()
        && (anchor.is_empty() || {
            let page = Page::read(file);
            page.prose
                .lines()
                .any(|it| it.starts_with('#') && slug(it) == anchor)
        })
}

/// A heading's anchor, as GitHub and rustdoc make it.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = |&c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(&c);
    heading.chars().filter(kept).collect::<String>().replace(' ', "-")
}

#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn pages_have_short_lines_whole_tables_and_no_lost_spaces() {
    let mut problems = vec![];
    let lines = read("README.md").lines().count();
    if lines > 130 {
        problems.push(format!("README.md:{lines}: over 130 lines"));
    }
    for page in pages() {
        let name = &page.name;
        for (line, text) in page.code_lines() {
            if columns(text) > 96 {
                problems.push(format!("{name}:{line}: over 96 columns"));
            }
        }
        // The first `|` of a line that begins with one isn't between cells.
        let cells =
            |row: &str| row.trim().trim_start_matches('|').split(" | ").count();
        let lines: Vec<_> = page.prose.lines().collect();
        for (line, pair) in (1..).zip(lines.windows(2)) {
            let is_table = pair[1].starts_with("---") && pair[1].contains('|');
            if is_table && cells(pair[0]) != cells(pair[1]) {
                problems.push(format!("{name}:{line}: a cell is missing"));
            }
        }
        for (line, span) in page.code_spans() {
            // Markdown takes a space off both ends.
            if span.starts_with(' ') && span.ends_with(' ') {
                problems.push(format!("{name}:{line}: `{span}` loses spaces"));
            }
        }
    }
    report(&problems);
}

/// `rustfmt` wraps neither comments nor strings.
#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn sources_have_at_most_80_columns() {
    let mut problems = vec![];
    let mut find = Command::new("find");
    let files = find.args([path("src"), path("tests")]).args(["-name", "*.rs"]);
    let files = String::from_utf8(files.output().unwrap().stdout).unwrap();
    for file in files.lines() {
        for (line, text) in (1..).zip(fs::read_to_string(file).unwrap().lines())
        {
            if columns(text) > 80 {
                problems.push(format!("{file}:{line}: over 80 columns"));
            }
        }
    }
    report(&problems);
}

/// A Chinese character or full-width sign has two columns. Box drawings and
/// punctuation such as `…` have one.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c > '\u{2fff}' { 2 } else { 1 }).sum()
}
