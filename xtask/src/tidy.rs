//! `cargo xtask tidy`: rules of the house that the compiler doesn't know. A broken rule is printed with its place.

mod container;
mod counts;
mod crates;
mod links;
mod named_files;
mod named_tests;
mod source;
mod unsafety;

use crate::step;
use anyhow::{Context, Result, ensure};
use counts::File;
use source::{code_only, first_test_line};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A broken rule and its place; lines count from 1.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    file: PathBuf,
    line: usize,
    rule: String,
}

/// Checks the whole repository.
pub(crate) fn run() -> Result<()> {
    println!("\n== tidy: dependency rule, source rules, links");
    let root = step::root();
    let mut findings = dependency_rule(&root)?;
    let (mut sources, mut documents) = (Vec::new(), Vec::new());
    let mut unsafety = unsafety::Unsafety::default();
    for path in text_files(&root)? {
        let Ok(text) = String::from_utf8(fs::read(root.join(&path))?) else { continue };
        findings.extend(check_text(&path, &text));
        if path.extension().is_some_and(|extension| extension == "rs") {
            findings.extend(check_rust(&path, &text));
            findings.extend(unsafety.check(&path, &text));
            sources.push(File::new(path, text));
        } else if path.extension().is_some_and(|extension| extension == "html") {
            // Templates name items, too.
            sources.push(File::new(path, text));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push((path, text));
        }
    }
    findings.extend(counts::check(&sources));
    findings.extend(links::check(&documents, |path| root.join(path).exists()));
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
    let cases = read(named_tests::CASES)?;
    for page in named_tests::PAGES {
        findings.extend(named_tests::check(page, &read(page)?, sources.iter().map(File::text), &cases));
    }
    findings.extend(container::check(&read(container::FILE)?, &read("Cargo.toml")?, |path| root.join(path).exists()));
    findings.extend(named_files::check(&read(named_files::PAGE)?, |path| root.join(path).exists()));
    print!("{unsafety}");
    for Finding { file, line, rule } in &findings {
        println!("error: {}:{line}: {rule}", file.display());
    }
    ensure!(findings.is_empty(), "tidy: {} broken rules", findings.len());
    println!("== tidy: ok");
    Ok(())
}

fn dependency_rule(root: &Path) -> Result<Vec<Finding>> {
    let json = step::output(&mut step::cargo("metadata --format-version 1 --no-deps"));
    let metadata: crates::Metadata = serde_json::from_str(&json.context("cargo metadata failed")?)?;
    Ok(crates::check(&metadata, root, |path| fs::read_to_string(path).unwrap_or_default()))
}

/// The files with text that a person writes, relative to `root`, in order.
pub(crate) fn text_files(root: &Path) -> Result<Vec<PathBuf>> {
    const TEXT: [&str; 8] = ["rs", "toml", "md", "json", "sh", "yml", "txt", "html"];
    let mut files = Vec::new();
    let mut directories = vec![root.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            let name = path.file_name().unwrap_or_default();
            // `.git` is a folder, or in a further work tree a file that says where the folder is. A fuzzer's inputs come
            // and go while it runs.
            if ["target", ".git", "corpus", "artifacts", "coverage"].iter().any(|skipped| name == *skipped) {
                continue;
            }
            if kind.is_dir() {
                directories.push(path);
            } else if kind.is_file() && path.extension().is_none_or(|kind| TEXT.iter().any(|text| kind == *text)) {
                files.push(path.strip_prefix(root)?.to_path_buf());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Rules of every text: nothing in it may depend on the machine it was written on.
fn check_text(path: &Path, text: &str) -> Vec<Finding> {
    const PLACES: [&str; 4] =
        [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
    let starts_path = |line: &str, place: &str| {
        line.match_indices(place)
            .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.'))
    };
    find(path, text, |line| {
        PLACES.iter().find(|place| starts_path(line, place)).map(|place| format!("path of a machine: {place}"))
    })
}

/// Rules of Rust source.
fn check_rust(path: &Path, text: &str) -> Vec<Finding> {
    let code = code_only(text);
    let unfinished = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
    let mut findings = find(path, &code, |line| {
        unfinished.iter().find(|part| line.contains(**part)).map(|part| format!("{part} is not finished work"))
    });
    let binds_a_zkvm =
        ["guests/sp1/runtime", "guests/risc0/range/src/hash.rs"].iter().any(|place| path.starts_with(place));
    if crate_of(path) != Some("fpvm") && !binds_a_zkvm {
        findings.extend(find(path, &code, |line| {
            has_word(line, "unsafe").then(|| "unsafe belongs into fpvm and what binds a zkVM only".to_owned())
        }));
    }
    if crate_of(path).is_some_and(|name| crates::CORE.contains(&name)) && !is_test_file(path) {
        let core = code.lines().take(first_test_line(&code) - 1).collect::<Vec<_>>().join("\n");
        findings.extend(find(path, &core, |line| {
            let outside = ["async", "await", "Instant", "SystemTime", "println", "eprintln"];
            let found = outside.iter().find(|word| has_word(line, word));
            found.map(|word| format!("{word} has no place below the host"))
        }));
    }
    findings.extend(check_head(path, text));
    findings
}

/// The head of a crate says what the crate doesn't do; a core crate does without `std`.
fn check_head(path: &Path, text: &str) -> Vec<Finding> {
    let Some(name) = crate_of(path) else { return Vec::new() };
    if !path.ends_with("src/lib.rs") && !path.ends_with("src/main.rs") {
        return Vec::new();
    }
    let finding = |rule: &str| Finding { file: path.to_path_buf(), line: 1, rule: rule.to_owned() };
    let mut findings = Vec::new();
    let head: Vec<_> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let denies = ["not", "no", "nothing", "never", "neither", "nor", "without", "cannot"];
    if !head.iter().any(|line| denies.iter().any(|word| has_word(line, word)) || line.contains("n't ")) {
        findings.push(finding("the crate's head does not say what the crate doesn't do"));
    }
    if crates::CORE.contains(&name) && !text.lines().any(|line| line == "#![no_std]") {
        findings.push(finding("a crate below the host is no_std"));
    }
    findings
}

/// A finding for every line that `rule` objects to.
fn find(path: &Path, text: &str, rule: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let lines = text.lines().zip(1..);
    lines.filter_map(|(text, line)| Some(Finding { file: path.to_path_buf(), line, rule: rule(text)? })).collect()
}

/// The folder's name below `crates/`.
fn crate_of(path: &Path) -> Option<&str> {
    path.strip_prefix("crates").ok()?.iter().next()?.to_str()
}

/// True for integration tests, examples and files of tests alone.
fn is_test_file(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "examples" || part == "benches")
}

/// True if `line` has `word` with nothing of a name before or after it.
fn has_word(line: &str, word: &str) -> bool {
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_name) && !line[at + word.len()..].starts_with(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD_HEAD: &str = "//! Does this, and nothing else.\n#![no_std]\n";

    fn rules(path: &str, text: &str) -> Vec<(usize, String)> {
        check_rust(Path::new(path), text).into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn unsafe_code_is_found_outside_of_fpvm() {
        let source = "fn a() {\n    unsafe { b() }\n}\n";
        assert_eq!(
            rules("crates/trie/src/a.rs", source),
            [(2, "unsafe belongs into fpvm and what binds a zkVM only".to_owned())]
        );
        assert_eq!(rules("crates/fpvm/src/a.rs", source), []);
        assert_eq!(rules("guests/sp1/runtime/src/a.rs", source), []);
        assert_eq!(rules("guests/risc0/range/src/hash.rs", source), []);
        assert_eq!(rules("guests/sp1/probe/src/a.rs", source).len(), 1);
        assert_eq!(rules("guests/risc0/range/src/main.rs", source).len(), 1);
        assert_eq!(rules("crates/trie/src/a.rs", "// unsafe\n#![forbid(unsafe_code)]\nlet a = \"unsafe\";\n"), []);
    }

    #[test]
    fn unfinished_work_is_found() {
        for (source, part) in [("todo!()", "todo!"), ("#[ignore]", "#[ignore"), ("x = dbg!(y);", "dbg!")] {
            assert_eq!(rules("xtask/src/a.rs", source), [(1, format!("{part} is not finished work"))]);
        }
    }

    #[test]
    fn clocks_and_async_are_found_in_the_core_but_not_in_its_tests() {
        let source = "fn a() { Instant::now(); }\n#[cfg(test)]\nmod tests { async fn b() {} }\n";
        assert_eq!(rules("crates/derive/src/a.rs", source), [(1, "Instant has no place below the host".to_owned())]);
        assert_eq!(rules("crates/host/src/a.rs", source), []);
        assert_eq!(rules("crates/derive/tests/a.rs", source), []);
    }

    #[test]
    fn a_crates_head_says_what_it_does_not_do() {
        assert_eq!(rules("crates/trie/src/lib.rs", GOOD_HEAD), []);
        let vague = GOOD_HEAD.replace(", and nothing else", "");
        let rule = "the crate's head does not say what the crate doesn't do".to_owned();
        assert_eq!(rules("crates/trie/src/lib.rs", &vague), [(1, rule)]);
    }

    #[test]
    fn a_core_crate_with_std_is_found() {
        let with_std = GOOD_HEAD.replace("#![no_std]\n", "");
        assert_eq!(rules("crates/trie/src/lib.rs", &with_std), [(1, "a crate below the host is no_std".to_owned())]);
        assert_eq!(rules("crates/host/src/lib.rs", &with_std), []);
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        let found = |text: &str| check_text(Path::new("README.md"), text).len();
        assert_eq!(found(concat!("see /ho", "me/me/file")), 1);
        assert_eq!(found(concat!("a\n`/wo", "rk/x`\n/ro", "ot/y")), 2);
        assert_eq!(found(concat!("https://example.org/wo", "rk/x and ../ro", "ot/y")), 0);
    }
}
