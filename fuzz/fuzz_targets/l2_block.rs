//! libFuzzer on [`kohala_fuzz::l2_block`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::l2_block(data));
