//! What README.md and the guide say is what the programs do: screens,
//! listings, commands, links, names and limits. If you change a program, for
//! example in an exercise, this file may turn red, because the pages still
//! show the old code.

#[allow(dead_code)]
#[path = "../common/mod.rs"]
mod common;
mod pictures;
mod screens;

use std::collections::BTreeSet;
use std::fs;
use std::mem::take;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use common::{CLIENT, NAME_PROMPT, Program, SERVER, TALK_CLIENT, TALK_SERVER};
use udp_group_chat::console::parse_address;
use udp_group_chat::protocol::parse_name;

/// The pages in src/guide.rs, README.md and the picture of the chat, each after
/// its name.
static PAGES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let guide = read("src/guide.rs");
    let files = all_between(&guide, ": \"", "\"").into_iter();
    let names = files.map(|file| format!("src/{file}"));
    let names = names.chain(["README.md".to_owned()]);
    let pages = names.map(|name| (name.clone(), read(&name)));
    let chat = ("src/guide/chat.svg".to_owned(), pictures::chat());
    pages.chain([chat]).collect()
});

/// The parts of all pages that follow `before`, each up to `after`.
fn parts(before: &str, after: &str) -> Vec<&'static str> {
    let pages = PAGES.iter();
    pages.flat_map(|(_, text)| all_between(text, before, after)).collect()
}

/// Where a part of a page begins, for example `README.md:12`.
fn place(part: &str) -> String {
    let at =
        |text: &str| part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    let mut pages = PAGES.iter();
    let (name, text) = pages.find(|(_, text)| at(text) <= text.len()).unwrap();
    format!("{name}:{}", text[..at(text)].split('\n').count())
}

/// The code spans of all pages. Blocks aren't spans.
fn code_spans() -> impl Iterator<Item = &'static str> {
    let outside = PAGES.iter().flat_map(|(_, t)| t.split("\n```").step_by(2));
    outside.flat_map(|text| text.split('`').skip(1).step_by(2))
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

#[track_caller]
fn read(file: &str) -> String {
    fs::read_to_string(path(file)).expect(file)
}

/// The part of `text` between `before` and `after`.
#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let part = all_between(text, before, after);
    part.first().unwrap_or_else(|| panic!("no {before:?}"))
}

/// The parts of `text` that follow `before`, each up to `after`.
fn all_between<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|part| part.split(after).next()).collect()
}

/// A page shows the article's server as the file has it.
#[test]
fn listings_are_the_files() {
    let before = "<!-- listing: article-server.rs -->\n```rust\n";
    let source = read("src/examples/article-server.rs");
    let code = source.lines().skip_while(|line| line.starts_with("//!"));
    let code = code.collect::<Vec<_>>().join("\n");
    assert_eq!(parts(before, "\n```"), [code.trim()]);
}

/// The lines of code in an excerpt are in the source, one after another except
/// after `// ……`. Comments and white space may differ.
#[test]
fn excerpts_are_from_the_sources() {
    let code = |line: &str| match line.split_once("//") {
        Some((code, _)) if !code.ends_with(':') => code.trim().to_owned(),
        _ => line.trim().to_owned(),
    };
    let excerpts = parts("<!-- excerpt: ", "\n```\n");
    assert!(excerpts.len() > 9, "{} excerpts", excerpts.len());
    for excerpt in excerpts {
        let (file, lines) = excerpt.split_once(" -->\n```rust").unwrap();
        let source = read(file);
        let mut source = source.lines().map(code).filter(|it| !it.is_empty());
        let mut may_skip = true;
        for line in lines.lines().skip(1) {
            let expected = code(line);
            may_skip |= line.trim() == "// ……";
            if expected.is_empty() {
                continue;
            }
            let found = match take(&mut may_skip) {
                true => source.find(|it| *it == expected),
                false => source.next(),
            };
            let place = format!("{}: {file} (received)", place(line));
            common::expect_equal(&place, found, Some(expected));
        }
    }
}

#[test]
fn every_documented_command_is_accepted() {
    let commands = parts("cargo run --bin ", "\n");
    assert!(commands.len() > 10, "{} commands", commands.len());
    for text in commands {
        let place = place(text);
        let command =
            text.split(&['`', '#', '|', '<', '，', '。', '；']).next();
        let words: Vec<_> = command.unwrap().split_whitespace().collect();
        let most = match words[0] {
            "client" => 2,
            "server" | "talk-server" | "talk-client" => 1,
            program => panic!("{place}: no program {program}"),
        };
        let ["--", arguments @ ..] = &words[1..] else { continue };
        let right = (1..=most).contains(&arguments.len());
        assert!(right, "{place}: expected 1 to {most}: {arguments:?}");
        if !arguments[0].contains(['$', '"']) {
            let address = parse_address(arguments[0]);
            address.unwrap_or_else(|error| panic!("{place}: {error}"));
        }
        let name = parse_name(arguments.get(1).unwrap_or(&"x"));
        name.unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    for text in parts("cargo run --example ", "\n") {
        let name = text.split([' ', '`', '，', '。']).next().unwrap();
        let declared = format!("[[example]]\nname = \"{name}\"\n");
        let is_declared = read("Cargo.toml").contains(&declared);
        assert!(is_declared, "{}: no example {name}", place(text));
    }
}

/// What a page calls a file, a test or a method exists under that name.
#[test]
fn every_name_in_a_page_exists() {
    let folders =
        "src src/bin src/examples src/examples/lab tests/class tests/programs"
            .split(' ');
    let files = folders.flat_map(|folder| fs::read_dir(path(folder)).unwrap());
    let files = files.map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension() == Some("rs".as_ref()));
    let sources = files.map(|path| fs::read_to_string(path).unwrap());
    let sources: String = sources.collect();
    for span in code_spans() {
        let begins = |it: &&str| span.starts_with(*it);
        let is_path = ["src/", "tests/", ".ci/"].iter().any(begins);
        if is_path && !span.contains(['*', ' ', '\n']) {
            assert!(path(span).exists(), "{}: no file {span}", place(span));
        }
        if ["Server::", "Client::", "Message::"].iter().any(begins) {
            let name = span.split("::").nth(1).unwrap();
            let name = name.split(['(', ' ', '{']).next().unwrap();
            let declared = [format!("fn {name}("), format!("\n    {name}")];
            let is_there = declared.iter().any(|it| sources.contains(it));
            assert!(is_there, "{}: no {span}", place(span));
        }
    }
    for run in parts("cargo test --test ", "\n") {
        let mut words = run.split('`').next().unwrap().split_whitespace();
        let file = format!("tests/class/{}.rs", words.next().unwrap());
        let name = words.next().filter(|word| !word.starts_with('-'));
        let test = format!("fn {}", name.unwrap_or_default());
        let is_there = read(&file).contains(&test);
        assert!(is_there, "{}: {file} has no {test}", place(run));
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
    for (page, text) in &*PAGES {
        let rest = text.replace(common::HINT, "");
        let is_other =
            rest.contains("，未转发") || rest.contains("[提示] 消息");
        assert!(!is_other, "{page} has another hint than {}", common::HINT);
    }
    for path in [SERVER, CLIENT, TALK_SERVER, TALK_CLIENT] {
        let program = Path::new(path).file_stem().unwrap().to_str().unwrap();
        let row = between(&protocol, &format!("\n{program} ["), "\n");
        let default = row.split("default ").last().unwrap();
        let mut help = Program::start(common::command(path, &["--help"]));
        let help = help.stdout.read_to_end();
        let is_right = help.ends_with(&format!("by default {default}.\n"));
        assert!(is_right, "protocol.md: [{row}\n{program} --help: {help}");
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
    for (page, text) in &*PAGES {
        let folder = path(page).parent().unwrap().to_owned();
        let mut targets = all_between(text, "](", ")");
        for label in labels(text) {
            let target = between(text, &format!("\n[{label}]: "), "\n");
            let [site, docs] = [split(target), split(label)];
            let site_file = fs::canonicalize(folder.join(site[0])).unwrap();
            let file = fs::canonicalize(path("src/guide").join(docs[0]));
            let same = site_file == file.unwrap() && site[1] == docs[1];
            assert!(same, "{}: {label}: {target}", place(target));
            targets.push(target);
        }
        for target in targets.iter().filter(|it| !it.starts_with("http")) {
            links += 1;
            let [file, anchor] = split(target);
            let file =
                if file.is_empty() { path(page) } else { folder.join(file) };
            let place = place(target);
            assert!(file.exists(), "{place}: no file {target}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&file).unwrap();
                let mut lines = text.lines().filter(|it| it.starts_with('#'));
                let found = lines.any(|heading| slug(heading) == anchor);
                assert!(found, "{place}: {target} has no such heading");
            }
        }
    }
    assert!(links > 40, "{links} links");
}

/// links.md defines all labels for the docs, where its definitions come first.
/// `UPDATE=1 cargo test --test pages` writes it anew.
#[test]
fn every_link_resolves_in_the_docs() {
    let labels = PAGES.iter().flat_map(|(_, text)| labels(text));
    let define = |label| format!("[{label}]: {}\n", in_docs(label));
    let labels: BTreeSet<_> = labels.collect();
    let links: String = labels.into_iter().map(define).collect();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path("src/guide/links.md"), &links).unwrap();
    }
    let is_current = read("src/guide/links.md") == links;
    assert!(is_current, "run: UPDATE=1 cargo test --test pages");
}

/// Where the docs have the page or picture `label`.
fn in_docs(label: &str) -> String {
    let [file, anchor] = split(label);
    if file.ends_with(".svg") {
        return pictures::data_uri(&read(&format!("src/guide/{file}")));
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
    assert!(lines <= 130, "README.md has {lines} lines, over 130");
    let english = PAGES.iter().filter(|(name, _)| !name.contains("/zh/"));
    let english = english.filter(|(name, _)| name.ends_with(".md"));
    let lines = english.flat_map(|(_, text)| text.lines());
    let shown = lines.filter(|line| !line.starts_with("<!--"));
    let words = shown.flat_map(str::split_whitespace).count();
    assert!(words <= 8000, "the English pages have {words} words, over 8000");
    let blocks =
        PAGES.iter().flat_map(|(_, t)| t.split("\n```").skip(1).step_by(2));
    for line in blocks.flat_map(str::lines) {
        // Box drawings and punctuation have one column.
        let wide = line.chars().filter(|c| *c > '\u{2fff}').count();
        let columns = line.chars().count() + wide;
        assert!(columns <= 96, "{}: over 96 columns", place(line));
    }
    // Markdown takes a space off both ends of a code span.
    for span in code_spans() {
        let swallowed = span.starts_with(' ') && span.ends_with(' ');
        assert!(!swallowed, "{}: `{span}` loses its spaces", place(span));
    }
}
