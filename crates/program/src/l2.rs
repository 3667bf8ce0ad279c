use crate::{Contradiction, Inputs, ProgramError};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed, map::B256Map};
use kohala_derive::L2Block;
use kohala_protocol::{BlockInfo, L2BlockInfo, L2BlockParts, RollupConfig, SystemConfig};

/// The L2 chain around the agreed head: ancestors walked back over parent hashes, descendants as the program built
/// them. Each ancestor is read once, and what was built is never read.
pub(crate) struct L2Chain {
    /// From the agreed head down, one number at a time. Never empty.
    ancestors: Vec<Sealed<Header>>,
    /// From the block after the agreed head up.
    built: Vec<Built>,
    /// Number of every header above by hash.
    numbers: B256Map<u64>,
}

struct Built {
    header: Sealed<Header>,
    info: L2BlockInfo,
    transactions: Vec<Bytes>,
}

impl L2Chain {
    pub(crate) fn new(agreed: Sealed<Header>) -> Self {
        let numbers = [(agreed.hash(), agreed.number)].into_iter().collect();
        Self { ancestors: alloc::vec![agreed], built: Vec::new(), numbers }
    }

    /// The agreed block.
    pub(crate) fn agreed(&self) -> &Sealed<Header> {
        &self.ancestors[0]
    }

    /// Takes in a block that was executed on the newest one.
    pub(crate) fn push(&mut self, header: Sealed<Header>, info: L2BlockInfo, transactions: Vec<Bytes>) {
        self.numbers.insert(header.hash(), header.number);
        self.built.push(Built { header, info, transactions });
    }

    /// Forgets the built blocks above `number`.
    pub(crate) fn rewind(&mut self, number: u64) {
        let kept = number.saturating_sub(self.agreed().number) as usize;
        for block in self.built.drain(kept.min(self.built.len())..) {
            self.numbers.remove(&block.header.hash());
        }
    }

    /// A header that is here already, by its hash.
    pub(crate) fn known(&self, hash: B256) -> Option<&Sealed<Header>> {
        let number = *self.numbers.get(&hash)?;
        match self.agreed().number.checked_sub(number) {
            Some(depth) => self.ancestors.get(depth as usize),
            None => Some(&self.built[(number - self.agreed().number - 1) as usize].header),
        }
    }

    /// The header at `number`, which must not be above the newest block.
    pub(crate) fn header<I: Inputs>(
        &mut self,
        number: u64,
        inputs: &mut I,
    ) -> Result<&Sealed<Header>, ProgramError<I::Error>> {
        let Some(depth) = self.agreed().number.checked_sub(number) else {
            return Ok(&self.built[(number - self.agreed().number - 1) as usize].header);
        };
        while (self.ancestors.len() as u64) <= depth {
            let child = &self.ancestors[self.ancestors.len() - 1];
            let hash = child.parent_hash;
            let parent = inputs.l2_header(hash).map_err(ProgramError::Read)?;
            if parent.number.checked_add(1) != Some(child.number) {
                return Err(Contradiction::HeaderNumber { hash, number: parent.number }.into());
            }
            self.numbers.insert(hash, parent.number);
            self.ancestors.push(Sealed::new_unchecked(parent, hash));
        }
        Ok(&self.ancestors[depth as usize])
    }

    /// A safe block with its transactions, for a span batch that overlaps the safe chain.
    pub(crate) fn block<I: Inputs>(
        &mut self,
        number: u64,
        config: &RollupConfig,
        inputs: &mut I,
    ) -> Result<L2Block, ProgramError<I::Error>> {
        if let Some(depth) = number.checked_sub(self.agreed().number + 1) {
            let block = &self.built[depth as usize];
            return Ok(L2Block { info: block.info, transactions: block.transactions.clone() });
        }
        let header = self.header(number, inputs)?;
        let transactions = inputs.l2_transactions(header.hash(), header).map_err(ProgramError::Read)?;
        let first = transactions.first().map(AsRef::as_ref);
        let info = L2BlockInfo::of_block(config, parts(header, first)).map_err(Contradiction::L2Block)?;
        Ok(L2Block { info, transactions })
    }

    /// The place of the block at `number` and the system config that it carries.
    pub(crate) fn info<I: Inputs>(
        &mut self,
        number: u64,
        config: &RollupConfig,
        inputs: &mut I,
    ) -> Result<(L2BlockInfo, SystemConfig), ProgramError<I::Error>> {
        let header = self.header(number, inputs)?;
        let first = match number == config.genesis.l2.number {
            true => None,
            false => Some(inputs.l2_first_transaction(header.hash(), header).map_err(ProgramError::Read)?),
        };
        Ok(info_and_config(config, header, first.as_ref().map(AsRef::as_ref))?)
    }
}

/// What an L2 block says of its place and its system config (rules S13).
pub(crate) fn info_and_config(
    config: &RollupConfig,
    header: &Sealed<Header>,
    first_transaction: Option<&[u8]>,
) -> Result<(L2BlockInfo, SystemConfig), Contradiction> {
    let parts = parts(header, first_transaction);
    let info = L2BlockInfo::of_block(config, parts).map_err(Contradiction::L2Block)?;
    let system_config = SystemConfig::of_block(config, parts).map_err(Contradiction::L2Block)?;
    Ok((info, system_config))
}

fn parts<'a>(header: &'a Sealed<Header>, first_transaction: Option<&'a [u8]>) -> L2BlockParts<'a> {
    let info = BlockInfo {
        number: header.number,
        hash: header.hash(),
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
    };
    L2BlockParts { info, gas_limit: header.gas_limit, extra_data: &header.extra_data, first_transaction }
}
