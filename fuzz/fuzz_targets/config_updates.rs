//! libFuzzer on [`kohala_fuzz::config_updates`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::config_updates(data));
