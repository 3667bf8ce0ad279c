//! Transactions of users by chance, and such as no block can hold.

use super::{
    Account, code,
    targets::Targets,
    transaction::{self, Deposit, Transaction, authorization},
    world::{CHAIN_ID, users},
};
use crate::{Fork, random::Random};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::SignedAuthorization,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex};

/// Contracts that hand on what they are called with: as a call, and as their own code.
const FORWARDERS: [Address; 2] = [Address::repeat_byte(0xc1), Address::repeat_byte(0xc2)];

/// Calls that predeploys know: the message passer's, vaults', fee oracle's, L1 block's.
const PREDEPLOY_CALLS: [(Address, [u8; 4]); 7] = [
    (address!("4200000000000000000000000000000000000016"), hex!("c2b3e5ac")),
    (address!("4200000000000000000000000000000000000016"), hex!("44df8e70")),
    (address!("4200000000000000000000000000000000000019"), hex!("3ccfd60b")),
    (address!("4200000000000000000000000000000000000011"), hex!("d0e12f90")),
    (address!("420000000000000000000000000000000000000f"), hex!("49948e0e")),
    (address!("4200000000000000000000000000000000000015"), hex!("8381f58a")),
    (address!("4200000000000000000000000000000000000006"), hex!("d0e30db0")),
];

/// Highest gas limit of a transaction in Osaka.
const OSAKA_GAS: u64 = 1 << 24;

/// Why a transaction or the attributes with it can't be a block's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NonceTooHigh,
    NonceTooLow,
    FeeBelowBase,
    TipAboveFee,
    GasBelowIntrinsic,
    GasBelowFloor,
    OtherChain,
    GasAboveBlock,
    DepositAboveBlock,
    HighS,
    Blob,
    UnknownType,
    Truncated,
    Balance,
    SystemDeposit,
    EarlySetCode,
    NoAuthorization,
    LongInitCode,
    GasAboveCap,
    GasLimit,
    Parameters,
}

impl Fault {
    /// All of them, with the forks that they are wrong in: the first and the last.
    const ALL: [(Self, Fork, Fork); 21] = {
        use Fork::{Bedrock, Canyon, Holocene, Isthmus, Karst, Regolith};
        [
            (Self::NonceTooHigh, Bedrock, Karst),
            (Self::NonceTooLow, Bedrock, Karst),
            (Self::FeeBelowBase, Bedrock, Karst),
            (Self::TipAboveFee, Bedrock, Karst),
            (Self::GasBelowIntrinsic, Bedrock, Karst),
            (Self::GasBelowFloor, Isthmus, Karst),
            (Self::OtherChain, Bedrock, Karst),
            (Self::GasAboveBlock, Bedrock, Karst),
            (Self::DepositAboveBlock, Bedrock, Karst),
            (Self::HighS, Bedrock, Karst),
            (Self::Blob, Bedrock, Karst),
            (Self::UnknownType, Bedrock, Karst),
            (Self::Truncated, Bedrock, Karst),
            (Self::Balance, Bedrock, Karst),
            (Self::SystemDeposit, Regolith, Karst),
            (Self::EarlySetCode, Bedrock, Holocene),
            (Self::NoAuthorization, Isthmus, Karst),
            (Self::LongInitCode, Canyon, Karst),
            (Self::GasAboveCap, Karst, Karst),
            (Self::GasLimit, Bedrock, Karst),
            (Self::Parameters, Holocene, Karst),
        ]
    };

    pub(super) fn random(random: &mut Random, fork: Fork) -> Self {
        // A balance is tried again, and then it gets interesting.
        if random.percent(15) {
            return Self::Balance;
        }
        // What not every fork knows is met as often as the rest.
        let newest = random.percent(40) && fork > Fork::Bedrock;
        let is_meant =
            |first, last| (first..=last).contains(&fork) && !(newest && first == Fork::Bedrock && last == Fork::Karst);
        let meant = Self::ALL.iter().filter(|(_, first, last)| is_meant(*first, *last));
        let all: Vec<Self> = meant.map(|(fault, ..)| *fault).collect();
        random.pick(&all)
    }

    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Names of what can be wrong with a block, as drafts note it.
pub fn faults() -> Vec<String> {
    Fault::ALL.iter().map(|(fault, ..)| fault.name()).collect()
}

/// Those who sign, while a block is drafted.
pub(super) struct Users<'a> {
    pub(super) random: &'a mut Random,
    pub(super) targets: &'a Targets,
    pub(super) accounts: &'a mut [Account],
    /// Gas that is left of the block's.
    pub(super) left: u64,
    /// What the base fee is about to be, or less.
    pub(super) fees: u64,
}

impl Users<'_> {
    /// A transaction that a block can hold, as far as one can tell; or none if there is not enough gas left.
    pub(super) fn transaction(&mut self) -> Option<Transaction> {
        let user = self.random.within(1, users().len() as u64 - 1) as usize;
        let mut transaction = self.unpriced(user);
        let spare = self.spare();
        transaction.gas = transaction.gas.max(transaction.least_gas(self.targets.fork) + spare);
        if self.targets.fork >= Fork::Karst {
            transaction.gas = transaction.gas.min(OSAKA_GAS);
        }
        if transaction.gas > self.left {
            return None;
        }
        self.left -= transaction.gas;
        self.accounts[user].nonce += 1;
        for authorization in &transaction.authorizations {
            let authority = authorization.recover_authority().ok().and_then(transaction::user);
            let Some(account) = authority.map(|authority| &mut self.accounts[authority]) else { continue };
            let is_of_chain = authorization.chain_id.is_zero() || authorization.chain_id == U256::from(CHAIN_ID);
            account.nonce += u64::from(is_of_chain && authorization.nonce == account.nonce);
        }
        Some(transaction)
    }

    fn spare(&mut self) -> u64 {
        self.random.pick(&[0, 1, 1000, 30_000, 200_000, 200_000, 1_000_000, 1_000_000, 2_000_000])
    }

    /// All but what it may cost.
    fn unpriced(&mut self, user: usize) -> Transaction {
        let mut transaction = self.plain(user);
        let value = self.random.pick(&[0, 0, 0, 1, 1_000_000_000]);
        transaction.value = U256::from(value);
        if self.random.percent(20) {
            transaction.access_list = self.access_list();
        }
        let targets = self.targets;
        match self.random.below(100) {
            0..15 => transaction.to = TxKind::Call(targets.any(self.random)),
            15..50 => {
                transaction.to = TxKind::Call(targets.any(self.random));
                transaction.input = self.words();
            }
            50..56 => {
                transaction.to = TxKind::Call(self.random.pick(&FORWARDERS));
                transaction.input = self.words();
            }
            56..63 => {
                let (to, selector) = self.random.pick(&PREDEPLOY_CALLS);
                transaction.to = TxKind::Call(to);
                transaction.input = self.withdrawal(selector);
            }
            63..75 => {
                let (to, input, gas) = targets.precompile(self.random);
                transaction.to = TxKind::Call(to);
                transaction.input = input.into();
                transaction.gas = transaction.least_gas(targets.fork) + gas;
            }
            75..76 => {
                let (to, input) = targets.limit(self.random);
                transaction.to = TxKind::Call(to);
                transaction.input = input.into();
                transaction.gas = 28_000_000;
            }
            76..80 => {
                let length = self.random.pick(&[300, 3000, 20_000]);
                let period = length / self.random.pick(&[1, 10, 100]);
                let noise = self.random.bytes(period);
                transaction.to = TxKind::Call(targets.any(self.random));
                transaction.input = noise.iter().copied().cycle().take(length).collect::<Vec<_>>().into();
            }
            80..90 if targets.fork >= Fork::Isthmus => {
                transaction.to = TxKind::Call(self.random.pick(users()));
                transaction.input = self.words();
                transaction.kind = 4;
                transaction.chain_id = Some(CHAIN_ID);
                transaction.authorizations = self.authorizations(user);
            }
            _ => transaction.input = code::creation(self.random, targets, 2).into(),
        }
        if transaction.kind == 0 {
            transaction.access_list = AccessList::default();
        }
        transaction
    }

    /// Priced and numbered, and nothing else yet.
    fn plain(&mut self, user: usize) -> Transaction {
        let kind = self.random.pick(&[0, 1, 2, 2, 2]);
        let tip = self.random.pick(&[0, 1, 1_000_000]);
        let mut transaction = Transaction { user, kind, nonce: self.accounts[user].nonce, ..Transaction::default() };
        transaction.fee = 40 * u128::from(self.fees) + 2_000_000;
        transaction.tip = tip;
        if kind == 0 && self.random.percent(40) {
            transaction.chain_id = None;
        }
        transaction
    }

    /// Calldata of whole words and a few bytes.
    fn words(&mut self) -> Bytes {
        let words = self.random.below(4);
        let mut input = Vec::new();
        for _ in 0..words {
            let word = match self.random.below(3) {
                0 => U256::from(self.random.below(10)),
                1 => U256::from_be_bytes(self.random.array::<32>()),
                _ => self.targets.any(self.random).into_word().into(),
            };
            input.extend(word.to_be_bytes::<32>());
        }
        let more = self.random.pick(&[0, 0, 1, 4]);
        input.extend(self.random.bytes(more));
        input.into()
    }

    /// A call that the message passer takes for a withdrawal, and others for no more than their selector.
    fn withdrawal(&mut self, selector: [u8; 4]) -> Bytes {
        let target = self.targets.any(self.random).into_word();
        let gas = B256::from(U256::from(self.random.below(1 << 20)));
        let data = self.random.array::<32>().into();
        let words = [target, gas, B256::with_last_byte(0x60), B256::with_last_byte(0x20), data];
        [&selector[..], &words.concat()].concat().into()
    }

    fn access_list(&mut self) -> AccessList {
        let items = self.random.below(4);
        let item = |users: &mut Self| AccessListItem {
            address: users.targets.any(users.random),
            storage_keys: (0..users.random.below(4))
                .map(|_| B256::with_last_byte(users.random.below(9) as u8))
                .collect(),
        };
        AccessList((0..items).map(|_| item(self)).collect())
    }

    /// Delegations, some of which count for nothing.
    fn authorizations(&mut self, sender: usize) -> Vec<SignedAuthorization> {
        let mut nonces: Vec<u64> = self.accounts.iter().map(|account| account.nonce).collect();
        nonces[sender] += 1;
        let mut authorizations = Vec::new();
        for _ in 0..self.random.within(1, 3) {
            let user = self.random.within(1, users().len() as u64 - 1) as usize;
            let chain_id = self.random.pick(&[0, CHAIN_ID, CHAIN_ID, CHAIN_ID, 1]);
            let to = match self.random.below(8) {
                0 => Address::ZERO,
                1 => users()[user],
                2 => self.random.pick(users()),
                _ => self.targets.any(self.random),
            };
            let off = self.random.pick(&[0, 0, 0, 0, 1]);
            let mut signed = authorization(user, chain_id, to, nonces[user] + off);
            if chain_id != 1 && off == 0 {
                nonces[user] += 1;
            }
            if self.random.percent(8) {
                let (authorization, noise) = (signed.inner().clone(), U256::from_be_bytes(self.random.array::<32>()));
                signed =
                    SignedAuthorization::new_unchecked(authorization, 2 * self.random.below(2) as u8, noise, noise);
                // Nobody has signed this, or somebody whom nobody knows.
                nonces[user] = self.accounts[user].nonce + u64::from(user == sender);
            }
            authorizations.push(signed);
        }
        authorizations
    }

    /// A transaction that no block can hold; and before it is signed where it is a matter of its sender's balance.
    pub(super) fn spoilt(&mut self, fault: Fault) -> (Bytes, Option<Transaction>) {
        let fork = self.targets.fork;
        let user = if fault == Fault::Balance { 0 } else { self.random.within(1, 11) as usize };
        let mut transaction = self.plain(user);
        transaction.to = TxKind::Call(self.targets.any(self.random));
        transaction.input = self.words();
        transaction.gas = transaction.least_gas(fork) + 1000;
        transaction.gas = transaction.gas.min(self.left);
        match fault {
            Fault::NonceTooHigh => transaction.nonce += 1,
            Fault::NonceTooLow if transaction.nonce > 0 => transaction.nonce -= 1,
            Fault::NonceTooLow => transaction.nonce = u64::MAX,
            Fault::FeeBelowBase => (transaction.fee, transaction.tip) = (0, 0),
            Fault::TipAboveFee => {
                transaction.kind = 2;
                transaction.chain_id = Some(CHAIN_ID);
                transaction.tip = transaction.fee + 1;
            }
            Fault::GasBelowIntrinsic => transaction.gas = transaction.intrinsic_gas(fork) - 1,
            Fault::GasBelowFloor => {
                transaction.input = vec![1; 3000].into();
                transaction.gas = transaction.floor_gas() - 1;
            }
            Fault::OtherChain => transaction.chain_id = Some(CHAIN_ID + 1),
            Fault::GasAboveBlock => transaction.gas = self.left + self.random.pick(&[1, 1 << 40]),
            Fault::DepositAboveBlock | Fault::SystemDeposit => {
                let is_system = fault == Fault::SystemDeposit;
                let gas = if is_system { 21_000.min(self.left) } else { self.left + self.random.pick(&[1, 1 << 40]) };
                let from = users()[user];
                let deposit = Deposit { from, to: transaction.to, gas, is_system, ..Deposit::default() };
                return (deposit.encode(), None);
            }
            Fault::HighS => transaction.high_s = true,
            Fault::Blob => transaction.kind = 3,
            Fault::UnknownType => return (self.unknown(&transaction), None),
            Fault::Truncated => {
                let encoded = transaction.encode();
                return (encoded.slice(..self.random.place(encoded.len())), None);
            }
            Fault::Balance => transaction.value = self.accounts[user].balance,
            Fault::EarlySetCode => {
                transaction.kind = 4;
                transaction.authorizations = self.authorizations(user);
                transaction.gas = 200_000.min(self.left);
            }
            Fault::NoAuthorization => transaction.kind = 4,
            Fault::LongInitCode => {
                transaction.to = TxKind::Create;
                transaction.input = vec![0; 49_153].into();
                transaction.gas = (transaction.least_gas(fork) + 1000).min(self.left);
            }
            Fault::GasAboveCap => transaction.gas = OSAKA_GAS + 1,
            Fault::GasLimit | Fault::Parameters => {}
        }
        if [3, 4].contains(&transaction.kind) {
            transaction.chain_id = Some(CHAIN_ID);
        }
        let unsigned = (fault == Fault::Balance).then(|| transaction.clone());
        (transaction.encode(), unsigned)
    }

    /// Bytes of a type that there is not.
    fn unknown(&mut self, transaction: &Transaction) -> Bytes {
        let mut encoded = transaction.encode().to_vec();
        let kind = self.random.pick(&[0, 5, 0x7d, 0x7f, 0x80, 0xbf]);
        if encoded[0] < 0x80 {
            encoded[0] = kind;
        } else {
            encoded.insert(0, kind);
        }
        encoded.into()
    }
}
