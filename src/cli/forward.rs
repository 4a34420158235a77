//! `refrain forward`: one evaluation of the network, to be compared with another implementation.

use std::path::{Path, PathBuf};

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clap::Args;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::model::{self, AboutModel, Loaded};
use super::report::{self, Failure, Report};
use super::tuning;
use crate::run::Backend;

/// Longest input file, in bytes.
const MAX_INPUT: u64 = 4 << 30;

/// Evaluate the network once, to compare it with another implementation
///
/// Reads from a safetensors file `x` (B, C, H, W), `t` (B; timesteps from 0 to 1000) and `y` (B;
/// labels, of which the number of classes stands for none), and writes `output` (B, Cout, H, W) as
/// f32 to another. Further tensors in the input are left alone.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Checkpoint with DiT parameter names [default: the emoji model inside the program]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Safetensors file with x, t and y: floating-point or whole numbers
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Safetensors file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Where to compute: auto is a hardware GPU if there is one, else the CPU
    #[arg(long, value_name = "B", default_value = "auto", value_parser = model::names::<Backend>())]
    backend: Backend,
    #[command(flatten)]
    about: AboutModel,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let loaded = Loaded::open(arguments.model.as_ref(), &arguments.about)?;
    let input = Input::read(&arguments.input, &loaded)
        .map_err(|error| Failure::about(arguments.input.display(), error))?;
    let engine = loaded.engine(arguments.backend)?;
    let batch = input.y.len();
    let output = engine
        .forward(&input.x, &input.t, &input.y, batch)
        .map_err(|error| Failure::about(arguments.input.display(), error))?;
    tuning::keep(&engine);
    let config = loaded.model.config();
    let side = config.input_size as usize;
    let shape = [batch, config.out_channels as usize, side, side];
    write(&arguments.output, &shape, &output)
        .map_err(|error| Failure::about(arguments.output.display(), error))?;
    report.line(format_args!("model   {}", loaded.summary()));
    report.line(format_args!("device  {}", model::device(&engine)));
    report.line(format_args!(
        "output  {shape:?} in {}",
        arguments.output.display()
    ));
    Ok(())
}

/// What the network is given.
#[derive(Debug)]
struct Input {
    x: Vec<f32>,
    t: Vec<f32>,
    y: Vec<u32>,
}

impl Input {
    fn read(path: &Path, loaded: &Loaded) -> Result<Self, Failure> {
        let bytes = report::read(path, MAX_INPUT)?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| Failure::about("no usable safetensors file", error))?;
        let config = loaded.model.config();
        let tensor = |name: &str| {
            file.tensor(name).map_err(|_| {
                Failure::about(
                    format_args!("tensor `{name}`"),
                    "missing; the input has x, t and y",
                )
            })
        };
        let (x, t, y) = (tensor("x")?, tensor("t")?, tensor("y")?);
        let batch = x.shape().first().copied().unwrap_or(0);
        let side = config.input_size as usize;
        let whole = [batch, config.in_channels as usize, side, side];
        for (name, tensor, shape) in [
            ("x", &x, whole.as_slice()),
            ("t", &t, &[batch]),
            ("y", &y, &[batch]),
        ] {
            if batch == 0 || tensor.shape() != shape {
                return Err(Failure::new(format!(
                    "tensor `{name}`: shape {:?}; this model takes x [B, {}, {side}, {side}], \
                     t [B] and y [B], with B 1 or more",
                    tensor.shape(),
                    config.in_channels
                )));
            }
        }
        let y = numbers("y", &y)?;
        let labels: Option<Vec<u32>> = y.iter().map(|label| whole_number(*label)).collect();
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        Ok(Self {
            x: narrow(numbers("x", &x)?),
            t: narrow(numbers("t", &t)?),
            y: labels.ok_or_else(|| {
                Failure::about("tensor `y`", "labels must be whole numbers, 0 or more")
            })?,
        })
    }
}

fn whole_number(value: f64) -> Option<u32> {
    let whole = value as u32;
    (f64::from(whole) == value).then_some(whole)
}

/// The elements of a tensor.
fn numbers(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f64>, Failure> {
    fn each<const N: usize>(bytes: &[u8], value: fn([u8; N]) -> f64) -> Vec<f64> {
        let (elements, _) = bytes.as_chunks::<N>();
        elements.iter().map(|element| value(*element)).collect()
    }
    let bytes = tensor.data();
    Ok(match tensor.dtype() {
        Dtype::F64 => each(bytes, f64::from_le_bytes),
        Dtype::F32 => each(bytes, |b| f32::from_le_bytes(b).into()),
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).into()),
        Dtype::BF16 => each(bytes, |b| bf16::from_le_bytes(b).into()),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
        Dtype::I32 => each(bytes, |b| i32::from_le_bytes(b).into()),
        other => {
            return Err(Failure::new(format!(
                "tensor `{name}`: elements are {other:?}; \
                 they may be F64, F32, F16, BF16, I64 or I32"
            )));
        }
    })
}

fn write(path: &Path, shape: &[usize], values: &[f32]) -> Result<(), String> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, shape.to_vec(), &bytes).map_err(|e| e.to_string())?;
    let file = safetensors::serialize([("output", view)], None).map_err(|e| e.to_string())?;
    std::fs::write(path, file).map_err(|error| error.to_string())
}
