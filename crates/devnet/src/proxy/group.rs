use crate::lock;
use std::sync::{Arc, Mutex};

/// How deep the requests of one run hang on each other, over all proxies that share this handle.
///
/// A request that arrives after others were answered may have been asked because of them, so it is one deeper than the
/// deepest of them: the depth is the number of round trips that a client made one after the other. It means
/// something only where answers take time: without latency, one of two concurrent requests is often answered before the
/// other arrives, and they count as a sequence.
#[derive(Clone, Debug, Default)]
pub struct Group {
    depths: Arc<Mutex<Depths>>,
}

#[derive(Debug, Default)]
struct Depths {
    /// How often this was reset: a request from before counts no more.
    era: u64,
    /// The largest depth of a request.
    largest: u64,
    /// The largest depth of a request that has been answered.
    answered: u64,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Ticket {
    era: u64,
    depth: u64,
}

impl Group {
    /// The largest depth of a request so far; 0 if there was none.
    pub fn depth(&self) -> u64 {
        lock(&self.depths).largest
    }

    /// Starts afresh. Requests that are on their way count no more.
    pub fn reset(&self) {
        let mut depths = lock(&self.depths);
        *depths = Depths { era: depths.era + 1, ..Depths::default() };
    }

    /// A request arrives.
    pub(super) fn arrive(&self) -> Ticket {
        let mut depths = lock(&self.depths);
        let depth = depths.answered + 1;
        depths.largest = depths.largest.max(depth);
        Ticket { era: depths.era, depth }
    }

    /// A request is about to be answered. To be called before the client can see any of the answer, or its next request
    /// might be here sooner.
    pub(super) fn answer(&self, ticket: &Ticket) {
        let mut depths = lock(&self.depths);
        if depths.era == ticket.era {
            depths.answered = depths.answered.max(ticket.depth);
        }
    }
}
