//! Dispatches checked once, so that running them cannot fail.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use bytemuck::Pod;

use super::weights::is_linear;
use crate::{
    executor::ExecutorError,
    kernels::{
        Access, Buffer, Command, Dispatch, KernelId, Recording, Segment,
        params::{
            AttentionParams, BlendParams, ConditionParams, GuideParams, LinearParams, NormParams,
            PatchParams, ReduceParams, SubtractParams, TimestepParams,
        },
    },
};

/// The most buffers a kernel reads.
const READS: usize = 6;

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
    Copy,
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
    AbsoluteSums(ReduceParams),
    SumPartials(ReduceParams),
    Subtract(SubtractParams),
    Blend(BlendParams),
}

impl Op {
    /// Buffers that it reads.
    pub(super) fn reads(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Copy
            | Self::Patchify(_)
            | Self::Unpatchify(_)
            | Self::TimestepFeatures(_)
            | Self::Attention(..)
            | Self::Guide(_)
            | Self::SumPartials(_) => 1,
            Self::LayerNormModulate(_) | Self::AbsoluteSums(_) | Self::Subtract(_) => 2,
            Self::Condition(_) => 3,
            Self::Linear(kernel, _) => kernel.kernel().bindings.len() - 1,
            Self::Blend(_) => 6,
        }
    }
}

/// The steps of every segment.
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
                step(recording, command).map_err(|why| {
                    let place = format!("segment `{}`, command {i}", segment.name);
                    ExecutorError::Recording(format!("{place}: {why}"))
                })
            })
            .collect()
    };
    recording.segments.iter().map(segment).collect()
}

/// A command of a recording that has passed [`Recording::check`].
fn step(recording: &Recording, command: &Command) -> Result<Step, String> {
    let mut reads = [0; READS];
    match command {
        Command::Copy { from, to } => {
            reads[0] = from.0 as usize;
            Ok(Step {
                op: Op::Copy,
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
            Ok(Step {
                op: Check {
                    recording,
                    dispatch,
                }
                .op()?,
                reads,
                write,
            })
        }
    }
}

/// The product, or `usize::MAX` where it does not fit.
fn product(factors: &[u32]) -> usize {
    factors
        .iter()
        .fold(1usize, |n, factor| n.saturating_mul(*factor as usize))
}

/// A dispatch under examination.
struct Check<'a> {
    recording: &'a Recording,
    dispatch: &'a Dispatch,
}

impl Check<'_> {
    fn op(&self) -> Result<Op, String> {
        let given = self.dispatch.workgroups;
        if given.contains(&0) {
            return Ok(Op::Nothing);
        }
        let (op, needed) = self.shaped()?;
        if given != needed {
            return Err(format!(
                "{} has {given:?} workgroups, its parameters need {needed:?}",
                self.name()
            ));
        }
        Ok(op)
    }

    /// The operation, and the workgroups that it takes on a device.
    fn shaped(&self) -> Result<(Op, [u32; 3]), String> {
        match self.dispatch.kernel {
            KernelId::Patchify => {
                let p = self.patches()?;
                Ok((Op::Patchify(p), p.workgroups()))
            }
            KernelId::Unpatchify => {
                let p = self.patches()?;
                Ok((Op::Unpatchify(p), p.workgroups()))
            }
            KernelId::TimestepFeatures => {
                let p: TimestepParams = self.params()?;
                self.demand(
                    p.features.is_multiple_of(2),
                    "features",
                    p.features,
                    "an even number",
                )?;
                self.lengths([product(&[p.batch]), product(&[p.batch, p.features])])?;
                Ok((Op::TimestepFeatures(p), p.workgroups()))
            }
            kernel if is_linear(kernel) => {
                let p = self.linear()?;
                Ok((Op::Linear(kernel, p), p.workgroups()))
            }
            KernelId::Condition => {
                let p: ConditionParams = self.params()?;
                self.demand(p.labels > 0, "labels", p.labels, "at least 1")?;
                let out = product(&[p.batch, p.channels]);
                self.lengths([out, product(&[p.labels, p.channels]), p.batch as usize, out])?;
                Ok((Op::Condition(p), p.workgroups()))
            }
            KernelId::LayerNormModulate => {
                let p: NormParams = self.params()?;
                self.demand(p.channels > 0, "channels", p.channels, "at least 1")?;
                self.demand(p.tokens > 0, "tokens", p.tokens, "at least 1")?;
                let x = product(&[p.rows, p.channels]);
                let offset = p.shift_offset.max(p.scale_offset);
                let modulation = rows_of(p.rows, p.tokens, p.stride, offset, p.channels);
                self.lengths([x, modulation, x])?;
                Ok((Op::LayerNormModulate(p), p.workgroups()))
            }
            KernelId::Attention => {
                let p: AttentionParams = self.params()?;
                let width = self.constant("HEAD_DIM")?;
                self.demand(width > 0, "HEAD_DIM", width, "at least 1")?;
                let out = product(&[p.batch, p.tokens, p.heads, width]);
                self.lengths([out.saturating_mul(3), out])?;
                Ok((Op::Attention(p, width as usize), p.workgroups()))
            }
            KernelId::Guide => {
                let p: GuideParams = self.params()?;
                self.demand(
                    p.channels <= p.out_channels,
                    "channels",
                    p.channels,
                    "at most out_channels",
                )?;
                let output = product(&[2, p.batch, p.out_channels, p.pixels]);
                self.lengths([output, product(&[p.batch, p.channels, p.pixels])])?;
                Ok((Op::Guide(p), p.workgroups()))
            }
            KernelId::AbsoluteSums => {
                let p: ReduceParams = self.params()?;
                self.demand(p.slice > 0, "slice", p.slice, "at least 1")?;
                let len = p.len as usize;
                self.lengths([len, len, product(&[2, p.len.div_ceil(p.slice)])])?;
                Ok((Op::AbsoluteSums(p), p.workgroups()))
            }
            KernelId::SumPartials => {
                let p: ReduceParams = self.params()?;
                self.demand(p.slice > 0, "slice", p.slice, "at least 1")?;
                self.lengths([
                    product(&[2, p.len]),
                    product(&[2, p.slot]).saturating_add(2),
                ])?;
                Ok((Op::SumPartials(p), p.workgroups()))
            }
            KernelId::Subtract => {
                let p: SubtractParams = self.params()?;
                self.lengths([p.len as usize; 3])?;
                Ok((Op::Subtract(p), p.workgroups()))
            }
            _ => {
                let p: BlendParams = self.params()?;
                self.demand(p.count <= 4, "count", p.count, "at most 4")?;
                let len = p.len as usize;
                let base = if p.use_base == 1 { len } else { 0 };
                let anchor = |i: u32| if i < p.count { len } else { 0 };
                let weights = (p.first as usize).saturating_add(p.count as usize);
                self.lengths([
                    weights,
                    base,
                    anchor(0),
                    anchor(1),
                    anchor(2),
                    anchor(3),
                    len,
                ])?;
                Ok((Op::Blend(p), p.workgroups()))
            }
        }
    }

    fn patches(&self) -> Result<PatchParams, String> {
        let p: PatchParams = self.params()?;
        let fits = p.patch_size > 0
            && p.height.is_multiple_of(p.patch_size)
            && p.width.is_multiple_of(p.patch_size);
        self.demand(
            fits,
            "patch_size",
            p.patch_size,
            "a divisor of height and width",
        )?;
        self.lengths([product(&[p.batch, p.channels, p.height, p.width]); 2])?;
        Ok(p)
    }

    fn linear(&self) -> Result<LinearParams, String> {
        let p: LinearParams = self.params()?;
        self.demand(p.inputs > 0, "inputs", p.inputs, "at least 1")?;
        let x = product(&[p.rows, p.inputs]);
        let out = product(&[p.rows, p.outputs]);
        let weight = product(&[p.inputs, p.outputs]);
        let bias = p.outputs as usize;
        self.exact(1, weight)?;
        match self.dispatch.kernel {
            KernelId::LinearGated => {
                self.demand(p.tokens > 0, "tokens", p.tokens, "at least 1")?;
                let gate = rows_of(p.rows, p.tokens, p.gate_stride, p.gate_offset, p.outputs);
                self.lengths([x, weight, bias, gate, out, out])?;
            }
            KernelId::LinearAdd => {
                self.demand(
                    p.addend_rows > 0,
                    "addend_rows",
                    p.addend_rows,
                    "at least 1",
                )?;
                let addend = product(&[p.addend_rows.min(p.rows), p.outputs]);
                self.lengths([x, weight, bias, addend, out])?;
            }
            _ => self.lengths([x, weight, bias, out])?,
        }
        Ok(p)
    }

    /// The buffer at binding `i + 1`.
    fn buffer(&self, i: usize) -> &Buffer {
        &self.recording.buffers[self.dispatch.bindings[i].0 as usize]
    }

    fn name(&self) -> &'static str {
        self.dispatch.kernel.kernel().name
    }

    fn params<T: Pod>(&self) -> Result<T, String> {
        bytemuck::try_pod_read_unaligned(&self.dispatch.params).map_err(|_| {
            format!(
                "{} has {} bytes of parameters, it needs {}",
                self.name(),
                self.dispatch.params.len(),
                size_of::<T>()
            )
        })
    }

    fn constant(&self, name: &str) -> Result<u32, String> {
        let found = self
            .dispatch
            .constants
            .iter()
            .find(|(given, _)| *given == name);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| format!("{} needs the constant {name}", self.name()))
    }

    fn demand(&self, met: bool, field: &str, value: u32, remedy: &str) -> Result<(), String> {
        if met {
            return Ok(());
        }
        Err(format!(
            "{}: {field} is {value}, it must be {remedy}",
            self.name()
        ))
    }

    /// Each buffer has at least so many elements.
    fn lengths<const N: usize>(&self, needed: [usize; N]) -> Result<(), String> {
        for (i, needed) in needed.into_iter().enumerate() {
            if self.buffer(i).len < needed {
                return Err(self.wrong_length(i, needed));
            }
        }
        Ok(())
    }

    /// Buffer `i` has exactly so many elements.
    fn exact(&self, i: usize, needed: usize) -> Result<(), String> {
        if self.buffer(i).len == needed {
            return Ok(());
        }
        Err(self.wrong_length(i, needed))
    }

    fn wrong_length(&self, i: usize, needed: usize) -> String {
        let buffer = self.buffer(i);
        format!(
            "{}: `{}`, bound as {}, has {} elements, {} needed",
            self.name(),
            buffer.name,
            self.dispatch.kernel.kernel().bindings[i].name,
            buffer.len,
            if needed == usize::MAX {
                "too many are".to_string()
            } else {
                format!("{needed} are")
            },
        )
    }
}

/// Elements of a modulation buffer up to the last value used: one row for each `tokens` of `rows`.
fn rows_of(rows: u32, tokens: u32, stride: u32, offset: u32, channels: u32) -> usize {
    if rows == 0 {
        return 0;
    }
    product(&[(rows - 1) / tokens, stride])
        .saturating_add(offset as usize)
        .saturating_add(channels as usize)
}
