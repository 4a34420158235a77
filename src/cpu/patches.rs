//! `patchify` and `unpatchify`: copies, row by row of a patch.

use crate::kernels::params::PatchParams;

/// Every pixel of the images with its place among the patches, patch-inner order (channel, row,
/// column) if `channel_first`, else (row, column, channel).
#[inline(always)]
fn each_pixel(params: &PatchParams, channel_first: bool, mut body: impl FnMut(usize, usize)) {
    let [batch, channels, height, width, p] = [
        params.batch,
        params.channels,
        params.height,
        params.width,
        params.patch_size,
    ]
    .map(|n| n as usize);
    let columns = width / p;
    let inner = channels * p * p;
    let (channel_step, pixel_step) = if channel_first {
        (p * p, 1)
    } else {
        (1, channels)
    };
    let mut pixel = 0;
    for image in 0..batch {
        for channel in 0..channels {
            for y in 0..height {
                let token = (image * (height / p) + y / p) * columns;
                for column in 0..columns {
                    let first = (token + column) * inner + channel * channel_step;
                    for x in 0..p {
                        body(pixel, first + (y % p * p + x) * pixel_step);
                        pixel += 1;
                    }
                }
            }
        }
    }
}

/// Images to patches.
pub(super) fn patchify(params: &PatchParams, image: &[f32], patches: &mut [f32]) {
    each_pixel(params, true, |pixel, place| patches[place] = image[pixel]);
}

/// Patches to images.
pub(super) fn unpatchify(params: &PatchParams, patches: &[f32], image: &mut [f32]) {
    each_pixel(params, false, |pixel, place| image[pixel] = patches[place]);
}
