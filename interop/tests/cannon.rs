//! Our VM beside cannon's: states, steps and proofs are the same to the byte.

#[path = "cannon/ours.rs"]
mod ours;
#[expect(dead_code, reason = "no case is kept here: seed and number tell it again")]
mod run;

use alloy_primitives::{B256, Bytes};
use anyhow::{Context, Result, ensure};
use kohala_interop::cannon::{Answer, Cannon, Case, KINDS, Lockstep, Proof, Request, program};
use kohala_vm::{
    PreimageRead,
    elf::Elf,
    mips::{State, StepError, StepProof, replay},
};
use ours::{Said, encoded, vm};
use run::{SEED, SEED_VARIABLE, Subject, number};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

const CANNON: Subject = Subject { name: "VM", peer: "cannon" };

/// Single steps of an ordinary run, and what sets another number.
const CASES: u64 = 16_000;
const CASES_VARIABLE: &str = "KOHALA_DIFF_CASES";

/// Kinds of instructions that a run of so many has to meet.
const INSTRUCTIONS: usize = 100;

/// Programs, and the steps of each.
const PROGRAMS: u64 = 80;
const STEPS: u64 = 600;

/// Steps of op-program's client that are compared one by one.
const BEGINNING: u64 = 10_000;

/// Steps of it, after those, from one state that is compared to the next, and how many of these there are.
const STRIDE: u64 = 7_654_321;
const STRIDES: u64 = 5;

/// Cannon, if there is Go, or has to be.
fn cannon() -> Result<Option<Cannon>> {
    if CANNON.is_possible() { Cannon::build().map(Some) } else { Ok(None) }
}

/// What cannon's program said.
fn said(answer: &Answer) -> Said {
    let Answer { hints, output, errors, .. } = answer.clone();
    Said { hints: hints.unwrap_or_default(), output: output.into(), errors: errors.into() }
}

/// A proof of ours, as cannon's are.
fn told(proof: &StepProof) -> Proof {
    let (key, value, offset) = match &proof.preimage {
        Some(preimage) => (preimage.key.to_vec(), preimage.value.clone(), preimage.offset),
        None => (Vec::new(), Vec::new(), 0),
    };
    Proof {
        state: proof.witness.0.to_vec().into(),
        proof: proof.data.clone().into(),
        key: key.into(),
        value: value.into(),
        offset,
    }
}

/// The state hash after a step, made from its proof alone.
fn replayed(proof: &StepProof) -> Result<B256> {
    let read =
        proof.preimage.as_ref().map(|read| PreimageRead { key: read.key, value: &read.value, offset: read.offset });
    Ok(replay(&proof.witness, &proof.data, read)?.state_hash())
}

#[test]
fn makes_each_step_as_cannon_does() -> Result<()> {
    let Some(cannon) = cannon()? else { return Ok(()) };
    let mut lockstep = Lockstep::start(&cannon)?;
    let (cases, seed) = (number(CASES_VARIABLE, CASES)?, number(SEED_VARIABLE, SEED)?);
    // Of each kind, how many steps were made, and how many can't be.
    let mut met = [[0_u64; 2]; KINDS.len()];
    let (mut reads, mut instructions) = (0, BTreeSet::new());
    for number in 0..cases {
        let case = Case::new(seed, number);
        let request = Request {
            state: Some(case.state.encode().into()),
            preimages: Some(case.preimages.clone()),
            steps: 1,
            prove: true,
            want: true,
            ..Request::default()
        };
        let theirs = lockstep.ask(&request)?;
        let described = || format!("{}, instruction {:08x}: {:?}", case.name, case.instruction, theirs.panic);
        met[case.kind][usize::from(!theirs.panic.is_empty())] += 1;
        reads += u64::from(theirs.proofs.iter().flatten().any(|proof| !proof.key.is_empty()));
        if theirs.panic.is_empty() && theirs.step > case.state.step {
            instructions.insert(kind_of(case.instruction));
        }
        compare_step(&case, &theirs).with_context(described)?;
    }
    for (kind, [made, impossible]) in KINDS.iter().zip(met) {
        println!("{kind}: {made} steps, and {impossible} that can't be made");
    }
    println!("{} kinds of instructions, {reads} reads of preimages", instructions.len());
    let reached = met.iter().flatten().all(|count| *count > 0) && reads > 100 && instructions.len() >= INSTRUCTIONS;
    ensure!(cases < CASES || reached, "cases are too tame: {met:?}, {reads} reads, {instructions:?}");
    Ok(())
}

/// An instruction's major opcode, and its minor one if it has one.
fn kind_of(instruction: u32) -> (u32, u32) {
    match instruction >> 26 {
        major @ (0 | 0x1c) => (major, instruction & 63),
        1 => (1, instruction >> 16 & 31),
        major => (major, 0),
    }
}

fn compare_step(case: &Case, theirs: &Answer) -> Result<()> {
    let before = case.state.encode();
    let state = || State::deserialize(&*before);
    let (mut proving, ear) = vm(state()?, &case.preimages);
    ensure!(encoded(&proving) == before, "the state is read and written otherwise");
    let (mut running, running_ear) = vm(state()?, &case.preimages);
    let proof = proving.prove();
    let ran = running.run(case.state.step.saturating_add(1), false);
    if !theirs.panic.is_empty() {
        ensure!(proof.is_err() && ran.is_err(), "cannon can't make the step: {proof:?}, {ran:?}");
        return Ok(());
    }
    let proof = proof?;
    ran?;
    ensure!(encoded(&proving) == theirs.state, "state");
    ensure!(proof.post == theirs.hash && proving.state_mut().hash() == theirs.hash, "state hash");
    ensure!(running.state_mut().hash() == theirs.hash, "state hash, in a run");
    ensure!(encoded(&running) == theirs.state, "state, in a run");
    ensure!([told(&proof)].as_slice() == theirs.proofs.as_deref().unwrap_or_default(), "proof");
    ensure!(replayed(&proof)? == theirs.hash, "state hash, from the proof");
    let (ours, in_run, theirs) = (ear.take(), running_ear.take(), said(theirs));
    ensure!(ours == theirs && in_run == theirs, "what it says: {ours:?}, {theirs:?}");
    Ok(())
}

#[test]
fn runs_programs_as_cannon_does() -> Result<()> {
    let Some(cannon) = cannon()? else { return Ok(()) };
    let mut lockstep = Lockstep::start(&cannon)?;
    let seed = number(SEED_VARIABLE, SEED)?;
    let folder = tempfile::tempdir()?;
    let snapshot = folder.path().join("state.bin.gz");
    for number in 0..PROGRAMS {
        let (state, preimages) = program(seed, number);
        // Every other one is proved on all its way.
        let prove = number % 2 == 0;
        let named = |what: &str| format!("seed {seed}, program {number}: {what}");
        let theirs = lockstep.ask(&Request {
            state: Some(state.encode().into()),
            preimages: Some(preimages.clone()),
            steps: STEPS,
            prove,
            write: Some(snapshot.clone()),
            ..Request::default()
        })?;
        let (mut ours, ear) = vm(State::deserialize(&*state.encode())?, &preimages);
        compare_steps(&mut ours, &theirs, prove).with_context(|| named("step by step"))?;
        ensure!(ear.take() == said(&theirs), named("what it says"));
        let (mut running, ear) = vm(State::deserialize(&*state.encode())?, &preimages);
        let reached = running.run(theirs.step, false);
        ensure!(running.state_mut().hash() == ours.state_mut().hash(), named(&format!("in one go: {reached:?}")));
        ensure!(ear.take() == said(&theirs), named("what it says in one go"));
        // Their snapshot goes on here, and ours there.
        if !theirs.panic.is_empty() {
            continue;
        }
        let (mut ours, _) = vm(State::deserialize(kohala_vm::file::open(&snapshot)?)?, &preimages);
        ensure!(encoded(&ours) == encoded(&running), named("their snapshot"));
        let request = Request { state: Some(encoded(&running).into()), steps: STEPS, ..Request::default() };
        let theirs = lockstep.ask(&request)?;
        compare_steps(&mut ours, &theirs, false).with_context(|| named("beyond the snapshot"))?;
    }
    Ok(())
}

/// Makes steps until cannon's end, each with the same state hash behind it, and if wanted with the same proof.
fn compare_steps<S: kohala_vm::Server>(ours: &mut kohala_vm::mips::Vm<S>, theirs: &Answer, prove: bool) -> Result<()> {
    let hashes = theirs.hashes.as_deref().unwrap_or_default();
    for (index, hash) in hashes.iter().enumerate() {
        let step = ours.state().core.step;
        if prove && !ours.state().core.exited {
            let proof = ours.prove()?;
            let proofs = theirs.proofs.as_deref().unwrap_or_default();
            ensure!(proofs.get(index) == Some(&told(&proof)), "the proof of step {step} differs");
            ensure!(replayed(&proof)? == *hash, "the proof of step {step} shows another one");
        } else {
            ours.run(step + 1, false)?;
        }
        ensure!(ours.state_mut().hash() == *hash, "the state hash differs after step {step}");
    }
    let next: Result<_, StepError> = if theirs.panic.is_empty() { Ok(()) } else { ours.step() };
    ensure!(next.is_err() != theirs.panic.is_empty(), "cannon can't go on: {}; and we: {next:?}", theirs.panic);
    Ok(())
}

#[test]
fn begins_op_programs_client_as_cannon_does() -> Result<()> {
    let Some(cannon) = cannon()? else { return Ok(()) };
    let mut lockstep = Lockstep::start(&cannon)?;
    let path = cannon.op_program_client();
    let data = fs::read(&path)?;
    let state = State::load(&Elf::parse(&data)?)?;
    let none: BTreeMap<B256, Bytes> = BTreeMap::new();
    let theirs =
        lockstep.ask(&Request { elf: Some(path), preimages: Some(none.clone()), want: true, ..Request::default() })?;
    let (mut ours, _) = vm(state, &none);
    ensure!(encoded(&ours) == theirs.state, "the loaded program differs");
    ensure!(ours.state_mut().hash() == theirs.hash, "the prestate differs");
    let theirs = lockstep.ask(&Request { steps: BEGINNING, ..Request::default() })?;
    ensure!(theirs.step == BEGINNING, "{}", theirs.panic);
    compare_steps(&mut ours, &theirs, false)?;
    for _ in 0..STRIDES {
        let theirs = lockstep.ask(&Request { silent: STRIDE, ..Request::default() })?;
        ours.run(theirs.step, false)?;
        ensure!(ours.state_mut().hash() == theirs.hash, "the state hash differs after step {}", theirs.step);
    }
    Ok(())
}
