//! The program on a data source of one's own: an archive of chains, which is not trusted.
//!
//! ```text
//! cargo run -p kohala-program --example own_source
//! ```

#[expect(dead_code, reason = "the tests read more of a recording")]
#[path = "../tests/program/support.rs"]
mod support;

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Decodable;
use kohala_derive::IndexedBlobHash;
use kohala_program::{Inputs, MemoryInputs, Program, ProgramError, Progress, Verdict};
use kohala_protocol::{BlockInfo, L1Header, OutputRootPreimage, Receipt};
use kohala_testdata::{Chain, L1Record, L2Record};
use kohala_trie::list::list_root;
use std::{error::Error, sync::Arc};
use support::Recording;

// ANCHOR: source
/// Blocks by their hashes, states by nodes: a database, or a client of a service. Whatever it says is checked here.
struct Archive {
    chain: Arc<Chain>,
    state: MemoryInputs,
}

/// Why the archive has no answer. An answer that is not what was asked for is none, either.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the archive has nothing with the hash {0}")]
    Absent(B256),
    #[error("what the archive has for {0} is something else")]
    Wrong(B256),
}

impl Archive {
    fn l1(&self, hash: B256) -> Result<&L1Record, Failure> {
        self.chain.l1.iter().find(|block| block.hash == hash).ok_or(Failure::Absent(hash))
    }

    fn l2(&self, hash: B256) -> Result<&L2Record, Failure> {
        self.chain.l2.iter().find(|block| block.hash == hash).ok_or(Failure::Absent(hash))
    }
}

/// The value, if it has the hash.
fn checked(value: &Bytes, hash: B256) -> Result<Bytes, Failure> {
    if keccak256(value) == hash { Ok(value.clone()) } else { Err(Failure::Wrong(hash)) }
}

/// The items, if their trie has the root.
fn checked_list(items: &[Bytes], root: B256) -> Result<Vec<Bytes>, Failure> {
    let is_right = list_root(items.iter().map(|item| &item[..])) == root;
    if is_right { Ok(items.to_vec()) } else { Err(Failure::Wrong(root)) }
}

impl Inputs for Archive {
    type Error = Failure;

    fn l1_header(&mut self, hash: B256) -> Result<L1Header, Failure> {
        let rlp = checked(&self.l1(hash)?.header_rlp, hash)?;
        L1Header::decode(hash, &rlp).map_err(|_| Failure::Wrong(hash))
    }

    fn l1_transactions(&mut self, header: &L1Header) -> Result<Vec<Bytes>, Failure> {
        checked_list(&self.l1(header.hash)?.transactions, header.transactions_root)
    }

    fn l1_receipts(&mut self, header: &L1Header) -> Result<Vec<Receipt>, Failure> {
        let receipts = checked_list(&self.l1(header.hash)?.receipts, header.receipts_root)?;
        let decoded = receipts.iter().map(|receipt| Receipt::decode(receipt)).collect::<Result<_, _>>();
        decoded.map_err(|_| Failure::Wrong(header.receipts_root))
    }

    fn l1_blob(&mut self, _: &BlockInfo, blob: &IndexedBlobHash) -> Result<Bytes, Failure> {
        // To check one takes its KZG commitment, and a library for that: `kohala-host` has both.
        self.chain.blobs.get(&blob.hash).map(|blob| blob.data.clone()).ok_or(Failure::Absent(blob.hash))
    }

    fn l2_output(&mut self, root: B256) -> Result<OutputRootPreimage, Failure> {
        let output = *self.state.outputs.get(&root).ok_or(Failure::Absent(root))?;
        if output.hash() == root { Ok(output) } else { Err(Failure::Wrong(root)) }
    }

    fn l2_header(&mut self, hash: B256) -> Result<Header, Failure> {
        let rlp = checked(&self.l2(hash)?.header_rlp, hash)?;
        Header::decode(&mut &rlp[..]).map_err(|_| Failure::Wrong(hash))
    }

    fn l2_transactions(&mut self, hash: B256, header: &Header) -> Result<Vec<Bytes>, Failure> {
        checked_list(&self.l2(hash)?.transactions, header.transactions_root)
    }

    fn l2_first_transaction(&mut self, hash: B256, header: &Header) -> Result<Bytes, Failure> {
        self.l2_transactions(hash, header)?.into_iter().next().ok_or(Failure::Wrong(hash))
    }

    fn l2_state_node(&mut self, hash: B256) -> Result<Bytes, Failure> {
        checked(self.state.nodes.get(&hash).ok_or(Failure::Absent(hash))?, hash)
    }

    // Not asked: `has_l1_states` says that there are none.
    fn l1_state_node(&mut self, hash: B256) -> Result<Bytes, Failure> {
        Err(Failure::Absent(hash))
    }

    fn l2_code(&mut self, hash: B256) -> Result<Bytes, Failure> {
        checked(self.state.codes.get(&hash).ok_or(Failure::Absent(hash))?, hash)
    }
}

/// Runs the program to its verdict.
fn judge(mut program: Program<Archive>) -> Result<Verdict, ProgramError<Failure>> {
    loop {
        match program.step()? {
            Progress::Executed(block) => println!("executed block {}", block.header.number),
            Progress::Judged(verdict) => return Ok(verdict),
            _ => {}
        }
    }
}
// ANCHOR_END: source

/// A recorded chain as an archive, and the claim about its block 30.
fn program(change: impl FnOnce(&mut Archive)) -> Result<Program<Archive>, ProgramError<Failure>> {
    let recording = Recording::load("main");
    let last = recording.chain.l1.len() - 1;
    let claiming = recording.claiming(last, 30, recording.root(30));
    let mut archive = Archive { chain: claiming.chain, state: claiming.inputs };
    change(&mut archive);
    Program::start(claiming.boot, archive)
}

fn main() -> Result<(), Box<dyn Error>> {
    let verdict = judge(program(|_| {})?)?;
    println!("block {} has the output root {}: {}", verdict.block_number, verdict.output_root, verdict.is_valid());
    if verdict.is_valid() { Ok(()) } else { Err("the recorded claim is right".into()) }
}

#[test]
fn the_claim_is_right_by_ones_own_source() {
    main().unwrap();
}

#[test]
fn a_source_that_lies_is_no_verdict() {
    let spoilt = |archive: &mut Archive| {
        let chain = Arc::make_mut(&mut archive.chain);
        chain.l1.iter_mut().for_each(|block| block.transactions.truncate(1));
    };
    assert!(program(spoilt).and_then(judge).is_err_and(|error| error.to_string().contains("something else")));
}
