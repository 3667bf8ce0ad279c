//! libFuzzer on [`kohala_fuzz::trie_node`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kohala_fuzz::trie_node(data));
