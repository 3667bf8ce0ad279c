//! The threat model names files that exist.

use super::Finding;
use std::path::Path;

/// The page; where it names a file or folder, in backticks, that is below `crates` or the root.
pub(super) const PAGE: &str = "SECURITY.md";

/// Names in the page that `exists` doesn't know.
pub(super) fn check(page: &str, exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let is_path = |name: &&str| name.contains('/') && !name.starts_with('/') && !name.contains(' ');
    let is_there = |name: &str| exists(Path::new(name)) || exists(&Path::new("crates").join(name));
    let mut findings = Vec::new();
    for (line, text) in (1..).zip(page.lines()) {
        for name in text.split('`').skip(1).step_by(2).filter(is_path).filter(|name| !is_there(name)) {
            findings.push(Finding { file: PAGE.into(), line, rule: format!("there is no {name}") });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_that_are_not_there_are_found() {
        let exists = |path: &Path| path == Path::new("crates/host/src/rpc.rs") || path == Path::new("guests/sp1/");
        let page = "a `host/src/rpc.rs` and `guests/sp1/`\n`host/src/gone.rs`, `cargo xtask test`, `--flag`, `name`";
        let found: Vec<_> = check(page, exists).into_iter().map(|finding| (finding.line, finding.rule)).collect();
        assert_eq!(found, [(2, "there is no host/src/gone.rs".to_owned())]);
    }
}
