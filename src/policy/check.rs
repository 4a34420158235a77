//! Whether a policy makes sense, and the error that says why not.

use core::fmt;

use super::keys::{KEYS, Key, List, Value};
use super::{Family, GaugeKind, Policy, Rescale};
use crate::signal::SignalKind;
use crate::timeline::Timeline;

/// Why a policy cannot be used.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// A value is outside its range.
    OutOfRange {
        /// The key of the text form.
        key: &'static str,
        /// The value.
        given: f64,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// A value has no effect beside the others.
    NoEffect {
        /// The key of the text form.
        key: &'static str,
        /// What it needs to have an effect.
        needs: &'static str,
    },
    /// A part needs another one to be set differently.
    Needs {
        /// The key of the text form.
        key: &'static str,
        /// What to set.
        remedy: &'static str,
    },
    /// The mask is for another number of steps.
    MaskLength {
        /// Steps in the mask.
        mask: u32,
        /// Steps of the timeline.
        steps: u32,
    },
    /// The timeline has no steps, or more than 2³⁰, or not 1 to 8 evaluations a step.
    Timeline {
        /// Steps given.
        steps: u32,
        /// Evaluations given.
        evaluations: u32,
    },
    /// No lanes were given.
    NoLanes,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange {
                key,
                given,
                min,
                max,
            } => {
                write!(
                    f,
                    "policy key `{key}` is {given}; allowed is {min} to {max}"
                )
            }
            Self::NoEffect { key, needs } => {
                write!(
                    f,
                    "policy key `{key}` has no effect here: it needs {needs}; leave it out"
                )
            }
            Self::Needs { key, remedy } => write!(f, "policy key `{key}`: {remedy}"),
            Self::MaskLength { mask, steps } => write!(
                f,
                "policy key `mask` has {mask} steps but the run has {steps}; give one character a step"
            ),
            Self::Timeline { steps, evaluations } => write!(
                f,
                "timeline of {steps} steps with {evaluations} evaluations each; \
                 allowed are 1 to 1073741824 steps and 1 to 8 evaluations"
            ),
            Self::NoLanes => f.write_str("no lanes were given; give memory for at least one"),
        }
    }
}

impl core::error::Error for PolicyError {}

impl Policy {
    /// Whether every part is in range, has an effect, and has what it needs.
    ///
    /// # Errors
    /// The first problem found, in the order of [`KEYS`].
    pub fn check(&self) -> Result<(), PolicyError> {
        for key in KEYS {
            self.check_key(key)?;
        }
        let gauge = &self.gauge;
        if gauge.kind == GaugeKind::Signal
            && gauge.signal == SignalKind::FrontResidual
            && self.site.front == 0
        {
            return Err(PolicyError::Needs {
                key: "signal",
                remedy: "front-residual is measured behind the front blocks; \
                         set site=range and front to 1 or more",
            });
        }
        if gauge.rescale == Rescale::Polynomial && gauge.coefficients.iter().all(|c| *c == 0.0) {
            return Err(PolicyError::Needs {
                key: "coefficients",
                remedy: "a polynomial of zeros would skip every call; name a model or give them",
            });
        }
        if gauge.rescale == Rescale::Rate && gauge.signal != SignalKind::ModelInput {
            return Err(PolicyError::Needs {
                key: "rescale",
                remedy: "rate relates the network's output to its input; set signal=model-input",
            });
        }
        if gauge.kind == GaugeKind::Count
            && f64::from(self.budget.threshold as u32) != self.budget.threshold
        {
            return Err(PolicyError::Needs {
                key: "interval",
                remedy: "calls are counted; set a whole number",
            });
        }
        if self.guards.has_bits_beyond() {
            return Err(PolicyError::Needs {
                key: "mask",
                remedy: "it has bits beyond its length; clear them",
            });
        }
        if self.guards.window_start > self.guards.window_end {
            return Err(PolicyError::Needs {
                key: "start",
                remedy: "the window starts behind its end; set start to end or less",
            });
        }
        Ok(())
    }

    /// Whether it can run on that timeline: [`check`](Self::check), a calibrated curve where the
    /// gauge needs one, and a mask of as many steps where there is one or the family is named for it.
    ///
    /// # Errors
    /// The first problem found.
    pub fn check_for(&self, timeline: Timeline) -> Result<(), PolicyError> {
        let Timeline { steps, evaluations } = timeline;
        if !(1..=super::keys::MAX_STEPS).contains(&steps) || !(1..=8).contains(&evaluations) {
            return Err(PolicyError::Timeline { steps, evaluations });
        }
        self.check()?;
        if self.needs_curve() {
            return Err(PolicyError::Needs {
                key: "curve",
                remedy: "this policy is calibrated; name a model or give the curve",
            });
        }
        if self.family == Family::Mask
            && self.gauge.kind == GaugeKind::Free
            && self.guards.mask_len == 0
        {
            return Err(PolicyError::Needs {
                key: "mask",
                remedy: "this policy follows a mask; give one character a step",
            });
        }
        if self.guards.mask_len != 0 && self.guards.mask_len != steps {
            return Err(PolicyError::MaskLength {
                mask: self.guards.mask_len,
                steps,
            });
        }
        Ok(())
    }

    /// Whether the gauge is a calibrated curve and none is given yet.
    #[must_use]
    pub fn needs_curve(&self) -> bool {
        self.gauge.kind == GaugeKind::Curve && self.gauge.curve.len == 0
    }

    fn check_key(&self, key: &Key) -> Result<(), PolicyError> {
        let out = |given: f64, min: f64, max: f64| PolicyError::OutOfRange {
            key: key.name,
            given,
            min,
            max,
        };
        let neutral = &Policy::NEUTRAL;
        let (same, in_range) = match key.value {
            Value::Whole { min, max, get, .. } => {
                let v = get(self);
                let range = (min..=max).contains(&v);
                (
                    v == get(neutral),
                    if range {
                        Ok(())
                    } else {
                        Err(out(v.into(), min.into(), max.into()))
                    },
                )
            }
            Value::Number { min, max, get, .. } => {
                let v = get(self);
                let range = v >= min && v <= max;
                (
                    v == get(neutral),
                    if range { Ok(()) } else { Err(out(v, min, max)) },
                )
            }
            Value::Choice { get, .. } => (get(self) == get(neutral), Ok(())),
            Value::List(list) => self.check_list(list, &out),
            Value::Mask => {
                let bits = self.guards.mask_len as usize;
                let most = super::MAX_MASK;
                let range = bits <= most;
                (
                    bits == 0,
                    if range {
                        Ok(())
                    } else {
                        Err(out(bits as f64, 0.0, most as f64))
                    },
                )
            }
            // Stands for coefficients, rescale or curve, which are checked themselves.
            Value::Model => return Ok(()),
        };
        if key.applies_to(self) {
            in_range
        } else if same || self.shares_field(key) {
            Ok(())
        } else {
            Err(PolicyError::NoEffect {
                key: key.name,
                needs: key.needs,
            })
        }
    }

    /// `interval` and `threshold` are one field; the one that does not apply is not judged.
    fn shares_field(&self, key: &Key) -> bool {
        (key.name == "interval" || key.name == "threshold")
            && matches!(
                self.gauge.kind,
                GaugeKind::Signal | GaugeKind::Curve | GaugeKind::Count
            )
    }

    fn check_list(
        &self,
        list: List,
        out: &dyn Fn(f64, f64, f64) -> PolicyError,
    ) -> (bool, Result<(), PolicyError>) {
        let (min, max) = list.bounds();
        let (len, values) = match list {
            List::Coefficients => (self.gauge.coefficients.len(), &self.gauge.coefficients[..]),
            List::Curve => (self.gauge.curve.len as usize, &self.gauge.curve.values[..]),
        };
        let most = list.max_len();
        if len > most {
            return (false, Err(out(len as f64, 0.0, most as f64)));
        }
        let used = values.get(..len).unwrap_or(values);
        let bad = used.iter().find(|v| !(**v >= min && **v <= max));
        let unused = list == List::Curve && len == 0 || used.iter().all(|v| *v == 0.0);
        (unused, bad.map_or(Ok(()), |v| Err(out(*v, min, max))))
    }
}
