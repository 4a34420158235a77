//! The CPU executor against the twins.

#![cfg(feature = "cpu")]

extern crate alloc;

mod kernel_cases;

use alloc::sync::Arc;
use std::collections::HashMap;

use kernel_cases::{Case, cases, compare};
use refrain::{
    cpu::{CpuDevice, CpuExecutor, CpuWeights, Vectors},
    executor::{Executor, ExecutorError, WeightSource, WeightTensor},
    kernels::{
        Buffer, BufferId, Command, Dispatch, KernelId, Recording, Role, Segment, SegmentId,
        WeightFormat,
        params::{AttentionParams, LinearParams},
    },
};

/// The weights of a case, by the names its recording gives them.
#[derive(Default)]
struct Tensors(HashMap<String, (Vec<usize>, WeightFormat, Vec<u8>)>);

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

const RUN: SegmentId = SegmentId(0);

/// A case as a recording of one dispatch, its weights, and its other inputs.
fn record(case: &Case) -> (Recording, Tensors) {
    let mut buffers = Vec::new();
    let mut tensors = Tensors::default();
    for (i, input) in case.reads.iter().enumerate() {
        let name = format!("read{i}");
        let role = match input.format {
            Some(format) => {
                let mut bytes: Vec<u8> = bytemuck::cast_slice(&input.words).to_vec();
                bytes.truncate(input.len * format.bytes() as usize);
                tensors
                    .0
                    .insert(name.clone(), (vec![input.len], format, bytes));
                Role::Weight(format)
            }
            None => Role::Input,
        };
        buffers.push(Buffer {
            name,
            len: input.len,
            role,
        });
    }
    buffers.push(Buffer {
        name: "out".into(),
        len: case.out_len,
        role: Role::Output,
    });
    let dispatch = Dispatch {
        kernel: case.id,
        bindings: (0..buffers.len() as u32).map(BufferId).collect(),
        params: case.params.clone(),
        constants: case.constants.clone(),
        workgroups: case.workgroups,
    };
    let segment = Segment {
        name: "run".into(),
        commands: vec![Command::Dispatch(dispatch)],
    };
    (
        Recording {
            buffers,
            segments: vec![segment],
        },
        tensors,
    )
}

/// Writes the inputs, runs the one segment, reads the output.
fn run(executor: &mut CpuExecutor, case: &Case) -> Vec<f32> {
    for (i, input) in case
        .reads
        .iter()
        .enumerate()
        .filter(|(_, input)| input.format.is_none())
    {
        executor
            .write(BufferId(i as u32), bytemuck::cast_slice(&input.words))
            .unwrap();
    }
    executor.run(&[RUN]).unwrap();
    let mut out = vec![f32::NAN; case.out_len];
    executor
        .read(BufferId(case.reads.len() as u32), &mut out)
        .unwrap();
    out
}

fn fast(device: &CpuDevice, case: &Case) -> Vec<f32> {
    let (recording, tensors) = record(case);
    let weights = CpuWeights::load(device, &tensors, &recording).unwrap();
    run(
        &mut CpuExecutor::new(device, Arc::new(recording), &weights).unwrap(),
        case,
    )
}

/// Cases with work enough for several threads, beside those of the kernels' own tests.
fn large() -> Vec<Case> {
    let mut all = Vec::new();
    for id in [KernelId::LinearGelu, KernelId::LinearGated] {
        let mut case = cases(id).swap_remove(0);
        let mut params: LinearParams = bytemuck::pod_read_unaligned(&case.params);
        // 70 rows become 1400, so that row blocks, and with 7 tokens an image the gates, are cut.
        params.rows *= 20;
        case.params = bytemuck::bytes_of(&params).to_vec();
        case.workgroups = params.workgroups();
        case.out_len *= 20;
        for (i, input) in case.reads.iter_mut().enumerate() {
            if ![1, 2].contains(&i) {
                input.words = input.words.repeat(20);
                input.len *= 20;
            }
        }
        case.name = format!("{} x 20", case.name);
        all.push(case);
    }
    let mut case = cases(KernelId::Attention).swap_remove(0);
    let mut params: AttentionParams = bytemuck::pod_read_unaligned(&case.params);
    params.batch *= 5;
    case.params = bytemuck::bytes_of(&params).to_vec();
    case.workgroups = params.workgroups();
    case.out_len *= 5;
    case.reads[0].words = case.reads[0].words.repeat(5);
    case.reads[0].len *= 5;
    all.push(case);
    all
}

fn all_cases() -> impl Iterator<Item = Case> {
    KernelId::ALL.into_iter().flat_map(cases).chain(large())
}

#[test]
fn every_kernel_agrees_with_its_twin() {
    let cases: Vec<_> = all_cases().map(|case| (case.twin(), case)).collect();
    for vectors in Vectors::ALL
        .into_iter()
        .filter(|vectors| vectors.available())
    {
        let device = CpuDevice::with_vectors(Some(2), vectors).unwrap();
        println!("{}", device.name());
        for (twin, case) in &cases {
            if let Err(why) = compare(case, &fast(&device, case), twin) {
                panic!("{}: {why}", device.name());
            }
        }
    }
}

/// The comparison above must notice when a kernel reads any of its inputs wrongly.
#[test]
fn a_planted_fault_is_caught_in_every_input() {
    let device = CpuDevice::new(Some(2)).unwrap();
    for id in KernelId::ALL {
        let case = cases(id).swap_remove(0);
        let twin = case.twin();
        for i in 0..case.reads.len() {
            let mut faulty = case.clone();
            faulty.reads[i].words.rotate_right(1);
            compare(&case, &fast(&device, &faulty), &twin)
                .expect_err(&format!("{}: input {i} is rotated", case.name));
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let devices = [1, 2, 5].map(|threads| CpuDevice::new(Some(threads)).unwrap());
    for case in all_cases() {
        let bits = devices.each_ref().map(|device| {
            fast(device, &case)
                .iter()
                .map(|value| value.to_bits())
                .collect::<Vec<_>>()
        });
        assert!(bits[0] == bits[1] && bits[0] == bits[2], "{}", case.name);
    }
}

#[test]
fn the_twin_executor_runs_the_twins() {
    let device = CpuDevice::new(Some(1)).unwrap();
    for id in KernelId::ALL {
        let case = cases(id).swap_remove(0);
        let (recording, tensors) = record(&case);
        let mut executor = CpuExecutor::with_twins(&device, Arc::new(recording), &tensors).unwrap();
        let bits = |out: Vec<f32>| out.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let found = bits(run(&mut executor, &case));
        assert_eq!(found, bits(case.twin()), "{}", case.name);
    }
}

/// Weights are prepared once, for any number of executors; copies and state work.
#[test]
fn executors_share_weights_and_keep_state() {
    let device = CpuDevice::new(Some(2)).unwrap();
    let case = cases(KernelId::Linear).swap_remove(0);
    let (mut recording, tensors) = record(&case);
    let kept = BufferId(recording.buffers.len() as u32);
    let out = BufferId(kept.0 - 1);
    recording.buffers.push(Buffer {
        name: "kept".into(),
        len: case.out_len,
        role: Role::State,
    });
    recording.segments.push(Segment {
        name: "keep".into(),
        commands: vec![Command::Copy {
            from: out,
            first: 0,
            to: kept,
        }],
    });
    let weights = CpuWeights::load(&device, &tensors, &recording).unwrap();
    drop(tensors);
    let recording = Arc::new(recording);
    let mut first = CpuExecutor::new(&device, Arc::clone(&recording), &weights).unwrap();
    let mut second = CpuExecutor::new(&device, recording, &weights).unwrap();
    drop(weights);
    let expected = run(&mut first, &case);
    assert_eq!(run(&mut second, &case), expected);
    first.run(&[SegmentId(1)]).unwrap();
    let bias = vec![0.0; case.reads[0].len];
    first.write(BufferId(0), &bias).unwrap();
    first.run(&[RUN]).unwrap();
    let mut values = vec![0.0; case.out_len];
    first.read(kept, &mut values).unwrap();
    assert_eq!(values, expected);
    first.read(out, &mut values).unwrap();
    assert_ne!(values, expected);
}

#[test]
fn wrong_lengths_and_numbers_are_errors() {
    let device = CpuDevice::new(Some(1)).unwrap();
    let case = cases(KernelId::Linear).swap_remove(0);
    let (recording, tensors) = record(&case);
    let weights = CpuWeights::load(&device, &tensors, &recording).unwrap();
    let mut executor = CpuExecutor::new(&device, Arc::new(recording), &weights).unwrap();
    let given = case.reads[0].len + 1;
    let too_long = ExecutorError::Length {
        buffer: "read0".into(),
        len: given - 1,
        given,
    };
    assert_eq!(
        executor.write(BufferId(0), &vec![0.0; given]),
        Err(too_long.clone())
    );
    assert_eq!(
        executor.read(BufferId(0), &mut vec![0.0; given]),
        Err(too_long)
    );
    assert_eq!(
        executor.write(BufferId(1), &[0.0]),
        Err(ExecutorError::Weight(
            "`read1` is a weight, shared and fixed".into()
        ))
    );
    assert_eq!(
        executor.read(BufferId(9), &mut [0.0]),
        Err(ExecutorError::Recording(
            "there is no buffer 9, only 4".into()
        ))
    );
    assert_eq!(
        executor.run(&[RUN, SegmentId(1)]),
        Err(ExecutorError::Recording(
            "there is no segment 1, only 1".into()
        ))
    );
}

/// Whatever a parameter is, the dispatch is refused or runs: nothing panics.
#[test]
fn hostile_parameters_are_refused() {
    let device = CpuDevice::new(Some(1)).unwrap();
    let mut refused = 0;
    for id in KernelId::ALL {
        let case = cases(id).swap_remove(0);
        let (recording, tensors) = record(&case);
        let weights = CpuWeights::load(&device, &tensors, &recording).unwrap();
        for word in 0..case.params.len() / 4 {
            for value in [0, 1, u32::MAX] {
                let mut hostile = recording.clone();
                let Command::Dispatch(dispatch) = &mut hostile.segments[0].commands[0] else {
                    unreachable!()
                };
                dispatch.params[4 * word..][..4].copy_from_slice(&value.to_le_bytes());
                match CpuExecutor::new(&device, Arc::new(hostile), &weights) {
                    Ok(mut executor) => executor.run(&[RUN]).unwrap(),
                    Err(error) => {
                        assert!(
                            error.to_string().contains(id.kernel().name)
                                || error.to_string().contains("read1"),
                            "{error}"
                        );
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn missing_and_misshapen_weights_are_named() {
    let device = CpuDevice::new(Some(1)).unwrap();
    let case = cases(KernelId::Linear).swap_remove(0);
    let (recording, mut tensors) = record(&case);
    let len = case.reads[1].len;
    let loaded = CpuWeights::load(&device, &tensors, &recording).unwrap();

    tensors.0.get_mut("read1").unwrap().0 = vec![len, 2];
    let error = CpuWeights::load(&device, &tensors, &recording).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "weight: `read1` has shape [{len}, 2] ({} bytes), the recording wants {len} elements",
            4 * len
        )
    );
    tensors.0.clear();
    let error = CpuWeights::load(&device, &tensors, &recording).unwrap_err();
    assert_eq!(
        error.to_string(),
        "weight: the checkpoint has no tensor `read1`"
    );

    let refused = |device: &CpuDevice, recording: Recording| {
        CpuExecutor::new(device, Arc::new(recording), &loaded)
            .unwrap_err()
            .to_string()
    };
    let mut renamed = recording.clone();
    renamed.buffers[1].name = "v".into();
    assert_eq!(
        refused(&device, renamed),
        "weight: `v` was not loaded with these weights"
    );
    let mut turned = recording.clone();
    let Command::Dispatch(dispatch) = &mut turned.segments[0].commands[0] else {
        unreachable!()
    };
    let mut params: LinearParams = bytemuck::pod_read_unaligned(&dispatch.params);
    (params.rows, params.inputs, params.outputs) = (35, 67, 35);
    dispatch.params = bytemuck::bytes_of(&params).to_vec();
    dispatch.workgroups = params.workgroups();
    let text = refused(&device, turned);
    assert!(
        text.starts_with("weight: `read1` was not loaded as the 35 x 67 matrix of a linear layer"),
        "{text}"
    );
    // Packed for other vectors.
    let scalar = CpuDevice::with_vectors(Some(1), Vectors::None).unwrap();
    if scalar.name() != device.name() {
        let text = refused(&scalar, recording);
        assert!(
            text.ends_with("of a linear layer, in panels of 3"),
            "{text}"
        );
    }
}

#[test]
fn a_dispatch_of_no_workgroups_is_skipped_and_of_too_few_refused() {
    let device = CpuDevice::new(Some(1)).unwrap();
    let case = cases(KernelId::Subtract).swap_remove(0);
    let (mut recording, tensors) = record(&case);
    let weights = CpuWeights::load(&device, &tensors, &recording).unwrap();
    let mut with = |workgroups| {
        let Command::Dispatch(dispatch) = &mut recording.segments[0].commands[0] else {
            unreachable!()
        };
        dispatch.workgroups = workgroups;
        CpuExecutor::new(&device, Arc::new(recording.clone()), &weights)
    };
    let mut none = with([4, 0, 1]).unwrap();
    assert_eq!(run(&mut none, &case), vec![0.0; case.out_len]);
    let error = with([3, 1, 1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "recording: segment `run`, command 0 (subtract): [3, 1, 1] workgroups, the CPU executor \
         runs none or all, [4, 1, 1]"
    );
}
