//! The program judges the chain: derivation and execution against blocks that none of our code made.

use crate::story::{every_kind, tell};
use alloy_consensus::Header;
use alloy_eips::eip2718::Encodable2718;
use alloy_op_hardforks::OpHardfork;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Encodable;
use kohala_devnet::chain::{
    BATCHER, Batches, Carrier, Claim, Compression, Config, ConfigUpdate, DEPOSIT_CONTRACT, Devnet, Posting, USER,
    batcher,
};
use kohala_program::{Boot, MemoryInputs, Program, Progress, Verdict};
use kohala_protocol::{L1ChainConfig, L1Header, OutputRootPreimage, Receipt, RollupConfig};
use std::sync::Arc;

/// All that the program may read to judge a claim on top of the block `agreed`.
fn inputs(devnet: &Devnet, agreed: u64) -> MemoryInputs {
    let mut inputs = MemoryInputs::default();
    for block in devnet.l1() {
        let hash = block.header.hash();
        let mut rlp = Vec::new();
        Header::encode(&block.header, &mut rlp);
        assert_eq!(keccak256(&rlp), hash);
        inputs.l1_headers.insert(hash, L1Header::decode(hash, &rlp).unwrap());
        let encoded = block.transactions.iter().map(|transaction| transaction.encoded_2718().into());
        inputs.l1_transactions.insert(hash, encoded.collect());
        let receipts = block.receipts.iter().map(|receipt| Receipt::decode(&receipt.encoded_2718()).unwrap());
        inputs.l1_receipts.insert(hash, receipts.collect());
        inputs.blobs.extend(block.blobs.iter().map(|blob| (blob.versioned_hash, blob.data.clone())));
    }
    for block in &devnet.l2()[..=agreed as usize] {
        inputs.l2_headers.insert(block.header.hash(), block.header.inner().clone());
        inputs.l2_transactions.insert(block.header.hash(), block.transactions.clone());
    }
    let agreed = &devnet.l2()[agreed as usize];
    inputs.nodes.extend(agreed.state.nodes().into_iter().map(|node| (keccak256(&node), node)));
    inputs.codes.extend(agreed.state.accounts.values().map(|account| (keccak256(&account.code), account.code.clone())));
    let output = OutputRootPreimage {
        state_root: agreed.header.state_root,
        message_passer_storage_root: agreed.message_passer_root,
        block_hash: agreed.header.hash(),
    };
    inputs.outputs.insert(agreed.output_root(), output);
    inputs
}

fn boot(devnet: &Devnet, claim: Claim) -> Boot {
    Boot {
        l1_head: claim.l1_head,
        agreed_output_root: claim.agreed_output_root,
        claimed_output_root: claim.claimed_output_root,
        claimed_block_number: claim.claimed_block_number,
        rollup: Arc::new(RollupConfig::from_json(devnet.rollup_json().to_string().as_bytes()).unwrap()),
        l1: Arc::new(L1ChainConfig::from_json(devnet.l1_config_json().to_string().as_bytes()).unwrap()),
    }
}

/// Runs the program; every block on the way is the chain's own.
fn judge(devnet: &Devnet, agreed: u64, claim: Claim) -> Verdict {
    let mut program = Program::start(boot(devnet, claim), inputs(devnet, agreed)).unwrap();
    loop {
        match program.step().unwrap() {
            Progress::Judged(verdict) => return verdict,
            Progress::Executed(block) => {
                let expected = &devnet.l2()[block.header.number as usize];
                assert_eq!(block.header.inner(), expected.header.inner());
                let receipts: Vec<_> = expected.receipts.iter().map(|receipt| receipt.encoded_2718()).collect();
                assert_eq!(block.receipts, receipts);
            }
            Progress::Derived(attributes) => {
                let expected = &devnet.l2()[attributes.number() as usize];
                assert_eq!(attributes.transactions, expected.transactions, "block {}", attributes.number());
            }
            Progress::Rejected { number } => panic!("block {number} is rejected"),
        }
    }
}

/// A block's witness, without anything else of the state, is enough to execute the block.
#[test]
fn witnesses_are_enough() {
    let devnet = tell(Config::default(), Posting::default());
    for number in 1..=12 {
        let (parent, block) = (&devnet.l2()[number as usize - 1], &devnet.l2()[number as usize]);
        let witness = parent.state.witness(&block.touched, &block.state);
        let mut inputs = inputs(&devnet, number - 1);
        assert!(witness.len() < inputs.nodes.len(), "block {number}");
        inputs.nodes = witness.into_iter().map(|node| (keccak256(&node), node)).collect();
        let mut program = Program::start(boot(&devnet, devnet.claim(number - 1, number)), inputs).unwrap();
        let verdict = loop {
            if let Progress::Judged(verdict) = program.step().unwrap() {
                break verdict;
            }
        };
        assert!(verdict.is_valid(), "block {number}");
    }
}

/// The true claim is valid, up to the end and in between; junk is not.
fn honest_wins_and_junk_loses(config: Config, posting: Posting) {
    let devnet = tell(config, posting);
    for (agreed, claimed) in [(0, 12), (0, 4), (5, 9), (12, 12)] {
        let claim = devnet.claim(agreed, claimed);
        let verdict = judge(&devnet, agreed, claim);
        assert!(verdict.is_valid(), "{posting:?}: {verdict:?}");
        assert_eq!(verdict.block_number, claimed);
    }
    let junk = Claim { claimed_output_root: B256::repeat_byte(0xde), ..devnet.claim(0, 12) };
    let verdict = judge(&devnet, 0, junk);
    assert!(!verdict.is_valid());
    assert_eq!(verdict.output_root, devnet.output_root(12));
}

#[test]
fn every_way_of_posting_brings_the_chain_across() {
    for batches in [Batches::Singular, Batches::Span] {
        for compression in [Compression::Zlib, Compression::Brotli] {
            for (carrier, frame_size) in [
                (Carrier::Calldata, 100_000),
                (Carrier::Calldata, 300),
                (Carrier::Blobs, 130_000),
                (Carrier::Blobs, 700),
            ] {
                let posting = Posting { batches, compression, carrier, frame_size, ..Posting::default() };
                honest_wins_and_junk_loses(Config::default(), posting);
            }
        }
    }
}

#[test]
fn every_fork_has_a_chain() {
    for fork in [OpHardfork::Fjord, OpHardfork::Granite, OpHardfork::Holocene, OpHardfork::Isthmus, OpHardfork::Jovian]
    {
        honest_wins_and_junk_loses(Config { fork, ..Config::default() }, Posting::default());
    }
}

#[test]
fn posts_of_strangers_do_not_count() {
    let mut devnet = Devnet::new(Config::default());
    devnet.l2_block(&[]);
    devnet.l1_block(|block| block.batch(1..=1, Posting { signer: USER, ..Posting::default() }));
    let verdict = judge(&devnet, 0, devnet.claim(0, 1));
    assert_eq!((verdict.block_number, verdict.output_root), (0, devnet.output_root(0)));
    devnet.l1_block(|block| block.batch(1..=1, Posting::default()));
    assert!(judge(&devnet, 0, devnet.claim(0, 1)).is_valid());
}

#[test]
fn a_new_batcher_takes_over() {
    let mut devnet = Devnet::new(Config::default());
    let successor = BATCHER + 7;
    let update = ConfigUpdate::Batcher(devnet.l1_user(successor).address());
    devnet.l2_block(&[]);
    devnet.l1_block(|block| block.config_update(update));
    for _ in 2..=6 {
        devnet.l2_block(&[]);
    }
    assert_eq!(devnet.l2()[6].system_config.batcher, devnet.l1_user(successor).address());
    devnet.l1_block(|block| block.batch(1..=6, Posting::default()));
    let verdict = judge(&devnet, 0, devnet.claim(0, 6));
    assert_eq!(verdict.block_number, 0, "the predecessor");
    devnet.l1_block(|block| block.batch(1..=6, Posting { signer: successor, ..Posting::default() }));
    assert!(judge(&devnet, 0, devnet.claim(0, 6)).is_valid());
}

#[test]
fn garbage_between_the_frames_is_no_hindrance() {
    let mut devnet = Devnet::new(Config::default());
    let mut alice = devnet.user(0);
    devnet.l2_block(&[alice.transfer(alice.address(), U256::from(1))]);
    devnet.l1_block(|block| {
        block
            .calldata(BATCHER, Bytes::from_static(&[0; 40]))
            .blobs(BATCHER, vec![batcher::blob(b"no frame"), Bytes::from(vec![0; 131_072])])
            .call(BATCHER, DEPOSIT_CONTRACT, Bytes::from_static(b"no deposit"))
            .batch(1..=1, Posting { carrier: Carrier::Calldata, frame_size: 50, ..Posting::default() })
    });
    assert!(judge(&devnet, 0, devnet.claim(0, 1)).is_valid());
}

#[test]
fn every_kind_of_transaction_comes_across() {
    let devnet = every_kind();
    let (kinds, created) = (&devnet.l2()[1], &devnet.l2()[2]);
    assert!(kinds.receipts.iter().chain(&created.receipts).all(|receipt| receipt.is_success()));
    let bob = &kinds.state.accounts[&devnet.user(1).address()];
    assert_eq!((bob.code.len(), bob.storage.len()), (23, 1), "bob runs the contract's code on his own storage");
    assert!(judge(&devnet, 0, devnet.claim(0, 2)).is_valid());
    assert!(judge(&devnet, 1, devnet.claim(1, 2)).is_valid());
}
