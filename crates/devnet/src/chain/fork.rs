use alloy_eips::eip7840::BlobParams;
use alloy_op_hardforks::OpHardfork;
use std::collections::BTreeMap;

/// The forks of L2 after Bedrock, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fork {
    /// Deposits pay for their gas.
    Regolith,
    /// Shanghai.
    Canyon,
    /// Span batches. Execution knows nothing of it.
    Delta,
    /// Cancun; blobs.
    Ecotone,
    /// Brotli; fees by compressed size.
    Fjord,
    /// Shorter channel time-out.
    Granite,
    /// Strict order of derivation; parameters of the base fee in headers.
    Holocene,
    /// Prague; operator fee.
    Isthmus,
    /// Data availability footprint; floor of the base fee.
    Jovian,
    /// Osaka's gas rules; a bundle of upgrades with gas of its own.
    Karst,
}

impl Fork {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
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
    ];

    /// The name as configurations have it: `canyon` as in `canyon_time`.
    pub const fn name(self) -> &'static str {
        match self {
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
        }
    }

    /// True if the fork's activation block carries transactions that upgrade contracts.
    pub const fn upgrades(self) -> bool {
        matches!(self, Self::Ecotone | Self::Fjord | Self::Isthmus | Self::Jovian | Self::Karst)
    }

    /// The fork that the executor knows `fork` by; `None` for Bedrock and what isn't a fork here.
    pub(crate) fn of(fork: OpHardfork) -> Option<Self> {
        match fork {
            OpHardfork::Regolith => Some(Self::Regolith),
            OpHardfork::Canyon => Some(Self::Canyon),
            OpHardfork::Ecotone => Some(Self::Ecotone),
            OpHardfork::Fjord => Some(Self::Fjord),
            OpHardfork::Granite => Some(Self::Granite),
            OpHardfork::Holocene => Some(Self::Holocene),
            OpHardfork::Isthmus => Some(Self::Isthmus),
            OpHardfork::Jovian => Some(Self::Jovian),
            OpHardfork::Karst => Some(Self::Karst),
            _ => None,
        }
    }
}

/// The forks of L1 after Shanghai, as far as L2 can tell them apart, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum L1Fork {
    /// Blobs.
    Cancun,
    /// More blobs; transactions of type 4.
    Prague,
    /// A reserve price for blobs (EIP-7918).
    Osaka,
    /// Other blob parameters.
    Bpo1,
    /// Other blob parameters.
    Bpo2,
    /// Other blob parameters.
    Bpo3,
    /// Other blob parameters.
    Bpo4,
    /// Other blob parameters.
    Bpo5,
    /// Two more fields in headers: a hash of the block's access list (EIP-7928) and the slot (EIP-7843).
    Amsterdam,
}

impl L1Fork {
    /// All of them, in their order.
    pub const ALL: [Self; 9] = [
        Self::Cancun,
        Self::Prague,
        Self::Osaka,
        Self::Bpo1,
        Self::Bpo2,
        Self::Bpo3,
        Self::Bpo4,
        Self::Bpo5,
        Self::Amsterdam,
    ];

    /// The name as configurations have it: `prague` as in `pragueTime`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancun => "cancun",
            Self::Prague => "prague",
            Self::Osaka => "osaka",
            Self::Bpo1 => "bpo1",
            Self::Bpo2 => "bpo2",
            Self::Bpo3 => "bpo3",
            Self::Bpo4 => "bpo4",
            Self::Bpo5 => "bpo5",
            Self::Amsterdam => "amsterdam",
        }
    }

    /// The blob parameters that come with it, if a chain has no other plan; `None` if it leaves them alone. Nobody has
    /// any for BPO5 yet: those here are made up.
    pub const fn blob_params(self) -> Option<BlobParams> {
        Some(match self {
            Self::Cancun => BlobParams::cancun(),
            Self::Prague => BlobParams::prague(),
            Self::Osaka => BlobParams::osaka(),
            Self::Bpo1 => BlobParams::bpo1(),
            Self::Bpo2 => BlobParams::bpo2(),
            Self::Bpo3 => bpo(21, 32, 20_609_697),
            Self::Bpo4 => bpo(14, 21, 13_739_630),
            Self::Bpo5 => bpo(21, 32, 17_526_000),
            Self::Amsterdam => return None,
        })
    }
}

/// Parameters of a fork that changes nothing else.
pub const fn bpo(target: u64, max: u64, update_fraction: u128) -> BlobParams {
    BlobParams { target_blob_count: target, max_blob_count: max, update_fraction, ..BlobParams::osaka() }
}

/// When forks activate, in seconds after the genesis blocks. What is not planned isn't in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule<F>(BTreeMap<F, u64>);

impl<F> Default for Schedule<F> {
    /// Nothing is planned.
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<F: Ord + Copy> Schedule<F> {
    /// These from the genesis blocks on.
    pub(crate) fn from_genesis(forks: impl IntoIterator<Item = F>) -> Self {
        Self(forks.into_iter().map(|fork| (fork, 0)).collect())
    }

    /// Plans a fork.
    pub fn plan(&mut self, fork: F, after: u64) {
        self.0.insert(fork, after);
    }

    /// Seconds after the genesis blocks.
    pub fn get(&self, fork: F) -> Option<u64> {
        self.0.get(&fork).copied()
    }

    /// The forks that are planned, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (F, u64)> {
        self.0.iter().map(|(fork, after)| (*fork, *after))
    }
}
