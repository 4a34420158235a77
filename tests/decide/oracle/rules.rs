//! Guards, costs and budgets, from the reference controller and the official loops.

use super::{Fault, Input, Lane, Past, Run, Settings, schedules};

/// Why the call is computed before anything is measured, in order of precedence.
pub(super) fn guard(run: &Run, input: &Input, group: &[Lane]) -> Option<&'static str> {
    let (s, steps, step) = (run.s, run.steps, input.step);
    let lane = &group[0];
    let last = if s.fault == Some(Fault::LastFree) {
        0
    } else {
        s.last
    };
    let total = |lane: &Lane| -> f64 {
        let counted = lane.past.iter();
        let free = s.fault == Some(Fault::SkippedSignalsAlone);
        counted
            .filter(|past| !free || !past.computed)
            .filter_map(|past| past.signal)
            .sum()
    };
    let rules = [
        ("always", s.gauge == "always"),
        ("warmup", step < s.warmup(steps)),
        (
            "last-steps",
            u64::from(step) + u64::from(last) >= u64::from(steps),
        ),
        ("window", outside(run, input)),
        ("mask", masked(run, input)),
        ("no-history", lane.anchors() == 0),
        ("forecast-rejected", lane.rejected()),
        ("max-run", too_long(s, step, lane)),
        (
            "max-total",
            s.max_total > 0 && lane.skips() >= s.max_total as usize,
        ),
        ("max-spent", s.max_spent > 0.0 && total(lane) >= s.max_spent),
    ];
    rules
        .iter()
        .find(|(_, holds)| *holds)
        .map(|(reason, _)| *reason)
}

pub(super) fn outside(run: &Run, input: &Input) -> bool {
    let s = run.s;
    let (step, steps) = (f64::from(input.step), f64::from(run.steps));
    let closed = s.fault == Some(Fault::WindowClosed);
    let within = |at: f64, start: f64, end: f64| at >= start && (at < end || closed && at == end);
    match s.window.as_str() {
        "time" if closed => input.time < s.start || input.time > s.end,
        "time" => input.time <= s.start || input.time >= s.end,
        "step" => !within(step, s.start, s.end),
        _ if s.fault == Some(Fault::WindowProduct) => !within(step, s.start * steps, s.end * steps),
        _ => !within(step / steps, s.start, s.end),
    }
}

/// One bit a step, or one a step and column; lanes take the columns in turn.
fn masked(run: &Run, input: &Input) -> bool {
    let mask = &run.s.mask;
    if mask.is_empty() {
        return false;
    }
    let columns = mask.len() / run.steps as usize;
    let column = if run.s.fault == Some(Fault::ColumnsIgnored) {
        0
    } else {
        input.lane % columns
    };
    mask[input.step as usize * columns + column]
}

fn too_long(s: &Settings, step: u32, lane: &Lane) -> bool {
    let extra = u32::from(s.fault == Some(Fault::RunOffByOne));
    let counted = s.run_count == "cache-dit" && s.fault != Some(Fault::PlainCount);
    let run = if counted {
        continuous(lane)
    } else {
        lane.run() as u32
    };
    let enhanced = step < s.enhance && s.fault != Some(Fault::EnhanceIgnored);
    s.max_run > 0 && run >= s.max_run + extra || enhanced && lane.run() >= 1
}

/// cache-dit's counter of continuous hits: the first hit of a run counts, then only hits next to a
/// hit, twice if the counter stands at zero; the cap alone sets it back, or new anchors do.
fn continuous(lane: &Lane) -> u32 {
    let (old, new) = lane.past.split_at(lane.valid_from);
    let mut ever = old.iter().any(|past| !past.computed);
    let (mut counter, mut before) = (0, false);
    for past in new {
        if past.reason == "max-run" {
            counter = 0;
        }
        let hit = !past.computed;
        if hit && !ever {
            counter += 1;
        } else if hit && before {
            counter += if counter == 0 { 2 } else { 1 };
        }
        ever |= hit;
        before = hit;
    }
    counter
}

/// What skipping this call costs one lane.
pub(super) fn cost(
    run: &Run,
    input: &Input,
    lane: &Lane,
    signal: f64,
) -> Result<f64, &'static str> {
    match run.s.gauge.as_str() {
        "curve" => Ok(magcache(run, input, lane)),
        _ => measured(run, input, lane, signal),
    }
}

/// TeaCache: p(d), raw. FBCache: d. EasyCache: k · d, with the k of the last computed call.
pub(super) fn measured(
    run: &Run,
    input: &Input,
    lane: &Lane,
    signal: f64,
) -> Result<f64, &'static str> {
    let s = run.s;
    let signal = match s.fault {
        Some(Fault::NegativeIsZero) if signal < 0.0 => 0.0,
        _ => signal,
    };
    if !signal.is_finite() || signal < 0.0 {
        return Err("signal-unusable");
    }
    let skips = lane.run() as f64;
    let cost = match s.rescale.as_str() {
        "polynomial" | "absolute-polynomial" => {
            let x = if s.fault == Some(Fault::DomainIgnored) {
                signal
            } else {
                signal.max(s.domain_min).min(s.domain_max)
            };
            // c0 x^n + … + cn, as numpy's poly1d evaluates it.
            let mut value = 0.0;
            for c in &s.coefficients {
                value = value * x + c;
            }
            let absolute = s.rescale == "absolute-polynomial";
            match s.fault {
                Some(Fault::PolynomialClamped) => f64::max(value, 0.0),
                Some(Fault::SignedPolynomial) => value,
                _ if absolute => value.abs(),
                _ => value,
            }
        }
        "rate" => {
            let mut computed = lane.past.iter().rev().filter(|past| past.computed);
            let rate = if s.fault == Some(Fault::StaleRate) {
                computed.find_map(|past| past.value)
            } else {
                computed.next().and_then(|past| past.value)
            };
            rate.ok_or("rate-unknown")? * signal
        }
        "gap" if s.fault != Some(Fault::GapIgnored) => {
            signal / (lane.past.len() - lane.since(true) + 1) as f64
        }
        "sensitivity" => {
            let half = s.curve.len() / 2;
            let last = lane.past.iter().rev().find(|past| past.computed);
            let elapsed = (input.time - last.map_or(input.time, |past| past.time)).abs();
            let elapsed = if s.fault == Some(Fault::TimeIsFree) {
                0.0
            } else {
                elapsed
            };
            let at = |curve: &[f64]| value(run, input, curve);
            at(&s.curve[..half]) * signal + at(&s.curve[half..]) * elapsed
        }
        _ => signal,
    };
    let run_factor = if s.gauge == "signal" && s.fault != Some(Fault::RunFactorIgnored) {
        s.run_factor
    } else {
        0.0
    };
    let cost = cost * (1.0 + run_factor * skips);
    if cost.is_finite() {
        Ok(cost)
    } else {
        Err("signal-unusable")
    }
}

/// MagCache: |1 − Π γ| over the calls since the last computed one.
fn magcache(run: &Run, input: &Input, lane: &Lane) -> f64 {
    let s = run.s;
    let since = lane.since(s.fault != Some(Fault::RatioGoesOn));
    let mut ratio = 1.0;
    for past in &lane.past[since..] {
        ratio *= past.gamma.expect("a curve is followed");
    }
    ratio *= gamma(run, input);
    let error: f64 = 1.0 - ratio;
    if (s.deviation == "signed") != (s.fault == Some(Fault::SignedRatio)) {
        error
    } else {
        error.abs()
    }
}

/// The calibrated value of a call.
pub(super) fn gamma(run: &Run, input: &Input) -> f64 {
    value(run, input, &run.s.curve)
}

/// The curve's value: the nearest by steps; by time on the line between two.
fn value(run: &Run, input: &Input, curve: &[f64]) -> f64 {
    let (s, last) = (run.s, curve.len() - 1);
    if s.curve_by == "step" || s.fault == Some(Fault::CurveBySteps) {
        return curve[index(run, input, curve.len())];
    }
    let share = (input.time - s.curve_start) / (s.curve_end - s.curve_start);
    let at = (share * last as f64).clamp(0.0, last as f64);
    let (before, behind) = (curve[at.floor() as usize], curve[at.ceil() as usize]);
    before + (behind - before) * at.fract()
}

/// The nearest calibrated value: numpy's round, half to even, of i · (S − 1) / (N − 1).
fn index(run: &Run, input: &Input, values: usize) -> usize {
    let (s, last) = (run.s, values - 1);
    if run.steps == 1 {
        return last;
    }
    let (product, span) = (input.step as usize * last, run.steps as usize - 1);
    if s.fault == Some(Fault::CurveDown) {
        product / span
    } else {
        // In whole numbers: a quotient of floats may land on the wrong side of a half.
        let down = product / span;
        match (2 * (product - down * span)).cmp(&span) {
            core::cmp::Ordering::Less => down,
            core::cmp::Ordering::Greater => down + 1,
            core::cmp::Ordering::Equal => down + down % 2,
        }
    }
}

/// What is spent after this call, if it is skipped: the costs since the last computed call, or of
/// the whole run where a computed call does not restart them.
pub(super) fn spent(s: &Settings, lane: &Lane, cost: f64) -> f64 {
    let restarts = s.reset && s.fault != Some(Fault::NoRestart);
    let since = lane.since(restarts);
    let mut spent = 0.0;
    for cost in lane.past[since..]
        .iter()
        .filter_map(|past| past.cost)
        .chain([cost])
    {
        spent = match s.budget.as_str() {
            "instant" => cost,
            "leaky" if s.fault == Some(Fault::LeakAfter) => (spent + cost) * s.decay,
            "leaky" => spent * s.decay + cost,
            _ => spent + cost,
        };
    }
    spent
}

/// Whether a call of that cost may be skipped.
pub(super) fn affordable(run: &Run, input: &Input, lane: &Lane, cost: f64) -> bool {
    let s = run.s;
    let protected = s.gauge == "curve" && s.protect > 0 && s.fault != Some(Fault::ProtectIgnored);
    if protected && index(run, input, s.curve.len()) == s.protect {
        return false;
    }
    if s.max_cost > 0.0 && s.fault != Some(Fault::MaxCostIgnored) {
        // FramePack's MagCache looks at the ratio of the call itself.
        let own = match s.gauge.as_str() {
            "curve" if s.fault != Some(Fault::MaxCostOfProduct) => {
                f64::abs(1.0 - gamma(run, input))
            }
            _ => cost,
        };
        if own > s.max_cost {
            return false;
        }
    }
    allows(run, input, lane, spent(s, lane, cost), Some(cost))
}

/// Whether that much may be spent.
fn allows(run: &Run, input: &Input, lane: &Lane, spent: f64, cost: Option<f64>) -> bool {
    let s = run.s;
    let threshold = s.threshold * factor(run, input, lane) * scale(run, lane, cost);
    if (s.compare == "at-most") != (s.fault == Some(Fault::Comparator)) {
        spent <= threshold
    } else {
        spent < threshold
    }
}

/// What the share of the run makes of the threshold.
fn factor(run: &Run, input: &Input, lane: &Lane) -> f64 {
    let s = run.s;
    let share = if s.progress == "computed" && s.fault != Some(Fault::StepsForComputed) {
        // UCache: those computed since the window opened, of all.
        let active = lane.past.iter().filter(|past| past.computed && past.within);
        active.count() as f64 / f64::from(run.steps * run.evaluations)
    } else {
        f64::from(input.step) / f64::from(run.steps)
    };
    let closed = s.fault == Some(Fault::FactorsClosed);
    if share < s.early_until || closed && share == s.early_until {
        s.early_factor
    } else if share > s.late_from || closed && share == s.late_from {
        s.late_factor
    } else {
        1.0
    }
}

/// What the threshold is a multiple of.
fn scale(run: &Run, lane: &Lane, cost: Option<f64>) -> f64 {
    let s = run.s;
    match s.scale.as_str() {
        // Foresight: the values of the last three steps of the warm-up, the newest counting most.
        "learned" => {
            let step = if s.fault == Some(Fault::EvenLambda) {
                1.0
            } else {
                0.1
            };
            let valid = lane.past[lane.valid_from..].iter().rev();
            let last = s.warmup(run.steps).saturating_sub(3);
            let warm = valid.filter(|past| past.reason == "warmup" && past.step >= last);
            let values = cost.into_iter().chain(warm.filter_map(|past| past.cost));
            let weighed = values.zip([1.0, step, step * step]).map(|(v, w)| v * w);
            weighed.sum()
        }
        // PreciseCache: the largest seen in the run, this one among them.
        "largest" => {
            let own = cost.filter(|_| s.fault != Some(Fault::LargestBefore));
            let valid = lane.past[lane.valid_from..].iter();
            let seen = valid.filter_map(|past| past.cost);
            seen.chain(own).fold(0.0, f64::max)
        }
        _ => 1.0,
    }
}

/// Why the call is or is not skipped, by what the last computed one measured.
pub(super) fn late(s: &Settings, lane: &Lane) -> &'static str {
    let last = lane.past.iter().rev().find(|past| past.computed);
    let Some(interval) = last.and_then(|past| past.interval) else {
        return "signal-unusable";
    };
    let early = u32::from(s.fault == Some(Fault::LateOffByOne));
    if (lane.run() as u32) + 1 < interval + early {
        "within-budget"
    } else {
        "budget-spent"
    }
}

/// One call in how many is computed behind a computed one that comes to that value.
pub(super) fn interval(run: &Run, input: &Input, lane: &Lane, reason: &str, value: f64) -> u32 {
    let s = run.s;
    if s.codebook.is_empty() {
        let warm = reason == "warmup" || s.scale == "largest";
        let own = Some(value).filter(|_| warm);
        return if allows(run, input, lane, value, own) {
            s.interval
        } else {
            1
        };
    }
    let closed = s.fault == Some(Fault::CodebookClosed);
    let mut pairs = s.codebook.chunks(2);
    let pair = pairs.find(|pair| value < pair[0] || closed && value == pair[0]);
    pair.map_or(1, |pair| pair[1] as u32)
}

/// Why the call is or is not skipped, by counting alone.
pub(super) fn count(run: &Run, input: &Input, lane: &Lane) -> &'static str {
    let s = run.s;
    if s.schedule != "since" {
        let computes = schedules::computes(s, run.steps, input.step);
        return if computes { "schedule" } else { "free" };
    }
    let warmup = s.warmup(run.steps);
    let all = s.fault == Some(Fault::GrowsInWarmup);
    let grown = |past: &&Past| past.computed && (all || past.step >= warmup);
    let computed = lane.past.iter().filter(grown).count();
    let interval = (f64::from(s.interval) + s.growth * computed as f64).floor();
    if ((lane.past.len() - lane.since(true)) as f64 + 1.0) < interval {
        "within-budget"
    } else {
        "budget-spent"
    }
}

/// SpeCa's threshold on the error of a forecast.
pub(super) fn tolerance(run: &Run, step: u32) -> f64 {
    let s = run.s;
    let share = match s.fault {
        Some(Fault::EvenTolerance) => 0.0,
        _ => f64::from(step) / f64::from(run.steps),
    };
    let floor = if s.fault == Some(Fault::NoFloor) {
        0.0
    } else {
        s.tolerance_floor
    };
    f64::max(s.tolerance * s.tolerance_decay.powf(share), floor)
}
