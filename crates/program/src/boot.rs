use crate::{ProgramError, ReadError};
use alloc::sync::Arc;
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{Key, Oracle};
use kohala_protocol::{ConfigError, L1ChainConfig, RollupConfig, chains};

/// Identifiers of the local preimages that a dispute fixes (rules P40, P41).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum LocalKey {
    /// Hash of the L1 head.
    L1Head = 1,
    /// The agreed output root.
    AgreedOutputRoot = 2,
    /// The claimed output root.
    ClaimedOutputRoot = 3,
    /// The claimed L2 block number: 8 bytes, big-endian.
    ClaimedBlockNumber = 4,
    /// The L2 chain's id, 8 bytes, big-endian; all ones if the configuration is given beside it.
    ChainId = 5,
    /// The rollup configuration, JSON, where kona's host puts it. op-program's puts the L2 chain's genesis
    /// configuration here.
    KonaRollupConfig = 6,
    /// The rollup configuration, JSON, where op-program's host puts it. kona's puts the L1 configuration here.
    RollupConfig = 7,
    /// The L1 chain's configuration, JSON, where op-program's host puts it.
    L1ChainConfig = 9,
}

impl LocalKey {
    /// The preimage key.
    pub const fn key(self) -> Key {
        Key::local(self as u64)
    }
}

/// The chain id that says «the configuration is given beside it» (rules P41).
pub const CUSTOM_CHAIN: u64 = u64::MAX;

/// The inputs of the fault proof program, fixed by the dispute.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Hash of the newest L1 block that may be used.
    pub l1_head: B256,
    /// The output root that both parties agree on.
    pub agreed_output_root: B256,
    /// The output root that is claimed.
    pub claimed_output_root: B256,
    /// Number of the L2 block that it is claimed for.
    pub claimed_block_number: u64,
    /// The L2 chain.
    pub rollup: Arc<RollupConfig>,
    /// The L1 chain.
    pub l1: Arc<L1ChainConfig>,
}

/// Why the boot inputs can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A local preimage has the wrong length.
    #[error("the boot input {key:?} has {length} bytes instead of {expected}")]
    Length {
        /// Which one.
        key: LocalKey,
        /// Its length in bytes.
        length: usize,
        /// The length it must have.
        expected: usize,
    },
    /// The L1 head or the agreed output root is zero.
    #[error("the boot input {0:?} is zero")]
    Zero(LocalKey),
    /// The rollup configuration can't be used.
    #[error("the rollup configuration: {0}")]
    RollupConfig(ConfigError),
    /// The L1 chain's configuration can't be used.
    #[error("the L1 chain's configuration: {0}")]
    L1ChainConfig(ConfigError),
    /// The rollup configuration and the L1 configuration are of different chains.
    #[error("the rollup configuration builds on L1 chain {rollup}, the L1 configuration is of chain {l1}")]
    L1Chain {
        /// The L1 chain id of the rollup configuration.
        rollup: u64,
        /// The chain id of the L1 configuration.
        l1: u64,
    },
}

/// The outcome of reading boot inputs from an oracle.
type BootResult<T, O> = Result<T, ProgramError<ReadError<<O as Oracle>::Error>>>;

/// The configurations of a chain with this id, and of its L1, if it is one of those that a build of the program knows.
pub type KnownChain = fn(u64) -> Option<(RollupConfig, L1ChainConfig)>;

impl Boot {
    /// Reads the boot inputs (the first half of the prologue). Chains of [`chains`] are known.
    pub fn read<O: Oracle>(oracle: &mut O) -> BootResult<Self, O> {
        Self::read_knowing(oracle, chains::by_id)
    }

    /// Reads the boot inputs where other chains are known: on L1 there are no configurations beside the id (rules P41).
    pub fn read_knowing<O: Oracle>(oracle: &mut O, known: KnownChain) -> BootResult<Self, O> {
        let l1_head = non_zero(oracle, LocalKey::L1Head)?;
        let agreed_output_root = non_zero(oracle, LocalKey::AgreedOutputRoot)?;
        let claimed_output_root = B256::from(fixed(oracle, LocalKey::ClaimedOutputRoot)?);
        let claimed_block_number = u64::from_be_bytes(fixed(oracle, LocalKey::ClaimedBlockNumber)?);
        let chain_id = u64::from_be_bytes(fixed(oracle, LocalKey::ChainId)?);
        let (rollup, l1) = configs(oracle, chain_id, known)?;
        if rollup.l1_chain_id != l1.chain_id {
            return Err(BootError::L1Chain { rollup: rollup.l1_chain_id, l1: l1.chain_id }.into());
        }
        Ok(Self { l1_head, agreed_output_root, claimed_output_root, claimed_block_number, rollup, l1 })
    }
}

type Configs = (Arc<RollupConfig>, Arc<L1ChainConfig>);

fn configs<O: Oracle>(oracle: &mut O, chain_id: u64, known: KnownChain) -> BootResult<Configs, O> {
    if let Some((rollup, l1)) = known(chain_id) {
        return Ok((Arc::new(rollup), Arc::new(l1)));
    }
    // op-program marks a custom chain by its id and kona does not: each puts the two files under keys of its own.
    let (rollup_key, l1_key) = match chain_id {
        CUSTOM_CHAIN => (LocalKey::RollupConfig, LocalKey::L1ChainConfig),
        _ => (LocalKey::KonaRollupConfig, LocalKey::RollupConfig),
    };
    let rollup = RollupConfig::from_json(&read(oracle, rollup_key)?).map_err(BootError::RollupConfig)?;
    let l1 = match L1ChainConfig::by_id(rollup.l1_chain_id) {
        Some(l1) => l1,
        None => L1ChainConfig::from_json(&read(oracle, l1_key)?).map_err(BootError::L1ChainConfig)?,
    };
    Ok((Arc::new(rollup), Arc::new(l1)))
}

fn read<O: Oracle>(oracle: &mut O, key: LocalKey) -> BootResult<Bytes, O> {
    oracle.get(key.key()).map_err(|error| ProgramError::Read(ReadError::Oracle(error)))
}

fn fixed<O: Oracle, const N: usize>(oracle: &mut O, key: LocalKey) -> BootResult<[u8; N], O> {
    let bytes = read(oracle, key)?;
    let length = bytes.len();
    Ok(bytes.as_ref().try_into().map_err(|_| BootError::Length { key, length, expected: N })?)
}

fn non_zero<O: Oracle>(oracle: &mut O, key: LocalKey) -> BootResult<B256, O> {
    let hash = B256::from(fixed(oracle, key)?);
    if hash.is_zero() { Err(BootError::Zero(key).into()) } else { Ok(hash) }
}
