//! How far apart two runs end.

/// How far latents are from a reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Peak signal-to-noise ratio in decibels, of values clamped to −1 to 1 (a peak of 2). Infinite
    /// where nothing differs.
    pub psnr_db: f64,
    /// ‖ours − reference‖₂ / ‖reference‖₂, not clamped.
    pub rel_l2: f64,
}

/// Compares latents with a reference of the same length; both measures are NaN if the lengths
/// differ or there is nothing to compare.
#[must_use]
pub fn compare(ours: &[f32], reference: &[f32]) -> Quality {
    if ours.len() != reference.len() || ours.is_empty() {
        return Quality {
            psnr_db: f64::NAN,
            rel_l2: f64::NAN,
        };
    }
    let (mut clamped, mut off, mut size) = (0.0, 0.0, 0.0);
    for (a, b) in ours.iter().zip(reference) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        clamped += squared(a.clamp(-1.0, 1.0) - b.clamp(-1.0, 1.0));
        off += squared(a - b);
        size += squared(b);
    }
    let mean = clamped / ours.len() as f64;
    Quality {
        psnr_db: if mean == 0.0 {
            f64::INFINITY
        } else {
            10.0 * libm::log10(4.0 / mean)
        },
        rel_l2: if off == 0.0 {
            0.0
        } else {
            libm::sqrt(off / size)
        },
    }
}

fn squared(x: f64) -> f64 {
    x * x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_measures_are_as_defined() {
        let q = compare(&[0.5, 3.0], &[0.3, 1.0]);
        // Clamped, the second value is the same: mean square 0.04 / 2 against a peak of 2.
        assert!((q.psnr_db - 10.0 * (4.0f64 / 0.02).log10()).abs() < 1e-5);
        assert!((q.rel_l2 - (4.04f64 / 1.09).sqrt()).abs() < 1e-6);
        let same = compare(&[1.0], &[1.0]);
        assert_eq!((same.psnr_db, same.rel_l2), (f64::INFINITY, 0.0));
        assert!(compare(&[1.0], &[]).psnr_db.is_nan() && compare(&[], &[]).rel_l2.is_nan());
        assert!(compare(&[f32::NAN], &[1.0]).psnr_db.is_nan());
    }
}
