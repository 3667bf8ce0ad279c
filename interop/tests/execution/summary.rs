//! What a run has met.

use crate::ours::ExtraRead;
use alloy_primitives::Address;
use anyhow::{Context, Result, ensure};
use kohala_interop::{
    Fork,
    execution::{Built, Draft, faults, forks, opcodes, precompiles},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Counts, by fork where they depend on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    forks: BTreeMap<Fork, Counts>,
    /// Blocks that were refused, by what was wrong with them; and what was meant to be wrong and was not refused.
    refused: BTreeMap<String, u64>,
    taken: BTreeMap<String, u64>,
    /// The first word of op-geth's reasons where nothing was meant to be wrong.
    by_chance: BTreeMap<String, u64>,
    /// Blocks that were executed on what op-geth has read, and those that took more, by what.
    alone: u64,
    beyond: BTreeMap<ExtraRead, u64>,
    depth: u64,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    blocks: u64,
    refused: u64,
    /// Transactions by how they ended: well, reverted, halted.
    ends: [u64; 3],
    types: BTreeSet<u8>,
    opcodes: BTreeMap<u8, u64>,
    precompiles: BTreeMap<Address, (u64, u64)>,
    created: usize,
}

impl Summary {
    pub(crate) fn count(&mut self, fork: Fork, draft: &Draft, theirs: &Built) {
        let of = self.forks.entry(fork).or_default();
        if !theirs.refused.is_empty() {
            of.refused += 1;
            let name = if draft.note.is_empty() { &mut self.by_chance } else { &mut self.refused };
            let reason = if draft.note.is_empty() { reason(&theirs.refused) } else { draft.note.clone() };
            *name.entry(reason).or_default() += 1;
            return;
        }
        of.blocks += 1;
        if !draft.note.is_empty() {
            *self.taken.entry(draft.note.clone()).or_default() += 1;
        }
        of.types.extend(draft.attributes.transactions.iter().map(|transaction| transaction[0].min(0x80)));
        let coverage = &theirs.coverage;
        of.ends.iter_mut().zip(coverage.ends).for_each(|(all, more)| *all += more);
        coverage.opcodes.iter().flatten().for_each(|(op, count)| *of.opcodes.entry(*op).or_default() += count);
        for (precompile, (good, bad)) in coverage.precompiles.iter().flatten() {
            let (all_good, all_bad) = of.precompiles.entry(*precompile).or_default();
            (*all_good, *all_bad) = (*all_good + good, *all_bad + bad);
        }
        of.created += coverage.created.iter().flatten().count();
        self.depth = self.depth.max(coverage.depth);
    }

    /// What a block's execution has read beyond what op-geth did.
    pub(crate) fn beyond(&mut self, reads: &BTreeSet<ExtraRead>) {
        self.alone += u64::from(reads.is_empty());
        reads.iter().for_each(|what| *self.beyond.entry(*what).or_default() += 1);
    }

    pub(crate) fn blocks(&self, fork: Fork) -> u64 {
        self.forks.get(&fork).map_or(0, |counts| counts.blocks)
    }
}

/// The part of op-geth's words that names no account, without numbers.
fn reason(words: &str) -> String {
    let end = words.split("err: ").nth(1).unwrap_or(words).trim_start_matches("inserted: ");
    end.split(": ").next().unwrap_or(end).chars().filter(|one| !one.is_ascii_digit()).collect()
}

impl Summary {
    /// Fails if the chains were too tame to prove anything. `is_long` is a run of a thousand blocks of each fork: each fork has
    /// met everything then, and not only all together.
    pub(crate) fn check(&self, is_long: bool) -> Result<()> {
        let mut all = Counts::default();
        ensure!(self.forks.keys().copied().eq(forks()), "not all forks were met");
        for (fork, counts) in &self.forks {
            let name = fork.name();
            let drafted = counts.blocks + counts.refused;
            ensure!((drafted / 40..drafted / 3).contains(&counts.refused), "{name}: {} blocks refused", counts.refused);
            let [good, reverted, halted] = counts.ends;
            let is_mixed = good > reverted + halted && reverted.min(halted) > counts.blocks / 8;
            ensure!(is_mixed, "{name}: transactions ended {:?}", counts.ends);
            ensure!(counts.created as u64 > counts.blocks / 4, "{name}: {} creations", counts.created);
            ensure!(
                counts.types.len() == if *fork >= Fork::Isthmus { 5 } else { 4 },
                "{name}: types {:x?}",
                counts.types
            );
            if is_long {
                counts.is_complete(*fork).context(name)?;
            }
            all.opcodes.extend(&counts.opcodes);
            all.precompiles.extend(counts.precompiles.iter().filter(|(_, (good, _))| *good > 0));
        }
        // What the last fork lacks, the last but one has.
        all.is_complete(Fork::Karst)?;
        all.is_complete(Fork::Jovian)?;
        ensure!(self.depth > 5, "no call was deeper than {}", self.depth);
        let unrefused = faults().into_iter().filter(|fault| !self.refused.contains_key(fault)).collect::<Vec<_>>();
        ensure!(unrefused.is_empty(), "never refused: {unrefused:?}");
        for edge in ["to the last wei", "to the last byte's gas"] {
            ensure!(self.taken.contains_key(edge), "no block was taken that was full {edge}");
        }
        Ok(())
    }
}

impl Counts {
    /// Fails if an opcode was never reached, or no call of a precompile has ended well.
    fn is_complete(&self, fork: Fork) -> Result<()> {
        let opcodes: Vec<u8> = opcodes(fork).into_iter().filter(|op| !self.opcodes.contains_key(op)).collect();
        let is_good = |precompile: &Address| self.precompiles.get(precompile).is_some_and(|(good, _)| *good > 0);
        let precompiles: Vec<Address> = precompiles(fork).into_iter().filter(|one| !is_good(one)).collect();
        ensure!(opcodes.is_empty() && precompiles.is_empty(), "{opcodes:x?} and {precompiles:?} were never reached");
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fork, counts) in &self.forks {
            let name = fork.name();
            writeln!(
                out,
                "{name:9} {:6} blocks, {:5} refused, transactions {:?} good, reverted, halted, {:6} creations, {} opcodes, types {:x?}",
                counts.blocks,
                counts.refused,
                counts.ends,
                counts.created,
                counts.opcodes.len(),
                counts.types
            )?;
            let precompiles = counts.precompiles.iter().map(|(address, (good, bad))| {
                format!("{:x} {good}/{bad}", u16::from_be_bytes([address[18], address[19]]))
            });
            writeln!(out, "          precompiles, good/bad: {}", precompiles.collect::<Vec<_>>().join(", "))?;
        }
        writeln!(out, "refused as meant: {:?}", self.refused)?;
        writeln!(out, "taken though meant to be wrong, or on the edge: {:?}", self.taken)?;
        writeln!(out, "refused by chance: {:?}", self.by_chance)?;
        write!(
            out,
            "deepest call {}; {} blocks read no more than op-geth, more: {:?}",
            self.depth, self.alone, self.beyond
        )
    }
}
