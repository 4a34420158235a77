//! What fits over the whole past keep of it.

use super::lane::Lane;
use crate::timeline::Timeline;

/// Products of the anchors of a fit, each with those older than it.
pub(super) const FITTED: usize = 6;
/// Most values kept: the products of six anchors.
pub(super) const MOST: usize = FITTED * (FITTED + 1) / 2;

/// Adds a computed call to the sums of Chebyshev polynomials T₀ … T₂ₘ over the run.
pub(super) fn add(lane: &mut Lane, place: f64, timeline: Timeline, order: u32) {
    let tau = 2.0 * place / f64::from(timeline.steps) - 1.0;
    let count = 2 * order as usize + 1;
    let (mut current, mut next) = (1.0, tau);
    for sum in lane.moments.iter_mut().take(count) {
        *sum += current;
        (current, next) = (next, 2.0 * tau * next - current);
    }
    lane.moments_len = count as u32;
}

/// Takes in the products of a newly kept feature with itself and the anchors before it, newest
/// first. If one is not known, none is.
pub(super) fn multiply(lane: &mut Lane, products: &[f64]) {
    let held = (lane.anchors as usize + 1).min(FITTED);
    let known = products.len() >= held && products.iter().all(|p| p.is_finite());
    let old = lane.moments;
    let old_held = triangle_side(lane.moments_len as usize);
    lane.moments = [0.0; MOST];
    lane.moments_len = 0;
    if !known {
        return;
    }
    // Anchors older than a gap in what is known cannot be used.
    let held = held.min(old_held + 1);
    let mut row = products.iter().copied();
    let mut out = lane.moments.iter_mut();
    for to in out.by_ref().take(held) {
        *to = row.next().unwrap_or(0.0);
    }
    let mut start = 0;
    for i in 1..held {
        let kept = old.get(start..).unwrap_or(&[]);
        for (to, from) in out.by_ref().zip(kept).take(held - i) {
            *to = *from;
        }
        start += old_held + 1 - i;
    }
    lane.moments_len = (held * (held + 1) / 2) as u32;
}

/// Rows of a packed triangle of so many values.
fn triangle_side(len: usize) -> usize {
    (0..=FITTED)
        .rev()
        .find(|n| n * (n + 1) / 2 <= len)
        .unwrap_or(0)
}
