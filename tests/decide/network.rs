//! A small network and sampler, for the keys that rule what the host measures and leaves out.

use refrain::policy::SiteKind;
use refrain::predict::MAX_ANCHORS;
use refrain::scheduler::SavedError;
use refrain::signal::{Reference, SignalKind};
use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

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
fn measured(policy: &Policy, x: &Vector, t: f64) -> Vector {
    match policy.gauge.signal {
        SignalKind::ModulatedInput => x.map(|v| v * (1.0 + t) + t),
        SignalKind::FrontResidual => {
            zip(&blocks(0..policy.site.front as usize, x, t), x, |a, b| {
                a - b
            })
        }
        SignalKind::ModelInput => *x,
    }
}

fn signal(kind: SignalKind, now: &Vector, reference: &Vector) -> f64 {
    let mean = |v: Vector| v.iter().map(|v| v.abs()).sum::<f64>() / WIDTH as f64;
    let change = mean(zip(now, reference, |a, b| a - b));
    match kind {
        SignalKind::ModelInput => change,
        SignalKind::ModulatedInput | SignalKind::FrontResidual => change / mean(*reference),
    }
}

/// The trace and the final latent of a run.
fn sample(text: &str) -> (String, Vector) {
    let policy = Policy::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let timeline = Timeline::new(STEPS);
    let mut scheduler = Scheduler::new(&policy, timeline, [Lane::NEW; 1]).expect("valid");
    let range = match policy.site.kind {
        SiteKind::Trunk | SiteKind::Model => 0..BLOCKS,
        SiteKind::Range => policy.site.front as usize..BLOCKS - policy.site.back as usize,
    };
    let mut x = [1.0, -0.5, 0.25, 2.0];
    let mut reference = None;
    let mut anchors = [[0.0; WIDTH]; MAX_ANCHORS];
    let mut trace = String::new();
    for step in 0..STEPS {
        let t = 1.0 - f64::from(step) / f64::from(STEPS);
        let now = measured(&policy, &x, t);
        let pending = match scheduler.begin(Call::new(step)).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                let value = reference.map_or(f64::NAN, |r| signal(question.signal, &now, &r));
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
        let mut kept = anchors.iter().zip(decision.weights);
        let skipped = kept.try_fold([0.0; WIDTH], |sum, (anchor, w)| {
            Some(zip(&sum, anchor, |s, a| s + f64::from(w) * a)).filter(|_| decision.action.skips())
        });
        let whole_model = policy.site.kind == SiteKind::Model;
        let base = if whole_model { x } else { front };
        let behind = match skipped {
            Some(stand_in) => zip(&base, &stand_in, |a, b| a + b),
            None => {
                let middle = blocks(range.clone(), &front, t);
                let output = if whole_model { head(&middle) } else { middle };
                if let Some(slot) = anchors.get_mut(decision.slot as usize) {
                    *slot = zip(&output, &base, |a, b| a - b);
                }
                output
            }
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
const PAIRS: [(&str, &str, &str); 5] = [
    (
        "signal",
        "teacache:threshold=0.2,signal=modulated-input",
        "teacache:threshold=0.2,signal=model-input",
    ),
    (
        "reference",
        "fbcache:threshold=0.05,reference=previous",
        "fbcache:threshold=0.05,reference=computed",
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
        assert_ne!(trace_a, trace_b, "`{key}` decides nothing");
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
