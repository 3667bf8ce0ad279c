//! What instructions do: all but those that concern other threads or the outside (`step.rs`).

use super::{
    instruction::{Instruction, Op},
    step::Fault,
    thread::Registers,
};
use crate::Words;

/// What a thread has besides its general registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Special {
    pub(super) pc: u64,
    pub(super) next_pc: u64,
    pub(super) lo: u64,
    pub(super) hi: u64,
}

impl Special {
    /// Goes on to the next instruction.
    #[inline(always)]
    pub(super) const fn advance(&mut self) {
        self.pc = self.next_pc;
        self.next_pc = self.next_pc.wrapping_add(4);
    }

    /// Goes on to the next instruction, in the delay slot, and to `target` after it.
    #[inline(always)]
    const fn jump(&mut self, target: u64) {
        self.pc = self.next_pc;
        self.next_pc = target;
    }

    #[inline(always)]
    const fn check_no_delay_slot(&self) -> Result<(), Fault> {
        if self.next_pc == self.pc.wrapping_add(4) { Ok(()) } else { Err(Fault::DelaySlot) }
    }
}

/// The 32-bit value, sign-extended: how registers hold such values.
#[inline(always)]
const fn extend(value: u32) -> u64 {
    value as i32 as u64
}

/// Executes one instruction. Where it fails, program counter and memory are as they were.
#[inline(always)]
pub(super) fn execute<M: Words>(
    instruction: Instruction,
    special: &mut Special,
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
        Op::Mfhi => special.hi,
        Op::Mflo => special.lo,
        Op::Mul => extend((rs as u32).wrapping_mul(rt as u32)),
        Op::Clz => u64::from((rs as u32).leading_zeros()),
        Op::Clo => u64::from((rs as u32).leading_ones()),
        Op::Dclz => u64::from(rs.leading_zeros()),
        Op::Dclo => u64::from(rs.leading_ones()),
        Op::Mthi | Op::Mtlo | Op::Mult | Op::Multu | Op::Dmult | Op::Dmultu => {
            multiply(op, special, rs, rt);
            0
        }
        Op::Div | Op::Divu | Op::Ddiv | Op::Ddivu => {
            divide(op, special, rs, rt)?;
            0
        }
        Op::J | Op::Jal | Op::Jr | Op::Jalr => {
            special.check_no_delay_slot()?;
            // The link register is written when the target is already read.
            registers[d] = special.pc.wrapping_add(8);
            let region = extend(0xf000_0000);
            let target = if matches!(op, Op::Jr | Op::Jalr) { rs } else { special.next_pc & region | constant };
            special.jump(target);
            return Ok(());
        }
        Op::Beq => return branch(special, rs == rt, constant),
        Op::Bne => return branch(special, rs != rt, constant),
        Op::Blez => return branch(special, rs as i64 <= 0, constant),
        Op::Bgtz => return branch(special, rs as i64 > 0, constant),
        Op::Bltz => return branch(special, (rs as i64) < 0, constant),
        Op::Bgez => return branch(special, rs as i64 >= 0, constant),
        Op::BranchNever => return branch(special, false, constant),
        Op::Bltzal | Op::Bgezal => {
            special.check_no_delay_slot()?;
            registers[d] = special.pc.wrapping_add(8);
            return branch(special, (op == Op::Bltzal) == ((rs as i64) < 0), constant);
        }
        Op::Lb | Op::Lbu | Op::Lh | Op::Lhu | Op::Lw | Op::Lwu | Op::Lwl | Op::Lwr | Op::Ld | Op::Ldl | Op::Ldr => {
            let address = rs.wrapping_add(constant);
            loaded(op, address, memory.load(address)?, rt)
        }
        Op::Sd => {
            memory.store(rs.wrapping_add(constant), rt)?;
            special.advance();
            return Ok(());
        }
        Op::Sb | Op::Sh | Op::Sw | Op::Swl | Op::Swr | Op::Sdl | Op::Sdr => {
            let address = rs.wrapping_add(constant);
            let word = memory.load(address)?;
            memory.store(address, stored(op, address, word, rt))?;
            special.advance();
            return Ok(());
        }
        Op::Ll | Op::Lld | Op::Sc | Op::Scd | Op::Syscall | Op::Invalid => return Err(Fault::Instruction),
    };
    registers[d] = value;
    special.advance();
    Ok(())
}

#[inline(always)]
const fn select(condition: bool, one: u64, other: u64) -> u64 {
    if condition { one } else { other }
}

#[inline(always)]
fn branch(special: &mut Special, is_taken: bool, way: u64) -> Result<(), Fault> {
    special.check_no_delay_slot()?;
    special.jump(special.pc.wrapping_add(select(is_taken, way, 8)));
    Ok(())
}

#[inline(always)]
fn multiply(op: Op, special: &mut Special, rs: u64, rt: u64) {
    let (hi, lo) = match op {
        Op::Mthi => (rs, special.lo),
        Op::Mtlo => (special.hi, rs),
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
    (special.hi, special.lo) = (hi, lo);
}

/// The smallest number divided by −1 is itself, without a remainder.
#[inline(always)]
fn divide(op: Op, special: &mut Special, rs: u64, rt: u64) -> Result<(), Fault> {
    let is_zero = if matches!(op, Op::Div | Op::Divu) { rt as u32 == 0 } else { rt == 0 };
    if is_zero {
        return Err(Fault::DivisionByZero);
    }
    (special.lo, special.hi) = match op {
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
    Ok(())
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
