//! Prints a table of what Kohala and kona take for the same work: CPU time by the thread's clock, the two in turns so
//! that a busy machine disturbs both, or by the clock on the wall where our side has two threads; allocations and memory
//! as the program `count` counts them; for some also instructions, by callgrind, where it is installed. Nothing here
//! fails for a missed bar: the table shows it.

mod table;

use kohala_peers::{Case, Side, cases};
use rayon::ThreadPoolBuilder;
use rustix::time::{ClockId, clock_gettime};
use std::{
    env,
    path::PathBuf,
    process::{Command, Output},
};
use table::{Counted, Measured, Table};

/// What both sides have in common, and what they haven't.
const NOTE: &str = "\
kona-protocol and kona-derive 0.4.5, kona-executor 0.4.0, kona-mpt 0.3.0, alloy-trie 0.9. Times are medians; ratios of
time and rate say how many times faster kohala is, the others what part of the peer's it takes. Both have the system's
allocator and keccak in assembly. Kohala recovers senders by libsecp256k1; so does kona where this program was built with
the feature secp256k1, else it does so in Rust, as its crates do by themselves.

The derived chain is `main` without Jovian, which this kona doesn't know; its L1 blocks are in memory, and decoded
beforehand as far as a source hands them over decoded: kona's wholly, ours but for the transactions. The blocks of OP
Sepolia are executed from a witness in memory, whose nodes neither side checks against their hashes; nothing is kept from
one block to the next.";

/// How long each side of a case is run at least, and how often.
const SECONDS: f64 = 2.0;
const RUNS: usize = 25;

/// Arguments: those of [`cases`].
///
/// `run <group> <place in it> ours|kona <runs>` runs one that often and prints nothing: it is what callgrind is given.
fn main() {
    // This thread is the pool that our side recovers senders with, unless a case has another.
    ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("no pool before this one");
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    if let ["run", group, place, side, runs] = arguments[..] {
        let (place, runs) = (place.parse::<usize>().expect("a place"), runs.parse().expect("a number of runs"));
        let side = if side == "ours" { Side::Ours } else { Side::Kona };
        let case = &cases(&[group])[place];
        return (0..runs).for_each(|_| case.run(side));
    }
    let cases = cases(&arguments);
    let program = env::current_exe().expect("this program's place");
    let counted = count(&program.with_file_name("count"), &arguments);
    assert_eq!(counted.len(), cases.len(), "both programs have the same cases");
    let mut table = Table::default();
    for (case, counted) in cases.iter().zip(counted) {
        let seconds = times(case);
        let count = |side| if case.instructions { instructions(&program, case, side) } else { None };
        let instructions = [Side::Ours, Side::Kona].map(count);
        table.push(case, &Measured { seconds, counted, instructions });
    }
    print!("{table}\n{NOTE}\n");
}

/// Seconds of a run of each side, the median.
fn times(case: &Case) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    let now = || seconds(if case.two_threads { ClockId::Monotonic } else { ClockId::ThreadCPUTime });
    let started = now();
    while times[0].len() < RUNS || now() - started < 2.0 * SECONDS {
        for (side, times) in [Side::Ours, Side::Kona].into_iter().zip(&mut times) {
            let before = now();
            case.run(side);
            times.push(now() - before);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// What each side of each case takes of memory, in the cases' order.
fn count(program: &PathBuf, arguments: &[&str]) -> Vec<[Counted; 2]> {
    let output = output(Command::new(program).args(arguments));
    let text = String::from_utf8(output.stdout).expect("text");
    let counted = text.lines().map(|line| {
        let numbers: Vec<_> = line.split(' ').map(|number| number.parse().expect("a count")).collect();
        let [allocations, peak, kona_allocations, kona_peak] = numbers[..] else { panic!("four counts: {line}") };
        [Counted { allocations, peak }, Counted { allocations: kona_allocations, peak: kona_peak }]
    });
    counted.collect()
}

/// The instructions of one run after the first; `None` without valgrind.
fn instructions(program: &PathBuf, case: &Case, side: Side) -> Option<u64> {
    let side = if side == Side::Ours { "ours" } else { "kona" };
    let of = |runs: &str| {
        let mut valgrind = Command::new("valgrind");
        let (group, place) = (case.place.0, case.place.1.to_string());
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
        valgrind.args(["run", group, &place, side, runs]);
        let output = output(&mut valgrind);
        let text = String::from_utf8(output.stderr).expect("text");
        let collected = text.lines().find_map(|line| line.split_once("Collected : "));
        collected.and_then(|(_, number)| number.trim().parse::<u64>().ok()).expect("callgrind's count")
    };
    Command::new("valgrind").arg("--version").output().ok()?;
    Some(of("2") - of("1"))
}

fn output(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
