//! Karst's upgrade transactions, and the state that they make of Jovian's, against the files that op-node's module has.

mod state;

use alloy_consensus::{Header, Sealable};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U64, U256, address};
use anyhow::{Context, Result};
use kohala_execute::State;
use kohala_interop::optimism;
use kohala_protocol::{
    Attributes, BlockId, Eip1559Params, Fork, L1ChainConfig, L1Header, Receipt, RollupConfig, SystemConfig,
    l1_info_transaction, upgrade_gas, upgrade_transactions,
};
use op_alloy_consensus::{TxDeposit, UpgradeDepositSource};
use op_revm::{
    DefaultOp, OpBuilder, OpSpecId, OpTransaction, api::default_ctx::OpContext,
    transaction::deposit::DepositTransactionParts,
};
use revm::{
    ExecuteCommitEvm,
    context::{BlockEnv, CfgEnv, TxEnv},
    database::{CacheDB, EmptyDB},
    state::{AccountInfo, Bytecode},
};
use serde::{Deserialize, de::DeserializeOwned};
use state::{Account, Alloc, BLOCK_TIME, CHAIN, Memory};
use std::{fs, path::PathBuf, sync::Arc};

const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
/// A predeploy's proxy that points nowhere in Jovian's state, as every one does that has no implementation yet.
const BARE_PROXY: Address = address!("4200000000000000000000000000000000000028");
/// Karst's new predeploys. Their proxies are there from genesis on, but Jovian's file hasn't those of later forks.
const NEW_PREDEPLOYS: [Address; 2] =
    [address!("420000000000000000000000000000000000002c"), address!("420000000000000000000000000000000000002d")];
const KARST: u64 = 1_000;

/// A file among those of op-node's upgrades.
fn file<T: DeserializeOwned>(name: &str) -> Result<T> {
    let path: PathBuf = optimism()?.join("op-core/nuts").join(name);
    let json = fs::read(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_slice(&json)?)
}

/// A Jovian chain that becomes Karst's.
fn config() -> RollupConfig {
    let mut config = state::config(Fork::Jovian);
    config.forks.set(Fork::Karst, Some(KARST));
    config
}

#[test]
fn upgrade_transactions_are_those_of_op_nodes_bundle() -> Result<()> {
    #[derive(Deserialize)]
    struct Bundle {
        transactions: Vec<Transaction>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Transaction {
        intent: String,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        gas_limit: u64,
    }
    let bundle: Bundle = file("bundles/karst_nut_bundle.json")?;
    let gas: u64 = bundle.transactions.iter().map(|transaction| transaction.gas_limit).sum();
    let deposit = |(index, transaction): (usize, Transaction)| {
        let source = UpgradeDepositSource::new(format!("Karst {index}: {}", transaction.intent));
        let deposit = TxDeposit {
            source_hash: source.source_hash(),
            from: transaction.from,
            to: transaction.to.map_or(TxKind::Create, TxKind::Call),
            gas_limit: transaction.gas_limit,
            input: transaction.data,
            ..TxDeposit::default()
        };
        Bytes::from(deposit.encoded_2718())
    };
    let expected: Vec<Bytes> = bundle.transactions.into_iter().enumerate().map(deposit).collect();
    assert_eq!(upgrade_transactions(&config(), KARST), expected);
    assert_eq!(upgrade_gas(&config(), KARST), gas);
    Ok(())
}

/// What our activation block makes of a state: its root, once every transaction of it has succeeded.
fn activate(alloc: &Alloc, transactions: Vec<Bytes>) -> B256 {
    let config = Arc::new(config());
    let mut memory = Memory::default();
    let parent = Header {
        state_root: memory.put(alloc),
        gas_limit: 60_000_000,
        timestamp: KARST - BLOCK_TIME,
        base_fee_per_gas: Some(1_000_000_000),
        extra_data: [&[1, 0, 0, 0, 250, 0, 0, 0, 6][..], &[0; 8]].concat().into(),
        blob_gas_used: Some(0),
        ..Header::default()
    };
    let parent = parent.seal_slow();
    let mut state = State::at(Arc::clone(&config), parent.clone());
    let attributes = Attributes {
        parent: BlockId { number: parent.number, hash: parent.hash() },
        timestamp: KARST,
        prev_randao: B256::ZERO,
        gas_limit: parent.gas_limit + upgrade_gas(&config, KARST),
        parent_beacon_block_root: Some(B256::ZERO),
        eip1559_params: Some(Eip1559Params::default()),
        min_base_fee: Some(0),
        deposits: transactions.len(),
        transactions,
        l1_origin: BlockId::default(),
        sequence_number: 0,
    };
    let block = state.execute(&attributes, &mut memory).unwrap();
    assert_eq!(block.receipts.len(), 32);
    for (index, receipt) in block.receipts.iter().enumerate() {
        assert!(Receipt::decode(receipt).unwrap().succeeded, "transaction {index}");
    }
    block.header.state_root
}

/// What op-revm alone makes of a state, all accounts of it.
fn execute(alloc: &Alloc, transactions: &[Bytes]) -> Alloc {
    let mut database = CacheDB::new(EmptyDB::new());
    for (address, account) in alloc {
        let code = Bytecode::new_raw(account.code.clone());
        let info = AccountInfo::new(account.balance, account.nonce.to(), code.hash_slow(), code);
        database.insert_account_info(*address, info);
        for (slot, value) in &account.storage {
            database.insert_account_storage(*address, (*slot).into(), (*value).into()).unwrap();
        }
    }
    let block = BlockEnv {
        number: U256::from(1),
        timestamp: U256::from(KARST),
        gas_limit: u64::MAX,
        prevrandao: Some(B256::ZERO),
        ..BlockEnv::default()
    };
    let cfg = CfgEnv::new_with_spec(OpSpecId::KARST).with_chain_id(CHAIN);
    let mut evm = OpContext::op().with_db(&mut database).with_block(block).with_cfg(cfg).build_op();
    for encoded in transactions {
        let deposit: TxDeposit = alloy_rlp::decode_exact(&encoded[1..]).unwrap();
        let base = TxEnv {
            tx_type: 0x7e,
            caller: deposit.from,
            kind: deposit.to,
            gas_limit: deposit.gas_limit,
            data: deposit.input,
            ..TxEnv::default()
        };
        let parts = DepositTransactionParts::new(deposit.source_hash, None, false);
        let result = evm.transact_commit(OpTransaction { base, enveloped_tx: None, deposit: parts }).unwrap();
        assert!(result.is_success(), "{result:?}");
    }
    let account = |(address, account): (&Address, &revm::database::DbAccount)| {
        let info = &account.info;
        let code = database.cache.contracts.get(&info.code_hash).map(Bytecode::original_bytes).unwrap_or_default();
        let set = account.storage.iter().filter(|(_, value)| !value.is_zero());
        let storage = set.map(|(slot, value)| (B256::from(*slot), B256::from(*value))).collect();
        (*address, Account { code, storage, balance: info.balance, nonce: U64::from(info.nonce) })
    };
    let is_there = |(_, account): &(&Address, &revm::database::DbAccount)| !account.info.is_empty();
    database.cache.accounts.iter().filter(is_there).map(account).collect()
}

/// op-node's module has the predeploys as Jovian leaves them, and what Karst's transactions make of them. That our
/// activation block makes the same is shown in two steps: op-revm's own state has each of those accounts, and our
/// state's root is that state's.
#[test]
fn karsts_state_is_what_its_transactions_make_of_jovians() -> Result<()> {
    let mut before: Alloc = file("state/jovian_state.json")?;
    let after: Alloc = file("state/karst_state.json")?;
    let bare_proxy = before[&BARE_PROXY].clone();
    assert_eq!(bare_proxy.storage.len(), 1, "an administrator and nothing else");
    for predeploy in NEW_PREDEPLOYS {
        assert_eq!(before.insert(predeploy, bare_proxy.clone()), None);
    }

    let (config, l1) = (config(), L1ChainConfig { chain_id: 900, blob_schedule: Vec::new() });
    let origin = L1Header { number: 7, timestamp: KARST - 1, ..L1Header::default() };
    let l1_info = l1_info_transaction(&config, &l1, &SystemConfig::default(), &origin, 0, KARST)?;
    let mut transactions = vec![l1_info];
    transactions.extend(upgrade_transactions(&config, KARST));

    let mut executed = execute(&before, &transactions);
    assert_eq!(activate(&before, transactions), Memory::default().put(&executed));

    // What the L1 info transaction writes is of no block in particular, so the file leaves it out.
    let l1_attributes = |slot: &B256| U256::from_be_bytes(slot.0) < U256::from(9);
    let written = &mut executed.get_mut(&L1_BLOCK).context("L1Block")?.storage;
    assert!(written.keys().any(l1_attributes));
    written.retain(|slot, _| !l1_attributes(slot));
    for (address, expected) in &after {
        assert_eq!(executed.get(address), Some(expected), "{address}");
    }
    let changed = after.iter().filter(|(address, account)| before.get(*address) != Some(account)).count();
    assert!(changed > 30, "{changed}");
    Ok(())
}
