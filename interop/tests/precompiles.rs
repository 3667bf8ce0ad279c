//! The precompiles of each fork against op-geth's own vectors: a contract calls them in a block of ours, which computes
//! them, or is told.

mod state;

use alloy_consensus::{Header, Sealable};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U64, U256, address, hex};
use anyhow::{Context, Result};
use kohala_execute::{PrecompileOutcome, State, StateSource};
use kohala_interop::op_geth;
use kohala_protocol::{Attributes, BlockId, Eip1559Params, Fork, Receipt};
use kohala_trie::NodeSource;
use op_alloy_consensus::TxDeposit;
use revm::precompile::Precompiles;
use serde::Deserialize;
use state::{Account, Alloc, BLOCK_TIME, Memory, config};
use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
const CALLER: Address = address!("0000000000000000000000000000000000001001");

/// Input: gas, address, the precompile's input. Logs whether the call succeeds, the gas that it takes and its output.
///
/// CALLDATACOPY of the input to 0; GAS, STATICCALL, GAS; MSTORE of success at 0, and of the difference at 32; RETURNDATACOPY
/// behind them; LOG0.
const CODE: [u8; 49] = hex!(
    "604036038060406000375a60006000836000602035600035fa5a90"
    "60005290036020523d600060403e3d6040016000a000"
);
/// What lies between the two GAS besides the callee's: the call's own price, eight instructions of 3, the second GAS.
const OVERHEAD: u64 = 100 + 8 * 3 + 2;
/// Enough gas for any vector, its input and the memory for it.
const GAS_LIMIT: u64 = 100_000_000;
/// Gas of calls that have to fail, more than any of them would take.
const PLENTY: u64 = 10_000_000;

const BN256_PAIRING: u16 = 0x08;
const BLS_G1_MSM: u16 = 0x0c;
const BLS_G2_MSM: u16 = 0x0e;
const BLS_PAIRING: u16 = 0x0f;

/// op-geth's files, the precompile's address, and the first and the last fork whose rules a file is by.
const FILES: [(&str, u16, Fork, Fork); 29] = [
    ("ecRecover", 0x01, Fork::Bedrock, Fork::Karst),
    ("modexp_eip2565", 0x05, Fork::Bedrock, Fork::Jovian),
    ("modexp_eip7883", 0x05, Fork::Karst, Fork::Karst),
    ("bn256Add", 0x06, Fork::Bedrock, Fork::Karst),
    ("bn256ScalarMul", 0x07, Fork::Bedrock, Fork::Karst),
    ("bn256Pairing", BN256_PAIRING, Fork::Bedrock, Fork::Karst),
    ("blake2F", 0x09, Fork::Bedrock, Fork::Karst),
    ("fail-blake2f", 0x09, Fork::Bedrock, Fork::Karst),
    ("pointEvaluation", 0x0a, Fork::Ecotone, Fork::Karst),
    ("blsG1Add", 0x0b, Fork::Isthmus, Fork::Karst),
    ("fail-blsG1Add", 0x0b, Fork::Isthmus, Fork::Karst),
    ("blsG1Mul", BLS_G1_MSM, Fork::Isthmus, Fork::Karst),
    ("fail-blsG1Mul", BLS_G1_MSM, Fork::Isthmus, Fork::Karst),
    ("blsG1MultiExp", BLS_G1_MSM, Fork::Isthmus, Fork::Karst),
    ("fail-blsG1MultiExp", BLS_G1_MSM, Fork::Isthmus, Fork::Karst),
    ("blsG2Add", 0x0d, Fork::Isthmus, Fork::Karst),
    ("fail-blsG2Add", 0x0d, Fork::Isthmus, Fork::Karst),
    ("blsG2Mul", BLS_G2_MSM, Fork::Isthmus, Fork::Karst),
    ("fail-blsG2Mul", BLS_G2_MSM, Fork::Isthmus, Fork::Karst),
    ("blsG2MultiExp", BLS_G2_MSM, Fork::Isthmus, Fork::Karst),
    ("fail-blsG2MultiExp", BLS_G2_MSM, Fork::Isthmus, Fork::Karst),
    ("blsPairing", BLS_PAIRING, Fork::Isthmus, Fork::Karst),
    ("fail-blsPairing", BLS_PAIRING, Fork::Isthmus, Fork::Karst),
    ("blsMapG1", 0x10, Fork::Isthmus, Fork::Karst),
    ("fail-blsMapG1", 0x10, Fork::Isthmus, Fork::Karst),
    ("blsMapG2", 0x11, Fork::Isthmus, Fork::Karst),
    ("fail-blsMapG2", 0x11, Fork::Isthmus, Fork::Karst),
    ("p256VerifyFjord", 0x100, Fork::Fjord, Fork::Jovian),
    ("p256Verify", 0x100, Fork::Karst, Fork::Karst),
];

/// Bytes of input that precompiles take at most from a fork on, later forks first (rules X40). op-geth's vectors are by
/// Ethereum's rules, which have no such bounds.
const INPUT_LIMITS: [(u16, Fork, usize); 9] = [
    (BN256_PAIRING, Fork::Karst, 57_600),
    (BN256_PAIRING, Fork::Jovian, 81_984),
    (BN256_PAIRING, Fork::Granite, 112_687),
    (BLS_G1_MSM, Fork::Jovian, 288_960),
    (BLS_G1_MSM, Fork::Isthmus, 513_760),
    (BLS_G2_MSM, Fork::Jovian, 278_784),
    (BLS_G2_MSM, Fork::Isthmus, 488_448),
    (BLS_PAIRING, Fork::Jovian, 156_672),
    (BLS_PAIRING, Fork::Isthmus, 235_008),
];

fn input_limit(fork: Fork, precompile: u16) -> usize {
    let row = INPUT_LIMITS.iter().find(|(limited, since, _)| *limited == precompile && fork >= *since);
    row.map_or(usize::MAX, |row| row.2)
}

/// The forks at which a file's vectors are looked at: the first and the last whose rules it is by, and in between those at
/// which a bound of the input comes that is no longer the last one's.
fn forks(precompile: u16, first: Fork, last: Fork) -> impl Iterator<Item = Fork> {
    let bounds = move |fork| {
        let comes = INPUT_LIMITS.iter().any(|(limited, since, _)| (*limited, *since) == (precompile, fork));
        comes && input_limit(fork, precompile) != input_limit(last, precompile)
    };
    let is_one = move |fork: &Fork| *fork == first || *fork == last || bounds(*fork);
    Fork::ALL.into_iter().filter(move |fork| (first..=last).contains(fork)).filter(is_one)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vector {
    name: String,
    input: String,
    /// Absent where the call has to fail.
    expected: Option<String>,
    gas: Option<u64>,
}

fn directory() -> Result<PathBuf> {
    Ok(op_geth()?.join("core/vm/testdata/precompiles"))
}

/// A call of a precompile, and what has to become of it.
struct Call {
    name: String,
    gas: u64,
    input: Vec<u8>,
    /// `None` if it fails, and so takes all of its gas.
    output: Option<Vec<u8>>,
}

/// The calls that show a file's vectors: with the gas that one costs, and with too little by one.
fn calls(file: &str, fork: Fork, precompile: u16) -> Result<Vec<Call>> {
    let vectors: Vec<Vector> = serde_json::from_slice(&fs::read(directory()?.join(file).with_extension("json"))?)?;
    let mut calls = Vec::new();
    for Vector { name, input, expected, gas } in vectors {
        let input = hex::decode(input)?;
        let fits = input.len() <= input_limit(fork, precompile);
        match (expected, gas) {
            (Some(expected), Some(gas)) if fits => {
                let output = Some(hex::decode(expected)?);
                calls.push(Call { name: name.clone(), gas, input: input.clone(), output });
                calls.extend((gas > 0).then(|| Call { name, gas: gas - 1, input, output: None }));
            }
            (_, gas) => calls.push(Call { name, gas: gas.unwrap_or(PLENTY), input, output: None }),
        }
    }
    Ok(calls)
}

fn deposit(to: Address, input: Bytes) -> Bytes {
    let deposit = TxDeposit { to: TxKind::Call(to), gas_limit: GAS_LIMIT, input, ..TxDeposit::default() };
    deposit.encoded_2718().into()
}

/// A state that knows what comes of precompiles, if it is to tell.
struct Source {
    memory: Memory,
    tells: bool,
    asked: usize,
}

impl NodeSource for Source {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.memory.node(hash)
    }
}

impl StateSource for Source {
    fn code(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.memory.code(hash)
    }

    fn header(&mut self, hash: B256) -> Result<Header, B256> {
        self.memory.header(hash)
    }

    fn is_accelerated(&self) -> bool {
        self.tells
    }

    fn precompile(&mut self, address: Address, gas: u64, input: &[u8]) -> Result<Option<PrecompileOutcome>, B256> {
        self.asked += 1;
        let precompile = Precompiles::latest().get(&address).ok_or(B256::ZERO)?;
        let output = precompile.execute(input, gas, 0).map_err(|_| B256::ZERO)?;
        Ok(Some(match output.is_success() {
            true => PrecompileOutcome::Success(output.bytes),
            false => PrecompileOutcome::Failure,
        }))
    }
}

/// The logs of a block with these inputs of the caller, and how often its source was asked for an outcome.
fn logs(fork: Fork, inputs: impl IntoIterator<Item = Bytes>, tells: bool) -> Result<(Vec<Bytes>, usize)> {
    let config = Arc::new(config(fork));
    let is = |since| fork >= since;
    let mut memory = Memory::default();
    let caller = Account { code: CODE.into(), nonce: U64::from(1), ..Account::default() };
    let params = Eip1559Params { denominator: 250, elasticity: 6 };
    let extra = [&[u8::from(is(Fork::Jovian)), 0, 0, 0, 250, 0, 0, 0, 6][..], &[0; 8]].concat();
    let extra_data = extra[..if is(Fork::Jovian) {
        17
    } else if is(Fork::Holocene) {
        9
    } else {
        0
    }]
        .to_vec();
    let parent = Header {
        state_root: memory.put(&Alloc::from([(CALLER, caller)])),
        gas_limit: 1 << 40,
        timestamp: 1_000,
        base_fee_per_gas: Some(1_000_000_000),
        extra_data: extra_data.into(),
        blob_gas_used: Some(0),
        ..Header::default()
    };
    let parent = parent.seal_slow();
    let mut l1_info = vec![0; 178];
    l1_info[..4].copy_from_slice(&hex!("3db6be2b"));
    let mut transactions = vec![deposit(L1_BLOCK, l1_info.into())];
    transactions.extend(inputs.into_iter().map(|input| deposit(CALLER, input)));
    let attributes = Attributes {
        parent: BlockId { number: parent.number, hash: parent.hash() },
        timestamp: parent.timestamp + BLOCK_TIME,
        prev_randao: B256::ZERO,
        gas_limit: parent.gas_limit,
        parent_beacon_block_root: is(Fork::Ecotone).then_some(B256::ZERO),
        eip1559_params: is(Fork::Holocene).then_some(params),
        min_base_fee: is(Fork::Jovian).then_some(0),
        deposits: transactions.len(),
        transactions,
        l1_origin: BlockId::default(),
        sequence_number: 0,
    };
    let mut source = Source { memory, tells, asked: 0 };
    let block = State::at(config, parent).execute(&attributes, &mut source)?;
    let log = |receipt: &Bytes| Ok(Receipt::decode(receipt)?.logs.pop().context("no log")?.data.data);
    let logs = block.receipts[1..].iter().map(log).collect::<Result<_>>()?;
    Ok((logs, source.asked))
}

/// What a caller logs.
fn logged(call: &Call) -> Vec<u8> {
    let word = |value: u64| U256::from(value).to_be_bytes::<32>();
    let output = call.output.as_deref().unwrap_or_default();
    [&word(call.output.is_some().into())[..], &word(OVERHEAD + call.gas), output].concat()
}

/// Precompiles that L1 has, too, so that a source may tell what comes of them (rules X42).
const fn may_be_told(precompile: u16) -> bool {
    matches!(precompile, 0x01 | 0x08 | 0x0a..=0x11)
}

#[test]
fn precompiles_answer_op_geths_vectors() -> Result<()> {
    let mut seen = 0;
    for (file, precompile, first, last) in FILES {
        for fork in forks(precompile, first, last) {
            let calls = calls(file, fork, precompile)?;
            let word = |value: u64| U256::from(value).to_be_bytes::<32>();
            let input = |call: &Call| [&word(call.gas)[..], &word(precompile.into()), &call.input].concat().into();
            // What may be told is the subject of tests of our own, fork by fork: once is enough here.
            let ways: &[bool] = if fork == last { &[false, true] } else { &[false] };
            for &tells in ways {
                let (logs, asked) = logs(fork, calls.iter().map(input), tells)?;
                assert_eq!(logs.len(), calls.len());
                for (call, log) in calls.iter().zip(logs) {
                    let Call { name, gas, .. } = call;
                    assert_eq!(log, logged(call), "{file} «{name}» with {gas} gas, {fork:?}, told: {tells}");
                }
                assert_eq!(asked > 0, tells && may_be_told(precompile), "{file}, {fork:?}, told: {tells}");
                seen += calls.len();
            }
        }
    }
    assert!(seen > 14_000, "{seen}");
    Ok(())
}

#[test]
fn every_file_of_op_geth_is_looked_at() -> Result<()> {
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.map(|entry| entry.file_name())?.into_string();
        name.ok().and_then(|name| Some(name.strip_suffix(".json")?.to_owned())).context("a name")
    };
    let there = fs::read_dir(directory()?)?.map(name).collect::<Result<BTreeSet<_>>>()?;
    let mut ours: BTreeSet<String> = FILES.iter().map(|(file, ..)| (*file).to_owned()).collect();
    // Its prices are older than Berlin, and so than any L2 block.
    ours.insert("modexp".to_owned());
    assert_eq!(there, ours);
    Ok(())
}
