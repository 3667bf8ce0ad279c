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
    /// True from Prague on: the header commits to requests (EIP-7685).
    pub is_prague: bool,
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
            is_prague: false,
        };
        if !fields.is_empty() {
            skip(fields, 1)?; // withdrawals root (Shanghai)
        }
        if !fields.is_empty() {
            skip(fields, 1)?; // blob gas used (Cancun)
            header.excess_blob_gas = Some(u64::decode(fields)?);
            header.parent_beacon_block_root = Some(B256::decode(fields)?);
        }
        header.is_prague = !fields.is_empty();
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use alloy_consensus::Header as Full;
    use alloy_primitives::Bytes;

    fn london() -> Full {
        Full { number: 1 << 40, timestamp: 7, base_fee_per_gas: Some(9), extra_data: b"x".into(), ..Full::default() }
    }

    fn cancun() -> Full {
        Full {
            withdrawals_root: Some(B256::repeat_byte(1)),
            blob_gas_used: Some(131_072),
            excess_blob_gas: Some(5),
            parent_beacon_block_root: Some(B256::repeat_byte(2)),
            ..london()
        }
    }

    fn decode(header: &Full) -> alloy_rlp::Result<L1Header> {
        L1Header::decode(header.hash_slow(), &alloy_rlp::encode(header))
    }

    /// A header's fields with more behind them.
    fn append(header: &Full, more: &[u8]) -> Vec<u8> {
        let encoded = alloy_rlp::encode(header);
        let mut fields = Header::decode_bytes(&mut &encoded[..], true).unwrap().to_vec();
        fields.extend_from_slice(more);
        let mut appended = Vec::new();
        Header { list: true, payload_length: fields.len() }.encode(&mut appended);
        appended.extend(fields);
        appended
    }

    #[test]
    fn reads_headers_of_every_fork() {
        let header = decode(&london()).unwrap();
        assert_eq!((header.number, header.timestamp, header.base_fee), (1 << 40, 7, U256::from(9)));
        assert_eq!((header.excess_blob_gas, header.parent_beacon_block_root), (None, None));
        let shanghai = Full { withdrawals_root: Some(B256::ZERO), ..london() };
        assert_eq!(decode(&shanghai).unwrap().excess_blob_gas, None);
        assert!(!decode(&shanghai).unwrap().is_prague);
        for (header, is_prague) in [(cancun(), false), (Full { requests_hash: Some(B256::ZERO), ..cancun() }, true)] {
            let header = decode(&header).unwrap();
            assert_eq!(header.is_prague, is_prague);
            assert_eq!(header.excess_blob_gas, Some(5));
            assert_eq!(header.parent_beacon_block_root, Some(B256::repeat_byte(2)));
        }
    }

    #[test]
    fn ignores_fields_that_later_forks_append() {
        let prague = Full { requests_hash: Some(B256::ZERO), ..cancun() };
        let expected = decode(&prague).unwrap();
        let access_list_hash_and_slot = [&alloy_rlp::encode(B256::repeat_byte(3))[..], &[0x82, 1, 0]].concat();
        let amsterdam = append(&prague, &access_list_hash_and_slot);
        assert_eq!(L1Header::decode(expected.hash, &amsterdam), Ok(expected));
    }

    #[test]
    fn refuses_what_is_cut_or_followed() {
        let encoded = alloy_rlp::encode(cancun());
        for length in 0..encoded.len() {
            assert!(L1Header::decode(B256::ZERO, &encoded[..length]).is_err(), "{length}");
        }
        let followed = Bytes::from([&encoded[..], &[0]].concat());
        assert_eq!(L1Header::decode(B256::ZERO, &followed), Err(alloy_rlp::Error::UnexpectedLength));
        let before_london = Full { base_fee_per_gas: None, ..london() };
        assert!(decode(&before_london).is_err());
    }
}
