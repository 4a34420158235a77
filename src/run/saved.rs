//! A run as bytes, to go on with it after the program was ended: a safetensors file.
//!
//! Its metadata, one JSON object, are the settings and how far the run is; its tensors are the latents,
//! the scheduler, the trace, and what the device keeps between calls. Modulations are made again.

use alloc::{
    borrow::{Cow, ToOwned},
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::str::FromStr;

use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView},
};

use super::{error::RunError, settings::Settings};
use crate::{
    dit::Model,
    hash::Hash,
    kernels::AnchorFormat,
    policy::Policy,
    sampler::Sampler,
    scheduler::{Action, Event, Reason},
    text::Named,
};

/// The key of the metadata.
const KEY: &str = "refrain.run";
/// The version of the format.
const VERSION: &str = "1";
/// Tensors that are no buffer of the device.
const LATENTS: &str = "latents";
const SCHEDULER: &str = "scheduler";
const TRACE: &str = "trace";
const BEFORE: &str = "before";
/// What stands before the name of a buffer.
const BUFFER: &str = "state/";
/// Numbers of an event: eight of 32 bits, two of 64.
const EVENT_BYTES: usize = 8 * 4 + 2 * 8;

/// What the metadata say, in the order of their names.
type Said = BTreeMap<String, String>;

/// What a run keeps between calls.
pub(super) struct Kept {
    /// Calls made.
    pub(super) made: u32,
    pub(super) multiply_adds: u64,
    /// (pictures, C, H, W)
    pub(super) latents: Vec<f32>,
    /// As [`Scheduler::save`](crate::Scheduler::save) writes it.
    pub(super) scheduler: Vec<u8>,
    pub(super) events: Vec<Event>,
    /// Computed calls of each lane whose state on the device is good.
    pub(super) before: Vec<u32>,
    /// Buffers that are kept from call to call, by name.
    pub(super) buffers: BTreeMap<String, Vec<f32>>,
}

/// A model as a saved run names it: its weights, and what was said of them beside the file.
pub(super) fn model(model: &Model) -> String {
    let (heads, prediction) = (model.config().num_heads, model.config().prediction);
    format!(
        "{:016x} of {heads} heads, {prediction}",
        model.fingerprint()
    )
}

/// Writes a run of a model.
pub(super) fn write(settings: &Settings, model: &str, kept: &Kept) -> Result<Vec<u8>, RunError> {
    let classes: Vec<String> = settings.classes.iter().map(u32::to_string).collect();
    let mut said: Said = [
        ("version", VERSION.to_owned()),
        ("model", model.to_owned()),
        ("policy", settings.policy.to_string()),
        ("steps", settings.steps.to_string()),
        ("sampler", settings.sampler.to_string()),
        ("guidance", settings.guidance.to_string()),
        ("classes", classes.join(" ")),
        ("anchors", settings.anchor_format.to_string()),
        ("seed", settings.seed.to_string()),
        ("made", kept.made.to_string()),
        ("multiply-adds", kept.multiply_adds.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let mut tensors: BTreeMap<String, (Dtype, Cow<'_, [u8]>)> = BTreeMap::new();
    let mut add = |name: &str, dtype, bytes| tensors.insert(name.to_owned(), (dtype, bytes));
    add(LATENTS, Dtype::F32, bytes_of(&kept.latents));
    add(SCHEDULER, Dtype::U8, Cow::Borrowed(&kept.scheduler));
    let events: Vec<u8> = kept.events.iter().flat_map(event_bytes).collect();
    add(TRACE, Dtype::U8, Cow::Owned(events));
    let before = kept.before.iter().flat_map(|count| count.to_le_bytes());
    add(BEFORE, Dtype::U32, Cow::Owned(before.collect()));
    for (name, values) in &kept.buffers {
        add(&format!("{BUFFER}{name}"), Dtype::F32, bytes_of(values));
    }
    let views = tensors.iter().map(|(name, (dtype, bytes))| {
        let each = dtype.bitsize() / 8;
        let view = TensorView::new(*dtype, Vec::from([bytes.len() / each]), bytes);
        view.map(|view| (name.as_str(), view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(refused)?;
    let contents = views.iter().map(|(name, view)| (*name, view.data()));
    said.insert("hash".to_owned(), hash(&said, contents));
    let said = serde_json::to_string(&said).map_err(refused)?;
    safetensors::serialize(views, Some([(KEY.to_owned(), said)].into())).map_err(refused)
}

/// Reads what [`write`] wrote: the settings, the model, and what was kept.
pub(super) fn read(bytes: &[u8]) -> Result<(Settings, String, Kept), RunError> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(refused)?;
    let file = SafeTensors::deserialize(bytes).map_err(refused)?;
    let said = header.metadata().as_ref().and_then(|said| said.get(KEY));
    let said = said.ok_or_else(|| RunError::Saved(format!("it has no metadata `{KEY}`")))?;
    let mut said: Said = serde_json::from_str(said)
        .map_err(|why| RunError::Saved(format!("its metadata `{KEY}` are no texts: {why}")))?;
    let version = said.get("version").map_or("none", String::as_str);
    if version != VERSION {
        return Err(RunError::Saved(format!(
            "its `version` is {version}; this library reads {VERSION}"
        )));
    }
    let written = said.remove("hash").unwrap_or_default();
    let mut names: Vec<&str> = file.names();
    names.sort_unstable();
    let mut contents = Vec::with_capacity(names.len());
    for name in &names {
        contents.push((*name, file.tensor(name).map_err(refused)?.data()));
    }
    if hash(&said, contents.iter().copied()) != written {
        return Err(RunError::Saved(
            "its contents are not those that were saved".into(),
        ));
    }
    let policy = field::<String>(&said, "policy")?;
    let policy = Policy::parse(&policy)
        .map_err(|why| RunError::Saved(format!("its `policy` is `{policy}`: {why}")))?;
    let classes = field::<String>(&said, "classes")?;
    let classes = classes
        .split_whitespace()
        .map(|class| parsed("classes", class));
    let settings = Settings {
        policy,
        steps: field(&said, "steps")?,
        sampler: named::<Sampler>(&said, "sampler")?,
        guidance: field(&said, "guidance")?,
        classes: classes.collect::<Result<_, _>>()?,
        anchor_format: named::<AnchorFormat>(&said, "anchors")?,
        seed: field(&said, "seed")?,
    };
    let model = field::<String>(&said, "model")?;
    let find = |name: &str| {
        let found = contents.iter().find(|(known, _)| *known == name);
        let missing = || RunError::Saved(format!("it has no tensor `{name}`"));
        found.map(|(_, bytes)| *bytes).ok_or_else(missing)
    };
    let (events, rest) = find(TRACE)?.as_chunks::<EVENT_BYTES>();
    let events: Option<Vec<Event>> = events.iter().map(event).collect();
    let events = events.filter(|_| rest.is_empty());
    let buffers = contents.iter().filter_map(|(name, bytes)| {
        let name = name.strip_prefix(BUFFER)?;
        Some((name.to_owned(), floats(bytes)))
    });
    let (before, _) = find(BEFORE)?.as_chunks::<4>();
    let kept = Kept {
        made: field(&said, "made")?,
        multiply_adds: field(&said, "multiply-adds")?,
        latents: floats(find(LATENTS)?),
        scheduler: find(SCHEDULER)?.to_vec(),
        events: events.ok_or_else(|| RunError::Saved("its trace is damaged".into()))?,
        before: before
            .iter()
            .map(|bytes| u32::from_le_bytes(*bytes))
            .collect(),
        buffers: buffers.collect(),
    };
    Ok((settings, model, kept))
}

fn refused(why: impl core::fmt::Display) -> RunError {
    RunError::Saved(format!("no safetensors file: {why}"))
}

fn unusable(field: &str, value: &str) -> RunError {
    RunError::Saved(format!("its `{field}` is `{value}`"))
}

fn parsed<T: FromStr>(field: &str, value: &str) -> Result<T, RunError> {
    value.parse().map_err(|_| unusable(field, value))
}

fn field<T: FromStr>(said: &Said, name: &str) -> Result<T, RunError> {
    let value = said.get(name).ok_or_else(|| unusable(name, "missing"))?;
    parsed(name, value)
}

fn named<T: Named>(said: &Said, name: &str) -> Result<T, RunError> {
    let value: String = field(said, name)?;
    T::from_name(&value).ok_or_else(|| unusable(name, &value))
}

/// Over everything but itself.
fn hash<'a>(said: &Said, contents: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Hash::NEW;
    for (key, value) in said {
        hash.bytes(key.as_bytes());
        hash.bytes(value.as_bytes());
    }
    for (name, bytes) in contents {
        hash.bytes(name.as_bytes());
        hash.bytes(bytes);
    }
    format!("{:016x}", hash.value())
}

/// Little-endian; words of anchors go through as bits.
fn bytes_of(values: &[f32]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(bytemuck::cast_slice(values));
    }
    let words = values.iter().map(|value| value.to_bits().to_le_bytes());
    Cow::Owned(words.flatten().collect())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words
        .iter()
        .map(|word| f32::from_bits(u32::from_le_bytes(*word)))
        .collect()
}

fn event_bytes(event: &Event) -> Vec<u8> {
    let numbers = [
        event.call,
        event.step,
        event.evaluation,
        event.lane,
        event.action as u32,
        event.reason as u32,
        event.order,
        event.slot,
    ];
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
    let amounts = [event.signal, event.spent];
    numbers
        .chain(amounts.iter().flat_map(|amount| amount.to_le_bytes()))
        .collect()
}

fn event(bytes: &[u8; EVENT_BYTES]) -> Option<Event> {
    let (numbers, amounts) = bytes.split_at(8 * 4);
    let (numbers, amounts) = (numbers.as_chunks::<4>().0, amounts.as_chunks::<8>().0);
    let number = |at: usize| numbers.get(at).map(|bytes| u32::from_le_bytes(*bytes));
    let amount = |at: usize| amounts.get(at).map(|bytes| f64::from_le_bytes(*bytes));
    Some(Event {
        call: number(0)?,
        step: number(1)?,
        evaluation: number(2)?,
        lane: number(3)?,
        action: Action::from_number(number(4)?)?,
        reason: Reason::from_number(number(5)?)?,
        order: number(6)?,
        slot: number(7)?,
        signal: amount(0)?,
        spent: amount(1)?,
    })
}
