//! What the forks from Regolith to Jovian changed of execution (rules F31 to F40), each beside the fork before it.

use crate::support::{
    precompiles::{BLS_G1_MSM, BLS_G2_MSM, BLS_PAIRING, P256_VERIFY, PAIRING, precompile, succeeds},
    sandbox::{
        CONTRACT, FORKS, Sandbox, account, call, config, deposit, depositor, receipt, signed, slot, succeeded, to,
    },
};
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, TxKind, U256, address, b256, hex};
use kohala_execute::{ExecuteError, InvalidBlock};
use kohala_protocol::{Deposit, Fork, upgrade_transactions};
use kohala_testdata::{GenesisAccount, GenesisSlot};
use kohala_trie::EMPTY_ROOT;
use op_alloy_consensus::TxDeposit;
use std::collections::BTreeMap;

/// Whether a contract with this code, called by a deposit, succeeds.
fn runs(fork: Fork, code: &[u8]) -> bool {
    let mut sandbox = Sandbox::new(fork, vec![account(CONTRACT, code, vec![])]);
    let block = sandbox.block(vec![call(CONTRACT, 200_000)]);
    succeeded(&block, block.receipts.len() - 1)
}

#[test]
fn instructions_come_with_their_forks() {
    // PUSH0; TLOAD of slot 0; MCOPY of nothing; BLOBHASH of 0; CLZ of 0.
    let codes = [
        (&hex!("5f")[..], Fork::Canyon),
        (&hex!("60005c"), Fork::Ecotone),
        (&hex!("6000600060005e"), Fork::Ecotone),
        (&hex!("600049"), Fork::Ecotone),
        (&hex!("60001e"), Fork::Karst),
    ];
    for (code, since) in codes {
        for fork in FORKS {
            assert_eq!(runs(fork, code), fork >= since, "{} {fork:?}", hex::encode(code));
        }
    }
}

#[test]
fn canyon_warms_the_fee_recipient() {
    // GAS, BALANCE of COINBASE, GAS: what lies between is stored at slot 0.
    let code = hex!("5a 41 31 50 5a 90 03 600055 00");
    for (fork, gas) in [(Fork::Regolith, 2_600), (Fork::Canyon, 100)] {
        let mut sandbox = Sandbox::new(fork, vec![account(CONTRACT, &code, vec![])]);
        let block = sandbox.block(vec![call(CONTRACT, 200_000)]);
        let kept = slot(0, gas + 6);
        assert_eq!(block.header.state_root, sandbox.root(&[account(CONTRACT, &code, vec![kept]), depositor(1)]));
    }
}

#[test]
fn canyon_bounds_the_init_code_of_transactions() {
    let creation = |length: usize| {
        let (input, to) = (vec![0; length].into(), TxKind::Create);
        signed(TxEip1559 { gas_limit: 1_000_000, input, to, ..TxEip1559::default() })
    };
    for (fork, length, valid) in
        [(Fork::Regolith, 49_153, true), (Fork::Canyon, 49_152, true), (Fork::Canyon, 49_153, false)]
    {
        let (encoded, sender) = creation(length);
        let outcome = Sandbox::new(fork, vec![sender]).try_block(vec![encoded]);
        match outcome {
            Ok(_) => assert!(valid, "{fork:?} {length}"),
            Err(ExecuteError::Invalid(InvalidBlock::Transaction { index: 0, .. })) => assert!(!valid, "{fork:?}"),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Stores who calls it at slot 0, and with what at slot 1.
const RECORDER: [u8; 10] = hex!("33600055600035600155");

/// The system's calls before the first transaction, which cost the block no gas (rules X02).
#[test]
fn system_contracts_are_called_from_their_forks_on() {
    let beacon_roots = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
    let block_hashes = address!("0000F90827F1C53a10cb7A02335B175320002935");
    let system = address!("fffffffffffffffffffffffffffffffffffffffe");
    let root = B256::repeat_byte(9);
    for fork in FORKS {
        let contracts = [beacon_roots, block_hashes].map(|address| account(address, &RECORDER, vec![]));
        let mut sandbox = Sandbox::new(fork, contracts.to_vec());
        let mut attributes = sandbox.attributes(vec![]);
        attributes.parent_beacon_block_root = (fork >= Fork::Ecotone).then_some(root);
        let parent = attributes.parent.hash;
        let block = sandbox.state.execute(&attributes, &mut sandbox.memory).unwrap();
        let recorded = |input: B256| {
            let caller = U256::from_be_slice(system.as_slice());
            vec![
                GenesisSlot { key: U256::ZERO, value: caller },
                GenesisSlot { key: U256::from(1), value: input.into() },
            ]
        };
        let mut accounts = contracts.to_vec();
        if fork >= Fork::Ecotone {
            accounts[0].storage = recorded(root);
        }
        if fork >= Fork::Isthmus {
            accounts[1].storage = recorded(parent);
        }
        accounts.extend((fork >= Fork::Jovian).then(|| depositor(1)));
        assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?}");
        let without = Sandbox::new(fork, vec![]).block(vec![]).header.gas_used;
        assert_eq!(block.header.gas_used, without, "{fork:?}");
    }
}

/// What each fork makes of the header that is not execution's outcome (rules X30, X31).
#[test]
fn headers_have_the_fields_of_their_forks() {
    // SHA-256 of nothing.
    let no_requests = b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for fork in FORKS {
        let mut sandbox = Sandbox::new(fork, vec![]);
        let header = sandbox.block(vec![]).header;
        let is = |since: Fork| fork >= since;
        let message_passer = is(Fork::Isthmus).then_some(B256::ZERO);
        let withdrawals = is(Fork::Canyon).then_some(EMPTY_ROOT);
        assert_eq!(header.withdrawals_root, message_passer.or(withdrawals), "{fork:?}");
        assert_eq!(header.blob_gas_used, is(Fork::Ecotone).then_some(0), "{fork:?}");
        assert_eq!(header.excess_blob_gas, is(Fork::Ecotone).then_some(0), "{fork:?}");
        assert_eq!(header.parent_beacon_block_root, is(Fork::Ecotone).then_some(B256::ZERO), "{fork:?}");
        assert_eq!(header.requests_hash, is(Fork::Isthmus).then_some(no_requests), "{fork:?}");
        let extra_data = match fork {
            Fork::Karst | Fork::Jovian => 17,
            Fork::Isthmus | Fork::Holocene => 9,
            _ => 0,
        };
        assert_eq!(header.extra_data.len(), extra_data, "{fork:?}");
        assert_eq!((header.difficulty, header.nonce.is_zero()), (U256::ZERO, true), "{fork:?}");
        assert_eq!(header.beneficiary, address!("4200000000000000000000000000000000000011"), "{fork:?}");
    }
}

#[test]
fn p256_verify_is_of_fjord() {
    // Where there is no precompile a call finds nobody and succeeds for nothing.
    assert!(succeeds(Fork::Canyon, P256_VERIFY, 0, &[]));
    assert!(succeeds(Fork::Ecotone, P256_VERIFY, 0, &[]));
    assert!(!succeeds(Fork::Fjord, P256_VERIFY, 3_449, &[]));
    assert_eq!(precompile(Fork::Fjord, P256_VERIFY, 3_450, &[]), Some(0));
}

/// Rules X40: the pairing check's input from Granite on, and less from Jovian on.
#[test]
fn granite_bounds_the_input_of_the_pairing_check() {
    let zeros = |count: usize| vec![0; 192 * count];
    let gas = 45_000 + 34_000 * 587;
    assert_eq!(precompile(Fork::Fjord, PAIRING, gas, &zeros(587)), Some(32));
    for fork in [Fork::Granite, Fork::Holocene, Fork::Isthmus] {
        assert_eq!(precompile(fork, PAIRING, gas, &zeros(586)), Some(32), "{fork:?}");
        assert_eq!(precompile(fork, PAIRING, gas, &zeros(587)), None, "{fork:?}");
    }
    assert_eq!(precompile(Fork::Jovian, PAIRING, gas, &zeros(427)), Some(32));
    assert_eq!(precompile(Fork::Jovian, PAIRING, gas, &zeros(428)), None);
}

/// Rules X40: before Jovian tightens them.
#[test]
fn isthmus_bounds_the_input_of_bls_precompiles() {
    for (address, isthmus, jovian, element) in
        [(BLS_G1_MSM, 513_760, 288_960, 160), (BLS_G2_MSM, 488_448, 278_784, 288), (BLS_PAIRING, 235_008, 156_672, 384)]
    {
        let zeros = vec![0; isthmus + element];
        assert!(succeeds(Fork::Isthmus, address, 28_000_000, &zeros[..isthmus]), "{address}");
        assert!(!succeeds(Fork::Isthmus, address, 28_000_000, &zeros), "{address}");
        assert!(succeeds(Fork::Jovian, address, 28_000_000, &zeros[..jovian]), "{address}");
        assert!(!succeeds(Fork::Jovian, address, 28_000_000, &zeros[..jovian + element]), "{address}");
        assert!(succeeds(Fork::Holocene, address, 0, &zeros), "nobody is there");
    }
}

/// The activation blocks that no recorded chain has, on a state without predeploys: calls of those find nobody.
#[test]
fn upgrades_of_ecotone_and_fjord_deploy_their_contracts() {
    for (before, fork, count) in [(Fork::Canyon, Fork::Ecotone, 6), (Fork::Ecotone, Fork::Fjord, 3)] {
        let mut config = config(before);
        config.forks.set(fork, Some(1_002));
        let upgrades = upgrade_transactions(&config, 1_002);
        assert_eq!(upgrades.len(), count);
        let deposits: Vec<Deposit> = upgrades.iter().map(|upgrade| Deposit::decode(upgrade).unwrap()).collect();
        let mut sandbox = Sandbox::with(config, vec![], |_| ());
        let block = sandbox.block(upgrades);
        assert!((0..count).all(|index| succeeded(&block, index)), "{fork:?}");

        let mut nonces = BTreeMap::<Address, u64>::new();
        let mut accounts = Vec::new();
        for Deposit { from, to, data, .. } in deposits {
            *nonces.entry(from).or_default() += 1;
            if to.is_create() {
                // What follows the constructor: solc's without arguments, or that of the contract's own EIP.
                let constructor = if data.len() < 200 { 9 } else { 32 };
                accounts.push(account(from.create(0), &data[constructor..], vec![]));
            }
        }
        accounts.extend(nonces.into_iter().map(|(from, nonce)| GenesisAccount { nonce, ..account(from, &[], vec![]) }));
        assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?}");
    }
}

/// What they deploy, by the hashes that op-node's end-to-end tests expect, and for Jovian by those of OP Stack chains'
/// contracts.
#[test]
fn upgrades_deploy_the_codes_of_known_hashes() {
    // PUSH1 0 CALLDATALOAD EXTCODEHASH PUSH1 0 MSTORE LOG0(0, 32)
    let asker = account(CONTRACT, &hex!("6000353f60005260206000a000"), vec![]);
    let cases: [(Fork, Fork, &[B256]); 4] = [
        (
            Fork::Canyon,
            Fork::Ecotone,
            &[
                b256!("c88a313aa75dc4fbf0b6850d9f9ae41e04243b7008cf3eadb29256d4a71c1dfd"),
                b256!("8b71360ea773b4cfaf1ae6d2bd15464a4e1e2e360f786e475f63aeaed8da0ae5"),
                b256!("f57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c"),
            ],
        ),
        (Fork::Ecotone, Fork::Fjord, &[b256!("a88fa50a2745b15e6794247614b5298483070661adacb8d32d716434ed24c6b2")]),
        (
            Fork::Holocene,
            Fork::Isthmus,
            &[
                b256!("8e3fe7a416d3e5f3b7be74ddd4e7e58e516fa3f80b67c6d930e3cd7297da4a4b"),
                b256!("4d195a9d7caf9fb6d4beaf80de252c626c853afd5868c4f4f8d19c9d301c2679"),
                b256!("57dc55c9c09ca456fa728f253fe7b895d3e6aae0706104935fe87c7721001971"),
                b256!("6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d"),
            ],
        ),
        (
            Fork::Isthmus,
            Fork::Jovian,
            &[
                b256!("5f885ca815d2cf27a203123e50b8ae204fdca910b6995d90b2d7700cbb9240d1"),
                b256!("e9fc7c96c4db0d6078e3d359d7e8c982c350a513cb2c31121adf5e1e8a446614"),
            ],
        ),
    ];
    for (before, fork, hashes) in cases {
        let mut config = config(before);
        config.forks.set(fork, Some(1_002));
        let upgrades = upgrade_transactions(&config, 1_002);
        let creations: Vec<Address> = upgrades
            .iter()
            .map(|upgrade| Deposit::decode(upgrade).unwrap())
            .filter(|upgrade| upgrade.to.is_create())
            .map(|upgrade| upgrade.from.create(0))
            .collect();
        assert_eq!(creations.len(), hashes.len(), "{fork:?}");
        let mut sandbox = Sandbox::with(config, vec![asker.clone()], |_| ());
        sandbox.block(upgrades);
        let ask = |created: &Address| deposit(TxDeposit { input: created.into_word().into(), ..to(CONTRACT, 100_000) });
        let block = sandbox.block(creations.iter().map(ask).collect());
        let asked = block.receipts.len() - creations.len()..block.receipts.len();
        let told: Vec<_> = asked.map(|index| B256::from_slice(&receipt(&block, index).logs()[0].data.data)).collect();
        assert_eq!(told, hashes, "{fork:?}");
    }
}
