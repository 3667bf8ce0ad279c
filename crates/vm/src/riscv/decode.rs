//! Instructions of RV64IMA, decoded.
//!
//! Every 32-bit word decodes: what asterisc stops at becomes an operation that stops (V25), so that a page of data can be
//! decoded beside the code on it. Where asterisc looks at fewer bits of an encoding than the RISC-V manual does, so does
//! this (V22).

use super::Revert;
use crate::{Decode, profile::Turn};

/// An instruction: an operation and what it works on.
///
/// What a field means depends on the operation; `rd` is never 0, see [`SINK`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub op: Op,
    pub rd: u8,
    pub rs1: u8,
    pub rs2: u8,
    /// The sign-extended immediate; of a [`Op::Revert`] the position of its code in [`Revert::ALL`].
    pub imm: i32,
}

/// The register that takes what is written to `x0`.
pub(super) const SINK: u8 = 32;

/// Operations. Names are those of the RISC-V manual's instructions, and of what asterisc makes of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Op {
    Lb,
    Lh,
    Lw,
    Ld,
    Lbu,
    Lhu,
    Lwu,
    Sb,
    Sh,
    Sw,
    Sd,
    Beq,
    Bne,
    Blt,
    Bge,
    Bltu,
    Bgeu,
    /// A branch that is never taken.
    Never,
    Addi,
    Slli,
    Slti,
    Sltiu,
    Xori,
    Srli,
    Srai,
    Ori,
    Andi,
    Addiw,
    Slliw,
    Srliw,
    Sraiw,
    Add,
    Sub,
    Sll,
    Slt,
    Sltu,
    Xor,
    Srl,
    Sra,
    Or,
    And,
    Mul,
    Mulh,
    Mulhsu,
    Mulhu,
    Div,
    Divu,
    Rem,
    Remu,
    Addw,
    Subw,
    Sllw,
    Srlw,
    Sraw,
    Mulw,
    Divw,
    Divuw,
    Remw,
    Remuw,
    Lui,
    Auipc,
    Jal,
    Jalr,
    LrW,
    LrD,
    ScW,
    ScD,
    /// An atomic operation; which one, `imm` says (the word's upper five bits).
    AmoW,
    AmoD,
    Ecall,
    /// A control and status register's instruction: `rd` becomes 0.
    Csr,
    /// Fences, breakpoints, floating point: nothing happens.
    Nop,
    Revert,
}

impl Decode for Instruction {
    fn decode(word: u32) -> Self {
        let rd = match (word >> 7 & 31) as u8 {
            0 => SINK,
            rd => rd,
        };
        let op = operation(word);
        let imm = match op {
            Err(code) => code as i32,
            Ok(Op::AmoW | Op::AmoD) => (word >> 27) as i32,
            Ok(Op::Srli | Op::Srai | Op::Slli) => (word >> 20 & 63) as i32,
            Ok(Op::Srliw | Op::Sraiw | Op::Slliw) => (word >> 20 & 31) as i32,
            _ => immediate(word),
        };
        let op = match op {
            Ok(op) => op,
            Err(_) => Op::Revert,
        };
        Self { op, rd, rs1: (word >> 15 & 31) as u8, rs2: (word >> 20 & 31) as u8, imm }
    }
}

impl Instruction {
    /// What the instruction means for calls: those that keep or use the return address in `x1`.
    pub(super) const fn turn(self) -> Turn {
        match (self.op, self.rd, self.rs1) {
            (Op::Jal | Op::Jalr, 1, _) => Turn::Call,
            (Op::Jalr, SINK, 1) => Turn::Return,
            _ => Turn::None,
        }
    }
}

/// The immediate of a word, by its opcode; that of types U and J is shifted to its place.
const fn immediate(word: u32) -> i32 {
    let signed = word as i32;
    match word & 0x7f {
        // S
        0x23 => signed >> 25 << 5 | (word >> 7 & 31) as i32,
        // B
        0x63 => {
            let sign = signed >> 31 << 12;
            sign | ((word >> 7 & 1) << 11 | (word >> 25 & 63) << 5 | (word >> 8 & 15) << 1) as i32
        }
        // U
        0x37 | 0x17 => (word & 0xffff_f000) as i32,
        // J
        0x6f => {
            let sign = signed >> 31 << 20;
            sign | (word & 0xf_f000 | (word >> 20 & 1) << 11 | (word >> 21 & 0x3ff) << 1) as i32
        }
        // I
        _ => signed >> 20,
    }
}

/// The operation of a word, or the code that it stops with.
const fn operation(word: u32) -> Result<Op, Revert> {
    let funct3 = word >> 12 & 7;
    Ok(match word & 0x7f {
        0x03 => match funct3 {
            0 => Op::Lb,
            1 => Op::Lh,
            2 => Op::Lw,
            3 => Op::Ld,
            4 => Op::Lbu,
            5 => Op::Lhu,
            6 => Op::Lwu,
            _ => return Err(Revert::IllegalInstruction),
        },
        0x23 => match funct3 {
            0 => Op::Sb,
            1 => Op::Sh,
            2 => Op::Sw,
            3 => Op::Sd,
            _ => return Err(Revert::StoreExceeds8Bytes),
        },
        0x63 => match funct3 {
            0 => Op::Beq,
            1 => Op::Bne,
            4 => Op::Blt,
            5 => Op::Bge,
            6 => Op::Bltu,
            7 => Op::Bgeu,
            _ => Op::Never,
        },
        0x13 => return immediate_operation(word),
        0x1b => return immediate_operation_32(word),
        0x33 => return register_operation(word),
        0x3b => return register_operation_32(word),
        0x37 => Op::Lui,
        0x17 => Op::Auipc,
        0x6f => Op::Jal,
        0x67 => Op::Jalr,
        0x73 if funct3 != 0 => Op::Csr,
        0x73 if word >> 20 == 0 => Op::Ecall,
        0x2f => return atomic_operation(word),
        // Breakpoints; fences; loads, stores and arithmetic of floating point.
        0x73 | 0x0f | 0x07 | 0x27 | 0x53 => Op::Nop,
        _ => return Err(Revert::UnknownOpcode),
    })
}

const fn immediate_operation(word: u32) -> Result<Op, Revert> {
    Ok(match word >> 12 & 7 {
        0 => Op::Addi,
        // The bits above the shift's six are not looked at.
        1 => Op::Slli,
        2 => Op::Slti,
        3 => Op::Sltiu,
        4 => Op::Xori,
        5 => match word >> 26 {
            0 => Op::Srli,
            0x10 => Op::Srai,
            _ => return Err(Revert::IllegalInstruction),
        },
        6 => Op::Ori,
        _ => Op::Andi,
    })
}

const fn immediate_operation_32(word: u32) -> Result<Op, Revert> {
    Ok(match (word >> 12 & 7, word >> 25) {
        (0, _) => Op::Addiw,
        // Of the bits above the shift's five only the first is looked at.
        (1, funct7) if funct7 & 1 == 0 => Op::Slliw,
        (5, 0) => Op::Srliw,
        (5, 0x20) => Op::Sraiw,
        _ => return Err(Revert::IllegalInstruction),
    })
}

const fn register_operation(word: u32) -> Result<Op, Revert> {
    // Only additions and shifts to the right look at the upper bits, but for multiplication's.
    Ok(match (word >> 12 & 7, word >> 25) {
        (0, 1) => Op::Mul,
        (1, 1) => Op::Mulh,
        (2, 1) => Op::Mulhsu,
        (3, 1) => Op::Mulhu,
        (4, 1) => Op::Div,
        (5, 1) => Op::Divu,
        (6, 1) => Op::Rem,
        (7, 1) => Op::Remu,
        (0, 0) => Op::Add,
        (0, 0x20) => Op::Sub,
        (1, _) => Op::Sll,
        (2, _) => Op::Slt,
        (3, _) => Op::Sltu,
        (4, _) => Op::Xor,
        (5, 0) => Op::Srl,
        (5, 0x20) => Op::Sra,
        (6, _) => Op::Or,
        (7, _) => Op::And,
        _ => return Err(Revert::IllegalInstruction),
    })
}

const fn register_operation_32(word: u32) -> Result<Op, Revert> {
    Ok(match (word >> 12 & 7, word >> 25) {
        (0, 1) => Op::Mulw,
        (4, 1) => Op::Divw,
        (5, 1) => Op::Divuw,
        (6, 1) => Op::Remw,
        (7, 1) => Op::Remuw,
        (_, 1) => return Err(Revert::IllegalInstruction),
        (0, 0) => Op::Addw,
        (0, 0x20) => Op::Subw,
        (1, _) => Op::Sllw,
        (5, 0) => Op::Srlw,
        (5, 0x20) => Op::Sraw,
        _ => return Err(Revert::IllegalInstruction),
    })
}

const fn atomic_operation(word: u32) -> Result<Op, Revert> {
    Ok(match (word >> 12 & 7, word >> 27) {
        (2, 2) => Op::LrW,
        (3, 2) => Op::LrD,
        (2, 3) => Op::ScW,
        (3, 3) => Op::ScD,
        (2, _) => Op::AmoW,
        (3, _) => Op::AmoD,
        _ => return Err(Revert::BadAtomicSize),
    })
}
