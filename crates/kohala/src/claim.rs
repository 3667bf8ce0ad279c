//! From flags and files to a dispute.

use crate::cli::{BlockRange, ChainFlags, ClaimFlags};
use alloy_primitives::{B256, Bytes};
use anyhow::{Context, Result, bail};
use kohala_host::{Chain, Dispute, discover::Discovery};
use kohala_protocol::{L1ChainConfig, RollupConfig, chains};
use serde::Deserialize;
use std::{fs, path::Path};

/// What is said of a claim: the dispute's inputs by the names of their flags, of which a claim's file may have others too.
#[derive(Deserialize, Default)]
pub(crate) struct Given {
    pub(crate) l1_head: Option<B256>,
    pub(crate) agreed_l2_head_hash: Option<B256>,
    pub(crate) agreed_l2_output_root: Option<B256>,
    pub(crate) claimed_l2_output_root: Option<B256>,
    pub(crate) claimed_l2_block_number: Option<u64>,
}

/// What the flags say of a claim, and where they don't, its file.
pub(crate) fn given(flags: &ClaimFlags) -> Result<Given> {
    let file: Given = match &flags.claim {
        Some(path) => serde_json::from_slice(&read("--claim", path)?)
            .with_context(|| format!("--claim: {} is not a claim", path.display()))?,
        None => Given::default(),
    };
    Ok(Given {
        l1_head: flags.l1_head.or(file.l1_head),
        agreed_l2_head_hash: flags.agreed_l2_head_hash.or(file.agreed_l2_head_hash),
        agreed_l2_output_root: flags.agreed_l2_output_root.or(file.agreed_l2_output_root),
        claimed_l2_output_root: flags.claimed_l2_output_root.or(file.claimed_l2_output_root),
        claimed_l2_block_number: flags.claimed_l2_block_number.or(file.claimed_l2_block_number),
    })
}

/// What the flags ask: a dispute, and the agreed block's hash if that was given too.
pub(crate) struct Asked {
    pub(crate) dispute: Dispute,
    pub(crate) agreed_l2_head_hash: Option<B256>,
}

/// A claim from flags and files; what neither says is as in `known`, the claim of a witness.
pub(crate) fn asked(claim: &ClaimFlags, chain: &ChainFlags, known: Option<Dispute>) -> Result<Asked> {
    let given = given(claim)?;
    // A claim's file is whole, or says what it lacks.
    let witness = known.as_ref().filter(|_| claim.claim.is_none());
    let agreed_output_root = given.agreed_l2_output_root.or(witness.map(|known| known.agreed_output_root));
    let agreed_output_root = needed(claim, "agreed-l2-output-root", agreed_output_root)?;
    if agreed_output_root.is_zero() {
        bail!("--agreed-l2-output-root is zero: nothing was ever agreed on that");
    }
    let l1_head = needed(claim, "l1-head", given.l1_head.or(witness.map(|known| known.l1_head)))?;
    if l1_head.is_zero() {
        bail!("--l1-head is zero: no L1 block has that hash");
    }
    let claimed_output_root = given.claimed_l2_output_root.or(witness.map(|known| known.claimed_output_root));
    let claimed_block_number = given.claimed_l2_block_number.or(witness.map(|known| known.claimed_block_number));
    let dispute = Dispute {
        l1_head,
        agreed_output_root,
        claimed_output_root: needed(claim, "claimed-l2-output-root", claimed_output_root)?,
        claimed_block_number: needed(claim, "claimed-l2-block-number", claimed_block_number)?,
        chain: match (chain_of(chain)?, known) {
            (Some(chain), _) => chain,
            (None, Some(known)) => known.chain,
            (None, None) => {
                bail!("the chain is missing: give --chain or --l2-chain-id for a known one, or --rollup-config-path")
            }
        },
    };
    Ok(Asked { dispute, agreed_l2_head_hash: given.agreed_l2_head_hash })
}

/// What the flag `name` or the claim's file has to say.
fn needed<T>(flags: &ClaimFlags, name: &str, given: Option<T>) -> Result<T> {
    given.with_context(|| match &flags.claim {
        Some(file) => {
            format!("--{name} is missing: give it, --claim: {} has no {}", file.display(), name.replace('-', "_"))
        }
        None => format!("--{name} is missing: give it, or a file that has it with --claim"),
    })
}

/// The chain that the flags name, if they name one.
pub(crate) fn chain_of(flags: &ChainFlags) -> Result<Option<Chain>> {
    if let Some(path) = &flags.rollup_config_path {
        let rollup = read("--rollup-config-path", path)?;
        let config = RollupConfig::from_json(&rollup)
            .with_context(|| format!("--rollup-config-path: {} can't be used", path.display()))?;
        return Ok(Some(Chain::Custom { rollup: rollup.into(), l1: l1_of(&config, flags)? }));
    }
    if let Some(chain) = &flags.chain {
        let id = chains::all().find(|(name, id)| name == chain || id.to_string() == *chain);
        return match id {
            Some((_, id)) => Ok(Some(Chain::Known(id))),
            None => bail!(
                "--chain: Kohala does not know {chain}{}: give its configuration with --rollup-config-path",
                similar(chain)
            ),
        };
    }
    let Some(id) = flags.l2_chain_id else { return Ok(None) };
    if chains::by_id(id).is_none() {
        bail!("--l2-chain-id: Kohala does not know chain {id}: give its configuration with --rollup-config-path");
    }
    Ok(Some(Chain::Known(id)))
}

/// The known chain that whoever wrote `name` may have meant, as a question.
fn similar(name: &str) -> String {
    /// From there on it is a slip of the hand, below another name.
    const ALIKE: f64 = 0.85;
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    let nearest = chains::all().map(|(known, _)| known).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|known| likeness(known) >= ALIKE).map(|known| format!(" (is it {known}?)")).unwrap_or_default()
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
    Ok(Chain::Custom { rollup, l1: l1_of(&config, flags)? })
}

/// The L1 chain's configuration that the flags name; there must be one if the L1 chain is none that Kohala knows.
fn l1_of(config: &RollupConfig, flags: &ChainFlags) -> Result<Option<Bytes>> {
    let l1 = flags.l1_config_path.as_deref().map(l1_config).transpose()?;
    if l1.is_none() && L1ChainConfig::by_id(config.l1_chain_id).is_none() {
        bail!(
            "--l1-config-path is missing: Kohala does not know L1 chain {}: give its configuration as geth writes it",
            config.l1_chain_id
        );
    }
    Ok(l1)
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
        (None, _) => bail!("the L1 chain is not known"),
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
        bail!(
            "--block: the blocks {first} to {last} are none: the chain begins at {genesis}, whose state is given: name later ones"
        );
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
