//! What each instruction does, but for system calls (V22).

use super::{
    Registers, Revert,
    decode::{Instruction, Op},
};
use crate::Words;

/// Why an instruction did not come to its end. Nothing of the state has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trap<E> {
    /// It is a system call.
    System,
    /// It reverts.
    Revert(Revert),
    /// A word of memory can't be had.
    Memory(E),
}

impl<E> From<E> for Trap<E> {
    fn from(error: E) -> Self {
        Self::Memory(error)
    }
}

/// Where a program goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Behind the instruction.
    Next,
    /// At this address.
    Jump(u64),
}

/// Executes an instruction at `pc`.
///
/// Inlined twice: into the loop over decoded pages, and into the step that is proven.
#[inline(always)]
pub(super) fn execute<W: Words>(
    instruction: Instruction,
    pc: u64,
    registers: &mut Registers,
    memory: &mut W,
) -> Result<Flow, Trap<W::Error>> {
    let Instruction { op, rd, rs1, rs2, imm } = instruction;
    let a = registers.read(rs1);
    let b = registers.read(rs2);
    let imm = i64::from(imm) as u64;
    let address = a.wrapping_add(imm);
    let value = match op {
        Op::Lb => load::<W, 1>(memory, address)? as i8 as u64,
        Op::Lh => load::<W, 2>(memory, address)? as i16 as u64,
        Op::Lw => load::<W, 4>(memory, address)? as i32 as u64,
        Op::Ld => load::<W, 8>(memory, address)?,
        Op::Lbu => load::<W, 1>(memory, address)?,
        Op::Lhu => load::<W, 2>(memory, address)?,
        Op::Lwu => load::<W, 4>(memory, address)?,
        Op::Sb => {
            store::<W, 1>(memory, address, b)?;
            return Ok(Flow::Next);
        }
        Op::Sh => {
            store::<W, 2>(memory, address, b)?;
            return Ok(Flow::Next);
        }
        Op::Sw => {
            store::<W, 4>(memory, address, b)?;
            return Ok(Flow::Next);
        }
        Op::Sd => {
            store::<W, 8>(memory, address, b)?;
            return Ok(Flow::Next);
        }
        Op::Beq => return branch(a == b, pc, imm),
        Op::Bne => return branch(a != b, pc, imm),
        Op::Blt => return branch((a as i64) < b as i64, pc, imm),
        Op::Bge => return branch(a as i64 >= b as i64, pc, imm),
        Op::Bltu => return branch(a < b, pc, imm),
        Op::Bgeu => return branch(a >= b, pc, imm),
        Op::Never => return branch(false, pc, imm),
        Op::Addi => address,
        Op::Slli => a << (imm & 63),
        Op::Slti => u64::from((a as i64) < imm as i64),
        Op::Sltiu => u64::from(a < imm),
        Op::Xori => a ^ imm,
        Op::Srli => a >> (imm & 63),
        Op::Srai => (a as i64 >> (imm & 63)) as u64,
        Op::Ori => a | imm,
        Op::Andi => a & imm,
        Op::Addiw => word(address as u32),
        Op::Slliw => word((a as u32) << (imm & 31)),
        Op::Srliw => word(a as u32 >> (imm & 31)),
        Op::Sraiw => (a as i32 >> (imm & 31)) as u64,
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Sll => a << (b & 63),
        Op::Slt => u64::from((a as i64) < b as i64),
        Op::Sltu => u64::from(a < b),
        Op::Xor => a ^ b,
        Op::Srl => a >> (b & 63),
        Op::Sra => (a as i64 >> (b & 63)) as u64,
        Op::Or => a | b,
        Op::And => a & b,
        Op::Mul => a.wrapping_mul(b),
        Op::Mulh => ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64,
        Op::Mulhsu => ((i128::from(a as i64) * i128::from(b)) >> 64) as u64,
        Op::Mulhu => ((u128::from(a) * u128::from(b)) >> 64) as u64,
        Op::Div => divide(a as i64, b as i64) as u64,
        Op::Divu => a.checked_div(b).unwrap_or(u64::MAX),
        Op::Rem => remainder(a as i64, b as i64) as u64,
        Op::Remu => a.checked_rem(b).unwrap_or(a),
        Op::Addw => word((a as u32).wrapping_add(b as u32)),
        Op::Subw => word((a as u32).wrapping_sub(b as u32)),
        Op::Sllw => word((a as u32) << (b & 31)),
        Op::Srlw => word(a as u32 >> (b & 31)),
        Op::Sraw => (a as i32 >> (b & 31)) as u64,
        Op::Mulw => word((a as u32).wrapping_mul(b as u32)),
        Op::Divw => divide(i64::from(a as i32), i64::from(b as i32)) as i32 as u64,
        Op::Divuw => word((a as u32).checked_div(b as u32).unwrap_or(u32::MAX)),
        Op::Remw => remainder(i64::from(a as i32), i64::from(b as i32)) as u64,
        Op::Remuw => word((a as u32).checked_rem(b as u32).unwrap_or(a as u32)),
        Op::Lui => imm,
        Op::Auipc => pc.wrapping_add(imm),
        Op::Jal => {
            let target = aligned(pc.wrapping_add(imm))?;
            registers.write(rd, pc.wrapping_add(4));
            return Ok(Flow::Jump(target));
        }
        Op::Jalr => {
            let target = aligned(address & !1)?;
            registers.write(rd, pc.wrapping_add(4));
            return Ok(Flow::Jump(target));
        }
        Op::LrW | Op::LrD | Op::ScW | Op::ScD | Op::AmoW | Op::AmoD => {
            return atomic(instruction, registers, memory).map(|()| Flow::Next);
        }
        Op::Ecall => return Err(Trap::System),
        Op::Csr => 0,
        Op::Nop => return Ok(Flow::Next),
        Op::Revert => return Err(Trap::Revert(Revert::ALL[imm as usize % Revert::ALL.len()])),
    };
    registers.write(rd, value);
    Ok(Flow::Next)
}

/// The `SIZE` bytes from an address on, as a number; 1, 2, 4 or 8. Addresses wrap.
///
/// A leaf on the left is touched before the one on its right.
#[inline(always)]
pub(super) fn load<W: Words, const SIZE: u64>(memory: &mut W, address: u64) -> Result<u64, W::Error> {
    let word = memory.load(address)?;
    let at = address & 7;
    if at <= 8 - SIZE { Ok(word >> (8 * at) & mask::<SIZE>()) } else { load_across::<W, SIZE>(memory, address, word) }
}

#[cold]
#[inline(never)]
fn load_across<W: Words, const SIZE: u64>(memory: &mut W, address: u64, low: u64) -> Result<u64, W::Error> {
    let high = memory.load(address.wrapping_add(8))?;
    let at = address & 7;
    Ok((low >> (8 * at) | high << (64 - 8 * at)) & mask::<SIZE>())
}

/// Writes a number's low `SIZE` bytes: first those in the word on the left, as the proof of the leaf on the right is of the
/// memory that this gives.
#[inline(always)]
pub(super) fn store<W: Words, const SIZE: u64>(memory: &mut W, address: u64, value: u64) -> Result<(), W::Error> {
    let at = address & 7;
    if SIZE == 8 && at == 0 {
        memory.store(address, value)
    } else if at <= 8 - SIZE {
        patch(memory, address, value << (8 * at), mask::<SIZE>() << (8 * at))
    } else {
        store_across::<W, SIZE>(memory, address, value)
    }
}

#[cold]
#[inline(never)]
fn store_across<W: Words, const SIZE: u64>(memory: &mut W, address: u64, value: u64) -> Result<(), W::Error> {
    let at = 8 * (address & 7);
    patch(memory, address, value << at, mask::<SIZE>() << at)?;
    patch(memory, address.wrapping_add(8), value >> (64 - at), mask::<SIZE>() >> (64 - at))
}

/// Replaces the bits of a mask in the word at an address.
#[inline(always)]
fn patch<W: Words>(memory: &mut W, address: u64, value: u64, mask: u64) -> Result<(), W::Error> {
    let old = memory.load(address)?;
    memory.store(address, old & !mask | value & mask)
}

const fn mask<const SIZE: u64>() -> u64 {
    u64::MAX >> (64 - 8 * SIZE)
}

/// A 32-bit result, sign-extended.
const fn word(value: u32) -> u64 {
    value as i32 as u64
}

fn aligned<E>(pc: u64) -> Result<u64, Trap<E>> {
    if pc & 3 != 0 { Err(Trap::Revert(Revert::NotAlignedAddress)) } else { Ok(pc) }
}

/// Goes on elsewhere or behind the branch, at a multiple of 4 in either case.
fn branch<E>(is_taken: bool, pc: u64, offset: u64) -> Result<Flow, Trap<E>> {
    if is_taken {
        return aligned(pc.wrapping_add(offset)).map(Flow::Jump);
    }
    aligned(pc).map(|_| Flow::Next)
}

/// −1 for a division by zero; the least number by −1 is itself.
const fn divide(a: i64, b: i64) -> i64 {
    if b == 0 { -1 } else { a.wrapping_div(b) }
}

const fn remainder(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { a.wrapping_rem(b) }
}

/// Atomic instructions. There is one thread, so nothing of order matters.
#[inline(never)]
fn atomic<W: Words>(instruction: Instruction, registers: &mut Registers, memory: &mut W) -> Result<(), Trap<W::Error>> {
    match instruction.op {
        Op::LrW | Op::ScW | Op::AmoW => sized_atomic::<W, 4>(instruction, registers, memory),
        _ => sized_atomic::<W, 8>(instruction, registers, memory),
    }
}

fn sized_atomic<W: Words, const SIZE: u64>(
    instruction: Instruction,
    registers: &mut Registers,
    memory: &mut W,
) -> Result<(), Trap<W::Error>> {
    let Instruction { op, rd, rs1, rs2, imm } = instruction;
    let signed = |value: u64| if SIZE == 4 { word(value as u32) } else { value };
    let address = registers.read(rs1);
    let operand = registers.read(rs2);
    if !address.is_multiple_of(SIZE) {
        return Err(Trap::Revert(Revert::NotAlignedAddress));
    }
    match op {
        Op::LrW | Op::LrD => {
            let value = signed(load::<W, SIZE>(memory, address)?);
            registers.write(rd, value);
            registers.reservation = address;
            Ok(())
        }
        Op::ScW | Op::ScD => {
            let succeeds = address == registers.reservation;
            registers.write(rd, u64::from(!succeeds));
            registers.reservation = 0;
            if succeeds {
                store::<W, SIZE>(memory, address, operand)?;
            }
            Ok(())
        }
        _ => {
            let operand = signed(operand);
            let old = signed(load::<W, SIZE>(memory, address)?);
            let new = match imm {
                0x00 => old.wrapping_add(operand),
                0x01 => operand,
                0x04 => old ^ operand,
                0x08 => old | operand,
                0x0c => old & operand,
                0x10 => (old as i64).min(operand as i64) as u64,
                0x14 => (old as i64).max(operand as i64) as u64,
                0x18 => old.min(operand),
                0x1c => old.max(operand),
                _ => return Err(Trap::Revert(Revert::UnknownAtomicOperation)),
            };
            registers.write(rd, old);
            Ok(store::<W, SIZE>(memory, address, new)?)
        }
    }
}
