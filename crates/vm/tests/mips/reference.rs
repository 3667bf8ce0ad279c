//! What instructions do, told once more: byte by byte, from the instruction's own bits, slowly.

/// A thread and the bytes around an address, before and after an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) registers: [u64; 32],
    pub(crate) hi: u64,
    pub(crate) lo: u64,
    pub(crate) pc: u64,
    pub(crate) next_pc: u64,
    /// The aligned word around the address that a load or store names.
    pub(crate) word: [u8; 8],
}

/// The address that the instruction names, if it is a load or store.
pub(crate) fn address(instruction: u32, registers: &[u64; 32]) -> u64 {
    registers[(instruction >> 21 & 31) as usize].wrapping_add(instruction as i16 as u64)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn extend(value: u64, bits: u32) -> u64 {
    ((value << (64 - bits)) as i64 >> (64 - bits)) as u64
}

/// What the instruction makes of `picture`. None where the machine stops, or where the instruction concerns more than this.
#[expect(clippy::too_many_lines, reason = "a table of the instruction set")]
pub(crate) fn execute(instruction: u32, picture: &Picture) -> Option<Picture> {
    let mut after = picture.clone();
    let field = |shift: u32| (instruction >> shift & 31) as usize;
    let (s, t, d, amount) = (field(21), field(16), field(11), instruction >> 6 & 31);
    let (rs, rt) = (picture.registers[s], picture.registers[t]);
    let constant = instruction as i16 as u64;
    let unsigned = u64::from(instruction as u16);
    let low = |value: u64| extend(value & 0xffff_ffff, 32);
    let at = (address(instruction, &picture.registers) % 8) as usize;
    let part = |size: usize| {
        let start = at / size * size;
        start..start + size
    };
    let four = part(4);
    let in_four = at % 4;
    after.pc = picture.next_pc;
    after.next_pc = picture.next_pc.wrapping_add(4);
    let branch = |is_taken: bool| {
        let way = if is_taken { 4_i64 + 4 * i64::from(instruction as i16) } else { 8 };
        picture.pc.wrapping_add_signed(way)
    };
    let is_in_delay_slot = picture.next_pc != picture.pc.wrapping_add(4);
    let jump = picture.next_pc >> 28 << 28 | u64::from(instruction << 6 >> 4);
    let negative = (rs as i64) < 0;
    let (mut target, mut write) = (None, None);
    match (instruction >> 26, instruction & 63) {
        (0, 0x00) => write = Some((d, low(rt << amount))),
        (0, 0x02) => write = Some((d, low((rt & 0xffff_ffff) >> amount))),
        (0, 0x03) => write = Some((d, low((extend(rt & 0xffff_ffff, 32) as i64 >> amount) as u64))),
        (0, 0x04) => write = Some((d, low(rt << (rs % 32)))),
        (0, 0x06) => write = Some((d, low((rt & 0xffff_ffff) >> (rs % 32)))),
        (0, 0x07) => write = Some((d, low((extend(rt & 0xffff_ffff, 32) as i64 >> (rs % 32)) as u64))),
        (0, 0x08) => target = Some(rs),
        (0, 0x09) => {
            target = Some(rs);
            write = Some((d, picture.pc.wrapping_add(8)));
        }
        (0, 0x0a) => write = (rt == 0).then_some((d, rs)),
        (0, 0x0b) => write = (rt != 0).then_some((d, rs)),
        (0, 0x0f) => write = Some((d, rs)),
        (0, 0x10) => write = Some((d, picture.hi)),
        (0, 0x12) => write = Some((d, picture.lo)),
        (0, 0x14) => write = Some((d, rt << (rs % 64))),
        (0, 0x16) => write = Some((d, rt >> (rs % 64))),
        (0, 0x17) => write = Some((d, (rt as i64 >> (rs % 64)) as u64)),
        (0, function @ (0x11 | 0x13 | 0x18..=0x1f)) => {
            let [s32, t32] = [rs, rt].map(|value| i128::from(value as i32));
            let [u32s, u32t] = [rs, rt].map(|value| i128::from(value as u32));
            let [s64, t64] = [rs, rt].map(|value| i128::from(value as i64));
            let halves = |product: i128| (low((product >> 32) as u64), low(product as u64));
            (after.hi, after.lo) = match function {
                0x11 => (rs, picture.lo),
                0x13 => (picture.hi, rs),
                0x18 => halves(s32 * t32),
                0x19 => halves(u32s * u32t),
                0x1a => (low(s32.checked_rem(t32)? as u64), low((s32 / t32) as u64)),
                0x1b => (low(u32s.checked_rem(u32t)? as u64), low((u32s / u32t) as u64)),
                0x1c => (((s64 * t64) >> 64) as u64, (s64 * t64) as u64),
                0x1d => {
                    let product = u128::from(rs) * u128::from(rt);
                    ((product >> 64) as u64, product as u64)
                }
                0x1e => (s64.checked_rem(t64)? as u64, (s64 / t64) as u64),
                _ => (rs.checked_rem(rt)?, rs / rt),
            };
            write = Some((d, 0));
        }
        (0, 0x20 | 0x21) => write = Some((d, low(rs.wrapping_add(rt)))),
        (0, 0x22 | 0x23) => write = Some((d, low(rs.wrapping_sub(rt)))),
        (0, 0x24) => write = Some((d, rs & rt)),
        (0, 0x25) => write = Some((d, rs | rt)),
        (0, 0x26) => write = Some((d, rs ^ rt)),
        (0, 0x27) => write = Some((d, !rs & !rt)),
        (0, 0x2a) => write = Some((d, ((rs as i64) < rt as i64).into())),
        (0, 0x2b) => write = Some((d, (rs < rt).into())),
        (0, 0x2c | 0x2d) => write = Some((d, rs.wrapping_add(rt))),
        (0, 0x2e | 0x2f) => write = Some((d, rs.wrapping_sub(rt))),
        (0, 0x38) => write = Some((d, rt << amount)),
        (0, 0x3a) => write = Some((d, rt >> amount)),
        (0, 0x3b) => write = Some((d, (rt as i64 >> amount) as u64)),
        (0, 0x3c) => write = Some((d, rt << amount << 32)),
        (0, 0x3e) => write = Some((d, rt >> amount >> 32)),
        (0, 0x3f) => write = Some((d, (rt as i64 >> amount >> 32) as u64)),
        (1, _) => {
            target = Some(branch(match t {
                0 | 0x10 => negative,
                1 | 0x11 => !negative,
                _ => false,
            }));
            write = (t == 0x10 || t == 0x11).then_some((31, picture.pc.wrapping_add(8)));
        }
        (2, _) => target = Some(jump),
        (3, _) => {
            target = Some(jump);
            write = Some((31, picture.pc.wrapping_add(8)));
        }
        (4, _) => target = Some(branch(rs == rt)),
        (5, _) => target = Some(branch(rs != rt)),
        (6, _) => target = Some(branch(rs == 0 || negative)),
        (7, _) => target = Some(branch(rs != 0 && !negative)),
        (8 | 9, _) => write = Some((t, low(rs.wrapping_add(constant)))),
        (0xa, _) => write = Some((t, ((rs as i64) < constant as i64).into())),
        (0xb, _) => write = Some((t, (rs < constant).into())),
        (0xc, _) => write = Some((t, rs & unsigned)),
        (0xd, _) => write = Some((t, rs | unsigned)),
        (0xe, _) => write = Some((t, rs ^ unsigned)),
        (0xf, _) => write = Some((t, low(unsigned << 16))),
        (0x18 | 0x19, _) => write = Some((t, rs.wrapping_add(constant))),
        (0x1a, _) => {
            let mut bytes = rt.to_be_bytes();
            bytes[..8 - at].copy_from_slice(&picture.word[at..]);
            write = Some((t, number(&bytes)));
        }
        (0x1b, _) => {
            let mut bytes = rt.to_be_bytes();
            bytes[7 - at..].copy_from_slice(&picture.word[..=at]);
            write = Some((t, number(&bytes)));
        }
        (0x1c, 0x02) => write = Some((d, low(rs.wrapping_mul(rt)))),
        (0x1c, function @ (0x20 | 0x21 | 0x24 | 0x25)) => {
            let bits = if function < 0x24 { 32 } else { 64 };
            let counted = u64::from(function % 2);
            let count = (0..bits).rev().take_while(|bit| rs >> bit & 1 == counted).count();
            write = Some((d, count as u64));
        }
        (0x20, _) => write = Some((t, extend(number(&picture.word[part(1)]), 8))),
        (0x21, _) => write = Some((t, extend(number(&picture.word[part(2)]), 16))),
        (0x22, _) => {
            let mut bytes = (rt as u32).to_be_bytes();
            bytes[..4 - in_four].copy_from_slice(&picture.word[at..four.end]);
            write = Some((t, extend(number(&bytes), 32)));
        }
        (0x23, _) => write = Some((t, extend(number(&picture.word[four]), 32))),
        (0x24, _) => write = Some((t, number(&picture.word[part(1)]))),
        (0x25, _) => write = Some((t, number(&picture.word[part(2)]))),
        (0x26, _) => {
            let mut bytes = rt.to_be_bytes();
            bytes[7 - in_four..].copy_from_slice(&picture.word[four.start..=at]);
            let value = number(&bytes);
            write = Some((t, if in_four == 3 { low(value) } else { value }));
        }
        (0x27, _) => write = Some((t, number(&picture.word[four]))),
        (0x28, _) => after.word[at] = rt as u8,
        (0x29, _) => after.word[part(2)].copy_from_slice(&(rt as u16).to_be_bytes()),
        (0x2a, _) => after.word[at..four.end].copy_from_slice(&(rt as u32).to_be_bytes()[..4 - in_four]),
        (0x2b, _) => after.word[four].copy_from_slice(&(rt as u32).to_be_bytes()),
        (0x2c, _) => after.word[at..].copy_from_slice(&rt.to_be_bytes()[..8 - at]),
        (0x2d, _) => after.word[..=at].copy_from_slice(&rt.to_be_bytes()[7 - at..]),
        (0x2e, _) => after.word[four.start..=at].copy_from_slice(&(rt as u32).to_be_bytes()[3 - in_four..]),
        (0x37, _) => write = Some((t, number(&picture.word))),
        (0x3f, _) => after.word = rt.to_be_bytes(),
        _ => return None,
    }
    if let Some((register, value)) = write.filter(|(register, _)| *register != 0) {
        after.registers[register] = value;
    }
    if let Some(target) = target {
        after.next_pc = target;
        return (!is_in_delay_slot).then_some(after);
    }
    Some(after)
}
