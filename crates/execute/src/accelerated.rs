//! Precompiles whose outcome the source may know (rules X42): which calls it is asked for, and what it can answer.

use crate::ExecuteError;
use alloc::borrow::Cow;
use alloy_consensus::crypto::{SECP256K1N_HALF, secp256k1::recover_signer};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use kohala_trie::TrieError;
use op_revm::{
    OpSpecId,
    precompiles::{bls12_381 as bls_limit, bn254_pair},
};
use revm::precompile::{
    bls12_381_const as bls, bls12_381_utils::msm_required_gas, bn254, kzg_point_evaluation as kzg, u64_to_address,
};

const ECRECOVER: Address = u64_to_address(1);
const ECRECOVER_INPUT_LENGTH: usize = 128;
const ECRECOVER_GAS: u64 = 3_000;

/// Bytes that the pairing check of bn254 takes from Karst on (rules X40): three hundred pairs of points. op-revm has the
/// other limits.
pub(crate) const KARST_PAIRING_MAX_INPUT_SIZE: usize = 57_600;

/// Input of a call on L1 at most, in bytes: it goes there in one transaction, of which L1's nodes relay none above 131,072
/// bytes, and with address and gas it has to stay below the 126,000 from which on op-challenger looks for another way.
/// Longer ones are computed: only BLS12-381's sums and pairings have them.
const LARGEST_INPUT: usize = 125_971;

/// What EIP-7904 has L1 take in gas: for each pair of the pairing check of bn254, and for calls of the others.
const EIP_7904_GAS_PER_PAIR: u64 = 34_103;
const EIP_7904_POINT_EVALUATION_GAS: u64 = 89_363;
const EIP_7904_G1_ADD_GAS: u64 = 643;
const EIP_7904_G2_ADD_GAS: u64 = 765;

/// The outcome of a precompile call that nothing but its cryptography can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrecompileOutcome {
    /// The output of a success.
    Success(Bytes),
    /// A failure, which costs the caller all gas that the call was given.
    Failure,
}

/// A precompile call that is left to its cryptography: well-formed, and not longer than the fork allows.
pub(crate) struct Call<'a> {
    precompile: Precompile,
    address: Address,
    input: Cow<'a, [u8]>,
}

impl<'a> Call<'a> {
    /// The call of the precompile at `address` with `input`; `None` where a source knows nothing of that precompile, or
    /// where it takes no cryptography to see what comes of the call, or where it is too long for L1.
    pub(crate) fn new(address: Address, input: &'a [u8], spec: OpSpecId) -> Option<Self> {
        let precompile = Precompile::at(&address)?;
        let input = match precompile {
            Precompile::Ecrecover => ecrecover_input(input),
            _ => input.into(),
        };
        precompile.accepts(&input, spec).then_some(Self { precompile, address, input })
    }

    /// What the call costs.
    pub(crate) fn gas(&self) -> u64 {
        self.precompile.gas(self.input.len())
    }

    /// The outcome by `tell`, which is told address, gas and input; `None` if that leaves it to us.
    pub(crate) fn ask<E>(
        &self,
        tell: impl FnOnce(Address, u64, &[u8]) -> Result<Option<PrecompileOutcome>, E>,
    ) -> Result<Option<PrecompileOutcome>, ExecuteError<E>> {
        let gas = self.precompile.l1_gas(self.input.len());
        match tell(self.address, gas, &self.input).map_err(TrieError::Source)? {
            Some(outcome) if !self.precompile.can_have(&outcome) => Err(ExecuteError::Outcome(self.address)),
            outcome => Ok(outcome),
        }
    }
}

/// Who signed `hash`, by what `tell` says of ecrecover (as [`StateSource::precompile`](crate::StateSource::precompile)), or
/// with the cryptography of this machine where that leaves it to us; `None` if nobody did.
///
/// As everywhere outside of the precompile, `s` has to be low (EIP-2).
///
/// # Errors
/// Where `tell` fails, or says what ecrecover can't.
pub fn recover<E>(
    signature: &Signature,
    hash: B256,
    tell: impl FnOnce(Address, u64, &[u8]) -> Result<Option<PrecompileOutcome>, E>,
) -> Result<Option<Address>, ExecuteError<E>> {
    let mut input = [0; ECRECOVER_INPUT_LENGTH];
    input[..32].copy_from_slice(hash.as_slice());
    input[63] = 27 + u8::from(signature.v());
    input[64..96].copy_from_slice(&signature.r().to_be_bytes::<32>());
    input[96..].copy_from_slice(&signature.s().to_be_bytes::<32>());
    // No fork has changed it.
    let call = Call::new(ECRECOVER, &input, OpSpecId::BEDROCK).filter(|_| signature.s() <= SECP256K1N_HALF);
    let Some(call) = call else { return Ok(None) };
    Ok(match call.ask(tell)? {
        Some(PrecompileOutcome::Success(word)) => word.get(12..).map(Address::from_slice),
        Some(PrecompileOutcome::Failure) => None,
        None => recover_signer(signature, hash).ok(),
    })
}

/// The precompile that multiplies points of G1 of BLS12-381 by numbers and adds them up (EIP-2537).
pub const G1_MSM: Address = u64_to_address(0x0c);

/// The gas that L1 takes for a call of [`G1_MSM`] with so many points: as
/// [`StateSource::precompile`](crate::StateSource::precompile) is told it.
pub fn g1_msm_gas(points: usize) -> u64 {
    Precompile::G1Msm.l1_gas(points * bls::G1_MSM_INPUT_LENGTH)
}

/// Whether outcomes of the precompile at `address` are asked for, where a source tells them (rules X42): ecrecover, the
/// pairing check of bn254, the point evaluation and BLS12-381.
pub fn is_accelerated(address: Address) -> bool {
    Precompile::at(&address).is_some()
}

/// What ecrecover takes for its input: as many bytes as it reads, with zeros for those that are not there.
fn ecrecover_input(input: &[u8]) -> Cow<'_, [u8]> {
    if let Some(read) = input.get(..ECRECOVER_INPUT_LENGTH) {
        return read.into();
    }
    let mut padded = input.to_vec();
    padded.resize(ECRECOVER_INPUT_LENGTH, 0);
    padded.into()
}

/// A precompile that L1 has too, so that its contract can tell the outcome.
#[derive(Clone, Copy, Debug)]
enum Precompile {
    Ecrecover,
    Pairing,
    PointEvaluation,
    G1Add,
    G1Msm,
    G2Add,
    G2Msm,
    BlsPairing,
    MapToG1,
    MapToG2,
}

impl Precompile {
    fn at(address: &Address) -> Option<Self> {
        let (last, zeros) = address.split_last()?;
        let precompile = match last {
            0x01 => Self::Ecrecover,
            0x08 => Self::Pairing,
            0x0a => Self::PointEvaluation,
            0x0b => Self::G1Add,
            0x0c => Self::G1Msm,
            0x0d => Self::G2Add,
            0x0e => Self::G2Msm,
            0x0f => Self::BlsPairing,
            0x10 => Self::MapToG1,
            0x11 => Self::MapToG2,
            _ => return None,
        };
        zeros.iter().all(|byte| *byte == 0).then_some(precompile)
    }

    /// Whether nothing but cryptography can tell what comes of a call with this input, and L1 can be told the input.
    fn accepts(self, input: &[u8], spec: OpSpecId) -> bool {
        let length = input.len();
        let items = |of: usize| length > 0 && length.is_multiple_of(of);
        let fits = match self {
            Self::Ecrecover => may_be_signed(input),
            Self::Pairing => length.is_multiple_of(bn254::PAIR_ELEMENT_LEN),
            Self::PointEvaluation => length == 192 && kzg::kzg_to_versioned_hash(&input[96..144]) == input[..32],
            Self::G1Add => length == bls::G1_ADD_INPUT_LENGTH,
            Self::G1Msm => items(bls::G1_MSM_INPUT_LENGTH),
            Self::G2Add => length == bls::G2_ADD_INPUT_LENGTH,
            Self::G2Msm => items(bls::G2_MSM_INPUT_LENGTH),
            Self::BlsPairing => items(bls::PAIRING_INPUT_LENGTH),
            Self::MapToG1 => length == bls::PADDED_FP_LENGTH,
            Self::MapToG2 => length == bls::PADDED_FP2_LENGTH,
        };
        fits && length <= self.limit(spec) && length <= LARGEST_INPUT
    }

    /// Bytes of input at most (rules X40).
    fn limit(self, spec: OpSpecId) -> usize {
        let limits: &[(OpSpecId, usize)] = match self {
            Self::Pairing => &[
                (OpSpecId::GRANITE, bn254_pair::GRANITE_MAX_INPUT_SIZE),
                (OpSpecId::JOVIAN, bn254_pair::JOVIAN_MAX_INPUT_SIZE),
                (OpSpecId::KARST, KARST_PAIRING_MAX_INPUT_SIZE),
            ],
            Self::G1Msm => &[
                (OpSpecId::ISTHMUS, bls_limit::ISTHMUS_G1_MSM_MAX_INPUT_SIZE),
                (OpSpecId::JOVIAN, bls_limit::JOVIAN_G1_MSM_MAX_INPUT_SIZE),
            ],
            Self::G2Msm => &[
                (OpSpecId::ISTHMUS, bls_limit::ISTHMUS_G2_MSM_MAX_INPUT_SIZE),
                (OpSpecId::JOVIAN, bls_limit::JOVIAN_G2_MSM_MAX_INPUT_SIZE),
            ],
            Self::BlsPairing => &[
                (OpSpecId::ISTHMUS, bls_limit::ISTHMUS_PAIRING_MAX_INPUT_SIZE),
                (OpSpecId::JOVIAN, bls_limit::JOVIAN_PAIRING_MAX_INPUT_SIZE),
            ],
            _ => &[],
        };
        let newest = limits.iter().rfind(|(fork, _)| spec.is_enabled_in(*fork));
        newest.map_or(usize::MAX, |(_, limit)| *limit)
    }

    /// What a call with so many bytes of input costs on L2. No fork has changed it.
    fn gas(self, length: usize) -> u64 {
        let msm = |item: usize, discounts, gas| msm_required_gas(length / item, discounts, gas);
        match self {
            Self::Ecrecover => ECRECOVER_GAS,
            Self::Pairing => pairing_gas(length, bn254::pair::ISTANBUL_PAIR_PER_POINT),
            Self::PointEvaluation => kzg::GAS_COST,
            Self::G1Add => bls::G1_ADD_BASE_GAS_FEE,
            Self::G1Msm => msm(bls::G1_MSM_INPUT_LENGTH, &bls::DISCOUNT_TABLE_G1_MSM, bls::G1_MSM_BASE_GAS_FEE),
            Self::G2Add => bls::G2_ADD_BASE_GAS_FEE,
            Self::G2Msm => msm(bls::G2_MSM_INPUT_LENGTH, &bls::DISCOUNT_TABLE_G2_MSM, bls::G2_MSM_BASE_GAS_FEE),
            Self::BlsPairing => {
                let pairs = (length / bls::PAIRING_INPUT_LENGTH) as u64;
                pairs * bls::PAIRING_MULTIPLIER_BASE + bls::PAIRING_OFFSET_BASE
            }
            Self::MapToG1 => bls::MAP_FP_TO_G1_BASE_GAS_FEE,
            Self::MapToG2 => bls::MAP_FP2_TO_G2_BASE_GAS_FEE,
        }
    }

    /// The gas that a source is told, and that L1's contract makes sure the call has there: where EIP-7904 raises L1's
    /// price, the price to come. A call that runs short there would be taken for one that fails. kona names the same.
    fn l1_gas(self, length: usize) -> u64 {
        match self {
            Self::Pairing => pairing_gas(length, EIP_7904_GAS_PER_PAIR),
            Self::PointEvaluation => EIP_7904_POINT_EVALUATION_GAS,
            Self::G1Add => EIP_7904_G1_ADD_GAS,
            Self::G2Add => EIP_7904_G2_ADD_GAS,
            _ => self.gas(length),
        }
    }

    /// Whether a call can have this outcome.
    fn can_have(self, outcome: &PrecompileOutcome) -> bool {
        let PrecompileOutcome::Success(output) = outcome else {
            // Who signed nothing that can be recovered is nobody: that is a success.
            return !matches!(self, Self::Ecrecover);
        };
        match self {
            Self::Ecrecover => output.is_empty() || output.len() == 32 && output[..12] == [0; 12],
            Self::Pairing | Self::BlsPairing => {
                [0, 1].map(B256::with_last_byte).iter().any(|bit| output[..] == bit[..])
            }
            Self::PointEvaluation => *output == kzg::RETURN_VALUE[..],
            Self::G1Add | Self::G1Msm | Self::MapToG1 => output.len() == bls::PADDED_G1_LENGTH,
            Self::G2Add | Self::G2Msm | Self::MapToG2 => output.len() == bls::PADDED_G2_LENGTH,
        }
    }
}

fn pairing_gas(length: usize, per_pair: u64) -> u64 {
    (length / bn254::PAIR_ELEMENT_LEN) as u64 * per_pair + bn254::pair::ISTANBUL_PAIR_BASE
}

/// Whether `v` is 27 or 28, and `r` and `s` lie between zero and the order of secp256k1.
fn may_be_signed(input: &[u8]) -> bool {
    let in_range = |word: &[u8]| (U256::ONE..=SECP256K1N_HALF << 1).contains(&U256::from_be_slice(word));
    input[32..63].iter().all(|byte| *byte == 0)
        && matches!(input[63], 27 | 28)
        && in_range(&input[64..96])
        && in_range(&input[96..])
}
