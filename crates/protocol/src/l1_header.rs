use crate::BlockInfo;
use alloy_primitives::{B256, Bloom, U256};
use alloy_rlp::{Decodable, Header};

/// What derivation reads of an L1 block's header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct L1Header {
    /// The hash of the header.
    pub hash: B256,
    /// The parent's hash.
    pub parent_hash: B256,
    /// The number.
    pub number: u64,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
    /// Base fee per gas in wei.
    pub base_fee: U256,
    /// The beacon chain's randomness.
    pub mix_hash: B256,
    /// Root of the state.
    pub state_root: B256,
    /// Root of the transactions' list.
    pub transactions_root: B256,
    /// Root of the receipts' list.
    pub receipts_root: B256,
    /// Filter of the logs' addresses and topics.
    pub logs_bloom: Bloom,
    /// Blob gas in excess of the target; `None` before Cancun.
    pub excess_blob_gas: Option<u64>,
    /// Root of the parent beacon block; `None` before Cancun.
    pub parent_beacon_block_root: Option<B256>,
}

impl L1Header {
    /// Decodes a header of London or later. That `rlp` hashes to `hash` is the caller's to know.
    ///
    /// Fields are read by their place in the list; what later forks append is left unread (rules F92).
    pub fn decode(hash: B256, mut rlp: &[u8]) -> alloy_rlp::Result<Self> {
        let fields = &mut Header::decode_bytes(&mut rlp, true)?;
        if !rlp.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        let parent_hash = B256::decode(fields)?;
        skip(fields, 2)?; // ommers' hash, beneficiary
        let state_root = B256::decode(fields)?;
        let transactions_root = B256::decode(fields)?;
        let receipts_root = B256::decode(fields)?;
        let logs_bloom = Bloom::decode(fields)?;
        skip(fields, 1)?; // difficulty
        let number = u64::decode(fields)?;
        skip(fields, 2)?; // gas limit, gas used
        let timestamp = u64::decode(fields)?;
        skip(fields, 1)?; // extra data
        let mix_hash = B256::decode(fields)?;
        skip(fields, 1)?; // nonce
        let base_fee = U256::decode(fields)?;
        let mut header = Self {
            hash,
            parent_hash,
            number,
            timestamp,
            base_fee,
            mix_hash,
            state_root,
            transactions_root,
            receipts_root,
            logs_bloom,
            excess_blob_gas: None,
            parent_beacon_block_root: None,
        };
        if !fields.is_empty() {
            skip(fields, 1)?; // withdrawals root (Shanghai)
        }
        if !fields.is_empty() {
            skip(fields, 1)?; // blob gas used (Cancun)
            header.excess_blob_gas = Some(u64::decode(fields)?);
            header.parent_beacon_block_root = Some(B256::decode(fields)?);
        }
        Ok(header)
    }

    /// The block's place in its chain.
    pub const fn info(&self) -> BlockInfo {
        BlockInfo { number: self.number, hash: self.hash, parent_hash: self.parent_hash, timestamp: self.timestamp }
    }
}

/// Steps over `count` items, whatever they are.
fn skip(fields: &mut &[u8], count: usize) -> alloy_rlp::Result<()> {
    for _ in 0..count {
        let Header { payload_length, .. } = Header::decode(fields)?;
        *fields = fields.get(payload_length..).ok_or(alloy_rlp::Error::InputTooShort)?;
    }
    Ok(())
}
