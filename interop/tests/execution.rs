//! Our execution beside op-geth's, on blocks that chance makes.
//!
//! `cargo xtask diff --execution` runs more of them. A chain on which the two differ is made as short as can be and written to
//! `tests/cases/execution`, and every file there is tried again in each run.

#[path = "execution/ours.rs"]
mod ours;
mod run;
#[path = "execution/summary.rs"]
mod summary;

use alloy_primitives::Bytes;
use anyhow::{Context, Result, bail, ensure};
use kohala_interop::{
    Fork,
    execution::{Built, Case, Chain, Draft, Files, OpGeth, Witness, forks},
};
use ours::{ExtraRead, Ours};
use run::{SEED, SEED_VARIABLE, Subject, number};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Instant};
use summary::Summary;

const EXECUTION: Subject = Subject { name: "execution", peer: "op-geth" };

/// Blocks of each fork in an ordinary run, and what `cargo xtask diff --execution` sets to try others.
const BLOCKS: u64 = 100;
const BLOCKS_VARIABLE: &str = "KOHALA_DIFF_BLOCKS";

#[test]
fn executes_what_op_geth_executes() -> Result<()> {
    if !EXECUTION.is_possible() {
        return Ok(());
    }
    let files = Files::read()?;
    let op_geth = OpGeth::start(&files)?;
    let (blocks, seed) = (number(BLOCKS_VARIABLE, BLOCKS)?, number(SEED_VARIABLE, SEED)?);
    let mut comparison = Comparison { files, op_geth, seed, blocks, summary: Summary::default() };
    replay(&mut comparison.op_geth)?;
    let started = Instant::now();
    for fork in forks() {
        for number in 0.. {
            if comparison.has_enough(fork) {
                break;
            }
            comparison.compare(fork, number)?;
        }
        println!(
            "{}: {} blocks, {:.0} s",
            fork.name(),
            comparison.summary.blocks(fork),
            started.elapsed().as_secs_f64()
        );
    }
    let summary = comparison.summary;
    println!("seed {seed}, {:.0} s\n{summary}", started.elapsed().as_secs_f64());
    if blocks >= BLOCKS { summary.check(blocks >= 10 * BLOCKS) } else { Ok(()) }
}

/// A run of many chains.
struct Comparison {
    files: Arc<Files>,
    op_geth: OpGeth,
    seed: u64,
    /// How many are enough for each fork.
    blocks: u64,
    summary: Summary,
}

impl Comparison {
    fn has_enough(&self, fork: Fork) -> bool {
        self.summary.blocks(fork) >= self.blocks
    }

    /// Makes a chain and compares it, block by block.
    fn compare(&mut self, fork: Fork, number: u64) -> Result<()> {
        let (seed, op_geth) = (self.seed, &mut self.op_geth);
        let mut chain = Chain::random(&self.files, fork, seed, number);
        let genesis = op_geth.begin(&chain.case.genesis)?;
        chain.grow(&genesis)?;
        let mut ours = Ours::begin(&chain.case, &genesis)?;
        while !chain.is_long_enough() && (self.summary.blocks(fork) < self.blocks || chain.fork() != fork) {
            let draft = chain.draft(op_geth)?.clone();
            let theirs = op_geth.build(&draft.attributes)?;
            chain.grow(&theirs)?;
            self.summary.count(chain.fork(), &draft, &theirs);
            match judge(&mut ours, &draft, &theirs, op_geth) {
                Ok(beyond) => self.summary.beyond(&beyond),
                Err(difference) => {
                    let (path, blocks) = (keep(&chain.case, fork, seed, number, op_geth)?, chain.case.blocks.len());
                    bail!("{}, block {blocks}: {difference:?}\nkept as {}", chain.case.name, path.display());
                }
            }
        }
        Ok(())
    }
}

/// Compares what both make of a block.
fn judge(ours: &mut Ours, draft: &Draft, theirs: &Built, op_geth: &mut OpGeth) -> Result<BTreeSet<ExtraRead>> {
    run::ours(|| ours.execute(&draft.attributes, theirs, op_geth)).flatten()
}

/// True if the two differ anywhere on this chain.
fn differs(case: &Case, op_geth: &mut OpGeth) -> Result<Option<anyhow::Error>> {
    let genesis = op_geth.begin(&case.genesis)?;
    let mut ours = Ours::begin(case, &genesis)?;
    for draft in &case.blocks {
        let theirs = op_geth.build(&draft.attributes)?;
        if let Err(difference) = judge(&mut ours, draft, &theirs, op_geth) {
            return Ok(Some(difference));
        }
    }
    Ok(None)
}

/// Tries the chains again that were kept.
fn replay(op_geth: &mut OpGeth) -> Result<()> {
    for (path, case) in EXECUTION.kept()? {
        if let Some(difference) = differs(&case, op_geth)? {
            bail!("{}: {difference:?}", path.display());
        }
    }
    Ok(())
}

/// Writes a chain down on which the two differ, without what can be left out: from the last block back, and accounts.
fn keep(case: &Case, fork: Fork, seed: u64, number: u64, op_geth: &mut OpGeth) -> Result<PathBuf> {
    let mut case = case.clone();
    for block in (0..case.blocks.len()).rev() {
        if leave_out(&mut case, op_geth, |case| drop(case.blocks.remove(block)))? {
            continue;
        }
        // The first transaction is the L1 info.
        for transaction in (1..case.blocks[block].attributes.transactions.len()).rev() {
            leave_out(&mut case, op_geth, |case| {
                case.blocks[block].attributes.transactions.remove(transaction);
            })?;
        }
    }
    let accounts = case.genesis["alloc"].as_object().into_iter().flatten();
    for account in accounts.map(|(address, _)| address.clone()).collect::<Vec<_>>() {
        leave_out(&mut case, op_geth, |case| {
            case.genesis["alloc"].as_object_mut().and_then(|alloc| alloc.remove(&account));
        })?;
    }
    EXECUTION.keep(&format!("{}-seed-{seed}-number-{number}", fork.name()), &case)
}

/// Makes the case shorter if the two still differ then.
fn leave_out(case: &mut Case, op_geth: &mut OpGeth, shorten: impl FnOnce(&mut Case)) -> Result<bool> {
    let mut shorter = case.clone();
    shorten(&mut shorter);
    let still = differs(&shorter, op_geth)?.is_some();
    if still {
        *case = shorter;
    }
    Ok(still)
}

#[test]
fn a_difference_is_found() -> Result<()> {
    if !EXECUTION.is_possible() {
        return Ok(());
    }
    let files = Files::read()?;
    let mut op_geth = OpGeth::start(&files)?;
    let mut chain = Chain::random(&files, Fork::Karst, SEED, 0);
    let genesis = op_geth.begin(&chain.case.genesis)?;
    chain.grow(&genesis)?;
    let mut ours = Ours::begin(&chain.case, &genesis)?;
    let draft = chain.draft(&mut op_geth)?.clone();
    let theirs = op_geth.build(&draft.attributes)?;
    ensure!(theirs.refused.is_empty(), "{}", theirs.refused);
    judge(&mut ours, &draft, &theirs, &mut op_geth)?;
    let (header, receipts) = ([&theirs.header[..theirs.header.len() - 1], &[0]].concat().into(), vec![Bytes::new()]);
    let with_other_header = Built { header, ..theirs.clone() };
    let without_nodes = Witness { state: None, ..theirs.witness.clone() };
    for (words, theirs) in [
        ("op-geth refuses it: no", Built { refused: "no".into(), ..theirs.clone() }),
        ("same receipts", with_other_header.clone()),
        ("receipt 0", Built { receipts: Some(receipts), ..with_other_header }),
        ("is not in the witness", Built { witness: without_nodes, ..theirs }),
    ] {
        let mut ours = Ours::begin(&chain.case, &genesis)?;
        let difference = judge(&mut ours, &draft, &theirs, &mut op_geth).err().context(words)?;
        ensure!(format!("{difference:#}").contains(words), "{difference:#}");
    }
    Ok(())
}
