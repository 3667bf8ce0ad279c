use alloy_primitives::{B256, keccak256};

/// What an output root of version 0 is the hash of (rules X32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputRootPreimage {
    /// State root of the L2 block.
    pub state_root: B256,
    /// Storage root of the L2-to-L1 message passer.
    pub message_passer_storage_root: B256,
    /// Hash of the L2 block.
    pub block_hash: B256,
}

impl OutputRootPreimage {
    /// Decodes the four words. The first is the version, of which only zero has a meaning.
    pub fn decode(encoded: &[u8]) -> Result<Self, OutputRootError> {
        let encoded: &[u8; 128] = encoded.try_into().map_err(|_| OutputRootError::Length)?;
        let word = |index: usize| B256::from_slice(&encoded[32 * index..32 * (index + 1)]);
        if !word(0).is_zero() {
            return Err(OutputRootError::Version);
        }
        Ok(Self { state_root: word(1), message_passer_storage_root: word(2), block_hash: word(3) })
    }

    /// Encodes version, state root, storage root and block hash.
    pub fn encode(&self) -> [u8; 128] {
        let mut encoded = [0; 128];
        encoded[32..64].copy_from_slice(&self.state_root.0);
        encoded[64..96].copy_from_slice(&self.message_passer_storage_root.0);
        encoded[96..].copy_from_slice(&self.block_hash.0);
        encoded
    }

    /// The output root.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }
}

/// The output root of an L2 block: what a claim is about.
pub fn output_root(state_root: B256, message_passer_storage_root: B256, block_hash: B256) -> B256 {
    OutputRootPreimage { state_root, message_passer_storage_root, block_hash }.hash()
}

/// Why bytes are not the preimage of an output root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputRootError {
    /// Not 128 bytes.
    #[error("output root's preimage isn't 128 bytes")]
    Length,
    /// The version word is not zero.
    #[error("output root of unknown version")]
    Version,
}
