//! A source that answers precompile calls (rules X42, Z11), beside one that leaves them to us.

use crate::support::{
    memory::{Memory, Missing},
    recorded::{attributes, open},
    sandbox::{Sandbox, account, deposit, sign, signed, to},
};
use alloy_consensus::{Header, SignableTransaction, TxEip1559, TxEip7702};
use alloy_eips::{Encodable2718, eip7702::Authorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, hex, keccak256};
use kohala_execute::{ExecuteError, InvalidBlock, InvalidTransaction, PrecompileOutcome, StateSource};
use kohala_protocol::{Attributes, Fork, RollupConfig};
use kohala_testdata::{PrecompileCall, chain, precompile_calls};
use kohala_trie::{NodeSource, TrieError};
use op_alloy_consensus::TxDeposit;
use revm::precompile::Precompiles;
use std::collections::{BTreeMap, BTreeSet};

const ASKER: Address = address!("0000000000000000000000000000000000000a5c");
/// Calls whom the first word names, with the gas of the second one and what follows for its input, and logs the answer,
/// with 1 as topic if it was one. Makes do without Canyon's instructions.
const ASKER_CODE: [u8; 37] = hex!("60403603604060003760006000604036036000600035602035fa3d600060003e3d6000a100");

/// A precompile call: the address' last bytes, gas, input.
type Call = (u16, u64, Vec<u8>);

/// A memory that answers precompile calls as L1 does.
#[derive(Default)]
struct Accelerated {
    memory: Memory,
    /// What was asked for: the address' last byte, gas, input.
    asked: Vec<(u8, u64, Bytes)>,
    /// Has no answer to the call of this number, counted from 0.
    fail_at: Option<usize>,
    /// Answers this.
    lie: Option<PrecompileOutcome>,
}

impl NodeSource for Accelerated {
    type Error = Missing;

    fn node(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.memory.node(hash)
    }
}

impl StateSource for Accelerated {
    fn code(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.memory.code(hash)
    }

    fn header(&mut self, hash: B256) -> Result<Header, Missing> {
        self.memory.header(hash)
    }

    fn path(&mut self, address: Address, slot: Option<B256>) -> Result<(), Missing> {
        self.memory.path(address, slot)
    }

    fn is_accelerated(&self) -> bool {
        true
    }

    fn precompile(&mut self, address: Address, gas: u64, input: &[u8]) -> Result<Option<PrecompileOutcome>, Missing> {
        let fails = self.fail_at == Some(self.asked.len());
        self.asked.push((address[19], gas, Bytes::copy_from_slice(input)));
        if fails {
            return Err(Missing(keccak256(input)));
        }
        if let Some(lie) = &self.lie {
            return Ok(Some(lie.clone()));
        }
        let output = Precompiles::latest().get(&address).unwrap().execute(input, u64::MAX, 0).unwrap();
        Ok(Some(match output.is_success() {
            true => PrecompileOutcome::Success(output.bytes),
            false => PrecompileOutcome::Failure,
        }))
    }
}

/// A chain with the asker, and a block that has it make these calls.
fn asking(fork: Fork, calls: &[Call]) -> (Sandbox, Attributes) {
    let question = |(precompile, gas, input): &Call| {
        let words = [U256::from(*precompile), U256::from(*gas)].map(|word| word.to_be_bytes::<32>()).concat();
        let input = [&words[..], input].concat().into();
        deposit(TxDeposit { input, ..to(ASKER, 1_000_000_000) })
    };
    let sandbox = Sandbox::new(fork, vec![account(ASKER, &ASKER_CODE, vec![])]);
    let attributes = sandbox.attributes(calls.iter().map(question).collect());
    (sandbox, Attributes { gas_limit: 1 << 50, ..attributes })
}

/// Has the calls made twice, once with a source that answers: the blocks are the same. What was asked for.
fn same_both_ways(fork: Fork, calls: &[Call]) -> Vec<(u8, u64, Bytes)> {
    let (mut sandbox, attributes) = asking(fork, calls);
    let mut source = Accelerated { memory: sandbox.memory, ..Accelerated::default() };
    let accelerated = sandbox.state.clone().execute(&attributes, &mut source).unwrap();
    let software = sandbox.state.execute(&attributes, &mut source.memory).unwrap();
    assert_eq!(accelerated.receipts, software.receipts, "{fork:?}");
    assert_eq!(accelerated.header, software.header, "{fork:?}");
    source.asked
}

/// The input of a call that succeeds, and more gas than it takes: thirteen precompiles.
fn good_calls() -> Vec<Call> {
    let call = |PrecompileCall { address, input, .. }| {
        (u16::from_be_bytes([address[18], address[19]]), 1_000_000, Vec::from(input))
    };
    precompile_calls().into_iter().map(call).collect()
}

fn good_call(precompile: u16) -> Call {
    good_calls().into_iter().find(|(address, ..)| *address == precompile).unwrap()
}

/// What a call requires of gas on L2, and what a source is told.
fn gas(precompile: u16, length: usize) -> (u64, u64) {
    let pairs = (length / 192) as u64;
    match precompile {
        0x01 => (3_000, 3_000),
        0x08 => (45_000 + 34_000 * pairs, 45_000 + 34_103 * pairs),
        0x0a => (50_000, 89_363),
        0x0b => (375, 643),
        // Two points: EIP-2537 takes a twentieth off for the first curve's.
        0x0c => (22_776, 22_776),
        0x0d => (600, 765),
        0x0e => (45_000, 45_000),
        0x0f => (37_700 + 65_200, 37_700 + 65_200),
        0x10 => (5_500, 5_500),
        0x11 => (23_800, 23_800),
        _ => unreachable!(),
    }
}

const ACCELERATED: [u16; 10] = [0x01, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11];

/// The forks that differ in what they ask for.
const FORKS: [Fork; 6] = [Fork::Regolith, Fork::Ecotone, Fork::Granite, Fork::Isthmus, Fork::Jovian, Fork::Karst];

/// Rules X42, Z11: each is asked for from its own fork on, with the gas that L1 takes for it, and no other is.
#[test]
fn precompiles_of_the_fork_are_asked_for() {
    let calls = good_calls();
    assert_eq!(calls.len(), 13);
    for fork in FORKS {
        let there = |precompile: u16| match precompile {
            0x0b..=0x11 => fork >= Fork::Isthmus,
            0x0a => fork >= Fork::Ecotone,
            _ => ACCELERATED.contains(&precompile),
        };
        let expected = calls.iter().filter(|(precompile, ..)| there(*precompile)).map(|(precompile, _, input)| {
            (*precompile as u8, gas(*precompile, input.len()).1, Bytes::copy_from_slice(input))
        });
        assert_eq!(same_both_ways(fork, &calls), expected.collect::<Vec<_>>(), "{fork:?}");
    }
}

/// Rules X42: gas comes first, and just enough is enough.
#[test]
fn call_short_of_gas_is_not_asked_for() {
    for precompile in ACCELERATED {
        let (_, _, input) = good_call(precompile);
        let required = gas(precompile, input.len()).0;
        let asked = same_both_ways(Fork::Jovian, &[(precompile, required - 1, input.clone())]);
        assert_eq!(asked, [], "{precompile:#x}");
        assert_eq!(same_both_ways(Fork::Jovian, &[(precompile, required, input)]).len(), 1, "{precompile:#x}");
    }
}

/// Rules X42: what can be seen to fail without cryptography is not asked for.
#[test]
fn malformed_call_is_not_asked_for() {
    for precompile in ACCELERATED {
        let (_, gas, input) = good_call(precompile);
        let mut lengths = BTreeSet::from([0, 1, input.len() - 1, input.len() + 1, input.len() + 32]);
        // No pairs are a product of one, and ecrecover reads its input as far as it goes.
        lengths.retain(|length| !(precompile == 0x08 && *length == 0 || precompile == 0x01 && *length > 128));
        let calls: Vec<Call> = lengths
            .into_iter()
            .map(|length| (precompile, gas, input.iter().copied().chain([0; 32]).take(length).collect()))
            .collect();
        let asked = same_both_ways(Fork::Jovian, &calls);
        // Without its last byte ecrecover's input ends with a zero: other numbers, and as good as any.
        assert_eq!(asked.len(), usize::from(precompile == 0x01), "{precompile:#x}: {asked:?}");
    }
    let mut hash = good_call(0x0a);
    hash.2[31] ^= 1;
    assert_eq!(same_both_ways(Fork::Jovian, &[hash]), []);
}

/// Rules X42: nobody is asked who signed where nobody can have.
#[test]
fn signature_out_of_range_is_not_asked_for() {
    let order = hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let mut below = order;
    below[31] -= 1;
    let with = |at: usize, bytes: &[u8]| {
        let mut call = good_call(0x01);
        call.2[at..at + bytes.len()].copy_from_slice(bytes);
        call
    };
    let bad = [
        with(63, &[26]),
        with(63, &[29]),
        with(63, &[0]),
        with(62, &[1]),
        with(32, &[1]),
        with(64, &[0; 32]),
        with(96, &[0; 32]),
        with(64, &order),
        with(96, &order),
        with(96, &[0xff; 32]),
    ];
    assert_eq!(same_both_ways(Fork::Jovian, &bad), []);
    // A high s is for the precompile as good as any, and there are numbers in range that no signature has.
    let good = [with(63, &[27]), with(63, &[28]), with(96, &below), with(64, &below), with(64, &[0; 31])];
    assert_eq!(same_both_ways(Fork::Jovian, &good).len(), good.len());
}

/// ecrecover reads 128 bytes: what is asked for is those, with zeros where there are none.
#[test]
fn input_of_ecrecover_is_brought_to_its_length() {
    let (_, _, input) = good_call(0x01);
    let mut short = input.clone();
    short[127] = 0;
    let calls = [[&input[..], &[7; 40]].concat(), short[..127].to_vec()].map(|input| (0x01, 3_000, input));
    let expected = [input, short].map(|input| (0x01, 3_000, Bytes::from(input)));
    assert_eq!(same_both_ways(Fork::Jovian, &calls), expected);
}

/// Rules X40: the longest input is asked for, and none that is longer; nor is one that no transaction can bring to L1.
#[test]
fn input_above_the_limit_is_not_asked_for() {
    for (precompile, item, limits) in [
        (0x08, 192, [112_687, 112_687, 81_984, 57_600]),
        (0x0c, 160, [0, 513_760, 288_960, 288_960]),
        (0x0e, 288, [0, 488_448, 278_784, 278_784]),
        (0x0f, 384, [0, 235_008, 156_672, 156_672]),
    ] {
        let forks = [Fork::Granite, Fork::Isthmus, Fork::Jovian, Fork::Karst];
        for (fork, limit) in forks.into_iter().zip(limits).filter(|(_, limit)| *limit > 0) {
            let items = limit / item;
            let calls = [items, items + 1].map(|items| (precompile, 900_000_000, vec![0; items * item]));
            let asked = same_both_ways(fork, &calls);
            let lengths: Vec<_> = asked.iter().map(|(_, _, input)| input.len()).collect();
            let fits = items * item < 126_000 - 28;
            assert_eq!(lengths, vec![items * item; fits.into()], "{precompile:#x} in {fork:?}");
        }
        let items = (126_000 - 29) / item;
        if limits[3] > items * item {
            let calls = [items, items + 1].map(|items| (precompile, 900_000_000, vec![0; items * item]));
            let asked = same_both_ways(Fork::Karst, &calls);
            assert_eq!(asked.len(), 1, "{precompile:#x}");
            assert_eq!(asked[0].2.len(), items * item, "{precompile:#x}");
        }
    }
    let long = (0x08, 900_000_000, vec![0; 587 * 192]);
    assert_eq!(same_both_ways(Fork::Fjord, &[long]).len(), 1, "no limit before Granite");
}

/// Inputs of the right length and of no meaning, and those of good calls with a bit changed: most fail.
#[test]
fn outcome_is_the_same_for_damaged_calls() {
    let (mut calls, mut asked) = (Vec::new(), 0);
    for precompile in ACCELERATED {
        let (_, gas, input) = good_call(precompile);
        calls.push((precompile, gas, vec![0; input.len()]));
        calls.push((precompile, gas, vec![0xff; input.len()]));
        for number in 0..24u8 {
            let seed = keccak256([precompile as u8, number]);
            let mut damaged = input.clone();
            let at = usize::from(seed[0]) * 256 + usize::from(seed[1]);
            damaged[at % input.len()] ^= 1 << (seed[2] % 8);
            calls.push((precompile, gas, damaged));
        }
    }
    for calls in calls.chunks(65) {
        asked += same_both_ways(Fork::Karst, calls).len();
    }
    assert!(asked > 200, "{asked}");
}

/// What no call comes to is no verdict, and never a call that fails; the state stays, and makes the right block as soon
/// as the source is right.
#[test]
fn impossible_outcome_is_no_verdict() {
    let success = |output: &[u8]| PrecompileOutcome::Success(Bytes::copy_from_slice(output));
    let word = |last: u8| B256::with_last_byte(last);
    let mut not_an_address = [0; 32];
    not_an_address[11] = 1;
    for precompile in ACCELERATED {
        let (mut sandbox, attributes) = asking(Fork::Jovian, &[good_call(precompile)]);
        let right = same_both_ways(Fork::Jovian, &[good_call(precompile)]);
        let mut lies = vec![success(&[0; 31]), success(&[0; 33]), success(&[0; 512]), success(&word(2)[..31])];
        match precompile {
            0x01 => lies.extend([success(&not_an_address), PrecompileOutcome::Failure]),
            0x08 | 0x0f => lies.extend([success(&[]), success(word(2).as_slice()), success(&not_an_address)]),
            0x0a => lies.extend([success(&[]), success(&[0; 64]), success(word(1).as_slice())]),
            0x0b | 0x0c | 0x10 => lies.extend([success(&[]), success(&[0; 127]), success(&[0; 256])]),
            _ => lies.extend([success(&[]), success(&[0; 255]), success(&[0; 128])]),
        }
        let mut source = Accelerated { memory: sandbox.memory, ..Accelerated::default() };
        for lie in lies {
            source.lie = Some(lie.clone());
            let failed = sandbox.state.execute(&attributes, &mut source);
            let is_named = |address: Address| address == Address::left_padding_from(&precompile.to_be_bytes());
            let named = matches!(failed, Err(ExecuteError::Outcome(address)) if is_named(address));
            assert!(named, "{precompile:#x} {lie:?}: {failed:?}");
        }
        source.lie = None;
        source.asked.clear();
        sandbox.state.execute(&attributes, &mut source).unwrap();
        assert_eq!(source.asked, right);
    }
}

/// Only the source's word counts.
#[test]
fn outcome_is_the_sources() {
    for (precompile, lie) in [(0x08, B256::ZERO), (0x0f, B256::ZERO), (0x01, Address::with_last_byte(7).into_word())] {
        let (mut sandbox, attributes) = asking(Fork::Jovian, &[good_call(precompile)]);
        let lie = Some(PrecompileOutcome::Success(lie.into()));
        let mut source = Accelerated { memory: sandbox.memory, lie, ..Accelerated::default() };
        let told = sandbox.state.clone().execute(&attributes, &mut source).unwrap();
        let computed = sandbox.state.execute(&attributes, &mut source.memory).unwrap();
        assert_ne!(told.header.receipts_root, computed.header.receipts_root, "{precompile:#x}");
    }
}

/// Executes blocks of a recorded chain with a source that answers, on each block once with no answer to each of its
/// calls. How often each precompile was asked for, and how many signatures the blocks hold.
fn recorded(name: &str, blocks: usize) -> (BTreeMap<u8, usize>, usize) {
    let chain = chain(name);
    let config = RollupConfig::from_json(&chain.rollup_json).unwrap();
    let (mut state, memory) = open(&chain);
    let mut source = Accelerated { memory, ..Accelerated::default() };
    let (mut counts, mut signatures) = (BTreeMap::<u8, usize>::new(), 0);
    for (parent, record) in chain.l2.iter().zip(&chain.l2[1..]).take(blocks) {
        let attributes = attributes(&config, parent, record);
        let mut undisturbed = state.clone();
        source.asked.clear();
        let block = undisturbed.execute(&attributes, &mut source).unwrap();
        assert_eq!(block.header.hash(), record.hash, "{name} {}", record.number);
        let asked = std::mem::take(&mut source.asked);
        asked.iter().for_each(|(precompile, ..)| *counts.entry(*precompile).or_default() += 1);
        signatures += signatures_of(&record.transactions);
        for (number, (_, _, input)) in asked.iter().enumerate().step_by(1 + asked.len() / 4) {
            source.asked.clear();
            source.fail_at = Some(number);
            let failed = state.execute(&attributes, &mut source);
            source.fail_at = None;
            let expected = Missing(keccak256(input));
            let named = matches!(failed, Err(ExecuteError::State(TrieError::Source(missing))) if missing == expected);
            assert!(named, "{name} {} call {number}: {failed:?}", record.number);
            assert_eq!(source.asked.len(), number + 1, "nothing is asked after a failure");
            assert_eq!(state.head().hash(), parent.hash);
        }
        assert_eq!(state.execute(&attributes, &mut source).unwrap().header, block.header);
    }
    (counts, signatures)
}

/// Signatures of transactions and of authorizations.
fn signatures_of(transactions: &[Bytes]) -> usize {
    use alloy_consensus::Transaction as _;
    use alloy_eips::Decodable2718;
    let decode = |encoded: &Bytes| op_alloy_consensus::OpTxEnvelope::decode_2718_exact(encoded).unwrap();
    let signed = transactions.iter().filter(|encoded| encoded[0] != 0x7e).map(decode);
    signed.map(|transaction| 1 + transaction.authorization_list().map_or(0, <[_]>::len)).sum()
}

/// Rules X04, X42: who signed transactions and authorizations is asked for, and without an answer there is no verdict.
#[test]
fn signers_are_asked_for() {
    for (name, blocks) in [("main", 25), ("staged", 35)] {
        let (counts, signatures) = recorded(name, blocks);
        assert!(signatures > 20, "{signatures}");
        assert!(counts[&0x01] >= signatures, "{name}: {counts:?}, {signatures}");
    }
}

/// EIP-2: a high s makes no transaction, and what nobody signed is invalid in both ways.
#[test]
fn transaction_that_nobody_signed_is_invalid() {
    let unsigned = TxEip1559 { chain_id: 901, gas_limit: 21_000, to: TxKind::Call(ASKER), ..TxEip1559::default() };
    let with = |r: U256, s: U256| unsigned.clone().into_signed(Signature::new(r, s, false)).encoded_2718().into();
    let half = U256::from_be_bytes(hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"));
    // No point of the curve has 5 for its x.
    for (signature, asked) in [
        (with(U256::from(5), U256::ONE), 1),
        (with(U256::ONE, half + U256::ONE), 0),
        (with(U256::ONE, U256::ZERO), 0),
        (with(U256::ZERO, U256::ONE), 0),
        (with(half * U256::from(2) + U256::ONE, U256::ONE), 0),
    ] {
        let mut sandbox = Sandbox::new(Fork::Isthmus, vec![]);
        let attributes = sandbox.attributes(vec![signature]);
        let mut source = Accelerated { memory: sandbox.memory, ..Accelerated::default() };
        let told = sandbox.state.clone().execute(&attributes, &mut source);
        let computed = sandbox.state.execute(&attributes, &mut source.memory);
        for outcome in [told, computed] {
            let reason = InvalidTransaction::Signature;
            let ExecuteError::Invalid(invalid) = outcome.unwrap_err() else { panic!("a verdict is due") };
            assert_eq!(invalid, InvalidBlock::Transaction { index: 0, reason });
        }
        assert_eq!(source.asked.len(), asked);
    }
}

/// A batch may bring millions of authorizations in a few bytes: nobody looks for their signers unless the transaction has
/// the gas that they cost.
#[test]
fn authorizations_that_are_not_paid_for_are_not_asked_for() {
    let authorization = Authorization { chain_id: U256::from(901), address: ASKER, nonce: 0 };
    let signed = authorization.into_signed(Signature::new(U256::ONE, U256::ONE, false));
    let with = |count: usize, gas_limit| {
        let authorization_list = vec![signed.clone(); count];
        let unsigned = TxEip7702 { chain_id: 901, gas_limit, to: ASKER, authorization_list, ..TxEip7702::default() };
        sign(unsigned)
    };
    let most = 30_000_000 / 25_000;
    // One for the sender, where it comes to that; the gas of the block is 30,000,000.
    for (count, gas_limit, asked) in [
        (2_000, 25_000 * 2_000 - 1, 0),
        (2_000, u64::MAX, 0),
        (3, 74_999, 0),
        (3, 75_000, 4),
        (most, 30_000_000, 1 + most),
        (most + 1, 30_000_000, 0),
    ] {
        let (encoded, sender) = with(count, gas_limit);
        let mut sandbox = Sandbox::new(Fork::Isthmus, vec![sender]);
        let attributes = sandbox.attributes(vec![encoded]);
        let mut source = Accelerated { memory: sandbox.memory, ..Accelerated::default() };
        let outcome = sandbox.state.execute(&attributes, &mut source);
        // None of them covers the 21,000 besides, or the base fee.
        assert!(matches!(outcome, Err(ExecuteError::Invalid(_))), "{count} for {gas_limit}: {outcome:?}");
        assert_eq!(source.asked.len(), asked, "{count} for {gas_limit}");
    }
}

/// Rules X42: no signer is asked for where the block is invalid without one, and none behind an invalid transaction.
#[test]
fn invalid_block_asks_for_no_more_signers() {
    let call = |nonce| signed(TxEip1559 { nonce, gas_limit: 21_000, to: TxKind::Call(ASKER), ..TxEip1559::default() });
    let ((good, sender), (bad, _)) = (call(0), call(7));
    // Without an L1 info transaction Jovian's block is invalid at once.
    for (fork, asked) in [(Fork::Jovian, 0), (Fork::Isthmus, 2)] {
        let mut sandbox = Sandbox::new(fork, vec![sender.clone()]);
        let attributes = sandbox.attributes(vec![good.clone(), bad.clone(), good.clone()]);
        let attributes = match fork {
            Fork::Jovian => Attributes { transactions: attributes.transactions[1..].to_vec(), ..attributes },
            _ => attributes,
        };
        let mut source = Accelerated { memory: sandbox.memory, ..Accelerated::default() };
        let failed = sandbox.state.execute(&attributes, &mut source);
        assert!(matches!(failed, Err(ExecuteError::Invalid(_))), "{failed:?}");
        assert_eq!(source.asked.len(), asked, "{fork:?}");
    }
}

/// What no call comes to says nothing of the transaction.
#[test]
fn impossible_signer_is_no_verdict() {
    let (transaction, sender) =
        signed(TxEip1559 { gas_limit: 21_000, to: TxKind::Call(ASKER), ..TxEip1559::default() });
    let mut sandbox = Sandbox::new(Fork::Isthmus, vec![sender]);
    let attributes = sandbox.attributes(vec![transaction]);
    let mut source = Accelerated { memory: sandbox.memory, ..Accelerated::default() };
    for lie in [PrecompileOutcome::Failure, PrecompileOutcome::Success(Bytes::from_static(&[0xff; 32]))] {
        source.lie = Some(lie);
        let failed = sandbox.state.execute(&attributes, &mut source);
        assert!(matches!(failed, Err(ExecuteError::Outcome(_))), "{failed:?}");
    }
    source.lie = None;
    sandbox.state.execute(&attributes, &mut source).unwrap();
}
