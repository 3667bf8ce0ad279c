//! A contract that asks others on a chain, so that what they answer stands in receipts.

use alloy_primitives::{Address, B256, Bytes, Log, U256, address, bytes, keccak256};
use kohala_devnet::chain::{Account, Config, L2Block, Signer};

const ASKER: Address = address!("0000000000000000000000000000000000000a5c");

/// Calls whom the first word names with what follows it and logs the answer, with 1 as topic if it was one; then the
/// same by delegation.
const CODE: Bytes = bytes!(
    "602036036020 5f 37 5f5f 60203603 5f5f 5f35 5a f1 3d5f5f3e 3d5f a1"
    "602036036020 5f 37 5f5f 60203603 5f 5f35 5a f4 3d5f5f3e 3d5f a1 00"
);

/// The chain has the contract.
pub(crate) fn with_asker(config: Config) -> Config {
    config.with(ASKER, Account { nonce: 1, code: CODE, ..Account::default() })
}

/// A transaction that asks.
pub(crate) fn ask(signer: &mut Signer, whom: Address, input: &[u8]) -> Bytes {
    let question = [whom.into_word().as_slice(), input].concat();
    let mut transaction = signer.prepare(ASKER, U256::ZERO, question.into());
    transaction.gas_limit = 2_000_000;
    signer.encode(transaction)
}

/// A transaction that asks a contract by the name of its function, which takes `words`.
pub(crate) fn ask_for(signer: &mut Signer, whom: Address, function: &str, words: &[U256]) -> Bytes {
    let words = words.iter().map(|word| word.to_be_bytes::<32>()).collect::<Vec<_>>().concat();
    ask(signer, whom, &[&keccak256(function)[..4], &words].concat())
}

/// The answers that transaction number `index` of a block got, by call and by delegation: `None` where there was none.
pub(crate) fn answers(block: &L2Block, index: usize) -> [Option<Bytes>; 2] {
    let logs = block.receipts[index].logs();
    let answer = |log: &Log| {
        let answered = log.topics()[0] == B256::with_last_byte(1);
        answered.then(|| log.data.data.clone())
    };
    assert!(logs.len() == 2 && logs.iter().all(|log| log.address == ASKER), "{logs:?}");
    [answer(&logs[0]), answer(&logs[1])]
}
