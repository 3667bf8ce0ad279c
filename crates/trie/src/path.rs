//! Nibbles of keys. A path is always a range of nibbles within a key, at the key's own alignment.

use alloy_primitives::B256;

/// Nibbles in a state or storage key.
pub(crate) const KEY_NIBBLES: usize = 64;

/// The nibble of `key` at `position`; the high half of a byte comes first.
pub(crate) const fn nibble(key: &[u8], position: usize) -> u8 {
    let byte = key[position / 2];
    if position.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
}

/// `key` with the nibble at `position` replaced.
pub(crate) fn with_nibble(mut key: B256, position: usize, nibble: u8) -> B256 {
    let byte = &mut key.0[position / 2];
    *byte = if position.is_multiple_of(2) { *byte & 0x0f | nibble << 4 } else { *byte & 0xf0 | nibble };
    key
}

/// How many leading nibbles two keys share.
pub(crate) fn shared_nibbles(a: &[u8], b: &[u8]) -> usize {
    match a.iter().zip(b).position(|(a, b)| a != b) {
        Some(byte) => 2 * byte + usize::from(a[byte] >> 4 == b[byte] >> 4),
        None => 2 * a.len().min(b.len()),
    }
}
