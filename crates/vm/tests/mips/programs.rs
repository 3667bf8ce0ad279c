//! Runs of many steps: as fast as it goes, and one by one from proofs.

use crate::machine::{Answers, CODE, DATA, SYSCALL, V0, calling, machine, thread_mut};
use kohala_vm::{
    PreimageRead, Reached,
    mips::{State, replay},
};
use proptest::prelude::*;

/// Takes up to `steps` steps from proofs alone, and in runs of `stride`: they must agree at every end of a run, and stop at
/// the same step if they stop.
fn compare(state: &State, answers: &Answers, steps: u64, stride: u64) -> u64 {
    let (mut slow, _) = answers.vm(state);
    let (mut fast, _) = answers.vm(state);
    let mut witness = slow.state_mut().witness();
    for step in 1..=steps {
        let proof = match slow.prove() {
            Ok(proof) => proof,
            Err(error) => {
                assert_eq!(fast.run(step, false), Err(error));
                return step - 1;
            }
        };
        assert_eq!(proof.witness, witness);
        let read = proof.preimage.as_ref();
        let read = read.map(|read| PreimageRead { key: read.key, value: &read.value, offset: read.offset });
        witness = replay(&proof.witness, &proof.data, read).unwrap();
        assert_eq!(witness.state_hash(), proof.post);
        if step % stride == 0 || step == steps {
            fast.run(slow.state().core.step, false).unwrap();
            assert_eq!(fast.state_mut().witness(), witness, "step {step}");
            assert_eq!(fast.state().core, slow.state().core);
        }
    }
    steps
}

/// Instructions that mostly go on: arithmetic, loads and stores around a few addresses, short branches.
fn instruction() -> impl Strategy<Value = u32> {
    let register = || prop::sample::select((8..14_u32).collect::<Vec<_>>());
    let base = || prop::sample::select(vec![16_u32, 17]);
    let arithmetic = prop::sample::select(vec![0x21_u32, 0x23, 0x25, 0x2a, 0x2d, 0x2f, 0x19, 0x1d, 0x12, 0x3c, 0x0a]);
    let access =
        prop::sample::select(vec![0x20_u32, 0x23, 0x37, 0x1a, 0x26, 0x28, 0x2b, 0x3f, 0x2c, 0x2e, 0x30, 0x38, 0x34]);
    let branch = prop::sample::select(vec![4_u32, 5, 6, 7]);
    prop_oneof![
        4 => (arithmetic, register(), register(), register(), 0..32_u32)
            .prop_map(|(function, s, t, d, amount)| s << 21 | t << 16 | d << 11 | amount << 6 | function),
        4 => (access, base(), register(), 0..24_u32).prop_map(|(op, s, t, by)| op << 26 | s << 21 | t << 16 | by),
        1 => (register(), any::<u16>()).prop_map(|(t, by)| 0x18 << 26 | t << 16 | t << 21 | u32::from(by)),
        1 => (branch, register(), register(), -6..12_i16)
            .prop_map(|(op, s, t, way)| op << 26 | s << 21 | if op < 6 { t << 16 } else { 0 } | u32::from(way as u16)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Straight code, branches and what stands behind them, over a page's end, with a second thread, and turns that end.
    #[test]
    fn runs_agree_with_single_steps(
        code in prop::collection::vec(instruction(), 40),
        start in 0..60_u64,
        since in prop_oneof![Just(0_u64), 99_960..100_000_u64],
        stride in 1..40_u64,
        has_two_threads in any::<bool>(),
    ) {
        let mut state = machine(&[]);
        // The program lies over the end of a page.
        let at = CODE + 0xf80 + 4 * (start % 30);
        for (index, instruction) in code.iter().enumerate() {
            state.memory.write(at + 4 * index as u64, &instruction.to_be_bytes());
        }
        state.core.steps_since_switch = since;
        let thread = thread_mut(&mut state);
        (thread.pc, thread.next_pc) = (at, at + 4);
        // One base address in data, and one in the program itself.
        (thread.registers[16], thread.registers[17]) = (DATA + 0xff4, at + 40);
        for register in 8..14 {
            thread.registers[register] = u64::from(register) << 30;
        }
        if has_two_threads {
            let second = kohala_vm::mips::Thread { id: 1, ..thread.clone() };
            state.core.left.threads.insert(0, second);
        }
        compare(&state, &Answers::default(), 60, stride);
    }
}

/// What L1 does. cannon decodes code once and would go on with the old.
#[test]
fn stored_instructions_are_executed() {
    // $9 is an instruction that is stored over the one behind the delay slot of a branch to itself, a page further on.
    let store = 0xfd09_1000; // sd $9, 0x1000($8)
    let mut state = machine(&[store, 0x1000_03fe, 0, 0]);
    state.memory.write(CODE + 0x1000, &0x0000_000d_0000_000d_u64.to_be_bytes());
    let thread = thread_mut(&mut state);
    thread.registers[8] = CODE;
    thread.registers[9] = 0x640a_0007_640b_0008; // daddiu $10, $0, 7; daddiu $11, $0, 8
    let (mut vm, _) = Answers::default().vm(&state);
    assert_eq!(vm.run(5, false), Ok(Reached::Step));
    let registers = &vm.state().core.thread().unwrap().registers;
    assert_eq!((registers[10], registers[11]), (7, 8));
    assert_eq!(compare(&state, &Answers::default(), 5, 5), 5);

    // The same within a page that is being executed, right behind the store, and in a delay slot.
    let mut state = machine(&[0xfd09_0008, 0x1000_0001, 0xd, 0xd, 0]);
    let thread = thread_mut(&mut state);
    (thread.registers[8], thread.registers[9]) = (CODE, 0x640a_0007_640b_0008);
    let (mut vm, _) = Answers::default().vm(&state);
    assert_eq!(vm.run(4, false), Ok(Reached::Step));
    let registers = &vm.state().core.thread().unwrap().registers;
    assert_eq!((registers[10], registers[11]), (7, 8));
}

/// Pages that nobody has written hold zeros, which are instructions.
#[test]
fn empty_memory_is_executed() {
    let mut state = machine(&[]);
    let thread = thread_mut(&mut state);
    (thread.pc, thread.next_pc) = (u64::MAX - 0xff, u64::MAX - 0xfb);
    let (mut vm, _) = Answers::default().vm(&state);
    assert_eq!(vm.run(150, false), Ok(Reached::Step));
    assert_eq!(vm.state().core.thread().unwrap().pc, 150 * 4 - 0x100, "addresses wrap around");
    assert_eq!(vm.state().memory.page_count(), 0);
    compare(&state, &Answers::default(), 70, 7);
}

/// A run pauses where it is told to, and only there.
#[test]
fn run_pauses_at_steps_reads_and_the_end() {
    // Reads eight bytes, counts to 100, reads again, and exits.
    let loop_and_read = [SYSCALL, 0x6508_0001, 0x1509_fffe, 0, 0x0200_102d, SYSCALL, 0x0220_102d, SYSCALL];
    let mut state = calling(5000, [5, DATA, 8]);
    for (index, instruction) in loop_and_read.into_iter().enumerate() {
        state.memory.write(CODE + 4 * index as u64, &u32::to_be_bytes(instruction));
    }
    let registers = &mut thread_mut(&mut state).registers;
    (registers[9], registers[16], registers[17]) = (100, 5000, 5205);
    state.core.preimage_key = [2; 32];
    let answers = Answers::of([2; 32], b"12345678");
    let (mut vm, _) = answers.vm(&state);
    assert_eq!(vm.run(u64::MAX, true), Ok(Reached::Read));
    assert_eq!((vm.state().core.step, vm.last_read().unwrap().offset), (1, 0));
    assert_eq!(vm.run(50, true), Ok(Reached::Step));
    assert_eq!((vm.state().core.step, vm.last_read()), (50, None));
    assert_eq!(vm.run(50, true), Ok(Reached::Step));
    assert_eq!(vm.run(u64::MAX, true), Ok(Reached::Read));
    assert_eq!((vm.state().core.step, vm.last_read().unwrap().offset), (303, 8));
    assert_eq!(vm.run(u64::MAX, true), Ok(Reached::Exit));
    assert_eq!((vm.state().core.step, vm.state().core.exit_code), (305, 5));
    assert_eq!(vm.preimages().requests(), 1);
    assert_eq!(vm.preimages().bytes(), 8);
    assert_eq!(vm.run(u64::MAX, true), Ok(Reached::Exit));
    compare(&state, &answers, 305, 61);
}

/// Counts are cannon's (V30's debug info): a store to word 0 counts as striking a reservation even where there is none.
#[test]
fn stats_count_what_cannon_counts() {
    // ll, sc, sc again, sd to 0, sched_yield, and a page that cannon has not decoded.
    let mut state = machine(&[0xc208_0000, 0xe208_0000, 0xe209_0000, 0xfc00_0000, SYSCALL, 0x0220_0008, 0]);
    let far = 0x0800_1000;
    let thread = thread_mut(&mut state);
    (thread.registers[16], thread.registers[17], thread.registers[V0]) = (DATA, far, 5023);
    state.core.steps_since_switch = 99_990;
    let (mut vm, _) = Answers::default().vm(&state);
    vm.enable_stats();
    vm.run(20, false).unwrap();
    let info = vm.debug_info();
    assert_eq!((info.rmw_success_count, info.rmw_fail_count, info.max_steps_between_ll_and_sc), (1, 1, 1));
    assert_eq!((info.reservation_invalidation_count, info.forced_preemption_count), (1, 0));
    assert_eq!((info.instruction_cache_miss_count, info.highest_icache_miss_pc), (13, far + 4 * 12));
    assert_eq!((info.total_steps, info.pages, info.memory_used), (20, 3, 3 * 4096));
    // The other way through the same steps gives the same state.
    compare(&state, &Answers::default(), 20, 20);
}
