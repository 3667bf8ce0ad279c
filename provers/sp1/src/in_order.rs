//! Core proofs of short runs, shard after shard.
//!
//! SP1's prover for a machine makes the keys of all recursion programs first, whatever it is to prove: minutes, and gigabytes that
//! it keeps. Its parts make a core proof without them. All shards' records are in memory at once, so this is for runs of few shards.

use crate::{guest::Guest, key::Key, proof::Made};
use anyhow::{Context, Result, ensure};
use sp1_core_executor::SP1CoreOpts;
use sp1_core_machine::{riscv::RiscvAir, utils::generate_records};
use sp1_hypercube::{
    SP1VerifyingKey,
    air::PublicValues,
    prover::{CpuShardProver, SimpleProver},
};
use sp1_primitives::SP1Field;
use sp1_prover::{CpuSP1ProverComponents, SP1ProverComponents};
use sp1_sdk::{SP1_CIRCUIT_VERSION, SP1Proof, SP1ProofWithPublicValues, SP1PublicValues, SP1Stdin};
use std::{borrow::Borrow, time::Instant};

/// The prover of one shard.
type CoreProver = <CpuSP1ProverComponents as SP1ProverComponents>::CoreProver;

/// Makes a core proof.
pub(crate) fn prove(guest: &Guest, input: &SP1Stdin, public_values: &[u8]) -> Result<Made> {
    ensure!(input.proofs.is_empty(), "--prover in-order: it joins no proofs");
    let start = Instant::now();
    let runtime = tokio::runtime::Runtime::new().context("no runtime for the prover")?;
    let verifier = CpuSP1ProverComponents::core_verifier(RiscvAir::machine());
    let verifier = verifier.shard_verifier();
    let prover: SimpleProver<_, _, CoreProver> =
        SimpleProver::new(verifier.clone(), CpuShardProver::new(verifier.clone()));
    let (_, key) = runtime.block_on(prover.setup(guest.program.clone()));
    let setup = start.elapsed();
    let (records, _) =
        generate_records::<SP1Field>(guest.program.clone(), input.clone(), SP1CoreOpts::default(), [0; 4])
            .context("SP1 can't run the guest")?;
    let mut shards = Vec::new();
    for record in records {
        let proof = prover.setup_and_prove_shard(guest.program.clone(), Some(key.clone()), record);
        shards.push(runtime.block_on(proof).1);
    }
    // The order in which the verifier goes through them: by time, and those of memory by address.
    shards.sort_by_key(|shard| {
        let values: &PublicValues<[_; 4], [_; 3], [_; 4], _> = shard.public_values.as_slice().borrow();
        (values.initial_timestamp, values.last_timestamp, values.previous_init_addr, values.previous_finalize_addr)
    });
    let proof = SP1ProofWithPublicValues::new(
        SP1Proof::Core(shards),
        SP1PublicValues::from(public_values),
        SP1_CIRCUIT_VERSION.to_owned(),
    );
    let key = Key { sp1: SP1VerifyingKey { vk: key }, elf_sha256: guest.sha256() };
    Ok(Made { proof, key, setup, proving: start.elapsed() - setup })
}
