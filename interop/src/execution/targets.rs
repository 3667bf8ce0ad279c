//! What code and transactions may name: accounts, precompiles and inputs for them.

use super::world::users;
use crate::{Fork, op_geth, optimism, random::Random};
use alloy_primitives::{Address, Bytes, address, hex};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, fs, sync::Arc};

/// The file with the predeploys as Jovian leaves them, in op-node's module; their L1 block contract takes every fork's calls.
const PREDEPLOYS: &str = "op-core/nuts/state/jovian_state.json";

/// The contract that keeps the parent beacon block roots (EIP-4788), and the one that keeps block hashes (EIP-2935).
const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
const HISTORY: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");

const P256_VERIFY: u64 = 0x100;
const MODEXP: u64 = 5;

/// Files of inputs by the precompile that takes them. Those without one take anything.
const INPUTS: [(u64, &[&str]); 18] = [
    (1, &["ecRecover"]),
    (2, &[]),
    (3, &[]),
    (4, &[]),
    (MODEXP, &["modexp", "modexp_eip2565", "modexp_eip7883"]),
    (6, &["bn256Add"]),
    (7, &["bn256ScalarMul"]),
    (8, &["bn256Pairing"]),
    (9, &["blake2F", "fail-blake2f"]),
    (0x0a, &["pointEvaluation"]),
    (0x0b, &["blsG1Add", "fail-blsG1Add"]),
    (0x0c, &["blsG1Mul", "blsG1MultiExp", "fail-blsG1MultiExp"]),
    (0x0d, &["blsG2Add", "fail-blsG2Add"]),
    (0x0e, &["blsG2Mul", "blsG2MultiExp", "fail-blsG2MultiExp"]),
    (0x0f, &["blsPairing", "fail-blsPairing"]),
    (0x10, &["blsMapG1", "fail-blsMapG1"]),
    (0x11, &["blsMapG2", "fail-blsMapG2"]),
    (P256_VERIFY, &["p256Verify"]),
];

/// Precompiles whose input has a longest length, which forks change: bytes of one piece of input, and those lengths.
const LIMITS: [(u64, usize, &[usize]); 4] = [
    (8, 192, &[112_687, 81_984]),
    (0x0c, 160, &[513_760, 288_960]),
    (0x0e, 288, &[488_448, 278_784]),
    (0x0f, 384, &[235_008, 156_672]),
];

/// Files of the modules that chains are made with.
#[derive(Debug)]
pub struct Files {
    /// The predeploys' part of a genesis.
    pub(super) predeploys: BTreeMap<Address, Value>,
    /// Inputs by precompile.
    inputs: Vec<(u64, Vec<Vec<u8>>)>,
    /// Transactions of activation blocks by fork.
    pub(super) upgrades: BTreeMap<String, Vec<Bytes>>,
}

impl Files {
    /// Reads them, of modules that are fetched if they are not there.
    ///
    /// # Errors
    /// If there is no Go, or no network the first time.
    pub fn read() -> Result<Arc<Self>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Vector {
            input: String,
        }
        let predeploys = optimism()?.join(PREDEPLOYS);
        let predeploys = fs::read(&predeploys).with_context(|| predeploys.display().to_string())?;
        let folder = op_geth()?.join("core/vm/testdata/precompiles");
        let mut inputs = Vec::new();
        for (precompile, files) in INPUTS {
            let mut of_precompile = Vec::new();
            for file in files {
                let vectors: Vec<Vector> = serde_json::from_slice(&fs::read(folder.join(format!("{file}.json")))?)?;
                for vector in vectors {
                    of_precompile.push(hex::decode(&vector.input)?);
                }
            }
            // What takes long to compute and is long besides, others say as well.
            of_precompile.retain(|input| input.len() < 2000);
            inputs.push((precompile, of_precompile));
        }
        let upgrades = crate::streams::upgrades()?;
        Ok(Arc::new(Self { predeploys: serde_json::from_slice(&predeploys)?, inputs, upgrades }))
    }
}

/// Accounts and precompiles as one chain knows them.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    files: Arc<Files>,
    /// The newest fork that is active.
    pub(super) fork: Fork,
    /// The newest one that ever will be: what is created before it is called after it, too.
    last: Fork,
    /// Those with code, and those that may have some.
    pub(super) contracts: Vec<Address>,
}

impl Targets {
    pub(super) fn new(files: &Arc<Files>, fork: Fork, last: Fork, contracts: Vec<Address>) -> Self {
        Self { files: Arc::clone(files), fork, last, contracts }
    }

    /// Transactions of the fork's activation block.
    pub(super) fn upgrades(&self, fork: Fork) -> &[Bytes] {
        self.files.upgrades.get(fork.name()).map_or(&[], Vec::as_slice)
    }

    /// Some account of whatever kind.
    pub(super) fn any(&self, random: &mut Random) -> Address {
        match random.below(20) {
            0..9 if !self.contracts.is_empty() => {
                // The newest ones more often: what was just made is destroyed, called, made again.
                let (all, newest) = (self.contracts.len(), self.contracts.len().min(8));
                let place = if random.percent(50) { random.place(all) } else { all - 1 - random.place(newest) };
                self.contracts[place]
            }
            9..11 => random.pick(users()),
            11..14 => self.small(random),
            14..16 => self.predeploy(random),
            16 => random.pick(&[BEACON_ROOTS, HISTORY]),
            17 => Address::from(random.array::<20>()),
            _ => Address::with_last_byte(random.within(0xe0, 0xef) as u8),
        }
    }

    /// A precompile's address, active or not, or one beside.
    fn small(&self, random: &mut Random) -> Address {
        loop {
            let number = random.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 17, 18, 19, P256_VERIFY]);
            if is_comparable(self.last, number) {
                return precompile(number);
            }
        }
    }

    fn predeploy(&self, random: &mut Random) -> Address {
        let place = random.place(self.files.predeploys.len());
        self.files.predeploys.keys().nth(place).copied().unwrap_or_default()
    }

    /// A precompile, mostly an active one, input for it, good or spoilt, and gas.
    pub(super) fn precompile(&self, random: &mut Random) -> (Address, Vec<u8>, u64) {
        let active = precompiles(self.fork);
        let (number, vectors) = loop {
            let (number, vectors) = &self.files.inputs[random.place(self.files.inputs.len())];
            if is_comparable(self.last, *number) && (active.contains(&precompile(*number)) || random.percent(10)) {
                break (*number, vectors);
            }
        };
        let mut input = if vectors.is_empty() {
            let length = random.place(200);
            random.bytes(length)
        } else {
            random.pick(vectors)
        };
        match random.below(12) {
            0 => input.clear(),
            1 => input.truncate(input.len() / 2),
            2 => input.push(0),
            3 => input.extend([0; 64]),
            4 if !input.is_empty() => {
                let place = random.place(input.len());
                input[place] ^= 1 << random.below(8);
            }
            _ => {}
        }
        // Rounds of Blake2 are not bounded but by gas.
        if number == 9 && random.percent(50) {
            input.iter_mut().take(3).for_each(|byte| *byte = 0);
        }
        let gas = random.pick(&[500_000, 500_000, 500_000, 500_000, 100, 3_449, 3_450, 50_000]);
        (precompile(number), input, gas)
    }

    /// A precompile that has a longest input, and nothing but zeros, as many as some fork allows, or more.
    pub(super) fn limit(&self, random: &mut Random) -> (Address, Vec<u8>) {
        let (number, piece, lengths) = loop {
            let limit = random.pick(&LIMITS);
            // Karst's pairing is shorter than op-geth knows.
            let is_limited = if limit.0 == 8 { self.fork < Fork::Karst } else { self.fork >= Fork::Isthmus };
            if is_limited {
                break limit;
            }
        };
        let pieces = random.pick(lengths) / piece + random.place(2);
        (precompile(number), vec![0; pieces * piece])
    }
}

/// Precompiles that are active in a fork and can be compared.
pub fn precompiles(fork: Fork) -> Vec<Address> {
    let since = |number: u64| match number {
        0..=9 => Fork::Bedrock,
        0x0a => Fork::Ecotone,
        0x0b..=0x11 => Fork::Isthmus,
        _ => Fork::Fjord,
    };
    let numbers = INPUTS.iter().map(|(number, _)| *number);
    numbers.filter(|number| since(*number) <= fork && is_comparable(fork, *number)).map(precompile).collect()
}

/// Karst's price and rules of two precompiles are not op-geth's, which knows no Karst.
fn is_comparable(fork: Fork, number: u64) -> bool {
    fork < Fork::Karst || number != MODEXP && number != P256_VERIFY
}

fn precompile(number: u64) -> Address {
    Address::left_padding_from(&number.to_be_bytes())
}
