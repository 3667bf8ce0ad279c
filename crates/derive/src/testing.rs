//! A small L1 and L2 for tests: blocks that are named by their numbers, and a batcher that posts what it is told.

use crate::{
    Batcher, Event, IndexedBlobHash, L1Block, L2Block, Pipeline, Reason, SafeHead, Source, Start, next_attributes,
    origins::{Origin, Origins},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec,
    vec::Vec,
};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip4844, TxLegacy, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Log, Signature, TxKind, U256, address, b256, keccak256};
use alloy_rlp::Encodable;
use core::{convert::Infallible, ops::RangeInclusive};
use kohala_protocol::{
    Attributes, BaseFeeConfig, BlobParams, BlockId, BlockInfo, ChannelId, Fork, ForkTimes, Frame, Genesis,
    L1ChainConfig, L1Header, L2BlockInfo, Receipt, RollupConfig, SingularBatch, SystemConfig,
};

/// Time of both genesis blocks.
pub(crate) const GENESIS_TIME: u64 = 1000;
pub(crate) const L1_BLOCK_TIME: u64 = 12;
pub(crate) const INBOX: Address = address!("ff00000000000000000000000000000000000901");
pub(crate) const SYSTEM_CONFIG: Address = address!("3649f526889a918af0a5498706db29e81bc91e0c");
pub(crate) const PORTAL: Address = address!("55bdfb0bfef1070c457124920546359426153833");
const L1_CHAIN_ID: u64 = 900;

/// Whoever signs with this key.
#[derive(Clone, Copy)]
pub(crate) struct Key(pub(crate) u8);

pub(crate) const BATCHER: Key = Key(1);

impl Key {
    fn sign(self, hash: B256) -> Signature {
        sign_message(B256::repeat_byte(self.0), hash).unwrap()
    }

    pub(crate) fn address(self) -> Address {
        self.sign(B256::ZERO).recover_address_from_prehash(&B256::ZERO).unwrap()
    }

    /// An encoded transaction with this signature.
    pub(crate) fn seal<T>(self, transaction: T) -> Bytes
    where
        T: SignableTransaction<Signature>,
        alloy_consensus::Signed<T>: Encodable2718,
    {
        let signature = self.sign(transaction.signature_hash());
        transaction.into_signed(signature).encoded_2718().into()
    }
}

/// All forks up to `fork` active from genesis on, the later ones never.
pub(crate) fn config(fork: Fork) -> RollupConfig {
    let mut forks = ForkTimes::default();
    let active = Fork::ALL.into_iter().filter(|older| (Fork::Regolith..=fork).contains(older));
    active.for_each(|older| forks.set(older, Some(0)));
    RollupConfig {
        genesis: Genesis {
            l1: l1_id(0),
            l2: BlockId { number: 0, hash: l2_hash(0) },
            l2_time: GENESIS_TIME,
            system_config: SystemConfig { batcher: BATCHER.address(), gas_limit: 30_000_000, ..Default::default() },
        },
        block_time: 2,
        max_sequencer_drift: 600,
        seq_window_size: 100,
        channel_timeout: 10,
        l1_chain_id: L1_CHAIN_ID,
        l2_chain_id: 901,
        forks,
        pectra_blob_schedule_time: None,
        keep_karst_upgrade_gas: false,
        batch_inbox_address: INBOX,
        deposit_contract_address: PORTAL,
        l1_system_config_address: SYSTEM_CONFIG,
        base_fee: BaseFeeConfig::default(),
    }
}

pub(crate) fn l1_hash(number: u64) -> B256 {
    keccak256([b"l1", &number.to_be_bytes()[..]].concat())
}

pub(crate) fn l2_hash(number: u64) -> B256 {
    keccak256([b"l2", &number.to_be_bytes()[..]].concat())
}

pub(crate) fn l1_id(number: u64) -> BlockId {
    BlockId { number, hash: l1_hash(number) }
}

pub(crate) fn l1_header(number: u64) -> L1Header {
    L1Header {
        hash: l1_hash(number),
        parent_hash: number.checked_sub(1).map_or(B256::ZERO, l1_hash),
        number,
        timestamp: GENESIS_TIME + number * L1_BLOCK_TIME,
        mix_hash: l1_hash(number),
        ..Default::default()
    }
}

/// L1 blocks of these numbers, without content.
pub(crate) fn origins(numbers: RangeInclusive<u64>) -> Origins {
    let mut numbers = numbers.map(|number| Origin::begun(l1_header(number)));
    let mut origins = Origins::new(numbers.next().unwrap());
    numbers.for_each(|origin| origins.push(origin, &BlockId::default()));
    origins
}

/// An L2 block of an ordinary chain: six to an epoch.
pub(crate) fn l2_block(number: u64) -> L2BlockInfo {
    L2BlockInfo {
        block: BlockInfo {
            number,
            hash: l2_hash(number),
            parent_hash: number.checked_sub(1).map_or(B256::ZERO, l2_hash),
            timestamp: GENESIS_TIME + number * 2,
        },
        l1_origin: l1_id(number / 6),
        sequence_number: number % 6,
    }
}

/// The batch of an ordinary chain's block, with `count` transactions.
pub(crate) fn singular(number: u64, count: u64) -> SingularBatch {
    let block = l2_block(number);
    SingularBatch {
        parent_hash: block.block.parent_hash,
        epoch: block.l1_origin,
        timestamp: block.block.timestamp,
        transactions: (0..count).map(l2_transaction).collect(),
    }
}

/// A channel's item.
pub(crate) fn singular_item(batch: &SingularBatch) -> Bytes {
    let mut fields = Vec::new();
    batch.parent_hash.encode(&mut fields);
    batch.epoch.number.encode(&mut fields);
    batch.epoch.hash.encode(&mut fields);
    batch.timestamp.encode(&mut fields);
    batch.transactions.slices().collect::<Vec<_>>().encode(&mut fields);
    let mut item = vec![0];
    alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut item);
    item.extend(fields);
    item.into()
}

fn l2_transaction_parts(nonce: u64) -> (TxEip1559, Signature) {
    let transaction =
        TxEip1559 { chain_id: 901, nonce, gas_limit: 21_000, to: TxKind::Call(INBOX), ..Default::default() };
    (transaction, Signature::new(U256::from(1), U256::from(1), false))
}

/// A transaction for L2; its signature is nobody's.
pub(crate) fn l2_transaction(nonce: u64) -> Bytes {
    let (transaction, signature) = l2_transaction_parts(nonce);
    transaction.into_signed(signature).encoded_2718().into()
}

/// A span batch to be encoded; nothing keeps it from being invalid.
#[derive(Clone)]
pub(crate) struct Span {
    pub(crate) timestamp: u64,
    pub(crate) parent: B256,
    pub(crate) last_origin: BlockId,
    /// For each block whether it begins an epoch, and the nonces of its transactions.
    pub(crate) blocks: Vec<(bool, Vec<u64>)>,
}

impl Span {
    /// Blocks of an ordinary chain with `count` transactions each.
    pub(crate) fn of(numbers: RangeInclusive<u64>, count: u64) -> Self {
        let first = l2_block(*numbers.start());
        Self {
            timestamp: first.block.timestamp,
            parent: first.block.parent_hash,
            last_origin: l2_block(*numbers.end()).l1_origin,
            blocks: numbers.map(|number| (number % 6 == 0, (0..count).collect())).collect(),
        }
    }

    /// A channel's item.
    pub(crate) fn item(&self) -> Bytes {
        let bits = |bits: &[bool]| {
            let mut bytes = vec![0; bits.len().div_ceil(8)];
            let length = bytes.len();
            bits.iter()
                .enumerate()
                .filter(|(_, bit)| **bit)
                .for_each(|(i, _)| bytes[length - 1 - i / 8] |= 1 << (i % 8));
            bytes
        };
        let nonces: Vec<u64> = self.blocks.iter().flat_map(|(_, nonces)| nonces.clone()).collect();
        let mut item = vec![1];
        uvarint(self.timestamp.wrapping_sub(GENESIS_TIME), &mut item);
        uvarint(self.last_origin.number, &mut item);
        item.extend(&self.parent[..20]);
        item.extend(&self.last_origin.hash[..20]);
        uvarint(self.blocks.len() as u64, &mut item);
        item.extend(bits(&self.blocks.iter().map(|(begins, _)| *begins).collect::<Vec<_>>()));
        self.blocks.iter().for_each(|(_, nonces)| uvarint(nonces.len() as u64, &mut item));
        item.extend(bits(&vec![false; nonces.len()])); // creates a contract
        item.extend(bits(&vec![false; nonces.len()])); // parity
        nonces.iter().for_each(|_| item.extend([B256::with_last_byte(1), B256::with_last_byte(1)].concat()));
        nonces.iter().for_each(|_| item.extend(INBOX));
        // Type 2: value, tip, fee, input and access list are all empty.
        nonces.iter().for_each(|_| item.extend([2, 0xC5, 0x80, 0x80, 0x80, 0x80, 0xC0]));
        nonces.iter().for_each(|nonce| uvarint(*nonce, &mut item));
        nonces.iter().for_each(|_| uvarint(21_000, &mut item));
        item.into()
    }
}

fn uvarint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A compressed channel.
pub(crate) fn channel(items: &[Bytes]) -> Bytes {
    let mut stream = Vec::new();
    items.iter().for_each(|item| item.encode(&mut stream));
    miniz_oxide::deflate::compress_to_vec_zlib(&stream, 6).into()
}

/// `channel` in `count` frames.
pub(crate) fn frames(id: u8, channel: &Bytes, count: usize) -> Vec<Frame> {
    let size = channel.len().div_ceil(count).max(1);
    let piece =
        |number: usize| channel.slice((number * size).min(channel.len())..((number + 1) * size).min(channel.len()));
    (0..count)
        .map(|number| Frame {
            id: ChannelId([id; 16]),
            number: number as u16,
            data: piece(number),
            is_last: number + 1 == count,
        })
        .collect()
}

/// Frames as a transaction carries them.
pub(crate) fn datum(frames: &[Frame]) -> Bytes {
    let mut datum = vec![0];
    for frame in frames {
        datum.extend(frame.id.0);
        datum.extend(frame.number.to_be_bytes());
        datum.extend((frame.data.len() as u32).to_be_bytes());
        datum.extend(&frame.data);
        datum.push(frame.is_last.into());
    }
    datum.into()
}

/// A datum that holds one channel of these items.
pub(crate) fn post(id: u8, items: &[Bytes]) -> Bytes {
    datum(&frames(id, &channel(items), 1))
}

/// A datum that holds the singular batches of an ordinary chain's blocks, with one transaction each.
pub(crate) fn post_blocks(id: u8, numbers: impl IntoIterator<Item = u64>) -> Bytes {
    post(id, &numbers.into_iter().map(|number| singular_item(&singular(number, 1))).collect::<Vec<_>>())
}

/// A transaction to the inbox.
pub(crate) fn to_inbox(input: Bytes) -> TxLegacy {
    TxLegacy { chain_id: Some(L1_CHAIN_ID), gas_limit: 1_000_000, to: TxKind::Call(INBOX), input, ..Default::default() }
}

/// A blob transaction to the inbox.
pub(crate) fn blobs_to_inbox(blob_versioned_hashes: Vec<B256>, input: Bytes) -> TxEip4844 {
    TxEip4844 { chain_id: L1_CHAIN_ID, to: INBOX, blob_versioned_hashes, input, ..Default::default() }
}

/// A blob that holds `data`, at most 123 bytes: one round of four field elements.
pub(crate) fn blob(data: &[u8]) -> Bytes {
    let mut round = [0; 123];
    round[..data.len()].copy_from_slice(data);
    let (x, y, z) = (round[27], round[59], round[91]);
    let mut blob = vec![0; 131_072];
    blob[2..5].copy_from_slice(&(data.len() as u32).to_be_bytes()[1..]);
    blob[5..32].copy_from_slice(&round[..27]);
    blob[33..64].copy_from_slice(&round[28..59]);
    blob[65..96].copy_from_slice(&round[60..91]);
    blob[97..128].copy_from_slice(&round[92..]);
    blob[0] = x & 0x3F;
    blob[32] = (x >> 6) << 4 | (y & 0x0F);
    blob[64] = z & 0x3F;
    blob[96] = (z >> 6) << 4 | (y >> 4);
    blob.into()
}

/// A receipt whose log changes the batcher.
pub(crate) fn batcher_change(batcher: Address) -> Receipt {
    let words = [B256::with_last_byte(32), B256::with_last_byte(32), batcher.into_word()];
    let topics =
        vec![b256!("1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be"), B256::ZERO, B256::ZERO];
    Receipt { succeeded: true, logs: vec![Log::new_unchecked(SYSTEM_CONFIG, topics, words.concat().into())] }
}

/// A receipt with a deposit log of this data.
pub(crate) fn deposit_log(data: Bytes) -> Receipt {
    let topics = vec![
        b256!("b3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32"),
        B256::ZERO,
        B256::ZERO,
        B256::ZERO,
    ];
    Receipt { succeeded: true, logs: vec![Log::new_unchecked(PORTAL, topics, data)] }
}

/// Both chains: L1 as it is pushed, L2 as it is derived; L2 blocks up to `safe` are there from the start.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) config: RollupConfig,
    l1: Vec<L1Block>,
    safe: u64,
    /// Pipeline origin, if it is not the safe head's.
    look_back: Option<u64>,
    blobs: BTreeMap<B256, Bytes>,
    /// L2 blocks that are invalid unless they are deposits only; each is rejected once.
    invalid: BTreeSet<u64>,
    /// Transactions that the batches brought, by L2 block.
    pub(crate) chain: BTreeMap<u64, Derived>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) l2_blocks_asked: Vec<RangeInclusive<u64>>,
}

/// An L2 block as it was derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Derived {
    pub(crate) info: L2BlockInfo,
    pub(crate) attributes: Attributes,
}

impl World {
    /// Everything begins at genesis.
    pub(crate) fn new(config: RollupConfig) -> Self {
        let genesis = L1Block { header: l1_header(0), transactions: Vec::new(), receipts: None, senders: None };
        Self {
            config,
            l1: vec![genesis],
            safe: 0,
            look_back: None,
            blobs: BTreeMap::new(),
            invalid: BTreeSet::new(),
            chain: BTreeMap::new(),
            reasons: Vec::new(),
            l2_blocks_asked: Vec::new(),
        }
    }

    /// Begins on top of an L2 block of the ordinary chain and reads L1 from block `origin` on.
    pub(crate) fn starting_at(mut self, safe: u64, origin: u64) -> Self {
        (self.safe, self.look_back) = (safe, Some(origin));
        self
    }

    /// These L2 blocks will be rejected.
    pub(crate) fn rejecting(mut self, numbers: &[u64]) -> Self {
        self.invalid.extend(numbers);
        self
    }

    /// An L1 block with these data in the batcher's transactions.
    pub(crate) fn push(&mut self, data: &[Bytes]) {
        self.push_transactions(data.iter().map(|datum| BATCHER.seal(to_inbox(datum.clone()))).collect());
    }

    pub(crate) fn push_transactions(&mut self, transactions: Vec<Bytes>) {
        let header = l1_header(self.l1.len() as u64);
        self.l1.push(L1Block { header, transactions, receipts: None, senders: None });
    }

    /// L1 blocks without batches, up to and including `number`.
    pub(crate) fn push_until(&mut self, number: u64) {
        while (self.l1.len() as u64) <= number {
            self.push(&[]);
        }
    }

    /// The last L1 block gets these receipts.
    pub(crate) fn receipts(&mut self, receipts: Vec<Receipt>) {
        let last = self.l1.last_mut().unwrap();
        receipts.iter().flat_map(|receipt| &receipt.logs).for_each(|log| last.header.logs_bloom.accrue_log(log));
        last.receipts = Some(receipts);
    }

    /// Makes a blob available under a hash of its own.
    pub(crate) fn add_blob(&mut self, blob: Bytes) -> B256 {
        let hash = keccak256(&blob);
        self.blobs.insert(hash, blob);
        hash
    }

    pub(crate) fn pipeline(&self) -> Pipeline {
        let system_config = self.config.genesis.system_config;
        let origin = self.look_back.unwrap_or_else(|| l2_block(self.safe).l1_origin.number);
        let start = Start {
            safe_head: SafeHead { info: l2_block(self.safe), system_config },
            origin: self.l1[origin as usize].clone(),
            batcher: Batcher(system_config.batcher),
        };
        let blob_params = BlobParams { target: 6, max: 9, update_fraction: 5_007_716 };
        let l1 = L1ChainConfig { chain_id: L1_CHAIN_ID, blob_schedule: vec![(0, blob_params)] };
        Pipeline::new(Arc::new(self.config.clone()), Arc::new(l1), start)
    }

    /// Derives to the end of L1; returns the number of the safe head.
    pub(crate) fn derive(&mut self) -> u64 {
        let mut pipeline = self.pipeline();
        while let Some(mut attributes) = next_attributes(&mut pipeline, self).unwrap() {
            if self.invalid.remove(&attributes.number()) {
                match pipeline.reject() {
                    Some(deposits_only) => attributes = deposits_only,
                    None => continue,
                }
            }
            let safe_head = self.build(attributes);
            pipeline.accept(safe_head);
        }
        self.reasons.extend(pipeline.events().map(|event: Event| event.reason));
        let safe_head = pipeline.safe_head().info.block.number;
        self.chain.retain(|number, _| *number <= safe_head);
        safe_head
    }

    pub(crate) fn build(&mut self, attributes: Attributes) -> SafeHead {
        let number = attributes.number();
        let info = L2BlockInfo {
            block: BlockInfo {
                number,
                hash: l2_hash(number),
                parent_hash: attributes.parent.hash,
                timestamp: attributes.timestamp,
            },
            l1_origin: attributes.l1_origin,
            sequence_number: attributes.sequence_number,
        };
        self.chain.insert(number, Derived { info, attributes });
        SafeHead { info, system_config: self.config.genesis.system_config }
    }

    /// How many transactions each block has from its batch, from the block after the start on.
    pub(crate) fn batched(&self) -> Vec<usize> {
        let attributes = self.chain.values().map(|block| &block.attributes);
        attributes.map(|attributes| attributes.transactions.len() - attributes.deposits).collect()
    }
}

impl Source for World {
    type Error = Infallible;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Infallible> {
        Ok(self.l1.get(number as usize).cloned())
    }

    fn blobs(&mut self, _: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Infallible> {
        Ok(hashes.iter().map(|indexed| self.blobs[&indexed.hash].clone()).collect())
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Infallible> {
        self.l2_blocks_asked.push(numbers.clone());
        Ok(numbers
            .map(|number| match self.chain.get(&number) {
                Some(block) => L2Block { info: block.info, transactions: block.attributes.transactions.clone() },
                None => L2Block { info: l2_block(number), transactions: vec![Bytes::from_static(&[0x7E])] },
            })
            .collect())
    }
}
