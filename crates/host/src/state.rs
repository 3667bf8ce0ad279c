//! The L2 state, by whatever methods the nodes know: whole blocks' witnesses first, then proofs of what a block touches,
//! then of single paths, then single values out of a database.
//!
//! Proofs are of the state at the agreed block: what the program asks for was there, and at the same place, but for a branch
//! that was unfolded since, of which the block at hand tells. Of L1's
//! states it is the history contract's storage that a program may read, after L1 blocks that it names.

use crate::{
    Cache, StoreError,
    execution::{BlockAt, Proof, Touched},
    fetch::{FetchError, Fetcher, Job},
    lock,
    native::Wanted,
    sibling,
};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, keccak256};
use kohala_preimage::Key;
use kohala_protocol::Attributes;

/// Slots in one request for a proof at most: geth refuses more than 1024 keys.
const PROOF_SLOTS: usize = 1000;

fn payload_job(attributes: &Attributes) -> Job {
    Job::Payload(attributes.parent.hash, keccak256(attributes.transactions.concat()))
}

impl Fetcher {
    /// Keeps values of the L2 state under their own hashes.
    fn keep_values(&self, cache: &Cache, values: impl IntoIterator<Item = Bytes>) -> Result<(), StoreError> {
        let values: Vec<(Key, Bytes)> =
            values.into_iter().map(|value| (Key::keccak256(keccak256(&value)), value)).collect();
        cache.put(&values, &[])
    }

    /// What the canonical block `number` needs to be executed. Fetched again where `is_there` says that it isn't any more.
    pub(crate) async fn witness(
        &self,
        cache: &Cache,
        number: u64,
        is_there: impl Fn() -> bool,
    ) -> Result<(), FetchError> {
        let work = async || {
            let values = self.l2.execution_witness(number).await?;
            Ok(self.keep_values(cache, values)?)
        };
        self.once(Job::Witness(number), work, || Ok(is_there())).await
    }

    /// What the payload needs that the program executes, canonical or not.
    async fn payload_witness(
        &self,
        cache: &Cache,
        attributes: &Attributes,
        is_there: impl Fn() -> bool,
    ) -> Result<(), FetchError> {
        let work = async || {
            let values = self.l2.payload_witness(attributes).await?;
            Ok(self.keep_values(cache, values)?)
        };
        self.once(payload_job(attributes), work, || Ok(is_there())).await
    }

    /// What the canonical block `number` touches, as proofs of the agreed state: whatever the program asks for was
    /// there at the agreed block, so that no path is asked for twice however many blocks touch it.
    pub(crate) async fn touched(&self, cache: &Cache, number: u64) -> Result<(), FetchError> {
        let work = async || {
            let mut touched = self.l2.touched(number).await?;
            for (address, slots) in sibling::always_touched(&self.config, number) {
                touched.entry(address).or_default().slots.extend(slots);
            }
            let (wanted, codes) = self.unproven(touched);
            self.keep_values(cache, codes)?;
            let proofs = self.l2.proofs(BlockAt::Hash(self.agreed.block_hash), &wanted).await;
            let mut failure = None;
            for (proof, (address, slots)) in proofs.into_iter().zip(&wanted) {
                match proof {
                    Ok(proof) => self.keep_proof(cache, &proof)?,
                    Err(error) => {
                        // To be asked for again when it is needed.
                        let mut known = lock(&self.paths);
                        known.remove(&(*address, None));
                        for slot in slots {
                            known.remove(&(*address, Some(*slot)));
                        }
                        failure = Some(error.into());
                    }
                }
            }
            failure.map_or(Ok(()), Err)
        };
        self.once(Job::Touched(number), work, || Ok(true)).await
    }

    /// Paths that no proof was asked for yet, and the codes of the accounts.
    fn unproven(&self, touched: Touched) -> (Vec<(Address, Vec<B256>)>, Vec<Bytes>) {
        let (mut paths, mut codes) = (Vec::new(), Vec::new());
        let mut known = lock(&self.paths);
        for (address, account) in touched {
            let slots = account.slots.into_iter().filter(|slot| known.insert((address, Some(*slot))));
            let slots: Vec<B256> = slots.collect();
            if slots.is_empty() && known.insert((address, None)) {
                paths.push((address, Vec::new()));
            }
            if !slots.is_empty() {
                known.insert((address, None));
                paths.extend(slots.chunks(PROOF_SLOTS).map(|slots| (address, slots.to_vec())));
            }
            codes.extend(account.code);
        }
        (paths, codes)
    }

    fn keep_proof(&self, cache: &Cache, proof: &Proof) -> Result<(), StoreError> {
        let storage = proof.storage_proof.iter().flat_map(|slot| &slot.proof);
        self.keep_values(cache, proof.account_proof.iter().chain(storage).cloned())
    }

    /// The path to an account and to one of its slots.
    pub(crate) async fn proof(
        &self,
        cache: &Cache,
        at: BlockAt,
        address: Address,
        slot: Option<B256>,
    ) -> Result<Proof, FetchError> {
        let paths = [(address, Vec::from_iter(slot))];
        let proof = self.l2.proofs(at, &paths).await.pop().expect("one for one")?;
        self.keep_proof(cache, &proof)?;
        Ok(proof)
    }

    /// The path to a slot in the state after an L1 block. There is no other way to it.
    pub(crate) async fn l1_proof(
        &self,
        cache: &Cache,
        block: B256,
        address: Address,
        slot: B256,
    ) -> Result<(), FetchError> {
        let proof = self.l1.proofs(BlockAt::Hash(block), &[(address, vec![slot])]).await.pop().expect("one for one");
        let proof = proof.map_err(|reason| FetchError::L1State { block, reason })?;
        Ok(self.keep_proof(cache, &proof)?)
    }

    /// A code by its hash.
    pub(crate) async fn code(&self, cache: &Cache, wanted: &Wanted, hash: B256) -> Result<(), FetchError> {
        if hash == KECCAK256_EMPTY {
            return Ok(cache.put(&[(Key::keccak256(hash), Bytes::new())], &[])?);
        }
        if self.witness_of_payload(cache, wanted).await {
            return Ok(());
        }
        let at = BlockAt::Hash(self.agreed.block_hash);
        let mut failure = None;
        if let Some((address, _)) = wanted.path {
            match self.l2.code(address, at, hash).await {
                Ok(code) => return Ok(cache.put(&[(Key::keccak256(hash), code)], &[])?),
                Err(error) => failure = Some(error),
            }
        }
        let code = match self.l2.database_value(hash, true).await {
            Ok(code) => code,
            Err(error) => return Err(failure.unwrap_or(error).into()),
        };
        Ok(cache.put(&[(Key::keccak256(hash), code)], &[])?)
    }

    /// A node of the L2 state: by what brings most first.
    pub(crate) async fn state_node(&self, cache: &Cache, wanted: &Wanted, hash: B256) -> Result<(), FetchError> {
        if self.witness_of_payload(cache, wanted).await {
            return Ok(());
        }
        let mut failure = None;
        if let Some((address, slot)) = wanted.path {
            match self.node_on_path(cache, wanted, hash, address, slot).await {
                Ok(true) => return Ok(()),
                // A proof that leads elsewhere: the node may have answered wrongly, this once.
                Ok(false) => failure = Some(FetchError::Nothing),
                Err(error) => failure = Some(error),
            }
        }
        match self.l2.database_value(hash, false).await {
            Ok(node) => Ok(cache.put(&[(Key::keccak256(hash), node)], &[])?),
            // The proof's error says more than that there is no database to look into.
            Err(error) => Err(failure.unwrap_or_else(|| error.into())),
        }
    }

    /// Witnesses of the block that the program executes. True if they brought what is wanted.
    ///
    /// What fails here, or doesn't bring it, is not asked again for this block: what else there is comes after.
    async fn witness_of_payload(&self, cache: &Cache, wanted: &Wanted) -> bool {
        self.position.missed_l2();
        let there = || matches!(self.found(cache, wanted), Ok(Some(_)));
        let Some(payload) = lock(&self.payload).clone() else { return false };
        let number = payload.number();
        for job in [Job::Witness(number), payload_job(&payload), Job::Touched(number)] {
            if lock(&self.futile).contains(&job) {
                continue;
            }
            let _ = match job {
                Job::Witness(_) => self.witness(cache, number, there).await,
                Job::Touched(_) => self.touched(cache, number).await,
                _ => self.payload_witness(cache, &payload, there).await,
            };
            if there() {
                return true;
            }
            lock(&self.futile).insert(job);
        }
        false
    }

    /// A node on a path of the agreed state, or beside it: true if it was found.
    async fn node_on_path(
        &self,
        cache: &Cache,
        wanted: &Wanted,
        hash: B256,
        address: Address,
        slot: Option<B256>,
    ) -> Result<bool, FetchError> {
        let at = BlockAt::Hash(self.agreed.block_hash);
        let proof = self.proof(cache, at, address, slot).await?;
        if self.found(cache, wanted)?.is_some() {
            return Ok(true);
        }
        // Not on the path, so it lies beside it: a deletion folds a branch.
        let key = slot.map_or_else(|| keccak256(address), keccak256);
        let Some(place) = sibling::place_beside(nodes(&proof, slot), key, hash) else { return Ok(false) };
        let payload = lock(&self.payload).clone().filter(|_| place.len() > sibling::SHALLOW);
        if let Some(payload) = payload {
            // Where the block is not canonical, or more happened there, this brings nothing.
            let after = self.proof(cache, BlockAt::Number(payload.number()), address, slot).await;
            let folded = after.ok().and_then(|after| sibling::before_folding(nodes(&after, slot), hash));
            if let Some(node) = folded {
                self.keep_values(cache, [node])?;
                return Ok(true);
            }
        }
        let beside = match slot {
            None => sibling::address_at(place).await.map(|address| (address, None)),
            Some(_) => sibling::slot_at(place).await.map(|slot| (address, Some(slot))),
        };
        if let Some((address, slot)) = beside {
            self.proof(cache, at, address, slot).await?;
        }
        Ok(self.found(cache, wanted)?.is_some())
    }
}

/// The nodes of a proof of an account, or of one of its slots.
fn nodes(proof: &Proof, slot: Option<B256>) -> &[Bytes] {
    match slot {
        None => &proof.account_proof,
        Some(_) => proof.storage_proof.first().map(|proof| &proof.proof[..]).unwrap_or_default(),
    }
}
