use crate::{script::Script, span, span::Span};
use alloy_consensus::TxEnvelope;
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{B256, Bytes};
use alloy_rlp::{Decodable, Header, RlpDecodable, RlpEncodable};
use kohala_protocol::{Batch, SpanBatch, SpanContext};

const CONTEXT: SpanContext = SpanContext { genesis_time: 1000, block_time: 2, chain_id: 901 };

/// A singular batch in the words of alloy's RLP.
#[derive(Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
struct Fields {
    parent_hash: B256,
    epoch_number: u64,
    epoch_hash: B256,
    timestamp: u64,
    transactions: Vec<Bytes>,
}

/// The item of a singular batch, without the type byte: alloy's RLP takes the same ones and reads the same.
pub fn singular_batch(fields: &[u8]) {
    let item = Bytes::from([&[0], fields].concat());
    let decoded = Batch::decode(item.clone(), &CONTEXT).ok();
    let expected = Fields::decode(&mut &*fields).ok();
    let decoded = decoded.map(|batch| {
        let Batch::Singular(batch) = batch else { panic!("not a singular batch") };
        let within = item.as_ptr_range();
        for transaction in batch.transactions.slices().filter(|transaction| !transaction.is_empty()) {
            assert!(within.contains(&transaction.as_ptr()), "a copy");
        }
        Fields {
            parent_hash: batch.parent_hash,
            epoch_number: batch.epoch.number,
            epoch_hash: batch.epoch.hash,
            timestamp: batch.timestamp,
            transactions: batch.transactions.slices().collect(),
        }
    });
    if let Some(decoded) = &decoded {
        assert!(fields.starts_with(&alloy_rlp::encode(decoded)));
    }
    assert_eq!(decoded, expected);
}

/// The item of a span batch, without the type byte. There are no more blocks and transactions than the item has bytes
/// for, and whatever alloy can read of it makes a span that says the same.
pub fn span_batch(columns: &[u8]) {
    let Ok(Batch::Span(span)) = Batch::decode([&[1], columns].concat().into(), &CONTEXT) else { return };
    assert!((1..=columns.len()).contains(&span.len()));
    let mut count = 0;
    for block in 0..span.len() {
        let transactions = span.transactions(block);
        count += transactions.len();
        if block > 0 {
            assert_eq!(span.timestamp(block), span.timestamp(block - 1).wrapping_add(CONTEXT.block_time));
            assert!(span.origin_number(block).wrapping_sub(span.origin_number(block - 1)) <= 1);
        }
    }
    assert!(count * 67 <= columns.len(), "{count} transactions");
    if let Some(copy) = copy(&span) {
        let copied = decode(&copy);
        assert_eq!(contents(&copied), contents(&span));
    }
}

/// The span written anew, if alloy knows all of its transactions.
fn copy(span: &SpanBatch) -> Option<Span> {
    let is_whole = |bytes: &Bytes| {
        let mut rest = &bytes[usize::from(bytes[0] < 0x80)..];
        assert!(Header::decode_bytes(&mut rest, true).is_ok() && rest.is_empty(), "no list: {bytes}");
    };
    let transaction = |bytes: Bytes| {
        is_whole(&bytes);
        let transaction = TxEnvelope::decode_2718_exact(&bytes).ok()?;
        assert_eq!(transaction.encoded_2718(), bytes, "another encoding of the same");
        Some(transaction)
    };
    let block = |index: usize| {
        let transactions = span.transactions(index).map(transaction).collect::<Option<Vec<_>>>()?;
        let before = index.checked_sub(1).map(|previous| span.origin_number(previous));
        // Nothing can be seen of the first block's bit.
        Some((before.is_some_and(|before| before != span.origin_number(index)), transactions))
    };
    Some(Span {
        relative_timestamp: span.timestamp(0).wrapping_sub(CONTEXT.genesis_time),
        l1_origin_number: span.origin_number(span.len() - 1),
        parent_check: *span.parent_check(),
        l1_origin_check: *span.l1_origin_check(),
        blocks: (0..span.len()).map(block).collect::<Option<_>>()?,
    })
}

fn decode(span: &Span) -> SpanBatch {
    match Batch::decode(span.encode().into(), &CONTEXT) {
        Ok(Batch::Span(span)) => span,
        other => panic!("{other:?}"),
    }
}

/// The checks; and each block's time, origin and transactions.
type Contents = ([u8; 20], [u8; 20], Vec<(u64, u64, Vec<Bytes>)>);

fn contents(span: &SpanBatch) -> Contents {
    let block = |block| (span.timestamp(block), span.origin_number(block), span.transactions(block).collect());
    (*span.parent_check(), *span.l1_origin_check(), (0..span.len()).map(block).collect())
}

/// Transactions of every type, put into columns: they come out as alloy encodes them.
pub fn span_transactions(input: &[u8]) {
    let mut script = Script::new(input);
    let span = Span {
        relative_timestamp: script.number(),
        l1_origin_number: script.number(),
        parent_check: script.array(),
        l1_origin_check: script.array(),
        blocks: (0..=script.pick(9))
            .map(|_| {
                let (begins_epoch, count) = (script.rarely(2), script.pick(4));
                (begins_epoch, (0..count).map(|_| span::transaction(&mut script, CONTEXT.chain_id)).collect())
            })
            .collect(),
    };
    let decoded = decode(&span);
    assert_eq!(decoded.len(), span.blocks.len());
    assert_eq!((decoded.parent_check(), decoded.l1_origin_check()), (&span.parent_check, &span.l1_origin_check));
    let mut origin = span.l1_origin_number;
    for (index, (begins_epoch, transactions)) in span.blocks.iter().enumerate().rev() {
        let timestamp = CONTEXT.genesis_time.wrapping_add(span.relative_timestamp).wrapping_add(2 * index as u64);
        assert_eq!((decoded.timestamp(index), decoded.origin_number(index)), (timestamp, origin));
        let expected: Vec<Bytes> = transactions.iter().map(|tx| tx.encoded_2718().into()).collect();
        assert_eq!(decoded.transactions(index).collect::<Vec<_>>(), expected);
        origin = origin.wrapping_sub((*begins_epoch).into());
    }
}
