use super::Config;
use alloy_consensus::{SignableTransaction, Signed, TxEip1559, transaction::RlpEcdsaEncodableTx};
use alloy_eips::{
    eip2718::Encodable2718,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use k256::ecdsa::SigningKey;

/// A key that signs one transaction after the other, on L1 or L2.
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    chain_id: u64,
    /// The nonce of its next transaction.
    pub nonce: u64,
}

impl Signer {
    /// The chain's key number `index`.
    pub(crate) fn new(config: &Config, index: u32, chain_id: u64) -> Self {
        let secret = config.noise("key", index.into());
        let key = SigningKey::from_slice(secret.as_slice()).expect("all but two in 2^128 numbers are keys");
        Self { key, chain_id, nonce: 0 }
    }

    /// The account.
    pub fn address(&self) -> Address {
        Address::from_public_key(self.key.verifying_key())
    }

    /// A transaction that moves `value` wei.
    pub fn transfer(&mut self, to: Address, value: U256) -> Bytes {
        self.call(to, value, Bytes::new())
    }

    /// A transaction that calls `to` with enough gas for small things, at any fee.
    pub fn call(&mut self, to: Address, value: U256, input: Bytes) -> Bytes {
        let transaction = self.prepare(to, value, input);
        self.encode(transaction)
    }

    /// The same unsigned, so that it can be altered first.
    pub fn prepare(&mut self, to: Address, value: U256, input: Bytes) -> TxEip1559 {
        TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.take_nonce(),
            gas_limit: 200_000,
            max_fee_per_gas: 1_000_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(to),
            value,
            input,
            ..TxEip1559::default()
        }
    }

    /// Signs and encodes a transaction.
    pub fn encode<T>(&self, transaction: T) -> Bytes
    where
        T: SignableTransaction<Signature> + RlpEcdsaEncodableTx,
        Signed<T>: Encodable2718,
    {
        self.sign(transaction).encoded_2718().into()
    }

    /// The chain it signs for.
    pub(crate) fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Counts a transaction.
    pub(crate) fn take_nonce(&mut self) -> u64 {
        self.nonce += 1;
        self.nonce - 1
    }

    /// Signs a transaction whose nonce is set.
    pub fn sign<T: SignableTransaction<Signature> + RlpEcdsaEncodableTx>(&self, transaction: T) -> Signed<T> {
        let signature = self.sign_hash(transaction.signature_hash());
        transaction.into_signed(signature)
    }

    /// Lets this account run the code of `address` (EIP-7702); `nonce` is the account's when that takes effect.
    pub fn authorize(&self, address: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(self.chain_id), address, nonce };
        let signature = self.sign_hash(authorization.signature_hash());
        authorization.into_signed(signature)
    }

    fn sign_hash(&self, hash: B256) -> Signature {
        self.key.sign_prehash_recoverable(hash.as_slice()).expect("a hash of 32 bytes can be signed").into()
    }
}
