//! `kohala host single` and `kohala client`: both ends of the preimage oracle, as op-challenger and VMs start them.

use crate::{
    cli::{DataFormat, Single},
    exit_code, logs,
    metrics::Metrics,
    source::Source,
    stop::stopped_by_signals,
    verify,
};
use anyhow::{Context, Result};
use kohala_host::{Channels, Server, serve};
use kohala_preimage::Client;
use std::{fs::File, process::ExitCode};

/// Judges or serves one claim.
pub(crate) fn single(flags: &Single) -> Result<ExitCode> {
    logs::start(flags.output, "info");
    if flags.enable_experimental_witness_endpoint {
        tracing::warn!(
            "--enable-experimental-witness-endpoint has no effect: witnesses are used wherever nodes have them"
        );
    }
    let source = Source::of(&flags.claim, &flags.chain, &flags.data, &flags.sources, DataFormat::Directory)?;
    let metrics = Metrics::start(flags.metrics, source.nodes())?;
    if flags.native {
        let judgement = verify::run(&source, flags.output, |watch| source.judge(&mut metrics.seeing(watch)))?;
        return Ok(exit_code(judgement.verdict.is_valid()));
    }
    let channels = Channels::inherited()
        .context("--server: file descriptors 3 to 6 must be open pipes: a VM or a client opens them")?;
    let served = match &source {
        Source::Offline(store, dispute) => serve(Server::new(store, dispute.inputs()), channels),
        Source::Online(online, _) => stopped_by_signals(online, || online.serve(channels)),
    };
    served.context("--server: the program was not served to its end")?;
    Ok(ExitCode::SUCCESS)
}

/// The program as a child of a host.
pub(crate) fn client() -> Result<ExitCode> {
    let open = |descriptor: u8, write: bool| {
        let path = format!("/dev/fd/{descriptor}");
        let file = File::options().read(!write).write(write).open(path);
        file.map(embedded_io_adapters::std::FromStd::new)
            .with_context(|| format!("file descriptor {descriptor} is not an open pipe: a host has to start this"))
    };
    let oracle = Client {
        hint_reader: open(3, false)?,
        hint_writer: open(4, true)?,
        preimage_reader: open(5, false)?,
        preimage_writer: open(6, true)?,
    };
    let verdict = kohala_program::run(oracle).context("no verdict")?;
    Ok(exit_code(verdict.is_valid()))
}
