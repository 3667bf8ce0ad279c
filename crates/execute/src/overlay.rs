use crate::{ExecuteError, PrecompileOutcome, StateSource, accelerated::Call, tries::Tries};
use alloc::{collections::VecDeque, vec::Vec};
use alloy_consensus::TrieAccount;
use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256,
    map::{AddressMap, Entry, U256Map},
};
use kohala_protocol::predeploys::MESSAGE_PASSER;
use kohala_trie::{EMPTY_ROOT, TrieError};
use revm::{
    Database,
    database_interface::DBErrorMarker,
    state::{AccountInfo, Bytecode, EvmState},
};

/// The EVM's database for one block: the state's tries below, the block's changes on top.
///
/// Nothing reaches the tries before [`write`](Self::write), so that a block that fails leaves no trace but opened
/// nodes. What was read is kept as well: each account and slot is looked up in its trie once a block.
pub(crate) struct Overlay<'a, S: StateSource> {
    tries: &'a mut Tries,
    source: &'a mut S,
    accounts: AddressMap<Account>,
    ancestors: &'a mut VecDeque<B256>,
    /// Number of the first of `ancestors`.
    parent: u64,
    /// Why a read failed, whatever the EVM makes of it.
    failure: Option<ExecuteError<S::Error>>,
}

/// The roots after a block.
pub(crate) struct Roots {
    /// Of the accounts.
    pub(crate) state: B256,
    /// Of the message passer's storage, if it was asked for; zero if there is no such account (rules X31).
    pub(crate) message_passer: Option<B256>,
}

/// An account that the block has read.
struct Account {
    /// Key in the state trie.
    key: B256,
    /// What the state trie holds.
    before: Option<TrieAccount>,
    /// What the block has made of it.
    now: Option<AccountInfo>,
    /// The slots that the block has read or written.
    slots: U256Map<Slot>,
    /// The storage below was deleted: no slot is left but those in `slots`.
    wiped: bool,
    /// Touched by a transaction, so that it may differ from `before`.
    touched: bool,
}

struct Slot {
    /// Key in the storage trie.
    key: B256,
    /// What the storage trie holds, zero if it was wiped.
    before: U256,
    /// What the block has made of it.
    now: U256,
}

/// The reason for a failed read lies in the overlay: [`Overlay::take_failure`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("state not available")]
pub(crate) struct Unavailable;

impl DBErrorMarker for Unavailable {}

impl<'a, S: StateSource> Overlay<'a, S> {
    /// An overlay without changes for the block on top of `parent`, whose hash is the first of `ancestors`.
    pub(crate) fn new(tries: &'a mut Tries, source: &'a mut S, ancestors: &'a mut VecDeque<B256>, parent: u64) -> Self {
        Self { tries, source, accounts: AddressMap::default(), ancestors, parent, failure: None }
    }

    /// Why a read failed, if one did. To be asked after every transaction: not every failure comes out of the EVM as
    /// an error of the database.
    pub(crate) const fn take_failure(&mut self) -> Option<ExecuteError<S::Error>> {
        self.failure.take()
    }

    /// Where the state comes from.
    pub(crate) const fn source(&mut self) -> &mut S {
        self.source
    }

    /// The outcome of a precompile call by the source; `None` if that leaves it to us.
    pub(crate) fn outcome(&mut self, call: &Call<'_>) -> Result<Option<PrecompileOutcome>, Unavailable> {
        self.remember(|overlay| call.ask(|address, gas, input| overlay.source.precompile(address, gas, input)))
    }

    /// The account's nonce, zero if there is none.
    pub(crate) fn nonce(&mut self, address: Address) -> Result<u64, ExecuteError<S::Error>> {
        Ok(self.account(address)?.now.as_ref().map_or(0, |info| info.nonce))
    }

    /// Adds one to the account's nonce.
    pub(crate) fn raise_nonce(&mut self, address: Address) -> Result<(), ExecuteError<S::Error>> {
        let account = self.account(address)?;
        account.touched = true;
        let info = account.now.get_or_insert_default();
        info.nonce = info.nonce.saturating_add(1);
        Ok(())
    }

    /// Gives the account a code, whatever it was before, and leaves the rest of it as it is.
    pub(crate) fn set_code(&mut self, address: Address, hash: B256, code: Bytes) -> Result<(), ExecuteError<S::Error>> {
        let code = analyse(code);
        self.tries.code.insert(hash, code.clone());
        let account = self.account(address)?;
        account.touched = true;
        let info = account.now.get_or_insert_default();
        info.code_hash = hash;
        info.code = Some(code);
        Ok(())
    }

    /// Takes over what a transaction changed.
    pub(crate) fn commit(&mut self, changes: EvmState) {
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            let account = self.accounts.get_mut(&address).expect("the EVM reads an account before it touches it");
            account.touched = true;
            // EIP-161: an account that a transaction leaves empty is deleted.
            if changed.is_selfdestructed() || changed.is_empty() {
                account.wipe();
                account.now = None;
                continue;
            }
            if changed.is_created() {
                account.wipe();
            }
            if let Some(code) = &changed.info.code
                && changed.info.code_hash != KECCAK256_EMPTY
            {
                self.tries.code.entry(changed.info.code_hash).or_insert_with(|| code.clone());
            }
            account.now = Some(changed.info);
            for (index, slot) in changed.storage.into_iter().filter(|(_, slot)| slot.is_changed()) {
                // The EVM doesn't read slots of an account that it has just created.
                let unread = || Slot { key: hashed(index), before: U256::ZERO, now: U256::ZERO };
                account.slots.entry(index).or_insert_with(unread).now = slot.present_value;
            }
        }
    }

    /// Writes the block's changes to the tries. After an error the tries are where they were, at `old_root`.
    ///
    /// What is set goes first and what is removed after it, in order of key: so the nodes asked for are always the
    /// same, and no branch is folded that the same block would fill again. The message passer is read last, and only
    /// where the header commits to it: a block before Isthmus need not come with the way to it.
    pub(crate) fn write(&mut self, old_root: B256, with_message_passer: bool) -> Result<Roots, ExecuteError<S::Error>> {
        self.source.roots();
        let written = self.write_accounts(with_message_passer);
        if written.is_err() {
            let touched = self.accounts.iter().filter(|(_, account)| account.touched);
            self.tries.reset(old_root, touched.map(|(address, _)| address));
        }
        written
    }

    fn write_accounts(&mut self, with_message_passer: bool) -> Result<Roots, ExecuteError<S::Error>> {
        let Self { tries, source, accounts, .. } = self;
        let mut touched: Vec<(&Address, &Account)> = accounts.iter().filter(|(_, account)| account.touched).collect();
        touched.sort_unstable_by_key(|(_, account)| account.key);
        for &(address, account) in &touched {
            if account.wiped {
                tries.storage.remove(address);
            }
            let Some(info) = &account.now else { continue };
            let storage_root = account.write_storage(*address, tries, *source)?;
            let now = TrieAccount { nonce: info.nonce, balance: info.balance, storage_root, code_hash: info.code_hash };
            if account.before != Some(now) {
                source.path(*address, None).map_err(TrieError::Source)?;
                tries.accounts.insert(&account.key, &alloy_rlp::encode(now), &mut tries.made.or(*source))?;
            }
        }
        for (address, account) in
            touched.iter().filter(|(_, account)| account.before.is_some() && account.now.is_none())
        {
            source.path(**address, None).map_err(TrieError::Source)?;
            tries.accounts.remove(&account.key, &mut tries.made.or(*source))?;
        }
        let message_passer = if with_message_passer {
            source.path(MESSAGE_PASSER, None).map_err(TrieError::Source)?;
            let account = tries.account(keccak256(MESSAGE_PASSER), *source)?;
            Some(account.map_or(B256::ZERO, |account| account.storage_root))
        } else {
            None
        };
        Ok(Roots { state: tries.made.commit(&mut tries.accounts), message_passer })
    }

    fn account(&mut self, address: Address) -> Result<&mut Account, ExecuteError<S::Error>> {
        Ok(match self.accounts.entry(address) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let key = keccak256(address);
                self.source.path(address, None).map_err(TrieError::Source)?;
                entry.insert(Account::unchanged(key, self.tries.account(key, self.source)?))
            }
        })
    }

    fn read_slot(&mut self, address: Address, index: U256) -> Result<U256, ExecuteError<S::Error>> {
        self.account(address)?;
        let Self { tries, source, accounts, .. } = self;
        let account = accounts.get_mut(&address).expect("just read");
        let storage_root = account.storage_root();
        Ok(match account.slots.entry(index) {
            Entry::Occupied(entry) => entry.get().now,
            Entry::Vacant(entry) => {
                let key = hashed(index);
                source.path(address, Some(index.into())).map_err(TrieError::Source)?;
                let value = tries.slot(address, storage_root, key, *source)?;
                entry.insert(Slot { key, before: value, now: value }).now
            }
        })
    }

    fn read_code(&mut self, hash: B256) -> Result<Bytecode, ExecuteError<S::Error>> {
        Ok(match self.tries.code.entry(hash) {
            Entry::Occupied(entry) => entry.get().clone(),
            Entry::Vacant(entry) => {
                // The account may have been read long before its code.
                let has_it = |account: &Account| account.before.is_some_and(|before| before.code_hash == hash);
                if let Some((address, _)) = self.accounts.iter().find(|(_, account)| has_it(account)) {
                    self.source.path(*address, None).map_err(TrieError::Source)?;
                }
                let code = self.source.code(hash).map_err(TrieError::Source)?;
                entry.insert(analyse(code)).clone()
            }
        })
    }

    /// The hash of an ancestor: of those known already, or by walking back header by header (rules X62).
    ///
    /// The history contract would answer in fewer reads, but not from the preimages that op-program's and kona's hosts
    /// record: their clients walk.
    fn ancestor(&mut self, number: u64) -> Result<B256, ExecuteError<S::Error>> {
        let Some(depth) = self.parent.checked_sub(number).and_then(|depth| usize::try_from(depth).ok()) else {
            return Ok(B256::ZERO);
        };
        if let Some(hash) = self.ancestors.get(depth) {
            return Ok(*hash);
        }
        while self.ancestors.len() <= depth {
            let last = *self.ancestors.back().ok_or(ExecuteError::Head)?;
            let header = self.source.header(last).map_err(TrieError::Source)?;
            self.ancestors.push_back(header.parent_hash);
        }
        Ok(self.ancestors[depth])
    }

    /// Reads, unless a read has failed before: the EVM goes on for a while after one.
    fn remember<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ExecuteError<S::Error>>,
    ) -> Result<T, Unavailable> {
        if self.failure.is_some() {
            return Err(Unavailable);
        }
        read(self).map_err(|failure| {
            self.failure = Some(failure);
            Unavailable
        })
    }
}

impl<S: StateSource> Database for Overlay<'_, S> {
    type Error = Unavailable;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Unavailable> {
        self.remember(|overlay| overlay.account(address).map(|account| account.now.clone()))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Unavailable> {
        self.remember(|overlay| overlay.read_code(hash))
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, Unavailable> {
        self.remember(|overlay| overlay.read_slot(address, index))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Unavailable> {
        self.remember(|overlay| overlay.ancestor(number))
    }
}

impl Account {
    fn unchanged(key: B256, before: Option<TrieAccount>) -> Self {
        let now = before.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            account_id: None,
            code: None,
        });
        Self { key, before, now, slots: U256Map::default(), wiped: false, touched: false }
    }

    /// Root of the storage below the block's changes.
    fn storage_root(&self) -> B256 {
        self.before.filter(|_| !self.wiped).map_or(EMPTY_ROOT, |account| account.storage_root)
    }

    fn wipe(&mut self) {
        self.wiped = true;
        self.slots.clear();
    }

    /// Writes the changed slots; the storage's new root.
    fn write_storage<S: StateSource>(
        &self,
        address: Address,
        tries: &mut Tries,
        source: &mut S,
    ) -> Result<B256, TrieError<S::Error>> {
        let mut changed: Vec<(&U256, &Slot)> = self.slots.iter().filter(|(_, slot)| slot.now != slot.before).collect();
        if changed.is_empty() {
            return Ok(self.storage_root());
        }
        changed.sort_unstable_by_key(|(_, slot)| slot.key);
        let (trie, made) = tries.storage(address, self.storage_root());
        for (index, slot) in changed.iter().filter(|(_, slot)| !slot.now.is_zero()) {
            source.path(address, Some((**index).into())).map_err(TrieError::Source)?;
            trie.insert(&slot.key, &alloy_rlp::encode_fixed_size(&slot.now), &mut made.or(source))?;
        }
        for (index, slot) in changed.iter().filter(|(_, slot)| slot.now.is_zero()) {
            source.path(address, Some((**index).into())).map_err(TrieError::Source)?;
            trie.remove(&slot.key, &mut made.or(source))?;
        }
        Ok(made.commit(trie))
    }
}

/// Key of a slot in its storage trie.
fn hashed(index: U256) -> B256 {
    keccak256(index.to_be_bytes::<32>())
}

/// Finds the jump destinations, or the target of a delegation (EIP-7702). What only looks like a delegation, and can
/// only be older than EIP-3541, is code.
fn analyse(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}
