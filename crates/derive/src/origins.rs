//! The L1 blocks from the current epoch to the pipeline's origin (rules D70).

use alloc::{collections::VecDeque, vec::Vec};
use alloy_primitives::Bytes;
use kohala_protocol::{BlockId, BlockInfo, ConfigUpdate, DepositError, L1Header};

/// An L1 block as the origin of L2 blocks.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) header: L1Header,
    /// Encoded deposits of its users, or what is wrong with one: that matters only once the epoch begins.
    pub(crate) deposits: Result<Vec<Bytes>, DepositError>,
    /// Changes of the system config that take effect with the epoch.
    pub(crate) updates: Vec<ConfigUpdate>,
}

impl Origin {
    /// An L1 block whose epoch began already, or that lies behind the safe head's.
    pub(crate) const fn begun(header: L1Header) -> Self {
        Self { header, deposits: Ok(Vec::new()), updates: Vec::new() }
    }

    pub(crate) const fn info(&self) -> BlockInfo {
        self.header.info()
    }
}

/// Consecutive L1 blocks, the epoch first. No longer than the sequencing window, apart from blocks for which the next
/// L2 block is not decided yet.
#[derive(Debug)]
pub(crate) struct Origins(VecDeque<Origin>);

impl Origins {
    /// Begins with the pipeline's origin.
    pub(crate) fn new(origin: Origin) -> Self {
        Self(VecDeque::from([origin]))
    }

    /// The pipeline's origin advanced to `origin`; blocks behind the safe head's origin are not kept (rules D61).
    pub(crate) fn push(&mut self, origin: Origin, safe_head_origin: &BlockId) {
        if origin.header.number < safe_head_origin.number {
            self.0.clear();
        } else {
            self.0.push_back(origin);
        }
    }

    /// The safe head advanced: what lies before its origin is not needed any more. Nothing changes while its origin
    /// is not known.
    pub(crate) fn advance_to(&mut self, safe_head_origin: &BlockId) {
        if let Some(passed) = self.place(safe_head_origin.number) {
            self.0.drain(..passed);
        }
    }

    /// All L2 blocks of the epoch are made: the next one begins.
    pub(crate) fn end_epoch(&mut self) {
        self.0.pop_front();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The current epoch. It may be one ahead of the safe head's origin (rules D73).
    pub(crate) fn epoch(&self) -> Option<&Origin> {
        self.0.front()
    }

    pub(crate) fn next_epoch(&self) -> Option<&Origin> {
        self.0.get(1)
    }

    /// The L1 block of this number, if it is known.
    pub(crate) fn get(&self, number: u64) -> Option<&Origin> {
        self.0.get(self.place(number)?)
    }

    fn place(&self, number: u64) -> Option<usize> {
        let first = self.0.front()?.header.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        (place < self.0.len()).then_some(place)
    }
}
