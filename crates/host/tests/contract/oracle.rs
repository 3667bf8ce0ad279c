//! `PreimageOracle` in an EVM of its own.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use kohala_host::upload::MIN_PROPOSAL_BYTES;
use kohala_preimage::{Key, KeyKind};
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext, MainnetEvm,
    context::{
        BlockEnv, CfgEnv, Journal, TxEnv,
        result::{ExecutionResult, Output},
    },
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
};

type Database = CacheDB<EmptyDB>;

/// Gas of a transaction: as much as a block of L1 had when the contracts were deployed.
const GAS: u64 = 30_000_000;
/// Who calls: a dispute game, for local data.
const GAME: Address = Address::repeat_byte(0x47);

/// The deployed contract.
pub(crate) struct Oracle {
    evm: MainnetEvm<Context<BlockEnv, TxEnv, CfgEnv, Database, Journal<Database>>>,
    address: Address,
}

impl Oracle {
    /// Deployed as on standard chains: proposals from 126,000 bytes on, challenged for a day.
    pub(crate) fn deployed() -> Self {
        let block = BlockEnv { gas_limit: GAS, ..BlockEnv::default() };
        let mut cfg = CfgEnv::new_with_spec(SpecId::PRAGUE);
        cfg.disable_nonce_check = true;
        let context = Context::mainnet().with_db(Database::default()).with_block(block).with_cfg(cfg);
        let mut oracle = Self { evm: context.build_mainnet(), address: Address::ZERO };
        let numbers = [U256::from(MIN_PROPOSAL_BYTES), U256::from(86_400)].map(|number| number.to_be_bytes::<32>());
        let code = [&kohala_testdata::preimage_oracle()[..], numbers.as_flattened()].concat();
        match oracle.transact(TxKind::Create, code.into()) {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => oracle.address = address,
            other => panic!("{other:?}"),
        }
        oracle
    }

    fn transact(&mut self, kind: TxKind, data: Bytes) -> ExecutionResult {
        let transaction = TxEnv { caller: GAME, kind, data, gas_limit: GAS, ..TxEnv::default() };
        self.evm.transact_commit(transaction).unwrap()
    }

    /// What a call returns, or what it reverts with.
    pub(crate) fn call(&mut self, calldata: &Bytes) -> Result<Bytes, Bytes> {
        match self.transact(TxKind::Call(self.address), calldata.clone()) {
            ExecutionResult::Success { output, .. } => Ok(output.into_data()),
            ExecutionResult::Revert { output, .. } => Err(output),
            halt => panic!("{halt:?}"),
        }
    }

    /// `readPreimage`: as many bytes as it says that there are. `None` where the part is not there.
    ///
    /// What it has beyond them is not for VMs: zeros mostly, and of a precompile's outcome what the call has left in the
    /// contract's memory.
    pub(crate) fn part(&mut self, key: Key, offset: u64) -> Option<Vec<u8>> {
        let call = [&selector("readPreimage(bytes32,uint256)")[..], key.as_bytes(), &word(offset)].concat();
        let answer = match self.call(&call.into()) {
            Ok(answer) => answer,
            Err(reason) => {
                assert!(reason.windows(20).any(|text| text == b"pre-image must exist"), "{reason}");
                return None;
            }
        };
        let (data, len) = answer.split_at(32);
        let len = U256::from_be_slice(len).to::<usize>();
        Some(data[..len].to_vec())
    }

    /// `loadLocalData`, as a game calls it: the localised key.
    pub(crate) fn load_local(&mut self, ident: u64, context: B256, data: B256, size: usize, offset: u64) -> Key {
        let key = [*Key::local(ident).as_bytes(), GAME.into_word().0, context.0];
        let key = Key::keccak256(keccak256(key.as_flattened())).with_kind(KeyKind::Local);
        let arguments = [word(ident), context.0, data.0, word(size as u64), word(offset)];
        let selector = selector("loadLocalData(uint256,bytes32,bytes32,uint256,uint256)");
        let told = self.call(&[&selector[..], arguments.as_flattened()].concat().into());
        assert_eq!(told, Ok(Bytes::copy_from_slice(key.as_bytes())));
        key
    }
}

/// What a function's call, or an error, begins with.
pub(crate) fn selector(signature: &str) -> Bytes {
    Bytes::copy_from_slice(&keccak256(signature)[..4])
}

fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}
