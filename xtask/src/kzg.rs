//! `cargo xtask kzg`: the points that the host commits to blobs by, and the first of them, which the program has too.

use crate::step;
use anyhow::{Context, Result};
use blstrs::G1Affine;
use std::fs;

/// Field elements in a blob.
const ELEMENTS: usize = 4096;
/// Bytes of an uncompressed point of G1.
const POINT: usize = 96;
/// The files, relative to the repository, and how many points are in each.
const FILES: [(&str, usize); 2] =
    [("crates/host/src/kzg_lagrange.bin", ELEMENTS), ("crates/program/src/lagrange.bin", 784)];

/// Writes the trusted setup's points of G1 in Lagrange form, uncompressed, in the order of a blob's elements. They are
/// taken from c-kzg: each is its commitment to a blob with a one in one place.
pub(crate) fn run() -> Result<()> {
    let settings = c_kzg::ethereum_kzg_settings(0);
    let mut file = Vec::with_capacity(ELEMENTS * POINT);
    for index in 0..ELEMENTS {
        let mut bytes = vec![0; ELEMENTS * 32];
        bytes[32 * index + 31] = 1;
        let commitment = settings.blob_to_kzg_commitment(&c_kzg::Blob::from_bytes(&bytes)?)?.to_bytes().into_inner();
        let point = Option::<G1Affine>::from(G1Affine::from_compressed(&commitment)).context("not a point")?;
        file.extend_from_slice(&point.to_uncompressed());
    }
    for (path, points) in FILES {
        fs::write(step::root().join(path), &file[..points * POINT])?;
    }
    Ok(())
}
