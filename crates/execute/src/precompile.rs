use crate::{
    PrecompileOutcome, StateSource,
    accelerated::{Call, KARST_PAIRING_MAX_INPUT_SIZE},
    overlay::Overlay,
};
use alloc::{
    boxed::Box,
    string::{String, ToString},
};
use alloy_primitives::Address;
use op_revm::{OpSpecId, api::default_ctx::OpContext, precompiles::OpPrecompiles};
use revm::{
    handler::{EthPrecompiles, PrecompileProvider, precompile_output_to_interpreter_result},
    interpreter::{CallInputs, InterpreterResult},
    precompile::{
        self, EthPrecompileResult, Precompile, PrecompileHalt, PrecompileId, PrecompileOutput, PrecompileResult,
        bn254::{pair, run_pair},
        call_eth_precompile,
    },
    primitives::OnceLock,
};

/// The precompiles of a fork: those that the state's source stands in for, and all by software (rules X40, X42).
pub(crate) struct Precompiles {
    software: EthPrecompiles,
    spec: OpSpecId,
}

impl Precompiles {
    /// By software op-revm's, and what it lacks of Karst's.
    pub(crate) fn of(spec: OpSpecId) -> Self {
        let ops = || OpPrecompiles::new_with_spec(spec).precompiles();
        let precompiles = if spec.is_enabled_in(OpSpecId::KARST) {
            static KARST: OnceLock<precompile::Precompiles> = OnceLock::new();
            KARST.get_or_init(|| {
                let mut precompiles = ops().clone();
                precompiles.extend([Precompile::new(PrecompileId::Bn254Pairing, pair::ADDRESS, karst_pairing)]);
                precompiles
            })
        } else {
            ops()
        };
        // The EVM would take Ethereum's precompiles instead if this named another fork of Ethereum than it runs by.
        Self { software: EthPrecompiles { precompiles, spec: spec.into_eth_spec() }, spec }
    }
}

impl<'a, 'b, S: StateSource> PrecompileProvider<OpContext<&'b mut Overlay<'a, S>>> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _: OpSpecId) -> bool {
        false
    }

    /// The source is asked for nothing but what takes cryptography; all other calls are computed.
    fn run(
        &mut self,
        context: &mut OpContext<&'b mut Overlay<'a, S>>,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        if !self.software.contains(&inputs.bytecode_address) {
            return Ok(None);
        }
        let input = inputs.input.as_bytes_local(&context.local);
        if context.journaled_state.database.source().is_accelerated()
            && let Some(call) = Call::new(inputs.bytecode_address, &input, self.spec)
            && call.gas() <= inputs.gas_limit
            && let Some(outcome) = context.journaled_state.database.outcome(&call).map_err(|error| error.to_string())?
        {
            let output = match outcome {
                PrecompileOutcome::Success(output) => PrecompileOutput::new(call.gas(), output, inputs.reservoir),
                PrecompileOutcome::Failure => {
                    PrecompileOutput::halt(PrecompileHalt::Other("by the source".into()), inputs.reservoir)
                }
            };
            return Ok(Some(precompile_output_to_interpreter_result(output, inputs.gas_limit)));
        }
        drop(input);
        self.software.run(context, inputs)
    }

    fn warm_addresses(&self) -> Box<impl Iterator<Item = Address>> {
        self.software.warm_addresses()
    }

    fn contains(&self, address: &Address) -> bool {
        self.software.contains(address)
    }
}

fn karst_pairing(input: &[u8], gas_limit: u64, reservoir: u64) -> PrecompileResult {
    Ok(call_eth_precompile(limited_pairing, input, gas_limit, reservoir))
}

/// A call with more input fails and costs all of its gas.
fn limited_pairing(input: &[u8], gas_limit: u64) -> EthPrecompileResult {
    if input.len() > KARST_PAIRING_MAX_INPUT_SIZE {
        return Err(PrecompileHalt::Bn254PairLength);
    }
    run_pair(input, pair::ISTANBUL_PAIR_PER_POINT, pair::ISTANBUL_PAIR_BASE, gas_limit)
}
