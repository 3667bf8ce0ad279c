//! Who a node is and how far it is.

use super::{Asker, Capability, Heads, NodeFindings, Purpose, RpcError, SourceKind, Status};
use crate::{
    beacon,
    execution::{self, ExecutionClient, Tag},
    rollup::SyncStatus,
};
use alloy_primitives::Bytes;
use kohala_protocol::{RollupConfig, chains};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};
use std::time::{Duration, Instant};

/// What every node is asked first.
#[derive(Debug)]
pub(super) struct Basics<'a> {
    pub(super) asker: &'a Asker,
    pub(super) silence: Option<String>,
    pub(super) heads: Heads,
    /// The chain's id of an execution client; the id of L1 of a beacon node, where it tells.
    pub(super) chain_id: Option<u64>,
    version: Option<String>,
    latency: Option<Duration>,
    /// A rollup node's configuration, or what came of the question.
    pub(super) config: Result<Bytes, Status>,
}

impl<'a> Basics<'a> {
    pub(super) async fn ask(asker: &'a Asker) -> Self {
        let mut basics = Self {
            asker,
            silence: None,
            heads: Heads::default(),
            chain_id: None,
            version: None,
            latency: None,
            config: Err(Status::Missing),
        };
        match asker.kind {
            SourceKind::L1 | SourceKind::L2 => basics.ask_execution_client().await,
            SourceKind::Beacon => basics.ask_beacon_node().await,
            SourceKind::RollupNode => basics.ask_rollup_node().await,
        }
        basics
    }

    async fn ask_execution_client(&mut self) {
        let asker = self.asker;
        let (endpoint, _) = asker.endpoint();
        let client = ExecutionClient::new(endpoint);
        match asker.ask(client.chain_id()).await {
            Ok(id) => self.chain_id = Some(id),
            Err(Status::Silent(reason)) => return self.silence = Some(reason),
            Err(_) => {}
        }
        let start = Instant::now();
        self.heads.newest = asker.ask(client.tagged(Tag::Latest)).await.ok();
        self.latency = Some(start.elapsed());
        let (safe, finalized, version) = tokio::join!(
            asker.ask(client.tagged(Tag::Safe)),
            asker.ask(client.tagged(Tag::Finalized)),
            asker.ask(self.call::<String>("web3_clientVersion")),
        );
        (self.heads.safe, self.heads.finalized) = (safe.ok(), finalized.ok());
        self.version = version.ok().map(|version| asker.repeatable(&version));
    }

    async fn ask_beacon_node(&mut self) {
        #[derive(Deserialize)]
        struct Version {
            version: String,
        }
        #[derive(Deserialize)]
        struct Syncing {
            head_slot: String,
        }
        #[derive(Deserialize)]
        struct Spec {
            #[serde(rename = "DEPOSIT_CHAIN_ID")]
            chain_id: String,
        }
        let asker = self.asker;
        // Any answer will do to know that somebody is there.
        if let Err(Status::Silent(reason)) = asker.ask(self.read::<Spec>("spec", "eth/v1/config/spec")).await {
            return self.silence = Some(reason);
        }
        let start = Instant::now();
        let spec = asker.ask(self.read::<Spec>("spec", "eth/v1/config/spec")).await;
        self.latency = Some(start.elapsed());
        self.chain_id = spec.ok().and_then(|spec| spec.chain_id.parse().ok());
        let (version, syncing) = tokio::join!(
            asker.ask(self.read::<Version>("version", "eth/v1/node/version")),
            asker.ask(self.read::<Syncing>("syncing", "eth/v1/node/syncing")),
        );
        self.version = version.ok().map(|version| asker.repeatable(&version.version));
        self.heads.newest = syncing.ok().and_then(|syncing| syncing.head_slot.parse().ok());
    }

    async fn ask_rollup_node(&mut self) {
        let asker = self.asker;
        self.config = asker
            .ask(self.call::<Box<RawValue>>("optimism_rollupConfig"))
            .await
            .map(|raw| Bytes::copy_from_slice(raw.get().as_bytes()));
        if let Err(Status::Silent(reason)) = &self.config {
            return self.silence = Some(reason.clone());
        }
        let start = Instant::now();
        let sync = asker.ask(self.call::<SyncStatus>("optimism_syncStatus")).await.ok();
        self.latency = Some(start.elapsed());
        self.heads = Heads {
            newest: sync.map(|sync| sync.unsafe_l2.number),
            safe: sync.map(|sync| sync.safe_l2.number),
            finalized: sync.map(|sync| sync.finalized_l2.number),
        };
        let version = asker.ask(self.call::<String>("optimism_version")).await;
        self.version = version.ok().map(|version| asker.repeatable(&version));
        let told = self.config.as_ref().ok().and_then(|json| RollupConfig::from_json(json).ok());
        self.chain_id = told.map(|config| config.l2_chain_id);
    }

    async fn call<T: DeserializeOwned>(&self, method: &'static str) -> Result<T, RpcError> {
        self.asker.shared().call(method, json!([]), execution::read).await
    }

    async fn read<T: DeserializeOwned>(&self, method: &'static str, path: &str) -> Result<T, RpcError> {
        self.asker.shared().get(method, path, beacon::read).await
    }

    /// Whether the node is one of this chain's.
    pub(super) fn is_of(&self, config: Option<&RollupConfig>) -> Capability {
        let (name, advice) = match self.asker.kind {
            SourceKind::RollupNode => (
                "optimism_rollupConfig",
                "name the chain that the nodes belong to (--chain, --rollup-config-path), or ask an op-node of it",
            ),
            SourceKind::L1 | SourceKind::L2 => (
                "eth_chainId",
                "name the chain that the nodes belong to (--chain, --rollup-config-path), or other nodes",
            ),
            SourceKind::Beacon => ("DEPOSIT_CHAIN_ID", "use a beacon node of the L1 chain that the rollup lives on"),
        };
        let status = match config {
            None => Status::Untried("the chain is not known: name it with --chain or --rollup-config-path"),
            Some(config) if self.asker.kind == SourceKind::RollupNode => self.has_config(config),
            Some(config) => {
                let due = if self.asker.kind == SourceKind::L2 { config.l2_chain_id } else { config.l1_chain_id };
                match self.chain_id {
                    Some(id) if id == due => Status::Works,
                    Some(id) => Status::Refused(format!("chain id {id}, but the configuration says {due}")),
                    None => Status::Untried("the node does not tell a chain id"),
                }
            }
        };
        Capability::new(name, Purpose::Chain, status, advice)
    }

    /// Whether a rollup node derives by the configuration in use.
    fn has_config(&self, config: &RollupConfig) -> Status {
        let json = match &self.config {
            Ok(json) => json,
            Err(status) => return status.clone(),
        };
        match RollupConfig::from_json(json) {
            Err(error) => Status::Refused(self.asker.repeatable(&error.to_string())),
            Ok(told) => match super::rollup::differing(config, &told)[..] {
                [] => Status::Works,
                ref keys => Status::Refused(format!("differs from the configuration in use in {}", keys.join(", "))),
            },
        }
    }

    pub(super) fn findings(&self, capabilities: Vec<Capability>) -> NodeFindings {
        NodeFindings {
            kind: self.asker.kind,
            node: self.asker.node.clone(),
            silence: self.silence.clone(),
            chain_id: self.chain_id,
            version: self.version.clone(),
            heads: self.heads,
            latency: self.latency,
            capabilities,
        }
    }
}

/// The configuration that a run with these nodes would judge by.
pub(super) fn config_in_use(named: Option<RollupConfig>, basics: &[Basics<'_>]) -> Option<RollupConfig> {
    let of = |kind| basics.iter().filter(move |basics| basics.asker.kind == kind);
    let known = || {
        let id = of(SourceKind::L2).find_map(|basics| basics.chain_id)?;
        chains::by_id(id).map(|(rollup, _)| rollup)
    };
    let told = || {
        let json = of(SourceKind::RollupNode).find_map(|basics| basics.config.as_ref().ok())?;
        RollupConfig::from_json(json).ok()
    };
    named.or_else(known).or_else(told)
}
