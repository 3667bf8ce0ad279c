//! Prime fields for arkworks whose elements are plain integers, as SP1's precompiles take them.

use crate::precompiles::{Montgomery, Precompiled};
use ark_ff::{BigInt, Field, Fp, FpConfig, SqrtPrecomputation, Zero};
use core::marker::PhantomData;

/// The field that `M` configures, without Montgomery form: an element's words are its integer, below the modulus.
pub(crate) struct Plain<M, const N: usize>(PhantomData<M>);

impl<M, const N: usize> Clone for Plain<M, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, const N: usize> Copy for Plain<M, N> {}

/// An element of the field that `M` configures.
pub(crate) type Element<M, const N: usize> = Fp<Plain<M, N>, N>;

/// The element of the integer that `words` are. They must be below the modulus.
pub(crate) const fn element<M: Precompiled<N>, const N: usize>(words: [u64; N]) -> Element<M, N> {
    Fp(BigInt(words), PhantomData)
}

/// One of arkworks' constants as a plain integer: Montgomery's reduction, word by word.
pub(crate) const fn plain<M: Precompiled<N>, const N: usize>(element: &Montgomery<M, N>) -> Element<M, N> {
    let mut words = element.0.0;
    let modulus = M::MODULUS.0;
    let mut round = 0;
    while round < N {
        let factor = words[0].wrapping_mul(M::INV) as u128;
        let mut carry = (words[0] as u128 + factor * modulus[0] as u128) >> 64;
        let mut i = 1;
        while i < N {
            carry += words[i] as u128 + factor * modulus[i] as u128;
            words[i - 1] = carry as u64;
            carry >>= 64;
            i += 1;
        }
        words[N - 1] = carry as u64;
        round += 1;
    }
    self::element(words)
}

/// Reads a big-endian integer of `8 * N` bytes. `None` if it is not below the modulus.
pub(crate) fn from_be_bytes<M: Precompiled<N>, const N: usize>(bytes: &[u8]) -> Option<Element<M, N>> {
    Plain::<M, N>::from_bigint(BigInt(words_of_be_bytes(bytes)))
}

/// The words, the lowest first, of a big-endian integer of `8 * N` bytes.
pub(crate) fn words_of_be_bytes<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let (words, _) = bytes.as_chunks::<8>();
    core::array::from_fn(|i| u64::from_be_bytes(words[N - 1 - i]))
}

/// Writes words, the lowest first, as a big-endian integer of `8 * N` bytes.
pub(crate) fn write_be_bytes<const N: usize>(words: &[u64; N], bytes: &mut [u8]) {
    let (chunks, _) = bytes.as_chunks_mut::<8>();
    for (chunk, word) in chunks.iter_mut().zip(words.iter().rev()) {
        *chunk = word.to_be_bytes();
    }
}

impl<M: Precompiled<N>, const N: usize> Plain<M, N> {
    /// The modulus less two: the exponent that inverts.
    const MODULUS_LESS_TWO: [u64; N] = {
        let mut words = M::MODULUS.0;
        words[0] -= 2;
        words
    };

    const MINUS_ONE: Element<M, N> = {
        let mut words = M::MODULUS.0;
        words[0] -= 1;
        element(words)
    };
}

impl<M: Precompiled<N>, const N: usize> FpConfig<N> for Plain<M, N> {
    const MODULUS: BigInt<N> = M::MODULUS;
    const GENERATOR: Element<M, N> = plain(&M::GENERATOR);
    const ZERO: Element<M, N> = element([0; N]);
    const ONE: Element<M, N> = {
        let mut words = [0; N];
        words[0] = 1;
        element(words)
    };
    const TWO_ADICITY: u32 = M::MODULUS.two_adic_valuation();
    const TWO_ADIC_ROOT_OF_UNITY: Element<M, N> = plain(&M::TWO_ADIC_ROOT_OF_UNITY);
    const SQRT_PRECOMP: Option<SqrtPrecomputation<Element<M, N>>> = match &M::MODULUS_PLUS_ONE_DIV_FOUR {
        Some(BigInt(exponent)) => Some(SqrtPrecomputation::Case3Mod4 { modulus_plus_one_div_four: exponent }),
        None => panic!("SP1 has no precompiles for such a field"),
    };

    #[inline(always)]
    fn add_assign(a: &mut Element<M, N>, b: &Element<M, N>) {
        M::add(&mut a.0.0, &b.0.0);
    }

    #[inline(always)]
    fn sub_assign(a: &mut Element<M, N>, b: &Element<M, N>) {
        M::sub(&mut a.0.0, &b.0.0);
    }

    #[inline(always)]
    fn double_in_place(a: &mut Element<M, N>) {
        M::double(&mut a.0.0);
    }

    #[inline(always)]
    fn neg_in_place(a: &mut Element<M, N>) {
        // arkworks compares with -1 in each squaring: the compiler knows the answer if it sees this one.
        if *a == Self::ONE {
            *a = Self::MINUS_ONE;
            return;
        }
        let mut difference = [0; N];
        M::sub(&mut difference, &a.0.0);
        a.0.0 = difference;
    }

    #[inline(always)]
    fn mul_assign(a: &mut Element<M, N>, b: &Element<M, N>) {
        M::mul(&mut a.0.0, &b.0.0);
    }

    #[inline(always)]
    fn sum_of_products<const T: usize>(a: &[Element<M, N>; T], b: &[Element<M, N>; T]) -> Element<M, N> {
        let mut sum = a[0].0.0;
        M::mul(&mut sum, &b[0].0.0);
        for (a, b) in a.iter().zip(b).skip(1) {
            let mut product = a.0.0;
            M::mul(&mut product, &b.0.0);
            M::add(&mut sum, &product);
        }
        element(sum)
    }

    #[inline(always)]
    fn square_in_place(a: &mut Element<M, N>) {
        M::square(&mut a.0.0);
    }

    fn inverse(a: &Element<M, N>) -> Option<Element<M, N>> {
        (!a.is_zero()).then(|| a.pow(Self::MODULUS_LESS_TWO))
    }

    #[inline]
    fn from_bigint(integer: BigInt<N>) -> Option<Element<M, N>> {
        (integer < M::MODULUS).then_some(Fp(integer, PhantomData))
    }

    #[inline]
    fn into_bigint(element: Element<M, N>) -> BigInt<N> {
        element.0
    }
}
