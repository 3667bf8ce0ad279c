//! Blob proofs, held to c-kzg.

use crate::common::{BLOBS, blob_bytes};
use kohala_host::kzg;
use kohala_preimage::{Blob, BlobError, Key, opening};

#[test]
fn proof_of_every_blob_holds_here_and_in_c_kzg() {
    let settings = c_kzg::ethereum_kzg_settings(0);
    for blob in BLOBS.iter() {
        kzg::verify(blob).unwrap();
        let bytes = c_kzg::Blob::from_bytes(&blob.to_bytes()).unwrap();
        let holds = settings.verify_blob_kzg_proof(&bytes, &blob.commitment.into(), &blob.proof.into());
        assert!(holds.unwrap());
    }
    kzg::verify_all(BLOBS.iter()).unwrap();
    kzg::verify_all([]).unwrap();
}

#[test]
fn commitments_and_proofs_are_those_of_c_kzg() {
    let settings = c_kzg::ethereum_kzg_settings(0);
    // A wrong point of the setup would show in a full blob.
    for (seed, elements) in [(1, 0), (2, 1), (3, 100), (4, 4095), (5, 4096)] {
        let bytes = blob_bytes(seed, elements);
        let theirs = c_kzg::Blob::from_bytes(&bytes).unwrap();
        let commitment = settings.blob_to_kzg_commitment(&theirs).unwrap().to_bytes();
        assert_eq!(kzg::commitment(&bytes).unwrap(), commitment.into_inner(), "{elements} elements");
        let proof = settings.compute_blob_kzg_proof(&theirs, &commitment).unwrap().to_bytes();
        assert_eq!(kzg::blob(&bytes).unwrap().proof, proof.into_inner(), "{elements} elements");
    }
}

#[test]
fn altered_blob_is_refused_alone_and_among_others() {
    for place in 0..BLOBS.len() {
        for what in 0..3 {
            let mut blobs = BLOBS.clone();
            let other = blobs[(place + 1) % BLOBS.len()].clone();
            match what {
                0 => blobs[place].commitment = other.commitment,
                1 => blobs[place].proof = other.proof,
                _ => blobs[place].data = other.data,
            }
            assert_eq!(kzg::verify(&blobs[place]), Err(BlobError::Proof), "{place} {what}");
            assert_eq!(kzg::verify_all(&blobs), Err(BlobError::Proof), "{place} {what}");
        }
    }
}

#[test]
fn many_blobs_are_checked_at_once_empty_ones_among_them() {
    let mut blobs: Vec<_> = std::iter::repeat_n(&BLOBS[..3], 20).flatten().cloned().collect();
    kzg::verify_all(&blobs).unwrap();
    for place in [0, 1, 2, 31, 57, 59] {
        let proof = std::mem::replace(&mut blobs[place].proof, BLOBS[3].proof);
        assert_eq!(kzg::verify_all(&blobs), Err(BlobError::Proof), "{place}");
        blobs[place].proof = proof;
    }
}

#[test]
fn two_errors_do_not_cancel_out() {
    let mut blobs = BLOBS[..2].to_vec();
    let (left, right) = blobs.split_at_mut(1);
    std::mem::swap(&mut left[0].proof, &mut right[0].proof);
    assert_eq!(kzg::verify_all(&blobs), Err(BlobError::Proof));
}

#[test]
fn bytes_that_are_no_points_prove_nothing() {
    for bytes in [[0; 48], [0xff; 48], [0x80; 48]] {
        let mut blob = BLOBS[0].clone();
        blob.proof = bytes;
        assert_eq!(kzg::verify(&blob), Err(BlobError::Proof));
        assert_eq!(kzg::verify_all([&blob, &BLOBS[1]]), Err(BlobError::Proof));
        let mut blob = BLOBS[0].clone();
        blob.commitment = bytes;
        assert_eq!(kzg::verify(&blob), Err(BlobError::Proof));
    }
}

/// The point at infinity is the commitment to zeros alone, and the proof of blobs that are the same everywhere.
#[test]
fn infinity_proves_constants_only() {
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    let constant = kzg::blob(&[0, 7].repeat(16 * 4096)).unwrap();
    assert_eq!(constant.proof, infinity);
    assert_ne!(constant.commitment, infinity);
    kzg::verify(&constant).unwrap();
    kzg::verify_all([&constant, &BLOBS[2], &BLOBS[1], &constant]).unwrap();
    let Blob { commitment, proof, data } = BLOBS[1].clone();
    for (commitment, proof) in [(commitment, infinity), (infinity, proof), (infinity, infinity)] {
        let forged = Blob { commitment, proof, data: data.clone() };
        assert_eq!(kzg::verify(&forged), Err(BlobError::Proof));
        assert_eq!(kzg::verify_all([&BLOBS[2], &forged, &constant]), Err(BlobError::Proof));
    }
}

#[test]
fn element_beyond_the_fields_order_is_refused() {
    let mut blob = BLOBS[1].clone();
    let mut data = blob.data.to_vec();
    data[32 * 5..32 * 6].copy_from_slice(&[0xff; 32]);
    blob.data = data.into();
    assert_eq!(kzg::verify(&blob), Err(BlobError::NotCanonical(5)));
    assert_eq!(kzg::blob(&blob.to_bytes()), Err(BlobError::NotCanonical(5)));
    blob.data = vec![0; 131_073].into();
    assert_eq!(kzg::verify(&blob), Err(BlobError::Length));
}

#[test]
fn blob_has_its_elements_values_and_its_opening_at_the_points_in_their_keys() {
    let settings = c_kzg::ethereum_kzg_settings(0);
    let bytes = blob_bytes(4, 4096);
    let whole = c_kzg::Blob::from_bytes(&bytes).unwrap();
    for index in [0, 1, 2, 3, 1000, 2047, 2048, 4094, 4095] {
        let point: [u8; 32] = Key::blob_preimage(&BLOBS[3].commitment, index)[48..].try_into().unwrap();
        let (_, value) = settings.compute_kzg_proof(&whole, &point.into()).unwrap();
        assert_eq!(value.as_slice(), BLOBS[3].element(index), "element {index}");
    }
    for blob in &*BLOBS {
        let point: [u8; 32] = Key::blob_opening_preimage(&blob.commitment)[48..].try_into().unwrap();
        let whole = c_kzg::Blob::from_bytes(&blob.to_bytes()).unwrap();
        let (_, value) = settings.compute_kzg_proof(&whole, &point.into()).unwrap();
        assert_eq!(value.as_slice(), opening(&blob.commitment, &blob.data).unwrap());
    }
}
