use crate::{L1Header, RollupConfig, config_update::CONFIG_UPDATE, deposit::TRANSACTION_DEPOSITED};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use alloy_rlp::{Decodable, Header};

/// What derivation reads of an L1 receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// True if the transaction's effects hold; the logs of others count for nothing.
    pub succeeded: bool,
    /// The logs in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Decodes a receipt as it lies in the receipts' trie (EIP-2718).
    ///
    /// Types that are unknown here are read like the known ones, which all share one payload, and fields that later
    /// forks append are left unread (rules Z19): a log must not be lost to a transaction type that L1 adds.
    pub fn decode(encoded: &[u8]) -> alloy_rlp::Result<Self> {
        let mut payload = match encoded {
            [0..=0x7f, payload @ ..] => payload,
            legacy => legacy,
        };
        let fields = &mut Header::decode_bytes(&mut payload, true)?;
        if !payload.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        let succeeded = match Header::decode_bytes(fields, false)? {
            [1] => true,
            // Before Byzantium a receipt has a state root and tells no status. No rollup is as old.
            status if status.is_empty() || status.len() == 32 => false,
            _ => return Err(alloy_rlp::Error::Custom("status of a receipt")),
        };
        u64::decode(fields)?; // cumulative gas used
        Bloom::decode(fields)?;
        Ok(Self { succeeded, logs: Vec::decode(fields)? })
    }
}

/// True if the block's receipts may matter to the rollup: if the header's bloom filter may hold a deposit or an update
/// of the system config.
///
/// A bloom filter has no false negatives, and the header's hash covers it: where it says no, the block's receipts need
/// not be fetched at all.
pub fn may_hold_deposits_or_config(header: &L1Header, config: &RollupConfig) -> bool {
    let may_hold = |address: Address, event: B256| {
        let bloom: &Bloom = &header.logs_bloom;
        bloom.contains_input(BloomInput::Raw(address.as_slice())) && bloom.contains_input(BloomInput::Raw(&event.0))
    };
    may_hold(config.deposit_contract_address, TRANSACTION_DEPOSITED)
        || may_hold(config.l1_system_config_address, CONFIG_UPDATE)
}
