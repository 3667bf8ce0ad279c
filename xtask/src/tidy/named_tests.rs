//! Pages of the book that name tests name tests that exist.

use super::Finding;
use std::{collections::HashSet, path::Path};

/// The pages; the last column of their tables names tests.
pub(super) const PAGES: [&str; 3] =
    ["book/src/where-implementations-differ.md", "book/src/bugs-others-had.md", "book/src/soundness.md"];

/// The file whose cases are named like tests.
pub(super) const CASES: &str = "testdata/protocol/channels.txt";

/// Names in the tables of the page at `path` that are neither tests in `sources` nor cases in `cases`.
pub(super) fn check<'a>(
    path: &str,
    page: &str,
    sources: impl Iterator<Item = &'a str>,
    cases: &'a str,
) -> Vec<Finding> {
    let mut known: HashSet<&str> = cases.lines().collect();
    known.extend(sources.flat_map(tests));
    let finding = |line: usize, rule: String| Finding { file: Path::new(path).to_path_buf(), line, rule };
    let is_row = |line: &&str| line.starts_with('|') && !line.starts_with("| ---") && !line.ends_with("| held by |");
    let mut findings = Vec::new();
    for (index, row) in page.lines().enumerate().filter(|(_, line)| is_row(line)) {
        let held_by = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let names: Vec<_> = held_by.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            findings.push(finding(index + 1, "a row without a test".to_owned()));
        }
        for name in names.into_iter().filter(|name| !known.contains(name)) {
            findings.push(finding(index + 1, format!("there is no test {name}")));
        }
    }
    if findings.is_empty() && !page.contains("| held by |") {
        findings.push(finding(1, "no table names its tests".to_owned()));
    }
    findings
}

/// The names of the tests in a file: functions that follow `#[test]`, perhaps after further attributes.
fn tests(source: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    source.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            return None;
        }
        let name = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn "))?;
        std::mem::take(&mut is_test).then(|| &name[..name.find('(').unwrap_or(name.len())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "fn helper() {}\n#[test]\nfn one() {}\n#[test]\n#[should_panic]\nfn two(\n) {}\nfn three() {}";

    fn unknown(page: &str) -> Vec<String> {
        check("page.md", page, [SOURCE].into_iter(), "1 ab\nspan: a case\n")
            .into_iter()
            .map(|finding| finding.rule)
            .collect()
    }

    #[test]
    fn tests_and_cases_are_known_by_their_names() {
        let page = "| what | held by |\n| --- | --- |\n| `helper` | `one` `two` |\n| | `span: a case` |\n";
        assert_eq!(unknown(page), Vec::<String>::new());
    }

    #[test]
    fn other_names_are_found() {
        let page = "| what | held by |\n| --- | --- |\n| x | `helper` `one` |\n| y | `three` `four` |\n";
        assert_eq!(unknown(page), ["there is no test helper", "there is no test three", "there is no test four"]);
        assert_eq!(unknown("nothing"), ["no table names its tests"]);
        assert_eq!(unknown("| what | held by |\n| x | a thought |\n"), ["a row without a test"]);
    }
}
