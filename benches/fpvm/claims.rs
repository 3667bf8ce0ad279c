//! The claims that are measured, and what kona needs for them.

use crate::Vm;
use std::path::PathBuf;

/// A recorded claim of the repository's.
pub(crate) struct Claim {
    pub(crate) chain: &'static str,
    pub(crate) name: &'static str,
    /// Steps that it should stay below on either VM.
    pub(crate) bar: Option<u64>,
    /// Steps of kona's client of 2026-01-09, built with rustc 1.96, on cannon and on asterisc.
    kona: [Option<u64>; 2],
    pub(crate) is_profiled: bool,
}

pub(crate) static CLAIMS: [Claim; 4] = [
    Claim { chain: "main", name: "0-1", bar: None, kona: [None; 2], is_profiled: false },
    Claim {
        chain: "main",
        name: "40-41",
        bar: Some(450_000_000),
        kona: [Some(2_381_882_615), Some(1_617_000_000)],
        is_profiled: true,
    },
    Claim {
        chain: "main",
        name: "60-110",
        bar: Some(2_200_000_000),
        kona: [Some(11_229_186_824), Some(8_080_000_000)],
        is_profiled: true,
    },
    Claim {
        chain: "full",
        name: "20-21",
        bar: Some(800_000_000),
        kona: [Some(2_416_788_263), None],
        is_profiled: true,
    },
];

impl Claim {
    /// Where its chain lies.
    pub(crate) fn folder(&self) -> PathBuf {
        kohala_testdata::path("chains").join(self.chain)
    }

    pub(crate) const fn kona(&self, vm: Vm) -> Option<u64> {
        match vm {
            Vm::Cannon => self.kona[0],
            Vm::Asterisc => self.kona[1],
        }
    }
}
