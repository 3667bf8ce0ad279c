//! Log lines for people and machines, on the standard error: the standard output is for what was asked.

use crate::cli::{LogFormat, Output};
use std::io::{self, IsTerminal};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

/// Begins to write log lines as `output` asks; `RUST_LOG` says otherwise which.
///
/// `quietest` is what is said without any `-v`.
pub(crate) fn start(output: Output, quietest: &str) {
    let level = match output.verbose {
        0 => quietest,
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    // Below us only what goes wrong: HTTP clients talk much.
    let asked = std::env::var("RUST_LOG").unwrap_or_else(|_| format!("warn,kohala={level},kohala_host={level}"));
    let filter = EnvFilter::builder().parse_lossy(asked);
    let ansi = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = || tracing_subscriber::fmt::layer::<Registry>().with_writer(io::stderr).with_ansi(ansi);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match output.logs {
        LogFormat::Full => Box::new(lines()),
        LogFormat::Json => Box::new(lines().json()),
        LogFormat::Pretty => Box::new(lines().pretty()),
        LogFormat::Compact => Box::new(lines().compact().with_target(false)),
        LogFormat::Logfmt => Box::new(tracing_logfmt::builder().layer().with_writer(io::stderr)),
    };
    // A second start in one process changes nothing.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}
