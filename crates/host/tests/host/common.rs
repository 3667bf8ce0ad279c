//! A small set of preimages with everything in it that a store may hold.

use alloy_primitives::{Address, Bytes, hex, keccak256};
use kohala_host::kzg;
use kohala_preimage::{BLOB_BYTES, Blob, Key, KeyKind, Preimages, versioned_hash};
use std::sync::LazyLock;

/// Calls and outcomes as op-program recorded them: a failure, and a success.
pub(crate) const CALLS: [(&str, &str); 2] = [
    (
        "000000000000000000000000000000000000000a000000000000c3500177a0c140c7ee2d02d9478191b7dd8540a97dc78e3060d05ed227def4c5d72c00000000000000000000000000000000000000000000000000000000000000050000000000000000000000000000000000000000000000000000000000000005a04d122c917cc926cc1ec853e2226ade9fe4adb3067af7966662e750336bd7023e34a86e26aaf7b33fa672aca782dc59a7e668e04d13ea2e6117da745ea350487d839c6219a1bb1d29d0f7d205ee248f94fa6bdb6eed9c087d673e0b2cbb4082",
        "00",
    ),
    (
        "00000000000000000000000000000000000000010000000000000bb892aef1b955b9de564fc50e31a55b470b0c8cdb931f186485d620729fb03d6f2c000000000000000000000000000000000000000000000000000000000000001c8a87a1697267a85544cd7e1f7354fd759ad5f617f0e61ed46413e5fe2a8ec6b033b139823acf03152c91c005952abbbc867dbbc3295287fee23546280c6d4b0c",
        "010000000000000000000000002e79c3bf8be6c325b7ad5aae23e0eb314acabfa2",
    ),
];

/// A blob whose first `elements` field elements are pseudo-random and the others zero.
pub(crate) fn blob_bytes(seed: u8, elements: usize) -> Vec<u8> {
    let mut bytes = vec![0; BLOB_BYTES];
    for (index, element) in bytes.chunks_exact_mut(32).take(elements).enumerate() {
        element.copy_from_slice(keccak256([seed, index as u8, (index >> 8) as u8]).as_slice());
        element[0] = 0;
    }
    bytes
}

/// Blobs: two sparse ones, an empty one, a full one.
pub(crate) static BLOBS: LazyLock<Vec<Blob>> = LazyLock::new(|| {
    [(1, 3), (2, 40), (3, 0), (4, 4096)]
        .into_iter()
        .map(|(seed, elements)| kzg::blob(&blob_bytes(seed, elements)).unwrap())
        .collect()
});

/// Values of many lengths, calls of precompiles, something under a sha256 key that is no commitment, and `blobs`.
pub(crate) fn preimages(blobs: &[Blob]) -> Preimages {
    let mut preimages = Preimages::new();
    for len in (0..60).chain([79, 80, 81, 532, 2000]) {
        let value: Vec<u8> = (0..len).map(|byte| keccak256([len as u8, byte as u8])[0] & 0x1f).collect();
        preimages.insert_keccak256(value.into());
    }
    let odd = Bytes::from_static(b"no commitment");
    preimages.insert(Key::sha256(versioned_hash(&odd)), odd).unwrap();
    for (call, outcome) in CALLS {
        let (call, outcome) = (hex::decode(call).unwrap(), hex::decode(outcome).unwrap());
        let gas = u64::from_be_bytes(call[20..28].try_into().unwrap());
        preimages.insert_precompile(Address::from_slice(&call[..20]), gas, &call[28..], outcome.into());
    }
    for blob in blobs {
        preimages.insert_blob(blob.clone(), kzg::verify_proof).unwrap();
    }
    preimages
}

/// All that two sets have, in order.
#[track_caller]
pub(crate) fn assert_same(a: &Preimages, b: &Preimages) {
    let values = |preimages: &Preimages| {
        let mut values: Vec<_> = preimages.iter().map(|(key, value)| (key, value.clone())).collect();
        values.sort();
        values
    };
    let blobs = |preimages: &Preimages| {
        let mut blobs: Vec<_> = preimages.blobs().cloned().collect();
        blobs.sort_by_key(|blob| blob.commitment);
        blobs
    };
    assert_eq!(values(a), values(b));
    assert_eq!(blobs(a), blobs(b));
    assert!(a.iter().any(|(key, _)| key.kind() == Some(KeyKind::Precompile)));
}
