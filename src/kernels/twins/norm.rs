//! Twin of `shaders/layer_norm_modulate.wgsl`.

use super::{Call, LANES, pair_sum};
use crate::kernels::params::NormParams;

/// Twin of `layer_norm_modulate`.
pub fn layer_norm_modulate(call: &mut Call<'_, '_>) {
    let params: NormParams = call.params();
    let [across, down, _] = call.workgroups;
    let ([x, modulation], out) = call.bindings();
    let channels = params.channels as usize;
    let count = channels as f32;
    for row in (0..down).flat_map(|y| (0..across).map(move |x| y * params.grid + x)) {
        if row >= params.rows {
            continue;
        }
        let first = row as usize * channels;
        let x = &x[first..first + channels];

        let mut sums = [[0.0; 2]; LANES];
        for (i, x) in x.iter().enumerate() {
            sums[i % LANES][0] += x;
        }
        let mean = pair_sum(sums)[0] / count;

        let mut deviations = [[0.0; 2]; LANES];
        for (i, x) in x.iter().enumerate() {
            let d = x - mean;
            deviations[i % LANES][0] += d;
            deviations[i % LANES][1] += d * d;
        }
        let [correction, square] = pair_sum(deviations).map(|sum| sum / count);
        let variance = (square - correction * correction).max(0.0);
        let inverse = 1.0 / libm::sqrtf(variance + params.epsilon);

        let shared_row = (row / params.tokens * params.stride) as usize;
        let shifts = &modulation[shared_row + params.shift_offset as usize..];
        let scales = &modulation[shared_row + params.scale_offset as usize..];
        for (i, x) in x.iter().enumerate() {
            let normal = ((x - mean) - correction) * inverse;
            out[first + i] = normal * (1.0 + scales[i]) + shifts[i];
        }
    }
}
