//! The wire protocol between program and host: two channels, each a reader and a writer.
//!
//! | channel | program sends | host answers |
//! |---|---|---|
//! | preimages | 32-byte key | length in eight bytes, then as many bytes |
//! | hints | length in four bytes, then the text | one byte, of any value |
//!
//! Numbers are big-endian. The host answers a hint when it has done what it can, also after a failure: a program that
//! got no answer would wait for ever.

use crate::{Hint, Key, Oracle, WrongPreimage};
use alloc::vec::Vec;
use alloy_primitives::Bytes;
use embedded_io::{Error, ErrorKind, Read, ReadExactError, Write};

/// Bytes allocated at a time for a message of a length that the other end states.
const CHUNK: usize = 1 << 20;

/// The program's end of both channels.
///
/// It hashes nothing: on a fault proof VM the contract has checked every answer, and a host that lies to a program it
/// runs itself lies to itself.
#[derive(Debug)]
pub struct Client<R, W> {
    /// Where preimages are read from: file descriptor 5.
    pub preimage_reader: R,
    /// Where keys are written to: file descriptor 6.
    pub preimage_writer: W,
    /// Where the answers to hints are read from: file descriptor 3.
    pub hint_reader: R,
    /// Where hints are written to: file descriptor 4.
    pub hint_writer: W,
}

/// Why the program's end has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The channel can't be read.
    #[error("cannot read from the host: {0:?}")]
    Read(ErrorKind),
    /// The channel can't be written.
    #[error("cannot write to the host: {0:?}")]
    Write(ErrorKind),
    /// The host has closed the channel: it has no answer.
    #[error("the host has closed the channel")]
    Closed,
    /// A hint longer than four bytes can say, or a preimage longer than this machine can address.
    #[error("message is too long")]
    TooLong,
    /// The answer doesn't fit the key.
    #[error(transparent)]
    Wrong(#[from] WrongPreimage),
}

impl<E: Error> From<ReadExactError<E>> for ClientError {
    fn from(error: ReadExactError<E>) -> Self {
        match error {
            ReadExactError::UnexpectedEof => Self::Closed,
            ReadExactError::Other(error) => Self::Read(error.kind()),
        }
    }
}

impl<R: Read, W: Write> Oracle for Client<R, W> {
    type Error = ClientError;

    fn hint(&mut self, hint: &Hint) -> Result<(), ClientError> {
        let text = hint.text();
        let len = u32::try_from(text.len()).map_err(|_| ClientError::TooLong)?;
        let mut message = Vec::with_capacity(4 + text.len());
        message.extend_from_slice(&len.to_be_bytes());
        message.extend_from_slice(text.as_bytes());
        send(&mut self.hint_writer, &message).map_err(ClientError::Write)?;
        Ok(self.hint_reader.read_exact(&mut [0])?)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, ClientError> {
        send(&mut self.preimage_writer, key.as_bytes()).map_err(ClientError::Write)?;
        let mut len = [0; 8];
        self.preimage_reader.read_exact(&mut len)?;
        let len = usize::try_from(u64::from_be_bytes(len)).map_err(|_| ClientError::TooLong)?;
        Ok(read_bytes(&mut self.preimage_reader, len)?.into())
    }
}

/// Whether the other end is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// One message was answered.
    Answered,
    /// The program has closed the channel between two messages: it has ended.
    Closed,
}

/// Why the host's end could not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServeError<E> {
    /// The channel can't be read.
    #[error("cannot read from the program: {0:?}")]
    Read(ErrorKind),
    /// The channel can't be written.
    #[error("cannot write to the program: {0:?}")]
    Write(ErrorKind),
    /// The channel ended within a message.
    #[error("the program has ended within a message")]
    Truncated,
    /// There is no answer.
    #[error(transparent)]
    Answer(E),
}

/// Reads one key and sends the preimage that `answer` has for it.
///
/// # Errors
/// Where there is no answer nothing is sent: the caller closes the channel, which the program understands.
pub fn serve_preimage<R: Read, W: Write, E>(
    reader: &mut R,
    writer: &mut W,
    answer: impl FnOnce(Key) -> Result<Bytes, E>,
) -> Result<Served, ServeError<E>> {
    let Some(key) = read_start::<_, 32, _>(reader)? else { return Ok(Served::Closed) };
    let value = answer(Key::from(key)).map_err(ServeError::Answer)?;
    writer.write_all(&(value.len() as u64).to_be_bytes()).map_err(|error| ServeError::Write(error.kind()))?;
    send(writer, &value).map_err(ServeError::Write)?;
    Ok(Served::Answered)
}

/// Reads one hint, lets `act` do what it can for it, and tells the program to go on.
///
/// # Errors
/// Where the channel fails. What `act` could not do shows when the preimage is asked for.
pub fn serve_hint<R: Read, W: Write>(
    reader: &mut R,
    writer: &mut W,
    act: impl FnOnce(&[u8]),
) -> Result<Served, ServeError<core::convert::Infallible>> {
    let Some(len) = read_start::<_, 4, _>(reader)? else { return Ok(Served::Closed) };
    let text = read_bytes(reader, u32::from_be_bytes(len) as usize).map_err(read_error)?;
    act(&text);
    send(writer, &[0]).map_err(ServeError::Write)?;
    Ok(Served::Answered)
}

fn send<W: Write>(writer: &mut W, bytes: &[u8]) -> Result<(), ErrorKind> {
    writer.write_all(bytes).and_then(|()| writer.flush()).map_err(|error| error.kind())
}

/// Reads `len` bytes, growing as they arrive: the length alone allocates no more than a chunk.
fn read_bytes<R: Read>(reader: &mut R, len: usize) -> Result<Vec<u8>, ReadExactError<R::Error>> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let start = bytes.len();
        bytes.resize(start + CHUNK.min(len - start), 0);
        reader.read_exact(&mut bytes[start..])?;
    }
    Ok(bytes)
}

/// Reads a message's first `N` bytes; `None` where the channel ends before them.
fn read_start<R: Read, const N: usize, E>(reader: &mut R) -> Result<Option<[u8; N]>, ServeError<E>> {
    let mut bytes = [0; N];
    match reader.read(&mut bytes) {
        Ok(0) => Ok(None),
        Ok(read) => {
            reader.read_exact(&mut bytes[read..]).map_err(read_error)?;
            Ok(Some(bytes))
        }
        Err(error) => Err(ServeError::Read(error.kind())),
    }
}

fn read_error<E: Error, A>(error: ReadExactError<E>) -> ServeError<A> {
    match error {
        ReadExactError::UnexpectedEof => ServeError::Truncated,
        ReadExactError::Other(error) => ServeError::Read(error.kind()),
    }
}
