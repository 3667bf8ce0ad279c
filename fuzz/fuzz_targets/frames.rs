//! libFuzzer on [`kohala_fuzz::frames`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::frames(data));
