//! The oracle of a program that runs in this process.
//!
//! The program's thread reads the store itself. What isn't there is missing; or it becomes a [`Request`] to the host's
//! threads, if there are some, which fetch it, or say that they can't.

use crate::{Counts, LocalInputs, Store, StoreError, fetch::FetchError, meter::Meter};
use alloy_primitives::{Address, B256, Bytes};
use kohala_preimage::{Hint, Key, Missing, Oracle, PreimageError, WrongPreimage};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::Instant,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Why the program gets no answer. Never a verdict.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Nobody has it.
    #[error(transparent)]
    Missing(Box<Missing>),
    /// The answer doesn't fit the key.
    #[error(transparent)]
    Wrong(#[from] WrongPreimage),
    /// The store is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No source brings it.
    #[error(transparent)]
    NotFetched(Box<NotFetched>),
    /// The time is over that was given for it.
    #[error("the deadline is over")]
    Deadline,
    /// Whoever runs the program has had enough.
    #[error("interrupted")]
    Interrupted,
    /// The host's thread has ended.
    #[error("the host has ended")]
    Ended,
}

/// A preimage that no source brings.
#[derive(Debug, thiserror::Error)]
#[error("{missing}: {reason}")]
pub struct NotFetched {
    /// What is missing.
    pub missing: Missing,
    /// Why it can't be fetched.
    pub reason: FetchError,
}

impl From<Missing> for HostError {
    fn from(missing: Missing) -> Self {
        Self::Missing(Box::new(missing))
    }
}

impl From<PreimageError> for HostError {
    fn from(error: PreimageError) -> Self {
        match error {
            PreimageError::Missing(missing) => missing.into(),
            PreimageError::Wrong(wrong) => wrong.into(),
        }
    }
}

/// What the store doesn't have.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The missing preimage: for a whole blob, the sha256 key of its commitment, or the key of the first field element
    /// that is not there.
    pub key: Key,
    /// The last hint that the program gave.
    pub hint: Option<Hint>,
    /// The last path of the agreed L2 state that the program announced: to an account, or to one of its slots.
    pub path: Option<(Address, Option<B256>)>,
    /// The versioned hash, where the whole blob is wanted.
    pub whole_blob: Option<B256>,
}

impl Wanted {
    /// What to say of it when it can't be had.
    pub fn missing(&self) -> Missing {
        Missing { key: self.key, hint: self.hint.clone() }
    }
}

/// A program that waits for what the store doesn't have.
#[derive(Debug)]
pub struct Request {
    /// What that is.
    pub wanted: Wanted,
    reply: SyncSender<Result<Bytes, HostError>>,
}

/// What the host's thread has to answer.
pub type Requests = UnboundedReceiver<Request>;

impl Request {
    /// A request, and where its answer comes to.
    pub(crate) fn new(wanted: Wanted) -> (Self, std::sync::mpsc::Receiver<Result<Bytes, HostError>>) {
        let (reply, answer) = sync_channel(1);
        (Self { wanted, reply }, answer)
    }

    /// Answers the program, which waits.
    pub fn answer(self, answer: Result<Bytes, HostError>) {
        // A program that has ended in the meantime needs no answer.
        let _ = self.reply.send(answer);
    }
}

/// What ends a program before its time, also one that misses nothing.
#[derive(Debug, Default)]
pub(crate) struct Halt {
    stopped: AtomicBool,
    deadline: Option<Instant>,
}

impl Halt {
    /// Halts at `deadline`, if there is one.
    pub(crate) fn at(deadline: Option<Instant>) -> Self {
        Self { stopped: AtomicBool::new(false), deadline }
    }

    /// Halts now.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    fn check(&self) -> Result<(), HostError> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(HostError::Interrupted);
        }
        match self.deadline {
            Some(deadline) if Instant::now() > deadline => Err(HostError::Deadline),
            _ => Ok(()),
        }
    }
}

/// The program's end.
#[derive(Debug)]
pub struct NativeOracle<'a> {
    store: &'a Store,
    halt: Option<&'a Halt>,
    inputs: LocalInputs,
    /// Whom to ask for what the store lacks, if there is somebody.
    requests: Option<UnboundedSender<Request>>,
    hint: Option<Hint>,
    path: Option<(Address, Option<B256>)>,
    reads: Counts,
    /// Told of every read while the program runs.
    meter: Option<Arc<Meter>>,
}

impl<'a> NativeOracle<'a> {
    /// The program's end over `store` with the boot inputs `inputs`: what isn't there is missing.
    pub fn new(store: &'a Store, inputs: LocalInputs) -> Self {
        let (requests, hint, path, meter) = (None, None, None, None);
        Self { store, halt: None, inputs, requests, hint, path, reads: Counts::default(), meter }
    }

    /// The same, asking whoever listens to `requests` for what isn't there.
    pub fn asking(self, requests: UnboundedSender<Request>) -> Self {
        Self { requests: Some(requests), ..self }
    }

    /// The same, ended by `halt`.
    pub(crate) fn halted_by(self, halt: &'a Halt) -> Self {
        Self { halt: Some(halt), ..self }
    }

    fn check_halt(&self) -> Result<(), HostError> {
        self.halt.map_or(Ok(()), Halt::check)
    }

    /// The same, and `meter` is told of every read.
    pub(crate) fn metered(self, meter: Arc<Meter>) -> Self {
        Self { meter: Some(meter), ..self }
    }

    fn note(&self, bytes: usize) {
        if let Some(meter) = &self.meter {
            meter.read(bytes);
        }
    }

    /// What was read so far.
    pub const fn reads(&self) -> Counts {
        self.reads
    }

    fn request(&self, key: Key, whole_blob: Option<B256>) -> Result<Bytes, HostError> {
        let wanted = Wanted { key, hint: self.hint.clone(), path: self.path, whole_blob };
        let Some(requests) = &self.requests else { return Err(wanted.missing().into()) };
        let (request, answer) = Request::new(wanted);
        requests.send(request).map_err(|_| HostError::Ended)?;
        answer.recv().map_err(|_| HostError::Ended)?
    }

    fn local(&self, key: Key) -> Option<Bytes> {
        let ident = key.as_bytes().last_chunk::<8>().map(|ident| u64::from_be_bytes(*ident))?;
        let value = self.inputs.get(&ident)?;
        (Key::local(ident) == key).then(|| value.clone())
    }
}

impl Oracle for NativeOracle<'_> {
    type Error = HostError;

    fn hint(&mut self, hint: &Hint) -> Result<(), HostError> {
        match hint {
            Hint::L2AccountProof { address, .. } => self.path = Some((*address, None)),
            Hint::L2AccountStorageProof { address, slot, .. } => self.path = Some((*address, Some(*slot))),
            hint => self.hint = Some(hint.clone()),
        }
        Ok(())
    }

    fn get(&mut self, key: Key) -> Result<Bytes, HostError> {
        self.check_halt()?;
        let found = match self.local(key) {
            Some(value) => Some(value),
            None => self.store.get(key)?,
        };
        let value = match found {
            Some(value) => value,
            None => self.request(key, None)?,
        };
        if let Some(kind) = key.kind() {
            self.reads.add(kind, value.len());
            self.note(value.len());
        }
        Ok(value)
    }

    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, HostError> {
        self.check_halt()?;
        self.hint = Some(Hint::L1Blob { versioned_hash, index: Some(index), l1_time });
        let blob = match self.store.blob(versioned_hash) {
            Ok(Some(blob)) => blob,
            Ok(None) => self.request(Key::sha256(versioned_hash), Some(versioned_hash))?,
            Err(StoreError::IncompleteBlob { key, .. }) => self.request(key, Some(versioned_hash))?,
            Err(error) => return Err(error.into()),
        };
        self.reads.blobs.add(blob.len());
        self.note(blob.len());
        Ok(blob)
    }
}
