use crate::{
    Batcher, Event, Halted, L1Block, L2Block, Need, Reason, SafeHead, Start, Subject, attributes,
    batch_queue::{BatchQueue, NextBatch},
    batch_stage::BatchStage,
    event::Events,
    inbox::{Inbox, Senders},
    origins::{Origin, Origins},
    pull::{At, Pause, Pull},
    upstream::Upstream,
};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use alloy_primitives::Bytes;
use kohala_protocol::{
    Attributes, BlockInfo, ConfigUpdate, Fork, L1ChainConfig, L1Header, Receipt, RollupConfig, config_updates,
    may_hold_deposits_or_config, user_deposits,
};

/// What [`Pipeline::step`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The inputs of the next L2 block: build it, then [`Pipeline::accept`] or [`Pipeline::reject`].
    Attributes(Box<Attributes>),
    /// What to feed.
    Need(Need),
    /// Nothing will come any more.
    Halted(Halted),
}

/// Data that is not what was asked for. The pipeline takes nothing of it and still needs the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Nothing of the kind was asked for.
    #[error("not asked for")]
    NotAsked,
    /// Another L1 block.
    #[error("L1 block {given} instead of {expected}")]
    L1Number {
        /// The number that was asked for.
        expected: u64,
        /// The number that came.
        given: u64,
    },
    /// The L1 block does not build on the one before it: L1 has reorganised, or the safe head is not of this L1 chain.
    #[error("L1 block {number} does not build on the block before it")]
    L1Parent {
        /// Its number.
        number: u64,
    },
    /// The header says that there may be deposits or config updates, and the receipts are not there.
    #[error("receipts of L1 block {number} are missing")]
    NoReceipts {
        /// Its number.
        number: u64,
    },
    /// Too few or too many blobs.
    #[error("{given} blobs instead of {expected}")]
    BlobCount {
        /// How many were asked for.
        expected: usize,
        /// How many came.
        given: usize,
    },
    /// A blob has more than 131,072 bytes.
    #[error("a blob is too long")]
    BlobSize,
    /// Other L2 blocks, or not a chain.
    #[error("other L2 blocks than those asked for")]
    L2Blocks,
}

/// The derivation pipeline: see the crate's head for its parts and the way of the data.
pub struct Pipeline {
    config: Arc<RollupConfig>,
    l1: Arc<L1ChainConfig>,
    /// The L1 block that is being read.
    origin: BlockInfo,
    batcher: Batcher,
    origins: Origins,
    upstream: Upstream,
    batches: Batches,
    safe_head: SafeHead,
    pending_safe_head: SafeHead,
    state: State,
    events: Events,
}

/// The stage that chooses batches.
enum Batches {
    /// Before Holocene.
    Queue(BatchQueue),
    /// From Holocene on.
    Stage(BatchStage),
}

enum State {
    Running,
    Waiting(Need),
    /// Attributes are out and their block is not there yet.
    Building {
        attributes: Attributes,
        concludes: bool,
    },
    Halted(Halted),
}

impl Pipeline {
    /// Begins to derive on top of `start.safe_head`.
    pub fn new(config: Arc<RollupConfig>, l1: Arc<L1ChainConfig>, start: Start) -> Self {
        let Start { safe_head, origin: L1Block { header, transactions, senders, .. }, batcher } = start;
        let origin = header.info();
        let mut events = Events::default();
        events.at(origin.id());
        let inbox = Inbox::open(&config, origin, &transactions, senders, batcher, &mut events);
        let batches = if config.is_active(Fork::Holocene, origin.timestamp) {
            Batches::Stage(BatchStage::default())
        } else {
            Batches::Queue(BatchQueue::default())
        };
        Self {
            upstream: Upstream::new(&config, &origin, inbox),
            config,
            l1,
            origin,
            batcher,
            origins: Origins::new(Origin::begun(header)),
            batches,
            safe_head,
            pending_safe_head: safe_head,
            state: State::Running,
            events,
        }
    }

    /// Derives until there is something to say; says the same until it is fed, accepted or rejected.
    pub fn step(&mut self) -> Step {
        loop {
            match &self.state {
                State::Running => self.state = self.run(),
                State::Waiting(need) => return Step::Need(need.clone()),
                State::Building { attributes, .. } => return Step::Attributes(Box::new(attributes.clone())),
                State::Halted(halted) => return Step::Halted(*halted),
            }
        }
    }

    /// Pulls once.
    fn run(&mut self) -> State {
        let NextBatch { batch, concludes } = match self.next_batch() {
            Pull::Item(next) => next,
            Pull::Pause(Pause::More) => return State::Running,
            Pull::Pause(Pause::End) => return State::Waiting(Need::L1Block { number: self.origin.number + 1 }),
            Pull::Pause(Pause::Need(need)) => return State::Waiting(need),
            Pull::Pause(Pause::Halt(halted)) => return State::Halted(halted),
        };
        match attributes::build(&self.config, &self.l1, &self.pending_safe_head, batch, &self.origins) {
            Ok(attributes) => State::Building { attributes, concludes },
            Err(halted) => State::Halted(halted),
        }
    }

    fn next_batch(&mut self) -> Pull<NextBatch> {
        let Self { config, origin, origins, upstream, batches, pending_safe_head, events, .. } = self;
        let parent = &pending_safe_head.info;
        let at = &mut At { config, origin, events };
        match batches {
            Batches::Queue(queue) => queue.next_batch(at, origins, upstream, parent),
            Batches::Stage(stage) => match stage.next_batch(at, origins, upstream, parent) {
                Pull::Item(batch) => Pull::Item(NextBatch { batch, concludes: true }),
                Pull::Pause(pause) => Pull::Pause(pause),
            },
        }
    }

    /// Takes the L1 block that [`Need::L1Block`] asked for.
    pub fn provide_l1_block(&mut self, block: L1Block) -> Result<(), Mismatch> {
        let State::Waiting(Need::L1Block { number }) = self.state else { return Err(Mismatch::NotAsked) };
        let L1Block { header, transactions, receipts, senders } = block;
        if header.number != number {
            return Err(Mismatch::L1Number { expected: number, given: header.number });
        }
        if header.parent_hash != self.origin.hash {
            return Err(Mismatch::L1Parent { number });
        }
        let receipts = match receipts {
            Some(receipts) => receipts,
            None if may_hold_deposits_or_config(&header, &self.config) => return Err(Mismatch::NoReceipts { number }),
            None => Vec::new(),
        };
        self.state = State::Running;
        self.advance(header, &transactions, senders, &receipts);
        Ok(())
    }

    /// Makes an L1 block the origin. The batcher's config counts as of the block itself, its own logs included (rules
    /// D03), and stages change where Holocene begins (rules D34).
    fn advance(&mut self, header: L1Header, transactions: &[Bytes], senders: Option<Senders>, receipts: &[Receipt]) {
        let previous = core::mem::replace(&mut self.origin, header.info());
        let is_holocene = |block: &BlockInfo| self.config.is_active(Fork::Holocene, block.timestamp);
        let holocene_begins = is_holocene(&self.origin) && !is_holocene(&previous);
        self.events.at(self.origin.id());

        let updates = self.read_updates(receipts);
        for update in &updates {
            if let ConfigUpdate::Batcher(address) = update {
                self.batcher = Batcher(*address);
            }
        }
        let safe_head_origin = self.safe_head.info.l1_origin;
        let origin = if header.number <= safe_head_origin.number {
            Origin::begun(header)
        } else {
            let deposits = user_deposits(receipts, header.hash, self.config.deposit_contract_address);
            Origin { header, deposits, updates }
        };
        self.origins.push(origin, &safe_head_origin);

        // op-node changes its stages only for the first fork that begins at an L1 block, so a running node misses
        // Holocene where an older fork begins with it, and a restarted one doesn't. We do as the spec says.
        if holocene_begins {
            self.upstream.begin_holocene(&mut self.events);
            if let Batches::Queue(queue) = &mut self.batches {
                queue.clear(&mut self.events);
            }
            self.batches = Batches::Stage(BatchStage::default());
        }
        let inbox = Inbox::open(&self.config, self.origin, transactions, senders, self.batcher, &mut self.events);
        self.upstream.open(inbox);
    }

    /// The updates of the system config in the origin's logs; malformed ones are ignored (rules S10).
    fn read_updates(&mut self, receipts: &[Receipt]) -> Vec<ConfigUpdate> {
        let ecotone = self.config.is_active(Fork::Ecotone, self.origin.timestamp);
        let mut updates = Vec::new();
        for update in config_updates(receipts, self.config.l1_system_config_address, ecotone) {
            match update {
                Ok(update) => updates.push(update),
                Err(error) => self.events.push(Subject::ConfigUpdate, Reason::ConfigUpdate(error)),
            }
        }
        updates
    }

    /// Takes the blobs that [`Need::Blobs`] asked for, each checked against its hash: 131,072 bytes, of which zeros at the
    /// end may be left out.
    pub fn provide_blobs(&mut self, blobs: Vec<Bytes>) -> Result<(), Mismatch> {
        let State::Waiting(Need::Blobs { .. }) = self.state else { return Err(Mismatch::NotAsked) };
        self.upstream.provide_blobs(blobs)?;
        self.state = State::Running;
        Ok(())
    }

    /// Takes the safe L2 blocks that [`Need::L2Blocks`] asked for.
    pub fn provide_l2_blocks(&mut self, blocks: Vec<L2Block>) -> Result<(), Mismatch> {
        let State::Waiting(Need::L2Blocks { .. }) = self.state else { return Err(Mismatch::NotAsked) };
        match &mut self.batches {
            Batches::Queue(queue) => queue.provide_l2_blocks(blocks)?,
            Batches::Stage(stage) => stage.provide_l2_blocks(blocks)?,
        }
        self.state = State::Running;
        Ok(())
    }

    /// The block of the current attributes was built: go on from there. Without current attributes nothing happens.
    pub fn accept(&mut self, safe_head: SafeHead) {
        let State::Building { attributes, concludes } = &self.state else { return };
        debug_assert_eq!(safe_head.info.block.number, attributes.number(), "the block of other attributes");
        self.pending_safe_head = safe_head;
        if *concludes {
            self.safe_head = safe_head;
        }
        self.state = State::Running;
    }

    /// The current attributes make no valid block (rules D101, D102).
    ///
    /// If the L1 block that they were derived from is of Holocene or later (rules Z04), the same attributes with derived
    /// deposits only take their place, and the rest of the channel is dropped. Before Holocene they are dropped, `None`,
    /// and with them the other blocks of their span batch, those that were accepted included: go on with
    /// [`Self::safe_head`], which may lie below the block before. Rejecting deposits only is the end:
    /// [`Halted::DepositsOnlyRejected`].
    ///
    /// Only for blocks that are invalid: data that is missing says nothing about a block.
    pub fn reject(&mut self) -> Option<Attributes> {
        let (attributes, concludes) = match core::mem::replace(&mut self.state, State::Running) {
            State::Building { attributes, concludes } => (attributes, concludes),
            other => {
                self.state = other;
                return None;
            }
        };
        let number = attributes.number();
        if attributes.is_deposits_only() {
            self.state = State::Halted(Halted::DepositsOnlyRejected { number });
            return None;
        }
        self.events.push(Subject::Attributes(number), Reason::Rejected);
        match &mut self.batches {
            Batches::Queue(queue) => {
                queue.discard_span(&mut self.events);
                self.pending_safe_head = self.safe_head;
                None
            }
            Batches::Stage(stage) => {
                stage.flush(&mut self.upstream, &mut self.events);
                let attributes = attributes.deposits_only();
                self.state = State::Building { attributes: attributes.clone(), concludes };
                Some(attributes)
            }
        }
    }

    /// What was dropped since the last call, oldest first.
    pub fn events(&mut self) -> impl Iterator<Item = Event> + use<> {
        self.events.drain()
    }

    /// The L1 block that is being read: current attributes are derived from L1 up to here.
    pub const fn origin(&self) -> BlockInfo {
        self.origin
    }

    /// The last block that is safe.
    pub const fn safe_head(&self) -> &SafeHead {
        &self.safe_head
    }

    /// The last block that was accepted. Ahead of [`Self::safe_head`] only before Holocene, within a span batch: its
    /// blocks become safe together (rules D72).
    pub const fn pending_safe_head(&self) -> &SafeHead {
        &self.pending_safe_head
    }
}
