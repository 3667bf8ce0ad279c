//! Programs of a few hundred instructions, made by chance such that most of them go on for as long as one likes.

use super::{
    instruction::{
        CALLS, COMPUTE, COMPUTE2, IMMEDIATE, LINKED, MEMORY, SPECIAL, SPECIAL2, SYSCALL, i, r,
        register::{A0, A1, A2, RA, S0, V0},
    },
    state::{PAGE, State, Thread},
};
use crate::random::Random;
use alloy_primitives::{B256, Bytes, keccak256};
use std::collections::BTreeMap;

/// Where the code lies, and how many instructions there are.
const CODE: u64 = 0x0001_0000;
const LENGTH: u64 = 700;

/// Where `s0` to `s3` point to: to the code as well.
const BASES: [u64; 4] = [0x00c0_0000_0ff0, 0x1000_0000_0800, 0x7fff_ffff_eff8, CODE + 4 * LENGTH];

/// The first state of the program of this seed and number, with the preimages that it may ask for.
///
/// It computes in the registers below `s0`, reads and writes around what `s0` to `s3` point to, branches a little back and forth,
/// makes threads, gives hints, and reads preimages whose keys it writes in parts.
pub fn program(seed: u64, number: u64) -> (State, BTreeMap<B256, Bytes>) {
    let mut random = Random::new(seed, number);
    let mut writer = Writer { random: &mut random, code: Vec::new() };
    while (writer.code.len() as u64) < LENGTH {
        writer.next();
    }
    // And over again.
    let back = -(writer.code.len() as i64) - 1;
    writer.code.extend([i(4, 0, 0, back as i16 as u16), 0]);
    let code: Vec<u8> = writer.code.iter().flat_map(|word| word.to_be_bytes()).collect();

    let mut thread = Thread { pc: CODE, next_pc: CODE + 4, ..Thread::default() };
    for register in &mut thread.registers[1..16] {
        *register = random.next() >> random.below(64);
    }
    thread.registers[S0 as usize..][..BASES.len()].copy_from_slice(&BASES);
    thread.registers[RA as usize] = CODE;
    let mut state = State { left: vec![thread], next_thread_id: 1, heap: 0x1000_0000_0000, ..State::default() };
    state.write(CODE, &code);
    let value = random.bytes(4000);
    let mut key = keccak256(&value);
    key[0] = 2;
    // The key, and a hint, where the program writes them from.
    state.write(BASES[0] + APART, &key.0);
    state.write(BASES[1] + APART, &[[0, 0, 0, HINT - 4], [1, 2, 3, 4], [5, 6, 7, 8]].concat());
    state.preimage_key = key;
    (state, BTreeMap::from([(key, value.into())]))
}

/// Where the key and the hint lie behind what `s0` and `s1` point to: out of the way of what else is written.
const APART: u64 = 128;

/// Bytes of the hint, with its length.
const HINT: u8 = 12;

/// The first state of a program that says hello, reads the first three of its local inputs, which have 32 bytes each, and ends
/// with exit code 1 after three million steps of waiting.
pub fn reader() -> State {
    const DATA: u64 = 0x0002_0000;
    const ROUNDS: u64 = 1_000_000;
    let mut random = Random::new(0, 0);
    let mut writer = Writer { random: &mut random, code: Vec::new() };
    let mut data = Vec::new();
    for input in 1..=3_u8 {
        let start = data.len() as u16;
        data.extend([&[1][..], &[0; 30], &[input]].concat());
        for part in 0..4 {
            writer.invoke(5001, Argument::Number(6), Argument::Address(S0, start + 8 * part), 8);
        }
        for _ in 0..5 {
            writer.invoke(5000, Argument::Number(5), Argument::Address(S0, 512), 8);
        }
    }
    let hello = data.len() as u16;
    data.extend(b"hello\n");
    for descriptor in [1, 2] {
        writer.invoke(5001, Argument::Number(descriptor), Argument::Address(S0, hello), 6);
    }
    let t0 = 8;
    writer.code.extend([i(0x19, t0, t0, u16::MAX), i(5, t0, 0, (-2_i16) as u16), 0]);
    writer.invoke(5205, Argument::Number(1), Argument::Number(0), 0);
    let code: Vec<u8> = writer.code.iter().flat_map(|word| word.to_be_bytes()).collect();

    let mut thread = Thread { pc: CODE, next_pc: CODE + 4, ..Thread::default() };
    thread.registers[S0 as usize] = DATA;
    thread.registers[t0 as usize] = ROUNDS;
    let mut state = State { left: vec![thread], next_thread_id: 1, heap: 0x1000_0000_0000, ..State::default() };
    state.write(CODE, &code);
    state.write(DATA, &data);
    state
}

struct Writer<'a> {
    random: &'a mut Random,
    code: Vec<u32>,
}

impl Writer<'_> {
    /// A register that may be written.
    fn target(&mut self) -> u32 {
        self.random.below(16) as u32
    }

    /// An instruction, or a few that belong together.
    fn next(&mut self) {
        match self.random.below(100) {
            0..50 => {
                let word = self.compute();
                self.code.push(word);
            }
            50..75 => {
                let word = self.memory(&MEMORY);
                self.code.push(word);
            }
            75..80 => {
                let word = self.memory(&LINKED);
                self.code.push(word);
            }
            80..90 => self.branch(),
            _ => self.call(),
        }
    }

    fn compute(&mut self) -> u32 {
        let [rs, rt, shift] =
            [self.random.below(32) as u32, self.random.below(32) as u32, self.random.below(32) as u32];
        let target = self.target();
        match self.random.below(8) {
            0 => r(SPECIAL2, self.random.pick(&COMPUTE2), [rs, rt, target, shift]),
            1..4 => i(self.random.pick(&IMMEDIATE), rs, target, self.random.next() as u16),
            _ => r(SPECIAL, self.random.pick(&COMPUTE), [rs, rt, target, shift]),
        }
    }

    fn base(&mut self) -> u32 {
        // Hardly ever the code: most of what is written there is no instruction.
        let data = self.random.below(BASES.len() as u64 - 1) as u32;
        S0 + if self.random.percent(3) { 3 } else { data }
    }

    fn memory(&mut self, majors: &[u32]) -> u32 {
        let offset = self.random.within(0, 63) as u16;
        // Now and then on the page before.
        let offset = if self.random.percent(10) { offset.wrapping_sub(PAGE as u16) } else { offset };
        i(self.random.pick(majors), self.base(), self.target(), offset)
    }

    /// A branch over some instructions, each of which may be the first.
    fn branch(&mut self) {
        let distance = self.random.within(1, 6) as u16;
        let (rs, rt) = (self.random.below(16) as u32, self.random.below(16) as u32);
        let branch = match self.random.below(6) {
            // With link, whose register is not written otherwise.
            0 => i(1, rs, self.random.pick(&[0x10, 0x11]), distance),
            1 => i(1, rs, self.random.below(2) as u32, distance),
            major => i(major as u32 + 2, rs, rt, distance),
        };
        self.code.push(branch);
        for _ in 0..distance {
            let word = self.compute();
            self.code.push(word);
        }
    }

    /// A system call with the arguments that it wants.
    fn call(&mut self) {
        let (base, count) = (self.base(), self.random.below(20) as u16);
        match self.random.below(12) {
            0..3 => self.invoke(5000, Argument::Number(5), Argument::Address(S0 + count as u32 % 3, count), count),
            3 => self.key(),
            4 => self.invoke(5001, Argument::Number(4), Argument::Address(S0 + 1, APART as u16), HINT.into()),
            5 => {
                let descriptor = self.random.pick(&[0, 1, 2, 3, 100]);
                let number = self.random.pick(&[5000, 5001]);
                self.invoke(number, Argument::Number(descriptor), Argument::Address(base, count), count);
            }
            6 => self.invoke(5055, Argument::CloneFlags, Argument::Address(base, count), count),
            7 => {
                let (operation, value) = (self.random.pick(&[128, 129]), self.random.below(2) as u16);
                self.invoke(5194, Argument::Address(base, count), Argument::Number(operation), value);
            }
            8 => self.invoke(5313, Argument::Address(S0, count), Argument::Number(count), count),
            9 => self.invoke(5222, Argument::Number(count % 3), Argument::Address(S0 + 1, count), count),
            _ => {
                let number = self.random.pick(&CALLS);
                // The end of a thread, or of everything, is for the seldom case.
                if !matches!(number, 5000 | 5001 | 5205 | 5222 | 5313) && (number != 5058 || self.random.percent(40)) {
                    self.invoke(number, Argument::Number(0), Argument::Number(count), count);
                }
            }
        }
    }

    /// Writes the key, in parts that end with aligned words.
    fn key(&mut self) {
        let split = self.random.within(1, 7) as u16;
        let parts = [(0, split), (split, 8 - split), (8, 8), (16, 8), (24, 20)];
        for (start, count) in parts {
            self.invoke(5001, Argument::Number(6), Argument::Address(S0, APART as u16 + start), count);
        }
    }

    fn invoke(&mut self, number: u16, first: Argument, second: Argument, third: u16) {
        let set = |register, value| i(0x0d, 0, register, value);
        self.code.push(set(V0, number));
        for (register, argument) in [(A0, first), (A1, second)] {
            match argument {
                Argument::Number(value) => self.code.push(set(register, value)),
                Argument::Address(base, offset) => self.code.push(i(0x19, base, register, offset)),
                Argument::CloneFlags => {
                    self.code.extend([i(0x0f, 0, register, 5), i(0x0d, register, register, 0x0f00)])
                }
            }
        }
        self.code.extend([set(A2, third), SYSCALL]);
    }
}

/// An argument of a system call.
#[derive(Clone, Copy)]
enum Argument {
    Number(u16),
    /// Behind what a register points to.
    Address(u32, u16),
    /// Those that cannon wants, which take more than an immediate.
    CloneFlags,
}
