//! `kohala store`: conversion and examination of stores, and what L1 is told of what they hold. Whatever is read is
//! checked, preimage by preimage.

use crate::{cli::Store as Command, report, source::open};
use anyhow::{Context, Error, Result, bail};
use kohala_host::{HostError, Store, Upload, UploadError, database::Database, packed::Packed, store::count};
use kohala_preimage::Key;
use std::{fs, path::Path, process::ExitCode};

pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    let json = command.output().json;
    match command {
        Command::Import { from, to, .. } => {
            if !is_packed_or_database(to) {
                let (packed, database) = (Packed::EXTENSION, Database::EXTENSION);
                bail!("TO: {} must end in .{packed} (a packed file) or .{database} (a database)", to.display());
            }
            convert(from, to, json)?;
        }
        Command::Export { from, to, .. } => {
            if is_packed_or_database(to) {
                bail!("TO: {} must be a folder: to pack a store, use `kohala store import`", to.display());
            }
            if to.is_file() {
                bail!("TO: {} is a file: name a folder, which is made if it isn't there", to.display());
            }
            convert(from, to, json)?;
        }
        Command::Inspect { store, .. } => {
            let preimages = open("STORE", store, None)?.load().with_context(|| damaged(store))?;
            report::store(&count(&preimages), size(store)?, json);
        }
        Command::Call { store, key, offset, claim_index, .. } => {
            let opened = open("STORE", store, None)?;
            let upload = Upload::of(&opened, Key::from(key.0), *offset, *claim_index);
            report::upload(&upload.map_err(|error| named(error, store))?, json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn convert(from: &Path, to: &Path, json: bool) -> Result<()> {
    let preimages = open("FROM", from, None)?.load().with_context(|| damaged(from))?;
    let counts = Store::write(to, &preimages).with_context(|| format!("TO: {} can't be written", to.display()))?;
    report::store(&counts, size(to)?, json);
    Ok(())
}

/// Says which flag an error is about.
fn named(error: UploadError, store: &Path) -> Error {
    let of = match &error {
        UploadError::Host(HostError::Store(_) | HostError::Wrong(_)) => format!("STORE: {}", damaged(store)),
        UploadError::Host(_) => format!("STORE: {} does not have it", store.display()),
        UploadError::Offset { .. } => "--offset".to_owned(),
        UploadError::ClaimIndex => "--claim-index is missing".to_owned(),
        UploadError::Kind(_)
        | UploadError::Shape(_)
        | UploadError::Ident(_)
        | UploadError::Large(_)
        | UploadError::LargeCall(_) => "--key".to_owned(),
    };
    Error::new(error).context(of)
}

fn damaged(path: &Path) -> String {
    format!("{} is damaged", path.display())
}

/// Whether [`Store::write`] makes something else than a folder of preimages of what is called so.
fn is_packed_or_database(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == Packed::EXTENSION || ending == Database::EXTENSION)
}

/// Bytes of a file, or of all files below a folder.
fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
}
