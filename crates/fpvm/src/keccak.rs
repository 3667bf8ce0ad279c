//! Keccak256, in few instructions of a 64-bit machine that can neither rotate nor and-not.
//!
//! The permutation is assembly, which the build script makes ([`schedule`]). Six lanes of the state are kept inverted from
//! block to block: chi then needs one inversion a plane instead of five.

#[cfg(test)]
mod schedule;

/// Lanes of the state.
const LANES: usize = 25;

/// Bytes of a block.
const RATE: usize = 136;

/// The state that a hash begins with: zero, and six lanes inverted.
const INITIAL: [u64; LANES] = {
    let mut state = [0; LANES];
    let mut index = 0;
    let inverted = [1, 2, 8, 12, 17, 20];
    while index < inverted.len() {
        state[inverted[index]] = u64::MAX;
        index += 1;
    }
    state
};

/// What permutes a state where it lies.
trait Permutation {
    /// Sets the state to [`INITIAL`].
    fn begin(&mut self);
    /// The state.
    fn state(&mut self) -> &mut [u64; LANES];
    /// The permutation.
    fn permute(&mut self);
    /// The first four lanes of it; what the others are afterwards is undefined.
    fn permute_to_hash(&mut self);
}

/// The keccak256 hash of `bytes`.
#[inline(always)]
fn hash(keccak: &mut impl Permutation, bytes: &[u8]) -> [u8; 32] {
    keccak.begin();
    let (blocks, rest) = bytes.as_chunks::<RATE>();
    for block in blocks {
        absorb(keccak.state(), block);
        keccak.permute();
    }
    absorb_last(keccak.state(), rest);
    keccak.permute_to_hash();
    let mut hash = [0; 32];
    for (lane, bytes) in hash.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        *bytes = little_endian(keccak.state()[lane] ^ INITIAL[lane]).to_ne_bytes();
    }
    hash
}

/// Adds whole lanes of input.
#[inline(always)]
fn absorb(state: &mut [u64; LANES], bytes: &[u8]) {
    for (lane, bytes) in state.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *lane ^= little_endian(u64::from_ne_bytes(*bytes));
    }
}

/// Adds what is left, less than a block, and its padding.
#[inline(always)]
fn absorb_last(state: &mut [u64; LANES], rest: &[u8]) {
    absorb(state, rest);
    let bytes = rest.as_chunks::<8>().1;
    let mut last = 1 << (8 * bytes.len());
    for (place, byte) in bytes.iter().enumerate() {
        last |= u64::from(*byte) << (8 * place);
    }
    if let Some(lane) = state.get_mut(rest.len() / 8) {
        *lane ^= last;
    }
    state[RATE / 8 - 1] ^= 1 << 63;
}

/// The machine's word for eight bytes that are a lane, and the other way round.
#[cfg(target_endian = "little")]
#[inline(always)]
fn little_endian(word: u64) -> u64 {
    word
}

/// The machine's word for eight bytes that are a lane, and the other way round: the bytes turned around, in fewer
/// instructions than the compiler takes, if it doesn't see what this is.
#[cfg(target_endian = "big")]
#[inline(always)]
fn little_endian(word: u64) -> u64 {
    let (mut bytes, mut halves): (u64, u64) = (0x00ff_00ff_00ff_00ff, 0x0000_ffff_0000_ffff);
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("/* {0} {1} */", inout(reg) bytes, inout(reg) halves, options(pure, nomem, nostack)) };
    let word = (word & bytes) << 8 | (word >> 8) & bytes;
    let word = (word & halves) << 16 | (word >> 16) & halves;
    word.rotate_left(32)
}

#[cfg(target_os = "none")]
mod machine {
    use super::{INITIAL, LANES, Permutation, hash};
    use core::{arch::global_asm, ptr, slice};

    global_asm!(include_str!(concat!(env!("OUT_DIR"), "/keccak.s")));

    // SAFETY: the assembly above defines them so.
    unsafe extern "C" {
        static mut kohala_keccak_words: [u64; LANES];
        fn kohala_keccak_permute();
        fn kohala_keccak_hash();
    }

    /// The assembly, and the memory that it works on, of which there is one: while this is there nobody else looks at it.
    struct Assembly(*mut [u64; LANES]);

    impl Permutation for Assembly {
        #[inline(always)]
        fn begin(&mut self) {
            for (lane, initial) in self.state().iter_mut().zip(INITIAL) {
                // SAFETY: a lane of the state. Volatile, to be 25 instructions here and not a call of `memcpy`.
                unsafe { ptr::from_mut(lane).write_volatile(initial) }
            }
        }

        #[inline(always)]
        fn state(&mut self) -> &mut [u64; LANES] {
            // SAFETY: the assembly's memory, which nothing else reads or writes while the reference is there.
            unsafe { &mut *self.0 }
        }

        #[inline(always)]
        fn permute(&mut self) {
            // SAFETY: it reads and writes its own memory, to which there is no reference now, and nothing else.
            unsafe { kohala_keccak_permute() }
        }

        #[inline(always)]
        fn permute_to_hash(&mut self) {
            // SAFETY: as before.
            unsafe { kohala_keccak_hash() }
        }
    }

    /// Keccak256 where `alloy-primitives` calls for it.
    ///
    /// # Safety
    /// `output` must be valid for writes of 32 bytes, `bytes` for reads of `len`.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn native_keccak256(bytes: *const u8, len: usize, output: *mut u8) {
        // SAFETY: the caller's promise; there is one thread, and nothing here calls this function.
        unsafe {
            let mut assembly = Assembly(&raw mut kohala_keccak_words);
            output.cast::<[u8; 32]>().write(hash(&mut assembly, slice::from_raw_parts(bytes, len)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        INITIAL, LANES, Permutation, hash,
        schedule::{Instruction, Operation, REGISTERS, ROUND_CONSTANTS, permutation},
    };
    use std::vec::Vec;

    /// A machine that runs the schedule.
    struct Scheduled {
        memory: [u64; 64],
        permutation: Vec<Instruction>,
        to_hash: Vec<Instruction>,
    }

    impl Scheduled {
        fn new() -> Self {
            let mut memory = [0x5555_5555_5555_5555; 64];
            memory[LANES..LANES + 24].copy_from_slice(&ROUND_CONSTANTS);
            Self { memory, permutation: permutation(false), to_hash: permutation(true) }
        }
    }

    fn run(memory: &mut [u64; 64], instructions: &[Instruction]) {
        let mut registers = [0xaaaa_aaaa_aaaa_aaaa; REGISTERS];
        for instruction in instructions {
            let value = |register: u8| registers[usize::from(register)];
            match *instruction {
                Instruction::Store(word, from) => memory[word] = value(from),
                Instruction::Set(to, operation) => {
                    registers[usize::from(to)] = match operation {
                        Operation::Xor(a, b) => value(a) ^ value(b),
                        Operation::And(a, b) => value(a) & value(b),
                        Operation::Or(a, b) => value(a) | value(b),
                        Operation::Not(a) => !value(a),
                        Operation::ShiftLeft(a, by) => value(a) << by,
                        Operation::ShiftRight(a, by) => value(a) >> by,
                        Operation::Load(word) => memory[word],
                    };
                }
            }
        }
    }

    impl Permutation for Scheduled {
        fn begin(&mut self) {
            *self.state() = INITIAL;
        }

        fn state(&mut self) -> &mut [u64; LANES] {
            self.memory.first_chunk_mut().unwrap()
        }

        fn permute(&mut self) {
            run(&mut self.memory, &self.permutation);
        }

        fn permute_to_hash(&mut self) {
            run(&mut self.memory, &self.to_hash);
        }
    }

    #[test]
    fn keccak_is_that_of_alloy() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut keccak = Scheduled::new();
        for len in (0..=300).chain([500, 1_087, 1_088, 1_089, 9_999]) {
            for start in [0, 1] {
                let bytes = &bytes[start..start + len];
                assert_eq!(hash(&mut keccak, bytes), alloy_primitives::keccak256(bytes).0, "{len} bytes from {start}");
            }
        }
    }

    /// What makes the assembly worth its trouble: hardly a value goes to memory and back.
    #[test]
    fn permutation_takes_few_instructions() {
        let lens = [false, true].map(|hash_only| permutation(hash_only).len());
        assert_eq!(lens, [4_800, 4_649]);
        let words =
            [permutation(false), permutation(true)].concat().into_iter().filter_map(|instruction| match instruction {
                Instruction::Store(word, _) => Some(word),
                Instruction::Set(..) => None,
            });
        assert!(words.max() < Some(64), "the caller's registers come after");
    }
}
