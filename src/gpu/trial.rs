//! One dispatch alone, to test and to time a kernel with.

use alloc::{format, string::String, sync::Arc, vec, vec::Vec};
use core::panic::AssertUnwindSafe;
use std::{panic::catch_unwind, time::Instant};

use half::{bf16, f16};

use super::{GpuDevice, GpuExecutor, GpuWeights, tuner::Tuning};
use crate::{
    executor::{Executor, ExecutorError, WeightSource, WeightTensor},
    kernels::{
        Buffer, BufferId, Command, Dispatch, KernelId, Recording, Role, Segment, SegmentId,
        Variant, WeightFormat,
        params::{AttentionParams, LinearParams},
        twins::{Call, Slot},
    },
};

/// What the buffers that are read hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// Numbers from -1 to 1, to test with.
    Numbers,
    /// Zeros, to time with.
    Zeros,
}

/// A dispatch, its inputs and the length of its output.
pub(super) struct Trial {
    dispatch: Dispatch,
    inputs: Vec<Input>,
    out_len: usize,
}

/// A buffer that is read, in words as a device sees them.
struct Input {
    format: Option<WeightFormat>,
    shape: [usize; 1],
    words: Vec<u32>,
}

impl WeightSource for Trial {
    fn tensor(&self, name: &str) -> Option<WeightTensor<'_>> {
        let input = self.inputs.iter().find(|input| input.format.is_some())?;
        let format = input.format?;
        let bytes: &[u8] = bytemuck::cast_slice(&input.words);
        let [len] = input.shape;
        (name == "1").then_some(WeightTensor {
            shape: &input.shape,
            format,
            bytes: bytes.get(..len * format.bytes() as usize)?,
        })
    }
}

impl Trial {
    pub(super) fn linear(
        operation: KernelId,
        params: LinearParams,
        format: WeightFormat,
        fill: Fill,
    ) -> Self {
        let [rows, inputs, outputs] =
            [params.rows, params.inputs, params.outputs].map(|side| side as usize);
        let mut numbers = Numbers::new(fill);
        let mut reads = vec![
            numbers.input(None, rows * inputs),
            numbers.input(Some(format), outputs * inputs),
            numbers.input(None, outputs),
        ];
        match operation {
            KernelId::LinearGated => {
                let images = rows.div_ceil(params.tokens.max(1) as usize);
                reads.push(numbers.input(None, images * params.gate_stride as usize));
                reads.push(numbers.input(None, rows * outputs));
            }
            KernelId::LinearAdd => {
                reads.push(numbers.input(None, params.addend_rows as usize * outputs));
            }
            _ => {}
        }
        Self {
            dispatch: Dispatch {
                kernel: operation,
                bindings: (0..=reads.len() as u32).map(BufferId).collect(),
                params: bytemuck::bytes_of(&params).to_vec(),
                constants: vec![("FORMAT", format as u32)],
                workgroups: params.workgroups(),
            },
            inputs: reads,
            out_len: rows * outputs,
        }
    }

    pub(super) fn attention(params: AttentionParams, width: u32, fill: Fill) -> Self {
        let out_len = [params.batch, params.tokens, params.heads, width]
            .into_iter()
            .fold(1, |len, side| len * side as usize);
        Self {
            dispatch: Dispatch {
                kernel: KernelId::Attention,
                bindings: vec![BufferId(0), BufferId(1)],
                params: bytemuck::bytes_of(&params).to_vec(),
                constants: vec![("HEAD_DIM", width)],
                workgroups: params.workgroups(),
            },
            inputs: vec![Numbers::new(fill).input(None, 3 * out_len)],
            out_len,
        }
    }

    /// A small dispatch of `operation` with these constants that `variant` takes, with edges in
    /// every direction.
    pub(super) fn odd(
        variant: &Variant,
        operation: KernelId,
        constants: &[(&'static str, u32)],
    ) -> Option<Self> {
        let &(_, value) = constants.first()?;
        if operation == KernelId::Attention {
            let params = AttentionParams {
                batch: 2,
                tokens: 67,
                heads: 2,
                scale: (value as f32).sqrt().recip(),
            };
            return Some(Self::attention(params, value, Fill::Numbers));
        }
        let format = format_of(value)?;
        let (rows, outputs) = (66.min(variant.takes.rows / 2 * 2 - 4), 69);
        let gated = operation == KernelId::LinearGated;
        let params = LinearParams {
            rows,
            inputs: match variant.takes.inputs_of {
                1 => 37,
                several => 3 * several,
            },
            outputs,
            tokens: if gated { rows / 2 } else { 1 },
            gate_stride: if gated { outputs + 3 } else { 0 },
            gate_offset: if gated { 3 } else { 0 },
            addend_rows: if operation == KernelId::LinearAdd {
                5
            } else {
                0
            },
            pad: 0,
        };
        Some(Self::linear(operation, params, format, Fill::Numbers))
    }

    /// The same work as `dispatch`, by the operation that stands for its family.
    pub(super) fn alike(dispatch: &Dispatch) -> Option<Self> {
        let &(_, value) = dispatch.constants.first()?;
        if dispatch.kernel == KernelId::Attention {
            let params = dispatch.params()?;
            return Some(Self::attention(params, value, Fill::Zeros));
        }
        let params = LinearParams {
            tokens: 1,
            gate_stride: 0,
            gate_offset: 0,
            addend_rows: 0,
            ..dispatch.params()?
        };
        let format = format_of(value)?;
        Some(Self::linear(KernelId::Linear, params, format, Fill::Zeros))
    }

    pub(super) fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    fn out(&self) -> BufferId {
        BufferId(self.inputs.len() as u32)
    }

    fn executor(&self, device: &GpuDevice, tuning: Tuning) -> Result<GpuExecutor, ExecutorError> {
        let device = device.with_tuning(tuning);
        let mut buffers: Vec<_> = self
            .inputs
            .iter()
            .enumerate()
            .map(|(i, input)| Buffer {
                name: format!("{i}"),
                len: input.shape[0],
                role: input.format.map_or(Role::Input, Role::Weight),
            })
            .collect();
        buffers.push(Buffer {
            name: "out".into(),
            len: self.out_len,
            role: Role::Output,
        });
        let recording = Arc::new(Recording {
            buffers,
            segments: vec![Segment {
                name: "trial".into(),
                commands: vec![Command::Dispatch(self.dispatch.clone())],
            }],
        });
        let weights = GpuWeights::load(&device, self, &recording)?;
        let mut executor = GpuExecutor::new(&device, recording, &weights)?;
        for (input, i) in self.inputs.iter().zip(0..) {
            if input.format.is_none() {
                executor.write(BufferId(i), bytemuck::cast_slice(&input.words))?;
            }
        }
        Ok(executor)
    }

    fn twin(&self) -> Vec<f32> {
        let mut out = vec![0; self.out_len];
        let mut slots: Vec<_> = self
            .inputs
            .iter()
            .map(|input| Slot::Read(&input.words))
            .collect();
        slots.push(Slot::Write(&mut out));
        (self.dispatch.kernel.kernel().twin)(&mut Call {
            params: &self.dispatch.params,
            constants: &self.dispatch.constants,
            workgroups: self.dispatch.workgroups,
            slots: &mut slots,
        });
        out.into_iter().map(f32::from_bits).collect()
    }

    /// Whether a variant computes what the twin does; the error says what went wrong.
    pub(super) fn agrees(
        &self,
        device: &GpuDevice,
        variant: &'static Variant,
    ) -> Result<(), String> {
        let run = || {
            let mut executor = self.executor(device, Tuning::Forced(variant))?;
            let mut found = vec![f32::NAN; self.out_len];
            executor.run(&[SegmentId(0)])?;
            executor.read(self.out(), &mut found)?;
            Ok::<_, ExecutorError>(found)
        };
        // A translator or driver that panics over a kernel must not take the host along; nothing of
        // ours is borrowed inside.
        let found = catch_unwind(AssertUnwindSafe(run))
            .map_err(|_| String::from("its translation panics"))?
            .map_err(|error| format!("{error}"))?;
        let wanted = self.twin();
        let largest = wanted.iter().fold(0.0, |most: f32, v| most.max(v.abs()));
        let tolerance = variant.tolerance(self.dispatch.kernel);
        let allowed = tolerance.absolute + tolerance.relative * largest;
        for (i, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            let error = (found - wanted).abs();
            if error.is_nan() || error > allowed {
                return Err(format!(
                    "element {i} is {found}, not {wanted} within {allowed:e}"
                ));
            }
        }
        Ok(())
    }

    /// Seconds that the dispatch takes: the least of a few runs, of several dispatches each where
    /// one is short; of one run if that is far from the `best` so far.
    pub(super) fn seconds(
        &self,
        device: &GpuDevice,
        tuning: Tuning,
        best: f64,
    ) -> Result<f64, ExecutorError> {
        let mut executor = self.executor(device, tuning)?;
        let mut timed = |dispatches: usize| {
            let segments = vec![SegmentId(0); dispatches];
            let start = Instant::now();
            executor.run(&segments)?;
            executor.read(self.out(), &mut [0.0])?;
            Ok::<_, ExecutorError>(start.elapsed().as_secs_f64() / dispatches as f64)
        };
        timed(1)?;
        let once = timed(1)?;
        if once > 2.0 * best {
            return Ok(once);
        }
        let dispatches = (RUN / once.max(1e-9)).clamp(1.0, 32.0) as usize;
        (0..3).try_fold(once, |least, _| Ok(least.min(timed(dispatches)?)))
    }
}

/// Seconds that a run of several dispatches aims at.
const RUN: f64 = 2e-3;

fn format_of(number: u32) -> Option<WeightFormat> {
    [WeightFormat::F32, WeightFormat::F16, WeightFormat::Bf16]
        .into_iter()
        .find(|format| *format as u32 == number)
}

/// Numbers that look random: a linear congruential generator (Knuth's MMIX).
struct Numbers {
    fill: Fill,
    state: u64,
}

impl Numbers {
    fn new(fill: Fill) -> Self {
        Self { fill, state: 1 }
    }

    fn next(&mut self) -> f32 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }

    fn input(&mut self, format: Option<WeightFormat>, len: usize) -> Input {
        let halves = !matches!(format, None | Some(WeightFormat::F32));
        let count = if halves { len.div_ceil(2) } else { len };
        let half = |number| match format {
            Some(WeightFormat::Bf16) => u32::from(bf16::from_f32(number).to_bits()),
            _ => u32::from(f16::from_f32(number).to_bits()),
        };
        let words = match self.fill {
            Fill::Zeros => vec![0; count],
            Fill::Numbers if halves => (0..count)
                .map(|_| half(self.next()) | half(self.next()) << 16)
                .collect(),
            Fill::Numbers => (0..count).map(|_| self.next().to_bits()).collect(),
        };
        Input {
            format,
            shape: [len],
            words,
        }
    }
}
