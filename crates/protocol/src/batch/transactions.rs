use alloc::vec::Vec;
use alloy_primitives::Bytes;
use alloy_rlp::{Encodable, Header};

/// The transactions of a batch, EIP-2718 encoded and unchecked.
///
/// They stay what they are in the batch, the payload of an RLP list, and are found when they are asked for: a
/// transaction may be a single byte, and a value for each would take more than thirty times the batch's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions(Bytes);

impl Transactions {
    /// Takes a list's payload.
    ///
    /// # Errors
    /// If it isn't byte strings in canonical form.
    pub(super) fn new(payload: Bytes) -> alloy_rlp::Result<Self> {
        let mut rest = &payload[..];
        while !rest.is_empty() {
            Header::decode_bytes(&mut rest, false)?;
        }
        Ok(Self(payload))
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.0[..];
        core::iter::from_fn(move || Header::decode_bytes(&mut rest, false).ok())
    }

    /// One after the other, as slices of the batch's bytes.
    pub fn slices(&self) -> impl Iterator<Item = Bytes> {
        self.iter().map(|transaction| self.0.slice_ref(transaction))
    }
}

impl FromIterator<Bytes> for Transactions {
    fn from_iter<I: IntoIterator<Item = Bytes>>(transactions: I) -> Self {
        let mut payload = Vec::new();
        transactions.into_iter().for_each(|transaction| transaction.encode(&mut payload));
        Self(payload.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_byte_strings_in_canonical_form_only() {
        assert!(Transactions::new(Bytes::new()).unwrap().is_empty());
        for payload in [&[0xc0][..], &[0x81, 0x7f], &[0x82, 1], &[0x80, 0xb8, 1, 1], &[0xbf, 0xff]] {
            assert!(Transactions::new(Bytes::copy_from_slice(payload)).is_err(), "{payload:?}");
        }
    }

    #[test]
    fn a_byte_may_be_a_transaction() {
        let transactions = Transactions::new(Bytes::from_static(&[1, 0x80, 0x82, 2, 3, 0x7f])).unwrap();
        assert_eq!(transactions.iter().collect::<Vec<_>>(), [&[1][..], &[], &[2, 3], &[0x7f]]);
        assert!(!transactions.is_empty());
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(transactions: Vec<Vec<u8>>) {
            let transactions: Vec<Bytes> = transactions.into_iter().map(Bytes::from).collect();
            let list: Transactions = transactions.iter().cloned().collect();
            prop_assert_eq!(list.slices().collect::<Vec<_>>(), transactions.clone());
            prop_assert_eq!(Transactions::new(list.0.clone()), Ok(list));
            let count = transactions.len();
            prop_assert_eq!(transactions.into_iter().collect::<Transactions>().iter().count(), count);
        }
    }
}
