//! The way out of a machine: hints, and preimages part by part.

use embedded_io::{Error as _, ErrorKind, Read, ReadExactError, Write};
use kohala_preimage::Key;

/// Bytes allocated at a time for a preimage of a length that the server states.
const CHUNK: u64 = 1 << 20;

/// Bytes of a preimage: more than any has, and not more than a host can bear.
const PREIMAGE_LIMIT: u64 = 1 << 30;

/// Bytes of the length in front of every preimage.
const LENGTH_BYTES: usize = 8;

/// Whoever answers the program: the preimage server.
pub trait Server {
    /// Tells the server where preimages may be found that will be asked for. Returns when the server has done what it can.
    ///
    /// # Errors
    /// Where the server can't be reached.
    fn hint(&mut self, hint: &[u8]) -> Result<(), ServerError>;

    /// The preimage of `key`.
    ///
    /// # Errors
    /// Where the server has no answer.
    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError>;
}

/// Why the preimage server gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// There is none.
    #[error("no preimage server was named, and the program asks for preimage {0}")]
    None(Key),
    /// The channel can't be read.
    #[error("cannot read from the preimage server: {0:?}")]
    Read(ErrorKind),
    /// The channel can't be written.
    #[error("cannot write to the preimage server: {0:?}")]
    Write(ErrorKind),
    /// The server has ended, or has closed the channel.
    #[error("the preimage server has closed the channel")]
    Closed,
    /// The server states a length that no preimage has.
    #[error("the preimage server announces a preimage of {0} bytes, more than {PREIMAGE_LIMIT}")]
    TooLong(u64),
}

impl<E: embedded_io::Error> From<ReadExactError<E>> for ServerError {
    fn from(error: ReadExactError<E>) -> Self {
        match error {
            ReadExactError::UnexpectedEof => Self::Closed,
            ReadExactError::Other(error) => Self::Read(error.kind()),
        }
    }
}

/// No preimage server: hints are dropped, as the VM's own tools do it, and preimages are missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoServer;

impl Server for NoServer {
    fn hint(&mut self, _: &[u8]) -> Result<(), ServerError> {
        Ok(())
    }

    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError> {
        Err(ServerError::None(key))
    }
}

/// A preimage server at the other end of two channels, in the wire protocol of [`kohala_preimage`].
///
/// Unlike [`kohala_preimage::Client`] it knows neither hints nor keys: the program on the VM has made them.
#[derive(Debug)]
pub struct Pipes<R, W> {
    /// Where preimages come from.
    pub preimage_reader: R,
    /// Where keys go.
    pub preimage_writer: W,
    /// Where answers to hints come from.
    pub hint_reader: R,
    /// Where hints go.
    pub hint_writer: W,
}

impl<R: Read, W: Write> Server for Pipes<R, W> {
    fn hint(&mut self, hint: &[u8]) -> Result<(), ServerError> {
        let length = u32::try_from(hint.len()).expect("a hint's length was read from four bytes");
        send(&mut self.hint_writer, &length.to_be_bytes(), hint)?;
        Ok(self.hint_reader.read_exact(&mut [0])?)
    }

    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError> {
        send(&mut self.preimage_writer, key.as_bytes(), &[])?;
        let mut length = [0; LENGTH_BYTES];
        self.preimage_reader.read_exact(&mut length)?;
        let length = u64::from_be_bytes(length);
        if length > PREIMAGE_LIMIT {
            return Err(ServerError::TooLong(length));
        }
        let mut value = Vec::new();
        while (value.len() as u64) < length {
            let start = value.len();
            value.resize(start + CHUNK.min(length - start as u64) as usize, 0);
            self.preimage_reader.read_exact(&mut value[start..])?;
        }
        Ok(value)
    }
}

fn send<W: Write>(writer: &mut W, head: &[u8], tail: &[u8]) -> Result<(), ServerError> {
    let sent = writer.write_all(head).and_then(|()| writer.write_all(tail)).and_then(|()| writer.flush());
    sent.map_err(|error| ServerError::Write(error.kind()))
}

/// Gives the hints that are whole to `take`: each has its length in four bytes before it. What follows them stays in `buffer`.
pub(crate) fn drain_hints<E>(buffer: &mut Vec<u8>, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut end = 0;
    let outcome = loop {
        let Some((length, rest)) = buffer[end..].split_first_chunk() else { break Ok(()) };
        let Some(hint) = rest.get(..u32::from_be_bytes(*length) as usize) else { break Ok(()) };
        if let Err(error) = take(hint) {
            break Err(error);
        }
        end += length.len() + hint.len();
    };
    buffer.drain(..end);
    outcome
}

/// A read of a part of a preimage, as a proof shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreimageRead<'a> {
    /// The preimage's key.
    pub key: [u8; 32],
    /// The preimage behind its length in eight bytes.
    pub value: &'a [u8],
    /// Where in `value` was read.
    pub offset: u64,
}

/// Why a part of a preimage can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The server has no answer.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The program reads on after the preimage's end.
    #[error("the program reads preimage {key} at offset {offset}, behind its end")]
    End {
        /// The preimage's key.
        key: Key,
        /// The offset, which counts the length's eight bytes.
        offset: u64,
    },
}

/// Preimages read part by part: the one that is being read is kept.
#[derive(Debug, Clone, Default)]
pub struct Preimages<S> {
    /// Whoever has them.
    pub server: S,
    key: [u8; 32],
    /// The preimage of `key` behind its length.
    value: Vec<u8>,
    /// Where the last part was read, if [`Preimages::forget_read`] was not called since.
    offset: Option<u64>,
    requests: u64,
    bytes: u64,
}

impl<S: Server> Preimages<S> {
    /// Nothing read yet.
    pub const fn new(server: S) -> Self {
        // The key of zeros names no preimage: to read by it is to read behind the end.
        Self { server, key: [0; 32], value: Vec::new(), offset: None, requests: 0, bytes: 0 }
    }

    /// What follows from `offset` on of the preimage of `key`, length first: at least one byte.
    ///
    /// # Errors
    /// Where the server has no answer, or nothing follows.
    pub fn read(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], ReadError> {
        if key != self.key {
            let preimage = self.server.preimage(Key::from(key))?;
            self.requests += 1;
            self.bytes += preimage.len() as u64;
            self.key = key;
            self.value.clear();
            self.value.extend_from_slice(&(preimage.len() as u64).to_be_bytes());
            self.value.extend_from_slice(&preimage);
        }
        self.offset = Some(offset);
        let rest = usize::try_from(offset).ok().and_then(|offset| self.value.get(offset..));
        rest.filter(|rest| !rest.is_empty()).ok_or(ReadError::End { key: Key::from(key), offset })
    }

    /// The last read since [`Preimages::forget_read`].
    pub fn last_read(&self) -> Option<PreimageRead<'_>> {
        self.offset.map(|offset| PreimageRead { key: self.key, value: &self.value, offset })
    }

    /// Forgets the last read, not what was read.
    pub const fn forget_read(&mut self) {
        self.offset = None;
    }

    /// How many preimages the server was asked for.
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Bytes of the preimages that the server gave.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_hints_are_handed_out_and_the_rest_is_kept() {
        let rest = *b"\0\0\0\x03ab";
        let written = [&b"\0\0\0\x02hi\0\0\0\0"[..], &b"\0\0\0\x01!"[..], &rest].concat();
        let mut buffer = written.clone();
        let mut hints = Vec::new();
        let taken = drain_hints(&mut buffer, |hint| {
            hints.push(hint.to_vec());
            Ok::<_, ()>(())
        });
        assert_eq!((taken, hints), (Ok(()), vec![b"hi".to_vec(), Vec::new(), b"!".to_vec()]));
        assert_eq!(buffer, rest);
        // The hint that isn't taken is kept as well.
        let mut buffer = written.clone();
        assert_eq!(drain_hints(&mut buffer, |hint| if hint == b"!" { Err("!") } else { Ok(()) }), Err("!"));
        assert_eq!(buffer, written[10..]);
    }

    #[test]
    fn a_million_hints_are_not_moved_a_million_times() {
        let mut buffer = vec![0; 4 << 20];
        let mut count = 0;
        let taken = drain_hints(&mut buffer, |_| {
            count += 1;
            Ok::<_, ()>(())
        });
        assert_eq!((taken, count, buffer.len()), (Ok(()), 1 << 20, 0));
    }
}
