//! The keys of the text form: one row a field.

use super::{BudgetKind, GaugeKind, MAX_CURVE, MAX_DEGREE, Policy, Rescale, SiteKind};
use crate::predict::{MAX_ORDER, PredictorKind};
use crate::text::Named;

/// Largest step count a guard may name.
pub(super) const MAX_STEPS: u32 = 1 << 30;

/// What a key takes.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// A whole number.
    Whole {
        min: u32,
        max: u32,
        get: fn(&Policy) -> u32,
        set: fn(&mut Policy, u32),
    },
    /// A number.
    Number {
        min: f64,
        max: f64,
        get: fn(&Policy) -> f64,
        set: fn(&mut Policy, f64),
    },
    /// One of a few names.
    Choice {
        name: fn(u32) -> Option<&'static str>,
        get: fn(&Policy) -> u32,
        set: fn(&mut Policy, u32),
    },
    /// Numbers separated by `/`.
    List(List),
    /// Zeros and ones, one a step.
    Mask,
    /// A model whose published coefficients or curve are used.
    Model,
}

/// A field that holds several numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Coefficients,
    Curve,
}

impl List {
    pub(super) const fn max_len(self) -> usize {
        match self {
            Self::Coefficients => MAX_DEGREE + 1,
            Self::Curve => MAX_CURVE,
        }
    }

    pub(super) const fn bounds(self) -> (f64, f64) {
        match self {
            Self::Coefficients => (-1e9, 1e9),
            Self::Curve => (0.01, 100.0),
        }
    }
}

/// One key of the text form.
#[derive(Clone, Copy)]
pub struct Key {
    /// As written before the `=`.
    pub name: &'static str,
    /// What it does, with its unit and the direction of safety.
    pub summary: &'static str,
    /// When it has an effect.
    pub needs: &'static str,
    pub(super) value: Value,
    pub(super) applies: fn(&Policy) -> bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// Whether the key has an effect on the policy as it stands.
    #[must_use]
    pub fn applies_to(&self, policy: &Policy) -> bool {
        (self.applies)(policy)
    }

    /// The key's value in `policy`, as the text form writes it; `none` where there is none.
    pub fn write_value(&self, policy: &Policy, f: &mut dyn core::fmt::Write) -> core::fmt::Result {
        let empty = match self.value {
            Value::Mask => policy.guards.mask_len == 0,
            Value::List(List::Curve) => policy.gauge.curve.len == 0,
            _ => false,
        };
        if empty {
            return f.write_str("none");
        }
        policy.write_value(self, f)
    }

    /// The range or the names the key takes, for a reader.
    pub fn write_range(&self, f: &mut dyn core::fmt::Write) -> core::fmt::Result {
        match self.value {
            Value::Whole { min, max, .. } => write!(f, "{min} to {max}"),
            Value::Number { min, max, .. } => write!(f, "{min} to {max}"),
            Value::Choice { name, .. } => {
                let mut number = 0;
                while let Some(choice) = name(number) {
                    if number > 0 {
                        f.write_str("|")?;
                    }
                    f.write_str(choice)?;
                    number += 1;
                }
                Ok(())
            }
            Value::List(list) => {
                let (min, max) = list.bounds();
                write!(
                    f,
                    "1 to {} numbers from {min} to {max}, separated by /",
                    list.max_len()
                )
            }
            Value::Mask => write!(f, "1 to {} characters 0 or 1", super::MAX_MASK),
            Value::Model => f.write_str("a model name"),
        }
    }
}

fn measured(p: &Policy) -> bool {
    p.gauge.kind == GaugeKind::Signal
}
fn spends(p: &Policy) -> bool {
    matches!(p.gauge.kind, GaugeKind::Signal | GaugeKind::Curve)
}
fn skips(p: &Policy) -> bool {
    p.gauge.kind != GaugeKind::Always
}
fn ranged(p: &Policy) -> bool {
    skips(p) && p.site.kind == SiteKind::Range
}
fn predicts(p: &Policy) -> bool {
    skips(p) && p.predictor.kind != PredictorKind::Hold
}

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
        summary: "use the coefficients or the curve published for a model",
        needs: "gauge=signal or gauge=curve",
        value: Value::Model,
        applies: spends,
    },
    Key {
        name: "interval",
        summary: "one call in this many is computed; larger skips more",
        needs: "gauge=count",
        value: Value::Whole {
            min: 1,
            max: 1_000_000,
            get: |p| p.budget.threshold as u32,
            set: |p, v| p.budget.threshold = f64::from(v),
        },
        applies: |p| p.gauge.kind == GaugeKind::Count,
    },
    Key {
        name: "threshold",
        summary: "cost that may be spent on skips, in units of the gauge; larger skips more",
        needs: "gauge=signal or gauge=curve",
        value: number!(0.0, 1e6, budget.threshold),
        applies: spends,
    },
    Key {
        name: "signal",
        summary: "what the host measures",
        needs: "gauge=signal",
        value: choice!(crate::signal::SignalKind, gauge.signal),
        applies: measured,
    },
    Key {
        name: "reference",
        summary: "what the measured tensor is compared with",
        needs: "gauge=signal",
        value: choice!(crate::signal::Reference, gauge.reference),
        applies: measured,
    },
    Key {
        name: "rescale",
        summary: "how the measured value becomes a cost",
        needs: "gauge=signal",
        value: choice!(Rescale, gauge.rescale),
        applies: measured,
    },
    Key {
        name: "coefficients",
        summary: "polynomial of the signal, highest degree first",
        needs: "rescale=polynomial",
        value: Value::List(List::Coefficients),
        applies: |p| measured(p) && p.gauge.rescale == Rescale::Polynomial,
    },
    Key {
        name: "curve",
        summary: "magnitude ratio of each step to the step before",
        needs: "gauge=curve",
        value: Value::List(List::Curve),
        applies: |p| p.gauge.kind == GaugeKind::Curve,
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
        needs: "gauge=signal or gauge=curve",
        value: choice!(super::Comparator, budget.comparator),
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
        name: "last",
        summary: "last steps that are always computed; larger is safer",
        needs: "a policy that skips",
        value: whole!(0, MAX_STEPS, guards.last_steps),
        applies: skips,
    },
    Key {
        name: "start",
        summary: "skips are allowed from this share of the steps; larger is safer",
        needs: "a policy that skips",
        value: number!(0.0, 1.0, guards.window_start),
        applies: skips,
    },
    Key {
        name: "end",
        summary: "skips are allowed before this share of the steps; smaller is safer",
        needs: "a policy that skips",
        value: number!(0.0, 1.0, guards.window_end),
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
        name: "max_total",
        summary: "skipped calls of a whole run, 0 for no limit; smaller is safer",
        needs: "a policy that skips",
        value: whole!(0, MAX_STEPS, guards.max_cached_steps),
        applies: skips,
    },
    Key {
        name: "mask",
        summary: "one character a step: 1 is always computed, 0 is left to the gauge",
        needs: "a policy that skips",
        value: Value::Mask,
        applies: skips,
    },
    Key {
        name: "predictor",
        summary: "what stands in for a skipped call",
        needs: "a policy that skips",
        value: choice!(crate::predict::PredictorKind, predictor.kind),
        applies: skips,
    },
    Key {
        name: "order",
        summary: "highest order of the predictor; it keeps order + 1 features",
        needs: "predictor=taylor or predictor=newton",
        value: whole!(0, MAX_ORDER, predictor.order),
        applies: predicts,
    },
    Key {
        name: "axis",
        summary: "what the kept features are spaced along",
        needs: "predictor=taylor or predictor=newton",
        value: choice!(crate::predict::Axis, predictor.axis),
        applies: predicts,
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
        applies: ranged,
    },
    Key {
        name: "back",
        summary: "blocks at the back that run on every call (Bn_compute_blocks); larger is safer",
        needs: "site=range",
        value: whole!(0, 1024, site.back),
        applies: ranged,
    },
    Key {
        name: "pool",
        summary: "how lanes decide",
        needs: "a policy that skips",
        value: choice!(super::Pool, pool),
        applies: skips,
    },
];
