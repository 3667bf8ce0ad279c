use super::{BatchDecodeError, BatchError, MAX_SPAN_BATCH_ELEMENTS, span_transaction::SpanTransaction};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes};
use alloy_rlp::Header;

/// What a span batch leaves out because the chain's configuration has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanContext {
    /// Time of the L2 genesis, in seconds since the Unix epoch.
    pub genesis_time: u64,
    /// Seconds between L2 blocks.
    pub block_time: u64,
    /// The L2 chain's id.
    pub chain_id: u64,
}

/// The inputs of a span of consecutive L2 blocks, in columns (D51 to D55; spec: Delta, «Span batch format»).
///
/// The columns stay in the item's bytes. A block's transactions are put together when they are asked for; that they
/// can be is checked when the batch is decoded. Beside the item it takes 8 bytes a block and 32 a transaction, of
/// which none is stored in fewer than 1 and 67 bytes of the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanBatch {
    item: Bytes,
    context: SpanContext,
    relative_timestamp: u64,
    l1_origin_number: u64,
    parent_check: [u8; 20],
    l1_origin_check: [u8; 20],
    blocks: Vec<Block>,
    transactions: Vec<Transaction>,
}

/// One row of the columns of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    /// How many transactions the span has up to this block's last.
    transactions_end: u32,
    /// How many L1 blocks this block's origin is before the last block's.
    origin_distance: u32,
}

/// One row of the columns of transactions: short values, and where in the item the long ones start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Transaction {
    nonce: u64,
    gas: u64,
    signature: u32,
    data: u32,
    /// 0 for a contract creation.
    to: u32,
    y_parity: bool,
    /// EIP-155, for legacy transactions.
    is_protected: bool,
}

impl SpanBatch {
    /// Decodes the columns, then checks each transaction.
    pub(super) fn decode(item: Bytes, context: &SpanContext) -> Result<Self, BatchError> {
        // Offsets are kept in 32 bits; a channel's limit is far below.
        if u32::try_from(item.len()).is_err() {
            return Err(BatchDecodeError::TooLarge.into());
        }
        let mut columns = Columns { item: &item, position: 1 };
        let relative_timestamp = columns.number()?;
        let l1_origin_number = columns.number()?;
        let parent_check = columns.array()?;
        let l1_origin_check = columns.array()?;
        let blocks = decode_blocks(&mut columns)?;
        let count = blocks.last().map_or(0, |block| block.transactions_end as usize);
        let transactions = decode_transactions(&mut columns, count)?;
        let context = *context;
        let batch = Self {
            item,
            context,
            relative_timestamp,
            l1_origin_number,
            parent_check,
            l1_origin_check,
            blocks,
            transactions,
        };
        for (index, transaction) in batch.transactions.iter().enumerate() {
            SpanTransaction::parse(&batch.item[transaction.data as usize..])
                .and_then(|parsed| parsed.check(transaction.to != 0))
                .map_err(|reason| BatchError::Underivable { index, reason })?;
        }
        Ok(batch)
    }

    /// How many blocks the span has; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The first 20 bytes of the hash of the first block's parent.
    pub const fn parent_check(&self) -> &[u8; 20] {
        &self.parent_check
    }

    /// The first 20 bytes of the hash of the last block's L1 origin.
    pub const fn l1_origin_check(&self) -> &[u8; 20] {
        &self.l1_origin_check
    }

    /// The block's time in seconds since the Unix epoch; wraps around like op-node's (D55).
    ///
    /// # Panics
    /// If the span has no block `index`, like the next two.
    pub fn timestamp(&self, index: usize) -> u64 {
        assert!(index < self.blocks.len(), "block {index} of {}", self.blocks.len());
        let SpanContext { genesis_time, block_time, .. } = self.context;
        genesis_time.wrapping_add(self.relative_timestamp).wrapping_add(block_time.wrapping_mul(index as u64))
    }

    /// The number of the block's L1 origin (D55).
    pub fn origin_number(&self, index: usize) -> u64 {
        self.l1_origin_number.wrapping_sub(self.blocks[index].origin_distance.into())
    }

    /// The block's transactions, EIP-2718 encoded; each is put together when the iterator gets to it (D54).
    pub fn transactions(&self, index: usize) -> impl ExactSizeIterator<Item = Bytes> {
        let start = index.checked_sub(1).map_or(0, |previous| self.blocks[previous].transactions_end);
        let end = self.blocks[index].transactions_end;
        self.transactions[start as usize..end as usize].iter().map(|transaction| self.assemble(transaction))
    }

    fn assemble(&self, transaction: &Transaction) -> Bytes {
        let at = |offset: u32| &self.item[offset as usize..];
        let parsed = SpanTransaction::parse(at(transaction.data)).expect("checked when the batch was decoded");
        parsed.assemble(
            self.context.chain_id,
            transaction.nonce,
            transaction.gas,
            (transaction.to != 0).then(|| Address::from_slice(&at(transaction.to)[..20])),
            (transaction.y_parity, transaction.is_protected),
            at(transaction.signature).first_chunk().expect("decoded with the columns"),
        )
    }
}

fn decode_blocks(columns: &mut Columns<'_>) -> Result<Vec<Block>, BatchDecodeError> {
    let count = columns.number()?;
    if count > MAX_SPAN_BATCH_ELEMENTS {
        return Err(BatchDecodeError::TooLarge);
    }
    if count == 0 {
        return Err(BatchDecodeError::NoBlocks);
    }
    let origin_bits = columns.bits(count as usize)?;
    if columns.rest().len() < count as usize {
        return Err(BatchDecodeError::Truncated);
    }
    let mut blocks = Vec::with_capacity(count as usize);
    let mut total = 0;
    for _ in 0..count {
        let transactions = columns.number()?;
        if transactions > MAX_SPAN_BATCH_ELEMENTS {
            return Err(BatchDecodeError::TooLarge);
        }
        total += transactions;
        blocks.push(Block { transactions_end: total.try_into().unwrap_or(u32::MAX), origin_distance: 0 });
    }
    if total > MAX_SPAN_BATCH_ELEMENTS {
        return Err(BatchDecodeError::TooLarge);
    }
    let mut origin_distance = 0;
    for (index, block) in blocks.iter_mut().enumerate().rev() {
        block.origin_distance = origin_distance;
        origin_distance += u32::from(origin_bits.get(index));
    }
    Ok(blocks)
}

fn decode_transactions(columns: &mut Columns<'_>, count: usize) -> Result<Vec<Transaction>, BatchDecodeError> {
    let creation_bits = columns.bits(count)?;
    let y_parity_bits = columns.bits(count)?;
    let signatures = columns.position;
    columns.skip(count * 64)?;

    // The signatures are there, so that this is bounded by what is.
    let mut transactions = Vec::with_capacity(count);
    for index in 0..count {
        let mut to = 0;
        if !creation_bits.get(index) {
            to = columns.position as u32;
            columns.skip(20)?;
        }
        transactions.push(Transaction {
            nonce: 0,
            gas: 0,
            signature: (signatures + index * 64) as u32,
            data: 0,
            to,
            y_parity: y_parity_bits.get(index),
            is_protected: false,
        });
    }
    let mut legacy_count = 0;
    for transaction in &mut transactions {
        transaction.data = columns.position as u32;
        legacy_count += usize::from(columns.skip_transaction_data()?);
    }
    for transaction in &mut transactions {
        transaction.nonce = columns.number()?;
    }
    for transaction in &mut transactions {
        transaction.gas = columns.number()?;
    }
    let protected_bits = columns.bits(legacy_count)?;
    let item = columns.item;
    let legacy = transactions.iter_mut().filter(|transaction| is_legacy(item[transaction.data as usize]));
    for (index, transaction) in legacy.enumerate() {
        transaction.is_protected = protected_bits.get(index);
    }
    Ok(transactions)
}

/// True if a transaction's data that starts with this byte counts as legacy. Type byte 0 does, though no transaction
/// can be made of it.
const fn is_legacy(first: u8) -> bool {
    first == 0 || first > 0x7f
}

/// A list of bits: a big-endian number, in which bit `i` belongs to element `i`.
#[derive(Clone, Copy)]
struct Bits<'a>(&'a [u8]);

impl Bits<'_> {
    const fn get(self, index: usize) -> bool {
        self.0[self.0.len() - 1 - index / 8] >> (index % 8) & 1 == 1
    }
}

/// Reads column after column.
struct Columns<'a> {
    item: &'a [u8],
    position: usize,
}

impl<'a> Columns<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.item[self.position..]
    }

    fn skip(&mut self, length: usize) -> Result<&'a [u8], BatchDecodeError> {
        let bytes = self.rest().get(..length).ok_or(BatchDecodeError::Truncated)?;
        self.position += length;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BatchDecodeError> {
        let bytes = self.rest().first_chunk().ok_or(BatchDecodeError::Truncated)?;
        self.position += N;
        Ok(*bytes)
    }

    /// A number of variable length (LEB128), at most ten bytes long; shorter forms of the same number are possible.
    fn number(&mut self) -> Result<u64, BatchDecodeError> {
        let mut value = 0;
        for (index, byte) in self.rest().iter().take(10).enumerate() {
            if index == 9 && *byte > 1 {
                return Err(BatchDecodeError::NumberOverflow);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.position += index + 1;
                return Ok(value);
            }
        }
        Err(BatchDecodeError::Truncated)
    }

    fn bits(&mut self, count: usize) -> Result<Bits<'a>, BatchDecodeError> {
        let bytes = self.skip(count.div_ceil(8))?;
        match bytes.first() {
            Some(first) if !count.is_multiple_of(8) && first >> (count % 8) != 0 => Err(BatchDecodeError::ExcessBits),
            _ => Ok(Bits(bytes)),
        }
    }

    /// Skips the type, if there is one, and the RLP list of a transaction's data; returns whether it is legacy.
    fn skip_transaction_data(&mut self) -> Result<bool, BatchDecodeError> {
        let first = *self.rest().first().ok_or(BatchDecodeError::Truncated)?;
        if first <= 0x7f {
            self.position += 1;
        }
        let list = self.rest();
        let mut payload = list;
        let header = Header::decode(&mut payload)?;
        if !header.list {
            return Err(BatchDecodeError::NotAList);
        }
        let length = list.len() - payload.len() + header.payload_length;
        if length as u64 > MAX_SPAN_BATCH_ELEMENTS {
            return Err(BatchDecodeError::TooLarge);
        }
        self.skip(length)?;
        Ok(is_legacy(first))
    }
}
