//! `refrain bench`: how fast a device runs a model's forward pass, kernel by kernel.

use std::path::PathBuf;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::model::{self, AboutModel, Loaded};
use super::report::{Failure, Report};
use super::table::{Align, Table};
use crate::dit::Model;
use crate::kernels::WeightFormat;
use crate::run::{Backend, Bench, Measured};

/// Measure the forward pass of a model, kernel by kernel
///
/// First what the device can do, with kernels of this program: a large matrix product and a copy of
/// 64 MiB. Then the forward pass, and each of its kernels at each of its shapes. Multiply-adds and
/// bytes are of one call, bytes being those that it must read and write once; times are medians;
/// `ceiling` is the time that the device needs at its best for the multiply-adds or the bytes,
/// whichever takes longer, as a share of the time it took. It may exceed 100 % where data stay in a
/// cache.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Checkpoint with DiT parameter names [default: the emoji model inside the program]
    #[arg(long, value_name = "FILE", conflicts_with = "size")]
    model: Option<PathBuf>,
    /// A published size with random weights instead: S, B, L or XL, then /2, /4 or /8
    #[arg(long, value_name = "SIZE")]
    size: Option<String>,
    /// Element type of the random weights
    #[arg(long, value_name = "F", default_value = "f32", requires = "size",
          value_parser = ["f32", "f16", "bf16"])]
    weights: String,
    /// Rows of the batch: pictures, twice as many with guidance
    #[arg(long, value_name = "N", default_value_t = 2)]
    rows: u32,
    /// How long to measure each line of the table, in seconds; at least five times
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    seconds: f64,
    /// Measure the forward pass as a whole, and nothing else
    #[arg(long)]
    forward_only: bool,
    /// Where to compute: auto is a hardware GPU if there is one, else the CPU
    #[arg(long, value_name = "B", default_value = "auto", value_parser = model::names::<Backend>())]
    backend: Backend,
    #[command(flatten)]
    about: AboutModel,
    /// Print a JSON array, an object a line of the table
    #[arg(long)]
    json: bool,
}

/// A line of the table. Times are seconds; what is of one call says so.
#[derive(Serialize)]
struct Row {
    /// `ceiling`, `kernel` or `forward`.
    part: &'static str,
    name: &'static str,
    shape: String,
    /// Calls in the forward pass.
    calls: u32,
    multiply_adds: u64,
    bytes: u64,
    seconds: f64,
    gflop_per_second: f64,
    gbyte_per_second: f64,
    /// Missing where the ceiling was not measured.
    fraction_of_ceiling: Option<f64>,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let loaded = match &arguments.size {
        None => Loaded::open(arguments.model.as_ref(), &arguments.about)?,
        Some(size) => random(size, &arguments.weights)?,
    };
    let engine = loaded.engine(arguments.backend)?;
    let wrong = |error| Failure::new(format!("--{error}"));
    let (rows, seconds) = (arguments.rows, arguments.seconds);
    let lines = if arguments.forward_only {
        let forward = engine.bench_forward(rows, seconds).map_err(wrong)?;
        alloc::vec![row("forward", &forward, None)]
    } else {
        let bench = engine.bench(rows, seconds).map_err(wrong)?;
        all(&bench)
    };
    if arguments.json {
        return report.json(&lines);
    }
    report.line(format_args!("model   {}", loaded.summary()));
    report.line(format_args!("device  {}", model::device(&engine)));
    report.line(format_args!("rows    {rows}"));
    report.line("");
    report.line(table(&lines));
    Ok(())
}

fn random(size: &str, weights: &str) -> Result<Loaded, Failure> {
    let format = match weights {
        "f16" => WeightFormat::F16,
        "bf16" => WeightFormat::Bf16,
        _ => WeightFormat::F32,
    };
    let model = Model::random(size, format).map_err(|error| Failure::new(format!("--{error}")))?;
    Ok(Loaded {
        name: format!("DiT-{size} (random {weights} weights)"),
        model: Arc::new(model),
    })
}

fn all(bench: &Bench) -> alloc::vec::Vec<Row> {
    let part = |part, measured: &Measured| {
        let fraction = measured.fraction_of(&bench.ceiling);
        row(part, measured, Some(fraction))
    };
    let ceiling = [&bench.ceiling.product, &bench.ceiling.copy];
    let ceiling = ceiling
        .into_iter()
        .map(|measured| part("ceiling", measured));
    let kernels = bench
        .kernels
        .iter()
        .map(|measured| part("kernel", measured));
    let forward = core::iter::once(part("forward", &bench.forward));
    ceiling.chain(kernels).chain(forward).collect()
}

fn row(part: &'static str, measured: &Measured, fraction_of_ceiling: Option<f64>) -> Row {
    Row {
        part,
        name: measured.name,
        shape: measured.shape.clone(),
        calls: measured.calls,
        multiply_adds: measured.multiply_adds,
        bytes: measured.bytes,
        seconds: measured.seconds,
        gflop_per_second: measured.operations_per_second() / 1e9,
        gbyte_per_second: measured.bytes_per_second() / 1e9,
        fraction_of_ceiling,
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new([
        ("part", Align::Left),
        ("kernel", Align::Left),
        ("shape", Align::Left),
        ("calls", Align::Right),
        ("M mul-adds", Align::Right),
        ("MB", Align::Right),
        ("µs", Align::Right),
        ("GFLOP/s", Align::Right),
        ("GB/s", Align::Right),
        ("ceiling", Align::Right),
    ]);
    for row in rows {
        let fraction = row.fraction_of_ceiling;
        table.row([
            row.part.to_string(),
            row.name.to_string(),
            row.shape.clone(),
            row.calls.to_string(),
            format!("{:.2}", row.multiply_adds as f64 / 1e6),
            format!("{:.2}", row.bytes as f64 / 1e6),
            format!("{:.1}", row.seconds * 1e6),
            format!("{:.1}", row.gflop_per_second),
            format!("{:.1}", row.gbyte_per_second),
            fraction.map_or(String::new(), |f| format!("{:.0} %", 100.0 * f)),
        ]);
    }
    table
}
