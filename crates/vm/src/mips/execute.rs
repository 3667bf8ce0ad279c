//! What instructions do: all but those that concern other threads or the outside (`step.rs`).

use super::{
    instruction::{Instruction, Op},
    step::Fault,
    thread::{HiLo, Registers},
};
use crate::Words;

/// The 32-bit value, sign-extended: how registers hold such values.
#[inline(always)]
const fn extend(value: u32) -> u64 {
    value as i32 as u64
}

/// Where a thread goes on behind an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// At the next one.
    Next,
    /// At this address, when the next one is executed too.
    Jump(u64),
}

/// Executes the instruction at `pc`, which stands in no delay slot if it is a branch. Where it fails, nothing has changed.
#[inline(always)]
pub(super) fn execute<M: Words>(
    instruction: Instruction,
    pc: u64,
    hi_lo: &mut HiLo,
    registers: &mut Registers,
    memory: &mut M,
) -> Result<Flow, Fault>
where
    Fault: From<M::Error>,
{
    let Instruction { op, s, t, d, immediate } = instruction;
    let constant = i64::from(immediate) as u64;
    let shift = immediate as u32;
    let (rs, rt) = (registers[s], registers[t]);
    let address = rs.wrapping_add(constant);
    let value = match op {
        Op::Nop => return Ok(Flow::Next),
        Op::Sll => extend((rt as u32) << (shift & 31)),
        Op::Srl => extend(rt as u32 >> (shift & 31)),
        Op::Sra => (rt as i32 >> (shift & 31)) as u64,
        Op::Sllv => extend((rt as u32) << (rs & 31)),
        Op::Srlv => extend(rt as u32 >> (rs & 31)),
        Op::Srav => (rt as i32 >> (rs & 31)) as u64,
        Op::Dsll => rt << (shift & 63),
        Op::Dsrl => rt >> (shift & 63),
        Op::Dsra => (rt as i64 >> (shift & 63)) as u64,
        Op::Dsllv => rt << (rs & 63),
        Op::Dsrlv => rt >> (rs & 63),
        Op::Dsrav => (rt as i64 >> (rs & 63)) as u64,
        Op::Addu => extend((rs as u32).wrapping_add(rt as u32)),
        Op::Subu => extend((rs as u32).wrapping_sub(rt as u32)),
        Op::Daddu => rs.wrapping_add(rt),
        Op::Dsubu => rs.wrapping_sub(rt),
        Op::And => rs & rt,
        Op::Or => rs | rt,
        Op::Xor => rs ^ rt,
        Op::Nor => !(rs | rt),
        Op::Slt => u64::from((rs as i64) < rt as i64),
        Op::Sltu => u64::from(rs < rt),
        Op::Addiu => extend((rs as u32).wrapping_add(immediate as u32)),
        Op::Daddiu => rs.wrapping_add(constant),
        Op::Slti => u64::from((rs as i64) < constant as i64),
        Op::Sltiu => u64::from(rs < constant),
        Op::Andi => rs & constant,
        Op::Ori => rs | constant,
        Op::Xori => rs ^ constant,
        Op::Lui => constant,
        Op::Movz => select(rt == 0, rs, registers[d]),
        Op::Movn => select(rt != 0, rs, registers[d]),
        Op::Sync => rs,
        Op::Mfhi => hi_lo.hi,
        Op::Mflo => hi_lo.lo,
        Op::Mul => extend((rs as u32).wrapping_mul(rt as u32)),
        Op::Clz => u64::from((rs as u32).leading_zeros()),
        Op::Clo => u64::from((rs as u32).leading_ones()),
        Op::Dclz => u64::from(rs.leading_zeros()),
        Op::Dclo => u64::from(rs.leading_ones()),
        // One by one, so that each is compiled for itself.
        Op::Mthi | Op::Mtlo | Op::Mult | Op::Multu | Op::Dmult | Op::Dmultu => set(hi_lo, multiply(op, *hi_lo, rs, rt)),
        Op::Div | Op::Divu | Op::Ddiv | Op::Ddivu => set(hi_lo, divide(op, rs, rt)?),
        Op::Lb => loaded(Op::Lb, address, memory.load(address)?, rt),
        Op::Lbu => loaded(Op::Lbu, address, memory.load(address)?, rt),
        Op::Lh => loaded(Op::Lh, address, memory.load(address)?, rt),
        Op::Lhu => loaded(Op::Lhu, address, memory.load(address)?, rt),
        Op::Lw => loaded(Op::Lw, address, memory.load(address)?, rt),
        Op::Lwu => loaded(Op::Lwu, address, memory.load(address)?, rt),
        Op::Lwl => loaded(Op::Lwl, address, memory.load(address)?, rt),
        Op::Lwr => loaded(Op::Lwr, address, memory.load(address)?, rt),
        Op::Ld => loaded(Op::Ld, address, memory.load(address)?, rt),
        Op::Ldl => loaded(Op::Ldl, address, memory.load(address)?, rt),
        Op::Ldr => loaded(Op::Ldr, address, memory.load(address)?, rt),
        Op::Sd => {
            memory.store(address, rt)?;
            return Ok(Flow::Next);
        }
        Op::Sb => return update(Op::Sb, address, rt, memory),
        Op::Sh => return update(Op::Sh, address, rt, memory),
        Op::Sw => return update(Op::Sw, address, rt, memory),
        Op::Swl => return update(Op::Swl, address, rt, memory),
        Op::Swr => return update(Op::Swr, address, rt, memory),
        Op::Sdl => return update(Op::Sdl, address, rt, memory),
        Op::Sdr => return update(Op::Sdr, address, rt, memory),
        // A jump stays in the 256 MiB of the instruction that follows it.
        Op::J => return Ok(Flow::Jump(pc.wrapping_add(4) & extend(0xf000_0000) | constant)),
        Op::Jal => {
            registers[d] = pc.wrapping_add(8);
            return Ok(Flow::Jump(pc.wrapping_add(4) & extend(0xf000_0000) | constant));
        }
        Op::Jr => return Ok(Flow::Jump(rs)),
        Op::Jalr => {
            registers[d] = pc.wrapping_add(8);
            return Ok(Flow::Jump(rs));
        }
        Op::Beq => return Ok(branch(rs == rt, pc, constant)),
        Op::Bne => return Ok(branch(rs != rt, pc, constant)),
        Op::Blez => return Ok(branch(rs as i64 <= 0, pc, constant)),
        Op::Bgtz => return Ok(branch(rs as i64 > 0, pc, constant)),
        Op::Bltz => return Ok(branch((rs as i64) < 0, pc, constant)),
        Op::Bgez => return Ok(branch(rs as i64 >= 0, pc, constant)),
        Op::BranchNever => return Ok(branch(false, pc, constant)),
        // These link whether or not they are taken.
        Op::Bltzal | Op::Bgezal => {
            registers[d] = pc.wrapping_add(8);
            return Ok(branch((op == Op::Bltzal) == ((rs as i64) < 0), pc, constant));
        }
        Op::Ll | Op::Lld | Op::Sc | Op::Scd | Op::Syscall | Op::Invalid => return Err(Fault::Instruction),
    };
    registers[d] = value;
    Ok(Flow::Next)
}

#[inline(always)]
const fn select(condition: bool, one: u64, other: u64) -> u64 {
    if condition { one } else { other }
}

/// Stores by an instruction that changes only a part of a word.
#[inline(always)]
fn update<M: Words>(op: Op, address: u64, value: u64, memory: &mut M) -> Result<Flow, Fault>
where
    Fault: From<M::Error>,
{
    let word = memory.load(address)?;
    memory.store(address, stored(op, address, word, value))?;
    Ok(Flow::Next)
}

#[inline(always)]
const fn branch(is_taken: bool, pc: u64, way: u64) -> Flow {
    Flow::Jump(pc.wrapping_add(select(is_taken, way, 8)))
}

/// Sets the registers of two-word results. A general register that the instruction names besides becomes 0.
#[inline(always)]
const fn set(hi_lo: &mut HiLo, result: HiLo) -> u64 {
    *hi_lo = result;
    0
}

#[inline(always)]
fn multiply(op: Op, old: HiLo, rs: u64, rt: u64) -> HiLo {
    let (hi, lo) = match op {
        Op::Mthi => (rs, old.lo),
        Op::Mtlo => (old.hi, rs),
        Op::Mult => {
            let product = (i64::from(rs as i32) * i64::from(rt as i32)) as u64;
            (extend((product >> 32) as u32), extend(product as u32))
        }
        Op::Multu => {
            let product = u64::from(rs as u32) * u64::from(rt as u32);
            (extend((product >> 32) as u32), extend(product as u32))
        }
        Op::Dmult => {
            let product = i128::from(rs as i64) * i128::from(rt as i64);
            ((product >> 64) as u64, product as u64)
        }
        _ => {
            let product = u128::from(rs) * u128::from(rt);
            ((product >> 64) as u64, product as u64)
        }
    };
    HiLo { hi, lo }
}

/// The smallest number divided by −1 is itself, without a remainder.
#[inline(always)]
fn divide(op: Op, rs: u64, rt: u64) -> Result<HiLo, Fault> {
    let is_zero = if matches!(op, Op::Div | Op::Divu) { rt as u32 == 0 } else { rt == 0 };
    if is_zero {
        return Err(Fault::DivisionByZero);
    }
    let (lo, hi) = match op {
        Op::Div => {
            let (rs, rt) = (rs as i32, rt as i32);
            (rs.wrapping_div(rt) as u64, rs.wrapping_rem(rt) as u64)
        }
        Op::Divu => {
            let (rs, rt) = (rs as u32, rt as u32);
            (extend(rs / rt), extend(rs % rt))
        }
        Op::Ddiv => {
            let (rs, rt) = (rs as i64, rt as i64);
            (rs.wrapping_div(rt) as u64, rs.wrapping_rem(rt) as u64)
        }
        _ => (rs / rt, rs % rt),
    };
    Ok(HiLo { hi, lo })
}

/// Bits between the end of a word and the part of `bytes` bytes in which `address` lies.
#[inline(always)]
const fn bits_behind(address: u64, bytes: u64) -> u64 {
    8 * (8 - bytes - (address & 7 & !(bytes - 1)))
}

/// What a load of `op` from `address`, where memory holds `word`, makes of a register with `old` in it. Addresses need not
/// be aligned: a part of the word is where its address rounded down says.
#[inline(always)]
pub(super) const fn loaded(op: Op, address: u64, word: u64, old: u64) -> u64 {
    let four = (word >> bits_behind(address, 4)) as u32;
    let [in_four, in_eight] = [8 * (address & 3), 8 * (address & 7)];
    match op {
        Op::Lb => (word >> bits_behind(address, 1)) as i8 as u64,
        Op::Lbu => (word >> bits_behind(address, 1)) as u8 as u64,
        Op::Lh => (word >> bits_behind(address, 2)) as i16 as u64,
        Op::Lhu => (word >> bits_behind(address, 2)) as u16 as u64,
        Op::Lw | Op::Ll => extend(four),
        Op::Lwu => four as u64,
        Op::Lwl => {
            let mask = u32::MAX << in_four;
            extend(old as u32 & !mask | four << in_four)
        }
        Op::Lwr => {
            let mask = u32::MAX >> (24 - in_four);
            let low = old as u32 & !mask | four >> (24 - in_four);
            // Only a whole word decides about the register's upper half.
            if in_four == 24 { extend(low) } else { old >> 32 << 32 | low as u64 }
        }
        Op::Ldl => {
            let mask = u64::MAX << in_eight;
            word << in_eight | old & !mask
        }
        Op::Ldr => {
            let mask = u64::MAX >> (56 - in_eight);
            word >> (56 - in_eight) | old & !mask
        }
        _ => word,
    }
}

/// What a store of `value` by `op` to `address` makes of `word`.
#[inline(always)]
pub(super) const fn stored(op: Op, address: u64, word: u64, value: u64) -> u64 {
    let [in_four, in_eight] = [8 * (address & 3), 8 * (address & 7)];
    let (mask, behind) = match op {
        Op::Sb => (0xff, bits_behind(address, 1)),
        Op::Sh => (0xffff, bits_behind(address, 2)),
        Op::Sw | Op::Sc => (0xffff_ffff, bits_behind(address, 4)),
        Op::Swl => {
            let mask = 0xffff_ffff >> in_four;
            return put(word, (value & 0xffff_ffff) >> in_four, mask, bits_behind(address, 4));
        }
        Op::Swr => {
            let mask = (u32::MAX << (24 - in_four)) as u64;
            return put(word, value << (24 - in_four), mask, bits_behind(address, 4));
        }
        Op::Sdl => return put(word, value >> in_eight, u64::MAX >> in_eight, 0),
        Op::Sdr => return put(word, value << (56 - in_eight), u64::MAX << (56 - in_eight), 0),
        _ => return value,
    };
    put(word, value, mask, behind)
}

/// `word` with `part`'s bits of `mask` put `behind` bits from its end.
#[inline(always)]
const fn put(word: u64, part: u64, mask: u64, behind: u64) -> u64 {
    word & !(mask << behind) | (part & mask) << behind
}
