//! Runs drawn at random: a policy's text, a timeline, and what the host measures.

use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use refrain::policy::VerifyKind;
use refrain::{Action, Begin, Call, Event, Policy, Timeline};

use crate::corpus::feature;
use crate::host::{self, Kept, Owned};
use crate::oracle::Input;

mod composed;

/// So many cases, the same at every run unless `PROPTEST_RNG_SEED` is set (and more with
/// `PROPTEST_CASES`); what fails is printed, not written into the tree.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    let mut config = ProptestConfig::with_cases(count);
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    ProptestConfig {
        failure_persistence: None,
        max_global_rejects: 100_000,
        ..config
    }
}

/// A source of choices.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// From 0 up to 1; now and then a sixteenth, so that sums meet thresholds exactly.
    pub(crate) fn share(&mut self) -> f64 {
        if self.below(3) == 0 {
            self.below(17) as f64 / 16.0
        } else {
            (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    fn sign(&mut self) -> f64 {
        if self.one_in(2) { 1.0 } else { -1.0 }
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }

    fn mask(&mut self, bits: u32) -> String {
        (0..bits)
            .map(|_| if self.one_in(3) { '1' } else { '0' })
            .collect()
    }

    fn numbers(&mut self, count: u64, from: f64, to: f64) -> String {
        let values: Vec<_> = (0..count)
            .map(|_| (from + (to - from) * self.share()).to_string())
            .collect();
        values.join("/")
    }
}

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) steps: u32,
    pub(crate) evaluations: u32,
    pub(crate) lanes: usize,
    pub(crate) inputs: Vec<Input>,
}

/// What a policy has to fit.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) steps: u32,
    pub(crate) evaluations: u32,
    pub(crate) lanes: usize,
    /// Whether a mask may have two columns.
    pub(crate) columns: bool,
}

/// Some frame, where it does not matter which.
pub(crate) const FRAME: Frame = Frame {
    steps: 17,
    evaluations: 1,
    lanes: 2,
    columns: false,
};

/// The text of a policy that fits a run of that frame.
pub(crate) fn policy(random: &mut Random, frame: Frame) -> String {
    let families = [
        "full",
        "interval",
        "mask",
        "teacache",
        "fbcache",
        "easycache",
        "magcache",
        "taylorseer",
    ];
    let (family, mut items) = if random.one_in(2) {
        let family = random.pick(&families);
        (family, simple(random, family, frame))
    } else {
        ("full", composed::policy(random, frame))
    };
    // The order of the keys means nothing.
    for i in (1..items.len()).rev() {
        items.swap(i, random.below(i as u64 + 1) as usize);
    }
    let items = items.join(",");
    if items.is_empty() {
        family.to_owned()
    } else {
        format!("{family}:{items}")
    }
}

/// Items for one of the oldest methods.
fn simple(random: &mut Random, family: &str, frame: Frame) -> Vec<String> {
    let mut items = Vec::new();
    let measured = matches!(family, "teacache" | "fbcache" | "easycache");
    if matches!(family, "interval" | "taylorseer") && random.one_in(2) {
        items.push(format!("interval={}", 1 + random.below(8)));
    }
    if family == "mask" {
        items.push(random.mask(frame.steps));
    }
    if family == "magcache" {
        let len = 1 + random.below(40);
        items.push(format!("curve={}", random.numbers(len, 0.85, 1.2)));
    }
    if matches!(family, "teacache" | "fbcache") && random.one_in(3) {
        let len = 1 + random.below(5);
        let numbers = random.numbers(len, -2.0, 3.0);
        let constant = random.pick(&["0.125", "-0.125"]);
        items.push(format!("coefficients={numbers}/{constant},threshold=1"));
    } else if (measured || family == "magcache") && !random.one_in(3) {
        items.push(format!("threshold={}", random.share()));
    }
    if (measured || family == "magcache") && random.one_in(2) {
        composed::budget(random, &mut items);
    }
    if family != "full" {
        composed::guards(random, frame, family == "mask", &mut items);
        let predictor = random.pick(&["hold", "taylor", "newton"]);
        items.push(format!("predictor={predictor}"));
        if predictor != "hold" {
            items.push(format!("order={}", random.below(4)));
            items.push(format!("axis={}", random.pick(&["step", "time"])));
        }
        items.push(format!(
            "pool={}",
            random.pick(&["alone", "alone", "any", "all", "mean"])
        ));
    }
    items
}

fn signal(random: &mut Random) -> f64 {
    match random.below(30) {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => -random.share(),
        3 => f64::NEG_INFINITY,
        4 => -0.0,
        _ => 0.5 * random.share(),
    }
}

/// A run drawn at random.
pub(crate) fn run(seed: u64) -> Run {
    let random = &mut Random::new(seed);
    let steps = if random.one_in(8) {
        100
    } else {
        1 + random.below(40) as u32
    };
    let evaluations = if random.one_in(4) { 2 } else { 1 };
    let lanes = 1 + random.below(3) as usize;
    let frame = Frame {
        steps,
        evaluations,
        lanes,
        columns: false,
    };
    let text = policy(random, frame);
    let alone = text.contains("pool=alone") || !text.contains("pool=");
    let together = if alone { 1 } else { lanes };
    let measures_rates = !random.one_in(4);
    let mut time = 1000.0 * random.share();
    let direction = if random.one_in(2) { 1.0 } else { -1.0 };
    let mut inputs = Vec::new();
    for call in 0..steps * evaluations {
        time += direction * (0.5 + random.share());
        for lane in (0..lanes).step_by(together) {
            let mut signals = || (0..together).map(|_| signal(random)).collect::<Vec<_>>();
            let (signals, rates, factors) = (signals(), signals(), signals());
            inputs.push(Input {
                step: call / evaluations,
                evaluation: call % evaluations,
                lane,
                time,
                signals,
                factors: factors.into_iter().map(|v| 4.0 * v).collect(),
                rates: if measures_rates {
                    rates.into_iter().map(|v| 4.0 * v).collect()
                } else {
                    Vec::new()
                },
                error: signal(random),
                feature: feature(inputs.len()),
                invalidated: random.one_in(40),
            });
        }
    }
    Run {
        text,
        steps,
        evaluations,
        lanes,
        inputs,
    }
}

/// A run of one of these families.
pub(crate) fn run_of(families: &[&str], seed: u64) -> Run {
    let runs = (0..).map(|i| run(seed.wrapping_add(i)));
    let mut fitting = runs.filter(|run| families.contains(&run.family()));
    fitting.next().expect("every family is drawn")
}

/// A run of that policy on one lane.
pub(crate) fn run_of_text(text: &str, steps: u32) -> Run {
    let inputs = (0..steps).map(|step| Input {
        signals: vec![0.1],
        ..Input::at(step)
    });
    Run {
        text: text.to_owned(),
        steps,
        evaluations: 1,
        lanes: 1,
        inputs: inputs.collect(),
    }
}

impl Run {
    pub(crate) fn family(&self) -> &str {
        self.text.split(':').next().unwrap_or_default()
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy::parse(&self.text).unwrap_or_else(|e| panic!("{}: {e}", self.text))
    }

    pub(crate) fn timeline(&self) -> Timeline {
        Timeline {
            steps: self.steps,
            evaluations: self.evaluations,
        }
    }

    pub(crate) fn scheduler(&self) -> Owned {
        host::scheduler(&self.policy(), self.timeline(), self.lanes)
    }

    /// Whether a call may have to be made twice.
    pub(crate) fn rolls_back(&self) -> bool {
        self.policy().verify.kind == VerifyKind::Rollback
    }

    /// Makes every call; the scheduler at the end, and the events by lane, without those of calls
    /// that were rolled back.
    pub(crate) fn finish(&self) -> (Owned, Vec<Vec<Event>>) {
        let mut scheduler = self.scheduler();
        let policy = self.policy();
        let mut events = vec![Vec::new(); self.lanes];
        let mut kept = vec![Kept::NOTHING; self.lanes];
        for input in &self.inputs {
            if input.invalidated {
                scheduler.invalidate(input.lane as u32).expect("idle");
                kept[input.lane] = Kept::NOTHING;
            }
            loop {
                let pending = match scheduler.begin(call(input)).expect("in order") {
                    Begin::Decided(pending) => pending,
                    Begin::Needs(question) => {
                        let values = host::answer(&question, input);
                        scheduler.decide(question, &values).expect("asked")
                    }
                };
                let decision = *pending.decision();
                let kept = &mut kept[input.lane];
                let (feature, _) = kept.carry_out(&policy, &decision, input.feature);
                let values = host::measured(&policy, decision.action, input, kept);
                let event = scheduler
                    .commit(pending, host::outcome(&values))
                    .expect("decided");
                let again = policy.verify.kind == VerifyKind::Rollback
                    && decision.action == Action::Verify
                    && event.reason != decision.reason;
                if !again {
                    kept.keep(&decision, feature, 0.0);
                    events[input.lane].push(event);
                    break;
                }
            }
        }
        (scheduler, events)
    }
}

/// The call that an input is for.
pub(crate) fn call(input: &Input) -> Call {
    Call {
        evaluation: input.evaluation,
        lane: input.lane as u32,
        time: input.time,
        ..Call::new(input.step)
    }
}
