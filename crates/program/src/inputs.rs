use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes};
use kohala_derive::IndexedBlobHash;
use kohala_execute::PrecompileOutcome;
use kohala_protocol::{BlockInfo, L1Header, OutputRootPreimage, Receipt};

/// What the program reads after booting. Everything but [`l1_precompile`](Self::l1_precompile) is asked for by the hash
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

    /// Whether the outcomes of L1's precompiles are told here: if not, the program computes them (rules X42).
    fn is_accelerated(&self) -> bool {
        false
    }

    /// What comes of calling L1's precompile at `address` with `input`, as
    /// [`StateSource::precompile`](kohala_execute::StateSource::precompile) has it.
    fn l1_precompile(
        &mut self,
        _address: Address,
        _gas: u64,
        _input: &[u8],
    ) -> Result<Option<PrecompileOutcome>, Self::Error> {
        Ok(None)
    }

    /// Whether L1's states can be read: the program then looks up the hashes of L1 blocks far down, where it else walks
    /// back header by header.
    fn has_l1_states(&self) -> bool {
        false
    }

    /// Announces that the L1 nodes asked for next are those on the path to an account and on to one of its storage slots, in
    /// the state after the L1 block with the hash `block`.
    fn l1_path(&mut self, _block: B256, _address: Address, _slot: B256) -> Result<(), Self::Error> {
        Ok(())
    }

    /// A node of an L1 state or storage trie. Asked only if there [are L1 states](Self::has_l1_states).
    fn l1_state_node(&mut self, hash: B256) -> Result<Bytes, Self::Error>;
}
