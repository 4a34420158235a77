//! Sampling runs: what a policy does to them, and that a computed call is what it would be without.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
mod adapter;
mod reference;

use alloc::sync::Arc;

use reference::emoji;
use refrain::{
    Action, Policy, Reason,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides, Prediction, Program},
    executor::Executor,
    policy::Site,
    run::{Backend, Engine, RunError, Settings, compare},
    sampler::{Sampler, noise},
};

fn relative(ours: &[f32], reference: &[f32]) -> f64 {
    compare(ours, reference).rel_l2
}

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Four latent channels, no sigma, 25 tokens, velocity.
fn velocity_model() -> Arc<Model> {
    small("dit_d144_h2")
}

/// Four latent channels with sigma, 16 tokens, noise prediction.
fn epsilon_model() -> Arc<Model> {
    small("dit_d48_h2_sigma")
}

fn small(name: &str) -> Arc<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let path = reference::path(&format!("tests/data/{name}.safetensors"));
    Arc::new(Model::open(&path, &heads).expect("a model"))
}

fn engine(model: Arc<Model>) -> Engine {
    Engine::new(model, Backend::Cpu).expect("the CPU")
}

fn settings(model: &Model, text: &str, steps: u32) -> Settings {
    Settings {
        policy: policy(text),
        steps,
        sampler: Sampler::for_prediction(model.config().prediction),
        guidance: 1.5,
        classes: vec![1, 6],
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed: 5,
    }
}

/// The trace and the latents of a whole run.
fn run(engine: &Engine, settings: &Settings) -> (String, Vec<f32>) {
    let mut run = engine.start(settings).expect("a run");
    while run.advance().expect("a call").is_some() {}
    (run.trace().to_string(), run.latents().to_vec())
}

/// Policies that measure on every call and compute every call.
const NEVER: [&str; 6] = [
    "teacache:threshold=0,last=0",
    "fbcache:threshold=0,last=0",
    "fbcache:threshold=0,front=1,back=1,last=0,predictor=taylor,order=2",
    "easycache:threshold=0,warmup=1,last=0",
    "easycache:threshold=0,signal=modulated-input,rescale=identity,last=0",
    "taylorseer:interval=1,order=3",
];

#[test]
fn computed_calls_are_those_of_the_uncached_run() {
    for model in [velocity_model(), epsilon_model(), small("dit_d64_deep")] {
        let engine = engine(model);
        let full = run(&engine, &settings(engine.model(), "full", 4));
        for text in NEVER {
            let text = match engine.model().config().depth {
                // One block must be left.
                2 => text.replace("back=1", "back=0"),
                _ => text.into(),
            };
            let measured = run(&engine, &settings(engine.model(), &text, 4));
            assert_eq!(measured, full, "{text}");
        }
    }
}

#[test]
fn policies_skip_and_stay_near_the_uncached_run() {
    let engine = engine(emoji());
    let of = |text: &str| {
        let settings = Settings {
            guidance: 2.5,
            classes: vec![10],
            ..settings(engine.model(), text, 20)
        };
        run(&engine, &settings)
    };
    let (_, full) = of("full");
    let mut report = String::new();
    for text in [
        "interval:interval=3",
        "taylorseer:interval=3,order=1",
        "teacache:threshold=0.3",
        "fbcache:threshold=0.3",
        "easycache:threshold=0.3,warmup=3",
        "magcache:threshold=0.2,max_run=3",
    ] {
        let (trace, latents) = of(text);
        let quality = compare(&latents, &full);
        let computed = trace.matches('C').count();
        assert!(computed <= 12, "{text}: {trace}");
        assert!(quality.psnr_db > 15.0, "{text}: {trace} {quality:?}");
        report.push_str(&format!("{text:34} {trace} {:.0} dB\n", quality.psnr_db));
    }
    println!("{report}");
}

/// One executor and its program, driven by hand.
struct Bench {
    program: Program,
    executor: CpuExecutor,
    output: Vec<f32>,
}

impl Bench {
    fn new(model: &Model, site: Site, anchors: u32) -> Self {
        let lowering = Lowering {
            site,
            anchors,
            ..Lowering::whole(2)
        };
        let program = lowering.program(model).expect("a program");
        let device = CpuDevice::new(None).expect("a CPU");
        let weights = CpuWeights::load(&device, model, &program.recording).expect("weights");
        let executor = CpuExecutor::new(&device, program.recording.clone(), &weights);
        Self {
            executor: executor.expect("an executor"),
            output: vec![0.0; 2 * model.config().output_len()],
            program,
        }
    }

    /// Puts in latents drawn from a seed, at a time.
    fn input(&mut self, seed: u64, t: f32) {
        let id = self.program.buffers.x;
        let mut x = vec![0.0; self.program.recording.buffers[id.0 as usize].len];
        let len = x.len() / 2;
        noise(seed, len, &mut x);
        self.executor.write(id, &x).expect("x");
        let t = [t; 2];
        self.executor.write(self.program.buffers.t, &t).expect("t");
        let y = [3.0, 10.0];
        self.executor.write(self.program.buffers.y, &y).expect("y");
    }

    fn compute(&mut self, slot: usize) -> Vec<f32> {
        let path = self.program.computed(Some(slot));
        self.executor.run(&path).expect("a call");
        self.read()
    }

    fn predict(&mut self, weights: [f32; 8]) -> Vec<f32> {
        let buffer = self.program.buffers.weights[0];
        self.executor.write(buffer, &weights).expect("weights");
        let path = self.program.skipped(None);
        self.executor.run(&path).expect("a call");
        self.read()
    }

    fn read(&mut self) -> Vec<f32> {
        let id = self.program.buffers.output;
        self.executor.read(id, &mut self.output).expect("a read");
        self.output.clone()
    }
}

fn one_hot(slot: usize) -> [f32; 8] {
    let mut weights = [0.0; 8];
    weights[slot] = 1.0;
    weights
}

const SITES: [Site; 4] = [
    Site::TRUNK,
    Site::MODEL,
    Site::range(1, 0),
    Site::range(0, 1),
];

/// Where nothing changed, what a slot keeps gives the computed output again: for every site, every
/// slot, and with and without sigma. The wrong slot does not.
#[test]
fn a_kept_feature_gives_its_own_call_again() {
    for model in [velocity_model(), epsilon_model()] {
        for site in SITES {
            let mut bench = Bench::new(&model, site, 4);
            let at = |slot: usize| (slot as u64, 900.0 - 200.0 * slot as f32);
            let outputs: Vec<Vec<f32>> = (0..4)
                .map(|slot| {
                    let (seed, t) = at(slot);
                    bench.input(seed, t);
                    bench.compute(slot)
                })
                .collect();
            for (slot, output) in outputs.iter().enumerate() {
                let (seed, t) = at(slot);
                bench.input(seed, t);
                let off = relative(&bench.predict(one_hot(slot)), output);
                assert!(off < 1e-5, "{site:?}, slot {slot}: {off:.1e}");
                let wrong = relative(&bench.predict(one_hot((slot + 1) % 4)), output);
                assert!(wrong > 1e-2, "{site:?}, slot {slot}: {wrong:.1e}");
            }
        }
    }
}

/// `out = base + Σ wₖ (outₖ − baseₖ)` on the whole model, where all of it can be seen.
#[test]
fn a_prediction_is_the_weighted_sum() {
    let (velocity, epsilon) = (velocity_model(), epsilon_model());
    for (model, adds_base) in [(velocity, true), (epsilon, false)] {
        let mut bench = Bench::new(&model, Site::MODEL, 2);
        let x = |bench: &mut Bench| {
            let id = bench.program.buffers.x;
            let mut x = vec![0.0; bench.program.recording.buffers[id.0 as usize].len];
            bench.executor.read(id, &mut x).expect("x");
            x
        };
        let kept = [0, 1].map(|slot| {
            bench.input(slot as u64, 700.0);
            (bench.compute(slot), x(&mut bench))
        });
        bench.input(9, 500.0);
        let weights = [-0.75, 1.75];
        let mut all = [f32::NAN; 8];
        all[..2].copy_from_slice(&weights);
        let output = bench.predict(all);
        let base = x(&mut bench);
        let expected: Vec<f32> = (0..output.len())
            .map(|i| {
                let mut sum = if adds_base { base[i] } else { 0.0 };
                for ((out, x), weight) in kept.iter().zip(weights) {
                    sum += weight * (out[i] - if adds_base { x[i] } else { 0.0 });
                }
                sum
            })
            .collect();
        let off = relative(&output, &expected);
        assert!(off < 1e-6, "{off:.1e}");
    }
}

/// What EasyCache spends, from latents and outputs alone: rate × mean|x − x_prev|.
#[test]
fn the_rate_is_what_the_host_would_measure() {
    let engine = engine(velocity_model());
    let config = engine.model().config();
    // Computed and skipped calls take turns.
    let text = "easycache:threshold=1000,warmup=2,max_run=1,last=0";
    let settings = settings(engine.model(), text, 9);
    let mut run = engine.start(&settings).expect("a run");
    let mean = |a: &[f32], b: &[f32]| {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
    };
    let mut before = Vec::<f32>::new();
    let mut computed = None::<(Vec<f32>, Vec<f32>)>;
    let (mut rate, mut skipped) = (None, 0);
    let zeros = vec![0.0; run.latents().len()];
    for step in 0..9 {
        let x = run.latents().to_vec();
        let t = [1000.0 * (1.0 - step as f32 / 9.0); 2];
        let v = engine
            .forward(&x, &t, &settings.classes, 2)
            .expect("a forward pass");
        let event = run.advance().expect("a call").expect("one of 9");
        if event.action == Action::Compute {
            if let Some((x_then, v_then)) = &computed {
                rate = Some(mean(&v, v_then) / mean(&x, x_then) / mean(&v, &zeros));
            }
            computed = Some((x.clone(), v));
        } else {
            let expected = rate.expect("a rate") * mean(&x, &before);
            let off = (event.spent - expected).abs() / expected;
            assert!(off < 1e-4, "{event:?}: {expected}");
            skipped += 1;
        }
        before = x;
    }
    assert_eq!((skipped, config.out_channels), (4, 4));
}

/// The first computed call knows no other, so there is no rate and the next is computed for that.
#[test]
fn there_is_no_rate_after_one_call() {
    let engine = engine(velocity_model());
    let text = "easycache:threshold=1000,warmup=1,last=0";
    let mut run = engine
        .start(&settings(engine.model(), text, 4))
        .expect("a run");
    run.advance().expect("a call");
    let second = run.advance().expect("a call").expect("one of 4");
    assert_eq!(second.reason, Reason::RateUnknown);
    run.advance().expect("a call");
    assert_eq!(run.trace().to_string(), "CCr");
}

#[test]
fn a_picture_does_not_depend_on_its_batch() {
    let engine = engine(velocity_model());
    let both = run(&engine, &settings(engine.model(), "full", 3)).1;
    let alone = Settings {
        classes: vec![1],
        ..settings(engine.model(), "full", 3)
    };
    let alone = run(&engine, &alone).1;
    let off = relative(&both[..alone.len()], &alone);
    assert!(off < 1e-6, "{off:.1e}");
    assert!(relative(&both[alone.len()..], &alone) > 0.1);
}

/// Guidance of 1 leaves the unconditional rows out, and is the limit of guidance near 1.
#[test]
fn guidance_of_one_is_none() {
    let engine = engine(epsilon_model());
    let guided = |guidance| Settings {
        guidance,
        ..settings(engine.model(), "full", 3)
    };
    let start = engine.start(&guided(1.0)).expect("a run");
    let two = engine.start(&guided(1.5)).expect("a run");
    assert!(start.memory().activations < two.memory().activations);
    let (plain, near) = (
        run(&engine, &guided(1.0)).1,
        run(&engine, &guided(1.0 + 1e-6)).1,
    );
    let off = relative(&near, &plain);
    assert!(off < 1e-4, "{off:.1e}");
    assert!(relative(&run(&engine, &guided(1.5)).1, &plain) > 1e-3);
}

#[test]
fn noise_is_normal_and_its_own_for_each_picture() {
    let mut many = vec![0.0; 40_000];
    noise(1, 10_000, &mut many);
    let mut first = vec![0.0; 10_000];
    noise(1, 10_000, &mut first);
    assert_eq!(many[..10_000], first);
    assert_ne!(many[10_000..20_000], first);
    let mean = many.iter().sum::<f32>() / many.len() as f32;
    let square = many.iter().map(|v| v * v).sum::<f32>() / many.len() as f32;
    let fourth = many.iter().map(|v| v.powi(4)).sum::<f32>() / many.len() as f32;
    assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.03 && (fourth - 3.0).abs() < 0.2);
    // The same on every machine.
    insta::assert_debug_snapshot!(&first[..5]);
    let mut odd = [0.0; 3];
    noise(1, 3, &mut odd);
    assert_eq!(odd, first[..3]);
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let emoji = engine(emoji());
    let small = engine(velocity_model());
    let refusal = |engine: &Engine, settings: &Settings| {
        let error = engine.start(settings).expect_err("it must be refused");
        let message = error.to_string();
        assert!(
            !message.ends_with('.') && !message.contains('\n'),
            "{message}"
        );
        message
    };
    let good = || settings(small.model(), "full", 4);
    type Change = fn(&mut Settings);
    let changes: [(Change, &[&str]); 12] = [
        (|s| s.steps = 0, &["steps is 0", "1 to"]),
        (|s| s.steps = u32::MAX, &["steps is 4294967295"]),
        (
            |s| s.sampler = Sampler::Ddim,
            &["sampler is ddim", "velocity", "euler"],
        ),
        (|s| s.guidance = f32::NAN, &["guidance is NaN"]),
        (|s| s.guidance = f32::INFINITY, &["guidance is inf"]),
        (
            |s| s.classes[1] = 11,
            &["class is 11", "10 stands for none"],
        ),
        (|s| s.classes.clear(), &["number of classes is 0"]),
        (
            |s| s.classes = vec![0; 1 << 20],
            &["pictures is 1048576", "1 to"],
        ),
        (
            |s| s.policy = policy("magcache"),
            &["`curve`", "curve=", "model="],
        ),
        (
            |s| s.policy = policy("mask:10101"),
            &["`mask`", "5 characters", "4 steps"],
        ),
        (
            |s| s.policy = policy("fbcache:front=3"),
            &["`front`", "3 blocks"],
        ),
        (|s| s.policy.budget.threshold = -1.0, &["`threshold`"]),
    ];
    for (change, words) in changes {
        let mut settings = good();
        change(&mut settings);
        let message = refusal(&small, &settings);
        for word in words {
            assert!(message.contains(word), "no `{word}` in: {message}");
        }
    }
    let epsilon = engine(epsilon_model());
    let mut ddim = settings(epsilon.model(), "full", 1001);
    assert!(refusal(&epsilon, &ddim).contains("steps is 1001: ddim takes 1 to 1000"));
    ddim.steps = 1000;
    epsilon.start(&ddim).expect("1000 steps fit");
    ddim.sampler = Sampler::Euler;
    assert!(refusal(&epsilon, &ddim).contains("epsilon"));
    let class = Settings {
        classes: vec![13],
        ..settings(emoji.model(), "full", 4)
    };
    assert!(refusal(&emoji, &class).contains("8 cat"));
    let latents = small.start_from(&good(), &[0.0; 3]);
    assert!(latents.expect_err("too short").to_string().contains("is 3"));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let engine = engine(velocity_model());
    let x = vec![0.0; 400];
    let refusal = |x: &[f32], t: &[f32], y: &[u32], batch| match engine.forward(x, t, y, batch) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it must be refused"),
    };
    assert!(refusal(&x[1..], &[0.0], &[0], 1).contains("length of x is 399"));
    assert!(refusal(&x, &[], &[0], 1).contains("length of t is 0"));
    assert!(refusal(&x, &[0.0], &[0, 1], 1).contains("length of y is 2"));
    assert!(refusal(&x, &[0.0], &[0], usize::MAX).contains("length of x"));
    assert!(refusal(&[], &[], &[], 0).contains("number of classes is 0"));
    assert!(refusal(&x, &[f32::NAN], &[0], 1).contains("t is NaN"));
    assert!(refusal(&x, &[1000.1], &[0], 1).contains("t is 1000.1"));
    assert!(refusal(&x, &[0.0], &[11], 1).contains("class is 11"));
    engine.forward(&x, &[1000.0], &[10], 1).expect("these fit");
}

#[test]
fn pictures_are_rgb_or_refused() {
    let engine = engine(emoji());
    let white = vec![1.0; 3 * 32 * 32];
    let mut colours = white.clone();
    // The first pixel: no red, half green, beyond blue.
    (colours[0], colours[1024], colours[2048]) = (-1.0, 0.0, 7.0);
    let settings = Settings {
        classes: vec![0],
        ..settings(engine.model(), "full", 1)
    };
    let run = engine.start_from(&settings, &colours).expect("a run");
    let picture = run.picture_rgb8(0).expect("a picture");
    assert_eq!(picture.len(), 3 * 32 * 32);
    assert_eq!(picture[..8], [0, 128, 255, 255, 255, 255, 255, 255]);
    let error = run.picture_rgb8(1).expect_err("there is one");
    assert!(error.to_string().contains("picture is 1"), "{error}");
    let latent = self::engine(velocity_model());
    let run = latent
        .start(&self::settings(latent.model(), "full", 1))
        .expect("a run");
    let error = run.picture_rgb8(0).expect_err("a latent");
    assert!(matches!(error, RunError::Setting { .. }) && error.to_string().contains("autoencoder"));
    assert_eq!(latent.model().config().prediction, Prediction::Velocity);
}

/// The decisions of the CPU and of the adapter, and where they end.
#[cfg(feature = "gpu")]
#[test]
fn both_executors_decide_alike() {
    if adapter::device().is_none() {
        return;
    }
    for model in [velocity_model(), epsilon_model()] {
        let cpu = engine(model.clone());
        let gpu = Engine::new(model.clone(), Backend::Gpu).expect("the adapter");
        for text in [
            "taylorseer:interval=3,order=2,warmup=2",
            "teacache:threshold=2",
            "fbcache:threshold=1.1",
            "easycache:threshold=3,warmup=2",
        ] {
            let settings = settings(&model, text, 12);
            let (ours, theirs) = (run(&cpu, &settings), run(&gpu, &settings));
            assert_eq!(ours.0, theirs.0, "{text}");
            assert!(ours.0.contains(['r', 'p']), "{text}: {}", ours.0);
            let off = relative(&theirs.1, &ours.1);
            println!("{text}: {} {off:.1e}", ours.0);
            assert!(off < 2e-3, "{text}: {off:.1e}");
        }
    }
}
