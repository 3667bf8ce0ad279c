//! Instructions one by one, against the reference.

use crate::{
    machine::{CODE, DATA, machine, step, thread, thread_mut},
    reference::{Picture, address, execute},
};
use kohala_vm::mips::{Fault, State};
use proptest::prelude::*;

/// Numbers at which something changes, and any others.
fn number() -> impl Strategy<Value = u64> {
    let bits = (0..64_u32).prop_map(|bit| 1_u64 << bit);
    let around = (bits, -1..=1_i64).prop_map(|(power, by)| power.wrapping_add_signed(by));
    prop_oneof![any::<u64>(), around.clone(), around.prop_map(|number: u64| number.wrapping_neg()), 0..70_u64]
}

/// A machine before `instruction`, with these registers, and its picture.
fn before(
    instruction: u32,
    mut registers: [u64; 32],
    hi_lo: [u64; 2],
    word: u64,
    is_delayed: bool,
) -> (State, Picture) {
    registers[0] = 0;
    let mut state = machine(&[instruction]);
    let at = address(instruction, &registers) & !7;
    if at != CODE {
        let _ = state.memory.store(at, word);
    }
    let word = state.memory.load(at).to_be_bytes();
    let next_pc = if is_delayed { CODE + 0x400 } else { CODE + 4 };
    let thread = thread_mut(&mut state);
    thread.next_pc = next_pc;
    [thread.hi_lo.hi, thread.hi_lo.lo] = hi_lo;
    for register in 0..32_u8 {
        thread.registers[register] = registers[usize::from(register)];
    }
    (state, Picture { registers, hi: hi_lo[0], lo: hi_lo[1], pc: CODE, next_pc, word })
}

/// The picture of a state, with the word at `at`.
fn picture(state: &State, at: u64) -> Picture {
    let (thread, mut memory) = (thread(state), state.memory.clone());
    Picture {
        registers: std::array::from_fn(|register| thread.registers[register as u8]),
        hi: thread.hi_lo.hi,
        lo: thread.hi_lo.lo,
        pc: thread.pc,
        next_pc: thread.next_pc,
        word: memory.load(at).to_be_bytes(),
    }
}

/// An instruction: most often one that exists.
fn instruction() -> impl Strategy<Value = u32> {
    let fields = any::<u32>();
    prop_oneof![
        1 => any::<u32>(),
        8 => (fields, 0..0x40_u32).prop_map(|(fields, function)| fields & 0x03ff_ffc0 | function),
        1 => (fields, 0..0x40_u32).prop_map(|(fields, function)| fields & 0x03ff_ffc0 | function | 0x1c << 26),
        8 => (fields, 1..0x40_u32).prop_map(|(fields, opcode)| fields & 0x03ff_ffff | opcode << 26),
    ]
}

/// Whether the instruction is judged elsewhere: system calls, and loads and stores that go together.
fn is_apart(instruction: u32) -> bool {
    matches!(instruction >> 26, 0x30 | 0x34 | 0x38 | 0x3c) || instruction & 0xfc00_003f == 0xc
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// V12.
    #[test]
    fn instructions_do_what_the_reference_says(
        instruction in instruction().prop_filter("judged elsewhere", |instruction| !is_apart(*instruction)),
        registers in prop::array::uniform32(number()),
        hi_lo in prop::array::uniform2(number()),
        word in any::<u64>(),
        is_delayed in prop::bool::weighted(0.1),
    ) {
        let (state, picture_before) = before(instruction, registers, hi_lo, word, is_delayed);
        let at = address(instruction, &picture_before.registers) & !7;
        match (execute(instruction, &picture_before), step(&state)) {
            (Some(expected), Ok(found)) => {
                prop_assert_eq!(picture(&found, at), expected);
                prop_assert_eq!(found.core.step, 1);
                prop_assert_eq!(found.core.steps_since_switch, 1);
            }
            (None, Err(Fault::Instruction | Fault::DivisionByZero | Fault::DelaySlot)) => {}
            (expected, found) => prop_assert!(false, "{:?} {:?}", expected, found.map(|state| state.core)),
        }
    }
}

/// All opcodes and functions that the machine knows are among the cases, or the test above would say little.
#[test]
fn every_operation_is_known_or_refused_as_the_reference_says() {
    let all =
        (0..0x40).map(|opcode| opcode << 26).chain(0..0x40).chain((0..0x40).map(|function| 0x1c << 26 | function));
    for instruction in all.filter(|instruction| !is_apart(*instruction)).map(|bits| bits | 0x0062_0000 & !(bits >> 10))
    {
        let mut registers = [0; 32];
        registers[2..4].copy_from_slice(&[DATA, 3]);
        let (state, picture_before) = before(instruction, registers, [1, 2], 5, false);
        let (expected, found) = (execute(instruction, &picture_before), step(&state));
        assert_eq!(expected.is_some(), found.is_ok(), "{instruction:#010x}: {expected:?}");
        assert!(found.is_ok() || matches!(found, Err(Fault::Instruction | Fault::DivisionByZero)), "{instruction:#x}");
    }
}

/// V12.
#[test]
fn branch_in_a_delay_slot_stops_the_machine() {
    for branch in [0x0800_0000, 0x0c00_0000, 0x03e0_0008, 0x0060_f809, 0x1000_0001, 0x0401_0001, 0x04ff_0001] {
        let mut state = machine(&[branch]);
        thread_mut(&mut state).next_pc = CODE + 0x100;
        assert_eq!(step(&state).err(), Some(Fault::DelaySlot), "{branch:#x}");
        // A branch to what stands behind its delay slot leaves no trace.
        thread_mut(&mut state).next_pc = CODE + 4;
        assert!(step(&state).is_ok(), "{branch:#x}");
    }
}

/// V12.
#[test]
fn unaligned_program_counter_stops_the_machine() {
    for by in 1..4 {
        let mut state = machine(&[0]);
        let thread = thread_mut(&mut state);
        (thread.pc, thread.next_pc) = (CODE + by, CODE + by + 4);
        assert_eq!(step(&state).err(), Some(Fault::UnalignedPc));
    }
}

/// V12. The smallest number has no positive counterpart.
#[test]
fn division_wraps_and_by_zero_stops_the_machine() {
    const MIN_32: u64 = 0xffff_ffff_8000_0000;
    let divide = |function: u32, dividend, divisor| {
        let mut state = machine(&[0x0062_0000 | function]);
        let registers = &mut thread_mut(&mut state).registers;
        (registers[3], registers[2]) = (dividend, divisor);
        step(&state).map(|state| (thread(&state).hi_lo.lo, thread(&state).hi_lo.hi))
    };
    assert_eq!(divide(0x1a, MIN_32, u64::MAX), Ok((MIN_32, 0)));
    assert_eq!(divide(0x1e, 1 << 63, u64::MAX), Ok((1 << 63, 0)));
    // The upper half of a divisor of 32 bits does not count.
    assert_eq!(divide(0x1a, 7, 1 << 32), Err(Fault::DivisionByZero));
    assert_eq!(divide(0x1b, 7, 1 << 32), Err(Fault::DivisionByZero));
    assert_eq!(divide(0x1e, 7, 0), Err(Fault::DivisionByZero));
    assert_eq!(divide(0x1f, 7, 0), Err(Fault::DivisionByZero));
}

/// V12. Registers that the architecture leaves as they are.
#[test]
fn instructions_write_where_cannon_does() {
    // sync $3 into $5, mult with a destination, srl of nothing
    let cases = [(0x0060_280f, 0x77), (0x0062_2818, 0), (0x0060_2811, 0)];
    for (instruction, expected) in cases {
        let mut state = machine(&[instruction]);
        let registers = &mut thread_mut(&mut state).registers;
        (registers[3], registers[5]) = (0x77, 0x99);
        assert_eq!(thread(&step(&state).unwrap()).registers[5], expected, "{instruction:#x}");
    }
}
