//! Code of contracts by chance: it wanders over all opcodes and seldom runs out of stack.

use super::targets::Targets;
use crate::{Fork, random::Random};
use Fork::{Bedrock, Canyon, Ecotone, Karst};
use Operand::{Account, Block, Few, Gas, Offset, Size, Slot, Value, Word};
use alloy_primitives::Address;

/// What an opcode takes from the stack.
#[derive(Clone, Copy, Debug)]
enum Operand {
    Word,
    /// In memory, calldata, code.
    Offset,
    Size,
    Account,
    Slot,
    /// To store, or in wei.
    Value,
    Gas,
    /// Number of a block.
    Block,
    /// A small number.
    Few,
}

/// An opcode, what it takes (what is on top first), how much it leaves, and the fork that brings it.
type Op = (u8, &'static [Operand], u8, Fork);

const OPS: &[Op] = &[
    (0x01, &[Word, Word], 1, Bedrock),
    (0x02, &[Word, Word], 1, Bedrock),
    (0x03, &[Word, Word], 1, Bedrock),
    (0x04, &[Word, Word], 1, Bedrock),
    (0x05, &[Word, Word], 1, Bedrock),
    (0x06, &[Word, Word], 1, Bedrock),
    (0x07, &[Word, Word], 1, Bedrock),
    (0x08, &[Word, Word, Word], 1, Bedrock),
    (0x09, &[Word, Word, Word], 1, Bedrock),
    (0x0a, &[Word, Few], 1, Bedrock),
    (0x0b, &[Few, Word], 1, Bedrock),
    (0x10, &[Word, Word], 1, Bedrock),
    (0x11, &[Word, Word], 1, Bedrock),
    (0x12, &[Word, Word], 1, Bedrock),
    (0x13, &[Word, Word], 1, Bedrock),
    (0x14, &[Word, Word], 1, Bedrock),
    (0x15, &[Word], 1, Bedrock),
    (0x16, &[Word, Word], 1, Bedrock),
    (0x17, &[Word, Word], 1, Bedrock),
    (0x18, &[Word, Word], 1, Bedrock),
    (0x19, &[Word], 1, Bedrock),
    (0x1a, &[Few, Word], 1, Bedrock),
    (0x1b, &[Few, Word], 1, Bedrock),
    (0x1c, &[Few, Word], 1, Bedrock),
    (0x1d, &[Few, Word], 1, Bedrock),
    (0x1e, &[Word], 1, Karst),
    (0x20, &[Offset, Size], 1, Bedrock),
    (0x30, &[], 1, Bedrock),
    (0x31, &[Account], 1, Bedrock),
    (0x32, &[], 1, Bedrock),
    (0x33, &[], 1, Bedrock),
    (0x34, &[], 1, Bedrock),
    (0x35, &[Offset], 1, Bedrock),
    (0x36, &[], 1, Bedrock),
    (0x37, &[Offset, Offset, Size], 0, Bedrock),
    (0x38, &[], 1, Bedrock),
    (0x39, &[Offset, Offset, Size], 0, Bedrock),
    (0x3a, &[], 1, Bedrock),
    (0x3b, &[Account], 1, Bedrock),
    (0x3c, &[Account, Offset, Offset, Size], 0, Bedrock),
    (0x3d, &[], 1, Bedrock),
    (0x3f, &[Account], 1, Bedrock),
    (0x40, &[Block], 1, Bedrock),
    (0x41, &[], 1, Bedrock),
    (0x42, &[], 1, Bedrock),
    (0x43, &[], 1, Bedrock),
    (0x44, &[], 1, Bedrock),
    (0x45, &[], 1, Bedrock),
    (0x46, &[], 1, Bedrock),
    (0x47, &[], 1, Bedrock),
    (0x48, &[], 1, Bedrock),
    (0x49, &[Few], 1, Ecotone),
    (0x4a, &[], 1, Ecotone),
    (0x50, &[Word], 0, Bedrock),
    (0x51, &[Offset], 1, Bedrock),
    (0x52, &[Offset, Word], 0, Bedrock),
    (0x53, &[Offset, Word], 0, Bedrock),
    (0x54, &[Slot], 1, Bedrock),
    (0x55, &[Slot, Value], 0, Bedrock),
    (0x58, &[], 1, Bedrock),
    (0x59, &[], 1, Bedrock),
    (0x5a, &[], 1, Bedrock),
    (0x5c, &[Slot], 1, Ecotone),
    (0x5d, &[Slot, Value], 0, Ecotone),
    (0x5e, &[Offset, Offset, Size], 0, Ecotone),
    (0x5f, &[], 1, Canyon),
    (0xa0, &[Offset, Size], 0, Bedrock),
    (0xa1, &[Offset, Size, Word], 0, Bedrock),
    (0xa2, &[Offset, Size, Word, Word], 0, Bedrock),
    (0xa3, &[Offset, Size, Word, Word, Word], 0, Bedrock),
    (0xa4, &[Offset, Size, Word, Word, Word, Word], 0, Bedrock),
    (0xf1, &[Gas, Account, Value, Offset, Size, Offset, Size], 1, Bedrock),
    (0xf2, &[Gas, Account, Value, Offset, Size, Offset, Size], 1, Bedrock),
    (0xf4, &[Gas, Account, Offset, Size, Offset, Size], 1, Bedrock),
    (0xfa, &[Gas, Account, Offset, Size, Offset, Size], 1, Bedrock),
];

/// Those that are not in the table, as they are written in patterns: jumps, what pushes and moves words, creation, ends.
const PATTERNS: [u8; 11] = [0x00, 0x3e, 0x56, 0x57, 0x5b, 0xf0, 0xf3, 0xf5, 0xfd, 0xfe, 0xff];

/// Every opcode that code of this fork must have reached in a long run.
pub fn opcodes(fork: Fork) -> Vec<u8> {
    let table = OPS.iter().filter(|(.., since)| *since <= fork).map(|(op, ..)| *op);
    table.chain(PATTERNS).chain(0x60..=0x9f).collect()
}

/// Code of a contract. Seldom nothing but noise.
pub(super) fn contract(random: &mut Random, targets: &Targets) -> Vec<u8> {
    if random.percent(2) {
        let length = random.place(40);
        return random.bytes(length);
    }
    let mut program = Program::new(random, targets, 2);
    program.wander(50);
    program.end();
    program.assemble()
}

/// Code that creates a contract: it wanders about, and then returns what is to be one, or does not.
pub(super) fn creation(random: &mut Random, targets: &Targets, depth: usize) -> Vec<u8> {
    let mut program = Program::new(random, targets, depth);
    let statements = program.random.pick(&[0, 0, 3, 8]);
    program.wander(statements);
    match program.random.below(24) {
        // Code that begins with 0xef, that is a delegation's, that is too long, or just not.
        0 => program.return_code(&[0xef]),
        1 => program.return_code(&[&[0xef, 1, 0][..], &[7; 20]].concat()),
        2 => program.return_zeros(24_577),
        3 => program.return_zeros(24_576),
        4 => program.end(),
        5 => program.return_code(&[]),
        6 => {
            program.account();
            program.code.push(0xff);
        }
        _ => {
            let mut runtime = Program::new(program.random, targets, depth.saturating_sub(1));
            runtime.wander(10);
            runtime.end();
            let runtime = runtime.assemble();
            program.return_code(&runtime);
        }
    }
    program.assemble()
}

struct Program<'a> {
    random: &'a mut Random,
    targets: &'a Targets,
    code: Vec<u8>,
    /// What lies behind the code, and where the code names its place.
    data: Vec<(usize, Vec<u8>)>,
    /// How deep contracts may be made by contracts.
    depth: usize,
    /// Words that are surely on the stack.
    height: usize,
    /// Where results go in memory.
    memory: u16,
}

impl<'a> Program<'a> {
    fn new(random: &'a mut Random, targets: &'a Targets, depth: usize) -> Self {
        Self { random, targets, code: Vec::new(), data: Vec::new(), depth, height: 0, memory: 0 }
    }

    fn assemble(mut self) -> Vec<u8> {
        for (place, data) in self.data {
            let offset = (self.code.len() as u16).to_be_bytes();
            self.code[place..place + 2].copy_from_slice(&offset);
            self.code.extend(data);
        }
        self.code
    }

    fn wander(&mut self, most: u64) {
        for _ in 0..self.random.below(most + 1) {
            match self.random.below(100) {
                0..62 => self.op(),
                62..69 => self.stack(),
                69..77 => self.jump(),
                77..84 => self.store(),
                84..91 => self.precompile(),
                91..95 if self.depth > 0 => self.create(),
                95..97 => self.returned(),
                97..98 => self.destroy(),
                _ => self.op(),
            }
        }
        // Now and then something that ends it all.
        match self.random.below(300) {
            0 => self.code.push(0x56),
            1 => self.code.push(0x0c),
            2 => self.code.push(0xa4),
            3 => self.code.push(self.random.pick(&[0x5f, 0x5e, 0x5c, 0x49, 0x1e, 0x4b])),
            _ => {}
        }
    }

    /// An opcode with operands that it can do something with.
    fn op(&mut self) {
        let fork = self.targets.fork;
        let (op, operands, results, _) = loop {
            let op = self.random.pick(OPS);
            if op.3 <= fork {
                break op;
            }
        };
        for operand in operands.iter().rev() {
            self.operand(*operand);
        }
        self.code.push(op);
        self.height -= operands.len();
        self.height += usize::from(results);
        if results > 0 {
            self.result();
        }
    }

    /// Does something with the word on top: mostly it is put where the end will see it.
    fn result(&mut self) {
        match self.random.below(10) {
            0..6 => {
                self.push_u16(self.memory);
                self.memory = (self.memory + 32) % 1024;
                self.code.push(0x52);
                self.height -= 2;
            }
            6 => {
                self.operand(Slot);
                self.code.push(0x55);
                self.height -= 2;
            }
            7 => {
                self.code.push(0x50);
                self.height -= 1;
            }
            _ => {}
        }
    }

    fn operand(&mut self, operand: Operand) {
        match operand {
            Word => self.word(),
            Offset => {
                let offset = self.random.pick(&[0, 0, 1, 31, 32, 33, 64, 100, 500]);
                let offset: u64 = if self.random.below(400) == 0 { u64::MAX } else { offset };
                self.push(&offset.to_be_bytes());
            }
            Size => {
                let size = self.random.pick(&[0, 0, 1, 4, 31, 32, 33, 64, 200]);
                let size: u64 = if self.random.below(400) == 0 { 1 << 40 } else { size };
                self.push(&size.to_be_bytes());
            }
            Account => self.account(),
            Slot => {
                let few = self.random.below(6);
                let many = self.random.below(200);
                let slot = if self.random.percent(80) { few } else { many };
                self.push(&slot.to_be_bytes());
            }
            Value => match self.random.below(10) {
                0..6 => self.push(&[0]),
                6..8 => self.push(&[1]),
                _ => self.word(),
            },
            Gas => match self.random.below(10) {
                0..7 => {
                    self.code.push(0x5a);
                    self.height += 1;
                }
                _ => {
                    let gas = self.random.pick(&[0, 1, 100, 700, 2300, 3000, 30_000, u64::MAX]);
                    self.push(&gas.to_be_bytes());
                }
            },
            Block => {
                let back = self.random.pick(&[0, 1, 1, 2, 3, 5, 10, 40, 255, 256, 257]);
                self.push_u16(back);
                self.code.extend([0x43, 0x03]);
            }
            Few => {
                let few = self.random.pick(&[0, 1, 2, 3, 7, 15, 31, 32, 33, 255]);
                self.push_u16(few);
            }
        }
    }

    fn word(&mut self) {
        match self.random.below(12) {
            0 => self.push(&[0; 32]),
            1 => self.push(&[1]),
            2 => self.push(&[0xff; 32]),
            3 => {
                let mut least = [0; 32];
                least[0] = 0x80;
                self.push(&least);
            }
            4..7 => {
                let length = self.random.within(1, 32) as usize;
                let bytes = self.random.bytes(length);
                self.push(&bytes);
            }
            7 => {
                let at = self.random.pick(&[0, 0, 32, 64]);
                self.push(&[at]);
                self.code.push(0x35);
            }
            8..10 if self.height > 0 => {
                let depth = self.random.place(self.height.min(16));
                self.code.push(0x80 + depth as u8);
                self.height += 1;
            }
            _ => {
                let small = self.random.below(300);
                self.push(&small.to_be_bytes());
            }
        }
    }

    fn account(&mut self) {
        if self.random.percent(10) {
            self.code.push(self.random.pick(&[0x30, 0x33, 0x32, 0x41]));
            self.height += 1;
            return;
        }
        let address = self.targets.any(self.random);
        self.push(address.as_slice());
    }

    /// Pushes a number, its leading zeros left away, or some of them.
    fn push(&mut self, bytes: &[u8]) {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1);
        let zeros = if self.random.percent(90) { zeros } else { self.random.place(zeros + 1) };
        let bytes = &bytes[zeros..];
        self.code.push(0x5f + bytes.len() as u8);
        self.code.extend(bytes);
        self.height += 1;
    }

    fn push_u16(&mut self, number: u16) {
        self.code.push(0x61);
        self.code.extend(number.to_be_bytes());
        self.height += 1;
    }

    /// Words of all lengths, and one that is copied or moved over them.
    fn stack(&mut self) {
        let count = self.random.within(1, 17) as usize;
        for _ in 0..count {
            let length = self.random.within(1, 32) as usize;
            let bytes = self.random.bytes(length);
            self.code.push(0x5f + length as u8);
            self.code.extend(bytes);
        }
        self.height += count;
        if count > 1 && self.random.percent(50) {
            self.code.push(0x90 + count as u8 - 2);
        } else if count < 17 {
            self.code.push(0x80 + count as u8 - 1);
            self.height += 1;
        }
        self.result();
    }

    /// A way round some statement, or a short loop.
    fn jump(&mut self) {
        if self.random.percent(30) {
            let times = self.random.within(1, 6) as u8;
            self.code.extend([0x60, times, 0x5b]);
            let start = self.code.len() as u16 - 1;
            // The counter is also the slot, or what it holds.
            let store: &[u8] = match self.random.below(4) {
                0 => &[0x80, 0x80, 0x55],
                1 => &[0x60, 0, 0x81, 0x55],
                2 => &[0x80, 0x40, 0x60, 0, 0x52],
                _ => &[0x80, 0x60, 0, 0x52],
            };
            self.code.extend(store);
            self.code.extend([0x60, 1, 0x90, 0x03, 0x80, 0x61]);
            self.code.extend(start.to_be_bytes());
            self.code.extend([0x57, 0x50]);
            return;
        }
        let conditional = self.random.percent(70);
        if conditional {
            self.word();
        }
        self.code.push(0x61);
        let place = self.code.len();
        self.code.extend([0, 0, if conditional { 0x57 } else { 0x56 }]);
        let before = self.height - usize::from(conditional);
        self.height = before;
        if self.random.percent(70) {
            self.op();
        } else {
            self.code.push(0xfe);
        }
        // Either way has led here with no less than this.
        self.height = before.min(self.height);
        let target = self.code.len() as u16 + u16::from(self.random.below(200) == 0);
        self.code[place..place + 2].copy_from_slice(&target.to_be_bytes());
        self.code.push(0x5b);
    }

    /// Sets slots in a row, or clears them.
    fn store(&mut self) {
        let first = self.random.below(300);
        let value = self.random.pick(&[0, 0, 1, 2]);
        for slot in first..first + self.random.within(1, 6) {
            self.push(&[value]);
            self.push(&slot.to_be_bytes());
            self.code.push(0x55);
            self.height -= 2;
        }
    }

    /// Copies data that lies behind the code to the start of memory.
    fn copy(&mut self, data: Vec<u8>) {
        self.push_u16(data.len() as u16);
        self.code.push(0x61);
        self.data.push((self.code.len(), data));
        self.code.extend([0, 0, 0x60, 0, 0x39]);
        self.height -= 1;
    }

    /// Calls a precompile with input that it likes, or not quite.
    fn precompile(&mut self) {
        let (address, input, gas) = self.targets.precompile(self.random);
        let length = input.len().min(4000) as u16;
        self.copy(input[..usize::from(length)].to_vec());
        let kind = self.random.pick(&[0xf1, 0xf2, 0xf4, 0xfa, 0xfa]);
        let room = self.random.pick(&[0, 32, 64, 128]);
        self.push_u16(room);
        self.push_u16(self.memory);
        self.push_u16(length);
        self.push_u16(0);
        if kind < 0xf4 {
            self.operand(Value);
        }
        self.push(address.as_slice());
        self.push(&gas.to_be_bytes());
        self.code.push(kind);
        self.height -= if kind < 0xf4 { 6 } else { 5 };
        self.result();
        self.returned();
    }

    fn create(&mut self) {
        let data = creation(self.random, self.targets, self.depth - 1);
        let length = data.len() as u16;
        self.copy(data);
        let again = self.random.percent(40);
        let second = self.random.percent(50);
        if second {
            // Few salts: the same contract is made again, here or in another block.
            let salt = u8::from(self.random.percent(30));
            self.push(&[salt]);
        }
        self.push_u16(length);
        self.push_u16(0);
        self.operand(Value);
        self.code.push(if second { 0xf5 } else { 0xf0 });
        self.height -= if second { 3 } else { 2 };
        if again {
            // Calls what was made.
            self.code.push(0x80);
            self.height += 1;
            for _ in 0..4 {
                self.push(&[0]);
            }
            self.code.extend([0x84, 0x5a, 0xfa, 0x50, 0x50]);
            self.height -= 5;
        }
        self.result();
    }

    /// Copies what a call has returned: at most all of it, but seldom.
    fn returned(&mut self) {
        if self.random.percent(3) {
            self.code.extend([0x60, 1]);
        } else {
            self.code.extend([0x60, 0]);
        }
        self.code.extend([0x3d, 0x01, 0x60, 0, 0x61]);
        self.code.extend(self.memory.to_be_bytes());
        self.code.push(0x3e);
    }

    /// Ends the contract if the calldata says so.
    fn destroy(&mut self) {
        self.code.extend([0x60, 0, 0x35, 0x60, 3, 0x16, 0x15, 0x61]);
        let place = self.code.len();
        self.code.extend([0, 0, 0x57]);
        self.account();
        self.height -= 1;
        self.code.push(0xff);
        let target = self.code.len() as u16;
        self.code[place..place + 2].copy_from_slice(&target.to_be_bytes());
        self.code.push(0x5b);
    }

    /// What is in memory becomes a log or a slot, and what comes back.
    fn end(&mut self) {
        match self.random.below(3) {
            0 => self.code.extend([0x59, 0x60, 0, 0xa0]),
            1 => self.code.extend([0x59, 0x60, 0, 0x20, 0x60, 7, 0x55]),
            _ => {}
        }
        match self.random.below(20) {
            0..8 => self.code.extend([0x60, 64, 0x60, 0, 0xf3]),
            8..11 => self.code.extend([0x60, 40, 0x60, 0, 0xfd]),
            11 => self.code.push(0xfe),
            12 => {
                self.account();
                self.code.push(0xff);
            }
            13..15 => {}
            _ => self.code.push(0x00),
        }
    }

    fn return_code(&mut self, code: &[u8]) {
        let length = code.len() as u16;
        self.copy(code.to_vec());
        self.code.push(0x61);
        self.code.extend(length.to_be_bytes());
        self.code.extend([0x60, 0, 0xf3]);
    }

    fn return_zeros(&mut self, length: u16) {
        self.code.push(0x61);
        self.code.extend(length.to_be_bytes());
        self.code.extend([0x61, 0x10, 0, 0xf3]);
    }
}

/// Code that forwards all of its calldata to an account: with `delegate`, as its own.
pub(super) fn forwarder(target: Address, delegate: bool) -> Vec<u8> {
    let mut code = vec![0x36, 0x60, 0, 0x60, 0, 0x37, 0x60, 0, 0x60, 0, 0x36, 0x60, 0];
    if !delegate {
        code.push(0x34);
    }
    code.push(0x73);
    code.extend(target);
    code.extend([0x5a, if delegate { 0xf4 } else { 0xf1 }, 0x60, 0, 0x55, 0x00]);
    code
}
