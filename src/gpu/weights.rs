//! A model's tensors on a device.

use alloc::{format, string::String, sync::Arc};
use core::fmt;
use std::collections::HashMap;

use super::device::GpuDevice;
use crate::{
    executor::{ExecutorError, WeightSource, contents, word},
    kernels::{Buffer, Recording, Role, WeightFormat},
};

/// Bytes of staging memory an upload may hold before it waits for the device to take them.
const STAGING: usize = 64 << 20;

/// The tensors that a model's recordings name, uploaded once. Cloning it shares them.
#[derive(Clone)]
pub struct GpuWeights {
    shared: Arc<Shared>,
}

struct Shared {
    device: GpuDevice,
    tensors: HashMap<String, Tensor>,
}

struct Tensor {
    buffer: wgpu::Buffer,
    len: usize,
    format: WeightFormat,
}

impl GpuWeights {
    /// Uploads every weight of `recording`: as stored where the formats agree, and f16 or bf16 as
    /// f32 where the recording declares f32.
    ///
    /// # Errors
    /// [`ExecutorError::Weight`] if the source lacks a tensor, or has it in another size or in a
    /// format that cannot be converted; [`ExecutorError::Device`] if the device refuses a buffer.
    pub fn load(
        device: &GpuDevice,
        source: &dyn WeightSource,
        recording: &Recording,
    ) -> Result<Self, ExecutorError> {
        let mut tensors = HashMap::new();
        let mut staged = 0;
        for buffer in &recording.buffers {
            let Role::Weight(format) = buffer.role else {
                continue;
            };
            let bytes = contents(buffer, format, source)?;
            let made = super::executor::create(device, &buffer.name, buffer.bytes())?;
            upload(device, &made, &bytes, &mut staged)?;
            tensors.insert(
                buffer.name.clone(),
                Tensor {
                    buffer: made,
                    len: buffer.len,
                    format,
                },
            );
        }
        Ok(Self {
            shared: Arc::new(Shared {
                device: device.clone(),
                tensors,
            }),
        })
    }

    /// Bytes of all tensors on the device.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sizes = self.shared.tensors.values().map(|t| t.buffer.size());
        sizes.sum()
    }

    /// The tensor that a recording's weight names.
    pub(super) fn find(
        &self,
        device: &GpuDevice,
        buffer: &Buffer,
        format: WeightFormat,
    ) -> Result<&wgpu::Buffer, ExecutorError> {
        let name = &buffer.name;
        if !self.shared.device.same(device) {
            return Err(ExecutorError::Weight(format!(
                "`{name}` was loaded on another device ({})",
                self.shared.device.name()
            )));
        }
        let tensor = self.shared.tensors.get(name).ok_or_else(|| {
            ExecutorError::Weight(format!("`{name}` was not loaded with these weights"))
        })?;
        if (tensor.len, tensor.format) != (buffer.len, format) {
            return Err(ExecutorError::Weight(format!(
                "`{name}` was loaded as {} elements of {}, the recording wants {} of {}",
                tensor.len,
                word(tensor.format),
                buffer.len,
                word(format),
            )));
        }
        Ok(&tensor.buffer)
    }
}

impl fmt::Debug for GpuWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuWeights")
            .field("device", &self.shared.device)
            .field("tensors", &self.shared.tensors.len())
            .finish()
    }
}

/// Copies `bytes` to `buffer` in pieces. wgpu keeps a piece in staging memory until a submission
/// has copied it, so that a whole checkpoint would be held twice without the waits.
fn upload(
    device: &GpuDevice,
    buffer: &wgpu::Buffer,
    bytes: &[u8],
    staged: &mut usize,
) -> Result<(), ExecutorError> {
    for (index, piece) in bytes.chunks(STAGING).enumerate() {
        let offset = (index * STAGING) as u64;
        device.checked(|| device.queue().write_buffer(buffer, offset, piece))?;
        *staged += piece.len();
        if *staged >= STAGING {
            *staged = 0;
            let submission = device.checked(|| device.queue().submit([]))?;
            device.wait(submission)?;
        }
    }
    Ok(())
}
