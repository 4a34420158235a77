//! What the scheduler should decide, written a second time from the published descriptions.
//!
//! It keeps the whole history of every lane in a `Vec` and works each decision out from the start
//! of the run, so that it shares neither code nor state with the crate. The published loops stand
//! in `official.rs`, costs in `rules.rs`, fixed schedules in `schedules.rs`, forecasts in
//! `forecast.rs`, a reader of the text form in `settings.rs`, and its defaults in `presets.rs`.

mod fault;
pub(crate) mod forecast;
pub(crate) mod official;
mod presets;
mod rules;
pub(crate) mod schedules;
mod settings;

pub(crate) use fault::Fault;
use forecast::{Point, Wanted};
pub(crate) use settings::Settings;

/// A feature: its low band and the rest.
pub(crate) type Feature = [f64; 2];

/// One evaluation of the network, and what the host would measure at it, per lane that decides.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) step: u32,
    pub(crate) evaluation: u32,
    /// First of the lanes that decide.
    pub(crate) lane: usize,
    pub(crate) time: f64,
    pub(crate) signals: Vec<f64>,
    /// Handed in behind the signals of an aligned prediction.
    pub(crate) factors: Vec<f64>,
    /// Rates or late signals, handed in if the call is computed; empty for a host that measures none.
    pub(crate) rates: Vec<f64>,
    /// Handed in if the call is verified; NaN for a host that does not measure it.
    pub(crate) error: f64,
    /// What the site gives if the call is computed.
    pub(crate) feature: Feature,
    /// The lane's anchors are forgotten before the call.
    pub(crate) invalidated: bool,
}

impl Input {
    /// A call of lane 0 at which nothing is measured.
    pub(crate) fn at(step: u32) -> Self {
        Self {
            step,
            evaluation: 0,
            lane: 0,
            time: f64::from(step),
            signals: vec![f64::NAN],
            factors: Vec::new(),
            rates: Vec::new(),
            error: f64::NAN,
            feature: [0.25, 1.0],
            invalidated: false,
        }
    }
}

/// What becomes of it. A call that is rolled back has two.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// `C`, `r`, `p` or `v`.
    pub(crate) action: char,
    /// As its event has it.
    pub(crate) reason: &'static str,
    pub(crate) order: usize,
    /// What the site gives, or what stands in for it.
    pub(crate) feature: Feature,
    /// How large the parts are of which it is the sum.
    pub(crate) scale: f64,
}

/// One call of one lane, as it went.
#[derive(Clone, Debug)]
struct Past {
    step: u32,
    time: f64,
    position: f64,
    computed: bool,
    reason: &'static str,
    /// Within the window.
    within: bool,
    /// What skipping would have cost, where that was asked, or what a late value comes to.
    cost: Option<f64>,
    /// A usable signal.
    signal: Option<f64>,
    /// A usable rate.
    value: Option<f64>,
    /// The curve's value.
    gamma: Option<f64>,
    /// Its forecast was found to be wrong.
    rejected: bool,
    feature: Feature,
}

/// The past of a lane; `valid_from` is where its anchors begin.
#[derive(Clone, Debug, Default)]
struct Lane {
    past: Vec<Past>,
    valid_from: usize,
    /// The call to be made was rolled back.
    rolled_back: bool,
}

impl Lane {
    fn last_computed(&self) -> Option<usize> {
        self.past.iter().rposition(|past| past.computed)
    }

    /// Where what was spent, or MagCache's product, begins: anew behind a computed call and with
    /// new anchors.
    fn since(&self, restarts: bool) -> usize {
        let computed = self.last_computed().filter(|_| restarts);
        computed.map_or(0, |last| last + 1).max(self.valid_from)
    }

    fn has_anchor(&self) -> bool {
        self.past[self.valid_from..]
            .iter()
            .any(|past| past.computed)
    }

    fn rejected(&self) -> bool {
        self.rolled_back || self.past.last().is_some_and(|past| past.rejected)
    }

    fn skips(&self) -> usize {
        self.past.iter().filter(|past| !past.computed).count()
    }

    fn run(&self) -> usize {
        self.past.len() - self.last_computed().map_or(0, |last| last + 1)
    }
}

/// A policy on a timeline.
struct Run<'a> {
    s: &'a Settings,
    steps: u32,
    evaluations: u32,
}

/// The verdicts on a whole run.
pub(crate) fn run(
    settings: &Settings,
    steps: u32,
    evaluations: u32,
    lanes: usize,
    inputs: &[Input],
) -> Vec<Verdict> {
    let run = Run {
        s: settings,
        steps,
        evaluations,
    };
    let mut all = vec![Lane::default(); lanes];
    let mut verdicts = Vec::new();
    for input in inputs {
        let group = &mut all[input.lane..input.lane + input.signals.len()];
        if input.invalidated {
            group
                .iter_mut()
                .for_each(|lane| lane.valid_from = lane.past.len());
        }
        verdicts.push(call(&run, group, input));
        if group[0].rolled_back {
            verdicts.push(call(&run, group, input));
        }
    }
    verdicts
}

fn call(run: &Run, group: &mut [Lane], input: &Input) -> Verdict {
    let s = run.s;
    let by_step = f64::from(input.step) + f64::from(input.evaluation) / f64::from(run.evaluations);
    let by_time = s.axis == "time" && s.fault != Some(Fault::TimeIgnored);
    let position = if by_time { input.time } else { by_step };
    let Judgement {
        mut reason,
        costs,
        signals,
    } = match rules::guard(run, input, group) {
        Some(reason) => Judgement::unmeasured(reason, group.len()),
        None => judge(run, group, input),
    };
    let computed = !matches!(reason, "within-budget" | "free");
    let (order, feature) = if computed {
        (0, input.feature)
    } else {
        stand_in(run, &group[0], input, position)
    };
    let skip = group[0].run() as u32 + 1;
    let from = s.verify_from + u32::from(s.fault == Some(Fault::VerifiesLate));
    let verified = !computed && s.verify != "none" && skip >= from;
    // An error that is not known is too large.
    let unknown = !(input.error.is_finite() && input.error >= 0.0);
    let trusting = s.fault == Some(Fault::TrustsUnknown);
    let wrong = unknown && !trusting || input.error > rules::tolerance(run, input.step);
    let rejected = verified && wrong;
    if rejected {
        reason = "forecast-rejected";
    }
    let rolled_back = rejected && s.verify == "rollback" && s.fault != Some(Fault::NoRollback);
    for (i, lane) in group.iter_mut().enumerate() {
        lane.rolled_back = rolled_back;
        if rolled_back {
            continue;
        }
        let given = match s.pool.as_str() {
            "mean" if !input.rates.is_empty() => Some(mean(&input.rates)),
            _ => input.rates.get(i).copied(),
        };
        let late = s.gauge == "late" && computed;
        let cost = if late {
            given.and_then(|value| rules::measured(run, input, lane, value).ok())
        } else {
            costs[i]
        };
        lane.past.push(Past {
            step: input.step,
            time: input.time,
            position,
            computed,
            reason,
            within: !rules::outside(run, input),
            cost,
            signal: signals[i],
            value: given.filter(|value| value.is_finite() && *value >= 0.0),
            gamma: (s.gauge == "curve").then(|| rules::gamma(run, input)),
            rejected,
            feature,
        });
    }
    Verdict {
        action: match (computed, verified, order) {
            (true, ..) => 'C',
            (false, true, _) => 'v',
            (false, false, 0) => 'r',
            (false, false, _) => 'p',
        },
        reason,
        order,
        feature,
        scale: feature.iter().map(|part| part.abs()).sum(),
    }
}

/// What stands in for a skipped call.
fn stand_in(run: &Run, lane: &Lane, input: &Input, position: f64) -> (usize, Feature) {
    let s = run.s;
    let wanted = Wanted {
        steps: run.steps,
        step: input.step,
        target: position,
        factor: input.factors.first().copied(),
    };
    let valid = &lane.past[lane.valid_from..];
    let newest = valid.iter().rev().find(|past| past.computed);
    let newest = newest.expect("a guard sees to it").feature;
    let part = |of: &dyn Fn(&Feature) -> f64| {
        let points: Vec<_> = valid
            .iter()
            .map(|past| Point {
                step: past.step,
                position: past.position,
                computed: past.computed,
                value: of(&past.feature),
            })
            .collect();
        forecast::forecast(s, &points, wanted)
    };
    if s.predictor == "dmd" {
        // Its weights are those of the whole feature.
        let (order, whole) = part(&|feature| feature[0] + feature[1]);
        return (order, [0.0, whole]);
    }
    let (order, mut high) = part(&|feature| feature[1]);
    let (_, mut low) = part(&|feature| feature[0]);
    if s.split == "band" && s.fault != Some(Fault::LowIsForecast) {
        low = newest[0];
    }
    if s.split == "band" && s.site == "branch" && s.fault != Some(Fault::BoostIgnored) {
        let early = f64::from(input.step) / f64::from(run.steps) < s.boundary;
        if early {
            low *= 1.0 + s.boost;
        } else {
            high *= 1.0 + s.boost;
        }
    }
    (order, [low, high])
}

/// A reason, every lane's cost, and the signals that are usable.
struct Judgement {
    reason: &'static str,
    costs: Vec<Option<f64>>,
    signals: Vec<Option<f64>>,
}

impl Judgement {
    fn unmeasured(reason: &'static str, lanes: usize) -> Self {
        Self {
            reason,
            costs: vec![None; lanes],
            signals: vec![None; lanes],
        }
    }
}

/// What becomes of a call to which no guard objects.
fn judge(run: &Run, group: &[Lane], input: &Input) -> Judgement {
    let s = run.s;
    match s.gauge.as_str() {
        "free" => return Judgement::unmeasured("free", group.len()),
        "count" => {
            let reason = rules::count(run, input, &group[0]);
            return Judgement::unmeasured(reason, group.len());
        }
        "late" => {
            let reasons: Vec<_> = group.iter().map(|l| rules::late(run, input, l)).collect();
            let unknown = reasons.iter().find(|reason| **reason == "signal-unusable");
            let skip = pooled(s, reasons.iter().map(|reason| *reason == "within-budget"));
            let reason = match (unknown, skip) {
                (Some(unknown), _) => unknown,
                (None, true) => "within-budget",
                (None, false) => "budget-spent",
            };
            return Judgement::unmeasured(reason, group.len());
        }
        _ => {}
    }
    let given = match s.pool.as_str() {
        "mean" => vec![mean(&input.signals); input.signals.len()],
        _ => input.signals.clone(),
    };
    let answers: Vec<_> = group
        .iter()
        .zip(&given)
        .map(|(lane, signal)| rules::cost(run, input, lane, *signal))
        .collect();
    let costs = answers.iter().map(|answer| answer.ok()).collect();
    let usable = |signal: &f64| signal.is_finite() && *signal >= 0.0;
    let measured = s.gauge == "signal";
    let signals = given
        .iter()
        .map(|signal| Some(*signal).filter(|signal| measured && usable(signal)))
        .collect();
    let unaligned = s.predictor == "aligned" && input.factors.iter().any(|f| f.is_nan());
    let unknown = answers.iter().find_map(|answer| answer.err());
    let reason = if let Some(unknown) = unknown {
        // What cannot be known is never a skip, whatever the other lanes want.
        unknown
    } else if unaligned && group[0].past.iter().filter(|past| past.computed).count() > 1 {
        "signal-unusable"
    } else {
        let wishes = group.iter().zip(&answers).map(|(lane, answer)| {
            rules::affordable(run, input, lane, answer.unwrap_or(f64::INFINITY))
        });
        if pooled(s, wishes) {
            "within-budget"
        } else {
            "budget-spent"
        }
    };
    Judgement {
        reason,
        costs,
        signals,
    }
}

/// Whether lanes that wish so are skipped together.
fn pooled(s: &Settings, mut wishes: impl Iterator<Item = bool>) -> bool {
    let all = (s.pool == "all") != (s.fault == Some(Fault::PoolSwapped));
    if all {
        wishes.any(|w| w)
    } else {
        wishes.all(|w| w)
    }
}

fn mean(values: &[f64]) -> f64 {
    if values.iter().all(|v| v.is_finite() && *v >= 0.0) {
        values.iter().sum::<f64>() / values.len() as f64
    } else {
        f64::NAN
    }
}
