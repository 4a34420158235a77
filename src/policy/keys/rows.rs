//! One row a key, in the order in which a policy is printed, and when each has an effect.

use super::applies::{
    BY_DISTANCE, ON_AXIS, compared, counts, follows_curve, gradient, has_tables, immediate,
    late_interval, limited, measured, polynomial, predicts, scheduled, sited, skips, spends,
    verifies,
};
use super::{Key, List, MAX_STEPS, Value};
use crate::policy::{
    BudgetKind, Comparator, CurveBy, Deviation, GaugeKind, Keep, Level, MAX_CURVE, Pool, Progress,
    Rescale, Rounding, RunCount, Scale, Schedule, SiteKind, SplitKind, VerifyKind, Window,
};
use crate::predict::{Axis, MAX_ORDER, PredictorKind};
use crate::signal::{Filter, Metric, Reference, SignalKind};
use crate::text::Named;

macro_rules! whole {
    ($min:expr, $max:expr, $($field:tt)+) => {
        Value::Whole { min: $min, max: $max, get: |p| p.$($field)+, set: |p, v| p.$($field)+ = v }
    };
}
macro_rules! number {
    ($min:expr, $max:expr, $($field:tt)+) => {
        Value::Number { min: $min, max: $max, get: |p| p.$($field)+, set: |p, v| p.$($field)+ = v }
    };
}
macro_rules! choice {
    ($type:ty, $($field:tt)+) => {
        Value::Choice {
            name: |n| <$type>::from_number(n).map(Named::name),
            get: |p| p.$($field)+ as u32,
            set: |p, n| if let Some(v) = <$type>::from_number(n) { p.$($field)+ = v },
        }
    };
}

/// Every key of the text form, in the order in which a policy is printed.
pub static KEYS: &[Key] = &[
    Key {
        name: "gauge",
        summary: "where the cost of skipping a call comes from",
        needs: "any policy",
        value: choice!(GaugeKind, gauge.kind),
        applies: |_| true,
    },
    Key {
        name: "model",
        summary: "use the coefficients, the curve or the mask published for a model",
        needs: "a method with published tables",
        value: Value::Model,
        applies: has_tables,
    },
    Key {
        name: "schedule",
        summary: "which calls are computed",
        needs: "gauge=count",
        value: choice!(Schedule, gauge.schedule),
        applies: counts,
    },
    Key {
        name: "interval",
        summary: "one call in this many is computed; larger skips more",
        needs: "gauge=count, or gauge=late without a codebook",
        value: whole!(1, 1_000_000, gauge.interval),
        applies: |p| counts(p) && p.gauge.schedule != Schedule::Scm || late_interval(p),
    },
    Key {
        name: "offset",
        summary: "step at which the pattern of computed calls starts",
        needs: "schedule=first",
        value: whole!(0, MAX_STEPS, gauge.offset),
        applies: |p| scheduled(p, Schedule::First),
    },
    Key {
        name: "level",
        summary: "how much of the run cache-dit's mask skips",
        needs: "schedule=scm",
        value: choice!(Level, gauge.level),
        applies: |p| scheduled(p, Schedule::Scm),
    },
    Key {
        name: "center",
        summary: "step around which computed calls are densest",
        needs: "schedule=quadratic",
        value: number!(0.0, 1e6, gauge.center),
        applies: |p| scheduled(p, Schedule::Quadratic),
    },
    Key {
        name: "growth",
        summary: "what the interval grows by with every computed call behind the warm-up; larger skips more",
        needs: "schedule=since",
        value: number!(0.0, 1e6, gauge.growth),
        applies: |p| scheduled(p, Schedule::Since),
    },
    Key {
        name: "threshold",
        summary: "cost that may be spent on skips, in units of the gauge and its scale; larger skips more",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: number!(0.0, 1e6, budget.threshold),
        applies: limited,
    },
    Key {
        name: "signal",
        summary: "what the host measures",
        needs: "gauge=signal or gauge=late",
        value: choice!(SignalKind, gauge.signal),
        applies: measured,
    },
    Key {
        name: "metric",
        summary: "how a tensor's change becomes a number",
        needs: "gauge=signal or gauge=late, of a tensor",
        value: choice!(Metric, gauge.metric),
        applies: compared,
    },
    Key {
        name: "filter",
        summary: "what the tensor goes through before it is measured",
        needs: "gauge=signal or gauge=late, of a tensor",
        value: choice!(Filter, gauge.filter),
        applies: compared,
    },
    Key {
        name: "filter_size",
        summary: "factor of downsample, share of the radius of low-pass, exponent of sea",
        needs: "a filter",
        value: number!(0.0, 1024.0, gauge.filter_size),
        applies: |p| compared(p) && p.gauge.filter != Filter::None,
    },
    Key {
        name: "reference",
        summary: "what the measured tensor is compared with",
        needs: "gauge=signal or gauge=late, of a tensor",
        value: choice!(Reference, gauge.reference),
        applies: compared,
    },
    Key {
        name: "rescale",
        summary: "how the measured value becomes a cost",
        needs: "gauge=signal or gauge=late",
        value: choice!(Rescale, gauge.rescale),
        applies: measured,
    },
    Key {
        name: "coefficients",
        summary: "polynomial of the signal, highest degree first",
        needs: "rescale=polynomial",
        value: Value::List(List::Coefficients),
        applies: polynomial,
    },
    Key {
        name: "domain_min",
        summary: "the signal counts as no smaller than this: where the polynomial was fitted",
        needs: "rescale=polynomial",
        value: number!(0.0, 1e9, gauge.domain_min),
        applies: polynomial,
    },
    Key {
        name: "domain_max",
        summary: "the signal counts as no larger than this: where the polynomial was fitted",
        needs: "rescale=polynomial",
        value: number!(0.0, 1e9, gauge.domain_max),
        applies: polynomial,
    },
    Key {
        name: "run_factor",
        summary: "a call costs so much more, as a share, for every skip before it in its run; larger is safer",
        needs: "gauge=signal",
        value: number!(0.0, 1e6, gauge.run_factor),
        applies: immediate,
    },
    Key {
        name: "curve",
        summary: "magnitude ratio of each step to the step before; sensitivities; weights of a table",
        needs: "gauge=curve, rescale=sensitivity or predictor=table",
        value: Value::List(List::Curve),
        applies: |p| follows_curve(p) || predicts(p, &[PredictorKind::Table]),
    },
    Key {
        name: "curve_by",
        summary: "what the curve is indexed by",
        needs: "gauge=curve or rescale=sensitivity",
        value: choice!(CurveBy, gauge.curve.by),
        applies: follows_curve,
    },
    Key {
        name: "curve_start",
        summary: "time of the curve's first value",
        needs: "curve_by=time",
        value: number!(-1e9, 1e9, gauge.curve.start),
        applies: |p| follows_curve(p) && p.gauge.curve.by == CurveBy::Time,
    },
    Key {
        name: "curve_end",
        summary: "time of the curve's last value",
        needs: "curve_by=time",
        value: number!(-1e9, 1e9, gauge.curve.end),
        applies: |p| follows_curve(p) && p.gauge.curve.by == CurveBy::Time,
    },
    Key {
        name: "protect",
        summary: "index of a value of the curve whose steps are always computed, 0 for none",
        needs: "gauge=curve",
        value: whole!(0, MAX_CURVE as u32 - 1, gauge.protect),
        applies: |p| p.gauge.kind == GaugeKind::Curve,
    },
    Key {
        name: "deviation",
        summary: "which deviation of the magnitude ratios from 1 counts",
        needs: "gauge=curve",
        value: choice!(Deviation, gauge.deviation),
        applies: |p| p.gauge.kind == GaugeKind::Curve,
    },
    Key {
        name: "codebook",
        summary: "threshold and interval in turn: the interval that follows values below the threshold",
        needs: "gauge=late",
        value: Value::List(List::Codebook),
        applies: |p| p.gauge.kind == GaugeKind::Late,
    },
    Key {
        name: "budget",
        summary: "how the costs of consecutive calls add up",
        needs: "gauge=signal or gauge=curve",
        value: choice!(BudgetKind, budget.kind),
        applies: spends,
    },
    Key {
        name: "compare",
        summary: "whether a skip must stay below the threshold or may reach it",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: choice!(Comparator, budget.comparator),
        applies: limited,
    },
    Key {
        name: "scale",
        summary: "what the threshold is a multiple of",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: choice!(Scale, budget.scale),
        applies: limited,
    },
    Key {
        name: "early_factor",
        summary: "what the threshold is multiplied by before early_until; smaller is safer",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: number!(0.0, 100.0, budget.early_factor),
        applies: limited,
    },
    Key {
        name: "early_until",
        summary: "share of the run before which early_factor counts",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: number!(0.0, 1.0, budget.early_until),
        applies: limited,
    },
    Key {
        name: "late_factor",
        summary: "what the threshold is multiplied by after late_from; smaller is safer",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: number!(0.0, 100.0, budget.late_factor),
        applies: limited,
    },
    Key {
        name: "late_from",
        summary: "share of the run after which late_factor counts",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: number!(0.0, 1.0, budget.late_from),
        applies: limited,
    },
    Key {
        name: "progress",
        summary: "what early_until and late_from are a share of",
        needs: "gauge=signal, gauge=curve, or gauge=late without a codebook",
        value: choice!(Progress, budget.progress),
        applies: limited,
    },
    Key {
        name: "max_cost",
        summary: "largest cost of a single call, 0 for no limit; smaller is safer",
        needs: "gauge=signal or gauge=curve",
        value: number!(0.0, 1e6, budget.max_cost),
        applies: spends,
    },
    Key {
        name: "decay",
        summary: "share of the amount spent that is left at the next call; smaller skips more",
        needs: "budget=leaky",
        value: number!(0.0, 1.0, budget.decay),
        applies: |p| spends(p) && p.budget.kind == BudgetKind::Leaky,
    },
    Key {
        name: "reset",
        summary: "1: a computed call sets the amount spent to zero; 0: it goes on",
        needs: "budget=sum or budget=leaky",
        value: whole!(0, 1, budget.reset),
        applies: |p| spends(p) && p.budget.kind != BudgetKind::Instant,
    },
    Key {
        name: "warmup",
        summary: "first steps that are always computed; larger is safer",
        needs: "a policy that skips",
        value: whole!(0, MAX_STEPS, guards.max_warmup_steps),
        applies: skips,
    },
    Key {
        name: "retention",
        summary: "share of the steps always computed at the start; larger is safer",
        needs: "a policy that skips",
        value: number!(0.0, 1.0, guards.warmup_fraction),
        applies: skips,
    },
    Key {
        name: "rounding",
        summary: "how the retained share becomes whole steps",
        needs: "retention",
        value: choice!(Rounding, guards.rounding),
        applies: |p| skips(p) && p.guards.warmup_fraction > 0.0,
    },
    Key {
        name: "last",
        summary: "last steps that are always computed; larger is safer",
        needs: "a policy that skips",
        value: whole!(0, MAX_STEPS, guards.last_steps),
        applies: skips,
    },
    Key {
        name: "window",
        summary: "what start and end are given in",
        needs: "a policy that skips",
        value: choice!(Window, guards.window),
        applies: skips,
    },
    Key {
        name: "start",
        summary: "skips are allowed from here: a share of the steps, a step or a time; larger is safer",
        needs: "a policy that skips",
        value: number!(-1e9, 1e9, guards.window_start),
        applies: skips,
    },
    Key {
        name: "end",
        summary: "skips are allowed before here: a share of the steps, a step or a time; smaller is safer",
        needs: "a policy that skips",
        value: number!(-1e9, 1e9, guards.window_end),
        applies: skips,
    },
    Key {
        name: "enhance",
        summary: "first steps in which no two calls in a row are skipped; larger is safer",
        needs: "a policy that skips",
        value: whole!(0, MAX_STEPS, guards.enhanced_steps),
        applies: skips,
    },
    Key {
        name: "max_run",
        summary: "longest run of skipped calls, 0 for no limit; smaller is safer",
        needs: "a policy that skips",
        value: whole!(0, MAX_STEPS, guards.max_continuous_cached_steps),
        applies: skips,
    },
    Key {
        name: "run_count",
        summary: "how the run of skipped calls is counted",
        needs: "max_run",
        value: choice!(RunCount, guards.run_count),
        applies: |p| skips(p) && p.guards.max_continuous_cached_steps > 0,
    },
    Key {
        name: "max_total",
        summary: "skipped calls of a whole run, 0 for no limit; smaller is safer",
        needs: "a policy that skips",
        value: whole!(0, MAX_STEPS, guards.max_cached_steps),
        applies: skips,
    },
    Key {
        name: "max_spent",
        summary: "signals of a whole run that may add up before every call is computed, 0 for no limit; smaller is safer",
        needs: "gauge=signal",
        value: number!(0.0, 1e9, guards.max_spent),
        applies: immediate,
    },
    Key {
        name: "mask",
        summary: "one character a step, or a step and column: 1 is always computed, 0 is left to the gauge",
        needs: "a policy that skips",
        value: Value::Mask,
        applies: skips,
    },
    Key {
        name: "predictor",
        summary: "what stands in for a skipped call",
        needs: "a policy that skips",
        value: choice!(PredictorKind, predictor.kind),
        applies: skips,
    },
    Key {
        name: "order",
        summary: "highest order of the predictor; it keeps order + 1 features",
        needs: "predictor=taylor, newton, hermite, adams-bashforth, chebyshev or table",
        value: whole!(0, MAX_ORDER, predictor.order),
        applies: |p| skips(p) && p.predictor.kind.has_order(),
    },
    Key {
        name: "axis",
        summary: "what the kept features are spaced along",
        needs: "predictor=taylor, newton, hermite or dmd",
        value: choice!(Axis, predictor.axis),
        applies: |p| predicts(p, ON_AXIS),
    },
    Key {
        name: "sigma",
        summary: "width of the Hermite basis; smaller damps more",
        needs: "predictor=hermite",
        value: number!(0.01, 10.0, predictor.sigma),
        applies: |p| predicts(p, &[PredictorKind::Hermite]),
    },
    Key {
        name: "gain",
        summary: "share of the last change that is added to the newest feature, or the largest factor of an aligned prediction; smaller is safer",
        needs: "predictor=gradient or predictor=aligned",
        value: number!(-10.0, 10.0, predictor.gain),
        applies: |p| predicts(p, &[PredictorKind::Gradient, PredictorKind::Aligned]),
    },
    Key {
        name: "ramp",
        summary: "1: the gain rises from 0 to its value over the run; 0: it is the same throughout",
        needs: "predictor=gradient",
        value: whole!(0, 1, predictor.ramp),
        applies: gradient,
    },
    Key {
        name: "gain_start",
        summary: "share of the run from which the gain counts",
        needs: "predictor=gradient",
        value: number!(0.0, 1.0, predictor.gain_start),
        applies: gradient,
    },
    Key {
        name: "gain_end",
        summary: "share of the run up to which the gain counts",
        needs: "predictor=gradient",
        value: number!(0.0, 1.0, predictor.gain_end),
        applies: gradient,
    },
    Key {
        name: "rolling",
        summary: "1: forecasts take a place among the kept features; 0: computed features alone",
        needs: "predictor=gradient",
        value: whole!(0, 1, predictor.rolling),
        applies: gradient,
    },
    Key {
        name: "ridge",
        summary: "regularisation of the fit; larger damps more",
        needs: "predictor=chebyshev",
        value: number!(1e-9, 1e6, predictor.ridge),
        applies: |p| predicts(p, &[PredictorKind::Chebyshev]),
    },
    Key {
        name: "blend",
        summary: "share of the forecast; the rest is the newest feature; smaller is safer",
        needs: "a predictor other than hold, chebyshev or table",
        value: number!(0.0, 1.0, predictor.blend),
        applies: |p| {
            skips(p)
                && !matches!(
                    p.predictor.kind,
                    PredictorKind::Hold | PredictorKind::Chebyshev | PredictorKind::Table
                )
        },
    },
    Key {
        name: "horizon",
        summary: "largest distance that is extrapolated, on the axis, 0 for no limit; smaller is safer",
        needs: "predictor=taylor, newton, hermite, foca or dmd",
        value: number!(0.0, 1e9, predictor.horizon),
        applies: |p| predicts(p, BY_DISTANCE),
    },
    Key {
        name: "split",
        summary: "which parts of a feature have weights of their own",
        needs: "a policy that skips",
        value: choice!(SplitKind, split.kind),
        applies: skips,
    },
    Key {
        name: "band",
        summary: "share of the radius that is the low band",
        needs: "split=band",
        value: number!(0.0, 1.0, split.band),
        applies: |p| skips(p) && p.split.kind == SplitKind::Band,
    },
    Key {
        name: "boost",
        summary: "what the low band gains before the boundary, and the high band after it, as a share",
        needs: "split=band and site=branch",
        value: number!(0.0, 10.0, split.boost),
        applies: |p| p.split.kind == SplitKind::Band && sited(p, &[SiteKind::Branch]),
    },
    Key {
        name: "verify",
        summary: "what happens when a forecast is found to be wrong",
        needs: "a policy that skips",
        value: choice!(VerifyKind, verify.kind),
        applies: skips,
    },
    Key {
        name: "verify_from",
        summary: "first skip of a run that is verified",
        needs: "verify=next or verify=rollback",
        value: whole!(1, MAX_STEPS, verify.from),
        applies: verifies,
    },
    Key {
        name: "tolerance",
        summary: "error of a forecast that is allowed at the start; larger skips more",
        needs: "verify=next or verify=rollback",
        value: number!(0.0, 1e6, verify.tolerance),
        applies: verifies,
    },
    Key {
        name: "tolerance_decay",
        summary: "what is left of the tolerance at the end, as a factor; smaller is safer",
        needs: "verify=next or verify=rollback",
        value: number!(1e-9, 1.0, verify.decay),
        applies: verifies,
    },
    Key {
        name: "tolerance_floor",
        summary: "what the tolerance never falls below; larger skips more",
        needs: "verify=next or verify=rollback",
        value: number!(0.0, 1e6, verify.floor),
        applies: verifies,
    },
    Key {
        name: "site",
        summary: "what part of the network is skipped",
        needs: "a policy that skips",
        value: choice!(SiteKind, site.kind),
        applies: skips,
    },
    Key {
        name: "front",
        summary: "blocks at the front that run on every call (Fn_compute_blocks); larger is safer",
        needs: "site=range",
        value: whole!(0, 1024, site.front),
        applies: |p| sited(p, &[SiteKind::Range]),
    },
    Key {
        name: "back",
        summary: "blocks at the back that run on every call (Bn_compute_blocks); larger is safer",
        needs: "site=range",
        value: whole!(0, 1024, site.back),
        applies: |p| sited(p, &[SiteKind::Range]),
    },
    Key {
        name: "share",
        summary: "share of the blocks that is left out; smaller is safer",
        needs: "site=front, rear or stage",
        value: number!(0.0, 1.0, site.share),
        applies: |p| sited(p, &[SiteKind::Front, SiteKind::Rear, SiteKind::Stage]),
    },
    Key {
        name: "boundary",
        summary: "share of the steps at which the stage changes",
        needs: "site=stage, or split=band and site=branch",
        value: number!(0.0, 1.0, site.boundary),
        applies: |p| {
            sited(p, &[SiteKind::Stage])
                || p.split.kind == SplitKind::Band && sited(p, &[SiteKind::Branch])
        },
    },
    Key {
        name: "keep",
        summary: "what is kept of the site: what it added, or what it gave",
        needs: "site=trunk, range, model, front, rear, stage or blocks",
        value: choice!(Keep, site.keep),
        applies: |p| {
            skips(p)
                && !matches!(
                    p.site.kind,
                    SiteKind::Modules | SiteKind::Attention | SiteKind::Mlp | SiteKind::Branch
                )
        },
    },
    Key {
        name: "pool",
        summary: "how lanes decide",
        needs: "a policy that skips",
        value: choice!(Pool, pool),
        applies: skips,
    },
];
