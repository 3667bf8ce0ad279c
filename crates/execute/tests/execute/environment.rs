//! What a block tells its transactions of itself and of those before it (rules X01, X02, X07, X32, X62).

use crate::support::sandbox::{
    BASE_FEE, CONTRACT, FORKS, GENESIS_TIME, Sandbox, account, call, config, deposit, depositor, slot, to,
};
use alloy_consensus::{Header, Sealable, Sealed};
use alloy_primitives::{B256, Bytes, U256, address, hex};
use kohala_execute::{ExecuteError, InvalidBlock};
use kohala_protocol::{Fork, output_root};
use kohala_testdata::{GenesisAccount, GenesisSlot};
use kohala_trie::EMPTY_ROOT;
use op_alloy_consensus::TxDeposit;

/// Each instruction that asks for the block's environment, and since when there is one.
#[test]
fn instructions_tell_the_blocks_environment() {
    let randao = B256::repeat_byte(0x4e);
    let words = |gas_limit: u64| {
        [
            (0x41, Fork::Bedrock, U256::from_be_slice(address!("4200000000000000000000000000000000000011").as_slice())),
            (0x42, Fork::Bedrock, U256::from(GENESIS_TIME + 2)),
            (0x43, Fork::Bedrock, U256::from(1)),
            (0x44, Fork::Bedrock, randao.into()),
            (0x45, Fork::Bedrock, U256::from(gas_limit)),
            (0x46, Fork::Bedrock, U256::from(901)),
            (0x48, Fork::Bedrock, U256::from(BASE_FEE)),
            // A transaction's price: deposits have none.
            (0x3a, Fork::Bedrock, U256::ZERO),
            (0x4a, Fork::Ecotone, U256::from(1)),
        ]
    };
    for fork in FORKS {
        let gas_limit = 77_777_777;
        // The instruction, PUSH1 its opcode SSTORE
        let words = words(gas_limit).into_iter().filter(|(_, since, _)| fork >= *since);
        let code: Vec<u8> = words.clone().flat_map(|(opcode, ..)| [opcode, 0x60, opcode, 0x55]).collect();
        let mut sandbox = Sandbox::new(fork, vec![account(CONTRACT, &code, vec![])]);
        let mut attributes = sandbox.attributes(vec![call(CONTRACT, 500_000)]);
        attributes.gas_limit = gas_limit;
        attributes.prev_randao = randao;
        let block = sandbox.state.execute(&attributes, &mut sandbox.memory).unwrap();
        let storage = words.filter(|(.., value)| !value.is_zero());
        let storage = storage.map(|(opcode, _, value)| GenesisSlot { key: U256::from(opcode), value }).collect();
        let accounts = [account(CONTRACT, &code, storage), depositor(attributes.deposits as u64)];
        assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?}");
        assert_eq!((block.header.gas_limit, block.header.mix_hash, block.header.number), (gas_limit, randao, 1));
    }
}

/// The system's calls have 30 million gas each, and leave nothing behind where they fail.
#[test]
fn system_calls_have_gas_of_their_own_and_may_fail() {
    let contracts = [
        (address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02"), Fork::Ecotone),
        (address!("0000F90827F1C53a10cb7A02335B175320002935"), Fork::Isthmus),
    ];
    // GAS PUSH1 1 SSTORE; the same and INVALID; the same and a loop.
    for (code, kept) in
        [(&hex!("5a600155")[..], true), (&hex!("5a600155fe"), false), (&hex!("5a6001555b600456"), false)]
    {
        for (contract, since) in contracts {
            for fork in FORKS {
                let before = account(contract, code, vec![]);
                let mut sandbox = Sandbox::new(fork, vec![before.clone()]);
                let block = sandbox.block(vec![]);
                let called = kept && fork >= since;
                let mut accounts = vec![GenesisAccount {
                    storage: called.then(|| slot(1, 30_000_000 - 2)).into_iter().collect(),
                    ..before
                }];
                accounts.extend((fork >= Fork::Jovian).then(|| depositor(1)));
                assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?} {contract}");
                assert_eq!(block.header.gas_used, Sandbox::new(fork, vec![]).block(vec![]).header.gas_used);
            }
        }
    }
}

/// Whoever is not there is not made by a call either: neither the contracts nor the system that calls them.
#[test]
fn system_calls_make_no_accounts() {
    for fork in FORKS {
        let mut sandbox = Sandbox::new(fork, vec![]);
        let state_root = sandbox.block(vec![]).header.state_root;
        let accounts: Vec<_> = (fork >= Fork::Jovian).then(|| depositor(1)).into_iter().collect();
        assert_eq!(state_root, sandbox.root(&accounts), "{fork:?}");
    }
}

/// L2 gas limits go by the system config and not by steps (rules X07).
#[test]
fn gas_limit_changes_as_it_likes() {
    for fork in FORKS {
        let mut sandbox = Sandbox::new(fork, vec![]);
        for gas_limit in [300_000, i64::MAX as u64, 5_000_000_000, 200_000] {
            let mut attributes = sandbox.attributes(vec![]);
            attributes.gas_limit = gas_limit;
            let block = sandbox.state.execute(&attributes, &mut sandbox.memory).unwrap();
            assert_eq!(block.header.gas_limit, gas_limit, "{fork:?}");
        }
        let mut attributes = sandbox.attributes(vec![]);
        attributes.gas_limit = 1 << 63;
        let refused = sandbox.state.execute(&attributes, &mut sandbox.memory);
        assert!(matches!(refused, Err(ExecuteError::Invalid(InvalidBlock::GasLimit(_)))), "{fork:?}");
    }
}

/// PUSH0 CALLDATALOAD BLOCKHASH PUSH0 SSTORE
const HASH_KEEPER: [u8; 6] = hex!("5f35405f5500");

/// A chain at height 300 whose headers the source has, and a contract that stores the hash of the block that its input
/// names at slot 0.
fn with_history(fork: Fork) -> (Sandbox, Vec<B256>) {
    let mut headers: Vec<Sealed<Header>> = Vec::new();
    for number in 0..300 {
        let parent_hash = headers.last().map_or(B256::ZERO, Sealed::hash);
        headers.push(Header { number, parent_hash, ..Header::default() }.seal_slow());
    }
    let parent_hash = headers[299].hash();
    let keeper = account(CONTRACT, &HASH_KEEPER, vec![]);
    let mut sandbox = Sandbox::with(config(fork), vec![keeper], |head| {
        head.number = 300;
        head.parent_hash = parent_hash;
    });
    let mut hashes: Vec<B256> = headers.iter().map(Sealed::hash).collect();
    hashes.push(sandbox.state.head().hash());
    sandbox.memory.headers.extend(headers.into_iter().map(Sealed::split).map(|(header, hash)| (hash, header)));
    (sandbox, hashes)
}

fn keep_hash_of(number: u64) -> Bytes {
    deposit(TxDeposit { input: B256::from(U256::from(number)).to_vec().into(), ..to(CONTRACT, 100_000) })
}

/// Which hash the contract holds after a block that asks for `number`, and how many headers were asked for.
fn block_hash(sandbox: &mut Sandbox, hashes: &[B256], number: u64) -> usize {
    let mut sandbox = Sandbox {
        state: sandbox.state.clone(),
        memory: std::mem::take(&mut sandbox.memory),
        config: sandbox.config.clone(),
    };
    sandbox.memory.asked.clear();
    let block = sandbox.block(vec![keep_hash_of(number)]);
    let asked = sandbox.memory.asked.iter().filter(|hash| sandbox.memory.headers.contains_key(*hash)).count();
    let hash = hashes.get(number as usize).filter(|_| number + 256 > 300);
    let storage = hash.map(|hash| GenesisSlot { key: U256::ZERO, value: (*hash).into() }).into_iter().collect();
    let expected = sandbox.root(&[account(CONTRACT, &HASH_KEEPER, storage), depositor(1)]);
    assert_eq!(block.header.state_root, expected, "hash of {number}");
    asked
}

#[test]
fn block_hash_walks_back_over_headers() {
    for (number, walked) in [(300, 0), (299, 0), (298, 1), (290, 9), (45, 254), (44, 0), (301, 0), (302, 0)] {
        for fork in [Fork::Granite, Fork::Isthmus] {
            let (mut sandbox, hashes) = with_history(fork);
            assert_eq!(block_hash(&mut sandbox, &hashes, number), walked, "hash of {number}, {fork:?}");
        }
    }
}

#[test]
fn block_hash_walks_once() {
    let (mut sandbox, _) = with_history(Fork::Granite);
    sandbox.block(vec![keep_hash_of(60)]);
    sandbox.memory.asked.clear();
    sandbox.block(vec![keep_hash_of(61)]);
    assert!(sandbox.memory.asked.iter().all(|hash| !sandbox.memory.headers.contains_key(hash)));
}

/// A chain shorter than the window: its genesis is the first block that has a hash.
#[test]
fn block_hash_on_a_young_chain_reaches_its_genesis() {
    for fork in [Fork::Canyon, Fork::Karst] {
        let mut sandbox = Sandbox::new(fork, vec![account(CONTRACT, &HASH_KEEPER, vec![])]);
        let mut hashes = vec![sandbox.state.head().hash()];
        // The source has no header, and nobody has to ask for one.
        for number in 1..5 {
            for asked in [0, 1, number - 1, number, number + 1] {
                let mut state = sandbox.state.clone();
                let attributes = sandbox.attributes(vec![keep_hash_of(asked)]);
                let block = state.execute(&attributes, &mut sandbox.memory).unwrap();
                let hash =
                    hashes.get(asked as usize).map(|hash| GenesisSlot { key: U256::ZERO, value: (*hash).into() });
                let deposits = attributes.deposits as u64 + if fork < Fork::Jovian { 0 } else { number - 1 };
                let keeper = account(CONTRACT, &HASH_KEEPER, hash.into_iter().collect());
                let expected = sandbox.root(&[keeper, depositor(deposits)]);
                assert_eq!(block.header.state_root, expected, "{fork:?}: hash of {asked} in {number}");
            }
            hashes.push(sandbox.block(vec![]).header.hash());
        }
    }
}

/// Of blocks that were executed here the hashes are known, as many as the window holds and no more.
#[test]
fn block_hash_knows_blocks_that_were_executed_here() {
    let mut sandbox = Sandbox::new(Fork::Granite, vec![account(CONTRACT, &HASH_KEEPER, vec![])]);
    let mut hashes = vec![sandbox.state.head().hash()];
    for _ in 0..300 {
        hashes.push(sandbox.block(vec![]).header.hash());
    }
    for (number, known) in [(300, true), (46, true), (45, true), (44, false), (0, false)] {
        let mut state = sandbox.state.clone();
        let attributes = sandbox.attributes(vec![keep_hash_of(number)]);
        sandbox.memory.asked.clear();
        let block = state.execute(&attributes, &mut sandbox.memory).unwrap();
        assert!(sandbox.memory.asked.iter().all(|asked| !hashes.contains(asked)));
        let storage = known.then(|| GenesisSlot { key: U256::ZERO, value: hashes[number as usize].into() });
        let keeper = account(CONTRACT, &HASH_KEEPER, storage.into_iter().collect());
        assert_eq!(block.header.state_root, sandbox.root(&[keeper, depositor(1)]), "hash of {number}");
    }
}

/// Without a message passer its storage is empty for the output root; Isthmus' header says zero, and that is what counts.
#[test]
fn output_root_of_a_chain_without_message_passer() {
    for fork in FORKS {
        let mut sandbox = Sandbox::new(fork, vec![]);
        let header = sandbox.block(vec![]).header;
        let storage = if fork < Fork::Isthmus { EMPTY_ROOT } else { B256::ZERO };
        let expected = output_root(header.state_root, storage, header.hash());
        assert_eq!(sandbox.state.output_root(&mut sandbox.memory).unwrap(), expected, "{fork:?}");
    }
}
