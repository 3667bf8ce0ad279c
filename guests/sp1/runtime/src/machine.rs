//! SP1 as the program's machine.

use alloy_primitives::Bytes;
use core::sync::atomic::{AtomicUsize, Ordering};
use kohala_zkvm::{Machine, Phase, Weighted};
use sp1_zkvm::{io, syscalls::syscall_write};

/// The machine that a guest runs on.
#[derive(Debug)]
pub struct Sp1;

impl Machine for Sp1 {
    fn opens(sum: &[Weighted], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool {
        kohala_sp1_curves::kzg::opens(sum, point, value, proof)
    }

    /// Tells SP1's executor, which counts what lies between such lines.
    fn enters(phase: Phase) {
        static AT: AtomicUsize = AtomicUsize::new(usize::MAX);
        if let Some((_, end)) = LINES.get(AT.swap(phase as usize, Ordering::Relaxed)) {
            print(end);
        }
        let (start, _) = LINES[phase as usize];
        print(start);
    }
}

/// What is said when a phase begins, and when it ends.
macro_rules! lines {
    ($name:literal) => {
        (concat!("cycle-tracker-report-start:", $name, "\n"), concat!("cycle-tracker-report-end:", $name, "\n"))
    };
}

/// In the order of [`Phase::ALL`].
const LINES: [(&str, &str); Phase::ALL.len()] =
    [lines!("witness"), lines!("boot"), lines!("derivation"), lines!("execution"), lines!("trie"), lines!("epilogue")];

fn print(line: &str) {
    const STDOUT: u32 = 1;
    syscall_write(STDOUT, line.as_ptr(), line.len());
}

/// The guest's input: one hint. It begins at a multiple of eight.
pub fn input() -> Bytes {
    // Never given back: values are used where they lie.
    Bytes::from_static(io::read_vec().leak())
}

/// Fails unless a proof was given of the program whose verifying key has the hash `program`, with these public values.
#[cfg(feature = "aggregation")]
pub fn verify(program: alloy_primitives::B256, public_values: &[u8]) {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(program.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let digest = crate::sha256::sha256(public_values);
    sp1_zkvm::lib::verify::verify_sp1_proof(&words, &digest);
}
