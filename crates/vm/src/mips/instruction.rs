//! Instructions, decoded.

use super::thread::Registers;
use crate::{Decode, profile::Turn};

/// An instruction in the form that it is executed in. Which fields count, the operation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub op: Op,
    /// The first source register.
    pub s: u8,
    /// The second source register.
    pub t: u8,
    /// The register that is written: for $0 one that nothing reads.
    pub d: u8,
    /// A constant: an immediate value, extended as the operation wants it, a shift's amount, a branch's way from its own
    /// address, a jump's low 28 bits.
    pub immediate: i32,
}

/// What an instruction does. Those with one effect have one name: nothing traps on overflow here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "these are the architecture's mnemonics")]
pub enum Op {
    /// A shift into $0.
    Nop,
    Sll,
    Srl,
    Sra,
    Sllv,
    Srlv,
    Srav,
    Dsll,
    Dsrl,
    Dsra,
    Dsllv,
    Dsrlv,
    Dsrav,
    Addu,
    Subu,
    Daddu,
    Dsubu,
    And,
    Or,
    Xor,
    Nor,
    Slt,
    Sltu,
    Addiu,
    Daddiu,
    Slti,
    Sltiu,
    Andi,
    Ori,
    Xori,
    Lui,
    Movz,
    Movn,
    /// Copies its source, which the architecture knows nothing of.
    Sync,
    Mfhi,
    Mthi,
    Mflo,
    Mtlo,
    Mult,
    Multu,
    Div,
    Divu,
    Dmult,
    Dmultu,
    Ddiv,
    Ddivu,
    Mul,
    Clz,
    Clo,
    Dclz,
    Dclo,
    J,
    Jal,
    Jr,
    Jalr,
    Beq,
    Bne,
    Blez,
    Bgtz,
    Bltz,
    Bgez,
    Bltzal,
    Bgezal,
    /// A branch on a condition that the machine doesn't know: never taken.
    BranchNever,
    Lb,
    Lbu,
    Lh,
    Lhu,
    Lw,
    Lwu,
    Lwl,
    Lwr,
    Ld,
    Ldl,
    Ldr,
    Sb,
    Sh,
    Sw,
    Swl,
    Swr,
    Sd,
    Sdl,
    Sdr,
    Ll,
    Lld,
    Sc,
    Scd,
    Syscall,
    Invalid,
}

impl Op {
    /// Whether the next instruction but one may be elsewhere than behind the next.
    pub const fn is_branch(self) -> bool {
        self as u8 >= Self::J as u8 && self as u8 <= Self::BranchNever as u8
    }
}

impl Instruction {
    /// What the instruction means for calls: they link in $31, and return by it.
    pub(super) const fn turn(self) -> Turn {
        match (self.op, self.s, self.d) {
            (Op::Jal | Op::Bltzal | Op::Bgezal, ..) | (Op::Jalr, _, 31) => Turn::Call,
            (Op::Jr, 31, _) => Turn::Return,
            _ => Turn::None,
        }
    }
}

impl Decode for Instruction {
    fn decode(instruction: u32) -> Self {
        let opcode = instruction >> 26;
        let [s, t, d] = [21, 16, 11].map(|shift| (instruction >> shift & 31) as u8);
        let signed = i32::from(instruction as i16);
        let (op, destination, immediate) = match opcode {
            0x00 => {
                let (op, immediate) = special(instruction);
                (op, if op == Op::Jr { 0 } else { d }, immediate)
            }
            0x01 => (branch(t), 31, signed * 4 + 4),
            0x02 => (Op::J, 0, (instruction << 6 >> 4) as i32),
            0x03 => (Op::Jal, 31, (instruction << 6 >> 4) as i32),
            0x04 => (Op::Beq, 0, signed * 4 + 4),
            0x05 => (Op::Bne, 0, signed * 4 + 4),
            0x06 => (Op::Blez, 0, signed * 4 + 4),
            0x07 => (Op::Bgtz, 0, signed * 4 + 4),
            0x0c..=0x0e => (with_immediate(opcode), t, i32::from(instruction as u16)),
            0x0f => (Op::Lui, t, signed << 16),
            0x1c => (special2(instruction), d, 0),
            _ => (with_immediate(opcode), t, signed),
        };
        let d = if destination == 0 { Registers::NOWHERE } else { destination };
        let op = if op == Op::Sll && destination == 0 { Op::Nop } else { op };
        Self { op, s, t, d, immediate }
    }
}

/// Opcode 0: the function is in the low six bits.
fn special(instruction: u32) -> (Op, i32) {
    let amount = (instruction >> 6 & 31) as i32;
    let op = match instruction & 0x3f {
        0x00 => Op::Sll,
        0x02 => Op::Srl,
        0x03 => Op::Sra,
        0x04 => Op::Sllv,
        0x06 => Op::Srlv,
        0x07 => Op::Srav,
        0x08 => Op::Jr,
        0x09 => Op::Jalr,
        0x0a => Op::Movz,
        0x0b => Op::Movn,
        0x0c => Op::Syscall,
        0x0f => Op::Sync,
        0x10 => Op::Mfhi,
        0x11 => Op::Mthi,
        0x12 => Op::Mflo,
        0x13 => Op::Mtlo,
        0x14 => Op::Dsllv,
        0x16 => Op::Dsrlv,
        0x17 => Op::Dsrav,
        0x18 => Op::Mult,
        0x19 => Op::Multu,
        0x1a => Op::Div,
        0x1b => Op::Divu,
        0x1c => Op::Dmult,
        0x1d => Op::Dmultu,
        0x1e => Op::Ddiv,
        0x1f => Op::Ddivu,
        0x20 | 0x21 => Op::Addu,
        0x22 | 0x23 => Op::Subu,
        0x24 => Op::And,
        0x25 => Op::Or,
        0x26 => Op::Xor,
        0x27 => Op::Nor,
        0x2a => Op::Slt,
        0x2b => Op::Sltu,
        0x2c | 0x2d => Op::Daddu,
        0x2e | 0x2f => Op::Dsubu,
        0x38 => Op::Dsll,
        0x3a => Op::Dsrl,
        0x3b => Op::Dsra,
        0x3c => return (Op::Dsll, amount + 32),
        0x3e => return (Op::Dsrl, amount + 32),
        0x3f => return (Op::Dsra, amount + 32),
        _ => Op::Invalid,
    };
    (op, amount)
}

/// Opcode 1: the condition is where the second source register would be.
const fn branch(condition: u8) -> Op {
    match condition {
        0x00 => Op::Bltz,
        0x01 => Op::Bgez,
        0x10 => Op::Bltzal,
        0x11 => Op::Bgezal,
        _ => Op::BranchNever,
    }
}

/// Opcode 0x1c.
const fn special2(instruction: u32) -> Op {
    match instruction & 0x3f {
        0x02 => Op::Mul,
        0x20 => Op::Clz,
        0x21 => Op::Clo,
        0x24 => Op::Dclz,
        0x25 => Op::Dclo,
        _ => Op::Invalid,
    }
}

/// Opcodes that stand for one operation with an immediate value.
const fn with_immediate(opcode: u32) -> Op {
    match opcode {
        0x08 | 0x09 => Op::Addiu,
        0x0a => Op::Slti,
        0x0b => Op::Sltiu,
        0x0c => Op::Andi,
        0x0d => Op::Ori,
        0x0e => Op::Xori,
        0x18 | 0x19 => Op::Daddiu,
        0x1a => Op::Ldl,
        0x1b => Op::Ldr,
        0x20 => Op::Lb,
        0x21 => Op::Lh,
        0x22 => Op::Lwl,
        0x23 => Op::Lw,
        0x24 => Op::Lbu,
        0x25 => Op::Lhu,
        0x26 => Op::Lwr,
        0x27 => Op::Lwu,
        0x28 => Op::Sb,
        0x29 => Op::Sh,
        0x2a => Op::Swl,
        0x2b => Op::Sw,
        0x2c => Op::Sdl,
        0x2d => Op::Sdr,
        0x2e => Op::Swr,
        0x30 => Op::Ll,
        0x34 => Op::Lld,
        0x37 => Op::Ld,
        0x38 => Op::Sc,
        0x3c => Op::Scd,
        0x3f => Op::Sd,
        _ => Op::Invalid,
    }
}
