//! What a dispute fixes, and how programs are told of it.

use crate::LocalInputs;
use alloy_primitives::{B256, Bytes};
use kohala_program::{CUSTOM_CHAIN, LocalKey};
use kohala_protocol::{Fork, RollupConfig};
use serde_json::{Value, json};

/// What a dispute fixes.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// Hash of the newest L1 block that may be used.
    pub l1_head: B256,
    /// The output root that both parties agree on.
    pub agreed_output_root: B256,
    /// The output root that is claimed.
    pub claimed_output_root: B256,
    /// Number of the L2 block that it is claimed for.
    pub claimed_block_number: u64,
    /// The chain it is about.
    pub chain: Chain,
}

/// The chain that a dispute is about.
#[derive(Debug, Clone)]
pub enum Chain {
    /// One whose configuration the program knows, by its L2 chain id.
    Known(u64),
    /// Any other.
    Custom {
        /// The rollup configuration, JSON as op-node reads it.
        rollup: Bytes,
        /// The L1 chain's configuration, JSON as geth writes it; not needed where the program knows the L1 chain.
        l1: Option<Bytes>,
    },
}

impl Dispute {
    /// The dispute as boot inputs, where op-program's host puts them. Our own program understands them always.
    pub fn inputs(&self) -> LocalInputs {
        self.inputs_for(Layout::OpProgram)
    }

    /// The dispute as boot inputs where a program of the other kind looks for them. They differ for chains that the
    /// program doesn't know by their id.
    pub fn inputs_for(&self, layout: Layout) -> LocalInputs {
        let mut inputs = LocalInputs::new();
        let mut put = |key: LocalKey, value: &[u8]| inputs.insert(key as u64, Bytes::copy_from_slice(value));
        put(LocalKey::L1Head, self.l1_head.as_slice());
        put(LocalKey::AgreedOutputRoot, self.agreed_output_root.as_slice());
        put(LocalKey::ClaimedOutputRoot, self.claimed_output_root.as_slice());
        put(LocalKey::ClaimedBlockNumber, &self.claimed_block_number.to_be_bytes());
        match (&self.chain, layout) {
            (Chain::Known(id), _) => {
                put(LocalKey::ChainId, &id.to_be_bytes());
            }
            (Chain::Custom { rollup, l1 }, Layout::OpProgram) => {
                put(LocalKey::ChainId, &CUSTOM_CHAIN.to_be_bytes());
                // Where it can't be read the program will say so: it reads the rollup configuration first.
                if let Ok(config) = RollupConfig::from_json(rollup) {
                    put(LocalKey::KonaRollupConfig, l2_chain_config(&config).to_string().as_bytes());
                }
                put(LocalKey::RollupConfig, rollup);
                if let Some(l1) = l1 {
                    put(LocalKey::L1ChainConfig, l1);
                }
            }
            (Chain::Custom { rollup, l1 }, Layout::Kona) => {
                let id = RollupConfig::from_json(rollup).map_or(CUSTOM_CHAIN, |config| config.l2_chain_id);
                put(LocalKey::ChainId, &id.to_be_bytes());
                put(LocalKey::KonaRollupConfig, rollup);
                if let Some(l1) = l1 {
                    put(LocalKey::RollupConfig, l1);
                }
            }
        }
        inputs
    }

    /// The dispute that these boot inputs say; `None` where something is missing or has another length.
    pub fn of_inputs(inputs: &LocalInputs) -> Option<Self> {
        let input = |key: LocalKey| inputs.get(&(key as u64));
        let hash = |key| B256::try_from(&input(key)?[..]).ok();
        let number = |key| Some(u64::from_be_bytes(input(key)?[..].try_into().ok()?));
        let chain = match number(LocalKey::ChainId)? {
            CUSTOM_CHAIN => Chain::Custom {
                rollup: input(LocalKey::RollupConfig)?.clone(),
                l1: input(LocalKey::L1ChainConfig).cloned(),
            },
            id => Chain::Known(id),
        };
        Some(Self {
            l1_head: hash(LocalKey::L1Head)?,
            agreed_output_root: hash(LocalKey::AgreedOutputRoot)?,
            claimed_output_root: hash(LocalKey::ClaimedOutputRoot)?,
            claimed_block_number: number(LocalKey::ClaimedBlockNumber)?,
            chain,
        })
    }
}

/// Where a program looks for the configuration of a chain that it doesn't know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// op-program: the chain's id is all ones; under 6 the L2 chain's configuration as geth has it, under 7 the rollup
    /// configuration, under 9 the L1 chain's.
    OpProgram,
    /// kona: the chain's own id; under 6 the rollup configuration, under 7 the L1 chain's.
    Kona,
}

/// The L2 chain's configuration as op-geth has it. All that it says, the rollup configuration says too.
fn l2_chain_config(config: &RollupConfig) -> Value {
    const BLOCKS: [&str; 13] = [
        "homesteadBlock",
        "eip150Block",
        "eip155Block",
        "eip158Block",
        "byzantiumBlock",
        "constantinopleBlock",
        "petersburgBlock",
        "istanbulBlock",
        "muirGlacierBlock",
        "berlinBlock",
        "londonBlock",
        "arrowGlacierBlock",
        "grayGlacierBlock",
    ];
    let mut json = json!({
        "chainId": config.l2_chain_id,
        "mergeNetsplitBlock": 0,
        "bedrockBlock": config.genesis.l2.number,
        "terminalTotalDifficulty": 0,
        "optimism": {
            "eip1559Elasticity": config.base_fee.elasticity,
            "eip1559Denominator": config.base_fee.denominator,
            "eip1559DenominatorCanyon": config.base_fee.denominator_canyon,
        },
    });
    BLOCKS.iter().for_each(|block| json[block] = 0.into());
    let mut time = |name: &str, fork: Fork| {
        if let Some(time) = config.forks.get(fork) {
            json[name] = time.into();
        }
    };
    time("shanghaiTime", Fork::Canyon);
    time("cancunTime", Fork::Ecotone);
    time("pragueTime", Fork::Isthmus);
    time("osakaTime", Fork::Karst);
    for fork in Fork::ALL.into_iter().filter(|fork| !matches!(fork, Fork::Bedrock | Fork::Delta)) {
        time(&format!("{}Time", fork.name().to_lowercase()), fork);
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use kohala_protocol::chains;

    /// As op-node has it (`GethChainConfig`): each fork of Ethereum comes with one of the OP Stack.
    #[test]
    fn ethereums_forks_come_with_their_own() {
        let (config, _) = chains::by_name("op-sepolia").unwrap();
        let json = l2_chain_config(&config);
        for (ethereum, fork) in
            [("shanghai", Fork::Canyon), ("cancun", Fork::Ecotone), ("prague", Fork::Isthmus), ("osaka", Fork::Karst)]
        {
            let time = config.forks.get(fork).unwrap();
            assert_eq!(json[format!("{ethereum}Time")], time, "{ethereum}");
            assert_eq!(json[format!("{}Time", fork.name())], time, "{ethereum}");
        }
        let mut without = config.clone();
        without.forks.set(Fork::Karst, None);
        let json = l2_chain_config(&without);
        assert!(json.get("osakaTime").is_none() && json.get("karstTime").is_none());
    }
}
