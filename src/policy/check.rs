//! Whether a policy makes sense, and the error that says why not.

use core::fmt;

use super::keys::{KEYS, Key, List, Value};
use super::schedule::{Schedule, scm_steps};
use super::{CurveBy, GaugeKind, Method, Policy, Rescale, Scale, SiteKind, SplitKind, Window};
use crate::predict::{Predictor, PredictorKind};
use crate::signal::{Filter, SignalKind};
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
        /// Characters of the mask.
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
    /// The lanes are no multiple of the mask's columns.
    Columns {
        /// Columns of the mask: its bits divided by the steps.
        columns: u32,
        /// Lanes given.
        lanes: u32,
    },
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
                "policy key `mask` has {mask} characters but the run has {steps} steps; \
                 give one character a step, or one a step and column"
            ),
            Self::Timeline { steps, evaluations } => write!(
                f,
                "timeline of {steps} steps with {evaluations} evaluations each; \
                 allowed are 1 to 1073741824 steps and 1 to 8 evaluations"
            ),
            Self::NoLanes => f.write_str("no lanes were given; give memory for at least one"),
            Self::Columns { columns, lanes } => write!(
                f,
                "policy key `mask` has {columns} columns but there are {lanes} lanes; \
                 give a multiple of the columns"
            ),
        }
    }
}

impl core::error::Error for PolicyError {}

/// The keys of a predictor's numbers.
const OF_PREDICTORS: [&str; 8] = [
    "order",
    "sigma",
    "gain",
    "gain_start",
    "gain_end",
    "ridge",
    "blend",
    "horizon",
];

impl Predictor {
    /// Whether the numbers that this kind of predictor looks at are in range.
    ///
    /// # Errors
    /// The first that is not, by its key of the text form.
    pub fn check(&self) -> Result<(), PolicyError> {
        let mut policy = Policy::NEUTRAL;
        policy.gauge.kind = GaugeKind::Count;
        policy.predictor = *self;
        for key in KEYS {
            if OF_PREDICTORS.contains(&key.name) && key.applies_to(&policy) {
                policy.check_key(key)?;
            }
        }
        Ok(())
    }
}

impl Policy {
    /// Whether every part is in range, has an effect, and has what it needs.
    ///
    /// # Errors
    /// The first problem found, in the order of [`KEYS`].
    pub fn check(&self) -> Result<(), PolicyError> {
        for key in KEYS {
            self.check_key(key)?;
        }
        let ratios = self.gauge.kind == GaugeKind::Curve;
        let mut values = self.gauge.curve.values().iter();
        if let Some(given) = values.find(|v| ratios && !(0.01..=100.0).contains(*v)) {
            return Err(PolicyError::OutOfRange {
                key: "curve",
                given: *given,
                min: 0.01,
                max: 100.0,
            });
        }
        let ends = [
            ("start", self.guards.window_start),
            ("end", self.guards.window_end),
        ];
        let shares = self.guards.window == Window::Share;
        if let Some((key, given)) = ends
            .iter()
            .find(|(_, v)| shares && !(0.0..=1.0).contains(v))
        {
            return Err(PolicyError::OutOfRange {
                key,
                given: *given,
                min: 0.0,
                max: 1.0,
            });
        }
        for rule in [Self::check_gauge, Self::check_guards, Self::check_parts] {
            if let Some((key, remedy)) = rule(self) {
                return Err(PolicyError::Needs { key, remedy });
            }
        }
        Ok(())
    }

    /// What the gauge needs from itself and the site.
    fn check_gauge(&self) -> Option<(&'static str, &'static str)> {
        let gauge = &self.gauge;
        let (measures, immediate) = (gauge.measures(), gauge.kind == GaugeKind::Signal);
        let behind_front = matches!(
            gauge.signal,
            SignalKind::FrontResidual | SignalKind::FrontOutput
        );
        let of_blocks = matches!(
            gauge.signal,
            SignalKind::BlockInput | SignalKind::BlockOutput
        );
        let ranged = self.site.kind == SiteKind::Range && self.site.front > 0;
        let book = &gauge.codebook;
        let mut rising = book.entries().zip(book.entries().skip(1));
        if measures && behind_front && !ranged {
            return Some((
                "signal",
                "front-residual and front-output are measured behind the front blocks; \
                 set site=range and front to 1 or more",
            ));
        }
        if immediate && of_blocks && self.site.kind != SiteKind::Blocks {
            return Some((
                "signal",
                "block-input and block-output are known before a block runs; set site=blocks",
            ));
        }
        if immediate && gauge.signal == SignalKind::BlockResidual {
            return Some((
                "signal",
                "block-residual is known behind the block; set gauge=late",
            ));
        }
        if gauge.rescale.is_polynomial() && gauge.coefficients.iter().all(|c| *c == 0.0) {
            return Some((
                "coefficients",
                "a polynomial of zeros would skip every call; name a model or give them",
            ));
        }
        if gauge.domain_min > gauge.domain_max {
            return Some((
                "domain_min",
                "it is above domain_max; set it to that or less",
            ));
        }
        let input = gauge.signal == SignalKind::ModelInput;
        if gauge.rescale == Rescale::Rate && !(immediate && input) {
            return Some((
                "rescale",
                "rate relates the network's output to its input; set gauge=signal and \
                 signal=model-input",
            ));
        }
        if gauge.rescale == Rescale::Sensitivity && !immediate {
            return Some((
                "rescale",
                "sensitivities are known before a call; set gauge=signal",
            ));
        }
        if gauge.rescale == Rescale::Sensitivity && gauge.curve.len % 2 == 1 {
            return Some(("curve", "it holds Jx and then Jt; give two values a step"));
        }
        if gauge.protect > 0 && gauge.curve.by == CurveBy::Time {
            return Some((
                "protect",
                "it is the index of a step's value; set curve_by=step",
            ));
        }
        if !rising.all(|(a, b)| a.0 < b.0) || !book.entries().all(|e| e.1 > 0) {
            return Some((
                "codebook",
                "thresholds rise and intervals are 1 or more; give threshold/interval/…",
            ));
        }
        if gauge.curve.has_rest() {
            return Some(("curve", "it has values beyond its length; set them to 0"));
        }
        if book.has_rest() {
            return Some((
                "codebook",
                "it has entries beyond its length; set them to 0",
            ));
        }
        if gauge.filter != Filter::None && gauge.filter_size == 0.0 && measures {
            return Some((
                "filter_size",
                "a filter needs it: a factor, a share of the radius or an exponent",
            ));
        }
        None
    }

    /// What guards and budget need.
    fn check_guards(&self) -> Option<(&'static str, &'static str)> {
        let guards = &self.guards;
        if guards.has_bits_beyond() {
            return Some(("mask", "it has bits beyond its length; clear them"));
        }
        if guards.window_start > guards.window_end {
            return Some((
                "start",
                "the window starts behind its end; set start to end or less",
            ));
        }
        if self.budget.scale == Scale::Learned && self.gauge.kind != GaugeKind::Late {
            return Some((
                "scale",
                "learned takes what computed calls measure in the warm-up; set gauge=late",
            ));
        }
        None
    }

    /// What predictor, split and verification need.
    fn check_parts(&self) -> Option<(&'static str, &'static str)> {
        let predictor = self.predictor.kind;
        if self.gauge.kind == GaugeKind::Always {
            return None;
        }
        let aligned = predictor == PredictorKind::Aligned;
        if aligned && self.predictor.gain < 1.0 {
            return Some((
                "gain",
                "the factor of an aligned prediction is at least 1; set 1 or more",
            ));
        }
        if aligned && self.gauge.kind != GaugeKind::Signal {
            return Some((
                "predictor",
                "aligned measures its factor beside a signal; set gauge=signal",
            ));
        }
        if predictor == PredictorKind::Dmd
            && (self.gauge.rescale == Rescale::Rate || self.gauge.kind == GaugeKind::Late)
        {
            return Some((
                "predictor",
                "dmd takes products of features at computed calls, where this gauge takes its own \
                 measurement; choose another of the two",
            ));
        }
        if self.split.kind == SplitKind::Band && predictor == PredictorKind::Chebyshev {
            return Some((
                "split",
                "a low band is held, but chebyshev keeps no feature; set split=none",
            ));
        }
        None
    }

    /// Whether it can run on that timeline: [`check`](Self::check), a calibrated curve where the
    /// gauge needs one, and a mask of as many steps where there is one or the method is named for it.
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
        if self.needs_mask() {
            return Err(PolicyError::Needs {
                key: "mask",
                remedy: "this policy follows a mask; give one character a step, or name a model",
            });
        }
        if !self.guards.mask_len.is_multiple_of(steps) {
            return Err(PolicyError::MaskLength {
                mask: self.guards.mask_len,
                steps,
            });
        }
        let scm = self.gauge.kind == GaugeKind::Count && self.gauge.schedule == Schedule::Scm;
        if scm && !scm_steps(steps) {
            return Err(PolicyError::Needs {
                key: "schedule",
                remedy: "scm has masks for 4, 6 and from 8 steps on",
            });
        }
        let rows = u64::from(steps) * u64::from(self.predictor.order + 1);
        if self.reads_rows() && u64::from(self.gauge.curve.len) != rows {
            return Err(PolicyError::Needs {
                key: "curve",
                remedy: "table weights are order + 1 values a step",
            });
        }
        Ok(())
    }

    /// Whether so many lanes fit the mask on that timeline.
    ///
    /// # Errors
    /// [`PolicyError::Columns`] unless lanes that decide alone are a multiple of the columns.
    pub fn check_lanes(&self, timeline: Timeline, lanes: u32) -> Result<(), PolicyError> {
        let columns = self.guards.columns(timeline.steps);
        if lanes.is_multiple_of(columns) && (columns == 1 || self.pool == super::Pool::Alone) {
            return Ok(());
        }
        Err(PolicyError::Columns { columns, lanes })
    }

    /// Whether the policy is calibrated by a curve and none is given yet.
    #[must_use]
    pub fn needs_curve(&self) -> bool {
        let sensitive =
            self.gauge.kind == GaugeKind::Signal && self.gauge.rescale == Rescale::Sensitivity;
        (self.gauge.kind == GaugeKind::Curve || sensitive || self.reads_rows())
            && self.gauge.curve.len == 0
    }

    /// Whether the policy follows a mask and none is given yet.
    #[must_use]
    pub fn needs_mask(&self) -> bool {
        self.gauge.kind == GaugeKind::Free
            && self.guards.mask_len == 0
            && (self.method == Method::Mask || self.method.preset().needs_calibration)
    }

    fn reads_rows(&self) -> bool {
        self.gauge.kind != GaugeKind::Always && self.predictor.kind == PredictorKind::Table
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
        } else if same {
            Ok(())
        } else {
            Err(PolicyError::NoEffect {
                key: key.name,
                needs: key.needs,
            })
        }
    }

    fn check_list(
        &self,
        list: List,
        out: &dyn Fn(f64, f64, f64) -> PolicyError,
    ) -> (bool, Result<(), PolicyError>) {
        let (min, max) = list.bounds();
        let gauge = &self.gauge;
        let (len, values) = match list {
            List::Coefficients => (gauge.coefficients.len(), &gauge.coefficients[..]),
            List::Curve => (gauge.curve.len as usize, &gauge.curve.values[..]),
            List::Codebook => (gauge.codebook.len as usize, &gauge.codebook.thresholds[..]),
        };
        let most = values.len();
        if len > most {
            return (false, Err(out(len as f64, 0.0, most as f64)));
        }
        let used = values.get(..len).unwrap_or(values);
        let bad = used.iter().find(|v| !(**v >= min && **v <= max));
        let unused = match list {
            List::Coefficients => used.iter().all(|v| *v == 0.0),
            List::Curve | List::Codebook => len == 0,
        };
        (unused, bad.map_or(Ok(()), |v| Err(out(*v, min, max))))
    }
}
