//! Forks of L2 and L1 that begin while the chain runs.

use crate::support::{Judge, config, real_genesis};
use alloy_eips::eip7840::BlobParams;
use alloy_primitives::{Address, U256};
use kohala_devnet::chain::{
    Channel, Compression, Config, ConfigUpdate, DEPOSIT_CONTRACT, Deposit, Devnet, Fork, L1_BLOCK, L1Call, L1Fork,
    L1Kind, L1Log, L2Block, Origin, Posting, Schedule, bpo, datum,
};

/// Every fork of L2 from Bedrock to Jovian, one after the other, with users and deposits between and after the
/// activation blocks.
fn all_forks(genesis: Config) -> Devnet {
    let forks = Fork::ALL.into_iter().filter(|fork| *fork <= Fork::Jovian);
    let planned = forks.zip(1..).filter(|(fork, _)| genesis.forks.get(*fork).is_none());
    let config =
        planned.collect::<Vec<_>>().into_iter().fold(genesis, |config, (fork, step)| config.then(fork, 4 * step));
    let mut devnet = Devnet::new(config);
    let mut alice = devnet.user(0);
    for number in 1..=24 {
        let timestamp = devnet.config().l2_timestamp(number);
        let users = match devnet.config().is_activation_block(Fork::Jovian, timestamp) {
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
fn forks_follow_each_other_from_bedrock_to_jovian() {
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

/// Karst's bundle succeeds on real contracts; its gas comes on top of the block's gas limit, and stays if the chain
/// wants it to.
#[test]
fn karst_upgrades_with_gas_of_its_own() {
    for keep in [false, true] {
        let config = Config { genesis: real_genesis(), keep_karst_upgrade_gas: keep, ..config(Fork::Fjord) };
        let config =
            config.initially(ConfigUpdate::GasLimit(60_000_000)).then(Fork::Granite, 2).then(Fork::Holocene, 4);
        let mut devnet = Devnet::new(config.then(Fork::Isthmus, 6).then(Fork::Jovian, 8).then(Fork::Karst, 10));
        devnet.l2_blocks(6);
        let [before, karst, after] = [4, 5, 6].map(|number| &devnet.l2()[number]);
        assert_eq!(karst.transactions.len(), 1 + 31);
        assert!(karst.receipts.iter().all(|receipt| receipt.is_success()));
        assert_eq!(karst.header.gas_limit, before.header.gas_limit + 55_370_657);
        let kept = if keep { karst } else { before };
        assert_eq!(after.header.gas_limit, kept.header.gas_limit);
    }
}

/// The blob base fee that a block tells L2's contract.
fn told_blob_base_fee(block: &L2Block) -> U256 {
    block.state.accounts[&L1_BLOCK].storage[&U256::from(7)]
}

/// Blobs get cheaper by the target of the fork in force, from Osaka on only down to a reserve price, and L2 is told the
/// price by its fraction.
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

/// A chain may compute with Cancun's fraction for a while longer than L1.
#[test]
fn blob_base_fee_is_cancuns_until_the_pectra_blob_schedule() {
    let config = Config { excess_blob_gas: 40_000_000, pectra_blob_schedule: Some(24), ..config(Fork::Isthmus) };
    let mut devnet = Devnet::new(config);
    devnet.l1_blocks(3);
    devnet.catch_up();
    for block in &devnet.l2()[1..] {
        let origin = &devnet.l1()[block.origin.number as usize].header;
        let params = if block.origin.number < 2 { BlobParams::cancun() } else { BlobParams::prague() };
        assert_eq!(told_blob_base_fee(block), U256::from(params.calc_blob_fee(origin.excess_blob_gas.unwrap())));
    }
    let last = devnet.head().header.number;
    devnet.l1_block(|block| block.batch(1..=last, Posting::default()));
    Judge::of(&devnet).safe_head(last);
}

/// Transactions of types 0 to 2 carry batches, whether they fail or not; those of type 4 don't. Deposits count where
/// the transaction succeeds, whatever its type.
#[test]
fn types_of_l1_transactions_count_where_they_should() {
    for (kind, fails, counts) in [
        (L1Kind::Legacy, false, true),
        (L1Kind::AccessList, false, true),
        (L1Kind::DynamicFee, true, true),
        (L1Kind::SetCode, false, false),
    ] {
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
