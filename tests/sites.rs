//! Every site: what is computed is what it would be without a policy, and what stands in for it is
//! what a network in plain loops gives when the same things are left out.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
mod adapter;
mod naive;
mod reference;

use alloc::sync::Arc;
use std::collections::HashMap;

use naive::{Naive, Place};
use refrain::{
    Policy, Stats,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides, Program, Ring, Signal, Stage},
    executor::Executor,
    kernels::AnchorFormat,
    policy::{Keep, Method, Site, SiteKind},
    run::{Backend, Engine, Sampling, Settings, compare},
    sampler::{Sampler, noise},
    signal::SignalKind,
    text::Named,
};

/// Four latent channels, no sigma, 25 tokens, three blocks, velocity.
fn velocity_model() -> Arc<Model> {
    small("dit_d144_h2")
}

fn small(name: &str) -> Arc<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let path = reference::path(&format!("tests/data/{name}.safetensors"));
    Arc::new(Model::open(&path, &heads).expect("a model"))
}

fn models() -> [Arc<Model>; 3] {
    ["dit_d144_h2", "dit_d48_h2_sigma", "dit_d64_deep"].map(small)
}

fn settings(model: &Model, text: &str, steps: u32) -> Settings {
    Settings {
        policy: Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")),
        steps,
        sampler: Sampler::for_prediction(model.config().prediction),
        guidance: 1.5,
        classes: vec![1, 6],
        anchor_format: AnchorFormat::F32,
        seed: 5,
    }
}

/// The trace, the counters and the latents of a whole run.
fn run(engine: &Engine, settings: &Settings) -> (String, Stats, Vec<f32>) {
    let run = whole(engine, settings);
    let trace = run.trace().to_string();
    (trace, run.stats(), run.latents().to_vec())
}

fn whole(engine: &Engine, settings: &Settings) -> Sampling {
    let mut run = engine
        .start(settings)
        .unwrap_or_else(|error| panic!("{}: {error}", settings.policy));
    while run.advance().expect("a call").is_some() {}
    run
}

const SITES: [&str; 16] = [
    "trunk",
    "trunk,keep=output",
    "range,front=1",
    "range,back=1,keep=output",
    "model",
    "model,keep=output",
    "front,keep=output",
    "front,share=0.7",
    "rear",
    "stage,boundary=0.5",
    "modules",
    "attention",
    "mlp",
    "blocks",
    "blocks,keep=output",
    "branch",
];

/// What is kept besides: more anchors, running sums, forecasts, products, a band.
const PREDICTORS: [&str; 6] = [
    "hold",
    "taylor,order=4",
    "foca",
    "dmd",
    "chebyshev,order=2",
    "newton,order=1,split=band,band=0.4",
];

/// Whatever is kept, measured or verified, a call that is computed is that of the uncached run, to
/// the bit.
#[test]
fn computed_calls_are_those_of_the_uncached_run() {
    for model in models() {
        let engine = Engine::new(model, Backend::Cpu).expect("the CPU");
        let full = run(&engine, &settings(engine.model(), "full", 3)).2;
        let mut texts = Vec::new();
        for (i, site) in SITES.iter().enumerate() {
            texts.push(format!("interval:interval=1,site={site}"));
            let predictor = PREDICTORS[i % PREDICTORS.len()];
            texts.push(format!(
                "interval:interval=1,predictor={predictor},site={site}"
            ));
            let predictor = PREDICTORS[(i + 3) % PREDICTORS.len()];
            texts.push(format!(
                "interval:interval=1,predictor={predictor},site={site}"
            ));
        }
        for text in MEASURING {
            let text = text.replace("threshold=1000,max_run=2", "threshold=0,last=0");
            let text = text.replace("interval=3", "interval=1");
            texts.push(text.replace("interval=2", "interval=1"));
        }
        for text in texts {
            let (trace, stats, latents) = run(&engine, &settings(engine.model(), &text, 3));
            assert_eq!(stats.skipped(), 0, "{text}: {trace}");
            assert!(latents == full, "{text}: {trace}");
        }
    }
}

/// Policies that measure every signal, by every metric and through every filter.
const MEASURING: [&str; 15] = [
    "teacache:threshold=1000,max_run=2,signal=time-embedding",
    "teacache:threshold=1000,max_run=2,signal=front-output,site=range,front=1,metric=relative-l2",
    "teacache:threshold=1000,max_run=2,signal=front-output,site=range,front=1,predictor=aligned,gain=1.5",
    "teacache:threshold=1000,max_run=2,signal=model-input,metric=cosine,site=modules",
    "teacache:threshold=1000,max_run=2,signal=modulated-input,metric=mse,site=blocks",
    "teacache:threshold=1000,max_run=2,signal=modulated-input,filter=low-pass,filter_size=0.5",
    "teacache:threshold=1000,max_run=2,signal=modulated-input,filter=sea,filter_size=2,site=stage",
    "teacache:threshold=1000,max_run=2,signal=model-input,filter=downsample,filter_size=2,site=branch",
    "teacache:threshold=1000,max_run=2,signal=block-input,site=blocks,metric=l2",
    "teacache:threshold=1000,max_run=2,signal=block-input,site=blocks,reference=computed,keep=output",
    "full:gauge=late,interval=3,threshold=1000,signal=block-output,site=blocks",
    "full:gauge=late,interval=3,threshold=1000,signal=block-output,site=blocks,pool=mean",
    "full:gauge=late,interval=3,threshold=1000,signal=block-output,site=modules",
    "full:gauge=late,interval=2,threshold=1000,signal=block-residual,site=trunk",
    "full:gauge=late,interval=2,threshold=1000,signal=block-residual,site=attention",
];

/// A forecast that is never good enough is made again, computed.
#[test]
fn a_forecast_that_is_rolled_back_leaves_no_trace() {
    for model in models() {
        let engine = Engine::new(model, Backend::Cpu).expect("the CPU");
        let full = run(&engine, &settings(engine.model(), "full", 5)).2;
        for predictor in ["hold", "taylor,order=2", "adams-bashforth,order=2"] {
            let text = format!(
                "interval:interval=9,site=modules,predictor={predictor},verify=rollback,tolerance=0"
            );
            let (trace, stats, latents) = run(&engine, &settings(engine.model(), &text, 5));
            assert_eq!(trace, "CCCCC", "{text}");
            assert_eq!(stats.rejected, 3, "{text}");
            assert!(latents == full, "{text}");
            let text = text.replace("tolerance=0", "tolerance=1000");
            let (trace, stats, _) = run(&engine, &settings(engine.model(), &text, 5));
            assert_eq!((&*trace, stats.verified), ("CvvvC", 3), "{text}");
        }
    }
}

/// What FoCa reads would be overwritten by the forecast that is given up.
#[test]
fn a_forecast_that_is_still_read_is_not_rolled_back() {
    let model = velocity_model();
    let engine = Engine::new(model.clone(), Backend::Cpu).expect("a CPU");
    let foca = "speca:predictor=foca,verify";
    let said = |kind: &str| {
        let start = engine.start(&settings(&model, &format!("{foca}={kind}"), 8));
        start.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(said("next"), Ok(()));
    let refused = said("rollback").expect_err("refused");
    assert!(
        refused.contains("`verify`") && refused.contains("verify=next"),
        "{refused}"
    );
}

/// Attention left out at the second step: as a site, as a column of modules, and module by module.
#[test]
fn columns_are_lanes_of_their_own() {
    let engine = Engine::new(velocity_model(), Backend::Cpu).expect("the CPU");
    let of = |text: &str| run(&engine, &settings(engine.model(), text, 4));
    let (trace, _, alone) = of("mask:1011,site=attention,last=0");
    assert_eq!(trace, "CrCC");
    let (trace, stats, pairs) = of("mask:11011111,site=modules,last=0");
    assert_eq!((&*trace, stats.skipped()), ("CC rC CC CC", 1));
    let (trace, stats, modules) = of("mask:111111010101111111111111,site=modules,last=0");
    assert_eq!(
        (&*trace, stats.skipped()),
        ("CCCCCC rCrCrC CCCCCC CCCCCC", 3)
    );
    assert!(alone == pairs && alone == modules);
    let (trace, _, one) = of("mask:111111110111111111111111,site=modules,last=0");
    assert_eq!(trace, "CCCCCC CCrCCC CCCCCC CCCCCC");
    assert!(one != alone);
}

/// A program on the CPU, driven by hand.
struct Bench {
    model: Arc<Model>,
    program: Program,
    executor: CpuExecutor,
}

const PICTURES: usize = 2;
const SCALE: f32 = 1.5;
const LABELS: [u32; 4] = [3, 7, 10, 10];

impl Bench {
    fn new(model: &Arc<Model>, lowering: &Lowering) -> Self {
        let mut program = lowering.program(model).expect("a program");
        program.recording.check().expect("sound");
        let device = CpuDevice::new(None).expect("a CPU");
        let weights = CpuWeights::load(&device, &**model, &program.recording).expect("weights");
        let executor = CpuExecutor::new(&device, program.recording.clone(), &weights);
        let mut executor = executor.expect("an executor");
        for (buffer, values) in core::mem::take(&mut program.constants) {
            executor.write(buffer, &values).expect("a constant");
        }
        Self {
            model: Arc::clone(model),
            executor,
            program,
        }
    }

    fn lowering(site: Site, anchors: u32, ring: Ring) -> Lowering {
        Lowering {
            site,
            anchors,
            ring,
            guidance: Some(SCALE),
            ..Lowering::whole(PICTURES as u32)
        }
    }

    /// Latents drawn from a seed.
    fn latents(&self, seed: u64) -> Vec<f32> {
        let len = self.model.config().picture_len();
        let mut x = vec![0.0; PICTURES * len];
        noise(seed, len, &mut x);
        x
    }

    fn input(&mut self, seed: u64, t: f32) {
        let x = self.latents(seed).repeat(2);
        self.executor.write(self.program.buffers.x, &x).expect("x");
        self.executor
            .write(self.program.buffers.t, &[t; 4])
            .expect("t");
        let y = LABELS.map(|label| label as f32);
        self.executor.write(self.program.buffers.y, &y).expect("y");
    }

    fn weights(&mut self, weights: [f32; 8]) {
        for lane in &self.program.buffers.weights {
            self.executor.write(*lane, &weights).expect("weights");
        }
    }

    /// The call in that place of those that are prepared together, and none before it.
    fn whole(&mut self, place: usize) -> Vec<f32> {
        let mut path = vec![self.program.segments.prepare];
        path.extend(self.program.at.get(place));
        path.push(self.program.segments.begin);
        path.extend(self.program.granules().map(|granule| granule.compute));
        path.push(self.program.segments.end);
        self.executor.run(&path).expect("a call");
        self.guided()
    }

    fn guided(&mut self) -> Vec<f32> {
        let id = self.program.buffers.guided.expect("guidance");
        let mut values = vec![0.0; self.program.recording.buffers[id.0 as usize].len];
        self.executor.read(id, &mut values).expect("a read");
        values
    }

    fn compute(&mut self, slot: usize) -> Vec<f32> {
        let path = self.program.computed(Some(slot));
        self.executor.run(&path).expect("a call");
        self.guided()
    }

    fn skip(&mut self, stage: Option<Stage>) -> Vec<f32> {
        let path = self.program.skipped(stage);
        self.executor.run(&path).expect("a call");
        self.guided()
    }
}

fn one_hot(slot: usize) -> [f32; 8] {
    let mut weights = [0.0; 8];
    weights[slot] = 1.0;
    weights
}

fn relative(ours: &[f32], reference: &[f32]) -> f64 {
    compare(ours, reference).rel_l2
}

fn sites() -> Vec<Site> {
    let mut all = Vec::new();
    for text in SITES {
        let policy = Policy::parse(&format!("interval:site={text}")).expect("a policy");
        all.push(policy.site);
    }
    all
}

fn stages(site: &Site) -> &'static [Option<Stage>] {
    match site.kind {
        SiteKind::Stage => &[Some(Stage::Front), Some(Stage::Rear)],
        _ => &[None],
    }
}

/// Where nothing changed, what a slot keeps gives the computed output again, so that a residual is
/// added exactly once: for every site and every slot of a ring of eight. The wrong slot does not.
#[test]
fn a_kept_feature_gives_its_own_call_again() {
    for model in models() {
        for site in sites() {
            let mut bench = Bench::new(&model, &Bench::lowering(site, 8, Ring::Blend));
            let at = |slot: usize| (slot as u64, 900.0 - 100.0 * slot as f32);
            let outputs: Vec<Vec<f32>> = (0..8)
                .map(|slot| {
                    let (seed, t) = at(slot);
                    bench.input(seed, t);
                    bench.compute(slot)
                })
                .collect();
            for (slot, output) in outputs.iter().enumerate() {
                let (seed, t) = at(slot);
                bench.input(seed, t);
                for stage in stages(&site) {
                    bench.weights(one_hot(slot));
                    let off = relative(&bench.skip(*stage), output);
                    assert!(off < 1e-5, "{site:?}, slot {slot}: {off:.1e}");
                    bench.weights(one_hot((slot + 1) % 8));
                    let wrong = relative(&bench.skip(*stage), output);
                    assert!(wrong > 1e-3, "{site:?}, slot {slot}: {wrong:.1e}");
                }
            }
        }
    }
}

/// What the network in plain loops gives, guided, with a hook for each row.
fn naive(
    bench: &Bench,
    seed: u64,
    t: f32,
    hook: &mut dyn FnMut(usize, Place, &mut Vec<f64>),
) -> Vec<f32> {
    let config = bench.model.config();
    let len = config.picture_len();
    let x = bench.latents(seed);
    let network = Naive::new(&bench.model);
    let rows: Vec<Vec<f64>> = (0..2 * PICTURES)
        .map(|row| {
            let x = &x[row % PICTURES * len..][..len];
            let hook = &mut |place, values: &mut Vec<f64>| hook(row, place, values);
            network.forward(x, t, LABELS[row], hook)
        })
        .collect();
    let scale = f64::from(SCALE);
    let guided = |picture: usize| {
        let pairs = rows[picture].iter().zip(&rows[picture + PICTURES]);
        pairs
            .take(len)
            .map(move |(c, u)| (u + scale * (c - u)) as f32)
    };
    (0..PICTURES).flat_map(guided).collect()
}

/// The places whose values a site puts something kept into, with the place before each.
fn replaced(site: &Site, stage: Option<Stage>, depth: usize) -> Vec<(Place, Option<Place>)> {
    let before = |block: usize| match block.checked_sub(1) {
        Some(before) => Place::Block(before),
        None => Place::Tokens,
    };
    let span = |from: usize, to: usize| vec![(Place::Block(to - 1), Some(before(from)))];
    let (front, back) = (site.front as usize, site.back as usize);
    let count = site.blocks(depth as u32) as usize;
    let half = count.min(depth / 2);
    match (site.kind, stage) {
        (SiteKind::Trunk, _) => span(0, depth),
        (SiteKind::Range, _) => span(front, depth - back),
        (SiteKind::Front, _) => span(0, count),
        (SiteKind::Rear, _) => span(depth - count, depth),
        (SiteKind::Stage, Some(Stage::Front)) => span(0, half),
        (SiteKind::Stage, _) => span(depth - half, depth),
        (SiteKind::Blocks, _) => (0..depth)
            .flat_map(|block| span(block, block + 1))
            .collect(),
        (SiteKind::Model, _) => vec![(Place::Output, None)],
        (kind, _) => (0..depth)
            .flat_map(|block| {
                let mut places = Vec::new();
                if kind != SiteKind::Mlp {
                    places.push((Place::Attention(block), None));
                }
                if kind != SiteKind::Attention {
                    places.push((Place::Mlp(block), None));
                }
                places
            })
            .collect(),
    }
}

/// A skipped call against the network in plain loops, with what the site leaves out replaced by
/// what was there at computed calls: two of them, weighted.
#[test]
fn a_skipped_call_is_what_plain_loops_give() {
    let model = velocity_model();
    let depth = model.config().depth as usize;
    for site in sites() {
        if site.kind == SiteKind::Branch {
            continue;
        }
        for stage in stages(&site) {
            let mut bench = Bench::new(&model, &Bench::lowering(site, 2, Ring::Blend));
            let places = replaced(&site, *stage, depth);
            let residual = site.keep == Keep::Residual;
            // The latent of each row stands before the network.
            let inputs = |bench: &Bench, seed: u64| -> Vec<Vec<f64>> {
                let len = bench.model.config().picture_len();
                let x = bench.latents(seed);
                let row = |row: usize| x[row % PICTURES * len..][..len].iter();
                (0..2 * PICTURES)
                    .map(|i| row(i).map(|v| f64::from(*v)).collect())
                    .collect()
            };
            let mut kept: Vec<HashMap<(usize, Place), Vec<f64>>> = Vec::new();
            for slot in 0..2 {
                let (seed, t) = (slot as u64, 800.0 - 50.0 * slot as f32);
                let x = inputs(&bench, seed);
                bench.input(seed, t);
                let computed = bench.compute(slot);
                let mut seen = HashMap::new();
                let mut features = HashMap::new();
                let plain = naive(&bench, seed, t, &mut |row, place, values| {
                    seen.insert((row, place), values.clone());
                    if let Some((_, base)) = places.iter().find(|(at, _)| *at == place) {
                        let base = match base {
                            Some(base) => seen.get(&(row, *base)),
                            None if place == Place::Output => Some(&x[row]),
                            None => None,
                        };
                        let mut feature = values.clone();
                        if let (Some(base), true) = (base, residual) {
                            feature.iter_mut().zip(base).for_each(|(v, b)| *v -= b);
                        }
                        features.insert((row, place), feature);
                    }
                });
                let off = relative(&computed, &plain);
                assert!(off < 1e-4, "{site:?}: {off:.1e}");
                kept.push(features);
            }
            let weights = [-0.75, 1.75];
            let mut all = [0.0; 8];
            all[..2].copy_from_slice(&weights);
            let (seed, t) = (9, 600.0);
            let x = inputs(&bench, seed);
            bench.input(seed, t);
            bench.weights(all);
            let skipped = bench.skip(*stage);
            let mut seen = HashMap::new();
            let plain = naive(&bench, seed, t, &mut |row, place, values| {
                if let Some((_, base)) = places.iter().find(|(at, _)| *at == place) {
                    let base = match base {
                        Some(base) => seen.get(&(row, *base)),
                        None if place == Place::Output => Some(&x[row]),
                        None => None,
                    };
                    for (i, value) in values.iter_mut().enumerate() {
                        let sum: f64 = kept
                            .iter()
                            .zip(weights)
                            .map(|(kept, w)| f64::from(w) * kept[&(row, place)][i])
                            .sum();
                        *value = sum + base.filter(|_| residual).map_or(0.0, |base| base[i]);
                    }
                }
                seen.insert((row, place), values.clone());
            });
            let off = relative(&skipped, &plain);
            println!("{site:?} {stage:?}: {off:.1e}");
            assert!(off < 1e-4, "{site:?} {stage:?}: {off:.1e}");
            all[..2].copy_from_slice(&[1.0, 0.0]);
            bench.weights(all);
            let wrong = relative(&bench.skip(*stage), &plain);
            assert!(wrong > 1e-2, "{site:?} {stage:?}: {wrong:.1e}");
        }
    }
}

/// A guidance branch: u = c + what was kept of u − c, and the rows without classes do not run.
#[test]
fn a_kept_branch_is_the_difference_to_the_fresh_one() {
    for model in models() {
        let site = Site {
            kind: SiteKind::Branch,
            ..Site::TRUNK
        };
        let mut bench = Bench::new(&model, &Bench::lowering(site, 2, Ring::Blend));
        let len = model.config().picture_len();
        let network = Naive::new(&model);
        let rows = |bench: &Bench, seed: u64, t: f32| -> Vec<Vec<f64>> {
            let x = bench.latents(seed);
            let row = |row: usize| {
                let x = &x[row % PICTURES * len..][..len];
                network.forward(x, t, LABELS[row], &mut |_, _| {})
            };
            (0..2 * PICTURES).map(row).collect()
        };
        let mut differences = vec![0.0; PICTURES * len];
        for (slot, weight) in [(0, -0.5), (1, 1.25)] {
            let (seed, t) = (slot as u64, 700.0 - 100.0 * slot as f32);
            bench.input(seed, t);
            bench.compute(slot);
            let rows = rows(&bench, seed, t);
            for (i, sum) in differences.iter_mut().enumerate() {
                let (picture, at) = (i / len, i % len);
                *sum += weight * (rows[picture + PICTURES][at] - rows[picture][at]);
            }
        }
        bench.input(5, 500.0);
        bench.weights([-0.5, 1.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let skipped = bench.skip(None);
        let fresh = rows(&bench, 5, 500.0);
        let plain: Vec<f32> = (0..PICTURES * len)
            .map(|i| (fresh[i / len][i % len] + (1.0 - f64::from(SCALE)) * differences[i]) as f32)
            .collect();
        let off = relative(&skipped, &plain);
        assert!(off < 1e-5, "{off:.1e}");
    }
}

/// Every preset runs or says why not.
#[test]
fn every_preset_runs_or_says_why_not() {
    let engine = Engine::new(reference::emoji(), Backend::Cpu).expect("the CPU");
    let mut report = String::new();
    for method in Method::ALL {
        let policy = (method.preset().policy)();
        let settings = Settings {
            policy,
            steps: 12,
            sampler: Sampler::Euler,
            guidance: 2.0,
            classes: vec![0],
            anchor_format: AnchorFormat::F32,
            seed: 3,
        };
        let line = match engine.start(&settings) {
            Ok(mut run) => {
                while run.advance().expect("a call").is_some() {}
                assert!(run.latents().iter().all(|v| v.is_finite()), "{method}");
                format!("{}", run.trace())
            }
            Err(error) => format!("{error}"),
        };
        report.push_str(&format!("{method}: {line}\n"));
    }
    insta::assert_snapshot!(report);
}

/// The decisions of the CPU and of the adapter, and where they end.
#[cfg(feature = "gpu")]
#[test]
fn both_executors_agree_on_every_site() {
    if adapter::device().is_none() {
        return;
    }
    let model = velocity_model();
    let cpu = Engine::new(model.clone(), Backend::Cpu).expect("the CPU");
    let gpu = Engine::new(model.clone(), Backend::Gpu).expect("the adapter");
    let mut texts: Vec<String> = SITES
        .iter()
        .zip(PREDICTORS.iter().cycle())
        .map(|(site, predictor)| format!("interval:interval=3,predictor={predictor},site={site}"))
        .collect();
    texts.extend(MEASURING.map(Into::into));
    texts.push("interval:interval=4,site=modules,verify=next,tolerance=0.5".into());
    for text in texts {
        let settings = settings(&model, &text, 10);
        let (ours, theirs) = (whole(&cpu, &settings), whole(&gpu, &settings));
        let trace = ours.trace().to_string();
        assert_eq!(trace, theirs.trace().to_string(), "{text}");
        let events = ours.trace().events().iter().zip(theirs.trace().events());
        let measured = events.filter(|(ours, _)| ours.signal > 0.0);
        let off = measured.map(|(ours, theirs)| (ours.signal - theirs.signal).abs() / ours.signal);
        let signals = off.fold(0.0, f64::max);
        let off = relative(theirs.latents(), ours.latents());
        println!("{text}: {trace} {off:.1e}, signals {signals:.1e}");
        assert!(ours.stats().skipped() > 0, "{text}: {trace}");
        assert!(
            off < 2e-3 && signals < 2e-3,
            "{text}: {off:.1e}, {signals:.1e}"
        );
    }
}

/// What is prepared for three calls at once is, for each, what it is alone.
#[test]
fn calls_prepared_together_are_those_prepared_alone() {
    let times = [900.0, 500.0, 20.0];
    for signal in [None, Some(Signal::new(SignalKind::TimeEmbedding))] {
        let lowering = |calls| Lowering {
            calls,
            signal,
            ..Bench::lowering(Site::TRUNK, 1, Ring::Hold)
        };
        let mut together = Bench::new(&velocity_model(), &lowering(3));
        assert_eq!((together.program.calls, together.program.at.len()), (3, 3));
        let rows = together.program.rows as usize;
        let all: Vec<f32> = times.iter().flat_map(|t| vec![*t; rows]).collect();
        together.input(3, 0.0);
        let labels = LABELS.map(|label| label as f32).repeat(3);
        let buffers = together.program.buffers.clone();
        together.executor.write(buffers.t, &all).expect("t");
        together.executor.write(buffers.y, &labels).expect("y");
        let mut alone = Bench::new(&velocity_model(), &lowering(1));
        assert_eq!((alone.program.calls, alone.program.at.len()), (1, 0));
        let mut seen = Vec::new();
        for (place, t) in times.into_iter().enumerate() {
            alone.input(3, t);
            let output = together.whole(place);
            assert_eq!(output, alone.whole(0), "{signal:?} {t}");
            seen.push(output);
        }
        // A wrong place would show.
        assert_ne!(seen[0], seen[1]);
        assert_ne!(seen[1], seen[2]);
    }
}

/// However many calls a run has, their modulations take no more than 64 MiB.
#[test]
fn prepared_calls_are_bounded() {
    let lowering = Lowering {
        calls: u32::MAX,
        ..Lowering::whole(1)
    };
    let program = lowering.program(&velocity_model()).expect("a program");
    let prepared = program.recording.buffers.iter();
    let of_all = prepared.filter(|buffer| buffer.name.ends_with(".all"));
    let bytes: u64 = of_all.map(|buffer| buffer.bytes()).sum();
    assert!(bytes <= 64 << 20, "{bytes}");
    assert!(bytes > 63 << 20, "{bytes}");
}
