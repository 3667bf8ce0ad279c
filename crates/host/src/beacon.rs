//! What a beacon node tells of blobs, each checked against its versioned hash.

use crate::{
    kzg,
    rpc::{Endpoint, RpcError},
};
use alloy_primitives::{B256, Bytes, FixedBytes};
use kohala_preimage::{BLOB_BYTES, Blob, versioned_hash};
use rayon::prelude::*;
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::HashMap, time::Duration};
use tokio::sync::OnceCell;

/// A blob and the commitment to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedBlob {
    /// The commitment that its versioned hash is of.
    pub commitment: [u8; 48],
    /// 131072 bytes.
    pub bytes: Bytes,
}

/// A beacon node behind one or more URLs.
#[derive(Debug)]
pub struct BeaconNode {
    endpoint: Endpoint,
    /// Seconds a slot takes, if the node is not to be asked.
    slot_duration: Option<u64>,
    clock: OnceCell<Clock>,
}

/// How times become slots.
#[derive(Debug, Clone, Copy)]
struct Clock {
    genesis: u64,
    slot: u64,
}

/// A number in a string, as the beacon API writes it.
#[derive(Deserialize)]
struct Decimal(String);

impl Decimal {
    fn number(&self) -> Result<u64, String> {
        self.0.parse().map_err(|_| format!("{:?} where a number is due", self.0))
    }
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let read: Result<Data<T>, _> = serde_json::from_slice(body);
    read.map(|read| read.data).map_err(|error| format!("an answer that can't be read: {error}"))
}

impl BeaconNode {
    /// A beacon node behind `endpoint`, with the length of a slot if the node's own word isn't to be taken.
    pub fn new(endpoint: Endpoint, slot_duration: Option<Duration>) -> Self {
        let slot_duration = slot_duration.map(|slot| slot.as_secs().max(1));
        Self { endpoint, slot_duration, clock: OnceCell::new() }
    }

    /// The endpoint.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The slot of the L1 block with this time (rules H20). Asks the node once for what it takes.
    ///
    /// # Errors
    /// Where the node doesn't tell.
    pub async fn slot(&self, l1_time: u64) -> Result<u64, RpcError> {
        let clock = self.clock.get_or_try_init(|| self.ask_clock()).await?;
        Ok(l1_time.saturating_sub(clock.genesis) / clock.slot)
    }

    async fn ask_clock(&self) -> Result<Clock, RpcError> {
        #[derive(Deserialize)]
        struct Genesis {
            genesis_time: Decimal,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        struct Spec {
            seconds_per_slot: Decimal,
        }
        let genesis =
            self.endpoint.get("genesis", "eth/v1/beacon/genesis", |body| read::<Genesis>(body)?.genesis_time.number());
        let slot = async {
            match self.slot_duration {
                Some(slot) => Ok(slot),
                None => {
                    let spec = |body: &[u8]| read::<Spec>(body)?.seconds_per_slot.number();
                    self.endpoint.get("spec", "eth/v1/config/spec", spec).await
                }
            }
        };
        let (genesis, slot) = futures_util::future::try_join(genesis, slot).await?;
        Ok(Clock { genesis, slot: slot.max(1) })
    }

    /// Blobs of the L1 block with this time, in the order of `hashes`.
    ///
    /// # Errors
    /// Where no node has them all.
    pub async fn blobs(&self, l1_time: u64, hashes: &[B256]) -> Result<Vec<CheckedBlob>, RpcError> {
        let slot = self.slot(l1_time).await?;
        let first = match self.whole_blobs(slot, hashes).await {
            Ok(blobs) => return Ok(blobs),
            Err(error) => error,
        };
        // Nodes from before Fusaka know only sidecars.
        self.sidecars(slot, hashes).await.map_err(|second| match first {
            // Of a method that nobody knows there is nothing to say.
            RpcError::Unsupported { .. } => second,
            first => first,
        })
    }

    /// Blobs of a slot by their hashes, as nodes tell them from Fusaka on.
    pub(crate) async fn whole_blobs(&self, slot: u64, hashes: &[B256]) -> Result<Vec<CheckedBlob>, RpcError> {
        let list = hashes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let path = format!("eth/v1/beacon/blobs/{slot}?versioned_hashes={list}");
        let blobs = |body: &[u8]| {
            let blobs: Vec<Bytes> = read(body)?;
            arranged(hashes, committed(blobs))
        };
        self.endpoint.get("blobs", &path, blobs).await
    }

    /// Blobs out of all sidecars of a slot.
    pub(crate) async fn sidecars(&self, slot: u64, hashes: &[B256]) -> Result<Vec<CheckedBlob>, RpcError> {
        let path = format!("eth/v1/beacon/blob_sidecars/{slot}");
        let blobs = |body: &[u8]| {
            let sidecars: Vec<Sidecar> = read(body)?;
            arranged(hashes, sidecars.into_par_iter().filter_map(|sidecar| sidecar.checked(hashes)).collect())
        };
        self.endpoint.get("blob_sidecars", &path, blobs).await
    }
}

#[derive(Deserialize)]
struct Sidecar {
    blob: Bytes,
    kzg_commitment: FixedBytes<48>,
    kzg_proof: FixedBytes<48>,
}

impl Sidecar {
    /// The blob, if it is among `hashes` and is what its commitment says.
    fn checked(self, hashes: &[B256]) -> Option<CheckedBlob> {
        let commitment = self.kzg_commitment.0;
        let is_whole = self.blob.len() == BLOB_BYTES && hashes.contains(&versioned_hash(&commitment));
        let blob = Blob { commitment, proof: self.kzg_proof.0, data: self.blob };
        (is_whole && kzg::verify(&blob).is_ok()).then(|| CheckedBlob { commitment, bytes: blob.data })
    }
}

/// Blobs with the commitments to them, computed on all cores; what is no blob is left out.
fn committed(blobs: Vec<Bytes>) -> Vec<CheckedBlob> {
    let commit = |bytes: Bytes| kzg::commitment(&bytes).ok().map(|commitment| CheckedBlob { commitment, bytes });
    blobs.into_par_iter().filter_map(commit).collect()
}

/// The blobs in the order of `hashes`, in which one may stand twice.
fn arranged(hashes: &[B256], blobs: Vec<CheckedBlob>) -> Result<Vec<CheckedBlob>, String> {
    let by_hash: HashMap<B256, CheckedBlob> =
        blobs.into_iter().map(|blob| (versioned_hash(&blob.commitment), blob)).collect();
    let found = |hash: &B256| by_hash.get(hash).cloned().ok_or_else(|| format!("blobs without {hash}"));
    hashes.iter().map(found).collect()
}
