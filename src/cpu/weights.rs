//! Weights in the layout the kernels want.

use alloc::{format, string::String, sync::Arc, vec::Vec};
use std::collections::HashMap;

use half::{bf16, f16};
use rayon::prelude::*;

use super::{device::CpuDevice, lines::Lines, tile};
use crate::{
    executor::{ExecutorError, WeightSource, WeightTensor},
    kernels::{Buffer, Command, KernelId, Recording, Role, WeightFormat, params::LinearParams},
};

/// A model's weights, prepared once and shared by its recordings; cloning copies nothing.
///
/// The matrices of linear layers are packed for the matrix product, all other tensors are plain, and
/// everything is `f32`: 4 bytes a parameter, whatever the checkpoint has.
#[derive(Clone, Debug)]
pub struct CpuWeights {
    tensors: Arc<HashMap<String, Prepared>>,
}

/// One tensor in the layouts that the recording uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Prepared {
    /// As stored.
    pub(super) plain: Option<Arc<Lines>>,
    /// In panels, with its inputs (depth) and outputs (columns).
    pub(super) packed: Option<Packed>,
}

/// The weight of a linear layer in panels.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) values: Arc<Lines>,
    /// Columns of a panel: weights packed for other vectors do not serve.
    pub(super) width: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// How a recording uses one of its weights.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    plain: bool,
    /// Inputs and outputs of the linear layer whose weight it is.
    packed: Option<(usize, usize)>,
}

impl CpuWeights {
    /// Prepares every weight that `recording` binds, on all threads.
    ///
    /// # Errors
    /// [`ExecutorError::Weight`] if `source` does not have a weight, or has it with another number
    /// of elements; [`ExecutorError::Device`] if there is no memory for it.
    pub fn load(
        device: &CpuDevice,
        source: &dyn WeightSource,
        recording: &Recording,
    ) -> Result<Self, ExecutorError> {
        let width = device.panel_width();
        let mut found = Vec::new();
        for (buffer, used) in recording.buffers.iter().zip(uses(recording)) {
            if let Role::Weight(_) = buffer.role {
                found.push((buffer, used, find(source, &buffer.name, buffer.len)?));
            }
        }
        let tensors = device.pool.install(|| {
            let prepare = |(buffer, used, tensor): (&Buffer, Use, WeightTensor<'_>)| {
                Ok((buffer.name.clone(), prepare(buffer, used, &tensor, width)?))
            };
            found
                .into_par_iter()
                .map(prepare)
                .collect::<Result<_, ExecutorError>>()
        })?;
        Ok(Self {
            tensors: Arc::new(tensors),
        })
    }

    /// Bytes of all prepared weights.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let tensors = self.tensors.values();
        let lines = tensors.flat_map(|tensor| {
            let packed = tensor.packed.as_ref().map(|packed| &packed.values);
            tensor.plain.iter().chain(packed)
        });
        lines.map(|lines| lines.bytes()).sum()
    }

    /// Bytes that the weights of `recording` would take on that device.
    #[must_use]
    pub fn bytes_of(device: &CpuDevice, recording: &Recording) -> u64 {
        let width = device.panel_width();
        let used = recording.buffers.iter().zip(uses(recording));
        let weights = used.filter(|(buffer, _)| matches!(buffer.role, Role::Weight(_)));
        let bytes = weights.map(|(buffer, used)| {
            let packed = used.packed.map_or(0, |(inputs, outputs)| {
                Lines::bytes_of(tile::panels_len(inputs, outputs, width))
            });
            let plain = if used.plain { buffer.len } else { 0 };
            packed + Lines::bytes_of(plain)
        });
        bytes.sum()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Prepared> {
        self.tensors.get(name)
    }
}

/// A tensor in the layouts that its uses want.
fn prepare(
    buffer: &Buffer,
    used: Use,
    tensor: &WeightTensor<'_>,
    width: usize,
) -> Result<Prepared, ExecutorError> {
    let memory = || ExecutorError::Device(format!("no memory for weight `{}`", buffer.name));
    let plain = to_f32(tensor).ok_or_else(memory)?;
    let mut prepared = Prepared::default();
    if let Some((inputs, outputs)) = used.packed {
        if inputs.checked_mul(outputs) != Some(buffer.len) {
            return Err(ExecutorError::Weight(format!(
                "`{}` has {} elements, its linear layer of {inputs} inputs and {outputs} outputs \
                 needs their product",
                buffer.name, buffer.len
            )));
        }
        let values = tile::pack(&plain, inputs, outputs, width).ok_or_else(memory)?;
        prepared.packed = Some(Packed {
            values: Arc::new(values),
            width,
            inputs,
            outputs,
        });
    }
    if used.plain {
        prepared.plain = Some(Arc::new(plain));
    }
    Ok(prepared)
}

/// How each buffer of `recording` is used.
fn uses(recording: &Recording) -> Vec<Use> {
    let mut uses: Vec<Use> = recording.buffers.iter().map(|_| Use::default()).collect();
    for command in recording
        .segments
        .iter()
        .flat_map(|segment| &segment.commands)
    {
        let Command::Dispatch(dispatch) = command else {
            continue;
        };
        let shape = bytemuck::try_pod_read_unaligned::<LinearParams>(&dispatch.params);
        for (i, buffer) in dispatch.bindings.iter().enumerate() {
            let Some(used) = uses.get_mut(buffer.0 as usize) else {
                continue;
            };
            match shape {
                Ok(shape) if is_linear(dispatch.kernel) && i == 1 => {
                    used.packed = Some((shape.inputs as usize, shape.outputs as usize));
                }
                _ => used.plain = true,
            }
        }
    }
    uses
}

/// Whether binding 2 of the kernel is the weight of a linear layer.
fn is_linear(kernel: KernelId) -> bool {
    matches!(
        kernel,
        KernelId::Linear
            | KernelId::LinearGelu
            | KernelId::LinearSilu
            | KernelId::LinearGated
            | KernelId::LinearAdd
    )
}

/// The tensor `name` of `len` elements.
pub(super) fn find<'a>(
    source: &'a dyn WeightSource,
    name: &str,
    len: usize,
) -> Result<WeightTensor<'a>, ExecutorError> {
    let Some(tensor) = source.tensor(name) else {
        return Err(ExecutorError::Weight(format!(
            "the checkpoint has no tensor `{name}`"
        )));
    };
    let elements = tensor
        .shape
        .iter()
        .try_fold(1usize, |n, dim| n.checked_mul(*dim));
    let bytes = len.checked_mul(tensor.format.bytes() as usize);
    if elements != Some(len) || bytes != Some(tensor.bytes.len()) {
        return Err(ExecutorError::Weight(format!(
            "`{name}` has shape {:?} ({} bytes), the recording wants {len} elements",
            tensor.shape,
            tensor.bytes.len()
        )));
    }
    Ok(tensor)
}

/// The elements as `f32`, if there is memory.
pub(super) fn to_f32(tensor: &WeightTensor<'_>) -> Option<Lines> {
    let each = tensor.format.bytes() as usize;
    let mut values = Lines::zeros(tensor.bytes.len() / each)?;
    let pairs = values.iter_mut().zip(tensor.bytes.chunks_exact(each));
    match tensor.format {
        WeightFormat::F32 => {
            pairs.for_each(|(v, b)| *v = f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        }
        WeightFormat::F16 => {
            pairs.for_each(|(v, b)| *v = f16::from_le_bytes([b[0], b[1]]).to_f32());
        }
        WeightFormat::Bf16 => {
            pairs.for_each(|(v, b)| *v = bf16::from_le_bytes([b[0], b[1]]).to_f32());
        }
    }
    Some(values)
}
