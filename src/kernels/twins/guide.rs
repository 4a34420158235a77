//! Twin of `shaders/guide.wgsl`.

use super::Call;
use crate::kernels::params::GuideParams;

/// Twin of `guide`.
pub fn guide(call: &mut Call<'_, '_>) {
    let params: GuideParams = call.params();
    let workgroups = call.workgroups;
    let ([output], guided) = call.bindings();
    let count = params.batch * params.channels * params.pixels;
    let width = (params.channels * params.pixels) as usize;
    let out_width = (params.out_channels * params.pixels) as usize;
    Call::each_element(workgroups, params.row, count, |i| {
        let at = (i / width) * out_width + i % width;
        let c = output[at];
        let u = output[at + params.batch as usize * out_width];
        guided[i] = u + params.scale * (c - u);
    });
}
