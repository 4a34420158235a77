//! Policies composed of parts, whatever method they may be.

use super::{Frame, Random};
use crate::oracle::schedules;

/// Items of a policy that starts with `full`.
pub(super) fn policy(random: &mut Random, frame: Frame) -> Vec<String> {
    let frame = Frame {
        columns: frame.lanes.is_multiple_of(2),
        ..frame
    };
    let gauge = random.pick(&[
        "count", "count", "signal", "signal", "curve", "late", "free",
    ]);
    let mut items = vec![format!("gauge={gauge}")];
    let mut curve = None;
    let rate = match gauge {
        "count" => {
            schedule(random, frame, &mut items);
            false
        }
        "curve" => {
            let len = 1 + random.below(40);
            curve = Some((len, random.numbers(len, 0.85, 1.2)));
            if random.one_in(2) {
                items.push(format!("protect={}", 1 + random.below(len)));
            }
            let deviation = random.pick(&["absolute", "signed"]);
            items.push(format!("deviation={deviation}"));
            false
        }
        "signal" | "late" => rescale(random, gauge, &mut items, &mut curve),
        _ => false,
    };
    if let Some((_, numbers)) = &curve {
        items.push(format!("curve={numbers}"));
        let protected = items.iter().any(|item| item.starts_with("protect"));
        if !protected && random.one_in(2) {
            let start = 1000.0 * random.share();
            let end = start + (1.0 + 200.0 * random.share()) * random.sign();
            items.push(format!("curve_by=time,curve_start={start},curve_end={end}"));
        }
    }
    match gauge {
        "signal" | "curve" => {
            threshold(random, &["constant", "constant", "largest"], &mut items);
            budget(random, &mut items);
            if random.one_in(3) {
                items.push(format!("max_cost={}", 0.5 * random.share()));
            }
        }
        "late" if random.one_in(2) => {
            let pairs = (1..=1 + random.below(4)).map(|i| {
                let over = if random.one_in(2) {
                    0.0
                } else {
                    random.share()
                };
                let threshold = (f64::from(i as u32) + 0.5 * over) / 8.0;
                format!("{threshold}/{}", 1 + random.below(7))
            });
            let pairs = pairs.collect::<Vec<_>>();
            items.push(format!("codebook={}", pairs.join("/")));
        }
        "late" => {
            threshold(random, &["constant", "learned", "largest"], &mut items);
            items.push(format!("compare={}", random.pick(&["below", "at-most"])));
            items.push(format!("interval={}", 1 + random.below(6)));
        }
        _ => {}
    }
    guards(random, frame, false, &mut items);
    if gauge == "signal" && random.one_in(3) {
        items.push(format!("run_factor={}", random.share()));
    }
    if gauge == "signal" && random.one_in(4) {
        items.push(format!("max_spent={}", 4.0 * random.share()));
    }
    let pool = random.pick(&["alone", "alone", "any", "all", "mean"]);
    let columns = items.iter().any(|item| item.starts_with("mask="));
    if !columns {
        items.push(format!("pool={pool}"));
    }
    let alone = pool == "alone" || columns;
    let parts = Parts {
        measured: gauge == "signal",
        late: gauge == "late",
        rate,
        curved: curve.is_some(),
        alone,
    };
    predictor(random, frame, parts, &mut items);
    verify(random, &mut items);
    items
}

/// What bears on the choice of a predictor.
#[derive(Clone, Copy)]
struct Parts {
    measured: bool,
    late: bool,
    rate: bool,
    curved: bool,
    alone: bool,
}

fn schedule(random: &mut Random, frame: Frame, items: &mut Vec<String>) {
    let steps = frame.steps;
    let mut kind = random.pick(&[
        "since",
        "since",
        "first",
        "last",
        "quadratic",
        "scm",
        "toca",
    ]);
    let interval = 1 + random.below(8) as u32;
    let center = random.below(u64::from(steps.div_ceil(2))) as u32;
    if kind == "scm" && !matches!(steps, 4 | 6 | 8..) {
        kind = "toca";
    }
    let count = steps.div_ceil(interval);
    if kind == "quadratic" && schedules::quadratic(steps, count, f64::from(center), false).is_none()
    {
        kind = "last";
    }
    items.push(format!("schedule={kind}"));
    if kind == "scm" {
        let level = random.pick(&["slow", "medium", "fast", "ultra"]);
        items.push(format!("level={level}"));
        return;
    }
    items.push(format!("interval={interval}"));
    match kind {
        "since" if random.one_in(2) => items.push(format!("growth={}", random.share())),
        "first" if random.one_in(2) => items.push(format!("offset={}", random.below(9))),
        "quadratic" => items.push(format!("center={center}")),
        _ => {}
    }
}

/// Whether the cost is a rate's.
fn rescale(
    random: &mut Random,
    gauge: &str,
    items: &mut Vec<String>,
    curve: &mut Option<(u64, String)>,
) -> bool {
    let late = ["identity", "polynomial", "absolute-polynomial", "gap"];
    let kind = if gauge == "late" {
        random.pick(&late)
    } else {
        random.pick(&[
            "identity",
            "polynomial",
            "absolute-polynomial",
            "rate",
            "gap",
            "sensitivity",
        ])
    };
    items.push(format!("rescale={kind}"));
    match kind {
        "polynomial" | "absolute-polynomial" => {
            let len = 1 + random.below(5);
            let numbers = random.numbers(len, -2.0, 3.0);
            let constant = random.pick(&["0.125", "-0.125"]);
            items.push(format!("coefficients={numbers}/{constant}"));
            if random.one_in(2) {
                let edges = [0.25 * random.share(), 0.5 * random.share()];
                let [min, max] = [edges[0].min(edges[1]), edges[0].max(edges[1])];
                items.push(format!("domain_min={min},domain_max={max}"));
            }
        }
        "rate" => items.push("signal=model-input".to_owned()),
        "sensitivity" => {
            let len = 2 * (1 + random.below(20));
            *curve = Some((len, random.numbers(len, 0.0, 1.0)));
        }
        _ => {}
    }
    kind == "rate"
}

fn threshold(random: &mut Random, scales: &[&str], items: &mut Vec<String>) {
    items.push(format!("threshold={}", 2.0 * random.share()));
    items.push(format!("scale={}", random.pick(scales)));
    if random.one_in(3) {
        items.push(format!("early_factor={}", 2.0 * random.share()));
        items.push(format!("early_until={}", random.share()));
    }
    if random.one_in(3) {
        items.push(format!("late_factor={}", 2.0 * random.share()));
        items.push(format!("late_from={}", random.share()));
    }
    items.push(format!("progress={}", random.pick(&["step", "computed"])));
}

/// How costs add up.
pub(super) fn budget(random: &mut Random, items: &mut Vec<String>) {
    let budget = random.pick(&["sum", "leaky", "instant"]);
    items.push(format!("budget={budget}"));
    if budget == "leaky" {
        items.push(format!("decay={}", random.share()));
    }
    if budget != "instant" && random.one_in(2) {
        items.push(format!("reset={}", random.below(2)));
    }
    items.push(format!("compare={}", random.pick(&["below", "at-most"])));
}

/// When a call is computed regardless.
pub(super) fn guards(random: &mut Random, frame: Frame, masked: bool, items: &mut Vec<String>) {
    for (key, most) in [
        ("warmup", 8),
        ("last", 4),
        ("max_total", 12),
        ("enhance", 12),
    ] {
        if random.one_in(3) {
            items.push(format!("{key}={}", random.below(most)));
        }
    }
    if random.one_in(3) {
        items.push(format!("max_run={}", 1 + random.below(5)));
        let count = random.pick(&["consecutive", "cache-dit"]);
        items.push(format!("run_count={count}"));
    }
    if random.one_in(5) {
        items.push(format!("retention={}", (1.0 + random.share()) / 2.5));
        items.push(format!("rounding={}", random.pick(&["nearest", "down"])));
    }
    if random.one_in(4) {
        // Shares that steps fall on.
        let mut edge = || random.below(101) as f64 / 100.0;
        let (a, b) = (edge(), edge());
        let (start, end) = (a.min(b), a.max(b));
        let window = random.pick(&["share", "step", "time"]);
        let unit = match window {
            "share" => 1.0,
            "step" => f64::from(frame.steps),
            _ => 1000.0,
        };
        items.push(format!("window={window}"));
        items.push(format!("start={},end={}", start * unit, end * unit));
    }
    if !masked && random.one_in(5) {
        let columns = if frame.columns { 2 } else { 1 };
        items.push(format!("mask={}", random.mask(frame.steps * columns)));
    }
}

fn predictor(random: &mut Random, frame: Frame, parts: Parts, items: &mut Vec<String>) {
    let mut kind = random.pick(&[
        "hold",
        "taylor",
        "newton",
        "hermite",
        "adams-bashforth",
        "foca",
        "gradient",
        "aligned",
        "rk2",
        "ab2",
        "forward",
        "bdf2",
        "adams-moulton",
        "chebyshev",
        "table",
    ]);
    let unfit = match kind {
        // FoCa is defined on whole steps.
        "foca" => frame.evaluations > 1,
        "aligned" => !parts.measured || !parts.alone,
        "table" => parts.curved || frame.steps > 40,
        "dmd" => parts.late || parts.rate,
        _ => false,
    };
    if unfit {
        kind = "newton";
    }
    items.push(format!("predictor={kind}"));
    let order = random.below(if kind == "table" { 2 } else { 5 });
    match kind {
        "taylor" | "newton" | "hermite" | "adams-bashforth" | "chebyshev" => {
            items.push(format!("order={order}"));
        }
        "table" => {
            let len = u64::from(frame.steps) * (order + 1);
            items.push(format!("order={order}"));
            items.push(format!("curve={}", random.numbers(len, -1.0, 2.0)));
        }
        _ => {}
    }
    match kind {
        "hermite" => items.push(format!("sigma={}", 0.25 + random.share())),
        "chebyshev" => items.push(format!("ridge={}", 0.01 + random.share())),
        "gradient" => {
            // Forecasts of forecasts would grow beyond what single precision can follow.
            let rolling = random.below(2);
            let most = if rolling == 1 { 1.0 } else { 2.0 };
            items.push(format!("gain={}", most * random.share()));
            items.push(format!("ramp={}", random.below(2)));
            items.push(format!("rolling={rolling}"));
            if random.one_in(2) {
                items.push(format!("gain_start={}", 0.4 * random.share()));
                items.push(format!("gain_end={}", 0.5 + 0.5 * random.share()));
            }
        }
        _ => {}
    }
    if kind == "aligned" {
        items.push(format!("gain={}", 1.0 + random.share()));
    }
    if matches!(kind, "taylor" | "newton" | "hermite" | "dmd") {
        items.push(format!("axis={}", random.pick(&["step", "time"])));
    }
    if matches!(kind, "taylor" | "newton" | "hermite" | "foca" | "dmd") && random.one_in(3) {
        items.push(format!("horizon={}", 1 + random.below(4)));
    }
    if !matches!(kind, "hold" | "chebyshev" | "table") && random.one_in(3) {
        items.push(format!("blend={}", random.share()));
    }
    if !matches!(kind, "chebyshev" | "dmd") && random.one_in(4) {
        items.push("split=band,band=0.25".to_owned());
        let rolls = kind == "adams-bashforth" || items.iter().any(|item| item == "rolling=1");
        if !rolls && random.one_in(2) {
            items.push(format!("site=branch,boost={}", random.share()));
            items.push(format!("boundary={}", random.share()));
        }
    }
}

fn verify(random: &mut Random, items: &mut Vec<String>) {
    if random.one_in(4) {
        items.push(format!("verify={}", random.pick(&["next", "rollback"])));
        items.push(format!("verify_from={}", 1 + random.below(3)));
        items.push(format!("tolerance={}", 0.5 * random.share()));
        items.push(format!("tolerance_decay={}", 0.01 + 0.99 * random.share()));
        items.push(format!("tolerance_floor={}", 0.25 * random.share()));
    }
}
