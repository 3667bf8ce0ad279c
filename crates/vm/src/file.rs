//! Files of states: compressed where their name ends in `.gz`.

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

/// How much harder to compress than not at all: snapshots are many, and read once or never.
const COMPRESSION: Compression = Compression::fast();

/// Opens a file for reading, decompressed if its name says that it is compressed.
///
/// # Errors
/// Where the file can't be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    if is_compressed(path) {
        return Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))));
    }
    Ok(Box::new(file))
}

/// Writes into `out` what `write` writes, compressed if `path`, the name that it is for, says so.
///
/// # Errors
/// Where `out` fails.
pub fn write<W: Write>(path: &Path, out: W, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    if is_compressed(path) {
        let mut encoder = BufWriter::with_capacity(1 << 16, GzEncoder::new(&mut out, COMPRESSION));
        write(&mut encoder)?;
        encoder.into_inner()?.finish()?;
    } else {
        write(&mut out)?;
    }
    out.flush()
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}
