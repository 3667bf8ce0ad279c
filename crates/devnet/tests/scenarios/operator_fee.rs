//! The operator fee, from Isthmus on.

use crate::support::{
    GAS_PRICE_ORACLE, Judge, NEWEST, OPERATOR_FEE_VAULT, answers, ask_for, balance, config, real, with_asker,
};
use alloy_consensus::TxReceipt;
use alloy_primitives::{Address, Bytes, U256, address, bytes, keccak256};
use kohala_devnet::chain::{
    Account, Channel, Config, ConfigUpdate, Deposit, Devnet, Fork, L2Block, Origin, Posting, RICH, Signer,
};

const VAULTS: [Address; 4] = [
    OPERATOR_FEE_VAULT,
    address!("4200000000000000000000000000000000000011"),
    address!("4200000000000000000000000000000000000019"),
    address!("420000000000000000000000000000000000001a"),
];

/// The fee in these stories.
const FEE: ConfigUpdate = ConfigUpdate::OperatorFee { scalar: 100_000_000, constant: 500 };

/// A chain whose operator takes [`FEE`] from its seventh block on, or as soon as there is one.
fn chain_with_fee(config: Config) -> Devnet {
    let mut devnet = Devnet::new(config);
    devnet.l1_block(|block| block.config_update(FEE));
    devnet.catch_up();
    assert_eq!(devnet.head().header.number, 6);
    devnet
}

/// [`FEE`] of so much gas.
fn fee(fork: Fork, gas: u64) -> U256 {
    let scaled = U256::from(gas) * U256::from(100_000_000);
    let scaled = if fork < Fork::Jovian { scaled / U256::from(1_000_000) } else { scaled * U256::from(100) };
    scaled + U256::from(500)
}

/// What the operator got in the newest block. Its user paid what all vaults got: no wei came or went.
fn operators_gain(devnet: &Devnet, user: Address) -> U256 {
    let [before, after] = [1, 0].map(|back| &devnet.l2()[devnet.l2().len() - 1 - back]);
    let gains = VAULTS.map(|vault| balance(after, vault) - balance(before, vault));
    let gained: U256 = gains.iter().sum();
    assert_eq!(balance(before, user) - balance(after, user), gained);
    gains[0]
}

/// Gas of the newest block's last transaction.
fn gas_used(block: &L2Block) -> u64 {
    let cumulative: Vec<_> = block.receipts.iter().rev().take(2).map(TxReceipt::cumulative_gas_used).collect();
    cumulative[0] - cumulative[1]
}

/// A transaction that moves nothing.
fn nudge(signer: &mut Signer) -> Bytes {
    signer.transfer(Address::repeat_byte(0xb0), U256::ZERO)
}

/// All blocks are posted, and judged.
fn comes_across(devnet: &mut Devnet) {
    let head = devnet.head().header.number;
    devnet.l1_block(|block| block.batch(1..=head, Posting::default()));
    Judge::of(devnet).safe_head(head);
}

/// A transaction pays its operator fee, and that goes to its vault (T-OPFEE, NormalTx).
#[test]
fn transaction_pays_the_operator() {
    for (fork, expected) in
        [(Fork::Isthmus, 2_100_500_u64), (Fork::Jovian, 210_000_000_000_500), (NEWEST, 210_000_000_000_500)]
    {
        let mut devnet = chain_with_fee(config(fork));
        let mut alice = devnet.user(0);
        devnet.l2_block(&[nudge(&mut alice)]);
        assert_eq!(gas_used(devnet.head()), 21_000);
        assert_eq!(operators_gain(&devnet, alice.address()), U256::from(expected));
        comes_across(&mut devnet);
    }
}

/// A deposit has paid on L1 (T-OPFEE, DepositTx).
#[test]
fn deposit_pays_the_operator_nothing() {
    for fork in [Fork::Isthmus, Fork::Jovian, NEWEST] {
        let mut devnet = chain_with_fee(config(fork));
        let (alice, bob) = (devnet.user(0).address(), devnet.user(1).address());
        let (mint, value) = (5, U256::from(5));
        let deposit = Deposit { from: alice, to: bob.into(), mint, value, gas_limit: 2_000_000, ..Deposit::default() };
        devnet.l1_block(|block| block.deposit(deposit));
        devnet.catch_up();
        let [before, after] = [11, 12].map(|number| &devnet.l2()[number]);
        assert!(after.transactions.len() == 2 && after.receipts[1].is_success());
        assert_eq!(
            (balance(after, alice), balance(after, bob)),
            (balance(before, alice), balance(before, bob) + value)
        );
        assert_eq!(VAULTS.map(|vault| balance(after, vault)), VAULTS.map(|vault| balance(before, vault)));
        comes_across(&mut devnet);
    }
}

/// The fee is of the gas that is left after refunds (T-OPFEE, StateRefund).
#[test]
fn refunded_gas_pays_the_operator_nothing() {
    const SETTER: Address = address!("00000000000000000000000000000000ffffffff");
    // What a compiler made of a contract with one number and a function `set(uint256)` that writes it.
    let code = bytes!(
        "6080604052348015600e575f80fd5b50600436106026575f3560e01c806360fe47b114602a575b5f80fd5b6040600480360381019060"
        "3c9190607d565b6042565b005b805f8190555050565b5f80fd5b5f819050919050565b605f81604f565b81146068575f80fd5b5056"
        "5b5f813590506077816058565b92915050565b5f60208284031215608f57608e604b565b5b5f609a84828501606b565b9150509291"
        "505056fea26469706673582212201712a1e6e9c5e2ba1f8f7403f5d6e00090c6fa2b70c632beea4be8009331bd2064736f6c634300"
        "08190033"
    );
    for fork in [Fork::Isthmus, Fork::Jovian, NEWEST] {
        let contract = Account { nonce: 1, code: code.clone(), ..Account::default() };
        let mut devnet = chain_with_fee(config(fork).with(SETTER, contract));
        let mut alice = devnet.user(0);
        for (number, gas) in [(1, 43_696), (0, 21_784)] {
            let input = [&bytes!("60fe47b1")[..], &U256::from(number).to_be_bytes::<32>()].concat();
            let block = devnet.l2_block(&[alice.call(SETTER, U256::ZERO, input.into())]);
            assert!(block.receipts[1].is_success());
            assert_eq!(gas_used(block), gas, "{fork:?}");
            assert_eq!(operators_gain(&devnet, alice.address()), fee(fork, gas));
        }
        comes_across(&mut devnet);
    }
}

/// A newcomer with ether for all fees of one transaction but the operator's, and with so much more: before Isthmus the
/// transaction is fine, from then on it leaves its block with deposits only, unless the rest is there too (T-OPFEE,
/// NotEnoughFundsInBatchMissingOpFee).
#[test]
fn transaction_that_lacks_the_operators_fee_leaves_deposits_only() {
    const CONSTANT: u64 = 0xffff;
    let cases = [
        (Fork::Holocene, 0, true),
        (Fork::Isthmus, 0, false),
        (Fork::Isthmus, CONSTANT - 1, false),
        (Fork::Isthmus, CONSTANT, true),
        (Fork::Jovian, 0, false),
        (Fork::Jovian, CONSTANT - 1, false),
        (Fork::Jovian, CONSTANT, true),
        (NEWEST, 0, false),
        (NEWEST, CONSTANT, true),
    ];
    for (fork, more, valid) in cases {
        let fee = ConfigUpdate::OperatorFee { scalar: 0, constant: CONSTANT };
        let genesis = Devnet::new(config(fork).initially(fee));
        let newcomer = genesis.user(RICH + 1);
        // What the chain is where bob sends the newcomer so much, and the newcomer's transaction then.
        let funded = |wei| {
            let mut devnet = genesis.clone();
            let transfer = devnet.user(1).transfer(newcomer.address(), wei);
            devnet.l1_block(|block| block);
            devnet.l2_block(&[transfer]);
            let mut next = devnet.clone();
            let base_fee = next.l2_block(&[]).header.base_fee_per_gas.unwrap();
            let mut transaction = newcomer.clone().prepare(Address::repeat_byte(0xb0), U256::ZERO, Bytes::new());
            (transaction.gas_limit, transaction.max_priority_fee_per_gas) = (21_000, 0);
            transaction.max_fee_per_gas = base_fee.into();
            (devnet, newcomer.encode(transaction))
        };
        let plenty = U256::from(10).pow(U256::from(18));
        let (mut rich, transaction) = funded(plenty);
        let left = balance(rich.l2_block(std::slice::from_ref(&transaction)), newcomer.address());
        let constant = if fork < Fork::Isthmus { 0 } else { CONSTANT };
        let others = plenty - left - U256::from(constant);

        let (mut devnet, same) = funded(others + U256::from(more));
        assert_eq!(same, transaction);
        let batches = [devnet.singular(1), devnet.draft(Origin::Next, std::slice::from_ref(&transaction))];
        let channel = Channel::of(batches);
        devnet.l2_block(if valid { std::slice::from_ref(&transaction) } else { &[] });
        devnet.l1_block(|block| block.channel(&channel));
        let run = Judge::of(&devnet).safe_head(2);
        assert_eq!(run.rejected, if valid { vec![] } else { vec![2] }, "{fork:?} {more}");
        assert_eq!(devnet.head().transactions.len(), if valid { 2 } else { 1 });
    }
}

/// In the first block of Isthmus there is no operator fee yet (T-OPFEE, IsthmusTransitionBlock).
#[test]
fn first_block_of_isthmus_pays_the_operator_nothing() {
    let mut devnet = chain_with_fee(config(Fork::Holocene).then(Fork::Isthmus, 14));
    let mut alice = devnet.user(0);
    let block = devnet.l2_block(&[nudge(&mut alice)]);
    assert_eq!(block.transactions.len(), 1 + 8 + 1);
    assert_eq!(operators_gain(&devnet, alice.address()), U256::ZERO);
    comes_across(&mut devnet);
}

/// Jovian multiplies what Isthmus divided: the same scalar takes much more, and the contract that users ask says so
/// (T-OPFEE-FIX).
#[test]
fn operator_fee_grows_when_jovian_begins() {
    let config = real(Fork::Holocene).then(Fork::Isthmus, 2).then(Fork::Jovian, 16);
    let mut devnet = Devnet::new(with_asker(config));
    let mut alice = devnet.user(0);
    devnet.l2_blocks(1);
    let fee = ConfigUpdate::OperatorFee { scalar: 345_000_000, constant: 1_230_000 };
    devnet.l1_block(|block| block.config_update(fee));
    devnet.catch_up();
    for (number, expected) in [(7, 8_475_000_u64), (9, 724_500_001_230_000)] {
        let expected = U256::from(expected);
        devnet.l2_block(&[nudge(&mut alice)]);
        assert_eq!((devnet.head().header.number, gas_used(devnet.head())), (number, 21_000));
        assert_eq!(operators_gain(&devnet, alice.address()), expected);
        if number == 7 {
            assert_eq!(devnet.l2_block(&[]).transactions.len(), 6, "Jovian begins");
        }
    }
    let mut isthmus = devnet.clone();
    isthmus.rewind(6);
    for (devnet, expected) in [(&mut devnet, 724_500_001_230_000_u64), (&mut isthmus, 8_475_000)] {
        let gas = [U256::from(21_000)];
        let question = ask_for(&mut devnet.user(0), GAS_PRICE_ORACLE, "getOperatorFee(uint256)", &gas);
        let answer = answers(devnet.l2_block(&[question]), 1)[0].clone().unwrap();
        assert_eq!(U256::from_be_slice(&answer), U256::from(expected));
        comes_across(devnet);
    }
}

/// Scalar and constant of the operator fee that a block tells L2's contract, if it tells it any.
fn told(block: &L2Block) -> Option<(u32, u64)> {
    // Type, source hash and the rest of the deposit's envelope stand before its input, which ends the transaction.
    let input = &block.transactions[0];
    let isthmus = keccak256("setL1BlockValuesIsthmus()");
    let at = input.windows(4).position(|bytes| *bytes == isthmus[..4])?;
    let fee = &input[at + 164..];
    Some((u32::from_be_bytes(fee[..4].try_into().unwrap()), u64::from_be_bytes(fee[4..].try_into().unwrap())))
}

/// An operator fee that is set before Isthmus is lost, even if the first block of Isthmus is the one that hears of it;
/// set again it counts (T-SYSCFG).
#[test]
fn operator_fee_set_before_isthmus_is_ignored_until_set_again() {
    let set = |scalar, constant| ConfigUpdate::OperatorFee { scalar, constant };
    // The L1 block that sets it belongs to the sixth block of L2: Isthmus begins six blocks later, or with it.
    for (begins, blocks) in [(24, 12), (12, 6)] {
        let mut devnet = Devnet::new(config(Fork::Holocene).then(Fork::Isthmus, begins));
        devnet.l1_block(|block| block.config_update(set(20_000, 500)));
        devnet.catch_up();
        let head = devnet.head().header.number;
        assert_eq!((head, told(devnet.head())), (6, None));
        devnet.l1_block(|block| block.batch(1..=6, Posting::default()));
        Judge::of(&devnet).safe_head(6);

        devnet.l2_blocks(blocks - 6);
        assert_eq!((told(devnet.head()), devnet.head().transactions.len()), (None, 9), "Isthmus begins");
        devnet.l2_blocks(1);
        assert_eq!(told(devnet.head()), Some((0, 0)));
        let head = devnet.head().header.number;
        devnet.l1_block(|block| block.batch(7..=head, Posting::default()));
        Judge::of(&devnet).safe_head(head);

        devnet.l1_block(|block| block.config_update(set(40_000, 1_000)));
        devnet.catch_up();
        assert_eq!(told(devnet.head()), Some((40_000, 1_000)));
        let last = devnet.head().header.number;
        devnet.l1_block(|block| block.batch(head + 1..=last, Posting::default()));
        Judge::of(&devnet).safe_head(last);
        Judge::agreed(&devnet, head).safe_head(last);
    }
}
