//! The claims that are measured, and what the other implementations need for them.

use super::{Bar, Case};

/// Where the figures below come from.
pub(super) const SOURCE: &str = "op-program v1.17.0 and kona of 2026-01-09, release builds, same claims, offline from \
    their own stores (pebble, RocksDB), on a noisy machine of 2 cores, another day. Take the ratios, not the digits. \
    A star: kona calls the true claim invalid.";

/// What another implementation needed for a claim, least and most where it varied.
pub(super) struct Rival {
    pub(super) name: &'static str,
    pub(super) cpu_seconds: Span,
    pub(super) wall_seconds: Span,
    pub(super) peak_mib: Option<Span>,
    /// Preimages that the client asked for.
    pub(super) reads: Option<u64>,
}

/// From the least to the most that was measured.
#[derive(Clone, Copy)]
pub(super) struct Span(pub(super) f64, pub(super) f64);

/// The claims in order of size.
pub(super) fn cases() -> [Case; 3] {
    let op_program = |cpu, wall_seconds, peak_mib: Option<f64>, reads| Rival {
        name: "op-program",
        cpu_seconds: Span(cpu, cpu),
        wall_seconds,
        peak_mib: peak_mib.map(|mib| Span(mib, mib)),
        reads,
    };
    let kona = |name, cpu, wall_seconds, peak_mib, reads| Rival {
        name,
        cpu_seconds: Span(cpu, cpu),
        wall_seconds,
        peak_mib,
        reads,
    };
    [
        Case {
            chain: "main",
            claim: "40-41",
            bar: None,
            counts_instructions: true,
            rivals: [
                op_program(0.7, Span(0.9, 1.2), Some(83.0), None),
                kona("kona", 0.75, Span(0.8, 1.4), Some(Span(110.0, 210.0)), None),
            ],
        },
        Case {
            chain: "main",
            claim: "60-110",
            bar: Some(Bar { cpu_seconds: 0.3, peak_mib: Some(60.0), reads: Some(10_000) }),
            counts_instructions: false,
            rivals: [
                op_program(1.9, Span(2.5, 3.1), Some(94.0), Some(158_592)),
                kona("kona", 2.4, Span(2.3, 3.9), Some(Span(130.0, 300.0)), Some(169_842)),
            ],
        },
        Case {
            chain: "full",
            claim: "10-40",
            bar: Some(Bar { cpu_seconds: 0.4, peak_mib: None, reads: None }),
            counts_instructions: false,
            rivals: [op_program(2.6, Span(2.5, 2.5), None, None), kona("kona *", 1.6, Span(1.4, 1.4), None, None)],
        },
    ]
}
