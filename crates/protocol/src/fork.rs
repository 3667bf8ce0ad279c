/// The forks of the OP Stack in their order (rules F01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Fork {
    /// Active from the L2 genesis on; it has no time.
    Bedrock,
    /// Deposits pay for their gas.
    Regolith,
    /// Shanghai; ready channels are read in queue order.
    Canyon,
    /// Span batches.
    Delta,
    /// Cancun; blobs.
    Ecotone,
    /// FastLZ fee; brotli.
    Fjord,
    /// Shorter channel time-out.
    Granite,
    /// Strict order of derivation.
    Holocene,
    /// Prague; operator fee.
    Isthmus,
    /// Data availability footprint; minimum base fee.
    Jovian,
    /// Osaka's gas rules; upgrade bundles.
    Karst,
    /// Interop.
    Lagoon,
}

impl Fork {
    /// Every fork, in fork order.
    pub const ALL: [Self; Self::Lagoon as usize + 1] = [
        Self::Bedrock,
        Self::Regolith,
        Self::Canyon,
        Self::Delta,
        Self::Ecotone,
        Self::Fjord,
        Self::Granite,
        Self::Holocene,
        Self::Isthmus,
        Self::Jovian,
        Self::Karst,
        Self::Lagoon,
    ];

    /// The name as configuration files have it: `regolith` as in `regolith_time`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Regolith => "regolith",
            Self::Canyon => "canyon",
            Self::Delta => "delta",
            Self::Ecotone => "ecotone",
            Self::Fjord => "fjord",
            Self::Granite => "granite",
            Self::Holocene => "holocene",
            Self::Isthmus => "isthmus",
            Self::Jovian => "jovian",
            Self::Karst => "karst",
            Self::Lagoon => "lagoon",
        }
    }
}

/// When each fork activates, in seconds since the Unix epoch; `None` where it is not planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForkTimes([Option<u64>; Fork::Lagoon as usize + 1]);

impl ForkTimes {
    /// The fork's time.
    pub const fn get(&self, fork: Fork) -> Option<u64> {
        self.0[fork as usize]
    }

    /// Sets the fork's time.
    pub const fn set(&mut self, fork: Fork, time: Option<u64>) {
        self.0[fork as usize] = time;
    }

    /// True if the fork is active at `timestamp` (rules F02). Which clock `timestamp` comes from is the caller's
    /// matter (rules F03).
    pub const fn is_active(&self, fork: Fork, timestamp: u64) -> bool {
        match self.get(fork) {
            Some(time) => timestamp >= time,
            None => matches!(fork, Fork::Bedrock),
        }
    }
}
