//! The wgpu executor on whatever adapter this machine has; `adapter` says how to require or skip it.
#![cfg(feature = "gpu")]

extern crate alloc;

mod adapter;

use alloc::sync::Arc;
use std::{collections::HashMap, env, process};

use adapter::device;
use refrain::{
    executor::{Executor, ExecutorError, WeightSource, WeightTensor},
    gpu::{GpuDevice, GpuExecutor, GpuPreference, GpuWeights},
    kernels::{
        Buffer, BufferId, Command, Dispatch, KernelId, Recording, Role, Segment, SegmentId,
        WeightFormat,
        params::{AttentionParams, BlendParams, LinearParams, SubtractParams, elementwise_row},
    },
};

/// Tensors by name.
#[derive(Default)]
struct Tensors(HashMap<&'static str, (Vec<usize>, WeightFormat, Vec<u8>)>);

impl Tensors {
    fn with(
        mut self,
        name: &'static str,
        shape: &[usize],
        format: WeightFormat,
        bytes: Vec<u8>,
    ) -> Self {
        self.0.insert(name, (shape.to_vec(), format, bytes));
        self
    }
}

impl WeightSource for Tensors {
    fn tensor(&self, name: &str) -> Option<WeightTensor<'_>> {
        let (shape, format, bytes) = self.0.get(name)?;
        Some(WeightTensor {
            shape,
            format: *format,
            bytes,
        })
    }
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn buffer(name: &str, len: usize, role: Role) -> Buffer {
    Buffer {
        name: name.into(),
        len,
        role,
    }
}

fn segment(name: &str, commands: Vec<Command>) -> Segment {
    Segment {
        name: name.into(),
        commands,
    }
}

const LEN: usize = 300;
const A: BufferId = BufferId(0);
const B: BufferId = BufferId(1);
const DIFFERENCE: BufferId = BufferId(2);
const KEPT: BufferId = BufferId(3);
const COEFFICIENTS: BufferId = BufferId(4);
const OUT: BufferId = BufferId(5);
const STEP: SegmentId = SegmentId(0);
const OUTPUT: SegmentId = SegmentId(1);

fn subtract(a: BufferId, b: BufferId, out: BufferId, len: usize) -> Command {
    let params = SubtractParams {
        len: len as u32,
        row: elementwise_row(len as u32),
        pad: [0; 2],
    };
    Command::Dispatch(Dispatch {
        kernel: KernelId::Subtract,
        bindings: vec![a, b, out],
        params: bytemuck::bytes_of(&params).to_vec(),
        constants: vec![],
        workgroups: params.workgroups(),
    })
}

/// `step`: difference = a − b, which is kept. `output`: out = a + c₀ · kept.
fn tiny() -> Recording {
    let params = BlendParams {
        len: LEN as u32,
        count: 1,
        first: 0,
        use_base: 1,
        base_offset: 0,
        width: LEN as u32,
        stride: LEN as u32,
        offset: 0,
        row: elementwise_row(LEN as u32),
        pad: [0; 3],
    };
    let blend = Command::Dispatch(Dispatch {
        kernel: KernelId::Blend,
        bindings: vec![COEFFICIENTS, A, KEPT, OUT],
        params: bytemuck::bytes_of(&params).to_vec(),
        constants: vec![("ANCHOR_FORMAT", 0)],
        workgroups: params.workgroups(),
    });
    Recording {
        buffers: vec![
            buffer("a", LEN, Role::Input),
            buffer("b", LEN, Role::Input),
            buffer("difference", LEN, Role::Scratch),
            buffer("kept", LEN, Role::State),
            buffer("coefficients", 8, Role::Input),
            buffer("out", LEN, Role::Output),
        ],
        segments: vec![
            segment(
                "step",
                vec![
                    subtract(A, B, DIFFERENCE, LEN),
                    Command::Copy {
                        from: DIFFERENCE,
                        first: 0,
                        to: KEPT,
                    },
                ],
            ),
            segment("output", vec![blend]),
        ],
    }
}

fn executor(device: &GpuDevice, recording: Recording) -> GpuExecutor {
    let recording = Arc::new(recording);
    let weights = GpuWeights::load(device, &Tensors::default(), &recording).unwrap();
    GpuExecutor::new(device, recording, &weights).unwrap()
}

fn read(executor: &mut GpuExecutor, buffer: BufferId, len: usize) -> Vec<f32> {
    let mut values = vec![f32::NAN; len];
    executor.read(buffer, &mut values).unwrap();
    values
}

fn ramp(start: f32) -> Vec<f32> {
    (0..LEN).map(|i| start + i as f32).collect()
}

#[test]
fn kernels_and_copies_run_in_order() {
    let Some(device) = device() else { return };
    let mut executor = executor(&device, tiny());
    assert_eq!(
        read(&mut executor, KEPT, LEN),
        vec![0.0; LEN],
        "zeros first"
    );

    executor.write(A, &ramp(10.0)).unwrap();
    executor.write(B, &ramp(7.0)).unwrap();
    executor.write(COEFFICIENTS, &[0.5]).unwrap();
    executor.run(&[STEP, OUTPUT]).unwrap();
    assert_eq!(read(&mut executor, OUT, LEN), ramp(11.5));
    assert_eq!(read(&mut executor, OUT, 1), [11.5], "a short read");
}

#[test]
fn state_persists_between_runs() {
    let Some(device) = device() else { return };
    let mut executor = executor(&device, tiny());
    executor.write(A, &ramp(10.0)).unwrap();
    executor.write(B, &ramp(8.0)).unwrap();
    executor.write(COEFFICIENTS, &[1.0]).unwrap();
    executor.run(&[STEP]).unwrap();
    executor.run(&[OUTPUT]).unwrap();
    assert_eq!(read(&mut executor, OUT, LEN), ramp(12.0));
    // A front of the input changes, the rest and the kept difference stay.
    executor.write(A, &[100.0, 200.0]).unwrap();
    executor.run(&[OUTPUT]).unwrap();
    assert_eq!(read(&mut executor, OUT, 3), [102.0, 202.0, 14.0]);
    assert_eq!(read(&mut executor, KEPT, LEN), vec![2.0; LEN]);
}

/// A harness that compares with the right values must notice a wrong one: the same recording with
/// its operands swapped.
#[test]
fn a_planted_fault_is_noticed() {
    let Some(device) = device() else { return };
    let mut faulty = tiny();
    faulty.segments[0].commands[0] = subtract(B, A, DIFFERENCE, LEN);
    let mut executor = executor(&device, faulty);
    executor.write(A, &ramp(10.0)).unwrap();
    executor.write(B, &ramp(7.0)).unwrap();
    executor.write(COEFFICIENTS, &[0.5]).unwrap();
    executor.run(&[STEP, OUTPUT]).unwrap();
    assert_ne!(read(&mut executor, OUT, LEN), ramp(11.5));
}

#[test]
fn lengths_and_indices_are_checked() {
    let Some(device) = device() else { return };
    let mut executor = executor(&device, tiny());
    let too_long = ExecutorError::Length {
        buffer: "a".into(),
        len: LEN,
        given: LEN + 1,
    };
    assert_eq!(executor.write(A, &[0.0; LEN + 1]), Err(too_long.clone()));
    assert_eq!(executor.read(A, &mut [0.0; LEN + 1]), Err(too_long));
    assert!(matches!(
        executor.read(BufferId(6), &mut [0.0]),
        Err(ExecutorError::Recording(_))
    ));
    assert!(matches!(
        executor.run(&[SegmentId(2)]),
        Err(ExecutorError::Recording(_))
    ));
    executor.read(A, &mut []).unwrap();
    executor.write(A, &[]).unwrap();
    executor.run(&[]).unwrap();
}

/// out = x · weightᵀ + bias for 2 rows of 3 channels to 3; 9 half-precision elements end in half a
/// word.
fn linear(format: WeightFormat, workgroups: Option<[u32; 3]>) -> Recording {
    let params = LinearParams {
        rows: 2,
        inputs: 3,
        outputs: 3,
        tokens: 1,
        gate_stride: 0,
        gate_offset: 0,
        addend_rows: 0,
        pad: 0,
    };
    Recording {
        buffers: vec![
            buffer("x", 6, Role::Input),
            buffer("w", 9, Role::Weight(format)),
            buffer("bias", 3, Role::Weight(WeightFormat::F32)),
            buffer("out", 6, Role::Output),
        ],
        segments: vec![segment(
            "forward",
            vec![Command::Dispatch(Dispatch {
                kernel: KernelId::Linear,
                bindings: (0..4).map(BufferId).collect(),
                params: bytemuck::bytes_of(&params).to_vec(),
                constants: vec![("FORMAT", format as u32)],
                workgroups: workgroups.unwrap_or(params.workgroups()),
            })],
        )],
    }
}

const WEIGHT: [f32; 9] = [1.0, 2.0, 3.0, -1.0, 0.5, 0.0, 0.25, 0.0, 8.0];

fn stored(format: WeightFormat, values: &[f32]) -> Vec<u8> {
    match format {
        WeightFormat::F32 => f32_bytes(values),
        WeightFormat::F16 => values
            .iter()
            .flat_map(|&value| half::f16::from_f32(value).to_le_bytes())
            .collect(),
        WeightFormat::Bf16 => values
            .iter()
            .flat_map(|&value| half::bf16::from_f32(value).to_le_bytes())
            .collect(),
    }
}

#[test]
fn weights_are_shared_and_converted() {
    let Some(device) = device() else { return };
    for format in [WeightFormat::F32, WeightFormat::F16, WeightFormat::Bf16] {
        let source = Tensors::default()
            .with("w", &[3, 3], format, stored(format, &WEIGHT))
            .with("bias", &[3], format, stored(format, &[0.5, -1.0, 0.0]));
        let recording = Arc::new(linear(format, None));
        let weights = GpuWeights::load(&device, &source, &recording).unwrap();
        let mut first = GpuExecutor::new(&device, Arc::clone(&recording), &weights).unwrap();
        let mut second = GpuExecutor::new(&device, recording, &weights).unwrap();
        drop(weights);
        for (executor, x, expected) in [
            (&mut first, [1.0, 1.0, 1.0], [6.5, -1.5, 8.25]),
            (&mut second, [0.0, 2.0, -1.0], [1.5, 0.0, -8.0]),
        ] {
            executor.write(BufferId(0), &x).unwrap();
            executor.run(&[SegmentId(0)]).unwrap();
            let mut out = [0.0; 6];
            executor.read(BufferId(3), &mut out).unwrap();
            assert_eq!(out[..3], expected, "{format:?}");
            assert_eq!(out[3..], [0.5, -1.0, 0.0], "{format:?}, a row of zeros");
        }
        assert_eq!(
            second.write(BufferId(2), &[0.0]),
            Err(ExecutorError::Weight(
                "`bias` is a weight, shared and fixed".into()
            ))
        );
    }
}

#[test]
fn wrong_weights_are_named() {
    let Some(device) = device() else { return };
    let bias = |source: Tensors| source.with("bias", &[3], WeightFormat::F32, vec![0; 12]);
    let recording = linear(WeightFormat::F16, None);
    for (source, why) in [
        (Tensors::default(), "the checkpoint has no tensor `w`"),
        (
            Tensors::default().with("w", &[3, 2], WeightFormat::F16, vec![0; 12]),
            "`w` has shape [3, 2] (12 bytes), the recording wants 9 elements",
        ),
        (
            Tensors::default().with("w", &[3, 3], WeightFormat::F16, vec![0; 12]),
            "`w` has shape [3, 3] (12 bytes), the recording wants 9 elements",
        ),
        (
            Tensors::default().with("w", &[3, 3], WeightFormat::Bf16, vec![0; 18]),
            "`w` is stored as bf16 and the recording wants f16; only a widening to f32 is made",
        ),
    ] {
        let error = GpuWeights::load(&device, &bias(source), &recording).unwrap_err();
        assert_eq!(error, ExecutorError::Weight(why.into()));
    }

    let source = bias(Tensors::default()).with("w", &[3, 3], WeightFormat::F16, vec![0; 18]);
    let loaded = GpuWeights::load(&device, &source, &recording).unwrap();
    let make = |recording: Recording, weights: &GpuWeights| {
        GpuExecutor::new(&device, Arc::new(recording), weights).unwrap_err()
    };
    let mut renamed = recording.clone();
    renamed.buffers[1].name = "v".into();
    assert_eq!(
        make(renamed, &loaded),
        ExecutorError::Weight("`v` was not loaded with these weights".into())
    );
    assert_eq!(
        make(linear(WeightFormat::F32, None), &loaded),
        ExecutorError::Weight(
            "`w` was loaded as 9 elements of f16, the recording wants 9 of f32".into()
        )
    );
    let other = GpuDevice::new(GpuPreference::Any).unwrap();
    let elsewhere = GpuWeights::load(&other, &source, &recording).unwrap();
    assert!(matches!(
        make(recording, &elsewhere),
        ExecutorError::Weight(why) if why.contains("another device")
    ));
}

#[test]
fn a_dispatch_of_no_workgroups_is_skipped() {
    let Some(device) = device() else { return };
    let source = Tensors::default()
        .with("w", &[3, 3], WeightFormat::F32, f32_bytes(&WEIGHT))
        .with("bias", &[3], WeightFormat::F32, f32_bytes(&[1.0; 3]));
    let recording = Arc::new(linear(WeightFormat::F32, Some([1, 0, 1])));
    let weights = GpuWeights::load(&device, &source, &recording).unwrap();
    let mut executor = GpuExecutor::new(&device, recording, &weights).unwrap();
    executor.run(&[SegmentId(0)]).unwrap();
    let mut out = [f32::NAN; 6];
    executor.read(BufferId(3), &mut out).unwrap();
    assert_eq!(out, [0.0; 6]);
}

#[test]
fn limits_are_reported() {
    let Some(device) = device() else { return };
    let weights = GpuWeights::load(&device, &Tensors::default(), &tiny()).unwrap();
    let mut huge = tiny();
    huge.buffers.push(buffer("huge", 1 << 31, Role::Scratch));
    let error = GpuExecutor::new(&device, Arc::new(huge), &weights).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("device: buffer `huge` needs 8589934592 bytes, ")
            && text.contains(device.name()),
        "{text}"
    );

    let params = AttentionParams {
        batch: 1,
        tokens: 1,
        heads: 65_536,
        scale: 1.0,
    };
    let len = 24 * params.heads as usize;
    let wide = Recording {
        buffers: vec![
            buffer("qkv", 3 * len, Role::Input),
            buffer("out", len, Role::Output),
        ],
        segments: vec![segment(
            "forward",
            vec![Command::Dispatch(Dispatch {
                kernel: KernelId::Attention,
                bindings: vec![BufferId(0), BufferId(1)],
                params: bytemuck::bytes_of(&params).to_vec(),
                constants: vec![("HEAD_DIM", 24)],
                workgroups: params.workgroups(),
            })],
        )],
    };
    let error = GpuExecutor::new(&device, Arc::new(wide), &weights).unwrap_err();
    assert!(
        error.to_string().contains("takes 65535 a dimension"),
        "{error}"
    );
}

#[test]
fn a_contradictory_recording_is_refused() {
    let Some(device) = device() else { return };
    let weights = GpuWeights::load(&device, &Tensors::default(), &tiny()).unwrap();
    let mut in_place = tiny();
    in_place.segments[0].commands[0] = subtract(A, B, A, LEN);
    let error = GpuExecutor::new(&device, Arc::new(in_place), &weights).unwrap_err();
    assert_eq!(
        error.to_string(),
        "recording: segment `step`, command 0 (subtract): `a` is written at `out` and bound once more"
    );
}

/// Loss of the device, here because the host destroys its own, is an error and no panic.
#[test]
fn a_lost_device_is_an_error() {
    let Some(_) = device() else { return };
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = pollster::block_on(instance.request_adapter(&Default::default())).unwrap();
    let (device, queue) = pollster::block_on(adapter.request_device(&Default::default())).unwrap();
    let shared = GpuDevice::from_wgpu(&adapter.get_info(), device.clone(), queue);
    let mut executor = executor(&shared, tiny());
    executor.write(A, &[1.0]).unwrap();
    executor.run(&[STEP]).unwrap();
    assert_eq!(read(&mut executor, DIFFERENCE, 1), [1.0]);

    device.destroy();
    let _ = executor.run(&[STEP]);
    assert!(matches!(
        executor.read(DIFFERENCE, &mut [0.0]),
        Err(ExecutorError::Device(_))
    ));
}

/// Without a Vulkan driver there is no adapter; where there is only software, none is hardware. The
/// check runs in a process of its own, whose environment hides the drivers.
#[test]
fn no_adapter_is_an_error() {
    const CHILD: &str = "REFRAIN_TEST_NO_ADAPTER";
    if env::var_os(CHILD).is_some() {
        for preference in [GpuPreference::Hardware, GpuPreference::Any] {
            let error = GpuDevice::new(preference).unwrap_err();
            println!("{error}");
            assert!(matches!(error, ExecutorError::NoAdapter(_)), "{error}");
        }
        return;
    }
    if cfg!(target_os = "linux") {
        let output = process::Command::new(env::current_exe().unwrap())
            .args(["--exact", "no_adapter_is_an_error", "--nocapture"])
            .env(CHILD, "1")
            .env("VK_DRIVER_FILES", "/nonexistent")
            .env("VK_ICD_FILENAMES", "/nonexistent")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("no GPU adapter: no driver for Vulkan"),
            "{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let Some(any) = device() else { return };
    match GpuDevice::new(GpuPreference::Hardware) {
        Ok(hardware) => assert!(!hardware.is_software() && !any.is_software()),
        Err(ExecutorError::NoAdapter(why)) => {
            assert!(any.is_software());
            let name = any.name().split(", Vulkan").next().unwrap();
            assert!(why.contains("only software") && why.contains(name), "{why}");
        }
        Err(error) => panic!("{error}"),
    }
}
