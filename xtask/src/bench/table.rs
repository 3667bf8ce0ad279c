//! What a claim took, as a table: ours, the bar, and each rival with the ratio to ours.

use super::{Allocations, Case, Count, Judgement, Rival, Run, Span};
use std::{collections::BTreeMap, fmt};

const COLUMNS: usize = 5;

/// A title, a head and rows of cells; the first column is aligned to the left, the others to the right.
pub(super) struct Table {
    title: String,
    rows: Vec<[String; COLUMNS]>,
}

impl Table {
    pub(super) fn new(case: &Case, judgement: &Judgement, runs: usize) -> Self {
        let Judgement { verdict, blocks, transactions, gas_used, .. } = judgement;
        let (claim, chain, mgas) = (case.claim, case.chain, *gas_used as f64 / 1e6);
        let title = format!(
            "{claim} of {chain}: {verdict}; {blocks} blocks, {transactions} transactions, {mgas:.1} Mgas; median of \
             {runs} runs"
        );
        let [first, second] = case.rivals.each_ref().map(|rival| rival.name.to_owned());
        Self { title, rows: vec![[String::new(), "kohala".to_owned(), "bar".to_owned(), first, second]] }
    }

    /// Time and memory, the median of all runs.
    pub(super) fn times(&mut self, case: &Case, runs: &[&Run]) {
        let median = |figure: &dyn Fn(&Run) -> f64| {
            let mut figures: Vec<_> = runs.iter().map(|run| figure(run)).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        let (cpu, memory) = (median(&|run| run.cpu.as_secs_f64()), median(&|run| run.peak_mib));
        let wall = median(&|run| run.wall.as_secs_f64());
        let bar = case.bar.as_ref();
        let seconds = |rival: fn(&Rival) -> Option<Span>| Measure { unit: " s", decimals: 3, rival };
        self.measured(case, "CPU time", cpu, bar.map(|bar| bar.cpu_seconds), seconds(|rival| Some(rival.cpu_seconds)));
        self.measured(case, "wall time", wall, None, seconds(|rival| Some(rival.wall_seconds)));
        let memory_of = Measure { unit: " MiB", decimals: 1, rival: |rival| rival.peak_mib };
        self.measured(case, "peak memory", memory, bar.and_then(|bar| bar.peak_mib), memory_of);
    }

    /// Reads of the oracle, by type.
    pub(super) fn reads(&mut self, case: &Case, reads: &BTreeMap<String, Count>) {
        let total: u64 = reads.values().map(|count| count.number).sum();
        let bar = case.bar.as_ref().and_then(|bar| bar.reads).map(|reads| reads as f64);
        let spans = Measure { unit: "", decimals: 0, rival: |rival| rival.reads.map(|n| Span(n as f64, n as f64)) };
        self.measured(case, "reads of the oracle", total as f64, bar, spans);
        for (kind, count) in reads {
            self.count(&format!("  {kind}"), count.number, Some(count.bytes));
        }
    }

    pub(super) fn allocations(&mut self, counted: &Allocations) {
        self.count("allocations", counted.allocations, Some(counted.bytes));
    }

    pub(super) fn instructions(&mut self, counted: Option<u64>) {
        match counted {
            Some(number) => self.count("instructions", number, None),
            None => self.rows.push(["instructions", "no valgrind", "", "", ""].map(str::to_owned)),
        }
    }

    fn count(&mut self, label: &str, number: u64, bytes: Option<u64>) {
        let bytes = bytes.map_or_else(String::new, |bytes| format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20)));
        self.rows.push([label.to_owned(), figure(number as f64, 0), bytes, String::new(), String::new()]);
    }

    fn measured(&mut self, case: &Case, label: &str, ours: f64, bar: Option<f64>, measure: Measure) {
        let Measure { unit, decimals, rival } = measure;
        let bar = bar.map_or_else(String::new, |bar| {
            format!("{}< {}{unit}", if ours < bar { "" } else { "NOT " }, figure(bar, if bar < 1.0 { 1 } else { 0 }))
        });
        let [first, second] = case.rivals.each_ref().map(|it| {
            let Some(Span(least, most)) = rival(it) else { return String::new() };
            let decimals = if most < 10.0 { 2 } else { 0 };
            let most_of = if least < most { format!(" to {}", figure(most, decimals)) } else { String::new() };
            format!("{}{most_of}{unit} ({:.1}x)", figure(least, decimals), least / ours)
        });
        self.rows.push([label.to_owned(), format!("{}{unit}", figure(ours, decimals)), bar, first, second]);
    }
}

/// How a figure is written, and where a rival has it.
struct Measure {
    unit: &'static str,
    decimals: usize,
    rival: fn(&Rival) -> Option<Span>,
}

/// The number with its thousands apart.
fn figure(number: f64, decimals: usize) -> String {
    let plain = format!("{number:.decimals$}");
    let digits = plain.find('.').unwrap_or(plain.len());
    let mut text = String::new();
    for (place, char) in plain.chars().enumerate() {
        if place > 0 && place < digits && (digits - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(char);
    }
    text
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}\n", self.title)?;
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        for [label, cells @ ..] in &self.rows {
            let mut line = format!("  {label:<width$}", width = widths[0]);
            for (cell, width) in cells.iter().zip(&widths[1..]) {
                line += &format!("   {cell:>width$}");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let written = [(0.0, 0), (999.0, 0), (1000.0, 0), (158_592.0, 0), (1_234_567.891, 2), (0.236, 3)];
        let written = written.map(|(number, decimals)| figure(number, decimals));
        assert_eq!(written, ["0", "999", "1,000", "158,592", "1,234,567.89", "0.236"]);
    }

    #[test]
    fn what_misses_the_bar_says_so() {
        let [_, case, _] = super::super::rivals::cases();
        let mut table = Table { title: String::new(), rows: Vec::new() };
        let spans = || Measure { unit: " s", decimals: 3, rival: |rival| Some(rival.cpu_seconds) };
        table.measured(&case, "CPU time", 0.19, Some(0.3), spans());
        table.measured(&case, "CPU time", 0.38, Some(0.3), spans());
        assert_eq!(table.rows[0], ["CPU time", "0.190 s", "< 0.3 s", "1.90 s (10.0x)", "2.40 s (12.6x)"]);
        assert_eq!(table.rows[1][2], "NOT < 0.3 s");
    }
}
