//! Whether a singular batch is the next block (rules D80 to D84; spec: derivation, «Batch queue», Holocene, «Batch
//! queue»).

use crate::{Reason, origins::Origins};
use kohala_protocol::{BlockInfo, Deposit, Fork, L2BlockInfo, RollupConfig, SingularBatch};

/// What becomes of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It is the next one.
    Accept,
    /// L1 data that decides is not read yet.
    Undecided,
    /// It may come later (before Holocene).
    Future,
    /// Its blocks are safe already (from Holocene on).
    Past,
    /// It never will be valid.
    Drop(Reason),
}

/// What batches are judged against.
pub(crate) struct Judge<'a> {
    pub(crate) config: &'a RollupConfig,
    pub(crate) origins: &'a Origins,
    /// The block to build on.
    pub(crate) safe_head: &'a L2BlockInfo,
    /// The L1 block that completed the batch's channel.
    pub(crate) inclusion: &'a BlockInfo,
}

impl Judge<'_> {
    /// Time of the block after the safe head.
    pub(crate) const fn next_timestamp(&self) -> u64 {
        self.safe_head.block.timestamp + self.config.block_time
    }

    /// Holocene's rules hold by the time of inclusion (rules F03).
    pub(crate) const fn is_holocene(&self) -> bool {
        self.config.is_active(Fork::Holocene, self.inclusion.timestamp)
    }

    /// A batch of a later block.
    pub(crate) const fn future(&self) -> Validity {
        if self.is_holocene() { Validity::Drop(Reason::Future) } else { Validity::Future }
    }

    /// A batch of safe blocks.
    pub(crate) const fn past(&self) -> Validity {
        if self.is_holocene() { Validity::Past } else { Validity::Drop(Reason::Past) }
    }

    /// True if a batch whose first epoch is `epoch` was included after its sequencing window. The sum wraps as in
    /// op-node; either way such an epoch is of no use.
    pub(crate) const fn is_window_expired(&self, epoch: u64) -> bool {
        epoch.wrapping_add(self.config.seq_window_size) < self.inclusion.number
    }

    /// Judges a singular batch.
    pub(crate) fn singular(&self, batch: &SingularBatch) -> Validity {
        let Some(epoch) = self.origins.epoch() else { return Validity::Undecided };
        if batch.timestamp > self.next_timestamp() {
            return self.future();
        }
        if batch.timestamp < self.next_timestamp() {
            return self.past();
        }
        if batch.parent_hash != self.safe_head.block.hash {
            return Validity::Drop(Reason::ParentHash);
        }
        if self.is_window_expired(batch.epoch.number) {
            return Validity::Drop(Reason::WindowExpired);
        }
        let origin = match batch.epoch.number.checked_sub(epoch.header.number) {
            None => return Validity::Drop(Reason::EpochTooOld),
            Some(0) => epoch,
            Some(1) => match self.origins.next_epoch() {
                Some(next) => next,
                None => return Validity::Undecided,
            },
            Some(_) => return Validity::Drop(Reason::EpochTooNew),
        };
        if batch.epoch.hash != origin.header.hash {
            return Validity::Drop(Reason::EpochHash);
        }
        if batch.timestamp < origin.header.timestamp {
            return Validity::Drop(Reason::OlderThanEpoch);
        }
        if !batch.transactions.is_empty() && is_deposits_only_activation(self.config, batch.timestamp) {
            return Validity::Drop(Reason::NotEmptyAtActivation);
        }
        let drift = self.drift(
            batch.timestamp,
            batch.transactions.is_empty(),
            &origin.info(),
            batch.epoch.number > epoch.header.number,
        );
        if drift != Validity::Accept {
            return drift;
        }
        self.transactions(batch.timestamp, batch.transactions.iter())
    }

    /// Judges how far a block of `origin` runs ahead of it (rules D82).
    ///
    /// Beyond the limit only empty blocks are valid, and only to keep L2 time above L1 time: while the next origin
    /// could not have been adopted, or in the block that adopts one.
    pub(crate) fn drift(&self, timestamp: u64, is_empty: bool, origin: &BlockInfo, advances: bool) -> Validity {
        let limit = origin.timestamp.saturating_add(self.config.max_sequencer_drift(origin.timestamp));
        if timestamp <= limit {
            return Validity::Accept;
        }
        if !is_empty {
            return Validity::Drop(Reason::SequencerDrift);
        }
        if advances {
            return Validity::Accept;
        }
        match self.origins.get(origin.number + 1) {
            None => Validity::Undecided,
            Some(next) if timestamp >= next.header.timestamp => Validity::Drop(Reason::SequencerDrift),
            Some(_) => Validity::Accept,
        }
    }

    /// Judges the first bytes of a block's transactions, which are their types (rules D84). Signatures and the like
    /// are the executor's matter.
    pub(crate) fn transactions(
        &self,
        timestamp: u64,
        transactions: impl Iterator<Item = impl AsRef<[u8]>>,
    ) -> Validity {
        /// EIP-7702, allowed from Isthmus on.
        const SET_CODE: u8 = 0x04;
        /// Accounts of execution after the fact, allowed from Lagoon on.
        const POST_EXEC: u8 = 0x7D;
        for transaction in transactions {
            let Some(&kind) = transaction.as_ref().first() else { return Validity::Drop(Reason::EmptyTransaction) };
            let is_allowed = match kind {
                SET_CODE => self.config.is_active(Fork::Isthmus, timestamp),
                POST_EXEC => self.config.is_active(Fork::Lagoon, timestamp),
                _ => kind != Deposit::TYPE,
            };
            if !is_allowed {
                return Validity::Drop(Reason::TransactionType(kind));
            }
        }
        Validity::Accept
    }
}

/// True if a fork activates at `timestamp` whose first block holds nothing but its upgrade transactions (rules D83).
fn is_deposits_only_activation(config: &RollupConfig, timestamp: u64) -> bool {
    [Fork::Jovian, Fork::Karst, Fork::Lagoon].into_iter().any(|fork| config.is_activation_block(fork, timestamp))
}
