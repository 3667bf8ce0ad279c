//! Transactions before they are signed, and deposits.

use super::world::{CHAIN_ID, sign, users};
use crate::{Fork, rlp};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::AccessList,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, uint};

/// Order of the group that signatures live in.
const CURVE_ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// A transaction that a user signs.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// Who signs.
    pub(super) user: usize,
    /// EIP-2718: 0 to 4.
    pub(super) kind: u8,
    pub(super) nonce: u64,
    pub(super) gas: u64,
    pub(super) to: TxKind,
    pub(super) value: U256,
    /// What is paid at most for a unit of gas, and to the block's beneficiary.
    pub(super) fee: u128,
    pub(super) tip: u128,
    pub(super) input: Bytes,
    pub(super) access_list: AccessList,
    pub(super) authorizations: Vec<SignedAuthorization>,
    /// A legacy transaction may name no chain.
    pub(super) chain_id: Option<u64>,
    /// Signs with the other of the two values that prove the same.
    pub(super) high_s: bool,
}

impl Transaction {
    /// Gas that it takes before anything is executed, from Isthmus on as much as its calldata costs at least.
    pub(super) fn least_gas(&self, fork: Fork) -> u64 {
        self.intrinsic_gas(fork).max(if fork >= Fork::Isthmus { self.floor_gas() } else { 0 })
    }

    pub(super) fn intrinsic_gas(&self, fork: Fork) -> u64 {
        let (zeros, others) = self.zeros_and_others();
        let words = self.input.len().div_ceil(32) as u64;
        let creation = if self.to.is_create() { 32_000 + if fork >= Fork::Canyon { 2 * words } else { 0 } } else { 0 };
        let keys: usize = self.access_list.iter().map(|item| item.storage_keys.len()).sum();
        let access = 2400 * self.access_list.len() as u64 + 1900 * keys as u64;
        21_000 + 4 * zeros + 16 * others + creation + access + 25_000 * self.authorizations.len() as u64
    }

    pub(super) fn floor_gas(&self) -> u64 {
        let (zeros, others) = self.zeros_and_others();
        21_000 + 10 * (zeros + 4 * others)
    }

    fn zeros_and_others(&self) -> (u64, u64) {
        let zeros = self.input.iter().filter(|byte| **byte == 0).count();
        (zeros as u64, (self.input.len() - zeros) as u64)
    }

    /// Signed, in EIP-2718.
    pub(super) fn encode(&self) -> Bytes {
        let Self { nonce, gas: gas_limit, to, value, fee, tip, .. } = *self;
        let (input, access_list) = (self.input.clone(), self.access_list.clone());
        let chain_id = self.chain_id.unwrap_or_default();
        let (max_fee_per_gas, max_priority_fee_per_gas) = (fee, tip);
        let called = to.to().copied().unwrap_or_default();
        let encoded = match self.kind {
            0 => {
                let chain_id = self.chain_id;
                self.sign(TxLegacy { chain_id, nonce, gas_price: fee, gas_limit, to, value, input })
            }
            1 => self.sign(TxEip2930 { chain_id, nonce, gas_price: fee, gas_limit, to, value, access_list, input }),
            2 => self.sign(TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list,
                input,
            }),
            3 => self.sign(TxEip4844 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: called,
                value,
                access_list,
                blob_versioned_hashes: vec![B256::with_last_byte(1) | B256::repeat_byte(1)],
                max_fee_per_blob_gas: fee,
                input,
            }),
            _ => self.sign(TxEip7702 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: called,
                value,
                access_list,
                authorization_list: self.authorizations.clone(),
                input,
            }),
        };
        encoded.into()
    }

    fn sign<T>(&self, transaction: T) -> Vec<u8>
    where
        T: SignableTransaction<Signature>,
        alloy_consensus::Signed<T>: Encodable2718,
    {
        let mut signature = sign(self.user, transaction.signature_hash());
        if self.high_s {
            signature = Signature::new(signature.r(), CURVE_ORDER - signature.s(), !signature.v());
        }
        transaction.into_signed(signature).encoded_2718()
    }
}

/// A user's permission to have the code of another account (EIP-7702).
pub(super) fn authorization(user: usize, chain_id: u64, address: Address, nonce: u64) -> SignedAuthorization {
    let authorization = Authorization { chain_id: U256::from(chain_id), address, nonce };
    let signature = sign(user, authorization.signature_hash());
    authorization.into_signed(signature)
}

/// A deposit transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Deposit {
    pub(super) source: B256,
    pub(super) from: Address,
    pub(super) to: TxKind,
    pub(super) mint: u128,
    pub(super) value: U256,
    pub(super) gas: u64,
    pub(super) is_system: bool,
    pub(super) input: Bytes,
}

impl Deposit {
    /// In EIP-2718.
    pub(super) fn encode(&self) -> Bytes {
        let Self { source, from, to, mint, value, gas, is_system, input } = self;
        let fields = rlp::list(&[source, from, to, mint, value, gas, is_system, input]);
        [&[0x7e], &fields[..]].concat().into()
    }
}

/// The user of an address.
pub(super) fn user(address: Address) -> Option<usize> {
    users().iter().position(|user| *user == address)
}

/// Calls it as a transaction of a user does who sends nothing.
impl Default for Transaction {
    fn default() -> Self {
        Self {
            user: 0,
            kind: 2,
            nonce: 0,
            gas: 0,
            to: TxKind::Create,
            value: U256::ZERO,
            fee: 0,
            tip: 0,
            input: Bytes::new(),
            access_list: AccessList::default(),
            authorizations: Vec::new(),
            chain_id: Some(CHAIN_ID),
            high_s: false,
        }
    }
}
