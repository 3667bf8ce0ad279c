//! libFuzzer on [`kohala_fuzz::l1_header`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::l1_header(data));
