//! `kohala check`.

use crate::cli::Check;
use anyhow::Result;
use std::process::ExitCode;

pub(crate) fn check(_flags: &Check) -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
