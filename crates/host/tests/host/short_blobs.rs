//! Blobs as a program on a fault proof VM reads them: no further than they hold something, if L1's precompiles show that the
//! rest is zeros; and always all that there is.

use alloy_primitives::{B256, Bytes};
use kohala_host::{HostError, LocalInputs, Server, Store, kzg};
use kohala_preimage::{BLOB_BYTES, FIELD_ELEMENTS, Hint, Key, KeyKind, Oracle, Preimages};
use kohala_program::{IndexedBlobHash, Inputs, OracleInputs};
use kohala_protocol::{BlockInfo, blob_elements};

/// An oracle on an offline host, which counts field elements and may let calls of precompiles fail.
struct Counting<'a> {
    server: Server<'a>,
    elements: usize,
    outcome: Option<Bytes>,
}

impl Oracle for Counting<'_> {
    type Error = HostError;

    fn hint(&mut self, hint: &Hint) -> Result<(), HostError> {
        self.server.hint(hint.text().as_bytes());
        Ok(())
    }

    fn get(&mut self, key: Key) -> Result<Bytes, HostError> {
        self.elements += usize::from(key.kind() == Some(KeyKind::Blob));
        match &self.outcome {
            Some(outcome) if key.kind() == Some(KeyKind::Precompile) => Ok(outcome.clone()),
            _ => self.server.preimage(key),
        }
    }
}

/// How many elements of the blob with these bytes are read; it is read as it is. `of_prague` says whether a header of Prague
/// was read before.
fn read_of(bytes: &[u8], outcome: Option<Bytes>, of_prague: bool) -> usize {
    let mut preimages = Preimages::new();
    let header = &kohala_testdata::chain("main").l1[0];
    preimages.insert_keccak256(header.header_rlp.clone());
    let blob = kzg::blob(bytes).unwrap();
    let hash = blob.versioned_hash();
    preimages.insert_blob(blob, kzg::verify_proof).unwrap();
    let store = Store::Memory(preimages);
    let mut oracle = Counting { server: Server::new(&store, LocalInputs::new()), elements: 0, outcome };
    let block = BlockInfo { number: 1, hash: B256::ZERO, parent_hash: B256::ZERO, timestamp: 12 };
    let mut inputs = OracleInputs::new(&mut oracle).accelerated();
    if of_prague {
        assert!(inputs.l1_header(header.hash).unwrap().is_prague);
    }
    let read = inputs.l1_blob(&block, &IndexedBlobHash { index: 0, hash }).unwrap();
    let (read_bytes, zeros) = bytes.split_at(read.len());
    assert!(read[..] == *read_bytes && zeros.iter().all(|byte| *byte == 0), "another blob");
    // What isn't read is left out.
    assert_eq!(read.len(), 32 * oracle.elements);
    oracle.elements
}

fn read(bytes: &[u8], outcome: Option<Bytes>) -> usize {
    read_of(bytes, outcome, true)
}

/// A blob that says it holds `length` bytes, and holds something in `elements`.
fn blob(length: usize, elements: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let mut bytes = vec![0; BLOB_BYTES];
    bytes[1..5].copy_from_slice(&(length as u32).to_be_bytes());
    bytes[1] = 0;
    elements.into_iter().for_each(|element| bytes[32 * element + 31] = element as u8 | 1);
    bytes
}

#[test]
fn only_elements_in_use_are_read() {
    for (length, used) in [(0, 4), (123, 4), (124, 8), (4_000, 128), (24_888, 784)] {
        let bytes = blob(length, 0..used);
        assert_eq!(blob_elements(bytes[..32].try_into().unwrap()), used, "{length} bytes");
        assert_eq!(read(&bytes, None), used, "{length} bytes");
    }
    // The sum of no points.
    let zeros = vec![0; BLOB_BYTES];
    assert_eq!(read(&zeros, None), 4);
}

/// Where it holds more than it says, or as much as takes longer to sum up than to read, or where L1 can't say.
#[test]
fn all_elements_are_read_of_other_blobs() {
    for (length, elements) in
        [(0, 4..5), (123, 4_095..4_096), (4_000, 500..1_500), (24_889, 0..788), (60_000, 0..1_900)]
    {
        let bytes = blob(length, elements);
        assert_eq!(read(&bytes, None), FIELD_ELEMENTS, "{length} bytes");
    }
    let unknown_version = [&[0, 1][..], &blob(123, 0..4)[2..]].concat();
    assert_eq!(read(&unknown_version, None), FIELD_ELEMENTS);
    let bytes = blob(4_000, 0..128);
    let failure = Bytes::from_static(&[0]);
    let another = Bytes::from([[1].as_slice(), &[0; 128]].concat());
    for outcome in [failure, another] {
        assert_eq!(read(&bytes, Some(outcome)), FIELD_ELEMENTS);
    }
    // L1 before Prague has no such precompile.
    assert_eq!(read_of(&bytes, None, false), FIELD_ELEMENTS);
}
