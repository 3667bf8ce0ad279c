//! Cannon's machine in a run.

use super::{Format, Machine, Place, Proof, Read};
use crate::{
    BigEndian, Order, PreimageRead, Server,
    mips::{StepError, Vm},
};
use std::io::{self, Write};

impl<S: Server> Machine for Vm<S> {
    type Error = StepError;

    fn step(&self) -> u64 {
        self.state().core.step
    }

    fn exit_code(&self) -> Option<u8> {
        let core = &self.state().core;
        core.exited.then_some(core.exit_code)
    }

    fn place(&mut self) -> Place {
        let state = self.state_mut();
        let pc = state.core.thread().map_or(0, |thread| thread.pc);
        let instruction = BigEndian::half(state.memory.load(pc), pc);
        Place { pc, instruction, pages: state.memory.page_count() }
    }

    fn advance(&mut self, until: u64, pause: bool) -> Result<(), StepError> {
        self.run(until, pause).map(drop)
    }

    fn prove(&mut self) -> Result<Proof, StepError> {
        let proof = Self::prove(self)?;
        Ok(Proof {
            step: proof.step,
            pre: proof.witness.state_hash(),
            post: proof.post,
            state_data: proof.witness.0.to_vec().into(),
            proof_data: proof.data.into(),
            read: proof.preimage.map(Read::from),
        })
    }

    fn last_read(&self) -> Option<PreimageRead<'_>> {
        Self::last_read(self)
    }

    fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Binary => self.state().serialize(out),
            Format::Json => Err(io::Error::other("states of cannon are binary")),
        }
    }
}
