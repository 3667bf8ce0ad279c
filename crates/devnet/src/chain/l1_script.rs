use super::{
    BATCH_INBOX, BATCHER, Blob, Carrier, Channel, Config, ConfigUpdate, DEPOSIT_CONTRACT, Deposit, Frame, L1Block,
    L1Log, L1Transaction, L2Block, Posting, SYSTEM_CONFIG, Signer, USER, batcher, l1_state::L1State,
};
use alloy_consensus::{
    Header, ReceiptEnvelope, ReceiptWithBloom, Transaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxLegacy,
};
use alloy_primitives::{Address, Bytes, Log, TxKind};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// Blobs that a transaction may carry on any fork of L1.
const BLOBS_PER_TRANSACTION: usize = 6;

/// A transaction of L1 as a script has it: who sends what to whom, and what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Call {
    /// Number of the key that signs.
    pub signer: u32,
    /// Whom it calls.
    pub to: Address,
    /// The input.
    pub input: Bytes,
    /// Its blobs, 131,072 bytes each. Where there are any, it is of type 3.
    pub blobs: Vec<Bytes>,
    /// Its type where it has no blobs.
    pub kind: L1Kind,
    /// Whether its receipt says that it failed. On a real chain it has no logs then; here it has those below, and
    /// nothing comes of them.
    pub fails: bool,
    /// What its receipt logs.
    pub logs: Vec<L1Log>,
}

impl Default for L1Call {
    /// The batcher sends nothing to the batch inbox.
    fn default() -> Self {
        Self {
            signer: BATCHER,
            to: BATCH_INBOX,
            input: Bytes::new(),
            blobs: Vec::new(),
            kind: L1Kind::DynamicFee,
            fails: false,
            logs: Vec::new(),
        }
    }
}

/// The type of a transaction on L1 without blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L1Kind {
    /// Type 0.
    Legacy,
    /// Type 1.
    AccessList,
    /// Type 2.
    DynamicFee,
    /// Type 4. It authorizes nobody in particular.
    SetCode,
}

impl L1Call {
    /// The batcher posts this as a transaction's input.
    pub fn calldata(datum: impl Into<Bytes>) -> Self {
        Self { input: datum.into(), ..Self::default() }
    }

    /// The batcher posts these, each packed in a blob of its own.
    pub fn blobs<D: AsRef<[u8]>>(data: impl IntoIterator<Item = D>) -> Self {
        let blobs = data.into_iter().map(|datum| batcher::blob(datum.as_ref())).collect();
        Self { blobs, ..Self::default() }
    }

    /// Somebody on L1 makes the contract at `to` log these.
    pub fn logging(to: Address, logs: impl IntoIterator<Item = L1Log>) -> Self {
        Self { signer: USER, to, logs: logs.into_iter().collect(), ..Self::default() }
    }

    /// The same by another key.
    pub fn by(self, signer: u32) -> Self {
        Self { signer, ..self }
    }

    /// The same to somebody else.
    pub fn to(self, to: Address) -> Self {
        Self { to, ..self }
    }

    /// The same as a transaction of another type.
    pub fn kind(self, kind: L1Kind) -> Self {
        Self { kind, ..self }
    }

    /// The same with a receipt of failure.
    pub fn failing(self) -> Self {
        Self { fails: true, ..self }
    }

    /// Signs it. The gas limit is what data costs at least (EIP-7623), all of which is used.
    fn sign(&self, signer: &mut Signer, blobs: &[Blob]) -> L1Transaction {
        let (chain_id, nonce, input) = (signer.chain_id(), signer.take_nonce(), self.input.clone());
        let tokens: u64 = input.iter().map(|byte| if *byte == 0 { 1 } else { 4 }).sum();
        let gas_limit = 21_000 + 10 * tokens;
        let (max_fee_per_gas, max_priority_fee_per_gas) = (1_000_000_000_000, 1_000_000_000);
        let to = TxKind::Call(self.to);
        if !blobs.is_empty() {
            let transaction = TxEip4844 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: self.to,
                input,
                blob_versioned_hashes: blobs.iter().map(|blob| blob.versioned_hash).collect(),
                max_fee_per_blob_gas: 1_000_000_000_000,
                ..TxEip4844::default()
            };
            return signer.sign(transaction).into();
        }
        let gas_price = max_fee_per_gas;
        match self.kind {
            L1Kind::Legacy => {
                let chain_id = Some(chain_id);
                let transaction = TxLegacy { chain_id, nonce, gas_limit, gas_price, to, input, ..TxLegacy::default() };
                signer.sign(transaction).into()
            }
            L1Kind::AccessList => {
                let transaction =
                    TxEip2930 { chain_id, nonce, gas_limit, gas_price, to, input, ..TxEip2930::default() };
                signer.sign(transaction).into()
            }
            L1Kind::DynamicFee => {
                let transaction = TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas,
                    max_priority_fee_per_gas,
                    to,
                    input,
                    ..TxEip1559::default()
                };
                signer.sign(transaction).into()
            }
            L1Kind::SetCode => {
                let transaction = TxEip7702 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas,
                    max_priority_fee_per_gas,
                    to: self.to,
                    authorization_list: vec![signer.authorize(Address::ZERO, nonce + 1)],
                    input,
                    ..TxEip7702::default()
                };
                signer.sign(transaction).into()
            }
        }
    }
}

/// What happens in an L1 block, in this order.
pub struct L1Script<'a> {
    config: &'a Config,
    l2: &'a [L2Block],
    calls: Vec<L1Call>,
    unknown: Vec<Bytes>,
    posted: Vec<RangeInclusive<u64>>,
    seconds: u64,
}

impl<'a> L1Script<'a> {
    pub(crate) fn new(config: &'a Config, l2: &'a [L2Block]) -> Self {
        let (calls, unknown, posted) = (Vec::new(), Vec::new(), Vec::new());
        Self { config, l2, calls, unknown, posted, seconds: config.l1_block_time }
    }

    /// The block comes so many seconds after the one before, other than usual.
    pub fn after(self, seconds: u64) -> Self {
        Self { seconds, ..self }
    }

    /// A transaction.
    pub fn send(mut self, call: L1Call) -> Self {
        self.calls.push(call);
        self
    }

    /// A transaction of a type that nobody knows yet: any bytes that start with that type. Such a chain can be judged and
    /// written to files, but servers don't show these.
    pub fn unknown(mut self, transaction: Bytes) -> Self {
        self.unknown.push(transaction);
        self
    }

    /// A user deposits.
    pub fn deposit(self, deposit: Deposit) -> Self {
        self.send(L1Call::logging(DEPOSIT_CONTRACT, [L1Log::Deposit(deposit)]))
    }

    /// The system config's owner changes it.
    pub fn config_update(self, update: ConfigUpdate) -> Self {
        self.send(L1Call::logging(SYSTEM_CONFIG, [L1Log::Update(update)]))
    }

    /// A contract logs anything.
    pub fn log(self, log: Log) -> Self {
        self.send(L1Call::logging(log.address, [L1Log::Raw(log)]))
    }

    /// Somebody calls somebody, and nothing comes of it.
    pub fn call(self, signer: u32, to: Address, input: Bytes) -> Self {
        self.send(L1Call::calldata(input).by(signer).to(to))
    }

    /// The batcher posts a channel with these L2 blocks, as it should. How many blobs fit into one L1 block is the
    /// script's to know.
    ///
    /// # Panics
    ///
    /// If one of the blocks isn't made yet, or the genesis block is among them.
    pub fn batch(mut self, blocks: RangeInclusive<u64>, posting: Posting) -> Self {
        let (first, last) = (*blocks.start() as usize, *blocks.end() as usize);
        let parent = &self.l2[first - 1];
        let channel = batcher::channel(parent, &self.l2[first..=last], self.config.genesis_time, posting);
        let frames = channel.frames(posting.frame_size);
        self.posted.push(blocks);
        let data = frames.iter().map(|frame| batcher::datum(std::slice::from_ref(frame)));
        match posting.carrier {
            Carrier::Calldata => data.fold(self, |script, datum| script.calldata(posting.signer, datum)),
            Carrier::Blobs => {
                let data: Vec<_> = data.collect();
                data.chunks(BLOBS_PER_TRANSACTION)
                    .fold(self, |script, data| script.send(L1Call::blobs(data).by(posting.signer)))
            }
        }
    }

    /// The batcher posts a channel whole, as one frame in a transaction's input.
    pub fn channel(self, channel: &Channel) -> Self {
        self.frames(&[channel.frame()])
    }

    /// The batcher posts these frames in one transaction's input.
    pub fn frames(self, frames: &[Frame]) -> Self {
        self.send(L1Call::calldata(batcher::datum(frames)))
    }

    /// The batcher posts these frames in one blob.
    pub fn frames_in_blob(self, frames: &[Frame]) -> Self {
        self.send(L1Call::blobs([batcher::datum(frames)]))
    }

    /// Somebody sends these bytes to the batch inbox.
    pub fn calldata(self, signer: u32, data: Bytes) -> Self {
        self.send(L1Call::calldata(data).by(signer))
    }

    /// Somebody sends these blobs, 131,072 bytes each, to the batch inbox.
    pub fn blobs(self, signer: u32, blobs: Vec<Bytes>) -> Self {
        self.send(L1Call { signer, blobs, ..L1Call::default() })
    }

    /// Makes the block that follows `parent`, and its state of the parent's.
    pub(super) fn build(
        self,
        parent: &Header,
        nonces: &mut BTreeMap<u32, u64>,
        state: Option<&mut L1State>,
    ) -> L1Block {
        let mut block = L1Block::child(self.config, parent, self.seconds, state);
        (block.posted, block.unknown) = (self.posted, self.unknown);
        let (mut logs, mut gas_used) = (Vec::new(), 0);
        for call in self.calls {
            let mut signer = Signer::new(self.config, call.signer, self.config.l1_chain_id);
            let nonce = nonces.entry(call.signer).or_default();
            signer.nonce = *nonce;
            let blobs: Vec<_> = call.blobs.iter().map(Blob::of).collect();
            let transaction = call.sign(&mut signer, &blobs);
            *nonce = signer.nonce;
            gas_used += transaction.gas_limit();
            block.senders.push(signer.address());
            block.receipts.push(receipt(&transaction, &call, gas_used));
            block.transactions.push(transaction);
            block.blobs.extend(blobs);
            logs.extend(call.logs.into_iter().map(|log| (!call.fails).then_some(log)));
        }
        block.seal(gas_used, logs)
    }
}

/// The receipt of a transaction that used all its gas.
fn receipt(transaction: &L1Transaction, call: &L1Call, cumulative_gas_used: u64) -> ReceiptEnvelope {
    let logs = call.logs.iter().map(L1Log::log).collect();
    let receipt = alloy_consensus::Receipt { status: (!call.fails).into(), cumulative_gas_used, logs };
    let receipt: ReceiptWithBloom<_> = receipt.with_bloom();
    match transaction {
        L1Transaction::Legacy(_) => ReceiptEnvelope::Legacy(receipt),
        L1Transaction::Eip2930(_) => ReceiptEnvelope::Eip2930(receipt),
        L1Transaction::Eip1559(_) => ReceiptEnvelope::Eip1559(receipt),
        L1Transaction::Eip4844(_) => ReceiptEnvelope::Eip4844(receipt),
        L1Transaction::Eip7702(_) => ReceiptEnvelope::Eip7702(receipt),
    }
}
