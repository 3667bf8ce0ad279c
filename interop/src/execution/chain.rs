//! A chain as it grows: what the next block is to be built of.

use super::{
    Attributes, Built, Case, Draft, OpGeth, code,
    targets::{Files, Targets},
    transaction::{self, Deposit, Transaction},
    users::{Fault, Users},
    world::{BLOCK_TIME, World, forks, users},
};
use crate::{Fork, random::Random};
use alloy_consensus::Header;
use alloy_primitives::{Address, B64, B256, Bytes, TxKind, U64, U256, address};
use alloy_rlp::Decodable;
use anyhow::{Context, Result};
use std::{str::FromStr, sync::Arc};

const FEE_RECIPIENT: Address = address!("4200000000000000000000000000000000000011");
const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
const DEPOSITOR: Address = address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");

/// Contracts that are remembered, so that the newest are met often.
const MOST_CONTRACTS: usize = 60;

/// Blocks of a chain that is long enough to have hashes which BLOCKHASH doesn't know any more.
const LONG: usize = 270;

/// A chain and the chance that makes it.
#[derive(Clone, Debug)]
pub struct Chain {
    /// All that was drafted so far.
    pub case: Case,
    random: Random,
    world: World,
    targets: Targets,
    /// Blocks that it will have, at least nearly.
    length: usize,
    head: Header,
    scalars: Scalars,
    base_fee_params: B64,
    min_base_fee: u64,
    retry: Option<Retry>,
    /// A block whose data is too much for it, and how much it is.
    heavy: Option<(Draft, u64)>,
}

/// What a batcher's configuration says of fees.
#[derive(Clone, Copy, Debug)]
struct Scalars {
    base_fee: u32,
    blob_base_fee: u32,
    operator: u32,
    operator_constant: u64,
    footprint: u16,
}

/// A block that was refused for want of a sum, to be tried again.
#[derive(Clone, Debug)]
struct Retry {
    draft: Draft,
    place: usize,
    transaction: Transaction,
    tries: u32,
}

impl Chain {
    /// The chain of this fork, seed and number: always the same on the same op-geth. A third of all passes on to later
    /// forks.
    pub fn random(files: &Arc<Files>, fork: Fork, seed: u64, number: u64) -> Self {
        let place = forks().take_while(|older| *older < fork).count() as u64;
        let mut random = Random::new(seed ^ place << 56, number);
        let stages = if number % 3 == 1 { random.within(1, 3) as usize } else { 0 };
        let (world, targets) = World::random(&mut random, files, fork, stages);
        let case = Case {
            name: format!("{}, seed {seed}, number {number}", fork.name()),
            rollup: world.rollup(),
            genesis: world.genesis(),
            blocks: Vec::new(),
        };
        let mut chain = Self {
            case,
            world,
            targets,
            length: if number % 12 == 11 { LONG } else { random.within(20, 60) as usize },
            head: Header::default(),
            scalars: Scalars { base_fee: 0, blob_base_fee: 0, operator: 0, operator_constant: 0, footprint: 0 },
            base_fee_params: B64::ZERO,
            min_base_fee: 0,
            retry: None,
            heavy: None,
            random,
        };
        chain.reconfigure();
        chain
    }

    /// True if it is as long as it should be.
    pub fn is_long_enough(&self) -> bool {
        self.case.blocks.len() >= self.length
    }

    /// The newest fork at the head.
    pub fn fork(&self) -> Fork {
        self.world.fork(self.head.timestamp)
    }

    /// Takes over what became of genesis, or of the last draft.
    ///
    /// # Errors
    /// If the header is none.
    pub fn grow(&mut self, built: &Built) -> Result<()> {
        if built.refused.is_empty() {
            self.head = Header::decode(&mut built.header.as_ref())?;
            self.retry = None;
            self.targets.contracts.extend(built.coverage.created.iter().flatten());
            let surplus = self.targets.contracts.len().saturating_sub(MOST_CONTRACTS);
            self.targets.contracts.drain(16..16 + surplus);
            return Ok(());
        }
        if let (Some(footprint), Some(draft)) = (footprint(&built.refused), self.case.blocks.last()) {
            self.heavy = draft.note.is_empty().then(|| (draft.clone(), footprint));
        }
        // What the sum is lacks only the cost on L1, which depends on bytes: the next try knows it.
        if let Some(retry) = &mut self.retry {
            let lacking = lacking(&built.refused).filter(|_| retry.tries < 4);
            match lacking.and_then(|lacking| retry.transaction.value.checked_sub(lacking)) {
                Some(value) => retry.transaction.value = value,
                None => self.retry = None,
            }
        }
        Ok(())
    }

    /// What the next block is to be built of.
    ///
    /// # Errors
    /// If op-geth says nothing of the users' accounts.
    pub fn draft(&mut self, op_geth: &mut OpGeth) -> Result<&Draft> {
        let draft = if let Some(retry) = self.retry.take() {
            self.again(retry)
        } else if let Some((draft, footprint)) = self.heavy.take() {
            self.fitting(draft, footprint)
        } else {
            self.next(op_geth)?
        };
        self.case.blocks.push(draft);
        self.case.blocks.last().context("it was just pushed")
    }

    /// The block once more, with the sum that a sender has; now and then with one wei less than it takes.
    fn again(&mut self, mut retry: Retry) -> Draft {
        let mut transaction = retry.transaction.clone();
        let is_short = retry.tries > 0 && self.random.percent(40);
        if is_short {
            transaction.value += U256::from(1);
        }
        retry.draft.note = if is_short { "one wei short" } else { "to the last wei" }.into();
        retry.draft.attributes.transactions[retry.place] = transaction.encode();
        retry.tries += 1;
        let draft = retry.draft.clone();
        self.retry = Some(retry);
        draft
    }

    /// The block once more, with a limit that its data just fits, or just does not.
    fn fitting(&mut self, mut draft: Draft, footprint: u64) -> Draft {
        let is_short = self.random.percent(40);
        draft.note = if is_short { "one byte's gas short" } else { "to the last byte's gas" }.into();
        draft.attributes.gas_limit = U64::from(footprint - u64::from(is_short));
        draft
    }

    fn next(&mut self, op_geth: &mut OpGeth) -> Result<Draft> {
        let time = self.head.timestamp + BLOCK_TIME;
        let fork = self.world.fork(time);
        self.targets.fork = fork;
        if self.random.percent(15) {
            self.reconfigure();
        }
        let activations: Vec<Fork> = self.world.activations(time).collect();
        let may_have_users = !activations.iter().any(|fork| [Fork::Jovian, Fork::Karst].contains(fork));
        let fault = (may_have_users && self.random.percent(14)).then(|| Fault::random(&mut self.random, fork));
        let mut gas_limit = self.gas_limit(!activations.is_empty());
        let mut transactions = vec![self.l1_info(time)];
        let mut accounts = op_geth.accounts(users())?;
        let info_gas = if fork >= Fork::Regolith { 1_000_000 } else { 0 };
        let mut left = gas_limit.saturating_sub(info_gas);
        for _ in 0..self.random.pick(&[0, 0, 1, 2, 4]) {
            let deposit = self.deposit(left, accounts[0].balance);
            if let Some(user) = transaction::user(deposit.from) {
                accounts[user].nonce += 1;
            }
            left -= deposit.gas;
            transactions.push(deposit.encode());
        }
        for fork in &activations {
            transactions.extend(self.targets.upgrades(*fork).iter().cloned());
        }
        let mut note = String::new();
        if may_have_users {
            let fees = self.head.base_fee_per_gas.unwrap_or_default().max(self.min_base_fee);
            let mut users =
                Users { random: &mut self.random, targets: &self.targets, accounts: &mut accounts, left, fees };
            let most = users.random.pick(&[0, 4, 8, 12]);
            for _ in 0..users.random.below(most + 1) {
                transactions.extend(users.transaction().map(|transaction| transaction.encode()));
            }
            if let Some(fault) = fault {
                note = fault.name();
                let place = transactions.len();
                let (encoded, transaction) = users.spoilt(fault);
                transactions.push(encoded);
                if let Some(transaction) = transaction {
                    let draft = Draft { note: String::new(), attributes: self.attributes(time, gas_limit, Vec::new()) };
                    self.retry = Some(Retry { draft, place, transaction, tries: 0 });
                }
            }
        }
        if fault == Some(Fault::GasLimit) {
            gas_limit = 1 << 63;
        }
        let mut attributes = self.attributes(time, gas_limit, transactions);
        if fault == Some(Fault::Parameters) {
            attributes.eip1559_params = Some(B64::from([0, 0, 0, 0, 0, 0, 0, 2]));
        }
        if let Some(retry) = &mut self.retry {
            retry.draft.attributes = attributes.clone();
        }
        Ok(Draft { note, attributes })
    }

    fn attributes(&mut self, time: u64, gas_limit: u64, transactions: Vec<Bytes>) -> Attributes {
        let fork = self.world.fork(time);
        Attributes {
            timestamp: U64::from(time),
            prev_randao: B256::from(self.random.array::<32>()),
            suggested_fee_recipient: FEE_RECIPIENT,
            withdrawals: (fork >= Fork::Canyon).then_some([]),
            parent_beacon_block_root: (fork >= Fork::Ecotone).then(|| B256::from(self.random.array::<32>())),
            transactions,
            no_tx_pool: true,
            gas_limit: U64::from(gas_limit),
            eip1559_params: (fork >= Fork::Holocene).then_some(self.base_fee_params),
            min_base_fee: (fork >= Fork::Jovian).then_some(self.min_base_fee),
        }
    }

    fn gas_limit(&mut self, is_activation: bool) -> u64 {
        if is_activation {
            return 300_000_000;
        }
        match self.random.below(20) {
            0 => 1_100_000,
            1 => 5_000_000,
            2 => self.random.within(2_000_000, 200_000_000),
            3 => i64::MAX as u64,
            _ => self.head.gas_limit.clamp(30_000_000, 60_000_000),
        }
    }

    /// Chooses anew what the system config says.
    fn reconfigure(&mut self) {
        let random = &mut self.random;
        self.scalars = Scalars {
            base_fee: random.pick(&[0, 1, 1368, 7_600_000, u32::MAX]),
            blob_base_fee: random.pick(&[0, 1, 810_949, u32::MAX]),
            operator: random.pick(&[0, 0, 1, 1_000_000, u32::MAX]),
            operator_constant: random.pick(&[0, 0, 1, 1 << 40, u64::MAX]),
            footprint: random.pick(&[0, 1, 400, 400, 20_000, u16::MAX]),
        };
        let params = |denominator: u32, elasticity: u32| {
            let (denominator, elasticity) = (denominator.to_be_bytes(), elasticity.to_be_bytes());
            B64::from_slice(&[denominator, elasticity].concat())
        };
        self.base_fee_params =
            random.pick(&[B64::ZERO, params(250, 6), params(8, 2), params(1, 1), params(u32::MAX, 10)]);
        self.min_base_fee = random.pick(&[0, 0, 1, 1_000_000, 1_000_000_000]);
    }

    /// The first transaction of every block. The activation block of a fork still has the form of the one before.
    fn l1_info(&mut self, time: u64) -> Bytes {
        let fork = self.world.fork(time - BLOCK_TIME);
        let is_old = self.world.fork(time) < Fork::Regolith;
        let random = &mut self.random;
        let number = self.head.number / 6;
        let (time, sequence) = (time - random.below(12), random.below(6));
        let base_fee: u64 = random.pick(&[0, 1, 7, 1_000_000_000, 1_000_000_000_000]);
        let blob_base_fee = random.pick(&[0, 1, 1, 1_000_000, 1 << 40]);
        let (hash, batcher) = (B256::from(random.array::<32>()), B256::left_padding_from(&[7; 20]));
        let word = |number: u64| B256::from(U256::from(number));
        let scalars = self.scalars;
        let mut input = Vec::new();
        if fork < Fork::Ecotone {
            input.extend([0x01, 0x5d, 0x8e, 0xb9]);
            let scalar = word(u64::from(scalars.base_fee) % 10_000_000);
            let overhead = word(u64::from(scalars.blob_base_fee) % 5_000);
            for word in [word(number), word(time), word(base_fee), hash, word(sequence), batcher, overhead, scalar] {
                input.extend(word);
            }
        } else {
            input.extend::<[u8; 4]>(match fork {
                fork if fork < Fork::Isthmus => [0x44, 0x0a, 0x5e, 0x20],
                Fork::Isthmus => [0x09, 0x89, 0x99, 0xbe],
                _ => [0x3d, 0xb6, 0xbe, 0x2b],
            });
            input.extend(scalars.base_fee.to_be_bytes());
            input.extend(scalars.blob_base_fee.to_be_bytes());
            [sequence, time, number].iter().for_each(|field| input.extend(field.to_be_bytes()));
            [word(base_fee), word(blob_base_fee), hash, batcher].iter().for_each(|word| input.extend(word));
            if fork >= Fork::Isthmus {
                input.extend(scalars.operator.to_be_bytes());
                input.extend(scalars.operator_constant.to_be_bytes());
            }
            if fork >= Fork::Jovian {
                input.extend(scalars.footprint.to_be_bytes());
            }
        }
        let deposit = Deposit {
            source: B256::from(self.random.array::<32>()),
            from: DEPOSITOR,
            to: TxKind::Call(L1_BLOCK),
            gas: if is_old { 150_000_000 } else { 1_000_000 },
            is_system: is_old,
            input: input.into(),
            ..Deposit::default()
        };
        deposit.encode()
    }

    /// A deposit of a user or a contract of L1, or one that a contract here seems to make.
    fn deposit(&mut self, left: u64, poor: U256) -> Deposit {
        let (random, targets) = (&mut self.random, &self.targets);
        let source = B256::from(random.array::<32>());
        if poor < U256::from(1_000_000) {
            // Who has given all but the last wei is to do so again.
            let to = TxKind::Call(users()[0]);
            let mint = 1_000_000_000_000_000_000_000_000;
            let gas = 21_000.min(left);
            return Deposit {
                source,
                from: FEE_RECIPIENT,
                to,
                mint,
                value: U256::from(mint),
                gas,
                ..Deposit::default()
            };
        }
        let from = if random.percent(50) { random.pick(users()) } else { targets.any(random) };
        let mint = random.pick(&[0, 0, 1, 1_000_000_000_000_000_000, u128::MAX]);
        let value = random.pick(&[0, 0, 1, mint, 1 << 100]);
        let gas = random.pick(&[0, 20_999, 21_000, 100_000, 1_000_000, 1_000_000, 3_000_000]).min(left);
        let (to, input) = if random.percent(25) {
            (TxKind::Create, code::creation(random, targets, 2))
        } else if random.percent(4) {
            // One byte more, and op-geth has it fail by EIP-3860, which the specification exempts deposits from.
            (TxKind::Create, vec![0; 49_152])
        } else {
            let length = random.place(80);
            (TxKind::Call(targets.any(random)), random.bytes(length))
        };
        Deposit { source, from, to, mint, value: U256::from(value), gas, is_system: false, input: input.into() }
    }
}

/// The footprint of a block that is refused for it.
fn footprint(reason: &str) -> Option<u64> {
    after(reason, "footprint").filter(|_| reason.contains("exceeds block gas limit"))
}

/// How much more a sender would have to have.
fn lacking(reason: &str) -> Option<U256> {
    let (have, want): (U256, U256) = (after(reason, "have")?, after(reason, "want")?);
    reason.contains("insufficient funds for gas").then(|| want.saturating_sub(have))
}

/// The number behind a word.
fn after<T: FromStr>(reason: &str, word: &str) -> Option<T> {
    reason.split_whitespace().skip_while(|other| *other != word).nth(1)?.parse().ok()
}
