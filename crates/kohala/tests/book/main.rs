//! Every command of the book and of the README is run, page by page, in a folder with what a page presupposes: the
//! recorded chains, a chain of ours behind HTTP for the nodes, the guests where they are built.
//!
//! A page is one shell script, made of its blocks of `sh`: what one block sets or writes is there for the next. A block must
//! end with 0, or with what stands beside its language (`sh exit=2`). A block of `text` is what the commands above it print:
//! word by word but for times, or with `text vary` in shape, where a word with a digit stands for any such word. `…` stands
//! for whatever is left out. `text aside` is not what they print.
//!
//! What can't be run here stands in [`NOT_RUN`] with the reason; `cargo xtask` lines are read by a test of `xtask`. So nobody
//! adds a command that no test knows.

mod output;
mod page;
mod presupposed;
#[expect(dead_code, reason = "tests of the command line say more")]
#[path = "../cli/support.rs"]
mod support;

use page::{Block, Kind};
use presupposed::Presupposed;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::Duration,
};

/// Commands that are not run here, by how they begin, and why.
const NOT_RUN: [(&str, &str); 7] = [
    ("cargo install ", "it is a release build"),
    ("podman ", "it fetches images; a rule of `cargo xtask tidy` holds the container's file to the sources"),
    ("cargo xtask ", "xtask's own tests read them"),
    ("cargo build ", "it builds SP1's prover, which takes a quarter of an hour; `cargo xtask test` builds it"),
    ("op-challenger ", "a test of interop has op-challenger's own code run the VM and the host"),
    ("kohala host single --server --program op-program ", "a test of interop serves op-program's client"),
    ("op-program-client ", "the same"),
];

/// Commands whose flags alone are tried: the backend is one that isn't there, and the error must not be about a flag.
const FLAGS_ALONE: (&str, &str) = ("kohala prove ", "tests/zkvm.rs runs SP1's executor where it is built");

/// Words on a page that stand for what the reader has.
const STANDS_FOR: [(&str, &str); 5] = [
    ("cargo run --release -- ", "kohala "),
    ("--chain op-mainnet", "$CHAIN_FILES"),
    ("--block 145000000", "--block 110"),
    // As slow as a page needs it, so that a reader sees something.
    ("--rpc-rate 10", ""),
    ("--metrics.port 19100", "--metrics.port 0"),
];

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The README and the book's pages.
fn pages() -> Vec<PathBuf> {
    let book = fs::read_dir(root().join("book/src")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = book.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

#[test]
fn every_command_of_the_book_runs_and_prints_what_the_page_shows() {
    let presupposed = Presupposed::start();
    let failures = Mutex::new(Vec::new());
    let used = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for path in pages() {
            let (presupposed, failures, used) = (&presupposed, &failures, &used);
            scope.spawn(move || {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let outcome = Run::of(&path, presupposed).and_then(|run| {
                    used.lock().unwrap().extend(run.not_run.iter().copied());
                    run.check()
                });
                if let Err(why) = outcome {
                    failures.lock().unwrap().push(format!("{name}: {why}"));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let used = used.into_inner().unwrap();
    for (begins, _) in NOT_RUN {
        assert!(used.contains(&begins), "{begins:?} is on no page any more");
    }
}

/// A page whose commands were run.
struct Run {
    blocks: Vec<Block>,
    /// Which commands were left out.
    not_run: Vec<&'static str>,
    /// What each block with commands wrote; `None` if none of them was run.
    written: Vec<Option<Written>>,
}

/// What the commands of a block did.
struct Written {
    /// Not of flags alone: what it says is what a reader sees.
    is_whole: bool,
    /// The last one's exit code; `None` if a command before it failed.
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    /// Runs the commands of a page.
    fn of(path: &Path, presupposed: &Presupposed) -> Result<Self, String> {
        let blocks = page::blocks(&fs::read_to_string(path).unwrap())?;
        let mut run = Self { blocks, not_run: Vec::new(), written: Vec::new() };
        let script = run.script();
        if script.contains("target/guests") && !presupposed.has_guests() {
            println!("NOT TESTED: {} needs the guests, which `cargo xtask guests` builds", path.display());
            run.blocks.clear();
            return Ok(run);
        }
        let folder = presupposed.folder();
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let mut shell = assert_cmd::Command::new("bash");
        for variable in support::VARIABLES {
            shell.env_remove(variable);
        }
        let variables = presupposed.variables(path.ends_with("replace-kona-host.md"));
        // A pipe that nobody opens must not hold the test for ever.
        shell.current_dir(folder.path()).envs(variables).timeout(Duration::from_secs(300));
        drop(shell.args(["-c", &script]).output().unwrap());
        let read = |name: String| fs::read_to_string(logs.join(name));
        let written = |(number, block): (usize, &Block)| {
            let mut run = block.commands().filter(|command| not_run(command).is_none()).peekable();
            let is_run = matches!(block.kind, Kind::Commands { .. }) && run.peek().is_some();
            is_run.then(|| Written {
                is_whole: run.any(|command| !command.starts_with(FLAGS_ALONE.0)),
                code: read(format!("{number}.code")).ok().and_then(|code| code.trim().parse().ok()),
                stdout: read(format!("{number}.out")).unwrap_or_default(),
                stderr: read(format!("{number}.err")).unwrap_or_default(),
            })
        };
        run.written = run.blocks.iter().enumerate().map(written).collect();
        Ok(run)
    }

    /// The page as a script, which ends at the first command that fails where none may.
    fn script(&mut self) -> String {
        let mut script = String::new();
        for (number, block) in self.blocks.iter().enumerate() {
            let Kind::Commands { exit } = block.kind else { continue };
            let fails = if exit == 0 { "set -e" } else { "set +e" };
            writeln!(script, "exec >logs/{number}.out 2>logs/{number}.err\n{fails}").unwrap();
            for command in block.commands() {
                if let Some(begins) = not_run(&command) {
                    self.not_run.push(begins);
                } else if command.starts_with(FLAGS_ALONE.0) {
                    // Clap ends what it says of a flag with where to look.
                    writeln!(script, "({command}) 2>logs/flags || ! grep -e --help logs/flags >&2").unwrap();
                } else {
                    writeln!(script, "{command}").unwrap();
                }
            }
            writeln!(script, "echo $? >logs/{number}.code").unwrap();
        }
        script.push_str("wait\n");
        STANDS_FOR.iter().fold(script, |script, (word, meant)| script.replace(word, meant))
    }

    /// Compares exit codes and output with what the page says.
    fn check(&self) -> Result<(), String> {
        let mut last = None;
        for (block, written) in self.blocks.iter().zip(&self.written) {
            match block.kind {
                Kind::Commands { exit } => {
                    last = Some(written.as_ref());
                    let Some(Written { code, stdout, stderr, .. }) = written else { continue };
                    if *code != Some(exit) {
                        let ended = code
                            .map_or("stopped at a command that fails".to_owned(), |code| format!("ended with {code}"));
                        return Err(format!("line {}: {ended} in place of {exit}\n{stdout}\n{stderr}", block.line));
                    }
                }
                Kind::Output { vary } => match last {
                    None => return Err(format!("line {}: no command comes before this output", block.line)),
                    Some(None | Some(Written { is_whole: false, .. })) => {}
                    Some(Some(Written { stdout, stderr, .. })) => {
                        let shown = &block.text;
                        let both = format!("{stderr}{stdout}");
                        if ![stdout, stderr, &both].iter().any(|text| output::shows(shown, text, vary)) {
                            return Err(format!(
                                "line {}: the page shows\n{shown}\nand the commands say\n{stdout}\n{stderr}",
                                block.line
                            ));
                        }
                    }
                },
                Kind::Other => {}
            }
        }
        Ok(())
    }
}

/// How the command begins, if it is one that is not run here.
fn not_run(command: &str) -> Option<&'static str> {
    NOT_RUN.iter().map(|(begins, _)| *begins).find(|begins| command.starts_with(begins))
}
