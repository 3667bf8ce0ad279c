//! The dependency rule: which crate may know which (ARCHITECTURE.md, «The house»).

use super::Finding;
use serde::Deserialize;
use std::path::Path;

/// The workspace's crates, from the core outwards, and those of ours that each may depend on.
const MAY_KNOW: [(&str, &[&str]); 17] = [
    ("kohala-protocol", &[]),
    ("kohala-trie", &[]),
    ("kohala-preimage", &[]),
    ("kohala-derive", &["kohala-protocol"]),
    ("kohala-execute", &["kohala-protocol", "kohala-trie"]),
    ("kohala-program", &["kohala-protocol", "kohala-trie", "kohala-derive", "kohala-execute", "kohala-preimage"]),
    ("kohala-zkvm", &["kohala-program", "kohala-preimage", "kohala-protocol"]),
    ("kohala-host", &["kohala-program", "kohala-preimage", "kohala-protocol", "kohala-trie", "kohala-zkvm"]),
    ("kohala-fpvm", &["kohala-preimage"]),
    ("kohala-vm", &["kohala-preimage"]),
    (
        "kohala",
        &[
            "kohala-devnet",
            "kohala-host",
            "kohala-program",
            "kohala-protocol",
            "kohala-preimage",
            "kohala-vm",
            "kohala-zkvm",
        ],
    ),
    ("kohala-testdata", &[]),
    ("kohala-devnet", &[]),
    ("kohala-interop", &[]),
    (
        "kohala-benches",
        &[
            "kohala-host",
            "kohala-preimage",
            "kohala-derive",
            "kohala-execute",
            "kohala-protocol",
            "kohala-trie",
            "kohala-testdata",
            "kohala-vm",
            "kohala-interop",
        ],
    ),
    ("kohala-fuzz", &["kohala-derive", "kohala-protocol", "kohala-trie", "kohala-testdata"]),
    ("xtask", &["kohala-protocol", "kohala-testdata", "kohala-vm"]),
];

/// Whom the tests of a crate may know besides: the program judges the chain that knows none of us, the host fetches it, and
/// what peers say and their files hold is compared with ours.
const TESTS_MAY_KNOW: [(&str, &[&str]); 3] = [
    ("kohala-devnet", &["kohala-program", "kohala-protocol"]),
    ("kohala-host", &["kohala-devnet"]),
    (
        "kohala-interop",
        &[
            "kohala-derive",
            "kohala-devnet",
            "kohala-execute",
            "kohala-preimage",
            "kohala-protocol",
            "kohala-trie",
            "kohala-vm",
        ],
    ),
];

/// The crates below `host`: no async, clock, network, log or metrics in them.
pub(super) const CORE: [&str; 7] = ["protocol", "derive", "trie", "execute", "preimage", "program", "zkvm"];

/// Starts of the names of crates that act on the outside world or observe the program.
const OUTSIDE: [&str; 10] =
    ["tokio", "async-", "futures", "log", "tracing", "metrics", "chrono", "time", "reqwest", "hyper"];

/// Starts of the names of other implementations, which the product must not link.
const PEERS: [&str; 3] = ["kona", "op-program", "op-succinct"];

/// The part of `cargo metadata` that the rule needs.
#[derive(Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` for a normal dependency.
    kind: Option<String>,
}

/// What breaks the rule; `manifest` gives a manifest's content, to name the line.
pub(super) fn check(metadata: &Metadata, root: &Path, manifest: impl Fn(&Path) -> String) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let path = Path::new(&package.manifest_path);
        let content = manifest(path);
        let mut found = |name: &str, rule: String| {
            let line = content.lines().position(|line| line.starts_with(name)).unwrap_or(0) + 1;
            let file = path.strip_prefix(root).unwrap_or(path).to_path_buf();
            findings.push(Finding { file, line, rule });
        };
        let Some((_, known)) = MAY_KNOW.iter().find(|(name, _)| *name == package.name) else {
            found("name", format!("{} has no place in the dependency rule", package.name));
            continue;
        };
        // Lints of the workspace forbid unsafe code, and one crate can't do without.
        if package.name != "kohala-fpvm" && !content.contains("[lints]\nworkspace = true") {
            found("[lints]", format!("{} does not take the workspace's lints", package.name));
        }
        let is_core = package.name.strip_prefix("kohala-").is_some_and(|name| CORE.contains(&name));
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let is_dev = dependency.kind.as_deref() == Some("dev");
            let is_ours = MAY_KNOW.iter().any(|(ours, _)| *ours == name);
            let judged = TESTS_MAY_KNOW.iter().any(|(ours, known)| *ours == package.name && known.contains(&name));
            if is_ours && !known.contains(&name) && !(is_dev && (judged || name == "kohala-testdata")) {
                found(name, format!("{} must not know {name}", package.name));
            }
            if !is_dev && PEERS.iter().any(|peer| name.starts_with(peer)) {
                found(name, format!("{name} is another implementation: for tests and benchmarks only"));
            }
            if !is_dev && is_core && OUTSIDE.iter().any(|outside| name.starts_with(outside)) {
                found(name, format!("{name} has no place below the host"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &str = "[package]\nname = \"x\"\n[lints]\nworkspace = true\n[dependencies]\ntracing = \"1\"\n";

    /// Rules that a package breaks with one dependency.
    fn broken(name: &str, dependency: &str, kind: Option<&str>) -> Vec<Finding> {
        let dependency = Dependency { name: dependency.to_owned(), kind: kind.map(str::to_owned) };
        let manifest_path = "/r/crates/x/Cargo.toml".to_owned();
        let package = Package { name: name.to_owned(), manifest_path, dependencies: vec![dependency] };
        check(&Metadata { packages: vec![package] }, Path::new("/r"), |_| CONTENT.to_owned())
    }

    #[test]
    fn allowed_edges_are_found_in_order() {
        assert_eq!(broken("kohala-execute", "kohala-trie", None), []);
        assert_eq!(broken("kohala-trie", "kohala-testdata", Some("dev")), []);
        assert_eq!(broken("kohala-program", "kona-derive", Some("dev")), []);
        assert_eq!(broken("kohala-devnet", "kohala-program", Some("dev")), []);
        assert_eq!(broken("kohala-host", "tracing", None), []);
    }

    #[test]
    fn edges_against_the_rule_are_named() {
        let rules = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.rule).collect::<Vec<_>>();
        let derive = broken("kohala-derive", "kohala-execute", None);
        assert_eq!(derive[0].file, Path::new("crates/x/Cargo.toml"));
        assert_eq!(rules(derive), ["kohala-derive must not know kohala-execute"]);
        assert_eq!(
            rules(broken("kohala-derive", "kohala-execute", Some("dev"))),
            ["kohala-derive must not know kohala-execute"]
        );
        assert_eq!(
            rules(broken("kohala-devnet", "kohala-program", None)),
            ["kohala-devnet must not know kohala-program"]
        );
        assert_eq!(
            rules(broken("kohala-devnet", "kohala-trie", Some("dev"))),
            ["kohala-devnet must not know kohala-trie"]
        );
        assert_eq!(
            rules(broken("kohala-trie", "kohala-testdata", None)),
            ["kohala-trie must not know kohala-testdata"]
        );
        assert_eq!(
            rules(broken("kohala-host", "kona-preimage", None)),
            ["kona-preimage is another implementation: for tests and benchmarks only"]
        );
        assert_eq!(rules(broken("kohala-x", "serde", None)), ["kohala-x has no place in the dependency rule"]);
    }

    #[test]
    fn the_core_may_not_log_and_the_line_is_named() {
        let findings = broken("kohala-protocol", "tracing", None);
        assert_eq!((findings.len(), findings[0].line), (1, 6));
        assert_eq!(findings[0].rule, "tracing has no place below the host");
    }

    #[test]
    fn a_crate_takes_the_workspaces_lints() {
        let package =
            Package { name: "kohala-trie".to_owned(), manifest_path: String::new(), dependencies: Vec::new() };
        let findings = check(&Metadata { packages: vec![package] }, Path::new(""), |_| "[package]\n".to_owned());
        assert_eq!(findings[0].rule, "kohala-trie does not take the workspace's lints");
    }
}
