//! The decision kernel against the scheduler, on every case of the corpus that it supports.

use alloc::collections::BTreeMap;
use std::{path::Path, sync::OnceLock};

use refrain::{
    Begin, Call, Event, Lane, Outcome, Policy, Scheduler, Timeline,
    decide::{DECIDE, device_support},
    gpu::{Decided, GpuScheduler, ScriptedCall},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

/// What of a case rules its decisions; `tests/corpus/published.toml` describes the format.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) policy: String,
    pub(crate) steps: u32,
    #[serde(default = "one")]
    pub(crate) evaluations: u32,
    #[serde(default = "one")]
    pub(crate) lanes: u32,
    #[serde(default)]
    pub(crate) signals: Vec<f64>,
    #[serde(default)]
    pub(crate) rates: Vec<f64>,
    #[serde(default)]
    pub(crate) factors: Vec<f64>,
    #[serde(default)]
    pub(crate) errors: Vec<f64>,
    #[serde(default)]
    pub(crate) times: Vec<f64>,
    #[serde(default)]
    pub(crate) invalidate: Vec<usize>,
}

fn one() -> u32 {
    1
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut all = Vec::new();
    for entry in folder.read_dir().expect("the corpus is there") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let file: File = toml::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        all.extend(file.case);
    }
    all
}

pub(crate) type Owned = Scheduler<Vec<Lane>>;

impl Case {
    pub(crate) fn scheduler(&self) -> Owned {
        let policy = Policy::parse(&self.policy).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        let timeline = Timeline {
            steps: self.steps,
            evaluations: self.evaluations,
        };
        Scheduler::new(policy, timeline, vec![Lane::NEW; self.lanes as usize]).expect("they fit")
    }

    /// The calls of the run; a list that is too short goes on with its last value.
    pub(crate) fn calls(&self) -> Vec<ScriptedCall> {
        let mut calls = Vec::new();
        for number in 0..self.steps * self.evaluations {
            for lane in 0..self.lanes {
                let index = (number * self.lanes + lane) as usize;
                let at = |list: &[f64], index: usize| list.get(index).or(list.last()).copied();
                let value = |list: &[f64]| at(list, index).unwrap_or(f64::NAN);
                calls.push(ScriptedCall {
                    call: Call {
                        step: number / self.evaluations,
                        evaluation: number % self.evaluations,
                        lane,
                        reserved: 0,
                        time: at(&self.times, number as usize).unwrap_or(f64::from(number)),
                    },
                    signal: value(&self.signals),
                    factor: value(&self.factors),
                    measured: value(&self.rates),
                    error: value(&self.errors),
                });
            }
        }
        calls
    }

    /// The calls between those before which a lane is invalidated.
    fn parts(&self) -> Vec<Vec<ScriptedCall>> {
        let mut parts = vec![Vec::new()];
        for (index, call) in self.calls().into_iter().enumerate() {
            if self.invalidate.contains(&index) {
                parts.push(Vec::new());
            }
            parts.last_mut().expect("one").push(call);
        }
        parts
    }
}

/// What the scheduler decides.
pub(crate) fn on_the_host(scheduler: &mut Owned, calls: &[ScriptedCall]) -> Vec<Decided> {
    let mut all = Vec::new();
    for scripted in calls {
        let pending = match scheduler.begin(scripted.call).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                let values = [scripted.signal, scripted.factor];
                let wanted = question.values;
                scheduler
                    .decide(question, &values[..wanted])
                    .expect("asked")
            }
        };
        let decision = *pending.decision();
        let measured = match decision.action {
            refrain::Action::Compute => [scripted.measured],
            refrain::Action::Verify => [scripted.error],
            _ => [f64::NAN],
        };
        let outcome = if decision.action == refrain::Action::Predict
            || decision.action == refrain::Action::Reuse
        {
            Outcome::Done
        } else {
            Outcome::Measured(&measured)
        };
        all.push(Decided {
            event: scheduler.commit(pending, outcome).expect("decided"),
            weights: decision.weights,
            low_weights: decision.low_weights,
        });
    }
    all
}

pub(crate) fn saved(scheduler: &Owned) -> Vec<u8> {
    let mut bytes = vec![0; scheduler.saved_bytes()];
    scheduler.save(&mut bytes).expect("as long as asked for");
    bytes
}

/// Every bit of what was decided.
fn bits(decided: &Decided) -> (Event, Vec<u64>) {
    let doubles = [decided.event.signal, decided.event.spent].map(f64::to_bits);
    let weights = decided.weights.iter().chain(&decided.low_weights);
    let weights = weights.map(|weight| u64::from(weight.to_bits()));
    (decided.event, doubles.into_iter().chain(weights).collect())
}

/// Runs the case on both; where they part, if they do.
pub(crate) fn difference(case: &Case, device: &GpuScheduler) -> Option<String> {
    let (mut host, mut other) = (case.scheduler(), case.scheduler());
    for (index, part) in case.parts().iter().enumerate() {
        if index > 0
            && let Some(first) = part.first()
        {
            for scheduler in [&mut host, &mut other] {
                scheduler
                    .invalidate(first.call.lane)
                    .expect("no call is open");
            }
        }
        let expected = on_the_host(&mut host, part);
        let found = match device.run(&mut other, part) {
            Ok(found) => found,
            Err(error) => return Some(error.to_string()),
        };
        for (call, (found, expected)) in found.iter().zip(&expected).enumerate() {
            if bits(found) != bits(expected) {
                return Some(format!("call {call}: {found:?} is not {expected:?}"));
            }
        }
        if found.len() != expected.len() {
            return Some("another number of calls".to_owned());
        }
        if saved(&host) != saved(&other) {
            return Some("another state".to_owned());
        }
    }
    None
}

/// The kernel, which takes a while to compile; `None` where device tests are to be skipped.
fn scheduler() -> Option<&'static GpuScheduler> {
    static MADE: OnceLock<Option<GpuScheduler>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let device = crate::adapter::device()?;
        Some(GpuScheduler::new(&device).expect("the kernel compiles"))
    });
    made.as_ref()
}

#[test]
fn every_supported_case_is_decided_as_the_scheduler_does() {
    let Some(scheduler) = scheduler() else { return };
    let (mut run, mut refused, mut wrong) = (0, BTreeMap::new(), Vec::new());
    let mut calls = 0;
    for case in cases() {
        let policy = *case.scheduler().policy();
        if let Err(why) = device_support(&policy, case.lanes) {
            *refused
                .entry(format!("{}={}", why.key, why.value))
                .or_insert(0) += 1;
            continue;
        }
        run += 1;
        calls += case.calls().len();
        if let Some(difference) = difference(&case, scheduler) {
            wrong.push(format!("{} ({}): {difference}", case.name, case.policy));
        }
    }
    let left_out: usize = refused.values().sum();
    println!("{run} cases ({calls} calls) decided on the device, {left_out} refused: {refused:?}");
    let shown: Vec<_> = wrong.iter().take(8).cloned().collect();
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        shown.join("\n")
    );
    assert!(run > 4 * left_out, "most of the corpus is supported");
}

/// A case with other values: of every size, some of them unusable.
fn shuffled(case: &Case, seed: u64) -> Case {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let calls = (case.steps * case.evaluations * case.lanes) as usize;
    let mut values = |scale: f64| -> Vec<f64> {
        let mut value = || match next() % 40 {
            0 => f64::NAN,
            1 => -scale,
            2 => f64::INFINITY,
            3 => 0.0,
            4 => 1e-310,
            size => scale * (next() as f64 / 2e9) * 4.0_f64.powi(size as i32 % 9 - 6),
        };
        (0..calls).map(|_| value()).collect()
    };
    Case {
        signals: values(1.0),
        rates: values(1.0),
        factors: values(2.0),
        errors: values(1.0),
        ..case.clone()
    }
}

#[test]
fn random_values_are_decided_as_the_scheduler_does() {
    let Some(scheduler) = scheduler() else { return };
    let (mut runs, mut calls) = (0, 0);
    for (case, seed) in cases().iter().zip(1..) {
        let policy = *case.scheduler().policy();
        if !policy.gauge.measures() || device_support(&policy, case.lanes).is_err() {
            continue;
        }
        for turn in 0..4 {
            let case = shuffled(case, 1000 * turn + seed);
            runs += 1;
            calls += case.calls().len();
            assert_eq!(
                difference(&case, scheduler),
                None,
                "{} ({})",
                case.name,
                case.policy
            );
        }
    }
    println!("{runs} runs ({calls} calls)");
    assert!(runs > 500, "only {runs} runs");
}

#[test]
fn planted_faults_of_the_decisions_are_noticed() {
    let Some(device) = crate::adapter::device() else {
        return;
    };
    let cases = cases();
    // Each with the part of a policy's text that it concerns.
    for (fault, of, right, wrong) in [
        (
            "a flipped comparator",
            "at-most",
            "policy[P_COMPARATOR] == 0u",
            "policy[P_COMPARATOR] != 0u",
        ),
        (
            "the weights of another order",
            "order=2",
            "f64_from_u32(order + 1u)",
            "f64_from_u32(order + 2u)",
        ),
    ] {
        assert_eq!(DECIDE.matches(right).count(), 1, "{fault}");
        let broken = DECIDE.replace(right, wrong);
        let scheduler = GpuScheduler::with_source(&device, &broken).expect("it compiles");
        let concerned = cases.iter().filter(|case| case.policy.contains(of));
        let noticed = concerned
            .take(20)
            .any(|case| difference(case, &scheduler).is_some());
        assert!(noticed, "{fault}");
    }
}
