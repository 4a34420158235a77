//! Calibration: what a method's table is made of, measured on full runs of a model.

mod fit;
mod methods;

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use super::{engine::Engine, error::RunError, settings::Settings};
use crate::{
    kernels::{AnchorFormat, BufferId},
    policy::{MAX_CURVE, MAX_MASK, Method, Policy, Site, TABLE_FIELDS, TABLE_HEADER, TableFile},
    scheduler::{Begin, Lane, Outcome, Scheduler},
    text::Named,
    timeline::{Call, Timeline},
};

/// The methods that can be calibrated.
pub const CALIBRATED: [Method; 5] = [
    Method::MagCache,
    Method::SmoothCache,
    Method::BlockCaching,
    Method::TeaCache,
    Method::InvarDiff,
];

/// Degree of TeaCache's polynomial: a higher one gains nothing (arXiv 2411.19108).
const DEGREE: usize = 4;
/// Quantile of InvarDiff if none is given.
const QUANTILE: f64 = 0.5;

/// A calibrated table: its text form is a table file.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    fields: Vec<(&'static str, String)>,
}

impl Calibration {
    /// What it says of itself, or a policy key it sets.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(name, _)| *name == field)?;
        Some(value)
    }

    /// Says something more of it: `field` is one of [`TABLE_FIELDS`].
    pub fn set(&mut self, field: &'static str, value: String) {
        if let Some(place) = self.fields.iter_mut().find(|(name, _)| *name == field) {
            place.1 = value;
            return;
        }
        // Policy keys stay last.
        let said = |(name, _): &&(&str, String)| TABLE_FIELDS.contains(name);
        let place = self.fields.iter().take_while(said).count();
        self.fields.insert(place, (field, value));
    }
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TABLE_HEADER}")?;
        for (field, value) in &self.fields {
            writeln!(f, "{field} = {value}")?;
        }
        Ok(())
    }
}

/// Calibrates the method of `settings.policy`, one of [`CALIBRATED`], on full runs: `runs` of them,
/// whose seeds count up from the settings'. `progress` is called after every call of the network.
///
/// The threshold is the method's own: of MagCache and TeaCache the policy's; of SmoothCache the
/// largest change that is jumped over; of Block Caching the largest sum of changes that is held; of
/// InvarDiff the quantile of rates below which a step is skipped. Without one MagCache's is left to
/// the policy, and the others get the least that leaves half of the work.
///
/// # Errors
/// [`RunError`] if the method or the settings do not fit, or the device fails.
pub fn calibrate(
    engine: &Engine,
    settings: &Settings,
    runs: u32,
    threshold: Option<f64>,
    progress: &mut dyn FnMut(),
) -> Result<Calibration, RunError> {
    let method = settings.policy.method;
    check(engine, settings, runs, threshold)?;
    let mut full = Full {
        engine,
        settings,
        runs,
        progress,
    };
    let measured = match method {
        Method::MagCache => full.magcache(threshold),
        Method::SmoothCache => full.smoothcache(threshold),
        Method::BlockCaching => full.blockcaching(threshold),
        Method::TeaCache => full.teacache(threshold),
        Method::InvarDiff => full.invardiff(threshold.unwrap_or(QUANTILE)),
        _ => {
            let names: Vec<&str> = CALIBRATED.iter().map(|method| method.name()).collect();
            Err(RunError::setting(
                "method",
                method.name(),
                format!("calibration is there for {}", names.join(", ")),
            ))
        }
    }?;
    applied(&settings.policy, &measured.keys)?;
    let model = engine.model();
    let mut fields = vec![
        ("method", method.name().to_string()),
        ("model", model.known_as().unwrap_or("another").to_string()),
        ("checkpoint", format!("{:016x}", model.fingerprint())),
        ("steps", settings.steps.to_string()),
        ("sampler", settings.sampler.to_string()),
        ("guidance", settings.guidance.to_string()),
        ("fit", measured.fit),
        ("range", measured.range),
        ("source", "refrain calibrate".to_string()),
    ];
    fields.extend(measured.keys);
    Ok(Calibration { fields })
}

fn check(
    engine: &Engine,
    settings: &Settings,
    runs: u32,
    threshold: Option<f64>,
) -> Result<(), RunError> {
    let method = settings.policy.method;
    let most = match method {
        Method::MagCache => MAX_CURVE,
        Method::SmoothCache => MAX_MASK / 2,
        Method::BlockCaching => MAX_MASK / engine.model().config().depth as usize,
        _ => MAX_MASK,
    };
    let least = match method {
        Method::TeaCache => DEGREE + 2,
        Method::InvarDiff => 4,
        _ => 2,
    };
    if !(least..=most).contains(&(settings.steps as usize)) {
        return Err(RunError::setting(
            "steps",
            settings.steps.to_string(),
            format!("a table of {method} takes {least} to {most}"),
        ));
    }
    if settings.classes.is_empty() || runs == 0 {
        return Err(RunError::setting(
            "runs",
            runs.to_string(),
            "calibration needs at least one, and one class",
        ));
    }
    let most = match method {
        Method::InvarDiff => 1.0,
        _ => 1e6,
    };
    match threshold {
        Some(given) if !(0.0..=most).contains(&given) => Err(RunError::setting(
            "threshold",
            given.to_string(),
            format!("that of {method} is 0 to {most}"),
        )),
        _ => Ok(()),
    }
}

/// What a table holds beside where it is from.
struct Measured {
    keys: Vec<(&'static str, String)>,
    fit: String,
    range: String,
}

/// Full runs that are looked into.
struct Full<'a> {
    engine: &'a Engine,
    settings: &'a Settings,
    runs: u32,
    progress: &'a mut dyn FnMut(),
}

impl Full<'_> {
    fn steps(&self) -> usize {
        self.settings.steps as usize
    }

    /// Runs the whole network and shows, after each step, the buffers whose names end so.
    fn run(
        &mut self,
        policy: Policy,
        run: u32,
        ends: &[&str],
        mut see: impl FnMut(&[Vec<f32>]),
    ) -> Result<(), RunError> {
        let settings = Settings {
            policy: unskipped(policy, self.settings.steps),
            anchor_format: AnchorFormat::F32,
            seed: self.settings.seed.wrapping_add(run.into()),
            ..self.settings.clone()
        };
        let mut sampling = self.engine.start(&settings)?;
        let wanted: Vec<(BufferId, usize)> = sampling.buffers(ends);
        let mut values: Vec<Vec<f32>> = wanted.iter().map(|(_, len)| vec![0.0; *len]).collect();
        while sampling.advance()?.is_some() {
            for ((buffer, _), values) in wanted.iter().zip(&mut values) {
                sampling.read(*buffer, values)?;
            }
            see(&values);
            (self.progress)();
        }
        Ok(())
    }

    /// The same, of what a site gives: one buffer a granule.
    fn granules(
        &mut self,
        site: Site,
        run: u32,
        see: impl FnMut(&[Vec<f32>]),
    ) -> Result<(), RunError> {
        let mut policy = (Method::Mask.preset().policy)();
        policy.site = site;
        self.run(policy, run, &["anchors"], see)
    }
}

/// The policy made to keep what it would keep, and to skip nothing.
fn unskipped(mut policy: Policy, steps: u32) -> Policy {
    let guards = &mut policy.guards;
    guards.mask_len = steps;
    guards.mask = [0; MAX_MASK / 32];
    for step in 0..steps {
        if let Some(word) = guards.mask.get_mut(step as usize / 32) {
            *word |= 1 << (step % 32);
        }
    }
    policy
}

/// The policy with a table of those keys.
fn applied(policy: &Policy, keys: &[(&'static str, String)]) -> Result<Policy, RunError> {
    let table = Calibration {
        fields: [("method", policy.method.name().to_string())]
            .into_iter()
            .chain(keys.iter().cloned())
            .collect(),
    };
    let text = table.to_string();
    let table = TableFile::parse(&text);
    let policy = table.and_then(|table| policy.with_table(&table));
    policy.map_err(|error| {
        RunError::setting(
            "calibration",
            error.to_string(),
            "the table that was measured is no use; take more steps, classes or runs",
        )
    })
}

/// How many calls a policy computes if it measures this.
fn computed(policy: &Policy, signals: &[f64]) -> Result<u32, RunError> {
    let timeline = Timeline::new(signals.len() as u32);
    let mut scheduler = Scheduler::new(*policy, timeline, [Lane::NEW])?;
    for (signal, step) in signals.iter().zip(0..) {
        let pending = match scheduler.begin(Call::new(step))? {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => scheduler.decide(question, &[*signal])?,
        };
        scheduler.commit(pending, Outcome::Done)?;
    }
    Ok(scheduler.stats().computed)
}
