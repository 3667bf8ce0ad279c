use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes, U256};
use alloy_rlp::{Encodable, Error, Header};

/// What a span batch keeps of a transaction outside of its columns (D54): an optional type byte, then a list of the
/// value, the prices of gas, and the rest.
pub(super) struct SpanTransaction<'a> {
    kind: Kind,
    /// The fields, RLP encoded, as they are in the full transaction.
    value: &'a [u8],
    fees: &'a [u8],
    rest: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Legacy,
    AccessList,
    DynamicFee,
    SetCode,
    /// The whole list is opaque, in `rest`; it has no signature and no columns count for it.
    PostExec,
}

/// Why no transaction can be made of a span batch's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanTransactionError {
    /// The type is none that a span batch may hold.
    #[error("transaction type {0} is not supported")]
    Type(u8),
    /// A field isn't what the type demands, or not in canonical form.
    #[error(transparent)]
    Rlp(Error),
    /// A transaction that sets code names no recipient.
    #[error("transaction that sets code has no recipient")]
    NoRecipient,
}

impl From<Error> for SpanTransactionError {
    fn from(error: Error) -> Self {
        Self::Rlp(error)
    }
}

impl<'a> SpanTransaction<'a> {
    /// Splits the data, which may have other bytes behind it.
    pub(super) fn parse(mut data: &'a [u8]) -> Result<Self, SpanTransactionError> {
        let kind = match *data.first().ok_or(Error::InputTooShort)? {
            0x80.. => Kind::Legacy,
            1 => Kind::AccessList,
            2 => Kind::DynamicFee,
            4 => Kind::SetCode,
            0x7d => Kind::PostExec,
            other => return Err(SpanTransactionError::Type(other)),
        };
        if kind != Kind::Legacy {
            data = &data[1..];
        }
        let start = data;
        let mut list = Header::decode_bytes(&mut data, true)?;
        if kind == Kind::PostExec {
            let rest = &start[..start.len() - data.len()];
            return Ok(Self { kind, value: &[], fees: &[], rest });
        }
        let fee_count = if matches!(kind, Kind::Legacy | Kind::AccessList) { 1 } else { 2 };
        let value = take_items(&mut list, 1)?;
        let fees = take_items(&mut list, fee_count)?;
        Ok(Self { kind, value, fees, rest: list })
    }

    /// Checks all that makes the difference between a transaction and none. A number may exceed 256 bits, except
    /// where code is set; whether the transaction can be executed is another question.
    pub(super) fn check(&self, has_recipient: bool) -> Result<(), SpanTransactionError> {
        if self.kind == Kind::PostExec {
            return Ok(());
        }
        if self.kind == Kind::SetCode && !has_recipient {
            return Err(SpanTransactionError::NoRecipient);
        }
        let longest = if self.kind == Kind::SetCode { 32 } else { usize::MAX };
        for mut numbers in [self.value, self.fees] {
            while !numbers.is_empty() {
                check_number(&mut numbers, longest)?;
            }
        }
        let mut rest = self.rest;
        Header::decode_bytes(&mut rest, false)?;
        if self.kind != Kind::Legacy {
            check_list(&mut rest, check_access)?;
        }
        if self.kind == Kind::SetCode {
            check_list(&mut rest, check_authorization)?;
        }
        expect_end(rest)?;
        Ok(())
    }

    /// The full transaction, EIP-2718 encoded. `v` is the parity of the signature, and whether a legacy transaction
    /// is bound to the chain (EIP-155).
    pub(super) fn assemble(
        &self,
        chain_id: u64,
        nonce: u64,
        gas: u64,
        to: Option<Address>,
        v: (bool, bool),
        signature: &[u8; 64],
    ) -> Bytes {
        let type_byte = match self.kind {
            Kind::Legacy => None,
            Kind::AccessList => Some(1),
            Kind::DynamicFee => Some(2),
            Kind::SetCode => Some(4),
            Kind::PostExec => return [&[0x7d], self.rest].concat().into(),
        };
        let v = match (type_byte, v) {
            (None, (y_parity, true)) => 35 + 2 * u128::from(chain_id) + u128::from(y_parity),
            (None, (y_parity, false)) => 27 + u128::from(y_parity),
            (Some(_), (y_parity, _)) => u128::from(y_parity),
        };
        let chain_id = type_byte.map(|_| chain_id);
        let (r, s) = signature.split_at(32);
        let [r, s] = [r, s].map(U256::from_be_slice);
        let to = to.as_ref().map_or(&[][..], |address| address.as_slice());

        let mut payload_length = self.value.len() + self.fees.len() + self.rest.len();
        payload_length += chain_id.map_or(0, |chain_id| chain_id.length());
        payload_length += nonce.length() + gas.length() + to.length() + v.length() + r.length() + s.length();
        let header = Header { list: true, payload_length };
        // No byte to spare: `Bytes` of a vector that has some takes a second allocation.
        let mut out = Vec::with_capacity(usize::from(type_byte.is_some()) + header.length_with_payload());
        out.extend(type_byte);
        header.encode(&mut out);
        if let Some(chain_id) = chain_id {
            chain_id.encode(&mut out);
        }
        nonce.encode(&mut out);
        out.extend_from_slice(self.fees);
        gas.encode(&mut out);
        to.encode(&mut out);
        out.extend_from_slice(self.value);
        out.extend_from_slice(self.rest);
        v.encode(&mut out);
        r.encode(&mut out);
        s.encode(&mut out);
        out.into()
    }
}

/// Takes items with their headers.
fn take_items<'a>(list: &mut &'a [u8], count: usize) -> Result<&'a [u8], Error> {
    let start = *list;
    for _ in 0..count {
        let header = Header::decode(list)?;
        *list = &list[header.payload_length..];
    }
    Ok(&start[..start.len() - list.len()])
}

fn check_number(buf: &mut &[u8], longest: usize) -> Result<(), Error> {
    match Header::decode_bytes(buf, false)? {
        [0, ..] => Err(Error::LeadingZero),
        bytes if bytes.len() > longest => Err(Error::Overflow),
        _ => Ok(()),
    }
}

fn check_fixed(buf: &mut &[u8], length: usize) -> Result<(), Error> {
    if Header::decode_bytes(buf, false)?.len() == length { Ok(()) } else { Err(Error::UnexpectedLength) }
}

fn check_list(buf: &mut &[u8], check: fn(&mut &[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let mut list = Header::decode_bytes(buf, true)?;
    while !list.is_empty() {
        check(&mut list)?;
    }
    Ok(())
}

/// An entry of an access list: an address and a list of storage keys.
fn check_access(buf: &mut &[u8]) -> Result<(), Error> {
    let mut access = Header::decode_bytes(buf, true)?;
    check_fixed(&mut access, 20)?;
    check_list(&mut access, |keys| check_fixed(keys, 32))?;
    expect_end(access)
}

/// An authorization to set code: chain id, address, nonce, parity, r, s.
fn check_authorization(buf: &mut &[u8]) -> Result<(), Error> {
    let mut authorization = Header::decode_bytes(buf, true)?;
    check_number(&mut authorization, 32)?;
    check_fixed(&mut authorization, 20)?;
    check_number(&mut authorization, 8)?;
    check_number(&mut authorization, 1)?;
    check_number(&mut authorization, 32)?;
    check_number(&mut authorization, 32)?;
    expect_end(authorization)
}

const fn expect_end(buf: &[u8]) -> Result<(), Error> {
    if buf.is_empty() { Ok(()) } else { Err(Error::UnexpectedLength) }
}
