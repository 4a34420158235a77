//! `blend`, `keep` and `keep_int8`.

use half::{f16, slice::HalfFloatSliceExt};
use pulp::Arch;

use super::{
    elementwise::parts,
    split::{Shared, each, part, tasks},
};
use crate::kernels::{
    AnchorFormat,
    anchors::scale_of,
    params::{BlendParams, KeepInt8Params, KeepParams},
};

/// Elements that stay in the first-level cache while the anchors are added one by one; even, so that
/// a piece of halves starts a word.
const PIECE: usize = 2048;

/// `base + Σ weightₖ · anchorₖ`; an anchor whose weight is zero is not read.
pub(super) fn blend(
    arch: Arch,
    params: &BlendParams,
    format: AnchorFormat,
    [weights, base, anchors]: [&[f32]; 3],
    out: &mut [f32],
) {
    let [first, count, stride, offset] =
        [params.first, params.count, params.stride, params.offset].map(|n| n as usize);
    let weights = &weights[first..first + count];
    let out = &mut out[..params.len as usize];
    let width = params.width as usize;
    parts(arch, out, 2, |start, out| {
        for (i, out) in out.chunks_mut(PIECE).enumerate() {
            let start = start + i * PIECE;
            match params.use_base {
                1 => {
                    let base = &base[params.base_offset as usize + start..];
                    out.copy_from_slice(&base[..out.len()]);
                }
                _ => out.fill(0.0),
            }
            for (k, weight) in weights.iter().enumerate() {
                if *weight == 0.0 {
                    continue;
                }
                let anchor = &anchors[offset + k * stride..];
                match format {
                    AnchorFormat::F32 => add(out, *weight, &anchor[start..]),
                    AnchorFormat::F16 => add_halves(out, *weight, &anchor[start / 2..]),
                    AnchorFormat::Int8 => add_codes(out, *weight, anchor, start, width),
                }
            }
        }
    });
}

#[inline(always)]
fn add(out: &mut [f32], weight: f32, anchor: &[f32]) {
    for (out, value) in out.iter_mut().zip(anchor) {
        *out += weight * value;
    }
}

#[inline(always)]
fn add_halves(out: &mut [f32], weight: f32, words: &[f32]) {
    let halves: &[f16] = bytemuck::cast_slice(words);
    let mut values = [0.0; PIECE];
    let values = &mut values[..out.len()];
    halves[..out.len()].convert_to_f32_slice(values);
    add(out, weight, values);
}

/// The elements from `start` on, which may be within a row.
#[inline(always)]
fn add_codes(mut out: &mut [f32], weight: f32, words: &[f32], start: usize, width: usize) {
    let each = 1 + width.div_ceil(4);
    let (mut row, mut column) = (start / width, start % width);
    while !out.is_empty() {
        let (scale, words) = (words[row * each], &words[row * each + 1..(row + 1) * each]);
        let codes: &[i8] = bytemuck::cast_slice(words);
        let (now, later) = out.split_at_mut(out.len().min(width - column));
        for (out, code) in now.iter_mut().zip(&codes[column..]) {
            *out += weight * (scale * f32::from(*code));
        }
        (out, row, column) = (later, row + 1, 0);
    }
}

/// `x − base`, or `x`, in f32 or rounded to f16.
pub(super) fn keep(
    arch: Arch,
    params: &KeepParams,
    format: AnchorFormat,
    x: &[f32],
    base: &[f32],
    out: &mut [f32],
) {
    let (len, offset) = (params.len as usize, params.offset as usize);
    let base = (params.use_base == 1).then_some(base);
    let out = &mut out[offset..offset + params.words as usize];
    if format == AnchorFormat::F32 {
        parts(arch, out, 1, |start, out| {
            difference(&x[start..], base.map(|base| &base[start..]), out);
        });
        return;
    }
    parts(arch, out, 2, |start, words| {
        for (i, words) in words.chunks_mut(PIECE / 2).enumerate() {
            let from = 2 * (start + i * PIECE / 2);
            let halves: &mut [f16] = bytemuck::cast_slice_mut(words);
            let to = halves.len().min(len - from);
            let mut values = [0.0; PIECE];
            difference(
                &x[from..],
                base.map(|base| &base[from..]),
                &mut values[..to],
            );
            for value in &mut values {
                *value = value.clamp(-65_504.0, 65_504.0);
            }
            // Behind the last element is a zero.
            halves.convert_from_f32_slice(&values[..halves.len()]);
        }
    });
}

#[inline(always)]
fn difference(x: &[f32], base: Option<&[f32]>, out: &mut [f32]) {
    match base {
        Some(base) => {
            for ((out, x), base) in out.iter_mut().zip(x).zip(base) {
                *out = x - base;
            }
        }
        None => out.copy_from_slice(&x[..out.len()]),
    }
}

/// `x − base`, or `x`, as codes of 8 bits with a scale a row.
pub(super) fn keep_int8(
    arch: Arch,
    params: &KeepInt8Params,
    x: &[f32],
    base: &[f32],
    out: &mut [f32],
) {
    let [rows, width, offset] = [params.rows, params.width, params.offset].map(|n| n as usize);
    let base = (params.use_base == 1).then_some(base);
    let words = 1 + width.div_ceil(4);
    let parts = tasks(rows * width * 4, rows);
    let out = Shared::new(&mut out[offset..offset + rows * words]);
    each(parts, |i| {
        let rows = part(rows, 1, parts, i);
        // SAFETY: the parts are disjoint ranges of rows.
        let out = unsafe { out.range(rows.start * words..rows.end * words) };
        arch.dispatch(
            #[inline(always)]
            || {
                for (row, out) in rows.zip(out.chunks_exact_mut(words)) {
                    let at = row * width..(row + 1) * width;
                    keep_row(&x[at.clone()], base.map(|base| &base[at]), out);
                }
            },
        );
    });
}

#[inline(always)]
fn keep_row(x: &[f32], base: Option<&[f32]>, out: &mut [f32]) {
    let value = |i: usize| match base {
        Some(base) => x[i] - base[i],
        None => x[i],
    };
    let most = (0..x.len()).fold(0, |most: u32, i| most.max(value(i).to_bits() & 0x7fff_ffff));
    let scale = scale_of(most);
    let Some((first, words)) = out.split_first_mut() else {
        return;
    };
    *first = scale;
    words.fill(0.0);
    if scale > 0.0 {
        let codes: &mut [i8] = bytemuck::cast_slice_mut(words);
        for (i, out) in codes[..x.len()].iter_mut().enumerate() {
            *out = code(value(i), scale);
        }
    }
}

/// The nearest code, ties to even, as the kernel finds it: see `shaders/keep_int8.wgsl`.
#[inline(always)]
fn code(value: f32, scale: f32) -> i8 {
    let near = (value / scale).round_ties_even();
    let rest = value - near * scale;
    let middle = 0.5 * scale;
    let code = near as i32;
    let away = rest.abs() > middle || rest.abs() == middle && code & 1 == 1;
    let step = if rest < 0.0 { -1 } else { 1 };
    (code + if away { step } else { 0 }) as i8
}
