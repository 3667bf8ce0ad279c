//! Opcodes: what each takes from the stack, and how much it leaves there.

use crate::Fork::{self, Bedrock, Canyon, Ecotone, Karst};
use Operand::{Account, Block, Few, Gas, Offset, Size, Slot, Value, Word};

/// What an opcode takes from the stack.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Word,
    /// In memory, calldata, code.
    Offset,
    Size,
    Account,
    Slot,
    /// To store, or in wei.
    Value,
    Gas,
    /// Number of a block.
    Block,
    /// A small number.
    Few,
}

/// An opcode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    pub(super) byte: u8,
    /// What is on top first.
    pub(super) takes: &'static [Operand],
    /// How many words.
    pub(super) leaves: usize,
    /// The fork that brings it.
    pub(super) since: Fork,
}

/// A constant for each opcode, and one that lists them.
macro_rules! opcodes {
    ($(#[$doc:meta])* $list:ident: $($name:ident = $byte:literal, [$($takes:ident)*], $leaves:literal, $since:ident;)*) => {
        $(pub(super) const $name: Op = Op { byte: $byte, takes: &[$($takes),*], leaves: $leaves, since: $since };)*

        $(#[$doc])*
        pub(super) const $list: &[Op] = &[$($name),*];
    };
}

opcodes! {
    /// Opcodes that may stand anywhere if their operands are on the stack.
    ANYWHERE:
    ADD = 0x01, [Word Word], 1, Bedrock;
    MUL = 0x02, [Word Word], 1, Bedrock;
    SUB = 0x03, [Word Word], 1, Bedrock;
    DIV = 0x04, [Word Word], 1, Bedrock;
    SDIV = 0x05, [Word Word], 1, Bedrock;
    MOD = 0x06, [Word Word], 1, Bedrock;
    SMOD = 0x07, [Word Word], 1, Bedrock;
    ADDMOD = 0x08, [Word Word Word], 1, Bedrock;
    MULMOD = 0x09, [Word Word Word], 1, Bedrock;
    EXP = 0x0a, [Word Few], 1, Bedrock;
    SIGNEXTEND = 0x0b, [Few Word], 1, Bedrock;
    LT = 0x10, [Word Word], 1, Bedrock;
    GT = 0x11, [Word Word], 1, Bedrock;
    SLT = 0x12, [Word Word], 1, Bedrock;
    SGT = 0x13, [Word Word], 1, Bedrock;
    EQ = 0x14, [Word Word], 1, Bedrock;
    ISZERO = 0x15, [Word], 1, Bedrock;
    AND = 0x16, [Word Word], 1, Bedrock;
    OR = 0x17, [Word Word], 1, Bedrock;
    XOR = 0x18, [Word Word], 1, Bedrock;
    NOT = 0x19, [Word], 1, Bedrock;
    BYTE = 0x1a, [Few Word], 1, Bedrock;
    SHL = 0x1b, [Few Word], 1, Bedrock;
    SHR = 0x1c, [Few Word], 1, Bedrock;
    SAR = 0x1d, [Few Word], 1, Bedrock;
    CLZ = 0x1e, [Word], 1, Karst;
    KECCAK256 = 0x20, [Offset Size], 1, Bedrock;
    ADDRESS = 0x30, [], 1, Bedrock;
    BALANCE = 0x31, [Account], 1, Bedrock;
    ORIGIN = 0x32, [], 1, Bedrock;
    CALLER = 0x33, [], 1, Bedrock;
    CALLVALUE = 0x34, [], 1, Bedrock;
    CALLDATALOAD = 0x35, [Offset], 1, Bedrock;
    CALLDATASIZE = 0x36, [], 1, Bedrock;
    CALLDATACOPY = 0x37, [Offset Offset Size], 0, Bedrock;
    CODESIZE = 0x38, [], 1, Bedrock;
    CODECOPY = 0x39, [Offset Offset Size], 0, Bedrock;
    GASPRICE = 0x3a, [], 1, Bedrock;
    EXTCODESIZE = 0x3b, [Account], 1, Bedrock;
    EXTCODECOPY = 0x3c, [Account Offset Offset Size], 0, Bedrock;
    RETURNDATASIZE = 0x3d, [], 1, Bedrock;
    EXTCODEHASH = 0x3f, [Account], 1, Bedrock;
    BLOCKHASH = 0x40, [Block], 1, Bedrock;
    COINBASE = 0x41, [], 1, Bedrock;
    TIMESTAMP = 0x42, [], 1, Bedrock;
    NUMBER = 0x43, [], 1, Bedrock;
    PREVRANDAO = 0x44, [], 1, Bedrock;
    GASLIMIT = 0x45, [], 1, Bedrock;
    CHAINID = 0x46, [], 1, Bedrock;
    SELFBALANCE = 0x47, [], 1, Bedrock;
    BASEFEE = 0x48, [], 1, Bedrock;
    BLOBHASH = 0x49, [Few], 1, Ecotone;
    BLOBBASEFEE = 0x4a, [], 1, Ecotone;
    POP = 0x50, [Word], 0, Bedrock;
    MLOAD = 0x51, [Offset], 1, Bedrock;
    MSTORE = 0x52, [Offset Word], 0, Bedrock;
    MSTORE8 = 0x53, [Offset Word], 0, Bedrock;
    SLOAD = 0x54, [Slot], 1, Bedrock;
    SSTORE = 0x55, [Slot Value], 0, Bedrock;
    PC = 0x58, [], 1, Bedrock;
    MSIZE = 0x59, [], 1, Bedrock;
    GAS = 0x5a, [], 1, Bedrock;
    TLOAD = 0x5c, [Slot], 1, Ecotone;
    TSTORE = 0x5d, [Slot Value], 0, Ecotone;
    MCOPY = 0x5e, [Offset Offset Size], 0, Ecotone;
    PUSH0 = 0x5f, [], 1, Canyon;
    LOG0 = 0xa0, [Offset Size], 0, Bedrock;
    LOG1 = 0xa1, [Offset Size Word], 0, Bedrock;
    LOG2 = 0xa2, [Offset Size Word Word], 0, Bedrock;
    LOG3 = 0xa3, [Offset Size Word Word Word], 0, Bedrock;
    LOG4 = 0xa4, [Offset Size Word Word Word Word], 0, Bedrock;
    CALL = 0xf1, [Gas Account Value Offset Size Offset Size], 1, Bedrock;
    CALLCODE = 0xf2, [Gas Account Value Offset Size Offset Size], 1, Bedrock;
    DELEGATECALL = 0xf4, [Gas Account Offset Size Offset Size], 1, Bedrock;
    STATICCALL = 0xfa, [Gas Account Offset Size Offset Size], 1, Bedrock;
}

opcodes! {
    /// Those that are only written in patterns: jumps, creation, ends.
    IN_PATTERNS:
    STOP = 0x00, [], 0, Bedrock;
    RETURNDATACOPY = 0x3e, [Offset Offset Size], 0, Bedrock;
    JUMP = 0x56, [Word], 0, Bedrock;
    JUMPI = 0x57, [Word Word], 0, Bedrock;
    JUMPDEST = 0x5b, [], 0, Bedrock;
    CREATE = 0xf0, [Value Offset Size], 1, Bedrock;
    RETURN = 0xf3, [Offset Size], 0, Bedrock;
    CREATE2 = 0xf5, [Value Offset Size Word], 1, Bedrock;
    REVERT = 0xfd, [Offset Size], 0, Bedrock;
    INVALID = 0xfe, [], 0, Bedrock;
    SELFDESTRUCT = 0xff, [Account], 0, Bedrock;
}

/// The first of those that push a word, copy one to the top, and exchange the one on top: 32, 16 and 16 of them.
pub(super) const PUSH1: u8 = 0x60;
pub(super) const DUP1: u8 = 0x80;
pub(super) const SWAP1: u8 = 0x90;

/// Every opcode that code of this fork must have reached in a long run.
pub fn opcodes(fork: Fork) -> Vec<u8> {
    let named = ANYWHERE.iter().filter(|op| op.since <= fork).chain(IN_PATTERNS);
    named.map(|op| op.byte).chain(PUSH1..SWAP1 + 16).collect()
}
