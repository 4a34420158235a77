//! Twins of `shaders/guide*.wgsl`.

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

/// Twin of `guide_difference`.
pub fn guide_difference(call: &mut Call<'_, '_>) {
    let params: GuideParams = call.params();
    let workgroups = call.workgroups;
    let ([output], difference) = call.bindings();
    let count = params.batch * params.channels * params.pixels;
    let width = (params.channels * params.pixels) as usize;
    let out_width = (params.out_channels * params.pixels) as usize;
    Call::each_element(workgroups, params.row, count, |i| {
        let at = (i / width) * out_width + i % width;
        difference[i] = output[at + params.batch as usize * out_width] - output[at];
    });
}

/// Twin of `guide_kept`.
pub fn guide_kept(call: &mut Call<'_, '_>) {
    let params: GuideParams = call.params();
    let workgroups = call.workgroups;
    let ([output, difference], guided) = call.bindings();
    let count = params.batch * params.channels * params.pixels;
    let width = (params.channels * params.pixels) as usize;
    let out_width = (params.out_channels * params.pixels) as usize;
    Call::each_element(workgroups, params.row, count, |i| {
        let at = (i / width) * out_width + i % width;
        guided[i] = output[at] + (1.0 - params.scale) * difference[i];
    });
}
