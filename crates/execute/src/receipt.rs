use alloc::vec::Vec;
use alloy_primitives::{
    B256, Bloom, Bytes, Log, keccak256,
    map::{AddressMap, B256Map},
};
use alloy_rlp::{Encodable, Header};

/// What a transaction leaves behind, as the receipts' root commits to it (rules X06).
pub(crate) struct Receipt<'a> {
    /// EIP-2718 type of the transaction, 0 for legacy.
    pub(crate) ty: u8,
    /// Status: false if it reverted, halted or was a deposit that failed.
    pub(crate) succeeded: bool,
    /// Gas used by the block up to and with this transaction.
    pub(crate) cumulative_gas_used: u64,
    /// What it logged.
    pub(crate) logs: &'a [Log],
    /// A deposit's sender nonce before execution, from Canyon on. Regolith records it beside the receipt and leaves it
    /// out of the encoding that is hashed (rules Z14).
    pub(crate) deposit_nonce: Option<u64>,
}

/// Makes bloom filters (Yellow Paper, section 4.3.1) of logs. The transactions of a block log with few addresses and
/// topics: each is hashed once.
#[derive(Default)]
pub(crate) struct Blooms {
    addresses: AddressMap<B256>,
    topics: B256Map<B256>,
}

impl Blooms {
    /// The filter of a transaction's logs.
    pub(crate) fn of(&mut self, logs: &[Log]) -> Bloom {
        let mut bloom = Bloom::ZERO;
        for log in logs {
            bloom.m3_2048_hashed(self.addresses.entry(log.address).or_insert_with(|| keccak256(log.address)));
            for topic in log.topics() {
                bloom.m3_2048_hashed(self.topics.entry(*topic).or_insert_with(|| keccak256(topic)));
            }
        }
        bloom
    }
}

impl Receipt<'_> {
    const DEPOSIT_VERSION: u64 = 1;

    /// The EIP-2718 encoding, the given bloom filter in it.
    pub(crate) fn encode(&self, bloom: &Bloom) -> Bytes {
        let logs_length: usize = self.logs.iter().map(Encodable::length).sum();
        let logs = Header { list: true, payload_length: logs_length };
        let deposit_length = self.deposit_nonce.map_or(0, |nonce| nonce.length() + Self::DEPOSIT_VERSION.length());
        let payload_length = self.succeeded.length()
            + self.cumulative_gas_used.length()
            + bloom.length()
            + logs.length_with_payload()
            + deposit_length;
        let list = Header { list: true, payload_length };
        let mut out = Vec::with_capacity(1 + list.length_with_payload());
        if self.ty != 0 {
            out.push(self.ty);
        }
        list.encode(&mut out);
        self.succeeded.encode(&mut out);
        self.cumulative_gas_used.encode(&mut out);
        bloom.encode(&mut out);
        logs.encode(&mut out);
        self.logs.iter().for_each(|log| log.encode(&mut out));
        if let Some(nonce) = self.deposit_nonce {
            nonce.encode(&mut out);
            Self::DEPOSIT_VERSION.encode(&mut out);
        }
        out.into()
    }
}
