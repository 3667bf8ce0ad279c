//! L1 data is read once, and without it there is no verdict.

use crate::support::Recording;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes};
use kohala_derive::IndexedBlobHash;
use kohala_program::{Absent, Inputs, MemoryInputs, Program, ProgramError, Progress};
use kohala_protocol::{BlockInfo, L1Header, OutputRootPreimage, Receipt};
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// What is read of L1: how often each thing.
type Reads = HashMap<(&'static str, B256), usize>;

/// Inputs that count.
struct Counted {
    inputs: MemoryInputs,
    reads: Rc<RefCell<Reads>>,
}

impl Counted {
    fn count(&self, kind: &'static str, hash: B256) {
        *self.reads.borrow_mut().entry((kind, hash)).or_default() += 1;
    }
}

impl Inputs for Counted {
    type Error = Absent;

    fn l1_header(&mut self, hash: B256) -> Result<L1Header, Absent> {
        self.count("header", hash);
        self.inputs.l1_header(hash)
    }

    fn l1_transactions(&mut self, header: &L1Header) -> Result<Vec<Bytes>, Absent> {
        self.count("transactions", header.hash);
        self.inputs.l1_transactions(header)
    }

    fn l1_receipts(&mut self, header: &L1Header) -> Result<Vec<Receipt>, Absent> {
        self.count("receipts", header.hash);
        self.inputs.l1_receipts(header)
    }

    fn l1_blob(&mut self, block: &BlockInfo, blob: &IndexedBlobHash) -> Result<Bytes, Absent> {
        self.count("blob", blob.hash);
        self.inputs.l1_blob(block, blob)
    }

    fn l2_output(&mut self, root: B256) -> Result<OutputRootPreimage, Absent> {
        self.inputs.l2_output(root)
    }

    fn l2_header(&mut self, hash: B256) -> Result<Header, Absent> {
        self.inputs.l2_header(hash)
    }

    fn l2_transactions(&mut self, hash: B256, header: &Header) -> Result<Vec<Bytes>, Absent> {
        self.inputs.l2_transactions(hash, header)
    }

    fn l2_first_transaction(&mut self, hash: B256, header: &Header) -> Result<Bytes, Absent> {
        self.inputs.l2_first_transaction(hash, header)
    }

    fn l2_state_node(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.inputs.l2_state_node(hash)
    }

    fn l2_path(&mut self, agreed: u64, address: Address, slot: Option<B256>) -> Result<(), Absent> {
        self.inputs.l2_path(agreed, address, slot)
    }

    fn l1_state_node(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.inputs.l1_state_node(hash)
    }

    fn l2_code(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.inputs.l2_code(hash)
    }
}

/// Runs the program to its end; the output root that is right, and what was read of L1.
fn run(recording: &Recording) -> (Result<B256, ProgramError<Absent>>, Reads) {
    let reads = Rc::new(RefCell::new(Reads::new()));
    let inputs = Counted { inputs: recording.inputs.clone(), reads: Rc::clone(&reads) };
    let verdict = (|| {
        let mut program = Program::start(recording.boot.clone(), inputs)?;
        loop {
            if let Progress::Judged(verdict) = program.step()? {
                return Ok(verdict.output_root);
            }
        }
    })();
    (verdict, reads.take())
}

/// The first blocks of `main`, claimed as far as the L1 head gives rise to them.
fn recording() -> Recording {
    let recording = Recording::load("main");
    recording.claiming(12, 1000, recording.root(1))
}

#[test]
fn everything_on_l1_is_read_once() {
    let (verdict, reads) = run(&recording());
    verdict.unwrap();
    for kind in ["header", "transactions", "receipts", "blob"] {
        assert!(reads.keys().any(|(read, _)| *read == kind), "no {kind} is read");
    }
    let again: Vec<_> = reads.iter().filter(|(_, count)| **count > 1).collect();
    assert!(again.is_empty(), "{again:?}");
}

/// A blob that nobody has is neither a blob without data nor asked for again and again; the same for the rest of L1.
#[test]
fn without_any_piece_of_l1_there_is_no_verdict() {
    let whole = recording();
    let (_, reads) = run(&whole);
    for (kind, hash) in reads.into_keys() {
        let mut recording = whole.clone();
        let MemoryInputs { l1_headers, l1_transactions, l1_receipts, blobs, .. } = &mut recording.inputs;
        let removed = match kind {
            "header" => l1_headers.remove(&hash).is_some(),
            "transactions" => l1_transactions.remove(&hash).is_some(),
            "receipts" => l1_receipts.remove(&hash).is_some(),
            _ => blobs.remove(&hash).is_some(),
        };
        assert!(removed, "{kind} {hash}");
        let (verdict, reads) = run(&recording);
        assert!(matches!(verdict, Err(ProgramError::Read(_))), "{kind} {hash}: {verdict:?}");
        assert_eq!(reads[&(kind, hash)], 1, "{kind} {hash}");
    }
}
