//! Words of instructions, so that tests need no toolchain.

/// The registers of a system call, and the one that is 0.
pub(crate) const ZERO: u32 = 0;
pub(crate) const A0: u32 = 10;
pub(crate) const A1: u32 = 11;
pub(crate) const A2: u32 = 12;
pub(crate) const A7: u32 = 17;

pub(crate) const ECALL: u32 = 0x73;

/// Type R: `rd` from two registers.
pub(crate) const fn r(opcode: u32, funct3: u32, funct7: u32, rd: u32, rs1: u32, rs2: u32) -> u32 {
    funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

/// Type I: `rd` from a register and 12 bits.
pub(crate) const fn i(opcode: u32, funct3: u32, rd: u32, rs1: u32, imm: i32) -> u32 {
    (imm as u32 & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

/// Type S: stores `rs2` at `rs1` and 12 bits.
pub(crate) const fn s(funct3: u32, rs1: u32, rs2: u32, imm: i32) -> u32 {
    let imm = imm as u32;
    (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23
}

/// Type B: goes on `offset` bytes away, which is even and fits 13 bits.
pub(crate) const fn b(funct3: u32, rs1: u32, rs2: u32, offset: i32) -> u32 {
    let imm = offset as u32;
    let high = (imm >> 12 & 1) << 31 | (imm >> 5 & 63) << 25;
    high | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm >> 1 & 15) << 8 | (imm >> 11 & 1) << 7 | 0x63
}

/// Type U: `rd` from 20 bits, which are those above the lowest 12 of the result.
pub(crate) const fn u(opcode: u32, rd: u32, imm: u32) -> u32 {
    imm << 12 | rd << 7 | opcode
}

/// Type J: goes on `offset` bytes away, which is even and fits 21 bits.
pub(crate) const fn j(rd: u32, offset: i32) -> u32 {
    let imm = offset as u32;
    let high = (imm >> 20 & 1) << 31 | (imm >> 1 & 0x3ff) << 21;
    high | (imm >> 11 & 1) << 20 | (imm >> 12 & 0xff) << 12 | rd << 7 | 0x6f
}

pub(crate) const fn addi(rd: u32, rs1: u32, imm: i32) -> u32 {
    i(0x13, 0, rd, rs1, imm)
}

/// Sets a register to a number of 32 bits, sign-extended.
pub(crate) const fn li(rd: u32, value: i32) -> [u32; 2] {
    let high = (value as u32).wrapping_add(0x800) >> 12;
    [u(0x37, rd, high), i(0x1b, 0, rd, rd, value)]
}

/// Loads a double word.
pub(crate) const fn ld(rd: u32, rs1: u32, imm: i32) -> u32 {
    i(0x03, 3, rd, rs1, imm)
}

/// Stores a double word.
pub(crate) const fn sd(rs2: u32, rs1: u32, imm: i32) -> u32 {
    s(3, rs1, rs2, imm)
}

/// Numbers by chance, the same ones for the same seed (splitmix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below another.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A number where arithmetic likes to go wrong, or any.
    pub(crate) fn number(&mut self) -> u64 {
        const EDGES: [u64; 14] = [
            0,
            1,
            2,
            u64::MAX,
            1 << 63,
            (1 << 63) - 1,
            1 << 31,
            (1 << 31) - 1,
            1 << 32,
            0xffff_ffff,
            0xffff_ffff_8000_0000,
            0xffff_ffff_7fff_ffff,
            63,
            32,
        ];
        match self.below(3) {
            0 => self.pick(&EDGES),
            1 => self.next() >> self.below(64),
            _ => self.next(),
        }
    }
}

/// Opcode, `funct3` and `funct7` of every instruction between two registers.
pub(crate) const REGISTER_OPERATIONS: [(u32, u32, u32); 28] = [
    (0x33, 0, 0),
    (0x33, 0, 0x20),
    (0x33, 1, 0),
    (0x33, 2, 0),
    (0x33, 3, 0),
    (0x33, 4, 0),
    (0x33, 5, 0),
    (0x33, 5, 0x20),
    (0x33, 6, 0),
    (0x33, 7, 0),
    (0x33, 0, 1),
    (0x33, 1, 1),
    (0x33, 2, 1),
    (0x33, 3, 1),
    (0x33, 4, 1),
    (0x33, 5, 1),
    (0x33, 6, 1),
    (0x33, 7, 1),
    (0x3b, 0, 0),
    (0x3b, 0, 0x20),
    (0x3b, 1, 0),
    (0x3b, 5, 0),
    (0x3b, 5, 0x20),
    (0x3b, 0, 1),
    (0x3b, 4, 1),
    (0x3b, 5, 1),
    (0x3b, 6, 1),
    (0x3b, 7, 1),
];

/// The upper five bits of every atomic instruction but load-reserved.
pub(crate) const ATOMIC_OPERATIONS: [u32; 10] = [0x03, 0x00, 0x01, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c];

/// An instruction of RV64IMA that neither jumps nor calls nor looks at memory, of registers that `register` picks.
pub(crate) fn computation(chance: &mut Chance, mut register: impl FnMut(&mut Chance) -> u32) -> u32 {
    let (rd, rs1, rs2) = (register(chance), register(chance), register(chance));
    let imm = chance.next() as i32;
    match chance.below(8) {
        0..4 => {
            let (opcode, funct3, funct7) = chance.pick(&REGISTER_OPERATIONS);
            r(opcode, funct3, funct7, rd, rs1, rs2)
        }
        4 => i(0x13, chance.pick(&[0, 2, 3, 4, 6, 7]), rd, rs1, imm),
        5 => match chance.below(6) {
            0 => i(0x13, 1, rd, rs1, imm & 63),
            1 => i(0x13, 5, rd, rs1, imm & 63),
            2 => i(0x13, 5, rd, rs1, 0x400 | imm & 63),
            3 => i(0x1b, 1, rd, rs1, imm & 31),
            4 => i(0x1b, 5, rd, rs1, imm & 31),
            _ => i(0x1b, 5, rd, rs1, 0x400 | imm & 31),
        },
        6 => i(0x1b, 0, rd, rs1, imm),
        _ => u(chance.pick(&[0x37, 0x17]), rd, imm as u32 & 0xf_ffff),
    }
}
