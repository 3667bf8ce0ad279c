//! Proofs: made, kept, checked.

use crate::{guest::Guest, in_order, key::Key};
use anyhow::{Context, Result, anyhow, bail, ensure};
use sp1_sdk::{
    ProvingKey, SP1_CIRCUIT_VERSION, SP1Proof, SP1ProofMode, SP1ProofWithPublicValues, SP1PublicValues, SP1Stdin,
    SP1VerificationError,
    blocking::{LightProver, MockProver, ProveRequest, Prover as _, ProverClient},
};
use std::{
    panic,
    path::Path,
    time::{Duration, Instant},
};

/// What is to be made of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Nothing: the guest is run, and what that takes is counted
    Execute,
    /// No proof at all: what comes after one can be tried out with it
    Mock,
    /// A proof that grows with the run
    Core,
    /// A proof of constant size, which can be joined with others
    Compressed,
    /// A proof for L1: about 260 bytes, 270,000 gas
    Groth16,
    /// A proof for L1 that needs no ceremony of its own: about 870 bytes, 300,000 gas
    Plonk,
}

impl Mode {
    /// Its name in the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Mock => "mock",
            Self::Core => "core",
            Self::Compressed => "compressed",
            Self::Groth16 => "groth16",
            Self::Plonk => "plonk",
        }
    }

    /// True where nothing is proven.
    pub const fn is_trial(self) -> bool {
        matches!(self, Self::Execute | Self::Mock)
    }

    /// SP1's name for it. Mocks have the shape of Groth16 proofs: of all mocks those alone are tied to what they commit to.
    const fn sp1(self) -> SP1ProofMode {
        match self {
            Self::Core => SP1ProofMode::Core,
            Self::Compressed => SP1ProofMode::Compressed,
            Self::Execute | Self::Mock | Self::Groth16 => SP1ProofMode::Groth16,
            Self::Plonk => SP1ProofMode::Plonk,
        }
    }
}

/// Who proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Prover {
    /// SP1's prover for this machine
    Cpu,
    /// The same, shard after shard and without keys for recursion: core proofs of short runs with less memory
    InOrder,
    /// Succinct's prover network
    Network,
}

/// A proof that was made, and what it took.
pub struct Made {
    /// The proof.
    pub proof: SP1ProofWithPublicValues,
    /// The key that it is verified by.
    pub key: Key,
    /// Time until the prover was ready, its keys for the guest included.
    pub setup: Duration,
    /// Time that the proof took.
    pub proving: Duration,
}

/// Proves that a guest ended well on this input and committed to these values. It must have been seen to: provers don't mind.
///
/// A mock needs the guest's key alone, which saves time if it is known.
pub fn prove(
    guest: &Guest,
    key: Option<Key>,
    input: SP1Stdin,
    public_values: &[u8],
    mode: Mode,
    prover: Prover,
) -> Result<Made> {
    let start = Instant::now();
    let made = match (mode, prover) {
        (Mode::Execute, _) => bail!("--mode execute makes no proof"),
        (Mode::Mock, _) => {
            let key = key.map_or_else(|| Key::of(guest), Ok)?;
            let values = SP1PublicValues::from(public_values);
            let proof = SP1ProofWithPublicValues::create_mock_proof(&key.sp1, values, mode.sp1(), SP1_CIRCUIT_VERSION);
            return Ok(Made { proof, key, setup: start.elapsed(), proving: Duration::ZERO });
        }
        (Mode::Core, Prover::InOrder) => in_order::prove(guest, &input, public_values)?,
        (_, Prover::InOrder) => bail!("--prover in-order makes core proofs, and no {} proofs", mode.name()),
        (_, Prover::Cpu) => prove_by(&ProverClient::builder().cpu().build(), start, guest, input, mode)?,
        (_, Prover::Network) => by_network(start, guest, input, mode)?,
    };
    ensure!(key.is_none_or(|key| key.program() == made.key.program()), "--vkey: the guest has another verifying key");
    Ok(made)
}

#[cfg(feature = "network")]
fn by_network(start: Instant, guest: &Guest, input: SP1Stdin, mode: Mode) -> Result<Made> {
    prove_by(&ProverClient::builder().network().build(), start, guest, input, mode)
}

#[cfg(not(feature = "network"))]
fn by_network(_: Instant, _: &Guest, _: SP1Stdin, _: Mode) -> Result<Made> {
    bail!("--prover network: this kohala-sp1 was built without its feature `network`")
}

fn prove_by<P>(client: &P, start: Instant, guest: &Guest, input: SP1Stdin, mode: Mode) -> Result<Made>
where
    P: sp1_sdk::blocking::Prover,
{
    let failed = |what: &str, error: P::Error| anyhow!("{what}: {error}");
    let key = client.setup(guest.elf.clone()).map_err(|error| failed("the guest's keys can't be made", error))?;
    let setup = start.elapsed();
    let request = client.prove(&key, input).mode(mode.sp1());
    let proof = request.run().map_err(|error| failed("SP1 can't prove it", error))?;
    let key = Key { sp1: key.verifying_key().clone(), elf_sha256: guest.sha256() };
    Ok(Made { proof, key, setup, proving: start.elapsed() - setup })
}

/// Writes a proof in SP1's own format.
pub fn write(proof: &SP1ProofWithPublicValues, path: &Path) -> Result<()> {
    proof.save(path).with_context(|| format!("--out: {} can't be written", path.display()))
}

/// Reads a proof in SP1's own format, which SP1's tools write too.
pub fn read(path: &Path) -> Result<SP1ProofWithPublicValues> {
    ensure!(path.exists(), "there is no proof {}", path.display());
    SP1ProofWithPublicValues::load(path).with_context(|| format!("{} is no proof of SP1", path.display()))
}

/// True for proofs that say themselves that they are none. Of a compressed one only its verification tells.
pub fn is_mock(proof: &SP1Proof) -> bool {
    match proof {
        SP1Proof::Core(shards) => shards.is_empty(),
        SP1Proof::Compressed(_) => false,
        SP1Proof::Plonk(proof) => proof.encoded_proof.is_empty(),
        SP1Proof::Groth16(proof) => proof.encoded_proof.is_empty(),
    }
}

/// The kind of a proof.
pub fn kind(proof: &SP1ProofWithPublicValues) -> Mode {
    match &proof.proof {
        proof if is_mock(proof) => Mode::Mock,
        SP1Proof::Core(_) => Mode::Core,
        SP1Proof::Compressed(_) => Mode::Compressed,
        SP1Proof::Plonk(_) => Mode::Plonk,
        SP1Proof::Groth16(_) => Mode::Groth16,
    }
}

/// Why a proof doesn't hold; none if it does. `mock` lets mocks pass, which prove nothing, if they are for this guest and these
/// public values; what is no mock is verified all the same.
pub fn verify(proof: &SP1ProofWithPublicValues, key: &Key, mock: bool) -> Option<String> {
    const CIRCUITS: &str = "SP1_CIRCUIT_MODE";
    if std::env::var_os(CIRCUITS).is_some() {
        return Some(format!("{CIRCUITS} is set: SP1 would take a circuit that was made for development"));
    }
    let is_mock = is_mock(&proof.proof);
    if !mock && is_mock {
        return Some("it is a mock: it proves nothing, and --mock lets it pass in tests".to_owned());
    }
    // What the proof is made of is not what its maker says it is, and the verifier panics on some of that.
    let outcome = quietly(|| {
        if is_mock {
            MockProver::new().verify(proof, &key.sp1, None)
        } else {
            LightProver::new().verify(proof, &key.sp1, None)
        }
    });
    match outcome {
        Some(Ok(())) => None,
        Some(Err(SP1VerificationError::VersionMismatch(version))) => {
            Some(format!("it is of SP1 {version}, and this is {}", SP1_CIRCUIT_VERSION))
        }
        Some(Err(error)) => Some(error.to_string()),
        None => Some("it isn't made as proofs are".to_owned()),
    }
}

/// Calls what may panic; none if it did.
pub(crate) fn quietly<T>(call: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(call)).ok();
    panic::set_hook(hook);
    outcome
}
