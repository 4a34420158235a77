//! Recordings that are right, and ones with a single thing wrong.

use alloc::vec;

use bytemuck::{Pod, bytes_of};

use super::super::{
    kernel::{KernelId, WeightFormat},
    params::*,
    recording::Segment,
};
use super::*;

/// One dispatch over buffers of these lengths.
fn recording<P: Pod>(
    kernel: KernelId,
    constants: &[(&'static str, u32)],
    params: P,
    workgroups: [u32; 3],
    lens: &[usize],
) -> Recording {
    let bindings = kernel.kernel().bindings;
    assert_eq!(lens.len(), bindings.len());
    let buffers = lens.iter().zip(bindings).map(|(&len, spec)| Buffer {
        name: format!("the {}", spec.name),
        len,
        role: match spec.element {
            Element::F32 | Element::Anchors => Role::State,
            Element::Weight => Role::Weight(WeightFormat::F16),
        },
    });
    let dispatch = Dispatch {
        kernel,
        bindings: (0..lens.len() as u32).map(BufferId).collect(),
        params: bytes_of(&params).to_vec(),
        constants: constants.to_vec(),
        workgroups,
    };
    Recording {
        buffers: buffers.collect(),
        segments: vec![Segment {
            name: "s".into(),
            commands: vec![Command::Dispatch(dispatch)],
        }],
    }
}

fn linear() -> LinearParams {
    LinearParams {
        rows: 130,
        inputs: 5,
        outputs: 70,
        tokens: 65,
        gate_stride: 300,
        gate_offset: 230,
        addend_rows: 65,
        pad: 0,
    }
}

fn patch() -> PatchParams {
    PatchParams {
        batch: 2,
        channels: 3,
        height: 4,
        width: 6,
        patch_size: 2,
        row: 256,
        pad: [0; 2],
    }
}

/// A correct dispatch of every kernel, over buffers as short as can be.
fn correct() -> Vec<Recording> {
    let format = [("FORMAT", 1)];
    let linear = linear();
    let patch = patch();
    let timestep = TimestepParams {
        batch: 3,
        features: 10,
        max_period: 1e4,
        row: 256,
    };
    let condition = ConditionParams {
        batch: 2,
        channels: 7,
        labels: 5,
        row: 256,
    };
    let norm = NormParams {
        rows: 6,
        channels: 10,
        tokens: 3,
        stride: 60,
        shift_offset: 40,
        scale_offset: 50,
        epsilon: 1e-6,
        grid: 6,
    };
    let attention = AttentionParams {
        batch: 2,
        tokens: 33,
        heads: 3,
        scale: 0.2,
    };
    let guide = GuideParams {
        batch: 2,
        channels: 3,
        out_channels: 6,
        pixels: 16,
        scale: 2.0,
        row: 256,
        pad: [0; 2],
    };
    let sums = ReduceParams {
        len: 1000,
        slice: 300,
        slot: 0,
        pad: 0,
    };
    let partials = ReduceParams {
        len: 4,
        slice: 4,
        slot: 2,
        pad: 0,
    };
    let subtract = SubtractParams {
        len: 9,
        row: 256,
        pad: [0; 2],
    };
    let blend = BlendParams {
        len: 9,
        count: 2,
        first: 5,
        use_base: 1,
        base_offset: 4,
        width: 3,
        stride: 20,
        offset: 6,
        row: 256,
        pad: [0; 3],
    };
    let keep = KeepParams {
        len: 9,
        words: 5,
        use_base: 1,
        offset: 6,
        row: 256,
        pad: [0; 3],
    };
    let keep_int8 = KeepInt8Params {
        rows: 3,
        width: 5,
        use_base: 0,
        offset: 6,
        grid: 3,
        pad: [0; 3],
    };
    let gated = GatedAddParams {
        rows: 6,
        channels: 10,
        tokens: 3,
        stride: 60,
        offset: 50,
        row: 256,
        pad: [0; 2],
    };
    let mix = MixParams {
        batch: 2,
        tokens: 5,
        channels: 7,
        rows: 3,
        row: 256,
        pad: [0; 3],
    };
    use KernelId as K;
    vec![
        recording(K::Patchify, &[], patch, patch.workgroups(), &[144, 144]),
        recording(
            K::TimestepFeatures,
            &[],
            timestep,
            timestep.workgroups(),
            &[3, 30],
        ),
        recording(
            K::Linear,
            &format,
            linear,
            linear.workgroups(),
            &[650, 350, 70, 9100],
        ),
        recording(
            K::LinearGelu,
            &format,
            linear,
            linear.workgroups(),
            &[650, 350, 70, 9100],
        ),
        recording(
            K::LinearSilu,
            &format,
            linear,
            linear.workgroups(),
            &[650, 350, 70, 9100],
        ),
        recording(
            K::LinearGated,
            &format,
            linear,
            linear.workgroups(),
            &[650, 350, 70, 600, 9100, 9100],
        ),
        recording(
            K::LinearAdd,
            &format,
            linear,
            linear.workgroups(),
            &[650, 350, 70, 4550, 9100],
        ),
        recording(
            K::Condition,
            &[],
            condition,
            condition.workgroups(),
            &[14, 35, 2, 14],
        ),
        recording(
            K::LayerNormModulate,
            &[],
            norm,
            norm.workgroups(),
            &[60, 120, 60],
        ),
        recording(
            K::Attention,
            &[("HEAD_DIM", 24)],
            attention,
            attention.workgroups(),
            &[14256, 4752],
        ),
        recording(K::Unpatchify, &[], patch, patch.workgroups(), &[144, 144]),
        recording(K::Guide, &[], guide, guide.workgroups(), &[384, 96]),
        recording(
            K::AbsoluteSums,
            &[],
            sums,
            sums.workgroups(),
            &[1000, 1000, 8],
        ),
        recording(
            K::SumPartials,
            &[],
            partials,
            partials.workgroups(),
            &[8, 6],
        ),
        recording(
            K::Subtract,
            &[],
            subtract,
            subtract.workgroups(),
            &[9, 9, 9],
        ),
        recording(
            K::Blend,
            &[("ANCHOR_FORMAT", 2)],
            blend,
            blend.workgroups(),
            // Two anchors of three rows of two words.
            &[7, 13, 6 + 20 + 6, 9],
        ),
        recording(
            K::GatedAdd,
            &[],
            gated,
            gated.workgroups(),
            &[60, 120, 60, 60],
        ),
        recording(
            K::SquareSums,
            &[],
            sums,
            sums.workgroups(),
            &[1000, 1000, 8],
        ),
        recording(K::Products, &[], sums, sums.workgroups(), &[1000, 1000, 8]),
        recording(K::MixTokens, &[], mix, mix.workgroups(), &[15, 70, 42]),
        recording(
            K::GuideDifference,
            &[],
            guide,
            guide.workgroups(),
            &[384, 96],
        ),
        recording(K::GuideKept, &[], guide, guide.workgroups(), &[192, 96, 96]),
        recording(
            K::Keep,
            &[("ANCHOR_FORMAT", 1)],
            keep,
            keep.workgroups(),
            &[9, 9, 6 + 5],
        ),
        recording(
            K::KeepInt8,
            &[],
            keep_int8,
            keep_int8.workgroups(),
            &[15, 0, 6 + 9],
        ),
    ]
}

fn only(recording: &mut Recording) -> &mut Dispatch {
    match &mut recording.segments[0].commands[0] {
        Command::Dispatch(dispatch) => dispatch,
        Command::Copy { .. } => unreachable!("the recordings here hold dispatches"),
    }
}

fn refusal(recording: &Recording) -> String {
    recording
        .check()
        .expect_err("it must be refused")
        .to_string()
}

#[test]
fn every_kernel_passes_with_the_shortest_buffers_and_no_shorter() {
    let correct = correct();
    let kernels: Vec<_> = correct.clone().iter_mut().map(|r| only(r).kernel).collect();
    assert_eq!(kernels, KernelId::ALL);
    for mut recording in correct {
        recording.check().expect("correct");
        for index in 0..recording.buffers.len() {
            if recording.buffers[index].len == 0 {
                continue;
            }
            recording.buffers[index].len -= 1;
            let name = format!("`{}`", recording.buffers[index].name);
            let why = refusal(&recording);
            assert!(why.contains(&name) && why.contains("reach"), "{why}");
            recording.buffers[index].len += 1;
        }
        for axis in 0..3 {
            only(&mut recording).workgroups[axis] += 1;
            let why = refusal(&recording);
            assert!(why.contains("workgroups, its shapes take"), "{why}");
            only(&mut recording).workgroups[axis] -= 1;
        }
        only(&mut recording).workgroups[1] = 0;
        recording.check().expect("no workgroups, nothing to reach");
    }
}

#[test]
fn parameters_that_divide_by_zero_are_refused() {
    for (kernel, params, lens, why) in [
        (
            KernelId::Patchify,
            bytes_of(&PatchParams {
                patch_size: 0,
                ..patch()
            }),
            &[144; 2][..],
            "patch_size is 0",
        ),
        (
            KernelId::Patchify,
            bytes_of(&PatchParams {
                patch_size: 4,
                ..patch()
            }),
            &[144; 2],
            "width 6 is no multiple of patch_size 4",
        ),
        (
            KernelId::LinearGated,
            bytes_of(&LinearParams {
                tokens: 0,
                ..linear()
            }),
            &[9100; 6],
            "tokens is 0",
        ),
        (
            KernelId::LinearAdd,
            bytes_of(&LinearParams {
                addend_rows: 0,
                ..linear()
            }),
            &[9100; 5],
            "addend_rows is 0",
        ),
    ] {
        let constants: Vec<_> = kernel.kernel().constants.iter().map(|&c| (c, 1)).collect();
        let mut recording = recording(kernel, &constants, 0u32, [1; 3], lens);
        only(&mut recording).params = params.to_vec();
        assert!(
            refusal(&recording).ends_with(why),
            "{}",
            refusal(&recording)
        );
    }
}

#[test]
fn anchors_that_are_no_anchors_are_refused() {
    let of = |kernel: KernelId| {
        let mut all = correct().into_iter();
        all.find(
            |r| matches!(&r.segments[0].commands[0], Command::Dispatch(d) if d.kernel == kernel),
        )
        .expect("one of each")
    };
    let refused = |kernel: KernelId, change: &dyn Fn(&mut Recording), why: &str| {
        let mut recording = of(kernel);
        change(&mut recording);
        let found = refusal(&recording);
        assert!(found.ends_with(why), "{found}");
    };
    let blend = |change: fn(&mut BlendParams)| {
        move |recording: &mut Recording| {
            let dispatch = only(recording);
            let mut params = bytemuck::pod_read_unaligned(&dispatch.params);
            change(&mut params);
            dispatch.params = bytes_of(&params).to_vec();
        }
    };
    let format = |number: u32| move |r: &mut Recording| only(r).constants[0].1 = number;
    use KernelId::{Blend, Keep};
    refused(Blend, &format(3), "ANCHOR_FORMAT is 3, it takes 0 to 2");
    refused(Keep, &format(2), "ANCHOR_FORMAT is 2, it takes 0 to 1");
    refused(
        Blend,
        &blend(|p| p.count = 9),
        "count is 9, at most 8 are blended",
    );
    refused(Blend, &blend(|p| p.width = 0), "width is 0");
    refused(
        Blend,
        &blend(|p| p.width = 4),
        "len 9 is no multiple of width 4",
    );
    refused(
        Blend,
        &|r| r.buffers[2].role = Role::Weight(WeightFormat::F32),
        "a weight is no anchor",
    );
    // One more word than nine halves have.
    refused(
        Keep,
        &|r| {
            let dispatch = only(r);
            let mut params: KeepParams = bytemuck::pod_read_unaligned(&dispatch.params);
            params.words = 6;
            dispatch.params = bytes_of(&params).to_vec();
        },
        "words is 6, the anchor has 5",
    );
}

#[test]
fn what_contradicts_the_table_is_refused() {
    type Change = fn(&mut Recording);
    let changes: [(Change, &str); 14] = [
        (
            |r| only(r).bindings.truncate(3),
            "3 buffers are bound, it takes 4",
        ),
        (
            |r| only(r).bindings[3] = BufferId(9),
            "there is no buffer 9, only 4",
        ),
        (
            |r| only(r).params.truncate(8),
            "8 bytes of parameters, it takes 32",
        ),
        (
            |r| only(r).constants.clear(),
            "constants [] are given, it takes [\"FORMAT\"]",
        ),
        (
            |r| only(r).constants[0].1 = 2,
            "`the weight` at `weight`: FORMAT is 2, the weight is F16",
        ),
        (
            |r| r.buffers[1].role = Role::State,
            "`the weight` at `weight`: it is no weight",
        ),
        (
            |r| r.buffers[2].role = Role::Weight(WeightFormat::F16),
            "`the bias` at `bias`: it reads f32, the weight is F16",
        ),
        (
            |r| r.buffers[3].role = Role::Weight(WeightFormat::F32),
            "`the out` at `out`: a weight is never written",
        ),
        (
            |r| only(r).bindings[0] = BufferId(3),
            "`the out` is written at `out` and bound once more",
        ),
        (
            |r| {
                r.segments[0].commands.push(Command::Copy {
                    from: BufferId(0),
                    first: 0,
                    to: BufferId(0),
                })
            },
            "`the x` is copied to itself",
        ),
        (
            |r| {
                r.segments[0].commands.push(Command::Copy {
                    from: BufferId(0),
                    first: 0,
                    to: BufferId(3),
                })
            },
            "`the x` has 650 elements from 0 on, `the out` takes 9100",
        ),
        (
            |r| {
                r.segments[0].commands.push(Command::Copy {
                    from: BufferId(3),
                    first: 8451,
                    to: BufferId(0),
                })
            },
            "`the out` has 649 elements from 8451 on, `the x` takes 650",
        ),
        (
            |r| {
                r.segments[0].commands.push(Command::Copy {
                    from: BufferId(1),
                    first: 0,
                    to: BufferId(0),
                })
            },
            "`the weight` is a weight",
        ),
        (
            |r| r.buffers[0].len = MAX_ELEMENTS + 1,
            "buffer `the x`: 2147483649 elements, at most 2147483648 are indexed",
        ),
    ];
    for (change, why) in changes {
        let mut recording = correct().swap_remove(2);
        change(&mut recording);
        assert!(
            refusal(&recording).ends_with(why),
            "{}",
            refusal(&recording)
        );
    }
    let mut attention = correct().swap_remove(9);
    only(&mut attention).constants[0].1 = 28;
    assert_eq!(
        refusal(&attention),
        "segment `s`, command 0 (attention): HEAD_DIM is 28, it takes 24 to 128 in steps of 8"
    );
}
