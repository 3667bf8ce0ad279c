//! Links of the documents: each leads to a file that is there, and to a heading of it.

use super::Finding;
use std::path::{Component, Path, PathBuf};

/// Where the book's pages lie. They become a site of their own, and what they link to must be in it.
const BOOK: &str = "book/src";

/// Broken links among the documents, each a path and a text; `exists` says what else is there.
pub(super) fn check(documents: &[(PathBuf, String)], exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in documents {
        for (line, target) in links(text) {
            let rule = broken(path, target, documents, &exists);
            findings.extend(rule.map(|rule| Finding { file: path.clone(), line, rule }));
        }
    }
    let summary = documents.iter().find(|(path, _)| path == &Path::new(BOOK).join("SUMMARY.md"));
    let listed: Vec<_> = summary.iter().flat_map(|(_, text)| links(text)).map(|(_, target)| target).collect();
    for (path, _) in documents.iter().filter(|(path, _)| path.starts_with(BOOK) && !path.ends_with("SUMMARY.md")) {
        let page = path.strip_prefix(BOOK).unwrap_or(path).to_string_lossy();
        if !listed.iter().any(|target| *target == page) {
            findings.push(Finding { file: path.clone(), line: 1, rule: "the page is not in SUMMARY.md".to_owned() });
        }
    }
    findings
}

/// What is wrong with a link of the document at `path`, if anything.
fn broken(
    path: &Path,
    target: &str,
    documents: &[(PathBuf, String)],
    exists: &impl Fn(&Path) -> bool,
) -> Option<String> {
    let (file, heading) = target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let linked = if file.is_empty() { path.to_path_buf() } else { resolved(&path.with_file_name(file))? };
    let text = documents.iter().find(|(path, _)| *path == linked).map(|(_, text)| text);
    if text.is_none() && !exists(&linked) {
        return Some(format!("the link to {target} leads nowhere"));
    }
    if path.starts_with(BOOK) && !linked.starts_with(BOOK) {
        return Some(format!("the link to {target} leads out of the book"));
    }
    let heading = heading?;
    let has = text.is_some_and(|text| headings(text).any(|there| there == heading));
    (!has).then(|| format!("the link to {target} names no heading there"))
}

/// The path without its `..`; `None` if it leads out of the repository, where a check has nothing to say.
fn resolved(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => resolved.pop().then_some(())?,
            Component::CurDir => {}
            part => resolved.push(part),
        }
    }
    Some(resolved)
}

/// The lines of a document that are not code, with their numbers from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Links to places in the repository, with their lines.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        let targets = line.match_indices("](").filter_map(|(at, start)| {
            let is_quoted = line[..at].matches('`').count() % 2 == 1;
            let (target, _) = line[at + start.len()..].split_once(')')?;
            (!is_quoted && !target.contains("://")).then_some((number, target))
        });
        targets.collect::<Vec<_>>()
    })
}

/// What a document's headings are called in links, as mdBook and GitHub do.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.chars().filter(|char| char.is_alphanumeric() || matches!(char, '-' | '_')).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(usize, String)> {
        let documents = [(path, text), ("README.md", "# One\n## What: `is` it?\n```sh\n# no heading\n```\n")];
        let documents = documents.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        let exists = |path: &Path| path == Path::new("crates/a.rs") || path == Path::new("book/src/a.svg");
        check(&documents, exists).into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_no_finding() {
        let text = "a [b](README.md), [c](README.md#what-is-it) [d](crates/a.rs) [e](https://example.org/x)\n\
                    [f](#g)\n# G\n```\n[h](none)\n```\n`[i](none)`\n";
        assert_eq!(rules("a.md", text), []);
        assert_eq!(rules("docs/a.md", "[b](../README.md#one)"), []);
    }

    #[test]
    fn links_to_nothing_are_found() {
        assert_eq!(rules("a.md", "x\n[b](c.md)"), [(2, "the link to c.md leads nowhere".to_owned())]);
        let rule = "the link to README.md#no-heading names no heading there".to_owned();
        assert_eq!(rules("a.md", "[b](README.md#no-heading)"), [(1, rule)]);
        assert_eq!(rules("a.md", "[b](#c)").len(), 1);
    }

    #[test]
    fn pages_are_listed_and_link_within_the_book() {
        assert_eq!(rules("book/src/SUMMARY.md", "![a](a.svg)"), []);
        let rule = "the link to ../../README.md leads out of the book".to_owned();
        assert_eq!(rules("book/src/SUMMARY.md", "[a](../../README.md)"), [(1, rule)]);
        assert_eq!(rules("book/src/b.md", "text"), [(1, "the page is not in SUMMARY.md".to_owned())]);
    }
}
