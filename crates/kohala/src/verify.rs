//! `kohala verify` and `kohala witness`: one claim, one store, one verdict.

use crate::{
    cli::{Output, Verify, Witness},
    exit_code, logs,
    metrics::Metrics,
    page::Page,
    prove,
    report::{self, Progress},
    source::{Source, Watch},
    stop::stopped_by_signals,
};
use anyhow::{Context, Result, bail};
use kohala_host::{Dispute, JudgeError, Judgement, Online, Store, packed::Packed};
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
    let judge = |watch: Watch<'_>| Ok((source.judge(&mut metrics.seeing(watch))?, ()));
    let (judgement, ()) = run(&source, flags.output, page, judge)?;
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
    let judge = |watch: Watch<'_>| source.witness(&mut metrics.seeing(watch));
    let (judgement, preimages) = run(&source, flags.verify.output, page, judge)?;
    Store::write(to, &preimages).with_context(|| format!("TO: {} can't be written", to.display()))?;
    Ok(exit_code(judgement.verdict.is_valid()))
}

/// Judges a claim by `judge`, from wherever its data comes. What that brings besides is returned, too.
pub(crate) fn run<T>(
    source: &Source,
    output: Output,
    page: Option<Page>,
    judge: impl FnOnce(Watch<'_>) -> Result<(Judgement, T), JudgeError>,
) -> Result<(Judgement, T)> {
    match source.nodes() {
        Some(online) => stopped_by_signals(online, || report(source.dispute(), Some(online), output, page, judge)),
        None => report(source.dispute(), None, output, page, judge),
    }
}

/// Judges a claim by `judge`, shows progress, and reports as `output` asks, and as `page` if there is one.
pub(crate) fn report<T>(
    dispute: &Dispute,
    nodes: Option<&Online>,
    output: Output,
    page: Option<Page>,
    judge: impl FnOnce(Watch<'_>) -> Result<(Judgement, T), JudgeError>,
) -> Result<(Judgement, T)> {
    let start = Instant::now();
    let mut page = page.map(|page| page.since(start));
    let mut progress = Progress::new(dispute, output);
    let judged = judge(&mut |sight| {
        if let Some(page) = &mut page {
            page.see(&sight);
        }
        progress.see(sight);
    });
    let (wall, asked) = (start.elapsed(), nodes.map(Online::meter));
    progress.finish();
    let judged = judged.map_err(report::advise);
    if let Some(page) = page {
        page.write(dispute, judged.as_ref().map(|(judgement, _)| judgement), asked, wall);
    }
    let (judgement, besides) = judged?;
    report::judgement(dispute, &judgement, asked, wall, output);
    Ok((judgement, besides))
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
