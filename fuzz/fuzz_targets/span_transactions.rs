//! libFuzzer on [`kohala_fuzz::span_transactions`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::span_transactions(data));
