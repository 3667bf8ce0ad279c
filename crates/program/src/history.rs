//! The hashes of L1 blocks in the history contract's storage (EIP-2935).

use crate::{Contradiction, Inputs, ProgramError};
use alloc::collections::{BTreeMap, btree_map::Entry};
use alloy_consensus::TrieAccount;
use alloy_primitives::{B256, Bytes, U256, b256, keccak256};
use kohala_protocol::{L1Header, predeploys::HISTORY};
use kohala_trie::{NodeSource, Trie, TrieError};

/// Hash of the history contract's code. What other code at its address keeps is no affair of ours.
const CODE_HASH: B256 = b256!("6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d");
/// How many blocks before a block the contract knows in the state after it. Block `n` has slot `n % WINDOW`.
pub(crate) const WINDOW: u64 = 8191;

/// The history contract's storage after some L1 blocks, open as far as was read.
#[derive(Default)]
pub(crate) struct History {
    /// By the blocks' numbers.
    storages: BTreeMap<u64, Trie>,
    /// No state holds the hashes of blocks below this one.
    first: u64,
}

impl History {
    /// False if it is known already that no state holds the hash of block `number`.
    pub(crate) const fn may_hold(&self, number: u64) -> bool {
        number >= self.first
    }

    /// Number of a block after which the storage is open and may hold the hash of block `number`.
    pub(crate) fn covering(&self, number: u64) -> Option<u64> {
        let mut open = self.storages.range(number + 1..=number.saturating_add(WINDOW));
        open.next().map(|(block, _)| *block)
    }

    /// The hash of block `number`, which is one of the [`WINDOW`] before `block`, in the state after `block`. `None` where
    /// there is none: `block` is from before Prague, or block `number` from before Prague's parent. For inputs with L1 states alone.
    pub(crate) fn block_hash<I: Inputs>(
        &mut self,
        block: &L1Header,
        number: u64,
        inputs: &mut I,
    ) -> Result<Option<B256>, ProgramError<I::Error>> {
        let hash = if block.is_prague { self.slot(block, number, inputs)? } else { None };
        if hash.is_none() {
            self.first = self.first.max(number + 1);
        }
        Ok(hash)
    }

    fn slot<I: Inputs>(
        &mut self,
        block: &L1Header,
        number: u64,
        inputs: &mut I,
    ) -> Result<Option<B256>, ProgramError<I::Error>> {
        let slot = B256::from(U256::from(number % WINDOW));
        inputs.l1_path(block.hash, HISTORY, slot).map_err(ProgramError::Read)?;
        let nodes = &mut Nodes(inputs);
        let storage = match self.storages.entry(block.number) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(closed) => match storage(block.state_root, nodes)? {
                Some(storage) => closed.insert(storage),
                None => return Ok(None),
            },
        };
        let Some(value) = storage.get(&keccak256(slot), nodes).map_err(state_error)? else { return Ok(None) };
        match alloy_rlp::decode_exact::<U256>(value) {
            Ok(hash) if !hash.is_zero() => Ok(Some(hash.into())),
            _ => Err(Contradiction::HistorySlot { after: block.number, number }.into()),
        }
    }
}

/// The history contract's storage in the state with this root, if the contract is there.
fn storage<I: Inputs>(state_root: B256, nodes: &mut Nodes<'_, I>) -> Result<Option<Trie>, ProgramError<I::Error>> {
    let key = keccak256(HISTORY);
    let mut accounts = Trie::at(state_root);
    let Some(leaf) = accounts.get(&key, nodes).map_err(state_error)? else { return Ok(None) };
    let account: TrieAccount = alloy_rlp::decode_exact(leaf).map_err(|_| ProgramError::MalformedLeaf(key))?;
    Ok((account.code_hash == CODE_HASH).then(|| Trie::at(account.storage_root)))
}

fn state_error<E>(error: TrieError<E>) -> ProgramError<E> {
    match error {
        TrieError::Source(error) => ProgramError::Read(error),
        TrieError::Malformed(hash) => ProgramError::MalformedNode(hash),
    }
}

/// The nodes of L1's states.
struct Nodes<'a, I>(&'a mut I);

impl<I: Inputs> NodeSource for Nodes<'_, I> {
    type Error = I::Error;

    fn node(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.0.l1_state_node(hash)
    }
}

#[cfg(test)]
mod tests;
