//! Every command teaches itself: what it is, each flag, and examples that are true.

use super::Cli;
use clap::{Command, CommandFactory, Parser};

/// What stands for a value in examples, and a value in its stead.
const PLACEHOLDERS: [(&str, &str); 12] = [
    ("$L1_HEAD", HASH),
    ("$L1", "http://127.0.0.1:8545"),
    ("$L2", "http://127.0.0.1:9545"),
    ("$BEACON", "http://127.0.0.1:5052"),
    ("$ROLLUP_NODE", "http://127.0.0.1:7545"),
    ("$AGREED", HASH),
    ("$CLAIMED", HASH),
    ("$CLAIM", HASH),
    ("$HASH", HASH),
    ("$ROOT", HASH),
    ("$PROGRAM", HASH),
    ("$KEY", HASH),
];

const HASH: &str = "0x0211223344556677889900112233445566778899001122334455667788990011";

/// Calls `see` with every command that a user can give, and its name.
fn each_command(mut see: impl FnMut(&str, &Command)) {
    fn walk(command: &Command, see: &mut impl FnMut(&str, &Command)) {
        see(command.get_bin_name().unwrap_or(command.get_name()), command);
        command.get_subcommands().for_each(|command| walk(command, see));
    }
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    walk(&root, &mut see);
}

/// The lines of a help text that are a command, those that end in a backslash joined with their next.
fn commands(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    let indented = text.lines().filter(|line| line.starts_with("    ")).map(str::trim);
    indented.filter(|line| line.split(' ').any(|word| word == "kohala")).map(str::to_owned).collect()
}

/// The calls of `kohala` in a line of a shell: what a VM is to start is one, too.
fn calls(line: &str) -> Vec<Vec<String>> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("no shell can read: {line}"));
    let value = |word: String| match PLACEHOLDERS.iter().find(|(name, _)| *name == word) {
        Some((_, value)) => (*value).to_owned(),
        None => word,
    };
    let words: Vec<String> = words.into_iter().map(value).collect();
    let starts = words.iter().enumerate().filter(|(_, word)| *word == "kohala").map(|(at, _)| at);
    // What comes after is the shell's.
    let is_shells = |word: &String| word.contains(['|', '>', '<', '&', ';']);
    let calls = starts.map(|at| words[at..].iter().take_while(|word| !is_shells(word)).cloned().collect::<Vec<_>>());
    calls
        .inspect(|call| {
            let placeholder = call.iter().find(|word| word.contains(['$', '…']));
            assert_eq!(placeholder, None, "a placeholder without a value: {line}");
        })
        .collect()
}

#[test]
fn every_command_says_what_it_is_and_ends_with_an_example() {
    each_command(|name, command| {
        assert!(command.get_about().is_some_and(|about| !about.to_string().is_empty()), "{name}: about");
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(after.starts_with("Example") || after.contains("\nExample"), "{name}: no example in {after:?}");
        assert!(
            commands(&after).iter().any(|line| calls(line).iter().any(|call| call.join(" ").starts_with(name)))
                || command.is_hide_set(),
            "{name}: no example calls it: {after}"
        );
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.trim().is_empty(), "{name}: {} has no help", argument.get_id());
        }
    });
}

#[test]
fn every_example_is_taken() {
    let mut taken = 0;
    each_command(|name, command| {
        for line in commands(&command.get_after_help().map(ToString::to_string).unwrap_or_default()) {
            for call in calls(&line) {
                match Cli::try_parse_from(&call) {
                    Ok(_) => taken += 1,
                    Err(error) if error.kind() == clap::error::ErrorKind::DisplayVersion => taken += 1,
                    Err(error) => panic!("{name}: {line}\n{error}"),
                }
            }
        }
    });
    assert!(taken > 40, "{taken} examples");
}

/// The names that values have say what they are.
#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}
