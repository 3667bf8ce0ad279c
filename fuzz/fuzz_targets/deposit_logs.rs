//! libFuzzer on [`kohala_fuzz::deposit_logs`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::deposit_logs(data));
