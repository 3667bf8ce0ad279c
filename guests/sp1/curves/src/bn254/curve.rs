//! BN254's curves and pairing.

use crate::{
    field::{Element, plain},
    g1,
    g2::{self, Affine2},
    group::multiple,
    pairing::{Fp12, Line, Miller, Pairing, Product, Twist},
    precompiles::Point,
    quadratic::Quadratic,
};
use alloc::vec::Vec;
use ark_bn254::{Config, Fq6Config, Fq12Config, FqConfig};
use ark_ec::{bn::BnConfig, short_weierstrass::SWCurveConfig};
use ark_ff::{Fp6Config, Fp12Config};

/// Words of an element.
pub(super) const WORDS: usize = 4;

pub(super) type Fq = Element<FqConfig, WORDS>;
pub(super) type G1 = g1::G1<FqConfig, WORDS>;
pub(super) type G2 = g2::G2<FqConfig, WORDS>;
pub(super) type PointOfG2 = Affine2<FqConfig, WORDS>;

/// G1's curve is y² = x³ + 3. Its order is prime: all of it is G1.
pub(super) const B: Fq = plain(&ark_bn254::g1::Config::COEFF_B);

/// The parameter, which is positive.
const X: u64 = Config::X[0];

impl Pairing<WORDS> for FqConfig {
    const NONRESIDUE: Quadratic<Self, WORDS> = Quadratic::plain(&Fq6Config::NONRESIDUE);
    const FROBENIUS: Quadratic<Self, WORDS> = Quadratic::plain(&Fq12Config::FROBENIUS_COEFF_FP12_C1[1]);
    const TWIST: Twist = Twist::Divided;
    const TWIST_B: Quadratic<Self, WORDS> = Quadratic::plain(&ark_bn254::g2::Config::COEFF_B);
    const PSI: [Quadratic<Self, WORDS>; 2] =
        [Quadratic::plain(&Config::TWIST_MUL_BY_Q_X), Quadratic::plain(&Config::TWIST_MUL_BY_Q_Y)];
}

/// Whether a point of the twist is in G2: ψ multiplies it by 6x² (https://eprint.iacr.org/2022/352, section 4.3).
pub(super) fn is_in_g2(point: &PointOfG2) -> bool {
    let product = multiple(&multiple(&multiple(&G2::from(Some(point.clone())), X), X), 6);
    product.is(&point.psi())
}

/// Whether the product of the pairings is one: the optimal ate pairing, and its final exponentiation.
pub(super) fn is_product_one(pairs: &[(Point<WORDS>, PointOfG2)]) -> bool {
    miller_loop(pairs).cyclotomic().is_some_and(|product| hard_part(&product).is_one())
}

fn miller_loop(pairs: &[(Point<WORDS>, PointOfG2)]) -> Fp12<FqConfig, WORDS> {
    let mut points: Vec<_> = pairs.iter().map(|(at, start)| Miller::new(*at, start)).collect();
    let mut line = Line::ZERO;
    let mut product = Product::new(&Fp12::ONE);
    for digit in Config::ATE_LOOP_COUNT.iter().rev().skip(1) {
        product.step(Fp12::set_square);
        for (point, (_, start)) in points.iter_mut().zip(pairs) {
            point.double(&mut line);
            product.step(|next, product| next.set_times_line(product, &line));
            match digit {
                0 => continue,
                ..0 => point.add(&start.opposite(), &mut line),
                _ => point.add(start, &mut line),
            }
            product.step(|next, product| next.set_times_line(product, &line));
        }
    }
    for (point, (_, start)) in points.iter_mut().zip(pairs) {
        let image = start.psi();
        for other in [image.psi().opposite(), image].iter().rev() {
            point.add(other, &mut line);
            product.step(|next, product| next.set_times_line(product, &line));
        }
    }
    product.element().clone()
}

/// The power of 2x (6x² + 3x + 1) (p⁴ - p² + 1) / r (Fuentes-Castañeda, Knapp and Rodríguez-Henríquez, «Faster hashing to G2»).
fn hard_part(f: &Fp12<FqConfig, WORDS>) -> Fp12<FqConfig, WORDS> {
    let two = f.cyclotomic_power(X).cyclotomic_square();
    let six = two.cyclotomic_square().times(&two);
    let six_squared = six.cyclotomic_power(X);
    let twelve_cubed = six_squared.cyclotomic_square().cyclotomic_power(X);
    // 12x³ + 6x² + 6x, then 12x³ + 6x² + 4x
    let a = twelve_cubed.times(&six_squared).times(&six);
    let b = a.times(&two.conjugated());
    let power = a.times(&six_squared).times(f);
    let power = power.times(&b.frobenius());
    let power = power.times(&a.frobenius().frobenius());
    power.times(&b.times(&f.conjugated()).frobenius().frobenius().frobenius())
}
