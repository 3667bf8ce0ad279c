//! Prints a table of what Kohala and kona take for the same work: CPU time by the thread's clock, the two in turns so
//! that a busy machine disturbs both; allocations and memory as the program `count` counts them; for derivation also
//! instructions, by callgrind, where it is installed. Nothing here fails for a missed bar: the table shows it.

mod table;

use kohala_peers::{Case, Side, cases, derivation_case};
use rustix::time::{ClockId, clock_gettime};
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use table::{Counted, Measured, Table};

/// What both sides have in common, and what they haven't.
const NOTE: &str = "\
kona-protocol and kona-derive 0.4.5. CPU time is the median; ratios of time and rate say how many times faster kohala is,
the others what part of kona's it takes. Both run on one thread with the system's allocator, libsecp256k1 and keccak in
assembly. The derived chain is `main` without Jovian, which this kona doesn't know; its L1 blocks are in memory, and
decoded beforehand as far as a source hands them over decoded: kona's wholly, ours but for the transactions.";

/// How long each side of a case is run at least, and how often.
const SECONDS: f64 = 2.0;
const RUNS: usize = 25;

/// Arguments: none or the file with the channel of kona's own tests.
///
/// `derive ours|kona <runs>` derives that often and prints nothing: it is what callgrind is given.
fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [derive, side, runs] = &arguments[..]
        && derive == "derive"
    {
        let side = if side == "ours" { Side::Ours } else { Side::Kona };
        let case = derivation_case();
        return (0..runs.parse().expect("a number of runs")).for_each(|_| case.run(side));
    }
    let program = env::current_exe().expect("this program's place");
    let channel = arguments.first().map(Path::new);
    let counted = count(&program.with_file_name("count"), channel);
    let mut table = Table::default();
    let cases = cases(channel);
    let last = cases.len() - 1;
    for (index, (case, counted)) in cases.iter().zip(counted).enumerate() {
        let seconds = times(case);
        let instructions =
            if index == last { [Side::Ours, Side::Kona].map(|side| instructions(&program, side)) } else { [None; 2] };
        table.push(case, &Measured { seconds, counted, instructions });
    }
    print!("{table}\n{NOTE}\n");
}

/// CPU seconds of a run of each side, the median.
fn times(case: &Case) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    let started = cpu_seconds();
    while times[0].len() < RUNS || cpu_seconds() - started < 2.0 * SECONDS {
        for (side, times) in [Side::Ours, Side::Kona].into_iter().zip(&mut times) {
            let before = cpu_seconds();
            case.run(side);
            times.push(cpu_seconds() - before);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// What each side of each case takes of memory, in the cases' order.
fn count(program: &PathBuf, channel: Option<&Path>) -> Vec<[Counted; 2]> {
    let output = output(Command::new(program).args(channel));
    let text = String::from_utf8(output.stdout).expect("text");
    let counted = text.lines().map(|line| {
        let numbers: Vec<_> = line.split(' ').map(|number| number.parse().expect("a count")).collect();
        let [allocations, peak, kona_allocations, kona_peak] = numbers[..] else { panic!("four counts: {line}") };
        [Counted { allocations, peak }, Counted { allocations: kona_allocations, peak: kona_peak }]
    });
    counted.collect()
}

/// The instructions of one derivation after the first; `None` without valgrind.
fn instructions(program: &PathBuf, side: Side) -> Option<u64> {
    let side = if side == Side::Ours { "ours" } else { "kona" };
    let of = |runs: &str| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).args(["derive", side, runs]);
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
