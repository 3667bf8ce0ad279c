//! A state without its memory: what a witness holds beside the memory's root (V20).

use alloy_primitives::{B256, keccak256};

/// Bytes of a witness.
pub const WITNESS_BYTES: usize = 362;

/// A state's short form: memory's root, and all else as it is. Its hash is the state's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness(pub [u8; WITNESS_BYTES]);

impl Witness {
    /// The state's hash: keccak256, but for the first byte, which says how the program fares: 0 and 1 exited with that code,
    /// 2 exited with another, 3 not exited.
    pub fn state_hash(&self) -> B256 {
        let mut hash = keccak256(self.0);
        hash[0] = match (self.0[EXIT_CODE + 1], self.0[EXIT_CODE]) {
            (1, code) => code.min(2),
            _ => 3,
        };
        hash
    }
}

/// Where in a witness the exit code stands, with the exited flag behind it.
const EXIT_CODE: usize = 32 + 32 + 8 + 8;

/// Registers and all else that a step may change, but for memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// The key of the preimage that is read.
    pub preimage_key: B256,
    /// Where the next read of it begins, counted from its length's eight bytes in front.
    pub preimage_offset: u64,
    /// The address of the next instruction.
    pub pc: u64,
    /// The program's exit code, 0 before it has exited.
    pub exit_code: u8,
    /// True if the program has exited: no step changes anything any more.
    pub exited: bool,
    /// Steps that were done.
    pub step: u64,
    /// Where memory begins that the next `mmap` without an address gives.
    pub heap: u64,
    /// `x0` to `x31`, and the load reservation.
    pub registers: Registers,
}

/// The registers, and the address that is reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    /// `x0` to `x31`, then one that takes what is written to `x0`; as many as the index's mask allows, which saves a check.
    values: [u64; 64],
    /// The address that the last load-reserved read from, 0 if there is none. Its width is not remembered, and no store
    /// but a store-conditional clears it.
    pub reservation: u64,
}

impl Registers {
    /// These values of `x0` to `x31`, which asterisc doesn't demand to be 0 in `x0`.
    pub fn new(values: [u64; 32], reservation: u64) -> Self {
        let mut all = [0; 64];
        all[..32].copy_from_slice(&values);
        Self { values: all, reservation }
    }

    /// `x0` to `x31`.
    pub fn values(&self) -> [u64; 32] {
        std::array::from_fn(|index| self.values[index])
    }

    #[inline(always)]
    pub(super) const fn read(&self, index: u8) -> u64 {
        self.values[(index & 63) as usize]
    }

    #[inline(always)]
    pub(super) const fn write(&mut self, index: u8, value: u64) {
        self.values[(index & 63) as usize] = value;
    }
}

impl Core {
    /// The witness of this and a memory of `root`.
    pub fn witness(&self, root: B256) -> Witness {
        let mut bytes = Vec::with_capacity(WITNESS_BYTES);
        bytes.extend_from_slice(root.as_slice());
        bytes.extend_from_slice(self.preimage_key.as_slice());
        bytes.extend_from_slice(&self.preimage_offset.to_be_bytes());
        bytes.extend_from_slice(&self.pc.to_be_bytes());
        bytes.extend_from_slice(&[self.exit_code, u8::from(self.exited)]);
        for number in [self.step, self.heap, self.registers.reservation].into_iter().chain(self.registers.values()) {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        Witness(bytes.try_into().expect("the fields' sizes are the witness's"))
    }

    /// The memory's root and the rest of what a witness holds.
    pub fn from_witness(Witness(witness): &Witness) -> (B256, Self) {
        let hash = |at: usize| B256::from_slice(&witness[at..at + 32]);
        let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|byte| witness[at + byte]));
        let core = Self {
            preimage_key: hash(32),
            preimage_offset: number(64),
            pc: number(72),
            exit_code: witness[EXIT_CODE],
            exited: witness[EXIT_CODE + 1] != 0,
            step: number(82),
            heap: number(90),
            registers: Registers::new(std::array::from_fn(|index| number(106 + 8 * index)), number(98)),
        };
        (hash(0), core)
    }
}
