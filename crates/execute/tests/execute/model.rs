//! Contracts made, written to and destroyed at random, against a model of what accounts hold afterwards.

use crate::support::sandbox::{Sandbox, account, deposit, depositor, slot, to};
use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use kohala_execute::State;
use kohala_protocol::Fork;
use kohala_testdata::GenesisAccount;
use op_alloy_consensus::TxDeposit;
use std::collections::BTreeMap;

/// Input: salt, flag, init code. CREATE2; if the flag is set, calls what was made without input.
const MAKER: Address = address!("0000000000000000000000000000000000003a3e");
const MAKER_CODE: [u8; 32] = hex!("604036038060405f375f35905f5ff5602035601657005b5f5f5f5f5f855af100");
/// Input: slot, value. SSTORE; without input: PUSH0 SELFDESTRUCT.
const MADE_CODE: [u8; 14] = hex!("366006575fff5b6020355f355500");
/// Sets slot 1 to 9 and returns the code above.
const INIT_CODE: [u8; 27] = hex!("60096001556d366006575fff5b6020355f3555005f52600e6012f3");

const SALTS: u64 = 4;
const SLOTS: u64 = 4;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Make {
        salt: u64,
    },
    MakeAndDestroy {
        salt: u64,
    },
    Store {
        salt: u64,
        key: u64,
        value: u64,
    },
    Destroy {
        salt: u64,
    },
    /// Sends 1 wei without input: where there is code, that destroys.
    Fund {
        salt: u64,
    },
}

use Operation::{Destroy, Fund, Make, MakeAndDestroy, Store};

impl Operation {
    fn random(random: &mut impl FnMut(u64) -> u64) -> Self {
        let salt = random(SALTS);
        match random(9) {
            0 | 1 => Make { salt },
            2 => MakeAndDestroy { salt },
            3 => Destroy { salt },
            4 => Fund { salt },
            _ => Store { salt, key: random(SLOTS), value: random(3) },
        }
    }

    fn transaction(self) -> Bytes {
        let words = |words: [u64; 2]| words.map(|word| B256::from(U256::from(word))).concat();
        let (receiver, input) = match self {
            Make { salt } => (MAKER, [&words([salt, 0])[..], &INIT_CODE].concat()),
            MakeAndDestroy { salt } => (MAKER, [&words([salt, 1])[..], &INIT_CODE].concat()),
            Store { salt, key, value } => (made_at(salt), words([key, value])),
            Destroy { salt } | Fund { salt } => (made_at(salt), Vec::new()),
        };
        let wei = u128::from(matches!(self, Fund { .. }));
        deposit(TxDeposit { input: input.into(), mint: wei, value: U256::from(wei), ..to(receiver, 2_000_000) })
    }
}

fn made_at(salt: u64) -> Address {
    MAKER.create2(B256::from(U256::from(salt)), keccak256(INIT_CODE))
}

/// What there is after some operations.
#[derive(Default)]
struct Model {
    operations: u64,
    attempts: u64,
    /// Of contracts that there are, by salt.
    storages: BTreeMap<u64, BTreeMap<u64, u64>>,
    /// Where contracts are or may be made.
    balances: [u64; SALTS as usize],
    /// What those destroyed had: they leave it to address zero.
    left: u64,
}

impl Model {
    fn apply(&mut self, operation: Operation, cancun: bool) {
        self.operations += 1;
        match operation {
            Make { salt } => {
                self.attempts += 1;
                self.storages.entry(salt).or_insert_with(|| [(1, 9)].into());
            }
            MakeAndDestroy { salt } => {
                self.attempts += 1;
                if !self.storages.contains_key(&salt) {
                    self.leave(salt);
                }
            }
            Store { salt, key, value } => {
                if let Some(storage) = self.storages.get_mut(&salt) {
                    storage.insert(key, value);
                }
            }
            Destroy { salt } => self.destroy(salt, cancun),
            Fund { salt } => {
                self.balances[salt as usize] += 1;
                self.destroy(salt, cancun);
            }
        }
    }

    fn destroy(&mut self, salt: u64, cancun: bool) {
        if self.storages.contains_key(&salt) {
            self.leave(salt);
            // EIP-6780: what an earlier transaction made stays.
            if !cancun {
                self.storages.remove(&salt);
            }
        }
    }

    fn leave(&mut self, salt: u64) {
        self.left += std::mem::take(&mut self.balances[salt as usize]);
    }

    fn accounts(&self) -> Vec<GenesisAccount> {
        let with = |balance, account| GenesisAccount { balance: U256::from(balance), ..account };
        let made = (0..SALTS).zip(self.balances).map(|(salt, balance)| {
            let Some(storage) = self.storages.get(&salt) else {
                return with(balance, account(made_at(salt), &[], vec![]));
            };
            let slots = storage.iter().filter(|(_, value)| **value != 0).map(|(key, value)| slot(*key, *value));
            with(balance, account(made_at(salt), &MADE_CODE, slots.collect()))
        });
        let maker = GenesisAccount { nonce: 1 + self.attempts, ..account(MAKER, &MAKER_CODE, vec![]) };
        let zero = with(self.left, account(Address::ZERO, &[], vec![]));
        let all = made.chain([maker, zero, depositor(self.operations)]);
        all.filter(|account| account.nonce > 0 || !account.balance.is_zero()).collect()
    }
}

#[test]
fn accounts_hold_what_was_left_of_them() {
    let mut seed = B256::ZERO;
    let mut random = |below: u64| {
        seed = keccak256(seed);
        u64::from_be_bytes(*seed.last_chunk().unwrap()) % below
    };
    for round in 0..300 {
        let fork = [Fork::Canyon, Fork::Ecotone, Fork::Isthmus][round % 3];
        let mut model = Model::default();
        let mut sandbox = Sandbox::new(fork, model.accounts());
        for block in 0..6 {
            let operations: Vec<_> = (0..random(9)).map(|_| Operation::random(&mut random)).collect();
            operations.iter().for_each(|operation| model.apply(*operation, fork >= Fork::Ecotone));
            let made = sandbox.block(operations.iter().map(|operation| operation.transaction()).collect());
            let expected = sandbox.root(&model.accounts());
            assert_eq!(made.header.state_root, expected, "{round} {block} {fork:?} {operations:?}");
            // The same whether the tries stay open or are opened anew.
            if random(2) == 0 {
                sandbox.state = State::at(sandbox.config.clone(), sandbox.state.head().clone());
            }
        }
    }
}
