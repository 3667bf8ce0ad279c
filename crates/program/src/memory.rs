use crate::Inputs;
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, map::B256Map};
use kohala_derive::IndexedBlobHash;
use kohala_protocol::{BlockInfo, L1Header, OutputRootPreimage, Receipt};

/// The program's inputs as plain data, for whoever has the blocks already and vouches for them: an embedding node, a
/// simulated chain, a test.
///
/// Nothing here is checked against its hash: who fills the maps does that.
#[derive(Clone, Debug, Default)]
pub struct MemoryInputs {
    /// L1 headers by hash.
    pub l1_headers: B256Map<L1Header>,
    /// Transactions of L1 blocks by the blocks' hashes.
    pub l1_transactions: B256Map<Vec<Bytes>>,
    /// Receipts of L1 blocks by the blocks' hashes.
    pub l1_receipts: B256Map<Vec<Receipt>>,
    /// Blobs of 131,072 bytes by their versioned hashes; zeros at the end may be left out.
    pub blobs: B256Map<Bytes>,
    /// What output roots commit to.
    pub outputs: B256Map<OutputRootPreimage>,
    /// L2 headers by hash.
    pub l2_headers: B256Map<Header>,
    /// Transactions of L2 blocks by the blocks' hashes.
    pub l2_transactions: B256Map<Vec<Bytes>>,
    /// State and storage trie nodes by hash.
    pub nodes: B256Map<Bytes>,
    /// Contract codes by hash.
    pub codes: B256Map<Bytes>,
}

/// What is not among the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing here has the hash {0}")]
pub struct Absent(
    /// The hash that was asked for.
    pub B256,
);

fn find<T: Clone>(map: &B256Map<T>, hash: B256) -> Result<T, Absent> {
    map.get(&hash).cloned().ok_or(Absent(hash))
}

impl Inputs for MemoryInputs {
    type Error = Absent;

    fn l1_header(&mut self, hash: B256) -> Result<L1Header, Absent> {
        find(&self.l1_headers, hash)
    }

    fn l1_transactions(&mut self, header: &L1Header) -> Result<Vec<Bytes>, Absent> {
        find(&self.l1_transactions, header.hash)
    }

    fn l1_receipts(&mut self, header: &L1Header) -> Result<Vec<Receipt>, Absent> {
        find(&self.l1_receipts, header.hash)
    }

    fn l1_blob(&mut self, _: &BlockInfo, blob: &IndexedBlobHash) -> Result<Bytes, Absent> {
        find(&self.blobs, blob.hash)
    }

    fn l2_output(&mut self, root: B256) -> Result<OutputRootPreimage, Absent> {
        find(&self.outputs, root)
    }

    fn l2_header(&mut self, hash: B256) -> Result<Header, Absent> {
        find(&self.l2_headers, hash)
    }

    fn l2_transactions(&mut self, hash: B256, _: &Header) -> Result<Vec<Bytes>, Absent> {
        find(&self.l2_transactions, hash)
    }

    fn l2_first_transaction(&mut self, hash: B256, _: &Header) -> Result<Bytes, Absent> {
        self.l2_transactions.get(&hash).and_then(|list| list.first()).cloned().ok_or(Absent(hash))
    }

    fn l2_state_node(&mut self, hash: B256) -> Result<Bytes, Absent> {
        find(&self.nodes, hash)
    }

    fn l1_state_node(&mut self, hash: B256) -> Result<Bytes, Absent> {
        find(&self.nodes, hash)
    }

    fn l2_code(&mut self, hash: B256) -> Result<Bytes, Absent> {
        find(&self.codes, hash)
    }
}
