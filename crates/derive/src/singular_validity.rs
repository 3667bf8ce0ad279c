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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        origins::Origin,
        testing::{GENESIS_TIME, config, l1_header, l1_id, l2_block, origins, singular},
    };
    use kohala_protocol::{BlockId, L1Header, Transactions};

    /// Block 12 is the first of epoch 2; block 11 is safe, L1 is read up to block 3.
    struct Case {
        config: RollupConfig,
        origins: Origins,
        safe_head: L2BlockInfo,
        inclusion: u64,
        batch: SingularBatch,
    }

    impl Case {
        fn new(fork: Fork) -> Self {
            Self {
                config: config(fork),
                origins: origins(1..=3),
                safe_head: l2_block(11),
                inclusion: 3,
                batch: singular(12, 1),
            }
        }

        fn judge(&self) -> Validity {
            let inclusion = &l1_header(self.inclusion).info();
            let Self { config, origins, safe_head, .. } = self;
            Judge { config, origins, safe_head, inclusion }.singular(&self.batch)
        }

        /// The safe head is `ahead` seconds younger than the epoch that the batch stays in.
        fn ahead(fork: Fork, ahead: u64, transactions: u64) -> Self {
            let mut case = Self::new(fork);
            case.safe_head.block.timestamp = l1_header(1).timestamp + ahead;
            case.batch = SingularBatch {
                timestamp: case.safe_head.block.timestamp + 2,
                epoch: l1_id(1),
                ..singular(12, transactions)
            };
            case
        }
    }

    #[test]
    fn accepts_the_next_batch_of_this_epoch_or_of_the_next() {
        assert_eq!(Case::new(Fork::Granite).judge(), Validity::Accept);
        let mut same_epoch = Case::new(Fork::Granite);
        same_epoch.batch.epoch = l1_id(1);
        assert_eq!(same_epoch.judge(), Validity::Accept);
    }

    #[test]
    fn is_undecided_without_the_l1_blocks_that_decide() {
        let mut case = Case::new(Fork::Granite);
        case.origins = origins(1..=1);
        assert_eq!(case.judge(), Validity::Undecided);
        case.origins.push(Origin::begun(l1_header(2)), &l1_id(9));
        assert_eq!(case.judge(), Validity::Undecided);
    }

    #[test]
    fn keeps_future_batches_until_holocene_drops_them() {
        for seconds in [1, 2] {
            for (fork, expected) in
                [(Fork::Granite, Validity::Future), (Fork::Holocene, Validity::Drop(Reason::Future))]
            {
                let mut case = Case::new(fork);
                case.batch.timestamp += seconds;
                assert_eq!(case.judge(), expected);
            }
        }
    }

    #[test]
    fn past_batches_are_dropped_or_since_holocene_skipped() {
        for (fork, expected) in [(Fork::Granite, Validity::Drop(Reason::Past)), (Fork::Holocene, Validity::Past)] {
            let mut case = Case::new(fork);
            case.batch.timestamp -= 2;
            assert_eq!(case.judge(), expected);
        }
    }

    #[test]
    fn drops_batches_that_do_not_fit_the_chain() {
        type Change = fn(&mut Case);
        let cases: [(Change, Reason); 6] = [
            (|case| case.batch.parent_hash = l2_block(9).block.hash, Reason::ParentHash),
            (|case| case.inclusion = 103, Reason::WindowExpired),
            (|case| case.batch.epoch = l1_id(0), Reason::EpochTooOld),
            (|case| case.batch.epoch = l1_id(3), Reason::EpochTooNew),
            (|case| case.batch.epoch = BlockId { hash: l1_id(1).hash, ..l1_id(2) }, Reason::EpochHash),
            (
                |case| {
                    case.safe_head = l2_block(9);
                    case.batch = SingularBatch { epoch: l1_id(2), ..singular(10, 1) };
                },
                Reason::OlderThanEpoch,
            ),
        ];
        for (change, reason) in cases {
            let mut case = Case::new(Fork::Granite);
            change(&mut case);
            assert_eq!(case.judge(), Validity::Drop(reason));
        }
        let mut in_time = Case::new(Fork::Granite);
        in_time.inclusion = 102;
        assert_eq!(in_time.judge(), Validity::Accept);
    }

    #[test]
    fn epochs_at_the_end_of_numbers_are_dropped() {
        let mut case = Case::new(Fork::Granite);
        case.batch.epoch.number = u64::MAX;
        assert_eq!(case.judge(), Validity::Drop(Reason::EpochTooNew));
        case.inclusion = 1000;
        assert_eq!(case.judge(), Validity::Drop(Reason::WindowExpired));
    }

    #[test]
    fn drops_transactions_beyond_the_sequencer_drift() {
        assert_eq!(Case::ahead(Fork::Ecotone, 598, 1).judge(), Validity::Accept);
        assert_eq!(Case::ahead(Fork::Ecotone, 600, 1).judge(), Validity::Drop(Reason::SequencerDrift));
        assert_eq!(Case::ahead(Fork::Fjord, 600, 1).judge(), Validity::Accept);
        assert_eq!(Case::ahead(Fork::Fjord, 1800, 1).judge(), Validity::Drop(Reason::SequencerDrift));
        // The next epoch's own time counts for a batch that begins it.
        let mut begins_epoch = Case::ahead(Fork::Ecotone, 610, 1);
        begins_epoch.batch.epoch = l1_id(2);
        assert_eq!(begins_epoch.judge(), Validity::Accept);
        begins_epoch = Case::ahead(Fork::Ecotone, 612, 1);
        begins_epoch.batch.epoch = l1_id(2);
        assert_eq!(begins_epoch.judge(), Validity::Drop(Reason::SequencerDrift));
    }

    #[test]
    fn beyond_the_drift_empty_batches_stay_while_no_epoch_could_be_adopted() {
        let mut case = Case::ahead(Fork::Ecotone, 600, 0);
        assert_eq!(case.judge(), Validity::Drop(Reason::SequencerDrift));
        case.origins = origins(1..=1);
        assert_eq!(case.judge(), Validity::Undecided);
        let late = L1Header { timestamp: case.batch.timestamp + 1, ..l1_header(2) };
        case.origins.push(Origin::begun(late), &l1_id(0));
        assert_eq!(case.judge(), Validity::Accept);
        let mut begins_epoch = Case::ahead(Fork::Ecotone, 700, 0);
        begins_epoch.batch.epoch = l1_id(2);
        assert_eq!(begins_epoch.judge(), Validity::Accept);
    }

    #[test]
    fn drops_transactions_that_a_batch_can_not_carry() {
        for (fork, transaction, expected) in [
            (Fork::Granite, &[][..], Validity::Drop(Reason::EmptyTransaction)),
            (Fork::Granite, &[0x7E, 1], Validity::Drop(Reason::TransactionType(0x7E))),
            (Fork::Holocene, &[4, 1], Validity::Drop(Reason::TransactionType(4))),
            (Fork::Isthmus, &[4, 1], Validity::Accept),
            (Fork::Karst, &[0x7D, 1], Validity::Drop(Reason::TransactionType(0x7D))),
            (Fork::Lagoon, &[0x7D, 1], Validity::Accept),
            // Whatever else it is, the executor will say.
            (Fork::Granite, &[3, 1], Validity::Accept),
            (Fork::Granite, &[0xFF], Validity::Accept),
        ] {
            let mut case = Case::new(fork);
            case.batch.transactions = [transaction.to_vec().into()].into_iter().collect();
            assert_eq!(case.judge(), expected, "{transaction:?}");
        }
    }

    #[test]
    fn activation_blocks_with_upgrades_are_empty_from_jovian_on() {
        for fork in [Fork::Isthmus, Fork::Jovian, Fork::Karst, Fork::Lagoon] {
            let mut case = Case::new(fork);
            case.config.forks.set(fork, Some(GENESIS_TIME + 24));
            let expected =
                if fork == Fork::Isthmus { Validity::Accept } else { Validity::Drop(Reason::NotEmptyAtActivation) };
            assert_eq!(case.judge(), expected, "{fork:?}");
            case.batch.transactions = Transactions::default();
            assert_eq!(case.judge(), Validity::Accept, "{fork:?}");
        }
    }
}
