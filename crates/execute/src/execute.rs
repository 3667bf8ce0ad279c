use crate::{
    ExecuteError, InvalidBlock, InvalidTransaction, State, StateSource,
    deposit::is_unfunded,
    fee,
    overlay::{Overlay, Unavailable},
    precompile::Precompiles,
    receipt::{Blooms, Receipt},
    state::BLOCK_HASH_WINDOW,
    transaction::{Signatures, Transaction, decode_all, while_recovering},
};
use alloc::vec::Vec;
use alloy_consensus::{Header, Sealable, Sealed};
use alloy_primitives::{Address, B256, Bloom, Bytes, U256, address, b256};
use kohala_protocol::{
    Attributes, Fork, RollupConfig,
    predeploys::{BEACON_ROOTS, HISTORY, SEQUENCER_FEE_VAULT},
};
use kohala_trie::{EMPTY_ROOT, list::list_root};
use op_revm::{DefaultOp, L1BlockInfo, OpBuilder, OpEvm, OpSpecId, OpTransactionError, api::default_ctx::OpContext};
use revm::{
    ExecuteEvm, SystemCallEvm,
    context::{BlockEnv, CfgEnv},
    context_interface::{block::BlobExcessGasAndPrice, result::EVMError},
    handler::instructions::EthInstructions,
    interpreter::interpreter::EthInterpreter,
};

/// Where Canyon puts the create2Deployer, and the hash of its code.
const CREATE2_DEPLOYER: Address = address!("13b0D85CcB8bf860b6b79AF3029fCA081AE9beF2");
const CREATE2_DEPLOYER_CODE_HASH: B256 = b256!("b0550b5b431e30d38000efb7107aaa0ade03d48a7198a140edda9d27134468b2");
static CREATE2_DEPLOYER_CODE: &[u8] = include_bytes!("create2_deployer.bin");

/// Hash of an empty list of requests (EIP-7685): SHA-256 of nothing.
const NO_REQUESTS: B256 = b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/// The highest gas limit that a header may have (rules X07).
const MAX_GAS_LIMIT: u64 = i64::MAX as u64;

/// A block that was executed.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its header.
    pub header: Sealed<Header>,
    /// EIP-2718 encoded receipts, one for each transaction, as the receipts' root commits to them.
    pub receipts: Vec<Bytes>,
}

impl State {
    /// Executes `attributes` on the head; the head becomes the new block.
    ///
    /// After an error the state is as it was, but for what was read meanwhile, and the same attributes may be tried
    /// again. Only [`ExecuteError::Invalid`] says something about the attributes.
    ///
    /// # Panics
    ///
    /// If the attributes are for another parent than the head.
    pub fn execute<S: StateSource>(
        &mut self,
        attributes: &Attributes,
        source: &mut S,
    ) -> Result<Block, ExecuteError<S::Error>> {
        assert_eq!(attributes.parent.hash, self.head.hash(), "attributes are executed on their own parent");
        let mut header = prepare_header(&self.config, &self.head, attributes)?;
        let spec = spec(&self.config, attributes.timestamp);
        let (transactions, signatures) = decode_all(&attributes.transactions)?;
        refuse_users_at_activation(&self.config, self.head.timestamp, attributes.timestamp, &transactions)?;
        if spec.is_enabled_in(OpSpecId::JOVIAN) {
            let footprint = fee::da_footprint(&transactions)?;
            if footprint > header.gas_limit {
                return Err(InvalidBlock::DaFootprint(footprint).into());
            }
            header.blob_gas_used = Some(footprint);
        }

        // Who signed is recovered ahead, or asked for one after the other: an invalid block is not worth more calls on L1.
        let ahead: &[_] = if source.is_accelerated() { &[] } else { &signatures };
        let made = while_recovering(ahead, || self.make(header, spec, attributes, transactions, &signatures, source));
        made.map_err(|error| match signatures.iter().position(|signed| !signed.is_signed()) {
            // What nobody signed makes no block in any state: so says who looks at that first, and needs no data for it.
            Some(index) if !matches!(error, ExecuteError::Invalid(_)) => {
                InvalidBlock::Transaction { index, reason: InvalidTransaction::Signature }.into()
            }
            _ => error,
        })
    }

    /// Makes the block of which `header` is known before execution.
    fn make<S: StateSource>(
        &mut self,
        mut header: Header,
        spec: OpSpecId,
        attributes: &Attributes,
        transactions: Vec<Transaction>,
        signatures: &[Signatures],
        source: &mut S,
    ) -> Result<Block, ExecuteError<S::Error>> {
        let mut overlay = Overlay::new(&mut self.tries, source, &mut self.ancestors, self.head.number);
        if self.config.forks.get(Fork::Canyon) == Some(attributes.timestamp) {
            let code = Bytes::from_static(CREATE2_DEPLOYER_CODE);
            overlay.set_code(CREATE2_DEPLOYER, CREATE2_DEPLOYER_CODE_HASH, code)?;
        }
        let mut execution = Execution::new(self.config.l2_chain_id, spec, &header, &mut overlay);
        execution.before_transactions(&header)?;
        for (index, (transaction, signatures)) in transactions.into_iter().zip(signatures).enumerate() {
            execution.include(index, transaction, signatures)?;
        }
        let Execution { gas_used, logs_bloom, receipts, .. } = execution;
        header.gas_used = gas_used;
        header.logs_bloom = logs_bloom;
        let roots = overlay.write(self.head.state_root, spec.is_enabled_in(OpSpecId::ISTHMUS))?;
        header.transactions_root = list_root(attributes.transactions.iter().map(AsRef::as_ref));
        header.receipts_root = list_root(receipts.iter().map(AsRef::as_ref));
        header.state_root = roots.state;
        header.withdrawals_root = roots.message_passer.or(header.withdrawals_root);

        let header = header.seal_slow();
        self.ancestors.push_front(header.hash());
        self.ancestors.truncate(BLOCK_HASH_WINDOW);
        self.head = header.clone();
        Ok(Block { header, receipts })
    }
}

/// The header of the block that `attributes` make on `parent`, all of it that is known before execution (rules X30,
/// X31).
fn prepare_header<E>(
    config: &RollupConfig,
    parent: &Sealed<Header>,
    attributes: &Attributes,
) -> Result<Header, ExecuteError<E>> {
    let timestamp = attributes.timestamp;
    let active = |fork| config.is_active(fork, timestamp);
    if attributes.gas_limit > MAX_GAS_LIMIT {
        return Err(InvalidBlock::GasLimit(attributes.gas_limit).into());
    }
    if timestamp <= parent.timestamp {
        return Err(InvalidBlock::Timestamp(timestamp).into());
    }
    if attributes.parent_beacon_block_root.is_some() != active(Fork::Ecotone) {
        return Err(InvalidBlock::Fields.into());
    }
    Ok(Header {
        parent_hash: parent.hash(),
        beneficiary: SEQUENCER_FEE_VAULT,
        number: parent.number + 1,
        timestamp,
        gas_limit: attributes.gas_limit,
        mix_hash: attributes.prev_randao,
        extra_data: fee::extra_data(config, attributes)?,
        base_fee_per_gas: Some(fee::base_fee(config, parent, timestamp).ok_or(ExecuteError::Head)?),
        withdrawals_root: active(Fork::Canyon).then_some(EMPTY_ROOT),
        blob_gas_used: active(Fork::Ecotone).then_some(0),
        excess_blob_gas: active(Fork::Ecotone).then_some(0),
        parent_beacon_block_root: attributes.parent_beacon_block_root,
        requests_hash: active(Fork::Isthmus).then_some(NO_REQUESTS),
        ..Header::default()
    })
}

/// From Jovian on a fork's first block has deposits and nothing else (rules F40, F41).
fn refuse_users_at_activation(
    config: &RollupConfig,
    parent: u64,
    timestamp: u64,
    transactions: &[Transaction],
) -> Result<(), InvalidBlock> {
    let begins = |fork| fork >= Fork::Jovian && config.is_active(fork, timestamp) && !config.is_active(fork, parent);
    match transactions.iter().position(|transaction| !transaction.is_deposit()) {
        Some(index) if Fork::ALL.into_iter().any(begins) => {
            Err(InvalidBlock::Transaction { index, reason: InvalidTransaction::Activation })
        }
        _ => Ok(()),
    }
}

/// The EVM's rules at a timestamp. Delta changes none of them; what Lagoon changes is not here yet.
fn spec(config: &RollupConfig, timestamp: u64) -> OpSpecId {
    const SPECS: [(Fork, OpSpecId); 9] = [
        (Fork::Karst, OpSpecId::KARST),
        (Fork::Jovian, OpSpecId::JOVIAN),
        (Fork::Isthmus, OpSpecId::ISTHMUS),
        (Fork::Holocene, OpSpecId::HOLOCENE),
        (Fork::Granite, OpSpecId::GRANITE),
        (Fork::Fjord, OpSpecId::FJORD),
        (Fork::Ecotone, OpSpecId::ECOTONE),
        (Fork::Canyon, OpSpecId::CANYON),
        (Fork::Regolith, OpSpecId::REGOLITH),
    ];
    let active = SPECS.iter().find(|(fork, _)| config.is_active(*fork, timestamp));
    active.map_or(OpSpecId::BEDROCK, |&(_, spec)| spec)
}

/// The EVM over a database.
type Evm<DB> = OpEvm<OpContext<DB>, (), EthInstructions<EthInterpreter, OpContext<DB>>, Precompiles>;

/// A block on its way through the EVM.
struct Execution<'a, 'b, S: StateSource> {
    evm: Evm<&'b mut Overlay<'a, S>>,
    spec: OpSpecId,
    block_number: u64,
    gas_used: u64,
    /// Read when the first transaction needs it: the L1 info transaction has to come before.
    fees: Option<fee::L1Fees>,
    logs_bloom: Bloom,
    blooms: Blooms,
    receipts: Vec<Bytes>,
}

impl<'a, 'b, S: StateSource> Execution<'a, 'b, S> {
    fn new(chain_id: u64, spec: OpSpecId, header: &Header, overlay: &'b mut Overlay<'a, S>) -> Self {
        let block = BlockEnv {
            number: U256::from(header.number),
            beneficiary: header.beneficiary,
            timestamp: U256::from(header.timestamp),
            gas_limit: header.gas_limit,
            basefee: header.base_fee_per_gas.unwrap_or_default(),
            difficulty: U256::ZERO,
            prevrandao: Some(header.mix_hash),
            // L2 has no blobs: BLOBBASEFEE is 1, whatever the headers use their blob fields for (rules X01).
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 }),
            ..BlockEnv::default()
        };
        let context = OpContext::op()
            .with_db(overlay)
            .with_block(block)
            .with_cfg(CfgEnv::new_with_spec(spec).with_chain_id(chain_id));
        Self {
            evm: context.build_op().with_precompiles(Precompiles::of(spec)),
            spec,
            block_number: header.number,
            gas_used: 0,
            fees: None,
            logs_bloom: Bloom::ZERO,
            blooms: Blooms::default(),
            receipts: Vec::new(),
        }
    }

    /// Lets the contracts that keep beacon roots and block hashes take theirs (rules X02).
    fn before_transactions(&mut self, header: &Header) -> Result<(), ExecuteError<S::Error>> {
        if let Some(root) = header.parent_beacon_block_root {
            self.system_call(BEACON_ROOTS, root)?;
        }
        if self.spec.is_enabled_in(OpSpecId::ISTHMUS) {
            self.system_call(HISTORY, header.parent_hash)?;
        }
        Ok(())
    }

    /// Calls the contract outside of any transaction. That the call fails, or that there is no such contract, is fine.
    fn system_call(&mut self, contract: Address, input: B256) -> Result<(), ExecuteError<S::Error>> {
        let called = self.evm.system_call_one(contract, Bytes::copy_from_slice(input.as_slice()));
        self.checked(None, called)?;
        self.commit();
        Ok(())
    }

    /// Executes the next transaction.
    fn include(
        &mut self,
        index: usize,
        mut transaction: Transaction,
        signatures: &Signatures,
    ) -> Result<(), ExecuteError<S::Error>> {
        let invalid = |reason| InvalidBlock::Transaction { index, reason };
        let spec = self.spec;
        transaction.refuse_system(spec).map_err(invalid)?;
        let (gas_limit, available) = (transaction.block_gas(), self.evm.0.ctx.block.gas_limit - self.gas_used);
        if gas_limit > available {
            return Err(invalid(InvalidTransaction::GasPool { gas_limit, available }).into());
        }
        let initial_gas = signatures.authorization_gas();
        if initial_gas > gas_limit {
            let refusal =
                revm::context::result::InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit };
            return Err(invalid(InvalidTransaction::Refused(refusal.into())).into());
        }
        if !signatures.fill_signers(&mut transaction, self.overlay().source())? {
            return Err(invalid(InvalidTransaction::Signature).into());
        }
        let deposit_nonce = transaction.receipt_nonce(spec).map(|sender| self.overlay().nonce(sender)).transpose()?;
        if let Some(encoded) = &transaction.env.enveloped_tx {
            self.evm.0.ctx.chain = self.fees(encoded, transaction.estimated_size)?;
        }

        self.evm.0.ctx.cfg.tx_gas_limit_cap = transaction.gas_limit_cap();
        let (ty, fixed_gas, forgotten_nonce) =
            (transaction.ty(), transaction.fixed_gas(spec), transaction.forgotten_nonce(spec));
        let executed = self.evm.transact_one(transaction.env);
        let result = self.checked(Some(index), executed)?;
        self.commit();
        if let Some(sender) = forgotten_nonce.filter(|_| is_unfunded(&result)) {
            self.overlay().raise_nonce(sender)?;
        }
        self.gas_used += fixed_gas.unwrap_or_else(|| result.tx_gas_used());
        let receipt = Receipt {
            ty,
            succeeded: result.is_success(),
            cumulative_gas_used: self.gas_used,
            logs: result.logs(),
            deposit_nonce,
        };
        let bloom = self.blooms.of(receipt.logs);
        self.logs_bloom |= bloom;
        self.receipts.push(receipt.encode(&bloom));
        Ok(())
    }

    /// What the fees of a transaction depend on, whose bytes are `encoded`.
    fn fees(&mut self, encoded: &[u8], estimated_size: u64) -> Result<L1BlockInfo, ExecuteError<S::Error>> {
        let fees = match self.fees.take() {
            Some(fees) => fees,
            None => {
                let (number, spec) = (self.block_number, self.spec);
                let read = fee::L1Fees::read(self.overlay(), number, spec);
                self.checked(None, read.map_err(EVMError::Database))?
            }
        };
        let info = fees.of(encoded, estimated_size);
        self.fees = Some(fees);
        Ok(info)
    }

    fn overlay(&mut self) -> &mut Overlay<'a, S> {
        self.evm.0.ctx.journaled_state.database
    }

    /// Moves what the EVM changed into the overlay.
    fn commit(&mut self) {
        let changes = self.evm.finalize();
        self.overlay().commit(changes);
    }

    /// Tells a verdict on the transaction at `index` from the want of data. A failed read counts, whatever else came
    /// out.
    fn checked<T>(
        &mut self,
        index: Option<usize>,
        executed: Result<T, EVMError<Unavailable, OpTransactionError>>,
    ) -> Result<T, ExecuteError<S::Error>> {
        if let Some(failure) = self.overlay().take_failure() {
            return Err(failure);
        }
        executed.map_err(|error| match (error, index) {
            (EVMError::Transaction(refusal), Some(index)) => {
                InvalidBlock::Transaction { index, reason: InvalidTransaction::Refused(refusal) }.into()
            }
            _ => ExecuteError::Interrupted,
        })
    }
}
