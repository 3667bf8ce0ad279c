//! Scenarios: a chain is told as a story, with all that a batcher, a sequencer and users may do to it, and the program
//! has to come to the chain's own blocks and to the right verdict.

mod activation;
mod bad_transaction;
mod batcher_change;
mod block_times;
mod channel_timeout;
mod dump;
mod forks;
mod garbage;
mod holocene_activation;
mod invalid_batch;
mod isthmus;
mod jovian;
mod karst;
mod l1_to_come;
mod lookback;
mod operator_fee;
mod order;
mod posting;
mod prague;
mod precompiles;
mod program;
mod sequencing_window;
mod set_code;
mod spans;
#[path = "../devnet/story.rs"]
mod story;
mod support;
mod verdict;
