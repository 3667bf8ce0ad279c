//! cannon's machine: every rule, and every step taken three ways.

mod files;
mod instructions;
mod machine;
mod programs;
mod reference;
mod syscalls;
mod threads;
