//! A small L1 and L2: blocks are named by their numbers, and a batcher posts what a script says.

use crate::{channel, frames, script::Script, span, span::Span};
use alloy_consensus::{SignableTransaction, TxEip4844, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use kohala_derive::{Batcher, L1Block, SafeHead, Start};
use kohala_protocol::{
    BaseFeeConfig, Batch, BlobParams, BlockId, BlockInfo, ChannelId, Deposit, Fork, ForkTimes, Frame, Genesis,
    L1ChainConfig, L1Header, L2BlockInfo, RollupConfig, SpanContext, SystemConfig,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

pub(crate) const GENESIS_TIME: u64 = 1000;
pub(crate) const L1_BLOCK_TIME: u64 = 12;
pub(crate) const L2_BLOCK_TIME: u64 = 2;
pub(crate) const INBOX: Address = Address::repeat_byte(0xff);
pub(crate) const L2_CHAIN_ID: u64 = 901;
pub(crate) const CHANNEL_TIMEOUT: u64 = 3;
pub(crate) const MAX_SEQUENCER_DRIFT: u64 = 600;
const L1_CHAIN_ID: u64 = 900;
const KEY: B256 = B256::repeat_byte(1);

/// Who signs blob transactions. Calldata comes in deposits, as on an L1 that is a rollup itself: nobody signs those, and
/// to sign and to recover would take most of the time.
pub(crate) static BATCHER: LazyLock<Address> = LazyLock::new(|| {
    let signature = sign_message(KEY, B256::ZERO).expect("a key");
    signature.recover_address_from_prehash(&B256::ZERO).expect("its signature")
});

/// Blob transactions with one blob, two and three.
static BLOB_TRANSACTIONS: LazyLock<[Bytes; 3]> = LazyLock::new(|| {
    [1, 2, 3].map(|count| {
        let hashes = (0..count).map(|_| B256::repeat_byte(1)).collect();
        let transaction =
            TxEip4844 { chain_id: L1_CHAIN_ID, to: INBOX, blob_versioned_hashes: hashes, ..Default::default() };
        let signature = sign_message(KEY, transaction.signature_hash()).expect("a key");
        transaction.into_signed(signature).encoded_2718().into()
    })
});

/// The forks up to `fork` are active from genesis on, those up to the other one from its time on.
pub(crate) fn config(fork: Fork, later: Option<(Fork, u64)>) -> RollupConfig {
    let mut forks = ForkTimes::default();
    for each in Fork::ALL.into_iter().filter(|each| *each != Fork::Bedrock) {
        if each <= fork {
            forks.set(each, Some(0));
        } else if let Some((_, time)) = later.filter(|(last, _)| each <= *last) {
            forks.set(each, Some(time));
        }
    }
    RollupConfig {
        genesis: Genesis {
            l1: l1_id(0),
            l2: BlockId { number: 0, hash: l2_hash(0) },
            l2_time: GENESIS_TIME,
            system_config: SystemConfig { batcher: *BATCHER, gas_limit: 30_000_000, ..Default::default() },
        },
        block_time: L2_BLOCK_TIME,
        max_sequencer_drift: MAX_SEQUENCER_DRIFT,
        seq_window_size: 10,
        channel_timeout: CHANNEL_TIMEOUT,
        l1_chain_id: L1_CHAIN_ID,
        l2_chain_id: L2_CHAIN_ID,
        forks,
        pectra_blob_schedule_time: None,
        keep_karst_upgrade_gas: false,
        batch_inbox_address: INBOX,
        deposit_contract_address: crate::logs::CONTRACT,
        l1_system_config_address: crate::logs::CONTRACT,
        base_fee: BaseFeeConfig::default(),
    }
}

pub(crate) fn l1_config() -> L1ChainConfig {
    let blob_params = BlobParams { target: 6, max: 9, update_fraction: 5_007_716 };
    L1ChainConfig { chain_id: L1_CHAIN_ID, blob_schedule: vec![(0, blob_params)] }
}

/// Begins at both genesis blocks.
pub(crate) fn start(config: &RollupConfig) -> Start {
    let system_config = config.genesis.system_config;
    let origin = L1Block { header: l1_header(0), transactions: Vec::new(), receipts: None, senders: None };
    Start { safe_head: SafeHead { info: l2_block(0), system_config }, origin, batcher: Batcher(system_config.batcher) }
}

pub(crate) fn l1_hash(number: u64) -> B256 {
    name(1, number)
}

pub(crate) fn l2_hash(number: u64) -> B256 {
    name(2, number)
}

/// What stands for a hash: to make real ones would take a fifth of the time.
fn name(chain: u8, number: u64) -> B256 {
    let mut name = B256::repeat_byte(chain);
    name[..8].copy_from_slice(&number.to_be_bytes());
    name
}

pub(crate) fn l1_id(number: u64) -> BlockId {
    BlockId { number, hash: l1_hash(number) }
}

pub(crate) const fn l2_time(number: u64) -> u64 {
    GENESIS_TIME + number * L2_BLOCK_TIME
}

pub(crate) fn l1_header(number: u64) -> L1Header {
    L1Header {
        hash: l1_hash(number),
        parent_hash: number.checked_sub(1).map_or(B256::ZERO, l1_hash),
        number,
        timestamp: GENESIS_TIME + number * L1_BLOCK_TIME,
        ..Default::default()
    }
}

/// An L2 block of an ordinary chain: six to an epoch.
pub(crate) fn l2_block(number: u64) -> L2BlockInfo {
    L2BlockInfo {
        block: BlockInfo {
            number,
            hash: l2_hash(number),
            parent_hash: number.checked_sub(1).map_or(B256::ZERO, l2_hash),
            timestamp: l2_time(number),
        },
        l1_origin: l1_id(number / 6),
        sequence_number: number % 6,
    }
}

/// A transaction that carries a datum.
pub(crate) fn carrier(datum: &[u8]) -> Bytes {
    let deposit = Deposit {
        source_hash: B256::ZERO,
        from: *BATCHER,
        to: TxKind::Call(INBOX),
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: 0,
        is_system: false,
        data: Bytes::copy_from_slice(datum),
    };
    deposit.encode()
}

/// A transaction with this many blobs, one to three.
pub(crate) fn blob_carrier(count: usize) -> Bytes {
    BLOB_TRANSACTIONS[count - 1].clone()
}

/// A batcher that follows a script: it posts the ordinary chain's blocks, and makes mistakes.
pub(crate) struct Poster {
    /// The next L2 block to be posted.
    next: u64,
    channels: u8,
    /// How many L2 blocks were posted in all.
    pub(crate) count: u64,
    /// What was said of each timestamp; `None` once a channel was garbled.
    pub(crate) posted: Option<Posted>,
}

/// What batches said of blocks, by their timestamp: parent, which a span tells of its first block only, epoch, and
/// transactions.
pub(crate) type Posted = BTreeMap<u64, BTreeSet<(Option<B256>, u64, Vec<Bytes>)>>;

impl Poster {
    pub(crate) const fn new() -> Self {
        Self { next: 1, channels: 0, count: 0, posted: Some(Posted::new()) }
    }

    /// One channel as data: often one datum, sometimes one for each frame.
    pub(crate) fn post(&mut self, script: &mut Script<'_>) -> Vec<Vec<u8>> {
        if script.rarely(16) {
            return vec![script.string().to_vec()];
        }
        if script.rarely(8) {
            // Something went wrong; begin anew.
            self.next = 1 + script.pick(self.next as usize) as u64;
        }
        let mut stream = Vec::new();
        for _ in 0..1 + script.pick(4) {
            alloy_rlp::Encodable::encode(&self.item(script)[..], &mut stream);
        }
        let setting = script.byte();
        let mut channel = channel::compress(&stream, [u8::from(setting < 0xf8), setting / 32 * 3]);
        if script.rarely(32) {
            let place = script.pick(channel.len());
            channel[place] ^= script.byte();
            self.posted = None;
        }
        self.channels = self.channels.wrapping_add(1);
        let id = ChannelId([if script.rarely(8) { script.byte() } else { self.channels }; 16]);
        let size = channel.len().div_ceil(1 + script.pick(3)).max(1);
        let pieces = channel.chunks(size).map(Bytes::copy_from_slice);
        let mut frames: Vec<Frame> =
            (0..).zip(pieces).map(|(number, data)| Frame { id, number, data, is_last: false }).collect();
        if let Some(last) = frames.last_mut() {
            last.is_last = !script.rarely(16);
        }
        if script.rarely(8) {
            let (from, to) = (script.pick(frames.len()), script.pick(frames.len()));
            frames.swap(from, to);
        }
        match script.rarely(4) {
            true => frames.iter().map(|frame| frames::encode(core::slice::from_ref(frame))).collect(),
            false => vec![frames::encode(&frames)],
        }
    }

    fn item(&mut self, script: &mut Script<'_>) -> Vec<u8> {
        match script.pick(64) {
            63 => {
                self.count += 1;
                let item = script.string();
                self.record(item);
                return item.to_vec();
            }
            62 => self.next += 1,
            56..62 => self.next = self.next.saturating_sub(u64::from(script.byte()) % 16).max(1),
            _ => {}
        }
        let count = if script.rarely(3) { 1 + script.pick(9) as u64 } else { 1 };
        let item = if count > 1 { self.span(count, script) } else { self.singular(script) };
        self.next += count;
        self.count += count;
        self.record(&item);
        item
    }

    /// Notes what an item says, if it says something.
    fn record(&mut self, item: &[u8]) {
        let Some(posted) = &mut self.posted else { return };
        let context = SpanContext { genesis_time: GENESIS_TIME, block_time: L2_BLOCK_TIME, chain_id: L2_CHAIN_ID };
        let mut note = |timestamp, said| posted.entry(timestamp).or_default().insert(said);
        match Batch::decode(Bytes::copy_from_slice(item), &context) {
            Ok(Batch::Singular(batch)) => {
                let transactions = batch.transactions.slices().collect();
                note(batch.timestamp, (Some(batch.parent_hash), batch.epoch.number, transactions));
            }
            Ok(Batch::Span(span)) => (0..span.len()).for_each(|block| {
                note(span.timestamp(block), (None, span.origin_number(block), span.transactions(block).collect()));
            }),
            Err(_) => {}
        }
    }

    fn singular(&self, script: &mut Script<'_>) -> Vec<u8> {
        let block = l2_block(self.next);
        let epoch = l1_id(slipped(block.l1_origin.number, script));
        let timestamp = slipped(block.block.timestamp, script);
        let transactions: Vec<Bytes> = (0..script.pick(3)).map(|_| transaction(script)).collect();
        let mut fields = Vec::new();
        let parent_hash = l2_hash(slipped(self.next - 1, script));
        let parts: [&dyn alloy_rlp::Encodable; 5] =
            [&parent_hash, &epoch.number, &epoch.hash, &timestamp, &transactions];
        parts.iter().for_each(|part| part.encode(&mut fields));
        let mut item = vec![0];
        alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut item);
        item.extend(fields);
        item
    }

    fn span(&self, count: u64, script: &mut Script<'_>) -> Vec<u8> {
        let (first, last) = (l2_block(self.next), l2_block(self.next + count - 1));
        let l1_origin = l1_id(slipped(last.l1_origin.number, script));
        let [parent_check, l1_origin_check] =
            [first.block.parent_hash, l1_origin.hash].map(|hash| *hash.first_chunk().expect("32 bytes"));
        let block = |number: u64| {
            let transactions = (0..script.pick(2)).map(|_| span::transaction(script, L2_CHAIN_ID)).collect();
            ((number.is_multiple_of(6)) != script.rarely(32), transactions)
        };
        let blocks = (self.next..self.next + count).map(block).collect();
        Span {
            relative_timestamp: slipped(first.block.timestamp - GENESIS_TIME, script),
            l1_origin_number: l1_origin.number,
            parent_check,
            l1_origin_check,
            blocks,
        }
        .encode()
    }
}

/// What a batch holds as a transaction: mostly something of a known type.
fn transaction(script: &mut Script<'_>) -> Bytes {
    match script.rarely(8) {
        true => Bytes::copy_from_slice(script.string()),
        false => [&[2], script.bytes(3)].concat().into(),
    }
}

/// The right number, or now and then another one nearby.
fn slipped(number: u64, script: &mut Script<'_>) -> u64 {
    if !script.rarely(32) {
        return number;
    }
    (number + u64::from(script.byte()) % 8).saturating_sub(4)
}
