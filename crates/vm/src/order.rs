//! Byte order: where a machine's words meet bytes.

/// The order of a word's bytes in memory. Machines differ in nothing else here: pages hold words by value.
pub trait Order: Copy + Default + Send + Sync + 'static {
    /// The word that these bytes hold.
    fn word(bytes: [u8; 8]) -> u64;

    /// The bytes of `word`, lowest address first.
    fn bytes(word: u64) -> [u8; 8];

    /// The two instructions of `word`, the one at the lower address first.
    fn halves(word: u64) -> [u32; 2];

    /// The half of `word` that lies at `address`.
    fn half(word: u64, address: u64) -> u32 {
        Self::halves(word)[(address / 4 % 2) as usize]
    }
}

/// Most significant byte at the lowest address: MIPS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BigEndian;

/// Least significant byte at the lowest address: RISC-V.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LittleEndian;

impl Order for BigEndian {
    fn word(bytes: [u8; 8]) -> u64 {
        u64::from_be_bytes(bytes)
    }

    fn bytes(word: u64) -> [u8; 8] {
        word.to_be_bytes()
    }

    fn halves(word: u64) -> [u32; 2] {
        [(word >> 32) as u32, word as u32]
    }
}

impl Order for LittleEndian {
    fn word(bytes: [u8; 8]) -> u64 {
        u64::from_le_bytes(bytes)
    }

    fn bytes(word: u64) -> [u8; 8] {
        word.to_le_bytes()
    }

    fn halves(word: u64) -> [u32; 2] {
        [word as u32, (word >> 32) as u32]
    }
}
