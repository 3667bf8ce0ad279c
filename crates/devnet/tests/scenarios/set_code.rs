//! Transactions that let accounts run the code of others (EIP-7702).

use crate::support::{Judge, NEWEST, config, word};
use alloy_consensus::{TxEip1559, TxEip7702};
use alloy_primitives::{Address, Bytes, TxKind, U256, address, bytes};
use kohala_devnet::chain::{Account, Batch, Channel, Config, Devnet, Fork, Origin, Posting};
use kohala_program::Reason;
use kohala_protocol::{BatchError, SpanTransactionError};

/// A contract that writes 0x42 to slot 0x42.
const WRITER: Address = address!("000000000000000000000000000000000000aaaa");
/// A contract that sends bob one wei.
const CALLER: Address = address!("000000000000000000000000000000000000bbbb");

/// A transaction of alice's, without gas for much, that has the accounts of both run other code.
fn set_code(devnet: &Devnet) -> Bytes {
    let (alice, bob) = (devnet.user(0), devnet.user(1));
    // Bob's authorization is good on any chain.
    let anywhere = Devnet::new(Config { l2_chain_id: 0, ..Config::default() }).user(1);
    assert_eq!(anywhere.address(), bob.address());
    let transaction = TxEip7702 {
        chain_id: devnet.config().l2_chain_id,
        nonce: alice.nonce,
        to: alice.address(),
        gas_limit: 500_000,
        max_fee_per_gas: 5_000_000_000,
        max_priority_fee_per_gas: 2,
        authorization_list: vec![alice.authorize(CALLER, alice.nonce + 1), anywhere.authorize(WRITER, bob.nonce)],
        ..TxEip7702::default()
    };
    alice.encode(transaction)
}

/// Alice calls herself, and by the code that she runs now bob, who runs other code; a span brings it across (T-7702-1).
#[test]
fn accounts_run_the_code_that_they_authorized() {
    for fork in [Fork::Isthmus, Fork::Jovian, NEWEST] {
        let bob = Devnet::new(config(fork)).user(1).address();
        let call = [&bytes!("5f5f5f5f600173")[..], bob.as_slice(), &bytes!("5af100")].concat();
        let contract = |code: Bytes| Account { code, nonce: 1, ..Account::default() };
        let config = config(fork).with(WRITER, contract(bytes!("604260425500"))).with(CALLER, contract(call.into()));
        let mut devnet = Devnet::new(config);
        let alice = devnet.user(0).address();
        let transaction = set_code(&devnet);
        let block = devnet.l2_block(&[transaction]);
        assert!(block.receipts[1].is_success());
        for (account, code) in [(alice, CALLER), (bob, WRITER)] {
            let expected = [&[0xef, 1, 0][..], code.as_slice()].concat();
            assert_eq!(block.state.accounts[&account].code[..], expected);
        }
        assert_eq!(word(block, bob, U256::from(0x42)), U256::from(0x42));
        devnet.l1_block(|block| block.batch(1..=1, Posting::default()));
        Judge::of(&devnet).safe_head(1);
    }
}

/// Before Isthmus no batch may carry such a transaction: the block before it is the last one (T-7702-2).
#[test]
fn batch_with_set_code_transaction_is_dropped_before_isthmus() {
    for fork in [Fork::Fjord, Fork::Granite, Fork::Holocene] {
        let mut devnet = Devnet::new(config(fork));
        devnet.l2_blocks(2);
        let mut batches = devnet.singulars(1..=2);
        batches[1].transactions.push(set_code(&devnet));
        let span: Batch = devnet.span_of(&batches).into();
        let before_holocene = fork < Fork::Holocene;
        let flushed = if before_holocene { &[][..] } else { &[Reason::Flushed] };
        let expected = [&[Reason::TransactionType(4)], flushed].concat();
        // A span is invalid as a whole until Holocene judges its blocks one by one.
        for (channel, head) in [(Channel::of(batches), 1), (Channel::of([span]), if before_holocene { 0 } else { 1 })] {
            let mut devnet = devnet.clone();
            devnet.l1_block(|block| block.channel(&channel));
            let run = Judge::of(&devnet).safe_head(head);
            assert_eq!(run.reasons(), expected, "{fork:?}");
            assert!(run.rejected.is_empty());
        }
    }
}

/// A span with a transaction that sets code and one that creates a contract, whose bits say that it is the other way
/// round: the first one has no recipient then, and the span is none (T-7702-3).
#[test]
fn span_whose_set_code_transaction_creates_is_dropped() {
    for fork in [Fork::Isthmus, Fork::Jovian, NEWEST] {
        let mut devnet = Devnet::new(config(fork));
        let creation = TxEip1559 {
            chain_id: devnet.config().l2_chain_id,
            nonce: 1,
            to: TxKind::Create,
            gas_limit: 500_000,
            max_fee_per_gas: 5_000_000_000,
            max_priority_fee_per_gas: 2,
            ..TxEip1559::default()
        };
        let draft = devnet.draft(Origin::Next, &[set_code(&devnet), devnet.user(0).encode(creation)]);
        let mut span = devnet.span_of(&[draft]);
        assert_eq!(span.transactions.creation_bits, [false, true]);
        span.transactions.creation_bits.reverse();
        let channel = Channel::of([span]);
        devnet.l1_block(|block| block.channel(&channel));
        let run = Judge::of(&devnet).safe_head(0);
        let no_recipient = BatchError::Underivable { index: 0, reason: SpanTransactionError::NoRecipient };
        assert_eq!(run.reasons(), [Reason::Batch(no_recipient)]);
    }
}

/// The L2 block's own time decides: the first block of Isthmus may carry such a transaction among its upgrades, though
/// its L1 origin is older.
#[test]
fn first_block_of_isthmus_may_set_code() {
    let mut devnet = Devnet::new(config(Fork::Holocene).then(Fork::Isthmus, 4));
    devnet.l2_blocks(1);
    let transaction = set_code(&devnet);
    let block = devnet.l2_block(&[transaction]);
    assert_eq!((block.transactions.len(), block.origin.number), (1 + 8 + 1, 0));
    assert!(block.receipts[9].is_success());
    devnet.l1_block(|block| block.batch(1..=2, Posting::default()));
    Judge::of(&devnet).safe_head(2);
}
