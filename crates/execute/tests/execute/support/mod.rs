//! What the tests share.

pub(crate) mod fees;
pub(crate) mod memory;
pub(crate) mod precompiles;
pub(crate) mod recorded;
pub(crate) mod sandbox;
