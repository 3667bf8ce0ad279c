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
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let encoded: &[u8; 128] = encoded.try_into().ok()?;
        let word = |index: usize| B256::from_slice(&encoded[32 * index..32 * (index + 1)]);
        if !word(0).is_zero() {
            return None;
        }
        Some(Self { state_root: word(1), message_passer_storage_root: word(2), block_hash: word(3) })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> OutputRootPreimage {
        let [state_root, message_passer_storage_root, block_hash] = [1, 2, 3].map(B256::repeat_byte);
        OutputRootPreimage { state_root, message_passer_storage_root, block_hash }
    }

    #[test]
    fn an_output_root_hashes_version_and_three_words() {
        let encoded = example().encode();
        assert_eq!(encoded, [0, 1, 2, 3].map(|byte| [byte; 32]).concat()[..]);
        assert_eq!(OutputRootPreimage::decode(&encoded), Some(example()));
        let [a, b, c] = [1, 2, 3].map(B256::repeat_byte);
        assert_eq!(output_root(a, b, c), keccak256(encoded));
    }

    #[test]
    fn the_version_must_be_zero() {
        for index in 0..32 {
            let mut encoded = example().encode();
            encoded[index] = 1;
            assert_eq!(OutputRootPreimage::decode(&encoded), None);
        }
    }

    #[test]
    fn the_length_must_be_four_words() {
        let long = [example().encode(), [0; 128]].concat();
        for length in (0..=256).filter(|length| *length != 128) {
            assert_eq!(OutputRootPreimage::decode(&long[..length]), None);
        }
    }
}
