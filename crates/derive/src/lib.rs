//! TBD
#![no_std]
extern crate alloc;
