//! The world of a case before a batcher acts in it: the rollup, L1's headers and logs.
//!
//! Headers commit to no transactions here: derivation doesn't look whether they do, and so L2 blocks and their batches can
//! be made from headers that stand already.

use super::flaw::{Flaw, Flaws};
use crate::{Fork, random::Random};
use alloy_consensus::crypto::secp256k1::{recover_signer, sign_message};
use alloy_consensus::{Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Sealable};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B64, B256, Bytes, Log, LogData, Signature, U256, address, keccak256};
use serde_json::{Value, json};
use std::{collections::BTreeMap, iter, sync::LazyLock};

pub(super) const L1_CHAIN_ID: u64 = 900;
pub(super) const L2_CHAIN_ID: u64 = 901;
pub(super) const INBOX: Address = address!("ff00000000000000000000000000000000000901");
const SYSTEM_CONFIG: Address = address!("3649f526889a918af0a5498706db29e81bc91e0c");
const PORTAL: Address = address!("55bdfb0bfef1070c457124920546359426153833");
const GENESIS_TIME: u64 = 1_000_000;

/// Forks that a chain plans, one after the other: up to the last one whose upgrade transactions both sides know.
pub(super) const FORKS: &[Fork] = Fork::ALL.split_at(1).1;

/// Keys that sign on L1: two that may be the batcher's, and another.
static KEYS: LazyLock<[Address; 3]> = LazyLock::new(|| {
    [0, 1, 2].map(|key| recover_signer(&sign(key, B256::ZERO), B256::ZERO).expect("what was signed has a signer"))
});

/// Key that is never the batcher's.
pub(super) const STRANGER: usize = 2;

/// Signs with one of the [`KEYS`].
pub(super) fn sign(key: usize, hash: B256) -> Signature {
    sign_message(B256::repeat_byte(key as u8 + 1), hash).expect("the keys are keys")
}

/// The rollup and its L1.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) block_time: u64,
    pub(super) window: u64,
    pub(super) drift: u64,
    pub(super) channel_timeout: u64,
    pub(super) forks: BTreeMap<Fork, u64>,
    pub(super) l2_genesis: u64,
    pub(super) l2_genesis_time: u64,
    pub(super) hash_by_number: bool,
    pub(super) l1: Vec<L1>,
    cancun: Option<u64>,
    prague: Option<u64>,
    pectra_blob_schedule: Option<u64>,
    keeps_karst_gas: bool,
}

/// An L1 block without its transactions.
#[derive(Clone, Debug)]
pub(super) struct L1 {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) time: u64,
    pub(super) header: Bytes,
    pub(super) receipts: Vec<Bytes>,
    /// Which of the keys is the batcher's as of this block.
    pub(super) batcher: usize,
}

impl World {
    pub(super) fn random(random: &mut Random, flaws: &Flaws) -> Self {
        let first = random.pick(&[0, 1, 500]);
        let times = l1_times(random);
        let l2_genesis_time = times[0] + random.below(2);
        let span = (times[0], times[times.len() - 1]);
        let forks = loop {
            let forks = fork_times(random, span);
            if !coincide(&forks, &times) {
                break forks;
            }
        };
        let (start, end) = span;
        let on_the_way = random.within(start, end);
        let cancun = random.pick(&[Some(0), Some(0), Some(0), Some(on_the_way), None]);
        let prague = cancun.and_then(|cancun| {
            let later = random.within(cancun.max(start), end.max(cancun));
            random.pick(&[Some(cancun), Some(later), None])
        });
        let mut world = Self {
            block_time: random.pick(&[1, 2, 2, 2, 3]),
            window: random.pick(&[2, 4, 6, 8, 10, 12, 12, 20, 40]),
            drift: random.pick(&[1, 6, 12, 20, 40, 600]),
            channel_timeout: random.pick(&[1, 2, 4, 6, 8, 20]),
            forks,
            l2_genesis: random.pick(&[0, 0, 1, 1000]),
            l2_genesis_time,
            hash_by_number: random.percent(75),
            l1: Vec::new(),
            cancun,
            prague,
            pectra_blob_schedule: random.percent(20).then(|| random.within(start, end)),
            keeps_karst_gas: random.percent(30),
        };
        world.make_l1(random, first, &times, flaws);
        world
    }

    fn make_l1(&mut self, random: &mut Random, first: u64, times: &[u64], flaws: &Flaws) {
        let malformed_deposit = flaws.has(Flaw::MalformedDeposit).then(|| random.within(1, times.len() as u64 / 2));
        let (mut parent, mut batcher) = (B256::from(random.array::<32>()), 0);
        for (index, &time) in times.iter().enumerate() {
            let mut logs = Logs::default();
            if index > 0 {
                self.make_logs(random, &mut logs, time, flaws, &mut batcher);
                if malformed_deposit == Some(index as u64) {
                    logs.malformed_deposit(random);
                }
            }
            let number = first + index as u64;
            let is_cancun = self.cancun.is_some_and(|cancun| time >= cancun);
            let most_excess = random.pick(&[1, 1 << 20, 1 << 27]);
            let header = Header {
                parent_hash: parent,
                number,
                timestamp: time,
                gas_limit: 30_000_000,
                base_fee_per_gas: Some(random.next() >> random.pick(&[0, 20, 40, 63])),
                mix_hash: B256::from(random.array::<32>()),
                state_root: B256::from(random.array::<32>()),
                logs_bloom: logs.bloom(),
                withdrawals_root: is_cancun.then_some(B256::ZERO),
                blob_gas_used: is_cancun.then_some(0),
                excess_blob_gas: is_cancun.then(|| random.below(most_excess)),
                parent_beacon_block_root: is_cancun.then(|| B256::from(random.array::<32>())),
                ..Header::default()
            };
            let (header, hash) = header.seal_slow().into_parts();
            let (header, receipts) = (alloy_rlp::encode(&header).into(), logs.receipts);
            self.l1.push(L1 { number, hash, time, header, receipts, batcher });
            parent = hash;
        }
    }

    /// Some L1 blocks have deposits, updates of the system config, and logs that only look like them.
    fn make_logs(&self, random: &mut Random, logs: &mut Logs, time: u64, flaws: &Flaws, batcher: &mut usize) {
        if random.percent(25) {
            for _ in 0..random.within(1, 3) {
                logs.deposit(random);
            }
        }
        if random.percent(15) {
            logs.other(random);
        }
        if random.percent(20) {
            let ecotone = self.is_active(Fork::Ecotone, time);
            for _ in 0..random.within(1, 3) {
                logs.update(random, ecotone);
            }
        }
        if flaws.has(Flaw::MalformedUpdate) && random.percent(40) {
            logs.malformed_update(random);
        }
        if flaws.has(Flaw::BatcherChange) && random.percent(15) {
            *batcher = 1 - *batcher;
            logs.batcher(*batcher);
        }
    }

    /// True if the fork is active at `time`, on whatever clock.
    pub(super) fn is_active(&self, fork: Fork, time: u64) -> bool {
        self.forks.get(&fork).is_some_and(|activation| time >= *activation)
    }

    /// True if the L2 block at `time` is the first of the fork.
    pub(super) fn is_activation(&self, fork: Fork, time: u64) -> bool {
        self.is_active(fork, time) && !self.is_active(fork, time - self.block_time)
    }

    /// Seconds that an L2 block may be ahead of an L1 origin of this time.
    pub(super) fn drift_at(&self, origin_time: u64) -> u64 {
        if self.is_active(Fork::Fjord, origin_time) { 1800 } else { self.drift }
    }

    pub(super) fn genesis_hash(&self) -> B256 {
        l2_hash_by_number(self.l2_genesis)
    }

    /// `rollup.json`.
    pub(super) fn rollup(&self) -> Value {
        let genesis = &self.l1[0];
        let active = |fork| self.is_active(fork, self.l2_genesis_time);
        let mut scalar = B256::with_last_byte(200);
        if active(Fork::Ecotone) {
            scalar[0] = 1;
        }
        let mut rollup = json!({
            "genesis": {
                "l1": { "hash": genesis.hash, "number": genesis.number },
                "l2": { "hash": self.genesis_hash(), "number": self.l2_genesis },
                "l2_time": self.l2_genesis_time,
                "system_config": {
                    "batcherAddr": KEYS[0],
                    "overhead": B256::with_last_byte(if active(Fork::Ecotone) { 0 } else { 188 }),
                    "scalar": scalar,
                    "gasLimit": 30_000_000,
                    "eip1559Params": if active(Fork::Holocene) { B64::from([0, 0, 0, 60, 0, 0, 0, 9]) } else { B64::ZERO },
                    "operatorFeeParams": B256::with_last_byte(if active(Fork::Isthmus) { 7 } else { 0 }),
                    "minBaseFee": if active(Fork::Jovian) { 5 } else { 0 },
                    "daFootprintGasScalar": if active(Fork::Jovian) { 300 } else { 0 },
                },
            },
            "block_time": self.block_time,
            "max_sequencer_drift": self.drift,
            "seq_window_size": self.window,
            "channel_timeout": self.channel_timeout,
            "l1_chain_id": L1_CHAIN_ID,
            "l2_chain_id": L2_CHAIN_ID,
            "keep_karst_upgrade_gas": self.keeps_karst_gas,
            "batch_inbox_address": INBOX,
            "deposit_contract_address": PORTAL,
            "l1_system_config_address": SYSTEM_CONFIG,
            "chain_op_config": { "eip1559Elasticity": 6, "eip1559Denominator": 50, "eip1559DenominatorCanyon": 250 },
        });
        for (fork, time) in &self.forks {
            rollup[format!("{}_time", fork.name())] = (*time).into();
        }
        if let Some(time) = self.pectra_blob_schedule {
            rollup["pectra_blob_schedule_time"] = time.into();
        }
        rollup
    }

    /// Geth's configuration of L1.
    pub(super) fn l1_config(&self) -> Value {
        let params = |target: u64, max: u64, fraction: u64| json!({ "target": target, "max": max, "baseFeeUpdateFraction": fraction });
        let mut config = json!({
            "chainId": L1_CHAIN_ID,
            "homesteadBlock": 0,
            "eip150Block": 0,
            "eip155Block": 0,
            "eip158Block": 0,
            "byzantiumBlock": 0,
            "constantinopleBlock": 0,
            "petersburgBlock": 0,
            "istanbulBlock": 0,
            "berlinBlock": 0,
            "londonBlock": 0,
            "mergeNetsplitBlock": 0,
            "terminalTotalDifficulty": 0,
            "shanghaiTime": 0,
            "blobSchedule": { "cancun": params(3, 6, 3_338_477), "prague": params(6, 9, 5_007_716) },
        });
        for (key, time) in [("cancunTime", self.cancun), ("pragueTime", self.prague)] {
            if let Some(time) = time {
                config[key] = time.into();
            }
        }
        config
    }
}

/// Name of an L2 block that depends on nothing but its number.
pub(super) fn l2_hash_by_number(number: u64) -> B256 {
    keccak256([&b"L2"[..], &number.to_be_bytes()].concat())
}

/// Some L1 chains are long enough for Granite's channel time-out.
fn l1_times(random: &mut Random) -> Vec<u64> {
    let is_long = random.percent(12);
    let count = if is_long { random.within(60, 80) } else { random.within(10, 36) };
    let gap = if is_long { random.within(1, 4) } else { random.pick(&[2, 4, 6, 6, 12]) };
    let is_regular = random.percent(50);
    let mut time = GENESIS_TIME;
    let mut times = vec![time];
    for _ in 1..count {
        time += if is_regular { gap } else { random.within(1, 2 * gap) };
        if random.percent(2) {
            time += 6 * gap; // L1 missed slots
        }
        times.push(time);
    }
    times
}

/// Some forks are active from the start, some begin on the way, some never come.
fn fork_times(random: &mut Random, (start, end): (u64, u64)) -> BTreeMap<Fork, u64> {
    let count = FORKS.len() as u64;
    let at_genesis = if random.percent(15) { count } else { random.below(count) };
    let on_the_way = at_genesis + random.pick(&[0, 1, 1, 1, 2, 3, 9]);
    let mut times: Vec<u64> = (at_genesis..on_the_way.min(count)).map(|_| random.within(start + 1, end)).collect();
    times.sort_unstable();
    if random.percent(20) && times.len() > 1 {
        let time = times[0];
        times[1] = time;
    }
    let genesis = random.pick(&[0, start]);
    FORKS.iter().copied().zip(iter::repeat_n(genesis, at_genesis as usize).chain(times)).collect()
}

/// True if Holocene begins at an L1 block with which an older fork begins too. op-node changes its stages only for the
/// oldest fork of an L1 block, and so misses Holocene unless it is restarted; our pipeline does as the spec says
/// (`Pipeline::advance` says so as well).
fn coincide(forks: &BTreeMap<Fork, u64>, l1_times: &[u64]) -> bool {
    let begins = |fork| forks.get(&fork).and_then(|time| l1_times.iter().position(|l1| l1 >= time));
    let holocene = begins(Fork::Holocene);
    holocene.is_some_and(|block| block > 0)
        && FORKS.iter().any(|older| *older < Fork::Holocene && begins(*older) == holocene)
}

/// Receipts of an L1 block.
#[derive(Default)]
struct Logs {
    receipts: Vec<Bytes>,
    logs: Vec<Log>,
}

impl Logs {
    fn push(&mut self, log: Log) {
        self.push_with(true, vec![log]);
    }

    fn push_with(&mut self, succeeded: bool, logs: Vec<Log>) {
        self.logs.extend(logs.clone());
        let receipt = Receipt { status: Eip658Value::Eip658(succeeded), cumulative_gas_used: 21_000, logs };
        let receipt = ReceiptWithBloom { logs_bloom: receipt.bloom_slow(), receipt };
        let receipt = match self.receipts.len() % 5 {
            0 => ReceiptEnvelope::Legacy(receipt),
            1 => ReceiptEnvelope::Eip2930(receipt),
            2 => ReceiptEnvelope::Eip1559(receipt),
            3 => ReceiptEnvelope::Eip4844(receipt),
            _ => ReceiptEnvelope::Eip7702(receipt),
        };
        self.receipts.push(receipt.encoded_2718().into());
    }

    fn bloom(&self) -> alloy_primitives::Bloom {
        self.logs.iter().collect()
    }

    /// One deposit or two in a receipt.
    fn deposit(&mut self, random: &mut Random) {
        let mut logs = vec![deposit(random)];
        if random.percent(30) {
            logs.push(Log { address: INBOX, data: LogData::new_unchecked(vec![deposit_event()], Bytes::new()) });
            logs.push(deposit(random));
        }
        self.push_with(true, logs);
    }

    /// What doesn't count: a deposit that failed, an event of another contract, an event without topics.
    fn other(&mut self, random: &mut Random) {
        let deposit = deposit(random);
        match random.below(4) {
            0 => self.push_with(false, vec![deposit]),
            1 => self.push(Log { address: INBOX, ..deposit }),
            2 => self.push(Log { address: PORTAL, data: LogData::new_unchecked(Vec::new(), deposit.data.data) }),
            _ => self.push_with(true, Vec::new()),
        }
    }

    fn malformed_deposit(&mut self, random: &mut Random) {
        let mut log = deposit(random);
        let mut data = log.data.data.to_vec();
        let mut topics = log.data.topics().to_vec();
        match random.below(9) {
            0 => topics.truncate(3),
            1 => topics[3][31] = 1,
            2 => data.truncate(32),
            3 => data.extend([0; 5]),
            4 => data[31] = 64,
            5 => data[63] = data[63].wrapping_add(40),
            6 => data.extend([0; 32]),
            7 => data[32 + random.place(31)] = 1,
            _ => data = [&word(32)[..], &word(32), &word(7)].concat(),
        }
        log.data = LogData::new_unchecked(topics, data.into());
        self.push(log);
    }

    fn batcher(&mut self, key: usize) {
        self.push(update(0, &KEYS[key].into_word().0));
    }

    /// An update that counts, of whatever the fork knows.
    fn update(&mut self, random: &mut Random, ecotone: bool) {
        let log = match random.below(7) {
            0 => {
                let mut words = [word(random.below(1000)), word(random.below(1_000_000))].concat();
                if ecotone && random.percent(70) {
                    words[32] = 1;
                    words[56..64].copy_from_slice(&random.array::<8>());
                }
                update(1, &words)
            }
            1 => update(2, &word(random.within(1_000_000, 200_000_000))),
            2 => update(3, &B256::with_last_byte(9).0),
            3 => {
                let both = random.within(1, 1 << 31) << 32 | random.within(1, 1 << 31);
                update(4, &word(random.pick(&[0, both])))
            }
            4 => {
                let mut fee = [0; 32];
                fee[20..].copy_from_slice(&random.array::<12>());
                update(5, &fee)
            }
            5 => update(6, &word(random.next() >> random.pick(&[0, 32]))),
            _ => update(7, &word(random.below(1 << 16) * random.below(2))),
        };
        self.push(log);
    }

    fn malformed_update(&mut self, random: &mut Random) {
        let kind = random.within(0, 8);
        let width = if kind == 1 { 64 } else { 32 };
        let mut payload = match random.below(3) {
            0 => random.bytes(width),
            1 => word(random.next()).repeat(width / 32),
            _ => word(random.below(256) << (8 * random.below(8))).repeat(width / 32),
        };
        if kind == 2 {
            // A limit that a block exceeds would have our attributes leave transactions out, and blocks of other hashes follow.
            payload[27] |= 1;
        }
        let mut log = update(kind, &payload);
        let mut data = log.data.data.to_vec();
        let mut topics = log.data.topics().to_vec();
        match random.below(9) {
            0 => topics.truncate(2),
            1 => topics[1][31] = 1,
            2 => data.truncate(random.place(data.len())),
            3 => data.extend([0; 32]),
            4 => data[31] = 0,
            5 => data[63] = data[63].wrapping_add(1),
            6 => data[random.place(64)] ^= 0x80,
            7 => topics[2][0] = 1,
            _ => {}
        }
        log.data = LogData::new_unchecked(topics, data.into());
        self.push(log);
    }
}

fn deposit_event() -> B256 {
    keccak256("TransactionDeposited(address,address,uint256,bytes)")
}

/// A deposit's log.
fn deposit(random: &mut Random) -> Log {
    let mint = U256::from(random.next() * random.below(2)) << (random.below(2) * 64);
    let value: U256 = U256::from_be_bytes::<32>(random.array()) >> random.pick(&[0, 200, 255]);
    let mut opaque = [mint.to_be_bytes::<32>(), value.to_be_bytes::<32>()].concat();
    opaque.extend(random.next().to_be_bytes());
    opaque.push(random.pick(&[0, 0, 0, 1, 255]));
    let length = random.place(80);
    opaque.extend(random.bytes(length));
    let topics = vec![
        deposit_event(),
        B256::from(random.array::<32>()),
        Address::from(random.array::<20>()).into_word(),
        B256::ZERO,
    ];
    Log { address: PORTAL, data: LogData::new_unchecked(topics, abi_bytes(&opaque)) }
}

/// `ConfigUpdate(uint256 indexed version, uint8 indexed kind, bytes data)`.
fn update(kind: u64, payload: &[u8]) -> Log {
    let event = keccak256("ConfigUpdate(uint256,uint8,bytes)");
    let topics = vec![event, B256::ZERO, B256::from(U256::from(kind))];
    Log { address: SYSTEM_CONFIG, data: LogData::new_unchecked(topics, abi_bytes(payload)) }
}

fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

/// Encodes one `bytes` argument: where it starts, its length, itself, zeros to the next word.
fn abi_bytes(payload: &[u8]) -> Bytes {
    let mut encoded = [&word(32)[..], &word(payload.len() as u64), payload].concat();
    encoded.resize(encoded.len().next_multiple_of(32), 0);
    encoded.into()
}
