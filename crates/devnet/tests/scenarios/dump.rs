//! A chain written to files, and judged with nothing but them.

use crate::story::tell;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use alloy_rlp::Decodable;
use kohala_devnet::chain::{Config, Posting};
use kohala_program::{Boot, MemoryInputs, Program, Progress};
use kohala_protocol::{L1ChainConfig, L1Header, OutputRootPreimage, Receipt, RollupConfig};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};
