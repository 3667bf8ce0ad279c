//! Recorded chains: their states, and the attributes that their blocks were made of.

use super::memory::Memory;
use alloy_consensus::{Header, Sealed};
use alloy_rlp::Decodable;
use kohala_execute::State;
use kohala_protocol::{Attributes, BlockId, Eip1559Params, Fork, RollupConfig};
use kohala_testdata::{Chain, L2Record};
use std::sync::Arc;

/// The header of a recorded block.
pub(crate) fn header(record: &L2Record) -> Sealed<Header> {
    let header = Header::decode(&mut record.header_rlp.as_ref()).unwrap();
    Sealed::new_unchecked(header, record.hash)
}

/// The chain's configuration and its state at block 0, with everything the source needs for it.
pub(crate) fn open(chain: &Chain) -> (State, Memory) {
    let config = Arc::new(RollupConfig::from_json(&chain.rollup_json).unwrap());
    let mut memory = Memory::default();
    let head = header(&chain.l2[0]);
    assert_eq!(memory.put_state(&chain.genesis_alloc), head.state_root);
    memory.headers.extend(chain.l2.iter().map(|record| (record.hash, header(record).into_inner())));
    (State::at(config, head), memory)
}

/// What makes a recorded block.
pub(crate) fn attributes(config: &RollupConfig, parent: &L2Record, record: &L2Record) -> Attributes {
    let header = header(record);
    let word = |from: usize| u32::from_be_bytes(header.extra_data[from..from + 4].try_into().unwrap());
    Attributes {
        parent: BlockId { number: parent.number, hash: parent.hash },
        timestamp: header.timestamp,
        prev_randao: header.mix_hash,
        gas_limit: header.gas_limit,
        parent_beacon_block_root: header.parent_beacon_block_root,
        eip1559_params: config
            .is_active(Fork::Holocene, header.timestamp)
            .then(|| Eip1559Params { denominator: word(1), elasticity: word(5) }),
        min_base_fee: config
            .is_active(Fork::Jovian, header.timestamp)
            .then(|| u64::from_be_bytes(header.extra_data[9..17].try_into().unwrap())),
        transactions: record.transactions.clone(),
        deposits: record.transactions.iter().take_while(|transaction| transaction[0] == 0x7e).count(),
        l1_origin: BlockId { number: record.l1_origin_number, hash: record.l1_origin_hash },
        sequence_number: record.sequence_number,
    }
}
