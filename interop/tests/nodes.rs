//! What `cargo xtask nodes` prints is all that it takes to judge a block.

mod program;

use anyhow::{Context, Result, ensure};
use program::kohala;
use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// Ends the nodes, whose servers end with them.
struct Nodes(Child);

impl Drop for Nodes {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn printed_lines_lead_to_a_verdict() -> Result<()> {
    let mut nodes = Nodes(Command::new(env!("CARGO_BIN_EXE_nodes")).stdout(Stdio::piped()).spawn()?);
    let lines = BufReader::new(nodes.0.stdout.take().context("its output is ours")?).lines();
    let mut script = String::new();
    for line in lines {
        let line = line?;
        if line.contains("Ctrl-C") {
            break;
        }
        script += &line;
        script.push('\n');
    }
    let kohala = kohala()?.parent().context("a program lies in a folder")?;
    let path = format!("{}:{}", kohala.display(), env::var("PATH")?);
    let output = Command::new("bash").args(["-c", &script]).env("PATH", path).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && said.contains("derived   50 blocks"), "{script}\n{output:?}");
    Ok(())
}
