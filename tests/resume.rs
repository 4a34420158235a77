//! A run that is saved, dropped and resumed goes on as if nothing had been.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
mod adapter;

use alloc::{collections::BTreeMap, sync::Arc};
use core::time::Duration;
use std::path::{Path, PathBuf};

use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView},
};

use refrain::{
    Policy, Stats, Trace,
    dit::{Model, Overrides},
    executor::Slice,
    kernels::AnchorFormat,
    run::{Advance, Backend, Engine, RunError, Sampling, Settings},
    sampler::Sampler,
    scheduler::seal,
};

const STEPS: u32 = 9;

/// Every kind of state: signals of each sort, references, rings, sums, forecasts, bands, lanes.
const POLICIES: [&str; 16] = [
    "full",
    "teacache:threshold=0.3",
    "fbcache:threshold=0.4,last=0",
    "easycache:threshold=0.6,warmup=2,last=0",
    "magcache:curve=1/0.98/0.97/0.96/0.95/0.95/0.94/0.93/0.9,threshold=0.2",
    "taylorseer:interval=3,order=2,warmup=1,site=modules",
    "interval:interval=3,predictor=foca",
    "interval:interval=3,predictor=dmd",
    "interval:interval=3,predictor=chebyshev,order=2",
    "interval:interval=3,predictor=newton,order=1,split=band,band=0.4",
    "teacache:threshold=0.5,signal=block-input,site=blocks",
    "teacache:threshold=0.4,predictor=taylor,order=1,filter=sea,filter_size=2",
    "full:gauge=late,interval=2,threshold=9,signal=modulated-input,last=0",
    "interval:interval=3,site=branch",
    "interval:interval=3,site=stage,share=0.34,boundary=0.5,last=0",
    "interval:interval=9,site=modules,verify=rollback,tolerance=0.05,predictor=taylor,order=1",
];

fn model(name: &str) -> Arc<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    Arc::new(Model::open(&checkpoint(name), &heads).expect("a model"))
}

fn checkpoint(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    data.join(format!("{name}.safetensors"))
}

fn engines() -> Vec<Engine> {
    let engine = |backend| Engine::new(model("dit_d144_h2"), backend).expect("a device");
    #[cfg_attr(not(feature = "gpu"), allow(unused_mut))]
    let mut engines = vec![engine(Backend::Cpu)];
    #[cfg(feature = "gpu")]
    if adapter::device().is_some() {
        engines.push(engine(Backend::Gpu));
    }
    engines
}

fn settings(text: &str) -> Settings {
    Settings {
        policy: Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")),
        steps: STEPS,
        sampler: Sampler::Euler,
        guidance: 1.5,
        classes: vec![2, 7],
        seed: 5,
        anchor_format: AnchorFormat::F32,
    }
}

fn advanced(run: &mut Sampling, calls: u32) {
    for _ in 0..calls {
        run.advance().expect("a call");
    }
}

/// A run, so many calls old, as bytes.
fn saved(engine: &Engine, settings: &Settings, calls: u32) -> Vec<u8> {
    let mut run = engine.start(settings).expect("a run");
    advanced(&mut run, calls);
    run.save().expect("bytes")
}

/// What a run shows between calls.
fn shown(run: &Sampling) -> (Trace, Vec<f32>, u32, u64) {
    let latents = run.latents().to_vec();
    (
        run.trace().clone(),
        latents,
        run.made(),
        run.multiply_adds(),
    )
}

/// Trace, counters and the bits of the latents.
fn outcome(mut run: Sampling) -> (String, Stats, Vec<u32>) {
    while run.advance().expect("a call").is_some() {}
    let bits = run.latents().iter().map(|value| value.to_bits()).collect();
    (run.trace().to_string(), run.stats(), bits)
}

/// Saved after each call, by each executor.
#[test]
fn a_resumed_run_is_the_same_run() {
    for engine in engines() {
        let mut skipped = 0;
        for text in POLICIES {
            let settings = settings(text);
            let whole = outcome(engine.start(&settings).expect("a run"));
            skipped += whole.1.skipped();
            // Pipelines take a software GPU long to make.
            let each = if engine.device_name().starts_with("cpu") {
                1
            } else {
                4
            };
            for made in (0..=STEPS).step_by(each) {
                let mut run = engine.start(&settings).expect("a run");
                advanced(&mut run, made);
                let before = shown(&run);
                let started = run.settings().clone();
                let bytes = run.save().expect("bytes");
                assert!(bytes == run.save().expect("bytes"), "{text}");
                drop(run);
                let run = engine.resume(&bytes).expect("the run");
                assert_eq!(shown(&run), before, "{text}");
                assert_eq!(run.settings(), &started, "{text}");
                assert_eq!(outcome(run), whole, "{text}: saved behind {made}");
            }
        }
        assert!(skipped > 40, "{skipped}");
    }
}

/// The anchors are words there.
#[test]
fn anchors_of_every_format_are_kept() {
    for engine in engines() {
        let mut seen = Vec::new();
        for anchor_format in [AnchorFormat::F32, AnchorFormat::F16, AnchorFormat::Int8] {
            let settings = Settings {
                anchor_format,
                ..settings("taylorseer:interval=4,order=1,warmup=1")
            };
            let whole = outcome(engine.start(&settings).expect("a run"));
            let bytes = saved(&engine, &settings, 7);
            assert_eq!(outcome(engine.resume(&bytes).expect("the run")), whole);
            seen.push((bytes.len(), whole.2));
        }
        assert!(seen[0].0 > seen[1].0 && seen[1].0 > seen[2].0);
        assert!(seen[0].1 != seen[1].1 && seen[1].1 != seen[2].1);
    }
}

/// What one device has kept another goes on with, to what their kernels differ by.
#[cfg(feature = "gpu")]
#[test]
fn a_run_may_move_to_another_device() {
    let engines = engines();
    let [cpu, gpu] = &engines[..] else { return };
    let settings = settings("taylorseer:interval=3,order=2,warmup=1,site=modules");
    let whole = outcome(cpu.start(&settings).expect("a run"));
    for (from, to) in [(cpu, gpu), (gpu, cpu)] {
        let bytes = saved(from, &settings, 5);
        let moved = outcome(to.resume(&bytes).expect("the run"));
        assert_eq!((&moved.0, moved.1), (&whole.0, whole.1));
        let off = moved.2.iter().zip(&whole.2).map(|(a, b)| {
            let off = f32::from_bits(*a) - f32::from_bits(*b);
            off.abs()
        });
        let off = off.fold(0.0, f32::max);
        assert!(off < 1e-3, "{off}");
    }
}

/// On the device, too.
#[cfg(feature = "gpu")]
#[test]
fn a_run_that_the_device_decides_is_resumed() {
    let engines = engines();
    let [_, gpu] = &engines[..] else { return };
    for text in [
        "teacache:threshold=0.3",
        "easycache:threshold=0.6,warmup=2,last=0",
    ] {
        let settings = settings(text);
        let whole = outcome(gpu.start(&settings).expect("a run"));
        let mut run = gpu.start(&settings).expect("a run");
        run.decide_on_device(4).expect("a policy it knows");
        run.advance().expect("four calls");
        assert_eq!(run.made(), 4);
        let bytes = run.save().expect("bytes");
        assert_eq!(
            outcome(gpu.resume(&bytes).expect("the run")),
            whole,
            "{text}"
        );
        let mut run = gpu.resume(&bytes).expect("the run");
        run.decide_on_device(0).expect("a policy it knows");
        assert_eq!(outcome(run), whole, "{text}");
    }
}

#[test]
fn a_run_within_a_call_is_not_saved() {
    let engine = &engines()[0];
    let mut run = engine
        .start(&settings("teacache:threshold=0.3"))
        .expect("a run");
    advanced(&mut run, 3);
    let paused = run.advance_slice(&mut Slice::commands(2)).expect("a slice");
    assert_eq!(paused, Advance::Paused);
    let why = run.save().expect_err("within a call");
    assert_eq!(why, RunError::WithinCall);
    let why = why.to_string();
    assert!(
        why.contains("within a call") && why.contains("cancel"),
        "{why}"
    );
    // Given up, it is saved as it then is: without what was kept.
    run.cancel();
    let bytes = run.save().expect("bytes");
    let left = |mut run: Sampling| {
        let mut slice = Slice::time(Duration::from_secs(600));
        while run.advance_slice(&mut slice).expect("a slice") != Advance::Over {}
        outcome(run)
    };
    assert_eq!(left(engine.resume(&bytes).expect("the run")), left(run));
}

fn refusal(engine: &Engine, bytes: &[u8]) -> String {
    match engine.resume(bytes) {
        Err(RunError::Saved(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => String::new(),
    }
}

/// Whatever the bytes are: an error, and no panic.
#[test]
fn other_bytes_are_refused() {
    let engine = &engines()[0];
    let bytes = saved(engine, &settings("teacache:threshold=0.3"), 3);
    assert_eq!(refusal(engine, &bytes), "");

    for len in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(!refusal(engine, &bytes[..len]).is_empty(), "{len} bytes");
    }
    // One bit in every 97th byte and in all of the header.
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight")) as usize;
    for at in (0..header).chain((header..bytes.len()).step_by(97)) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(!refusal(engine, &flipped).is_empty(), "byte {at}");
    }
    let checkpoint = std::fs::read(checkpoint("dit_d144_h2")).expect("a file");
    let why = refusal(engine, &checkpoint);
    assert!(why.contains("no metadata `refrain.run`"), "{why}");
    let other = Engine::new(model("dit_d64_deep"), Backend::Cpu).expect("the CPU");
    let why = refusal(&other, &bytes);
    assert!(why.contains("it is of the model"), "{why}");
}

/// Counted beyond all numbers.
#[test]
fn a_large_count_is_no_reason_to_panic() {
    let engine = &engines()[0];
    let bytes = saved(engine, &settings("teacache:threshold=0.3"), 0);
    let bytes = forged(&bytes, |said, _| {
        drop(said.insert("multiply-adds".into(), u64::MAX.to_string()));
    });
    let mut run = engine.resume(&bytes).expect("the run");
    run.advance().expect("a call");
    assert_eq!(run.multiply_adds(), u64::MAX);
}

/// What is said of a model beside its file is part of it.
#[test]
fn other_heads_are_another_model() {
    let with = |num_heads| {
        let heads = Overrides {
            num_heads: Some(num_heads),
            prediction: None,
        };
        let model = Model::open(&checkpoint("dit_d144_h2"), &heads).expect("a model");
        Engine::new(Arc::new(model), Backend::Cpu).expect("the CPU")
    };
    let (two, three) = (with(2), with(3));
    let bytes = saved(&two, &settings("teacache:threshold=0.3"), 3);
    assert_eq!(refusal(&two, &bytes), "");
    let why = refusal(&three, &bytes);
    assert!(
        why.contains("of 2 heads") && why.contains("of 3 heads"),
        "{why}"
    );
}

/// With a hash that fits, so that what is behind it is looked at.
#[test]
fn forged_bytes_are_refused() {
    let engine = &engines()[0];
    let bytes = saved(engine, &settings("teacache:threshold=0.3"), 3);
    assert_eq!(refusal(engine, &forged(&bytes, |_, _| {})), "", "the same");
    type Forge = fn(&mut Said, &mut Tensors);
    let cases: [(&str, Forge); 18] = [
        ("steps is 0", |said, _| {
            drop(said.insert("steps".into(), "0".into()))
        }),
        ("class is 999", |said, _| {
            drop(said.insert("classes".into(), "1 999".into()))
        }),
        ("latents is NaN at 5", |_, tensors| {
            let latents = tensors.get_mut("latents").unwrap();
            latents[20..24].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("behind 3 calls", |_, tensors| {
            // The next call of the lane, behind its phase.
            let state = tensors.get_mut("scheduler").unwrap();
            state[28..32].copy_from_slice(&4_u32.to_le_bytes());
            seal(state);
        }),
        ("behind 3 calls", |_, tensors| {
            // A call is open.
            let state = tensors.get_mut("scheduler").unwrap();
            state[24..28].copy_from_slice(&2_u32.to_le_bytes());
            seal(state);
        }),
        ("length of the latents", |said, _| {
            drop(said.insert("classes".into(), "1 ".repeat(500_000)));
        }),
        ("`version` is 2", |said, _| {
            drop(said.insert("version".into(), "2".into()))
        }),
        ("`made`", |said, _| {
            drop(said.insert("made".into(), "-1".into()))
        }),
        ("made 10 of 9", |said, _| {
            drop(said.insert("made".into(), "10".into()))
        }),
        ("made 2 of 9", |said, _| {
            drop(said.insert("made".into(), "2".into()))
        }),
        ("`policy`", |said, _| {
            drop(said.insert("policy".into(), "teacache:thresold=1".into()))
        }),
        ("none of this policy", |said, _| {
            drop(said.insert("policy".into(), "teacache:threshold=0.31".into()));
        }),
        ("`sampler`", |said, _| {
            drop(said.insert("sampler".into(), "heun".into()))
        }),
        ("`guidance`", |said, _| drop(said.remove("guidance"))),
        ("length of the latents is 3", |_, tensors| {
            drop(tensors.insert("latents".into(), vec![0; 12]))
        }),
        ("no tensor `trace`", |_, tensors| {
            drop(tensors.remove("trace"))
        }),
        ("trace is damaged", |_, tensors| {
            tensors.get_mut("trace").unwrap().fill(99)
        }),
        ("`scheduler` is none", |_, tensors| {
            let state = tensors.get_mut("scheduler").unwrap();
            state[24..].fill(0xEE);
            seal(state);
        }),
    ];
    for (said, forge) in cases {
        let why = refusal(engine, &forged(&bytes, forge));
        assert!(why.contains(said), "{said}: {why:?}");
    }
}

type Said = BTreeMap<String, String>;
type Tensors = BTreeMap<String, Vec<u8>>;

/// The bytes with other contents, and the hash of those.
fn forged(bytes: &[u8], forge: fn(&mut Said, &mut Tensors)) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).expect("a header");
    let file = SafeTensors::deserialize(bytes).expect("a file");
    let said = &header.metadata().as_ref().expect("metadata")["refrain.run"];
    let mut said: Said = serde_json::from_str(said).expect("an object");
    said.remove("hash");
    let mut tensors: Tensors = file
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, view.data().to_vec()))
        .collect();
    forge(&mut said, &mut tensors);
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut word = |word: u64| {
        hash = (hash ^ word)
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(23);
    };
    let mut all = |bytes: &[u8]| {
        let words = bytes.chunks_exact(8);
        let rest = words.remainder();
        words.for_each(|bytes| word(u64::from_le_bytes(bytes.try_into().expect("eight"))));
        rest.iter().for_each(|byte| word(u64::from(*byte)));
        word(bytes.len() as u64);
    };
    for (key, value) in &said {
        all(key.as_bytes());
        all(value.as_bytes());
    }
    for (name, bytes) in &tensors {
        all(name.as_bytes());
        all(bytes);
    }
    said.insert("hash".into(), format!("{hash:016x}"));
    let views = tensors.iter().map(|(name, bytes)| {
        let view = TensorView::new(Dtype::U8, vec![bytes.len()], bytes).expect("a view");
        (name.as_str(), view)
    });
    let said = serde_json::to_string(&said).expect("an object");
    let said = [("refrain.run".to_owned(), said)].into();
    safetensors::serialize(views, Some(said)).expect("a file")
}
