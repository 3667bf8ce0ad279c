//! Steps by function, of a small program in both ways that machines branch.

use kohala_vm::{
    NoServer, Reached,
    elf::Symbol,
    mips::{State, Thread, Vm},
    profile::{FunctionSteps, Profile, Turn},
};

const START: u64 = 0x1000;
const OUTER: u64 = 0x2000;
const INNER: u64 = 0x3000;

fn symbols() -> Vec<Symbol> {
    let symbol = |name: &str, start| Symbol { name: name.to_owned(), start, size: 0 };
    vec![symbol("inner", INNER), symbol("", OUTER + 4), symbol("_start", START), symbol("outer", OUTER)]
}

fn folded(profile: &Profile) -> Vec<String> {
    let mut out = Vec::new();
    profile.write_folded(&mut out).unwrap();
    let mut lines: Vec<_> = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Steps, each with what it means, when turns are taken at once.
fn counted(steps: &[(u64, Turn)]) -> Profile {
    let mut profile = Profile::new(&symbols(), false);
    for (pc, turn) in steps {
        profile.step(0, *pc, *turn);
    }
    profile
}

#[test]
fn calls_and_returns_are_followed() {
    let profile = counted(&[
        (START, Turn::Call),
        (OUTER, Turn::None),
        (OUTER + 4, Turn::Call),
        (INNER, Turn::None),
        (INNER + 4, Turn::Return),
        (OUTER + 8, Turn::Call),
        (INNER, Turn::Return),
        (OUTER + 12, Turn::Return),
        (START + 4, Turn::None),
    ]);
    assert_eq!(folded(&profile), ["_start 2", "_start;outer 4", "_start;outer;inner 3"]);
    let steps = |name, own, total| FunctionSteps { name, own, total };
    assert_eq!(profile.functions(), [steps("outer", 4, 7), steps("inner", 3, 3), steps("_start", 2, 9)]);
}

#[test]
fn function_that_calls_itself_has_its_steps_once() {
    let steps = [
        (START, Turn::Call),
        (OUTER, Turn::Call),
        (OUTER, Turn::Return),
        (OUTER + 4, Turn::Return),
        (START, Turn::None),
    ];
    let profile = counted(&steps);
    assert_eq!(folded(&profile), ["_start 2", "_start;outer 2", "_start;outer;outer 1"]);
    assert_eq!(profile.functions()[0], FunctionSteps { name: "outer", own: 3, total: 3 });
}

/// A jump to another function is a call whose caller has no more to do; a call to somewhere within a function is none.
#[test]
fn last_calls_take_their_callers_place() {
    let profile = counted(&[
        (START, Turn::Call),
        (OUTER, Turn::None),
        (INNER, Turn::Call),
        (INNER + 8, Turn::Return),
        (START + 4, Turn::None),
        (0, Turn::None),
    ]);
    assert_eq!(folded(&profile), ["? 1", "_start 2", "_start;inner 2", "_start;outer 1"]);
}

/// On MIPS what stands behind a call belongs to the caller.
#[test]
fn program_is_profiled_with_its_delay_slots() {
    let mut state = State::default();
    let mut write = |at: u64, code: &[u32]| {
        for (index, instruction) in code.iter().enumerate() {
            state.memory.write(at + 4 * index as u64, &instruction.to_be_bytes());
        }
    };
    let jump = |op: u32, to: u64| op << 26 | (to >> 2) as u32;
    // Calls outer, and exits with 3; outer moves its return address, and calls inner by a register.
    write(START, &[jump(3, OUTER), 0, 0x2402_1455, 0x2404_0003, 0xc]);
    write(OUTER, &[0x03e0_402d, 0x2419_3000, 0x0320_f809, 0, 0x0100_f82d, 0x03e0_0008, 0]);
    write(INNER, &[0, 0x03e0_0008, 0]);
    state.core.left.threads.push(Thread { pc: START, next_pc: START + 4, ..Thread::default() });
    let mut profile = Profile::new(&symbols(), true);
    let mut vm = Vm::new(state, NoServer, |_, _| ());
    assert_eq!(vm.run_profiled(4, &mut profile), Ok(Reached::Step));
    assert_eq!(vm.run_profiled(u64::MAX, &mut profile), Ok(Reached::Exit));
    assert_eq!((vm.state().core.step, vm.state().core.exit_code), (15, 3));
    assert_eq!(folded(&profile), ["_start 5", "_start;outer 7", "_start;outer;inner 3"]);
}
