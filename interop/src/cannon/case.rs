//! A state that is about to make one step, made by chance.

use super::{
    instruction::{
        CALLS, COMPUTE, COMPUTE2, IMMEDIATE, LINKED, MEMORY, OTHER_CALLS, REGIMM, SPECIAL, SPECIAL2, SYSCALL, i, r,
        register::{A0, A1, A2, V0},
    },
    state::{Link, PAGE, State, Thread},
};
use crate::random::Random;
use alloy_primitives::{B256, Bytes};
use std::collections::BTreeMap;

/// What a case is about: one of these each, in turn.
pub const KINDS: [&str; 8] =
    ["compute", "memory", "linked", "branch", "system call", "other system call", "threads", "any word"];

/// Where data lies: low, in the heap of Go's programs and in cannon's, at the stack, and where nothing is mapped yet.
const DATA: [u64; 5] = [0x0002_0000, 0x00c0_0000_0000, 0x1000_0000_0000, 0x7fff_ffff_e000, 0x0333_0000];

/// Where code lies.
const CODE: [u64; 3] = [0x0001_0000, 0x1234_5000, 0xffff_ffff_8000_0000];

/// A time slice ends after so many steps.
const QUANTUM: u64 = 100_000;

/// A state, and the preimages that there are when its step is made.
#[derive(Clone, Debug)]
pub struct Case {
    /// One of [`KINDS`], seed and number.
    pub name: String,
    /// The place of its kind.
    pub kind: usize,
    /// The state.
    pub state: State,
    /// By key.
    pub preimages: BTreeMap<B256, Bytes>,
    /// The instruction that is next.
    pub instruction: u32,
}

impl Case {
    /// The case of this seed and number.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut draft = Draft::new(Random::new(seed, number));
        let kind = (number % KINDS.len() as u64) as usize;
        let instruction = match kind {
            0 => draft.compute(),
            1 => draft.memory(),
            2 => draft.linked(),
            3 => draft.branch(),
            4 => draft.call(&CALLS),
            5 => draft.call(&OTHER_CALLS),
            6 => draft.threads(),
            _ => draft.any(),
        };
        draft.place(instruction);
        let Draft { state, preimages, .. } = draft;
        Self { name: format!("{}, seed {seed}, number {number}", KINDS[kind]), kind, state, preimages, instruction }
    }
}

struct Draft {
    random: Random,
    state: State,
    preimages: BTreeMap<B256, Bytes>,
}

impl Draft {
    fn new(mut random: Random) -> Self {
        let mut state = State {
            heap: DATA[2] + random.below(1 << 30) * PAGE,
            step: random.pick(&[0, 1, 99_999, 12_345_678_901, u64::MAX >> 1]),
            steps_since_switch: if random.percent(4) { QUANTUM - random.below(3) } else { random.below(QUANTUM) },
            traverse_right: random.percent(50),
            last_hint: if random.percent(10) { random.bytes(3) } else { Vec::new() },
            ..State::default()
        };
        let key = B256::new(random.array());
        let length = random.pick(&[0, 1, 7, 8, 9, 31, 32, 33, 100]);
        let value = random.bytes(length);
        if random.percent(90) {
            state.preimage_key = key;
            // The eight bytes of the length come first; beyond the end is where no step can be made.
            state.preimage_offset = random.within(0, length as u64 + 8);
        }
        let mut draft = Self { random, state, preimages: BTreeMap::from([(key, value.into())]) };
        draft.stacks();
        for base in DATA.into_iter().take(4) {
            if draft.random.percent(60) {
                let bytes = draft.random.bytes(64);
                draft.state.write(base, &bytes);
            }
        }
        draft
    }

    /// One to four threads on the two stacks, at least one on the active one.
    fn stacks(&mut self) {
        let count = self.random.pick(&[1, 1, 1, 2, 3, 4]);
        let mut threads: Vec<Thread> = (0..count).map(|id| self.thread(id)).collect();
        let active = threads.split_off(self.random.place(threads.len()));
        self.state.next_thread_id = count + self.random.below(3);
        let (other, active) = (threads, active);
        (self.state.left, self.state.right) = if self.state.traverse_right { (other, active) } else { (active, other) };
    }

    fn thread(&mut self, id: u64) -> Thread {
        let pc = self.random.pick(&CODE) + 4 * self.random.within(4, 900);
        let mut registers = [0; 32];
        for register in registers.iter_mut().skip(1) {
            *register = self.value();
        }
        Thread {
            id,
            exit_code: self.random.pick(&[0, 0, 0, 1, 7]),
            exited: self.random.percent(3),
            pc,
            // A delay slot, now and then.
            next_pc: if self.random.percent(6) { self.random.next() & !3 } else { pc + 4 },
            lo: self.value(),
            hi: self.value(),
            registers,
        }
    }

    /// A number that something might go wrong with.
    fn value(&mut self) -> u64 {
        let small = self.random.below(70);
        match self.random.below(10) {
            0 => 0,
            1 => small,
            2 => small.wrapping_neg(),
            3 => 0x7fff_ffff + self.random.below(2),
            4 => 0xffff_ffff_8000_0000 - self.random.below(2),
            5 => (1 << 63) - self.random.below(2),
            6 => u64::from(self.random.next() as u32),
            7 => i64::from(self.random.next() as i32) as u64,
            8 => self.address(),
            _ => self.random.next(),
        }
    }

    fn address(&mut self) -> u64 {
        let base = self.random.pick(&DATA);
        let edge = if self.random.percent(8) { PAGE - 12 } else { 0 };
        base + edge + self.random.below(40)
    }

    fn register(&mut self) -> u32 {
        self.random.below(32) as u32
    }

    fn immediate(&mut self) -> u16 {
        let any = self.random.next() as u16;
        self.random.pick(&[0, 1, 0x7fff, 0x8000, 0xffff, any, any, any])
    }

    fn registers(&mut self) -> [u32; 4] {
        std::array::from_fn(|_| self.register())
    }

    fn compute(&mut self) -> u32 {
        let registers = self.registers();
        match self.random.below(10) {
            // Division, by zero too.
            0 => r(SPECIAL, self.random.pick(&[0x1a, 0x1b, 0x1e, 0x1f]), registers),
            1 | 2 => r(SPECIAL2, self.random.pick(&COMPUTE2), registers),
            3 | 4 => i(self.random.pick(&IMMEDIATE), registers[0], registers[1], self.immediate()),
            _ => r(SPECIAL, self.random.pick(&COMPUTE), registers),
        }
    }

    /// Sets a register such that with the immediate it is an address worth looking at.
    fn based(&mut self) -> (u32, u16) {
        let (base, immediate) = (self.register(), self.immediate());
        let address = self.address();
        if base != 0 {
            self.state.thread().registers[base as usize] = address.wrapping_sub(i64::from(immediate as i16) as u64);
        }
        (base, immediate)
    }

    fn memory(&mut self) -> u32 {
        let major = self.random.pick(&MEMORY);
        let register = self.register();
        let (base, immediate) = self.based();
        let thread = self.state.thread();
        let address = thread.registers[base as usize].wrapping_add(i64::from(immediate as i16) as u64);
        if self.random.percent(20) {
            self.state.link =
                Link { status: 1 + self.random.below(2) as u8, address: address ^ self.random.below(9), owner: 0 };
        }
        i(major, base, register, immediate)
    }

    fn linked(&mut self) -> u32 {
        let major = self.random.pick(&LINKED);
        let register = self.register();
        let (base, immediate) = self.based();
        let thread = self.state.thread();
        let address = thread.registers[base as usize].wrapping_add(i64::from(immediate as i16) as u64);
        let owner = thread.id;
        if self.random.percent(80) {
            let mut one = |of: u64| u64::from(self.random.percent(of));
            let link = Link {
                status: 1 + (u8::from(major == 0x3c) ^ one(20) as u8),
                address: address ^ one(20),
                owner: owner ^ one(20),
            };
            self.state.link = link;
        }
        i(major, base, register, immediate)
    }

    fn branch(&mut self) -> u32 {
        let registers = self.registers();
        let immediate = self.immediate();
        match self.random.below(8) {
            0 => (self.random.within(2, 3) as u32) << 26 | self.random.next() as u32 & 0x03ff_ffff,
            1 | 2 => r(SPECIAL, self.random.within(8, 9) as u32, registers),
            3 | 4 => {
                let second = self.random.pick(&[0, 1, 0x10, 0x11, 0x11, registers[1]]);
                i(REGIMM, registers[0], second, immediate)
            }
            _ => {
                let second = if self.random.percent(30) { registers[0] } else { registers[1] };
                i(self.random.within(4, 7) as u32, registers[0], second, immediate)
            }
        }
    }

    /// A system call of one of these numbers, with arguments that it may take.
    fn call(&mut self, numbers: &[u16]) -> u32 {
        // Half of them read and write.
        let number = if numbers[0] == CALLS[0] && self.random.percent(50) { &[5000, 5001] } else { numbers };
        let number = u64::from(self.random.pick(number));
        let address = self.address();
        let descriptor = self.random.pick(&[0, 1, 2, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 100, u64::MAX]);
        let count = self.random.pick(&[0, 1, 3, 4, 7, 8, 9, 40, 5000]);
        let other = self.value();
        let (first, second, third) = match number {
            5009 => (
                if self.random.percent(60) { 0 } else { other },
                self.random.pick(&[0, 1, PAGE, 1 << 40, 5 << 44, u64::MAX, other]),
                0,
            ),
            5055 => (if self.random.percent(80) { 0x5_0f00 } else { other }, address, 0),
            5000 | 5001 => (descriptor, address, count),
            5070 => (descriptor, self.random.below(5), 0),
            5194 => (address, self.random.pick(&[128, 128, 129, 0]), self.futex(address)),
            5222 => (self.random.below(3), address, 0),
            5313 => (address, self.random.pick(&[0, 1, 5, 8, 9, other]), 0),
            5284 => (other, self.random.pick(&[0, 0x80, 0x880, other]), 0),
            _ => (other, address, count),
        };
        if self.random.percent(30) {
            self.state.link = Link { status: 2, address: address ^ self.random.below(16), owner: 1 };
        }
        // Hints, whole and in parts.
        if number == 5001 && descriptor == 4 && self.random.percent(60) {
            let length = self.random.below(20) as u32;
            self.state.write(address, &length.to_be_bytes());
        }
        let registers = &mut self.state.thread().registers;
        for (register, value) in [(V0, number), (A0, first), (A1, second), (A2, third)] {
            registers[register as usize] = value;
        }
        SYSCALL
    }

    /// What a futex is compared with: what is there, mostly.
    fn futex(&mut self, address: u64) -> u64 {
        let address = address & !3;
        let page = self.state.pages.get(&(address / PAGE));
        let word = page.map_or([0; 4], |page| {
            let start = (address % PAGE) as usize;
            page[start..start + 4].try_into().expect("four bytes that are aligned lie in one page")
        });
        let upper = self.random.next() << 32;
        u64::from(u32::from_be_bytes(word)) ^ u64::from(self.random.percent(30)) | upper
    }

    /// Threads that end, or whose time is over.
    fn threads(&mut self) -> u32 {
        match self.random.below(3) {
            0 => self.state.thread().exited = true,
            1 => self.state.steps_since_switch = QUANTUM - 1 + self.random.below(3),
            _ => {
                let (number, any) = (self.random.pick(&[5058, 5205, 5023, 5055]), self.random.next());
                let registers = &mut self.state.thread().registers;
                registers[V0 as usize] = number;
                registers[A0 as usize] = if number == 5055 { 0x5_0f00 } else { any };
                return SYSCALL;
            }
        }
        self.compute()
    }

    /// Any word that is not sure to be none: every opcode with every function has its turn.
    fn any(&mut self) -> u32 {
        let word = self.random.next() as u32;
        let registers = self.registers();
        match self.random.below(6) {
            0 | 1 => r(SPECIAL, word, registers),
            2 => r(SPECIAL2, word, registers),
            3 => i(REGIMM, registers[0], registers[1], word as u16),
            _ => {
                let (base, immediate) = self.based();
                i(self.random.below(64) as u32, base, registers[1], immediate)
            }
        }
    }

    /// Puts the instruction where the thread is.
    fn place(&mut self, instruction: u32) {
        if self.random.percent(1) {
            self.state.thread().pc += self.random.within(1, 3);
        }
        if self.random.percent(1) {
            (self.state.exited, self.state.exit_code) = (true, self.random.below(4) as u8);
        }
        let pc = self.state.thread().pc & !3;
        self.state.write(pc, &instruction.to_be_bytes());
    }
}
