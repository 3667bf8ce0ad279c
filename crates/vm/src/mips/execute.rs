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

/// Executes an instruction behind which the next one follows. Where it fails, nothing has changed.
#[inline(always)]
pub(super) fn operate<M: Words>(
    instruction: Instruction,
    hi_lo: &mut HiLo,
    registers: &mut Registers,
    memory: &mut M,
) -> Result<(), Fault>
where
    Fault: From<M::Error>,
{
    let Instruction { op, s, t, d, immediate } = instruction;
    let constant = i64::from(immediate) as u64;
    let shift = immediate as u32;
    let (rs, rt) = (registers[s], registers[t]);
    let value = match op {
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
        Op::Mthi | Op::Mtlo | Op::Mult | Op::Multu | Op::Dmult | Op::Dmultu => {
            *hi_lo = multiply(op, *hi_lo, rs, rt);
            0
        }
        Op::Div | Op::Divu | Op::Ddiv | Op::Ddivu => {
            *hi_lo = divide(op, rs, rt)?;
            0
        }
        Op::Lb | Op::Lbu | Op::Lh | Op::Lhu | Op::Lw | Op::Lwu | Op::Lwl | Op::Lwr | Op::Ld | Op::Ldl | Op::Ldr => {
            let address = rs.wrapping_add(constant);
            loaded(op, address, memory.load(address)?, rt)
        }
        Op::Sd => {
            memory.store(rs.wrapping_add(constant), rt)?;
            return Ok(());
        }
        Op::Sb | Op::Sh | Op::Sw | Op::Swl | Op::Swr | Op::Sdl | Op::Sdr => {
            let address = rs.wrapping_add(constant);
            let word = memory.load(address)?;
            memory.store(address, stored(op, address, word, rt))?;
            return Ok(());
        }
        Op::J | Op::Jal | Op::Jr | Op::Jalr | Op::Beq | Op::Bne | Op::Blez | Op::Bgtz => return Err(Fault::Instruction),
        Op::Bltz | Op::Bgez | Op::Bltzal | Op::Bgezal | Op::BranchNever => return Err(Fault::Instruction),
        Op::Ll | Op::Lld | Op::Sc | Op::Scd | Op::Syscall | Op::Invalid => return Err(Fault::Instruction),
    };
    registers[d] = value;
    Ok(())
}

/// Executes a branch or jump at `pc`: where the program goes on behind the instruction that follows. None for others.
#[inline(always)]
pub(super) fn target(instruction: Instruction, pc: u64, registers: &mut Registers) -> Option<u64> {
    let Instruction { op, s, t, d, immediate } = instruction;
    let (rs, rt) = (registers[s], registers[t]);
    let behind = pc.wrapping_add(8);
    let branch = |is_taken| select(is_taken, pc.wrapping_add_signed(immediate.into()), behind);
    // A jump stays in the 256 MiB of the instruction that follows it.
    let jump = || pc.wrapping_add(4) & extend(0xf000_0000) | u64::from(immediate as u32);
    let (target, links) = match op {
        Op::J => (jump(), false),
        Op::Jal => (jump(), true),
        Op::Jr => (rs, false),
        Op::Jalr => (rs, true),
        Op::Beq => (branch(rs == rt), false),
        Op::Bne => (branch(rs != rt), false),
        Op::Blez => (branch(rs as i64 <= 0), false),
        Op::Bgtz => (branch(rs as i64 > 0), false),
        Op::Bltz => (branch((rs as i64) < 0), false),
        Op::Bgez => (branch(rs as i64 >= 0), false),
        // These link whether or not they are taken.
        Op::Bltzal => (branch((rs as i64) < 0), true),
        Op::Bgezal => (branch(rs as i64 >= 0), true),
        Op::BranchNever => (behind, false),
        _ => return None,
    };
    if links {
        registers[d] = behind;
    }
    Some(target)
}

#[inline(always)]
const fn select(condition: bool, one: u64, other: u64) -> u64 {
    if condition { one } else { other }
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
