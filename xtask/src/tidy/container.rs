//! The container's file: what it names in the sources is there, and its compiler is the one that the sources ask for.

use super::Finding;
use std::path::Path;

pub(super) const FILE: &str = "Containerfile";

/// What of the file's `text` doesn't hold, where `manifest` is the workspace's and `exists` says what there is, from its root on.
pub(super) fn check(text: &str, manifest: &str, exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap_or_default();
    let image = format!("/rust:{}-", version.trim_matches('"'));
    let mut findings = Vec::new();
    let mut found = |line, rule| findings.push(Finding { file: FILE.into(), line, rule });
    let mut has_compiler = false;
    for (line, number) in text.lines().zip(1..) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let paths: &[&str] = match words[..] {
            ["FROM", from, ..] if from.contains("/rust:") => {
                has_compiler = true;
                if !from.contains(&image) {
                    found(number, format!("{from} is not the rust-version of Cargo.toml, {version}"));
                }
                &[]
            }
            // From another stage, not from the sources.
            ["COPY", from, ..] if from.starts_with("--from=") => &[],
            ["COPY", ref sources @ .., _] => sources,
            _ => match words.iter().position(|word| *word == "--path") {
                Some(at) => words.get(at + 1..at + 2).unwrap_or_default(),
                None => &[],
            },
        };
        for path in paths.iter().filter(|path| !exists(Path::new(path))) {
            found(number, format!("there is no {path}"));
        }
    }
    if !has_compiler {
        found(1, "no stage is built from an image of rust".to_owned());
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace.package]\nrust-version = \"1.95\"\n";

    fn rules(text: &str) -> Vec<(usize, String)> {
        let findings =
            check(text, MANIFEST, |path| [".", "crates/kohala"].iter().any(|there| Path::new(there) == path));
        findings.into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn paths_in_the_container_file_exist() {
        let start = "FROM docker.io/library/rust:1.95-slim AS build\n";
        assert_eq!(
            rules(&format!("{start}COPY . .\nRUN cargo install --path crates/kohala\nCOPY --from=build /out /out\n")),
            []
        );
        assert_eq!(
            rules(&format!("{start}COPY crates/kohala guests .\nRUN cargo install --path crates/kahola\n")),
            [(2, "there is no guests".to_owned()), (3, "there is no crates/kahola".to_owned())]
        );
    }

    #[test]
    fn the_containers_compiler_is_the_sources_oldest() {
        let rule = "docker.io/library/rust:1.9-slim is not the rust-version of Cargo.toml, \"1.95\"".to_owned();
        assert_eq!(rules("FROM docker.io/library/rust:1.9-slim\n"), [(1, rule)]);
        assert_eq!(rules("FROM debian\n"), [(1, "no stage is built from an image of rust".to_owned())]);
    }
}
