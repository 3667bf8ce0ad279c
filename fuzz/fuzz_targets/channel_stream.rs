//! libFuzzer on [`kohala_fuzz::channel_stream`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::channel_stream(data));
