//! Boot inputs in both hosts' dialects (rules P40, P41), and those that no program can run on.

use crate::support::Recording;
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{Missing, PreimageError, Preimages};
use kohala_program::{Boot, BootError, CUSTOM_CHAIN, LocalKey, ProgramError, Progress, ReadError};
use kohala_protocol::{ConfigError, Fork, Receipt, RollupConfig, chains, upgrade_transactions};
use std::sync::Arc;

const OP_MAINNET: u64 = 10;

type Error = ProgramError<ReadError<PreimageError>>;

/// Identifiers as the specification and the hosts have them, independent of [`LocalKey`].
fn oracle(inputs: &[(u64, &[u8])]) -> Preimages {
    let mut oracle = Preimages::new();
    inputs.iter().for_each(|(ident, value)| oracle.insert_local(*ident, Bytes::copy_from_slice(value)));
    oracle
}

/// The inputs of a dispute about the chain `id`, without configurations.
fn dispute(id: u64) -> Preimages {
    let mut oracle = oracle(&[(1, &[1; 32]), (2, &[2; 32]), (3, &[3; 32]), (4, &[0, 0, 0, 0, 0, 0, 1, 4])]);
    oracle.insert_local(5, Bytes::copy_from_slice(&id.to_be_bytes()));
    oracle
}

#[expect(clippy::result_large_err, reason = "what is missing is told in full")]
fn read(mut oracle: Preimages) -> Result<Boot, Error> {
    Boot::read(&mut oracle)
}

#[expect(clippy::result_large_err, reason = "what is missing is told in full")]
fn read_with(mut oracle: Preimages, ident: u64, value: &[u8]) -> Result<Boot, Error> {
    oracle.insert_local(ident, Bytes::copy_from_slice(value));
    read(oracle)
}

#[test]
fn known_chain_comes_by_its_id() {
    let boot = read(dispute(OP_MAINNET)).unwrap();
    assert_eq!(boot.l1_head, B256::repeat_byte(1));
    assert_eq!(boot.agreed_output_root, B256::repeat_byte(2));
    assert_eq!(boot.claimed_output_root, B256::repeat_byte(3));
    assert_eq!(boot.claimed_block_number, 260);
    let (rollup, l1) = chains::by_id(OP_MAINNET).unwrap();
    assert_eq!((&*boot.rollup, &*boot.l1), (&rollup, &l1));
}

/// A chain that a build knows besides takes no more than its id (rules P41), and the others are unknown to it.
#[test]
fn chain_compiled_in_comes_by_its_id() {
    let known = |id| chains::by_id(OP_MAINNET).filter(|_| id == 901);
    let boot = Boot::read_knowing(&mut dispute(901), known).unwrap();
    assert_eq!(boot.rollup.l2_chain_id, OP_MAINNET);
    assert!(matches!(Boot::read_knowing(&mut dispute(902), known), Err(ProgramError::Read(_))));
}

#[test]
fn a_known_chains_configuration_is_not_the_hosts_to_choose() {
    let other = Recording::load("main").chain.rollup_json.clone();
    let mut oracle = dispute(OP_MAINNET);
    [6, 7, 9].into_iter().for_each(|ident| oracle.insert_local(ident, other.clone().into()));
    assert_eq!(read(oracle).unwrap().rollup.l2_chain_id, OP_MAINNET);
}

#[test]
fn custom_chain_comes_in_op_programs_dialect() {
    let Recording { chain, boot, .. } = Recording::load("main");
    let mut oracle = dispute(CUSTOM_CHAIN);
    oracle.insert_local(6, Bytes::from_static(b"{\"config\":\"of the L2 chain, which nothing here needs\"}"));
    oracle.insert_local(7, chain.rollup_json.clone().into());
    oracle.insert_local(9, chain.l1_config_json.clone().into());
    let read = read(oracle).unwrap();
    assert_eq!((read.rollup, read.l1), (boot.rollup, boot.l1));
}

#[test]
fn custom_chain_comes_in_konas_dialect() {
    let Recording { chain, boot, .. } = Recording::load("main");
    let mut oracle = dispute(boot.rollup.l2_chain_id);
    oracle.insert_local(6, chain.rollup_json.clone().into());
    oracle.insert_local(7, chain.l1_config_json.clone().into());
    let read = read(oracle).unwrap();
    assert_eq!((read.rollup, read.l1), (boot.rollup, boot.l1));
}

#[test]
fn configuration_of_a_known_l1_is_not_asked_for() {
    let rollup = |id: u64| {
        let json = Recording::load("main").chain.rollup_json.clone();
        String::from_utf8(json).unwrap().replace("\"l1_chain_id\": 900", &format!("\"l1_chain_id\": {id}"))
    };
    for (id, known) in [(1, true), (11_155_111, true), (900, false)] {
        let read = read_with(dispute(CUSTOM_CHAIN), 7, rollup(id).as_bytes());
        match read {
            Ok(boot) => assert!(known && boot.l1.chain_id == id),
            Err(ProgramError::Read(ReadError::Oracle(PreimageError::Missing(Missing { key, hint: None })))) => {
                assert!(!known && key == LocalKey::L1ChainConfig.key());
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn inputs_of_another_length_are_named() {
    let inputs = [
        (LocalKey::L1Head, 32),
        (LocalKey::AgreedOutputRoot, 32),
        (LocalKey::ClaimedOutputRoot, 32),
        (LocalKey::ClaimedBlockNumber, 8),
        (LocalKey::ChainId, 8),
    ];
    for (input, expected) in inputs {
        for length in [0, 1, expected - 1, expected + 1, 4096] {
            let error = read_with(dispute(OP_MAINNET), input as u64, &vec![1; length]).unwrap_err();
            assert!(
                matches!(error, ProgramError::Boot(BootError::Length { key, length: l, expected: e })
                    if key == input && l == length && e == expected),
                "{error}"
            );
            assert!(error.to_string().contains(&format!("{input:?} has {length} bytes instead of {expected}")));
        }
    }
}

#[test]
fn missing_inputs_are_named() {
    for ident in 1..=5 {
        let mut oracle = dispute(OP_MAINNET);
        let key = kohala_preimage::Key::local(ident);
        oracle.remove(key).unwrap();
        let error = read(oracle).unwrap_err();
        assert_eq!(error.to_string(), format!("no preimage for the local key {key}, and no hint came before it"));
    }
}

#[test]
fn zero_l1_head_and_zero_agreed_root_are_refused() {
    for input in [LocalKey::L1Head, LocalKey::AgreedOutputRoot] {
        let error = read_with(dispute(OP_MAINNET), input as u64, &[0; 32]).unwrap_err();
        assert!(matches!(error, ProgramError::Boot(BootError::Zero(found)) if found == input), "{error}");
    }
}

/// A false claim, but a claim.
#[test]
fn zero_claimed_root_is_read() {
    assert!(read_with(dispute(OP_MAINNET), 3, &[0; 32]).unwrap().claimed_output_root.is_zero());
}

#[test]
fn configurations_of_different_l1_chains_are_refused() {
    let chain = Recording::load("main").chain;
    let l1 = String::from_utf8(chain.l1_config_json.clone()).unwrap().replace("\"chainId\": 900", "\"chainId\": 901");
    let mut oracle = dispute(CUSTOM_CHAIN);
    oracle.insert_local(7, chain.rollup_json.clone().into());
    let error = read_with(oracle, 9, l1.as_bytes()).unwrap_err();
    assert!(matches!(error, ProgramError::Boot(BootError::L1Chain { rollup: 900, l1: 901 })), "{error}");
}

#[test]
fn unusable_configurations_are_refused() {
    let chain = Recording::load("main").chain;
    let rollup = String::from_utf8(chain.rollup_json.clone()).unwrap();
    let unknown = rollup.replace("\"jovian_time\"", "\"zebra_time\": 7, \"jovian_time\"");
    let error = read_with(dispute(CUSTOM_CHAIN), 7, unknown.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, ProgramError::Boot(BootError::RollupConfig(ConfigError::UnknownFork(key))) if key == "zebra_time"),
        "{error}"
    );
    for junk in [&b""[..], b"{}", b"[]", b"\xff\xfe", &rollup.as_bytes()[..rollup.len() - 1]] {
        let error = read_with(dispute(CUSTOM_CHAIN), 7, junk).unwrap_err();
        assert!(matches!(error, ProgramError::Boot(BootError::RollupConfig(ConfigError::Json(_)))), "{error}");
        let mut oracle = dispute(CUSTOM_CHAIN);
        oracle.insert_local(7, chain.rollup_json.clone().into());
        let error = read_with(oracle, 9, junk).unwrap_err();
        assert!(matches!(error, ProgramError::Boot(BootError::L1ChainConfig(_))), "{error}");
    }
}

/// Blocks before Lagoon are judged; the first of Lagoon is not, whatever is claimed of it.
#[test]
fn claims_that_reach_lagoon_are_refused() {
    let recording = Recording::load("main");
    let with_lagoon = |number: u64, root: B256| {
        let mut changed = recording.claiming(recording.chain.l1.len() - 1, number, root);
        let mut rollup = RollupConfig::clone(&changed.boot.rollup);
        rollup.forks.set(Fork::Lagoon, Some(rollup.genesis.l2_time + 3 * rollup.block_time));
        changed.boot.rollup = Arc::new(rollup);
        changed
    };
    assert!(with_lagoon(2, recording.root(2)).verdict().is_valid());
    assert!(!with_lagoon(2, B256::ZERO).verdict().is_valid());
    for root in [recording.root(3), recording.root(2), B256::ZERO] {
        let error = with_lagoon(3, root).run().unwrap_err();
        assert!(matches!(error, ProgramError::Fork { number: 3, fork: Fork::Lagoon }), "{error}");
        assert_eq!(error.to_string(), "block 3 is of the lagoon fork, whose rules this version does not have");
    }
    let mut program = with_lagoon(4, recording.root(4)).start().unwrap();
    let executed = (0..4).filter(|_| matches!(program.step(), Ok(Progress::Executed(_)))).count();
    assert_eq!(executed, 2);
    assert!(matches!(program.step(), Err(ProgramError::Fork { number: 3, .. })));
}

/// A chain that comes to Karst with its third block: what op-node's `TestActivationBlockNUTBundle` and
/// `TestKarstActivationKeepUpgradeGas` say of gas limits and transactions.
#[test]
fn karst_activates_with_upgrades_that_bring_their_own_gas() {
    let recording = Recording::load("main");
    for keeps in [false, true] {
        let mut changed = recording.claiming(recording.chain.l1.len() - 1, 5, B256::ZERO);
        let mut rollup = RollupConfig::clone(&changed.boot.rollup);
        rollup.forks.set(Fork::Karst, Some(rollup.genesis.l2_time + 3 * rollup.block_time));
        rollup.keep_karst_upgrade_gas = keeps;
        let upgrades = upgrade_transactions(&rollup, rollup.l2_timestamp(3));
        changed.boot.rollup = Arc::new(rollup);
        let (verdict, steps) = changed.run().unwrap();
        assert_eq!((verdict.block_number, verdict.is_valid()), (5, false));

        let mut blocks = Vec::new();
        let mut transactions = Vec::new();
        for step in steps {
            match step {
                Progress::Derived(attributes) => transactions.push(attributes.transactions),
                Progress::Executed(block) => blocks.push(block),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(blocks.iter().map(|block| block.header.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        for block in &blocks[..2] {
            assert_eq!(block.header.hash(), recording.chain.l2[block.header.number as usize].hash);
        }
        let l1_info_and_deposits = recording.chain.l2[3].transactions.len();
        assert_eq!(transactions[2][l1_info_and_deposits..], upgrades);
        assert!(blocks[2].receipts.iter().all(|receipt| Receipt::decode(receipt).unwrap().succeeded));
        let limit = |index: usize| blocks[index].header.gas_limit;
        assert_eq!(limit(2), limit(1) + 55_370_657);
        let after = if keeps { limit(2) } else { limit(1) };
        assert_eq!((limit(3), limit(4)), (after, after));
    }
}
