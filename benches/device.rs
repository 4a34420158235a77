//! Decisions on the device against decisions on the host: whole runs, skipped calls, and how often the
//! host waits.
//!
//! `cargo bench --bench device [MODEL [STEPS]]`. Prints rows for `benches/results/device.md`.

extern crate alloc;

use alloc::sync::Arc;
use std::{env, time::Instant};

use refrain::{
    Policy,
    dit::{Model, Overrides},
    run::{Backend, Engine, Sampling, Settings},
    sampler::Sampler,
};

/// Policies that measure, and one that does not. The first two skip all they may.
const POLICIES: [&str; 6] = [
    "teacache:threshold=1000000",
    "teacache:threshold=1000000,predictor=taylor,order=2",
    "teacache:threshold=0.05",
    "fbcache:threshold=0.08",
    "easycache:threshold=0.03",
    "taylorseer:interval=4,order=1",
];
/// Runs of each kind; the least time counts, since other programs only ever add to it.
const RUNS: usize = 3;

struct Timed {
    seconds: f64,
    waits: u64,
    computed: u32,
    latents: Vec<f32>,
}

fn timed(engine: &Engine, text: &str, steps: u32, device: bool) -> Timed {
    let config = engine.model().config();
    let settings = Settings {
        policy: Policy::parse(text).expect("a policy"),
        steps,
        sampler: Sampler::for_prediction(config.prediction),
        guidance: 1.0,
        classes: vec![0],
        seed: 8,
        anchor_format: refrain::kernels::AnchorFormat::F32,
    };
    let mut run: Sampling = engine.start(&settings).expect("a run");
    if device {
        run.decide_on_device(0).expect("supported");
    }
    let (waits, start) = (engine.host_waits(), Instant::now());
    while run.advance().expect("a call").is_some() {}
    Timed {
        seconds: start.elapsed().as_secs_f64(),
        waits: engine.host_waits() - waits,
        computed: run.stats().computed,
        latents: run.latents().to_vec(),
    }
}

/// The quickest of a few runs on the host and of as many on the device, one after the other.
fn both(engine: &Engine, text: &str, steps: u32) -> [Timed; 2] {
    let mut best: [Option<Timed>; 2] = [None, None];
    for _ in 0..RUNS {
        for (best, device) in best.iter_mut().zip([false, true]) {
            let run = timed(engine, text, steps, device);
            let quicker = best.as_ref().is_none_or(|best| run.seconds < best.seconds);
            if quicker {
                *best = Some(run);
            }
        }
    }
    let [host, device] = best.map(|run| run.expect("there were runs"));
    assert_eq!(host.latents, device.latents, "{text}: other pictures");
    [host, device]
}

fn main() {
    let mut arguments = env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let path = arguments.next();
    let path = path
        .as_deref()
        .unwrap_or("models/emoji/emoji_dit_f16.safetensors");
    let steps: u32 = arguments
        .next()
        .map_or(50, |steps| steps.parse().expect("a number"));
    let heads = Overrides {
        num_heads: path.contains("_h2").then_some(2),
        prediction: None,
    };
    let model = Arc::new(Model::open(path.as_ref(), &heads).expect("a model"));
    let engine = Engine::new(model, Backend::Gpu).expect("a GPU");
    println!(
        "{path}, {steps} steps, one picture, {}\n",
        engine.device_name()
    );
    // The kernels of decisions compile.
    timed(&engine, POLICIES[0], 2, true);
    println!(
        "| policy | computed | host s | device s | host / device | waits, host | waits, device |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut skipped = Vec::new();
    for text in POLICIES {
        let [host, device] = both(&engine, text, steps);
        println!(
            "| {text} | {} of {steps} | {:.4} | {:.4} | {:.2} | {} | {} |",
            host.computed,
            host.seconds,
            device.seconds,
            host.seconds / device.seconds,
            host.waits,
            device.waits
        );
        if host.computed == 2 {
            let ends = both(&engine, text, 2);
            let each = |long: &Timed, short: &Timed| {
                1e3 * (long.seconds - short.seconds) / f64::from(steps - 2)
            };
            skipped.push((text, each(&host, &ends[0]), each(&device, &ends[1])));
        }
    }
    println!("\n| a skipped call | host ms | device ms |\n| --- | --- | --- |");
    for (text, host, device) in skipped {
        println!("| {text} | {host:.3} | {device:.3} |");
    }
}
