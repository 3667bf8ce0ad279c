//! What this crate reads out of and writes into blocks, held against chains that op-geth, op-node and op-batcher made.

use alloy_consensus::{Eip658Value, Header, ReceiptEnvelope, TxReceipt};
use alloy_primitives::{B256, Bytes, map::HashMap};
use alloy_rlp::Decodable;
use kohala_protocol::{
    BlockId, BlockInfo, Deposit, ExtraData, Fork, L1ChainConfig, L1Header, L2BlockInfo, L2BlockParts, Receipt,
    RollupConfig, SystemConfig, config_updates, l1_info_transaction, may_hold_deposits_or_config, output_root,
    upgrade_transactions, user_deposits,
};
use kohala_testdata::{CHAINS, Chain, L1Record, L2Record, chain};

fn configs(chain: &Chain) -> (RollupConfig, L1ChainConfig) {
    let rollup = RollupConfig::from_json(&chain.rollup_json).unwrap();
    (rollup, L1ChainConfig::from_json(&chain.l1_config_json).unwrap())
}

fn l1_blocks(chain: &Chain) -> HashMap<B256, (L1Header, Vec<Receipt>)> {
    let decode = |record: &L1Record| {
        let header = L1Header::decode(record.hash, &record.header_rlp).unwrap();
        (record.hash, (header, record.receipts.iter().map(|receipt| Receipt::decode(receipt).unwrap()).collect()))
    };
    chain.l1.iter().map(decode).collect()
}

fn header(block: &L2Record) -> Header {
    Header::decode(&mut &block.header_rlp[..]).unwrap()
}

fn parts<'a>(block: &'a L2Record, header: &'a Header) -> L2BlockParts<'a> {
    let (number, timestamp) = (header.number, header.timestamp);
    L2BlockParts {
        info: BlockInfo { number, hash: block.hash, parent_hash: header.parent_hash, timestamp },
        gas_limit: header.gas_limit,
        extra_data: &header.extra_data,
        first_transaction: block.transactions.first().map(|transaction| &transaction[..]),
    }
}

#[test]
fn l1_headers_read_as_alloy_reads_them() {
    for record in CHAINS.into_iter().flat_map(|name| chain(name).l1) {
        let expected = Header::decode(&mut &record.header_rlp[..]).unwrap();
        let expected = L1Header {
            hash: record.hash,
            parent_hash: expected.parent_hash,
            number: record.number,
            timestamp: expected.timestamp,
            base_fee: expected.base_fee_per_gas.unwrap().try_into().unwrap(),
            mix_hash: expected.mix_hash,
            state_root: expected.state_root,
            transactions_root: expected.transactions_root,
            receipts_root: expected.receipts_root,
            logs_bloom: expected.logs_bloom,
            excess_blob_gas: expected.excess_blob_gas,
            parent_beacon_block_root: expected.parent_beacon_block_root,
            is_prague: expected.requests_hash.is_some(),
        };
        assert_eq!(L1Header::decode(record.hash, &record.header_rlp), Ok(expected));
    }
}

#[test]
fn l1_receipts_read_as_alloy_reads_them() {
    let mut logs = 0;
    for receipt in CHAINS.into_iter().flat_map(|name| chain(name).l1).flat_map(|block| block.receipts) {
        let expected = <ReceiptEnvelope as alloy_eips::Decodable2718>::decode_2718(&mut &receipt[..]).unwrap();
        let succeeded = expected.status_or_post_state() == Eip658Value::Eip658(true);
        let expected = Receipt { succeeded, logs: expected.logs().to_vec() };
        logs += expected.logs.len();
        assert_eq!(Receipt::decode(&receipt), Ok(expected));
    }
    assert!(logs > 0);
}

#[test]
fn blooms_never_hide_deposits_or_config_updates() {
    let (mut matters, mut does_not) = (0, 0);
    for chain in CHAINS.map(chain) {
        let (config, _) = configs(&chain);
        for (header, receipts) in l1_blocks(&chain).values() {
            let deposits = user_deposits(receipts, header.hash, config.deposit_contract_address).unwrap();
            let updates = config_updates(receipts, config.l1_system_config_address, true).count();
            if may_hold_deposits_or_config(header, &config) {
                matters += 1;
            } else {
                does_not += 1;
                assert_eq!((deposits.len(), updates), (0, 0), "L1 block {}", header.number);
            }
        }
    }
    assert!(matters > 10 && does_not > 10, "{matters} and {does_not}");
}

#[test]
fn blocks_tell_their_place_in_both_chains() {
    for chain in CHAINS.map(chain) {
        let (config, _) = configs(&chain);
        for block in &chain.l2 {
            let header = header(block);
            let info = L2BlockInfo::of_block(&config, parts(block, &header)).unwrap();
            assert_eq!(info.block.number, block.number);
            assert_eq!(info.block.timestamp, config.l2_timestamp(block.number));
            assert_eq!(info.l1_origin, BlockId { number: block.l1_origin_number, hash: block.l1_origin_hash });
            assert_eq!(info.sequence_number, block.sequence_number);
        }
    }
}

/// Rebuilds every derived deposit of every block from its L1 origin and its parent, and what the system config puts
/// into the header: L1 info in the layouts of Ecotone, Isthmus and Jovian, deposits, config updates, upgrades.
#[test]
fn derived_deposits_and_headers_follow_from_origin_and_parent() {
    for chain in CHAINS.map(chain) {
        let (config, l1_config) = configs(&chain);
        let l1 = l1_blocks(&chain);
        for pair in chain.l2.windows(2) {
            let [parent, block] = pair else { unreachable!() };
            let (parent_header, header) = (header(parent), header(block));
            let (origin, receipts) = &l1[&block.l1_origin_hash];
            let mut system_config = SystemConfig::of_block(&config, parts(parent, &parent_header)).unwrap();
            let mut deposits: Vec<Bytes> = Vec::new();
            if block.sequence_number == 0 {
                let ecotone = config.is_active(Fork::Ecotone, origin.timestamp);
                config_updates(receipts, config.l1_system_config_address, ecotone)
                    .for_each(|update| system_config.apply(update.unwrap()));
                deposits = user_deposits(receipts, origin.hash, config.deposit_contract_address).unwrap();
            }
            let timestamp = header.timestamp;
            let info =
                l1_info_transaction(&config, &l1_config, &system_config, origin, block.sequence_number, timestamp);
            deposits.insert(0, info.unwrap());
            deposits.extend(upgrade_transactions(&config, timestamp));
            let recorded: Vec<_> = block.transactions.iter().filter(|tx| tx[0] == Deposit::TYPE).cloned().collect();
            assert_eq!(deposits, recorded, "block {}", block.number);

            assert_eq!(system_config.gas_limit, header.gas_limit, "block {}", block.number);
            let extra = ExtraData::decode(&config, timestamp, &header.extra_data).unwrap();
            assert_eq!(extra.encode(&config, timestamp), header.extra_data);
            if config.is_active(Fork::Holocene, timestamp) && system_config.eip1559_params.denominator != 0 {
                assert_eq!(extra.eip1559_params, system_config.eip1559_params, "block {}", block.number);
            }
            if config.is_active(Fork::Jovian, timestamp) {
                assert_eq!(extra.min_base_fee, system_config.min_base_fee, "block {}", block.number);
            }
        }
    }
}

#[test]
fn deposits_round_trip() {
    let blocks = CHAINS.into_iter().flat_map(|name| chain(name).l2);
    let deposits = blocks.flat_map(|block| block.transactions).filter(|tx| tx[0] == Deposit::TYPE);
    for transaction in deposits {
        assert_eq!(Deposit::decode(&transaction).unwrap().encode(), transaction);
    }
}

/// From Isthmus on the header carries the storage root that the output root needs.
#[test]
fn output_roots_are_the_recorded_ones() {
    for chain in CHAINS.map(chain) {
        let (config, _) = configs(&chain);
        let isthmus = |block: &&L2Record| config.is_active(Fork::Isthmus, header(block).timestamp);
        for block in chain.l2.iter().filter(isthmus) {
            let header = header(block);
            let root = output_root(header.state_root, header.withdrawals_root.unwrap(), block.hash);
            assert_eq!(root, block.output_root, "block {}", block.number);
        }
    }
}
