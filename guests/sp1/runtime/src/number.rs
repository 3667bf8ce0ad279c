//! Numbers of 256 bits, and their products below a modulus.

use alloy_primitives::U256;

/// The number that 32 bytes say, the most significant first.
pub(crate) fn from_bytes(bytes: &[u8; 32]) -> U256 {
    let limb = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    U256::from_limbs([limb(24), limb(16), limb(8), limb(0)])
}

/// The number as 32 bytes, the most significant first.
pub(crate) fn to_bytes(number: U256) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, limb) in bytes.as_chunks_mut().0.iter_mut().zip(number.as_limbs().iter().rev()) {
        *bytes = limb.to_be_bytes();
    }
    bytes
}

/// `left` times `right` below `modulus`; both are below it, which SP1 needs for its proof.
pub(crate) fn product(left: U256, right: U256, modulus: U256) -> U256 {
    #[cfg(target_os = "zkvm")]
    {
        let mut product = left.into_limbs();
        let factor_and_modulus = [right.into_limbs(), modulus.into_limbs()];
        sp1_zkvm::syscalls::syscall_uint256_mulmod(&mut product, factor_and_modulus.as_ptr());
        U256::from_limbs(product)
    }
    #[cfg(not(target_os = "zkvm"))]
    left.mul_mod(right, modulus)
}

/// The sum of two numbers below `modulus`, below it.
pub(crate) fn sum(left: U256, right: U256, modulus: U256) -> U256 {
    let (sum, is_over) = left.overflowing_add(right);
    if is_over || sum >= modulus { sum.wrapping_sub(modulus) } else { sum }
}

/// What makes zero of `number`, which is below `modulus`, by addition.
pub(crate) fn negative(number: U256, modulus: U256) -> U256 {
    if number.is_zero() { number } else { modulus.wrapping_sub(number) }
}
