use crate::{
    Statement,
    blobs::{Blob, Challenge},
    witness::{AGAIN, KEPT},
};
use alloc::vec::Vec;
use alloy_primitives::{
    B256, Bytes,
    map::{HashMap, hash_map},
};
use kohala_preimage::{BlobError, Hint, Key, KeyKind, Oracle};

/// An oracle that notes what the program reads, and in which order. Boot inputs are left out: the statement says them.
///
/// What is noted of a run is read by no other: the program in the zkVM has to be the one that ran here, with the same
/// `OracleInputs`.
#[derive(Debug)]
pub struct Recorder<O> {
    oracle: O,
    recorded: Recorded,
    /// Where each value is among those noted.
    places: HashMap<Key, usize>,
}

/// What a run has read.
#[derive(Debug, Default)]
pub struct Recorded {
    values: Vec<Value>,
    blobs: Vec<Blob>,
}

#[derive(Debug)]
enum Value {
    First {
        value: Bytes,
        is_kept: bool,
    },
    /// The value at this place, once more.
    Again(usize),
}

impl<O> Recorder<O> {
    /// Notes what is read from `oracle`.
    pub fn new(oracle: O) -> Self {
        Self { oracle, recorded: Recorded::default(), places: HashMap::default() }
    }

    /// What was read.
    pub fn into_recorded(self) -> Recorded {
        self.recorded
    }
}

impl<O: Oracle> Oracle for Recorder<O> {
    type Error = O::Error;

    fn hint(&mut self, hint: &Hint) -> Result<(), O::Error> {
        self.oracle.hint(hint)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, O::Error> {
        let value = self.oracle.get(key)?;
        if key.kind() == Some(KeyKind::Keccak256) {
            let values = &mut self.recorded.values;
            match self.places.entry(key) {
                hash_map::Entry::Vacant(place) => {
                    place.insert(values.len());
                    values.push(Value::First { value: value.clone(), is_kept: false });
                }
                hash_map::Entry::Occupied(place) => {
                    if let Some(Value::First { is_kept, .. }) = values.get_mut(*place.get()) {
                        *is_kept = true;
                    }
                    values.push(Value::Again(*place.get()));
                }
            }
        }
        Ok(value)
    }

    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, O::Error> {
        let bytes = self.oracle.blob(versioned_hash, index, l1_time)?;
        let commitment = self.oracle.commitment(versioned_hash)?;
        if self.recorded.blobs.iter().all(|blob| blob.commitment != commitment) {
            let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            self.recorded.blobs.push(Blob { commitment, data: bytes.slice(..length) });
        }
        Ok(bytes)
    }

    fn commitment(&mut self, versioned_hash: B256) -> Result<[u8; 48], O::Error> {
        self.oracle.commitment(versioned_hash)
    }
}

impl Recorded {
    /// Bytes of the values and blobs that were read, each counted once: what a store of plain preimages would hold of them
    /// without its keys.
    pub fn plain_bytes(&self) -> usize {
        let values = self.values.iter().map(|value| match value {
            Value::First { value, .. } => value.len(),
            Value::Again(_) => 0,
        });
        values.sum::<usize>() + self.blobs.len() * kohala_preimage::BLOB_BYTES
    }

    /// The witness. `chain` are the words of the chain's configuration; `open` proves the value at a point (the second
    /// argument) of the polynomial with these field elements, big-endian, at the roots of unity: a KZG proof.
    ///
    /// # Errors
    /// Where a blob's bytes are none.
    pub fn witness(
        &self,
        statement: &Statement,
        chain: &[u8],
        open: impl FnOnce(&[u8], &[u8; 32]) -> Result<[u8; 48], BlobError>,
    ) -> Result<Vec<u8>, BlobError> {
        let mut bytes = statement.encode();
        let number = |bytes: &mut Vec<u8>, number: usize| bytes.extend_from_slice(&(number as u32).to_le_bytes());
        for count in [chain.len(), self.blobs.len(), self.values.len(), 0] {
            number(&mut bytes, count);
        }
        bytes.extend_from_slice(chain);
        for Blob { commitment, data } in &self.blobs {
            bytes.extend_from_slice(commitment);
            number(&mut bytes, data.len());
            number(&mut bytes, 0);
        }
        if !self.blobs.is_empty() {
            let challenge = Challenge::to(&self.blobs);
            let elements = challenge.elements(&self.blobs)?;
            let elements: Vec<u8> = elements.iter().flat_map(|element| element.to_be_bytes::<32>()).collect();
            bytes.extend_from_slice(&open(&elements, &challenge.point)?);
        }
        let mut kept: HashMap<usize, u32> = HashMap::default();
        for (place, value) in self.values.iter().enumerate() {
            let entry = match value {
                Value::First { value, is_kept: false } => value.len() as u32,
                Value::First { value, is_kept: true } => {
                    kept.insert(place, kept.len() as u32);
                    value.len() as u32 | KEPT
                }
                Value::Again(first) => kept[first] | AGAIN,
            };
            bytes.extend_from_slice(&entry.to_le_bytes());
        }
        pad(&mut bytes);
        let values = self.values.iter().filter_map(|value| match value {
            Value::First { value, .. } => Some(value),
            Value::Again(_) => None,
        });
        for data in self.blobs.iter().map(|blob| &blob.data).chain(values) {
            bytes.extend_from_slice(data);
            pad(&mut bytes);
        }
        Ok(bytes)
    }
}

/// Fills up with zeros to a multiple of eight.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}
