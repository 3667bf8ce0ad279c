//! A recorded chain in memory, as each side takes it in. Everything is decoded beforehand as far as a side's source has
//! to hand it over decoded, so that no side pays for the recording.

use alloy_consensus_1::{
    Header as KonaHeader, Receipt as KonaReceipt, ReceiptEnvelope as KonaReceiptEnvelope, TxEnvelope as KonaTransaction,
};
use alloy_eips_1::{BlockNumHash, eip2718::Decodable2718, eip4844::Blob};
use alloy_primitives::{Address, B256, Bytes, Log, U256, uint};
use alloy_rlp::Decodable;
use kohala_derive::{L1Block, SafeHead};
use kohala_protocol::{
    BlockInfo, L1ChainConfig, L1Header, L2BlockInfo, L2BlockParts, Receipt, RollupConfig, SystemConfig,
    may_hold_deposits_or_config,
};
use kohala_testdata::{Chain, L1Record, L2Record};
use kona_genesis::{
    CONFIG_UPDATE_TOPIC, ChainGenesis, HardForkConfig, RollupConfig as KonaConfig, SystemConfig as KonaSystemConfig,
};
use kona_protocol::{BlockInfo as KonaBlockInfo, L2BlockInfo as KonaL2BlockInfo};
use std::{collections::HashMap, sync::Arc};

/// The chain that is derived.
const NAME: &str = "main";

/// The recorded chain `main` with Jovian taken out of its configuration: kona 0.4.5 doesn't know that fork. The L1 data
/// is the same, and the attributes are those of Isthmus.
pub(crate) struct Recording {
    pub(crate) chain: Chain,
    pub(crate) config: Arc<RollupConfig>,
    pub(crate) l1_config: Arc<L1ChainConfig>,
    /// By number.
    pub(crate) l1_blocks: Vec<L1Block>,
    /// By number.
    pub(crate) safe_heads: Vec<SafeHead>,
    pub(crate) kona: Arc<KonaRecording>,
}

/// The same for kona.
#[derive(Debug)]
pub(crate) struct KonaRecording {
    pub(crate) config: Arc<KonaConfig>,
    /// By number.
    pub(crate) l1_blocks: Vec<KonaL1Block>,
    /// The place in `l1_blocks` by hash.
    pub(crate) by_hash: HashMap<B256, usize>,
    pub(crate) blobs: HashMap<B256, Box<Blob>>,
    /// By number.
    pub(crate) l2_blocks: Vec<(KonaL2BlockInfo, KonaSystemConfig)>,
}

#[derive(Debug)]
pub(crate) struct KonaL1Block {
    pub(crate) info: KonaBlockInfo,
    pub(crate) header: KonaHeader,
    pub(crate) transactions: Vec<KonaTransaction>,
    pub(crate) receipts: Vec<KonaReceipt>,
}

impl Recording {
    pub(crate) fn load() -> Self {
        let chain = kohala_testdata::chain(NAME);
        let recorded = RollupConfig::from_json(&chain.rollup_json).expect("a recorded configuration");
        let config = RollupConfig::from_json(&without_jovian(&chain.rollup_json)).expect("a recorded configuration");
        let l1_config = L1ChainConfig::from_json(&chain.l1_config_json).expect("a recorded configuration");
        let safe_heads: Vec<_> = chain.l2.iter().map(|record| safe_head(record, &recorded)).collect();
        let kona = KonaRecording::new(&chain, &config, &safe_heads);
        Self {
            l1_blocks: chain.l1.iter().map(|record| l1_block(record, &config)).collect(),
            safe_heads,
            config: Arc::new(config),
            l1_config: Arc::new(l1_config),
            kona: Arc::new(kona),
            chain,
        }
    }

    /// The number of the last L2 block.
    pub(crate) fn last(&self) -> usize {
        self.safe_heads.len() - 1
    }
}

/// The configuration as if nobody had heard of Jovian.
fn without_jovian(json: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(json).expect("JSON is text");
    let lines = text.lines().filter(|line| !line.contains("\"jovian_time\""));
    lines.collect::<Vec<_>>().join("\n").into()
}

fn l1_block(record: &L1Record, config: &RollupConfig) -> L1Block {
    let header = L1Header::decode(record.hash, &record.header_rlp).expect("a recorded header");
    let receipts = || record.receipts.iter().map(|receipt| Receipt::decode(receipt).expect("a recorded receipt"));
    let receipts = may_hold_deposits_or_config(&header, config).then(|| receipts().collect());
    L1Block { header, transactions: record.transactions.clone(), receipts, senders: None }
}

fn safe_head(record: &L2Record, config: &RollupConfig) -> SafeHead {
    let header = kona_header(&record.header_rlp);
    let (hash, parent_hash, timestamp) = (record.hash, header.parent_hash, header.timestamp);
    let parts = L2BlockParts {
        info: BlockInfo { number: record.number, hash, parent_hash, timestamp },
        gas_limit: header.gas_limit,
        extra_data: &header.extra_data,
        first_transaction: record.transactions.first().map(|transaction| &transaction[..]),
    };
    SafeHead {
        info: L2BlockInfo::of_block(config, parts).expect("a recorded block"),
        system_config: SystemConfig::of_block(config, parts).expect("a recorded block"),
    }
}

impl KonaRecording {
    fn new(chain: &Chain, config: &RollupConfig, safe_heads: &[SafeHead]) -> Self {
        let l1_blocks: Vec<_> = chain.l1.iter().map(KonaL1Block::new).collect();
        let blob = |data: &Bytes| Box::new(Blob::try_from(&data[..]).expect("a recorded blob"));
        Self {
            config: Arc::new(kona_config(config)),
            by_hash: l1_blocks.iter().enumerate().map(|(number, block)| (block.info.hash, number)).collect(),
            l1_blocks,
            blobs: chain.blobs.iter().map(|(hash, recorded)| (*hash, blob(&recorded.data))).collect(),
            l2_blocks: safe_heads.iter().map(|head| (kona_l2(&head.info), kona_system(&head.system_config))).collect(),
        }
    }

    pub(crate) fn l1(&self, hash: B256) -> Option<&KonaL1Block> {
        self.by_hash.get(&hash).map(|number| &self.l1_blocks[*number])
    }
}

impl KonaL1Block {
    fn new(record: &L1Record) -> Self {
        let header = kona_header(&record.header_rlp);
        let info = KonaBlockInfo::new(record.hash, record.number, header.parent_hash, header.timestamp);
        let transaction =
            |bytes: &Bytes| KonaTransaction::decode_2718(&mut &bytes[..]).expect("a recorded transaction");
        let receipt = |bytes: &Bytes| {
            let envelope = KonaReceiptEnvelope::decode_2718(&mut &bytes[..]).expect("a recorded receipt");
            let mut receipt = envelope.as_receipt().expect("a recorded receipt").clone();
            receipt.logs.iter_mut().filter(|log| is_unknown_update(log)).for_each(|log| log.address = Address::ZERO);
            receipt
        };
        Self {
            info,
            header,
            transactions: record.transactions.iter().map(transaction).collect(),
            receipts: record.receipts.iter().map(receipt).collect(),
        }
    }
}

/// True for an update of the system config by a type that came with Jovian. Kona would end over it, and without Jovian
/// it changes nothing; the log stays in its place, for deposits are numbered by their logs.
fn is_unknown_update(log: &Log) -> bool {
    const FIRST_OF_JOVIAN: U256 = uint!(6_U256);
    let is_update = log.topics().first() == Some(&CONFIG_UPDATE_TOPIC);
    is_update && log.topics().get(2).is_some_and(|kind| U256::from_be_bytes(kind.0) >= FIRST_OF_JOVIAN)
}

fn kona_header(rlp: &Bytes) -> KonaHeader {
    KonaHeader::decode(&mut &rlp[..]).expect("a recorded header")
}

/// Field by field: kona's own reader wants keys that an op-node's configuration needn't have.
fn kona_config(config: &RollupConfig) -> KonaConfig {
    let genesis = &config.genesis;
    let id = |id: kohala_protocol::BlockId| BlockNumHash { number: id.number, hash: id.hash };
    let from_genesis = Some(0);
    KonaConfig {
        genesis: ChainGenesis {
            l1: id(genesis.l1),
            l2: id(genesis.l2),
            l2_time: genesis.l2_time,
            system_config: Some(kona_system(&genesis.system_config)),
        },
        block_time: config.block_time,
        max_sequencer_drift: config.max_sequencer_drift,
        seq_window_size: config.seq_window_size,
        channel_timeout: config.channel_timeout,
        l1_chain_id: config.l1_chain_id,
        l2_chain_id: config.l2_chain_id.into(),
        hardforks: HardForkConfig {
            regolith_time: from_genesis,
            canyon_time: from_genesis,
            delta_time: from_genesis,
            ecotone_time: from_genesis,
            fjord_time: from_genesis,
            granite_time: from_genesis,
            holocene_time: from_genesis,
            isthmus_time: from_genesis,
            ..HardForkConfig::default()
        },
        batch_inbox_address: config.batch_inbox_address,
        deposit_contract_address: config.deposit_contract_address,
        l1_system_config_address: config.l1_system_config_address,
        ..KonaConfig::default()
    }
}

fn kona_system(system: &SystemConfig) -> KonaSystemConfig {
    KonaSystemConfig {
        batcher_address: system.batcher,
        overhead: U256::from_be_bytes(system.overhead.0),
        scalar: U256::from_be_bytes(system.scalar.0),
        gas_limit: system.gas_limit,
        eip1559_denominator: Some(system.eip1559_params.denominator),
        eip1559_elasticity: Some(system.eip1559_params.elasticity),
        operator_fee_scalar: Some(system.operator_fee.scalar),
        operator_fee_constant: Some(system.operator_fee.constant),
        ..KonaSystemConfig::default()
    }
}

fn kona_l2(info: &L2BlockInfo) -> KonaL2BlockInfo {
    let L2BlockInfo { block, l1_origin, sequence_number } = *info;
    let block = KonaBlockInfo::new(block.hash, block.number, block.parent_hash, block.timestamp);
    KonaL2BlockInfo::new(block, BlockNumHash { number: l1_origin.number, hash: l1_origin.hash }, sequence_number)
}
