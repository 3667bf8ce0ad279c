//! The blocks of a page.

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Commands, the last of which ends with this code.
    Commands { exit: i32 },
    /// What the commands before it print.
    Output { vary: bool },
    /// Neither.
    Other,
}

/// A block of code.
#[derive(Debug)]
pub(crate) struct Block {
    /// Where it begins; lines count from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

impl Block {
    /// Its commands, each with all its lines, without notes and empty lines.
    pub(crate) fn commands(&self) -> impl Iterator<Item = String> {
        let mut commands: Vec<String> = Vec::new();
        let mut goes_on = false;
        for line in self.text.lines() {
            match commands.last_mut().filter(|_| goes_on) {
                Some(command) => *command = format!("{command}\n{line}"),
                None => commands.push(line.to_owned()),
            }
            let command = &commands[commands.len() - 1];
            goes_on = command.ends_with('\\') || command.matches('"').count() % 2 == 1;
        }
        commands.into_iter().filter(|command| !command.is_empty() && !command.starts_with('#'))
    }
}

/// All blocks of a page.
///
/// # Errors
/// A block without fences, or whose fence doesn't say what it is: its commands would be missed.
pub(crate) fn blocks(page: &str) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    let mut is_after_gap = true;
    for (line, text) in (1..).zip(page.lines()) {
        if let Some(info) = text.strip_prefix("```") {
            if !is_open {
                let kind = kind(info).ok_or_else(|| format!("line {line}: {info:?} is no kind of block"))?;
                blocks.push(Block { line, kind, text: String::new() });
            }
            is_open = !is_open;
        } else if is_open {
            let block = blocks.last_mut().expect("an open block is there");
            block.text.push_str(text);
            block.text.push('\n');
        } else if is_after_gap && text.starts_with("    ") {
            return Err(format!("line {line}: a block without fences: say by ``` what it is"));
        }
        is_after_gap = text.is_empty();
    }
    if is_open { Err("a block has no end".to_owned()) } else { Ok(blocks) }
}

/// What stands behind a fence.
fn kind(info: &str) -> Option<Kind> {
    match info {
        "sh" => Some(Kind::Commands { exit: 0 }),
        "text" => Some(Kind::Output { vary: false }),
        "text vary" => Some(Kind::Output { vary: true }),
        "text aside" | "json" | "solidity" => Some(Kind::Other),
        _ if info.starts_with("rust") => Some(Kind::Other),
        _ => Some(Kind::Commands { exit: info.strip_prefix("sh exit=")?.parse().ok()? }),
    }
}

#[test]
fn blocks_are_told_apart() {
    let page =
        "a\n\n```sh\nkohala a \\\n  b\n# note\nX=\"a\n  b\"\n```\n\n```text vary\nout\n```\n```sh exit=2\nc\n```\n";
    let blocks = blocks(page).unwrap();
    assert_eq!(blocks.iter().map(|block| block.line).collect::<Vec<_>>(), [3, 11, 14]);
    assert_eq!(blocks[0].commands().collect::<Vec<_>>(), ["kohala a \\\n  b", "X=\"a\n  b\""]);
    let kinds = [Kind::Commands { exit: 0 }, Kind::Output { vary: true }, Kind::Commands { exit: 2 }];
    assert_eq!(blocks.iter().map(|block| block.kind).collect::<Vec<_>>(), kinds);
}

#[test]
fn blocks_that_say_nothing_of_themselves_are_refused() {
    for page in ["```\nkohala a\n```\n", "a\n\n    kohala a\n", "```console\na\n```\n", "```sh\na\n"] {
        assert!(blocks(page).is_err(), "{page:?}");
    }
}
