//! libFuzzer on [`kohala_fuzz::singular_batch`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::singular_batch(data));
