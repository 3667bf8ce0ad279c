//! `kohala host single` and `kohala client`: both ends of the preimage oracle, as op-challenger and VMs start them.

use crate::{
    cli::{ClientFlags, DataFormat, ServedProgram, Single},
    exit_code, logs,
    metrics::Metrics,
    source::{Source, Watch},
    stop::stopped_by_signals,
    verify,
};
use anyhow::{Context, Result, bail};
use kohala_host::{Chain, Channels, Dispute, Layout, Server, serve};
use kohala_preimage::Client;
use kohala_program::OracleInputs;
use kohala_protocol::{RollupConfig, chains};
use std::process::ExitCode;

/// Judges or serves one claim.
pub(crate) fn single(flags: &Single) -> Result<ExitCode> {
    logs::start(flags.output, "info");
    if flags.enable_experimental_witness_endpoint {
        tracing::warn!(
            "--enable-experimental-witness-endpoint has no effect: witnesses are used wherever nodes have them"
        );
    }
    // Before anything is opened here: the numbers of pipes that nobody left open would be given to it.
    let channels = match flags.server {
        true => Some(
            Channels::inherited()
                .context("--server: file descriptors 3 to 6 must be open pipes: a VM or a client opens them")?,
        ),
        false => None,
    };
    // Whoever starts a server reads the folder as well; for this process alone there is something quicker.
    let new = if flags.server { DataFormat::Directory } else { DataFormat::Database };
    let source = Source::of(&flags.claim, &flags.chain, &flags.data, &flags.sources, new)?;
    let metrics = Metrics::start(flags.metrics, source.nodes())?;
    let Some(channels) = channels else {
        let judge = |watch: Watch<'_>| Ok((source.judge(&mut metrics.seeing(watch))?, ()));
        let (judgement, ()) = verify::run(&source, flags.output, None, judge)?;
        return Ok(exit_code(judgement.verdict.is_valid()));
    };
    let layout = layout(flags.program, source.dispute())?;
    let served = match &source {
        Source::Offline(store, dispute) => serve(Server::new(store, dispute.inputs_for(layout)), channels),
        Source::Online(online) => stopped_by_signals(online, || online.serve(channels, layout)),
    };
    served.context("--server: the program was not served to its end")?;
    Ok(ExitCode::SUCCESS)
}

/// How the served program wants its boot inputs.
fn layout(program: ServedProgram, dispute: &Dispute) -> Result<Layout> {
    if program == ServedProgram::OpProgram {
        return Ok(Layout::OpProgram);
    }
    // By its id kona's client takes what it knows of a chain over what it is told.
    if let Chain::Custom { rollup, .. } = &dispute.chain {
        let config = RollupConfig::from_json(rollup)?;
        if chains::by_id(config.l2_chain_id).is_some_and(|(known, _)| known != config) {
            bail!(
                "--rollup-config-path: the configuration differs from what is known of chain {}, and the program would \
                 not look at it: give the chain another id, or --program op-program",
                config.l2_chain_id
            );
        }
    }
    Ok(Layout::Kona)
}

/// The program as a child of a host.
pub(crate) fn client(flags: &ClientFlags) -> Result<ExitCode> {
    let Channels { hint_reader, hint_writer, preimage_reader, preimage_writer } =
        Channels::inherited().context("file descriptors 3 to 6 must be open pipes: a host has to start this")?;
    let oracle = Client { hint_reader, hint_writer, preimage_reader, preimage_writer };
    let inputs = OracleInputs::new(oracle);
    let inputs = if flags.accelerated { inputs.accelerated() } else { inputs };
    let inputs = if flags.l1_history { inputs.by_history() } else { inputs };
    let verdict = kohala_program::run(inputs).context("no verdict")?;
    Ok(exit_code(verdict.is_valid()))
}
