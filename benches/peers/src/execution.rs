//! Blocks of OP Sepolia, from their attributes and what they read to their headers.

use alloy_consensus::{Header, Sealed};
use alloy_consensus_1::{Header as KonaHeader, Sealed as KonaSealed};
use alloy_op_evm_0::OpEvmFactory;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;
use alloy_rpc_types_engine_1::PayloadAttributes;
use kohala_execute::{State, StateSource};
use kohala_protocol::{Attributes, BlockId, Eip1559Params, RollupConfig, chains};
use kohala_testdata::sepolia::Block;
use kohala_trie::NodeSource;
use kona_executor::{StatelessL2Builder, TrieDBProvider};
use kona_genesis::RollupConfig as KonaConfig;
use kona_mpt::{NoopTrieHinter, TrieNode, TrieProvider};
use op_alloy_rpc_types_engine_0::OpPayloadAttributes;
use std::sync::Arc;

/// A block as each side takes it in.
pub(crate) struct Execution {
    block: Arc<Block>,
    config: Arc<RollupConfig>,
    parent: Sealed<Header>,
    attributes: Attributes,
    kona_config: KonaConfig,
    kona_parent: KonaSealed<KonaHeader>,
    kona_attributes: OpPayloadAttributes,
}

impl Execution {
    pub(crate) fn new(block: Block) -> Self {
        let (config, _) = chains::by_id(11_155_420).expect("OP Sepolia is known");
        let parent: Header = serde_json::from_str(block.parent_json.get()).expect("a header");
        let kona_parent: KonaHeader = serde_json::from_str(block.parent_json.get()).expect("a header");
        let parent = Sealed::new(parent);
        Self {
            config: Arc::new(config),
            attributes: attributes(&block, BlockId { number: parent.number, hash: parent.hash() }),
            parent,
            kona_config: serde_json::from_str(block.rollup_json.get()).expect("a configuration"),
            kona_parent: KonaSealed::new(kona_parent),
            kona_attributes: kona_attributes(&block),
            block: Arc::new(block),
        }
    }

    /// The block's number and its gas. Panics unless both sides make the block that the chain has.
    pub(crate) fn agree(&self) -> (u64, u64) {
        assert_eq!((self.ours(), self.kona()), (self.block.hash, self.block.hash));
        let mut state = State::at(self.config.clone(), self.parent.clone());
        let block = state.execute(&self.attributes, &mut Witness(&self.block)).expect("the block is valid");
        (block.header.number, block.header.gas_used)
    }

    pub(crate) fn ours(&self) -> B256 {
        let mut state = State::at(self.config.clone(), self.parent.clone());
        let block = state.execute(&self.attributes, &mut Witness(&self.block)).expect("the block is valid");
        block.header.hash()
    }

    pub(crate) fn kona(&self) -> B256 {
        let provider = KonaWitness(self.block.clone());
        let parent = self.kona_parent.clone();
        let mut builder =
            StatelessL2Builder::new(&self.kona_config, OpEvmFactory::default(), provider, NoopTrieHinter, parent);
        builder.build_block(self.kona_attributes.clone()).expect("the block is valid").header.hash()
    }
}

/// The attributes, as our derivation gives them.
fn attributes(block: &Block, parent: BlockId) -> Attributes {
    let given = &block.attributes;
    Attributes {
        parent,
        timestamp: given.timestamp,
        prev_randao: given.prev_randao,
        gas_limit: given.gas_limit,
        parent_beacon_block_root: Some(given.parent_beacon_block_root),
        eip1559_params: Some(Eip1559Params::from_bytes(given.eip1559_params.0)),
        min_base_fee: None,
        transactions: given.transactions.clone(),
        // What follows doesn't matter to execution.
        deposits: 1,
        l1_origin: BlockId::default(),
        sequence_number: 0,
    }
}

/// The attributes, as kona's derivation gives them.
fn kona_attributes(block: &Block) -> OpPayloadAttributes {
    let given = &block.attributes;
    OpPayloadAttributes {
        payload_attributes: PayloadAttributes {
            timestamp: given.timestamp,
            prev_randao: given.prev_randao,
            suggested_fee_recipient: alloy_primitives::address!("4200000000000000000000000000000000000011"),
            withdrawals: None,
            parent_beacon_block_root: Some(given.parent_beacon_block_root),
        },
        transactions: Some(given.transactions.clone()),
        no_tx_pool: None,
        gas_limit: Some(given.gas_limit),
        eip_1559_params: Some(given.eip1559_params),
    }
}

/// Our side's source. Neither side checks what it is given against its hash.
struct Witness<'a>(&'a Block);

impl NodeSource for Witness<'_> {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.0.preimages.get(&hash).cloned().ok_or(hash)
    }
}

impl StateSource for Witness<'_> {
    fn code(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.node(hash)
    }

    fn header(&mut self, hash: B256) -> Result<Header, B256> {
        Header::decode(&mut self.node(hash)?.as_ref()).map_err(|_| hash)
    }
}

/// Kona's source.
#[derive(Clone, Debug)]
struct KonaWitness(Arc<Block>);

impl KonaWitness {
    fn preimage(&self, hash: B256) -> Result<Bytes, String> {
        self.0.preimages.get(&hash).cloned().ok_or_else(|| format!("{hash} is not there"))
    }
}

impl TrieProvider for KonaWitness {
    type Error = String;

    fn trie_node_by_hash(&self, hash: B256) -> Result<TrieNode, String> {
        TrieNode::decode(&mut self.preimage(hash)?.as_ref()).map_err(|error| error.to_string())
    }
}

impl TrieDBProvider for KonaWitness {
    fn bytecode_by_hash(&self, hash: B256) -> Result<Bytes, String> {
        self.preimage(hash)
    }

    fn header_by_hash(&self, hash: B256) -> Result<KonaHeader, String> {
        KonaHeader::decode(&mut self.preimage(hash)?.as_ref()).map_err(|error| error.to_string())
    }
}
