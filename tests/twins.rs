//! Every kernel on the wgpu device against its twin; `adapter` says how to require or skip the device.
#![cfg(feature = "gpu")]

extern crate alloc;

mod adapter;
mod kernel_cases;

use alloc::sync::Arc;

use adapter::device;
use kernel_cases::{Case, cases, compare, compare_within};
use refrain::{
    executor::{Executor, WeightSource, WeightTensor},
    gpu::{GpuDevice, GpuExecutor, GpuWeights, Tuning},
    kernels::{
        Buffer, BufferId, Command, Dispatch, KernelId, Recording, Role, Segment, SegmentId,
        VARIANTS, Variant, WeightFormat,
    },
};

/// The one weight that a case may have.
struct Weight<'a> {
    shape: [usize; 1],
    format: WeightFormat,
    words: &'a [u32],
}

impl WeightSource for Weight<'_> {
    fn tensor(&self, _: &str) -> Option<WeightTensor<'_>> {
        let bytes = self.shape[0] * self.format.bytes() as usize;
        let bytes = &bytemuck::cast_slice(self.words)[..bytes];
        Some(WeightTensor {
            shape: &self.shape,
            format: self.format,
            bytes,
        })
    }
}

fn dispatch(case: &Case) -> Dispatch {
    Dispatch {
        kernel: case.id,
        bindings: (0..=case.reads.len() as u32).map(BufferId).collect(),
        params: case.params.clone(),
        constants: case.constants.clone(),
        workgroups: case.workgroups,
    }
}

/// A recording of the case's dispatch alone.
fn record(case: &Case) -> Recording {
    let mut buffers: Vec<_> = case
        .reads
        .iter()
        .zip(case.kernel().bindings)
        .map(|(input, spec)| Buffer {
            name: spec.name.into(),
            len: input.len,
            role: input.format.map_or(Role::Input, Role::Weight),
        })
        .collect();
    buffers.push(Buffer {
        name: "written".into(),
        len: case.out_len,
        role: Role::Output,
    });
    let commands = vec![Command::Dispatch(dispatch(case))];
    Recording {
        buffers,
        segments: vec![Segment {
            name: "case".into(),
            commands,
        }],
    }
}

/// What the device makes of it.
fn run(device: &GpuDevice, case: &Case) -> Vec<f32> {
    let recording = Arc::new(record(case));
    let weight = case.reads.iter().find_map(|input| {
        Some(Weight {
            shape: [input.len],
            format: input.format?,
            words: &input.words,
        })
    });
    let none = Weight {
        shape: [0],
        format: WeightFormat::F32,
        words: &[],
    };
    let weights = GpuWeights::load(device, &weight.unwrap_or(none), &recording).unwrap();
    let mut executor = GpuExecutor::new(device, Arc::clone(&recording), &weights).unwrap();
    for (i, input) in case.reads.iter().enumerate() {
        if input.format.is_none() {
            executor
                .write(BufferId(i as u32), bytemuck::cast_slice(&input.words))
                .unwrap();
        }
    }
    executor.run(&[SegmentId(0)]).unwrap();
    let mut out = vec![0.0; case.out_len];
    executor
        .read(BufferId(case.reads.len() as u32), &mut out)
        .unwrap();
    out
}

/// The cases that a variant takes. Of long ones, weight formats other than f16, and of wide heads, only some:
/// each is a kernel to compile.
fn taken(variant: &Variant, id: KernelId) -> Vec<Case> {
    let mut all = cases(id);
    all.retain(|case| {
        let (name, value) = case.constants[0];
        let worthwhile = match name {
            "FORMAT" => id == KernelId::Linear || value == WeightFormat::F16 as u32,
            _ => value <= 72 || variant.name == "row32",
        };
        // A million rows take a while, and edges of the grid are alike for tiles.
        let long = case.out_len > 1 << 19 && !["tile32", "subgroup8"].contains(&variant.name);
        worthwhile && !long && variant.workgroups(&dispatch(case)).is_some()
    });
    all
}

#[test]
fn every_variant_agrees_with_the_twins() {
    let Some(device) = device() else { return };
    let mut failures = Vec::new();
    let mut ran = 0;
    for variant in VARIANTS.iter().filter(|variant| device.supports(variant)) {
        println!("{:?} {}", variant.family, variant.name);
        let forced = device.with_tuning(Tuning::Forced(variant));
        for id in variant.family.operations() {
            let cases = taken(variant, *id);
            assert!(cases.len() >= 5, "{} cases", cases.len());
            for case in cases {
                let tolerance = variant.tolerance(*id);
                let found = run(&forced, &case);
                let compared = compare_within(&case, tolerance, &found, &case.twin());
                failures.extend(compared.err().map(|why| format!("{}: {why}", variant.name)));
            }
            ran += 1;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // Those that need nothing run on every device.
    assert!(ran >= 2 * 5 + 2, "{ran} variants of operations");
}

/// As below, for the variants: one flipped input of each binding must show.
#[test]
fn one_flipped_input_of_a_variant_is_caught() {
    let Some(device) = device() else { return };
    for variant in VARIANTS.iter().filter(|variant| device.supports(variant)) {
        let id = variant.family.operations()[0];
        let forced = device.with_tuning(Tuning::Forced(variant));
        let case = &taken(variant, id)[0];
        let tolerance = variant.tolerance(id);
        for binding in 0..case.reads.len() {
            let flipped = flipped(case, binding);
            let found = run(&forced, &flipped);
            let missed = compare_within(case, tolerance, &found, &case.twin()).is_ok();
            assert!(!missed, "{}: binding {}", variant.name, binding + 1);
            compare_within(&flipped, tolerance, &found, &flipped.twin()).unwrap();
        }
    }
}

#[test]
fn the_device_agrees_with_the_twins() {
    let Some(device) = device() else { return };
    let device = device.with_tuning(Tuning::Table);
    let mut failures = Vec::new();
    for case in KernelId::ALL.into_iter().flat_map(cases) {
        failures.extend(compare(&case, &run(&device, &case), &case.twin()).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The case with the sign of one element of one input flipped: the first from the middle on that
/// the output depends on.
fn flipped(case: &Case, binding: usize) -> Case {
    let twin = case.twin();
    let words = case.reads[binding].words.len();
    let mut flipped = case.clone();
    for word in (words / 2..words).chain(0..words / 2) {
        flipped.reads[binding].words[word] ^= 0x8000_0000;
        if compare(case, &flipped.twin(), &twin).is_err() {
            return flipped;
        }
        flipped.reads[binding].words[word] ^= 0x8000_0000;
    }
    panic!("{} does not depend on binding {}", case.name, binding + 1);
}

#[test]
fn one_flipped_input_is_caught() {
    let Some(device) = device() else { return };
    let device = device.with_tuning(Tuning::Table);
    for id in KernelId::ALL {
        let case = &cases(id)[0];
        let twin = case.twin();
        for binding in 0..case.reads.len() {
            let flipped = flipped(case, binding);
            let found = run(&device, &flipped);
            let name = case.kernel().bindings[binding].name;
            assert!(
                compare(case, &found, &twin).is_err(),
                "{}: `{name}` is not read",
                case.name
            );
            compare(&flipped, &found, &flipped.twin()).unwrap();
        }
    }
}

#[test]
fn sums_are_the_same_bits_every_time() {
    let Some(device) = device() else { return };
    for case in [
        KernelId::AbsoluteSums,
        KernelId::SquareSums,
        KernelId::Products,
        KernelId::SumPartials,
    ]
    .into_iter()
    .flat_map(cases)
    {
        let bits = |out: Vec<f32>| out.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(
            bits(run(&device, &case)),
            bits(run(&device, &case)),
            "{}",
            case.name
        );
    }
}
