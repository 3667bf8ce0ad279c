//! A chain's configuration as words: the form of which statements hold the hash.

use crate::{
    Part, WitnessError,
    words::{Reader, Writer},
};
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use kohala_protocol::{
    BaseFeeConfig, BlobParams, BlockId, Eip1559Params, Fork, ForkTimes, Genesis, L1ChainConfig, OperatorFee,
    RollupConfig, SystemConfig,
};

/// The hash by which statements name a chain: Keccak-256 of [`encode_chain`].
///
/// Chains whose blocks are judged by other rules have other hashes. Forks that aren't planned leave no trace, so that a
/// chain's hash stays what it is when Kohala comes to know a new one.
pub fn chain_hash(rollup: &RollupConfig, l1: &L1ChainConfig) -> B256 {
    keccak256(encode_chain(rollup, l1))
}

/// The configuration of an L2 chain and of its L1 as words of 32 bytes, big-endian, in the order of the code here. A time
/// that is not planned is all ones. Before the times of the forks, from Regolith on, and before L1's blob parameters stands
/// how many there are.
pub fn encode_chain(rollup: &RollupConfig, l1: &L1ChainConfig) -> Vec<u8> {
    let mut words = Writer::default();
    words.number(rollup.l1_chain_id);
    words.number(rollup.l2_chain_id);
    encode_genesis(&rollup.genesis, &mut words);
    words.number(rollup.block_time);
    words.number(rollup.max_sequencer_drift);
    words.number(rollup.seq_window_size);
    words.number(rollup.channel_timeout);
    let times: Vec<u64> = forks().map_while(|fork| rollup.forks.get(fork)).collect();
    words.number(times.len() as u64);
    times.into_iter().for_each(|time| words.number(time));
    words.optional(rollup.pectra_blob_schedule_time);
    words.number(rollup.keep_karst_upgrade_gas.into());
    words.address(rollup.batch_inbox_address);
    words.address(rollup.deposit_contract_address);
    words.address(rollup.l1_system_config_address);
    words.number(rollup.base_fee.elasticity.into());
    words.number(rollup.base_fee.denominator.into());
    words.number(rollup.base_fee.denominator_canyon.into());
    words.number(l1.blob_schedule.len() as u64);
    for (time, params) in &l1.blob_schedule {
        words.number(*time);
        words.number(params.target);
        words.number(params.max);
        words.number(params.update_fraction);
    }
    words.0
}

/// Reads what [`encode_chain`] wrote, and nothing else.
///
/// # Errors
/// Where the form is another, or no chain can run with it.
pub fn decode_chain(bytes: &[u8]) -> Result<(RollupConfig, L1ChainConfig), WitnessError> {
    let (rollup, l1) = decode(bytes).ok_or(WitnessError::Form(Part::Chain))?;
    rollup.check()?;
    Ok((rollup, l1))
}

/// The forks that have times. A configuration plans them one after the other, and none without the one before it.
fn forks() -> impl Iterator<Item = Fork> {
    Fork::ALL.into_iter().filter(|fork| *fork != Fork::Bedrock)
}

fn encode_genesis(genesis: &Genesis, words: &mut Writer) {
    for block in [genesis.l1, genesis.l2] {
        words.hash(block.hash);
        words.number(block.number);
    }
    words.number(genesis.l2_time);
    let config = &genesis.system_config;
    words.address(config.batcher);
    words.hash(config.overhead);
    words.hash(config.scalar);
    words.number(config.gas_limit);
    words.number(u64::from_be_bytes(config.eip1559_params.to_bytes()));
    words.number(config.operator_fee.scalar.into());
    words.number(config.operator_fee.constant);
    words.number(config.min_base_fee);
    words.number(config.da_footprint_gas_scalar.into());
}

fn decode(bytes: &[u8]) -> Option<(RollupConfig, L1ChainConfig)> {
    let mut words = Reader(bytes);
    let l1_chain_id = words.number()?;
    // In the order of the words.
    let rollup = RollupConfig {
        l1_chain_id,
        l2_chain_id: words.number()?,
        genesis: decode_genesis(&mut words)?,
        block_time: words.number()?,
        max_sequencer_drift: words.number()?,
        seq_window_size: words.number()?,
        channel_timeout: words.number()?,
        forks: decode_forks(&mut words)?,
        pectra_blob_schedule_time: words.optional()?,
        keep_karst_upgrade_gas: words.flag()?,
        batch_inbox_address: words.address()?,
        deposit_contract_address: words.address()?,
        l1_system_config_address: words.address()?,
        base_fee: BaseFeeConfig {
            elasticity: words.small()?,
            denominator: words.small()?,
            denominator_canyon: words.small()?,
        },
    };
    // No length is trusted: each step reads words, or ends.
    let mut blob_schedule = Vec::new();
    for _ in 0..words.number()? {
        let time = words.number()?;
        let params = BlobParams { target: words.number()?, max: words.number()?, update_fraction: words.number()? };
        blob_schedule.push((time, params));
    }
    words.end()?;
    Some((rollup, L1ChainConfig { chain_id: l1_chain_id, blob_schedule }))
}

fn decode_forks(words: &mut Reader<'_>) -> Option<ForkTimes> {
    let planned = words.small()?;
    let mut times = ForkTimes::default();
    for fork in forks().take(planned) {
        times.set(fork, Some(words.number()?));
    }
    (planned <= forks().count()).then_some(times)
}

fn decode_genesis(words: &mut Reader<'_>) -> Option<Genesis> {
    let mut block = || Some(BlockId { hash: words.hash()?, number: words.number()? });
    let (l1, l2) = (block()?, block()?);
    let l2_time = words.number()?;
    let system_config = SystemConfig {
        batcher: words.address()?,
        overhead: words.hash()?,
        scalar: words.hash()?,
        gas_limit: words.number()?,
        eip1559_params: Eip1559Params::from_bytes(words.number()?.to_be_bytes()),
        operator_fee: OperatorFee { scalar: words.small()?, constant: words.number()? },
        min_base_fee: words.number()?,
        da_footprint_gas_scalar: words.small()?,
    };
    Some(Genesis { l1, l2, l2_time, system_config })
}
