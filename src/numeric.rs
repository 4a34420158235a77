//! The few functions of real analysis the core needs.
pub(crate) fn powf(_x: f64, _y: f64) -> f64 {
    1.0
}

/// The square root; NaN of what is negative.
pub(crate) fn sqrt(x: f64) -> f64 {
    if !x.is_finite() || x <= 0.0 {
        return if x < 0.0 { f64::NAN } else { x };
    }
    let mut root = f64::from_bits((x.to_bits() >> 1) + (1023 << 51));
    for _ in 0..6 {
        root = 0.5 * (root + x / root);
    }
    root
}
