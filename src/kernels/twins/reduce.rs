//! Twins of `shaders/absolute_sums.wgsl`, `shaders/square_sums.wgsl`, `shaders/products.wgsl` and
//! `shaders/sum_partials.wgsl`.

use super::{Call, LANES, pair_sum};
use crate::kernels::params::{MAX_WORKGROUPS, ReduceParams};

/// The sums of a pair that `pair` makes of an element of both tensors, slice by slice.
fn slices(call: &mut Call<'_, '_>, pair: impl Fn(f32, f32) -> [f32; 2]) {
    let params: ReduceParams = call.params();
    let [across, down, _] = call.workgroups;
    let ([a, b], partials) = call.bindings();
    let slices = params.len.div_ceil(params.slice);
    for slice in (0..down).flat_map(|y| (0..across).map(move |x| y * MAX_WORKGROUPS + x)) {
        if slice >= slices {
            continue;
        }
        let first = slice * params.slice;
        let end = first.saturating_add(params.slice).min(params.len);
        let mut sums = [[0.0; 2]; LANES];
        for i in first as usize..end as usize {
            let lane = &mut sums[(i - first as usize) % LANES];
            let [first, second] = pair(a[i], b[i]);
            lane[0] += first;
            lane[1] += second;
        }
        let at = 2 * slice as usize;
        partials[at..at + 2].copy_from_slice(&pair_sum(sums));
    }
}

/// Twin of `absolute_sums`.
pub fn absolute_sums(call: &mut Call<'_, '_>) {
    slices(call, |reference, now| {
        [(now - reference).abs(), reference.abs()]
    });
}

/// Twin of `square_sums`.
pub fn square_sums(call: &mut Call<'_, '_>) {
    slices(call, |reference, now| {
        let change = now - reference;
        [change * change, reference * reference]
    });
}

/// Twin of `products`.
pub fn products(call: &mut Call<'_, '_>) {
    slices(call, |a, b| [a * b, a * a]);
}

/// Twin of `sum_partials`.
pub fn sum_partials(call: &mut Call<'_, '_>) {
    let params: ReduceParams = call.params();
    let ([partials], sums) = call.bindings();
    let mut lanes = [[0.0; 2]; LANES];
    for i in 0..params.len as usize {
        lanes[i % LANES][0] += partials[2 * i];
        lanes[i % LANES][1] += partials[2 * i + 1];
    }
    let at = 2 * params.slot as usize;
    sums[at..at + 2].copy_from_slice(&pair_sum(lanes));
}
