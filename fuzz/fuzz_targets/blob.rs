//! libFuzzer on [`kohala_fuzz::blob`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::blob(data));
