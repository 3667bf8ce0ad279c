//! arkworks' towers of extensions over [`Plain`] fields: Fp2 = Fp[u]/(u² + 1), Fp6 over it, Fp12 over that, with the constants of
//! the curve's own towers.

use crate::{
    field::{Element, Plain, plain, plain_list},
    precompiles::{Montgomery, Precompiled},
};
use ark_ff::{AdditiveGroup, Field, Fp2, Fp2Config, Fp6, Fp6Config, Fp12Config, FpConfig};

/// A field with arkworks' configurations of the tower over it.
pub trait Tower<const N: usize>: Precompiled<N> {
    /// Fp2, which must be Fp[u]/(u² + 1).
    type Fp2: Fp2Config<Fp = Montgomery<Self, N>>;
    /// Fp6 over it.
    type Fp6: Fp6Config<Fp2Config = Self::Fp2>;
    /// Fp12 over that.
    type Fp12: Fp12Config<Fp6Config = Self::Fp6>;

    /// Multiplies by Fp6's nonresidue.
    fn mul_by_nonresidue(element: &mut Fp2<Plain<Self, N>>);
}

/// An element of Fp2 in Montgomery form.
type Montgomery2<M, const N: usize> = Fp2<<M as Tower<N>>::Fp2>;

/// [`plain`] of a constant of Fp2.
pub(crate) const fn plain2<M: Tower<N>, const N: usize>(element: &Montgomery2<M, N>) -> Fp2<Plain<M, N>> {
    Fp2::new(plain(&element.c0), plain(&element.c1))
}

/// [`plain2`] of a list of constants.
pub(crate) const fn plain2_list<M: Tower<N>, const N: usize, const LEN: usize>(
    elements: &[Montgomery2<M, N>],
) -> [Fp2<Plain<M, N>>; LEN] {
    let mut list = [Fp2::new(Plain::<M, N>::ZERO, Plain::<M, N>::ZERO); LEN];
    let mut i = 0;
    while i < LEN {
        list[i] = plain2::<M, N>(&elements[i]);
        i += 1;
    }
    list
}

impl<M: Tower<N>, const N: usize> Fp2Config for Plain<M, N> {
    type Fp = Element<M, N>;

    const NONRESIDUE: Self::Fp = plain(&M::Fp2::NONRESIDUE);
    const FROBENIUS_COEFF_FP2_C1: &'static [Self::Fp] = &plain_list::<M, N, 2>(M::Fp2::FROBENIUS_COEFF_FP2_C1);

    // The nonresidue is -1.
    #[inline(always)]
    fn mul_fp_by_nonresidue_in_place(element: &mut Self::Fp) -> &mut Self::Fp {
        element.neg_in_place()
    }

    #[inline(always)]
    fn mul_fp_by_nonresidue_and_add(y: &mut Self::Fp, x: &Self::Fp) {
        *y = *x - *y;
    }

    #[inline(always)]
    fn mul_fp_by_nonresidue_plus_one_and_add(y: &mut Self::Fp, x: &Self::Fp) {
        *y = *x;
    }

    #[inline(always)]
    fn sub_and_mul_fp_by_nonresidue(y: &mut Self::Fp, x: &Self::Fp) {
        *y += x;
    }
}

impl<M: Tower<N>, const N: usize> Fp6Config for Plain<M, N> {
    type Fp2Config = Self;

    const NONRESIDUE: Fp2<Self> = plain2::<M, N>(&M::Fp6::NONRESIDUE);
    const FROBENIUS_COEFF_FP6_C1: &'static [Fp2<Self>] = &plain2_list::<M, N, 6>(M::Fp6::FROBENIUS_COEFF_FP6_C1);
    const FROBENIUS_COEFF_FP6_C2: &'static [Fp2<Self>] = &plain2_list::<M, N, 6>(M::Fp6::FROBENIUS_COEFF_FP6_C2);

    #[inline(always)]
    fn mul_fp2_by_nonresidue_in_place(element: &mut Fp2<Self>) -> &mut Fp2<Self> {
        M::mul_by_nonresidue(element);
        element
    }
}

impl<M: Tower<N>, const N: usize> Fp12Config for Plain<M, N> {
    type Fp6Config = Self;

    const NONRESIDUE: Fp6<Self> = Fp6::new(Fp2::ZERO, Fp2::ONE, Fp2::ZERO);
    const FROBENIUS_COEFF_FP12_C1: &'static [Fp2<Self>] =
        &plain2_list::<M, N, 12>(M::Fp12::FROBENIUS_COEFF_FP12_C1);
}
