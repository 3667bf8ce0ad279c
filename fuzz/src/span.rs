//! Span batches written column by column, from transactions that alloy knows.

use crate::script::Script;
use alloy_consensus::{SignableTransaction, Signed, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy};
use alloy_eips::{eip2930::AccessListItem, eip7702::Authorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use alloy_rlp::{Encodable, Header};

/// What a span batch says.
pub(crate) struct Span {
    pub(crate) relative_timestamp: u64,
    pub(crate) l1_origin_number: u64,
    pub(crate) parent_check: [u8; 20],
    pub(crate) l1_origin_check: [u8; 20],
    /// For each block whether it begins an epoch, and its transactions.
    pub(crate) blocks: Vec<(bool, Vec<TxEnvelope>)>,
}

impl Span {
    /// A channel's item.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut item = vec![1];
        uvarint(self.relative_timestamp, &mut item);
        uvarint(self.l1_origin_number, &mut item);
        item.extend(self.parent_check);
        item.extend(self.l1_origin_check);
        uvarint(self.blocks.len() as u64, &mut item);
        bits(self.blocks.iter().map(|(begins, _)| *begins), &mut item);
        self.blocks.iter().for_each(|(_, transactions)| uvarint(transactions.len() as u64, &mut item));

        let all: Vec<Columns> =
            self.blocks.iter().flat_map(|(_, transactions)| transactions).map(Columns::of).collect();
        bits(all.iter().map(|columns| columns.to.is_create()), &mut item);
        bits(all.iter().map(|columns| columns.signature.v()), &mut item);
        for signature in all.iter().map(|columns| columns.signature) {
            item.extend(signature.r().to_be_bytes::<32>());
            item.extend(signature.s().to_be_bytes::<32>());
        }
        all.iter().filter_map(|columns| columns.to.to()).for_each(|to| item.extend(to));
        all.iter().for_each(|columns| item.extend(&columns.data));
        all.iter().for_each(|columns| uvarint(columns.nonce, &mut item));
        all.iter().for_each(|columns| uvarint(columns.gas, &mut item));
        bits(all.iter().filter_map(|columns| columns.is_protected), &mut item);
        item
    }
}

/// What the columns hold of one transaction.
struct Columns {
    to: TxKind,
    signature: Signature,
    data: Vec<u8>,
    nonce: u64,
    gas: u64,
    /// `None` but for legacy transactions.
    is_protected: Option<bool>,
}

impl Columns {
    fn of(transaction: &TxEnvelope) -> Self {
        let mut fields = Vec::new();
        let (kind, to, nonce, gas) = match transaction {
            TxEnvelope::Legacy(signed) => {
                let TxLegacy { nonce, gas_price, gas_limit, to, value, input, .. } = signed.tx();
                encode_all(&[value, gas_price, input], &mut fields);
                (None, *to, *nonce, *gas_limit)
            }
            TxEnvelope::Eip2930(signed) => {
                let TxEip2930 { nonce, gas_price, gas_limit, to, value, input, access_list, .. } = signed.tx();
                encode_all(&[value, gas_price, input, access_list], &mut fields);
                (Some(1), *to, *nonce, *gas_limit)
            }
            TxEnvelope::Eip1559(signed) => {
                let tx = signed.tx();
                let (tip, fee) = (&tx.max_priority_fee_per_gas, &tx.max_fee_per_gas);
                encode_all(&[&tx.value, tip, fee, &tx.input, &tx.access_list], &mut fields);
                (Some(2), tx.to, tx.nonce, tx.gas_limit)
            }
            TxEnvelope::Eip7702(signed) => {
                let tx = signed.tx();
                let (tip, fee) = (&tx.max_priority_fee_per_gas, &tx.max_fee_per_gas);
                encode_all(&[&tx.value, tip, fee, &tx.input, &tx.access_list, &tx.authorization_list], &mut fields);
                (Some(4), TxKind::Call(tx.to), tx.nonce, tx.gas_limit)
            }
            TxEnvelope::Eip4844(_) => unreachable!("no batch holds blobs"),
        };
        let mut data = Vec::from_iter(kind);
        Header { list: true, payload_length: fields.len() }.encode(&mut data);
        data.extend(fields);
        let is_protected = kind.is_none().then(|| alloy_consensus::Transaction::chain_id(transaction).is_some());
        Self { to, signature: *transaction.signature(), data, nonce, gas, is_protected }
    }
}

/// A transaction for the chain, as the script says; nobody signed it.
pub(crate) fn transaction(script: &mut Script<'_>, chain_id: u64) -> TxEnvelope {
    let kind = script.pick(4);
    let (nonce, gas_limit) = (script.number(), script.number());
    let gas_price = u128::from(script.number()) << (8 * script.pick(9));
    let value = U256::from(script.number()) << (8 * script.pick(25));
    let input = Bytes::copy_from_slice(script.string());
    let address = Address::from(script.array());
    let to = if script.rarely(4) { TxKind::Create } else { TxKind::Call(address) };
    let word = |script: &mut Script<'_>| B256::right_padding_from(script.bytes(2));
    let signature = Signature::new(word(script).into(), word(script).into(), script.rarely(2));
    let access_list = || {
        let storage_keys = vec![B256::repeat_byte(gas_limit as u8); nonce as usize % 3];
        vec![AccessListItem { address, storage_keys }; gas_limit as usize % 3].into()
    };
    match kind {
        0 => {
            let chain_id = script.rarely(2).then_some(chain_id);
            sign(TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input }, signature)
        }
        1 => {
            let access_list = access_list();
            sign(TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input }, signature)
        }
        2 => {
            let (max_fee_per_gas, max_priority_fee_per_gas, access_list) = (gas_price, gas_price >> 1, access_list());
            let fees = TxEip1559 { max_fee_per_gas, max_priority_fee_per_gas, ..TxEip1559::default() };
            sign(TxEip1559 { chain_id, nonce, gas_limit, to, value, access_list, input, ..fees }, signature)
        }
        _ => {
            let (max_fee_per_gas, max_priority_fee_per_gas, access_list) = (gas_price, gas_price >> 1, access_list());
            let authorization = Authorization { chain_id: value, address, nonce };
            let authorization_list = vec![authorization.into_signed(signature); gas_limit as usize % 3];
            let rest = TxEip7702 { max_fee_per_gas, max_priority_fee_per_gas, ..TxEip7702::default() };
            let lists = TxEip7702 { access_list, authorization_list, ..rest };
            sign(TxEip7702 { chain_id, nonce, gas_limit, to: address, value, input, ..lists }, signature)
        }
    }
}

fn sign<T>(transaction: T, signature: Signature) -> TxEnvelope
where
    T: SignableTransaction<Signature>,
    TxEnvelope: From<Signed<T>>,
{
    transaction.into_signed(signature).into()
}

fn encode_all(fields: &[&dyn Encodable], out: &mut Vec<u8>) {
    fields.iter().for_each(|field| field.encode(out));
}

fn uvarint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A list of bits: a big-endian number in which bit `i` is element `i`.
fn bits(bits: impl Iterator<Item = bool>, out: &mut Vec<u8>) {
    let bits: Vec<bool> = bits.collect();
    let bytes = bits.chunks(8).rev();
    out.extend(bytes.map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))));
}
