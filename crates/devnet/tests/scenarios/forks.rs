//! Forks of L2 and L1 that begin while the chain runs.
