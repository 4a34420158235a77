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
    norm::Norm,
    patches,
    plan::{Op, Step, plan},
    reduce,
    tile::Panels,
    twins::Twins,
    weights::{CpuWeights, Packed, Prepared},
};
use crate::{
    executor::{Executor, ExecutorError, WeightSource},
    kernels::{Buffer, BufferId, KernelId, Recording, Role, SegmentId, params::LinearParams},
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
    /// [`ExecutorError::Recording`] if a dispatch does not fit its buffers.
    pub fn new(
        device: &CpuDevice,
        recording: Arc<Recording>,
        weights: &CpuWeights,
    ) -> Result<Self, ExecutorError> {
        let segments = plan(&recording)?;
        let panel_width = device.panel_width();
        let mut scratch_len = 0;
        for step in segments.iter().flatten() {
            match step.op {
                Op::Attention(params, head_width) => {
                    let tokens = params.tokens as usize;
                    let len = attention::scratch_len(tokens, head_width, panel_width);
                    scratch_len = scratch_len.max(len);
                }
                Op::Linear(_, params) => {
                    check_packed(weights, &recording, step.reads[1], params)?;
                }
                _ => {}
            }
        }
        let prepared = |buffer: &Buffer| match buffer.role {
            Role::Weight(_) => match weights.get(&buffer.name) {
                Some(prepared) => Ok(Some(prepared.clone())),
                None => Err(ExecutorError::Weight(format!(
                    "`{}` was not loaded",
                    buffer.name
                ))),
            },
            _ => Ok(None),
        };
        let weights = recording
            .buffers
            .iter()
            .map(prepared)
            .collect::<Result<Vec<_>, _>>()?;
        check_plain(&recording, &segments, &weights)?;
        let scratch = (0..device.threads()).map(|_| Mutex::new(Lines::zeros(scratch_len)));
        let scratch = scratch.collect();
        let kernels = Kernels::Fast(Fast {
            segments,
            weights,
            scratch,
        });
        Ok(Self {
            device: device.clone(),
            buffers: buffers(&recording),
            recording,
            kernels,
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
            buffers: buffers(&recording),
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
fn buffers(recording: &Recording) -> Vec<Lines> {
    let storage = |buffer: &Buffer| match buffer.role {
        Role::Weight(_) => Lines::default(),
        _ => Lines::zeros(buffer.len),
    };
    recording.buffers.iter().map(storage).collect()
}

/// The weight of a linear layer was loaded for layers of the same shape.
fn check_packed(
    weights: &CpuWeights,
    recording: &Recording,
    buffer: usize,
    params: LinearParams,
) -> Result<(), ExecutorError> {
    let name = &recording.buffers[buffer].name;
    let shape = (params.inputs as usize, params.outputs as usize);
    match weights
        .get(name)
        .and_then(|prepared| prepared.packed.as_ref())
    {
        Some(Packed {
            inputs, outputs, ..
        }) if (*inputs, *outputs) == shape => Ok(()),
        _ => Err(ExecutorError::Weight(format!(
            "`{name}` was not loaded for a linear layer of {} inputs and {} outputs",
            shape.0, shape.1
        ))),
    }
}

/// Weights that are read plainly were loaded plainly, in the length the recording declares.
fn check_plain(
    recording: &Recording,
    segments: &[Vec<Step>],
    weights: &[Option<Prepared>],
) -> Result<(), ExecutorError> {
    for step in segments.iter().flatten() {
        for (i, read) in step.reads[..step.op.reads()].iter().enumerate() {
            let packed = matches!(step.op, Op::Linear(..)) && i == 1;
            let (Some(prepared), false) = (&weights[*read], packed) else {
                continue;
            };
            let buffer = &recording.buffers[*read];
            if prepared.plain.as_ref().map(|plain| plain.len()) != Some(buffer.len) {
                return Err(ExecutorError::Weight(format!(
                    "`{}` was not loaded as {} plain elements",
                    buffer.name, buffer.len
                )));
            }
        }
    }
    Ok(())
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
            Op::Copy => out.copy_from_slice(read(0)),
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
            Op::AbsoluteSums(params) => {
                reduce::absolute_sums(arch, params, read(0), read(1), out);
            }
            Op::SumPartials(params) => reduce::sum_partials(params, read(0), out),
            Op::Subtract(params) => {
                elementwise::subtract(arch, read(0), read(1), &mut out[..params.len as usize]);
            }
            Op::Blend(params) => {
                let anchors = [read(2), read(3), read(4), read(5)];
                elementwise::blend(arch, params, read(0), read(1), anchors, out);
            }
        }
    }
}
