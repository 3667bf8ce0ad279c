//! BLS12-381's curves and pairing.

use crate::{
    field::{Element, plain},
    g1,
    g2::{self, Affine2},
    group::{Group, multiple},
    pairing::{Fp12, Line, Miller, Pairing, Product, Twist},
    precompiles::Point,
    quadratic::Quadratic,
};
use alloc::vec::Vec;
use ark_bls12_381::{Config, Fq6Config, Fq12Config, FqConfig};
use ark_ec::{bls12::Bls12Config, short_weierstrass::SWCurveConfig};
use ark_ff::{Fp6Config, Fp12Config};

/// Words of an element.
pub(crate) const WORDS: usize = 6;

pub(crate) type Fq = Element<FqConfig, WORDS>;
pub(crate) type G1 = g1::G1<FqConfig, WORDS>;
pub(crate) type G2 = g2::G2<FqConfig, WORDS>;
pub(crate) type PointOfG2 = Affine2<FqConfig, WORDS>;

/// G1 is on the curve y² = x³ + 4.
pub(crate) const B: Fq = plain(&ark_bls12_381::g1::Config::COEFF_B);

/// The parameter's absolute value: the parameter is negative.
const X: u64 = Config::X[0];

impl Pairing<WORDS> for FqConfig {
    const NONRESIDUE: Quadratic<Self, WORDS> = Quadratic::plain(&Fq6Config::NONRESIDUE);
    const FROBENIUS: Quadratic<Self, WORDS> = Quadratic::plain(&Fq12Config::FROBENIUS_COEFF_FP12_C1[1]);
    const TWIST: Twist = Twist::Multiplied;
    const TWIST_B: Quadratic<Self, WORDS> = Quadratic::plain(&ark_bls12_381::g2::Config::COEFF_B);
    // (1 + u)^(-(p - 1) / 3) and (1 + u)^(-(p - 1) / 2). (1 + u)^(p - 1) is -u, of which u is the inverse: so the first is u
    // times the square of the cube root that arkworks has, and the second is (1 + u)^((p³ - 1) / 6).
    const PSI: [Quadratic<Self, WORDS>; 2] = [
        Quadratic::new(
            plain(&Fq6Config::FROBENIUS_COEFF_FP6_C2[1].c1),
            plain(&Fq6Config::FROBENIUS_COEFF_FP6_C2[1].c0),
        ),
        Quadratic::plain(&Fq12Config::FROBENIUS_COEFF_FP12_C1[3]),
    ];
}

/// A cube root of one.
const BETA: Fq = plain(&ark_bls12_381::g1::BETA);

/// Whether a point of the curve is in G1.
///
/// It is if φ multiplies it by -x²: φ² + φ + 1 is zero on the whole curve, so x⁴ - x² + 1, which is G1's order, is zero on the point.
pub(crate) fn is_in_g1(point: &G1) -> bool {
    multiple(&multiple(point, X), X).opposite() == point.phi(&BETA)
}

/// Takes a point of the curve into G1: times 1 - x (RFC 9380, section 8.8.1).
pub(crate) fn clear_cofactor1(point: &G1) -> G1 {
    multiple(point, X + 1)
}

/// Whether a point of the twist is in G2: ψ multiplies it by the parameter (https://eprint.iacr.org/2021/1130, section 4).
pub(crate) fn is_in_g2(point: &PointOfG2) -> bool {
    multiple(&G2::from(Some(point.clone())), X).opposite().is(&point.psi())
}

/// Takes a point of the twist into G2: by (x² - x - 1) + (x - 1) ψ + 2 ψ² (RFC 9380, section 8.8.2 and appendix G.3).
pub(crate) fn clear_cofactor2(point: &G2) -> G2 {
    let times_x = |point: &G2| multiple(point, X).opposite();
    let (product, image) = (times_x(point), point.psi());
    let mut sum = product.clone();
    sum.add(&image);
    sum = times_x(&sum);
    for term in [&product, &image, point] {
        sum.add(&term.opposite());
    }
    let mut double = point.clone();
    double.double();
    sum.add(&double.psi().psi());
    sum
}

/// Whether the product of the pairings is one: the optimal ate pairing, and its final exponentiation.
pub(crate) fn is_product_one(pairs: &[(Point<WORDS>, PointOfG2)]) -> bool {
    miller_loop(pairs).cyclotomic().is_some_and(|product| hard_part(&product).is_one())
}

fn miller_loop(pairs: &[(Point<WORDS>, PointOfG2)]) -> Fp12<FqConfig, WORDS> {
    let mut points: Vec<_> = pairs.iter().map(|(at, start)| Miller::new(*at, start)).collect();
    let mut line = Line::ZERO;
    let mut product = Product::new(&Fp12::ONE);
    for bit in (0..X.ilog2()).rev() {
        product.step(Fp12::set_square);
        for (point, (_, start)) in points.iter_mut().zip(pairs) {
            point.double(&mut line);
            product.step(|next, product| next.set_times_line(product, &line));
            if X >> bit & 1 == 1 {
                point.add(start, &mut line);
                product.step(|next, product| next.set_times_line(product, &line));
            }
        }
    }
    // The parameter is negative.
    product.element().conjugated()
}

/// The power of 3 (p⁴ - p² + 1) / r = (x - 1)² (x + p) (x² + p² - 1) + 3 (https://eprint.iacr.org/2020/875).
fn hard_part(f: &Fp12<FqConfig, WORDS>) -> Fp12<FqConfig, WORDS> {
    let power_x = |f: &Fp12<FqConfig, WORDS>| f.cyclotomic_power(X).conjugated();
    let a = power_x(f).times(&f.conjugated());
    let b = power_x(&a).times(&a.conjugated());
    let c = power_x(&b).times(&b.frobenius());
    let d = power_x(&power_x(&c)).times(&c.frobenius().frobenius()).times(&c.conjugated());
    d.times(&f.cyclotomic_square()).times(f)
}
