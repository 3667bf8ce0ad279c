//! The codes that a step reverts with (V25).

/// Why a step reverts: the state has no next one, neither in asterisc nor on L1.
///
/// asterisc has more codes, which no state leads to: for what a proof does not show there is [`Unproven`](crate::Unproven).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} (code {:#x})", self.reason(), self.number())]
pub enum Revert {
    /// `getrlimit` of something else than open files.
    UnrecognizedResource,
    /// An atomic memory operation that doesn't exist.
    UnknownAtomicOperation,
    /// An opcode that is neither executed nor passed over.
    UnknownOpcode,
    /// A system call that isn't passed over either: `futex`, `nanosleep`, `prlimit64`.
    InvalidSyscall,
    /// A jump to, or an atomic operation at, an address that isn't a multiple of the size.
    NotAlignedAddress,
    /// A store of a width that doesn't exist.
    StoreExceeds8Bytes,
    /// An instruction that lies in two leaves, which only one that isn't aligned can.
    UnexpectedRightProof,
    /// An encoding that is reserved.
    IllegalInstruction,
    /// An atomic operation of neither 4 nor 8 bytes.
    BadAtomicSize,
    /// There is no such part of the preimage.
    FailToReadPreimage,
}

impl Revert {
    /// All of them, each at the position of its number.
    pub(super) const ALL: [Self; 10] = [
        Self::UnrecognizedResource,
        Self::UnknownAtomicOperation,
        Self::UnknownOpcode,
        Self::InvalidSyscall,
        Self::NotAlignedAddress,
        Self::StoreExceeds8Bytes,
        Self::UnexpectedRightProof,
        Self::IllegalInstruction,
        Self::BadAtomicSize,
        Self::FailToReadPreimage,
    ];

    /// The number that the contract reverts with.
    pub const fn number(self) -> u64 {
        match self {
            Self::UnrecognizedResource => 0x000f_0012,
            Self::UnknownAtomicOperation => 0x0f00_1a70,
            Self::UnknownOpcode => 0xf001_c0de,
            Self::InvalidSyscall => 0xf001_ca11,
            Self::NotAlignedAddress => 0xbad1_0ad0,
            Self::StoreExceeds8Bytes => 0xbad5_12e8,
            Self::UnexpectedRightProof => 0xbad2_2220,
            Self::IllegalInstruction => 0x0bad_c0de,
            Self::BadAtomicSize => 0x00ba_da70,
            Self::FailToReadPreimage => 0xbadf_00d0,
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::UnrecognizedResource => "unrecognised resource limit",
            Self::UnknownAtomicOperation => "unknown atomic operation",
            Self::UnknownOpcode => "unknown opcode",
            Self::InvalidSyscall => "system call that is not supported",
            Self::NotAlignedAddress => "address is not aligned",
            Self::StoreExceeds8Bytes => "store of more than 8 bytes",
            Self::UnexpectedRightProof => "instruction lies in two leaves",
            Self::IllegalInstruction => "illegal instruction",
            Self::BadAtomicSize => "atomic operation of neither 4 nor 8 bytes",
            Self::FailToReadPreimage => "no such part of the preimage",
        }
    }
}
