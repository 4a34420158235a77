//! What the scheduler should decide, written a second time from the published descriptions.
//!
//! It keeps the whole history of every lane in a `Vec` and works each decision out from the start
//! of the run, so that it shares neither code nor state with the crate. The published loops stand
//! in `official.rs`, costs in `rules.rs`, forecasts in `forecast.rs`, and a reader of the text form
//! in `settings.rs`.

pub(crate) mod forecast;
pub(crate) mod official;
mod rules;
mod settings;

pub(crate) use settings::Settings;

/// Mistakes the corpus must notice, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `<` for `≤` and the other way round.
    Comparator,
    /// A computed call does not restart what was spent.
    NoRestart,
    /// A computed call does not restart MagCache's product.
    RatioGoesOn,
    /// `1 − ratio` without the absolute value.
    SignedRatio,
    /// The longest run is one longer.
    RunOffByOne,
    /// The retention share is rounded down.
    RetentionDown,
    /// The curve is stretched to another number of steps by rounding down.
    CurveDown,
    /// A negative polynomial is cut off at zero.
    PolynomialClamped,
    /// A negative signal counts as zero.
    NegativeIsZero,
    /// A missing rate leaves the one before in place.
    StaleRate,
    /// Any lane that wants to skip makes the pool skip.
    PoolSwapped,
    /// The window's end belongs to it.
    WindowClosed,
    /// The window's edges are rounded twice.
    WindowProduct,
    /// The last step is not protected.
    LastFree,
    /// A leaky budget shrinks what the call itself costs, too.
    LeakAfter,
    /// The Taylor table divides each order by its own spacing, as Newton's does.
    TrueDifferences,
    /// The Taylor table starts with the first step instead of at the end of the warm-up.
    NoGate,
    /// Forecasts count calls where they should use the sampler's time.
    TimeIgnored,
}

impl Fault {
    pub(crate) const ALL: [Self; 18] = [
        Self::Comparator,
        Self::NoRestart,
        Self::RatioGoesOn,
        Self::SignedRatio,
        Self::RunOffByOne,
        Self::RetentionDown,
        Self::CurveDown,
        Self::PolynomialClamped,
        Self::NegativeIsZero,
        Self::StaleRate,
        Self::PoolSwapped,
        Self::WindowClosed,
        Self::WindowProduct,
        Self::LastFree,
        Self::LeakAfter,
        Self::TrueDifferences,
        Self::NoGate,
        Self::TimeIgnored,
    ];
}

/// One evaluation of the network, and what the host would measure at it, per lane that decides.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) step: u32,
    pub(crate) evaluation: u32,
    /// First of the lanes that decide.
    pub(crate) lane: usize,
    pub(crate) time: f64,
    pub(crate) signals: Vec<f64>,
    /// Handed in if the call is computed; empty for a host that measures none.
    pub(crate) rates: Vec<f64>,
    /// What the site gives if the call is computed.
    pub(crate) feature: f64,
    /// The lane's anchors are forgotten before the call.
    pub(crate) invalidated: bool,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// `C`, `r` or `p`.
    pub(crate) action: char,
    pub(crate) reason: &'static str,
    pub(crate) order: usize,
    /// What the site gives, or what stands in for it.
    pub(crate) feature: f64,
    /// How large the parts are of which it is the sum.
    pub(crate) scale: f64,
}

/// One call of one lane, as it went.
#[derive(Clone, Debug)]
struct Past {
    step: u32,
    position: f64,
    computed: bool,
    /// What skipping would have cost, where that was asked.
    cost: Option<f64>,
    rate: Option<f64>,
    feature: f64,
}

/// The past of a lane; `valid_from` is where its anchors begin.
#[derive(Clone, Debug, Default)]
struct Lane {
    past: Vec<Past>,
    valid_from: usize,
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

    fn skips(&self) -> usize {
        self.past.iter().filter(|past| !past.computed).count()
    }

    fn run(&self) -> usize {
        self.past.len() - self.last_computed().map_or(0, |last| last + 1)
    }
}

/// The verdicts on a whole run.
pub(crate) fn run(
    settings: &Settings,
    steps: u32,
    evaluations: u32,
    lanes: usize,
    inputs: &[Input],
) -> Vec<Verdict> {
    let mut all = vec![Lane::default(); lanes];
    inputs
        .iter()
        .map(|input| {
            let group = &mut all[input.lane..input.lane + input.signals.len()];
            call(settings, steps, evaluations, group, input)
        })
        .collect()
}

fn call(s: &Settings, steps: u32, evaluations: u32, group: &mut [Lane], input: &Input) -> Verdict {
    let by_step = f64::from(input.step) + f64::from(input.evaluation) / f64::from(evaluations);
    let by_time = s.axis == "time" && s.fault != Some(Fault::TimeIgnored);
    let position = if by_time { input.time } else { by_step };
    if input.invalidated {
        group
            .iter_mut()
            .for_each(|lane| lane.valid_from = lane.past.len());
    }
    let (reason, costs) = match rules::guard(s, steps, input.step, &group[0]) {
        Some(reason) => (reason, vec![None; group.len()]),
        None => judge(s, steps, group, input),
    };
    let computed = !matches!(reason, "within-budget" | "free");
    let (order, feature) = if computed {
        (0, input.feature)
    } else {
        let valid = &group[0].past[group[0].valid_from..];
        let anchors: Vec<_> = valid.iter().filter(|past| past.computed).collect();
        let anchors: Vec<_> = anchors
            .iter()
            .map(|past| (past.step, past.position, past.feature))
            .collect();
        forecast::forecast(s, s.warmup(steps), &anchors, position)
    };
    for (i, lane) in group.iter_mut().enumerate() {
        let rate = match s.pool.as_str() {
            "mean" if !input.rates.is_empty() => Some(mean(&input.rates)),
            _ => input.rates.get(i).copied(),
        };
        lane.past.push(Past {
            step: input.step,
            position,
            computed,
            cost: costs[i],
            rate: rate.filter(|rate| rate.is_finite() && *rate >= 0.0),
            feature,
        });
    }
    Verdict {
        action: match (computed, order) {
            (true, _) => 'C',
            (false, 0) => 'r',
            (false, _) => 'p',
        },
        reason,
        order,
        feature,
        scale: feature.abs(),
    }
}

/// The reason and every lane's cost, where no guard objects.
fn judge(
    s: &Settings,
    steps: u32,
    group: &[Lane],
    input: &Input,
) -> (&'static str, Vec<Option<f64>>) {
    let signals = match s.pool.as_str() {
        "mean" => vec![mean(&input.signals); input.signals.len()],
        _ => input.signals.clone(),
    };
    let answers: Vec<_> = group
        .iter()
        .zip(signals)
        .map(|(lane, signal)| rules::cost(s, steps, input.step, lane, signal))
        .collect();
    let costs = answers.iter().map(|answer| answer.ok()).collect();
    // What cannot be known is never a skip, whatever the other lanes want.
    if let Some(unknown) = answers.iter().find_map(|answer| answer.err()) {
        return (unknown, costs);
    }
    let wants_skip = |(lane, answer): (&Lane, &Result<f64, _>)| {
        let spent = rules::spent(s, lane, answer.unwrap_or(f64::INFINITY));
        rules::allows(s, spent)
    };
    let mut wishes = group.iter().zip(&answers).map(wants_skip);
    let all = (s.pool == "all") != (s.fault == Some(Fault::PoolSwapped));
    let skip = if all {
        wishes.any(|w| w)
    } else {
        wishes.all(|w| w)
    };
    let reason = match (skip, s.gauge.as_str()) {
        (true, "free") => "free",
        (true, _) => "within-budget",
        (false, _) => "budget-spent",
    };
    (reason, costs)
}

fn mean(values: &[f64]) -> f64 {
    if values.iter().all(|v| v.is_finite() && *v >= 0.0) {
        values.iter().sum::<f64>() / values.len() as f64
    } else {
        f64::NAN
    }
}
