use crate::Weighted;

/// What the program is run on, natively or in a zkVM: what it can't do itself. There is one, so nothing here has a receiver.
///
/// Keccak-256 and who signed are computed in a zkVM's own way, too, but of those a guest tells the libraries: alloy's
/// `native-keccak`, revm's `Crypto`, alloy's `CryptoProvider`.
pub trait Machine {
    /// Whether the polynomial that is the weighted sum of those committed to has the value `value` at `point`: `proof` shows
    /// it (EIP-4844 `verify_kzg_proof`, for a sum). What is no point or no field element shows nothing.
    fn opens(sum: &[Weighted], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool;

    /// Is told what comes next, for whoever counts.
    fn enters(_phase: Phase) {}
}

/// What a guest is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading the witness's layout and checking its blobs. Values are checked as they are read, in every later phase.
    Witness,
    /// Prologue: the agreed state, and back to where derivation starts.
    Boot,
    /// From L1 data to payload attributes.
    Derivation,
    /// Transactions.
    Execution,
    /// The roots of a block that was executed.
    Trie,
    /// The comparison with the claim.
    Epilogue,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 6] =
        [Self::Witness, Self::Boot, Self::Derivation, Self::Execution, Self::Trie, Self::Epilogue];
}
