// Runs with made-up signals, and a hash over everything they decide. Included by tests that have
// the standard library and by a program that has nothing: core only, and only + − × ÷.

use refrain::policy::Wants;
use refrain::signal::SignalKind;
use refrain::{
    Action, Begin, Call, CallError, Decision, Event, Lane, Outcome, Policy, Scheduler, Timeline,
};

/// Hash over every decision of [`SETTINGS`] × [`SIGNALS`] × [`TIMELINES`]: the same on every target
/// and under every set of features. It changes only when decisions are meant to change.
pub(crate) const DECISIONS_HASH: u64 = 0xba2c_3ce3_7dd9_64b5;

/// Steps and evaluations.
pub(crate) const TIMELINES: [(u32, u32); 2] = [(28, 1), (14, 2)];

/// How a signal goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signals {
    /// A bowl with a little noise: large at both ends.
    Smooth,
    /// Small, with bursts.
    Bursty,
    /// Large, then small.
    TwoPhase,
    /// Everything a host should not hand in, in between.
    Adversarial,
}

/// Every one.
pub(crate) const SIGNALS: [(&str, Signals); 4] = [
    ("smooth", Signals::Smooth),
    ("bursty", Signals::Bursty),
    ("two-phase", Signals::TwoPhase),
    ("adversarial", Signals::Adversarial),
];

/// The policies, by family.
pub(crate) const SETTINGS: [(&str, &[&str]); 8] = [
    ("full", &["full", "full:gauge=signal,threshold=0.2"]),
    (
        "interval",
        &[
            "interval",
            "interval:interval=4,last=0",
            "interval:interval=5,start=0.2,end=0.8,max_total=8",
            "interval:interval=3,predictor=newton,order=2",
        ],
    ),
    (
        "mask",
        &[
            "mask:1101001000100001000010001001",
            "mask:11001000100001,predictor=taylor,order=1",
        ],
    ),
    (
        "teacache",
        &[
            "teacache:threshold=0.1",
            "teacache:threshold=0.3",
            "teacache:threshold=0.3,max_run=2,warmup=4",
            "teacache:model=flux-dev,threshold=0.4",
            "teacache:threshold=0.2,budget=leaky,decay=0.5,reset=0",
            "teacache:threshold=0.3,predictor=taylor,order=2",
        ],
    ),
    (
        "fbcache",
        &[
            "fbcache:threshold=0.08",
            "fbcache:threshold=0.15,warmup=4,max_run=3",
            "fbcache:threshold=0.12,predictor=newton,order=1,pool=any",
        ],
    ),
    (
        "easycache",
        &[
            "easycache:threshold=0.05",
            "easycache:threshold=0.1,warmup=3",
            "easycache:threshold=0.1,warmup=3,pool=mean",
        ],
    ),
    (
        "magcache",
        &[
            "magcache:model=flux-dev",
            "magcache:model=flux-dev,threshold=0.24,max_run=5,retention=0.1",
            "magcache:model=flux-dev,threshold=0.12,predictor=taylor,order=1",
        ],
    ),
    (
        "taylorseer",
        &[
            "taylorseer",
            "taylorseer:interval=4,order=2",
            "taylorseer:interval=6,order=3,axis=time",
            "taylorseer:interval=3,order=2,warmup=6",
        ],
    ),
];

/// A deterministic source of numbers.
pub(crate) struct Source(u64);

impl Source {
    /// One that always gives the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 up to, and without, 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 40) as f64 / 16_777_216.0
    }
}

/// The signal of one call.
pub(crate) fn signal(kind: Signals, progress: f64, source: &mut Source) -> f64 {
    let (noise, chance) = (source.next(), source.next());
    let middle = 2.0 * progress - 1.0;
    match kind {
        Signals::Smooth => 0.04 + 0.2 * middle * middle + 0.01 * noise,
        Signals::Bursty if chance < 0.2 => 0.25 + 0.25 * noise,
        Signals::Bursty => 0.02 + 0.02 * noise,
        Signals::TwoPhase if progress < 0.4 => 0.12 + 0.05 * noise,
        Signals::TwoPhase => 0.015 + 0.01 * noise,
        Signals::Adversarial if chance < 0.1 => f64::NAN,
        Signals::Adversarial if chance < 0.2 => f64::INFINITY,
        Signals::Adversarial if chance < 0.3 => -noise,
        Signals::Adversarial if chance < 0.4 => 0.0,
        Signals::Adversarial if chance < 0.5 => 1e300 * noise,
        Signals::Adversarial => 0.1 * noise,
    }
}

/// Makes every call of a run on two lanes and shows each decision with its event.
///
/// # Errors
/// None, if the scheduler keeps its promises.
pub(crate) fn run(
    policy: &Policy,
    (steps, evaluations): (u32, u32),
    kind: Signals,
    show: &mut dyn FnMut(&Decision, &Event),
) -> Result<(), CallError> {
    let timeline = Timeline { steps, evaluations };
    let Ok(mut scheduler) = Scheduler::new(policy, timeline, [Lane::NEW; 2]) else {
        return Ok(());
    };
    let apart = if policy.pool == refrain::policy::Pool::Alone {
        2
    } else {
        1
    };
    let mut sources = [Source::new(1), Source::new(2)];
    for call in 0..timeline.calls() {
        let progress = f64::from(call) / f64::from(timeline.calls());
        let values = sources
            .each_mut()
            .map(|source| signal(kind, progress, source));
        // Input changes shrink and rates grow along a run.
        let rates = sources
            .each_mut()
            .map(|source| 0.2 + progress + 0.1 * source.next());
        for lane in 0..apart {
            let own =
                |all: &'_ [f64; 2]| -> [f64; 2] { if lane == 0 { *all } else { [all[1], 0.0] } };
            let count = if apart == 2 { 1 } else { 2 };
            let (values, rates) = (own(&values), own(&rates));
            let call = Call {
                step: call.checked_div(evaluations).unwrap_or(0),
                evaluation: call.checked_rem(evaluations).unwrap_or(0),
                lane,
                reserved: 0,
                time: 1000.0 * (1.0 - progress * progress),
            };
            let pending = match scheduler.begin(call)? {
                Begin::Decided(pending) => pending,
                Begin::Needs(question) => {
                    let scale = if question.signal == SignalKind::ModelInput {
                        0.5
                    } else {
                        1.0
                    };
                    let values = values.map(|v| v * scale);
                    scheduler.decide(question, values.get(..count).unwrap_or(&[]))?
                }
            };
            let decision = *pending.decision();
            let outcome = match decision.action {
                Action::Compute if policy.wants() != Wants::Nothing => {
                    Outcome::Measured(rates.get(..count).unwrap_or(&[]))
                }
                Action::Verify => Outcome::Measured(rates.get(..1).unwrap_or(&[])),
                _ => Outcome::Done,
            };
            let event = scheduler.commit(pending, outcome)?;
            show(&decision, &event);
        }
    }
    Ok(())
}

/// FNV-1a.
pub(crate) struct Hash(pub(crate) u64);

impl Hash {
    /// Of nothing.
    pub(crate) const NEW: Self = Self(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, value: u64) {
        for byte in value.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Adds all of a decision and its event.
    pub(crate) fn decision(&mut self, decision: &Decision, event: &Event) {
        for value in [
            event.call,
            event.step,
            event.evaluation,
            event.lane,
            event.order,
            event.slot,
        ] {
            self.add(u64::from(value));
        }
        self.add(event.action as u64);
        self.add(event.reason as u64);
        self.add(event.signal.to_bits());
        self.add(event.spent.to_bits());
        for weight in decision.weights {
            self.add(u64::from(weight.to_bits()));
        }
    }
}

/// The hash over all runs; policies that cannot run on a timeline are left out.
pub(crate) fn decisions_hash() -> u64 {
    let mut hash = Hash::NEW;
    for (_, texts) in SETTINGS {
        for policy in texts.iter().filter_map(|text| Policy::parse(text).ok()) {
            for (_, kind) in SIGNALS {
                for timeline in TIMELINES {
                    let done = run(&policy, timeline, kind, &mut |decision, event| {
                        hash.decision(decision, event);
                    });
                    hash.add(u64::from(done.is_ok()));
                }
            }
        }
    }
    hash.0
}
