//! Writing the text form.

use core::fmt;

use super::keys::{KEYS, Key, List, Value};
use super::{Method, Policy, tables};
use crate::text::Named;

/// The text form: the method and every key whose value is not the method's default. Reading it
/// gives the same policy.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.method)?;
        let preset = &self.method.defaults();
        let mut separator = ':';
        for key in KEYS {
            if !key.applies_to(self) || !self.differs(key, preset) {
                continue;
            }
            write!(f, "{separator}")?;
            separator = ',';
            if !(self.method == Method::Mask && matches!(key.value, Value::Mask)) {
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
            super::GaugeKind::Signal | super::GaugeKind::Late
                if self.gauge.rescale.is_polynomial() =>
            {
                tables::POLYNOMIALS
                    .iter()
                    .find(|t| t.coefficients == self.gauge.coefficients)
                    .map(|t| t.model)
            }
            super::GaugeKind::Curve => tables::CURVES
                .iter()
                .find(|t| t.values == self.gauge.curve.values())
                .map(|t| t.model),
            super::GaugeKind::Free | super::GaugeKind::Count if self.guards.mask_len > 0 => {
                tables::masks(self.method.name())
                    .find(|t| self.follows(t.mask))
                    .map(|t| t.model)
            }
            _ => None,
        }
    }

    /// Whether the mask is this one.
    fn follows(&self, mask: &str) -> bool {
        let bits = mask.bytes().zip(0_u32..);
        self.guards.mask_len as usize == mask.len()
            && bits.fold(true, |same, (c, i)| {
                same && self.guards.bit(i) == (c == b'1')
            })
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
                let curve = |policy: &Self| (policy.gauge.curve.len, policy.gauge.curve.values);
                (self.gauge.kind != super::GaugeKind::Curve || self.model().is_none())
                    && curve(self) != curve(preset)
            }
            Value::List(List::Codebook) => self.gauge.codebook != preset.gauge.codebook,
            Value::Mask => {
                let named = matches!(
                    self.gauge.kind,
                    super::GaugeKind::Free | super::GaugeKind::Count
                ) && self.model().is_some();
                !named
                    && (self.guards.mask_len != preset.guards.mask_len
                        || self.guards.mask != preset.guards.mask)
            }
            Value::Model => {
                self.model().is_some()
                    && (self.gauge.coefficients != preset.gauge.coefficients
                        || self.gauge.rescale.is_polynomial()
                            != preset.gauge.rescale.is_polynomial()
                        || self.gauge.curve != preset.gauge.curve
                        || self.guards.mask_len != preset.guards.mask_len
                        || self.guards.mask != preset.guards.mask)
            }
        }
    }

    pub(super) fn write_value(&self, key: &Key, f: &mut dyn fmt::Write) -> fmt::Result {
        match key.value {
            Value::Whole { get, .. } => write!(f, "{}", get(self)),
            Value::Number { get, .. } => write!(f, "{}", get(self)),
            Value::Choice { name, get, .. } => f.write_str(name(get(self)).unwrap_or("unknown")),
            Value::List(List::Codebook) => {
                for (i, (threshold, interval)) in self.gauge.codebook.entries().enumerate() {
                    write!(f, "{}{threshold}/{interval}", if i == 0 { "" } else { "/" })?;
                }
                Ok(())
            }
            Value::List(list) => {
                let values = match list {
                    List::Coefficients => {
                        let all = &self.gauge.coefficients;
                        let zeros = all.iter().take_while(|c| **c == 0.0).count();
                        all.get(zeros.min(all.len() - 1)..).unwrap_or(all)
                    }
                    List::Curve | List::Codebook => self.gauge.curve.values(),
                };
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { "/" })?;
                }
                Ok(())
            }
            Value::Mask => (0..self.guards.mask_len)
                .try_for_each(|step| f.write_char(if self.guards.bit(step) { '1' } else { '0' })),
            Value::Model => f.write_str(self.model().unwrap_or("none")),
        }
    }
}
