//! Counts that tell whether the house is still simple. Each is printed with what it may be at most; more is a broken rule.

use super::{
    Finding, crate_of, crates, is_test_file,
    source::{code_only, first_test_line, functions},
};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

/// The types that hold a byte of batch data in turn, and the files that declare them, from L1 to the block's inputs.
const OWNERS: [(&str, &str); 5] = [
    ("L1Block", "crates/derive/src/source.rs"),
    ("Frame", "crates/protocol/src/frame.rs"),
    ("Channel", "crates/derive/src/channel_bank.rs"),
    ("Batch", "crates/protocol/src/batch/mod.rs"),
    ("Attributes", "crates/protocol/src/attributes.rs"),
];
const MOST_OWNERS: usize = 6;

/// Public traits of the core crates, and how often each is implemented at least, tests aside: by the product, or by what
/// stands for others' programs, examples, benchmarks and fuzz targets.
const MOST_TRAITS: usize = 6;
const LEAST_IMPLEMENTATIONS: usize = 2;

/// Public error enums of a core crate. One operation has one, of just what can go wrong in it: with more, its operations
/// are cut too small, or it is two crates.
const MOST_ERRORS: usize = 15;

/// Variants that hold a text: it is a key of the user's own file, which no type of ours can name.
const TEXTS: [&str; 2] = ["UnknownFork(String)", "ForkTime(String)"];

/// Lines of a function, and of a file without its tests, above which there has to be a reason.
const LONG_FUNCTION: usize = 70;
const LONG_FILE: usize = 600;

/// Parts that are long, and why that is better than in pieces.
const LONG: [(&str, &str, &str); 6] = [
    ("crates/protocol/src/chains/table.rs", "", "generated, one entry a chain"),
    ("crates/derive/src/scenarios.rs", "", "tests: what happens to whole channels"),
    ("crates/protocol/src/upgrade/karst.rs", "upgrades", "generated: the fork's transactions in order"),
    ("crates/vm/src/mips/execute.rs", "execute", "one arm an instruction"),
    ("crates/vm/src/riscv/execute.rs", "execute", "one arm an instruction"),
    ("crates/vm/tests/mips/reference.rs", "execute", "one arm an instruction, read beside the manual"),
];

/// Lines that stand twice, to the letter, in code that is no test: from so many on they are one thing written twice.
const RUN: usize = 12;

/// Pairs of runs that may stay, and why.
const TWICE: [(&str, &str, &str); 4] = [
    ("crates/vm/src/run/asterisc.rs", "crates/vm/src/run/cannon.rs", "two machines of one shape"),
    ("crates/protocol/src/fork.rs", "interop/src/fork.rs", "a witness knows none of our crates"),
    ("crates/devnet/src/chain/fork.rs", "interop/src/fork.rs", "two witnesses that don't know each other"),
    ("crates/vm/src/mips/vm.rs", "crates/vm/src/riscv/vm.rs", "two machines' loops over fields of their own"),
];

/// A Rust file, and its code as the checks see it: comments and literals blank.
pub(super) struct File {
    path: PathBuf,
    text: String,
    code: String,
    /// The part of the code before its tests; none in a file of tests.
    product: usize,
}

impl File {
    pub(super) fn new(path: PathBuf, text: String) -> Self {
        let code = code_only(&text);
        let lines = if is_test_file(&path) { 0 } else { first_test_line(&code) - 1 };
        let product = code.split_inclusive('\n').take(lines).map(str::len).sum();
        Self { path, text, code, product }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn product(&self) -> &str {
        &self.code[..self.product]
    }

    /// Whether it is of a crate below the host.
    fn is_core(&self) -> bool {
        crate_of(&self.path).is_some_and(|name| crates::CORE.contains(&name))
    }

    fn finding(&self, line: usize, rule: String) -> Finding {
        Finding { file: self.path.clone(), line, rule }
    }
}

/// Prints the counts; what is too much.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (what, count, broken) in [owners(files), traits(files), errors(files), long(files), twice(files), unused(files)]
    {
        println!("{count:>5}  {what}");
        findings.extend(broken);
    }
    findings
}

type Counted = (&'static str, usize, Vec<Finding>);

fn owners(files: &[File]) -> Counted {
    let declares = |(name, path): &(&str, &str)| {
        let declared = [format!("struct {name} {{"), format!("enum {name} {{")];
        files.iter().any(|file| file.path == Path::new(path) && declared.iter().any(|text| file.code.contains(text)))
    };
    let missing = OWNERS.iter().filter(|owner| !declares(owner));
    let mut broken: Vec<_> = missing
        .map(|(name, path)| Finding {
            file: PathBuf::from(path),
            line: 1,
            rule: format!("{name} is not here any more"),
        })
        .collect();
    if OWNERS.len() > MOST_OWNERS {
        broken.push(Finding { file: PathBuf::new(), line: 1, rule: "a batch byte has too many owners".to_owned() });
    }
    ("owners of a batch byte, 6 at most: L1 block, frame, channel, batch, attributes", OWNERS.len(), broken)
}

fn traits(files: &[File]) -> Counted {
    let core = files.iter().filter(|file| file.is_core());
    let declared: Vec<_> = core.flat_map(|file| names(file, "pub trait ").map(move |found| (file, found))).collect();
    let mut broken = Vec::new();
    for (file, (name, line)) in &declared {
        let implemented = |file: &File| {
            let plain = format!(" {name} for ");
            file.code.lines().filter(|line| line.starts_with("impl") && line.contains(&plain)).count()
        };
        let is_of_tests =
            |file: &&File| file.path.iter().any(|part| ["tests", "tests.rs"].iter().any(|tests| part == *tests));
        let count: usize = files.iter().filter(|file| !is_of_tests(file)).map(implemented).sum();
        if count < LEAST_IMPLEMENTATIONS {
            broken.push(file.finding(*line, format!("{count} implementation of {name}: a trait is for two")));
        }
    }
    if let Some((file, (_, line))) = declared.get(MOST_TRAITS) {
        broken.push(file.finding(*line, format!("one public trait of the core more than {MOST_TRAITS}")));
    }
    ("public traits in the no_std core, 6 at most, each with two implementations", declared.len(), broken)
}

fn errors(files: &[File]) -> Counted {
    let mut of_crate: HashMap<_, usize> = HashMap::new();
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| file.is_core()) {
        let count = of_crate.entry(crate_of(&file.path)).or_default();
        let mut is_error = false;
        let mut in_error = false;
        for (line, number) in file.product().lines().zip(1..) {
            is_error |= line.starts_with("#[derive") && line.contains("Error)");
            if line.starts_with("pub enum ") || line.starts_with("pub struct ") {
                in_error = is_error && line.starts_with("pub enum ");
                *count += usize::from(in_error);
                is_error = false;
            }
            in_error &= line != "}";
            let has_text = ["String", "&'static str", "Cow<"].iter().any(|text| line.contains(text));
            if in_error && has_text && !TEXTS.contains(&line.trim().trim_end_matches(',')) && !line.contains("Zero(") {
                broken.push(file.finding(number, "an error holds a text: a variant says it".to_owned()));
            }
        }
        if *count > MOST_ERRORS && broken.is_empty() {
            broken.push(file.finding(1, format!("more than {MOST_ERRORS} public error enums in one crate")));
        }
    }
    let count = of_crate.into_values().sum();
    ("public error enums in the no_std core, 15 a crate at most, none with a text of ours", count, broken)
}

/// Functions and files that are longer than they should be without a reason.
fn long(files: &[File]) -> Counted {
    let mut broken = Vec::new();
    let mut known = HashSet::new();
    for file in files {
        let lines = file.product().lines().count();
        let file_is_long = (lines > LONG_FILE).then(|| (1, String::new(), format!("{lines} lines without tests")));
        let functions = functions(&file.code).into_iter().filter(|function| function.lines > LONG_FUNCTION);
        let functions = functions.map(|function| {
            let rule = format!("fn {} has {} lines", function.name, function.lines);
            (function.line, function.name, rule)
        });
        for (line, name, rule) in file_is_long.into_iter().chain(functions) {
            let reason = LONG.iter().find(|(path, part, _)| file.path == Path::new(path) && *part == name);
            match reason {
                Some(reason) => _ = known.insert(reason),
                None => broken.push(file.finding(line, rule)),
            }
        }
    }
    let gone = LONG.iter().filter(|reason| !known.contains(reason));
    broken.extend(gone.map(|(path, ..)| stale(path)));
    ("functions above 70 lines and files above 600, each with a reason", known.len(), broken)
}

/// An exception that nothing needs.
fn stale(path: &str) -> Finding {
    Finding { file: PathBuf::from(path), line: 1, rule: "an exception for it is not needed any more".to_owned() }
}

/// Pairs of runs of the same lines.
fn twice(files: &[File]) -> Counted {
    let mut seen: HashMap<Vec<&str>, (usize, usize)> = HashMap::new();
    let mut pairs: HashMap<(usize, usize), usize> = HashMap::new();
    for (index, file) in files.iter().enumerate() {
        let product = file.product().lines().count();
        let lines: Vec<_> = (file.text.lines().take(product).zip(1..))
            .map(|(line, number)| (line.trim(), number))
            .filter(|(line, _)| line.len() > 1 && !line.starts_with("//") && !line.starts_with("use "))
            .collect();
        for run in lines.windows(RUN) {
            let (first, line) = *seen.entry(run.iter().map(|(line, _)| *line).collect()).or_insert((index, run[0].1));
            if (first, line) != (index, run[0].1) {
                pairs.entry((first, index)).or_insert(run[0].1);
            }
        }
    }
    let mut broken = Vec::new();
    let mut known = HashSet::new();
    for ((first, second), line) in &pairs {
        let (first, second) = (&files[*first], &files[*second]);
        let is = |one: &str, other: &str| first.path == Path::new(one) && second.path == Path::new(other);
        match TWICE.iter().find(|(one, other, _)| is(one, other) || is(other, one)) {
            Some(reason) => _ = known.insert(reason),
            None => {
                let rule = format!("{RUN} lines or more stand in {}, too", first.path.display());
                broken.push(second.finding(*line, rule));
            }
        }
    }
    let gone = TWICE.iter().filter(|reason| !known.contains(reason));
    broken.extend(gone.map(|(path, ..)| stale(path)));
    ("pairs of files with 12 equal lines in a row, each with a reason", pairs.len(), broken)
}

/// Public items of the crates that nothing names, tests included.
fn unused(files: &[File]) -> Counted {
    const KINDS: [&str; 7] =
        ["pub fn ", "pub const fn ", "pub struct ", "pub enum ", "pub const ", "pub trait ", "pub type "];
    let mut times: HashMap<&str, usize> = HashMap::new();
    for file in files {
        let is_word = |char: char| !char.is_alphanumeric() && char != '_';
        for line in without_exports(&file.code) {
            line.split(is_word).for_each(|word| *times.entry(word).or_default() += 1);
        }
    }
    let in_crates = || files.iter().filter(|file| crate_of(&file.path).is_some());
    let mut broken = Vec::new();
    for file in in_crates() {
        for (name, line) in KINDS.iter().flat_map(|kind| names(file, kind)) {
            if times.get(name) == Some(&1) {
                broken.push(file.finding(line, format!("nothing uses {name}")));
            }
        }
    }
    ("public items that nothing uses", broken.len(), broken)
}

/// The code's lines but for those that only name what other files declare.
fn without_exports(code: &str) -> impl Iterator<Item = &str> {
    let mut exports = false;
    code.lines().filter(move |line| {
        exports |= line.trim_start().starts_with("pub use ");
        let skipped = exports;
        exports &= !line.ends_with(';');
        !skipped
    })
}

/// The names behind `kind` in the file's product, with their lines.
fn names<'a>(file: &'a File, kind: &str) -> impl Iterator<Item = (&'a str, usize)> {
    file.product().lines().zip(1..).filter_map(move |(line, number)| {
        let rest = line.trim_start().strip_prefix(kind)?;
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
        (end > 0 && !rest.starts_with("fn ")).then(|| (&rest[..end], number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File::new(PathBuf::from(path), text.to_owned())
    }

    fn rules((_, count, broken): Counted) -> (usize, Vec<String>) {
        (count, broken.into_iter().map(|finding| finding.rule).collect())
    }

    #[test]
    fn a_trait_of_the_core_is_for_two() {
        let declared = "pub trait A {}\nimpl A for B {}\n";
        let one = rules(traits(&[file("crates/trie/src/a.rs", declared)]));
        assert_eq!(one, (1, vec!["1 implementation of A: a trait is for two".to_owned()]));
        let files = |path| [file("crates/trie/src/a.rs", declared), file(path, "impl<'a> A for C<'a> {}\n")];
        assert_eq!(rules(traits(&files("crates/host/src/a.rs"))), (1, vec![]));
        assert_eq!(rules(traits(&files("crates/host/tests/a.rs"))).1.len(), 1, "a test is no use");
        let many: String =
            (0..7).map(|n| format!("pub trait T{n} {{}}\nimpl T{n} for A {{}}\nimpl T{n} for B {{}}\n")).collect();
        let many = rules(traits(&[file("crates/trie/src/a.rs", &many)]));
        assert_eq!(many, (7, vec!["one public trait of the core more than 6".to_owned()]));
        assert_eq!(rules(traits(&[file("crates/host/src/a.rs", declared)])).0, 0, "not of the core");
    }

    #[test]
    fn an_error_of_the_core_holds_no_text() {
        let error = |payload| format!("#[derive(Debug, thiserror::Error)]\npub enum A {{\n    B({payload}),\n}}\n");
        let found = |text: &str| rules(errors(&[file("crates/trie/src/a.rs", text)]));
        assert_eq!(found(&error("u8")), (1, vec![]));
        assert_eq!(found(&error("String")), (1, vec!["an error holds a text: a variant says it".to_owned()]));
        assert_eq!(found(&error("&'static str")).1.len(), 1);
        assert_eq!(found("pub enum A {\n    B(String),\n}\n"), (0, vec![]), "no error");
        let many: String = (0..16).map(|_| error("u8")).collect();
        assert_eq!(found(&many).1, ["more than 15 public error enums in one crate"]);
    }

    #[test]
    fn long_parts_have_a_reason() {
        let function = format!("fn long() {{\n{}}}\n", "    a();\n".repeat(70));
        let found = |path, text: &str| {
            let (_, _, broken) = long(&[file(path, text)]);
            let found = broken.into_iter().map(|finding| finding.rule).filter(|rule| !rule.contains("any more"));
            found.collect::<Vec<_>>()
        };
        assert_eq!(found("crates/a/src/a.rs", &function), ["fn long has 72 lines"]);
        let text = format!("{}#[cfg(test)]\n{}", "const A: u8 = 1;\n".repeat(601), "    a();\n".repeat(70));
        assert_eq!(found("crates/a/src/a.rs", &text), ["601 lines without tests"]);
        assert_eq!(found("crates/a/tests/a.rs", &text), Vec::<String>::new());
        let known = function.replace("long", "execute");
        assert_eq!(found("crates/vm/src/mips/execute.rs", &known), Vec::<String>::new());
        assert!(!long(&[]).2.is_empty(), "a reason without a long part goes");
    }

    #[test]
    fn equal_runs_are_found_in_what_is_no_test() {
        let lines: String = (0..RUN).map(|n| format!("    let a{n} = b;\n")).collect();
        let found = |first, second, text: &str| {
            let (_, found) = rules(twice(&[file(first, &lines), file(second, text)]));
            found.into_iter().filter(|rule| !rule.contains("any more")).collect::<Vec<_>>()
        };
        let shown = ["12 lines or more stand in crates/a/src/a.rs, too"];
        assert_eq!(found("crates/a/src/a.rs", "crates/b/src/b.rs", &lines), shown);
        assert_eq!(found("crates/a/src/a.rs", "crates/b/src/b.rs", &format!("\n// c\n  {lines}")), shown);
        assert!(found("crates/a/src/a.rs", "crates/b/src/b.rs", &lines.replace("a11", "c")).is_empty());
        assert!(found("crates/a/src/a.rs", "crates/b/tests/b.rs", &lines).is_empty());
        assert!(found("crates/vm/src/run/asterisc.rs", "crates/vm/src/run/cannon.rs", &lines).is_empty());
        assert!(!twice(&[]).2.is_empty(), "an exception that nothing needs goes");
    }

    #[test]
    fn public_items_are_used() {
        let declared = "pub fn used() {}\npub const fn lost() {}\n/// lost\npub use a::{\n    lost,\n};\n";
        let found = |user| rules(unused(&[file("crates/a/src/lib.rs", declared), file("crates/b/src/b.rs", user)]));
        assert_eq!(found("fn b() { a::used() }"), (1, vec!["nothing uses lost".to_owned()]));
        assert_eq!(found("fn b() { a::used(); a::lost() }"), (0, vec![]));
        assert_eq!(found("<td>{{ used }}</td><td>{{ number|lost }}</td>"), (0, vec![]), "as in a template");
    }

    #[test]
    fn owners_of_a_batch_byte_are_where_they_are_said_to_be() {
        let files = OWNERS.map(|(name, path)| file(path, &format!("pub struct {name} {{\n")));
        assert_eq!(rules(owners(&files)).1, Vec::<String>::new());
        assert_eq!(rules(owners(&files[1..])).1, ["L1Block is not here any more"]);
    }
}
