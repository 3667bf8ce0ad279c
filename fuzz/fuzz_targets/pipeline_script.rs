//! libFuzzer on [`kohala_fuzz::pipeline_script`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::pipeline_script(data));
