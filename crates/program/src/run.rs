use crate::{
    Boot, Contradiction, Inputs, KnownChain, OracleInputs, ProgramError, ReadError,
    l1::{L1Chain, l1_block},
    l2::{L2Chain, info_and_config},
    start::pipeline_start,
};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Sealed};
use kohala_derive::{Event, IndexedBlobHash, L1Block, L2Block, NextError, Pipeline, SafeHead, Source, next_attributes};
use kohala_execute::{Block, ExecuteError, PrecompileOutcome, State, StateSource};
use kohala_preimage::Oracle;
use kohala_protocol::{Attributes, BlockInfo, Fork, RollupConfig, chains, may_hold_deposits_or_config};
use kohala_trie::{NodeSource, TrieError};

/// The first fork whose rules are not here: no block of it is judged.
pub const UNSUPPORTED: Fork = Fork::Lagoon;

/// The program's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The output root that is right.
    pub output_root: B256,
    /// The L2 block it belongs to: the claimed one, or the last that L1 gives rise to if that comes first.
    pub block_number: u64,
    /// The output root that was claimed.
    pub claimed_output_root: B256,
    /// The block number that it was claimed for.
    pub claimed_block_number: u64,
}

impl Verdict {
    /// True if the claim is right.
    ///
    /// Where L1 gives rise to no block with the claimed number, the right claim repeats the last output root
    /// (rules Z01, Z02).
    pub fn is_valid(&self) -> bool {
        self.output_root == self.claimed_output_root
    }
}

/// What one step of the program did.
#[derive(Debug)]
pub enum Progress {
    /// Derived the inputs of the next block.
    Derived(Box<Attributes>),
    /// Executed a block.
    Executed(Box<Block>),
    /// Found a block invalid and dropped it or what its batch brought: the pipeline goes on from there.
    Rejected {
        /// The block's number.
        number: u64,
    },
    /// Reached the verdict. Every further step says the same.
    Judged(Verdict),
}

/// The fault proof program after its prologue, run step by step.
pub struct Program<I: Inputs> {
    boot: Boot,
    inputs: I,
    l1: L1Chain,
    l2: L2Chain,
    pipeline: Pipeline,
    state: State,
    next: Option<Box<Attributes>>,
    /// Output root of the claimed block once it is executed. Not the verdict yet: before Holocene a later block of
    /// the same span batch can undo it.
    candidate: Option<B256>,
    verdict: Option<Verdict>,
}

/// Runs the program on the inputs of a preimage oracle from prologue to verdict.
pub fn run<O: Oracle>(inputs: OracleInputs<O>) -> Result<Verdict, ProgramError<ReadError<O::Error>>> {
    run_knowing(inputs, chains::by_id)
}

/// The same where other chains are known by their ids.
pub fn run_knowing<O: Oracle>(
    mut inputs: OracleInputs<O>,
    known: KnownChain,
) -> Result<Verdict, ProgramError<ReadError<O::Error>>> {
    let boot = Boot::read_knowing(inputs.oracle(), known)?;
    let mut program = Program::start(boot, inputs)?;
    loop {
        if let Progress::Judged(verdict) = program.step()? {
            return Ok(verdict);
        }
    }
}

impl<I: Inputs> Program<I> {
    /// Opens the agreed state and finds where derivation starts (the second half of the prologue).
    pub fn start(boot: Boot, mut inputs: I) -> Result<Self, ProgramError<I::Error>> {
        let output = inputs.l2_output(boot.agreed_output_root).map_err(ProgramError::Read)?;
        let agreed = inputs.l2_header(output.block_hash).map_err(ProgramError::Read)?;
        if agreed.state_root != output.state_root {
            return Err(Contradiction::AgreedState { block: output.block_hash }.into());
        }
        let agreed = Sealed::new_unchecked(agreed, output.block_hash);
        if boot.claimed_block_number < agreed.number {
            let (claimed, agreed) = (boot.claimed_block_number, agreed.number);
            return Err(Contradiction::ClaimBelowAgreed { claimed, agreed }.into());
        }
        let mut l1 = L1Chain::new(boot.l1_head, &mut inputs)?;
        let mut l2 = L2Chain::new(agreed.clone());
        let start = pipeline_start(&boot.rollup, agreed.number, &mut l1, &mut l2, &mut inputs)?;
        let candidate = (boot.claimed_block_number == agreed.number).then_some(boot.agreed_output_root);
        Ok(Self {
            pipeline: Pipeline::new(Arc::clone(&boot.rollup), Arc::clone(&boot.l1), start),
            state: State::at(Arc::clone(&boot.rollup), agreed),
            boot,
            inputs,
            l1,
            l2,
            next: None,
            candidate,
            verdict: None,
        })
    }

    /// Does the next piece of work: one block's derivation, one block's execution, or the epilogue.
    pub fn step(&mut self) -> Result<Progress, ProgramError<I::Error>> {
        if let Some(verdict) = self.verdict {
            return Ok(Progress::Judged(verdict));
        }
        if let Some(attributes) = self.next.take() {
            return self.execute(attributes);
        }
        if self.pipeline.safe_head().info.block.number < self.boot.claimed_block_number
            && let Some(attributes) = self.derive()?
        {
            self.next = Some(attributes.clone());
            return Ok(Progress::Derived(attributes));
        }
        self.judge().map(Progress::Judged)
    }

    /// What derivation dropped since it was last asked, and why.
    pub fn events(&mut self) -> impl Iterator<Item = Event> {
        self.pipeline.events()
    }

    /// The newest block: the agreed one before the first step.
    pub fn head(&self) -> &Sealed<Header> {
        self.state.head()
    }

    /// The boot inputs.
    pub fn boot(&self) -> &Boot {
        &self.boot
    }

    fn derive(&mut self) -> Result<Option<Box<Attributes>>, ProgramError<I::Error>> {
        let Self { pipeline, inputs, l1, l2, boot, .. } = self;
        let mut source = DerivationInputs { inputs, l1, l2, config: &boot.rollup };
        match next_attributes(pipeline, &mut source) {
            Ok(Some(attributes)) if boot.rollup.is_active(UNSUPPORTED, attributes.timestamp) => {
                Err(ProgramError::Fork { number: attributes.number(), fork: UNSUPPORTED })
            }
            Ok(attributes) => Ok(attributes.map(Box::new)),
            Err(NextError::Source(error)) => Err(error),
            Err(NextError::Mismatch(mismatch)) => Err(Contradiction::Derivation(mismatch).into()),
            Err(NextError::Halted(halted)) => Err(ProgramError::Halted(halted)),
        }
    }

    fn execute(&mut self, attributes: Box<Attributes>) -> Result<Progress, ProgramError<I::Error>> {
        let number = attributes.number();
        match self.state.execute(&attributes, &mut StateInputs { inputs: &mut self.inputs, l2: &self.l2 }) {
            Ok(block) => {
                self.accept(&block.header, attributes.transactions)?;
                Ok(Progress::Executed(Box::new(block)))
            }
            Err(ExecuteError::Invalid(_)) if !attributes.is_deposits_only() => {
                self.next = self.pipeline.reject().map(Box::new);
                self.rewind_to_safe_head()?;
                Ok(Progress::Rejected { number })
            }
            Err(error) => Err(fatal(error, number)),
        }
    }

    fn accept(&mut self, header: &Sealed<Header>, transactions: Vec<Bytes>) -> Result<(), ProgramError<I::Error>> {
        let first = transactions.first().map(AsRef::as_ref);
        let (info, system_config) = info_and_config(&self.boot.rollup, header, first)?;
        self.l2.push(header.clone(), info, transactions);
        self.pipeline.accept(SafeHead { info, system_config });
        if header.number == self.boot.claimed_block_number {
            self.candidate = Some(self.head_output_root()?);
        }
        Ok(())
    }

    /// Before Holocene, an invalid block takes the blocks of its span batch before it along (rules D101).
    fn rewind_to_safe_head(&mut self) -> Result<(), ProgramError<I::Error>> {
        let safe = self.pipeline.safe_head().info.block;
        if safe.hash == self.state.head().hash() {
            return Ok(());
        }
        self.l2.rewind(safe.number);
        let header = self.l2.header(safe.number, &mut self.inputs)?.clone();
        self.state.rewind(header);
        Ok(())
    }

    /// The epilogue: compares the claim with the claimed block's output root, or with the safe head's where L1 gives
    /// rise to no such block.
    fn judge(&mut self) -> Result<Verdict, ProgramError<I::Error>> {
        let claimed_block_number = self.boot.claimed_block_number;
        // A candidate that was taken back is not reached, or was replaced when its number was reached again.
        let reached = self.pipeline.safe_head().info.block.number >= claimed_block_number;
        let (output_root, block_number) = match self.candidate.filter(|_| reached) {
            Some(root) => (root, claimed_block_number),
            None => {
                self.rewind_to_safe_head()?;
                (self.head_output_root()?, self.state.head().number)
            }
        };
        let claimed_output_root = self.boot.claimed_output_root;
        let verdict = Verdict { output_root, block_number, claimed_output_root, claimed_block_number };
        self.verdict = Some(verdict);
        Ok(verdict)
    }

    fn head_output_root(&mut self) -> Result<B256, ProgramError<I::Error>> {
        let root = self.state.output_root(&mut StateInputs { inputs: &mut self.inputs, l2: &self.l2 });
        root.map_err(|error| fatal(error, self.state.head().number))
    }
}

/// Why execution can't go on at block `number`.
pub(crate) fn fatal<E>(error: ExecuteError<E>, number: u64) -> ProgramError<E> {
    match error {
        ExecuteError::State(TrieError::Source(error)) => ProgramError::Read(error),
        ExecuteError::State(TrieError::Malformed(hash)) => ProgramError::MalformedNode(hash),
        ExecuteError::Leaf(key) => ProgramError::MalformedLeaf(key),
        ExecuteError::Outcome(address) => ProgramError::MalformedOutcome(address),
        ExecuteError::Head => Contradiction::Header { number }.into(),
        ExecuteError::Interrupted => ProgramError::Interrupted,
        ExecuteError::Invalid(reason) => ProgramError::DepositsInvalid { number, reason },
    }
}

/// The pipeline's view of the inputs: by number, where [`Inputs`] goes by hash.
struct DerivationInputs<'a, I> {
    inputs: &'a mut I,
    l1: &'a mut L1Chain,
    l2: &'a mut L2Chain,
    config: &'a RollupConfig,
}

impl<I: Inputs> Source for DerivationInputs<'_, I> {
    type Error = ProgramError<I::Error>;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Self::Error> {
        let Some(header) = self.l1.header(number, self.inputs)? else { return Ok(None) };
        let block = l1_block(header, self.config, self.inputs)?;
        let receipts = match may_hold_deposits_or_config(header, self.config) {
            true => Some(self.inputs.l1_receipts(header).map_err(ProgramError::Read)?),
            false => None,
        };
        Ok(Some(L1Block { receipts, ..block }))
    }

    fn blobs(&mut self, block: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Self::Error> {
        hashes.iter().map(|blob| self.inputs.l1_blob(block, blob).map_err(ProgramError::Read)).collect()
    }

    fn l2_blocks(&mut self, numbers: core::ops::RangeInclusive<u64>) -> Result<Vec<L2Block>, Self::Error> {
        numbers.map(|number| self.l2.block(number, self.config, self.inputs)).collect()
    }
}

/// The executor's view of the inputs: blocks of the program's own making are answered from memory.
struct StateInputs<'a, I> {
    inputs: &'a mut I,
    l2: &'a L2Chain,
}

impl<I: Inputs> NodeSource for StateInputs<'_, I> {
    type Error = I::Error;

    fn node(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.inputs.l2_state_node(hash)
    }
}

impl<I: Inputs> StateSource for StateInputs<'_, I> {
    fn code(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.inputs.l2_code(hash)
    }

    fn is_accelerated(&self) -> bool {
        self.inputs.is_accelerated()
    }

    fn precompile(
        &mut self,
        address: Address,
        gas: u64,
        input: &[u8],
    ) -> Result<Option<PrecompileOutcome>, Self::Error> {
        self.inputs.l1_precompile(address, gas, input)
    }

    fn path(&mut self, address: Address, slot: Option<B256>) -> Result<(), Self::Error> {
        self.inputs.l2_path(self.l2.agreed().number, address, slot)
    }

    fn roots(&mut self) {
        self.inputs.l2_roots();
    }

    fn header(&mut self, hash: B256) -> Result<Header, Self::Error> {
        match self.l2.known(hash) {
            Some(header) => Ok(header.inner().clone()),
            None => self.inputs.l2_header(hash),
        }
    }
}
