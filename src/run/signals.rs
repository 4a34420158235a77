//! Numbers made of the sums that a device has added up.

use crate::{dit::Pairs, signal::Metric};

/// Pair `number` of the sums.
fn pair(sums: &[f32], number: u32) -> [f64; 2] {
    let at = 2 * number as usize;
    let get = |at: usize| sums.get(at).map_or(f64::NAN, |sum| f64::from(*sum));
    [get(at), get(at + 1)]
}

/// The first of a pair.
pub(super) fn first(sums: &[f32], number: u32) -> f64 {
    pair(sums, number)[0]
}

/// A measured signal.
pub(super) fn value(metric: Metric, pairs: &Pairs, sums: &[f32], number: u32) -> f64 {
    change(metric, sums, number * pairs.each, pairs.signal_len)
}

/// How far the predicted output of the verified block is from the computed one.
pub(super) fn verified(metric: Metric, pairs: &Pairs, sums: &[f32]) -> f64 {
    match pairs.verify {
        Some(first) => change(metric, sums, first, pairs.verify_len),
        None => f64::NAN,
    }
}

/// A tensor's change, from the pairs that the metric is made of.
fn change(metric: Metric, sums: &[f32], number: u32, len: u32) -> f64 {
    let [change, size] = pair(sums, number);
    match metric {
        Metric::RelativeL1 => change / size,
        Metric::RelativeL2 => libm::sqrt(change / size),
        Metric::MeanAbsolute | Metric::MeanSquare => change / f64::from(len),
        Metric::L2 => libm::sqrt(change),
        Metric::Cosine => {
            let [_, other] = pair(sums, number + 1);
            let apart = 1.0 - change / libm::sqrt(size * other);
            // Rounding may leave a little less than nothing.
            if apart < 0.0 { 0.0 } else { apart }
        }
    }
}

/// `mean|v − v'| / mean|x − x'| / mean|v|` over this computed call and the one before; v is the
/// output of the rows with classes.
pub(super) fn rate(sums: &[f32], number: u32, latents: usize) -> f64 {
    let [v_change, v_size] = pair(sums, number);
    let [x_change, _] = pair(sums, number + 1);
    v_change / v_size / (x_change / latents as f64)
}

/// How far the probe has moved since the older of the last two computed calls, as a multiple of how
/// far it had moved between them. 1 if there are no two of them.
pub(super) fn alignment(pairs: &Pairs, sums: &[f32], known: bool) -> f64 {
    match pairs.alignment {
        Some(number) if known => first(sums, number) / first(sums, number + 1),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_as_defined() {
        // now = (1, 2), reference = (2, 4): Σ|n − r| = 3, Σ|r| = 6, Σ(n − r)² = 5, Σr² = 20.
        let of = |metric, sums: &[f32]| change(metric, sums, 0, 2);
        assert_eq!(of(Metric::RelativeL1, &[3.0, 6.0]), 0.5);
        assert_eq!(of(Metric::MeanAbsolute, &[3.0, 6.0]), 1.5);
        assert_eq!(of(Metric::RelativeL2, &[5.0, 20.0]), 0.5);
        assert_eq!(of(Metric::MeanSquare, &[5.0, 20.0]), 2.5);
        assert_eq!(of(Metric::L2, &[5.0, 20.0]), libm::sqrt(5.0));
        // Σr·n = 10, Σr² = 20, Σn² = 5: the same direction.
        assert_eq!(of(Metric::Cosine, &[10.0, 20.0, 10.0, 5.0]), 0.0);
        assert_eq!(of(Metric::Cosine, &[0.0, 20.0, 0.0, 5.0]), 1.0);
        assert!(of(Metric::RelativeL1, &[0.0, 0.0]).is_nan());
        assert!(of(Metric::RelativeL1, &[]).is_nan());
    }

    #[test]
    fn the_probe_counts_once_two_are_known() {
        let pairs = Pairs {
            alignment: Some(1),
            ..Pairs::default()
        };
        let sums = [9.0, 9.0, 6.0, 1.0, 4.0, 1.0];
        assert_eq!(alignment(&pairs, &sums, true), 1.5);
        assert_eq!(alignment(&pairs, &sums, false), 1.0);
    }
}
