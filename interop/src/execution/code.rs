//! Code of contracts by chance: it wanders over all opcodes and seldom runs out of stack.

use super::{
    opcode::{self as op, Op, Operand},
    targets::Targets,
};
use crate::random::Random;
use Operand::{Account, Block, Few, Gas, Offset, Size, Slot, Value, Word};
use alloy_primitives::Address;
use std::mem;

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
            program.emit(op::SELFDESTRUCT);
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

/// Bytes that are no opcodes.
const UNASSIGNED: [u8; 2] = [0x0c, 0x4b];

/// A place in memory that nothing has written to.
const UNTOUCHED: u16 = 0x1000;

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
        for (place, data) in mem::take(&mut self.data) {
            let offset = self.code.len() as u16;
            self.fill(place, offset);
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
            0 => self.code.push(op::JUMP.byte),
            1 => self.code.push(UNASSIGNED[0]),
            2 => self.code.push(op::LOG4.byte),
            3 => {
                // Later forks bring these.
                let later = [op::PUSH0, op::MCOPY, op::TLOAD, op::BLOBHASH, op::CLZ].map(|op| op.byte);
                self.code.push(self.random.pick(&[&later[..], &UNASSIGNED[1..]].concat()));
            }
            _ => {}
        }
    }

    /// An opcode with operands that it can do something with.
    fn op(&mut self) {
        let op = loop {
            let op = self.random.pick(op::ANYWHERE);
            if op.since <= self.targets.fork {
                break op;
            }
        };
        for operand in op.takes.iter().rev() {
            self.operand(*operand);
        }
        self.emit(op);
        if op.leaves > 0 {
            self.result();
        }
    }

    /// Writes an opcode whose operands are on the stack.
    fn emit(&mut self, op: Op) {
        self.code.push(op.byte);
        self.height = self.height - op.takes.len() + op.leaves;
    }

    /// Does something with the word on top: mostly it is put where the end will see it.
    fn result(&mut self) {
        match self.random.below(10) {
            0..6 => {
                self.push2(self.memory);
                self.memory = (self.memory + 32) % 1024;
                self.emit(op::MSTORE);
            }
            6 => {
                self.operand(Slot);
                self.emit(op::SSTORE);
            }
            7 => self.emit(op::POP),
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
                0..7 => self.emit(op::GAS),
                _ => {
                    let gas = self.random.pick(&[0, 1, 100, 700, 2300, 3000, 30_000, u64::MAX]);
                    self.push(&gas.to_be_bytes());
                }
            },
            Block => {
                let back = self.random.pick(&[0, 1, 1, 2, 3, 5, 10, 40, 255, 256, 257]);
                self.push2(back);
                self.emit(op::NUMBER);
                self.emit(op::SUB);
            }
            Few => {
                let few = self.random.pick(&[0, 1, 2, 3, 7, 15, 31, 32, 33, 255]);
                self.push2(few);
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
                self.emit(op::CALLDATALOAD);
            }
            8..10 if self.height > 0 => {
                let depth = self.random.place(self.height.min(16));
                self.dup(depth + 1);
            }
            _ => {
                let small = self.random.below(300);
                self.push(&small.to_be_bytes());
            }
        }
    }

    fn account(&mut self) {
        if self.random.percent(10) {
            let op = self.random.pick(&[op::ADDRESS, op::CALLER, op::ORIGIN, op::COINBASE]);
            return self.emit(op);
        }
        let address = self.targets.any(self.random);
        self.push(address.as_slice());
    }

    /// Pushes a number, its leading zeros left away, or some of them.
    fn push(&mut self, bytes: &[u8]) {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1);
        let zeros = if self.random.percent(90) { zeros } else { self.random.place(zeros + 1) };
        self.push_all(&bytes[zeros..]);
    }

    /// Pushes 1 to 32 bytes as they are.
    fn push_all(&mut self, bytes: &[u8]) {
        self.code.push(op::PUSH1 + bytes.len() as u8 - 1);
        self.code.extend(bytes);
        self.height += 1;
    }

    fn push1(&mut self, byte: u8) {
        self.push_all(&[byte]);
    }

    fn push2(&mut self, number: u16) {
        self.push_all(&number.to_be_bytes());
    }

    /// Pushes a place in the code that is yet to be filled in.
    fn push_place(&mut self) -> usize {
        self.push2(0);
        self.code.len() - 2
    }

    /// Fills in what [`Self::push_place`] has pushed.
    fn fill(&mut self, place: usize, target: u16) {
        self.code[place..place + 2].copy_from_slice(&target.to_be_bytes());
    }

    /// Copies the word at a depth to the top, which is at depth 1.
    fn dup(&mut self, depth: usize) {
        self.code.push(op::DUP1 + depth as u8 - 1);
        self.height += 1;
    }

    /// Exchanges the word on top with the one so far below it.
    fn swap(&mut self, distance: usize) {
        self.code.push(op::SWAP1 + distance as u8 - 1);
    }

    /// Words of all lengths, and one that is copied or moved over them.
    fn stack(&mut self) {
        let count = self.random.within(1, 17) as usize;
        for _ in 0..count {
            let length = self.random.within(1, 32) as usize;
            let bytes = self.random.bytes(length);
            self.push_all(&bytes);
        }
        if count > 1 && self.random.percent(50) {
            self.swap(count - 1);
        } else if count < 17 {
            self.dup(count);
        }
        self.result();
    }

    /// A way round some statement, or a short loop.
    fn jump(&mut self) {
        if self.random.percent(30) {
            let times = self.random.within(1, 6) as u8;
            return self.repeat(times);
        }
        let jump = if self.random.percent(70) { op::JUMPI } else { op::JUMP };
        if jump.takes.len() > 1 {
            self.word();
        }
        let place = self.push_place();
        self.emit(jump);
        let before = self.height;
        if self.random.percent(70) {
            self.op();
        } else {
            self.emit(op::INVALID);
        }
        // Either way has led here with no less than this.
        self.height = before.min(self.height);
        let target = self.code.len() as u16 + u16::from(self.random.below(200) == 0);
        self.fill(place, target);
        self.emit(op::JUMPDEST);
    }

    /// A loop whose counter is also the slot, or what it holds.
    fn repeat(&mut self, times: u8) {
        self.push1(times);
        let start = self.code.len() as u16;
        self.emit(op::JUMPDEST);
        match self.random.below(4) {
            0 => {
                self.dup(1);
                self.dup(1);
                self.emit(op::SSTORE);
            }
            1 => {
                self.push1(0);
                self.dup(2);
                self.emit(op::SSTORE);
            }
            kind => {
                self.dup(1);
                if kind == 2 {
                    self.emit(op::BLOCKHASH);
                }
                self.push1(0);
                self.emit(op::MSTORE);
            }
        }
        self.push1(1);
        self.swap(1);
        self.emit(op::SUB);
        self.dup(1);
        self.push2(start);
        self.emit(op::JUMPI);
        self.emit(op::POP);
    }

    /// Sets slots in a row, or clears them.
    fn store(&mut self) {
        let first = self.random.below(300);
        let value = self.random.pick(&[0, 0, 1, 2]);
        for slot in first..first + self.random.within(1, 6) {
            self.push(&[value]);
            self.push(&slot.to_be_bytes());
            self.emit(op::SSTORE);
        }
    }

    /// Copies data that lies behind the code to the start of memory.
    fn copy(&mut self, data: Vec<u8>) {
        self.push2(data.len() as u16);
        let place = self.push_place();
        self.data.push((place, data));
        self.push1(0);
        self.emit(op::CODECOPY);
    }

    /// Calls a precompile with input that it likes, or not quite.
    fn precompile(&mut self) {
        let (address, input, gas) = self.targets.precompile(self.random);
        let length = input.len().min(4000) as u16;
        self.copy(input[..usize::from(length)].to_vec());
        let call = self.random.pick(&[op::CALL, op::CALLCODE, op::DELEGATECALL, op::STATICCALL, op::STATICCALL]);
        let room = self.random.pick(&[0, 32, 64, 128]);
        for number in [room, self.memory, length, 0] {
            self.push2(number);
        }
        if call.takes.len() == op::CALL.takes.len() {
            self.operand(Value);
        }
        self.push(address.as_slice());
        self.push(&gas.to_be_bytes());
        self.emit(call);
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
        self.push2(length);
        self.push2(0);
        self.operand(Value);
        self.emit(if second { op::CREATE2 } else { op::CREATE });
        if again {
            // Calls what was made.
            self.dup(1);
            for _ in 0..4 {
                self.push(&[0]);
            }
            self.dup(5);
            self.emit(op::GAS);
            self.emit(op::STATICCALL);
            self.emit(op::POP);
            self.emit(op::POP);
        }
        self.result();
    }

    /// Copies what a call has returned: at most all of it, but seldom.
    fn returned(&mut self) {
        let surplus = u8::from(self.random.percent(3));
        self.push1(surplus);
        self.emit(op::RETURNDATASIZE);
        self.emit(op::ADD);
        self.push1(0);
        self.push2(self.memory);
        self.emit(op::RETURNDATACOPY);
    }

    /// Ends the contract if the calldata says so.
    fn destroy(&mut self) {
        self.push1(0);
        self.emit(op::CALLDATALOAD);
        self.push1(3);
        self.emit(op::AND);
        self.emit(op::ISZERO);
        let place = self.push_place();
        self.emit(op::JUMPI);
        self.account();
        self.emit(op::SELFDESTRUCT);
        let target = self.code.len() as u16;
        self.fill(place, target);
        self.emit(op::JUMPDEST);
    }

    /// What is in memory becomes a log or a slot, and what comes back.
    fn end(&mut self) {
        match self.random.below(3) {
            0 => {
                self.emit(op::MSIZE);
                self.push1(0);
                self.emit(op::LOG0);
            }
            1 => {
                self.emit(op::MSIZE);
                self.push1(0);
                self.emit(op::KECCAK256);
                self.push1(7);
                self.emit(op::SSTORE);
            }
            _ => {}
        }
        match self.random.below(20) {
            0..8 => {
                self.push1(64);
                self.push1(0);
                self.emit(op::RETURN);
            }
            8..11 => {
                self.push1(40);
                self.push1(0);
                self.emit(op::REVERT);
            }
            11 => self.emit(op::INVALID),
            12 => {
                self.account();
                self.emit(op::SELFDESTRUCT);
            }
            13..15 => {}
            _ => self.emit(op::STOP),
        }
    }

    fn return_code(&mut self, code: &[u8]) {
        self.copy(code.to_vec());
        self.push2(code.len() as u16);
        self.push1(0);
        self.emit(op::RETURN);
    }

    fn return_zeros(&mut self, length: u16) {
        self.push2(length);
        self.push2(UNTOUCHED);
        self.emit(op::RETURN);
    }
}

/// Code that forwards all of its calldata to an account: with `delegate`, as its own.
pub(super) fn forwarder(target: Address, delegate: bool) -> Vec<u8> {
    let mut code = vec![op::CALLDATASIZE.byte, op::PUSH1, 0, op::PUSH1, 0, op::CALLDATACOPY.byte];
    code.extend([op::PUSH1, 0, op::PUSH1, 0, op::CALLDATASIZE.byte, op::PUSH1, 0]);
    if !delegate {
        code.push(op::CALLVALUE.byte);
    }
    code.push(op::PUSH1 + 19);
    code.extend(target);
    code.extend([op::GAS.byte, if delegate { op::DELEGATECALL.byte } else { op::CALL.byte }, op::PUSH1, 0]);
    code.extend([op::SSTORE.byte, op::STOP.byte]);
    code
}
