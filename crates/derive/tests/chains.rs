//! Chains that op-node derived and op-geth executed, derived anew from their L1 data alone.

mod recording;

use alloy_primitives::Bytes;
use kohala_derive::{Need, Source, Step, next_attributes};
use kohala_protocol::Attributes;
use recording::{Recording, l2_header};

impl Recording {
    /// What op-geth sealed must be what the attributes say.
    fn check(&self, attributes: &Attributes) {
        let number = attributes.number();
        let block = &self.chain.l2[number as usize];
        let header = l2_header(block);
        assert_eq!(attributes.parent.hash, header.parent_hash, "parent of {number}");
        assert_eq!(attributes.timestamp, header.timestamp, "time of {number}");
        assert_eq!(attributes.prev_randao, header.mix_hash, "randao of {number}");
        assert_eq!(attributes.gas_limit, header.gas_limit, "gas limit of {number}");
        assert_eq!(attributes.parent_beacon_block_root, header.parent_beacon_block_root, "beacon root of {number}");
        assert_eq!(attributes.l1_origin.hash, block.l1_origin_hash, "origin of {number}");
        assert_eq!(attributes.sequence_number, block.sequence_number, "sequence number of {number}");
        assert_eq!(self.extra_data(attributes), header.extra_data, "extra data of {number}");
        assert_eq!(attributes.transactions, block.transactions, "transactions of {number}");
        let deposits = block.transactions.iter().filter(|transaction| transaction[0] == 0x7E).count();
        assert_eq!(attributes.deposits, deposits, "deposits of {number}");
    }

    /// Rules X21, from the attributes.
    fn extra_data(&self, attributes: &Attributes) -> Bytes {
        let Some(mut params) = attributes.eip1559_params else { return Bytes::new() };
        if params.denominator == 0 {
            params.denominator = self.config.base_fee.denominator_canyon;
            params.elasticity = self.config.base_fee.elasticity;
        }
        let mut data = vec![u8::from(attributes.min_base_fee.is_some())];
        data.extend(params.denominator.to_be_bytes());
        data.extend(params.elasticity.to_be_bytes());
        data.extend(attributes.min_base_fee.iter().flat_map(|fee| fee.to_be_bytes()));
        data.into()
    }

    /// Derives and checks blocks on top of `agreed` up to `last`, or to the end of L1; returns the last one.
    fn derive(&mut self, agreed: u64, last: u64) -> u64 {
        let mut pipeline = self.pipeline(agreed);
        let mut head = agreed;
        while head < last {
            let Some(attributes) = next_attributes(&mut pipeline, self).unwrap() else { break };
            self.check(&attributes);
            head = attributes.number();
            pipeline.accept(self.safe_head(head));
        }
        assert_eq!(pipeline.safe_head().info.block.number, head);
        head
    }
}

#[test]
fn derives_every_block_of_the_recorded_chains() {
    for name in kohala_testdata::CHAINS {
        let mut recording = Recording::load(name);
        let last = recording.chain.l2.len() as u64 - 1;
        assert_eq!(recording.derive(0, last), last, "{name}");
        assert!(recording.blobs_read > 0, "{name} has blobs");
    }
}

#[test]
fn derives_from_every_agreed_block() {
    for name in ["main", "staged"] {
        let mut recording = Recording::load(name);
        let last = recording.chain.l2.len() as u64 - 1;
        for agreed in 0..last {
            assert_eq!(recording.derive(agreed, agreed + 1), agreed + 1, "{name}");
        }
    }
}

#[test]
fn derives_the_claimed_blocks_up_to_their_l1_head() {
    for name in kohala_testdata::CHAINS {
        let mut recording = Recording::load(name);
        for claim in recording.chain.claims.clone() {
            recording.l1_head = claim.l1_head_number;
            let claimed = claim.claimed_l2_block_number;
            assert_eq!(recording.derive(claim.agreed_block, claimed), claimed, "{name} {}", claim.name());
        }
    }
}

#[test]
fn says_the_same_until_it_is_fed() {
    let mut recording = Recording::load("staged");
    let mut pipeline = recording.pipeline(1);
    loop {
        let first = pipeline.step();
        assert_eq!(pipeline.step(), first);
        match first {
            Step::Attributes(attributes) if attributes.number() == 80 => return,
            Step::Attributes(attributes) => pipeline.accept(recording.safe_head(attributes.number())),
            Step::Need(Need::L1Block { number }) => match recording.l1_block(number).unwrap() {
                Some(block) => pipeline.provide_l1_block(block).unwrap(),
                None => panic!("L1 ended before block 80"),
            },
            Step::Need(Need::Blobs { block, hashes }) => {
                pipeline.provide_blobs(recording.blobs(&block, &hashes).unwrap()).unwrap();
            }
            Step::Need(Need::L2Blocks { numbers }) => {
                pipeline.provide_l2_blocks(recording.l2_blocks(numbers).unwrap()).unwrap();
            }
            Step::Halted(halted) => panic!("{halted}"),
        }
    }
}
