//! The keys of the text form: one row a field.

mod applies;
mod rows;

pub use rows::KEYS;

use super::{MAX_CODEBOOK, MAX_CURVE, MAX_DEGREE, Policy};

/// Largest step count a guard may name.
pub(in crate::policy) const MAX_STEPS: u32 = 1 << 30;

/// What a key takes.
#[derive(Clone, Copy)]
pub(in crate::policy) enum Value {
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
pub(in crate::policy) enum List {
    Coefficients,
    Curve,
    /// Thresholds and intervals in turn.
    Codebook,
}

impl List {
    pub(in crate::policy) const fn max_len(self) -> usize {
        match self {
            Self::Coefficients => MAX_DEGREE + 1,
            Self::Curve => MAX_CURVE,
            Self::Codebook => 2 * MAX_CODEBOOK,
        }
    }

    pub(in crate::policy) const fn bounds(self) -> (f64, f64) {
        match self {
            Self::Coefficients => (-1e9, 1e9),
            Self::Curve => (-1e6, 1e6),
            Self::Codebook => (0.0, 1e6),
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
    pub(in crate::policy) value: Value,
    pub(in crate::policy) applies: fn(&Policy) -> bool,
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
            Value::List(List::Codebook) => policy.gauge.codebook.len == 0,
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

impl Policy {
    /// Hands every field that rules a run to `take`, in words.
    pub(crate) fn fold(&self, mut take: impl FnMut(u32)) {
        let number = |v: f64, take: &mut dyn FnMut(u32)| {
            take(v.to_bits() as u32);
            take((v.to_bits() >> 32) as u32);
        };
        take(self.method as u32);
        for key in KEYS {
            match key.value {
                Value::Whole { get, .. } | Value::Choice { get, .. } => take(get(self)),
                Value::Number { get, .. } => number(get(self), &mut take),
                Value::List(List::Coefficients) => {
                    self.gauge
                        .coefficients
                        .iter()
                        .for_each(|v| number(*v, &mut take));
                }
                Value::List(List::Curve) => {
                    take(self.gauge.curve.len);
                    self.gauge
                        .curve
                        .values()
                        .iter()
                        .for_each(|v| number(*v, &mut take));
                }
                Value::List(List::Codebook) => {
                    for (threshold, interval) in self.gauge.codebook.entries() {
                        number(threshold, &mut take);
                        take(interval);
                    }
                }
                Value::Mask => {
                    take(self.guards.mask_len);
                    let words = self.guards.mask_len.div_ceil(32) as usize;
                    self.guards
                        .mask
                        .iter()
                        .take(words)
                        .for_each(|word| take(*word));
                }
                // Stands for coefficients, curve or mask.
                Value::Model => {}
            }
        }
    }
}
