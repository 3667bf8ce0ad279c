use super::{Account, ConfigUpdate, Fork, L1Fork, SystemConfig, fork::Schedule};
use alloy_eips::{eip1559::BaseFeeParams, eip7840::BlobParams};
use alloy_op_hardforks::{ForkCondition, OpChainHardforks, OpHardfork};
use alloy_primitives::{Address, B256, Bytes, address, keccak256};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// Where the batcher sends its transactions on L1.
pub const BATCH_INBOX: Address = address!("ff00000000000000000000000000000000000901");
/// The L1 contract that emits deposits.
pub const DEPOSIT_CONTRACT: Address = address!("00000000000000000000000000000000000de905");
/// The L1 contract that emits updates of the system config.
pub const SYSTEM_CONFIG: Address = address!("0000000000000000000000000000000000c0f160");

/// What a chain is made from. Equal configurations and scripts make equal chains, byte by byte.
#[derive(Clone, Debug)]
pub struct Config {
    /// Seed of the keys and of everything on L1 that nobody chooses.
    pub seed: u64,
    /// When the forks of L2 activate.
    pub forks: Schedule<Fork>,
    /// When the forks of L1 activate. Shanghai is there from the start.
    pub l1_forks: Schedule<L1Fork>,
    /// The blob parameters of L1's forks, where they are not [`L1Fork::blob_params`].
    pub blob_params: BTreeMap<L1Fork, BlobParams>,
    /// L1's states hold the history contract (EIP-2935) and what it stores from Prague on. Otherwise L1 has none, and its
    /// headers have roots of nothing.
    pub l1_history: bool,
    /// Excess blob gas of L1's genesis block: blobs are dear from the start where it is high.
    pub excess_blob_gas: u64,
    /// Seconds after the genesis blocks until which L2 computes the blob base fee with Cancun's parameters.
    pub pectra_blob_schedule: Option<u64>,
    /// The gas of Karst's upgrade transactions stays in the gas limit after its activation block.
    pub keep_karst_upgrade_gas: bool,
    /// The upgrade transactions of the forks that activate after the genesis block, EIP-2718 encoded. They come from
    /// outside, because only the protocol's authors know them.
    pub upgrades: Arc<BTreeMap<Fork, Vec<Bytes>>>,
    /// The contracts of L2's genesis block; where there are none, the shortest that the chain can do with.
    pub genesis: Arc<BTreeMap<Address, Account>>,
    /// Accounts that L2's genesis block has besides, or in place of those above.
    pub accounts: BTreeMap<Address, Account>,
    /// What the owner of the system config did before the genesis block.
    pub initially: Vec<ConfigUpdate>,
    /// Timestamp of both genesis blocks.
    pub genesis_time: u64,
    /// Seconds between two L1 blocks.
    pub l1_block_time: u64,
    /// Seconds between two L2 blocks.
    pub l2_block_time: u64,
    /// L1 blocks in which a batch of an epoch may be included.
    pub seq_window_size: u64,
    /// L1 blocks that a channel may take before Granite.
    pub channel_timeout: u64,
    /// Seconds that L2 may run ahead of its origin before Fjord.
    pub max_sequencer_drift: u64,
    /// Chain id of L1.
    pub l1_chain_id: u64,
    /// Chain id of L2.
    pub l2_chain_id: u64,
    /// Constants of the L2 base fee from Canyon on.
    pub base_fee: BaseFeeParams,
    /// The base fee's change denominator before Canyon.
    pub bedrock_denominator: u128,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            forks: Schedule::from_genesis(Fork::ALL.into_iter().filter(|fork| *fork <= Fork::Jovian)),
            l1_forks: Schedule::from_genesis([L1Fork::Cancun, L1Fork::Prague]),
            blob_params: BTreeMap::new(),
            l1_history: false,
            excess_blob_gas: 0,
            pectra_blob_schedule: None,
            keep_karst_upgrade_gas: false,
            upgrades: Arc::default(),
            genesis: Arc::default(),
            accounts: BTreeMap::new(),
            initially: Vec::new(),
            genesis_time: 1_800_000_000,
            l1_block_time: 12,
            l2_block_time: 2,
            seq_window_size: 60,
            channel_timeout: 40,
            max_sequencer_drift: 600,
            l1_chain_id: 900,
            l2_chain_id: 901,
            base_fee: BaseFeeParams::new(250, 6),
            bedrock_denominator: 50,
        }
    }
}

impl Config {
    /// A chain with all forks of L2 up to `newest` from the genesis block on.
    pub fn up_to(newest: Fork) -> Self {
        let forks = Schedule::from_genesis(Fork::ALL.into_iter().filter(|fork| *fork <= newest));
        Self { forks, ..Self::default() }
    }

    /// Plans a fork of L2, so many seconds after the genesis block. The chain needs its upgrade transactions then.
    /// Ecotone and Fjord may begin together, but then their first block has no fees that the executor knows: it takes
    /// deposits only.
    pub fn then(mut self, fork: Fork, after: u64) -> Self {
        self.forks.plan(fork, after);
        self
    }

    /// Plans a fork of L1, so many seconds after the genesis block.
    pub fn then_l1(mut self, fork: L1Fork, after: u64) -> Self {
        self.l1_forks.plan(fork, after);
        self
    }

    /// Starts with an account of the script's own on L2.
    pub fn with(mut self, address: Address, account: Account) -> Self {
        self.accounts.insert(address, account);
        self
    }

    /// Starts with an update of the system config.
    pub fn initially(mut self, update: ConfigUpdate) -> Self {
        self.initially.push(update);
        self
    }

    /// True if `fork` is active on a chain at `timestamp`: L2's time or L1's, as the rule has it.
    pub fn is_active(&self, fork: Fork, timestamp: u64) -> bool {
        self.forks.get(fork).is_some_and(|after| self.time(after) <= timestamp)
    }

    /// True if the L2 block at `timestamp` is the first one of `fork`; one that is active at genesis has none.
    pub fn is_activation_block(&self, fork: Fork, timestamp: u64) -> bool {
        self.is_active(fork, timestamp) && !self.is_active(fork, timestamp - self.l2_block_time)
    }

    /// True if the L2 block at `timestamp` comes after the first one of `fork`. The contracts that the activation
    /// block upgrades can do the new things in the next block only.
    pub(crate) fn is_settled(&self, fork: Fork, timestamp: u64) -> bool {
        self.is_active(fork, timestamp) && !self.is_activation_block(fork, timestamp)
    }

    /// True if a fork of L1 is active at `timestamp`.
    pub fn is_active_on_l1(&self, fork: L1Fork, timestamp: u64) -> bool {
        self.l1_forks.get(fork).is_some_and(|after| self.time(after) <= timestamp)
    }

    /// The blob parameters of an L1 block; `None` before Cancun.
    pub fn blob_params(&self, timestamp: u64) -> Option<BlobParams> {
        let active = L1Fork::ALL.into_iter().rev().filter(|fork| self.is_active_on_l1(*fork, timestamp));
        active.filter_map(|fork| self.blob_params_of(fork)).next()
    }

    fn blob_params_of(&self, fork: L1Fork) -> Option<BlobParams> {
        self.blob_params.get(&fork).copied().or(fork.blob_params())
    }

    /// Timestamp of the L2 block `number`.
    pub fn l2_timestamp(&self, number: u64) -> u64 {
        self.genesis_time + number * self.l2_block_time
    }

    /// Configurations say 0 of what is there from the genesis block on.
    fn time(&self, after: u64) -> u64 {
        if after == 0 { 0 } else { self.genesis_time + after }
    }

    /// The transactions that the L2 block at `timestamp` upgrades contracts with.
    pub(crate) fn upgrade_transactions(&self, timestamp: u64) -> impl Iterator<Item = &Bytes> {
        let active = Fork::ALL.into_iter().filter(move |fork| self.is_activation_block(*fork, timestamp));
        active.filter(|fork| fork.upgrades()).flat_map(|fork| {
            let upgrades = self.upgrades.get(&fork);
            upgrades.unwrap_or_else(|| panic!("nobody gave the upgrade transactions of {fork:?}"))
        })
    }

    /// The same as the executor wants to be told.
    pub(crate) fn hardforks(&self) -> OpChainHardforks {
        let condition = |fork: OpHardfork| match Fork::of(fork) {
            _ if fork == OpHardfork::Bedrock => ForkCondition::Timestamp(0),
            Some(fork) => {
                self.forks.get(fork).map_or(ForkCondition::Never, |after| ForkCondition::Timestamp(self.time(after)))
            }
            None => ForkCondition::Never,
        };
        OpChainHardforks::new(OpHardfork::VARIANTS.iter().map(|fork| (*fork, condition(*fork))))
    }

    /// Constants of the L2 base fee at `timestamp`.
    pub(crate) fn base_fee_at(&self, timestamp: u64) -> BaseFeeParams {
        let denominator = match self.is_active(Fork::Canyon, timestamp) {
            true => self.base_fee.max_change_denominator,
            false => self.bedrock_denominator,
        };
        BaseFeeParams::new(denominator, self.base_fee.elasticity_multiplier)
    }

    /// Bytes that belong to nothing but this chain: what the L1 of a script leaves open.
    pub(crate) fn noise(&self, purpose: &str, number: u64) -> B256 {
        keccak256([&self.seed.to_be_bytes(), purpose.as_bytes(), &number.to_be_bytes()].concat())
    }

    /// `rollup.json` as op-node has it.
    pub(crate) fn rollup_json(&self, l1_genesis: B256, l2_genesis: B256, system_config: &SystemConfig) -> Value {
        let mut json = json!({
            "genesis": {
                "l1": { "hash": l1_genesis, "number": 0 },
                "l2": { "hash": l2_genesis, "number": 0 },
                "l2_time": self.genesis_time,
                "system_config": system_config.json(),
            },
            "block_time": self.l2_block_time,
            "max_sequencer_drift": self.max_sequencer_drift,
            "seq_window_size": self.seq_window_size,
            "channel_timeout": self.channel_timeout,
            "l1_chain_id": self.l1_chain_id,
            "l2_chain_id": self.l2_chain_id,
            "batch_inbox_address": BATCH_INBOX,
            "deposit_contract_address": DEPOSIT_CONTRACT,
            "l1_system_config_address": SYSTEM_CONFIG,
            "protocol_versions_address": Address::ZERO,
            "chain_op_config": {
                "eip1559Elasticity": self.base_fee.elasticity_multiplier,
                "eip1559Denominator": self.bedrock_denominator,
                "eip1559DenominatorCanyon": self.base_fee.max_change_denominator,
            },
        });
        for (fork, after) in self.forks.iter() {
            json[format!("{}_time", fork.name())] = self.time(after).into();
        }
        if let Some(after) = self.pectra_blob_schedule {
            json["pectra_blob_schedule_time"] = self.time(after).into();
        }
        if self.keep_karst_upgrade_gas {
            json["keep_karst_upgrade_gas"] = true.into();
        }
        json
    }

    /// True while L2 computes the blob base fee of the L1 block at `l1_timestamp` with Cancun's parameters.
    pub(crate) fn has_cancun_blob_fee(&self, l1_timestamp: u64) -> bool {
        self.pectra_blob_schedule.is_some_and(|after| l1_timestamp < self.time(after))
    }

    /// The L1 chain's configuration as geth has it.
    pub(crate) fn l1_json(&self) -> Value {
        let mut json = json!({
            "chainId": self.l1_chain_id,
            "terminalTotalDifficulty": 0,
            "shanghaiTime": 0,
            "blobSchedule": {},
        });
        for (fork, after) in self.l1_forks.iter() {
            json[format!("{}Time", fork.name())] = self.time(after).into();
            let Some(params) = self.blob_params_of(fork) else { continue };
            json["blobSchedule"][fork.name()] = json!({
                "target": params.target_blob_count,
                "max": params.max_blob_count,
                "baseFeeUpdateFraction": params.update_fraction as u64,
            });
        }
        let forks = ["homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg"];
        for fork in forks.into_iter().chain(["istanbul", "berlin", "london"]) {
            json[format!("{fork}Block")] = 0.into();
        }
        json
    }
}
