//! The few functions of analysis that the core needs, from + − × ÷ alone: the same bits on every
//! machine, whatever its library of mathematics. Each is good to a few units in the last place.

use core::f64::consts::{FRAC_PI_2, LN_2, PI};

/// √x; NaN below zero.
#[must_use]
pub(crate) fn sqrt(x: f64) -> f64 {
    if x == 0.0 || x == f64::INFINITY {
        return x;
    }
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x < f64::MIN_POSITIVE {
        return sqrt(x * power_of_two(60)) * power_of_two(-30);
    }
    // Half the exponent is a first guess; Newton's rule doubles its digits.
    let mut root = f64::from_bits((x.to_bits() >> 1) + (1023_u64 << 51));
    for _ in 0..6 {
        root = 0.5 * (root + x / root);
    }
    root
}

/// eˣ.
#[must_use]
pub(crate) fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 709.0 {
        return f64::INFINITY;
    }
    if x < -745.0 {
        return 0.0;
    }
    // x = k ln 2 + r, |r| ≤ ln 2 / 2, with ln 2 in two parts so that r is exact.
    const HIGH: f64 = 6.931_471_803_691_238e-1;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    let k = (x / LN_2 + if x < 0.0 { -0.5 } else { 0.5 }) as i32;
    let r = (x - f64::from(k) * HIGH) - f64::from(k) * LOW;
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..16 {
        term = term * r / f64::from(n);
        sum += term;
    }
    // In two steps, since 2ᵏ alone may not be a normal number.
    let half = k / 2;
    sum * power_of_two(half) * power_of_two(k - half)
}

/// 2ᵏ for |k| ≤ 1000.
fn power_of_two(k: i32) -> f64 {
    f64::from_bits(((k + 1023) as u64) << 52)
}

/// The natural logarithm of x; −∞ at zero, NaN below.
#[must_use]
pub(crate) fn ln(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x.is_nan() || x < 0.0 || x == f64::INFINITY {
        return if x < 0.0 { f64::NAN } else { x };
    }
    let (scaled, shift) = if x < f64::MIN_POSITIVE {
        (x * power_of_two(60), -60)
    } else {
        (x, 0)
    };
    let bits = scaled.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut m = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if m > core::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    // ln m = 2 atanh s, s = (m − 1) / (m + 1), |s| ≤ 0.172.
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let (mut sum, mut power) = (0.0, s);
    for n in 0..14 {
        sum += power / f64::from(2 * n + 1);
        power *= square;
    }
    2.0 * sum + f64::from(exponent + shift) * LN_2
}

/// xʸ for x ≥ 0.
#[must_use]
pub(crate) fn powf(x: f64, y: f64) -> f64 {
    if y == 0.0 {
        1.0
    } else if y == 1.0 {
        x
    } else {
        exp(y * ln(x))
    }
}

/// Sine and cosine of x, for |x| up to about 10⁵.
#[must_use]
pub(crate) fn sin_cos(x: f64) -> (f64, f64) {
    if !x.is_finite() {
        return (f64::NAN, f64::NAN);
    }
    // π/2 in two parts, so that what is left of x is exact.
    const LOW: f64 = 6.123_233_995_736_766e-17;
    let quarter = (x / FRAC_PI_2 + if x < 0.0 { -0.5 } else { 0.5 }) as i64;
    let r = (x - quarter as f64 * FRAC_PI_2) - quarter as f64 * LOW;
    let square = r * r;
    let (mut sine, mut cosine) = (0.0, 0.0);
    let (mut odd, mut even) = (r, 1.0);
    for n in 1..11 {
        sine += odd;
        cosine += even;
        let (a, b) = (f64::from(2 * n - 1), f64::from(2 * n));
        even = -even * square / (a * b);
        odd = -odd * square / (b * (b + 1.0));
    }
    match quarter.rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// The angle of the point (x, y), −π to π; 0 at the origin.
#[must_use]
pub(crate) fn atan2(y: f64, x: f64) -> f64 {
    if x == 0.0 && y == 0.0 {
        return 0.0;
    }
    let (ax, ay) = (if x < 0.0 { -x } else { x }, if y < 0.0 { -y } else { y });
    let steep = ay > ax;
    let ratio = if steep { ax / ay } else { ay / ax };
    let flat = atan(ratio);
    let first = if steep { FRAC_PI_2 - flat } else { flat };
    let upper = if x < 0.0 { PI - first } else { first };
    if y < 0.0 { -upper } else { upper }
}

/// The arctangent of a ratio from 0 to 1.
fn atan(ratio: f64) -> f64 {
    // Halved twice by atan x = 2 atan(x / (1 + √(1 + x²))), until the series is short.
    let halve = |x: f64| x / (1.0 + sqrt(1.0 + x * x));
    let x = halve(halve(ratio));
    let square = x * x;
    let (mut sum, mut power) = (0.0, x);
    for n in 0..14 {
        let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
        sum += sign * power / f64::from(2 * n + 1);
        power *= square;
    }
    4.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both, within a few units in the last place.
    fn close(ours: f64, theirs: f64) -> bool {
        ours == theirs || (ours - theirs).abs() <= 2e-15 * theirs.abs().max(1e-300)
    }

    fn samples() -> impl Iterator<Item = f64> {
        (0..4000).map(|i| 1e-6 * 1.0053_f64.powi(i))
    }

    #[test]
    fn agree_with_the_standard_library() {
        for x in samples() {
            assert!(close(sqrt(x), x.sqrt()), "sqrt {x}");
            assert!(
                (ln(x) - x.ln()).abs() <= 3e-15 * (1.0 + x.ln().abs()),
                "ln {x}"
            );
            let t = (x - 1.0).clamp(-700.0, 700.0);
            assert!((exp(t) / t.exp() - 1.0).abs() < 1e-14, "exp {t}");
            let p = 0.37;
            assert!((powf(x, p) / x.powf(p) - 1.0).abs() < 1e-14, "pow {x}");
            let a = x.min(1e4) - 50.0;
            let (s, c) = sin_cos(a);
            assert!(
                (s - a.sin()).abs() < 1e-12 && (c - a.cos()).abs() < 1e-12,
                "sin {a}"
            );
            for (y, z) in [(x, 1.0), (-x, 1.0), (x, -1.0), (-x, -1.0), (1.0, x)] {
                assert!((atan2(y, z) - y.atan2(z)).abs() < 2e-15, "atan2 {y} {z}");
            }
        }
    }

    #[test]
    fn edges() {
        assert_eq!(
            (sqrt(0.0), ln(1.0), exp(0.0), powf(0.3, 0.0)),
            (0.0, 0.0, 1.0, 1.0)
        );
        assert!(sqrt(-1.0).is_nan() && ln(-1.0).is_nan() && exp(f64::NAN).is_nan());
        assert_eq!((exp(1000.0), exp(-1000.0)), (f64::INFINITY, 0.0));
        assert_eq!((ln(0.0), powf(0.0, 0.5)), (f64::NEG_INFINITY, 0.0));
        assert!(close(sqrt(5e-324), 5e-324_f64.sqrt()));
        assert!((ln(5e-324) - 5e-324_f64.ln()).abs() < 1e-12);
        assert_eq!(atan2(0.0, 0.0), 0.0);
    }
}
