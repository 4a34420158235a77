//! A small network and sampler, for the keys that rule what the host measures and leaves out.

use refrain::policy::{Keep, Site, SiteKind, SplitKind};
use refrain::predict::MAX_ANCHORS;
use refrain::scheduler::SavedError;
use refrain::signal::{Filter, Metric, Reference, SignalKind};
use refrain::{Begin, Call, Decision, Lane, Outcome, Policy, Scheduler, Timeline};

use crate::host;

const WIDTH: usize = 4;
const BLOCKS: usize = 6;
const STEPS: u32 = 16;

type Vector = [f64; WIDTH];

fn zip(a: &Vector, b: &Vector, f: impl Fn(f64, f64) -> f64) -> Vector {
    core::array::from_fn(|i| f(a[i], b[i]))
}

/// What block `number` makes of its input at time `t`.
fn block(number: usize, x: &Vector, t: f64) -> Vector {
    core::array::from_fn(|i| {
        let mixed = x[i] * (1.0 + t) + 0.5 * x[(i + number + 1) % WIDTH] - 0.1 * number as f64;
        x[i] + 0.3 * mixed / (1.0 + mixed * mixed)
    })
}

fn blocks(range: core::ops::Range<usize>, x: &Vector, t: f64) -> Vector {
    range.fold(*x, |x, number| block(number, &x, t))
}

/// What a policy measures at this call.
fn measured(policy: &Policy, x: &Vector, t: f64) -> Vec<f64> {
    let front = || blocks(0..policy.site.front as usize, x, t);
    let tensor = match policy.gauge.signal {
        SignalKind::ModulatedInput => x.map(|v| v * (1.0 + t) + t),
        SignalKind::FrontResidual => zip(&front(), x, |a, b| a - b),
        SignalKind::FrontOutput => front(),
        SignalKind::ModelInput => *x,
        SignalKind::TimeEmbedding => core::array::from_fn(|i| (t * i as f64).cos()),
        other => panic!("this network has no {other}"),
    };
    let size = policy.gauge.filter_size;
    match policy.gauge.filter {
        Filter::None => tensor.to_vec(),
        Filter::Downsample => tensor.iter().step_by(size as usize).copied().collect(),
        Filter::LowPass => low(&tensor, size).to_vec(),
        Filter::Sea => {
            let damped = |k: f64| 1.0 / (1.0 + t * t * k.powf(size));
            spectral(&tensor, damped).to_vec()
        }
    }
}

/// The tensor with each of its cosines multiplied by a factor of its frequency.
fn spectral(x: &Vector, factor: impl Fn(f64) -> f64) -> Vector {
    let n = WIDTH as f64;
    let cosine = |k: usize, i: usize| {
        let scale = if k == 0 { 1.0 / n } else { 2.0 / n };
        let angle = core::f64::consts::PI / n * (i as f64 + 0.5) * k as f64;
        scale.sqrt() * angle.cos()
    };
    let spectrum: Vector = core::array::from_fn(|k| {
        let sum: f64 = (0..WIDTH).map(|i| cosine(k, i) * x[i]).sum();
        sum * factor(k as f64)
    });
    core::array::from_fn(|i| (0..WIDTH).map(|k| cosine(k, i) * spectrum[k]).sum())
}

/// The frequencies within a share of the highest.
fn low(x: &Vector, share: f64) -> Vector {
    spectral(x, |k| f64::from(k <= share * (WIDTH - 1) as f64))
}

fn change(metric: Metric, now: &[f64], reference: &[f64]) -> f64 {
    let n = now.len() as f64;
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        now.iter().zip(reference).map(|(a, b)| f(*a, *b)).sum()
    };
    let square = sum(&|a, b| (a - b) * (a - b));
    let absolute = sum(&|a, b| (a - b).abs());
    let reference_square = sum(&|_, b| b * b);
    match metric {
        Metric::RelativeL1 => absolute / sum(&|_, b| b.abs()),
        Metric::RelativeL2 => (square / reference_square).sqrt(),
        Metric::Cosine => 1.0 - sum(&|a, b| a * b) / (sum(&|a, _| a * a) * reference_square).sqrt(),
        Metric::MeanAbsolute => absolute / n,
        Metric::MeanSquare => square / n,
        Metric::L2 => square.sqrt(),
    }
}

/// The blocks that a skipped call leaves out.
fn left_out(site: &Site) -> core::ops::Range<usize> {
    let part = site.blocks(BLOCKS as u32) as usize;
    match site.kind {
        SiteKind::Trunk | SiteKind::Model => 0..BLOCKS,
        SiteKind::Range => site.front as usize..BLOCKS - site.back as usize,
        SiteKind::Front => 0..part,
        SiteKind::Rear => BLOCKS - part..BLOCKS,
        other => panic!("this network has no {other}"),
    }
}

/// What stands in for a skipped call.
fn blend(policy: &Policy, decision: &Decision, anchors: &[Vector]) -> Vector {
    let sum = |weights: &[f32]| {
        let pairs = weights.iter().zip(anchors);
        pairs.fold([0.0; WIDTH], |sum, (w, anchor)| {
            zip(&sum, anchor, |s, a| s + f64::from(*w) * a)
        })
    };
    let rest = sum(&decision.weights);
    if policy.split.kind == SplitKind::None {
        return rest;
    }
    let band = |v: &Vector| low(v, policy.split.band);
    let held = band(&sum(&decision.low_weights));
    let high = zip(&rest, &band(&rest), |a, b| a - b);
    zip(&held, &high, |a, b| a + b)
}

/// The trace and the final latent of a run.
fn sample(text: &str) -> (String, Vector) {
    let policy = Policy::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let timeline = Timeline::new(STEPS);
    let mut scheduler = Scheduler::new(&policy, timeline, [Lane::NEW; 1]).expect("valid");
    let range = left_out(&policy.site);
    let mut x = [1.0, -0.5, 0.25, 2.0];
    let mut reference: Option<Vec<f64>> = None;
    let mut anchors = [[0.0; WIDTH]; MAX_ANCHORS];
    let mut trace = String::new();
    for step in 0..STEPS {
        let t = 1.0 - f64::from(step) / f64::from(STEPS);
        let now = measured(&policy, &x, t);
        let pending = match scheduler.begin(Call::new(step)).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                let metric = policy.gauge.metric;
                let reference = reference.as_ref();
                let value = reference.map_or(f64::NAN, |r| change(metric, &now, r));
                scheduler.decide(question, &[value]).expect("asked")
            }
        };
        let decision = *pending.decision();
        scheduler.commit(pending, Outcome::Done).expect("decided");
        trace.push(decision.action.letter());
        if policy.gauge.reference == Reference::Previous || !decision.action.skips() {
            reference = Some(now);
        }
        let front = blocks(0..range.start, &x, t);
        let head = |trunk: &Vector| trunk.map(|v| v * (0.5 + 0.5 * t));
        let whole_model = policy.site.kind == SiteKind::Model;
        let base = if whole_model { x } else { front };
        let residual = policy.site.keep == Keep::Residual;
        let behind = if decision.action.skips() {
            let stand_in = blend(&policy, &decision, &anchors);
            if residual {
                zip(&base, &stand_in, |a, b| a + b)
            } else {
                stand_in
            }
        } else {
            let middle = blocks(range.clone(), &front, t);
            let output = if whole_model { head(&middle) } else { middle };
            if let Some(slot) = anchors.get_mut(decision.slot as usize) {
                *slot = if residual {
                    zip(&output, &base, |a, b| a - b)
                } else {
                    output
                };
            }
            output
        };
        let output = if whole_model {
            behind
        } else {
            head(&blocks(range.end..BLOCKS, &behind, t))
        };
        x = zip(&x, &output, |x, v| x - v * 0.5 / f64::from(STEPS));
    }
    (trace, x)
}

/// For each key of the host two policies that differ only in it.
const PAIRS: [(&str, &str, &str); 11] = [
    (
        "signal",
        "teacache:threshold=0.2,signal=modulated-input",
        "teacache:threshold=0.2,signal=model-input",
    ),
    (
        "metric",
        "teacache:threshold=0.2,metric=relative-l1",
        "teacache:threshold=0.2,metric=mse",
    ),
    (
        "filter",
        "teacache:threshold=0.2,filter=downsample,filter_size=2",
        "teacache:threshold=0.2,filter=sea,filter_size=2",
    ),
    (
        "filter_size",
        "teacache:threshold=0.2,filter=low-pass,filter_size=0.1",
        "teacache:threshold=0.2,filter=low-pass,filter_size=0.7",
    ),
    (
        "reference",
        "fbcache:threshold=0.05,reference=previous",
        "fbcache:threshold=0.05,reference=computed",
    ),
    (
        "band",
        "teacache:threshold=0.4,predictor=newton,order=1,split=band,band=0.1",
        "teacache:threshold=0.4,predictor=newton,order=1,split=band,band=0.7",
    ),
    (
        "site",
        "teacache:threshold=0.4,site=trunk",
        "teacache:threshold=0.4,site=model",
    ),
    (
        "front",
        "fbcache:threshold=0.15,front=1",
        "fbcache:threshold=0.15,front=3",
    ),
    (
        "back",
        "fbcache:threshold=0.2,back=0",
        "fbcache:threshold=0.2,back=2",
    ),
    (
        "share",
        "teacache:threshold=0.4,site=rear,share=0.5",
        "teacache:threshold=0.4,site=rear,share=0.9",
    ),
    (
        "keep",
        "teacache:threshold=0.4,site=front,keep=residual",
        "teacache:threshold=0.4,site=front,keep=output",
    ),
];

#[test]
fn no_key_of_the_host_is_inert() {
    let keys = PAIRS.map(|(key, ..)| key);
    assert_eq!(keys, crate::corpus::OF_THE_HOST);
    for (key, a, b) in PAIRS {
        let item = |text: &str| {
            let items = text.split([':', ',']).map(str::to_owned);
            items.partition::<Vec<_>, _>(|item| item.starts_with(&format!("{key}=")))
        };
        assert_eq!(item(a).1, item(b).1, "`{key}`: more than that key differs");
        let ((trace_a, x_a), (trace_b, x_b)) = (sample(a), sample(b));
        // What decides nothing itself decides what the latent comes to.
        let of_the_sum = ["band", "share", "keep"].contains(&key);
        assert!(of_the_sum || trace_a != trace_b, "`{key}` decides nothing");
        assert_ne!(x_a, x_b, "`{key}` has no effect");
        assert_eq!(sample(a), (trace_a, x_a));
        let [a, b] = [a, b].map(|text| {
            let policy = Policy::parse(text).expect("valid");
            host::scheduler(&policy, Timeline::new(STEPS), 1)
        });
        assert_eq!(
            b.clone().restore(&host::saved(&a)),
            Err(SavedError::Policy),
            "`{key}` is no part of a state's fingerprint"
        );
    }
}

#[test]
fn skipping_stays_near_the_uncached_run() {
    let (trace, full) = sample("full");
    assert_eq!(trace, "C".repeat(STEPS as usize));
    let off = |text: &str| {
        let far = zip(&sample(text).1, &full, |a, b| (a - b).abs());
        far.into_iter().fold(0.0, f64::max)
    };
    for site in ["trunk", "model", "range,front=1,back=1"] {
        let hold = off(&format!("interval:interval=3,site={site}"));
        let taylor = off(&format!("taylorseer:interval=3,site={site}"));
        assert!(hold > 0.0 && hold < 0.05, "{site}: {hold}");
        assert!(
            taylor < hold,
            "{site}: a line is no better than holding, {taylor} and {hold}"
        );
    }
}
