use crate::{ExecuteError, PrecompileOutcome, tries::Tries};
use alloc::{collections::VecDeque, sync::Arc};
use alloy_consensus::{Header, Sealed};
use alloy_primitives::{Address, B256, Bytes, keccak256};
use kohala_protocol::{Fork, RollupConfig, output_root, predeploys::MESSAGE_PASSER};
use kohala_trie::{EMPTY_ROOT, NodeSource, Trie, TrieError};

/// How many ancestors `BLOCKHASH` reaches.
pub(crate) const BLOCK_HASH_WINDOW: usize = 256;

/// Where a state comes from besides its trie nodes: the preimage oracle, a witness, a map.
///
/// What it answers was checked against the hash that asked for it.
pub trait StateSource: NodeSource {
    /// The code whose Keccak-256 hash is `hash`.
    fn code(&mut self, hash: B256) -> Result<Bytes, Self::Error>;

    /// The L2 header whose hash is `hash`. Only `BLOCKHASH` asks for it, for ancestors of the head.
    fn header(&mut self, hash: B256) -> Result<Header, Self::Error>;

    /// Announces that the nodes asked for next lie on the path to an account, or to one of its storage slots, or beside
    /// it where a deletion folds a branch. A source that can bring a whole path at once makes use of it; without effect
    /// on what is asked for.
    ///
    /// # Errors
    /// As a read.
    fn path(&mut self, _address: Address, _slot: Option<B256>) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Announces that a block's transactions are done, and that what is read from now on is for its roots.
    fn roots(&mut self) {}

    /// Whether asking [`precompile`](Self::precompile) is cheaper here than computing.
    fn is_accelerated(&self) -> bool {
        false
    }

    /// What comes of calling L1's precompile at `address` with `input` (rules X42); `None` leaves it to us. Asked
    /// for are ecrecover, by contracts and for who signed transactions and authorizations, the pairing check of bn254, the
    /// point evaluation and BLS12-381.
    ///
    /// The call is well-formed and not longer than the fork allows, and ecrecover's input has all of its 128 bytes. `gas`
    /// is what the call takes on L1 at most, which may be more than it costs here.
    ///
    /// # Errors
    /// As a read.
    fn precompile(
        &mut self,
        _address: Address,
        _gas: u64,
        _input: &[u8],
    ) -> Result<Option<PrecompileOutcome>, Self::Error> {
        Ok(None)
    }
}

/// The L2 chain's state at its head, as far as it was opened.
///
/// Tries, codes and known block hashes stay for the blocks to come: each block costs the paths that it touches anew.
/// A clone goes its own way from there.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) config: Arc<RollupConfig>,
    pub(crate) head: Sealed<Header>,
    pub(crate) tries: Tries,
    /// Hashes of the head and of blocks before it without a gap, newest first.
    pub(crate) ancestors: VecDeque<B256>,
}

impl State {
    /// The state after the block `head`, nothing of it opened yet. That `head` is of the chain of `config` and has the
    /// hash it is sealed with is the caller's word.
    pub fn at(config: Arc<RollupConfig>, head: Sealed<Header>) -> Self {
        Self { config, tries: Tries::at(head.state_root), ancestors: ancestors(&head), head }
    }

    /// Takes blocks back: the state is of `head` again, a block that it has been of before.
    ///
    /// What blocks made on the way stays known by its hash, since the source need not have it.
    pub fn rewind(&mut self, head: Sealed<Header>) {
        self.tries.accounts = Trie::at(head.state_root);
        self.tries.storage.clear();
        self.ancestors = ancestors(&head);
        self.head = head;
    }

    /// The block that the state is of.
    pub const fn head(&self) -> &Sealed<Header> {
        &self.head
    }

    /// The head's output root (rules X32): what claims are about.
    ///
    /// From Isthmus on the header has all it takes; before, the source is asked for the path to one account.
    pub fn output_root<S: StateSource>(&mut self, source: &mut S) -> Result<B256, ExecuteError<S::Error>> {
        let message_passer = if self.config.is_active(Fork::Isthmus, self.head.timestamp) {
            self.head.withdrawals_root.ok_or(ExecuteError::Head)?
        } else {
            source.path(MESSAGE_PASSER, None).map_err(TrieError::Source)?;
            self.tries.account(keccak256(MESSAGE_PASSER), source)?.map_or(EMPTY_ROOT, |account| account.storage_root)
        };
        Ok(output_root(self.head.state_root, message_passer, self.head.hash()))
    }
}

/// What a header says of the hashes up to its block.
fn ancestors(head: &Sealed<Header>) -> VecDeque<B256> {
    VecDeque::from([head.hash(), head.parent_hash])
}
