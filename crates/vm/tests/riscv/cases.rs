//! Cases of a few steps by chance, over all that an instruction can be: reserved encodings, system calls, addresses across
//! leaves and pages and around the end of memory.

use super::assembler::{ATOMIC_OPERATIONS, Chance, ECALL, b, computation, i, j, r, s};
use serde::Serialize;

/// A state by its parts, as the recorder reads it (`record.go`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Case {
    #[serde(rename = "PC")]
    pub(crate) pc: u64,
    pub(crate) heap: u64,
    pub(crate) reservation: u64,
    pub(crate) offset: u64,
    pub(crate) step: u64,
    /// The preimage's key in hex.
    pub(crate) key: String,
    /// The preimage in hex.
    pub(crate) preimage: String,
    pub(crate) registers: [u64; 32],
    /// Words of memory by their address, in the order in which they are written.
    pub(crate) memory: Vec<(u64, u64)>,
    pub(crate) steps: usize,
}

/// How many cases are recorded.
pub(crate) const COUNT: u64 = 3000;

/// The cases, always the same ones.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    (0..COUNT).map(|number| case(&mut Chance(number)))
}

const STEPS: usize = 3;

fn case(chance: &mut Chance) -> Case {
    let code: u64 = chance.pick(&[0x1_0000, 0x1_0ff8, 0x1_0018, 0xffff_ffff_ffff_fff4]);
    let data: u64 = chance.pick(&[0x2_0000, 0x2_0fe0, 0x2_1000, 0x1_0000, 0, u64::MAX - 31, 1 << 63, 0x7fff_ffff_f000]);
    let mut registers = std::array::from_fn(|_| match chance.below(3) {
        0 => data.wrapping_add(chance.below(64)),
        1 => data.wrapping_add(8 * chance.below(16)),
        _ => chance.number(),
    });
    registers[0] = 0;
    let words = chance.below(9);
    let mut memory: Vec<_> = (0..words).map(|word| (data.wrapping_add(8 * word), chance.number())).collect();
    let words: [u32; STEPS + 1] = std::array::from_fn(|_| instruction(chance));
    if words.contains(&ECALL) {
        call(chance, data, &mut registers);
    }
    for (at, pair) in (0..).step_by(8).zip(words.chunks(2)) {
        memory.push((code.wrapping_add(at), u64::from(pair[0]) | u64::from(pair[1]) << 32));
    }
    let any = chance.next();
    let len = chance.pick(&[0, 1, 31, 32, 33, 100]);
    Case {
        // A program may start where no instruction is aligned.
        pc: code.wrapping_add(if chance.below(50) == 0 { chance.below(12) } else { 0 }),
        heap: chance.pick(&[1 << 28, 0x7f00_0000_0000, u64::MAX - 4095]),
        reservation: chance.pick(&[0, data, data.wrapping_add(8), any]),
        offset: chance.pick(&[0, 0, 1, 5, 8, 9, 40, 200]),
        step: chance.pick(&[0, 1, u64::MAX - 3, any >> 1]),
        key: hex(chance, 32),
        preimage: hex(chance, len),
        registers,
        memory,
        steps: STEPS,
    }
}

fn hex(chance: &mut Chance, len: usize) -> String {
    (0..len).map(|_| format!("{:02x}", chance.next() as u8)).collect()
}

fn instruction(chance: &mut Chance) -> u32 {
    let register = |chance: &mut Chance| chance.below(32) as u32;
    let (rd, rs1, rs2) = (register(chance), register(chance), register(chance));
    let imm = chance.next() as i32;
    let near = chance.below(96) as i32 - 48;
    match chance.below(20) {
        0..4 => computation(chance, register),
        4..6 => i(0x03, chance.below(8) as u32, rd, rs1, near),
        6..8 => s(chance.below(5) as u32, rs1, rs2, near),
        8 => b(chance.below(8) as u32, rs1, rs2, if chance.below(4) == 0 { imm & !1 } else { near * 4 }),
        9 => match chance.below(3) {
            0 => j(rd, near * 4),
            1 => j(rd, chance.next() as i32 & !1),
            _ => i(0x67, chance.below(8) as u32, rd, rs1, near),
        },
        10..13 => {
            let operation = match chance.below(4) {
                0 => 0x02,
                1 => chance.below(32) as u32,
                _ => chance.pick(&ATOMIC_OPERATIONS),
            };
            let size = if chance.below(8) == 0 { chance.below(8) } else { 2 + chance.below(2) };
            r(0x2f, size as u32, operation << 2 | chance.below(4) as u32, rd, rs1, rs2)
        }
        13..16 => ECALL,
        // Reserved encodings: an opcode's other bits by chance.
        16..18 => {
            let opcode = chance.pick(&[
                0x03, 0x23, 0x63, 0x13, 0x1b, 0x33, 0x3b, 0x37, 0x17, 0x6f, 0x67, 0x73, 0x2f, 0x0f, 0x07, 0x27, 0x53,
            ]);
            chance.next() as u32 & !0x7f | opcode
        }
        18 => i(0x73, chance.below(8) as u32, rd, rs1, near),
        _ => imm as u32,
    }
}

/// Sets the registers of a system call.
fn call(chance: &mut Chance, data: u64, registers: &mut [u64; 32]) {
    const CALLS: [u64; 18] = [63, 63, 63, 63, 64, 64, 64, 93, 94, 214, 222, 222, 25, 25, 56, 113, 220, 163];
    registers[17] = match chance.below(8) {
        0 => chance.below(450),
        1 => chance.pick(&[101, 261, 422]),
        _ => chance.pick(&CALLS),
    };
    // File descriptors, sizes, flags: what the calls look at.
    registers[10] = match registers[17] {
        222 => chance.pick(&[0, 0, data, 0x5000]),
        _ => chance.pick(&[0, 1, 2, 3, 4, 5, 5, 5, 6, 6, 7, 256, u64::MAX]),
    };
    registers[11] = match registers[17] {
        25 => chance.below(5),
        222 => chance.pick(&[0, 1, 4095, 4096, 4097, 1 << 30, u64::MAX]),
        _ => data.wrapping_add(chance.below(64)),
    };
    // Nothing longer may be written: asterisc would print it.
    registers[12] = chance.pick(&[0, 1, 7, 8, 31, 32, 33, 100]);
    if registers[17] == 63 && chance.below(4) == 0 {
        registers[12] = u64::MAX;
    }
    registers[13] = chance.pick(&[0, 0x20, 0x22, 0x22, u64::MAX]);
    registers[14] = chance.pick(&[u64::MAX, u64::MAX, 0, 0xffff_ffff]);
}
