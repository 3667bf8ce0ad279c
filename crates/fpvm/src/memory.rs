//! The four functions that compilers call for blocks of memory.
