//! Where what a run makes is written to.

use crate::file;
use serde::Serialize;
use std::{
    fmt,
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
};
use tempfile::Builder;

/// Where something is written to, in cannon's words: to nowhere if it is empty, to the standard output if it is `-`, or else to
/// a file, compressed if its name ends in `.gz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To nowhere.
    Nowhere,
    /// To the standard output.
    Stdout,
    /// To a file.
    File(PathBuf),
}

/// How a state's file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Bytes. Both machines have it.
    Binary,
    /// Text. Asterisc has it.
    Json,
}

impl Format {
    /// The format that a file's name says.
    pub fn of(path: &Path) -> Self {
        let name = path.to_string_lossy();
        if name.ends_with(".bin") || name.ends_with(".bin.gz") { Self::Binary } else { Self::Json }
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        match text {
            "" => Self::Nowhere,
            "-" => Self::Stdout,
            path => Self::File(path.into()),
        }
    }
}

impl Output {
    /// The format of a state that is written there.
    pub fn format(&self) -> Format {
        match self {
            Self::Nowhere | Self::Stdout => Format::Binary,
            Self::File(path) => Format::of(path),
        }
    }

    /// Writes what `write` writes. A file is there with all its content, or not at all, or with what it had before.
    ///
    /// # Errors
    /// Where the file can't be made, written or put in its place, or `write` fails.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), OutputError> {
        let named = |path: &Path, source| OutputError { path: path.to_owned(), source };
        match self {
            Self::Nowhere => Ok(()),
            Self::Stdout => {
                let mut out = io::stdout().lock();
                write(&mut out).and_then(|()| out.flush()).map_err(|error| named(Path::new("-"), error))
            }
            Self::File(path) => write_at_once(path, write).map_err(|error| named(path, error)),
        }
    }

    /// Writes a value as JSON, laid out as cannon does it.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn write_json(&self, value: &impl Serialize) -> Result<(), OutputError> {
        self.write(|out| {
            serde_json::to_writer_pretty(&mut *out, value)?;
            out.write_all(b"\n\n")
        })
    }
}

fn write_at_once(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let mut unfinished =
        Builder::new().prefix(prefix).permissions(Permissions::from_mode(0o644)).tempfile_in(folder)?;
    file::write(path, unfinished.as_file_mut(), write)?;
    unfinished.persist(path)?;
    Ok(())
}

/// What was to be written was not.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct OutputError {
    /// The file, `-` for the standard output.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Names of files, one for each step: `%d` stands for the step's number, and `%%` for a percent sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(Vec<String>);

/// What follows a percent sign is neither of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("behind a % there may be a d, for the step's number, or another %")]
pub struct NamesError;

impl Names {
    /// What is written to at this step.
    pub fn at(&self, step: u64) -> Output {
        Output::from(&*self.0.join(&step.to_string()))
    }
}

impl FromStr for Names {
    type Err = NamesError;

    fn from_str(text: &str) -> Result<Self, NamesError> {
        let mut parts = vec![String::new()];
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            let last = parts.last_mut().expect("there is one from the start");
            match char {
                '%' => match chars.next() {
                    Some('%') => last.push('%'),
                    Some('d') => parts.push(String::new()),
                    _ => return Err(NamesError),
                },
                char => last.push(char),
            }
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("%d"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_have_the_number_where_it_belongs() {
        let at = |text: &str, step| text.parse::<Names>().map(|names| names.at(step));
        let file = |name: &str| Ok(Output::File(name.into()));
        assert_eq!(at("proofs/%d.json.gz", 17), file("proofs/17.json.gz"));
        assert_eq!(at("%d/%d%%", 3), file("3/3%"));
        assert_eq!(at("state.bin", 3), file("state.bin"));
        assert_eq!(at("-", 3), Ok(Output::Stdout));
        assert_eq!(at("", 3), Ok(Output::Nowhere));
        for text in ["%", "%x", "%5d", "a%"] {
            assert_eq!(at(text, 3), Err(NamesError), "{text}");
        }
    }

    #[test]
    fn a_file_that_can_not_be_finished_leaves_the_old_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.bin");
        let output = Output::File(path.clone());
        output.write(|out| out.write_all(b"whole")).expect("written");
        let failed = output.write(|out| {
            out.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(failed.is_err_and(|error| error.path == path && error.source.to_string() == "the disk is full"));
        assert_eq!(fs::read(&path).expect("there still"), b"whole");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing unfinished is left");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o600, 0o600, "{mode:o}");
    }

    #[test]
    fn what_ends_in_gz_is_compressed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json.gz");
        Output::File(path.clone()).write_json(&[1, 2]).expect("written");
        assert_eq!(&fs::read(&path).expect("there")[..2], [0x1f, 0x8b]);
        let mut text = String::new();
        io::Read::read_to_string(&mut file::open(&path).expect("there"), &mut text).expect("compressed");
        assert_eq!(text, "[\n  1,\n  2\n]\n\n");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Output::File("/nowhere/at/all/x".into()).write(|_| Ok(())).expect_err("no such folder");
        assert_eq!(error.to_string(), "cannot write /nowhere/at/all/x");
    }
}
