//! `refrain calibrate`: the table of a calibrated method, measured on full runs.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::generate::{self, GUIDANCE};
use super::model::{self, AboutModel, Loaded};
use super::report::{Failure, Report};
use super::timed;
use super::tuning;
use crate::kernels::AnchorFormat;
use crate::policy::Method;
use crate::run::{Backend, CALIBRATED, Calibration, RunError, Settings, calibrate};
use crate::sampler::Sampler;
use crate::text::Named;

/// Classes if none is given: the first of the model's.
const CLASSES: u32 = 12;

/// Measure the table of a calibrated method on full runs of a model
///
/// The table is for one model, sampler, number of steps and guidance. `refrain generate --policy
/// METHOD --table FILE` and `refrain replay --table FILE` take it. The same options give the same
/// table, up to the date and the rounding of the device.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// What to calibrate
    #[arg(value_name = "METHOD", value_parser = methods())]
    method: Method,
    /// Checkpoint with DiT parameter names [default: the emoji model inside the program]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Sampler steps of a run, each one call of the network
    #[arg(long, value_name = "N", default_value_t = 50)]
    steps: u32,
    /// Sampler [default: the one that fits the model's prediction]
    #[arg(long, value_name = "S", value_parser = model::names::<Sampler>())]
    sampler: Option<Sampler>,
    /// Guidance scale: u + X (c − u); 1 is none
    #[arg(long, value_name = "X", default_value_t = GUIDANCE, allow_negative_numbers = true)]
    cfg: f32,
    /// Class of a picture, by name or number, may be repeated [default: the model's first twelve]
    #[arg(long = "class", value_name = "NAME|INDEX")]
    classes: Vec<String>,
    /// Seed of the noise of the first run; each run has the next one
    #[arg(long, value_name = "N", default_value_t = 7_001)]
    seed: u64,
    /// Runs to measure, a picture of each class in each
    #[arg(long, value_name = "N", default_value_t = 2)]
    runs: u32,
    /// The method's own threshold [default: the least that leaves half of the work]
    ///
    /// magcache and teacache: the policy's key (for magcache by default the preset's). smoothcache:
    /// the largest change that is jumped over. blockcaching: the largest sum of changes over which a
    /// block is held (0.5 in the paper). invardiff: the quantile of rates below which a step is
    /// skipped, 0 to 1 (by default 0.5).
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Where to compute: auto is a hardware GPU if there is one, else the CPU
    #[arg(long, value_name = "B", default_value = "auto", value_parser = model::names::<Backend>())]
    backend: Backend,
    /// File to write the table to [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    about: AboutModel,
}

fn methods() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(CALIBRATED.map(Named::name))
        .try_map(|name| Method::from_name(&name).ok_or("no such method"))
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let loaded = Loaded::open(arguments.model.as_ref(), &arguments.about)?;
    let config = loaded.model.config();
    let &Arguments { steps, cfg, .. } = arguments;
    let classes = match arguments.classes.as_slice() {
        [] => (0..config.num_classes.min(CLASSES)).collect(),
        given => generate::named(given, config)?,
    };
    let settings = Settings {
        policy: (arguments.method.preset().policy)(),
        steps,
        sampler: generate::sampler(arguments.sampler, steps, cfg, config)?,
        guidance: cfg,
        classes,
        anchor_format: AnchorFormat::F32,
        seed: arguments.seed,
    };
    // Opened before anything is computed, so that nothing is computed in vain.
    let mut file = match &arguments.out {
        Some(path) => Some((path, generate::open("--out", path)?)),
        None => None,
    };
    let engine = loaded.engine(arguments.backend)?;
    let passes = if arguments.method == Method::InvarDiff {
        2
    } else {
        1
    };
    let bar = timed::progress(passes * arguments.runs as usize * steps as usize);
    let mut progress = || {
        if let Some(bar) = &bar {
            bar.inc(1);
        }
    };
    let table = calibrate(
        &engine,
        &settings,
        arguments.runs,
        arguments.threshold,
        &mut progress,
    );
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    tuning::keep(&engine);
    let mut table = table.map_err(failed)?;
    name(&mut table, arguments);
    table.set("date", today());
    let text = table.to_string();
    let Some((path, file)) = &mut file else {
        report.line(text.trim_end());
        return Ok(());
    };
    generate::write(file, path, text.as_bytes())?;
    report.line(format_args!("table     {}", path.display()));
    report.line(format_args!("fit       {}", table.get("fit").unwrap_or("")));
    report.line(format_args!(
        "range     {}",
        table.get("range").unwrap_or("")
    ));
    Ok(())
}

/// Names the model after its file, if nothing better is known.
fn name(table: &mut Calibration, arguments: &Arguments) {
    let stem = arguments.model.as_ref().and_then(|path| path.file_stem());
    if let (Some("another"), Some(stem)) = (table.get("model"), stem) {
        table.set(
            "model",
            stem.to_string_lossy().replace(char::is_control, "?"),
        );
    }
}

/// Settings are named as the options are.
fn failed(error: RunError) -> Failure {
    Failure::new(match error {
        RunError::Setting { .. } => format!("--{error}"),
        _ => error.to_string(),
    })
}

/// The date of the machine, in UTC.
fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    date(since.map_or(0, |since| since.as_secs() / 86_400))
}

/// The date so many days after 1970-01-01, in the Gregorian calendar.
fn date(days: u64) -> String {
    // Years from March on: a leap day is the last of its year, and of its cycle of 400 years.
    let days = days + 719_468;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = 400 * cycle + year + later;
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_become_dates() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (11_016, "2000-02-29"),
            (11_322, "2000-12-31"),
            (20_783, "2026-11-26"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), expected, "{days}");
        }
    }
}
