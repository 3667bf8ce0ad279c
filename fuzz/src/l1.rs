use crate::chain;
use alloy_consensus::{
    Header, ReceiptEnvelope, Transaction, TxEnvelope, TxReceipt, TxType, transaction::SignerRecoverable,
};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::Decodable;
use kohala_derive::{Batcher, Event, IndexedBlobHash, L1Block, Need, Pipeline, Reason, Start, Step, Subject};
use kohala_protocol::{Fork, L1Header, Receipt, parse_frames};
use std::sync::Arc;

/// An L1 header: where alloy reads one of London or later, so do we, and the same.
pub fn l1_header(rlp: &[u8]) {
    let header = L1Header::decode(B256::ZERO, rlp);
    let mut rest = rlp;
    let Ok(expected) = Header::decode(&mut rest) else { return };
    let Some(base_fee) = expected.base_fee_per_gas.filter(|_| rest.is_empty()) else { return };
    let header = header.expect("alloy reads this header");
    let roots = (header.state_root, header.transactions_root, header.receipts_root);
    assert_eq!(roots, (expected.state_root, expected.transactions_root, expected.receipts_root));
    assert_eq!((header.number, header.timestamp), (expected.number, expected.timestamp));
    assert_eq!((header.parent_hash, header.mix_hash), (expected.parent_hash, expected.mix_hash));
    assert_eq!((header.base_fee, header.logs_bloom), (base_fee.try_into().expect("64 bits"), expected.logs_bloom));
    // The two belong to one fork: alloy also reads headers that have the first alone.
    if expected.parent_beacon_block_root.is_some() {
        assert_eq!(header.excess_blob_gas, expected.excess_blob_gas);
        assert_eq!(header.parent_beacon_block_root, expected.parent_beacon_block_root);
    }
}

/// An L1 receipt: where alloy reads one, so do we, and the same.
pub fn l1_receipt(encoded: &[u8]) {
    let receipt = Receipt::decode(encoded);
    let Ok(expected) = ReceiptEnvelope::decode_2718_exact(encoded) else { return };
    let receipt = receipt.expect("alloy reads this receipt");
    assert_eq!(receipt.succeeded, expected.status_or_post_state().as_eip658().unwrap_or(false));
    assert_eq!(receipt.logs, expected.logs());
}

/// An L1 transaction that goes to the inbox: where alloy reads it and tells its sender, that sender's batches count and
/// nobody else's.
pub fn l1_transaction(encoded: &[u8]) {
    let Ok(transaction) = TxEnvelope::decode_2718_exact(encoded) else {
        drop(read(encoded, Address::ZERO, chain::INBOX, 1));
        return;
    };
    let (inbox, chain_id) = (transaction.to().unwrap_or_default(), transaction.chain_id().unwrap_or(1));
    let carries = [TxType::Legacy, TxType::Eip2930, TxType::Eip1559, TxType::Eip4844].contains(&transaction.tx_type());
    let sender = transaction.recover_signer().ok();
    let (needs, reasons) = read(encoded, sender.unwrap_or_default(), inbox, chain_id);
    if !carries || transaction.to().is_none() {
        assert_eq!((needs, reasons), (vec![], vec![]));
        return;
    }
    if sender.is_none() {
        assert_eq!((needs, reasons), (vec![], vec![Reason::Signature]));
        return;
    }
    let stranger = Address::repeat_byte(0x77);
    assert_eq!(read(encoded, stranger, inbox, chain_id), (vec![], vec![Reason::NotTheBatcher]));
    if let Some(hashes) = transaction.blob_versioned_hashes() {
        let hashes: Vec<_> = (0..).zip(hashes).map(|(index, hash)| IndexedBlobHash { index, hash: *hash }).collect();
        assert_eq!((needs, reasons), (hashes, vec![]));
    } else if let Err(error) = parse_frames(transaction.input()) {
        assert_eq!((needs, reasons), (vec![], vec![Reason::Frames(error)]));
    } else {
        assert!(!reasons.iter().any(|reason| matches!(reason, Reason::Signature | Reason::Frames(_))), "{reasons:?}");
    }
}

/// What a pipeline asks for and drops at an L1 block with this one transaction.
fn read(transaction: &[u8], batcher: Address, inbox: Address, chain_id: u64) -> (Vec<IndexedBlobHash>, Vec<Reason>) {
    let mut config = chain::config(Fork::Fjord, None);
    (config.l1_chain_id, config.batch_inbox_address) = (chain_id, inbox);
    let start = Start { batcher: Batcher(batcher), ..chain::start(&config) };
    let mut pipeline = Pipeline::new(Arc::new(config), Arc::new(chain::l1_config()), start);
    assert_eq!(pipeline.step(), Step::Need(Need::L1Block { number: 1 }));
    let transactions = vec![Bytes::copy_from_slice(transaction)];
    let block = L1Block { header: chain::l1_header(1), transactions, receipts: None, senders: None };
    pipeline.provide_l1_block(block).expect("what was asked for");
    let needs = match pipeline.step() {
        Step::Need(Need::Blobs { hashes, .. }) => hashes,
        Step::Need(Need::L1Block { number: 2 }) => Vec::new(),
        other => panic!("{other:?}"),
    };
    let is_ours = |event: &Event| matches!(event.subject, Subject::Transaction(0) | Subject::Datum);
    let reasons = pipeline.events().filter(is_ours).map(|event| event.reason).collect();
    (needs, reasons)
}
