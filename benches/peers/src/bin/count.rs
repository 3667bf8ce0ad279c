//! Counts what each side of each case takes of memory, and prints a line a case: allocations and most bytes at once of
//! Kohala, then of kona. It takes no time: that would be the counting's, not the sides'.

use allocation_counter::measure;
use kohala_peers::{Side, cases};
use rayon::ThreadPoolBuilder;

/// Arguments: those of `kohala-peers` that name cases.
fn main() {
    // Only this thread's allocations are counted.
    ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("no pool before this one");
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    for case in cases(&arguments) {
        let [ours, kona] = [Side::Ours, Side::Kona].map(|side| {
            // Once before: what is made once in a process is nobody's.
            case.run(side);
            measure(|| case.run(side))
        });
        println!("{} {} {} {}", ours.count_total, ours.bytes_max, kona.count_total, kona.bytes_max);
    }
}
