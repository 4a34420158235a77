//! Twins of `shaders/keep.wgsl` and `shaders/keep_int8.wgsl`.

use super::{Call, Slot};
use crate::kernels::{
    anchors::{half_of, scale_of},
    params::{KeepInt8Params, KeepParams},
};

/// The two tensors that are read, and the words that are written.
fn bindings<'a>(call: &'a mut Call<'_, '_>) -> (&'a [f32], &'a [f32], &'a mut [u32]) {
    let [Slot::Read(x), Slot::Read(base), Slot::Write(out)] = &mut *call.slots else {
        panic!("two slots are read and one is written");
    };
    (bytemuck::cast_slice(x), bytemuck::cast_slice(base), out)
}

/// Twin of `keep`.
pub fn keep(call: &mut Call<'_, '_>) {
    let params: KeepParams = call.params();
    let (workgroups, halves) = (call.workgroups, call.constant("ANCHOR_FORMAT") == 1);
    let (x, base, out) = bindings(call);
    let value = |i: usize| match params.use_base {
        _ if i >= params.len as usize => 0,
        1 => (x[i] - base[i]).to_bits(),
        _ => x[i].to_bits(),
    };
    let out = &mut out[params.offset as usize..];
    Call::each_element(workgroups, params.row, params.words, |word| {
        out[word] = if halves {
            half_of(value(2 * word)) | half_of(value(2 * word + 1)) << 16
        } else {
            value(word)
        };
    });
}

/// Twin of `keep_int8`.
pub fn keep_int8(call: &mut Call<'_, '_>) {
    let params: KeepInt8Params = call.params();
    let [workgroups_x, workgroups_y, _] = call.workgroups;
    let (x, base, out) = bindings(call);
    let value = |i: usize| match params.use_base {
        1 => x[i] - base[i],
        _ => x[i],
    };
    let width = params.width as usize;
    let words = width.div_ceil(4);
    for row in (0..workgroups_y).flat_map(|y| (0..workgroups_x).map(move |x| y * params.grid + x)) {
        if row >= params.rows {
            continue;
        }
        let row = row as usize;
        let first = row * width;
        let most = (0..width)
            .map(|i| value(first + i).to_bits() & 0x7fff_ffff)
            .max();
        let scale = scale_of(most.unwrap_or(0));
        let out = &mut out[params.offset as usize + row * (1 + words)..][..1 + words];
        out.fill(0);
        out[0] = scale.to_bits();
        if scale.is_nan() || scale == 0.0 {
            continue;
        }
        for column in 0..width {
            let byte = code(value(first + column), scale) as u32 & 0xff;
            out[1 + column / 4] |= byte << (8 * (column % 4));
        }
    }
}

/// The nearest code, ties to even.
fn code(value: f32, scale: f32) -> i32 {
    let near = libm::rintf(value / scale);
    let rest = value - near * scale;
    let middle = 0.5 * scale;
    let code = near as i32;
    if rest.abs() > middle || rest.abs() == middle && code & 1 == 1 {
        code + if rest < 0.0 { -1 } else { 1 }
    } else {
        code
    }
}
