//! Frames on their way to L1: data, transactions, blobs, and when they get there.

use super::{
    blob,
    channel::{self, Frame},
    draft::Draft,
    flaw::Flaw,
    sequencer::Block,
    world::{INBOX, L1_CHAIN_ID, STRANGER, World, sign},
};
use crate::{Fork, random::Random};
use alloy_consensus::{
    SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxLegacy, transaction::RlpEcdsaEncodableTx,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use std::collections::BTreeMap;

/// What L1 holds besides headers and receipts.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// By index of the L1 block.
    pub(super) transactions: BTreeMap<usize, Vec<Bytes>>,
    /// By versioned hash, without the zeros at their ends.
    pub(super) blobs: BTreeMap<B256, Bytes>,
}

/// A datum that waits for its L1 block.
#[derive(Clone, Debug)]
struct Datum {
    at: usize,
    bytes: Vec<u8>,
    flaws: Vec<Flaw>,
}

/// Posts all channels.
pub(super) fn post(random: &mut Random, world: &World, chain: &[Block], drafts: &[Draft]) -> Inbox {
    let has = |flaw| drafts.iter().any(|draft: &Draft| draft.flaws.contains(&flaw));
    let mut data = schedule(random, world, chain, drafts, has(Flaw::SilentBatcher));
    data.sort_by_key(|datum| datum.at);
    let mut inbox = Inbox::default();
    let unaware = has(Flaw::BatcherUnaware);
    let mut data = data.into_iter().peekable();
    while let Some(datum) = data.next() {
        let mut together = vec![datum];
        while let Some(next) = data.next_if(|next| {
            let most = if next.flaws.contains(&Flaw::ChannelHuge) { 1000 } else { 3 };
            next.at == together[0].at && together.len() < most
        }) {
            together.push(next);
        }
        inbox.push(random, world, together, unaware);
    }
    for l1 in 0..world.l1.len() {
        if random.percent(10) {
            let signature = sign(STRANGER, B256::ZERO);
            let other = TxLegacy { to: TxKind::Call(Address::from(random.array::<20>())), ..TxLegacy::default() };
            let place = inbox.transactions.entry(l1).or_default();
            place.insert(random.place(place.len() + 1), other.into_signed(signature).encoded_2718().into());
        }
    }
    inbox
}

/// Frames of all channels, in data, with the L1 block of each.
fn schedule(random: &mut Random, world: &World, chain: &[Block], drafts: &[Draft], is_silent: bool) -> Vec<Datum> {
    let mut data = Vec::new();
    let mut at = 1;
    let mut id = [0; 16];
    let hurry = random.pick(&[0, 20, 60]);
    let mut held: Option<(Vec<Frame>, Vec<Flaw>)> = None;
    for draft in drafts {
        let flaws = &draft.flaws;
        // Early is when not all of its L1 origins are there.
        let early = flaws.contains(&Flaw::TransactionEarly);
        let ready = chain[if early { draft.blocks.start } else { draft.blocks.end - 1 }].origin + 1;
        let longest = if is_silent || random.percent(10) { world.window } else { 2 };
        let delay = if early || random.percent(hurry) { 0 } else { random.within(0, longest) as usize };
        let window_end = chain[draft.blocks.start].origin + world.window as usize;
        at = at.max(ready).max((ready + delay).min(window_end));
        let before = chain[draft.blocks.start - 1].origin;
        if chain[draft.blocks.start].origin > before + 1 {
            at = at.max(before + world.window as usize + 1);
        } else if flaws.contains(&Flaw::WindowEnd) {
            at = at.max(before + world.window as usize + random.place(3));
        }
        if !flaws.contains(&Flaw::ChannelIdReused) {
            id = random.array();
        }
        let l1_time = |at: usize| world.l1[at.min(world.l1.len() - 1)].time;
        let channel = channel::compress(random, draft, world.is_active(Fork::Fjord, l1_time(at)));
        let mut frames = channel::frames(random, id, &channel, flaws);
        let ecotone = world.is_active(Fork::Ecotone, l1_time(at));
        if flaws.contains(&Flaw::ChannelHuge) && ecotone && random.percent(20) {
            let place = random.place(frames.len() + 1);
            frames.splice(place..place, channel::huge(random));
        }
        if flaws.contains(&Flaw::ChannelRepeated) {
            frames.extend(frames.clone());
        }
        if let Some((mut earlier, flaws)) = held.take() {
            if flaws.contains(&Flaw::ChannelsInterleaved) {
                let mut mixed = Vec::new();
                let (mut one, mut other) = (earlier.into_iter(), frames.into_iter());
                loop {
                    match (one.next(), other.next()) {
                        (None, None) => break,
                        pair => mixed.extend([pair.0, pair.1].into_iter().flatten()),
                    }
                }
                frames = mixed;
            } else {
                frames.append(&mut earlier);
            }
        } else if flaws.contains(&Flaw::ChannelsInterleaved) || flaws.contains(&Flaw::ChannelsSwapped) {
            held = Some((frames, flaws.clone()));
            continue;
        }
        spread(random, world, &mut data, &mut at, frames, flaws);
    }
    if let Some((frames, flaws)) = held {
        spread(random, world, &mut data, &mut at, frames, &flaws);
    }
    data
}

/// Puts frames into data, some together, some L1 blocks apart.
fn spread(
    random: &mut Random,
    world: &World,
    data: &mut Vec<Datum>,
    at: &mut usize,
    frames: Vec<Frame>,
    flaws: &[Flaw],
) {
    let is_huge = frames.len() > 500;
    let together = if is_huge { 1 } else { random.pick(&[1, 1, 2, 8]) };
    // Of an L1 block with the next frames, as far as the channel's time allows.
    let waits = if is_huge {
        0
    } else if world.channel_timeout > 4 {
        random.pick(&[0, 10, 40])
    } else {
        3
    };
    let late = random.place(frames.len());
    let timeout = if world.is_active(Fork::Granite, world.l1[(*at).min(world.l1.len() - 1)].time) {
        50
    } else {
        world.channel_timeout
    };
    let first = data.len();
    for (index, chunk) in frames.chunks(together).enumerate() {
        if index > 0 && random.percent(waits) {
            *at += 1;
        }
        if flaws.contains(&Flaw::ChannelTimedOut) && index * together <= late && late < (index + 1) * together {
            *at += timeout as usize + random.place(3);
        }
        let mut bytes = vec![0];
        chunk.iter().for_each(|frame| frame.encode(&mut bytes));
        let flaws = if is_huge { vec![Flaw::ChannelHuge] } else { Vec::new() };
        data.push(Datum { at: *at, bytes, flaws });
    }
    let window = world.window as usize;
    for flaw in flaws {
        let count = data.len() - first;
        if count == 0 {
            break;
        }
        let (one, other) = (first + random.place(count), first + random.place(count));
        match flaw {
            Flaw::TransactionLate => data[one].at += random.within(1, 2) as usize * window,
            Flaw::TransactionEarly => data[one].at = data[one].at.saturating_sub(random.within(1, 4) as usize).max(1),
            Flaw::TransactionRepeated => data.insert(other, Datum { at: data[other].at, ..data[one].clone() }),
            Flaw::TransactionsSwapped => {
                let at = data[one].at;
                data[one].at = data[other].at;
                data[other].at = at;
                data.swap(one, other);
            }
            _ => {
                spoil_datum(random, &mut data[one].bytes, *flaw);
                data[one].flaws.push(*flaw);
            }
        }
    }
}

fn spoil_datum(random: &mut Random, bytes: &mut Vec<u8>, flaw: Flaw) {
    let Some(last) = bytes.len().checked_sub(1) else { return };
    match flaw {
        Flaw::DatumVersion => bytes[0] = random.pick(&[1, 2, 0xFF]),
        Flaw::DatumGoesOn => {
            let length = random.within(1, 30) as usize;
            bytes.extend(random.bytes(length));
        }
        Flaw::DatumEmpty => bytes.truncate(1),
        Flaw::DatumNothing => bytes.clear(),
        Flaw::DatumFlag => bytes[last] = random.pick(&[2, 0x80, 0xFF]),
        Flaw::DatumLength if last > 22 => bytes[19] = random.pick(&[1, 0x80, 0xFF]),
        Flaw::DatumCut => bytes.truncate(random.place(last)),
        _ => {}
    }
}

impl Inbox {
    /// One transaction for data of the same L1 block if they go by blobs, or else one for each.
    fn push(&mut self, random: &mut Random, world: &World, data: Vec<Datum>, unaware: bool) {
        let at = data[0].at;
        let Some(l1) = world.l1.get(at) else { return };
        let has = |flaw| data.iter().any(|datum| datum.flaws.contains(&flaw));
        let key = if has(Flaw::Signer) {
            STRANGER
        } else if unaware {
            0
        } else {
            l1.batcher
        };
        let by_blobs = has(Flaw::BlobBeforeEcotone)
            || has(Flaw::ChannelHuge)
            || world.is_active(Fork::Ecotone, l1.time)
                && (random.percent(35)
                    || [
                        Flaw::BlobZero,
                        Flaw::BlobHighBits,
                        Flaw::BlobTail,
                        Flaw::BlobLength,
                        Flaw::BlobVersion,
                        Flaw::BlobCalldata,
                    ]
                    .into_iter()
                    .any(has));
        let fits = data.iter().all(|datum| datum.bytes.len() <= blob::CAPACITY);
        let mut sealed = Vec::new();
        if by_blobs && fits {
            let flaws: Vec<Flaw> = data.iter().flat_map(|datum| datum.flaws.clone()).collect();
            let hashes = data.iter().map(|datum| self.keep_blob(random, datum)).collect();
            let transaction = TxEip4844 {
                chain_id: chain_id(&flaws),
                to: inbox(&flaws),
                blob_versioned_hashes: hashes,
                input: if flaws.contains(&Flaw::BlobCalldata) { data[0].bytes.clone().into() } else { Bytes::new() },
                ..TxEip4844::default()
            };
            sealed.push(seal(key, transaction, &flaws));
        } else {
            sealed.extend(data.into_iter().map(|datum| calldata(random, key, datum)));
        }
        self.transactions.entry(at).or_default().extend(sealed);
    }

    fn keep_blob(&mut self, random: &mut Random, datum: &Datum) -> B256 {
        let mut bytes = blob::pack(&datum.bytes);
        if datum.flaws.iter().any(|flaw| *flaw != Flaw::ChannelHuge) {
            bytes.resize(blob::SIZE, 0);
        }
        for flaw in &datum.flaws {
            match flaw {
                Flaw::BlobZero => bytes.fill(0),
                Flaw::BlobHighBits => {
                    // Mostly in an element that holds data.
                    let element = random.pick(&[0, 0, 1, 2, 3, 4095]);
                    bytes[element * 32] |= random.pick(&[0x80, 0x40]);
                }
                Flaw::BlobTail => {
                    let behind = 5 + datum.bytes.len() * 33 / 31 + random.place(40);
                    let place = random.pick(&[131_071, behind]);
                    bytes[place.min(131_071)] |= 1;
                }
                Flaw::BlobLength => {
                    let length = random.pick(&[
                        0,
                        (datum.bytes.len() as u32).saturating_sub(1),
                        130_044,
                        130_045,
                        0xFF_FFFF,
                        datum.bytes.len() as u32 + 1,
                    ]);
                    bytes[2..5].copy_from_slice(&length.to_be_bytes()[1..]);
                }
                Flaw::BlobVersion => bytes[1] = random.pick(&[1, 0xFF]),
                _ => {}
            }
        }
        let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(length);
        // A name is enough: nobody opens it.
        let hash = keccak256(&bytes);
        self.blobs.insert(hash, bytes.into());
        hash
    }
}

fn chain_id(flaws: &[Flaw]) -> u64 {
    L1_CHAIN_ID + u64::from(flaws.contains(&Flaw::OtherChain))
}

fn inbox(flaws: &[Flaw]) -> Address {
    if flaws.contains(&Flaw::OtherInbox) { Address::repeat_byte(7) } else { INBOX }
}

/// A transaction with the datum in its input.
fn calldata(random: &mut Random, key: usize, datum: Datum) -> Bytes {
    let Datum { bytes, flaws, .. } = datum;
    let (input, chain_id, to) = (Bytes::from(bytes), chain_id(&flaws), inbox(&flaws));
    let kind = if flaws.contains(&Flaw::Creation) { TxKind::Create } else { TxKind::Call(to) };
    let other_chain = flaws.contains(&Flaw::OtherChain);
    if flaws.contains(&Flaw::SetCodeOnL1) {
        return seal(key, TxEip7702 { chain_id, to, input, ..TxEip7702::default() }, &flaws);
    }
    match random.below(4) {
        0 => {
            let chain_id = (other_chain || random.percent(50)).then_some(chain_id);
            seal(key, TxLegacy { chain_id, to: kind, input, ..TxLegacy::default() }, &flaws)
        }
        1 => seal(key, TxEip2930 { chain_id, to: kind, input, ..TxEip2930::default() }, &flaws),
        _ => seal(key, TxEip1559 { chain_id, to: kind, input, ..TxEip1559::default() }, &flaws),
    }
}

/// The encoded transaction with a signature.
fn seal<T>(key: usize, transaction: T, flaws: &[Flaw]) -> Bytes
where
    T: SignableTransaction<Signature> + RlpEcdsaEncodableTx,
{
    let mut signature = sign(key, transaction.signature_hash());
    if flaws.contains(&Flaw::BadSignature) {
        signature = match transaction.signature_hash()[0] % 3 {
            0 => Signature::new(U256::ZERO, signature.s(), signature.v()),
            1 => Signature::new(signature.r(), U256::MAX - signature.s(), signature.v()),
            _ => {
                let order = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
                let order: U256 = order.parse().expect("a number");
                // The same signature in its other form, which Ethereum refuses since Homestead.
                Signature::new(signature.r(), order - signature.s(), !signature.v())
            }
        };
    }
    transaction.into_signed(signature).encoded_2718().into()
}
