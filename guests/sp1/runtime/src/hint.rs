//! Numbers that the executor is asked for because it is quicker to check them than to compute them.
//!
//! Whoever proves can answer what he likes. An answer that isn't proven right ends the guest, and so never becomes a
//! result, neither «there is one» nor «there is none».

use crate::number::{negative, product};
use alloy_primitives::U256;

/// The inverse of `number`, which isn't zero and below `modulus`, a prime.
///
/// # Panics
/// If the answer isn't the inverse.
pub(crate) fn inverse(number: U256, modulus: U256) -> U256 {
    checked_inverse(number, modulus, answer::inverse(number, modulus))
}

/// A square root of `number`, which isn't zero and below `modulus`, a prime that leaves 3 when divided by 4; `None` if it
/// has none.
///
/// # Panics
/// If the answer is neither a root of the number nor shows that there is none.
pub(crate) fn square_root(number: U256, modulus: U256) -> Option<U256> {
    checked_root(number, modulus, answer::square_root(number, modulus))
}

fn checked_inverse(number: U256, modulus: U256, answer: U256) -> U256 {
    assert!(answer < modulus && product(number, answer, modulus) == U256::ONE, "the hint is not the inverse");
    answer
}

/// Of a number and its negative exactly one has a root, where -1 has none: a root of the negative shows that the number has
/// none. Zero has one, and is its own negative.
fn checked_root(number: U256, modulus: U256, (has_root, root): (bool, U256)) -> Option<U256> {
    let square = if has_root { number } else { negative(number, modulus) };
    let is_shown = root < modulus && product(root, root, modulus) == square && (has_root || !number.is_zero());
    assert!(is_shown, "the hint is not the root");
    has_root.then_some(root)
}

/// SP1's hooks: a question is written to a file descriptor, the answers are the next hints.
#[cfg(target_os = "zkvm")]
mod answer {
    use crate::number::{from_bytes, to_bytes};
    use alloy_primitives::U256;
    use sp1_zkvm::io;

    /// The question: the length of a number in bytes, the number, its modulus.
    pub(super) fn inverse(number: U256, modulus: U256) -> U256 {
        let mut question = [0; 68];
        write(&mut question, &[number, modulus]);
        io::write(io::FD_FP_INV, &question);
        read()
    }

    /// The question: the length of a number in bytes, the number, its modulus, a number without a root. The first answer is
    /// 1 if the number has a root; else the second is one of its product with the number that has none.
    pub(super) fn square_root(number: U256, modulus: U256) -> (bool, U256) {
        let mut question = [0; 100];
        write(&mut question, &[number, modulus, modulus.wrapping_sub(U256::ONE)]);
        io::write(io::FD_FP_SQRT, &question);
        (io::read_vec() == [1], read())
    }

    fn write(question: &mut [u8], numbers: &[U256]) {
        question[3] = 32;
        for (bytes, number) in question[4..].as_chunks_mut().0.iter_mut().zip(numbers) {
            *bytes = to_bytes(*number);
        }
    }

    fn read() -> U256 {
        from_bytes(io::read_vec().as_slice().try_into().expect("a hint of 32 bytes"))
    }
}

#[cfg(not(target_os = "zkvm"))]
mod answer {
    use alloy_primitives::U256;

    pub(super) fn inverse(number: U256, modulus: U256) -> U256 {
        number.inv_mod(modulus).expect("it isn't zero, and the modulus is a prime")
    }

    pub(super) fn square_root(number: U256, modulus: U256) -> (bool, U256) {
        let root = |number: U256| number.pow_mod((modulus >> 2) + U256::ONE, modulus);
        let of_number = root(number);
        let has_root = of_number.mul_mod(of_number, modulus) == number;
        (has_root, if has_root { of_number } else { root(modulus - number) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::uint;

    const P: U256 = crate::secp256k1::MODULUS;
    const FOUR: U256 = uint!(4_U256);

    #[test]
    fn answers_are_right() {
        assert_eq!(inverse(FOUR, P).mul_mod(FOUR, P), U256::ONE);
        let root = square_root(FOUR, P).unwrap();
        assert_eq!(root.mul_mod(root, P), FOUR);
        assert_eq!(square_root(P - FOUR, P), None);
    }

    #[test]
    #[should_panic = "the hint is not the inverse"]
    fn wrong_inverse_ends_the_guest() {
        checked_inverse(FOUR, P, inverse(FOUR, P) + U256::ONE);
    }

    #[test]
    #[should_panic = "the hint is not the inverse"]
    fn inverse_of_another_form_ends_the_guest() {
        checked_inverse(U256::ONE, P, P + U256::ONE);
    }

    #[test]
    #[should_panic = "the hint is not the root"]
    fn wrong_root_ends_the_guest() {
        checked_root(FOUR, P, (true, uint!(3_U256)));
    }

    #[test]
    #[should_panic = "the hint is not the root"]
    fn root_of_another_form_ends_the_guest() {
        checked_root(FOUR, P, (true, P + uint!(2_U256)));
    }

    #[test]
    #[should_panic = "the hint is not the root"]
    fn denied_root_ends_the_guest() {
        checked_root(FOUR, P, (false, uint!(2_U256)));
    }

    #[test]
    #[should_panic = "the hint is not the root"]
    fn denied_root_of_zero_ends_the_guest() {
        checked_root(U256::ZERO, P, (false, U256::ZERO));
    }
}
