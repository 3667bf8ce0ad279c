//! The oracle of a program that runs elsewhere: in a fault proof VM or another process, behind file descriptors.
//!
//! Such a program may be any: ours, op-program or kona's client. It reads blobs by single field elements, which are
//! made here out of whole blobs.

use crate::{
    Cache, HostError, LocalInputs, Request, Store, StoreError, Wanted, lock,
    precompile::{Call, announced},
};
use alloy_primitives::{Address, B256, Bytes, keccak256};
use embedded_io::{Read, Write};
use embedded_io_adapters::std::FromStd;
use kohala_preimage::{BlobKeys, Hint, Key, KeyKind, ServeError, Served, serve_hint, serve_preimage, versioned_hash};
use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    fs::File,
    io,
    os::unix::fs::FileTypeExt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::sync::mpsc::UnboundedSender;

/// Answers a program from a store and its boot inputs.
#[derive(Debug)]
pub struct Server<'a> {
    store: &'a Store,
    inputs: LocalInputs,
    hint: LastHint,
    elements: Elements,
    fetching: Option<Fetching<'a>>,
}

/// How to come by what the store doesn't have.
#[derive(Debug)]
pub(crate) struct Fetching<'a> {
    /// Who fetches it.
    pub(crate) requests: UnboundedSender<Request>,
    /// What is fetched comes in here.
    pub(crate) cache: &'a Cache,
    /// True while a program in this process runs ahead of the served one and brings the state that both need.
    pub(crate) runs_ahead: &'a AtomicBool,
}

/// The last hint, if it could be read, and the last path of the state that one announced. Of what the two channels bring
/// it is all that they share.
#[derive(Debug, Clone, Default)]
struct LastHint(Arc<Mutex<(Option<Hint>, Option<Path>)>>);

/// To an account, or to one of its slots.
type Path = (Address, Option<B256>);

impl LastHint {
    fn set(&self, text: &[u8]) {
        let mut last = lock(&self.0);
        last.0 = Hint::parse(text).ok();
        match &last.0 {
            Some(Hint::L2AccountProof { address, .. }) => last.1 = Some((*address, None)),
            Some(Hint::L2AccountStorageProof { address, slot, .. }) => last.1 = Some((*address, Some(*slot))),
            _ => {}
        }
    }

    fn get(&self) -> (Option<Hint>, Option<Path>) {
        lock(&self.0).clone()
    }
}

impl<'a> Server<'a> {
    /// A server over `store` for one run with the boot inputs `inputs`.
    pub fn new(store: &'a Store, inputs: LocalInputs) -> Self {
        Self { store, inputs, hint: LastHint::default(), elements: Elements::default(), fetching: None }
    }

    /// The same with somebody to ask for what isn't in the store.
    pub(crate) fn fetching(self, fetching: Fetching<'a>) -> Self {
        Self { fetching: Some(fetching), ..self }
    }

    /// The preimage of `key`, field elements of blobs and the preimages of their keys included.
    ///
    /// # Errors
    /// [`HostError::Missing`] with the last hint where nobody has it; otherwise where the store is damaged.
    pub fn preimage(&mut self, key: Key) -> Result<Bytes, HostError> {
        if let Some(found) = self.found(key)? {
            return Ok(found);
        }
        let (hint, path) = self.hint.get();
        let whole_blob = match &hint {
            Some(Hint::L1Blob { versioned_hash, .. }) if key.kind() == Some(KeyKind::Blob) => Some(*versioned_hash),
            _ => None,
        };
        let wanted = Wanted { key, hint, path, whole_blob };
        let fetching = self.fetching.as_ref().filter(|_| key.kind() != Some(KeyKind::Local));
        let Some(fetching) = fetching else {
            return wanted.hint.as_ref().and_then(|hint| outcome(key, hint)).ok_or_else(|| wanted.missing().into());
        };
        // Single nodes and codes are what nodes are worst at telling. The program ahead brings them otherwise.
        let of_state =
            matches!(wanted.hint, Some(Hint::L2StateNode { .. } | Hint::L2Code { .. } | Hint::L2PayloadWitness(_)));
        while of_state && fetching.runs_ahead.load(Ordering::Acquire) {
            if let Some(found) = fetching.cache.get(key)? {
                return Ok(found);
            }
            fetching.cache.wait(Duration::from_millis(20));
        }
        let missing = wanted.missing();
        let (request, answer) = Request::new(wanted);
        fetching.requests.send(request).map_err(|_| HostError::Ended)?;
        let fetched = answer.recv().map_err(|_| HostError::Ended)??;
        // For a field element the answer is its blob, and for a preimage that fell out of memory again it is all there is.
        match self.found(key)? {
            Some(found) => Ok(found),
            None if whole_blob.is_none() => Ok(fetched),
            None => Err(missing.into()),
        }
    }

    /// Takes note of a hint. What can't be read as one is as good as none.
    pub fn hint(&mut self, text: &[u8]) {
        self.hint.set(text);
    }

    fn found(&mut self, key: Key) -> Result<Option<Bytes>, HostError> {
        let found = match key.kind() {
            Some(KeyKind::Local) => {
                self.inputs.iter().find(|(ident, _)| Key::local(**ident) == key).map(|e| e.1.clone())
            }
            Some(KeyKind::Blob) => self.elements.get(key, self.store)?,
            Some(KeyKind::Keccak256) => match self.store.get(key)? {
                Some(value) => Some(value),
                // While data is fetched, what is missing is mostly no key of an element.
                None if self.fetching.is_some() && !matches!(self.hint.get().0, Some(Hint::L1Blob { .. })) => None,
                None => self.elements.get(key, self.store)?,
            },
            _ => self.store.get(key)?,
        };
        if key.kind() == Some(KeyKind::Sha256)
            && let Some(commitment) = found.as_ref().and_then(|value| value[..].try_into().ok())
        {
            self.elements.announced.insert(commitment);
        }
        Ok(found)
    }
}

/// Field elements by key, for the blobs that were needed so far.
#[derive(Debug, Default)]
struct Elements {
    by_key: HashMap<Key, (usize, usize)>,
    blobs: Vec<([u8; 48], Bytes)>,
    /// Commitments that were read: their elements come next.
    announced: BTreeSet<[u8; 48]>,
    opened: BTreeSet<[u8; 48]>,
}

impl Elements {
    /// The field element of a blob key, or the preimage of that key for the keccak256 key with its digest.
    ///
    /// Looks first at what is open, then into the blobs that the program has announced or that the store knows the key
    /// of, and then into all.
    fn get(&mut self, key: Key, store: &Store) -> Result<Option<Bytes>, StoreError> {
        let element = key.with_kind(KeyKind::Blob);
        if !self.by_key.contains_key(&element) {
            let preimage = store.get(key.with_kind(KeyKind::Keccak256))?;
            let commitment = preimage.and_then(|preimage| preimage.first_chunk::<48>().copied());
            let announced = std::mem::take(&mut self.announced);
            self.open(commitment.into_iter().chain(announced), store)?;
        }
        if !self.by_key.contains_key(&element) {
            self.open(store.commitments()?, store)?;
        }
        Ok(self.by_key.get(&element).map(|(blob, index)| {
            let (commitment, bytes) = &self.blobs[*blob];
            match key.kind() {
                Some(KeyKind::Blob) => bytes.slice(index * 32..(index + 1) * 32),
                _ => Bytes::copy_from_slice(&Key::blob_preimage(commitment, *index)),
            }
        }))
    }

    fn open(&mut self, commitments: impl IntoIterator<Item = [u8; 48]>, store: &Store) -> Result<(), StoreError> {
        for commitment in commitments {
            if self.opened.contains(&commitment) {
                continue;
            }
            let bytes = match store.blob(versioned_hash(&commitment)) {
                Ok(Some(bytes)) => bytes,
                // No element is served of a blob that can't be checked: each is missing under its own key.
                Ok(None) | Err(StoreError::IncompleteBlob { .. }) => continue,
                Err(error) => return Err(error),
            };
            let blob = self.blobs.len();
            self.blobs.push((commitment, bytes));
            self.by_key.extend(BlobKeys::new(commitment).enumerate().map(|(index, (key, _))| (key, (blob, index))));
            self.opened.insert(commitment);
        }
        Ok(())
    }
}

/// What a hint of a precompile call says is all that its outcome takes, and the preimage of the outcome's key.
fn outcome(key: Key, hint: &Hint) -> Option<Bytes> {
    let (_, call) = announced(hint)?;
    let call_key = Key::keccak256(keccak256(&call));
    match key.kind()? {
        KeyKind::Precompile if call_key.with_kind(KeyKind::Precompile) == key => Call::read(&call)?.outcome(),
        KeyKind::Keccak256 if call_key == key => Some(call),
        _ => None,
    }
}

/// The host's ends of both channels.
#[derive(Debug)]
pub struct Channels<R, W> {
    /// Where keys come from.
    pub preimage_reader: R,
    /// Where preimages go to.
    pub preimage_writer: W,
    /// Where hints come from.
    pub hint_reader: R,
    /// Where their answers go to.
    pub hint_writer: W,
}

impl Channels<FromStd<File>, FromStd<File>> {
    /// The pipes that whoever started this process has left open for it: hints on 3 and 4, preimages on 5 and 6.
    ///
    /// They are opened a second time, by name. The first ones stay open until the process ends, and only then does the
    /// program see its channel closed: after an error of [`serve`] the process has to end.
    ///
    /// To be taken before this process opens anything itself: what nobody left open is given to the next that is.
    ///
    /// # Errors
    /// Where one of them isn't an open pipe.
    pub fn inherited() -> io::Result<Self> {
        let open = |descriptor: u8, writes: bool| {
            let pipe = File::options().read(!writes).write(writes).open(format!("/dev/fd/{descriptor}"))?;
            match pipe.metadata()?.file_type().is_fifo() {
                true => Ok(FromStd::new(pipe)),
                false => Err(io::Error::other(format!("file descriptor {descriptor} is not a pipe"))),
            }
        };
        Ok(Self {
            hint_reader: open(3, false)?,
            hint_writer: open(4, true)?,
            preimage_reader: open(5, false)?,
            preimage_writer: open(6, true)?,
        })
    }
}

/// Why serving ended before the program did.
pub type ServerError = ServeError<HostError>;

/// Serves a program until it closes its ends.
///
/// A preimage that is missing ends the service at once: the channel is closed, which the program understands, and the
/// error says what was missing. Hints are answered even then, until the program closes their channel.
///
/// # Errors
/// The first of the preimage channel, or else of the hint channel.
pub fn serve<R, W>(mut server: Server<'_>, channels: Channels<R, W>) -> Result<(), ServerError>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
{
    let Channels { mut preimage_reader, mut preimage_writer, mut hint_reader, mut hint_writer } = channels;
    let hint = server.hint.clone();
    // A program that waits for a preimage gives no more hints, so nobody may wait for this thread after a failure.
    let hints = thread::spawn(move || {
        while serve_hint(&mut hint_reader, &mut hint_writer, |text| hint.set(text))? == Served::Answered {}
        Ok(())
    });
    while serve_preimage(&mut preimage_reader, &mut preimage_writer, |key| server.preimage(key))? == Served::Answered {}
    let hints = hints.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    hints.map_err(|error| match error {
        ServeError::Read(kind) => ServeError::Read(kind),
        ServeError::Write(kind) => ServeError::Write(kind),
        ServeError::Truncated => ServeError::Truncated,
        ServeError::Answer::<Infallible>(never) => match never {},
    })
}
