//! The forward pass and the samplers against results that other code computed.
//!
//! `REFRAIN_GPU` says whether the device tests run; see `tests/adapter`.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
mod adapter;
mod reference;
mod tensors;

use alloc::sync::Arc;

use reference::{bytes, emoji, emoji_bytes};
use refrain::{
    Policy,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides, Prediction, Signal},
    executor::Executor,
    kernels::{Command, Recording, Segment, SegmentId},
    run::{Backend, Engine, Settings, compare},
    sampler::Sampler,
    signal::SignalKind,
};
use tensors::{Tensors, relative};

/// What each command of a call on the CPU wrote, in order: the buffer's name and its values.
fn stages(model: &Model, lowering: &Lowering, golden: &Tensors) -> Vec<(String, Vec<f32>)> {
    let program = lowering.program(model).expect("a program");
    let mut recording = Recording {
        buffers: program.recording.buffers.clone(),
        segments: Vec::new(),
    };
    for id in program.computed(None) {
        for command in &program.recording.segments[id.0 as usize].commands {
            recording.segments.push(Segment {
                name: String::new(),
                commands: vec![command.clone()],
            });
        }
    }
    let recording = Arc::new(recording);
    let device = CpuDevice::new(None).expect("a CPU");
    let weights = CpuWeights::load(&device, model, &recording).expect("weights");
    let mut executor = CpuExecutor::new(&device, recording.clone(), &weights).expect("executor");
    executor
        .write(program.buffers.x, golden.get("x"))
        .expect("x");
    executor
        .write(program.buffers.t, golden.get("t"))
        .expect("t");
    executor
        .write(program.buffers.y, golden.get("y"))
        .expect("y");
    let mut stages = Vec::new();
    for (index, segment) in recording.segments.iter().enumerate() {
        executor.run(&[SegmentId(index as u32)]).expect("a run");
        let written = match &segment.commands[0] {
            Command::Dispatch(dispatch) => *dispatch.bindings.last().expect("an output"),
            Command::Copy { to, .. } => *to,
        };
        let buffer = &recording.buffers[written.0 as usize];
        let mut values = vec![0.0; buffer.len];
        executor.read(written, &mut values).expect("a read");
        stages.push((buffer.name.clone(), values));
    }
    stages
}

#[test]
fn every_stage_is_the_golden_one() {
    let (model, golden) = (emoji(), Tensors::load("golden"));
    // Modulated input and front blocks in buffers of their own; the network is the same.
    let lowering = Lowering {
        signal: Some(Signal::new(SignalKind::ModulatedInput)),
        ..Lowering::whole(4)
    };
    let stages = stages(&model, &lowering, &golden);
    let nth = |name: &str, n: usize| {
        let mut found = stages.iter().filter(|(stage, _)| stage == name);
        &found.nth(n).unwrap_or_else(|| panic!("no {name}")).1
    };
    let silu: Vec<f32> = golden
        .get("c")
        .iter()
        .map(|c| c / (1.0 + (-c).exp()))
        .collect();
    let mut checks = vec![
        (
            "t_freq".to_owned(),
            nth("features", 0),
            golden.get("t_freq"),
        ),
        ("t_emb".to_owned(), nth("times", 0), golden.get("t_emb")),
        ("silu(c)".to_owned(), nth("condition", 0), &silu),
        ("tokens".to_owned(), nth("tokens", 0), golden.get("tokens")),
        ("mod0".to_owned(), nth("modulated", 0), golden.get("mod0")),
        (
            "final_tokens".to_owned(),
            nth("final.patches", 0),
            golden.get("final_tokens"),
        ),
        ("out".to_owned(), nth("output", 0), golden.get("out")),
    ];
    for block in 0..6 {
        let name = format!("block{block}");
        let expected = golden.get(&name);
        checks.push((name, nth("stream", block), expected));
    }
    let normed = stages.iter().rfind(|(stage, _)| stage == "normed");
    checks.push((
        "final_mod".to_owned(),
        &normed.expect("it").1,
        golden.get("final_mod"),
    ));
    for (name, ours, expected) in checks {
        let off = relative(ours, expected);
        println!("{name:12} {off:.1e}");
        assert!(off <= 2e-5, "{name} is {off:.1e} off");
    }
}

fn engine(model: Arc<Model>) -> Engine {
    Engine::new(model, Backend::Cpu).expect("the CPU")
}

/// The adapter's engine, unless the test is to be skipped.
#[cfg(feature = "gpu")]
fn gpu_engine(model: Arc<Model>) -> Option<Engine> {
    adapter::device().map(|_| Engine::new(model, Backend::Gpu).expect("the adapter"))
}

fn forward(engine: &Engine, io: &Tensors) -> Vec<f32> {
    let (t, y) = (io.get("t"), io.whole("y"));
    let output = engine.forward(io.get("x"), t, &y, t.len());
    output.expect("a forward pass")
}

#[test]
fn forward_gives_the_golden_output() {
    let golden = Tensors::load("golden");
    let off = relative(&forward(&engine(emoji()), &golden), golden.get("out"));
    println!("cpu: {off:.1e}");
    assert!(off <= 1e-4, "{off:.1e}");
    assert!(
        off <= 1e-5,
        "no longer what it was measured to be: {off:.1e}"
    );
}

#[cfg(feature = "gpu")]
#[test]
fn forward_on_the_adapter_gives_the_golden_output() {
    let golden = Tensors::load("golden");
    if let Some(engine) = gpu_engine(emoji()) {
        let off = relative(&forward(&engine, &golden), golden.get("out"));
        println!("{}: {off:.1e}", engine.device_name());
        assert!(off <= 2e-3, "{off:.1e}");
    }
}

/// Every planted fault moves the output by much more than the tolerance of the tests here.
#[test]
fn a_corrupted_checkpoint_does_not_give_the_golden_output() {
    let golden = Tensors::load("golden");
    let good = emoji_bytes();
    let header = u64::from_le_bytes(*good.first_chunk().expect("a length")) as usize;
    let text = core::str::from_utf8(&good[8..8 + header]).expect("a header");
    let entries: serde_json::Value = serde_json::from_str(text).expect("JSON");
    for (name, element) in [
        ("blocks.3.attn.qkv.weight", 12_345),
        ("blocks.5.mlp.fc2.bias", 7),
        ("pos_embed", 500),
        ("final_layer.adaLN_modulation.1.weight", 40_000),
    ] {
        let start = entries[name]["data_offsets"][0]
            .as_u64()
            .expect("an offset") as usize;
        let at = 8 + header + start + 2 * element;
        let mut bad = good.clone();
        // The f16 number 8.0.
        bad[at..at + 2].copy_from_slice(&0x4800u16.to_le_bytes());
        let model = Model::from_bytes(bad, &Overrides::default()).expect("a model");
        let off = relative(
            &forward(&engine(Arc::new(model)), &golden),
            golden.get("out"),
        );
        assert!(off > 1e-4, "{name}: {off:.1e}");
    }
}

fn golden_settings(golden: &Tensors) -> Settings {
    Settings {
        policy: Policy::NEUTRAL,
        steps: 50,
        sampler: Sampler::Euler,
        guidance: 3.0,
        classes: golden.whole("traj_y"),
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed: 0,
    }
}

#[test]
fn the_guided_trajectory_ends_where_the_golden_one_does() {
    let golden = Tensors::load("golden");
    let engine = engine(emoji());
    let settings = golden_settings(&golden);
    let mut run = engine
        .start_from(&settings, golden.get("traj_noise"))
        .expect("a run");
    let states = golden.get("traj_x").chunks_exact(2 * 3 * 32 * 32);
    for expected in states.skip(1) {
        run.advance().expect("a call").expect("one of 50");
        let off = compare(run.latents(), expected);
        assert!(off.psnr_db >= 50.0 && off.rel_l2 < 1e-4, "{off:?}");
    }
    assert_eq!(run.advance().expect("the end"), None);
    assert_eq!(run.trace().to_string(), "C".repeat(50));
}

/// Every signal on the golden trajectory, against the values that Python measured.
#[test]
fn signals_are_the_golden_ones() {
    let golden = Tensors::load("golden");
    let engine = engine(emoji());
    let csv = String::from_utf8(bytes("tests/data/golden_signals.csv")).expect("text");
    let mut rows = csv.lines().map(|line| line.split(',').skip(1));
    let header: Vec<&str> = rows.next().expect("a header").collect();
    let rows: Vec<Vec<f64>> = rows
        .map(|row| row.map(|value| value.parse().expect("a number")).collect())
        .collect();
    for (column, signal) in header.iter().enumerate() {
        // A threshold of 0 has every call computed, and measured.
        let site = if *signal == "front-residual" {
            ",site=range,front=1"
        } else {
            ""
        };
        let metric = if *signal == "model-input" {
            ",metric=mean-absolute"
        } else {
            ""
        };
        let text = format!("teacache:threshold=0,signal={signal}{metric},last=0{site}");
        let settings = Settings {
            policy: Policy::parse(&text).expect("a policy"),
            ..golden_settings(&golden)
        };
        let mut run = engine
            .start_from(&settings, golden.get("traj_noise"))
            .expect("a run");
        while let Some(event) = run.advance().expect("a call") {
            let expected = rows[event.call as usize][column];
            let off = (event.signal - expected).abs() / expected;
            assert!(
                event.call == 0 || off < 1e-3,
                "{signal}, {event:?}: {expected}"
            );
        }
    }
}

/// Checkpoints of other shapes: sigma channels, four latent channels, patches of 2, head dimensions
/// 24, 32 and 72, 25 tokens, 2 to 28 blocks, f32, f16 and bf16, a narrow MLP, no metadata.
const SHAPES: [(&str, Overrides); 3] = [
    (
        "dit_d48_h2_sigma",
        Overrides {
            num_heads: Some(2),
            prediction: None,
        },
    ),
    (
        "dit_d144_h2",
        Overrides {
            num_heads: None,
            prediction: None,
        },
    ),
    (
        "dit_d64_deep",
        Overrides {
            num_heads: None,
            prediction: None,
        },
    ),
];

fn reference_model(name: &str, overrides: &Overrides) -> Arc<Model> {
    let path = reference::path(&format!("tests/data/{name}.safetensors"));
    Arc::new(Model::open(&path, overrides).unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn other_shapes_agree_with_their_references() {
    for (name, overrides) in SHAPES {
        let model = reference_model(name, &overrides);
        let io = Tensors::load(&format!("{name}_io"));
        let (output, expected) = (forward(&engine(model), &io), io.get("output"));
        let off = relative(&output, expected);
        // The features of large timesteps are off by the last bit of an `exp`, a thousand times. At
        // t = 0, the last row, there is none of that: a layer norm's epsilon of 1e-5 would show.
        let last = expected.len() / 3 * 2;
        let exact = relative(&output[last..], &expected[last..]);
        println!("{name}: {off:.1e}, at t = 0 {exact:.1e}");
        assert!(
            off <= 1e-5 && exact <= 1e-6,
            "{name}: {off:.1e}, {exact:.1e}"
        );
    }
}

#[cfg(feature = "gpu")]
#[test]
fn other_shapes_on_the_adapter_agree_with_their_references() {
    for (name, overrides) in SHAPES {
        let model = reference_model(name, &overrides);
        let io = Tensors::load(&format!("{name}_io"));
        if let Some(engine) = gpu_engine(model) {
            let off = relative(&forward(&engine, &io), io.get("output"));
            println!("{name} on {}: {off:.1e}", engine.device_name());
            assert!(off <= 2e-3, "{name}: {off:.1e}");
        }
    }
}

#[test]
fn a_guided_ddim_run_ends_where_the_reference_does() {
    let run_data = Tensors::load("dit_d48_h2_sigma_ddim");
    let (name, overrides) = SHAPES[0];
    let engine = engine(reference_model(name, &overrides));
    assert_eq!(engine.model().config().prediction, Prediction::Epsilon);
    let settings = Settings {
        policy: Policy::NEUTRAL,
        steps: 10,
        sampler: Sampler::Ddim,
        guidance: run_data.get("guidance")[0],
        classes: run_data.whole("y"),
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed: 0,
    };
    let mut run = engine
        .start_from(&settings, run_data.get("noise"))
        .expect("a run");
    for expected in run_data.get("x").chunks_exact(2 * 4 * 8 * 8).skip(1) {
        run.advance().expect("a call").expect("one of 10");
        let off = relative(run.latents(), expected);
        assert!(off < 1e-5, "{off:.1e}");
    }
    assert_eq!(
        relative(run.latents(), run_data.get("latent")),
        relative(run.latents(), &run_data.get("x")[10 * 512..])
    );
    for (steps, name) in [
        (10, "timesteps"),
        (50, "timesteps_50"),
        (250, "timesteps_250"),
    ] {
        let steps = Sampler::Ddim
            .steps(Prediction::Epsilon, steps)
            .expect("steps");
        let timesteps: Vec<f32> = steps.iter().map(|step| step.timestep).collect();
        assert_eq!(timesteps, run_data.get(name), "{name}");
    }
}
