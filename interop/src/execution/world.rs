//! A chain before its first block: forks, accounts, who signs.

use super::{
    code,
    targets::{Files, Targets},
};
use crate::{Fork, random::Random};
use alloy_consensus::crypto::secp256k1::{recover_signer, sign_message};
use alloy_primitives::{Address, B256, Bytes, Signature, U64, U256, address, bytes, hex};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

pub(super) const CHAIN_ID: u64 = 901;
pub(super) const BLOCK_TIME: u64 = 2;
const GENESIS_TIME: u64 = 1_000_000;

/// Forks that change execution, in order.
pub fn forks() -> impl DoubleEndedIterator<Item = Fork> {
    Fork::ALL.into_iter().filter(|fork| *fork != Fork::Delta)
}

/// How many accounts sign.
const USERS: u8 = 12;

static ADDRESSES: LazyLock<Vec<Address>> = LazyLock::new(|| {
    let address = |user| recover_signer(&sign(user, B256::ZERO), B256::ZERO).expect("what was signed has a signer");
    (0..usize::from(USERS)).map(address).collect()
});

/// Addresses of the accounts that sign.
pub(super) fn users() -> &'static [Address] {
    &ADDRESSES
}

pub(super) fn sign(user: usize, hash: B256) -> Signature {
    sign_message(B256::repeat_byte(user as u8 + 1), hash).expect("the keys are keys")
}

/// Contracts of Ethereum's that forks bring along.
const BEACON_ROOTS: (Address, Bytes) = (
    address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02"),
    bytes!(
        "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500"
    ),
);
const HISTORY: (Address, Bytes) = (
    address!("0000F90827F1C53a10cb7A02335B175320002935"),
    bytes!(
        "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
    ),
);

/// The forks of a chain: when each begins, if ever.
#[derive(Clone, Debug)]
pub(super) struct World {
    times: BTreeMap<Fork, u64>,
    /// Its own accounts at genesis.
    pub(super) alloc: BTreeMap<Address, Value>,
    gas_limit: u64,
    base_fee: u64,
}

impl World {
    /// A chain that begins at a fork, with what its code may know. `stages` more forks begin on the way.
    pub(super) fn random(random: &mut Random, files: &Arc<Files>, first: Fork, stages: usize) -> (Self, Targets) {
        let mut times: BTreeMap<Fork, u64> = forks().filter(|fork| *fork <= first).map(|fork| (fork, 0)).collect();
        let mut time = GENESIS_TIME;
        for fork in forks().filter(|fork| *fork > first).take(stages) {
            // Now and then two begin at once. Jovian needs an L1 info of Isthmus in its first block.
            let coincides = random.percent(15) && time > GENESIS_TIME && fork != Fork::Jovian;
            time += BLOCK_TIME * if coincides { 0 } else { random.within(1, 12) };
            times.insert(fork, time);
        }
        let contracts: Vec<Address> = (1..=16).map(|number| Address::repeat_byte(0xc0 + number)).collect();
        let last = times.keys().next_back().copied().unwrap_or(first);
        let targets = Targets::new(files, first, last, contracts.clone());
        let mut alloc = BTreeMap::new();
        let rich = U256::from(10).pow(U256::from(30));
        for (index, user) in users().iter().enumerate() {
            let balance = if index == 0 { U256::from(10).pow(U256::from(24)) } else { rich };
            alloc.insert(*user, json!({ "balance": balance, "nonce": U64::from(if index == 1 { 300 } else { 0 }) }));
        }
        for (index, address) in contracts.iter().enumerate() {
            let code = match index {
                0 => code::forwarder(contracts[2], false),
                1 => code::forwarder(contracts[3], true),
                _ => code::contract(random, &targets),
            };
            let slots = random.pick(&[0, 0, 1, 2, 17, 60]);
            let storage: BTreeMap<B256, B256> = (0..slots)
                .map(|slot: u64| (B256::from(U256::from(slot)), B256::from(U256::from(random.within(1, 3)))))
                .collect();
            let balance = U256::from(random.pick(&[0, 1, 1_000_000_000]));
            let nonce = U64::from(random.pick(&[0, 1, 1, 300]));
            alloc.insert(
                *address,
                json!({ "code": Bytes::from(code), "balance": balance, "nonce": nonce, "storage": storage }),
            );
        }
        let system = [(Fork::Ecotone, BEACON_ROOTS), (Fork::Isthmus, HISTORY)];
        for (_, (address, code)) in system.into_iter().filter(|(fork, _)| *fork <= first) {
            alloc.insert(address, json!({ "code": code, "balance": "0x0", "nonce": "0x1" }));
        }
        let gas_limit = 60_000_000;
        let base_fee = random.pick(&[1, 7, 1_000_000, 1_000_000_000]);
        (Self { times, alloc, gas_limit, base_fee }, targets)
    }

    /// The newest fork at a time.
    pub(super) fn fork(&self, time: u64) -> Fork {
        self.times.iter().rev().find(|(_, start)| time >= **start).map_or(Fork::Bedrock, |(fork, _)| *fork)
    }

    /// Forks whose first block is the one at a time. Genesis is none's.
    pub(super) fn activations(&self, time: u64) -> impl Iterator<Item = Fork> {
        let starts = move |start: u64| time >= start && time - BLOCK_TIME < start;
        self.times.iter().filter(move |(_, start)| starts(**start)).map(|(fork, _)| *fork)
    }

    /// The forks that begin at a time and not with a block, and when.
    fn planned(&self) -> impl Iterator<Item = (Fork, u64)> {
        self.times.iter().map(|(fork, time)| (*fork, *time)).filter(|(fork, _)| *fork != Fork::Bedrock)
    }

    /// The genesis as geth reads it, without the predeploys.
    pub(super) fn genesis(&self) -> Value {
        let mut config = json!({
            "chainId": CHAIN_ID,
            "terminalTotalDifficulty": 0,
            "bedrockBlock": 0,
            "mergeNetsplitBlock": 0,
            "optimism": { "eip1559Elasticity": 6, "eip1559Denominator": 50, "eip1559DenominatorCanyon": 250 },
        });
        for fork in ["homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul"]
        {
            config[format!("{fork}Block")] = 0.into();
        }
        for fork in ["muirGlacier", "berlin", "london", "arrowGlacier", "grayGlacier"] {
            config[format!("{fork}Block")] = 0.into();
        }
        for (fork, time) in self.planned() {
            // Karst is Osaka without a name of its own.
            let names: &[&str] = match fork {
                Fork::Canyon => &["canyon", "shanghai"],
                Fork::Ecotone => &["ecotone", "cancun"],
                Fork::Isthmus => &["isthmus", "prague"],
                Fork::Karst => &["osaka"],
                _ => &[fork.name()],
            };
            for name in names {
                config[format!("{name}Time")] = time.into();
            }
        }
        let extra_data: &[u8] = match self.fork(GENESIS_TIME) {
            fork if fork < Fork::Holocene => &[],
            fork if fork < Fork::Jovian => &hex!("00000000fa00000006"),
            _ => &hex!("01000000fa000000060000000000000000"),
        };
        json!({
            "config": config,
            "timestamp": U64::from(GENESIS_TIME),
            "extraData": Bytes::copy_from_slice(extra_data),
            "gasLimit": U64::from(self.gas_limit),
            "difficulty": "0x0",
            "baseFeePerGas": U64::from(self.base_fee),
            "alloc": self.alloc,
        })
    }

    /// `rollup.json`, as far as execution reads it.
    pub(super) fn rollup(&self) -> Value {
        let block = json!({ "hash": B256::ZERO, "number": 0 });
        let mut rollup = json!({
            "genesis": {
                "l1": block,
                "l2": block,
                "l2_time": GENESIS_TIME,
                "system_config": {
                    "batcherAddr": Address::ZERO, "overhead": B256::ZERO, "scalar": B256::ZERO, "gasLimit": self.gas_limit,
                },
            },
            "block_time": BLOCK_TIME,
            "max_sequencer_drift": 600,
            "seq_window_size": 3600,
            "channel_timeout": 300,
            "l1_chain_id": 900,
            "l2_chain_id": CHAIN_ID,
            "batch_inbox_address": Address::ZERO,
            "deposit_contract_address": Address::ZERO,
            "l1_system_config_address": Address::ZERO,
            "chain_op_config": { "eip1559Elasticity": 6, "eip1559Denominator": 50, "eip1559DenominatorCanyon": 250 },
        });
        for (fork, time) in self.planned() {
            rollup[format!("{}_time", fork.name())] = time.into();
        }
        if let Some(canyon) = self.times.get(&Fork::Canyon) {
            rollup["delta_time"] = (*canyon).into();
        }
        rollup
    }
}
