use crate::{ExecuteError, PrecompileSource};
use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use alloy_consensus::{Header, Sealed, TrieAccount};
use alloy_primitives::{
    Address, B256, Bytes, U256, address, keccak256,
    map::{AddressMap, B256Map, Entry},
};
use alloy_rlp::Decodable;
use kohala_protocol::{Fork, RollupConfig, output_root};
use kohala_trie::{EMPTY_ROOT, NodeSource, Trie, TrieError};
use revm::state::Bytecode;

/// The L2ToL1MessagePasser, whose storage root is part of the output root.
pub(crate) const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");

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

    /// What tells the outcomes of precompile calls, if asking is cheaper than computing is here; `None` leaves them to us.
    fn precompiles(&mut self) -> Option<&mut dyn PrecompileSource<Error = Self::Error>> {
        None
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

/// The tries of a state and the codes that its accounts name.
#[derive(Clone, Debug)]
pub(crate) struct Tries {
    /// Accounts by the hash of their address.
    pub(crate) accounts: Trie,
    /// Storage tries that were opened, each at the root that its account has in `accounts`.
    pub(crate) storage: AddressMap<Trie>,
    /// Codes by hash, analysed.
    pub(crate) code: B256Map<Bytecode>,
    /// Nodes that blocks of this state have made.
    pub(crate) made: Made,
}

/// Trie nodes that were made here, by hash.
///
/// The source is not asked for these. A trie opened from below can lead to one: contracts of the same kind hold the
/// same leaves. op-program's client keeps its nodes too, so what its host records for a claim lacks them.
///
/// Most are never asked for. So they lie one after the other in a few large pieces of memory, and are copied out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pieces: Vec<Vec<u8>>,
    places: B256Map<Place>,
}

/// Where a node's encoding lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    piece: u32,
    start: u32,
    len: u32,
}

impl Made {
    /// Bytes of a piece. A node takes at most 532, unless its value is long.
    const PIECE: usize = 1 << 16;

    /// The root of a trie, whose new nodes are kept.
    pub(crate) fn commit(&mut self, trie: &mut Trie) -> B256 {
        trie.commit(|hash, node| self.keep(hash, node))
    }

    fn keep(&mut self, hash: B256, node: &[u8]) {
        let Entry::Vacant(place) = self.places.entry(hash) else { return };
        let has_room = |piece: &Vec<u8>| piece.capacity() - piece.len() >= node.len();
        if !self.pieces.last().is_some_and(has_room) {
            self.pieces.push(Vec::with_capacity(Self::PIECE.max(node.len())));
        }
        let number = self.pieces.len() - 1;
        let piece = &mut self.pieces[number];
        place.insert(Place { piece: number as u32, start: piece.len() as u32, len: node.len() as u32 });
        piece.extend_from_slice(node);
    }

    fn node(&self, hash: &B256) -> Option<Bytes> {
        let &Place { piece, start, len } = self.places.get(hash)?;
        let (start, len) = (start as usize, len as usize);
        Some(Bytes::copy_from_slice(&self.pieces[piece as usize][start..start + len]))
    }

    /// These nodes first, then those of `source`.
    pub(crate) const fn or<'a, S>(&'a self, source: &'a mut S) -> MadeOr<'a, S> {
        MadeOr { made: self, source }
    }
}

/// A source of nodes with the nodes that were made here before it.
pub(crate) struct MadeOr<'a, S> {
    made: &'a Made,
    source: &'a mut S,
}

impl<S: NodeSource> NodeSource for MadeOr<'_, S> {
    type Error = S::Error;

    fn node(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.made.node(&hash).map_or_else(|| self.source.node(hash), Ok)
    }
}

impl Tries {
    fn at(root: B256) -> Self {
        Self {
            accounts: Trie::at(root),
            storage: AddressMap::default(),
            code: B256Map::default(),
            made: Made::default(),
        }
    }

    /// The account at a hashed address.
    pub(crate) fn account<S: StateSource>(
        &mut self,
        key: B256,
        source: &mut S,
    ) -> Result<Option<TrieAccount>, ExecuteError<S::Error>> {
        let leaf = self.accounts.get(&key, &mut self.made.or(source))?;
        leaf.map(|leaf| alloy_rlp::decode_exact(leaf).map_err(|_| ExecuteError::Leaf(key))).transpose()
    }

    /// The value at a hashed slot of an account whose storage has the given root: zero where there is none, and no
    /// question to the source where there is no storage at all (rules X60).
    pub(crate) fn slot<S: StateSource>(
        &mut self,
        address: Address,
        storage_root: B256,
        key: B256,
        source: &mut S,
    ) -> Result<U256, ExecuteError<S::Error>> {
        if storage_root == EMPTY_ROOT {
            return Ok(U256::ZERO);
        }
        let (trie, made) = self.storage(address, storage_root);
        let Some(mut leaf) = trie.get(&key, &mut made.or(source))? else {
            return Ok(U256::ZERO);
        };
        match U256::decode(&mut leaf) {
            Ok(value) if leaf.is_empty() && !value.is_zero() => Ok(value),
            _ => Err(ExecuteError::Leaf(key)),
        }
    }

    /// The account's storage trie, at `root` if it was not opened yet; and the nodes that it may lead to.
    pub(crate) fn storage(&mut self, address: Address, root: B256) -> (&mut Trie, &mut Made) {
        (self.storage.entry(address).or_insert_with(|| Trie::at(root)), &mut self.made)
    }

    /// Forgets what was written halfway: the state is at `root` again, the storage of `accounts` unopened.
    pub(crate) fn reset<'a>(&mut self, root: B256, accounts: impl Iterator<Item = &'a Address>) {
        self.accounts = Trie::at(root);
        for address in accounts {
            self.storage.remove(address);
        }
    }
}
