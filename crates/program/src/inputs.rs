use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes};
use kohala_derive::IndexedBlobHash;
use kohala_execute::PrecompileSource;
use kohala_protocol::{BlockInfo, L1Header, OutputRootPreimage, Receipt};

/// What the program reads after booting. Everything but [`l1_precompiles`](Self::l1_precompiles) is asked for by the hash
/// that commits to it, and whoever implements this answers with those bytes or with an error: there is no third answer,
/// and an error ends the program without a verdict.
///
/// Walking chains, and remembering what was read or built, is not the implementation's concern.
pub trait Inputs {
    /// Why something could not be read.
    type Error;

    /// The L1 header with this hash.
    fn l1_header(&mut self, hash: B256) -> Result<L1Header, Self::Error>;

    /// All transactions of an L1 block, EIP-2718 encoded, in order.
    fn l1_transactions(&mut self, header: &L1Header) -> Result<Vec<Bytes>, Self::Error>;

    /// All receipts of an L1 block in order.
    fn l1_receipts(&mut self, header: &L1Header) -> Result<Vec<Receipt>, Self::Error>;

    /// A blob that a transaction of an L1 block carries: 131,072 bytes, of which zeros at the end may be left out.
    fn l1_blob(&mut self, block: &BlockInfo, blob: &IndexedBlobHash) -> Result<Bytes, Self::Error>;

    /// What an L2 output root commits to.
    fn l2_output(&mut self, root: B256) -> Result<OutputRootPreimage, Self::Error>;

    /// The L2 header with this hash.
    fn l2_header(&mut self, hash: B256) -> Result<Header, Self::Error>;

    /// All transactions of the L2 block with this hash and header, EIP-2718 encoded, in order.
    fn l2_transactions(&mut self, hash: B256, header: &Header) -> Result<Vec<Bytes>, Self::Error>;

    /// The first transaction of an L2 block, which carries its L1 info. Not asked of the genesis block.
    fn l2_first_transaction(&mut self, hash: B256, header: &Header) -> Result<Bytes, Self::Error>;

    /// A node of an L2 state or storage trie.
    fn l2_state_node(&mut self, hash: B256) -> Result<Bytes, Self::Error>;

    /// Announces that the nodes asked for next are those of the L2 state at the agreed block, whose number is `agreed`, on
    /// the path to an account, or to one of its storage slots; or lie beside that path where a deletion folds a branch.
    ///
    /// Whatever the program has not made itself was there at the agreed block, and at the same place.
    fn l2_path(&mut self, _agreed: u64, _address: Address, _slot: Option<B256>) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Announces that a block's transactions are done, and that what is read from now on is for its roots.
    fn l2_roots(&mut self) {}

    /// The code of an L2 contract.
    fn l2_code(&mut self, hash: B256) -> Result<Bytes, Self::Error>;

    /// What tells the outcomes of L1's precompiles; `None` if the program has to compute them itself (rules X42).
    fn l1_precompiles(&mut self) -> Option<&mut dyn PrecompileSource<Error = Self::Error>> {
        None
    }

    /// What tells L1's states; `None` if the program has to go without them. It then walks L1 back header by header, where
    /// else it looks up the hashes of blocks far down.
    fn l1_state(&mut self) -> Option<&mut dyn L1StateSource<Error = Self::Error>> {
        None
    }
}

/// What tells the states after L1 blocks, node by node.
pub trait L1StateSource {
    /// Why something could not be read.
    type Error;

    /// Announces that the nodes asked for next are those on the path to an account and on to one of its storage slots, in
    /// the state after the L1 block with the hash `block`.
    fn path(&mut self, block: B256, address: Address, slot: B256) -> Result<(), Self::Error>;

    /// A node of a state or storage trie by its hash.
    fn node(&mut self, hash: B256) -> Result<Bytes, Self::Error>;
}
