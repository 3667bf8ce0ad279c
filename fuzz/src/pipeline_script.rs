use crate::{
    chain::{self, Poster},
    logs,
    script::Script,
};
use alloy_primitives::{B256, Bytes};
use kohala_derive::{L1Block, L2Block, Mismatch, Need, Pipeline, SafeHead, Step};
use kohala_protocol::{Attributes, BlockInfo, Fork, L2BlockInfo};
use std::sync::Arc;

/// Longest script: more calls tell nothing new.
const CALLS: usize = 300;

/// The pipeline's methods in any order, with data that was asked for or that was not.
///
/// What doesn't fit is refused at the door and changes nothing, [`Pipeline::step`] repeats itself, and there are never
/// more events than its buffer holds.
pub fn pipeline_script(input: &[u8]) {
    let mut script = Script::new(input);
    let fork = Fork::ALL[script.pick(Fork::ALL.len())];
    let later = script.rarely(2).then_some((Fork::Jovian, chain::GENESIS_TIME + 3 * chain::L1_BLOCK_TIME));
    let config = chain::config(fork, later);
    let mut pipeline = Pipeline::new(Arc::new(config.clone()), Arc::new(chain::l1_config()), chain::start(&config));
    let mut poster = Poster::new();
    for _ in 0..CALLS {
        if script.is_empty() {
            break;
        }
        let step = pipeline.step();
        assert_eq!(pipeline.step(), step, "another answer to the same question");
        match script.pick(10) {
            0 => refuse(pipeline.provide_l1_block(wrong_l1_block(&mut script)), &mut pipeline, &step),
            1 => {
                let blobs = (0..script.pick(5)).map(|_| blob(&mut script)).collect();
                if pipeline.provide_blobs(blobs) != Ok(()) {
                    assert_eq!(pipeline.step(), step);
                }
            }
            2 => {
                let first = script.byte().into();
                let blocks =
                    (first..first + script.pick(18) as u64).map(|number| l2_block(number, &mut script)).collect();
                if pipeline.provide_l2_blocks(blocks) != Ok(()) {
                    assert_eq!(pipeline.step(), step);
                }
            }
            3 => {
                let is_building = matches!(step, Step::Attributes(_));
                let rejected = pipeline.reject();
                assert!(rejected.is_none() || is_building);
                assert!(rejected.is_none_or(|attributes| attributes.is_deposits_only()));
                if !is_building {
                    assert_eq!(pipeline.step(), step);
                }
            }
            4 => assert!(pipeline.events().count() <= 1025, "events without bound"),
            _ => go_on(&mut pipeline, step, &mut poster, &mut script),
        }
    }
}

/// Does what the pipeline waits for.
fn go_on(pipeline: &mut Pipeline, step: Step, poster: &mut Poster, script: &mut Script<'_>) {
    match step {
        Step::Attributes(attributes) => {
            assert_eq!(attributes.parent.number, pipeline.pending_safe_head().info.block.number);
            pipeline.accept(built(&attributes));
            assert_eq!(pipeline.pending_safe_head().info.block.number, attributes.number());
        }
        Step::Need(Need::L1Block { number }) => {
            let block = l1_block(number, poster, script);
            assert_eq!(pipeline.provide_l1_block(block), Ok(()));
            assert_eq!(pipeline.origin().number, number);
        }
        Step::Need(Need::Blobs { hashes, .. }) => {
            let blobs = hashes.iter().map(|_| blob(script)).collect();
            let answer = pipeline.provide_blobs(blobs);
            assert!(matches!(answer, Ok(()) | Err(Mismatch::BlobSize)));
        }
        Step::Need(Need::L2Blocks { numbers }) => {
            assert!(numbers.clone().count() <= 16 && *numbers.end() <= pipeline.pending_safe_head().info.block.number);
            let blocks = numbers.map(|number| l2_block(number, script)).collect();
            assert!(matches!(pipeline.provide_l2_blocks(blocks), Ok(()) | Err(Mismatch::L2Blocks)));
        }
        Step::Halted(_) => pipeline.accept(*pipeline.pending_safe_head()),
    }
}

fn refuse(answer: Result<(), Mismatch>, pipeline: &mut Pipeline, step: &Step) {
    assert_ne!(answer, Ok(()), "an L1 block that does not fit");
    assert_eq!(pipeline.step(), *step);
}

/// Another number or another parent than can be asked for.
fn wrong_l1_block(script: &mut Script<'_>) -> L1Block {
    let mut header = chain::l1_header(script.byte().into());
    if script.rarely(2) {
        header.number = script.number() | 1 << 40;
    } else {
        header.parent_hash = B256::repeat_byte(script.byte());
    }
    L1Block { header, transactions: Vec::new(), receipts: None, senders: None }
}

/// The block that was asked for, with whatever content.
fn l1_block(number: u64, poster: &mut Poster, script: &mut Script<'_>) -> L1Block {
    let mut header = chain::l1_header(number);
    header.timestamp += u64::from(script.byte()) % 4;
    let mut transactions = Vec::new();
    for _ in 0..script.pick(3) {
        match script.pick(32) {
            0 => transactions.push(Bytes::copy_from_slice(script.string())),
            // Slow, because they are signed.
            31 => transactions.push(chain::blob_carrier(1 + script.pick(3))),
            _ => transactions.extend(poster.post(script).iter().map(|datum| chain::carrier(datum))),
        }
    }
    let receipts = script.rarely(4).then(|| {
        let event = if script.rarely(2) { logs::DEPOSITED } else { logs::UPDATED };
        logs::receipts(script, event)
    });
    let logs = receipts.iter().flatten().flat_map(|receipt| &receipt.logs);
    logs.for_each(|log| header.logs_bloom.accrue_log(log));
    L1Block { header, transactions, receipts, senders: None }
}

/// A blob with a byte of data, or of a wrong size.
fn blob(script: &mut Script<'_>) -> Bytes {
    let mut blob = vec![0; 131_072 - usize::from(script.rarely(32))];
    blob[4] = 1;
    blob[5] = script.byte();
    blob.into()
}

fn l2_block(number: u64, script: &mut Script<'_>) -> L2Block {
    let mut info = chain::l2_block(number);
    if script.rarely(16) {
        info.block.hash = B256::repeat_byte(script.byte());
    }
    info.l1_origin.number = info.l1_origin.number.saturating_sub(u64::from(script.rarely(16)));
    let transactions = (0..script.pick(3)).map(|_| Bytes::copy_from_slice(script.bytes(2))).collect();
    L2Block { info, transactions }
}

/// The block of these attributes, named by its number.
pub(crate) fn built(attributes: &Attributes) -> SafeHead {
    let number = attributes.number();
    let info = L2BlockInfo {
        block: BlockInfo {
            number,
            hash: chain::l2_hash(number),
            parent_hash: attributes.parent.hash,
            timestamp: attributes.timestamp,
        },
        l1_origin: attributes.l1_origin,
        sequence_number: attributes.sequence_number,
    };
    let system_config = kohala_protocol::SystemConfig { gas_limit: 30_000_000, ..Default::default() };
    SafeHead { info, system_config }
}
