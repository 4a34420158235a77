//! What a site keeps and puts in again, against a network in plain loops.

use alloc::sync::Arc;
use std::collections::HashMap;

use refrain::{
    Policy,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Program, Ring, Signal, Stage},
    executor::Executor,
    policy::{Keep, Site, SiteKind},
    sampler::noise,
    signal::SignalKind,
};

use crate::{
    SITES, models,
    naive::{Naive, Place},
    relative, velocity_model,
};

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
