//! Anchors in f32, f16 and int8: every site runs with each, what is kept is near what was computed,
//! and both executors decide the same.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
mod adapter;

use alloc::sync::Arc;
use std::path::Path;

use refrain::{
    Policy,
    dit::{Lowering, Model, Overrides},
    kernels::AnchorFormat::{self, F16, F32, Int8},
    run::{self, Backend, Engine, Sampling, Settings, compare},
    sampler::Sampler,
    text::Named,
};

fn small(name: &str) -> Arc<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let path = path.join(format!("{name}.safetensors"));
    Arc::new(Model::open(&path, &heads).expect("a model"))
}

fn settings(model: &Model, text: &str, anchor_format: AnchorFormat) -> Settings {
    Settings {
        policy: Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")),
        steps: 12,
        sampler: Sampler::for_prediction(model.config().prediction),
        guidance: 1.5,
        classes: vec![1, 6],
        anchor_format,
        seed: 5,
    }
}

fn whole(engine: &Engine, settings: &Settings) -> Sampling {
    let mut run = engine.start(settings).expect("a run");
    while run.advance().expect("a call").is_some() {}
    run
}

const SITES: [&str; 10] = [
    "trunk",
    "trunk,keep=output",
    "range,front=1",
    "model",
    "model,keep=output",
    "stage,boundary=0.5",
    "modules",
    "attention",
    "blocks",
    "branch",
];

const PREDICTORS: [&str; 5] = [
    "hold",
    "taylor,order=2",
    "foca",
    "dmd",
    "newton,order=1,split=band,band=0.4",
];

/// How far a run may be from the one with f32 anchors: a half has 11 bits, a code 7, of the largest
/// of its row; what is blended adds these up, with weights of up to 4.
fn allowed(format: AnchorFormat) -> f64 {
    match format {
        F32 => 0.0,
        F16 => 5e-3,
        Int8 => 8e-2,
    }
}

#[test]
fn every_site_and_predictor_runs_in_every_format() {
    for name in ["dit_d144_h2", "dit_d48_h2_sigma"] {
        let engine = Engine::new(small(name), Backend::Cpu).expect("the CPU");
        for (i, site) in SITES.iter().enumerate() {
            for predictor in [PREDICTORS[i % 5], PREDICTORS[(i + 2) % 5]] {
                let text = format!("interval:interval=3,predictor={predictor},site={site}");
                let of = |format| whole(&engine, &settings(engine.model(), &text, format));
                let exact = of(F32);
                assert!(exact.stats().skipped() > 0, "{text}");
                let mut distances = Vec::new();
                for format in [F16, Int8] {
                    let run = of(format);
                    assert_eq!(run.trace().to_string(), exact.trace().to_string(), "{text}");
                    let apart = compare(run.latents(), exact.latents()).rel_l2;
                    assert!(apart <= allowed(format), "{text}, {format}: {apart}");
                    distances.push(apart);
                }
                // Rounding shows, and more of it shows more.
                assert!(
                    0.0 < distances[0] && distances[0] < distances[1],
                    "{text}: {distances:?}"
                );
            }
        }
    }
}

/// A computed call does not go through what is kept of it.
#[test]
fn computed_calls_are_exact_in_every_format() {
    let engine = Engine::new(small("dit_d144_h2"), Backend::Cpu).expect("the CPU");
    let full = whole(&engine, &settings(engine.model(), "full", F32));
    for site in SITES {
        for format in [F16, Int8] {
            let text = format!("interval:interval=1,predictor=taylor,order=1,site={site}");
            let run = whole(&engine, &settings(engine.model(), &text, format));
            assert_eq!(run.latents(), full.latents(), "{text}, {format}");
        }
    }
}

#[test]
fn bytes_of_anchors_are_those_of_the_format() {
    let model = small("dit_d144_h2");
    for (text, rows, width) in [
        // Two pictures and as many without classes, 25 tokens; three blocks of two modules.
        ("taylorseer:site=trunk,order=1", 2 * 4 * 25, 144),
        ("taylorseer:site=modules,order=1", 6 * 2 * 4 * 25, 144),
        ("interval:site=branch", 2 * 4 * 10, 10),
    ] {
        let bytes = |format| {
            let memory = run::memory(&model, &settings(&model, text, format), Backend::Cpu);
            memory.expect("memory").anchors
        };
        assert_eq!(bytes(F32), 4 * rows * width, "{text}");
        assert_eq!(bytes(F16), 2 * rows * width, "{text}");
        assert_eq!(
            bytes(Int8),
            rows * (4 + width.next_multiple_of(4)),
            "{text}"
        );
    }
}

#[test]
fn running_sums_stay_in_f32() {
    let model = small("dit_d144_h2");
    for format in [F16, Int8] {
        let settings = settings(&model, "spectrum", format);
        let error = run::memory(&model, &settings, Backend::Cpu).expect_err("refused");
        let text = error.to_string();
        let words = ["anchors", format.name(), "predictor=chebyshev", "f32"];
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
    }
}

/// A ring is one buffer, and kernels index it with 32 bits.
#[test]
fn rings_too_long_to_be_indexed_are_refused() {
    let model = small("dit_d144_h2");
    let policy = Policy::parse("taylorseer:site=trunk").expect("a policy");
    let lowering = |anchor_format, pictures| Lowering {
        anchors: 8,
        anchor_format,
        ..Lowering::for_policy(&policy, pictures, 1.0, 50)
    };
    // 2³¹ words of eight slots of 25 tokens of 144.
    let most = (1_u32 << 31) / (8 * 25 * 144);
    lowering(F32, most).program(&model).expect("fits");
    let error = lowering(F32, most + 1)
        .program(&model)
        .expect_err("too long");
    let text = error.to_string();
    assert!(
        text.contains("pictures") && text.contains("8 anchors in f32"),
        "{text}"
    );
    lowering(F16, most + 1).program(&model).expect("fits");
}

/// Codes and halves are the same bits on both executors, so the runs differ no more than f32 ones.
#[cfg(feature = "gpu")]
#[test]
fn both_executors_agree_in_every_format() {
    let model = small("dit_d144_h2");
    if adapter::device().is_none() {
        return;
    }
    let engines =
        [Backend::Cpu, Backend::Gpu].map(|b| Engine::new(Arc::clone(&model), b).expect("one"));
    for text in [
        "taylorseer:interval=3,order=2,site=modules",
        "fbcache:threshold=5,max_run=2",
        "teacache:threshold=5,max_run=2,predictor=dmd",
        "interval:site=branch,interval=2",
    ] {
        for format in [F32, F16, Int8] {
            let settings = settings(&model, text, format);
            let [cpu, gpu] = engines.each_ref().map(|engine| whole(engine, &settings));
            assert_eq!(
                cpu.trace().to_string(),
                gpu.trace().to_string(),
                "{text}, {format}"
            );
            assert!(cpu.stats().skipped() > 0, "{text}");
            let apart = compare(gpu.latents(), cpu.latents()).rel_l2;
            // A code may be the neighbour of another where f32 differs in the last bit.
            assert!(
                apart < 1e-3 * f64::from(1 + format as u32),
                "{text}, {format}: {apart}"
            );
        }
    }
}
