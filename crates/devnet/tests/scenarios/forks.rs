//! Forks of L2 and L1 that begin while the chain runs.

use crate::support::{Judge, config};
use alloy_eips::eip7840::BlobParams;
use alloy_primitives::{Address, U256};
use kohala_devnet::chain::{
    Channel, Compression, Config, DEPOSIT_CONTRACT, Deposit, Devnet, Fork, L1_BLOCK, L1Call, L1Fork, L1Kind, L1Log,
    L2Block, Origin, Posting, Schedule, bpo, datum,
};

/// Every fork of L2 from Bedrock to Karst, one after the other, with users and deposits between and after the
/// activation blocks.
fn all_forks(genesis: Config) -> Devnet {
    let planned = Fork::ALL.into_iter().zip(1..).filter(|(fork, _)| genesis.forks.get(*fork).is_none());
    let config =
        planned.collect::<Vec<_>>().into_iter().fold(genesis, |config, (fork, step)| config.then(fork, 4 * step));
    let mut devnet = Devnet::new(config);
    let mut alice = devnet.user(0);
    for number in 1..=24 {
        let timestamp = devnet.config().l2_timestamp(number);
        let begins = |fork| devnet.config().is_activation_block(fork, timestamp);
        let users = match begins(Fork::Jovian) || begins(Fork::Karst) {
            true => vec![],
            false => vec![alice.transfer(Address::repeat_byte(0xb0), U256::from(number))],
        };
        devnet.l2_block(&users);
        if number % 5 == 0 {
            let deposit =
                Deposit { to: Address::repeat_byte(7).into(), mint: 5, gas_limit: 50_000, ..Deposit::default() };
            devnet.l1_block(|block| block.deposit(deposit));
        }
    }
    devnet
}

#[test]
fn forks_follow_each_other_from_bedrock_to_karst() {
    let bedrock = Config { forks: Schedule::default(), ..config(Fork::Regolith) };
    let mut devnet = all_forks(bedrock);
    for number in (1..=24).step_by(4) {
        // Before Fjord, L1 knows no brotli.
        let channel = Channel::compressed(devnet.singulars(number..=number + 3), Compression::ZLIB);
        devnet.l1_block(|block| block.channel(&channel));
    }
    let run = Judge::of(&devnet).safe_head(24);
    assert_eq!((run.rejected.as_slice(), run.reasons().as_slice()), (&[][..], &[][..]));
    Judge::agreed(&devnet, 11).safe_head(24);
}

/// The blob base fee that a block tells L2's contract.
fn told_blob_base_fee(block: &L2Block) -> U256 {
    block.state.accounts[&L1_BLOCK].storage[&U256::from(7)]
}

/// Blobs get cheaper by the target of the fork in force, from Osaka on only down to a reserve price, and L2 is told the
/// price by its fraction (T-BPO).
#[test]
fn blob_base_fee_follows_the_schedule_of_l1() {
    let genesis = Config { excess_blob_gas: 90_000_000, ..config(Fork::Jovian) };
    let genesis = Config { l1_forks: Schedule::default(), ..genesis }.then_l1(L1Fork::Cancun, 0);
    let later = L1Fork::ALL.into_iter().skip(1).zip(1..);
    let mut config = later.fold(genesis, |config, (fork, step)| config.then_l1(fork, 24 * step));
    config.blob_params.insert(L1Fork::Bpo5, bpo(1, 2, 2_000_000));
    let mut devnet = Devnet::new(config);
    devnet.l1_blocks(17);
    devnet.catch_up();
    for pair in devnet.l1().windows(2) {
        let [parent, block] = [&pair[0].header, &pair[1].header];
        let params = devnet.config().blob_params(block.timestamp).unwrap();
        let [excess, next] = [parent, block].map(|header| header.excess_blob_gas.unwrap());
        let reserve = u128::from(parent.base_fee_per_gas.unwrap()) << 13;
        let osaka = devnet.config().is_active_on_l1(L1Fork::Osaka, block.timestamp);
        // No block has blobs, so that nothing is added at the reserve price.
        let stays = osaka && reserve > params.calc_blob_fee(excess) << 17;
        assert_eq!(next, if stays { excess } else { excess - params.target_blob_count * (1 << 17) });
    }
    for block in &devnet.l2()[1..] {
        let origin = &devnet.l1()[block.origin.number as usize].header;
        let params = devnet.config().blob_params(origin.timestamp).unwrap();
        let fee = params.calc_blob_fee(origin.excess_blob_gas.unwrap());
        assert!(fee > 1, "the fee is one by any fraction then");
        assert_eq!(told_blob_base_fee(block), U256::from(fee));
    }
    let fractions: Vec<_> =
        devnet.l1().iter().filter_map(|block| devnet.config().blob_params(block.header.timestamp)).collect();
    assert_eq!(
        fractions.iter().map(|params| params.update_fraction).collect::<std::collections::BTreeSet<_>>().len(),
        7
    );
    let last = devnet.head().header.number;
    devnet.l1_block(|block| block.batch(1..=last, Posting::default()));
    Judge::of(&devnet).safe_head(last);
}

/// A chain may compute with Cancun's fraction for a while longer than L1: until an L1 block's time, until one between
/// two, or not at all (T-PECTRA).
#[test]
fn blob_base_fee_is_cancuns_until_the_pectra_blob_schedule() {
    for (fork, pectra_blob_schedule) in [
        (Fork::Holocene, Some(24)),
        (Fork::Isthmus, Some(24)),
        (Fork::Holocene, Some(18)),
        (Fork::Holocene, None),
        (Fork::Isthmus, None),
    ] {
        let mut devnet = Devnet::new(Config { excess_blob_gas: 100_000_000, pectra_blob_schedule, ..config(fork) });
        devnet.l1_blocks(2);
        devnet.catch_up();
        let origin_counts =
            [0, 1, 2].map(|origin| devnet.l2()[1..].iter().filter(|b| b.origin.number == origin).count());
        assert_eq!(origin_counts, [5, 6, 1]);
        for block in &devnet.l2()[1..] {
            let excess = devnet.l1()[block.origin.number as usize].header.excess_blob_gas.unwrap();
            let [cancun, prague] =
                [BlobParams::cancun(), BlobParams::prague()].map(|params| params.calc_blob_fee(excess));
            assert!(1 < prague && prague < cancun);
            let is_cancuns = pectra_blob_schedule.is_some() && block.origin.number < 2;
            assert_eq!(told_blob_base_fee(block), U256::from(if is_cancuns { cancun } else { prague }));
        }
        let last = devnet.head().header.number;
        devnet.l1_block(|block| block.batch(1..=last, Posting::default()));
        Judge::of(&devnet).safe_head(last);
    }
}

/// Transactions of types 0 to 2 carry batches, whether they fail or not; those of type 4 don't. Deposits count where
/// the transaction succeeds, whatever its type.
#[test]
fn types_of_l1_transactions_count_where_they_should() {
    let kinds =
        [(L1Kind::Legacy, true), (L1Kind::AccessList, true), (L1Kind::DynamicFee, true), (L1Kind::SetCode, false)];
    for ((kind, counts), fails) in kinds.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let mut devnet = Devnet::new(config(Fork::Isthmus));
        let deposit = |mint| L1Log::Deposit(Deposit { mint, gas_limit: 50_000, ..Deposit::default() });
        let call = L1Call::logging(DEPOSIT_CONTRACT, [deposit(1), deposit(2)]).kind(kind);
        let call = if fails { call.failing() } else { call };
        devnet.l1_block(|block| block.send(call));
        devnet.l2_blocks(5);
        devnet.l2_block_at(Origin::Advance, &[]);
        assert_eq!(devnet.head().transactions.len(), if fails { 1 } else { 3 });
        let data = datum(&Channel::of([devnet.span(1..=6)]).cut(3));
        let call = L1Call::calldata(data).kind(kind);
        let call = if fails { call.failing() } else { call };
        devnet.l1_block(|block| block.send(call));
        Judge::of(&devnet).safe_head(if counts { 6 } else { 0 });
    }
}
