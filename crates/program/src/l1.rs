use crate::{Contradiction, Inputs, ProgramError, run::fatal};
use alloc::vec::Vec;
use alloy_primitives::B256;
use kohala_derive::{L1Block, inbox_senders};
use kohala_execute::recover;
use kohala_protocol::{BlockId, L1Header, RollupConfig};

/// The L1 chain below the L1 head, walked back over parent hashes as far as was asked, and remembered: each header is
/// read once however often derivation comes by.
pub(crate) struct L1Chain {
    /// From the head down, one number at a time. Never empty.
    headers: Vec<L1Header>,
}

impl L1Chain {
    pub(crate) fn new<I: Inputs>(head: B256, inputs: &mut I) -> Result<Self, ProgramError<I::Error>> {
        let head = inputs.l1_header(head).map_err(ProgramError::Read)?;
        Ok(Self { headers: alloc::vec![head] })
    }

    /// The head's number.
    pub(crate) fn head(&self) -> u64 {
        self.headers[0].number
    }

    /// The header at `number`, or `None` above the head.
    pub(crate) fn header<I: Inputs>(
        &mut self,
        number: u64,
        inputs: &mut I,
    ) -> Result<Option<&L1Header>, ProgramError<I::Error>> {
        let Some(depth) = self.head().checked_sub(number) else { return Ok(None) };
        while (self.headers.len() as u64) <= depth {
            let child = &self.headers[self.headers.len() - 1];
            let parent = inputs.l1_header(child.parent_hash).map_err(ProgramError::Read)?;
            if parent.number.checked_add(1) != Some(child.number) {
                return Err(Contradiction::HeaderNumber { hash: parent.hash, number: parent.number }.into());
            }
            self.headers.push(parent);
        }
        Ok(self.headers.get(depth as usize))
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

/// An L1 block for derivation, its receipts left out; with who sent the transactions to the batch inbox, where the inputs
/// tell outcomes of ecrecover.
pub(crate) fn l1_block<I: Inputs>(
    header: &L1Header,
    config: &RollupConfig,
    inputs: &mut I,
) -> Result<L1Block, ProgramError<I::Error>> {
    let transactions = inputs.l1_transactions(header).map_err(ProgramError::Read)?;
    let senders = inputs
        .l1_precompiles()
        .map(|source| inbox_senders(config, &transactions, |signature, hash| recover(signature, hash, source)))
        .transpose()
        .map_err(|error| fatal(error, header.number))?;
    Ok(L1Block { header: header.clone(), transactions, receipts: None, senders })
}
