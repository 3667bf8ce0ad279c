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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloy_primitives::{Bytes, U256};
    use alloy_rlp::Encodable;

    fn logs() -> Vec<Log> {
        vec![
            Log::new_unchecked(Address::repeat_byte(1), vec![B256::repeat_byte(2)], Bytes::from_static(b"data")),
            Log::new_unchecked(Address::repeat_byte(3), vec![], Bytes::new()),
        ]
    }

    /// A receipt's payload, with further fields behind the known ones.
    fn payload(status: &[u8], more: &[u8]) -> Vec<u8> {
        let mut fields = Vec::new();
        status.encode(&mut fields);
        21_000u64.encode(&mut fields);
        Bloom::ZERO.encode(&mut fields);
        logs().encode(&mut fields);
        fields.extend_from_slice(more);
        let mut payload = Vec::new();
        Header { list: true, payload_length: fields.len() }.encode(&mut payload);
        payload.extend(fields);
        payload
    }

    #[test]
    fn every_type_reads_alike() {
        let payload = payload(&[1], &[]);
        let expected = Receipt { succeeded: true, logs: logs() };
        assert_eq!(Receipt::decode(&payload).as_ref(), Ok(&expected));
        for kind in 0..=0x7f {
            assert_eq!(Receipt::decode(&[&[kind], &payload[..]].concat()).as_ref(), Ok(&expected), "{kind}");
        }
    }

    #[test]
    fn ignores_fields_that_later_forks_append() {
        let receipt = Receipt::decode(&payload(&[1], &[5, 6]));
        assert_eq!(receipt, Ok(Receipt { succeeded: true, logs: logs() }));
    }

    #[test]
    fn only_status_one_is_success() {
        assert!(!Receipt::decode(&payload(&[], &[])).unwrap().succeeded);
        assert!(!Receipt::decode(&payload(&[1; 32], &[])).unwrap().succeeded);
        assert!(Receipt::decode(&payload(&[2], &[])).is_err());
        assert!(Receipt::decode(&payload(&[1, 1], &[])).is_err());
    }

    #[test]
    fn refuses_what_is_cut_or_followed() {
        let encoded = [&[2], &payload(&[1], &[])[..]].concat();
        for length in 0..encoded.len() {
            assert!(Receipt::decode(&encoded[..length]).is_err(), "{length}");
        }
        assert!(Receipt::decode(&[&encoded[..], &[0]].concat()).is_err());
    }

    #[test]
    fn the_bloom_must_hold_address_and_event_of_the_same_contract() {
        let config = crate::config::tests::config(&[]);
        let (portal, system_config) = (config.deposit_contract_address, config.l1_system_config_address);
        let may_hold = |inputs: &[&[u8]]| {
            let mut header = L1Header { base_fee: U256::ONE, ..L1Header::default() };
            inputs.iter().for_each(|input| header.logs_bloom.accrue(BloomInput::Raw(input)));
            may_hold_deposits_or_config(&header, &config)
        };
        assert!(!may_hold(&[]));
        assert!(!may_hold(&[portal.as_slice(), system_config.as_slice()]));
        assert!(!may_hold(&[portal.as_slice(), &CONFIG_UPDATE.0]));
        assert!(!may_hold(&[&TRANSACTION_DEPOSITED.0, &CONFIG_UPDATE.0]));
        assert!(may_hold(&[portal.as_slice(), &TRANSACTION_DEPOSITED.0]));
        assert!(may_hold(&[system_config.as_slice(), &CONFIG_UPDATE.0]));
    }

    #[test]
    fn events_are_named_by_the_hash_of_their_signature() {
        use alloy_primitives::keccak256;
        assert_eq!(keccak256("TransactionDeposited(address,address,uint256,bytes)"), TRANSACTION_DEPOSITED);
        assert_eq!(keccak256("ConfigUpdate(uint256,uint8,bytes)"), CONFIG_UPDATE);
    }
}
