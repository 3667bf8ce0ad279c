//! Transactions of L2 blocks: whole, as singular batches carry them, and in the parts that span batches make of them.

use crate::{random::Random, rlp};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};

/// A transaction of L2. Nobody checks its signature before it is executed.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// EIP-2718 bytes.
    pub(super) encoded: Bytes,
    pub(super) kind: u8,
    pub(super) to: TxKind,
    pub(super) signature: Signature,
    pub(super) nonce: u64,
    pub(super) gas: u64,
    /// Of a legacy transaction: it names its chain.
    pub(super) is_protected: bool,
    /// What is left, as span batches carry it.
    pub(super) rest: Vec<u8>,
}

impl Transaction {
    /// Some transaction of this type: 0, 1, 2 or 4.
    pub(super) fn random(random: &mut Random, kind: u8, chain_id: u64) -> Self {
        let r = U256::from_be_bytes(random.array::<32>()) >> random.pick(&[0, 0, 8, 200]);
        let s = U256::from_be_bytes(random.array::<32>()) >> random.pick(&[0, 0, 8, 250]);
        let signature = Signature::new(r, s, random.percent(50));
        let to = Address::from(random.array::<20>());
        let calls = kind == 4 || random.percent(80);
        let shift = random.below(64);
        let nonce = random.next() >> shift;
        let gas_limit = random.pick(&[0, 21_000, 1 << 40, u64::MAX]);
        let common = Common {
            kind,
            to: if calls { TxKind::Call(to) } else { TxKind::Create },
            nonce,
            gas: gas_limit,
            value: U256::from(random.next()) << random.pick(&[0, 100, 192]),
            fees: (u128::from(random.next()), u128::from(random.next())),
            input: input(random),
            access_list: access_list(random),
            is_protected: kind != 0 || random.percent(60),
            chain_id,
        };
        common.sign(random, signature)
    }
}

/// Seldom one with zeros for a window of zlib's or two: copies end near a window's end then, each in its own way.
fn input(random: &mut Random) -> Bytes {
    let length = random.place(60);
    if random.below(200) > 0 {
        return random.bytes(length).into();
    }
    let (noise, windows, more) = (random.place(300), 1 + random.place(2), random.place(300));
    let mut input = random.bytes(noise);
    input.resize(windows * 32 * 1024 + more, 0);
    input.extend(random.bytes(length));
    input.into()
}

fn access_list(random: &mut Random) -> AccessList {
    let items = random.below(3);
    let keys = random.below(3);
    let item = |random: &mut Random| AccessListItem {
        address: Address::from(random.array::<20>()),
        storage_keys: (0..keys).map(|_| B256::from(random.array::<32>())).collect(),
    };
    AccessList((0..items).map(|_| item(random)).collect())
}

/// What transactions of all types have, and then some.
struct Common {
    kind: u8,
    to: TxKind,
    nonce: u64,
    gas: u64,
    value: U256,
    fees: (u128, u128),
    input: Bytes,
    access_list: AccessList,
    is_protected: bool,
    chain_id: u64,
}

impl Common {
    fn sign(self, random: &mut Random, signature: Signature) -> Transaction {
        let authorization_list = if self.kind == 4 { authorizations(random) } else { Vec::new() };
        let Self { kind, to, nonce, gas: gas_limit, value, fees: (tip, fee), input, access_list, chain_id, .. } = self;
        let encoded = match kind {
            0 => {
                let chain_id = self.is_protected.then_some(chain_id);
                let transaction =
                    TxLegacy { chain_id, nonce, gas_price: fee, gas_limit, to, value, input: input.clone() };
                transaction.into_signed(signature).encoded_2718()
            }
            1 => TxEip2930 {
                chain_id,
                nonce,
                gas_price: fee,
                gas_limit,
                to,
                value,
                access_list: access_list.clone(),
                input: input.clone(),
            }
            .into_signed(signature)
            .encoded_2718(),
            2 => TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: fee,
                max_priority_fee_per_gas: tip,
                to,
                value,
                access_list: access_list.clone(),
                input: input.clone(),
            }
            .into_signed(signature)
            .encoded_2718(),
            _ => TxEip7702 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: fee,
                max_priority_fee_per_gas: tip,
                to: to.to().copied().unwrap_or_default(),
                value,
                access_list: access_list.clone(),
                authorization_list: authorization_list.clone(),
                input: input.clone(),
            }
            .into_signed(signature)
            .encoded_2718(),
        };
        let rest = match kind {
            0 => rlp::list(&[&value, &fee, &input]),
            1 => [&[1][..], &rlp::list(&[&value, &fee, &input, &access_list])].concat(),
            2 => [&[2][..], &rlp::list(&[&value, &tip, &fee, &input, &access_list])].concat(),
            _ => [&[4][..], &rlp::list(&[&value, &tip, &fee, &input, &access_list, &authorization_list])].concat(),
        };
        let is_protected = self.is_protected;
        Transaction { encoded: encoded.into(), kind, to, signature, nonce, gas: gas_limit, is_protected, rest }
    }
}

fn authorizations(random: &mut Random) -> Vec<SignedAuthorization> {
    let count = random.below(3);
    let one = |random: &mut Random| {
        let authorization = Authorization {
            chain_id: U256::from(random.below(1000)),
            address: Address::from(random.array::<20>()),
            nonce: random.next(),
        };
        let (r, s) = (U256::from_be_bytes(random.array::<32>()), U256::from_be_bytes(random.array::<32>()));
        SignedAuthorization::new_unchecked(authorization, random.below(2) as u8, r, s)
    };
    (0..count).map(|_| one(random)).collect()
}
