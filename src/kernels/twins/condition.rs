//! Twin of `shaders/condition.wgsl`.

use super::{Call, silu};
use crate::kernels::params::ConditionParams;

/// Twin of `condition`.
pub fn condition(call: &mut Call<'_, '_>) {
    let params: ConditionParams = call.params();
    let workgroups = call.workgroups;
    let ([time, table, label], out) = call.bindings();
    let channels = params.channels as usize;
    Call::each_element(
        workgroups,
        params.row,
        params.batch * params.channels,
        |i| {
            let wanted = label[i / channels];
            let mut index = params.labels as usize - 1;
            if wanted >= 0.0 && wanted < params.labels as f32 {
                index = wanted as usize;
            }
            out[i] = silu(time[i] + table[index * channels + i % channels]);
        },
    );
}
