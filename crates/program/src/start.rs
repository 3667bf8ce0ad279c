use crate::{
    Inputs, ProgramError,
    l1::{L1Chain, l1_block},
    l2::L2Chain,
};
use kohala_derive::{Batcher, SafeHead, Start, steps_back};
use kohala_protocol::RollupConfig;

/// Where the pipeline starts so that it meets every channel that may still be open at the agreed head (rules D60).
///
/// That is the newest ancestor of the agreed head whose L1 origin lies a whole channel time-out below the agreed
/// head's. The batcher that L1 traversal starts with is the one which that ancestor carries (Z03), the system config
/// of the next attributes is the one of the agreed head itself.
pub(crate) fn pipeline_start<I: Inputs>(
    config: &RollupConfig,
    agreed: u64,
    l1: &mut L1Chain,
    l2: &mut L2Chain,
    inputs: &mut I,
) -> Result<Start, ProgramError<I::Error>> {
    let (safe_info, safe_config) = l2.info(agreed, config, inputs)?;
    let (mut info, mut system_config) = (safe_info, safe_config);
    let origin = loop {
        let origin = l1.origin(info.l1_origin, inputs)?;
        match steps_back(config, &safe_info, &info, origin.timestamp) {
            0 => break origin.clone(),
            // The headers between are read on the way, but not their L1 info.
            steps => (info, system_config) = l2.info(info.block.number - steps, config, inputs)?,
        }
    };
    let origin = l1_block(&origin, config, inputs)?;
    Ok(Start {
        safe_head: SafeHead { info: safe_info, system_config: safe_config },
        origin,
        batcher: Batcher(system_config.batcher),
    })
}
