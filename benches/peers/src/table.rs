//! The table: a head for each case, then a row a figure: ours, kona's, the ratio, the bar.

use kohala_peers::Case;
use std::fmt;

/// What was measured of a case: ours, then kona's.
pub(crate) struct Measured {
    /// CPU seconds of a run.
    pub(crate) seconds: [f64; 2],
    pub(crate) counted: [Counted; 2],
    pub(crate) instructions: [Option<u64>; 2],
}

/// What a run takes of memory.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) allocations: u64,
    /// Most bytes at once.
    pub(crate) peak: u64,
}

#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

enum Row {
    Case(String),
    Figure([String; 5]),
}

impl Table {
    pub(crate) fn push(&mut self, case: &Case, measured: &Measured) {
        let Measured { seconds, counted, instructions } = measured;
        let bars = &case.bars;
        self.0.push(Row::Case(case.name.clone()));

        let milliseconds = seconds.map(|seconds| format!("{:.3} ms", seconds * 1e3));
        let faster = seconds[1] / seconds[0];
        let bar = bars.speed.map(|bar| verdict(faster >= bar, &format!("at least {bar}")));
        self.figure(if case.two_threads { "time" } else { "CPU time" }, milliseconds, faster, bar);

        let (unit, amount) = case.rate;
        let rates = seconds.map(|seconds| amount / seconds);
        self.figure(unit, rates.map(|rate| format!("{rate:.0}")), rates[0] / rates[1], None);

        if case.two_threads {
            // Only what one thread allocates is counted.
            return;
        }
        let allocations = counted.map(|counted| counted.allocations);
        let ratio = allocations[0] as f64 / allocations[1] as f64;
        let bar = bars.allocations.map(|bar| verdict(ratio <= bar, &format!("at most {bar}")));
        self.figure("allocations", allocations.map(|count| count.to_string()), ratio, bar);

        let peaks = counted.map(|counted| counted.peak);
        let bar = bars.peak.map(|bar| verdict(peaks[0] <= bar, &format!("{} kB", bar / 1000)));
        let ratio = peaks[0] as f64 / peaks[1] as f64;
        self.figure("most memory", peaks.map(|peak| format!("{:.1} kB", peak as f64 / 1e3)), ratio, bar);

        if let [Some(ours), Some(kona)] = *instructions {
            let millions = [ours, kona].map(|count| format!("{:.1} M", count as f64 / 1e6));
            self.figure("instructions", millions, ours as f64 / kona as f64, None);
        }
    }

    fn figure(&mut self, what: &str, [ours, kona]: [String; 2], ratio: f64, bar: Option<String>) {
        let ratio = if ratio < 1.0 { format!("{ratio:.3}") } else { format!("{ratio:.1}") };
        self.0.push(Row::Figure([what.to_owned(), ours, kona, ratio, bar.unwrap_or_default()]));
    }
}

/// A bar, and whether it is missed.
fn verdict(is_reached: bool, bar: &str) -> String {
    format!("{}{bar}", if is_reached { "" } else { "NOT " })
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", "kohala", "peer", "ratio", "bar"].map(str::to_owned);
        for row in [&Row::Figure(head)].into_iter().chain(&self.0) {
            match row {
                Row::Case(name) => writeln!(f, "\n{name}")?,
                Row::Figure([what, ours, kona, ratio, bar]) => {
                    let line = format!("  {what:<12}{ours:>12}{kona:>14}{ratio:>8}  {bar:>16}");
                    writeln!(f, "{}", line.trim_end())?;
                }
            }
        }
        Ok(())
    }
}
