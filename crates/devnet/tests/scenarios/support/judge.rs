//! The program judges a chain that it had no hand in.

use alloy_consensus::Header;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, Bytes, keccak256};
use kohala_devnet::chain::{Claim, Devnet, Fork};
use kohala_program::{Absent, Boot, Event, MemoryInputs, Program, ProgramError, Progress, Reason, Verdict};
use kohala_protocol::{L1ChainConfig, L1Header, OutputRootPreimage, Receipt, RollupConfig};
use std::{collections::BTreeMap, sync::Arc};

/// A chain, and what of it is agreed on.
pub(crate) struct Judge<'a> {
    devnet: &'a Devnet,
    agreed: u64,
    l1_head: usize,
    inputs: MemoryInputs,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its answer.
    pub(crate) verdict: Verdict,
    /// What derivation dropped, in order.
    pub(crate) events: Vec<Event>,
    /// The blocks that execution refused, in order.
    pub(crate) rejected: Vec<u64>,
    /// The blocks that it made and that weren't taken back.
    blocks: BTreeMap<u64, Made>,
}

/// A block as the program made it.
#[derive(Debug)]
struct Made {
    /// The transactions as they were derived; `None` where deposits only are left of them.
    derived: Option<Vec<Bytes>>,
    header: Header,
    receipts: Vec<Bytes>,
}

impl Run {
    /// Why data was dropped, in order.
    pub(crate) fn reasons(&self) -> Vec<Reason> {
        self.events.iter().map(|event| event.reason.clone()).collect()
    }
}

impl<'a> Judge<'a> {
    /// All of L1 is there, and L2's genesis block is agreed on.
    pub(crate) fn of(devnet: &'a Devnet) -> Self {
        Self::agreed(devnet, 0)
    }

    /// All of L1 is there, and this L2 block is agreed on.
    pub(crate) fn agreed(devnet: &'a Devnet, agreed: u64) -> Self {
        Self { devnet, agreed, l1_head: devnet.l1().len() - 1, inputs: inputs(devnet, agreed) }
    }

    /// L1 ends with this block.
    pub(crate) fn until(self, l1_head: usize) -> Self {
        Self { l1_head, ..self }
    }

    /// Derivation ends with L2 block `expected`, every block up to it is the chain's own, true claims are valid and
    /// false ones are not.
    pub(crate) fn safe_head(&self, expected: u64) -> Run {
        let run = self.reaches(expected);
        assert!(self.claim(expected, self.devnet.output_root(expected)).verdict.is_valid(), "block {expected}");
        self.lies(expected, expected);
        self.lies(expected + 3, expected);
        run
    }

    /// The same by one run of the program: a claim beyond block `expected`, for which the safe head's root stands. For
    /// chains that take long.
    pub(crate) fn reaches(&self, expected: u64) -> Run {
        let run = self.claim(expected + 3, self.devnet.output_root(expected));
        self.compare(&run);
        assert_eq!(run.verdict.block_number, expected, "safe head; rejected: {:?}; {:#?}", run.rejected, run.events);
        assert!(run.verdict.is_valid(), "the safe head's root stands for every block beyond it");
        run
    }

    /// Junk, zero and the root of the block before are not the truth about a block, which is the safe head's root.
    fn lies(&self, claimed: u64, safe_head: u64) {
        let before = (safe_head > self.agreed).then(|| self.devnet.output_root(safe_head - 1));
        for lie in [B256::repeat_byte(0xde), B256::ZERO].into_iter().chain(before) {
            let verdict = self.claim(claimed, lie).verdict;
            assert!(!verdict.is_valid(), "{lie} about block {claimed}");
            assert_eq!(verdict.output_root, self.devnet.output_root(safe_head));
        }
    }

    /// The blocks that the program made follow the agreed one and are the chain's own.
    fn compare(&self, run: &Run) {
        assert!(run.blocks.keys().copied().eq(self.agreed + 1..=run.verdict.block_number), "{:?}", run.blocks.keys());
        for (number, made) in &run.blocks {
            let expected = &self.devnet.l2().get(*number as usize);
            let expected = expected.unwrap_or_else(|| panic!("derived block {number}; {:#?}", run.events));
            assert!(made.derived.as_ref().is_none_or(|derived| *derived == expected.transactions), "block {number}");
            assert_eq!(made.header, *expected.header.inner());
            // Before, the receipts' root is of other bytes than the receipts that nodes show.
            if self.devnet.config().is_active(Fork::Canyon, made.header.timestamp) {
                let expected: Vec<_> = expected.receipts.iter().map(|receipt| receipt.encoded_2718()).collect();
                assert_eq!(made.receipts, expected, "block {number}");
            }
        }
    }

    /// Judges a claim about a block.
    pub(crate) fn claim(&self, number: u64, root: B256) -> Run {
        self.try_claim(number, root).unwrap()
    }

    /// The same where L1 may hold what the program can't go past.
    pub(crate) fn try_claim(&self, number: u64, root: B256) -> Result<Run, ProgramError<Absent>> {
        let claim = Claim {
            l1_head: self.devnet.l1()[self.l1_head].header.hash(),
            agreed_output_root: self.devnet.output_root(self.agreed),
            claimed_output_root: root,
            claimed_block_number: number,
        };
        let mut program = Program::start(boot(self.devnet, claim), self.inputs.clone())?;
        let (mut events, mut rejected, mut blocks) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut derived = None;
        loop {
            let progress = program.step()?;
            events.extend(program.events());
            match progress {
                Progress::Derived(attributes) => derived = Some(attributes.transactions),
                Progress::Executed(block) => {
                    let (header, receipts) = (block.header.inner().clone(), block.receipts);
                    let made = Made { derived: derived.take(), header, receipts };
                    blocks.insert(block.header.number, made);
                }
                Progress::Rejected { number } => {
                    rejected.push(number);
                    derived = None;
                }
                Progress::Judged(verdict) => {
                    blocks.retain(|number, _| *number <= verdict.block_number);
                    return Ok(Run { verdict, events, rejected, blocks });
                }
            }
        }
    }
}

/// All that the program may read to judge a claim on top of the block `agreed`.
pub(crate) fn inputs(devnet: &Devnet, agreed: u64) -> MemoryInputs {
    let mut inputs = MemoryInputs::default();
    for block in devnet.l1() {
        let hash = block.header.hash();
        let rlp = alloy_rlp::encode(block.header.inner());
        assert_eq!(keccak256(&rlp), hash);
        inputs.l1_headers.insert(hash, L1Header::decode(hash, &rlp).unwrap());
        inputs.l1_transactions.insert(hash, block.encoded_transactions());
        let receipts = block.encoded_receipts().into_iter().map(|receipt| Receipt::decode(&receipt).unwrap());
        inputs.l1_receipts.insert(hash, receipts.collect());
        inputs.blobs.extend(block.blobs.iter().map(|blob| (blob.versioned_hash, blob.data.clone())));
    }
    for block in &devnet.l2()[..=agreed as usize] {
        inputs.l2_headers.insert(block.header.hash(), block.header.inner().clone());
        inputs.l2_transactions.insert(block.header.hash(), block.transactions.clone());
    }
    let agreed = &devnet.l2()[agreed as usize];
    inputs.nodes.extend(agreed.state.nodes().into_iter().map(|node| (keccak256(&node), node)));
    inputs.codes.extend(agreed.state.accounts.values().map(|account| (keccak256(&account.code), account.code.clone())));
    let output = OutputRootPreimage {
        state_root: agreed.header.state_root,
        message_passer_storage_root: agreed.message_passer_root,
        block_hash: agreed.header.hash(),
    };
    inputs.outputs.insert(agreed.output_root(), output);
    inputs
}

/// The claim as the program is told it.
pub(crate) fn boot(devnet: &Devnet, claim: Claim) -> Boot {
    Boot {
        l1_head: claim.l1_head,
        agreed_output_root: claim.agreed_output_root,
        claimed_output_root: claim.claimed_output_root,
        claimed_block_number: claim.claimed_block_number,
        rollup: Arc::new(RollupConfig::from_json(devnet.rollup_json().to_string().as_bytes()).unwrap()),
        l1: Arc::new(L1ChainConfig::from_json(devnet.l1_config_json().to_string().as_bytes()).unwrap()),
    }
}
