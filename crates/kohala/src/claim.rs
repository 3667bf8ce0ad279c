//! From flags and files to a dispute.

use crate::cli::{ChainFlags, ClaimFlags};
use alloy_primitives::{B256, Bytes};
use anyhow::{Context, Result, bail};
use kohala_host::{Chain, Dispute};
use kohala_protocol::{L1ChainConfig, RollupConfig, chains};
use serde::Deserialize;
use std::{fs, path::Path};

/// A claim file: the dispute's inputs by the names of their flags. Other fields are ignored.
#[derive(Deserialize, Default)]
struct ClaimFile {
    l1_head: Option<B256>,
    agreed_l2_head_hash: Option<B256>,
    agreed_l2_output_root: Option<B256>,
    claimed_l2_output_root: Option<B256>,
    claimed_l2_block_number: Option<u64>,
}

/// What the flags ask: a dispute, and the agreed block's hash if that was given too.
pub(crate) struct Asked {
    pub(crate) dispute: Dispute,
    pub(crate) agreed_l2_head_hash: Option<B256>,
}

pub(crate) fn asked(claim: &ClaimFlags, chain: &ChainFlags) -> Result<Asked> {
    let file = match &claim.claim {
        Some(path) => serde_json::from_slice(&read("--claim", path)?)
            .with_context(|| format!("--claim: {} is not a claim", path.display()))?,
        None => ClaimFile::default(),
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
        chain: chain_of(chain)?,
    };
    Ok(Asked { dispute, agreed_l2_head_hash: claim.agreed_l2_head_hash.or(file.agreed_l2_head_hash) })
}

fn needed<T>(name: &str, flag: Option<T>, file: Option<T>) -> Result<T> {
    flag.or(file).with_context(|| format!("--{name} is missing: give it, or a file that has it with --claim"))
}

fn chain_of(flags: &ChainFlags) -> Result<Chain> {
    if let Some(path) = &flags.rollup_config_path {
        let rollup = read("--rollup-config-path", path)?;
        let config = RollupConfig::from_json(&rollup)
            .with_context(|| format!("--rollup-config-path: {} can't be used", path.display()))?;
        let l1 = flags.l1_config_path.as_deref().map(l1_config).transpose()?;
        if l1.is_none() && L1ChainConfig::by_id(config.l1_chain_id).is_none() {
            bail!("--l1-config-path is missing: Kohala does not know L1 chain {}", config.l1_chain_id);
        }
        return Ok(Chain::Custom { rollup: rollup.into(), l1 });
    }
    let Some(id) = flags.l2_chain_id else {
        bail!("the chain is missing: give --l2-chain-id for a known one, or --rollup-config-path");
    };
    if chains::by_id(id).is_none() {
        bail!("--l2-chain-id: Kohala does not know chain {id}: give its configuration with --rollup-config-path");
    }
    Ok(Chain::Known(id))
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
