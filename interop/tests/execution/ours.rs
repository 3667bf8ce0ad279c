//! Our state beside op-geth's: what it makes of a chain's attributes.

use alloy_consensus::{Header, Sealable, Sealed};
use alloy_primitives::{Address, B256, Bytes, address, keccak256, map::B256Map};
use alloy_rlp::Decodable;
use anyhow::{Context, Result, bail, ensure};
use kohala_execute::{ExecuteError, State, StateSource};
use kohala_interop::execution::{Attributes, Built, Case, OpGeth, Witness};
use kohala_protocol::{Attributes as Payload, BlockId, Eip1559Params, RollupConfig};
use kohala_trie::NodeSource;
use std::{collections::BTreeSet, sync::Arc};

/// What op-geth's witnesses hold, by hash.
type Witnessed = B256Map<Bytes>;

fn put(witnessed: &mut Witnessed, witness: &Witness) {
    for value in [&witness.headers, &witness.codes, &witness.state].into_iter().flatten().flatten() {
        witnessed.insert(keccak256(value), value.clone());
    }
}

/// What op-revm reads for nothing where op-geth reads nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ExtraRead {
    /// The vault of operator fees before there are any.
    Vault,
    /// A precompile that is called with the caller's own storage.
    Precompile,
    /// An account that is called in vain: its caller has too little of something.
    Account,
    Code,
    /// The overhead of the L1 fee, long after it was one, where both scalars of the fee are zero.
    Overhead,
}

/// The slot with the overhead, and its account.
const OVERHEAD: (Address, B256) = (address!("4200000000000000000000000000000000000015"), B256::with_last_byte(5));

const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");

impl ExtraRead {
    fn of(account: Address) -> Self {
        match account {
            OPERATOR_FEE_VAULT => Self::Vault,
            _ if account.iter().take(18).all(|byte| *byte == 0) => Self::Precompile,
            _ => Self::Account,
        }
    }
}

/// What a state reads from.
///
/// Accounts and codes that op-geth has not read are taken from its database and noted ([`ExtraRead`]). What is beside the way to
/// an account, other slots and headers are not to be asked for beyond what op-geth has read. Where it has refused a block
/// there is no witness to go beyond: all that it knows may be asked for then.
struct Source<'a> {
    witnessed: &'a Witnessed,
    op_geth: &'a mut OpGeth,
    /// Where the ways to accounts begin.
    root: B256,
    /// True if op-geth has refused the block.
    is_free: bool,
    /// The account and slot that was announced last.
    path: Option<(Address, Option<B256>)>,
    beyond: BTreeSet<ExtraRead>,
}

impl Source<'_> {
    fn find(&mut self, hash: B256) -> Result<Bytes, B256> {
        match self.witnessed.get(&hash) {
            Some(found) => Ok(found.clone()),
            None if self.is_free => self.ask(hash),
            None => Err(hash),
        }
    }

    /// What op-geth's database has.
    fn ask(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.op_geth.preimage(hash).ok().filter(|found| keccak256(found) == hash).ok_or(hash)
    }

    /// What op-geth knows though it has not read it for this block.
    fn beyond(&mut self, hash: B256, what: ExtraRead) -> Result<Bytes, B256> {
        self.beyond.insert(what);
        self.ask(hash)
    }

    /// True if the node is one of those from the root down to the account.
    fn is_on_the_way(&mut self, account: Address, node: B256) -> Option<bool> {
        let key = keccak256(account);
        let (mut hash, mut depth) = (self.root, 0);
        while hash != node {
            let encoded = self.find(hash).or_else(|hash| self.ask(hash)).ok()?;
            let items: Vec<Bytes> = alloy_rlp::decode_exact(&encoded).ok()?;
            let next = if items.len() == 17 {
                depth += 1;
                &items[usize::from(key.get((depth - 1) / 2)? >> (4 * (depth % 2)) & 15)]
            } else {
                // Not a leaf: that there is one more node to come was a condition of asking.
                depth += 2 * items[0].len() - 2 + usize::from(items[0][0] >> 4 & 1);
                &items[1]
            };
            if next.len() != 32 {
                return Some(false);
            }
            hash = B256::from_slice(next);
        }
        Some(true)
    }
}

impl NodeSource for Source<'_> {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        if let Ok(node) = self.find(hash) {
            return Ok(node);
        }
        let path = self.path;
        match path {
            Some((account, None)) if self.is_on_the_way(account, hash) == Some(true) => {
                self.beyond(hash, ExtraRead::of(account))
            }
            Some((account, Some(slot))) if (account, slot) == OVERHEAD => self.beyond(hash, ExtraRead::Overhead),
            _ => Err(hash),
        }
    }
}

impl StateSource for Source<'_> {
    fn code(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.find(hash).or_else(|_| self.beyond(hash, ExtraRead::Code))
    }

    fn header(&mut self, hash: B256) -> Result<Header, B256> {
        let header = self.find(hash)?;
        Header::decode(&mut header.as_ref()).map_err(|_| hash)
    }

    fn path(&mut self, address: Address, slot: Option<B256>) -> Result<(), B256> {
        self.path = Some((address, slot));
        Ok(())
    }
}

/// A chain as we see it: a state that stays open, and all witnesses so far.
pub(crate) struct Ours {
    config: Arc<RollupConfig>,
    state: State,
    witnessed: Witnessed,
}

impl Ours {
    /// The chain at its genesis.
    pub(crate) fn begin(case: &Case, genesis: &Built) -> Result<Self> {
        let config = Arc::new(RollupConfig::from_json(case.rollup.to_string().as_bytes())?);
        let head = Header::decode(&mut genesis.header.as_ref())?.seal_slow();
        Ok(Self { state: State::at(Arc::clone(&config), head), config, witnessed: Witnessed::default() })
    }

    /// Executes the attributes on both states: what was read beyond what op-geth has read, or how it differs from what
    /// op-geth has made of them.
    pub(crate) fn execute(
        &mut self,
        attributes: &Attributes,
        theirs: &Built,
        op_geth: &mut OpGeth,
    ) -> Result<BTreeSet<ExtraRead>> {
        let head = self.state.head().clone();
        let payload = payload(attributes, &head);
        if !theirs.refused.is_empty() {
            return self.refuse(&payload, theirs, op_geth).map(|()| BTreeSet::new());
        }
        put(&mut self.witnessed, &theirs.witness);
        compare(&mut self.state, &payload, theirs, &self.witnessed, op_geth).context("on the state that stays open")?;
        let mut alone = Witnessed::default();
        put(&mut alone, &theirs.witness);
        let mut state = State::at(Arc::clone(&self.config), head);
        compare(&mut state, &payload, theirs, &alone, op_geth).context("on the block's witness alone")
    }

    /// Has what op-geth refuses refused.
    fn refuse(&mut self, payload: &Payload, theirs: &Built, op_geth: &mut OpGeth) -> Result<()> {
        let head = self.state.head().clone();
        let mut source = Source {
            witnessed: &self.witnessed,
            op_geth,
            root: head.state_root,
            is_free: true,
            path: None,
            beyond: BTreeSet::new(),
        };
        match self.state.execute(payload, &mut source) {
            Err(ExecuteError::Invalid(_)) => {}
            Err(other) => bail!("op-geth refuses it ({}), we say: {other:?}", theirs.refused),
            Ok(_) => bail!("op-geth refuses it: {}", theirs.refused),
        }
        ensure!(*self.state.head() == head, "what was refused has moved the head");
        Ok(())
    }
}

fn compare(
    state: &mut State,
    payload: &Payload,
    theirs: &Built,
    witnessed: &Witnessed,
    op_geth: &mut OpGeth,
) -> Result<BTreeSet<ExtraRead>> {
    let mut source = Source {
        witnessed,
        op_geth,
        root: state.head().state_root,
        is_free: false,
        path: None,
        beyond: BTreeSet::new(),
    };
    let ours = match state.execute(payload, &mut source) {
        Ok(ours) => ours,
        Err(ExecuteError::State(error)) => bail!("{error:?} on the way to {:?} is not in the witness", source.path),
        Err(error) => bail!("we refuse it: {error}"),
    };
    let header = alloy_rlp::encode(ours.header.inner());
    if header == theirs.header {
        return Ok(source.beyond);
    }
    let receipts = theirs.receipts.as_deref().unwrap_or_default();
    let place = ours.receipts.iter().zip(receipts).position(|(ours, theirs)| ours != theirs);
    let receipt =
        place.map(|place| format!("receipt {place}\nours   {}\ntheirs {}", ours.receipts[place], receipts[place]));
    let theirs = Header::decode(&mut theirs.header.as_ref())?;
    bail!("ours   {:?}\ntheirs {theirs:?}\n{}", ours.header.inner(), receipt.unwrap_or_else(|| "same receipts".into()))
}

fn payload(attributes: &Attributes, parent: &Sealed<Header>) -> Payload {
    let params = attributes.eip1559_params.map(|params| Eip1559Params::from_bytes(params.0));
    Payload {
        parent: BlockId { number: parent.number, hash: parent.hash() },
        timestamp: attributes.timestamp.to(),
        prev_randao: attributes.prev_randao,
        gas_limit: attributes.gas_limit.to(),
        parent_beacon_block_root: attributes.parent_beacon_block_root,
        eip1559_params: params,
        min_base_fee: attributes.min_base_fee,
        transactions: attributes.transactions.clone(),
        deposits: attributes.transactions.iter().take_while(|transaction| transaction.first() == Some(&0x7e)).count(),
        l1_origin: BlockId::default(),
        sequence_number: 0,
    }
}
