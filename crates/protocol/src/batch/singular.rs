use super::BatchDecodeError;
use crate::BlockId;
use alloc::vec::Vec;
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
    /// EIP-2718 encoded transactions, unchecked, as slices of the item.
    pub transactions: Vec<Bytes>,
}

impl SingularBatch {
    /// Decodes `0 ‖ rlp[parent hash, epoch number, epoch hash, timestamp, [transaction …]]`.
    pub(super) fn decode(item: &Bytes) -> Result<Self, BatchDecodeError> {
        let mut fields = Header::decode_bytes(&mut &item[1..], true)?;
        let parent_hash = Decodable::decode(&mut fields)?;
        let number = Decodable::decode(&mut fields)?;
        let hash = Decodable::decode(&mut fields)?;
        let timestamp = Decodable::decode(&mut fields)?;
        let mut list = Header::decode_bytes(&mut fields, true)?;
        if !fields.is_empty() {
            return Err(Error::UnexpectedLength.into());
        }
        // A byte of the item may be a transaction, which takes far more here: counted first, so that nothing is spare.
        let (mut rest, mut count) = (list, 0);
        while !rest.is_empty() {
            Header::decode_bytes(&mut rest, false)?;
            count += 1;
        }
        let mut transactions = Vec::with_capacity(count);
        while !list.is_empty() {
            transactions.push(item.slice_ref(Header::decode_bytes(&mut list, false)?));
        }
        Ok(Self { parent_hash, epoch: BlockId { number, hash }, timestamp, transactions })
    }
}
