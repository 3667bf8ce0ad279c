//! Our derivation beside op-node's own, on streams that chance makes and spoils.
//!
//! `cargo xtask diff` runs more of them. A case on which the two differ is written to `tests/cases/derivation`, and
//! every file there is tried again in each run.

#[path = "derivation/ours.rs"]
mod ours;
mod run;
#[path = "derivation/summary.rs"]
mod summary;

use anyhow::{Context, Result, anyhow, bail, ensure};
use kohala_interop::streams::{Answer, Case, Derivation};
use run::{SEED, SEED_VARIABLE, Subject, number};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};
use summary::Summary;

const DERIVATION: Subject = Subject { name: "derivation", peer: "op-node" };

/// Streams of an ordinary run, and what `cargo xtask diff` sets to try others.
const CASES: u64 = 2000;
const CASES_VARIABLE: &str = "KOHALA_DIFF_CASES";

#[test]
fn derives_what_op_node_derives() {
    if DERIVATION.is_possible() {
        compare().unwrap();
    }
}

fn compare() -> Result<()> {
    let (cases, seed) = (number(CASES_VARIABLE, CASES)?, number(SEED_VARIABLE, SEED)?);
    // Builds it before there are threads.
    let replayed = replay(&mut Derivation::start()?)?;
    let next = AtomicU64::new(0);
    let differs = AtomicBool::new(false);
    let summary = Mutex::new(replayed);
    let started = Instant::now();
    let work = || -> Result<()> {
        let mut op_node = Derivation::start()?;
        let mut mine = Summary::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= cases || differs.load(Ordering::Relaxed) {
                break;
            }
            if number % 5000 == 4999 {
                println!("{} of {cases} streams, {:.0} s", number + 1, started.elapsed().as_secs_f64());
            }
            let case = Case::random(seed, number);
            if let Err(error) = judge(&case, &mut op_node, &mut mine) {
                differs.store(true, Ordering::Relaxed);
                let path = DERIVATION.keep(&format!("seed-{seed}-case-{number}"), &case)?;
                return Err(error.context(format!("kept as {}", path.display())));
            }
        }
        summary.lock().map_err(|_| anyhow!("a thread panicked"))?.add(&mine);
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
    })?;
    let summary = summary.into_inner()?;
    println!("{cases} streams of seed {seed}, {:.0} s\n{summary}", started.elapsed().as_secs_f64());
    if cases >= CASES {
        summary.check(cases)?;
    }
    Ok(())
}

/// Tries the cases again that were kept; what they met.
fn replay(op_node: &mut Derivation) -> Result<Summary> {
    let mut summary = Summary::default();
    for (path, case) in DERIVATION.kept()? {
        judge(&case, op_node, &mut summary).with_context(|| path.display().to_string())?;
    }
    Ok(summary)
}

/// Compares what both make of a case.
fn judge(case: &Case, op_node: &mut Derivation, summary: &mut Summary) -> Result<()> {
    op_node.give(case)?;
    let ours = run::ours(|| ours::derive(case));
    let theirs = op_node.answer().with_context(|| case.name.clone())?;
    let (ours, events) = ours.with_context(|| format!("{}, spoilt by {:?}", case.name, case.flaws))?;
    summary.count(case, &theirs, &events);
    if let Some(difference) = difference(&ours, &theirs) {
        let last: Vec<String> = events.iter().map(|event| format!("  {event:?}")).collect();
        bail!("{}, spoilt by {:?}: {difference}\nour events:\n{}", case.name, case.flaws, last.join("\n"));
    }
    Ok(())
}

/// The first thing that is not the same; only the words of an error may differ, and transactions that no block has gas for.
fn difference(ours: &Answer, theirs: &Answer) -> Option<String> {
    let theirs = &without_surplus(theirs);
    let place = ours.derived.iter().zip(&theirs.derived).position(|(ours, theirs)| ours != theirs);
    let place = place.unwrap_or(ours.derived.len().min(theirs.derived.len()));
    let (our, their) = (ours.derived.get(place), theirs.derived.get(place));
    if our.is_some() || their.is_some() {
        let ends = format!("we ended {:?} {}, they {:?} {}", ours.end, ours.error, theirs.end, theirs.error);
        return Some(format!("attributes {place}\nours:   {our:?}\ntheirs: {their:?}\n{ends}"));
    }
    let without_words = |answer: &Answer| Answer { error: String::new(), derived: Vec::new(), ..answer.clone() };
    let (end, their_end) = (without_words(ours), without_words(theirs));
    (end != their_end)
        .then(|| format!("the end\nours:   {end:?} {}\ntheirs: {their_end:?} {}", ours.error, theirs.error))
}

/// What op-node derives, less the transactions beyond those that can fit a block by what the cheapest one uses, and one
/// more: our pipeline looks at no others, as the block is invalid with or without them.
fn without_surplus(answer: &Answer) -> Answer {
    const LEAST_GAS: u64 = 21_000 / 5 * 4;
    let mut answer = answer.clone();
    for derived in &mut answer.derived {
        let deposits = derived.transactions.iter().take_while(|transaction| transaction.first() == Some(&0x7e)).count();
        let most = usize::try_from(derived.gas_limit / LEAST_GAS).unwrap_or(usize::MAX).saturating_add(1);
        derived.transactions.truncate(deposits.saturating_add(most));
    }
    answer
}

/// The transactions of activation blocks that tests are given are those of op-node.
#[test]
fn upgrades_of_the_test_data_are_op_nodes() -> Result<()> {
    if DERIVATION.is_possible() {
        ensure!(kohala_testdata::upgrades() == kohala_interop::streams::upgrades()?);
    }
    Ok(())
}

#[test]
fn a_difference_is_found() -> Result<()> {
    if !DERIVATION.is_possible() {
        return Ok(());
    }
    let mut op_node = Derivation::start()?;
    let case = (0..).map(|number| Case::random(SEED, number)).find(|case| case.flaws.is_empty()).context("no case")?;
    op_node.give(&case)?;
    let theirs = op_node.answer()?;
    let (ours, _) = ours::derive(&case);
    ensure!(difference(&ours, &theirs).is_none());
    let mut other = ours.clone();
    other.derived.pop();
    ensure!(difference(&other, &theirs).is_some());
    other = ours.clone();
    other.safe += 1;
    ensure!(difference(&other, &theirs).is_some());
    other = ours;
    other.derived[0].gas_limit += 1;
    ensure!(difference(&other, &theirs).is_some());
    Ok(())
}
