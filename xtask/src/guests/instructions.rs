//! Which instructions the VMs know: an executable with another one would stop in the middle of a dispute.
//!
//! The compiler's traps are let pass, and what the linker fills gaps with: what would run into one has gone wrong before.

use anyhow::{Context, Result, bail, ensure};
use object::{Architecture, Object, ObjectSection, SectionKind, read::elf::ElfFile64};

/// The compiler's trap on RISC-V, a write to a counter. Asterisc would do nothing and go on.
const UNIMP: u32 = 0xc000_1073;

/// Puts zeros where the compiler has put traps on RISC-V: those asterisc stops at, as cannon does at `break`.
pub(super) fn stop_at_traps(file: &mut [u8]) -> Result<()> {
    let elf = ElfFile64::<object::Endianness>::parse(&*file)?;
    if elf.architecture() != Architecture::Riscv64 {
        return Ok(());
    }
    let text = elf.sections().filter(|section| section.kind() == SectionKind::Text);
    let places: Vec<_> = text.filter_map(|section| section.file_range()).collect();
    for (start, len) in places {
        let section =
            file.get_mut(start as usize..(start + len) as usize).context("a section behind the file's end")?;
        let (words, _) = section.as_chunks_mut::<4>();
        words.iter_mut().filter(|word| u32::from_le_bytes(**word) == UNIMP).for_each(|word| *word = [0; 4]);
    }
    Ok(())
}

/// Whether a VM executes an instruction, and how it has instructions in memory.
type IsKnown = fn(u32) -> bool;
type Word = fn([u8; 4]) -> u32;

/// Looks at every word of the executable's code.
pub(super) fn check(file: &[u8]) -> Result<()> {
    let elf = ElfFile64::<object::Endianness>::parse(file)?;
    let (is_known, word): (IsKnown, Word) = match elf.architecture() {
        Architecture::Mips64 => (mips, u32::from_be_bytes),
        Architecture::Riscv64 => (riscv, u32::from_le_bytes),
        other => bail!("no VM runs {other:?}"),
    };
    let mut checked = 0;
    for section in elf.sections().filter(|section| section.kind() == SectionKind::Text) {
        let (words, rest) = section.data()?.as_chunks::<4>();
        ensure!(rest.is_empty(), "the code is not made of whole words");
        for (index, bytes) in words.iter().enumerate() {
            let (instruction, address) = (word(*bytes), section.address() + 4 * index as u64);
            ensure!(is_known(instruction), "the VM does not know the instruction {instruction:#010x} at {address:#x}");
        }
        checked += words.len();
    }
    ensure!(checked > 0, "there is no code");
    Ok(())
}

/// What the linker puts between pieces of MIPS code.
const FILLER: u32 = 0x0417_0001;

/// Whether cannon executes it (rules V12).
fn mips(instruction: u32) -> bool {
    let field = |shift: u32| (instruction >> shift) & 0x1f;
    let function = instruction & 0x3f;
    match instruction >> 26 {
        // Later releases made rotations of shifts by a field that cannon doesn't look at.
        0 if matches!(function, 0 | 2 | 3 | 0x38..=0x3f) && field(21) != 0 => false,
        0 if matches!(function, 4 | 6 | 7 | 0x14 | 0x16 | 0x17) && field(6) != 0 => false,
        // `break` (0x0d) is the compiler's trap.
        0 => {
            matches!(function, 0 | 2..=4 | 6..=0xd | 0xf..=0x14 | 0x16..=0x27 | 0x2a..=0x2f | 0x38 | 0x3a..=0x3c | 0x3e | 0x3f)
        }
        // Branches by sign; others are known too, but as not taken.
        1 => matches!(field(16), 0 | 1 | 0x10 | 0x11) || instruction == FILLER,
        0x1c => matches!(function, 2 | 0x20 | 0x21 | 0x24 | 0x25),
        opcode => matches!(opcode, 2..=0xf | 0x18..=0x1b | 0x20..=0x2e | 0x30 | 0x34 | 0x37 | 0x38 | 0x3c | 0x3f),
    }
}

/// Whether asterisc executes it, floating point, which does nothing there, left out (rules V22).
fn riscv(instruction: u32) -> bool {
    let field = |shift: u32, bits: u32| (instruction >> shift) & ((1 << bits) - 1);
    let (opcode, function, high) = (field(0, 7), field(12, 3), field(25, 7));
    match opcode {
        0x03 => function <= 6,
        0x23 => function <= 3,
        0x63 => !matches!(function, 2 | 3),
        0x13 => match function {
            1 => high >> 1 == 0,
            5 => matches!(high >> 1, 0 | 0x10),
            _ => true,
        },
        0x1b => match function {
            0 => true,
            1 => high == 0,
            5 => matches!(high, 0 | 0x20),
            _ => false,
        },
        0x33 => matches!((high, function), (0 | 1, _) | (0x20, 0 | 5)),
        0x3b => matches!((high, function), (0, 0 | 1 | 5) | (1, 0 | 4..=7) | (0x20, 0 | 5)),
        0x2f => matches!(function, 2 | 3) && matches!(high >> 2, 0..=4 | 8 | 0xc | 0x10 | 0x14 | 0x18 | 0x1c),
        0x67 => function == 0,
        0x17 | 0x37 | 0x6f | 0x0f => true,
        // `ecall`.
        0x73 => instruction == 0x73,
        // What [`stop_at_traps`] puts.
        0 => instruction == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_of_later_releases_are_refused() {
        // daddu, dsll32, ld, sdr, dclz, bgezal, movz, syscall, break
        for known in
            [0x0044_182d, 0x0002_103c, 0xdfbf_0068, 0xb441_0007, 0x7042_1024, 0x0411_0001, 0x0044_100a, 0xc, 0xd]
        {
            assert!(mips(known), "{known:#010x}");
        }
        // rotr, drotrv, ext, wsbh, madd, teq, lwc1, bnel, rdhwr
        for unknown in [
            0x0022_1202,
            0x0044_1056,
            0x7c42_1000,
            0x7c02_10a0,
            0x7044_0000,
            0x34,
            0xc441_0000,
            0x5440_0001,
            0x7c03_e83b,
        ] {
            assert!(!mips(unknown), "{unknown:#010x}");
        }
        // add, mulhu, sraiw, amoadd.d, ecall, jalr, a trap
        for known in [0x00c5_8533, 0x02c5_b533, 0x4025_551b, 0x00b5_352f, 0x73, 0x0000_8067, 0] {
            assert!(riscv(known), "{known:#010x}");
        }
        // andn, rori, sh1add, rev8, clz, csrr, compressed, fadd.d, unimp
        for unknown in
            [0x40c5_f533, 0x6025_5513, 0x20c5_a533, 0x6b85_5513, 0x6005_1513, 0xc000_2573, 0x8082, 0x02c5_f553, UNIMP]
        {
            assert!(!riscv(unknown), "{unknown:#010x}");
        }
    }
}
