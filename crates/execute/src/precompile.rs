use op_revm::{OpSpecId, precompiles::OpPrecompiles};
use revm::{
    handler::EthPrecompiles,
    precompile::{
        EthPrecompileResult, Precompile, PrecompileHalt, PrecompileId, PrecompileResult, Precompiles,
        bn254::{pair, run_pair},
        call_eth_precompile,
    },
    primitives::OnceLock,
};

/// Bytes that the pairing check of bn254 takes from Karst on (rules X40): three hundred pairs of points.
const KARST_PAIRING_LIMIT: usize = 57_600;

/// The precompiles of a fork: op-revm's, and what it lacks of Karst's.
pub(crate) fn precompiles(spec: OpSpecId) -> EthPrecompiles {
    let ops = || OpPrecompiles::new_with_spec(spec).precompiles();
    let precompiles = if spec.is_enabled_in(OpSpecId::KARST) {
        static KARST: OnceLock<Precompiles> = OnceLock::new();
        KARST.get_or_init(|| {
            let mut precompiles = ops().clone();
            precompiles.extend([Precompile::new(PrecompileId::Bn254Pairing, pair::ADDRESS, karst_pairing)]);
            precompiles
        })
    } else {
        ops()
    };
    // The EVM would take Ethereum's precompiles instead if this named another fork of Ethereum than it runs by.
    EthPrecompiles { precompiles, spec: spec.into_eth_spec() }
}

fn karst_pairing(input: &[u8], gas_limit: u64, reservoir: u64) -> PrecompileResult {
    Ok(call_eth_precompile(limited_pairing, input, gas_limit, reservoir))
}

/// A call with more input fails and costs all of its gas.
fn limited_pairing(input: &[u8], gas_limit: u64) -> EthPrecompileResult {
    if input.len() > KARST_PAIRING_LIMIT {
        return Err(PrecompileHalt::Bn254PairLength);
    }
    run_pair(input, pair::ISTANBUL_PAIR_PER_POINT, pair::ISTANBUL_PAIR_BASE, gas_limit)
}
