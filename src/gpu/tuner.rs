//! Which kernel a dispatch gets: measured once for each class of shapes, and remembered.
//!
//! Which kernel is fastest changes from one driver version to the next, so that nothing is looked up
//! by an adapter's name.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{GpuDevice, trial::Trial};
use crate::{
    executor::ExecutorError,
    kernels::{
        Command, Dispatch, Family, KernelId, Recording, Variant,
        params::{AttentionParams, LinearParams},
    },
};

/// How an executor chooses the kernels of operations that have [variants](crate::kernels::VARIANTS).
#[derive(Clone, Copy, Debug, Default)]
pub enum Tuning {
    /// The fastest of those that compute what their twin does, measured when an executor is made and
    /// remembered for the device.
    #[default]
    Measured,
    /// The kernel of the table.
    Table,
    /// One variant, untested, wherever the device has what it needs and it takes the dispatch; else
    /// the kernel of the table.
    Forced(&'static Variant),
}

/// What was measured for a class of shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// For example `linear f16 128x192x768` (rows, up to a power of two, inputs and outputs), or
    /// `attention 64 256x8` (head dimension, tokens, and heads of all images, up to a power of two).
    pub class: String,
    /// The variant's name, `table` for the kernel of the table.
    pub name: &'static str,
    /// All that were tried; none if the choice was remembered.
    pub candidates: Vec<Candidate>,
}

/// A kernel that was tried for a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// As [`Choice::name`].
    pub name: &'static str,
    /// Seconds of one dispatch, or why it must not be used.
    pub seconds: Result<f64, String>,
}

/// The kernel of the table, as a choice.
const TABLE: &str = "table";
/// Multiply-adds below which the launch counts for more than the kernel.
const SMALL: u64 = 1 << 18;
/// No class is measured any more once a recording has taken this long. A software renderer takes
/// most of a second to compile a kernel.
const BUDGET: Duration = Duration::from_millis(300);
const SOFTWARE_BUDGET: Duration = Duration::from_secs(8);

/// What is known of the kernels on one device.
#[derive(Default)]
pub(super) struct Tuner {
    state: Mutex<State>,
    /// Held while measuring: two measurements at once would disturb each other.
    measuring: Mutex<()>,
}

#[derive(Default)]
struct State {
    choices: BTreeMap<Class, Choice>,
    tested: HashMap<Tested, Result<(), String>>,
}

/// The operation, the variant's name and the constants.
type Tested = (KernelId, &'static str, Vec<(&'static str, u32)>);

/// Dispatches that are served by the same choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Weight format, rows, inputs, outputs.
    Linear(u32, [u32; 3]),
    /// Head dimension, tokens, heads of all images.
    Attention(u32, [u32; 2]),
}

const FORMATS: [&str; 3] = ["f32", "f16", "bf16"];

impl Class {
    fn of(dispatch: &Dispatch) -> Option<Self> {
        let &(_, value) = dispatch.constants.first()?;
        let upto = |count: u32| count.checked_next_power_of_two().unwrap_or(count);
        if Family::Attention.operations().contains(&dispatch.kernel) {
            let p: AttentionParams = dispatch.params()?;
            let heads = upto(p.heads.saturating_mul(p.batch));
            Some(Self::Attention(value, [p.tokens, heads]))
        } else if Family::Linear.operations().contains(&dispatch.kernel) {
            let p: LinearParams = dispatch.params()?;
            Some(Self::Linear(value, [upto(p.rows), p.inputs, p.outputs]))
        } else {
            None
        }
    }

    fn family(self) -> Family {
        match self {
            Self::Linear(..) => Family::Linear,
            Self::Attention(..) => Family::Attention,
        }
    }

    /// How unlike the shapes of two classes are; `None` if they never get the same kernel.
    fn distance(self, other: Self) -> Option<f64> {
        let apart = |a: &[u32], b: &[u32]| {
            let sides = a.iter().zip(b);
            sides
                .map(|(&a, &b)| (f64::from(a.max(1)) / f64::from(b.max(1))).ln().abs())
                .sum()
        };
        match (self, other) {
            (Self::Linear(a, ours), Self::Linear(b, theirs)) if a == b => {
                Some(apart(&ours, &theirs))
            }
            (Self::Attention(a, ours), Self::Attention(b, theirs)) if a == b => {
                Some(apart(&ours, &theirs))
            }
            _ => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (family, value, shape) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() {
            return None;
        }
        let sides: Vec<u32> = shape
            .split('x')
            .map(|side| side.parse().ok())
            .collect::<Option<_>>()?;
        match family {
            "linear" => {
                let format = FORMATS.iter().position(|format| *format == value)?;
                Some(Self::Linear(format as u32, sides.try_into().ok()?))
            }
            "attention" => Some(Self::Attention(value.parse().ok()?, sides.try_into().ok()?)),
            _ => None,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Linear(format, [rows, inputs, outputs]) => {
                let format = FORMATS.get(format as usize).unwrap_or(&"?");
                write!(f, "linear {format} {rows}x{inputs}x{outputs}")
            }
            Self::Attention(width, [tokens, heads]) => {
                write!(f, "attention {width} {tokens}x{heads}")
            }
        }
    }
}

impl Tuner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Measures what [`choose`](Self::choose) will be asked for, the most work first, until the time
    /// for it is spent.
    pub(super) fn tune(&self, device: &GpuDevice, recording: &Recording) {
        if !matches!(device.how(), Tuning::Measured) {
            return;
        }
        let mut classes: BTreeMap<Class, (u64, &Dispatch)> = BTreeMap::new();
        let segments = recording.segments.iter();
        for command in segments.flat_map(|segment| &segment.commands) {
            if let Command::Dispatch(dispatch) = command
                && let Some(class) = Class::of(dispatch)
                && candidates(device, dispatch).next().is_some()
                && dispatch.multiply_adds() >= SMALL
            {
                let entry = classes.entry(class).or_insert((0, dispatch));
                entry.0 += dispatch.multiply_adds();
            }
        }
        let mut classes: Vec<_> = classes.into_iter().collect();
        classes.sort_by_key(|&(_, (work, _))| core::cmp::Reverse(work));
        let measuring = self.measuring.lock();
        let _measuring = measuring.unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        let budget = if device.is_software() {
            SOFTWARE_BUDGET
        } else {
            BUDGET
        };
        for (class, (_, dispatch)) in classes {
            if start.elapsed() > budget {
                break;
            }
            if !self.state().choices.contains_key(&class)
                && let Some(trial) = Trial::alike(dispatch)
            {
                let variants = candidates(device, trial.dispatch()).collect::<Vec<_>>();
                let choice = self.measure(device, class, &trial, &variants);
                self.state().choices.insert(class, choice);
            }
        }
    }

    /// The fastest of the kernel of the table and of those variants that are right.
    fn measure(
        &self,
        device: &GpuDevice,
        class: Class,
        trial: &Trial,
        variants: &[&'static Variant],
    ) -> Choice {
        let mut best = f64::INFINITY;
        let mut seconds = |tuning| {
            let seconds = trial.seconds(device, tuning, best);
            best = seconds.as_ref().map_or(best, |seconds| best.min(*seconds));
            seconds.map_err(|error| error.to_string())
        };
        let mut tried = Vec::from([Candidate {
            name: TABLE,
            seconds: seconds(Tuning::Table),
        }]);
        for variant in variants {
            let right = self.test(device, variant, trial.dispatch());
            tried.push(Candidate {
                name: variant.name,
                seconds: right.and_then(|()| seconds(Tuning::Forced(variant))),
            });
        }
        let measured = |candidate: &Candidate| candidate.seconds.clone().unwrap_or(f64::INFINITY);
        let fastest = tried
            .iter()
            .min_by(|a, b| measured(a).total_cmp(&measured(b)));
        Choice {
            class: class.to_string(),
            name: fastest.map_or(TABLE, |candidate| candidate.name),
            candidates: tried,
        }
    }

    /// Whether a variant computes what the twin does, for an operation and constants: tried once.
    fn test(
        &self,
        device: &GpuDevice,
        variant: &'static Variant,
        dispatch: &Dispatch,
    ) -> Result<(), String> {
        let key = (dispatch.kernel, variant.name, dispatch.constants.clone());
        if let Some(known) = self.state().tested.get(&key) {
            return known.clone();
        }
        let found = match Trial::odd(variant, dispatch.kernel, &dispatch.constants) {
            Some(trial) => trial.agrees(device, variant),
            None => Err("there is nothing to test it with".into()),
        };
        self.state().tested.insert(key, found.clone());
        found
    }

    /// The variant for a dispatch and its workgroups; `None` for the kernel of the table.
    pub(super) fn choose(
        &self,
        device: &GpuDevice,
        dispatch: &Dispatch,
    ) -> Option<(&'static Variant, [u32; 3])> {
        let variant = match *device.how() {
            Tuning::Table => return None,
            Tuning::Forced(wanted) => wanted,
            Tuning::Measured => {
                if dispatch.multiply_adds() < SMALL {
                    return None;
                }
                let name = self.nearest(Class::of(dispatch)?)?;
                dispatch
                    .kernel
                    .variants()
                    .find(|variant| variant.name == name)?
            }
        };
        let workgroups = fits(device, variant, dispatch)?;
        if matches!(device.how(), Tuning::Measured) {
            self.test(device, variant, dispatch).ok()?;
        }
        Some((variant, workgroups))
    }

    /// The choice for a class or, where its measurement was given up, for the most alike of those
    /// measured.
    fn nearest(&self, class: Class) -> Option<&'static str> {
        let state = self.state();
        let known = state.choices.iter();
        let all = known.filter_map(|(other, choice)| Some((class.distance(*other)?, choice.name)));
        let (_, name) = all.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
        Some(name)
    }

    pub(super) fn choices(&self) -> Vec<Choice> {
        self.state().choices.values().cloned().collect()
    }

    pub(super) fn text(&self, identity: &str) -> String {
        let mut text = format!("{identity}\n");
        for choice in self.choices() {
            text.push_str(&format!("{} = {}\n", choice.class, choice.name));
        }
        text
    }

    pub(super) fn remember(&self, identity: &str, text: &str) -> Result<(), ExecutorError> {
        let mut lines = text.lines();
        let given = lines.next().unwrap_or_default();
        if given != identity {
            return Err(ExecutorError::Tuning(format!(
                "it was measured with `{given}`, this is `{identity}`; measure anew"
            )));
        }
        let choices = lines
            .zip(2..)
            .map(|(line, number)| {
                parse(line).ok_or_else(|| {
                    ExecutorError::Tuning(format!(
                        "line {number}, `{line}`, is no `class = variant`; measure anew"
                    ))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.state().choices.extend(choices);
        Ok(())
    }
}

fn parse(line: &str) -> Option<(Class, Choice)> {
    let (class, name) = line.split_once(" = ")?;
    let parsed = Class::parse(class)?;
    let operation = *parsed.family().operations().first()?;
    let name = if name == TABLE {
        TABLE
    } else {
        operation.variants().find(|known| known.name == name)?.name
    };
    let choice = Choice {
        class: class.into(),
        name,
        candidates: Vec::new(),
    };
    Some((parsed, choice))
}

/// The variants that a device can run a dispatch with.
fn candidates<'a>(
    device: &'a GpuDevice,
    dispatch: &'a Dispatch,
) -> impl Iterator<Item = &'static Variant> + 'a {
    let all = dispatch.kernel.variants();
    // A software renderer gains nothing from tiles in workgroup memory, and takes a good part of a
    // second to compile each.
    let worthwhile = |variant: &Variant| {
        variant.family != Family::Linear || variant.needs.subgroup > 0 || !device.is_software()
    };
    all.filter(move |variant| worthwhile(variant) && fits(device, variant, dispatch).is_some())
}

/// The workgroups of a variant, if it can be used.
fn fits(device: &GpuDevice, variant: &Variant, dispatch: &Dispatch) -> Option<[u32; 3]> {
    let limit = device.limits().max_compute_workgroups_per_dimension;
    let workgroups = variant.workgroups(dispatch)?;
    let fit = device.supports(variant) && workgroups.iter().all(|&count| count <= limit);
    fit.then_some(workgroups)
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::*;
    use crate::{
        gpu::{device::tests::device, trial::Fill},
        kernels::WeightFormat,
    };

    fn linear(rows: u32, inputs: u32, outputs: u32) -> Trial {
        let params = LinearParams {
            rows,
            inputs,
            outputs,
            tokens: 1,
            gate_stride: 0,
            gate_offset: 0,
            addend_rows: 0,
            pad: 0,
        };
        Trial::linear(KernelId::Linear, params, WeightFormat::F16, Fill::Zeros)
    }

    /// Two variants that must not be used: one adds up the wrong products, one is no WGSL.
    #[test]
    fn wrong_variants_are_excluded() {
        let Some(device) = device() else { return };
        let good = KernelId::Linear.variants().next().expect("a variant");
        let changed = |name, from: &str, to| -> &'static Variant {
            assert!(good.template.contains(from), "{from}");
            Box::leak(Box::new(Variant {
                name,
                template: good.template.replace(from, to).leak(),
                ..*good
            }))
        };
        let wrong = changed("wrong", "vec4(a.z)", "vec4(a.y)");
        let broken = changed("broken", "fn main(", "fn main[");
        let trial = linear(64, 64, 64);
        let class = Class::of(trial.dispatch()).expect("a class");
        let variants = [wrong, broken, good];
        let choice = device.tuner().measure(&device, class, &trial, &variants);
        assert_eq!(choice.class, "linear f16 64x64x64");
        let [table, wrong, broken, good] = choice.candidates.as_slice() else {
            panic!("{choice:?}");
        };
        let why = |candidate: &Candidate| candidate.seconds.clone().expect_err(candidate.name);
        assert!(why(wrong).starts_with("element "), "{}", why(wrong));
        assert!(why(broken).contains("linear_broken"), "{}", why(broken));
        let seconds = |candidate: &Candidate| candidate.seconds.clone().expect(candidate.name);
        let (table, good) = (seconds(table), seconds(good));
        assert!(table > 0.0 && good > 0.0);
        assert_eq!(choice.name, if good < table { "tile32" } else { TABLE });
    }

    #[test]
    fn classes_print_and_parse() {
        let trial = linear(65, 192, 48);
        let class = Class::of(trial.dispatch()).expect("a class");
        assert_eq!(class, Class::Linear(1, [128, 192, 48]));
        for class in [
            class,
            Class::Linear(2, [1, 2, 3]),
            Class::Attention(72, [7, 8]),
        ] {
            assert_eq!(Class::parse(&class.to_string()), Some(class));
        }
        for text in [
            "",
            "linear",
            "linear f8 1x2x3",
            "linear f16 1x2",
            "attention 64 1x2x3",
        ] {
            assert_eq!(Class::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_not_measured_follows_the_most_alike() {
        let tuner = Tuner::default();
        let text = "me\nlinear f16 128x192x768 = tile32\nlinear f16 1x192x768 = few2";
        tuner.remember("me", text).expect("well formed");
        let name = |class| tuner.nearest(class);
        assert_eq!(name(Class::Linear(1, [256, 192, 768])), Some("tile32"));
        assert_eq!(name(Class::Linear(1, [2, 256, 768])), Some("few2"));
        assert_eq!(name(Class::Linear(0, [2, 256, 768])), None);
        assert_eq!(name(Class::Attention(1, [256, 192])), None);
    }
}
