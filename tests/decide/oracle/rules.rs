//! Guards, costs and budgets, from the reference controller and the official loops.

use super::{Fault, Lane, Settings};

/// Why the call is computed before anything is measured, in order of precedence.
pub(super) fn guard(s: &Settings, steps: u32, step: u32, lane: &Lane) -> Option<&'static str> {
    let (share, start, end) = if s.fault == Some(Fault::WindowProduct) {
        let steps = f64::from(steps);
        (f64::from(step), s.start * steps, s.end * steps)
    } else {
        (f64::from(step) / f64::from(steps), s.start, s.end)
    };
    let closed = s.fault == Some(Fault::WindowClosed);
    let past_end = share > end || (share == end && !closed);
    let extra = usize::from(s.fault == Some(Fault::RunOffByOne));
    let last = if s.fault == Some(Fault::LastFree) {
        0
    } else {
        s.last
    };
    let rules = [
        ("always", s.gauge == "always"),
        ("warmup", step < s.warmup(steps)),
        (
            "last-steps",
            u64::from(step) + u64::from(last) >= u64::from(steps),
        ),
        ("window", share < start || past_end),
        ("mask", s.mask.get(step as usize) == Some(&true)),
        ("no-history", !lane.has_anchor()),
        ("max-run", s.max_run > 0 && lane.run() >= s.max_run + extra),
        ("max-total", s.max_total > 0 && lane.skips() >= s.max_total),
    ];
    rules
        .iter()
        .find(|(_, holds)| *holds)
        .map(|(reason, _)| *reason)
}

/// What skipping this call costs one lane.
pub(super) fn cost(
    s: &Settings,
    steps: u32,
    step: u32,
    lane: &Lane,
    signal: f64,
) -> Result<f64, &'static str> {
    match s.gauge.as_str() {
        "free" => Ok(0.0),
        "count" => Ok(1.0),
        "curve" => Ok(magcache(s, steps, step, lane)),
        _ => measured(s, lane, signal),
    }
}

/// TeaCache: p(d), raw. FBCache: d. EasyCache: k · d, with the k of the last computed call.
fn measured(s: &Settings, lane: &Lane, signal: f64) -> Result<f64, &'static str> {
    let signal = match s.fault {
        Some(Fault::NegativeIsZero) if signal < 0.0 => 0.0,
        _ => signal,
    };
    if !signal.is_finite() || signal < 0.0 {
        return Err("signal-unusable");
    }
    let cost = match s.rescale.as_str() {
        "polynomial" => {
            // c0 x^n + … + cn, as numpy's poly1d evaluates it.
            let mut value = 0.0;
            for c in &s.coefficients {
                value = value * signal + c;
            }
            if s.fault == Some(Fault::PolynomialClamped) {
                f64::max(value, 0.0)
            } else {
                value
            }
        }
        "rate" => {
            let mut computed = lane.past.iter().rev().filter(|past| past.computed);
            let rate = if s.fault == Some(Fault::StaleRate) {
                computed.find_map(|past| past.rate)
            } else {
                computed.next().and_then(|past| past.rate)
            };
            rate.ok_or("rate-unknown")? * signal
        }
        _ => signal,
    };
    if cost.is_finite() {
        Ok(cost)
    } else {
        Err("signal-unusable")
    }
}

/// MagCache: |1 − Π γ| over the calls since the last computed one.
fn magcache(s: &Settings, steps: u32, step: u32, lane: &Lane) -> f64 {
    let since = lane.since(s.fault != Some(Fault::RatioGoesOn));
    let mut ratio = 1.0;
    for past in &lane.past[since..] {
        ratio *= gamma(s, steps, past.step);
    }
    ratio *= gamma(s, steps, step);
    let error: f64 = 1.0 - ratio;
    if s.fault == Some(Fault::SignedRatio) {
        error
    } else {
        error.abs()
    }
}

/// The nearest calibrated value: numpy's round, half to even, of i · (S − 1) / (N − 1).
fn gamma(s: &Settings, steps: u32, step: u32) -> f64 {
    let last = s.curve.len() - 1;
    if steps == 1 {
        return s.curve[last];
    }
    let (product, span) = (step as usize * last, steps as usize - 1);
    let index = if s.fault == Some(Fault::CurveDown) {
        product / span
    } else {
        // In whole numbers: a quotient of floats may land on the wrong side of a half.
        let down = product / span;
        match (2 * (product - down * span)).cmp(&span) {
            core::cmp::Ordering::Less => down,
            core::cmp::Ordering::Greater => down + 1,
            core::cmp::Ordering::Equal => down + down % 2,
        }
    };
    s.curve[index]
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

/// Whether that much may be spent.
pub(super) fn allows(s: &Settings, spent: f64) -> bool {
    if s.gauge == "free" {
        return true;
    }
    if (s.compare == "at-most") != (s.fault == Some(Fault::Comparator)) {
        spent <= s.threshold
    } else {
        spent < s.threshold
    }
}
