//! The shapes of the cases, kernel by kernel.

use bytemuck::Pod;
use refrain::kernels::{KernelId, WeightFormat, params::*};

use super::{Case, Input, KINDS, Kind, Random, anchors};

pub(super) fn case<T: Pod>(
    id: KernelId,
    what: &str,
    params: T,
    workgroups: [u32; 3],
    reads: Vec<Input>,
    out_len: usize,
) -> Case {
    Case {
        name: format!("{} {what}", id.kernel().name),
        id,
        params: bytemuck::bytes_of(&params).to_vec(),
        constants: Vec::new(),
        workgroups,
        reads,
        out_len,
    }
}

/// All cases of a kernel. The first is of moderate size, on uniform inputs.
pub(crate) fn cases(id: KernelId) -> Vec<Case> {
    let mut random = Random(id as u64);
    let r = &mut random;
    match id {
        KernelId::Patchify | KernelId::Unpatchify => patches(id, r),
        KernelId::TimestepFeatures => timesteps(r),
        KernelId::Linear
        | KernelId::LinearGelu
        | KernelId::LinearSilu
        | KernelId::LinearGated
        | KernelId::LinearAdd => linears(id, r),
        KernelId::Condition => conditions(r),
        KernelId::LayerNormModulate => norms(r),
        KernelId::Attention => attentions(r),
        KernelId::Guide | KernelId::GuideDifference | KernelId::GuideKept => guides(id, r),
        KernelId::AbsoluteSums | KernelId::SquareSums | KernelId::Products => slices(id, r),
        KernelId::SumPartials => sum_partials(r),
        KernelId::Subtract => subtracts(r),
        KernelId::Blend => anchors::blends(r),
        KernelId::Keep => anchors::keeps(r),
        KernelId::KeepInt8 => anchors::keeps_int8(r),
        KernelId::GatedAdd => gated_adds(r),
        KernelId::MixTokens => mixes(r),
    }
}

fn patches(id: KernelId, r: &mut Random) -> Vec<Case> {
    let shapes = [
        [2, 3, 16, 16, 2],
        [1, 1, 1, 1, 1],
        [3, 5, 6, 10, 2],
        [1, 4, 12, 9, 3],
        [1, 1, 16, 16, 16],
    ];
    let mut all = Vec::new();
    for [batch, channels, height, width, patch_size] in shapes {
        for kind in [Kind::Uniform, Kind::Subnormal] {
            let len = batch * channels * height * width;
            let row = elementwise_row(len);
            let params = PatchParams {
                batch,
                channels,
                height,
                width,
                patch_size,
                row,
                pad: [0; 2],
            };
            let reads = vec![r.input(len as usize, kind)];
            let what = format!("{batch}x{channels}x{height}x{width} by {patch_size}, {kind:?}");
            all.push(case(
                id,
                &what,
                params,
                params.workgroups(),
                reads,
                len as usize,
            ));
        }
    }
    all
}

fn timesteps(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for (batch, features, longest) in [
        (50, 256, 1000.0),
        (1, 2, 1000.0),
        (3, 254, 1.0),
        (257, 6, 1000.0),
    ] {
        let row = elementwise_row(batch * features);
        let params = TimestepParams {
            batch,
            features,
            max_period: 10_000.0,
            row,
        };
        let mut t: Vec<_> = r.values(batch as usize, Kind::Uniform);
        for t in &mut t {
            *t = (longest * t.abs() * 8.0).round() / 8.0;
        }
        t[0] = longest;
        let reads = vec![Input::floats(&t)];
        let what = format!("{batch}x{features}, t to {longest}");
        let len = (batch * features) as usize;
        all.push(case(
            KernelId::TimestepFeatures,
            &what,
            params,
            params.workgroups(),
            reads,
            len,
        ));
    }
    all
}

fn linears(id: KernelId, r: &mut Random) -> Vec<Case> {
    let all_formats = [WeightFormat::F32, WeightFormat::F16, WeightFormat::Bf16];
    let mut all = Vec::new();
    // Around the tile of 64 x 64 and the 16 channels staged at a time; the last has more tiles of
    // rows than one dimension of a dispatch holds.
    for ([rows, outputs, inputs], tokens, kinds, formats) in [
        ([70, 67, 35], 7, &KINDS[..], &all_formats[..]),
        ([1, 1, 1], 1, &KINDS[..1], &all_formats),
        ([63, 64, 16], 9, &KINDS[..1], &all_formats[1..2]),
        ([64, 65, 15], 4, &KINDS[..1], &all_formats[..1]),
        ([65, 63, 17], 5, &KINDS[..1], &all_formats[2..]),
        ([2, 129, 257], 1, &KINDS[..1], &all_formats),
        ([129, 5, 1153], 43, &KINDS[..1], &all_formats[..1]),
        ([5, 70, 4608], 1, &KINDS[..1], &all_formats[1..2]),
        (
            [64 * 65_535 + 3, 1, 1],
            64 * 65_535 + 3,
            &KINDS[..1],
            &all_formats[..1],
        ),
    ] {
        if rows > 65_535 && id != KernelId::Linear {
            continue;
        }
        for (kind, format) in kinds
            .iter()
            .flat_map(|k| formats.iter().map(move |f| (*k, *f)))
        {
            let shape = [rows, outputs, inputs];
            all.push(linear(id, r, shape, tokens, kind, format));
        }
    }
    all.extend(edges(id, r));
    all
}

/// [rows, outputs, inputs], and how many rows share a row of gates or make the addend.
fn linear(
    id: KernelId,
    r: &mut Random,
    [rows, outputs, inputs]: [u32; 3],
    tokens: u32,
    kind: Kind,
    format: WeightFormat,
) -> Case {
    let gated = id == KernelId::LinearGated;
    let params = LinearParams {
        rows,
        inputs,
        outputs,
        tokens: if gated { tokens } else { 1 },
        gate_stride: if gated { 2 * outputs + 1 } else { 0 },
        gate_offset: if gated { outputs } else { 0 },
        addend_rows: if id == KernelId::LinearAdd { tokens } else { 0 },
        pad: 0,
    };
    let [m, k, n, images] = [rows, inputs, outputs, rows / tokens].map(|n| n as usize);
    let mut reads = vec![
        r.input(m * k, kind),
        r.weight(format, n * k),
        r.input(n, Kind::Uniform),
    ];
    match id {
        KernelId::LinearGated => {
            reads.push(r.input(images * (2 * n + 1), Kind::Uniform));
            reads.push(r.input(m * n, Kind::Uniform));
        }
        KernelId::LinearAdd => reads.push(r.input(tokens as usize * n, Kind::Uniform)),
        _ => {}
    }
    let what = format!("{rows}x{inputs} to {outputs}, {format:?}, {kind:?}");
    let mut case = case(id, &what, params, params.workgroups(), reads, m * n);
    case.constants.push(("FORMAT", format as u32));
    case
}

/// Cases for the variants of an operation: inputs that all of them take, and edges of their tiles of 2
/// to 64 rows and 8 to 64 columns; the last has more tiles of 16 rows than one dimension of a dispatch
/// holds.
fn edges(id: KernelId, r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for (shape, tokens) in [
        ([10, 71, 96], 5),
        ([1, 1, 32], 1),
        ([3, 9, 224], 1),
        ([15, 63, 32], 3),
        ([16, 64, 96], 16),
        ([17, 65, 224], 17),
        ([31, 127, 64], 31),
        ([32, 32, 32], 4),
        ([33, 33, 256], 11),
        ([67, 131, 1152], 67),
    ] {
        all.push(linear(
            id,
            r,
            shape,
            tokens,
            Kind::Uniform,
            WeightFormat::F16,
        ));
    }
    if id == KernelId::Linear {
        for format in [WeightFormat::F32, WeightFormat::Bf16] {
            all.push(linear(id, r, [19, 67, 96], 1, Kind::Uniform, format));
        }
        for kind in KINDS {
            all.push(linear(id, r, [9, 37, 160], 1, kind, WeightFormat::F16));
        }
        let rows = 16 * 65_535 + 3;
        all.push(linear(
            id,
            r,
            [rows, 1, 8],
            rows,
            Kind::Uniform,
            WeightFormat::F16,
        ));
    }
    all
}

fn conditions(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for (batch, channels, labels) in [(6, 96, 11), (1, 1, 1), (5, 257, 3)] {
        for kind in KINDS {
            let row = elementwise_row(batch * channels);
            let params = ConditionParams {
                batch,
                channels,
                labels,
                row,
            };
            let len = (batch * channels) as usize;
            // Labels inside the table, its end, and what no table has.
            let wanted = [0.0, labels as f32 - 1.0, labels as f32, -1.0, 1e9, 2.0];
            let reads = vec![
                r.input(len, kind),
                r.input((labels * channels) as usize, Kind::Uniform),
                Input::floats(&wanted[..batch as usize]),
            ];
            let what = format!("{batch}x{channels} of {labels}, {kind:?}");
            all.push(case(
                KernelId::Condition,
                &what,
                params,
                params.workgroups(),
                reads,
                len,
            ));
        }
    }
    all
}

fn norms(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    // Around the 128 invocations of a row; the last has more rows than one dimension holds.
    for (rows, channels, tokens, kinds) in [
        (6, 192, 3, &KINDS[..]),
        (1, 1, 1, &KINDS[..1]),
        (4, 127, 2, &KINDS[..2]),
        (4, 128, 4, &KINDS[..2]),
        (6, 129, 1, &KINDS[..2]),
        (2, 1152, 2, &KINDS[..]),
        (65_537, 3, 65_537, &KINDS[..1]),
    ] {
        for kind in kinds {
            let params = NormParams {
                rows,
                channels,
                tokens,
                stride: 3 * channels + 1,
                shift_offset: 1,
                scale_offset: channels + 1,
                epsilon: 1e-6,
                grid: row_length(rows),
            };
            let len = (rows * channels) as usize;
            let modulation = (rows / tokens * params.stride) as usize;
            let reads = vec![r.input(len, *kind), r.input(modulation, Kind::Uniform)];
            let what = format!("{rows}x{channels}, {kind:?}");
            all.push(case(
                KernelId::LayerNormModulate,
                &what,
                params,
                params.workgroups(),
                reads,
                len,
            ));
        }
    }
    all
}

fn attentions(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |batch, tokens, heads, width: u32, kind| {
        let scale = (width as f32).sqrt().recip();
        let params = AttentionParams {
            batch,
            tokens,
            heads,
            scale,
        };
        let each = (heads * width) as usize;
        let len = (batch * tokens) as usize * each;
        // An offset of q or k would make the softmax a step; v may have one.
        let v_kind = kind;
        let qk_kind = if kind == Kind::Offset {
            Kind::Uniform
        } else {
            kind
        };
        let mut qkv = Vec::new();
        for _ in 0..batch * tokens {
            let scores: Vec<_> = r
                .values(2 * each, qk_kind)
                .iter()
                .map(|v| 3.0 * v)
                .collect();
            qkv.extend(scores);
            qkv.extend(r.values(each, v_kind));
        }
        let what = format!("{batch}x{tokens}, {heads} heads of {width}, {kind:?}");
        let reads = vec![Input::floats(&qkv)];
        let mut case = case(
            KernelId::Attention,
            &what,
            params,
            params.workgroups(),
            reads,
            len,
        );
        case.constants.push(("HEAD_DIM", width));
        all.push(case);
    };
    for width in [64, 24, 72, 128] {
        for tokens in [65, 1, 63, 64, 257] {
            add(1 + tokens % 2, tokens, 2, width, Kind::Uniform);
        }
        for kind in KINDS {
            add(2, 33, 1, width, kind);
        }
    }
    add(1, 40, 3, 104, Kind::Uniform);
    add(1, 256, 16, 72, Kind::Uniform);
    all
}

fn guides(id: KernelId, r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for [batch, channels, out_channels, pixels] in [[3, 4, 8, 64], [1, 1, 1, 1], [2, 3, 3, 257]] {
        for kind in KINDS {
            let row = elementwise_row(batch * channels * pixels);
            let params = GuideParams {
                batch,
                channels,
                out_channels,
                pixels,
                scale: 4.0,
                row,
                pad: [0; 2],
            };
            let len = (batch * channels * pixels) as usize;
            let half = (batch * out_channels * pixels) as usize;
            let reads = match id {
                KernelId::GuideKept => vec![r.input(half, kind), r.input(len, kind)],
                _ => vec![r.input(2 * half, kind)],
            };
            let what = format!("{batch}x{channels} of {out_channels}x{pixels}, {kind:?}");
            all.push(case(id, &what, params, params.workgroups(), reads, len));
        }
    }
    all
}

fn slices(id: KernelId, r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    // The last has more slices than one dimension of a dispatch holds.
    for (len, slice, kinds) in [
        (5000, 1024, &KINDS[..]),
        (1, 1024, &KINDS[..]),
        (127, 128, &KINDS[..1]),
        (128, 128, &KINDS[..1]),
        (129, 128, &KINDS[..1]),
        (3001, 1000, &KINDS[..1]),
        (65_600, 1, &KINDS[..1]),
    ] {
        for kind in kinds {
            let params = ReduceParams {
                len,
                slice,
                slot: 0,
                pad: 0,
            };
            let reads = vec![r.input(len as usize, *kind), r.input(len as usize, *kind)];
            let what = format!("{len} by {slice}, {kind:?}");
            let out = 2 * len.div_ceil(slice) as usize;
            all.push(case(id, &what, params, params.workgroups(), reads, out));
        }
    }
    all
}

fn sum_partials(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for (len, slot) in [(1000, 1), (1, 0), (127, 0), (128, 2), (129, 3)] {
        for kind in KINDS {
            let params = ReduceParams {
                len,
                slice: len,
                slot,
                pad: 0,
            };
            let reads = vec![r.input(2 * len as usize, kind)];
            let what = format!("{len} to {slot}, {kind:?}");
            all.push(case(
                KernelId::SumPartials,
                &what,
                params,
                params.workgroups(),
                reads,
                8,
            ));
        }
    }
    all
}

fn subtracts(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    // The last has more workgroups than one dimension of a dispatch holds.
    for (len, kinds) in [
        (1000, &KINDS[..]),
        (1, &KINDS[..]),
        (255, &KINDS[..1]),
        (256, &KINDS[..1]),
        (257, &KINDS[..1]),
        (65_535 * 256 + 1009, &KINDS[..1]),
    ] {
        for kind in kinds {
            let params = SubtractParams {
                len,
                row: elementwise_row(len),
                pad: [0; 2],
            };
            let reads = vec![r.input(len as usize, *kind), r.input(len as usize, *kind)];
            let what = format!("{len}, {kind:?}");
            all.push(case(
                KernelId::Subtract,
                &what,
                params,
                params.workgroups(),
                reads,
                len as usize,
            ));
        }
    }
    all
}

fn gated_adds(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, channels, tokens, kinds) in [
        (70, 67, 7, &KINDS[..]),
        (1, 1, 1, &KINDS[..1]),
        (256, 48, 64, &KINDS[..1]),
        (5, 257, 1, &KINDS[..]),
    ] {
        for kind in kinds {
            let params = GatedAddParams {
                rows,
                channels,
                tokens,
                stride: 2 * channels + 1,
                offset: channels,
                row: elementwise_row(rows * channels),
                pad: [0; 2],
            };
            let len = (rows * channels) as usize;
            let gates = (rows / tokens * params.stride) as usize;
            let reads = vec![
                r.input(len, *kind),
                r.input(gates, Kind::Uniform),
                r.input(len, Kind::Uniform),
            ];
            let what = format!("{rows}x{channels} by {tokens}, {kind:?}");
            all.push(case(
                KernelId::GatedAdd,
                &what,
                params,
                params.workgroups(),
                reads,
                len,
            ));
        }
    }
    all
}

fn mixes(r: &mut Random) -> Vec<Case> {
    let mut all = Vec::new();
    for ([batch, tokens, channels, rows], kinds) in [
        ([3, 64, 48, 64], &KINDS[..]),
        ([1, 1, 1, 1], &KINDS[..1]),
        ([2, 25, 144, 9], &KINDS[..1]),
        ([6, 256, 1, 256], &KINDS[..]),
        ([2, 1000, 5, 3], &KINDS[..1]),
    ] {
        for kind in kinds {
            let params = MixParams {
                batch,
                tokens,
                channels,
                rows,
                row: elementwise_row(batch * rows * channels),
                pad: [0; 3],
            };
            let reads = vec![
                r.input((rows * tokens) as usize, Kind::Uniform),
                r.input((batch * tokens * channels) as usize, *kind),
            ];
            let what = format!("{batch}x{tokens}x{channels} to {rows}, {kind:?}");
            all.push(case(
                KernelId::MixTokens,
                &what,
                params,
                params.workgroups(),
                reads,
                (batch * rows * channels) as usize,
            ));
        }
    }
    all
}
