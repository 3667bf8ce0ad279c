use alloy_primitives::{Address, B256};
use kohala_protocol::{BlobParams, Eip1559Params, Fork, L1ChainConfig, OperatorFee, RollupConfig, chains};
use kohala_zkvm::{Part, WitnessError, chain_hash, decode_chain, encode_chain};
use std::collections::BTreeSet;

fn known() -> impl Iterator<Item = (RollupConfig, L1ChainConfig)> {
    chains::all().map(|(name, _)| chains::by_name(name).unwrap())
}

#[test]
fn known_chains_are_read_as_they_were_written() {
    let mut hashes = BTreeSet::new();
    for (rollup, l1) in known() {
        let words = encode_chain(&rollup, &l1);
        assert_eq!(decode_chain(&words).unwrap(), (rollup.clone(), l1.clone()));
        assert!(hashes.insert(chain_hash(&rollup, &l1)), "two chains with one hash: {}", rollup.l2_chain_id);
    }
    assert!(hashes.len() > 20);
}

/// Everything that a chain's blocks are judged by.
#[test]
fn hash_changes_with_every_value() {
    type Change = fn(&mut RollupConfig, &mut L1ChainConfig);
    let (rollup, l1) = chains::by_name("op-sepolia").unwrap();
    let changes: [Change; 32] = [
        |rollup, _| rollup.genesis.l1.hash = B256::ZERO,
        |rollup, _| rollup.genesis.l1.number += 1,
        |rollup, _| rollup.genesis.l2.hash = B256::ZERO,
        |rollup, _| rollup.genesis.l2.number += 1,
        |rollup, _| rollup.genesis.l2_time += 1,
        |rollup, _| rollup.genesis.system_config.batcher = Address::ZERO,
        |rollup, _| rollup.genesis.system_config.overhead = B256::repeat_byte(1),
        |rollup, _| rollup.genesis.system_config.scalar = B256::repeat_byte(1),
        |rollup, _| rollup.genesis.system_config.gas_limit += 1,
        |rollup, _| rollup.genesis.system_config.eip1559_params = Eip1559Params::from_bytes([1; 8]),
        |rollup, _| rollup.genesis.system_config.operator_fee = OperatorFee { scalar: 1, constant: 0 },
        |rollup, _| rollup.genesis.system_config.operator_fee = OperatorFee { scalar: 0, constant: 1 },
        |rollup, _| rollup.genesis.system_config.min_base_fee += 1,
        |rollup, _| rollup.genesis.system_config.da_footprint_gas_scalar += 1,
        |rollup, _| rollup.block_time += 1,
        |rollup, _| rollup.max_sequencer_drift += 1,
        |rollup, _| rollup.seq_window_size += 1,
        |rollup, _| rollup.channel_timeout += 1,
        |rollup, _| rollup.l1_chain_id += 1,
        |rollup, _| rollup.l2_chain_id += 1,
        |rollup, _| rollup.forks.set(Fork::Granite, rollup.forks.get(Fork::Granite).map(|time| time + 1)),
        |rollup, _| rollup.forks.set(Fork::Karst, None),
        |rollup, _| rollup.pectra_blob_schedule_time = None,
        |rollup, _| rollup.pectra_blob_schedule_time = Some(1),
        |rollup, _| rollup.keep_karst_upgrade_gas ^= true,
        |rollup, _| rollup.batch_inbox_address = Address::ZERO,
        |rollup, _| rollup.deposit_contract_address = Address::ZERO,
        |rollup, _| rollup.l1_system_config_address = Address::ZERO,
        |rollup, _| rollup.base_fee.elasticity += 1,
        |rollup, _| rollup.base_fee.denominator += 1,
        |rollup, _| rollup.base_fee.denominator_canyon += 1,
        |_, l1| l1.blob_schedule[1].1 = BlobParams { target: 1, ..l1.blob_schedule[1].1 },
    ];
    let mut hashes = BTreeSet::from([chain_hash(&rollup, &l1)]);
    for (index, change) in changes.into_iter().enumerate() {
        let (mut rollup, mut l1) = (rollup.clone(), l1.clone());
        change(&mut rollup, &mut l1);
        assert!(hashes.insert(chain_hash(&rollup, &l1)), "change {index}");
    }
}

#[test]
fn fork_that_is_not_planned_leaves_no_trace() {
    let (mut rollup, l1) = chains::by_name("op-sepolia").unwrap();
    let planned = encode_chain(&rollup, &l1).len();
    rollup.forks.set(Fork::Karst, None);
    assert_eq!(encode_chain(&rollup, &l1).len(), planned - 32);
}

#[test]
fn words_have_one_form() {
    let (rollup, l1) = chains::by_name("op-mainnet").unwrap();
    let words = encode_chain(&rollup, &l1);
    for length in 0..words.len() {
        assert!(decode_chain(&words[..length]).is_err());
    }
    assert!(matches!(decode_chain(&[&words[..], &[0; 32]].concat()), Err(WitnessError::Form(Part::Chain))));
    for byte in 0..words.len() {
        let mut other = words.clone();
        other[byte] ^= 1;
        // Another chain, or none.
        assert!(decode_chain(&other).map_or(true, |chain| chain != (rollup.clone(), l1.clone())), "byte {byte}");
    }
    let mut endless = words.clone();
    let count = words.len() - 32 * (4 * l1.blob_schedule.len() + 1);
    endless[count..count + 32].copy_from_slice(B256::with_last_byte(0xff).as_slice());
    endless[count + 24..count + 31].fill(0xff);
    assert!(matches!(decode_chain(&endless), Err(WitnessError::Form(Part::Chain))));
}

#[test]
fn chain_that_can_not_run_is_refused() {
    let (mut rollup, l1) = chains::by_name("op-mainnet").unwrap();
    rollup.block_time = 0;
    assert!(matches!(decode_chain(&encode_chain(&rollup, &l1)), Err(WitnessError::Chain(_))));
}
