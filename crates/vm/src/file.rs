//! Files of states: compressed where their name ends in `.gz`.

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

/// How much harder to compress than not at all: snapshots are many, and read once or never.
const COMPRESSION: Compression = Compression::fast();

/// Bytes that a file holds at most when it is unpacked: no program's memory comes near, and a few compressed bytes
/// are not to fill the host's.
const LIMIT: u64 = 4 << 30;

/// Opens a file for reading, decompressed if its name says that it is compressed. Reading it fails beyond 4 GiB.
///
/// # Errors
/// Where the file can't be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    open_up_to(path, LIMIT)
}

fn open_up_to(path: &Path, limit: u64) -> io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    if is_compressed(path) {
        let unpacked = Limited { inner: MultiGzDecoder::new(file), left: limit };
        return Ok(Box::new(BufReader::with_capacity(1 << 16, unpacked)));
    }
    Ok(Box::new(Limited { inner: file, left: limit }))
}

/// A reader that fails where there is more than may be.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "the file unpacks to more than 4 GiB, which no state does")
        })?;
        Ok(read)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_unpacks_to_more_than_its_limit() {
        const LIMIT: usize = 1 << 20;
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["state.bin", "state.bin.gz"] {
            let path = folder.path().join(name);
            for (length, fits) in [(LIMIT, true), (LIMIT + 1, false)] {
                let file = File::create(&path).expect("made");
                super::write(&path, file, |out| out.write_all(&vec![0; length])).expect("written");
                let mut read = Vec::new();
                let whole = open_up_to(&path, LIMIT as u64).expect("there").read_to_end(&mut read);
                assert_eq!(whole.is_ok(), fits, "{name} of {length} bytes");
                assert!(read.len() <= LIMIT);
            }
        }
    }
}
