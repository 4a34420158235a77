//! The MagCache curve of the emoji model, measured again.
//!
//! `REFRAIN_UPDATE=1` prints the table for `src/policy/tables.rs` instead of comparing.

#![cfg(feature = "cpu")]

extern crate alloc;

mod reference;

use alloc::sync::Arc;
use std::env;

use reference::emoji;
use refrain::{
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model},
    executor::Executor,
    policy::{Site, tables},
    sampler::{Sampler, noise},
};

const STEPS: u32 = 50;
/// As the program's `generate`.
const GUIDANCE: f32 = 2.5;
/// A seed that no other measurement uses, and the next.
const SEED: u64 = 7_001;

/// For each step, the mean over all tokens, with and without class, of the L2 norm of what the
/// blocks add to the token, relative to the step before (arXiv 2506.09045, equation 3). The first is
/// 1. One picture of each class.
fn ratios(model: &Model, classes: &[u32], seed: u64) -> Vec<f64> {
    let config = model.config();
    let pictures = classes.len();
    let lowering = Lowering {
        guidance: Some(GUIDANCE),
        site: Site::TRUNK,
        anchors: 1,
        ..Lowering::whole(pictures as u32)
    };
    let program = lowering.program(model).expect("a program");
    let device = CpuDevice::new(None).expect("a CPU");
    let weights = CpuWeights::load(&device, model, &program.recording).expect("weights");
    let mut executor =
        CpuExecutor::new(&device, Arc::clone(&program.recording), &weights).expect("an executor");

    let mut latents = vec![0.0; pictures * config.picture_len()];
    noise(seed, config.picture_len(), &mut latents);
    let mut labels: Vec<f32> = classes.iter().map(|class| *class as f32).collect();
    labels.resize(2 * pictures, config.num_classes as f32);
    executor.write(program.buffers.y, &labels).expect("labels");

    let buffers = &program.recording.buffers;
    let anchor = buffers.iter().position(|buffer| buffer.name == "anchor.0");
    let anchor = refrain::kernels::BufferId(anchor.expect("an anchor") as u32);
    let mut residual = vec![0.0; buffers[anchor.0 as usize].len];
    let mut prediction = vec![0.0; latents.len()];
    let mut before: Vec<f64> = Vec::new();
    let mut ratios = Vec::new();
    for step in Sampler::Euler
        .steps(config.prediction, STEPS)
        .expect("steps")
    {
        let x = latents.repeat(2);
        executor.write(program.buffers.x, &x).expect("x");
        let t = vec![step.timestep; 2 * pictures];
        executor.write(program.buffers.t, &t).expect("t");
        executor.run(&program.computed(Some(0))).expect("a call");
        executor.read(anchor, &mut residual).expect("the residual");
        let guided = program.buffers.guided.expect("guidance");
        executor.read(guided, &mut prediction).expect("velocity");
        step.apply(&mut latents, &prediction);

        let tokens = residual.chunks_exact(config.hidden_size as usize);
        let norms: Vec<f64> = tokens
            .map(|token| {
                token
                    .iter()
                    .map(|v| f64::from(*v).powi(2))
                    .sum::<f64>()
                    .sqrt()
            })
            .collect();
        let sum: f64 = norms
            .iter()
            .zip(&before)
            .map(|(now, then)| now / then)
            .sum();
        ratios.push(if before.is_empty() {
            1.0
        } else {
            sum / norms.len() as f64
        });
        before = norms;
    }
    ratios
}

#[test]
fn the_emoji_curve_is_what_is_measured() {
    let model = emoji();
    if env::var_os("REFRAIN_UPDATE").is_some() {
        let all: Vec<u32> = (0..model.config().num_classes).collect();
        let runs = [SEED, SEED + 1].map(|seed| ratios(&model, &all, seed));
        let mean: Vec<f64> = runs[0]
            .iter()
            .zip(&runs[1])
            .map(|(a, b)| (a + b) / 2.0)
            .collect();
        for row in mean.chunks(10) {
            let row: Vec<String> = row.iter().map(|ratio| format!("{ratio:.4}")).collect();
            println!("{},", row.join(", "));
        }
        return;
    }
    assert_eq!(model.known_as(), Some("emoji"));
    let table = tables::curve("emoji").expect("a curve");
    assert_eq!(table.values.len(), STEPS as usize);
    // Fewer pictures than the table was made of, and others.
    let measured = ratios(&model, &[4, 8], SEED + 2);
    let off = furthest(table.values, &measured);
    println!("{:.2} % at most", 100.0 * off);
    assert!(off < 0.02, "{measured:?}");
    // Planted: half of every step's change.
    let halved: Vec<f64> = table.values.iter().map(|ratio| ratio.sqrt()).collect();
    assert!(furthest(&halved, &measured) > 0.02);
}

/// The largest relative difference of a ratio, or of the product of all up to a step.
fn furthest(ours: &[f64], measured: &[f64]) -> f64 {
    let (mut worst, mut product) = (0.0f64, 1.0);
    for (a, b) in ours.iter().zip(measured) {
        product *= a / b;
        worst = worst.max((a / b - 1.0).abs()).max((product - 1.0f64).abs());
    }
    worst
}
