//! Writes keccak's permutation as assembly of the VM that is built for; for other targets nothing.

#[path = "src/keccak/schedule.rs"]
mod schedule;

use schedule::{Instruction, LANES, Operation, REGISTERS, ROUND_CONSTANTS, permutation};
use std::{env, fmt::Write, fs, path::Path};

/// Words of memory: the state, the round constants, values that gave way, registers of the caller.
const WORDS: usize = 80;

/// The first word for the caller's registers.
const SAVED: usize = 64;

fn main() {
    println!("cargo::rerun-if-changed=src/keccak/schedule.rs");
    let variable = |name: &str| env::var(name).expect("cargo sets it");
    if variable("CARGO_CFG_TARGET_OS") != "none" {
        return;
    }
    let machine = match variable("CARGO_CFG_TARGET_ARCH").as_str() {
        "mips64" => Machine::Mips,
        "riscv64" => Machine::Riscv,
        other => panic!("there is no fault proof VM for {other}"),
    };
    let mut text = machine.memory();
    text += &machine.function("kohala_keccak_permute", &permutation(false));
    text += &machine.function("kohala_keccak_hash", &permutation(true));
    let path = Path::new(&variable("OUT_DIR")).join("keccak.s");
    fs::write(path, text).expect("the output folder can be written to");
}

#[derive(Clone, Copy)]
enum Machine {
    Mips,
    Riscv,
}

impl Machine {
    /// The memory's words, with the round constants in their place.
    fn memory(self) -> String {
        let mut text = String::from(".data\n.p2align 5\n.globl kohala_keccak_words\nkohala_keccak_words:\n");
        let _ = writeln!(text, ".space {}", 8 * LANES);
        for constant in ROUND_CONSTANTS {
            let _ = writeln!(text, ".8byte {constant:#x}");
        }
        let _ = writeln!(text, ".space {}", 8 * (WORDS - LANES - ROUND_CONSTANTS.len()));
        text
    }

    /// A function without arguments, which works on the memory alone. All registers but one hold values in it, and that
    /// one, the stack pointer, points to the memory: it must not be interrupted.
    fn function(self, name: &str, instructions: &[Instruction]) -> String {
        let mut text = format!(".text\n.p2align 2\n.globl {name}\n.type {name},@function\n{name}:\n");
        let saved: Vec<(String, usize)> = self.kept().into_iter().zip(SAVED + 1..WORDS).collect();
        text += &match self {
            Self::Mips => format!(
                ".set push\n.set noat\n.set noreorder\nlui $1, %hi(kohala_keccak_words)\n\
                 daddiu $1, $1, %lo(kohala_keccak_words)\nsd $29, {0}($1)\nmove $29, $1\n",
                8 * SAVED
            ),
            Self::Riscv => format!("lla t0, kohala_keccak_words\nsd sp, {}(t0)\nmv sp, t0\n", 8 * SAVED),
        };
        for (register, word) in &saved {
            let _ = writeln!(text, "sd {register}, {}({})", 8 * word, self.pointer());
        }
        for instruction in instructions {
            let _ = writeln!(text, "{}", self.instruction(instruction));
        }
        for (register, word) in &saved {
            let _ = writeln!(text, "ld {register}, {}({})", 8 * word, self.pointer());
        }
        text += &match self {
            Self::Mips => format!("jr $31\nld $29, {}($29)\n.set pop\n", 8 * SAVED),
            Self::Riscv => format!("ld sp, {}(sp)\nret\n", 8 * SAVED),
        };
        text + &format!(".size {name}, . - {name}\n")
    }

    /// The registers, but for the stack pointer, that a function must leave as it found them.
    fn kept(self) -> Vec<String> {
        match self {
            Self::Mips => (16..=23).chain([28, 30, 31]).map(|number| format!("${number}")).collect(),
            Self::Riscv => [1, 3, 4, 8, 9].into_iter().chain(18..=27).map(|number| format!("x{number}")).collect(),
        }
    }

    fn pointer(self) -> &'static str {
        match self {
            Self::Mips => "$29",
            Self::Riscv => "sp",
        }
    }

    /// The machine's name of a register that values lie in.
    fn register(self, index: u8) -> String {
        assert!(usize::from(index) < REGISTERS);
        match self {
            Self::Mips if index < 28 => format!("${}", index + 1),
            Self::Mips => format!("${}", index + 2),
            Self::Riscv if index == 0 => "x1".to_owned(),
            Self::Riscv => format!("x{}", index + 2),
        }
    }

    fn instruction(self, instruction: &Instruction) -> String {
        let name = |index: u8| self.register(index);
        let shift = |mnemonic: &str, to: u8, from: u8, by: u32| {
            let (high, by) = if matches!(self, Self::Mips) && by >= 32 { ("32", by - 32) } else { ("", by) };
            format!("{mnemonic}{high} {}, {}, {by}", name(to), name(from))
        };
        match *instruction {
            Instruction::Store(word, from) => {
                assert!(word < SAVED);
                format!("sd {}, {}({})", name(from), 8 * word, self.pointer())
            }
            Instruction::Set(to, operation) => match operation {
                Operation::Xor(a, b) => format!("xor {}, {}, {}", name(to), name(a), name(b)),
                Operation::And(a, b) => format!("and {}, {}, {}", name(to), name(a), name(b)),
                Operation::Or(a, b) => format!("or {}, {}, {}", name(to), name(a), name(b)),
                Operation::Not(a) => match self {
                    Self::Mips => format!("nor {}, {}, $0", name(to), name(a)),
                    Self::Riscv => format!("not {}, {}", name(to), name(a)),
                },
                Operation::ShiftLeft(a, by) => {
                    shift(if matches!(self, Self::Mips) { "dsll" } else { "slli" }, to, a, by)
                }
                Operation::ShiftRight(a, by) => {
                    shift(if matches!(self, Self::Mips) { "dsrl" } else { "srli" }, to, a, by)
                }
                Operation::Load(word) => format!("ld {}, {}({})", name(to), 8 * word, self.pointer()),
            },
        }
    }
}
