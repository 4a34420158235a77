//! Twin of `shaders/timestep_features.wgsl`.

use super::Call;
use crate::kernels::params::TimestepParams;

/// Twin of `timestep_features`.
pub fn timestep_features(call: &mut Call<'_, '_>) {
    let params: TimestepParams = call.params();
    let workgroups = call.workgroups;
    let ([t], features) = call.bindings();
    let width = params.features as usize;
    let half_width = width / 2;
    let count = params.batch * params.features;
    Call::each_element(workgroups, params.row, count, |i| {
        let column = i % width;
        let is_sine = column >= half_width;
        let k = if is_sine { column - half_width } else { column };
        let exponent = -libm::logf(params.max_period) * k as f32 / half_width as f32;
        let argument = t[i / width] * libm::expf(exponent);
        features[i] = if is_sine {
            libm::sinf(argument)
        } else {
            libm::cosf(argument)
        };
    });
}
