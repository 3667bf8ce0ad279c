//! The chain held to what is known of it, and what its nodes answer.

mod chain;
mod proxy;
mod serve;
mod story;
