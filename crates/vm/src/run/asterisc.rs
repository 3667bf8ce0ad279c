//! Asterisc's machine in a run.

use super::{Format, Machine, Place, Proof, Read};
use crate::{
    LittleEndian, Order, PreimageRead, Server,
    riscv::{StepError, Vm},
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
        let pc = state.core.pc;
        let instruction = LittleEndian::half(state.memory.load(pc), pc);
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

    /// Only the last state's file holds its own witness.
    fn finish(&mut self) {
        self.state_mut().record_witness();
    }

    fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Binary => self.state().serialize(out),
            Format::Json => self.state().write_json(out),
        }
    }
}
