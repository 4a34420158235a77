//! The executor.

use alloc::{format, string::ToString, sync::Arc, vec::Vec};
use core::fmt;
use std::sync::Mutex;

use super::{
    anchors,
    attention::{self, Attention},
    device::CpuDevice,
    elementwise::{self, Condition},
    linear::{Epilogue, Linear},
    lines::Lines,
    mix::{self, GatedAdd},
    norm::Norm,
    patches,
    plan::{Op, Step, plan},
    reduce,
    tile::Panels,
    twins::Twins,
    weights::{CpuWeights, Prepared},
};
use crate::{
    executor::{Executor, ExecutorError, Progress, Slice, WeightSource},
    kernels::{Buffer, BufferId, KernelId, MemoryPlan, Recording, Role, SegmentId},
};

/// Runs one recording on the CPU.
pub struct CpuExecutor {
    device: CpuDevice,
    recording: Arc<Recording>,
    /// Where each buffer of the recording is.
    places: Vec<Place>,
    /// One for each slot of the plan, and an empty one for the weights.
    buffers: Vec<Lines>,
    kernels: Kernels,
}

/// Where a buffer is: a slot, and how many elements of it. A weight has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) slot: usize,
    pub(super) len: usize,
}

/// How dispatches are run.
enum Kernels {
    Fast(Fast),
    Twins(Twins),
}

impl fmt::Debug for CpuExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuExecutor")
            .field("device", &self.device)
            .field("segments", &self.recording.segments.len())
            .field("buffers", &self.buffers.len())
            .field("twins", &matches!(self.kernels, Kernels::Twins(_)))
            .finish_non_exhaustive()
    }
}

/// The fast kernels.
struct Fast {
    /// The steps of every segment.
    segments: Vec<Vec<Step>>,
    /// One for each buffer; `None` for what is no weight.
    weights: Vec<Option<Prepared>>,
    /// One for each thread.
    scratch: Vec<Mutex<Lines>>,
    scratch_bytes: u64,
}

impl CpuExecutor {
    /// Allocates the buffers of `recording`, each by itself, and checks every dispatch against them.
    ///
    /// # Errors
    /// As [`with_plan`](Self::with_plan).
    pub fn new(
        device: &CpuDevice,
        recording: Arc<Recording>,
        weights: &CpuWeights,
    ) -> Result<Self, ExecutorError> {
        let plan = MemoryPlan::apart(&recording);
        Self::with_plan(device, recording, &plan, weights)
    }

    /// The same with buffers in the slots of `plan`.
    ///
    /// # Errors
    /// [`ExecutorError::Weight`] if `weights` lack one that the recording binds;
    /// [`ExecutorError::Recording`] if a dispatch does not fit its buffers, or the plan is of another
    /// recording; [`ExecutorError::Device`] if there is no memory for a buffer.
    pub fn with_plan(
        device: &CpuDevice,
        recording: Arc<Recording>,
        memory: &MemoryPlan,
        weights: &CpuWeights,
    ) -> Result<Self, ExecutorError> {
        let segments = plan(&recording)?;
        let (places, buffers) = buffers(&recording, memory)?;
        let weights = prepared(&recording, &segments, weights, device.panel_width())?;
        let scratch_len = scratch_len(&segments, device.panel_width());
        let scratch = (0..device.threads()).map(|_| {
            let lines = zeros("the scratch of a thread", scratch_len)?;
            Ok(Mutex::new(lines))
        });
        let scratch = scratch.collect::<Result<_, ExecutorError>>()?;
        Ok(Self {
            device: device.clone(),
            places,
            buffers,
            recording,
            kernels: Kernels::Fast(Fast {
                segments,
                weights,
                scratch,
                scratch_bytes: device.threads() as u64 * Lines::bytes_of(scratch_len),
            }),
        })
    }

    /// An executor that runs every kernel by its twin, on one thread: slow, and the reference for
    /// both executors.
    ///
    /// # Errors
    /// As [`Self::new`], with the weights taken from `source` in the format the recording declares.
    pub fn with_twins(
        device: &CpuDevice,
        recording: Arc<Recording>,
        source: &dyn WeightSource,
    ) -> Result<Self, ExecutorError> {
        plan(&recording)?;
        let kernels = Kernels::Twins(Twins::new(&recording, source)?);
        let (places, buffers) = buffers(&recording, &MemoryPlan::apart(&recording))?;
        Ok(Self {
            device: device.clone(),
            places,
            buffers,
            recording,
            kernels,
        })
    }

    /// The device it runs on.
    #[must_use]
    pub fn device(&self) -> &CpuDevice {
        &self.device
    }

    /// Bytes that all threads of a device would work in beside the buffers of `recording`.
    ///
    /// # Errors
    /// [`ExecutorError::Recording`] if it contradicts itself.
    pub fn scratch_bytes(device: &CpuDevice, recording: &Recording) -> Result<u64, ExecutorError> {
        let each = scratch_len(&plan(recording)?, device.panel_width());
        Ok(device.threads() as u64 * Lines::bytes_of(each))
    }

    /// Bytes of its buffers and its threads' scratch; its weights are shared with others.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let scratch = match &self.kernels {
            Kernels::Fast(fast) => fast.scratch_bytes,
            Kernels::Twins(_) => 0,
        };
        self.buffers.iter().map(Lines::bytes).sum::<u64>() + scratch
    }

    /// The slot of a buffer that the host may use, if it has at least `given` elements.
    fn host_buffer(&self, id: BufferId, given: usize) -> Result<usize, ExecutorError> {
        let Some(buffer) = self.recording.buffers.get(id.0 as usize) else {
            return Err(ExecutorError::Recording(format!(
                "there is no buffer {}, only {}",
                id.0,
                self.recording.buffers.len()
            )));
        };
        if matches!(buffer.role, Role::Weight(_)) {
            return Err(ExecutorError::Weight(format!(
                "`{}` is a weight, shared and fixed",
                buffer.name
            )));
        }
        if given > buffer.len {
            return Err(ExecutorError::Length {
                buffer: buffer.name.clone(),
                len: buffer.len,
                given,
            });
        }
        Ok(self.places[id.0 as usize].slot)
    }
}

impl Executor for CpuExecutor {
    fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    fn write(&mut self, buffer: BufferId, values: &[f32]) -> Result<(), ExecutorError> {
        let i = self.host_buffer(buffer, values.len())?;
        self.buffers[i][..values.len()].copy_from_slice(values);
        Ok(())
    }

    fn advance(
        &mut self,
        segments: &[SegmentId],
        mut done: usize,
        slice: &mut Slice,
    ) -> Result<Progress, ExecutorError> {
        let count = self.recording.segments.len();
        if let Some(wrong) = segments.iter().find(|id| id.0 as usize >= count) {
            return Err(ExecutorError::Recording(format!(
                "there is no segment {}, only {count}",
                wrong.0
            )));
        }
        let Self {
            device,
            recording,
            places,
            buffers,
            kernels,
        } = self;
        let ids = segments.iter().map(|id| id.0 as usize);
        Ok(match kernels {
            Kernels::Fast(fast) => device.pool.install(|| {
                for step in ids.flat_map(|id| &fast.segments[id]).skip(done) {
                    if !slice.take_now() {
                        return Progress::Left(done);
                    }
                    fast.step(device, step, places, buffers);
                    done += 1;
                }
                Progress::Done
            }),
            Kernels::Twins(twins) => {
                let commands = ids.flat_map(|id| &recording.segments[id].commands);
                for command in commands.skip(done) {
                    if !slice.take_now() {
                        return Ok(Progress::Left(done));
                    }
                    twins.run(command, places, buffers);
                    done += 1;
                }
                Progress::Done
            }
        })
    }

    fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), ExecutorError> {
        let i = self.host_buffer(buffer, values.len())?;
        values.copy_from_slice(&self.buffers[i][..values.len()]);
        Ok(())
    }
}

/// Zeroed storage for everything that is no weight.
fn buffers(
    recording: &Recording,
    memory: &MemoryPlan,
) -> Result<(Vec<Place>, Vec<Lines>), ExecutorError> {
    memory
        .check(recording)
        .map_err(|error| ExecutorError::Recording(error.to_string()))?;
    let slots = memory.slots().iter().enumerate();
    let mut storage = slots
        .map(|(slot, bytes)| {
            let here = |id: &u32| memory.slot(BufferId(*id)) == Some(slot);
            let first = (0..).take(recording.buffers.len()).find(here);
            let first = first.map_or("?", |id| &recording.buffers[id as usize].name);
            zeros(&format!("buffer `{first}`"), *bytes as usize / 4)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let weights = storage.len();
    storage.push(Lines::default());
    let numbered = recording.buffers.iter().zip(0..);
    let places = numbered.map(|(buffer, id)| match memory.slot(BufferId(id)) {
        Some(slot) => Place {
            slot,
            len: buffer.len,
        },
        None => Place {
            slot: weights,
            len: 0,
        },
    });
    Ok((places.collect(), storage))
}

/// Elements that a thread needs beside the buffers, for the attention with the longest keys.
fn scratch_len(segments: &[Vec<Step>], panel_width: usize) -> usize {
    let scratch_len = |step: &Step| match step.op {
        Op::Attention(params, head_width) => {
            attention::scratch_len(params.tokens as usize, head_width, panel_width)
        }
        _ => 0,
    };
    let steps = segments.iter().flatten();
    steps.map(scratch_len).max().unwrap_or(0)
}

fn zeros(what: &str, len: usize) -> Result<Lines, ExecutorError> {
    Lines::zeros(len).ok_or_else(|| {
        let bytes = 4 * len as u64;
        ExecutorError::Device(format!("no memory for {what}, {bytes} bytes"))
    })
}

/// The weight of each buffer, `None` for what is no weight, in the layouts that the steps read.
fn prepared(
    recording: &Recording,
    segments: &[Vec<Step>],
    weights: &CpuWeights,
    panel_width: usize,
) -> Result<Vec<Option<Prepared>>, ExecutorError> {
    let find = |buffer: &Buffer| match (buffer.role, weights.get(&buffer.name)) {
        (Role::Weight(_), None) => Err(ExecutorError::Weight(format!(
            "`{}` was not loaded with these weights",
            buffer.name
        ))),
        (Role::Weight(_), found) => Ok(found.cloned()),
        _ => Ok(None),
    };
    let found = recording
        .buffers
        .iter()
        .map(find)
        .collect::<Result<Vec<_>, _>>()?;
    for step in segments.iter().flatten() {
        for (i, read) in step.reads[..step.op.reads()].iter().enumerate() {
            let Some(prepared) = &found[*read] else {
                continue;
            };
            let buffer = &recording.buffers[*read];
            let wrong = match step.op {
                Op::Linear(_, params) if i == 1 => {
                    let shape = (panel_width, params.inputs as usize, params.outputs as usize);
                    let packed = prepared.packed.as_ref();
                    let loaded = packed.map(|p| (p.width, p.inputs, p.outputs));
                    (loaded != Some(shape)).then(|| {
                        format!(
                            "as the {} x {} matrix of a linear layer, in panels of {panel_width}",
                            params.outputs, params.inputs
                        )
                    })
                }
                _ => {
                    let loaded = prepared.plain.as_ref().map(|plain| plain.len());
                    let len = buffer.len;
                    (loaded != Some(len)).then(|| format!("as {len} plain elements"))
                }
            };
            if let Some(how) = wrong {
                let name = &buffer.name;
                return Err(ExecutorError::Weight(format!(
                    "`{name}` was not loaded {how}"
                )));
            }
        }
    }
    Ok(found)
}

impl Fast {
    fn step(&self, device: &CpuDevice, step: &Step, places: &[Place], buffers: &mut [Lines]) {
        // No dispatch reads from the slot that it writes, so that can be taken out while it runs.
        let Place { slot, len } = places[step.write];
        let mut out = core::mem::take(&mut buffers[slot]);
        self.run(device, step, places, buffers, &mut out[..len]);
        buffers[slot] = out;
    }

    fn run(
        &self,
        device: &CpuDevice,
        step: &Step,
        places: &[Place],
        buffers: &[Lines],
        out: &mut [f32],
    ) {
        let arch = device.arch;
        let read = |i: usize| -> &[f32] {
            let buffer = step.reads[i];
            match &self.weights[buffer] {
                Some(Prepared {
                    plain: Some(plain), ..
                }) => plain,
                _ => {
                    let Place { slot, len } = places[buffer];
                    &buffers[slot][..len]
                }
            }
        };
        match &step.op {
            Op::Nothing => {}
            Op::Copy(first) => elementwise::copy(arch, &read(0)[*first..][..out.len()], out),
            Op::Patchify(params) => patches::patchify(params, read(0), out),
            Op::Unpatchify(params) => patches::unpatchify(params, read(0), out),
            Op::TimestepFeatures(params) => {
                elementwise::timestep_features(params, read(0), out);
            }
            Op::Linear(kernel, params) => {
                let Some(Prepared {
                    packed: Some(packed),
                    ..
                }) = &self.weights[step.reads[1]]
                else {
                    return;
                };
                let epilogue = match kernel {
                    KernelId::LinearGelu => Epilogue::Gelu,
                    KernelId::LinearSilu => Epilogue::Silu,
                    KernelId::LinearGated => Epilogue::Gated {
                        gate: read(3),
                        stride: params.gate_stride as usize,
                        offset: params.gate_offset as usize,
                        tokens: params.tokens as usize,
                        residual: read(4),
                    },
                    KernelId::LinearAdd => Epilogue::Add {
                        addend: read(3),
                        rows: params.addend_rows as usize,
                    },
                    _ => Epilogue::None,
                };
                let weight = Panels {
                    values: &packed.values,
                    depth: packed.inputs,
                    columns: packed.outputs,
                };
                let rows = params.rows as usize;
                Linear {
                    x: read(0),
                    weight,
                    bias: read(2),
                    epilogue,
                    rows,
                }
                .run(arch, out);
            }
            Op::Condition(params) => arch.dispatch(Condition {
                params,
                time: read(0),
                table: read(1),
                label: read(2),
                out,
            }),
            Op::LayerNormModulate(params) => {
                Norm {
                    params: *params,
                    x: read(0),
                    modulation: read(1),
                }
                .run(arch, out);
            }
            Op::Attention(params, head_width) => {
                let (params, head_width) = (*params, *head_width);
                let scratch = &self.scratch;
                Attention {
                    params,
                    head_width,
                    qkv: read(0),
                    scratch,
                }
                .run(arch, out);
            }
            Op::Guide(params) => elementwise::guide(arch, params, read(0), out),
            Op::GuideDifference(params) => elementwise::guide_difference(params, read(0), out),
            Op::GuideKept(params) => elementwise::guide_kept(params, read(0), read(1), out),
            Op::Slices(pair, params) => {
                reduce::slices(arch, *pair, params, [read(0), read(1)], out);
            }
            Op::SumPartials(params) => reduce::sum_partials(params, read(0), out),
            Op::Subtract(params) => {
                elementwise::subtract(arch, read(0), read(1), &mut out[..params.len as usize]);
            }
            Op::Blend(params, format) => {
                let (weights, base) = (read(0), read(1));
                anchors::blend(arch, params, *format, [weights, base, read(2)], out);
            }
            Op::Keep(params, format) => {
                anchors::keep(arch, params, *format, read(0), read(1), out);
            }
            Op::KeepInt8(params) => anchors::keep_int8(arch, params, read(0), read(1), out),
            Op::GatedAdd(params) => {
                GatedAdd {
                    params,
                    x: read(0),
                    gate: read(1),
                    residual: read(2),
                }
                .run(arch, out);
            }
            Op::MixTokens(params) => mix::mix_tokens(arch, params, read(0), read(1), out),
        }
    }
}
