//! Both ends of the wire protocol, byte by byte and against each other.

use alloy_primitives::{B256, Bytes, keccak256};
use embedded_io::{ErrorType, Read};
use kohala_preimage::{
    BLOB_BYTES, Blob, BlobKeys, Client, ClientError, Hint, Key, KeyKind, Missing, Oracle, PreimageError, Preimages,
    ServeError, Served, WrongPreimage, opening, serve_hint, serve_preimage, versioned_hash,
};
use std::convert::Infallible;

/// Gives one byte at a time, as a slow pipe does.
struct Trickle<'a>(&'a [u8]);

impl ErrorType for Trickle<'_> {
    type Error = Infallible;
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let some = buffer.len().min(1);
        self.0.read(&mut buffer[..some])
    }
}

fn client<'a>(preimages: &'a [u8], hints: &'a [u8]) -> Client<Trickle<'a>, Vec<u8>> {
    Client {
        preimage_reader: Trickle(preimages),
        preimage_writer: Vec::new(),
        hint_reader: Trickle(hints),
        hint_writer: Vec::new(),
    }
}

#[test]
fn client_asks_by_key_and_reads_length_and_value() {
    let mut client = client(b"\0\0\0\0\0\0\0\x05hello\0\0\0\0\0\0\0\0", b"");
    let keys = [Key::local(1), Key::local(2)];
    assert_eq!(client.get(keys[0]).unwrap(), Bytes::from_static(b"hello"));
    assert_eq!(client.get(keys[1]).unwrap(), Bytes::new());
    assert_eq!(client.preimage_writer, [*keys[0].as_bytes(), *keys[1].as_bytes()].concat());
}

#[test]
fn client_sends_length_and_text_of_a_hint_and_waits_for_any_byte() {
    let mut client = client(b"", b"\xff");
    let hint = Hint::L1BlockHeader(B256::ZERO);
    client.hint(&hint).unwrap();
    let text = hint.to_string();
    assert_eq!(client.hint_writer, [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat());
    assert_eq!(client.hint(&hint), Err(ClientError::Closed));
}

#[test]
fn client_says_that_the_host_is_gone() {
    for answer in [&b""[..], b"\0\0\0", b"\0\0\0\0\0\0\0\x05hell"] {
        assert_eq!(client(answer, b"").get(Key::local(1)), Err(ClientError::Closed));
    }
}

#[test]
fn length_alone_allocates_nothing_big() {
    // Eight exabytes would not fit: the call comes back because only what arrives is allocated.
    let answer = [&(i64::MAX as u64).to_be_bytes()[..], b"few"].concat();
    assert_eq!(client(&answer, b"").get(Key::local(1)), Err(ClientError::Closed));
    let hint = [&u32::MAX.to_be_bytes()[..], b"few"].concat();
    assert_eq!(serve_hint(&mut Trickle(&hint), &mut Vec::new(), |_| ()), Err(ServeError::Truncated));
}

#[test]
fn server_answers_one_key() {
    let key = Key::local(7);
    let mut sent = Vec::new();
    let served = serve_preimage(&mut Trickle(key.as_bytes()), &mut sent, |asked| {
        assert_eq!(asked, key);
        Ok::<_, Infallible>(Bytes::from_static(b"value"))
    });
    assert_eq!(served, Ok(Served::Answered));
    assert_eq!(sent, b"\0\0\0\0\0\0\0\x05value");
}

#[test]
fn server_sends_nothing_where_there_is_no_answer() {
    let key = Key::local(7);
    let mut sent = Vec::new();
    let served = serve_preimage(&mut Trickle(key.as_bytes()), &mut sent, |key| Err(WrongPreimage { key }));
    assert_eq!(served, Err(ServeError::Answer(WrongPreimage { key })));
    assert!(sent.is_empty());
}

#[test]
fn server_tells_the_end_of_the_program_from_a_cut() {
    let never = |_| -> Result<Bytes, Infallible> { unreachable!("no whole key was sent") };
    assert_eq!(serve_preimage(&mut Trickle(b""), &mut Vec::new(), never), Ok(Served::Closed));
    assert_eq!(serve_preimage(&mut Trickle(&[2; 31]), &mut Vec::new(), never), Err(ServeError::Truncated));
    assert_eq!(serve_hint(&mut Trickle(b""), &mut Vec::new(), |_| unreachable!()), Ok(Served::Closed));
    assert_eq!(serve_hint(&mut Trickle(b"\0"), &mut Vec::new(), |_| unreachable!()), Err(ServeError::Truncated));
}

#[test]
fn server_answers_hints_it_cannot_read() {
    let (mut seen, mut sent) = (Vec::new(), Vec::new());
    let served = serve_hint(&mut Trickle(b"\0\0\0\x03???"), &mut sent, |text| seen = text.to_vec());
    assert_eq!((served, &seen[..], &sent[..]), (Ok(Served::Answered), &b"???"[..], &[0][..]));
}

fn sparse_blob() -> Blob {
    let mut data = vec![0; 70];
    data[1] = 7;
    data[69] = 9;
    Blob { commitment: [0xc0; 48], proof: [0xc1; 48], data: data.into() }
}

/// An oracle without whole blobs: the trait's own way of reading them.
struct ByElement(Preimages, std::collections::HashMap<Key, Bytes>, Vec<Key>);

impl Oracle for ByElement {
    type Error = PreimageError;

    fn hint(&mut self, hint: &Hint) -> Result<(), PreimageError> {
        self.0.hint(hint)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, PreimageError> {
        self.2.push(key);
        match self.1.get(&key) {
            Some(value) => Ok(value.clone()),
            None => self.0.get(key),
        }
    }
}

fn by_element() -> (ByElement, Blob) {
    elements_of(sparse_blob())
}

fn elements_of(blob: Blob) -> (ByElement, Blob) {
    let keys = BlobKeys::new(blob.commitment).enumerate();
    let mut values: std::collections::HashMap<_, _> =
        keys.map(|(index, (key, _))| (key, Bytes::copy_from_slice(&blob.element(index)))).collect();
    values.insert(Key::sha256(blob.versioned_hash()), Bytes::copy_from_slice(&blob.commitment));
    let opened = opening(&blob.commitment, &blob.data).unwrap();
    values.insert(Key::blob_opening(&blob.commitment), Bytes::copy_from_slice(&opened));
    (ByElement(Preimages::new(), values, Vec::new()), blob)
}

#[test]
fn blob_is_read_element_by_element() {
    let (mut oracle, blob) = by_element();
    let bytes = oracle.blob(blob.versioned_hash(), 3, 5).unwrap();
    assert_eq!(bytes.len(), BLOB_BYTES);
    assert_eq!(bytes, blob.to_bytes());
}

/// Whatever is said of how much is used, the answer is the blob; said rightly it takes one read more than there are
/// elements, and the commitment.
#[test]
fn opened_blob_is_the_blob() {
    let full =
        Bytes::from((0..BLOB_BYTES).map(|place| if place % 32 == 0 { 1 } else { place as u8 }).collect::<Vec<_>>());
    for len in [0, 1, 31, 32, 33, 70, 32 * 4, 32 * 1_000, BLOB_BYTES - 32, BLOB_BYTES] {
        let blob = Blob { data: full.slice(..len), ..sparse_blob() };
        let (mut oracle, blob) = elements_of(blob);
        let right = len.div_ceil(32).max(1);
        USED.set(right);
        let opened = oracle.opened_blob(blob.versioned_hash(), 3, 5, |_| USED.get()).unwrap();
        assert_eq!(opened, blob.to_bytes());
        assert_eq!(oracle.2.len(), 1 + right + usize::from(right < 4096), "{len} bytes");
        for wrong in [0, right - 1, right + 1, 5_000] {
            USED.set(wrong);
            let opened = oracle.opened_blob(blob.versioned_hash(), 3, 5, |_| USED.get()).unwrap();
            assert_eq!(opened, blob.to_bytes(), "{wrong} elements instead of {right}");
        }
    }
}

thread_local! {
    static USED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What an opening has to be is no matter of who answers: an element that is no field element, and an opening of another
/// length, are none of its preimages.
#[test]
fn opened_blob_has_elements_of_the_field() {
    let (mut oracle, blob) = by_element();
    let opening = Key::blob_opening(&blob.commitment);
    oracle.1.insert(Key::blob(&blob.commitment, 1), Bytes::from_static(&[0xff; 32]));
    let read = |oracle: &mut ByElement| oracle.opened_blob(blob.versioned_hash(), 0, 0, |_| 4);
    assert_eq!(read(&mut oracle), Err(WrongPreimage { key: opening }.into()));
    let (mut oracle, _) = by_element();
    oracle.1.insert(opening, Bytes::from_static(&[0; 31]));
    assert_eq!(read(&mut oracle), Err(WrongPreimage { key: opening }.into()));
    oracle.1.remove(&opening);
    assert!(matches!(read(&mut oracle), Err(PreimageError::Missing(Missing { key, .. })) if key == opening));
}

#[test]
fn missing_element_is_named_with_the_blobs_hint() {
    let (mut oracle, blob) = by_element();
    let key = Key::blob(&blob.commitment, 4095);
    oracle.1.remove(&key);
    let hint = Some(Hint::L1Blob { versioned_hash: blob.versioned_hash(), index: Some(3), l1_time: 5 });
    let missing = PreimageError::Missing(Missing { key, hint });
    assert_eq!(oracle.blob(blob.versioned_hash(), 3, 5), Err(missing));
}

#[test]
fn commitment_must_have_the_versioned_hash() {
    let (mut oracle, blob) = by_element();
    let key = Key::sha256(blob.versioned_hash());
    for wrong in [&[0xc1; 48][..], &[0xc0; 47], &[0xc0; 49], b""] {
        oracle.1.insert(key, Bytes::copy_from_slice(wrong));
        assert_eq!(oracle.blob(blob.versioned_hash(), 0, 0), Err(WrongPreimage { key }.into()));
    }
    // The first byte of the hash is no part of the key, but a part of the hash.
    oracle.1.insert(key, Bytes::copy_from_slice(&blob.commitment));
    let mut other_version = blob.versioned_hash();
    other_version[0] = 2;
    assert_eq!(oracle.blob(other_version, 0, 0), Err(WrongPreimage { key }.into()));
}

#[test]
fn element_must_have_32_bytes() {
    let (mut oracle, blob) = by_element();
    let key = Key::blob(&blob.commitment, 17);
    oracle.1.insert(key, Bytes::from_static(&[0; 31]));
    assert_eq!(oracle.blob(blob.versioned_hash(), 0, 0), Err(WrongPreimage { key }.into()));
}

#[test]
fn store_takes_nothing_that_does_not_hash_to_its_key() {
    let mut preimages = Preimages::new();
    let value = Bytes::from_static(b"value");
    let hash = keccak256(&value);
    let right = [Key::keccak256(hash), Key::sha256(versioned_hash(&value))];
    for key in right {
        preimages.insert(key, value.clone()).unwrap();
        assert_eq!(preimages.get(key), Ok(value.clone()));
        assert_eq!(preimages.insert(key, Bytes::from_static(b"other")), Err(WrongPreimage { key }));
    }
    for kind in [KeyKind::Local, KeyKind::GlobalGeneric, KeyKind::Blob, KeyKind::Precompile, KeyKind::Sha256] {
        let key = Key::keccak256(hash).with_kind(kind);
        assert_eq!(preimages.insert(key, value.clone()), Err(WrongPreimage { key }));
    }
    assert_eq!(preimages.iter().len(), right.len());
}

#[test]
fn missing_preimage_names_key_kind_and_hint() {
    let mut preimages = Preimages::new();
    let key = Key::keccak256(B256::repeat_byte(0xab));
    let text = preimages.get(key).unwrap_err().to_string();
    assert_eq!(text, format!("no preimage for the keccak256 key {key}, and no hint came before it"));
    let hint = Hint::L2Code { hash: B256::repeat_byte(0xab), chain_id: None };
    preimages.hint(&hint).unwrap();
    let text = preimages.get(key).unwrap_err().to_string();
    let expected = format!("no preimage for the keccak256 key {key}, which the hint \"{hint}\" should have brought");
    assert_eq!(text, expected);
}
