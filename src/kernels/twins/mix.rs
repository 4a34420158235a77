//! Twin of `shaders/mix_tokens.wgsl`.

use super::Call;
use crate::kernels::params::MixParams;

/// Twin of `mix_tokens`.
pub fn mix_tokens(call: &mut Call<'_, '_>) {
    let params: MixParams = call.params();
    let workgroups = call.workgroups;
    let ([m, x], out) = call.bindings();
    let [tokens, channels, rows] =
        [params.tokens, params.channels, params.rows].map(|n| n as usize);
    let count = params.batch * params.rows * params.channels;
    Call::each_element(workgroups, params.row, count, |i| {
        let token = i / channels;
        let weights = &m[token % rows * tokens..][..tokens];
        let image = &x[token / rows * tokens * channels + i % channels..];
        let values = image.iter().step_by(channels);
        out[i] = weights
            .iter()
            .zip(values)
            .fold(0.0, |sum, (m, x)| sum + m * x);
    });
}
