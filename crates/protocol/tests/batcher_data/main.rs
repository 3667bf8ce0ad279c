//! What a batcher posts on L1, good and bad, held against op-node and against chains that it derived.

mod blobs;
mod channels;
mod frames;
mod recorded;
