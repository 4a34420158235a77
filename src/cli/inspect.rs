//! `refrain inspect`: what a checkpoint is, and what its runs take.

use std::path::PathBuf;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clap::Args;
use serde::Serialize;

use super::model::{self, AboutModel, Loaded};
use super::report::{self, Failure, Report};
use super::table::{Align, Table};
use crate::dit::{DitConfig, Memory, Model};
use crate::kernels::AnchorFormat;
use crate::policy::{Curve, Method, Policy};
use crate::run::{self, Backend, Settings};
use crate::sampler::Sampler;
use crate::text::Named;

/// Show a checkpoint's sizes and the bytes that runs of it take
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Checkpoint with DiT parameter names [default: the emoji model inside the program]
    model: Option<PathBuf>,
    /// Policy to count bytes for, may be repeated [default: every policy as it comes]
    #[arg(long = "policy", value_name = "TEXT")]
    policies: Vec<String>,
    /// Pictures made at once, which the bytes are counted for
    #[arg(long, value_name = "N", default_value_t = 8)]
    batch: u32,
    /// Guidance scale; at 1 the network runs on half as many rows
    #[arg(long, value_name = "X", default_value_t = super::generate::GUIDANCE)]
    cfg: f32,
    /// How what policies keep is stored; in int8 with a scale for each token
    #[arg(long, value_name = "F", default_value = "f32", value_parser = model::names::<AnchorFormat>())]
    anchors: AnchorFormat,
    /// Where it would be computed: auto is a hardware GPU if there is one, else the CPU
    #[arg(long, value_name = "B", default_value = "auto", value_parser = model::names::<Backend>())]
    backend: Backend,
    #[command(flatten)]
    about: AboutModel,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Inspection {
    model: String,
    parameters: u64,
    fingerprint: String,
    config: Config,
    batch: u32,
    guidance: f32,
    anchors: &'static str,
    backend: &'static str,
    memory: Vec<Row>,
}

#[derive(Serialize)]
struct Config {
    input_size: u32,
    patch_size: u32,
    tokens: u32,
    in_channels: u32,
    out_channels: u32,
    hidden_size: u32,
    depth: u32,
    num_heads: u32,
    head_dim: u32,
    mlp_hidden: u32,
    num_classes: u32,
    frequency_size: u32,
    prediction: &'static str,
    sampler: &'static str,
    class_names: Vec<String>,
}

/// Bytes of a run under a policy.
#[derive(Serialize)]
struct Row {
    policy: String,
    weights: u64,
    activations: u64,
    anchors: u64,
    references: u64,
    total: u64,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    if !(1..=1 << 16).contains(&arguments.batch) {
        return Err(Failure::new(format!(
            "--batch is {}; allowed is 1 to 65536",
            arguments.batch
        )));
    }
    let loaded = Loaded::open(arguments.model.as_ref(), &arguments.about)?;
    let backend = arguments.backend.resolve();
    let memory = memory(arguments, backend, &loaded.model)?;
    let config = loaded.model.config();
    if arguments.json {
        return report.json(&Inspection {
            model: loaded.name.clone(),
            parameters: loaded.model.parameters(),
            fingerprint: format!("{:016x}", loaded.model.fingerprint()),
            config: Config::of(config),
            batch: arguments.batch,
            guidance: arguments.cfg,
            anchors: arguments.anchors.name(),
            backend: backend.name(),
            memory,
        });
    }
    report.line(facts(&loaded));
    report.line("");
    report.line(format_args!(
        "Bytes of a run on the {backend} with --batch {}, --cfg {} and --anchors {}:",
        arguments.batch, arguments.cfg, arguments.anchors
    ));
    report.line("");
    let mut table = Table::new([
        ("policy", Align::Left),
        ("weights", Align::Right),
        ("activations", Align::Right),
        ("anchors", Align::Right),
        ("references", Align::Right),
        ("total", Align::Right),
    ]);
    for row in memory {
        let sizes = [
            row.weights,
            row.activations,
            row.anchors,
            row.references,
            row.total,
        ];
        let [weights, activations, anchors, references, total] = sizes.map(|b| b.to_string());
        table.row([row.policy, weights, activations, anchors, references, total]);
    }
    report.line(table);
    Ok(())
}

/// The bytes of each policy asked for, or of all of them.
fn memory(arguments: &Arguments, backend: Backend, model: &Model) -> Result<Vec<Row>, Failure> {
    let settings = |mut policy: Policy| {
        if policy.needs_curve() {
            // Its values have no bearing on the bytes.
            policy.gauge.curve = Curve::new(&[1.0]);
        }
        Settings {
            policy,
            steps: 1,
            sampler: Sampler::for_prediction(model.config().prediction),
            guidance: arguments.cfg,
            classes: alloc::vec![0; arguments.batch as usize],
            anchor_format: arguments.anchors,
            seed: 0,
        }
    };
    // What is wrong with the batch or the guidance is wrong with every policy.
    run::memory(model, &settings(Policy::NEUTRAL), backend)
        .map_err(|error| Failure::new(error.to_string()))?;
    let mut rows = Vec::new();
    for text in &arguments.policies {
        let about =
            |error: &dyn core::fmt::Display| Failure::about(format_args!("--policy {text}"), error);
        let policy = Policy::parse(text).map_err(|error| about(&error))?;
        let memory =
            run::memory(model, &settings(policy), backend).map_err(|error| about(&error))?;
        rows.push(Row::new(text, memory));
    }
    if rows.is_empty() {
        for method in Method::ALL {
            match run::memory(model, &settings((method.preset().policy)()), backend) {
                Ok(memory) => rows.push(Row::new(method.name(), memory)),
                Err(error) => report::note(format_args!("{method} does not fit: {error}")),
            }
        }
    }
    Ok(rows)
}

impl Row {
    fn new(policy: &str, memory: Memory) -> Self {
        Self {
            policy: policy.to_string(),
            weights: memory.weights,
            activations: memory.activations,
            anchors: memory.anchors,
            references: memory.references,
            total: memory.total(),
        }
    }
}

impl Config {
    fn of(config: &DitConfig) -> Self {
        Self {
            input_size: config.input_size,
            patch_size: config.patch_size,
            tokens: config.tokens(),
            in_channels: config.in_channels,
            out_channels: config.out_channels,
            hidden_size: config.hidden_size,
            depth: config.depth,
            num_heads: config.num_heads,
            head_dim: config.head_dim(),
            mlp_hidden: config.mlp_hidden,
            num_classes: config.num_classes,
            frequency_size: config.frequency_size,
            prediction: config.prediction.name(),
            sampler: Sampler::for_prediction(config.prediction).name(),
            class_names: config.class_names.clone(),
        }
    }
}

fn facts(loaded: &Loaded) -> Table {
    let config = loaded.model.config();
    let side = config.input_size;
    let mut table = Table::new([("model", Align::Left), (&loaded.name, Align::Left)]);
    let mut fact = |name: &str, value: String| table.row([name.to_string(), value]);
    fact("parameters", loaded.model.parameters().to_string());
    fact(
        "fingerprint",
        format!("{:016x}", loaded.model.fingerprint()),
    );
    fact(
        "input",
        format!("{} channels of {side}x{side}", config.in_channels),
    );
    fact(
        "output",
        match config.learned_sigma() {
            true => format!("{} channels, half of them sigma", config.out_channels),
            false => format!("{} channels", config.out_channels),
        },
    );
    fact(
        "tokens",
        format!(
            "{}, patches of {patch}x{patch}",
            config.tokens(),
            patch = config.patch_size
        ),
    );
    fact(
        "blocks",
        format!("{} of width {}", config.depth, config.hidden_size),
    );
    fact(
        "heads",
        format!("{} of width {}", config.num_heads, config.head_dim()),
    );
    fact("MLP", format!("{} wide", config.mlp_hidden));
    fact("timestep features", config.frequency_size.to_string());
    fact("prediction", config.prediction.to_string());
    fact(
        "sampler",
        Sampler::for_prediction(config.prediction).to_string(),
    );
    fact("classes", classes(config));
    table
}

/// The classes by number and name, if they are few and named.
pub(super) fn classes(config: &DitConfig) -> String {
    let numbered = |(i, name): (usize, &String)| *name == i.to_string();
    if config.num_classes > 32 || config.class_names.iter().enumerate().all(numbered) {
        return format!("0 to {}", config.num_classes.saturating_sub(1));
    }
    config.class_names.join(", ")
}
