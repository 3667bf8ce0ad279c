//! Counts what each side of each case takes of memory, and prints a line a case: allocations and most bytes at once of
//! Kohala, then of kona. It takes no time: that would be the counting's, not the sides'.

use allocation_counter::measure;
use kohala_peers::{Side, cases};
use std::path::Path;

/// Arguments: none or the file with the channel of kona's own tests.
fn main() {
    let channel = std::env::args().nth(1);
    for case in cases(channel.as_deref().map(Path::new)) {
        let [ours, kona] = [Side::Ours, Side::Kona].map(|side| {
            // Once before: what is made once in a process is nobody's.
            case.run(side);
            measure(|| case.run(side))
        });
        println!("{} {} {} {}", ours.count_total, ours.bytes_max, kona.count_total, kona.bytes_max);
    }
}
