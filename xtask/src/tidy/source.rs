//! Rust source as the checks see it: code alone, and where its functions lie.

/// Blanks comments and the content of literals, so that a search finds code only. Lines and columns stay.
pub(super) fn code_only(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment_len(rest),
            '"' => 1 + quoted_len(&rest[1..], '"'),
            '\'' => char_len(rest),
            'r' | 'b' if !code.ends_with(is_word) => literal_len(rest),
            _ => 0,
        };
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Length of the block comment that `text` starts with; such comments nest.
fn comment_len(text: &str) -> usize {
    let mut depth = 0;
    for (at, _) in text.char_indices() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 2;
        }
    }
    text.len()
}

/// Length up to and with the closing quote, where a backslash takes the next character with it.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a character literal; 0 for a lifetime.
fn char_len(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => 1 + quoted_len(&text[1..], '\''),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

/// Length of a raw or byte string that `text` starts with; 0 if it is something else.
fn literal_len(text: &str) -> usize {
    let body = text.trim_start_matches('b');
    if text.len() - body.len() > 1 {
        return 0;
    }
    let prefix = text.len() - body.len();
    let Some(raw) = body.strip_prefix('r') else {
        return if prefix == 1 && body.starts_with('"') { 2 + quoted_len(&body[1..], '"') } else { 0 };
    };
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let Some(content) = raw[hashes..].strip_prefix('"') else { return 0 };
    let end = format!("\"{}", "#".repeat(hashes));
    let length = content.find(&end).map_or(content.len(), |at| at + end.len());
    prefix + 1 + hashes + 1 + length
}

/// The number of the first line of the tests inside a file, or one past its last.
pub(super) fn first_test_line(code: &str) -> usize {
    let found = code.lines().position(|line| line.trim_start().starts_with("#[cfg(test)]"));
    found.unwrap_or(code.lines().count()) + 1
}

/// A function: its name, the line it starts in, how many lines it takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// The functions with a body, in the order of their starts. `code` is what [`code_only`] gives.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let name: String = code[at + 3..].chars().take_while(|char| is_word(*char)).collect();
        if name.is_empty() || code[..at].ends_with(is_word) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        if let Some(body) = body_len(&code[at..]) {
            functions.push(Function { name, line, lines: code[at..at + body].matches('\n').count() + 1 });
        }
    }
    functions
}

/// Length up to and with the brace that closes the body; `None` for a declaration without one.
fn body_len(code: &str) -> Option<usize> {
    let (mut braces, mut brackets) = (0, 0);
    for (at, char) in code.char_indices() {
        match char {
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            '[' | '(' => brackets += 1,
            ']' | ')' => brackets -= 1,
            // The `;` of an array type in the signature is inside brackets.
            ';' if braces == 0 && brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_only_blanks_comments_and_literals_and_keeps_places() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"a("b\"c")d"#, "a(      )d"),
            (r##"a(r#"b"c"#)d"##, "a(        )d"),
            ("a(b\"c\")d", "a(    )d"),
            ("a(br\"\\\")d", "a(     )d"),
            ("let a: &'b str = 'c';", "let a: &'b str =    ;"),
            (r"['\'', '\u{41}']", "[    ,         ]"),
            ("expr\"s\"", "expr   "),
        ];
        for (source, code) in cases {
            assert_eq!(code_only(source), code, "{source}");
        }
    }

    #[test]
    fn functions_are_found_with_their_length() {
        let code =
            "trait A {\n    fn a(&self, b: [u8; 2]);\n    fn b() {\n        if c {\n        }\n    }\n}\nfn c() {}\n";
        let found = |name: &str, line, lines| Function { name: name.to_owned(), line, lines };
        assert_eq!(functions(code), [found("b", 3, 4), found("c", 8, 1)]);
    }

    #[test]
    fn tests_start_at_their_attribute() {
        assert_eq!(first_test_line("a\n#[cfg(test)]\nmod tests {}\n"), 2);
        assert_eq!(first_test_line("a\nb\n"), 3);
    }
}
