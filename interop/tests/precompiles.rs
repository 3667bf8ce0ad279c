//! op-geth's vectors of precompiles, called on our state by a contract: computed here, and told by the source.

use alloy_consensus::{Header, Sealable, TrieAccount};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256};
use anyhow::{Context, Result};
use kohala_execute::{PrecompileOutcome, State, StateSource};
use kohala_interop::module;
use kohala_protocol::{
    Attributes, BaseFeeConfig, BlockId, Eip1559Params, Fork, ForkTimes, Genesis, Receipt, RollupConfig,
};
use kohala_trie::{EMPTY_ROOT, NodeSource, Trie};
use op_alloy_consensus::TxDeposit;
use revm::precompile::Precompiles;
use serde::Deserialize;
use std::{fs, path::PathBuf, sync::Arc};

/// Files of vectors, and the precompile that they are of. Those of «fail-» have inputs that fail.
const FILES: [(&str, u8); 19] = [
    ("ecRecover", 0x01),
    ("bn256Pairing", 0x08),
    ("pointEvaluation", 0x0a),
    ("blsG1Add", 0x0b),
    ("blsG1Mul", 0x0c),
    ("blsG1MultiExp", 0x0c),
    ("blsG2Add", 0x0d),
    ("blsG2Mul", 0x0e),
    ("blsG2MultiExp", 0x0e),
    ("blsPairing", 0x0f),
    ("blsMapG1", 0x10),
    ("blsMapG2", 0x11),
    ("fail-blsG1Add", 0x0b),
    ("fail-blsG1MultiExp", 0x0c),
    ("fail-blsG2Add", 0x0d),
    ("fail-blsG2MultiExp", 0x0e),
    ("fail-blsPairing", 0x0f),
    ("fail-blsMapG1", 0x10),
    ("fail-blsMapG2", 0x11),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vector {
    input: String,
    /// Absent if the call fails.
    expected: Option<String>,
    gas: Option<u64>,
    name: String,
}

const ASKER: Address = address!("0000000000000000000000000000000000000a5c");
/// Calls whom the first word names, with the gas of the second one and what follows for its input, and logs the answer,
/// with 1 as topic if it was one.
const ASKER_CODE: [u8; 37] = hex!("60403603604060003760006000604036036000600035602035fa3d600060003e3d6000a100");

/// A state with the asker alone, which may stand in for precompiles.
struct Source {
    node: Bytes,
    answers: bool,
    asked: usize,
}

impl NodeSource for Source {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        if keccak256(&self.node) == hash { Ok(self.node.clone()) } else { Err(hash) }
    }
}

impl StateSource for Source {
    fn code(&mut self, hash: B256) -> Result<Bytes, B256> {
        if keccak256(ASKER_CODE) == hash { Ok(ASKER_CODE.into()) } else { Err(hash) }
    }

    fn header(&mut self, hash: B256) -> Result<Header, B256> {
        Err(hash)
    }

    fn precompile(&mut self, address: Address, gas: u64, input: &[u8]) -> Result<Option<PrecompileOutcome>, B256> {
        if !self.answers {
            return Ok(None);
        }
        self.asked += 1;
        let precompile = Precompiles::latest().get(&address).ok_or(B256::ZERO)?;
        let output = precompile.execute(input, gas, 0).map_err(|_| B256::ZERO)?;
        Ok(Some(match output.is_success() {
            true => PrecompileOutcome::Success(output.bytes),
            false => PrecompileOutcome::Failure,
        }))
    }
}

/// What comes of calls by address, gas and input: the outputs, and how often the source was asked.
fn call(calls: &[(u8, u64, Vec<u8>)], answers: bool) -> (Vec<Option<Bytes>>, usize) {
    let mut forks = ForkTimes::default();
    Fork::ALL.into_iter().filter(|fork| *fork <= Fork::Isthmus).for_each(|fork| forks.set(fork, Some(0)));
    let config = RollupConfig {
        genesis: Genesis::default(),
        block_time: 2,
        max_sequencer_drift: 600,
        seq_window_size: 3600,
        channel_timeout: 300,
        l1_chain_id: 900,
        l2_chain_id: 901,
        forks,
        pectra_blob_schedule_time: None,
        keep_karst_upgrade_gas: false,
        batch_inbox_address: Address::ZERO,
        deposit_contract_address: Address::ZERO,
        l1_system_config_address: Address::ZERO,
        base_fee: BaseFeeConfig::default(),
    };
    let asker =
        TrieAccount { nonce: 1, balance: U256::ZERO, storage_root: EMPTY_ROOT, code_hash: keccak256(ASKER_CODE) };
    let mut source = Source { node: Bytes::new(), answers, asked: 0 };
    let mut trie = Trie::empty();
    trie.insert(&keccak256(ASKER), &alloy_rlp::encode(asker), &mut source).unwrap();
    let parent = Header {
        state_root: trie.commit(|_, node| source.node = Bytes::copy_from_slice(node)),
        gas_limit: 1 << 50,
        timestamp: 1_000,
        base_fee_per_gas: Some(1_000_000_000),
        extra_data: Bytes::from_static(&[0, 0, 0, 0, 250, 0, 0, 0, 6]),
        ..Header::default()
    };
    let parent = parent.seal_slow();
    let deposit = |(precompile, gas, input): &(u8, u64, Vec<u8>)| {
        let words = [U256::from(*precompile), U256::from(*gas)].map(|word| word.to_be_bytes::<32>()).concat();
        let input = [&words[..], input].concat().into();
        let deposit = TxDeposit { to: TxKind::Call(ASKER), gas_limit: 1 << 30, input, ..TxDeposit::default() };
        Bytes::from(deposit.encoded_2718())
    };
    let attributes = Attributes {
        parent: BlockId { number: parent.number, hash: parent.hash() },
        timestamp: 1_002,
        prev_randao: B256::ZERO,
        gas_limit: 1 << 50,
        parent_beacon_block_root: Some(B256::ZERO),
        eip1559_params: Some(Eip1559Params::default()),
        min_base_fee: None,
        transactions: calls.iter().map(deposit).collect(),
        deposits: calls.len(),
        l1_origin: BlockId::default(),
        sequence_number: 0,
    };
    let block = State::at(Arc::new(config), parent).execute(&attributes, &mut source).unwrap();
    let answer = |receipt: &Bytes| {
        let receipt = Receipt::decode(receipt).unwrap();
        assert!(receipt.succeeded && receipt.logs.len() == 1);
        let log = &receipt.logs[0];
        (log.topics()[0] == B256::with_last_byte(1)).then(|| log.data.data.clone())
    };
    (block.receipts.iter().map(answer).collect(), source.asked)
}

/// Bytes of input at most (rules X40), which the vectors know nothing of.
const fn limit(precompile: u8) -> usize {
    match precompile {
        0x0c => 513_760,
        0x0e => 488_448,
        0x0f => 235_008,
        _ => usize::MAX,
    }
}

/// Rules X42: whoever computes it, the output is op-geth's, for op-geth's gas and no less.
#[test]
fn precompiles_give_what_op_geths_vectors_say() -> Result<()> {
    let folder: PathBuf = module("github.com/ethereum-optimism/op-geth", "v1.101702.2")?;
    for (file, precompile) in FILES {
        let path = folder.join(format!("core/vm/testdata/precompiles/{file}.json"));
        let json = fs::read(&path).with_context(|| path.display().to_string())?;
        let vectors: Vec<Vector> = serde_json::from_slice(&json)?;
        assert!(!vectors.is_empty());
        let (mut calls, mut expected) = (Vec::new(), Vec::new());
        for Vector { input, expected: output, gas, name } in vectors {
            let input = hex::decode(&input).with_context(|| name.clone())?;
            let gas = gas.unwrap_or(10_000_000);
            if let Some(output) = output {
                let output = Bytes::from(hex::decode(output)?);
                calls.push((precompile, gas, input.clone()));
                expected.push((name.clone(), Some(output).filter(|_| input.len() <= limit(precompile))));
            }
            // Without a gas of its own a vector fails with any.
            calls.push((precompile, gas - 1, input));
            expected.push((name, None));
        }
        for answers in [false, true] {
            let (outputs, asked) = call(&calls, answers);
            for (output, (name, expected)) in outputs.iter().zip(&expected) {
                assert_eq!(output, expected, "{file}: {name}, told: {answers}");
            }
            assert_eq!(asked > 0, answers, "{file}");
        }
    }
    Ok(())
}
