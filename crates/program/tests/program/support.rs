//! A recorded chain as inputs in memory, with the genesis state built from its accounts.

use alloy_consensus::{Header, Sealed, TrieAccount};
use alloy_primitives::{Address, B256, Bytes, address, keccak256};
use alloy_rlp::Decodable;
use kohala_program::{Absent, Boot, MemoryInputs, Program, ProgramError, Progress, Verdict};
use kohala_protocol::{L1ChainConfig, L1Header, OutputRootPreimage, Receipt, RollupConfig};
use kohala_testdata::{Chain, GenesisAccount, L2Record};
use kohala_trie::{NodeSource, Trie};
use std::sync::Arc;

const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");

/// A chain that is agreed on up to its genesis, and the claim that is made about it.
#[derive(Clone)]
pub(crate) struct Recording {
    pub(crate) chain: Arc<Chain>,
    pub(crate) boot: Boot,
    pub(crate) inputs: MemoryInputs,
}

impl Recording {
    /// The whole chain: its last block is claimed, and L1 is there to its end.
    pub(crate) fn load(name: &str) -> Self {
        let chain = Arc::new(kohala_testdata::chain(name));
        let last = chain.l2.last().unwrap();
        let boot = Boot {
            l1_head: chain.l1.last().unwrap().hash,
            agreed_output_root: chain.l2[0].output_root,
            claimed_output_root: last.output_root,
            claimed_block_number: last.number,
            rollup: Arc::new(RollupConfig::from_json(&chain.rollup_json).unwrap()),
            l1: Arc::new(L1ChainConfig::from_json(&chain.l1_config_json).unwrap()),
        };
        let mut inputs = MemoryInputs::default();
        put_l1(&chain, &mut inputs);
        put_genesis(&chain, &mut inputs);
        Self { chain, boot, inputs }
    }

    /// The same with another L1 head and another claim.
    pub(crate) fn claiming(&self, l1_head: usize, number: u64, root: B256) -> Self {
        let mut changed = self.clone();
        changed.boot.l1_head = self.chain.l1[l1_head].hash;
        changed.boot.claimed_block_number = number;
        changed.boot.claimed_output_root = root;
        changed
    }

    pub(crate) fn root(&self, number: u64) -> B256 {
        self.chain.l2[number as usize].output_root
    }

    pub(crate) fn start(&self) -> Result<Program<MemoryInputs>, ProgramError<Absent>> {
        Program::start(self.boot.clone(), self.inputs.clone())
    }

    /// The verdict, and all steps before it.
    pub(crate) fn run(&self) -> Result<(Verdict, Vec<Progress>), ProgramError<Absent>> {
        let mut program = self.start()?;
        let mut steps = Vec::new();
        loop {
            match program.step()? {
                Progress::Judged(verdict) => return Ok((verdict, steps)),
                progress => steps.push(progress),
            }
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.run().unwrap().0
    }
}

pub(crate) fn l2_header(record: &L2Record) -> Sealed<Header> {
    Sealed::new_unchecked(Header::decode(&mut &record.header_rlp[..]).unwrap(), record.hash)
}

fn put_l1(chain: &Chain, inputs: &mut MemoryInputs) {
    for record in &chain.l1 {
        let hash = record.hash;
        inputs.l1_headers.insert(hash, L1Header::decode(hash, &record.header_rlp).unwrap());
        inputs.l1_transactions.insert(hash, record.transactions.clone());
        let receipts = record.receipts.iter().map(|receipt| Receipt::decode(receipt).unwrap()).collect();
        inputs.l1_receipts.insert(hash, receipts);
    }
    inputs.blobs.extend(chain.blobs.iter().map(|(hash, blob)| (*hash, blob.data.clone())));
}

/// The genesis block with its state and its output root; of the later blocks nothing.
fn put_genesis(chain: &Chain, inputs: &mut MemoryInputs) {
    let genesis = l2_header(&chain.l2[0]);
    let mut state = Trie::empty();
    let mut message_passer = None;
    for account in &chain.genesis_alloc {
        let storage_root = put_storage(account, inputs);
        if account.address == MESSAGE_PASSER {
            message_passer = Some(storage_root);
        }
        let code_hash = keccak256(&account.code);
        inputs.codes.insert(code_hash, account.code.clone());
        let leaf = TrieAccount { nonce: account.nonce, balance: account.balance, storage_root, code_hash };
        state.insert(&keccak256(account.address), &alloy_rlp::encode(leaf), &mut Nothing).unwrap();
    }
    let root = state.commit(|hash, node| drop(inputs.nodes.insert(hash, node.to_vec().into())));
    assert_eq!(root, genesis.state_root);
    let output = OutputRootPreimage {
        state_root: root,
        message_passer_storage_root: message_passer.unwrap(),
        block_hash: genesis.hash(),
    };
    assert_eq!(output.hash(), chain.l2[0].output_root);
    inputs.outputs.insert(chain.l2[0].output_root, output);
    inputs.l2_headers.insert(genesis.hash(), genesis.into_inner());
}

fn put_storage(account: &GenesisAccount, inputs: &mut MemoryInputs) -> B256 {
    let mut trie = Trie::empty();
    for slot in &account.storage {
        let key = keccak256(slot.key.to_be_bytes::<32>());
        trie.insert(&key, &alloy_rlp::encode(slot.value), &mut Nothing).unwrap();
    }
    trie.commit(|hash, node| drop(inputs.nodes.insert(hash, node.to_vec().into())))
}

/// A trie that grows from nothing asks for no node.
struct Nothing;

impl NodeSource for Nothing {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        Err(hash)
    }
}
