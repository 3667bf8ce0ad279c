//! How much `unsafe` there is, by crate, and that each says why it is right.

use super::{Finding, has_word, source::code_only};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// What `unsafe` stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A block, an implementation, or what is defined elsewhere: whoever writes it vouches for it.
    Vouched,
    /// A function: whoever calls it vouches.
    Function,
    /// An attribute, which says no more than a symbol's name.
    Attribute,
}

/// How often in a crate.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    vouched: usize,
    functions: usize,
    attributes: usize,
}

/// The crates that have any, by their folders.
#[derive(Debug, Default)]
pub(super) struct Unsafety(BTreeMap<PathBuf, Count>);

impl Unsafety {
    /// Counts a file, and finds what doesn't say why it is right: a `SAFETY:` comment above the statement, or of a function the
    /// section `# Safety` in its documentation.
    pub(super) fn check(&mut self, path: &Path, text: &str) -> Vec<Finding> {
        let code = code_only(text);
        let (code, text): (Vec<_>, Vec<_>) = (code.lines().collect(), text.lines().collect());
        let mut findings = Vec::new();
        for (at, line) in code.iter().enumerate().filter(|(_, line)| has_word(line, "unsafe")) {
            for kind in kinds(line) {
                let count = self.0.entry(crate_folder(path)).or_default();
                match kind {
                    Kind::Vouched => count.vouched += 1,
                    Kind::Function => count.functions += 1,
                    Kind::Attribute => count.attributes += 1,
                }
                let is_said = match kind {
                    Kind::Vouched => says(&code, &text, at, "SAFETY:"),
                    Kind::Function => says(&code, &text, at, "# Safety") || is_in_trait_impl(&code, at),
                    Kind::Attribute => true,
                };
                if !is_said {
                    let rule = "unsafe without a SAFETY comment, or a function without a Safety section".to_owned();
                    findings.push(Finding { file: path.to_path_buf(), line: at + 1, rule });
                }
            }
        }
        findings
    }
}

impl fmt::Display for Unsafety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (folder, Count { vouched, functions, attributes }) in &self.0 {
            let folder = folder.display();
            writeln!(f, "unsafe: {folder}: {vouched} blocks and impls, {functions} functions, {attributes} symbols")?;
        }
        Ok(())
    }
}

/// What the line's `unsafe`s stand before.
fn kinds(line: &str) -> impl Iterator<Item = Kind> {
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    let whole = move |at: &usize| !line[..*at].ends_with(is_name) && !line[at + 6..].starts_with(is_name);
    line.match_indices("unsafe").map(|(at, _)| at).filter(whole).map(|at| {
        let rest = line[at + 6..].trim_start();
        let rest = rest.strip_prefix("extern").map_or(rest, str::trim_start);
        match rest {
            _ if rest.starts_with("fn ") => Kind::Function,
            _ if rest.starts_with('(') => Kind::Attribute,
            _ => Kind::Vouched,
        }
    })
}

/// Whether a comment above the statement that line `at` is part of, or on that line, has these words.
fn says(code: &[&str], text: &[&str], at: usize, words: &str) -> bool {
    let comment = |line: usize| &text[line][code[line].trim_end().len().min(text[line].len())..];
    let above = (0..at).rev().take_while(|line| {
        let before = code[*line].trim();
        let is_blank = text[*line].trim().is_empty();
        let is_attribute = before.starts_with('#');
        !is_blank && (is_attribute || !before.ends_with([';', '{', '}']))
    });
    std::iter::once(at).chain(above).any(|line| comment(line).contains(words))
}

/// Whether line `at` lies in an implementation of a trait: what its functions may expect is the trait's to say.
fn is_in_trait_impl(code: &[&str], at: usize) -> bool {
    let heads = |line: &&&str| line.starts_with(|first: char| first.is_alphabetic());
    let head = code[..at].iter().rev().find(heads).filter(|_| code[at].starts_with(char::is_whitespace));
    head.is_some_and(|head| has_word(head, "impl") && has_word(head, "for"))
}

/// The folder of the crate that a source file belongs to.
fn crate_folder(path: &Path) -> PathBuf {
    let parts = path.parent().into_iter().flat_map(Path::iter);
    parts.take_while(|part| *part != "src" && *part != "tests").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(source: &str) -> (Unsafety, Vec<usize>) {
        let mut unsafety = Unsafety::default();
        let findings = unsafety.check(Path::new("crates/fpvm/src/a/b.rs"), source);
        (unsafety, findings.into_iter().map(|finding| finding.line).collect())
    }

    #[test]
    fn unsafe_is_counted_by_crate() {
        let source = "// SAFETY: so.\nunsafe impl A for B {\n    unsafe fn a() {}\n}\n#[unsafe(no_mangle)]\nfn b() {\n    \
                      // SAFETY: so.\n    let c = unsafe { d() };\n    let unsafe_code = \"unsafe {}\"; // unsafe\n}\n";
        let (unsafety, findings) = checked(source);
        assert_eq!(findings, [0; 0]);
        assert_eq!(unsafety.to_string(), "unsafe: crates/fpvm: 2 blocks and impls, 1 functions, 1 symbols\n");
    }

    #[test]
    fn unsafe_that_does_not_say_why_it_is_right_is_found() {
        assert_eq!(checked("fn a() {\n    unsafe { b() }\n}\n").1, [2]);
        assert_eq!(checked("// SAFETY: of another.\nlet a = 1;\nlet b = unsafe { c() };\n").1, [3]);
        assert_eq!(checked("// SAFETY: of another.\n\nunsafe { c() }\n").1, [3]);
        assert_eq!(checked("// safe\nunsafe impl A for B {}\n").1, [2]);
        assert_eq!(checked("let a = \"SAFETY:\"; unsafe { b() }\n").1, [1]);
        assert_eq!(checked("/// Does.\nunsafe fn a() {}\n").1, [2]);
        assert_eq!(checked("impl A {\n    unsafe fn a() {}\n}\n").1, [2]);
        assert_eq!(checked("impl A for B {\n    unsafe fn a() {}\n}\nunsafe fn b() {}\n").1, [4]);
        assert_eq!(checked("/// # Safety\n/// Always.\n#[inline]\nunsafe extern \"C\" fn a() {}\n").1, [0; 0]);
        assert_eq!(checked("// SAFETY: so.\n#[cfg(a)]\nlet a =\n    unsafe { b() };\n").1, [0; 0]);
    }
}
