//! What the readers of all peers share: rows of options, values, and the policy as it grows.

use super::report::{Allowed, Carried, PeerError, Wrong};
use super::words::unquoted;
use crate::policy::keys::KEYS;
use crate::policy::parse::{distance, nearest};
use crate::policy::schedule::{Level, scm};
use crate::policy::{MAX_MASK, Method, Policy, Window};

/// Most options that one text can give.
const MAX_GIVEN: usize = 64;

/// An option as it is given.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

/// What an option does.
pub(super) type Set = for<'a> fn(&mut Reading<'a>, Given<'a>) -> Result<(), Wrong>;

/// What is done with an option.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// A key of the text form takes its value.
    Key(&'static str),
    /// It changes nothing, for that reason.
    Report(&'static str),
    /// It changes nothing, for that reason, unless it has the value that is so here.
    Unless(Check, &'static str),
    /// More than that.
    Set(Set),
}

/// What a value is, and which says nothing.
#[derive(Clone, Copy)]
pub(super) enum Check {
    Flag(bool),
    /// From its first number on.
    Whole(i64, i64),
    Number(f64),
    Range,
}

impl Check {
    /// Whether a value says nothing.
    fn is_plain(self, value: &str) -> Result<bool, Wrong> {
        Ok(match self {
            Self::Flag(plain) => flag(value)? == plain,
            Self::Whole(min, plain) => whole(value, min, 1 << 30)? == plain,
            Self::Number(plain) => number(value)? == plain,
            Self::Range => range(value).map(|_| false)?,
        })
    }
}

/// An option of a peer.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) becomes: &'static str,
    pub(super) does: Does,
    pub(super) none: Nothing,
}

/// What `None` is for an option.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    /// Its default.
    Default,
    /// Something that is not read: the default stays, which is reported.
    Reported,
    /// A value as any other.
    Value,
}

/// Options that belong together.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) rows: &'static [Row],
}

/// A row of an option that does more than setting a key.
pub(super) const fn row(name: &'static str, becomes: &'static str, set: Set) -> Row {
    Row {
        name,
        becomes,
        does: Does::Set(set),
        none: Nothing::Reported,
    }
}

/// A row of an option that is a key.
pub(super) const fn key(name: &'static str, key: &'static str) -> Row {
    Row {
        name,
        becomes: key,
        does: Does::Key(key),
        none: Nothing::Reported,
    }
}

/// A row of an option that changes nothing here.
pub(super) const fn report(name: &'static str, why: &'static str) -> Row {
    Row {
        name,
        becomes: "report",
        does: Does::Report(why),
        none: Nothing::Reported,
    }
}

/// A row of an option that changes nothing here, and of which one value does not there either.
pub(super) const fn unless(name: &'static str, check: Check, why: &'static str) -> Row {
    Row {
        name,
        becomes: "report",
        does: Does::Unless(check, why),
        none: Nothing::Reported,
    }
}

/// A row of an option whose default is `None`.
pub(super) const fn optional(row: Row) -> Row {
    Row {
        none: Nothing::Default,
        ..row
    }
}

/// The row of an option.
pub(super) fn row_of(groups: &'static [Group], name: &str) -> Option<&'static Row> {
    let mut rows = groups.iter().flat_map(|group| group.rows);
    rows.find(|row| row.name == name)
}

/// The nearest of some names.
pub(super) fn near(given: &str, names: &mut dyn Iterator<Item = &'static str>) -> &'static str {
    nearest(given, names)
}

/// Whether a name is another one with a slip or two.
pub(super) fn is_slip(given: &str, name: &str) -> bool {
    distance(given, name) <= 2
}

/// What stands in for a skipped call in cache-dit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Calibrator {
    Taylor,
    Foca,
    Dmd,
}

/// The steps that a text names, in one of several ways.
#[derive(Clone, Copy)]
pub(super) struct Mask<'a> {
    /// Zeros and ones between commas.
    pub(super) list: Option<Given<'a>>,
    /// A level of cache-dit's own masks.
    pub(super) level: Option<(Level, Given<'a>)>,
    /// Lengths of the runs of computed and of skipped steps.
    pub(super) computed: Option<Given<'a>>,
    pub(super) skipped: Option<Given<'a>>,
    /// Whether steps that are not named are skipped without a look.
    pub(super) fixed: Option<Given<'a>>,
    /// Whether it is made by a call, which has a level of its own.
    pub(super) made: bool,
}

/// A policy as it grows, and what can be settled only when all options are read.
pub(super) struct Reading<'a> {
    pub(super) policy: Policy,
    pub(super) carried: Carried<'a>,
    seen: [&'static str; MAX_GIVEN],
    count: usize,
    /// Whether the text is of keyword arguments.
    pub(super) keywords: bool,
    /// Arguments of the class so far: how many without a name, and whether one had one.
    unnamed: usize,
    named: bool,
    pub(super) mask: Mask<'a>,
    /// Steps of the run, 0 if they are not given.
    pub(super) steps: u32,
    pub(super) steps_given: Option<Given<'a>>,
    /// One of so many warm-up steps is computed.
    pub(super) warmup_interval: Option<Given<'a>>,
    /// Front and back blocks where they only scale a threshold.
    pub(super) front: f64,
    pub(super) back: f64,
    pub(super) calibrator: Option<Calibrator>,
    pub(super) calibrated: Option<Given<'a>>,
    pub(super) calibrator_off: bool,
    pub(super) order: Option<Given<'a>>,
    /// A limit of 0, which lets nothing be skipped.
    pub(super) never: bool,
    /// Limits that a fixed mask does not look at.
    pub(super) limits: [Option<Given<'a>>; 3],
    /// Windows of time that belong to the limits.
    pub(super) windows: [Option<Given<'a>>; 3],
    pub(super) relative: Option<Given<'a>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(method: Method) -> Self {
        Self {
            policy: peer_defaults(method),
            carried: Carried::NONE,
            seen: [""; MAX_GIVEN],
            count: 0,
            keywords: false,
            unnamed: 0,
            named: false,
            mask: Mask {
                list: None,
                level: None,
                computed: None,
                skipped: None,
                fixed: None,
                made: false,
            },
            steps: 0,
            steps_given: None,
            warmup_interval: None,
            front: 8.0,
            back: 0.0,
            calibrator: None,
            calibrated: None,
            calibrator_off: false,
            order: None,
            never: false,
            limits: [None; 3],
            windows: [None; 3],
            relative: None,
        }
    }

    /// Starts again from another method, with what was reported.
    pub(super) fn start(&mut self, method: Method) {
        self.policy = peer_defaults(method);
    }

    /// Notes something about an option that is given.
    #[inline(never)]
    pub(super) fn note(&mut self, given: Given<'a>, why: &'static str) {
        self.carried.say(given.key, given.value, why);
    }

    /// Sets a key of the text form.
    pub(super) fn key(&mut self, name: &str, value: &str) -> Result<(), Wrong> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return Err(Wrong::Refused("the policy has no such key"));
        };
        Ok(self.policy.assign(key, unquoted(value))?)
    }

    /// Reads one option, which is in one of these groups.
    pub(super) fn option(
        &mut self,
        groups: &'static [Group],
        given: Given<'a>,
    ) -> Result<(), PeerError<'a>> {
        let Some(row) = row_of(groups, given.key) else {
            let mut names = groups
                .iter()
                .flat_map(|group| group.rows)
                .map(|row| row.name);
            return Err(PeerError::Key {
                given: given.key,
                nearest: near(given.key, &mut names),
            });
        };
        if self.has(row.name) {
            return Err(PeerError::Repeated { key: given.key });
        }
        if let Some(free) = self.seen.get_mut(self.count) {
            *free = row.name;
            self.count += 1;
        }
        if self.keywords && row.none != Nothing::Value && is_none(given.value) {
            if row.none == Nothing::Reported {
                self.note(given, "it is left at its default, as if it were not given");
            }
            return Ok(());
        }
        let done = match row.does {
            Does::Key(key) => self.key(key, given.value),
            Does::Report(why) => {
                self.note(given, why);
                Ok(())
            }
            Does::Unless(check, why) => check.is_plain(given.value).map(|plain| {
                if !plain {
                    self.note(given, why);
                }
            }),
            Does::Set(set) => set(self, given),
        };
        done.map_err(|wrong| error(given, wrong))
    }

    /// Starts with the arguments of a class.
    pub(super) fn enter(&mut self) {
        self.unnamed = 0;
        self.named = false;
    }

    /// Reads an argument with a name.
    pub(super) fn argument(
        &mut self,
        groups: &'static [Group],
        given: Given<'a>,
    ) -> Result<(), PeerError<'a>> {
        self.named = true;
        self.option(groups, given)
    }

    /// Reads an argument without a name: the field of the class that stands in its place.
    pub(super) fn unnamed(
        &mut self,
        groups: &'static [Group],
        field: impl FnOnce(usize) -> Option<&'static Row>,
        value: &'a str,
    ) -> Result<(), PeerError<'a>> {
        let wrong = |form| PeerError::Item { given: value, form };
        if self.named {
            return Err(wrong("key=value: name it, as the one before it"));
        }
        let Some(row) = field(self.unnamed) else {
            return Err(wrong(
                "key=value: the class has no field in its place; name it",
            ));
        };
        self.unnamed += 1;
        let key = row.name;
        self.option(groups, Given { key, value })
    }

    /// Whether an option was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.seen.iter().take(self.count).any(|s| *s == name)
    }

    /// The steps in which `from` and `to` lie, as shares counted in single precision.
    pub(super) fn step_of(&self, share: f64) -> u32 {
        ((share as f32) * self.steps as f32) as u32
    }

    /// Gives the window in steps.
    pub(super) fn window_in_steps(&mut self, start: u32, end: u32) {
        self.policy.guards.window = Window::Step;
        self.policy.guards.window_start = start.into();
        self.policy.guards.window_end = end.max(start).into();
    }

    /// Sets one bit of the mask.
    fn push(&mut self, computed: bool) -> Result<(), Wrong> {
        let guards = &mut self.policy.guards;
        let at = guards.mask_len as usize;
        match guards.mask.get_mut(at / 32) {
            Some(word) if at < MAX_MASK => {
                *word |= u32::from(computed) << (at % 32);
                guards.mask_len += 1;
                Ok(())
            }
            _ => Err(words("1 to 16384 steps")),
        }
    }

    /// Has a step computed, if the mask has it.
    pub(super) fn compute(&mut self, step: u32) {
        let guards = &mut self.policy.guards;
        if step < guards.mask_len
            && let Some(word) = guards.mask.get_mut(step as usize / 32)
        {
            *word |= 1 << (step % 32);
        }
    }

    /// Writes the mask into the policy. `false` if none is given.
    pub(super) fn write_mask(&mut self) -> Result<bool, PeerError<'a>> {
        self.policy.guards.mask_len = 0;
        self.policy.guards.mask = Policy::NEUTRAL.guards.mask;
        if let Some(given) = self.mask.list {
            for item in list(given.value) {
                let wrong = words("zeros and ones, one a step: 1 is computed");
                let bit = match item {
                    "1" => true,
                    "0" => false,
                    _ => return Err(error(given, wrong)),
                };
                self.push(bit).map_err(|wrong| error(given, wrong))?;
            }
        } else if let (Some(computed), Some(skipped)) = (self.mask.computed, self.mask.skipped) {
            self.write_runs(computed, skipped)?;
        } else if let Some((level, given)) = self.mask.level {
            if self.steps == 0 {
                let why = "its mask depends on the steps of the run; give --steps, total_steps or \
                           num_inference_steps too";
                return Err(error(given, Wrong::Refused(why)));
            }
            for step in 0..self.steps {
                self.push(scm(level, self.steps, step))
                    .map_err(|wrong| error(given, wrong))?;
            }
        } else if let Some(half) = self.mask.computed.or(self.mask.skipped) {
            let why = "compute_bins and cache_bins belong together; give both";
            return Err(error(half, Wrong::Refused(why)));
        }
        Ok(self.policy.guards.mask_len > 0)
    }

    /// Whether the mask that was written, if one was, has the steps of the run.
    pub(super) fn mask_fits(&self) -> Result<(), PeerError<'a>> {
        let bits = self.policy.guards.mask_len;
        match self.steps_given {
            Some(given) if bits != 0 && bits != self.steps => {
                let why = "the mask has another number of steps; give it one value for each step";
                Err(error(given, Wrong::Refused(why)))
            }
            _ => Ok(()),
        }
    }

    /// Runs of computed and skipped steps in turn, cut to the steps if those are given.
    fn write_runs(&mut self, computed: Given<'a>, skipped: Given<'a>) -> Result<(), PeerError<'a>> {
        let most = if self.steps == 0 {
            MAX_MASK as u32
        } else {
            self.steps
        };
        let (mut ones, mut zeros) = (list(computed.value), list(skipped.value));
        loop {
            let (one, zero) = (ones.next(), zeros.next());
            for (item, given, bit) in [(one, computed, true), (zero, skipped, false)] {
                let Some(item) = item else { continue };
                let run = whole(item, 0, MAX_MASK as i64).map_err(|wrong| error(given, wrong))?;
                for _ in 0..run {
                    if self.policy.guards.mask_len < most {
                        self.push(bit).map_err(|wrong| error(given, wrong))?;
                    }
                }
            }
            if one.is_none() && zero.is_none() {
                break;
            }
        }
        if self.steps > 0 && self.policy.guards.mask_len < self.steps {
            let why = "the runs hold fewer steps than the run; make them longer";
            return Err(error(computed, Wrong::Refused(why)));
        }
        Ok(())
    }

    /// The policy, and what does not carry over.
    pub(super) fn finish(mut self) -> Result<(Policy, Carried<'a>), PeerError<'a>> {
        self.policy.clear_inert();
        self.policy.check()?;
        Ok((self.policy, self.carried))
    }
}

/// A method's preset without what no peer does: the last step is not protected, and no step is
/// computed in the warm-up.
fn peer_defaults(method: Method) -> Policy {
    let mut policy = (method.preset().policy)();
    policy.guards.last_steps = 0;
    policy.guards.max_warmup_steps = 0;
    policy
}

/// An error of an option.
pub(super) fn error<'a>(given: Given<'a>, wrong: Wrong) -> PeerError<'a> {
    let Given { key, value } = given;
    match wrong {
        Wrong::Value(allowed) => PeerError::Value(super::report::BadValue {
            key,
            given: value,
            allowed,
        }),
        Wrong::Refused(why) => PeerError::Refused {
            key,
            given: value,
            why,
        },
    }
}

/// What an option takes, in words.
pub(super) const fn words(allowed: &'static str) -> Wrong {
    Wrong::Value(Allowed::Words(allowed))
}

/// A number that is finite.
pub(super) fn number(text: &str) -> Result<f64, Wrong> {
    match unquoted(text).parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(words("a number")),
    }
}

/// A whole number from `min` to `max`.
pub(super) fn whole(text: &str, min: i64, max: i64) -> Result<i64, Wrong> {
    match unquoted(text).parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(words(match min {
            i64::MIN..=-1 => "a whole number from -1, which is no limit",
            0 => "a whole number from 0",
            _ => "a whole number from 1",
        })),
    }
}

/// A step, or a number of steps.
pub(super) fn steps(text: &str, min: i64) -> Result<u32, Wrong> {
    Ok(whole(text, min, 1 << 30)? as u32)
}

/// Python's and YAML's words for nothing.
pub(super) fn is_none(text: &str) -> bool {
    matches!(text, "None" | "null" | "Null" | "NULL" | "~")
}

/// True or false, in Python's words or in YAML's.
pub(super) fn flag(text: &str) -> Result<bool, Wrong> {
    match unquoted(text) {
        "True" | "true" | "TRUE" | "yes" | "on" | "1" => Ok(true),
        "False" | "false" | "FALSE" | "no" | "off" | "0" => Ok(false),
        _ => Err(words("True or False")),
    }
}

/// The values between brackets, or between commas alone.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> + Clone {
    let text = text.trim().trim_matches(['[', ']', '(', ')', '{', '}']);
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// A range of two numbers.
pub(super) fn range(text: &str) -> Result<(f64, f64), Wrong> {
    let mut items = list(text);
    let wrong = words("two numbers, (low, high)");
    match (items.next(), items.next(), items.next()) {
        (Some(low), Some(high), None) => match (number(low), number(high)) {
            (Ok(low), Ok(high)) if low <= high => Ok((low, high)),
            _ => Err(wrong),
        },
        _ => Err(wrong),
    }
}

/// A level of cache-dit's masks.
pub(super) fn level(text: &str) -> Option<Level> {
    Some(match unquoted(text) {
        "slow" | "s" | "S" => Level::Slow,
        "medium" | "m" | "M" => Level::Medium,
        "fast" | "f" | "F" => Level::Fast,
        "ultra" | "u" | "U" => Level::Ultra,
        _ => return None,
    })
}
