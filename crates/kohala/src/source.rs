//! From flags to where the data of a claim comes from: nodes, a store, or both.

use crate::{
    claim::{self, Asked},
    cli::{ChainFlags, ClaimFlags, DataFlags, DataFormat, SourceFlags, Verify},
};
use alloy_primitives::B256;
use anyhow::{Context, Error, Result, bail};
use kohala_host::{
    Deal, Dispute, JudgeError, Judgement, Online, Sight, Sources, Store, StoreError, database::Database,
    directory::Directory, discover::Discovery, judge, rpc::Limits, witness,
};
use kohala_preimage::{Key, Preimages};
use kohala_protocol::OutputRootPreimage;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};
use url::Url;

/// A claim and where its data comes from.
pub(crate) enum Source {
    /// All is in a store.
    Offline(Box<Store>, Dispute),
    /// What is missing is fetched.
    Online(Box<Online>),
}

/// Told of what a run does, as it does it.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Sight<'_>);

impl Source {
    /// The claim of `kohala verify`.
    pub(crate) fn of_verify(flags: &Verify) -> Result<Self> {
        if let Some(path) = &flags.witness {
            let store = open("--witness", path, None)?;
            let known = Dispute::of_inputs(&store.inputs().with_context(|| format!("--witness: {}", path.display()))?);
            if known.is_none() && flags.claim.claim.is_none() && flags.claim.l1_head.is_none() {
                bail!("--witness: {} has no claim in it: give the claim as well, or --data-dir", path.display());
            }
            let Asked { dispute, agreed_l2_head_hash } = claim::asked(&flags.claim, &flags.chain, known)?;
            return Self::offline(store, dispute, agreed_l2_head_hash);
        }
        let Some(blocks) = flags.block else {
            return Self::of(&flags.claim, &flags.chain, &flags.data, &flags.sources, DataFormat::Database);
        };
        let Some((sources, deal)) = nodes(&flags.sources)? else {
            bail!("--block needs nodes to ask: give --l1, --beacon and --l2");
        };
        let discovery = Discovery::new(&sources, urls("--rollup-node", &flags.sources.rollup_node)?, deal)?;
        let asked = claim::found(&discovery, blocks, flags.claim.l1_head, &flags.chain)?;
        Self::online(asked, sources, deal, &flags.data, DataFormat::Database)
    }

    /// A claim given by its inputs. A store that has to be made is of the format `new`.
    pub(crate) fn of(
        claim: &ClaimFlags,
        chain: &ChainFlags,
        data: &DataFlags,
        nodes_flags: &SourceFlags,
        new: DataFormat,
    ) -> Result<Self> {
        match (nodes(nodes_flags)?, &data.data_dir) {
            (None, None) => bail!(
                "where is the data to come from? Give nodes with --l1, --beacon and --l2, or a store with --data-dir"
            ),
            (Some((sources, deal)), _) => Self::online(claim::asked(claim, chain, None)?, sources, deal, data, new),
            (None, Some(path)) => {
                let asked = claim::asked(claim, chain, None)?;
                let store = open("--data-dir", path, data.data_format)?;
                Self::offline(store, asked.dispute, asked.agreed_l2_head_hash)
            }
        }
    }

    fn offline(store: Store, dispute: Dispute, agreed_l2_head_hash: Option<B256>) -> Result<Self> {
        if let Some(hash) = agreed_l2_head_hash {
            check_agreed_head(&store, dispute.agreed_output_root, hash)?;
        }
        Ok(Self::Offline(Box::new(store), dispute))
    }

    fn online(asked: Asked, sources: Sources, deal: Deal, data: &DataFlags, new: DataFormat) -> Result<Self> {
        let Some(agreed_block) = asked.agreed_l2_head_hash else {
            bail!("--agreed-l2-head-hash is missing: an output root alone does not say which block to fetch");
        };
        let store = growing_store_in_turn(data, new)?;
        let mut deal = deal;
        match &store {
            Some(store) => check_agreed_head(store, asked.dispute.agreed_output_root, agreed_block)?,
            // A served program may be far behind the one here: what that brought must be there still.
            None if new == DataFormat::Directory => deal.memory = SERVED_MEMORY,
            None => {}
        }
        Ok(Self::Online(Box::new(Online::new(sources, deal, asked.dispute, agreed_block, store)?)))
    }

    /// The claim.
    pub(crate) const fn dispute(&self) -> &Dispute {
        match self {
            Self::Offline(_, dispute) => dispute,
            Self::Online(online) => online.dispute(),
        }
    }

    /// The nodes, if there are any.
    pub(crate) fn nodes(&self) -> Option<&Online> {
        match self {
            Self::Offline(..) => None,
            Self::Online(online) => Some(online),
        }
    }

    /// Judges the claim.
    pub(crate) fn judge(&self, watch: Watch<'_>) -> Result<Judgement, JudgeError> {
        match self {
            Self::Offline(store, dispute) => judge(store, dispute, watch),
            Self::Online(online) => online.judge(watch),
        }
    }

    /// Judges the claim and collects what it took.
    pub(crate) fn witness(&self, watch: Watch<'_>) -> Result<(Judgement, Preimages), JudgeError> {
        match self {
            Self::Offline(store, dispute) => witness(store, dispute, watch),
            Self::Online(online) => online.witness(watch),
        }
    }
}

/// The URLs of a flag. What can't be read is not repeated: it may hold a key.
pub(crate) fn urls(flag: &str, texts: &[String]) -> Result<Vec<Url>> {
    let read = |text: &String| match text.trim().parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => bail!("{flag}: a URL that begins with http:// or https:// is due"),
    };
    texts.iter().map(read).collect()
}

/// The nodes that the flags name, whichever they are.
pub(crate) fn sources(flags: &SourceFlags) -> Result<Sources> {
    Ok(Sources { l1: urls("--l1", &flags.l1)?, beacon: urls("--beacon", &flags.beacon)?, l2: urls("--l2", &flags.l2)? })
}

/// The nodes that the flags name: all or none.
pub(crate) fn nodes(flags: &SourceFlags) -> Result<Option<(Sources, Deal)>> {
    let named = [("--l1", &flags.l1), ("--beacon", &flags.beacon), ("--l2", &flags.l2)];
    let missing: Vec<&str> = named.iter().filter(|(_, urls)| urls.is_empty()).map(|(name, _)| *name).collect();
    match missing.len() {
        3 => return Ok(None),
        0 => {}
        _ => bail!("missing: {}: nodes are given all or none (--l1, --beacon, --l2)", missing.join(" and ")),
    }
    let sources = sources(flags)?;
    Ok(Some((sources, deal(flags))))
}

/// How the flags want data to be fetched.
pub(crate) fn deal(flags: &SourceFlags) -> Deal {
    let limits = Limits {
        timeout: flags.rpc_timeout,
        concurrency: flags.rpc_concurrency as usize,
        rate: flags.rpc_rate,
        batch: flags.rpc_batch as usize,
    };
    Deal {
        limits,
        patience: flags.patience,
        deadline: flags.deadline.map(|seconds| Instant::now() + seconds),
        slot_duration: flags.l1_slot_duration,
        ..Deal::default()
    }
}

/// Bytes that are kept in memory for a served program, where no store is named.
const SERVED_MEMORY: usize = 2 << 30;

/// The store that fetched data is kept in, if there is to be one.
///
/// Whoever starts one server after another may do so while the last one still writes: then the new one waits its turn,
/// where for a person at a terminal it is better to be told.
fn growing_store_in_turn(data: &DataFlags, new: DataFormat) -> Result<Option<Store>> {
    /// Longer than it takes to write what one claim's blobs are in single elements.
    const TURN: Duration = Duration::from_secs(60);
    let start = Instant::now();
    let mut told = false;
    loop {
        let store = growing_store(data, new);
        let in_use = |error: &anyhow::Error| matches!(error.downcast_ref(), Some(StoreError::InUse));
        if new != DataFormat::Directory || start.elapsed() > TURN || !store.as_ref().is_err_and(in_use) {
            return store;
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!("another process has the store open: waiting for it to end");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The store that fetched data is kept in: as it is found, or else made as `new` unless the flags
/// or the name's ending say otherwise.
fn growing_store(data: &DataFlags, new: DataFormat) -> Result<Option<Store>> {
    let Some(path) = &data.data_dir else { return Ok(None) };
    let name = path.display();
    let opened = if path.exists() {
        let store = open_to_fill("--data-dir", path, data.data_format)?;
        match store {
            Store::Database(_) => Ok(store),
            // Opened once more, for writing.
            Store::Directory(_) => Directory::open_or_create(path).map(Store::Directory),
            Store::Memory(_) | Store::Packed(_) | Store::Cache(_) => {
                bail!("--data-dir: {name} is a store that can't be added to: name a new one, or leave the nodes out")
            }
        }
    } else {
        let by_name =
            path.extension().is_some_and(|ending| ending == Database::EXTENSION).then_some(DataFormat::Database);
        match data.data_format.or(by_name).unwrap_or(new) {
            DataFormat::Database => Database::open_or_create(path).map(Store::Database),
            DataFormat::Directory => Directory::open_or_create(path).map(Store::Directory),
            DataFormat::Packed | DataFormat::Stream => {
                bail!(
                    "--data-format: what is fetched is kept in a database or a directory, `kohala store` makes others of it"
                )
            }
        }
    };
    opened.map(Some).with_context(|| format!("--data-dir: {name} can't be opened to keep what is fetched"))
}

/// Opens the store at `path`, which has something in it, and must be of `format` if that was asked for.
pub(crate) fn open(what: &str, path: &Path, format: Option<DataFormat>) -> Result<Store> {
    let is_empty = match path.is_dir() {
        true => fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()),
        false => path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0),
    };
    if is_empty {
        bail!("{what}: {} is empty: give a store that has preimages, or nodes to fetch them from", path.display());
    }
    open_to_fill(what, path, format)
}

/// Opens the store at `path`, which may be empty, and must be of `format` if that was asked for.
fn open_to_fill(what: &str, path: &Path, format: Option<DataFormat>) -> Result<Store> {
    let store = Store::open(path).map_err(|error| {
        let advice = match error {
            StoreError::Truncated => " (copy it again, or record it anew)",
            StoreError::Format | StoreError::Version(_) => {
                " (`kohala store inspect --help` says which kinds there are)"
            }
            StoreError::InUse => " (wait for that process, or name another store)",
            _ => "",
        };
        let name = path.display();
        Error::new(error).context(format!("{what}: {name} can't be opened as a store of preimages{advice}"))
    })?;
    let found = match store {
        Store::Packed(_) => DataFormat::Packed,
        Store::Directory(_) => DataFormat::Directory,
        Store::Database(_) => DataFormat::Database,
        Store::Memory(_) | Store::Cache(_) => DataFormat::Stream,
    };
    if format.is_some_and(|format| format != found) {
        bail!("--data-format: {} is a store of another format, leave the flag out to have it found", path.display());
    }
    Ok(store)
}

/// kona's host takes the agreed block's hash beside the output root that commits to it: they must agree.
fn check_agreed_head(store: &Store, output_root: B256, hash: B256) -> Result<()> {
    let Some(preimage) = store.get(Key::keccak256(output_root))? else {
        // The program will say what is missing.
        return Ok(());
    };
    match OutputRootPreimage::decode(&preimage) {
        Some(output) if output.block_hash != hash => bail!(
            "--agreed-l2-head-hash is {hash}, but --agreed-l2-output-root commits to the block {}",
            output.block_hash
        ),
        _ => Ok(()),
    }
}
