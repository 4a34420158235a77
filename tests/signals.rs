//! What a run measures, against a network in plain loops and metrics by their definitions.

#![cfg(feature = "cpu")]

extern crate alloc;

mod naive;

use alloc::sync::Arc;
use core::f64::consts::PI;
use std::collections::HashMap;

use naive::{Naive, Place};
use refrain::{
    Policy,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides, Part, Ring},
    executor::Executor,
    kernels::BufferId,
    policy::{Keep, Site},
    run::{Backend, Engine, Sampling, Settings},
    sampler::{Sampler, noise},
};

/// Four latent channels, no sigma, 5 × 5 tokens, three blocks, velocity.
fn model() -> Arc<Model> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/dit_d144_h2.safetensors"
    );
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    Arc::new(Model::open(path.as_ref(), &heads).expect("a model"))
}

const STEPS: u32 = 4;

fn start(engine: &Engine, text: &str) -> Sampling {
    let settings = Settings {
        policy: Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")),
        steps: STEPS,
        sampler: Sampler::Euler,
        guidance: 1.5,
        classes: vec![1, 6],
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed: 5,
    };
    engine
        .start(&settings)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

type Places = HashMap<Place, Vec<f64>>;

/// Everything that the network has on its way, for each row, and the latents.
fn look(model: &Model, latents: &[f32], t: f32) -> (Vec<Places>, Vec<f64>) {
    let len = model.config().picture_len();
    let network = Naive::new(model);
    let row = |(picture, label): (usize, u32)| {
        let mut places = Places::new();
        let x = &latents[picture * len..][..len];
        network.forward(x, t, label, &mut |place, values| {
            places.insert(place, values.clone());
        });
        places
    };
    let rows = [(0, 1), (1, 6), (0, 10), (1, 10)].map(row);
    (rows.into(), latents.iter().map(|v| f64::from(*v)).collect())
}

fn all(rows: &[Places], place: Place) -> Vec<f64> {
    rows.iter()
        .flat_map(|places| places[&place].clone())
        .collect()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// A signal's tensors: one, or one a block.
fn tensors(signal: &str, (rows, latents): &(Vec<Places>, Vec<f64>)) -> Vec<Vec<f64>> {
    let block = |i: usize| all(rows, Place::Block(i));
    let tokens = all(rows, Place::Tokens);
    match signal {
        "model-input" => vec![latents.clone()],
        "time-embedding" => vec![all(rows, Place::Time)],
        "modulated-input" => vec![all(rows, Place::Modulated)],
        "front-output" => vec![block(0)],
        "front-residual" => vec![minus(&block(0), &tokens)],
        "block-residual" => vec![minus(&block(1), &block(0))],
        "block-input" => vec![tokens, block(0), block(1)],
        "block-output" => (0..3).map(block).collect(),
        _ => panic!("{signal}"),
    }
}

fn metric(name: &str, reference: &[f64], now: &[f64]) -> f64 {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        reference.iter().zip(now).map(|(r, n)| f(*r, *n)).sum()
    };
    let len = reference.len() as f64;
    let squares = sum(&|r, n| (n - r).powi(2));
    match name {
        "relative-l1" => sum(&|r, n| (n - r).abs()) / sum(&|r, _| r.abs()),
        "relative-l2" => (squares / sum(&|r, _| r * r)).sqrt(),
        "cosine" => 1.0 - sum(&|r, n| r * n) / (sum(&|r, _| r * r) * sum(&|_, n| n * n)).sqrt(),
        "mean-absolute" => sum(&|r, n| (n - r).abs()) / len,
        "mse" => squares / len,
        "l2" => squares.sqrt(),
        _ => panic!("{name}"),
    }
}

/// A grid of tokens of so many channels, each frequency (u, v) times a gain.
fn transformed(
    x: &[f64],
    side: usize,
    channels: usize,
    gain: &dyn Fn(usize, usize) -> f64,
) -> Vec<f64> {
    let tokens = side * side;
    let mut kernel = vec![0.0; tokens];
    for (u, v) in (0..side).flat_map(|u| (0..side).map(move |v| (u, v))) {
        for (i, k) in kernel.iter_mut().enumerate() {
            let turns = (u * (i / side) + v * (i % side)) as f64 / side as f64;
            *k += gain(u, v) * (2.0 * PI * turns).cos() / tokens as f64;
        }
    }
    let mut out = vec![0.0; x.len()];
    for (i, to) in out.iter_mut().enumerate() {
        let (image, token, c) = (i / (tokens * channels), i / channels % tokens, i % channels);
        for other in 0..tokens {
            let y = (token / side + side - other / side) % side;
            let column = (token % side + side - other % side) % side;
            let from = x[(image * tokens + other) * channels + c];
            *to += kernel[y * side + column] * from;
        }
    }
    out
}

fn filter(name: &str, x: &[f64], signal: &str, t: f64) -> Vec<f64> {
    let (side, channels) = match signal {
        "model-input" => (10, 1),
        _ => (5, 144),
    };
    let distance = |k: usize| k.min(side - k) as f64;
    match name {
        "none" => x.to_vec(),
        "downsample" => {
            let tokens = side * side;
            let kept = |i: &usize| {
                let token = i / channels % tokens;
                (token / side).is_multiple_of(2) && (token % side).is_multiple_of(2)
            };
            (0..x.len()).filter(kept).map(|i| x[i]).collect()
        }
        "low-pass" => transformed(x, side, channels, &|u, v| {
            let radius = distance(u).hypot(distance(v));
            f64::from(u8::from(radius <= 0.5 * side as f64 / 2.0))
        }),
        "sea" => {
            let (a, b) = ((1.0 - t / 1000.0).max(1e-6), (t / 1000.0).max(1e-6));
            let axis = |k: usize| {
                let power = 1.0 / ((distance(k) / side as f64).powi(2) + 1e-6);
                a * power / (a * a * power + b * b + 1e-6)
            };
            let mean = (0..side).map(axis).sum::<f64>() / side as f64;
            transformed(x, side, channels, &|u, v| axis(u) * axis(v) / (mean * mean))
        }
        _ => panic!("{name}"),
    }
}

/// (policy, signal, metric, filter, late)
const CASES: [(&str, &str, &str, &str); 18] = [
    ("teacache:", "model-input", "mean-absolute", "none"),
    ("teacache:", "time-embedding", "relative-l1", "none"),
    ("teacache:", "modulated-input", "cosine", "none"),
    ("teacache:site=model,", "modulated-input", "mse", "none"),
    ("teacache:site=modules,", "modulated-input", "l2", "none"),
    (
        "teacache:site=stage,",
        "modulated-input",
        "relative-l2",
        "none",
    ),
    (
        "teacache:site=range,front=1,",
        "front-output",
        "relative-l2",
        "none",
    ),
    (
        "teacache:site=range,front=1,",
        "front-residual",
        "l2",
        "none",
    ),
    (
        "teacache:site=blocks,",
        "block-input",
        "relative-l1",
        "none",
    ),
    ("late:site=trunk,", "block-output", "relative-l1", "none"),
    ("late:site=attention,", "block-output", "mse", "none"),
    ("late:site=blocks,", "block-output", "cosine", "none"),
    ("late:site=model,", "block-residual", "relative-l1", "none"),
    (
        "late:site=modules,",
        "block-residual",
        "relative-l2",
        "none",
    ),
    ("teacache:", "model-input", "relative-l1", "downsample"),
    ("teacache:", "modulated-input", "relative-l1", "low-pass"),
    ("teacache:", "modulated-input", "relative-l1", "sea"),
    (
        "late:site=blocks,",
        "block-output",
        "mean-absolute",
        "downsample",
    ),
];

#[test]
fn signals_are_what_plain_loops_measure() {
    let model = model();
    let engine = Engine::new(model.clone(), Backend::Cpu).expect("the CPU");
    for (policy, signal, by, through) in CASES {
        let late = policy.starts_with("late:");
        let policy = policy
            .replace("late:", "full:gauge=late,interval=1,threshold=0,")
            .replace("teacache:", "teacache:threshold=0,last=0,");
        let size = match through {
            "none" => String::new(),
            "low-pass" => ",filter_size=0.5".into(),
            _ => ",filter_size=2".into(),
        };
        let text = format!("{policy}signal={signal},metric={by},filter={through}{size}");
        let mut run = start(&engine, &text);
        let mut before: Option<Vec<Vec<f64>>> = None;
        let mut compared = 0;
        for step in 0..STEPS {
            let t = 1000.0 * (1.0 - step as f32 / STEPS as f32);
            let seen = look(&model, run.latents(), t);
            let now: Vec<Vec<f64>> = tensors(signal, &seen)
                .iter()
                .map(|x| filter(through, x, signal, f64::from(t)))
                .collect();
            let first = run.trace().events().len();
            run.advance().expect("a call");
            let events = &run.trace().events()[first..];
            if let Some(before) = before.replace(now.clone()) {
                let each: Vec<f64> = before
                    .iter()
                    .zip(&now)
                    .map(|(reference, now)| metric(by, reference, now))
                    .collect();
                let expected = match events.len() {
                    1 => vec![each.iter().sum::<f64>() / each.len() as f64],
                    _ => each,
                };
                assert_eq!(events.len(), expected.len(), "{text}");
                for (event, expected) in events.iter().zip(expected) {
                    let off = (event.signal - expected).abs() / expected;
                    assert!(off < 1e-3, "{text}: {event:?}, {expected}");
                    compared += 1;
                }
            } else {
                let unknown = events.iter().all(|event| event.signal < 0.0);
                assert!(unknown || !late, "{text}: nothing to compare with yet");
            }
        }
        assert!(compared >= 3, "{text}");
    }
}

/// The factor of DiCache, from the probe's residuals: |p − P₂| / |P₁ − P₂|, limited to 1 and `gain`.
#[test]
fn an_aligned_prediction_follows_its_probe() {
    let model = model();
    let engine = Engine::new(model.clone(), Backend::Cpu).expect("the CPU");
    let text = "teacache:threshold=1000,warmup=2,signal=front-output,site=range,front=1,\
                predictor=aligned,gain=9,last=0";
    let mut run = start(&engine, text);
    let hold = "teacache:threshold=1000,warmup=2,signal=front-output,site=range,front=1,last=0";
    let mut held = start(&engine, hold);
    let mut probes = Vec::new();
    let mut residuals = Vec::new();
    for step in 0..STEPS {
        let t = 1000.0 * (1.0 - step as f32 / STEPS as f32);
        let (rows, _) = look(&model, run.latents(), t);
        let [tokens, probe, last] =
            [Place::Tokens, Place::Block(0), Place::Block(2)].map(|place| all(&rows, place));
        probes.push(minus(&probe, &tokens));
        residuals.push(minus(&last, &probe));
        let x = run.latents().to_vec();
        run.advance().expect("a call");
        held.advance().expect("a call");
        if step == 2 {
            let moved = |a: usize, b: usize| {
                let pairs = probes[a].iter().zip(&probes[b]);
                pairs.map(|(a, b)| (a - b).abs()).sum::<f64>()
            };
            let gamma = moved(2, 0) / moved(1, 0);
            assert!(gamma > 1.01 && gamma < 9.0, "{gamma}");
            // The residual that was added, over all rows, times the share of its last change.
            let change = |latents: &[f32]| -> Vec<f64> { minus(&as_f64(latents), &as_f64(&x)) };
            let (ours, theirs) = (change(run.latents()), change(held.latents()));
            let expected = aligned(&model, &x, t, &residuals, gamma);
            let wanted = change(&expected.iter().map(|v| *v as f32).collect::<Vec<_>>());
            let off = distance(&ours, &wanted) / distance(&ours, &theirs);
            assert!(off < 1e-2, "{off}");
        }
    }
    assert!(run.trace().to_string().starts_with("CCp"));
}

fn as_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    minus(a, b).iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// The latents behind a step with the trunk's residual extrapolated by gamma.
fn aligned(model: &Model, x: &[f32], t: f32, residuals: &[Vec<f64>], gamma: f64) -> Vec<f64> {
    let len = model.config().picture_len();
    let network = Naive::new(model);
    let wide = residuals[0].len() / 4;
    let row = |(row, (picture, label)): (usize, (usize, u32))| {
        let x = &x[picture * len..][..len];
        let mut probe = Vec::new();
        network.forward(x, t, label, &mut |place, values| match place {
            Place::Block(0) => probe.clone_from(values),
            Place::Block(2) => {
                for (i, value) in values.iter_mut().enumerate() {
                    let (older, newer) =
                        (residuals[0][row * wide + i], residuals[1][row * wide + i]);
                    *value = probe[i] + older + gamma * (newer - older);
                }
            }
            _ => {}
        })
    };
    let rows: Vec<Vec<f64>> = [(0, 1), (1, 6), (0, 10), (1, 10)]
        .into_iter()
        .enumerate()
        .map(row)
        .collect();
    let mut out = as_f64(x);
    for (i, value) in out.iter_mut().enumerate() {
        let (c, u) = (rows[i / len][i % len], rows[i / len + 2][i % len]);
        *value -= 0.25 * (u + 1.5 * (c - u));
    }
    out
}

/// A program of the whole model whose outputs are kept, driven by hand.
struct Bench {
    executor: CpuExecutor,
    program: refrain::dit::Program,
    slots: usize,
}

impl Bench {
    fn new(lowering: &Lowering) -> Self {
        let model = model();
        let mut program = lowering.program(&model).expect("a program");
        let device = CpuDevice::new(None).expect("a CPU");
        let weights = CpuWeights::load(&device, &*model, &program.recording).expect("weights");
        let executor = CpuExecutor::new(&device, program.recording.clone(), &weights);
        let mut executor = executor.expect("an executor");
        for (buffer, values) in core::mem::take(&mut program.constants) {
            executor.write(buffer, &values).expect("a constant");
        }
        Self {
            executor,
            program,
            slots: lowering.anchors as usize,
        }
    }

    fn read(&mut self, id: BufferId) -> Vec<f64> {
        let mut values = vec![0.0; self.program.recording.buffers[id.0 as usize].len];
        self.executor.read(id, &mut values).expect("a read");
        as_f64(&values)
    }

    fn anchor(&mut self, slot: usize) -> Vec<f64> {
        let ring = self.read(self.program.buffers.anchors[0]);
        ring.chunks(ring.len() / self.slots)
            .nth(slot)
            .expect("a slot")
            .to_vec()
    }

    fn input(&mut self, seed: u64) {
        let x = self.program.buffers.x;
        let mut latents = vec![0.0; self.program.recording.buffers[x.0 as usize].len];
        noise(seed, latents.len(), &mut latents);
        self.executor.write(x, &latents).expect("x");
        let t = self.program.buffers.t;
        self.executor.write(t, &[700.0]).expect("t");
    }
}

fn kept_outputs(anchors: u32, ring: Ring) -> Lowering {
    Lowering {
        site: Site {
            keep: Keep::Output,
            ..Site::MODEL
        },
        anchors,
        ring,
        ..Lowering::whole(1)
    }
}

fn close(ours: &[f64], wanted: &[f64]) {
    let size = wanted.iter().map(|v| v * v).sum::<f64>().sqrt();
    let off = distance(ours, wanted) / size;
    assert!(off < 1e-6, "{off:.1e}");
}

#[test]
fn running_sums_take_every_feature_by_its_weights() {
    let mut bench = Bench::new(&kept_outputs(3, Ring::Sums));
    let Some(Part::Granule(granule)) = bench.program.parts.first().cloned() else {
        panic!("one granule");
    };
    let mut expected = vec![vec![0.0; 400]; 3];
    for seed in 0..3_u32 {
        bench.input(seed.into());
        let weights = [1.0, -0.5 * (seed + 1) as f32, 0.25 + seed as f32];
        let buffer = bench.program.buffers.weights[0];
        bench.executor.write(buffer, &weights).expect("weights");
        let begin = bench.program.segments.begin;
        let keep = if seed == 0 { granule.set } else { granule.add };
        let path = [begin, granule.compute, keep.expect("sums")];
        bench.executor.run(&path).expect("a call");
        let output = bench.read(bench.program.buffers.output);
        for (sum, weight) in expected.iter_mut().zip(weights) {
            for (sum, value) in sum.iter_mut().zip(&output) {
                *sum += f64::from(weight) * value;
            }
        }
    }
    for (slot, expected) in expected.iter().enumerate() {
        close(&bench.anchor(slot), expected);
    }
}

#[test]
fn products_are_those_of_the_anchors() {
    let lowering = Lowering {
        products: true,
        ..kept_outputs(3, Ring::Blend)
    };
    let mut bench = Bench::new(&lowering);
    let Some(Part::Granule(granule)) = bench.program.parts.first().cloned() else {
        panic!("one granule");
    };
    for slot in 0..3 {
        bench.input(slot as u64);
        let path = bench.program.computed(Some(slot));
        bench.executor.run(&path).expect("a call");
    }
    for slot in 0..3 {
        bench.executor.run(&[granule.products[slot]]).expect("sums");
        let first = bench.program.pairs.products.expect("pairs") as usize;
        let sums = bench.read(bench.program.buffers.sums.expect("sums"));
        let anchors = [0, 1, 2].map(|other| bench.anchor(other));
        for (other, anchor) in anchors.iter().enumerate() {
            let pairs = anchors[slot].iter().zip(anchor);
            let expected: f64 = pairs.map(|(a, b)| a * b).sum();
            let found = sums[2 * (first + other)];
            let off = (found - expected).abs() / sums[2 * (first + slot)];
            assert!(off < 1e-5, "{slot} with {other}: {found}, {expected}");
        }
    }
}

/// `low` of the sum with the low weights and the rest of the sum with the others, by the cosine
/// transform of each channel.
#[test]
fn a_split_forecast_has_its_bands_weighted_apart() {
    let lowering = Lowering {
        band: Some(0.3),
        ..kept_outputs(2, Ring::Blend)
    };
    let mut bench = Bench::new(&lowering);
    for slot in 0..2 {
        bench.input(slot as u64);
        let path = bench.program.computed(Some(slot));
        bench.executor.run(&path).expect("a call");
    }
    let (weights, low) = ([1.75_f32, -0.75], [0.5_f32, 0.25]);
    let apart = [weights[0] - low[0], weights[1] - low[1]];
    for (buffer, values) in [
        (bench.program.buffers.weights[0], weights),
        (bench.program.buffers.corrections[0], apart),
    ] {
        bench.executor.write(buffer, &values).expect("weights");
    }
    bench.input(7);
    let path = bench.program.skipped(None);
    bench.executor.run(&path).expect("a call");
    let output = bench.read(bench.program.buffers.output);
    let anchors = [bench.anchor(0), bench.anchor(1)];
    let sum = |weights: [f32; 2]| -> Vec<f64> {
        let pairs = anchors[0].iter().zip(&anchors[1]);
        pairs
            .map(|(a, b)| f64::from(weights[0]) * a + f64::from(weights[1]) * b)
            .collect()
    };
    let (all, held) = (sum(weights), sum(low));
    let mut expected = Vec::new();
    for (all, held) in all.chunks(100).zip(held.chunks(100)) {
        let (wanted, high) = (low_band(held, 10, 0.3), minus(all, &low_band(all, 10, 0.3)));
        expected.extend(wanted.iter().zip(&high).map(|(a, b)| a + b));
    }
    close(&output, &expected);
}

fn low_band(x: &[f64], side: usize, share: f64) -> Vec<f64> {
    let wave = |k: usize, i: usize| {
        let scale = if k == 0 { 1.0 } else { 2.0 };
        (scale / side as f64).sqrt() * (PI * (i as f64 + 0.5) * k as f64 / side as f64).cos()
    };
    let most = share * 2_f64.sqrt() * (side - 1) as f64;
    let mut out = vec![0.0; x.len()];
    for (u, v) in (0..side).flat_map(|u| (0..side).map(move |v| (u, v))) {
        if (u as f64).hypot(v as f64) > most {
            continue;
        }
        let basis = |i: usize| wave(u, i / side) * wave(v, i % side);
        let amount: f64 = x.iter().enumerate().map(|(i, x)| x * basis(i)).sum();
        for (i, to) in out.iter_mut().enumerate() {
            *to += amount * basis(i);
        }
    }
    out
}
