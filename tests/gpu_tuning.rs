//! How the wgpu executor chooses among variants: measured, remembered as text, forced, or not at all.
#![cfg(feature = "gpu")]

extern crate alloc;

mod adapter;

use alloc::sync::Arc;

use adapter::device;
use refrain::{
    executor::{Executor, ExecutorError, WeightSource, WeightTensor},
    gpu::{GpuDevice, GpuExecutor, GpuWeights, Tuning},
    kernels::{
        Buffer, BufferId, Command, Dispatch, KernelId, Recording, Role, Segment, SegmentId,
        WeightFormat, params::LinearParams,
    },
};

/// Ones, in f16.
struct Ones([usize; 1], Vec<u8>);

impl WeightSource for Ones {
    fn tensor(&self, _: &str) -> Option<WeightTensor<'_>> {
        Some(WeightTensor {
            shape: &self.0,
            format: WeightFormat::F16,
            bytes: &self.1,
        })
    }
}

/// Every output of a linear layer of ones without bias, on `device`.
fn ones(device: &GpuDevice, rows: u32, inputs: u32, outputs: u32) -> Vec<f32> {
    let params = LinearParams {
        rows,
        inputs,
        outputs,
        tokens: 1,
        gate_stride: 0,
        gate_offset: 0,
        addend_rows: 0,
        pad: 0,
    };
    let buffer = |name: &str, len: u32, role| Buffer {
        name: name.into(),
        len: len as usize,
        role,
    };
    let recording = Arc::new(Recording {
        buffers: vec![
            buffer("x", rows * inputs, Role::Input),
            buffer("w", outputs * inputs, Role::Weight(WeightFormat::F16)),
            buffer("bias", outputs, Role::Input),
            buffer("out", rows * outputs, Role::Output),
        ],
        segments: vec![Segment {
            name: "layer".into(),
            commands: vec![Command::Dispatch(Dispatch {
                kernel: KernelId::Linear,
                bindings: (0..4).map(BufferId).collect(),
                params: bytemuck::bytes_of(&params).to_vec(),
                constants: vec![("FORMAT", WeightFormat::F16 as u32)],
                workgroups: params.workgroups(),
            })],
        }],
    });
    let count = (outputs * inputs) as usize;
    let source = Ones([count], [0x00, 0x3c].repeat(count));
    let weights = GpuWeights::load(device, &source, &recording).unwrap();
    let mut executor = GpuExecutor::new(device, recording, &weights).unwrap();
    let x = vec![1.0; (rows * inputs) as usize];
    executor.write(BufferId(0), &x).unwrap();
    executor.run(&[SegmentId(0)]).unwrap();
    let mut out = vec![0.0; (rows * outputs) as usize];
    executor.read(BufferId(3), &mut out).unwrap();
    out
}

const SHAPE: [u32; 3] = [65, 96, 64];

fn layer(device: &GpuDevice) -> Vec<f32> {
    let [rows, inputs, outputs] = SHAPE;
    ones(device, rows, inputs, outputs)
}

#[test]
fn choices_are_measured_and_remembered() {
    let Some(first) = device() else { return };
    let expected = vec![96.0; 65 * 64];
    assert_eq!(layer(&first), expected);
    let choices = first.choices();
    let [choice] = choices.as_slice() else {
        panic!("{choices:?}");
    };
    assert_eq!(choice.class, "linear f16 128x96x64");
    let names: Vec<_> = choice.candidates.iter().map(|tried| tried.name).collect();
    assert_eq!(names[0], "table");
    for tried in &choice.candidates {
        let seconds = tried.seconds.clone().expect(tried.name);
        assert!(seconds > 0.0 && seconds < 10.0, "{seconds}");
    }
    // Of the chosen one no other was faster.
    let time = |name| {
        let tried = choice.candidates.iter().find(|tried| tried.name == name);
        tried.unwrap().seconds.clone().unwrap()
    };
    assert!(names.iter().all(|&name| time(name) >= time(choice.name)));

    let text = first.tuning();
    println!("{text}");
    assert!(text.ends_with(&format!("{} = {}\n", choice.class, choice.name)));
    let second = device().unwrap();
    second.remember(&text).unwrap();
    assert_eq!(second.tuning(), text);
    assert_eq!(layer(&second), expected);
    // Nothing was measured again.
    assert!(second.choices()[0].candidates.is_empty());
}

#[test]
fn what_is_not_of_this_device_is_not_remembered() {
    let Some(device) = device() else { return };
    let identity = device.tuning();
    let identity = identity.trim_end();
    for (text, part) in [
        (identity.replace("refrain ", "refrain 9."), "measure anew"),
        (String::new(), "this is `refrain"),
        (
            format!("{identity}, newer\nlinear f16 1x2x3 = table"),
            "newer",
        ),
        (format!("{identity}\nlinear f16 1x2x3"), "line 2"),
        (format!("{identity}\nlinear f16 1x2x3 = nothing"), "line 2"),
        (
            format!("{identity}\nlinear f16 1x2x3 = tile32\nlinear f8 1x2x3 = tile32"),
            "line 3",
        ),
        (format!("{identity}\nattention 64 1x2 = tile32"), "tile32"),
    ] {
        let error = device.remember(&text).unwrap_err();
        assert!(matches!(error, ExecutorError::Tuning(_)), "{error}");
        let message = error.to_string();
        assert!(
            message.starts_with("tuning: ") && message.contains(part),
            "{message}"
        );
        assert!(device.choices().is_empty(), "{text}");
    }
}

#[test]
fn a_wish_is_followed_and_small_layers_are_not_measured() {
    let Some(device) = device() else { return };
    let expected = vec![96.0; 65 * 64];
    assert_eq!(layer(&device.with_tuning(Tuning::Table)), expected);
    for variant in KernelId::Linear.variants() {
        // Without what it needs, or with a shape it does not take, it is the kernel of the table.
        let forced = device.with_tuning(Tuning::Forced(variant));
        assert_eq!(layer(&forced), expected, "{}", variant.name);
        assert_eq!(ones(&forced, 3, 5, 7), vec![5.0; 21], "{}", variant.name);
    }
    assert_eq!(ones(&device, 3, 5, 7), vec![5.0; 21]);
    assert!(device.choices().is_empty());
}
