//! Instructions, as words.

/// Registers by their number, under the names of the n64 ABI, as far as they are needed here.
pub(super) mod register {
    pub(in super::super) const V0: u32 = 2;
    pub(in super::super) const A0: u32 = 4;
    pub(in super::super) const A1: u32 = 5;
    pub(in super::super) const A2: u32 = 6;
    pub(in super::super) const S0: u32 = 16;
    pub(in super::super) const RA: u32 = 31;
}

pub(super) const SYSCALL: u32 = 0x0c;

/// Major opcodes whose low six bits are an opcode of their own.
pub(super) const SPECIAL: u32 = 0;
pub(super) const SPECIAL2: u32 = 0x1c;

/// The major opcode whose field for the second register is an opcode of its own.
pub(super) const REGIMM: u32 = 1;

/// An instruction with three registers and a shift.
pub(super) const fn r(major: u32, function: u32, [rs, rt, rd, shift]: [u32; 4]) -> u32 {
    major << 26 | (rs & 31) << 21 | (rt & 31) << 16 | (rd & 31) << 11 | (shift & 31) << 6 | function & 63
}

/// An instruction with two registers and an immediate.
pub(super) const fn i(major: u32, rs: u32, rt: u32, immediate: u16) -> u32 {
    major << 26 | (rs & 31) << 21 | (rt & 31) << 16 | immediate as u32
}

/// Loads and stores that are no more than that.
pub(super) const MEMORY: [u32; 19] =
    [0x1a, 0x1b, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x37, 0x3f];

/// Load-linked and store-conditional, of four bytes and of eight.
pub(super) const LINKED: [u32; 4] = [0x30, 0x34, 0x38, 0x3c];

/// Functions of `SPECIAL` that compute; those that divide are not among them.
pub(super) const COMPUTE: [u32; 40] = [
    0x00, 0x02, 0x03, 0x04, 0x06, 0x07, 0x0a, 0x0b, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x19, 0x1c,
    0x1d, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x38, 0x3a, 0x3b, 0x3c,
    0x3e, 0x3f,
];

/// Functions of `SPECIAL2` that there are.
pub(super) const COMPUTE2: [u32; 5] = [0x02, 0x20, 0x21, 0x24, 0x25];

/// Major opcodes that compute with an immediate.
pub(super) const IMMEDIATE: [u32; 10] = [0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x18, 0x19];

/// Numbers of the system calls that cannon does something for.
pub(super) const CALLS: [u16; 16] =
    [5009, 5012, 5055, 5205, 5000, 5001, 5070, 5058, 5023, 5178, 5194, 5002, 5034, 5222, 5038, 5313];

/// Numbers of those that it does nothing for, `eventfd2` after them, and some that it doesn't know.
pub(super) const OTHER_CALLS: [u16; 38] = [
    5011, 5010, 5196, 5027, 5014, 5129, 5013, 5297, 5003, 5016, 5004, 5005, 5247, 5087, 5257, 5015, 5285, 5287, 5208,
    5272, 5061, 5100, 5102, 5026, 5225, 5095, 5008, 5036, 5216, 5217, 5220, 5284, 5284, 5284, 4246, 0, 5999, 5006,
];
