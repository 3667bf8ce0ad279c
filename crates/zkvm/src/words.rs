//! Words of 32 bytes, big-endian, as Solidity's ABI has static values.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256};

/// Bytes of a word.
pub(crate) const WORD: usize = 32;

/// Words one after the other, written.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn hash(&mut self, hash: B256) {
        self.0.extend_from_slice(hash.as_slice());
    }

    pub(crate) fn address(&mut self, address: Address) {
        self.hash(address.into_word());
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&[0; WORD - 8]);
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// A number, or all ones for none.
    pub(crate) fn optional(&mut self, number: Option<u64>) {
        match number {
            Some(number) => self.number(number),
            None => self.hash(B256::repeat_byte(0xff)),
        }
    }
}

/// Words one after the other, read. `None` where there is no such word, or a value is no value of its kind: each value has
/// one form, so that the same words are read from no other bytes.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    pub(crate) fn hash(&mut self) -> Option<B256> {
        let (word, rest) = self.0.split_first_chunk::<WORD>()?;
        self.0 = rest;
        Some(B256::new(*word))
    }

    pub(crate) fn address(&mut self) -> Option<Address> {
        let word = self.hash()?;
        let address = Address::from_word(word);
        (address.into_word() == word).then_some(address)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        number(self.hash()?)
    }

    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        self.number()?.try_into().ok()
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn optional(&mut self) -> Option<Option<u64>> {
        let word = self.hash()?;
        if word == B256::repeat_byte(0xff) { Some(None) } else { number(word).map(Some) }
    }

    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn number(word: B256) -> Option<u64> {
    let (high, low) = word.split_last_chunk::<8>()?;
    high.iter().all(|byte| *byte == 0).then_some(u64::from_be_bytes(*low))
}
