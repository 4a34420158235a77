//! Every twin against its formula in `f64`, written naively. Needs no device.
#![cfg(feature = "kernels")]

mod kernel_cases;

use kernel_cases::{Case, Input, anchor_values, cases, compare};
use refrain::kernels::{KernelId, WeightFormat, params::*};

fn params<T: bytemuck::Pod>(case: &Case) -> T {
    bytemuck::pod_read_unaligned(&case.params)
}

/// The values of a buffer.
fn values(input: &Input) -> Vec<f64> {
    let element = |i: usize| {
        let half = (input.words[i / 2] >> (16 * (i % 2))) & 0xffff;
        match input.format {
            None | Some(WeightFormat::F32) => f64::from(f32::from_bits(input.words[i])),
            Some(WeightFormat::F16) => floating(half, 10, 15),
            Some(WeightFormat::Bf16) => floating(half, 7, 127),
        }
    };
    (0..input.len).map(element).collect()
}

/// A finite 16-bit float with `fraction` fraction bits and this exponent bias.
fn floating(bits: u32, fraction: i32, bias: i32) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let below = f64::from(bits & ((1 << fraction) - 1)) / 2_f64.powi(fraction);
    match ((bits & 0x7fff) >> fraction) as i32 {
        0 => sign * below * 2_f64.powi(1 - bias),
        exponent => sign * (1.0 + below) * 2_f64.powi(exponent - bias),
    }
}

fn silu(v: f64) -> f64 {
    v / (1.0 + (-v).exp())
}

fn gelu(v: f64) -> f64 {
    let y = (2.0 / core::f64::consts::PI).sqrt() * (v + 0.044715 * v.powi(3));
    0.5 * v * (1.0 + y.tanh())
}

fn sizes<const N: usize>(numbers: [u32; N]) -> [usize; N] {
    numbers.map(|n| n as usize)
}

/// What the kernel promises to compute.
fn reference(case: &Case) -> Vec<f64> {
    let reads: Vec<_> = case.reads.iter().map(values).collect();
    match case.id {
        KernelId::Patchify => patches(case, &reads[0], true),
        KernelId::Unpatchify => patches(case, &reads[0], false),
        KernelId::TimestepFeatures => timestep_features(case, &reads[0]),
        KernelId::Linear
        | KernelId::LinearGelu
        | KernelId::LinearSilu
        | KernelId::LinearGated
        | KernelId::LinearAdd => linear(case, &reads),
        KernelId::Condition => {
            let p: ConditionParams = params(case);
            let [width, labels] = sizes([p.channels, p.labels]);
            let label = |b: usize| match reads[2][b] {
                wanted if (0..labels).any(|l| l as f64 == wanted) => wanted as usize,
                _ => labels - 1,
            };
            let sum = |i: usize| reads[0][i] + reads[1][label(i / width) * width + i % width];
            (0..case.out_len).map(|i| silu(sum(i))).collect()
        }
        KernelId::LayerNormModulate => layer_norm_modulate(case, &reads[0], &reads[1]),
        KernelId::Attention => attention(case, &reads[0]),
        KernelId::Guide => {
            let p: GuideParams = params(case);
            let [kept, given] = sizes([p.channels * p.pixels, p.out_channels * p.pixels]);
            let (conditional, unconditional) = reads[0].split_at(p.batch as usize * given);
            let rows = conditional.chunks(given).zip(unconditional.chunks(given));
            let guided = |(c, u): (&f64, &f64)| u + f64::from(p.scale) * (c - u);
            rows.flat_map(|(c, u)| c[..kept].iter().zip(&u[..kept]).map(guided))
                .collect()
        }
        KernelId::GuideDifference => {
            let p: GuideParams = params(case);
            let [kept, given] = sizes([p.channels * p.pixels, p.out_channels * p.pixels]);
            let (conditional, unconditional) = reads[0].split_at(p.batch as usize * given);
            let rows = conditional.chunks(given).zip(unconditional.chunks(given));
            rows.flat_map(|(c, u)| c[..kept].iter().zip(&u[..kept]).map(|(c, u)| u - c))
                .collect()
        }
        KernelId::GuideKept => {
            let p: GuideParams = params(case);
            let [kept, given] = sizes([p.channels * p.pixels, p.out_channels * p.pixels]);
            let rows = reads[0].chunks(given).zip(reads[1].chunks(kept));
            let guided = |(c, d): (&f64, &f64)| {
                let u = c + d;
                u + f64::from(p.scale) * (c - u)
            };
            rows.flat_map(|(c, d)| c[..kept].iter().zip(d).map(guided))
                .collect()
        }
        KernelId::AbsoluteSums => pairs(case, &reads, |r, n| [(n - r).abs(), r.abs()]),
        KernelId::SquareSums => pairs(case, &reads, |r, n| [(n - r).powi(2), r.powi(2)]),
        KernelId::Products => pairs(case, &reads, |a, b| [a * b, a * a]),
        KernelId::GatedAdd => {
            let p: GatedAddParams = params(case);
            let [width, tokens] = sizes([p.channels, p.tokens]);
            let gate = |i: usize| {
                let row = i / width / tokens * p.stride as usize;
                reads[1][row + p.offset as usize + i % width]
            };
            let sum = |i: usize| reads[2][i] + gate(i) * reads[0][i];
            (0..case.out_len).map(sum).collect()
        }
        KernelId::MixTokens => {
            let p: MixParams = params(case);
            let [tokens, width] = sizes([p.tokens, p.channels]);
            let mut out = Vec::new();
            for image in reads[1].chunks(tokens * width) {
                for weights in reads[0].chunks(tokens) {
                    out.extend((0..width).map(|c| {
                        let terms = weights.iter().enumerate();
                        terms.map(|(j, m)| m * image[j * width + c]).sum::<f64>()
                    }));
                }
            }
            out
        }
        KernelId::SumPartials => {
            let p: ReduceParams = params(case);
            let mut sums = vec![0.0; case.out_len];
            for pair in reads[0].chunks(2) {
                sums[2 * p.slot as usize] += pair[0];
                sums[2 * p.slot as usize + 1] += pair[1];
            }
            sums
        }
        KernelId::Subtract => reads[0].iter().zip(&reads[1]).map(|(a, b)| a - b).collect(),
        KernelId::Blend => {
            let p: BlendParams = params(case);
            let format = case.constants[0].1;
            let [len, width] = sizes([p.len, p.width]);
            let mut sums = match p.use_base {
                1 => reads[1][p.base_offset as usize..].to_vec(),
                _ => vec![0.0; len],
            };
            for k in 0..p.count {
                let weight = reads[0][(p.first + k) as usize];
                if weight == 0.0 {
                    continue;
                }
                let words = &case.reads[2].words[(p.offset + k * p.stride) as usize..];
                let anchor = anchor_values(format, words, len, width);
                for (sum, value) in sums.iter_mut().zip(anchor) {
                    *sum += weight * value;
                }
            }
            sums
        }
        KernelId::Keep => {
            let p: KeepParams = params(case);
            let round = |value: f32| match case.constants[0].1 {
                1 => nearest_half(value),
                _ => value.into(),
            };
            let values = kept(&reads, p.use_base).into_iter().map(round);
            vec![0.0; p.offset as usize]
                .into_iter()
                .chain(values)
                .collect()
        }
        KernelId::KeepInt8 => {
            let p: KeepInt8Params = params(case);
            let mut out = vec![0.0; p.offset as usize];
            for row in kept(&reads, p.use_base).chunks(p.width as usize) {
                let most = row
                    .iter()
                    .fold(0.0, |most: f32, value| most.max(value.abs()));
                let scale = match most {
                    most if most < 2_f32.powi(-100) => 0.0,
                    // Up to 16 bits.
                    most => {
                        let scale = most * (1.0 / 127.0);
                        f64::from(f32::from_bits(scale.to_bits().next_multiple_of(0x100)))
                    }
                };
                out.extend(row.iter().map(|value| match scale {
                    0.0 => 0.0,
                    scale => (f64::from(*value) / scale).round_ties_even() * scale,
                }));
            }
            out
        }
    }
}

/// What is kept, before it is rounded to the anchors' format.
fn kept(reads: &[Vec<f64>], use_base: u32) -> Vec<f32> {
    let pairs = reads[0].iter().zip(&reads[1]);
    let less = |(x, base): (&f64, &f64)| if use_base == 1 { x - base } else { *x };
    pairs.map(|pair| less(pair) as f32).collect()
}

/// The nearest half, ties to even, at most the largest.
fn nearest_half(value: f32) -> f64 {
    let value = f64::from(value);
    let exponent = value.abs().log2().floor().max(-14.0);
    let quantum = (exponent - 10.0).exp2();
    let nearest = (value / quantum).round_ties_even() * quantum;
    nearest.clamp(-65_504.0, 65_504.0)
}

/// The sums of what `pair` makes of the elements of both tensors, by slices.
fn pairs(case: &Case, reads: &[Vec<f64>], pair: impl Fn(f64, f64) -> [f64; 2]) -> Vec<f64> {
    let p: ReduceParams = params(case);
    let slice = p.slice as usize;
    let mut out = Vec::new();
    for (a, b) in reads[0].chunks(slice).zip(reads[1].chunks(slice)) {
        let mut sums = [0.0; 2];
        for (a, b) in a.iter().zip(b) {
            let [first, second] = pair(*a, *b);
            sums = [sums[0] + first, sums[1] + second];
        }
        out.extend(sums);
    }
    out
}

/// Walks over the pixels of every patch and pairs them with the pixels of the image.
fn patches(case: &Case, from: &[f64], cut: bool) -> Vec<f64> {
    let p: PatchParams = params(case);
    let [batch, channels, height, width, side] =
        sizes([p.batch, p.channels, p.height, p.width, p.patch_size]);
    let mut to = vec![f64::NAN; case.out_len];
    let mut token = 0;
    for b in 0..batch {
        for top in (0..height).step_by(side) {
            for left in (0..width).step_by(side) {
                for (c, y, x) in (0..channels)
                    .flat_map(|c| (0..side).flat_map(move |y| (0..side).map(move |x| (c, y, x))))
                {
                    let pixel = ((b * channels + c) * height + top + y) * width + left + x;
                    let first = token * channels * side * side;
                    if cut {
                        to[first + (c * side + y) * side + x] = from[pixel];
                    } else {
                        to[pixel] = from[first + (y * side + x) * channels + c];
                    }
                }
                token += 1;
            }
        }
    }
    to
}

fn timestep_features(case: &Case, t: &[f64]) -> Vec<f64> {
    let p: TimestepParams = params(case);
    let half = p.features as usize / 2;
    let angle = |t: f64, i: usize| t * f64::from(p.max_period).powf(-(i as f64) / half as f64);
    t.iter()
        .flat_map(|t| {
            let cosines = (0..half).map(move |i| angle(*t, i).cos());
            cosines.chain((0..half).map(move |i| angle(*t, i).sin()))
        })
        .collect()
}

fn linear(case: &Case, reads: &[Vec<f64>]) -> Vec<f64> {
    let p: LinearParams = params(case);
    let [rows, inputs, outputs] = sizes([p.rows, p.inputs, p.outputs]);
    let mut out = Vec::new();
    for row in 0..rows {
        let x = &reads[0][row * inputs..(row + 1) * inputs];
        for column in 0..outputs {
            let w = &reads[1][column * inputs..(column + 1) * inputs];
            let product = x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() + reads[2][column];
            out.push(match case.id {
                KernelId::LinearGelu => gelu(product),
                KernelId::LinearSilu => silu(product),
                KernelId::LinearGated => {
                    let image = row / p.tokens as usize;
                    let gates = &reads[3][image * p.gate_stride as usize..];
                    let gate = gates[p.gate_offset as usize + column];
                    reads[4][row * outputs + column] + gate * product
                }
                KernelId::LinearAdd => {
                    product + reads[3][row % p.addend_rows as usize * outputs + column]
                }
                _ => product,
            });
        }
    }
    out
}

fn layer_norm_modulate(case: &Case, x: &[f64], modulation: &[f64]) -> Vec<f64> {
    let p: NormParams = params(case);
    let width = p.channels as usize;
    let mut out = Vec::new();
    for (row, x) in x.chunks(width).enumerate() {
        let modulation = &modulation[row / p.tokens as usize * p.stride as usize..];
        let mean = x.iter().sum::<f64>() / width as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
        for (i, x) in x.iter().enumerate() {
            let normal = (x - mean) / (variance + f64::from(p.epsilon)).sqrt();
            let shift = modulation[p.shift_offset as usize + i];
            out.push(normal * (1.0 + modulation[p.scale_offset as usize + i]) + shift);
        }
    }
    out
}

fn attention(case: &Case, qkv: &[f64]) -> Vec<f64> {
    let p: AttentionParams = params(case);
    let width = case.constants[0].1 as usize;
    let [tokens, heads] = sizes([p.tokens, p.heads]);
    let vector = |b: usize, token: usize, part: usize, head: usize| {
        let first = (((b * tokens + token) * 3 + part) * heads + head) * width;
        &qkv[first..first + width]
    };
    let mut out = Vec::new();
    for (b, query) in (0..p.batch as usize).flat_map(|b| (0..tokens).map(move |t| (b, t))) {
        for head in 0..heads {
            let q = vector(b, query, 0, head);
            let score = |key| {
                let dot: f64 = q
                    .iter()
                    .zip(vector(b, key, 1, head))
                    .map(|(q, k)| q * k)
                    .sum();
                dot * f64::from(p.scale)
            };
            let scores: Vec<_> = (0..tokens).map(score).collect();
            let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<_> = scores.iter().map(|score| (score - highest).exp()).collect();
            let total: f64 = weights.iter().sum();
            out.extend((0..width).map(|i| {
                let sum = weights
                    .iter()
                    .enumerate()
                    .map(|(key, w)| w * vector(b, key, 2, head)[i]);
                sum.sum::<f64>() / total
            }));
        }
    }
    out
}

#[test]
fn twins_follow_their_formulas() {
    for id in KernelId::ALL {
        for case in cases(id) {
            if let Err(why) = compare(&case, &case.twin(), &reference(&case)) {
                panic!("{why}");
            }
        }
    }
}

#[test]
fn a_wrong_twin_is_caught() {
    for id in KernelId::ALL {
        let case = &cases(id)[0];
        let reference = reference(case);
        let mut twin = case.twin();
        let middle = twin.len() / 2;
        twin[middle] = match id {
            KernelId::Keep | KernelId::KeepInt8 => {
                f32::from_bits(twin[middle].to_bits() ^ 0x0010_0010)
            }
            _ => twin[middle] + 0.01,
        };
        compare(case, &twin, &reference).expect_err(&case.name);
        twin[middle] = f32::NAN;
        compare(case, &twin, &reference).expect_err(&case.name);
        twin.pop();
        compare(case, &twin, &reference).expect_err(&case.name);
    }
}
