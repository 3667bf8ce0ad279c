use crate::{ExecuteError, InvalidBlock, InvalidTransaction, StateSource, accelerated};
use alloc::vec::Vec;
use alloy_consensus::crypto::secp256k1::recover_signer;
use alloy_eips::eip7702::{RecoveredAuthority, RecoveredAuthorization, SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, keccak256};
use alloy_rlp::{Decodable, EMPTY_STRING_CODE, Encodable, Header};
use op_revm::{
    OpTransaction,
    transaction::{
        deposit::{DEPOSIT_TRANSACTION_TYPE, DepositTransactionParts},
        estimate_tx_compressed_size,
    },
};
use revm::{
    context::{TxEnv, either::Either},
    primitives::eip7702,
};

/// A transaction of a block, ready for the EVM but for who signed it, which [`Signatures::fill_signers`] fills in.
///
/// Its bytes stay as they came: they are what the transactions' root and the L1 fee are computed from.
#[derive(Debug)]
pub(crate) struct Transaction {
    /// The EVM's view. The caller of a signed transaction is zero and its authorizations are left out until then.
    pub(crate) env: OpTransaction<TxEnv>,
    /// Estimated size after compression in millionths of a byte, zero for deposits, which cost nothing on L1. Both the
    /// L1 cost from Fjord on and Jovian's footprint are computed from it (rules X14, X16).
    pub(crate) estimated_size: u64,
}

/// What is signed of a transaction, and who signed it (rules X04).
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    /// What proves the sender; deposits name theirs.
    proof: Option<SenderProof>,
    /// The sender, recovered once; `None` if nobody signed.
    sender: Once<Option<Address>>,
    /// Authorizations as signed (EIP-7702), one after the other. They stay encoded until they are paid for: a batch may
    /// bring millions that nobody could pay.
    authorizations: Bytes,
    /// How many these are.
    authorization_count: u64,
}

#[derive(Debug)]
struct SenderProof {
    signing_hash: B256,
    signature: Signature,
}

/// Filled once; whoever comes meanwhile waits.
#[cfg(feature = "parallel")]
type Once<T> = std::sync::OnceLock<T>;
/// Filled once.
#[cfg(not(feature = "parallel"))]
type Once<T> = core::cell::OnceCell<T>;

/// A block's transactions, and the signatures of each.
pub(crate) type Decoded = (Vec<Transaction>, Vec<Signatures>);

/// Decodes a block's transactions.
pub(crate) fn decode_all(encoded: &[Bytes]) -> Result<Decoded, InvalidBlock> {
    let mut transactions = Vec::with_capacity(encoded.len());
    let mut signatures = Vec::with_capacity(encoded.len());
    for (index, bytes) in encoded.iter().enumerate() {
        let decoded = Transaction::decode(bytes);
        let (transaction, signed) = decoded.map_err(|reason| InvalidBlock::Transaction { index, reason })?;
        transactions.push(transaction);
        signatures.push(signed);
    }
    Ok((transactions, signatures))
}

/// Does `work`, and recovers meanwhile who sent the transactions, on all cores where the feature `parallel` is on.
#[cfg(feature = "parallel")]
pub(crate) fn while_recovering<T>(signatures: &[Signatures], work: impl FnOnce() -> T) -> T {
    use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use rayon::prelude::*;
    let is_done = AtomicBool::new(false);
    rayon::in_place_scope(|scope| {
        // One alone is recovered as soon by who needs it.
        if signatures.iter().filter(|signed| signed.proof.is_some()).count() > 1 {
            let recover = |signed: &Signatures| _ = is_done.load(Relaxed) || signed.is_signed();
            scope.spawn(move |_| signatures.par_iter().for_each(recover));
        }
        let done = work();
        is_done.store(true, Relaxed);
        done
    })
}

/// Does `work`; who signed is recovered when it asks.
#[cfg(not(feature = "parallel"))]
pub(crate) fn while_recovering<T>(_signatures: &[Signatures], work: impl FnOnce() -> T) -> T {
    work()
}

impl Signatures {
    /// Gas that the authorizations cost before anything is executed (EIP-7702): below it, the EVM would refuse the
    /// transaction.
    pub(crate) const fn authorization_gas(&self) -> u64 {
        self.authorization_count.saturating_mul(eip7702::PER_EMPTY_ACCOUNT_COST)
    }

    /// Whether somebody signed: the sender is recovered with the cryptography of this machine if it isn't known yet.
    pub(crate) fn is_signed(&self) -> bool {
        let Some(proof) = &self.proof else { return true };
        self.sender.get_or_init(|| recover_signer(&proof.signature, proof.signing_hash).ok()).is_some()
    }

    /// Fills in who signed `transaction`, whose signatures these are: by `source`, or recovered with the cryptography of
    /// this machine. False if nobody signed it. The caller has seen to it that the gas is there that the authorizations
    /// cost.
    pub(crate) fn fill_signers<S: StateSource>(
        &self,
        transaction: &mut Transaction,
        source: &mut S,
    ) -> Result<bool, ExecuteError<S::Error>> {
        let is_accelerated = source.is_accelerated();
        let mut recover = |signature: &Signature, hash| {
            accelerated::recover(signature, hash, |address, gas, input| source.precompile(address, gas, input))
        };
        if let (Some(proof), true) = (&self.proof, is_accelerated) {
            let sender = recover(&proof.signature, proof.signing_hash)?;
            self.sender.get_or_init(|| sender);
        }
        if !self.is_signed() {
            return Ok(false);
        }
        let env = &mut transaction.env.base;
        env.caller = self.sender.get().copied().flatten().unwrap_or(env.caller);
        let mut rest = &self.authorizations[..];
        while !rest.is_empty() {
            let signed = SignedAuthorization::decode(&mut rest).expect("decoded with the transaction");
            env.authorization_list.push(Either::Right(recovered(signed, &mut recover)?));
        }
        Ok(true)
    }
}

impl Transaction {
    /// Decodes one EIP-2718 encoded transaction: legacy or of type 1, 2, 4 or 0x7E.
    pub(crate) fn decode(encoded: &Bytes) -> Result<(Self, Signatures), InvalidTransaction> {
        let malformed = |_| InvalidTransaction::Malformed;
        match encoded.first() {
            None => Err(InvalidTransaction::Malformed),
            Some(0xc0..) => decode_legacy(encoded).map_err(malformed)?.ok_or(InvalidTransaction::Signature),
            Some(&ty @ (1 | 2 | 4)) => decode_typed(ty, encoded).map_err(malformed),
            Some(&DEPOSIT_TRANSACTION_TYPE) => decode_deposit(encoded).map_err(malformed),
            Some(&ty) => Err(InvalidTransaction::Type(ty)),
        }
    }

    /// The EIP-2718 type, 0 for legacy.
    pub(crate) const fn ty(&self) -> u8 {
        self.env.base.tx_type
    }

    /// True for deposits.
    pub(crate) const fn is_deposit(&self) -> bool {
        self.ty() == DEPOSIT_TRANSACTION_TYPE
    }

    fn signed(env: TxEnv, encoded: &Bytes, signing_hash: B256, signature: Signature) -> (Self, Signatures) {
        let env = OpTransaction { enveloped_tx: Some(encoded.clone()), ..OpTransaction::new(env) };
        let proof = Some(SenderProof { signing_hash, signature });
        let transaction = Self { env, estimated_size: estimate_tx_compressed_size(encoded) };
        (transaction, Signatures { proof, ..Signatures::default() })
    }
}

/// Recovers the authority here and not in the EVM, so that both kinds of signature go the same way.
fn recovered<E>(
    signed: SignedAuthorization,
    recover: impl FnOnce(&Signature, B256) -> Result<Option<Address>, E>,
) -> Result<RecoveredAuthorization, E> {
    let authority = match signed.y_parity() {
        parity @ 0..=1 => recover(&Signature::new(signed.r(), signed.s(), parity == 1), signed.signature_hash())?,
        _ => None,
    };
    let authority = authority.map_or(RecoveredAuthority::Invalid, RecoveredAuthority::Valid);
    Ok(RecoveredAuthorization::new_unchecked(signed.strip_signature(), authority))
}

/// Decodes a legacy transaction; `None` if its `v` belongs to no signature.
fn decode_legacy(encoded: &Bytes) -> alloy_rlp::Result<Option<(Transaction, Signatures)>> {
    let mut fields = Fields::open(encoded, 0)?;
    let mut env = TxEnv {
        nonce: fields.next()?,
        gas_price: fields.next()?,
        gas_limit: fields.next()?,
        kind: fields.next()?,
        value: fields.next()?,
        data: fields.next_bytes()?,
        chain_id: None,
        ..TxEnv::default()
    };
    let unsigned = fields.read();
    let v: u128 = fields.next()?;
    let (r, s) = (fields.next()?, fields.next()?);
    fields.close()?;
    // EIP-155: v = 35 + 2 * chain id + parity; before it, 27 + parity.
    let (odd, suffix) = match v {
        27 | 28 => (v == 28, None),
        35.. => {
            let Ok(chain_id) = u64::try_from((v - 35) / 2) else { return Ok(None) };
            (v.is_multiple_of(2), Some(chain_id))
        }
        _ => return Ok(None),
    };
    env.chain_id = suffix;
    let mut buffer = Vec::with_capacity(unsigned.len() + 20);
    let suffix_length = suffix.map_or(0, |chain_id| chain_id.length() + 2);
    Header { list: true, payload_length: unsigned.len() + suffix_length }.encode(&mut buffer);
    buffer.extend_from_slice(unsigned);
    if let Some(chain_id) = suffix {
        chain_id.encode(&mut buffer);
        buffer.extend_from_slice(&[EMPTY_STRING_CODE; 2]);
    }
    Ok(Some(Transaction::signed(env, encoded, keccak256(&buffer), Signature::new(r, s, odd))))
}

/// Decodes a transaction of type 1 (EIP-2930), 2 (EIP-1559) or 4 (EIP-7702).
fn decode_typed(ty: u8, encoded: &Bytes) -> alloy_rlp::Result<(Transaction, Signatures)> {
    let mut fields = Fields::open(encoded, 1)?;
    let chain_id = Some(fields.next()?);
    let nonce = fields.next()?;
    let gas_priority_fee = if ty == 1 { None } else { Some(fields.next()?) };
    let env = TxEnv {
        tx_type: ty,
        chain_id,
        nonce,
        gas_priority_fee,
        gas_price: fields.next()?,
        gas_limit: fields.next()?,
        // An authorization list can't create: its transaction has an address here and nothing else.
        kind: if ty == 4 { TxKind::Call(fields.next::<Address>()?) } else { fields.next()? },
        value: fields.next()?,
        data: fields.next_bytes()?,
        access_list: fields.next()?,
        ..TxEnv::default()
    };
    let (authorizations, authorization_count) = if ty == 4 { fields.next_authorizations()? } else { (Bytes::new(), 0) };
    let unsigned = fields.read();
    let odd = fields.next()?;
    let signature = Signature::new(fields.next()?, fields.next()?, odd);
    fields.close()?;
    let mut buffer = Vec::with_capacity(unsigned.len() + 10);
    buffer.push(ty);
    Header { list: true, payload_length: unsigned.len() }.encode(&mut buffer);
    buffer.extend_from_slice(unsigned);
    let (transaction, signatures) = Transaction::signed(env, encoded, keccak256(&buffer), signature);
    Ok((transaction, Signatures { authorizations, authorization_count, ..signatures }))
}

/// Decodes a deposit (rules S01).
fn decode_deposit(encoded: &Bytes) -> alloy_rlp::Result<(Transaction, Signatures)> {
    let mut fields = Fields::open(encoded, 1)?;
    let source_hash = fields.next()?;
    let caller = fields.next()?;
    let kind = fields.next()?;
    let mint: u128 = fields.next()?;
    let value = fields.next()?;
    let gas_limit = fields.next()?;
    let is_system_transaction = fields.next()?;
    let data = fields.next_bytes()?;
    fields.close()?;
    let env = TxEnv {
        tx_type: DEPOSIT_TRANSACTION_TYPE,
        caller,
        gas_limit,
        kind,
        value,
        data,
        chain_id: None,
        ..TxEnv::default()
    };
    let deposit = DepositTransactionParts { source_hash, mint: Some(mint), is_system_transaction };
    let env = OpTransaction { base: env, enveloped_tx: None, deposit };
    Ok((Transaction { env, estimated_size: 0 }, Signatures::default()))
}

/// The fields of an RLP list that is all of a transaction after its type.
struct Fields<'a> {
    encoded: &'a Bytes,
    /// The list's payload.
    payload: &'a [u8],
    /// What of it is not read yet.
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Opens the list behind `skip` bytes, which must reach to the end.
    fn open(encoded: &'a Bytes, skip: usize) -> alloy_rlp::Result<Self> {
        let mut buffer = &encoded[skip..];
        let payload = Header::decode_bytes(&mut buffer, true)?;
        if buffer.is_empty() {
            Ok(Self { encoded, payload, rest: payload })
        } else {
            Err(alloy_rlp::Error::UnexpectedLength)
        }
    }

    fn next<T: Decodable>(&mut self) -> alloy_rlp::Result<T> {
        T::decode(&mut self.rest)
    }

    /// The next field as a part of the transaction's own bytes, not copied.
    fn next_bytes(&mut self) -> alloy_rlp::Result<Bytes> {
        Header::decode_bytes(&mut self.rest, false).map(|bytes| self.encoded.slice_ref(bytes))
    }

    /// The authorizations of the next field, one after the other, and how many they are. Each has been decoded.
    fn next_authorizations(&mut self) -> alloy_rlp::Result<(Bytes, u64)> {
        let list = Header::decode_bytes(&mut self.rest, true)?;
        let (mut rest, mut count) = (list, 0);
        while !rest.is_empty() {
            SignedAuthorization::decode(&mut rest)?;
            count += 1;
        }
        Ok((self.encoded.slice_ref(list), count))
    }

    /// The encoding of all fields read so far.
    const fn read(&self) -> &'a [u8] {
        self.payload.split_at(self.payload.len() - self.rest.len()).0
    }

    const fn close(self) -> alloy_rlp::Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(alloy_rlp::Error::UnexpectedLength) }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use alloc::vec;
    use alloy_consensus::{Transaction as _, Typed2718, transaction::SignerRecoverable};
    use alloy_eips::Decodable2718;
    use kohala_trie::NodeSource;
    use op_alloy_consensus::OpTxEnvelope;
    use std::{collections::BTreeMap, convert::Infallible};

    /// Who signed is computed.
    struct Unasked;

    impl NodeSource for Unasked {
        type Error = Infallible;

        fn node(&mut self, _: B256) -> Result<Bytes, Infallible> {
            unreachable!("signatures need no state")
        }
    }

    impl StateSource for Unasked {
        fn code(&mut self, _: B256) -> Result<Bytes, Infallible> {
            unreachable!("signatures need no state")
        }

        fn header(&mut self, _: B256) -> Result<alloy_consensus::Header, Infallible> {
            unreachable!("signatures need no state")
        }
    }

    fn recorded() -> Vec<Bytes> {
        let chains = ["main", "staged"].map(kohala_testdata::chain);
        chains.into_iter().flat_map(|chain| chain.l2).flat_map(|block| block.transactions).collect()
    }

    fn decode(encoded: &Bytes) -> Option<Transaction> {
        let (mut transactions, signatures) = decode_all(std::slice::from_ref(encoded)).ok()?;
        let mut transaction = transactions.pop()?;
        let fill = || signatures[0].fill_signers(&mut transaction, &mut Unasked).unwrap();
        while_recovering(&signatures, fill).then_some(transaction)
    }

    /// What op-alloy makes of the bytes, with the sender, where they are a transaction of ours.
    fn op_alloy(encoded: &Bytes) -> Option<(OpTxEnvelope, Address)> {
        let transaction = OpTxEnvelope::decode_2718_exact(encoded).ok()?;
        let sender = transaction.recover_signer().ok()?;
        (!transaction.is_post_exec()).then_some((transaction, sender))
    }

    #[test]
    fn decodes_what_op_alloy_decodes() {
        let mut types = BTreeMap::<u8, usize>::new();
        for encoded in recorded() {
            let ours = decode(&encoded).unwrap();
            let (theirs, sender) = op_alloy(&encoded).unwrap();
            let env = &ours.env.base;
            *types.entry(ours.ty()).or_default() += 1;
            assert_eq!((env.caller, env.tx_type), (sender, theirs.ty()));
            assert_eq!((env.kind, env.value, &env.data), (theirs.kind(), theirs.value(), theirs.input()));
            assert_eq!(env.gas_limit, theirs.gas_limit());
            assert_eq!(env.chain_id, theirs.chain_id());
            assert_eq!(env.access_list, theirs.access_list().cloned().unwrap_or_default());
            assert_eq!(
                env.gas_priority_fee,
                theirs.max_priority_fee_per_gas().filter(|_| env.tx_type != DEPOSIT_TRANSACTION_TYPE)
            );
            match &theirs {
                OpTxEnvelope::Deposit(deposit) => {
                    assert_eq!(ours.env.enveloped_tx, None);
                    assert_eq!(ours.env.deposit.source_hash, deposit.source_hash);
                    assert_eq!(ours.env.deposit.mint, Some(deposit.mint));
                    assert_eq!(ours.env.deposit.is_system_transaction, deposit.is_system_transaction);
                }
                _ => {
                    assert_eq!(ours.env.enveloped_tx.as_ref(), Some(&encoded));
                    assert_eq!((env.nonce, env.gas_price), (theirs.nonce(), theirs.max_fee_per_gas()));
                }
            }
            let authorities = env.authorization_list.iter().map(|authorization| match authorization {
                Either::Right(recovered) => recovered.authority(),
                Either::Left(_) => panic!("not recovered"),
            });
            let expected =
                theirs.authorization_list().into_iter().flatten().map(|signed| signed.recover_authority().ok());
            assert!(authorities.eq(expected));
        }
        assert_eq!(types.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 4, 0x7e], "every type was recorded");
    }

    #[test]
    fn accepts_no_damaged_transaction_that_op_alloy_refuses() {
        let mut samples = BTreeMap::new();
        for encoded in recorded().into_iter().filter(|encoded| encoded.len() < 400) {
            samples.entry(encoded[0]).or_insert(encoded);
        }
        assert!(samples.len() >= 5);
        for encoded in samples.values() {
            for at in 0..encoded.len() {
                for change in [0x01, 0x40, 0x80, 0xff] {
                    let mut damaged = encoded.to_vec();
                    damaged[at] ^= change;
                    let damaged = Bytes::from(damaged);
                    let ours = decode(&damaged).map(|transaction| transaction.env.base.caller);
                    assert_eq!(ours, op_alloy(&damaged).map(|(_, sender)| sender), "{damaged}");
                }
                assert!(decode(&encoded.slice(..at)).is_none());
            }
            let longer = [encoded.as_ref(), &[0]].concat();
            assert!(decode(&longer.into()).is_none());
        }
    }

    #[test]
    fn refuses_types_that_l2_does_not_have() {
        for ty in [0, 3, 5, 0x7d, 0x7f, 0x80, 0xbf] {
            let encoded = Bytes::from(vec![ty, 0xc0]);
            assert_eq!(Transaction::decode(&encoded).unwrap_err(), InvalidTransaction::Type(ty));
        }
        assert_eq!(Transaction::decode(&Bytes::new()).unwrap_err(), InvalidTransaction::Malformed);
    }

    #[test]
    fn input_is_a_part_of_the_transaction_not_a_copy() {
        let encoded = recorded().into_iter().find(|encoded| encoded.len() > 1000).unwrap();
        let data = Transaction::decode(&encoded).unwrap().0.env.base.data;
        assert!(encoded.as_ptr_range().contains(&data.as_ptr()));
    }
}
