//! Single instructions against another emulator of the processor, qemu's.
//!
//! One program does thousands of cases: it loads registers from a record by chance, executes an instruction (or the few that
//! it takes to see a jump), and stores the registers back. In the end it prints all records. What it prints on our machine is
//! what it prints on qemu's. Only what the RISC-V manual defines is tried: for all else [`super::recorded`] has asterisc.

use crate::assembler::{
    A0, A1, A2, A7, ATOMIC_OPERATIONS, Chance, ECALL, ZERO, addi, b, computation, i, j, ld, li, r, s, sd,
};
use kohala_vm::{
    NoServer, Reached, Stream,
    elf::{Elf, Symbol},
    riscv::{State, Vm},
};
use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    process::{self, Command},
    sync::mpsc,
};

const CASES: u64 = 4000;

/// Where the file is loaded, its header first.
const START: u64 = 0x1_0000;
const HEADER_BYTES: u64 = 64 + 56;

/// The register that points to the record; cases leave it alone.
const RECORD: u32 = 31;

/// A record's doublewords: registers 1 to 30, and memory that loads and stores reach.
const REGISTERS: u64 = 30;
const MEMORY: u64 = 8;
const RECORD_BYTES: u64 = 8 * (REGISTERS + MEMORY);

/// Where the records lie, and the code behind them.
const RECORDS: u64 = START + HEADER_BYTES;
const CODE: u64 = RECORDS + RECORD_BYTES * CASES;

/// The program's records and code, and what of the code each case is about.
#[derive(Default)]
struct Program {
    records: Vec<u64>,
    code: Vec<u32>,
    cases: Vec<Vec<u32>>,
}

impl Program {
    fn new(seed: u64) -> Self {
        let mut program = Self::default();
        program.code.extend(li(RECORD, RECORDS as i32));
        let chance = &mut Chance(seed);
        for _ in 0..CASES {
            program.case(chance);
        }
        program.code.push(addi(A0, ZERO, 1));
        program.code.extend(li(A1, RECORDS as i32));
        program.code.extend(li(A2, (RECORD_BYTES * CASES) as i32));
        program.code.extend([addi(A7, ZERO, 64), ECALL, addi(A0, ZERO, 0), addi(A7, ZERO, 93), ECALL]);
        program
    }

    fn case(&mut self, chance: &mut Chance) {
        let record = RECORDS + 8 * self.records.len() as u64;
        let mut registers: Vec<_> = (0..REGISTERS).map(|_| chance.number()).collect();
        self.code.extend((1..RECORD).map(|register| ld(register, RECORD, 8 * (register as i32 - 1))));
        let instructions = self.instructions(chance, record + 8 * REGISTERS, &mut registers);
        self.code.extend(&instructions);
        self.cases.push(instructions);
        self.code.extend((1..RECORD).map(|register| sd(register, RECORD, 8 * (register as i32 - 1))));
        self.code.push(addi(RECORD, RECORD, RECORD_BYTES as i32));
        self.records.extend(registers);
        self.records.extend((0..MEMORY).map(|_| chance.number()));
    }

    /// A case's instructions; `memory` is the record's, and `registers` gets the addresses that they need.
    fn instructions(&self, chance: &mut Chance, memory: u64, registers: &mut [u64]) -> Vec<u32> {
        let any = |chance: &mut Chance| chance.below(u64::from(RECORD)) as u32;
        // A register that can hold an address, and two that may be what they like.
        let base = 1 + chance.below(REGISTERS) as u32;
        let (rd, rs2) = (any(chance), any(chance));
        let mut point = |register: u32, address: u64| registers[register as usize - 1] = address;
        let size = chance.below(4);
        let imm = chance.next() as i32 >> 20;
        match chance.below(10) {
            0..4 => vec![computation(chance, any)],
            // Loads and stores, aligned or not.
            4 => {
                point(base, memory.wrapping_add(chance.below(8 * MEMORY - 8)).wrapping_sub(imm as u64));
                vec![i(0x03, chance.below(7) as u32, rd, base, imm)]
            }
            5 => {
                point(base, memory.wrapping_add(chance.below(8 * MEMORY - 8)).wrapping_sub(imm as u64));
                vec![s(size as u32, base, rs2, imm)]
            }
            // Atomics: a load-reserved goes before each store-conditional.
            6 => {
                point(base, memory + 8 * chance.below(MEMORY) + if size & 1 == 0 { chance.pick(&[0, 4]) } else { 0 });
                let width = 2 + (size & 1) as u32;
                let operation = chance.pick(&ATOMIC_OPERATIONS);
                let order = chance.below(4) as u32;
                let atomic = r(0x2f, width, operation << 2 | order, rd, base, rs2);
                let reserves = operation == 3;
                let reserved = if base == 1 { 2 } else { base - 1 };
                let load = reserves.then(|| r(0x2f, width, 0x02 << 2 | order, reserved, base, 0));
                load.into_iter().chain([atomic]).collect()
            }
            // A branch over an instruction that shows whether it was taken.
            7 => {
                let branch = b(chance.pick(&[0, 1, 4, 5, 6, 7]), base, rs2, 8);
                vec![branch, addi(rd, rs2, 1)]
            }
            // A branch back, from behind a jump over its target.
            8 => {
                let branch = b(chance.pick(&[0, 1, 4, 5, 6, 7]), base, rs2, -8);
                vec![j(rd, 12), addi(rd, rs2, 1), j(ZERO, 8), branch]
            }
            // Jumps and links, over an instruction too.
            _ => {
                let target = CODE + 4 * self.code.len() as u64 + 8;
                point(base, target.wrapping_sub(imm as u64) | chance.below(2) & !(imm as u64));
                let jump = if size == 0 { j(rd, 8) } else { i(0x67, 0, rd, base, imm) };
                vec![jump, addi(rs2, rs2, 1)]
            }
        }
    }

    /// An executable file: one segment, of everything.
    fn file(&self) -> Vec<u8> {
        let len = CODE - START + 4 * self.code.len() as u64;
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        // Executable, RISC-V.
        file.extend([2, 0, 243, 0, 1, 0, 0, 0]);
        for word in [CODE, 64, 0] {
            file.extend(word.to_le_bytes());
        }
        // Flags; sizes and counts of headers: a program header, no sections.
        file.extend([0; 4]);
        for half in [64_u16, 56, 1, 64, 0, 0] {
            file.extend(half.to_le_bytes());
        }
        // To be loaded; readable, writable, executable.
        file.extend([1, 0, 0, 0, 7, 0, 0, 0]);
        for word in [0, START, START, len, len, 4096] {
            file.extend(word.to_le_bytes());
        }
        file.extend(self.records.iter().flat_map(|word| word.to_le_bytes()));
        file.extend(self.code.iter().flat_map(|word| word.to_le_bytes()));
        file
    }
}

/// What the program prints on our machine.
fn ours(file: &[u8]) -> Vec<u8> {
    let mut elf = Elf::parse(file).expect("is an executable");
    // asterisc demands that there are symbols.
    elf.symbols.push(Symbol { name: "_start".to_owned(), start: elf.entry, size: 0 });
    let state = State::load(&elf).expect("can be loaded");
    let (sender, printed) = mpsc::channel();
    let mut vm = Vm::new(state, NoServer, move |stream, text: &[u8]| {
        assert_eq!(stream, Stream::Output);
        sender.send(text.to_vec()).expect("someone reads");
    });
    assert_eq!(vm.run(u64::MAX, false).expect("no step stops"), Reached::Exit);
    assert_eq!(vm.state().core.exit_code, 0);
    drop(vm);
    printed.iter().flatten().collect()
}

/// What it prints on qemu's.
fn theirs(file: &[u8]) -> Vec<u8> {
    let path = env::temp_dir().join(format!("kohala-vm-processor-{}", process::id()));
    fs::write(&path, file).expect("can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("is ours");
    let output = Command::new("qemu-riscv64").arg(&path).output().expect("qemu-riscv64 can be run");
    fs::remove_file(&path).expect("is there");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn instructions_do_what_qemus_do() {
    let has_qemu = Command::new("qemu-riscv64").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_qemu && env::var_os("CI").is_none() {
        println!(
            "NOT TESTED: RISC-V's instructions are compared with qemu's only where there is qemu-riscv64 (qemu-user)"
        );
        return;
    }
    let program = Program::new(1);
    let file = program.file();
    let (ours, theirs) = (ours(&file), theirs(&file));
    assert_eq!((ours.len(), theirs.len()), (8 * program.records.len(), 8 * program.records.len()));
    let records = ours.chunks(RECORD_BYTES as usize).zip(theirs.chunks(RECORD_BYTES as usize));
    for (instructions, (ours, theirs)) in program.cases.iter().zip(records) {
        assert_eq!(ours, theirs, "{instructions:08x?}");
    }
}
