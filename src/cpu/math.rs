//! Exponential, GELU and SiLU on vectors.
//!
//! | function | largest error measured (unit tests) |
//! | --- | --- |
//! | [`exp`] | 2 ulp on \[-87, 88\]; arguments outside are clamped to that range |
//! | [`gelu`] | 1e-6 · max(\|x\|, 1) against the tanh form in `f64` |
//! | [`silu`] | 1e-6 · max(\|x\|, 1) against `f64` |

use pulp::Simd;

/// Lowest and highest argument of [`exp`] whose result is a normal number.
const LOWEST: f32 = -87.0;
const HIGHEST: f32 = 88.0;

/// `1.5 · 2²³`: adding it rounds to an integer and leaves that integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// `ln 2` in two parts, the first with few enough bits that a product with an exponent is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `(eʳ - 1 - r) / r²` on `|r| ≤ ln 2 / 2`: a minimax fit in the relative error of `eʳ`, 3.1e-9.
const EXP: [f32; 5] = [
    0.499_999_94,
    0.166_665_2,
    0.041_668_393,
    0.008_368_781,
    0.001_381_446_7,
];

/// `eˣ`, clamped to the arguments -87 to 88.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // In this order of operands a NaN stays one.
    let x = simd.max_f32s(simd.splat_f32s(LOWEST), x);
    let x = simd.min_f32s(simd.splat_f32s(HIGHEST), x);
    let round = simd.splat_f32s(ROUND);
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(core::f32::consts::LOG2_E), round);
    let whole = simd.sub_f32s(shifted, round);
    let r = simd.mul_add_e_f32s(whole, simd.splat_f32s(-LN2_HIGH), x);
    let r = simd.mul_add_e_f32s(whole, simd.splat_f32s(-LN2_LOW), r);
    let mut p = simd.splat_f32s(EXP[4]);
    for c in [EXP[3], EXP[2], EXP[1], EXP[0]] {
        p = simd.mul_add_e_f32s(p, r, simd.splat_f32s(c));
    }
    let p = simd.mul_add_e_f32s(p, simd.mul_f32s(r, r), r);
    let p = simd.add_f32s(p, simd.splat_f32s(1.0));
    // The integer in the low bits of `shifted`, moved to where an exponent stands, scales by 2ⁿ.
    let n = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), n))
}

/// `x / (1 + e⁻ᶻ)`.
#[inline(always)]
fn gated_by_sigmoid<S: Simd>(simd: S, x: S::f32s, minus_z: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(x, simd.add_f32s(one, exp(simd, minus_z)))
}

/// GELU in its tanh form, `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, computed as
/// `x · sigmoid(2 √(2/π) (x + 0.044715 x³))`, which is the same function.
#[inline(always)]
pub(super) fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // -2 √(2/π), and 0.044715 times that.
    let linear = simd.splat_f32s(-1.595_769);
    let cubic = simd.splat_f32s(-0.071_354_82);
    let slope = simd.mul_add_e_f32s(simd.mul_f32s(x, x), cubic, linear);
    gated_by_sigmoid(simd, x, simd.mul_f32s(x, slope))
}

/// `x · sigmoid(x)`.
#[inline(always)]
pub(super) fn silu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    gated_by_sigmoid(simd, x, simd.neg_f32s(x))
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use pulp::{Arch, WithSimd};

    use super::*;

    enum Function {
        Exp,
        Gelu,
        Silu,
    }

    struct Map<'a>(Function, &'a mut [f32]);

    impl WithSimd for Map<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (head, tail) = S::as_mut_simd_f32s(self.1);
            assert!(tail.is_empty(), "the tests use whole vectors");
            for x in head {
                *x = match self.0 {
                    Function::Exp => exp(simd, *x),
                    Function::Gelu => gelu(simd, *x),
                    Function::Silu => silu(simd, *x),
                };
            }
        }
    }

    /// Largest of `error(x, value)` over an even grid of `from..to`.
    fn worst(f: Function, from: f32, to: f32, error: impl Fn(f64, f64) -> f64) -> f64 {
        let n = 1 << 20;
        let xs: Vec<f32> = (0..n)
            .map(|i| from + (to - from) * (i as f32 / n as f32))
            .collect();
        let mut ys = xs.clone();
        Arch::new().dispatch(Map(f, &mut ys));
        let mut worst = 0.0f64;
        for (x, y) in xs.iter().zip(&ys) {
            worst = worst.max(error(f64::from(*x), f64::from(*y)));
        }
        worst
    }

    #[test]
    fn exp_is_within_two_ulp() {
        let error = worst(Function::Exp, -87.0, 88.0, |x, y| {
            (y / x.exp() - 1.0).abs() / f64::from(f32::EPSILON)
        });
        assert!(error < 2.0, "{error} ulp");
        assert!(
            error > 0.1,
            "an error of {error} ulp is too good: the test measures nothing"
        );
    }

    #[test]
    fn exp_is_clamped_outside() {
        let mut x = vec![-1e30f32; 64];
        x[1] = 1e30;
        x[2] = f32::NEG_INFINITY;
        Arch::new().dispatch(Map(Function::Exp, &mut x));
        assert!(x[0] > 0.0 && x[0] < 1e-37);
        assert!(x[1].is_finite() && x[1] > 1e38);
        assert_eq!(x[2], x[0]);
    }

    #[test]
    fn nan_stays_nan() {
        for f in [Function::Exp, Function::Gelu, Function::Silu] {
            let mut x = vec![f32::NAN; 64];
            Arch::new().dispatch(Map(f, &mut x));
            assert!(x.iter().all(|x| x.is_nan()));
        }
    }

    #[test]
    fn gelu_is_the_tanh_form() {
        let error = worst(Function::Gelu, -12.0, 12.0, |x, y| {
            let u = (2.0 / core::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            (y - 0.5 * x * (1.0 + u.tanh())).abs() / x.abs().max(1.0)
        });
        assert!(error < 1e-6, "{error}");
    }

    #[test]
    fn silu_is_x_times_sigmoid() {
        let error = worst(Function::Silu, -40.0, 40.0, |x, y| {
            (y - x / (1.0 + (-x).exp())).abs() / x.abs().max(1.0)
        });
        assert!(error < 1e-6, "{error}");
    }
}
