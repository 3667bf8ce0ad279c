//! Scenarios: a chain is told as a story, with all that a batcher, a sequencer and users may do to it, and the program
//! has to come to the chain's own blocks and to the right verdict.

mod activation;
mod bad_transaction;
mod dump;
mod forks;
mod holocene_activation;
mod isthmus;
mod jovian;
mod karst;
mod operator_fee;
mod posting;
mod precompiles;
mod program;
mod set_code;
#[path = "../devnet/story.rs"]
mod story;
mod support;
