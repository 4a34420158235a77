//! `refrain generate`: pictures with steps left out, beside the same without.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;

use clap::Args;
use serde::Serialize;

use super::calibrated::Table;
use super::model::{self, AboutModel, Loaded};
use super::picture::{self, Scale, Sheet};
use super::report::{self, Failure, Report};
use super::table::{Align, Table as TextTable};
use super::timed::{Rivals, Run, Stage};
use super::{events, inspect, replay, tuning};
use crate::dit::{DitConfig, Model};
use crate::kernels::AnchorFormat;
use crate::policy::Policy;
use crate::run::{self, Backend, Decide, Engine, Quality, Settings};
use crate::sampler::Sampler;
use crate::text::Named;
use crate::timeline::Timeline;

/// Guidance scale if none is given.
pub(super) const GUIDANCE: f32 = 2.5;
/// Most pictures of a sheet.
const MAX_CLASSES: usize = 64;
/// Stands for an infinite PSNR in JSON, which has no such number.
const EXACT_DB: f64 = 200.0;
/// Letters of a policy in the table.
const MAX_POLICY: usize = 48;

/// Policies if none is given. With the emoji model each skips at least half of 50 calls.
const POLICIES: &[&str] = &[
    "taylorseer:interval=4,order=1",
    "teacache:threshold=0.05",
    "teacache:threshold=0.1,predictor=taylor,order=1",
    "fbcache:threshold=0.08",
    "magcache",
    "easycache:threshold=0.03",
];
/// Classes if none is given and the model has them; else it is the first eight.
const CLASSES: &[&str] = &[
    "smile",
    "love",
    "tongue",
    "neutral",
    "heart",
    "surprised",
    "angry",
    "cat",
];

/// Generate pictures with steps left out, and compare them with the same pictures computed in full
///
/// Every run starts from the same noise. The first is computed in full; each policy is compared
/// with it, and with the plain sampler at the same cost: as many steps as the policy computed or,
/// where it computes parts of a call, as many as its multiply-adds pay for. A policy that is no better
/// than fewer steps is said to lose. Writes a sheet of pictures (a row for the full run, then
/// two for each policy: itself, and the plain sampler below it) and prints a table.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Checkpoint with DiT parameter names [default: the emoji model inside the program]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Policy, as `method:key=value,…`, may be repeated [default: six of them]
    ///
    /// `refrain policies` lists them. By default taylorseer, teacache (as published, and with
    /// TaylorSeer's forecast), fbcache, magcache (where there is a curve for the model) and
    /// easycache, each with a threshold that suits the emoji model.
    #[arg(long = "policy", value_name = "TEXT")]
    policies: Vec<String>,
    /// How what policies keep is stored, may be repeated: each policy is then run with each [default:
    /// f32]
    ///
    /// f16 takes half of the bytes of f32, int8 a quarter and a scale for each token. A policy that
    /// keeps running sums (predictor=chebyshev) needs f32.
    #[arg(long = "anchors", value_name = "F", value_parser = model::names::<AnchorFormat>())]
    anchors: Vec<AnchorFormat>,
    /// Calibrated table, may be repeated: it counts for the policies of its method
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// Sampler steps of a run, each one call of the network
    #[arg(long, value_name = "N", default_value_t = 50)]
    steps: u32,
    /// Sampler [default: the one that fits the model's prediction]
    #[arg(long, value_name = "S", value_parser = model::names::<Sampler>())]
    sampler: Option<Sampler>,
    /// Guidance scale: u + X (c − u); 1 is none
    #[arg(long, value_name = "X", default_value_t = GUIDANCE, allow_negative_numbers = true)]
    cfg: f32,
    /// Class of a picture, by name or number, may be repeated [default: eight of the model's]
    #[arg(long = "class", value_name = "NAME|INDEX")]
    classes: Vec<String>,
    /// Seed of the noise: the same seed gives the same noise on every machine
    #[arg(long, value_name = "N", default_value_t = 8)]
    seed: u64,
    /// Where to compute: auto is a hardware GPU if there is one, else the CPU
    #[arg(long, value_name = "B", default_value = "auto", value_parser = model::names::<Backend>())]
    backend: Backend,
    /// Who decides: the host, or the device, which then waits for nobody
    ///
    /// On the device it takes a GPU, and a policy of one lane that it knows; the decisions and the
    /// pictures are the same.
    #[arg(long, value_name = "WHO", default_value = "host", value_parser = model::names::<Decide>())]
    decide: Decide,
    /// With `--decide device`: calls handed over at once [default: all of a run]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    device_calls: Option<u32>,
    /// PNG file to write
    #[arg(long, value_name = "FILE", default_value = "refrain.png")]
    out: PathBuf,
    /// File to write every call's decision to: CSV if it ends in .csv, else JSON lines
    ///
    /// One line a call, the full run first: policy, call, step, evaluation, lane, action, reason,
    /// order, slot, signal, spent. Slot and signal are empty (null) where there is none.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    about: AboutModel,
    /// Print one JSON document instead of the table
    ///
    /// Its fields are model, backend, steps and runs; the first run is the full one. A psnr_db of
    /// 200 stands for pictures that do not differ at all, and null for pictures that are not finite.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    model: String,
    backend: String,
    steps: u32,
    runs: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    policy: String,
    anchors: &'static str,
    anchor_bytes: u64,
    trace: String,
    calls: u32,
    computed: u32,
    multiply_adds: u64,
    work: f64,
    wall_s: f64,
    speedup: f64,
    psnr_db: f64,
    rel_l2: f64,
    same_cost: Option<SameCost>,
}

/// The plain sampler at the same cost.
#[derive(Serialize)]
struct SameCost {
    steps: u32,
    psnr_db: f64,
    rel_l2: f64,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let on_device = on_device(arguments)?;
    let loaded = Loaded::open(arguments.model.as_ref(), &arguments.about)?;
    let settings = settings(arguments, &loaded.model)?;
    let formats = match arguments.anchors.as_slice() {
        [] => &[AnchorFormat::F32],
        given => given,
    };
    let policies = policies(arguments, &loaded.model, &settings, formats)?;
    // Opened before anything is computed, so that nothing is computed in vain.
    let mut picture = open("--out", &arguments.out)?;
    let mut trace = match &arguments.trace {
        Some(path) => Some((path, open("--trace", path)?)),
        None => None,
    };
    let engine = loaded.engine(arguments.backend)?;
    if !arguments.json {
        head(&loaded, &engine, &settings, report);
        report.flush()?;
    }

    let steps = settings.steps;
    let runs = policies.len() * formats.len() + 1;
    let mut stage = Stage::new(&engine, settings, on_device, runs)?;
    let full = stage.plain(steps)?;
    let mut runs = Vec::new();
    for (text, policy) in &policies {
        for format in formats {
            stage.keep_anchors_in(*format);
            runs.push(stage.rivals(*policy, text)?);
        }
    }
    stage.finish();
    tuning::keep(&engine);

    let config = loaded.model.config();
    let sheet = sheet(config, &full, &runs)
        .png()
        .map_err(|error| Failure::about(arguments.out.display(), error))?;
    write(&mut picture, &arguments.out, &sheet)?;
    if let Some((path, file)) = &mut trace {
        let csv = path.extension().is_some_and(|ending| ending == "csv");
        let all = core::iter::once(&full).chain(runs.iter().map(|rivals| &rivals.cached));
        write(file, path, events::write(all, csv)?.as_bytes())?;
    }
    notes(config, &full, &runs);
    if arguments.json {
        return report.json(&Document {
            model: loaded.name.clone(),
            backend: model::device(&engine),
            steps,
            runs: entries(&full, &runs),
        });
    }
    table(&full, &runs, report);
    report.line("");
    report.line(format_args!("pictures  {}", arguments.out.display()));
    if let Some((path, _)) = trace {
        report.line(format_args!("calls     {}", path.display()));
    }
    Ok(())
}

/// Calls of a submission, if the device decides; 0 for all.
fn on_device(arguments: &Arguments) -> Result<Option<u32>, Failure> {
    match (arguments.decide, arguments.device_calls) {
        (Decide::Device, calls) => Ok(Some(calls.unwrap_or(0))),
        (Decide::Host, None) => Ok(None),
        (Decide::Host, Some(calls)) => Err(Failure::new(format!(
            "--device-calls is {calls}: the host hands over every call by itself; add --decide device"
        ))),
    }
}

fn settings(arguments: &Arguments, model: &Model) -> Result<Settings, Failure> {
    let config = model.config();
    let given = arguments.classes.len();
    if given > MAX_CLASSES {
        return Err(Failure::new(format!(
            "--class is given {given} times; at most {MAX_CLASSES} pictures fit on a sheet"
        )));
    }
    Ok(Settings {
        policy: Policy::NEUTRAL,
        steps: arguments.steps,
        sampler: sampler(arguments.sampler, arguments.steps, arguments.cfg, config)?,
        guidance: arguments.cfg,
        classes: classes(arguments, config)?,
        anchor_format: AnchorFormat::F32,
        seed: arguments.seed,
    })
}

/// The sampler, the model's if none is given, once steps and guidance are checked.
pub(super) fn sampler(
    given: Option<Sampler>,
    steps: u32,
    cfg: f32,
    config: &DitConfig,
) -> Result<Sampler, Failure> {
    let sampler = given.unwrap_or(Sampler::for_prediction(config.prediction));
    sampler
        .steps(config.prediction, steps)
        .map_err(|error| Failure::new(format!("--{error}")))?;
    if !cfg.is_finite() {
        return Err(Failure::new(format!(
            "--cfg is {cfg}; it must be a finite number, and 1 is none"
        )));
    }
    Ok(sampler)
}

fn classes(arguments: &Arguments, config: &DitConfig) -> Result<Vec<u32>, Failure> {
    if arguments.classes.is_empty() {
        let known = CLASSES.iter().filter_map(|name| config.class(name));
        let known: Vec<u32> = known.collect();
        return Ok(if known.len() == CLASSES.len() {
            known
        } else {
            (0..config.num_classes.min(8)).collect()
        });
    }
    named(&arguments.classes, config)
}

/// Classes by name or number.
pub(super) fn named(names: &[String], config: &DitConfig) -> Result<Vec<u32>, Failure> {
    let class = |name: &String| {
        config.class(name).ok_or_else(|| {
            Failure::new(format!(
                "--class is {name}; the model's classes are {}",
                inspect::classes(config)
            ))
        })
    };
    names.iter().map(class).collect()
}

/// The policies asked for, each fit for the model and the steps.
fn policies(
    arguments: &Arguments,
    model: &Model,
    settings: &Settings,
    formats: &[AnchorFormat],
) -> Result<Vec<(String, Policy)>, Failure> {
    let tables = Table::read_all(&arguments.tables, model, settings.steps)?;
    let check = |text: &str| -> Result<(String, Policy), Failure> {
        let text = text.trim();
        let about =
            |error: &dyn core::fmt::Display| Failure::about(format_args!("--policy {text}"), error);
        let mut policy = Policy::parse(text).map_err(|error| about(&error))?;
        for table in &tables {
            policy = table.apply_if_meant(&policy)?;
        }
        for format in formats {
            let settings = Settings {
                anchor_format: *format,
                ..settings.clone()
            };
            fits(model, &settings, policy).map_err(|error| about(&error))?;
        }
        if arguments.decide == Decide::Device {
            let settings = Settings {
                policy,
                ..settings.clone()
            };
            run::check_on_device(model, &settings).map_err(|error| about(&error))?;
        }
        Ok((text.to_string(), policy))
    };
    if !arguments.policies.is_empty() {
        return arguments.policies.iter().map(|text| check(text)).collect();
    }
    let mut fit = Vec::new();
    for text in POLICIES {
        match check(text) {
            Ok(policy) => fit.push(policy),
            Err(why) => report::note(format_args!("left out: {why}")),
        }
    }
    Ok(fit)
}

/// Whether a policy can run on a model with those settings.
pub(super) fn fits(model: &Model, settings: &Settings, policy: Policy) -> Result<(), String> {
    let settings = Settings {
        policy,
        ..settings.clone()
    };
    run::memory(model, &settings, Backend::Gpu).map_err(|error| error.to_string())?;
    // A curve of magnitude ratios may be known by model.
    if !policy.needs_curve() || policy.needs_mask() {
        let timeline = Timeline::new(settings.steps);
        policy
            .check_for(timeline)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Opens a file to be written.
pub(super) fn open(option: &str, path: &Path) -> Result<File, Failure> {
    // What is there stays until there is something to take its place.
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    options
        .open(path)
        .map_err(|error| Failure::about(format_args!("{option} {}", path.display()), error))
}

/// Puts something in a file, in the place of what was there.
pub(super) fn write(file: &mut File, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let about = |error| Failure::about(path.display(), error);
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        file.set_len(0)
            .and_then(|()| file.rewind())
            .map_err(about)?;
    }
    file.write_all(bytes)
        .and_then(|()| file.flush())
        .map_err(about)
}

fn head(loaded: &Loaded, engine: &Engine, settings: &Settings, report: &mut Report) {
    let config = loaded.model.config();
    let names: Vec<&str> = settings
        .classes
        .iter()
        .filter_map(|class| config.class_names.get(*class as usize))
        .map(String::as_str)
        .collect();
    report.line(format_args!("model     {}", loaded.summary()));
    report.line(format_args!("device    {}", model::device(engine)));
    report.line(format_args!(
        "sampling  {} steps of {}, guidance {}, seed {}",
        settings.steps, settings.sampler, settings.guidance, settings.seed
    ));
    report.line(format_args!("classes   {}", names.join(", ")));
    report.line("");
}

/// What a user should hear beside the numbers.
fn notes(config: &DitConfig, full: &Run, runs: &[Rivals]) {
    if !picture::is_rgb(config) {
        report::note(format_args!(
            "the model draws {} channels, not RGB: the first three are shown, their range as black \
             to full; decode the latents with the model's autoencoder to see pictures",
            config.in_channels
        ));
    }
    for Rivals { cached, plain } in runs {
        if let Some(notice) = replay::sentence(cached.notice) {
            report::note(format_args!("{}: {notice}", cached.policy));
        }
        if loses(cached, plain, full) {
            report::note(format_args!(
                "{} loses to {} plain steps, which cost the same",
                cached.policy,
                plain.calls()
            ));
        }
    }
}

/// Whether a policy that skips is no closer to the full run than fewer steps are.
pub(super) fn loses(cached: &Run, plain: &Run, full: &Run) -> bool {
    let psnr = |run: &Run| run.quality(full).psnr_db;
    // Of a run that is not finite there is no PSNR: it loses.
    let closer = psnr(cached).partial_cmp(&psnr(plain)) == Some(Ordering::Greater);
    cached.computed < cached.calls() && !closer
}

fn entries(full: &Run, runs: &[Rivals]) -> Vec<Entry> {
    let entry = |run: &Run, same_cost| {
        let Quality { psnr_db, rel_l2 } = run.quality(full);
        Entry {
            policy: run.policy.clone(),
            anchors: run.anchors.name(),
            anchor_bytes: run.anchor_bytes,
            trace: run.trace.clone(),
            calls: run.calls(),
            computed: run.computed,
            multiply_adds: run.multiply_adds,
            work: run.work(full),
            wall_s: run.seconds,
            speedup: full.seconds / run.seconds,
            psnr_db: psnr_db.min(EXACT_DB),
            rel_l2,
            same_cost,
        }
    };
    let mut all = alloc::vec![entry(full, None)];
    for Rivals { cached, plain } in runs {
        let Quality { psnr_db, rel_l2 } = plain.quality(full);
        let rival = SameCost {
            steps: plain.calls(),
            psnr_db: psnr_db.min(EXACT_DB),
            rel_l2,
        };
        all.push(entry(cached, Some(rival)));
    }
    all
}

fn table(full: &Run, runs: &[Rivals], report: &mut Report) {
    let mut table = TextTable::new([
        ("policy", Align::Left),
        ("anchors", Align::Left),
        ("MB", Align::Right),
        ("computed", Align::Right),
        ("work", Align::Right),
        ("seconds", Align::Right),
        ("speed-up", Align::Right),
        ("PSNR dB", Align::Right),
        ("rel. L2", Align::Right),
        ("same cost dB", Align::Right),
        ("gain dB", Align::Right),
    ]);
    let mut row = |run: &Run, plain: Option<&Run>| {
        let Quality { psnr_db, rel_l2 } = run.quality(full);
        let same = plain.map(|plain| plain.quality(full));
        let dash = || "-".to_string();
        table.row([
            shorten(&run.policy),
            match run.anchor_bytes {
                0 => dash(),
                _ => run.anchors.to_string(),
            },
            match run.anchor_bytes {
                0 => dash(),
                bytes => format!("{:.2}", bytes as f64 / 1e6),
            },
            format!("{}/{}", run.computed, run.calls()),
            format!("{:.0} %", 100.0 * run.work(full)),
            format!("{:.2}", run.seconds),
            format!("{:.2}", full.seconds / run.seconds),
            decibels(psnr_db),
            format!("{rel_l2:.4}"),
            same.map_or_else(dash, |same| decibels(same.psnr_db)),
            match (same, plain) {
                (Some(same), Some(plain)) if psnr_db.is_finite() && same.psnr_db.is_finite() => {
                    let loses = if loses(run, plain, full) {
                        " loses"
                    } else {
                        ""
                    };
                    format!("{:+.1}{loses}", psnr_db - same.psnr_db)
                }
                _ => dash(),
            },
        ]);
    };
    row(full, None);
    for Rivals { cached, plain } in runs {
        row(cached, Some(plain));
    }
    report.line(table);
    report.line("");
    let mut traces = TextTable::new([("trace", Align::Left), ("policy", Align::Left)]);
    for run in core::iter::once(full).chain(runs.iter().map(|rivals| &rivals.cached)) {
        traces.row([run.trace.clone(), run.label()]);
    }
    report.line(traces);
    report.line("");
    report.line("anchors: how what the policy keeps is stored, and how much of it there is.");
    report.line(
        "trace: C computed, r reused, p predicted, v predicted and verified, one lane after the other.",
    );
    report.line(
        "work: multiply-adds beside the full run's. PSNR and relative L2 are against the full run;",
    );
    report.line(
        "same cost is the plain sampler at as many steps as the policy computed or, where it",
    );
    report.line("computes parts of a call, as many as its multiply-adds pay for.");
}

pub(super) fn decibels(psnr_db: f64) -> String {
    if psnr_db == f64::INFINITY {
        "exact".to_string()
    } else {
        format!("{psnr_db:.1}")
    }
}

fn shorten(policy: &str) -> String {
    if policy.chars().count() <= MAX_POLICY {
        return policy.to_string();
    }
    let start: String = policy.chars().take(MAX_POLICY - 1).collect();
    format!("{start}…")
}

fn sheet(config: &DitConfig, full: &Run, runs: &[Rivals]) -> Sheet {
    let scale = Scale::of(&full.latents, config);
    let pictures = |run: &Run| picture::pictures(&run.latents, config, scale);
    let distance = |run: &Run| match run.quality(full).psnr_db {
        f64::INFINITY => "exact".to_string(),
        psnr => format!("{psnr:.1} dB"),
    };
    let mut sheet = Sheet::new(config.input_size);
    sheet.row(format!("full: {} steps", full.calls()), pictures(full));
    for Rivals { cached, plain } in runs {
        sheet.row(
            format!(
                "{}: {} of {} calls computed, {}",
                shorten(&cached.label()).replace('…', "..."),
                cached.computed,
                cached.calls(),
                distance(cached)
            ),
            pictures(cached),
        );
        sheet.row(
            format!(
                "same cost: {} plain steps, {}",
                plain.calls(),
                distance(plain)
            ),
            pictures(plain),
        );
    }
    sheet
}
