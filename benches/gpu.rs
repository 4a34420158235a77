//! The wgpu executor: a call of the emoji model with the kernels of the table and with those that are
//! measured to be fastest, and every candidate of every class of shapes.
//!
//! `cargo bench --bench gpu` prints tables; results with their machine are kept in `benches/results`.
//! A number after `--` is how many pictures a call has, by default one (two rows with guidance).

extern crate alloc;

use alloc::sync::Arc;
use core::error::Error;
use std::{path::Path, time::Instant};

use refrain::{
    dit::{Lowering, Model, Overrides},
    executor::Executor,
    gpu::{GpuDevice, GpuExecutor, GpuPreference, GpuWeights, Tuning},
};

/// Timed calls; the least counts.
const CALLS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let pictures = std::env::args().find_map(|argument| argument.parse().ok());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/emoji/emoji_dit_f16.safetensors");
    let model = Model::open(&path, &Overrides::default())?;
    let lowering = Lowering {
        guidance: Some(2.5),
        ..Lowering::whole(pictures.unwrap_or(1))
    };
    let program = lowering.program(&model)?;
    let device = GpuDevice::new(GpuPreference::Any)?;
    println!("adapter {}", device.name());
    let weights = GpuWeights::load(&device, &model, &program.recording)?;
    println!("\n{:<9} {:>10} {:>10}", "kernels", "prepare s", "call ms");
    for (name, tuning) in [("table", Tuning::Table), ("measured", Tuning::Measured)] {
        let start = Instant::now();
        let recording = Arc::clone(&program.recording);
        let mut executor = GpuExecutor::new(&device.with_tuning(tuning), recording, &weights)?;
        let prepare = start.elapsed().as_secs_f64();
        let segments = program.computed(None);
        let mut least = f64::INFINITY;
        for _ in 0..CALLS {
            let start = Instant::now();
            executor.run(&segments)?;
            executor.read(program.buffers.output, &mut [0.0])?;
            least = least.min(start.elapsed().as_secs_f64());
        }
        println!("{name:<9} {prepare:>10.2} {:>10.2}", 1e3 * least);
    }
    println!("\n{:<28} {:<12} {:>9}", "class", "kernel", "ms");
    for choice in device.choices() {
        for candidate in &choice.candidates {
            let chosen = if candidate.name == choice.name {
                " *"
            } else {
                ""
            };
            let time = match &candidate.seconds {
                Ok(seconds) => format!("{:>9.3}{chosen}", 1e3 * seconds),
                Err(why) => format!("not used: {why}"),
            };
            println!("{:<28} {:<12} {time}", choice.class, candidate.name);
        }
    }
    Ok(())
}
