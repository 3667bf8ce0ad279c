//! What each target begins with: pieces of the recorded chains, channels that op-node judged, and scripts.

use crate::{script::Script, span};
use alloy_consensus::{SignableTransaction, Transaction, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{B256, Bytes, hex};
use kohala_protocol::{ChannelId, ChannelReader, Frame, decode_blob, parse_frames};
use kohala_testdata::{CHAINS, Chain, L1Record};
use std::{collections::BTreeMap, fs, sync::LazyLock};

static RECORDED: LazyLock<Vec<Chain>> = LazyLock::new(|| CHAINS.map(kohala_testdata::chain).into());

/// Longest seed, in bytes: what a fuzzer can change usefully.
const LONGEST: usize = 4096;

/// About `count` of them, spread evenly, none too long.
fn some<T: AsRef<[u8]>>(all: impl IntoIterator<Item = T>, count: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = all.into_iter().map(|seed| seed.as_ref().to_vec()).collect();
    all.retain(|seed| seed.len() <= LONGEST);
    all.sort_by_key(|seed| (seed.len(), seed.clone()));
    all.dedup();
    let step = all.len().div_ceil(count).max(1);
    all.into_iter().step_by(step).collect()
}

fn l1_blocks() -> impl Iterator<Item = (&'static Chain, &'static L1Record)> {
    RECORDED.iter().flat_map(|chain| chain.l1.iter().map(move |block| (chain, block)))
}

/// The batcher's data: calldata, and what blobs hold.
fn data() -> impl Iterator<Item = Bytes> {
    let blobs = RECORDED.iter().flat_map(|chain| chain.blobs.values());
    let blobs = blobs.filter_map(|blob| decode_blob(&blob.data).ok());
    let transactions = l1_blocks().flat_map(|(_, block)| &block.transactions);
    let calldata = transactions.filter_map(|bytes| Some(TxEnvelope::decode_2718_exact(bytes).ok()?.input().clone()));
    blobs.chain(calldata.filter(|input| parse_frames(input).is_ok()))
}

/// Recorded channels and the cases that op-node judged.
fn channels() -> impl Iterator<Item = Vec<u8>> {
    let mut channels: BTreeMap<ChannelId, BTreeMap<u16, Frame>> = BTreeMap::new();
    for frame in data().flat_map(|datum| parse_frames(&datum).unwrap_or_default()) {
        channels.entry(frame.id).or_default().insert(frame.number, frame);
    }
    let recorded =
        channels.into_values().map(|frames| frames.into_values().flat_map(|frame| frame.data.to_vec()).collect());
    let cases = fs::read_to_string(kohala_testdata::path("protocol/channels.txt")).expect("the cases");
    let cases: Vec<Vec<u8>> = cases.lines().filter_map(|line| hex::decode(line.split_once(' ')?.1).ok()).collect();
    cases.into_iter().chain(recorded)
}

/// The items of channels: batches with their type byte.
fn items() -> impl Iterator<Item = Bytes> {
    channels().flat_map(|channel| {
        let reader = ChannelReader::new(vec![channel.into()], 10_000_000, true).ok();
        let mut items = reader.map(|mut reader| core::iter::from_fn(move || reader.next_item()?.ok()));
        core::iter::from_fn(move || items.as_mut()?.next())
    })
}

fn after(start: &[u8], seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.into_iter().map(|seed| [start, &seed].concat()).collect()
}

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let frame = |number: u16| Frame {
        id: ChannelId([7; 16]),
        number,
        data: vec![9; usize::from(number)].into(),
        is_last: number % 2 == 1,
    };
    let short = (1..9).map(|count| crate::frames::encode(&(0..count).map(frame).collect::<Vec<_>>()));
    some(data(), 60).into_iter().chain(short).collect()
}

pub(crate) fn blob() -> Vec<Vec<u8>> {
    let mut seeds = after(&[0, 200, 0], some(data(), 20));
    seeds.extend(after(&[0xff, 0xff, 1, 1, 2, 3, 4], some(data(), 20)));
    seeds
}

pub(crate) fn channel_stream() -> Vec<Vec<u8>> {
    after(&[0xff, 0xff, 0, 30], some(channels(), 120))
}

pub(crate) fn channel_items() -> Vec<Vec<u8>> {
    let stream = |item: Bytes| alloy_rlp::encode(&item);
    let mut seeds = after(&[1, 6, 0, 0, 200, 0, 0], some(items().map(stream), 40));
    seeds.extend(after(&[0, 9, 0, 0, 100, 0, 0], some(items().map(stream), 40)));
    seeds.extend(after(&[1, 0, 0, 0, 7, 0, 1], some(items(), 40)));
    seeds
}

pub(crate) fn singular_batch() -> Vec<Vec<u8>> {
    some(items().filter(|item| item.first() == Some(&0)).map(|item| item.slice(1..)), 60)
}

pub(crate) fn span_batch() -> Vec<Vec<u8>> {
    some(items().filter(|item| item.first() == Some(&1)).map(|item| item.slice(1..)), 60)
}

/// Logs as scripts have them, with the words of deposits of the recorded chains.
pub(crate) fn deposit_logs() -> Vec<Vec<u8>> {
    let opaque =
        |length: usize| [vec![0; 31], vec![5], vec![0; 31], vec![6], vec![0, 0, 0, 0, 0, 0, 9, 9, 0], vec![7; length]];
    let log = |(length, padding): (usize, u8)| {
        let opaque = opaque(length).concat();
        // One receipt, which holds, with one log of the contract and four topics.
        let head = [0, 0, 1, 0, 4, 4, 4, 1, 4, 2, 1, 2, opaque.len() as u8];
        [&head[..], &opaque, &[padding, 0]].concat()
    };
    [0, 1, 22, 23, 24, 54, 55]
        .into_iter()
        .flat_map(|length| [(length, 0), (length, 7)])
        .map(log)
        .chain(scripts())
        .collect()
}

pub(crate) fn config_updates() -> Vec<Vec<u8>> {
    let log = |(kind, ecotone): (u8, u8)| {
        let words = [[0; 32].to_vec(), [0; 32].to_vec()].concat();
        let mut value = words[..if kind == 1 { 64 } else { 32 }].to_vec();
        let end = value.len();
        value[end - 8..].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 2]);
        let head = [ecotone, 0, 0, 1, 0, 3, 4, 1, 4, kind, 2, value.len() as u8];
        [&head[..], &value, &[0]].concat()
    };
    (0..9).flat_map(|kind| [(kind, 0), (kind, 1)]).map(log).chain(scripts()).collect()
}

pub(crate) fn l1_header() -> Vec<Vec<u8>> {
    let l2 = RECORDED.iter().flat_map(|chain| chain.l2.iter().map(|block| &block.header_rlp));
    some(l1_blocks().map(|(_, block)| &block.header_rlp).chain(l2), 40)
}

pub(crate) fn l1_receipt() -> Vec<Vec<u8>> {
    some(l1_blocks().flat_map(|(_, block)| &block.receipts), 60)
}

pub(crate) fn l1_transaction() -> Vec<Vec<u8>> {
    let signed = scripts().into_iter().flat_map(|script| {
        let transaction = span::transaction(&mut Script::new(&script), 900);
        signed(transaction).map(|transaction| transaction.encoded_2718())
    });
    some(l1_blocks().flat_map(|(_, block)| &block.transactions), 60).into_iter().chain(signed).collect()
}

/// The same transaction, signed by somebody.
fn signed(transaction: TxEnvelope) -> Option<TxEnvelope> {
    let signature = sign_message(B256::repeat_byte(1), transaction.signature_hash()).ok()?;
    Some(match transaction {
        TxEnvelope::Legacy(signed) => signed.into_parts().0.into_signed(signature).into(),
        TxEnvelope::Eip2930(signed) => signed.into_parts().0.into_signed(signature).into(),
        TxEnvelope::Eip1559(signed) => signed.into_parts().0.into_signed(signature).into(),
        TxEnvelope::Eip7702(signed) => signed.into_parts().0.into_signed(signature).into(),
        TxEnvelope::Eip4844(_) => return None,
    })
}

/// First transactions of L2 blocks, and other deposits of theirs.
pub(crate) fn l2_block() -> Vec<Vec<u8>> {
    let transactions = RECORDED.iter().flat_map(|chain| chain.l2.iter().flat_map(|block| &block.transactions));
    let deposits = some(transactions.filter(|transaction| transaction.first() == Some(&0x7e)), 60);
    let mut seeds = Vec::new();
    for fork in [1, 4, 6, 7, 8, 9] {
        let length = [0, 9, 17][usize::from(fork >= 7) + usize::from(fork >= 9)];
        let extra_data = [u8::from(fork >= 9), 0, 0, 0, 250, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0];
        let head = [&[fork, 3, 2, 0x1c, 0x9c, 0x38, 0][..], &extra_data[..length]].concat();
        seeds.extend(after(&head, deposits.clone()));
    }
    seeds
}

pub(crate) fn trie_node() -> Vec<Vec<u8>> {
    some(crate::trie::nodes(), 200)
}

/// Scripts of no meaning: bytes in which small numbers prevail, so that most decisions are the ordinary ones.
pub(crate) fn scripts() -> Vec<Vec<u8>> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8 >> (state >> 40 & 7)
    };
    (0..64).map(|index| (0..8 + 8 * index).map(|_| next()).collect()).collect()
}
