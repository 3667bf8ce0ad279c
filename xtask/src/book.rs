//! `cargo xtask book`: the book as pages of HTML, by mdBook, into `target/book`. That its links lead somewhere is `tidy`'s
//! matter, and that its commands run is a test's of `kohala`.

use crate::step;
use anyhow::{Result, ensure};
use std::{env, process::Command};

/// A version that the project's compiler builds.
const MDBOOK: &str = "0.5.4";

/// Builds the book.
///
/// Without mdBook a person is told how to get it, and continuous integration gets it: unoptimised, because that is quicker to
/// build than it is slow to run, and without its search and server.
pub(crate) fn run() -> Result<()> {
    if !has_mdbook() {
        let install = format!("install --locked --debug --no-default-features mdbook@{MDBOOK}");
        if env::var_os("CI").is_none() {
            println!("\n== book: left out, `cargo {install}` brings mdBook");
            return Ok(());
        }
        step::run("install", step::cargo(&install).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
        ensure!(has_mdbook(), "cargo's folder of programs is not on the PATH: mdbook is not found");
    }
    step::run("book", Command::new("mdbook").args(["build", "book"]))
}

fn has_mdbook() -> bool {
    step::output(Command::new("mdbook").arg("--version")).is_some()
}

#[cfg(test)]
mod tests {
    use crate::{Task, tidy::text_files};
    use clap::Parser;
    use std::fs;

    /// All `cargo xtask …` of a text: a line of a block up to a note, or what stands between two backticks.
    fn tasks(text: &str) -> impl Iterator<Item = &str> {
        text.lines().flat_map(|line| {
            line.match_indices("cargo xtask").map(|(at, _)| {
                let ends = [" #", "`", "  ", "\"", ":"];
                let rest = &line[at..];
                &rest[..ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len())]
            })
        })
    }

    /// True if clap takes it, with a word in place of each that a reader replaces: `<folder>`.
    fn parses(task: &str) -> bool {
        let mut words = task.to_owned();
        while let (Some(start), Some(end)) = (words.find('<'), words.find('>')) {
            words.replace_range(start..=end, "word");
        }
        Task::try_parse_from(words.split_whitespace().skip(1)).is_ok()
    }

    #[test]
    fn every_task_that_a_page_names_is_one() {
        let root = crate::step::root();
        let mut count = 0;
        for path in text_files(&root).unwrap().iter().filter(|path| path.extension().is_some_and(|kind| kind == "md")) {
            let text = fs::read_to_string(root.join(path)).unwrap();
            for task in tasks(&text).filter(|task| !task.contains('…')) {
                assert!(parses(task), "{}: {task}", path.display());
                count += 1;
            }
        }
        assert!(count > 20, "{count} tasks");
    }

    #[test]
    fn tasks_are_found_in_blocks_and_in_lines() {
        let text = "cargo xtask test   # all\nsee `cargo xtask tidy`, or\ncargo xtask bench --fpvm\n";
        assert_eq!(
            tasks(text).collect::<Vec<_>>(),
            ["cargo xtask test", "cargo xtask tidy", "cargo xtask bench --fpvm"]
        );
        assert!(parses("cargo xtask bench --fpvm") && parses("cargo xtask registry <a folder>"));
        assert!(!parses("cargo xtask bench --nothing") && !parses("cargo xtask"));
    }
}
