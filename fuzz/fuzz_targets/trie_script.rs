//! libFuzzer on [`kohala_fuzz::trie_script`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::trie_script(data));
