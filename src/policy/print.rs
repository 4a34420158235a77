//! Writing the text form.

use core::fmt;

use super::keys::{KEYS, Key, List, Value};
use super::{Family, Policy, tables};

/// The text form: the family and every key whose value is not the family's default. Reading it
/// gives the same policy.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.family)?;
        let preset = &self.family.defaults();
        let mut separator = ':';
        for key in KEYS {
            if !key.applies_to(self) || !self.differs(key, preset) {
                continue;
            }
            write!(f, "{separator}")?;
            separator = ',';
            if !(self.family == Family::Mask && matches!(key.value, Value::Mask)) {
                write!(f, "{}=", key.name)?;
            }
            self.write_value(key, f)?;
        }
        Ok(())
    }
}

impl Policy {
    fn model(&self) -> Option<&'static str> {
        match self.gauge.kind {
            super::GaugeKind::Signal if self.gauge.rescale == super::Rescale::Polynomial => {
                tables::POLYNOMIALS
                    .iter()
                    .find(|t| t.coefficients == self.gauge.coefficients)
                    .map(|t| t.model)
            }
            super::GaugeKind::Curve => tables::CURVES
                .iter()
                .find(|t| t.values == self.gauge.curve.values())
                .map(|t| t.model),
            _ => None,
        }
    }

    fn differs(&self, key: &Key, preset: &Self) -> bool {
        match key.value {
            Value::Whole { get, .. } => get(self) != get(preset),
            Value::Number { get, .. } => get(self) != get(preset),
            // A polynomial is implied by its coefficients or its model.
            Value::Choice { .. } if key.name == "rescale" => {
                self.gauge.rescale != preset.gauge.rescale
                    && self.gauge.rescale != super::Rescale::Polynomial
            }
            Value::Choice { get, .. } => get(self) != get(preset),
            Value::List(List::Coefficients) => {
                self.model().is_none()
                    && (self.gauge.rescale != preset.gauge.rescale
                        || self.gauge.coefficients != preset.gauge.coefficients)
            }
            Value::List(List::Curve) => {
                self.model().is_none() && self.gauge.curve != preset.gauge.curve
            }
            Value::Mask => {
                self.guards.mask_len != preset.guards.mask_len
                    || self.guards.mask != preset.guards.mask
            }
            Value::Model => {
                self.model().is_some()
                    && (self.gauge.coefficients != preset.gauge.coefficients
                        || self.gauge.rescale != preset.gauge.rescale
                        || self.gauge.curve != preset.gauge.curve)
            }
        }
    }

    pub(super) fn write_value(&self, key: &Key, f: &mut dyn fmt::Write) -> fmt::Result {
        match key.value {
            Value::Whole { get, .. } => write!(f, "{}", get(self)),
            Value::Number { get, .. } => write!(f, "{}", get(self)),
            Value::Choice { name, get, .. } => f.write_str(name(get(self)).unwrap_or("unknown")),
            Value::List(list) => {
                let values = match list {
                    List::Coefficients => {
                        let all = &self.gauge.coefficients;
                        let zeros = all.iter().take_while(|c| **c == 0.0).count();
                        all.get(zeros.min(all.len() - 1)..).unwrap_or(all)
                    }
                    List::Curve => self.gauge.curve.values(),
                };
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { "/" })?;
                }
                Ok(())
            }
            Value::Mask => (0..self.guards.mask_len).try_for_each(|step| {
                f.write_char(if self.guards.masked(step) { '1' } else { '0' })
            }),
            Value::Model => f.write_str(self.model().unwrap_or("none")),
        }
    }
}
