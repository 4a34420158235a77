//! Twins of `shaders/patchify.wgsl` and `shaders/unpatchify.wgsl`.

use super::Call;
use crate::kernels::params::PatchParams;

/// Twin of `patchify`.
pub fn patchify(call: &mut Call<'_, '_>) {
    let params: PatchParams = call.params();
    let workgroups = call.workgroups;
    let ([image], patches) = call.bindings();
    let [channels, height, width, p] = [
        params.channels,
        params.height,
        params.width,
        params.patch_size,
    ]
    .map(|n| n as usize);
    let columns = width / p;
    let tokens = (height / p) * columns;
    let count = params.batch * params.channels * params.height * params.width;
    Call::each_element(workgroups, params.row, count, |i| {
        let inside = i % (channels * p * p);
        let patch_index = i / (channels * p * p);
        let token = patch_index % tokens;
        let b = patch_index / tokens;
        let channel = inside / (p * p);
        let y = (token / columns) * p + (inside / p) % p;
        let x = (token % columns) * p + inside % p;
        patches[i] = image[((b * channels + channel) * height + y) * width + x];
    });
}

/// Twin of `unpatchify`.
pub fn unpatchify(call: &mut Call<'_, '_>) {
    let params: PatchParams = call.params();
    let workgroups = call.workgroups;
    let ([patches], image) = call.bindings();
    let [channels, height, width, p] = [
        params.channels,
        params.height,
        params.width,
        params.patch_size,
    ]
    .map(|n| n as usize);
    let columns = width / p;
    let tokens = (height / p) * columns;
    let count = params.batch * params.channels * params.height * params.width;
    Call::each_element(workgroups, params.row, count, |i| {
        let x = i % width;
        let y = (i / width) % height;
        let plane = i / (width * height);
        let channel = plane % channels;
        let b = plane / channels;
        let token = (y / p) * columns + x / p;
        let inside = ((y % p) * p + x % p) * channels + channel;
        image[i] = patches[(b * tokens + token) * (p * p * channels) + inside];
    });
}
