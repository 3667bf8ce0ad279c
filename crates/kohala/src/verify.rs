//! `kohala verify` and `kohala witness`: one claim, one store, one verdict.

use crate::{
    cli::{DataFormat, Output, Verify, Witness},
    exit_code, logs,
    metrics::Metrics,
    page::Page,
    prove,
    report::{self, Progress},
    source::Source,
    stop::stopped_by_signals,
};
use alloy_primitives::B256;
use anyhow::{Context, Error, Result, bail};
use kohala_host::{Dispute, JudgeError, Judgement, Online, Sight, Store, StoreError, packed::Packed};
use kohala_preimage::Key;
use kohala_protocol::OutputRootPreimage;
use std::{
    fs::{self, OpenOptions},
    path::Path,
    process::ExitCode,
    time::Instant,
};

pub(crate) fn verify(flags: &Verify) -> Result<ExitCode> {
    logs::start(flags.output, "warn");
    let source = Source::of_verify(flags)?;
    let metrics = Metrics::start(flags.metrics, source.nodes())?;
    let page = Page::open(flags.report.as_deref())?;
    let judgement = run(&source, flags.output, page, |watch| source.judge(&mut metrics.seeing(watch)))?;
    Ok(exit_code(judgement.verdict.is_valid()))
}

/// `kohala witness`: the same, and the claim's preimages as a file.
pub(crate) fn witness(flags: &Witness) -> Result<ExitCode> {
    logs::start(flags.verify.output, "warn");
    let to = match flags.zkvm {
        true => &flags.to,
        false => packed_name("TO", &flags.to)?,
    };
    // A claim may take hours.
    writable("TO", to)?;
    if flags.zkvm {
        let made = prove::guest_input(&flags.verify, |_| true)?;
        fs::write(to, &made.witness).with_context(|| format!("TO: {} can't be written", to.display()))?;
        return Ok(exit_code(made.verdict.is_valid()));
    }
    let source = Source::of_verify(&flags.verify)?;
    let metrics = Metrics::start(flags.verify.metrics, source.nodes())?;
    let page = Page::open(flags.verify.report.as_deref())?;
    let mut preimages = None;
    let judgement = run(&source, flags.verify.output, page, |watch| {
        let (judgement, read) = source.witness(&mut metrics.seeing(watch))?;
        preimages = Some(read);
        Ok(judgement)
    })?;
    if let Some(preimages) = preimages {
        Store::write(to, &preimages).with_context(|| format!("TO: {} can't be written", to.display()))?;
    }
    Ok(exit_code(judgement.verdict.is_valid()))
}

/// Judges a claim by `judge`, from wherever its data comes.
pub(crate) fn run(
    source: &Source,
    output: Output,
    page: Option<Page>,
    judge: impl FnOnce(&mut dyn FnMut(Sight<'_>)) -> Result<Judgement, JudgeError>,
) -> Result<Judgement> {
    match source.nodes() {
        Some(online) => stopped_by_signals(online, || report(source.dispute(), Some(online), output, page, judge)),
        None => report(source.dispute(), None, output, page, judge),
    }
}

/// Judges a claim by `judge`, shows progress, and reports as `output` asks, and as `page` if there is one.
pub(crate) fn report(
    dispute: &Dispute,
    nodes: Option<&Online>,
    output: Output,
    page: Option<Page>,
    judge: impl FnOnce(&mut dyn FnMut(Sight<'_>)) -> Result<Judgement, JudgeError>,
) -> Result<Judgement> {
    let start = Instant::now();
    let mut page = page.map(|page| page.since(start));
    let mut progress = Progress::new(dispute, output);
    let judgement = judge(&mut |sight| {
        if let Some(page) = &mut page {
            page.see(&sight);
        }
        progress.see(sight);
    });
    let (wall, asked) = (start.elapsed(), nodes.map(Online::meter));
    progress.finish();
    let judgement = judgement.map_err(report::advise);
    if let Some(page) = page {
        page.write(dispute, judgement.as_ref(), asked, wall);
    }
    let judgement = judgement?;
    report::judgement(dispute, &judgement, asked, wall, output);
    Ok(judgement)
}

/// A name for a packed file: [`Store::write`] tells those from folders by it.
pub(crate) fn packed_name<'a>(what: &str, path: &'a Path) -> Result<&'a Path> {
    if path.extension().is_none_or(|extension| extension != Packed::EXTENSION) {
        bail!("{what}: the packed file's name must end in .{}, {} does not", Packed::EXTENSION, path.display());
    }
    Ok(path)
}

/// Fails now if the file at `path` could not be written, rather than when there is something to write.
pub(crate) fn writable(what: &str, path: &Path) -> Result<()> {
    let is_new = !path.exists();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.with_context(|| format!("{what}: {} can't be written: name another file", path.display()))?;
    if is_new {
        fs::remove_file(path)?;
    }
    Ok(())
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
pub(crate) fn open_to_fill(what: &str, path: &Path, format: Option<DataFormat>) -> Result<Store> {
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
pub(crate) fn check_agreed_head(store: &Store, output_root: B256, hash: B256) -> Result<()> {
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
