//! L1 comes to Prague while the chain runs.

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::Address;
use kohala_devnet::chain::{
    Channel, Config, DEPOSIT_CONTRACT, Deposit, Devnet, Fork, L1Call, L1Fork, L1Kind, L1Log, Schedule, datum,
};

/// Builds L2 up to the newest L1 block and posts what isn't posted yet by a transaction of this type; the newest block.
fn build_and_post(devnet: &mut Devnet, posted: u64, kind: L1Kind) -> u64 {
    devnet.catch_up();
    let last = devnet.head().header.number;
    let channel = Channel::of(devnet.singulars(posted + 1..=last));
    devnet.l1_block(|block| block.send(L1Call::calldata(datum(&[channel.frame()])).kind(kind)));
    last
}

/// L1 comes to Prague with its second block, and L2 goes on over it. From then on there are transactions of type 4: a
/// deposit by one counts, a batch by one does not (T-PRAGUE).
#[test]
fn batches_count_by_every_type_but_set_code_when_prague_has_begun() {
    for (fork, kind) in [(Fork::Holocene, L1Kind::DynamicFee), (NEWEST, L1Kind::DynamicFee), (NEWEST, L1Kind::SetCode)]
    {
        let config = Config { l1_forks: Schedule::default(), ..config(fork) };
        let mut devnet = Devnet::new(config.then_l1(L1Fork::Cancun, 0).then_l1(L1Fork::Prague, 24));
        devnet.l1_blocks(2);
        let requests: Vec<_> = devnet.l1().iter().map(|block| block.header.requests_hash.is_some()).collect();
        assert_eq!(requests, [false, false, true]);
        let deposit = Deposit { to: Address::repeat_byte(7).into(), mint: 5, gas_limit: 50_000, ..Deposit::default() };
        let call = L1Call::logging(DEPOSIT_CONTRACT, [L1Log::Deposit(deposit)]).kind(L1Kind::SetCode);
        devnet.l1_block(|block| block.send(call));

        let counts = kind != L1Kind::SetCode;
        let mut posted = 0;
        for _ in 0..2 {
            let last = build_and_post(&mut devnet, if counts { posted } else { 0 }, kind);
            assert!(devnet.head().origin.number >= 3 && last > posted);
            posted = last;
            let run = Judge::of(&devnet).safe_head(if counts { last } else { 0 });
            assert_eq!((run.reasons().as_slice(), run.rejected.as_slice()), (&[][..], &[][..]));
        }
        let deposits = devnet.l2().iter().filter(|block| block.transactions.len() == 2).count();
        assert_eq!(deposits, 1, "the deposit by set-code transaction is on L2");
        if !counts {
            let last = build_and_post(&mut devnet, 0, L1Kind::DynamicFee);
            Judge::of(&devnet).safe_head(last);
        }
    }
}
