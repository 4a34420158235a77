//! Dispatches decoded once.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use bytemuck::Pod;

use super::reduce::Pair;
use crate::{
    executor::ExecutorError,
    kernels::{
        Access, AnchorFormat, Command, Dispatch, KernelId, Recording, Segment,
        params::{
            AttentionParams, BlendParams, ConditionParams, GatedAddParams, GuideParams,
            KeepInt8Params, KeepParams, LinearParams, MixParams, NormParams, PatchParams,
            ReduceParams, SubtractParams, TimestepParams,
        },
    },
    text::Named,
};

/// The most buffers a kernel reads.
const READS: usize = 5;

/// A checked command: indices into the recording's buffers that exist and are long enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) op: Op,
    /// In the order of the bindings; those the kernel does not have are 0.
    pub(super) reads: [usize; READS],
    pub(super) write: usize,
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// A dispatch without workgroups.
    Nothing,
    /// From that element on.
    Copy(usize),
    Patchify(PatchParams),
    TimestepFeatures(TimestepParams),
    /// Any of the linear family.
    Linear(KernelId, LinearParams),
    Condition(ConditionParams),
    LayerNormModulate(NormParams),
    /// With the width of a head.
    Attention(AttentionParams, usize),
    Unpatchify(PatchParams),
    Guide(GuideParams),
    GuideDifference(GuideParams),
    GuideKept(GuideParams),
    Slices(Pair, ReduceParams),
    SumPartials(ReduceParams),
    Subtract(SubtractParams),
    Blend(BlendParams, AnchorFormat),
    Keep(KeepParams, AnchorFormat),
    KeepInt8(KeepInt8Params),
    GatedAdd(GatedAddParams),
    MixTokens(MixParams),
}

impl Op {
    /// Buffers that it reads.
    pub(super) fn reads(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Copy(_)
            | Self::Patchify(_)
            | Self::Unpatchify(_)
            | Self::TimestepFeatures(_)
            | Self::Attention(..)
            | Self::Guide(_)
            | Self::GuideDifference(_)
            | Self::SumPartials(_) => 1,
            Self::LayerNormModulate(_)
            | Self::Slices(..)
            | Self::Subtract(_)
            | Self::MixTokens(_)
            | Self::GuideKept(_)
            | Self::Keep(..)
            | Self::KeepInt8(_) => 2,
            Self::Condition(_) | Self::GatedAdd(_) | Self::Blend(..) => 3,
            Self::Linear(kernel, _) => kernel.kernel().bindings.len() - 1,
        }
    }
}

/// The steps of every segment, once [`Recording::check`] has found that all of them fit their buffers.
///
/// # Errors
/// [`ExecutorError::Recording`] names the segment, the command and what is wrong with it.
pub(super) fn plan(recording: &Recording) -> Result<Vec<Vec<Step>>, ExecutorError> {
    recording
        .check()
        .map_err(|error| ExecutorError::Recording(error.to_string()))?;
    let segment = |segment: &Segment| {
        let steps = segment.commands.iter().enumerate();
        steps
            .map(|(i, command)| {
                step(command).map_err(|why| {
                    let place = format!("segment `{}`, command {i}", segment.name);
                    ExecutorError::Recording(format!("{place} {why}"))
                })
            })
            .collect()
    };
    recording.segments.iter().map(segment).collect()
}

fn step(command: &Command) -> Result<Step, String> {
    let mut reads = [0; READS];
    match command {
        Command::Copy { from, first, to } => {
            reads[0] = from.0 as usize;
            Ok(Step {
                op: Op::Copy(*first as usize),
                reads,
                write: to.0 as usize,
            })
        }
        Command::Dispatch(dispatch) => {
            let mut write = 0;
            let specs = dispatch.kernel.kernel().bindings;
            for (i, (id, spec)) in dispatch.bindings.iter().zip(specs).enumerate() {
                match spec.access {
                    Access::Read => reads[i] = id.0 as usize,
                    Access::Write => write = id.0 as usize,
                }
            }
            let (op, needed) = op(dispatch);
            let given = dispatch.workgroups;
            if given.contains(&0) {
                return Ok(Step {
                    op: Op::Nothing,
                    reads,
                    write,
                });
            }
            if given != needed {
                let name = dispatch.kernel.kernel().name;
                return Err(format!(
                    "({name}): {given:?} workgroups, the CPU executor runs none or all, {needed:?}"
                ));
            }
            Ok(Step { op, reads, write })
        }
    }
}

/// The format that a checked dispatch's constant names.
fn anchors(dispatch: &Dispatch) -> AnchorFormat {
    let number = dispatch.constants.first().map_or(0, |&(_, value)| value);
    AnchorFormat::from_number(number).unwrap_or_default()
}

/// The operation of a checked dispatch, and the workgroups that cover its shapes.
fn op(dispatch: &Dispatch) -> (Op, [u32; 3]) {
    fn read<P: Pod>(dispatch: &Dispatch) -> P {
        bytemuck::pod_read_unaligned(&dispatch.params)
    }
    macro_rules! op {
        ($params:ty, |$p:ident| $op:expr) => {{
            let $p: $params = read(dispatch);
            ($op, $p.workgroups())
        }};
    }
    match dispatch.kernel {
        KernelId::Patchify => op!(PatchParams, |p| Op::Patchify(p)),
        KernelId::Unpatchify => op!(PatchParams, |p| Op::Unpatchify(p)),
        KernelId::TimestepFeatures => op!(TimestepParams, |p| Op::TimestepFeatures(p)),
        kernel @ (KernelId::Linear
        | KernelId::LinearGelu
        | KernelId::LinearSilu
        | KernelId::LinearGated
        | KernelId::LinearAdd) => op!(LinearParams, |p| Op::Linear(kernel, p)),
        KernelId::Condition => op!(ConditionParams, |p| Op::Condition(p)),
        KernelId::LayerNormModulate => op!(NormParams, |p| Op::LayerNormModulate(p)),
        KernelId::Attention => {
            let width = dispatch.constants.first().map_or(0, |&(_, value)| value);
            op!(AttentionParams, |p| Op::Attention(p, width as usize))
        }
        KernelId::Guide => op!(GuideParams, |p| Op::Guide(p)),
        KernelId::GuideDifference => op!(GuideParams, |p| Op::GuideDifference(p)),
        KernelId::GuideKept => op!(GuideParams, |p| Op::GuideKept(p)),
        KernelId::AbsoluteSums => op!(ReduceParams, |p| Op::Slices(Pair::Absolute, p)),
        KernelId::SquareSums => op!(ReduceParams, |p| Op::Slices(Pair::Square, p)),
        KernelId::Products => op!(ReduceParams, |p| Op::Slices(Pair::Product, p)),
        KernelId::SumPartials => op!(ReduceParams, |p| Op::SumPartials(p)),
        KernelId::Subtract => op!(SubtractParams, |p| Op::Subtract(p)),
        KernelId::Blend => op!(BlendParams, |p| Op::Blend(p, anchors(dispatch))),
        KernelId::Keep => op!(KeepParams, |p| Op::Keep(p, anchors(dispatch))),
        KernelId::KeepInt8 => op!(KeepInt8Params, |p| Op::KeepInt8(p)),
        KernelId::GatedAdd => op!(GatedAddParams, |p| Op::GatedAdd(p)),
        KernelId::MixTokens => op!(MixParams, |p| Op::MixTokens(p)),
    }
}
