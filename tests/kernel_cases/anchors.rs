//! The cases of anchors: what keeps and what blends them.

use refrain::kernels::{AnchorFormat, KernelId, params::*};

use super::{Case, Input, KINDS, Kind, Random, shapes::case};

/// An anchor's words: random bits that stand for numbers.
fn anchor(r: &mut Random, format: AnchorFormat, len: u32, width: u32, kind: Kind) -> Vec<u32> {
    match format {
        AnchorFormat::F32 => r.input(len as usize, kind).words,
        // Exponents below that of one; two in sixteen are subnormal.
        AnchorFormat::F16 => {
            r.weight(refrain::kernels::WeightFormat::F16, len as usize)
                .words
        }
        AnchorFormat::Int8 => {
            let words = 1 + width.div_ceil(4);
            let word = |i: u32| match i % words {
                0 => (r.uniform() / 127.0).to_bits(),
                _ => r.next() as u32,
            };
            (0..len / width * words).map(word).collect()
        }
    }
}

pub(super) fn blends(r: &mut Random) -> Vec<Case> {
    use AnchorFormat::{F16, F32, Int8};
    let mut all = Vec::new();
    let eight = [4.0, -6.0, 4.0, -1.0, 0.5, -0.5, 2.0, -2.0];
    for (format, len, width, first, use_base, used) in [
        (F32, 1000, 100, 0, 1, &[4.0, -6.0, 4.0, -1.0][..]),
        (F32, 1, 1, 7, 1, &[1.0]),
        (F32, 257, 257, 3, 0, &[2.0, -1.0]),
        (F32, 511, 73, 0, 1, &eight),
        (F32, 511, 73, 4, 1, &[0.5, 0.0, -0.25, 0.0]),
        (F32, 256, 16, 1, 0, &[0.0, 0.0, 0.0]),
        (F32, 256, 16, 0, 1, &[]),
        (F16, 1000, 1, 0, 1, &eight),
        (F16, 1, 1, 7, 0, &[1.0]),
        (F16, 4099, 1, 0, 0, &[0.5, 0.0, -0.25]),
        (Int8, 1000, 100, 0, 1, &eight),
        (Int8, 6, 1, 7, 0, &[1.0]),
        (Int8, 255, 5, 2, 0, &[0.5, 0.0, -0.25]),
        (Int8, 4200, 42, 0, 1, &[1.0, -1.0]),
        (Int8, 257, 257, 0, 1, &[2.0]),
    ] {
        let kinds = if format == F32 {
            &KINDS[..]
        } else {
            &KINDS[..1]
        };
        for kind in kinds {
            let (count, base_offset, offset) = (used.len() as u32, 3, 5);
            // A word between two anchors belongs to none.
            let stride = format.words(len.into(), width) as u32 + 1;
            let params = BlendParams {
                len,
                count,
                first,
                use_base,
                base_offset,
                width,
                stride,
                offset,
                row: elementwise_row(len),
                pad: [0; 3],
            };
            // Weights and words that must not be read would spoil the sum.
            let mut weights = [f32::NAN; 8];
            weights[first as usize..][..used.len()].copy_from_slice(used);
            let poison = f32::NAN.to_bits();
            let mut base = Input::floats(&vec![f32::NAN; (base_offset + len) as usize]);
            if use_base == 1 {
                let values = r.input(len as usize, *kind).words;
                base.words[base_offset as usize..].copy_from_slice(&values);
            }
            let mut words = vec![poison; (offset + count * stride).max(1) as usize];
            for (k, weight) in used.iter().enumerate() {
                if *weight != 0.0 {
                    let anchor = anchor(r, format, len, width, *kind);
                    let at = (offset + k as u32 * stride) as usize;
                    words[at..][..anchor.len()].copy_from_slice(&anchor);
                }
            }
            let anchors = Input {
                format: None,
                len: words.len(),
                words,
            };
            let what = format!("{format}, {len} by {width}, {used:?}, base {use_base}, {kind:?}");
            let reads = vec![Input::floats(&weights), base, anchors];
            let mut case = case(
                KernelId::Blend,
                &what,
                params,
                params.workgroups(),
                reads,
                len as usize,
            );
            case.constants = vec![("ANCHOR_FORMAT", format as u32)];
            all.push(case);
        }
    }
    all
}

/// x and the base, which must not be read without `use_base`.
fn kept(r: &mut Random, len: u32, use_base: u32, kind: Kind) -> Vec<Input> {
    let base = match use_base {
        1 => r.input(len as usize, Kind::Uniform),
        _ => Input::floats(&vec![f32::NAN; len as usize]),
    };
    vec![r.input(len as usize, kind), base]
}

pub(super) fn keeps(r: &mut Random) -> Vec<Case> {
    use AnchorFormat::{F16, F32};
    let mut all = Vec::new();
    for (format, len, use_base, offset) in [
        (F16, 999, 1, 7),
        (F16, 1, 0, 0),
        (F16, 5000, 0, 1),
        (F32, 1000, 1, 7),
        (F32, 257, 0, 0),
    ] {
        for kind in KINDS {
            let words = format.words(len.into(), 1) as u32;
            let params = KeepParams {
                len,
                words,
                use_base,
                offset,
                row: elementwise_row(words),
                pad: [0; 3],
            };
            let mut reads = kept(r, len, use_base, kind);
            if use_base == 0 && kind == Kind::Offset {
                // From the smallest half to more than the largest, and halfway between two.
                for (i, word) in reads[0].words.iter_mut().enumerate() {
                    let bits = (i as u32 * 0x9_1000) % 0x1600_0000 + 0x3280_0000;
                    *word = bits | (i as u32 & 1) << 31;
                }
            }
            let what = format!("{format}, {len}, base {use_base}, {kind:?}");
            let mut case = case(
                KernelId::Keep,
                &what,
                params,
                params.workgroups(),
                reads,
                (offset + words) as usize,
            );
            case.constants = vec![("ANCHOR_FORMAT", format as u32)];
            all.push(case);
        }
    }
    all
}

pub(super) fn keeps_int8(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, width, use_base, offset) in [
        (20, 67, 1, 7),
        (1, 1, 0, 0),
        (3, 129, 0, 1),
        (9, 1000, 0, 0),
        (300, 4, 1, 2),
    ] {
        for kind in KINDS {
            let params = KeepInt8Params {
                rows,
                width,
                use_base,
                offset,
                grid: row_length(rows),
                pad: [0; 3],
            };
            let mut reads = kept(r, rows * width, use_base, kind);
            if use_base == 0 && kind == Kind::Offset {
                // A scale of one, and every second number halfway between two codes.
                let values = (0..rows * width).map(|i| match i % width {
                    0 => 127.0,
                    column => (column % 509) as f32 / 2.0 - 127.0,
                });
                reads[0] = Input::floats(&values.collect::<Vec<_>>());
            }
            let what = format!("{rows}x{width}, base {use_base}, {kind:?}");
            all.push(case(
                KernelId::KeepInt8,
                &what,
                params,
                params.workgroups(),
                reads,
                (offset + rows * (1 + width.div_ceil(4))) as usize,
            ));
        }
    }
    all
}
