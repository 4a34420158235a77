// Runs with made-up signals, and a hash over everything they decide. Included by tests that have
// the standard library and by a program that has nothing: core only, and only + − × ÷.

use refrain::policy::{VerifyKind, Wants};
use refrain::signal::SignalKind;
use refrain::{
    Action, Begin, Call, CallError, Decision, Event, Lane, Outcome, Policy, Scheduler, Timeline,
};

mod settings;

pub(crate) use settings::SETTINGS;

/// Hash over every decision of [`SETTINGS`] × [`SIGNALS`] × [`TIMELINES`]: the same on every target
/// and under every set of features. It changes only when decisions are meant to change.
pub(crate) const DECISIONS_HASH: u64 = 0x00a3_0113_c12d_1c28;

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

/// Computed features of one number, newest first.
#[derive(Clone, Copy)]
struct Kept {
    newest: [f64; 6],
    len: usize,
}

impl Kept {
    const NOTHING: Self = Self {
        newest: [0.0; 6],
        len: 0,
    };

    fn push(&mut self, value: f64) {
        let [a, b, c, d, e, _] = self.newest;
        self.newest = [value, a, b, c, d, e];
        self.len = (self.len + 1).min(6);
    }
}

/// Something bent.
fn values_of_the_call(progress: f64) -> f64 {
    0.7 * progress * progress
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
    let mut kept = [Kept::NOTHING; 2];
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
                    let mut all = [0.0; 4];
                    // Factors, where they are asked for, behind the signals.
                    let answers = values.iter().take(count).chain(rates.iter().take(count));
                    all.iter_mut()
                        .zip(answers)
                        .for_each(|(to, from)| *to = *from);
                    let wanted = question.values;
                    scheduler.decide(question, all.get(..wanted).unwrap_or(&[]))?
                }
            };
            let decision = *pending.decision();
            let products: [f64; 6];
            let mut measured: &[f64] = match (decision.action, policy.wants()) {
                (Action::Compute, Wants::Rate) => rates.get(..count).unwrap_or(&[]),
                (Action::Compute, Wants::Signal) => values.get(..count).unwrap_or(&[]),
                (Action::Verify, _) => values.get(..1).unwrap_or(&[]),
                _ => &[],
            };
            if let (Action::Compute, Wants::Products, Some(kept)) =
                (decision.action, policy.wants(), kept.get_mut(lane as usize))
            {
                kept.push(2.0 + progress - values_of_the_call(progress));
                products = kept.newest.map(|v| v * kept.newest[0]);
                measured = products.get(..kept.len).unwrap_or(&[]);
            }
            let outcome = if measured.is_empty() {
                Outcome::Done
            } else {
                Outcome::Measured(measured)
            };
            let event = scheduler.commit(pending, outcome)?;
            show(&decision, &event);
            // A forecast that was rolled back is made again, computed.
            let again = policy.verify.kind == VerifyKind::Rollback
                && decision.action == Action::Verify
                && event.reason != decision.reason;
            if again && let Begin::Decided(pending) = scheduler.begin(call)? {
                let decision = *pending.decision();
                let event = scheduler.commit(pending, Outcome::Done)?;
                show(&decision, &event);
            }
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
        let low = decision.low_weights.iter().filter(|weight| **weight != 0.0);
        for weight in decision.weights.iter().chain(low) {
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
