use super::{Account, Devnet};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use serde_json::{Value, json};
use std::{fs, io, io::Write, path::Path};

impl Devnet {
    /// Writes the chain into `directory`: `rollup.json`, `l1-chain-config.json`, `genesis-l2.json`, a line for each
    /// block in `l1.jsonl` and `l2.jsonl`, a line for each blob in `blobs.jsonl`, and in `claims/` the true claim about
    /// each block of `claimed`, agreed on the genesis block. That is all that a program needs to judge them.
    ///
    /// # Panics
    ///
    /// If a claimed block is not made yet.
    pub fn dump(&self, directory: &Path, claimed: &[u64]) -> io::Result<()> {
        fs::create_dir_all(directory.join("claims"))?;
        let write = |name: &str, json: Value| fs::write(directory.join(name), format!("{json:#}\n"));
        write("rollup.json", self.rollup_json())?;
        write("l1-chain-config.json", self.l1_config_json())?;
        write("genesis-l2.json", self.genesis_json())?;
        write_lines(&directory.join("l1.jsonl"), self.l1_lines())?;
        write_lines(&directory.join("blobs.jsonl"), self.blob_lines())?;
        write_lines(&directory.join("l2.jsonl"), self.l2_lines())?;
        claimed.iter().try_for_each(|number| write(&format!("claims/0-{number}.json"), self.claim_json(*number)))
    }

    /// The accounts of L2's genesis block as geth has them.
    fn genesis_json(&self) -> Value {
        let account = |account: &Account| {
            let storage = account.storage.iter().map(|(slot, value)| {
                let [slot, value] = [slot, value].map(|word| B256::from(*word));
                (slot.to_string(), json!(value))
            });
            json!({
                "balance": account.balance,
                "nonce": format!("{:#x}", account.nonce),
                "code": account.code,
                "storage": storage.collect::<serde_json::Map<_, _>>(),
            })
        };
        let accounts = self.l2[0].state.accounts.iter().map(|(address, held)| (format!("{address:x}"), account(held)));
        json!({
            "timestamp": format!("{:#x}", self.config.genesis_time),
            "alloc": accounts.collect::<serde_json::Map<_, _>>(),
        })
    }

    fn l1_lines(&self) -> impl Iterator<Item = Value> {
        self.l1.iter().map(|block| {
            json!({
                "number": block.header.number,
                "hash": block.header.hash(),
                "header": rlp(&block.header),
                "transactions": block.encoded_transactions(),
                "receipts": block.encoded_receipts(),
            })
        })
    }

    fn blob_lines(&self) -> impl Iterator<Item = Value> {
        self.l1.iter().flat_map(|block| {
            block.blobs.iter().enumerate().map(|(index, blob)| {
                let used = blob.data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                json!({
                    "slot": (block.header.timestamp - self.config.genesis_time) / self.config.l1_block_time,
                    "index": index,
                    "versionedHash": blob.versioned_hash,
                    "commitment": blob.commitment,
                    "blob": blob.data.slice(..used),
                })
            })
        })
    }

    fn l2_lines(&self) -> impl Iterator<Item = Value> {
        self.l2.iter().map(|block| {
            json!({
                "number": block.header.number,
                "hash": block.header.hash(),
                "header": rlp(&block.header),
                "transactions": block.transactions,
                "outputRoot": block.output_root(),
                "l1origin": { "hash": block.origin.hash, "number": block.origin.number },
                "sequenceNumber": block.sequence_number,
            })
        })
    }

    fn claim_json(&self, claimed: u64) -> Value {
        let (claim, block, l1_head) = (self.claim(0, claimed), &self.l2[claimed as usize], self.l1.len() - 1);
        json!({
            "agreed_block": 0,
            "agreed_l2_head_hash": self.l2[0].header.hash(),
            "agreed_l2_output_root": claim.agreed_output_root,
            "claimed_l2_block_number": claim.claimed_block_number,
            "claimed_l2_output_root": claim.claimed_output_root,
            "claimed_block_hash": block.header.hash(),
            "l1_head": claim.l1_head,
            "l1_head_number": l1_head,
            "claim_l1_origin": block.origin.number,
            "agreed_l1_origin": 0,
        })
    }
}

fn rlp(header: &Header) -> Bytes {
    alloy_rlp::encode(header).into()
}

fn write_lines(file: &Path, lines: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut file = io::BufWriter::new(fs::File::create(file)?);
    lines.into_iter().try_for_each(|line| writeln!(file, "{line}"))?;
    file.flush()
}
