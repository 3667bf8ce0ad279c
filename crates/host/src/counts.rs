use kohala_preimage::KeyKind;
use std::ops::AddAssign;

/// A number of things and the bytes in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub number: u64,
    /// Bytes in all of them.
    pub bytes: u64,
}

impl Count {
    /// Counts one more thing of `bytes` bytes.
    pub const fn add(&mut self, bytes: usize) {
        self.number += 1;
        self.bytes += bytes as u64;
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.number += other.number;
        self.bytes += other.bytes;
    }
}

/// Preimages by kind, and whole blobs: what a store holds, or what a run has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    kinds: [Count; KeyKind::ALL.len()],
    /// Whole blobs.
    pub blobs: Count,
}

impl Counts {
    /// Counts one preimage.
    pub const fn add(&mut self, kind: KeyKind, bytes: usize) {
        self.kinds[kind as usize - 1].add(bytes);
    }

    /// Preimages of one kind.
    pub const fn of(&self, kind: KeyKind) -> Count {
        self.kinds[kind as usize - 1]
    }

    /// Preimages of all kinds, without whole blobs.
    pub fn total(&self) -> Count {
        let mut total = Count::default();
        self.kinds.iter().for_each(|count| total += *count);
        total
    }
}
