//! `refrain methods`: every published method that runs on a model, side by side.

use std::path::PathBuf;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clap::Args;
use serde::Serialize;

use super::calibrated::Table;
use super::generate::{self, decibels, fits, loses};
use super::model::{self, AboutModel, Loaded};
use super::report::{Failure, Report};
use super::timed::{Rivals, Run, Stage};
use super::tuning;
use crate::kernels::AnchorFormat;
use crate::policy::methods::Family;
use crate::policy::{Method, Policy, tables};
use crate::run::{Backend, Settings};
use crate::sampler::Sampler;
use crate::text::Named;

/// What a method runs with where its defaults are for a larger model, or need a published table.
const TEXTS: &[(Method, &str)] = &[
    (Method::FasterDiffusion, "fasterdiffusion:model=50ls"),
    (Method::LeMiCa, "lemica:model=flux-dev-20"),
    (Method::InvarDiff, "invardiff:model=dit-xl"),
    (Method::DbCache, "dbcache:front=2,warmup=4"),
];

/// Methods that follow a mask which a search or a training makes for one model: they run with a mask
/// that was published for another method and model.
const BORROWERS: &[Method] = &[
    Method::DpCache,
    Method::Ecad,
    Method::ProCache,
    Method::Soda,
    Method::ErtaCache,
    Method::FebCache,
    Method::DitFastAttn,
    Method::L2c,
    Method::Harmonica,
    Method::MeanCache,
    Method::BudCache,
    Method::Cem,
    Method::CacheQuant,
    Method::GoldenPath,
];
/// Whose mask, and of which model.
const LENDER: (&str, &str) = ("lemica", "flux-dev-20");

/// Run every published method that the model and its tables allow, and compare them
///
/// Every run starts from the same noise as the full one. Prints a Markdown table: what was computed,
/// multiply-adds beside the full run's, time, distance from the full run, and the same for the plain
/// sampler at the same cost. Methods that cannot run here are listed with the reason.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Checkpoint with DiT parameter names [default: the emoji model inside the program]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Calibrated table, may be repeated
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// Sampler steps of a run
    #[arg(long, value_name = "N", default_value_t = 50)]
    steps: u32,
    /// Guidance scale
    #[arg(long, value_name = "X", default_value_t = generate::GUIDANCE, allow_negative_numbers = true)]
    cfg: f32,
    /// Pictures of a run: the first classes of the model
    #[arg(long, value_name = "N", default_value_t = 2)]
    pictures: u32,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 8)]
    seed: u64,
    /// Where to compute
    #[arg(long, value_name = "B", default_value = "auto", value_parser = model::names::<Backend>())]
    backend: Backend,
    #[command(flatten)]
    about: AboutModel,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    model: String,
    backend: String,
    steps: u32,
    full_seconds: f64,
    full_multiply_adds: u64,
    methods: Vec<Row>,
    left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct Row {
    policy: String,
    family: &'static str,
    calls: u32,
    computed: u32,
    work: f64,
    wall_s: f64,
    speedup: f64,
    psnr_db: f64,
    same_cost_steps: u32,
    same_cost_db: f64,
    loses: bool,
}

#[derive(Serialize)]
struct LeftOut {
    policy: String,
    why: String,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let loaded = Loaded::open(arguments.model.as_ref(), &arguments.about)?;
    let config = loaded.model.config();
    let sampler = Sampler::for_prediction(config.prediction);
    sampler
        .steps(config.prediction, arguments.steps)
        .map_err(|error| Failure::new(format!("--{error}")))?;
    if !(1..=config.num_classes).contains(&arguments.pictures) {
        return Err(Failure::new(format!(
            "--pictures is {}; allowed is 1 to {}, a picture a class",
            arguments.pictures, config.num_classes
        )));
    }
    if !arguments.cfg.is_finite() {
        return Err(Failure::new(format!(
            "--cfg is {}; it must be a finite number, and 1 is none",
            arguments.cfg
        )));
    }
    let settings = Settings {
        policy: Policy::NEUTRAL,
        steps: arguments.steps,
        sampler,
        guidance: arguments.cfg,
        classes: (0..arguments.pictures).collect(),
        anchor_format: AnchorFormat::F32,
        seed: arguments.seed,
    };
    let tables = Table::read_all(&arguments.tables, &loaded.model, settings.steps)?;
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
    for method in Method::ALL {
        if method.preset().family == Family::Basic {
            continue;
        }
        let text = TEXTS.iter().find(|(of, _)| of == method);
        let text = text.map_or(method.name(), |(_, text)| text);
        let borrowed = tables::mask(LENDER.0, LENDER.1).filter(|_| BORROWERS.contains(method));
        let whole = match borrowed {
            Some(table) => format!("{text}:mask={}", table.mask),
            None => text.to_string(),
        };
        let text = match borrowed {
            Some(_) => format!("{text} \u{2020}"),
            None => text.to_string(),
        };
        let mut policy = Policy::parse(&whole).map_err(|error| Failure::about(&whole, error))?;
        let mut reason = None;
        for table in &tables {
            policy = table.apply_if_meant(&policy)?;
        }
        if let Err(why) = fits(&loaded.model, &settings, policy) {
            reason = Some(why);
        }
        if policy.needs_curve() && loaded.model.known_as().is_none() {
            reason = Some("it needs a curve of this model".to_string());
        }
        match reason {
            None => chosen.push((*method, text, policy)),
            Some(why) => left_out.push(LeftOut { policy: text, why }),
        }
    }
    let engine = loaded.engine(arguments.backend)?;
    let mut stage = Stage::new(&engine, settings, None, chosen.len() + 1)?;
    let full = stage.plain(arguments.steps)?;
    let mut rows = Vec::new();
    for (method, text, policy) in chosen {
        let rivals = stage.rivals(policy, &text)?;
        rows.push(row(method, &rivals, &full));
    }
    stage.finish();
    tuning::keep(&engine);
    let document = Document {
        model: loaded.summary(),
        backend: model::device(&engine),
        steps: arguments.steps,
        full_seconds: full.seconds,
        full_multiply_adds: full.multiply_adds,
        methods: rows,
        left_out,
    };
    if arguments.json {
        return report.json(&document);
    }
    print(&document, report);
    Ok(())
}

fn row(method: Method, rivals: &Rivals, full: &Run) -> Row {
    let Rivals { cached, plain } = rivals;
    Row {
        policy: cached.policy.clone(),
        family: method.preset().family.name(),
        calls: cached.calls(),
        computed: cached.computed,
        work: cached.work(full),
        wall_s: cached.seconds,
        speedup: full.seconds / cached.seconds,
        psnr_db: cached.quality(full).psnr_db,
        same_cost_steps: plain.calls(),
        same_cost_db: plain.quality(full).psnr_db,
        loses: loses(cached, plain, full),
    }
}

fn print(document: &Document, report: &mut Report) {
    report.line(format_args!(
        "{}, {} steps on {}. Full run: {:.2} s, {:.2} G multiply-adds.",
        document.model,
        document.steps,
        document.backend,
        document.full_seconds,
        document.full_multiply_adds as f64 / 1e9
    ));
    report.line("");
    report.line(
        "| policy | family | computed | work | seconds | speed-up | PSNR dB | same cost | its PSNR dB | |",
    );
    report.line("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for row in &document.methods {
        report.line(format_args!(
            "| `{}` | {} | {} of {} | {:.0} % | {:.3} | {:.2} | {} | {} steps | {} | {} |",
            row.policy,
            row.family,
            row.computed,
            row.calls,
            100.0 * row.work,
            row.wall_s,
            row.speedup,
            decibels(row.psnr_db),
            row.same_cost_steps,
            decibels(row.same_cost_db),
            if row.loses { "loses" } else { "" }
        ));
    }
    report.line("");
    report.line(format_args!(
        "\u{2020} with the mask published for {} ({}) in place of one made for the method and this model.",
        LENDER.0, LENDER.1
    ));
    report.line("");
    report.line("Not run here:");
    report.line("");
    for left_out in &document.left_out {
        report.line(format_args!("- `{}`: {}", left_out.policy, left_out.why));
    }
}
