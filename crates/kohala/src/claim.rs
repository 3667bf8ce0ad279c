//! From flags and files to a dispute.

use crate::cli::{BlockRange, ChainFlags, ClaimFlags};
use alloy_primitives::{B256, Bytes};
use anyhow::{Context, Result, bail};
use kohala_host::{Chain, Dispute, discover::Discovery};
use kohala_protocol::{L1ChainConfig, RollupConfig, chains};
use serde::Deserialize;
use std::{fs, path::Path};

/// A claim file: the dispute's inputs by the names of their flags. Other fields are ignored.
#[derive(Deserialize, Default)]
pub(crate) struct ClaimFile {
    pub(crate) l1_head: Option<B256>,
    pub(crate) agreed_l2_head_hash: Option<B256>,
    pub(crate) agreed_l2_output_root: Option<B256>,
    pub(crate) claimed_l2_output_root: Option<B256>,
    pub(crate) claimed_l2_block_number: Option<u64>,
}

/// What a proof is expected to be of: what the claim's file and flags say, as far as they do.
pub(crate) fn expected(claim: &ClaimFlags) -> Result<ClaimFile> {
    let file = claim.claim.as_deref().map(claim_file).transpose()?.unwrap_or_default();
    Ok(ClaimFile {
        l1_head: claim.l1_head.or(file.l1_head),
        agreed_l2_head_hash: claim.agreed_l2_head_hash.or(file.agreed_l2_head_hash),
        agreed_l2_output_root: claim.agreed_l2_output_root.or(file.agreed_l2_output_root),
        claimed_l2_output_root: claim.claimed_l2_output_root.or(file.claimed_l2_output_root),
        claimed_l2_block_number: claim.claimed_l2_block_number.or(file.claimed_l2_block_number),
    })
}

fn claim_file(path: &Path) -> Result<ClaimFile> {
    serde_json::from_slice(&read("--claim", path)?)
        .with_context(|| format!("--claim: {} is not a claim", path.display()))
}

/// What the flags ask: a dispute, and the agreed block's hash if that was given too.
pub(crate) struct Asked {
    pub(crate) dispute: Dispute,
    pub(crate) agreed_l2_head_hash: Option<B256>,
}

/// A claim from flags and files; what neither says is as in `known`, the claim of a witness.
pub(crate) fn asked(claim: &ClaimFlags, chain: &ChainFlags, known: Option<Dispute>) -> Result<Asked> {
    let file = match (&claim.claim, &known) {
        (Some(path), _) => claim_file(path)?,
        (None, Some(known)) => ClaimFile {
            l1_head: Some(known.l1_head),
            agreed_l2_head_hash: None,
            agreed_l2_output_root: Some(known.agreed_output_root),
            claimed_l2_output_root: Some(known.claimed_output_root),
            claimed_l2_block_number: Some(known.claimed_block_number),
        },
        (None, None) => ClaimFile::default(),
    };
    let agreed_output_root = needed("agreed-l2-output-root", claim.agreed_l2_output_root, file.agreed_l2_output_root)?;
    if agreed_output_root.is_zero() {
        bail!("--agreed-l2-output-root is zero: nothing was ever agreed on that");
    }
    let l1_head = needed("l1-head", claim.l1_head, file.l1_head)?;
    if l1_head.is_zero() {
        bail!("--l1-head is zero: no L1 block has that hash");
    }
    let claimed_output_root = claim.claimed_l2_output_root;
    let claimed_block_number = claim.claimed_l2_block_number;
    let dispute = Dispute {
        l1_head,
        agreed_output_root,
        claimed_output_root: needed("claimed-l2-output-root", claimed_output_root, file.claimed_l2_output_root)?,
        claimed_block_number: needed("claimed-l2-block-number", claimed_block_number, file.claimed_l2_block_number)?,
        chain: match (chain_of(chain)?, known) {
            (Some(chain), _) => chain,
            (None, Some(known)) => known.chain,
            (None, None) => {
                bail!("the chain is missing: give --chain or --l2-chain-id for a known one, or --rollup-config-path")
            }
        },
    };
    Ok(Asked { dispute, agreed_l2_head_hash: claim.agreed_l2_head_hash.or(file.agreed_l2_head_hash) })
}

fn needed<T>(name: &str, flag: Option<T>, file: Option<T>) -> Result<T> {
    flag.or(file).with_context(|| format!("--{name} is missing: give it, or a file that has it with --claim"))
}

/// The chain that the flags name, if they name one.
pub(crate) fn chain_of(flags: &ChainFlags) -> Result<Option<Chain>> {
    if let Some(path) = &flags.rollup_config_path {
        let rollup = read("--rollup-config-path", path)?;
        let config = RollupConfig::from_json(&rollup)
            .with_context(|| format!("--rollup-config-path: {} can't be used", path.display()))?;
        let l1 = flags.l1_config_path.as_deref().map(l1_config).transpose()?;
        if l1.is_none() && L1ChainConfig::by_id(config.l1_chain_id).is_none() {
            bail!("--l1-config-path is missing: Kohala does not know L1 chain {}", config.l1_chain_id);
        }
        return Ok(Some(Chain::Custom { rollup: rollup.into(), l1 }));
    }
    if let Some(chain) = &flags.chain {
        let id = chains::all().find(|(name, id)| name == chain || id.to_string() == *chain);
        return match id {
            Some((_, id)) => Ok(Some(Chain::Known(id))),
            None => bail!("--chain: Kohala does not know {chain}: give its configuration with --rollup-config-path"),
        };
    }
    let Some(id) = flags.l2_chain_id else { return Ok(None) };
    if chains::by_id(id).is_none() {
        bail!("--l2-chain-id: Kohala does not know chain {id}: give its configuration with --rollup-config-path");
    }
    Ok(Some(Chain::Known(id)))
}

/// The chain of nodes that nobody named: the one that the rollup node tells, or the known one with the L2 node's id.
pub(crate) fn found_chain(discovery: &Discovery, flags: &ChainFlags) -> Result<Chain> {
    if let Some(chain) = chain_of(flags)? {
        return Ok(chain);
    }
    let id = discovery.chain_id().context("--l2: the chain's id can't be found out")?;
    if chains::by_id(id).is_some() {
        return Ok(Chain::Known(id));
    }
    let Some(rollup) = discovery.rollup_config().context("--rollup-node: the configuration can't be found out")? else {
        bail!("Kohala does not know chain {id}: give its configuration with --rollup-config-path, or a --rollup-node");
    };
    let config = RollupConfig::from_json(&rollup).context("--rollup-node: the node's configuration can't be used")?;
    let l1 = flags.l1_config_path.as_deref().map(l1_config).transpose()?;
    if l1.is_none() && L1ChainConfig::by_id(config.l1_chain_id).is_none() {
        bail!("--l1-config-path is missing: Kohala does not know L1 chain {}", config.l1_chain_id);
    }
    Ok(Chain::Custom { rollup, l1 })
}

/// The rollup configuration of a chain that was named.
pub(crate) fn config_of(chain: &Chain) -> Result<RollupConfig> {
    match chain {
        Chain::Known(id) => Ok(chains::by_id(*id).context("the chain is not known")?.0),
        Chain::Custom { rollup, .. } => Ok(RollupConfig::from_json(rollup)?),
    }
}

/// The hash that proofs name a chain by.
pub(crate) fn chain_hash(chain: &Chain) -> Result<B256> {
    let rollup = config_of(chain)?;
    let l1 = match (L1ChainConfig::by_id(rollup.l1_chain_id), chain) {
        (Some(known), _) => known,
        (None, Chain::Custom { l1: Some(l1), .. }) => L1ChainConfig::from_json(l1)?,
        (None, _) => bail!("--l1-config-path is missing: Kohala does not know L1 chain {}", rollup.l1_chain_id),
    };
    Ok(kohala_zkvm::chain_hash(&rollup, &l1))
}

/// A claim about blocks that are only named: agreed on is the block before the first, claimed what the nodes say of the
/// last, and L1 is looked at as far as it takes, unless `l1_head` says how far.
pub(crate) fn found(
    discovery: &Discovery,
    blocks: BlockRange,
    l1_head: Option<B256>,
    flags: &ChainFlags,
) -> Result<Asked> {
    let chain = found_chain(discovery, flags)?;
    let config = config_of(&chain)?;
    let last = discovery.number(blocks.last).context("--block: the newest block can't be found out")?;
    let first = blocks.first.unwrap_or(last);
    let genesis = config.genesis.l2.number;
    if first <= genesis || last < first {
        bail!("--block: the blocks {first} to {last} are none: the chain begins at {genesis}, whose state is given");
    }
    let agreed =
        discovery.output(&config, first - 1).with_context(|| format!("--block: block {} is agreed on", first - 1))?;
    let claimed = discovery.output(&config, last).with_context(|| format!("--block: block {last}"))?;
    let l1_head = match l1_head {
        Some(given) => given,
        None => discovery.l1_head(&config, &claimed).context("--block: the L1 head can't be found out")?,
    };
    let dispute = Dispute {
        l1_head,
        agreed_output_root: agreed.root,
        claimed_output_root: claimed.root,
        claimed_block_number: last,
        chain,
    };
    Ok(Asked { dispute, agreed_l2_head_hash: Some(agreed.hash) })
}

fn l1_config(path: &Path) -> Result<Bytes> {
    let l1 = read("--l1-config-path", path)?;
    let config =
        L1ChainConfig::from_json(&l1).with_context(|| format!("--l1-config-path: {} can't be used", path.display()))?;
    // The program takes what it knows of a chain over what it is told: say so rather than ignore a file.
    if L1ChainConfig::by_id(config.chain_id).is_some_and(|known| known != config) {
        bail!(
            "--l1-config-path: {} differs from what Kohala knows of L1 chain {}: leave the flag out, or give the chain \
             another id",
            path.display(),
            config.chain_id
        );
    }
    Ok(l1.into())
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{flag}: {} can't be read", path.display()))
}
