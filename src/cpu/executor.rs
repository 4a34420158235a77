//! The executor.

use alloc::{format, sync::Arc, vec::Vec};
use core::fmt;
use std::sync::Mutex;

use super::{
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
    executor::{Executor, ExecutorError, WeightSource},
    kernels::{Buffer, BufferId, KernelId, Recording, Role, SegmentId},
};

/// Runs one recording on the CPU.
pub struct CpuExecutor {
    device: CpuDevice,
    recording: Arc<Recording>,
    /// One for each buffer of the recording; empty for weights.
    buffers: Vec<Lines>,
    kernels: Kernels,
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
}

impl CpuExecutor {
    /// Allocates the buffers of `recording` and checks every dispatch against them.
    ///
    /// # Errors
    /// [`ExecutorError::Weight`] if `weights` lack one that the recording binds;
    /// [`ExecutorError::Recording`] if a dispatch does not fit its buffers;
    /// [`ExecutorError::Device`] if there is no memory for a buffer.
    pub fn new(
        device: &CpuDevice,
        recording: Arc<Recording>,
        weights: &CpuWeights,
    ) -> Result<Self, ExecutorError> {
        let segments = plan(&recording)?;
        let weights = prepared(&recording, &segments, weights, device.panel_width())?;
        let scratch_len = |step: &Step| match step.op {
            Op::Attention(params, head_width) => {
                attention::scratch_len(params.tokens as usize, head_width, device.panel_width())
            }
            _ => 0,
        };
        let scratch_len = segments
            .iter()
            .flatten()
            .map(scratch_len)
            .max()
            .unwrap_or(0);
        let scratch = (0..device.threads()).map(|_| {
            let lines = zeros("the scratch of a thread", scratch_len)?;
            Ok(Mutex::new(lines))
        });
        let scratch = scratch.collect::<Result<_, ExecutorError>>()?;
        Ok(Self {
            device: device.clone(),
            buffers: buffers(&recording)?,
            recording,
            kernels: Kernels::Fast(Fast {
                segments,
                weights,
                scratch,
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
        Ok(Self {
            device: device.clone(),
            buffers: buffers(&recording)?,
            recording,
            kernels,
        })
    }

    /// The device it runs on.
    #[must_use]
    pub fn device(&self) -> &CpuDevice {
        &self.device
    }

    /// The position of a buffer that the host may use, if it has at least `given` elements.
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
        Ok(id.0 as usize)
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

    fn run(&mut self, segments: &[SegmentId]) -> Result<(), ExecutorError> {
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
            buffers,
            kernels,
        } = self;
        match kernels {
            Kernels::Fast(fast) => device.pool.install(|| {
                for step in segments.iter().flat_map(|id| &fast.segments[id.0 as usize]) {
                    fast.step(device, step, buffers);
                }
            }),
            Kernels::Twins(twins) => {
                for id in segments {
                    twins.run(&recording.segments[id.0 as usize], buffers);
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), ExecutorError> {
        let i = self.host_buffer(buffer, values.len())?;
        values.copy_from_slice(&self.buffers[i][..values.len()]);
        Ok(())
    }
}

/// Zeroed storage for everything that is no weight.
fn buffers(recording: &Recording) -> Result<Vec<Lines>, ExecutorError> {
    let storage = |buffer: &Buffer| match buffer.role {
        Role::Weight(_) => Ok(Lines::default()),
        _ => zeros(&format!("buffer `{}`", buffer.name), buffer.len),
    };
    recording.buffers.iter().map(storage).collect()
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
    fn step(&self, device: &CpuDevice, step: &Step, buffers: &mut [Lines]) {
        // No dispatch reads what it writes, so its output can be taken out while it runs.
        let mut out = core::mem::take(&mut buffers[step.write]);
        self.run(device, step, buffers, &mut out);
        buffers[step.write] = out;
    }

    fn run(&self, device: &CpuDevice, step: &Step, buffers: &[Lines], out: &mut [f32]) {
        let arch = device.arch;
        let read = |i: usize| -> &[f32] {
            let buffer = step.reads[i];
            match &self.weights[buffer] {
                Some(Prepared {
                    plain: Some(plain), ..
                }) => plain,
                _ => &buffers[buffer],
            }
        };
        match &step.op {
            Op::Nothing => {}
            Op::Copy => elementwise::copy(arch, read(0), out),
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
            Op::Blend(params) => {
                let anchors = [read(2), read(3), read(4), read(5)];
                elementwise::blend(arch, params, read(0), read(1), anchors, out);
            }
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
