//! Reading the text form.

use core::fmt;

use super::keys::{KEYS, Key, List, Value};
use super::{GaugeKind, MAX_MASK, Method, Policy, PolicyError, Rescale, tables};
use crate::text::Named;

/// Most keys one text may give.
const MAX_ITEMS: usize = 96;

/// Why a text is not a policy. Borrows the text to quote it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParseError<'a> {
    /// The part before the first `:` names no method.
    Method {
        /// What was given.
        given: &'a str,
        /// The method whose name is nearest.
        nearest: &'static str,
    },
    /// No such key.
    Key {
        /// What was given.
        given: &'a str,
        /// The key whose name is nearest.
        nearest: &'static str,
    },
    /// An item is not `key=value`.
    Item {
        /// What was given.
        given: &'a str,
    },
    /// A key is given twice, or more keys than there are.
    Repeated {
        /// The key.
        key: &'a str,
    },
    /// A value cannot be read or is out of range.
    Value {
        /// The key.
        key: &'static Key,
        /// What was given.
        given: &'a str,
    },
    /// No table for that model.
    Model {
        /// What was given.
        given: &'a str,
        /// The model whose name is nearest.
        nearest: &'static str,
    },
    /// The parts do not fit together.
    Policy(PolicyError),
}

impl fmt::Display for ParseError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Method { given, nearest } => {
                write!(
                    f,
                    "no policy is called `{given}`; the nearest is `{nearest}`, all are: "
                )?;
                for (i, method) in Method::ALL.iter().enumerate() {
                    write!(f, "{}{method}", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Key { given, nearest } => {
                write!(
                    f,
                    "policy key `{given}` does not exist; the nearest is `{nearest}`"
                )
            }
            Self::Item { given } => write!(f, "`{given}` is not of the form key=value"),
            Self::Repeated { key } => write!(f, "policy key `{key}` is given twice; keep one"),
            Self::Value { key, given } => {
                write!(f, "policy key `{}` is `{given}`; allowed is ", key.name)?;
                f.write_str(match key.value {
                    Value::Whole { .. } => "a whole number from ",
                    Value::Number { .. } => "a number from ",
                    Value::Choice { .. } | Value::List(_) | Value::Mask | Value::Model => "",
                })?;
                key.write_range(f)
            }
            Self::Model { given, nearest } => write!(
                f,
                "no table for model `{given}` fits this policy; the nearest is `{nearest}`"
            ),
            Self::Policy(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ParseError<'_> {}

impl From<PolicyError> for ParseError<'_> {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}

impl Policy {
    /// Reads `method`, `method:key=value,…`, or `mask:1101…`.
    ///
    /// Keys not given have the method's defaults. A calibrated policy may still lack its curve
    /// ([`needs_curve`](Self::needs_curve)); a scheduler refuses it until it has one.
    ///
    /// # Errors
    /// [`ParseError`] names the key, the value, the range and the nearest valid name.
    pub fn parse(text: &str) -> Result<Self, ParseError<'_>> {
        let text = text.trim();
        let (name, items) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim_end();
        let method = Method::from_name(name).ok_or_else(|| ParseError::Method {
            given: name,
            nearest: nearest(name, Method::ALL.iter().map(|f| f.name())),
        })?;
        let mut policy = method.defaults();
        let mut seen = [""; MAX_ITEMS];
        let mut count = 0;
        // Keys that change what other keys mean come first, whatever the order in the text.
        for item in items.split(',').filter(|item| !item.is_empty()) {
            let (key, value) = split(method, item)?;
            if seen.iter().take(count).any(|s| *s == key.name) {
                return Err(ParseError::Repeated { key: key.name });
            }
            if let Some(free) = seen.get_mut(count) {
                *free = key.name;
                count += 1;
            }
            if !matches!(key.value, Value::Model) {
                policy.assign(key, value)?;
            }
        }
        for item in items.split(',').filter(|item| !item.is_empty()) {
            let (key, value) = split(method, item)?;
            if matches!(key.value, Value::Model) {
                policy.assign(key, value)?;
            }
        }
        let given = |name: &str| seen.iter().take(count).any(|s| *s == name);
        policy.check_tables(given, items, method)?;
        for name in seen.iter().take(count) {
            if let Some(key) = KEYS.iter().find(|key| key.name == *name) {
                policy.check_applies(key)?;
            }
        }
        policy.clear_inert();
        policy.check()?;
        Ok(policy)
    }

    /// Refuses a table beside a key that would undo it, or be undone by it.
    fn check_tables<'a>(
        &self,
        given: impl Fn(&str) -> bool,
        items: &'a str,
        method: Method,
    ) -> Result<(), ParseError<'a>> {
        let needs = |key, remedy| Err(PolicyError::Needs { key, remedy }.into());
        let (model, coefficients) = (given("model"), given("coefficients"));
        let table = match self.gauge.kind {
            GaugeKind::Signal | GaugeKind::Late => coefficients,
            GaugeKind::Curve => given("curve"),
            GaugeKind::Always | GaugeKind::Free | GaugeKind::Count => given("mask"),
        };
        if model && table {
            return needs(
                "model",
                "it stands for coefficients, a curve or a mask; give one of them",
            );
        }
        if !self.gauge.measures() || !(model || coefficients) {
            return Ok(());
        }
        for item in items.split(',').filter(|item| !item.is_empty()) {
            let (key, value) = split(method, item)?;
            let polynomial = Rescale::from_name(value).is_some_and(Rescale::is_polynomial);
            if key.name == "rescale" && !polynomial {
                return needs(
                    "rescale",
                    "coefficients and models are polynomials; leave it out",
                );
            }
        }
        Ok(())
    }

    /// Sets what has no effect to its neutral value, so that equal policies are equal bytes.
    pub(super) fn clear_inert(&mut self) {
        for key in KEYS {
            if key.applies_to(self) {
                continue;
            }
            let neutral = &Self::NEUTRAL;
            match key.value {
                Value::Whole { get, set, .. } => set(self, get(neutral)),
                Value::Number { get, set, .. } => set(self, get(neutral)),
                Value::Choice { get, set, .. } => set(self, get(neutral)),
                Value::List(List::Coefficients) => {
                    self.gauge.coefficients = neutral.gauge.coefficients;
                }
                Value::List(List::Curve) => self.gauge.curve = neutral.gauge.curve,
                Value::List(List::Codebook) => self.gauge.codebook = neutral.gauge.codebook,
                Value::Mask => {
                    self.guards.mask_len = 0;
                    self.guards.mask = neutral.guards.mask;
                }
                Value::Model => {}
            }
        }
    }

    /// Refuses a key that was given and has no effect.
    pub(super) fn check_applies(&self, key: &'static Key) -> Result<(), PolicyError> {
        if key.applies_to(self) {
            return Ok(());
        }
        Err(PolicyError::NoEffect {
            key: key.name,
            needs: key.needs,
        })
    }

    /// Sets a field from its text.
    pub(super) fn assign<'a>(
        &mut self,
        key: &'static Key,
        given: &'a str,
    ) -> Result<(), ParseError<'a>> {
        let bad = ParseError::Value { key, given };
        match key.value {
            Value::Whole { min, max, set, .. } => match given.parse() {
                Ok(v) if (min..=max).contains(&v) => set(self, v),
                _ => return Err(bad),
            },
            Value::Number { min, max, set, .. } => match given.parse::<f64>() {
                // Adding zero turns −0 into 0, so that equal policies are equal bytes.
                Ok(v) if v >= min && v <= max => set(self, v + 0.0),
                _ => return Err(bad),
            },
            Value::Choice { name, set, .. } => {
                let mut number = 0;
                loop {
                    match name(number) {
                        Some(choice) if choice == given => break set(self, number),
                        Some(_) => number += 1,
                        None => return Err(bad),
                    }
                }
            }
            Value::List(list) => self.set_list(list, given).ok_or(bad)?,
            Value::Mask => self.set_mask(given).ok_or(bad)?,
            Value::Model => self.set_model(given)?,
        }
        Ok(())
    }

    fn set_list(&mut self, list: List, given: &str) -> Option<()> {
        let (min, max) = list.bounds();
        let count = given.split('/').count();
        let mut numbers = given.split('/').map(|text| {
            let value: f64 = text.trim().parse().ok()?;
            (value >= min && value <= max).then_some(value + 0.0)
        });
        match list {
            List::Coefficients => {
                if !self.gauge.rescale.is_polynomial() {
                    self.gauge.rescale = Rescale::Polynomial;
                }
                self.gauge.coefficients = [0.0; _];
                let skip = self.gauge.coefficients.len().checked_sub(count)?;
                for field in self.gauge.coefficients.iter_mut().skip(skip) {
                    *field = numbers.next()??;
                }
            }
            List::Curve => {
                let curve = &mut self.gauge.curve;
                curve.len = count as u32;
                curve.values = [0.0; _];
                for field in curve.values.get_mut(..count)? {
                    *field = numbers.next()??;
                }
            }
            List::Codebook => {
                let book = &mut self.gauge.codebook;
                *book = super::Codebook::EMPTY;
                book.len = count as u32 / 2;
                let pairs = book.thresholds.iter_mut().zip(&mut book.intervals);
                for (threshold, interval) in pairs.take(count / 2) {
                    *threshold = numbers.next()??;
                    *interval = numbers.next()?.filter(|v| f64::from(*v as u32) == *v)? as u32;
                }
                if count > list.max_len() || numbers.next().is_some() {
                    return None;
                }
            }
        }
        Some(())
    }

    fn set_mask(&mut self, given: &str) -> Option<()> {
        if given.is_empty() || given.len() > MAX_MASK {
            return None;
        }
        self.guards.mask = [0; _];
        self.guards.mask_len = given.len() as u32;
        for (i, c) in given.bytes().enumerate() {
            let word = self.guards.mask.get_mut(i / 32)?;
            match c {
                b'0' => {}
                b'1' => *word |= 1 << (i % 32),
                _ => return None,
            }
        }
        Some(())
    }

    fn set_model<'a>(&mut self, given: &'a str) -> Result<(), ParseError<'a>> {
        let missing = |names: &mut dyn Iterator<Item = &'static str>| ParseError::Model {
            given,
            nearest: nearest(given, names),
        };
        match self.gauge.kind {
            GaugeKind::Signal | GaugeKind::Late => {
                let table = tables::polynomial(given)
                    .ok_or_else(|| missing(&mut tables::POLYNOMIALS.iter().map(|t| t.model)))?;
                if !self.gauge.rescale.is_polynomial() {
                    self.gauge.rescale = Rescale::Polynomial;
                }
                self.gauge.coefficients = table.coefficients;
            }
            GaugeKind::Curve => {
                let table = tables::curve(given)
                    .ok_or_else(|| missing(&mut tables::CURVES.iter().map(|t| t.model)))?;
                self.gauge.curve = table.curve();
            }
            GaugeKind::Always | GaugeKind::Free | GaugeKind::Count => {
                let method = self.method.name();
                if tables::masks(method).next().is_none() {
                    return Err(PolicyError::NoEffect {
                        key: "model",
                        needs: "a method with published tables",
                    }
                    .into());
                }
                let table = tables::mask(method, given)
                    .ok_or_else(|| missing(&mut tables::masks(method).map(|t| t.model)))?;
                let bad = missing(&mut core::iter::empty());
                self.set_mask(table.mask).ok_or(bad)?;
            }
        }
        Ok(())
    }
}

/// The key and the value of one item; a mask may stand alone in the method of that name.
fn split(method: Method, item: &str) -> Result<(&'static Key, &str), ParseError<'_>> {
    let (name, value) = match item.split_once('=') {
        Some((name, value)) => (name.trim(), value.trim()),
        None if method == Method::Mask => ("mask", item.trim()),
        None => return Err(ParseError::Item { given: item }),
    };
    let key = KEYS
        .iter()
        .find(|key| key.name == name)
        .ok_or_else(|| ParseError::Key {
            given: name,
            nearest: nearest(name, KEYS.iter().map(|k| k.name)),
        })?;
    Ok((key, value))
}

/// The name with the smallest edit distance to `given`, counted over its first 64 letters.
pub(super) fn nearest(given: &str, names: impl Iterator<Item = &'static str>) -> &'static str {
    names.min_by_key(|name| distance(given, name)).unwrap_or("")
}

/// How many letters differ.
pub(super) fn distance(a: &str, b: &str) -> usize {
    const MOST: usize = 64;
    let mut row = [0_usize; MOST + 1];
    for (i, cell) in row.iter_mut().enumerate() {
        *cell = i;
    }
    let columns = b.len().min(MOST);
    for (i, ca) in a.bytes().take(MOST).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(b.bytes().take(columns)) {
            let above = *cell;
            let swap = diagonal + usize::from(!ca.eq_ignore_ascii_case(&cb));
            *cell = swap.min(above + 1).min(left + 1);
            diagonal = above;
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.get(columns).copied().unwrap_or(MOST)
}
