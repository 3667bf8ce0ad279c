//! Writes the first multiples of the curves' generators, as the guest adds them: limbs of affine coordinates.

use k256::elliptic_curve::{
    CurveArithmetic,
    group::{Curve, Group},
    sec1::{FromEncodedPoint, ModulusSize, ToEncodedPoint},
};
use std::{env, fmt::Write, fs, path::Path};

/// Multiples that one table has, as many as `GENERATOR_WINDOW` asks for, and the doublings between two tables, which the curve
/// compares with its windows.
const MULTIPLES: usize = 512;
const DOUBLINGS: usize = 130;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    write::<k256::Secp256k1>("secp256k1.rs", 2);
    write::<p256::NistP256>("secp256r1.rs", 1);
    save("doublings.rs", &DOUBLINGS.to_string());
}

/// Writes `tables` of them as an expression of Rust.
fn write<C: CurveArithmetic>(name: &str, tables: usize)
where
    C::FieldBytesSize: ModulusSize,
    C::AffinePoint: FromEncodedPoint<C> + ToEncodedPoint<C>,
    C::ProjectivePoint: Curve<AffineRepr = C::AffinePoint>,
{
    let mut text = String::from("[");
    let mut base = C::ProjectivePoint::generator();
    for _ in 0..tables {
        text.push('[');
        let mut multiple = base;
        for _ in 0..MULTIPLES {
            let point = multiple.to_affine().to_encoded_point(false);
            let limbs = [point.x(), point.y()].into_iter().flatten().flat_map(|coordinate| {
                let limbs = coordinate.rchunks(8);
                limbs.map(|limb| limb.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte))).collect::<Vec<_>>()
            });
            writeln!(text, "{:?},", limbs.collect::<Vec<u64>>()).expect("a string takes everything");
            multiple += base;
        }
        text.push_str("],");
        (0..DOUBLINGS).for_each(|_| base = base.double());
    }
    text.push(']');
    save(name, &text);
}

fn save(name: &str, text: &str) {
    let folder = env::var("OUT_DIR").expect("cargo says where to");
    fs::write(Path::new(&folder).join(name), text).expect("cargo's folder can be written");
}
