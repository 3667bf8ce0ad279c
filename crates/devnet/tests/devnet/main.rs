//! The chain held to what is known of it, and judged by the program that it is there to judge.

mod chain;
mod program;
mod proxy;
mod serve;
mod story;
