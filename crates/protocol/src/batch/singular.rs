use super::{BatchDecodeError, Transactions};
use crate::BlockId;
use alloy_primitives::Bytes;
use alloy_rlp::{Decodable, Error, Header};

/// The inputs of one L2 block (D50).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingularBatch {
    /// The block to build on.
    pub parent_hash: alloy_primitives::B256,
    /// The L1 origin.
    pub epoch: BlockId,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
    /// The transactions, as they are in the item.
    pub transactions: Transactions,
}

impl SingularBatch {
    /// Decodes `0 ‖ rlp[parent hash, epoch number, epoch hash, timestamp, [transaction …]]`.
    pub(super) fn decode(item: &Bytes) -> Result<Self, BatchDecodeError> {
        let mut fields = Header::decode_bytes(&mut &item[1..], true)?;
        let parent_hash = Decodable::decode(&mut fields)?;
        let number = Decodable::decode(&mut fields)?;
        let hash = Decodable::decode(&mut fields)?;
        let timestamp = Decodable::decode(&mut fields)?;
        let list = Header::decode_bytes(&mut fields, true)?;
        if !fields.is_empty() {
            return Err(Error::UnexpectedLength.into());
        }
        let transactions = Transactions::new(item.slice_ref(list))?;
        Ok(Self { parent_hash, epoch: BlockId { number, hash }, timestamp, transactions })
    }
}
