use crate::{
    Contradiction, Inputs, ProgramError,
    history::{History, WINDOW},
    run::fatal,
};
use alloc::vec::Vec;
use alloy_primitives::B256;
use kohala_derive::{L1Block, inbox_senders};
use kohala_execute::recover;
use kohala_protocol::{BlockId, L1Header, RollupConfig};

/// Headers that are read one by one before it pays to look up a hash: a path to a slot is some nodes, each about as long
/// as a header.
const NEAR: u64 = 32;
/// Headers that are read below one whose hash was looked up. Derivation asks for a block and then for those above it, and
/// parents lead only down.
pub(crate) const STRIDE: u64 = 16;

/// The L1 chain below the L1 head, as far as was asked, and remembered: each header is read once however often derivation
/// comes by.
///
/// It is walked back over parent hashes. Where the inputs tell L1's states, the hashes of blocks far down come from the
/// history contract, which every block since Prague has its parent's hash stored in (EIP-2935): L1's own rules vouch for
/// it as they do for parents. Where it holds none, the walk goes on by parents.
pub(crate) struct L1Chain {
    /// Runs of headers from the head down. In each the numbers go down one at a time, and none is empty.
    runs: Vec<Vec<L1Header>>,
    history: History,
}

impl L1Chain {
    pub(crate) fn new<I: Inputs>(head: B256, inputs: &mut I) -> Result<Self, ProgramError<I::Error>> {
        let head = inputs.l1_header(head).map_err(ProgramError::Read)?;
        Ok(Self { runs: alloc::vec![alloc::vec![head]], history: History::default() })
    }

    /// The head's number.
    pub(crate) fn head(&self) -> u64 {
        self.runs[0][0].number
    }

    /// The header at `number`, or `None` above the head.
    pub(crate) fn header<I: Inputs>(
        &mut self,
        number: u64,
        inputs: &mut I,
    ) -> Result<Option<&L1Header>, ProgramError<I::Error>> {
        if number > self.head() {
            return Ok(None);
        }
        if nearest(&self.runs, number).number - number > NEAR && inputs.has_l1_states() {
            self.approach(number, inputs)?;
        }
        let run = run_of(&self.runs, number);
        let headers = &mut self.runs[run];
        let depth = (headers[0].number - number) as usize;
        while headers.len() <= depth {
            let child = &headers[headers.len() - 1];
            let parent = inputs.l1_header(child.parent_hash).map_err(ProgramError::Read)?;
            if parent.number.checked_add(1) != Some(child.number) {
                return Err(Contradiction::HeaderNumber { hash: parent.hash, number: parent.number }.into());
            }
            headers.push(parent);
        }
        Ok(headers.get(depth))
    }

    /// Comes as near to `number` from above as the history contract leads.
    fn approach<I: Inputs>(&mut self, number: u64, inputs: &mut I) -> Result<(), ProgramError<I::Error>> {
        let Self { runs, history } = self;
        let target = number + STRIDE;
        while history.may_hold(target) {
            let above = nearest(runs, number);
            if above.number - number <= NEAR {
                break;
            }
            // A state that is open already saves most of the path.
            let from = history.covering(target).map_or(above, |open| nearest(runs, open));
            let expected = target.max(from.number.saturating_sub(WINDOW));
            let Some(hash) = history.block_hash(from, expected, inputs)? else { break };
            let header = inputs.l1_header(hash).map_err(ProgramError::Read)?;
            if header.number != expected {
                return Err(Contradiction::HistoryNumber { hash, expected, number: header.number }.into());
            }
            runs.insert(run_of(runs, expected) + 1, alloc::vec![header]);
        }
        Ok(())
    }

    /// The header of an L2 block's L1 origin, which must lie on this chain.
    pub(crate) fn origin<I: Inputs>(
        &mut self,
        origin: BlockId,
        inputs: &mut I,
    ) -> Result<&L1Header, ProgramError<I::Error>> {
        let head = self.head();
        match self.header(origin.number, inputs)? {
            Some(header) if header.hash == origin.hash => Ok(header),
            Some(_) => Err(Contradiction::OriginNotCanonical { origin }.into()),
            None => Err(Contradiction::OriginAboveL1Head { origin, head }.into()),
        }
    }
}

/// Which run holds the header at `number`, or ends nearest above it.
fn run_of(runs: &[Vec<L1Header>], number: u64) -> usize {
    runs.partition_point(|run| run[0].number >= number) - 1
}

/// The header at `number`, or the nearest that is known above it.
fn nearest(runs: &[Vec<L1Header>], number: u64) -> &L1Header {
    let run = &runs[run_of(runs, number)];
    let depth = (run[0].number - number) as usize;
    &run[depth.min(run.len() - 1)]
}

/// An L1 block for derivation, its receipts left out; with who sent the transactions to the batch inbox, where the inputs
/// tell outcomes of ecrecover.
pub(crate) fn l1_block<I: Inputs>(
    header: &L1Header,
    config: &RollupConfig,
    inputs: &mut I,
) -> Result<L1Block, ProgramError<I::Error>> {
    let transactions = inputs.l1_transactions(header).map_err(ProgramError::Read)?;
    let is_accelerated = inputs.is_accelerated();
    let who =
        |signature: &_, hash| recover(signature, hash, |address, gas, input| inputs.l1_precompile(address, gas, input));
    let senders = is_accelerated.then(|| inbox_senders(config, &transactions, who)).transpose();
    let senders = senders.map_err(|error| fatal(error, header.number))?;
    Ok(L1Block { header: header.clone(), transactions, receipts: None, senders })
}
