//! Whose turn it is, and addresses that threads reserve.

use crate::machine::{A3, DATA, RA, SP, V0, after, calling, changed, machine, step, thread, thread_mut};
use kohala_vm::mips::{Core, Fault, Reservation, Stack, State, Thread};
use proptest::prelude::*;
use std::slice::from_ref;

const CLONE_FLAGS: u64 = 0x5_0f00;
const EXIT: u64 = 5058;
const CLONE: u64 = 5055;
const YIELD: u64 = 5023;

fn other(id: u64) -> Thread {
    Thread { id, pc: 0x5000 + id, next_pc: 0x5004 + id, ..Thread::default() }
}

fn stack(threads: &[Thread]) -> Stack {
    let mut stack = Stack::default();
    stack.threads.extend_from_slice(threads);
    stack
}

/// A step in which a thread's turn ends before it does anything.
fn without_instruction(core: &Core, change: impl FnOnce(&mut Core)) -> Core {
    changed(core, |core| {
        core.step += 1;
        core.steps_since_switch = 0;
        change(core);
    })
}

/// V07.
#[test]
fn exited_machine_takes_no_step() {
    let mut state = machine(&[0]);
    (state.core.exited, state.core.exit_code, state.core.step) = (true, 7, 12);
    assert_eq!(step(&state).unwrap().core, state.core);
}

/// V07.
#[test]
fn exited_thread_is_taken_off_in_a_step_of_its_own() {
    let mut state = machine(&[0]);
    state.core.steps_since_switch = 5;
    let below = thread(&state).clone();
    state.core.left.threads.push(Thread { exited: true, ..other(1) });
    let expected = without_instruction(&state.core, |core| core.left = stack(&[below]));
    assert_eq!(step(&state).unwrap().core, expected);

    // The last one on its stack: the other's turn begins.
    state.core.left = stack(&[Thread { exited: true, ..other(1) }]);
    state.core.right = stack(&[other(2)]);
    let expected = without_instruction(&state.core, |core| {
        core.left = Stack::default();
        core.traverse_right = true;
    });
    assert_eq!(step(&state).unwrap().core, expected);
}

/// V07.
#[test]
fn machine_without_a_thread_stops() {
    let mut state = machine(&[0]);
    state.core.left = stack(&[Thread { exited: true, ..other(1) }]);
    assert_eq!(step(&state).err(), Some(Fault::NoThread));
    state.core.left = Stack::default();
    assert_eq!(step(&state).err(), Some(Fault::NoThread));
}

/// V07.
#[test]
fn turn_ends_after_100_000_steps() {
    let mut state = machine(&[0, 0]);
    let one = thread(&state).clone();
    state.core.left = stack(&[other(1), one.clone()]);
    state.core.steps_since_switch = 99_999;
    let last = step(&state).unwrap();
    assert_eq!(last.core, after(&state, |_| ()), "the last step of a turn is taken");

    state.core.steps_since_switch = 100_000;
    let expected = without_instruction(&state.core, |core| {
        core.left = stack(&[other(1)]);
        core.right = stack(from_ref(&one));
    });
    assert_eq!(step(&state).unwrap().core, expected);

    // Alone it comes back to itself, from the other side.
    state.core.left = stack(&[]);
    state.core.right = stack(from_ref(&one));
    state.core.traverse_right = true;
    let expected = without_instruction(&state.core, |core| {
        (core.left, core.right) = (stack(from_ref(&one)), stack(&[]));
        core.traverse_right = false;
    });
    assert_eq!(step(&state).unwrap().core, expected);
}

/// V07a.
#[test]
fn clone_makes_a_thread_whose_turn_begins() {
    let mut state = calling(CLONE, [CLONE_FLAGS, 0x7000, 3]);
    // In a branch's delay slot: the child goes on where the parent does.
    thread_mut(&mut state).next_pc = 0x9000;
    state.core.next_thread_id = 41;
    state.core.steps_since_switch = 50;
    let made = step(&state).unwrap().core;
    let mut parent = thread(&state).clone();
    (parent.pc, parent.next_pc) = (0x9000, 0x9004);
    (parent.registers[V0], parent.registers[A3]) = (41, 0);
    let mut child = Thread { id: 41, ..parent.clone() };
    (child.registers[V0], child.registers[SP]) = (0, 0x7000);
    let expected = without_instruction(&state.core, |core| {
        core.left = stack(&[parent, child]);
        core.next_thread_id = 42;
    });
    assert_eq!(made, expected);
}

/// V07a.
#[test]
fn clone_with_other_flags_ends_the_program_with_2() {
    let state = calling(CLONE, [CLONE_FLAGS | 1, 0x7000, 0]);
    let expected = changed(&state.core, |core| {
        (core.step, core.steps_since_switch) = (1, 1);
        (core.exited, core.exit_code) = (true, 2);
    });
    assert_eq!(step(&state).unwrap().core, expected);
}

/// V07a.
#[test]
fn exit_ends_the_thread_and_with_the_last_the_program() {
    let mut state = calling(EXIT, [0x103, 0, 0]);
    let expected = changed(&state.core, |core| {
        (core.step, core.steps_since_switch) = (1, 1);
        (core.exited, core.exit_code) = (true, 3);
        let thread = &mut core.left.threads[0];
        (thread.exited, thread.exit_code) = (true, 3);
    });
    assert_eq!(step(&state).unwrap().core, expected);

    let exits = thread(&state).clone();
    let gone = Thread { exited: true, exit_code: 3, ..exits.clone() };
    for (left, right) in [(vec![other(9)], vec![]), (vec![], vec![other(9)])] {
        state.core.left = stack(&[left.clone(), vec![exits.clone()]].concat());
        state.core.right = stack(&right);
        let core = step(&state).unwrap().core;
        assert_eq!((core.exited, core.exit_code), (false, 0));
        assert_eq!(core.left, stack(&[left, vec![gone.clone()]].concat()));
    }
}

/// V07a.
#[test]
fn exit_group_ends_the_program() {
    let state = calling(5205, [0x1ff, 0, 0]);
    let expected = changed(&state.core, |core| {
        (core.step, core.steps_since_switch) = (1, 1);
        (core.exited, core.exit_code) = (true, 0xff);
    });
    assert_eq!(step(&state).unwrap().core, expected);
}

/// What a thread looks like that has given up its turn on the left, when another is below it.
fn gave_up(state: &State) -> Core {
    let mut thread = thread(state).clone();
    (thread.pc, thread.next_pc) = (thread.next_pc, thread.next_pc + 4);
    (thread.registers[V0], thread.registers[A3]) = (0, 0);
    without_instruction(&state.core, |core| {
        core.left.threads.pop();
        core.right.threads.push(thread);
    })
}

/// V09.
#[test]
fn sched_yield_and_nanosleep_give_up_the_turn() {
    for call in [YIELD, 5034] {
        let mut state = calling(call, [1, 2, 3]);
        state.core.left.threads.insert(0, other(1));
        assert_eq!(step(&state).unwrap().core, gave_up(&state));
    }
}

/// V07a.
#[test]
fn futex_waits_while_the_value_is_as_expected() {
    let futex = |address, operation, value| {
        let mut state = calling(5194, [address, operation, value]);
        let _ = state.memory.store(DATA, 0x1111_1111_2222_2222);
        state.core.left.threads.insert(0, other(1));
        state
    };
    let answers = |state: &State, value, failed| {
        let expected = after(state, |thread| (thread.registers[V0], thread.registers[A3]) = (value, failed));
        assert_eq!(step(state).unwrap().core, expected);
    };
    // Addresses are rounded down to four bytes, and only the low half of what is expected counts.
    for (address, value) in [(DATA + 3, 0x1111_1111), (DATA + 4, 0x2222_2222), (DATA + 7, 0xffff_ffff_2222_2222)] {
        let state = futex(address, 128, value);
        assert_eq!(step(&state).unwrap().core, gave_up(&state));
    }
    answers(&futex(DATA, 128, 0x2222_2222), 11, u64::MAX);
    let state = futex(DATA, 129, 5);
    assert_eq!(step(&state).unwrap().core, gave_up(&state));
    answers(&futex(DATA, 0, 5), 22, u64::MAX);
}

/// `op` of $9 with what is at 5 bytes behind $8.
fn linked(op: u32, base: u64, value: u64) -> State {
    let mut state = machine(&[op << 26 | 8 << 21 | 9 << 16 | 5]);
    let registers = &mut thread_mut(&mut state).registers;
    (registers[8], registers[9]) = (base, value);
    thread_mut(&mut state).id = 3;
    let _ = state.memory.store(DATA, 0x8111_1111_9222_2222);
    state
}

/// V08.
#[test]
fn load_linked_reserves_the_exact_address() {
    let cases = [(0x30, DATA - 5, 1, 0xffff_ffff_8111_1111), (0x30, DATA + 1, 1, 0xffff_ffff_9222_2222)];
    for (op, base, status, value) in cases.into_iter().chain([(0x34, DATA - 2, 2, 0x8111_1111_9222_2222)]) {
        let state = linked(op, base, 0);
        let mut expected = after(&state, |thread| thread.registers[9] = value);
        expected.reservation = Reservation { status, address: base + 5, owner: 3 };
        assert_eq!(step(&state).unwrap().core, expected);
    }
}

/// V08.
#[test]
fn store_conditional_succeeds_only_where_all_is_as_reserved() {
    for (op, status, stored) in [(0x38, 1, 0x8111_1111_1234_5678), (0x3c, 2, 0xaaaa_bbbb_1234_5678)] {
        let mut state = linked(op, DATA, 0xaaaa_bbbb_1234_5678);
        let reserved = Reservation { status, address: DATA + 5, owner: 3 };
        state.core.reservation = reserved;
        let mut done = step(&state).unwrap();
        let mut expected = after(&state, |thread| thread.registers[9] = 1);
        expected.reservation = Reservation::default();
        assert_eq!(done.core, expected);
        assert_eq!(done.memory.load(DATA), stored);

        for other in [
            Reservation { status: 3 - status, ..reserved },
            Reservation { address: DATA + 4, ..reserved },
            Reservation { owner: 2, ..reserved },
            Reservation::default(),
        ] {
            state.core.reservation = other;
            let mut done = step(&state).unwrap();
            assert_eq!(done.core, after(&state, |thread| thread.registers[9] = 0), "{other:?} stays");
            assert_eq!(done.memory.load(DATA), 0x8111_1111_9222_2222);
        }
    }
}

/// V08. Whoever stores.
#[test]
fn store_to_the_reserved_word_ends_the_reservation() {
    let reservation = Reservation { status: 1, address: DATA + 4, owner: 9 };
    let ends = |mut state: State| {
        state.core.reservation = reservation;
        match step(&state).unwrap().core.reservation {
            left if left == Reservation::default() => true,
            left => {
                assert_eq!(left, reservation);
                false
            }
        }
    };
    // sb, sd
    assert!(ends(linked(0x28, DATA - 5, 0)));
    assert!(ends(linked(0x28, DATA + 2, 0)));
    assert!(!ends(linked(0x28, DATA + 3, 0)));
    assert!(ends(linked(0x3f, DATA - 3, 0)));
    // clock_gettime writes two words, getrandom one.
    assert!(ends(calling(5222, [0, DATA, 0])));
    assert!(ends(calling(5222, [1, DATA - 1, 0])));
    assert!(!ends(calling(5222, [1, DATA + 8, 0])));
    assert!(!ends(calling(5222, [2, DATA, 0])));
    assert!(ends(calling(5313, [DATA, 0, 0])));
    assert!(!ends(calling(5313, [DATA - 1, 8, 0])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any two stacks, with any threads, in any direction, and a step of any kind: what L1 makes of their roots is what becomes
    /// of them.
    #[test]
    fn stacks_are_as_their_roots_say(
        below in 0..3_u64,
        beside in 0..3_u64,
        call in prop_oneof![Just(CLONE), Just(EXIT), Just(YIELD), Just(5178)],
        flags in prop_oneof![4 => Just(CLONE_FLAGS), 1 => any::<u64>()],
        traverse_right in any::<bool>(),
        exited in prop::bool::weighted(0.2),
        since in prop_oneof![Just(0_u64), Just(99_999), Just(100_000), any::<u64>()],
    ) {
        let mut state = calling(call, [flags, 1, 2]);
        let top = Thread { exited, ..thread(&state).clone() };
        let active = stack(&(1..=below).map(other).chain([top]).collect::<Vec<_>>());
        let inactive = stack(&(10..10 + beside).map(other).collect::<Vec<_>>());
        (state.core.left, state.core.right) = if traverse_right { (inactive, active) } else { (active, inactive) };
        state.core.traverse_right = traverse_right;
        state.core.steps_since_switch = since;
        let is_alone = exited && below + beside == 0;
        prop_assert_eq!(step(&state).is_err(), is_alone);
    }
}

/// A thread in a file or proof is 298 bytes, registers last.
#[test]
fn thread_has_its_place_for_everything() {
    let mut thread = Thread { id: 1, exit_code: 2, exited: true, pc: 3, next_pc: 4, ..Thread::default() };
    (thread.hi_lo.lo, thread.hi_lo.hi) = (5, 6);
    (thread.registers[V0], thread.registers[RA]) = (7, 8);
    let bytes = thread.to_bytes();
    let word = |start: usize| u64::from_be_bytes(bytes[start..start + 8].try_into().unwrap());
    assert_eq!((word(0), bytes[8], bytes[9]), (1, 2, 1));
    assert_eq!([10, 18, 26, 34, 42 + 16, 298 - 8].map(word), [3, 4, 5, 6, 7, 8]);
    assert_eq!(Thread::from_bytes(&bytes), thread);
}
