//! A recording's buffers, and its segments ready to encode.

use alloc::{format, string::ToString, sync::Arc, vec::Vec};
use core::{fmt, num::NonZeroU64};
use std::sync::mpsc;

use super::{device::GpuDevice, pipeline::Pipeline, weights::GpuWeights};
use crate::{
    executor::{Executor, ExecutorError},
    kernels::{Buffer, BufferId, Command, Dispatch, Recording, Role, SegmentId},
};

/// Runs one recording on a [`GpuDevice`].
pub struct GpuExecutor {
    pub(super) device: GpuDevice,
    recording: Arc<Recording>,
    pub(super) buffers: Vec<wgpu::Buffer>,
    pub(super) segments: Vec<Vec<Step>>,
    /// Where `read` lands, as large as the largest read so far. Absent after a failed read, which
    /// may have left it mapped.
    staging: Option<wgpu::Buffer>,
}

pub(super) enum Step {
    Dispatch {
        pipeline: wgpu::ComputePipeline,
        group: wgpu::BindGroup,
        workgroups: [u32; 3],
    },
    Copy {
        from: wgpu::Buffer,
        to: wgpu::Buffer,
    },
}

impl GpuExecutor {
    /// Compiles the kernels of `recording` that no earlier recording on this device used, and makes
    /// its buffers. They start as zeros.
    ///
    /// # Errors
    /// [`ExecutorError::Recording`] if the recording contradicts itself; [`ExecutorError::Weight`]
    /// if `weights` lacks one of its tensors; [`ExecutorError::Device`] if a buffer exceeds the
    /// device's limits, or a kernel does not compile.
    pub fn new(
        device: &GpuDevice,
        recording: Arc<Recording>,
        weights: &GpuWeights,
    ) -> Result<Self, ExecutorError> {
        recording
            .check()
            .map_err(|error| ExecutorError::Recording(error.to_string()))?;
        let buffers = recording
            .buffers
            .iter()
            .map(|buffer| match buffer.role {
                Role::Weight(format) => weights.find(device, buffer, format).cloned(),
                _ => create(device, buffer),
            })
            .collect::<Result<Vec<_>, _>>()?;

        let (params, offsets) = upload_params(device, &recording)?;
        let mut offsets = offsets.into_iter();
        let mut segments = Vec::with_capacity(recording.segments.len());
        for segment in &recording.segments {
            let mut steps = Vec::with_capacity(segment.commands.len());
            for command in &segment.commands {
                match command {
                    Command::Copy { from, to } => steps.push(Step::Copy {
                        from: buffers[from.0 as usize].clone(),
                        to: buffers[to.0 as usize].clone(),
                    }),
                    Command::Dispatch(dispatch) => {
                        let block = wgpu::BufferBinding {
                            buffer: &params,
                            offset: offsets.next().unwrap_or_default(),
                            size: NonZeroU64::new(dispatch.params.len() as u64),
                        };
                        steps.extend(prepare(device, dispatch, block, &buffers)?);
                    }
                }
            }
            segments.push(steps);
        }
        let executor = Self {
            device: device.clone(),
            recording,
            buffers,
            segments,
            staging: None,
        };
        executor.warm()?;
        Ok(executor)
    }

    /// Dispatches every kernel without workgroups and waits: some drivers finish compiling at the
    /// first dispatch only (llvmpipe, half a second a kernel), and no run should pay for that.
    fn warm(&self) -> Result<(), ExecutorError> {
        let mut seen = Vec::new();
        let submission = self.device.checked(|| {
            let mut encoder = self
                .device
                .wgpu()
                .create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for step in self.segments.iter().flatten() {
                if let Step::Dispatch {
                    pipeline, group, ..
                } = step
                    && !seen.contains(&pipeline)
                {
                    seen.push(pipeline);
                    pass.set_pipeline(pipeline);
                    pass.set_bind_group(0, group, &[]);
                    pass.dispatch_workgroups(0, 0, 0);
                }
            }
            drop(pass);
            self.device.queue().submit([encoder.finish()])
        })?;
        self.device.wait(submission)
    }

    /// A buffer that `given` values fit and that is no weight.
    fn target(&self, id: BufferId, given: usize) -> Result<&wgpu::Buffer, ExecutorError> {
        let index = id.0 as usize;
        let (Some(declared), Some(buffer)) =
            (self.recording.buffers.get(index), self.buffers.get(index))
        else {
            return Err(ExecutorError::Recording(format!(
                "there is no buffer {index}, only {}",
                self.buffers.len()
            )));
        };
        if let Role::Weight(_) = declared.role {
            return Err(ExecutorError::Weight(format!(
                "`{}` is a weight, shared and fixed",
                declared.name
            )));
        }
        if given > declared.len {
            return Err(ExecutorError::Length {
                buffer: declared.name.clone(),
                len: declared.len,
                given,
            });
        }
        Ok(buffer)
    }
}

impl Executor for GpuExecutor {
    fn as_gpu(&self) -> Option<&Self> {
        Some(self)
    }

    fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    fn write(&mut self, buffer: BufferId, values: &[f32]) -> Result<(), ExecutorError> {
        let target = self.target(buffer, values.len())?;
        let bytes = bytemuck::cast_slice(values);
        self.device
            .checked(|| self.device.queue().write_buffer(target, 0, bytes))
    }

    fn run(&mut self, segments: &[SegmentId]) -> Result<(), ExecutorError> {
        let mut chosen = Vec::with_capacity(segments.len());
        for id in segments {
            chosen.push(self.segments.get(id.0 as usize).ok_or_else(|| {
                ExecutorError::Recording(format!(
                    "there is no segment {}, only {}",
                    id.0,
                    self.segments.len()
                ))
            })?);
        }
        self.device.checked(|| {
            let mut encoder = self
                .device
                .wgpu()
                .create_command_encoder(&Default::default());
            let mut pass: Option<wgpu::ComputePass<'static>> = None;
            let mut current = None;
            for step in chosen.into_iter().flatten() {
                match step {
                    Step::Dispatch {
                        pipeline,
                        group,
                        workgroups: [x, y, z],
                    } => {
                        let pass = pass.get_or_insert_with(|| {
                            current = None;
                            encoder
                                .begin_compute_pass(&Default::default())
                                .forget_lifetime()
                        });
                        if current != Some(pipeline) {
                            pass.set_pipeline(pipeline);
                            current = Some(pipeline);
                        }
                        pass.set_bind_group(0, group, &[]);
                        pass.dispatch_workgroups(*x, *y, *z);
                    }
                    Step::Copy { from, to } => {
                        // Copies are recorded outside of passes.
                        pass = None;
                        encoder.copy_buffer_to_buffer(from, 0, to, 0, None);
                    }
                }
            }
            drop(pass);
            self.device.queue().submit([encoder.finish()]);
        })
    }

    fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), ExecutorError> {
        let source = self.target(buffer, values.len())?.clone();
        let bytes = size_of_val(values) as u64;
        if bytes == 0 {
            return Ok(());
        }
        let device = &self.device;
        let staging = match self.staging.take() {
            Some(staging) if staging.size() >= bytes => staging,
            _ => device.checked(|| {
                device.wgpu().create_buffer(&wgpu::BufferDescriptor {
                    label: Some("read"),
                    size: bytes,
                    usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                })
            })?,
        };
        let (sender, mapped) = mpsc::sync_channel(1);
        let submission = device.checked(|| {
            let mut encoder = device.wgpu().create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(&source, 0, &staging, 0, bytes);
            let submission = device.queue().submit([encoder.finish()]);
            staging.map_async(wgpu::MapMode::Read, ..bytes, move |result| {
                // The receiver is gone if waiting failed.
                let _ = sender.try_send(result);
            });
            submission
        })?;
        device.wait(submission)?;
        let lost = |error: &dyn fmt::Display| {
            ExecutorError::Device(format!(
                "`{}` cannot be read: {error}",
                self.recording.buffers[buffer.0 as usize].name
            ))
        };
        match mapped.try_recv() {
            Ok(result) => result.map_err(|error| lost(&error))?,
            Err(error) => return Err(lost(&error)),
        }
        {
            let view = staging
                .get_mapped_range(..bytes)
                .map_err(|error| lost(&error))?;
            bytemuck::cast_slice_mut::<f32, u8>(values).copy_from_slice(&view);
        }
        staging.unmap();
        self.staging = Some(staging);
        Ok(())
    }
}

impl fmt::Debug for GpuExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuExecutor")
            .field("device", &self.device)
            .field("buffers", &self.buffers.len())
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

/// Makes a buffer of a recording, or says which limit it exceeds.
pub(super) fn create(device: &GpuDevice, buffer: &Buffer) -> Result<wgpu::Buffer, ExecutorError> {
    let limits = device.limits();
    let limit = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size);
    // wgpu binds no empty buffer.
    let size = buffer.bytes().max(4);
    if size > limit {
        return Err(ExecutorError::Device(format!(
            "buffer `{}` needs {size} bytes, {} takes {limit}",
            buffer.name,
            device.name(),
        )));
    }
    device.checked(|| {
        device.wgpu().create_buffer(&wgpu::BufferDescriptor {
            label: Some(&buffer.name),
            size,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    })
}

/// Compiles a dispatch and binds its buffers; nothing if it has no workgroups.
fn prepare(
    device: &GpuDevice,
    dispatch: &Dispatch,
    params: wgpu::BufferBinding<'_>,
    buffers: &[wgpu::Buffer],
) -> Result<Option<Step>, ExecutorError> {
    let name = dispatch.kernel.kernel().name;
    let limit = device.limits().max_compute_workgroups_per_dimension;
    if dispatch.workgroups.iter().any(|&count| count > limit) {
        return Err(ExecutorError::Device(format!(
            "kernel `{name}` needs {:?} workgroups, {} takes {limit} a dimension",
            dispatch.workgroups,
            device.name(),
        )));
    }
    if dispatch.workgroups.contains(&0) {
        return Ok(None);
    }
    let Pipeline { pipeline, layout } = device.pipelines().get(device, dispatch)?;
    let mut entries = Vec::with_capacity(1 + dispatch.bindings.len());
    entries.push(wgpu::BindGroupEntry {
        binding: 0,
        resource: wgpu::BindingResource::Buffer(params),
    });
    entries.extend(
        dispatch
            .bindings
            .iter()
            .zip(1..)
            .map(|(id, binding)| wgpu::BindGroupEntry {
                binding,
                resource: buffers[id.0 as usize].as_entire_binding(),
            }),
    );
    let group = device.checked(|| {
        device.wgpu().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(name),
            layout: &layout,
            entries: &entries,
        })
    })?;
    Ok(Some(Step::Dispatch {
        pipeline,
        group,
        workgroups: dispatch.workgroups,
    }))
}

/// All parameter blocks of a recording in one uniform buffer, and their offsets in the order of
/// the dispatches.
fn upload_params(
    device: &GpuDevice,
    recording: &Recording,
) -> Result<(wgpu::Buffer, Vec<u64>), ExecutorError> {
    let alignment = device.limits().min_uniform_buffer_offset_alignment as usize;
    let mut bytes = Vec::new();
    let mut offsets = Vec::new();
    for segment in &recording.segments {
        for command in &segment.commands {
            if let Command::Dispatch(dispatch) = command {
                offsets.push(bytes.len() as u64);
                bytes.extend_from_slice(&dispatch.params);
                bytes.resize(bytes.len().next_multiple_of(alignment), 0);
            }
        }
    }
    let buffer = device.checked(|| {
        let buffer = device.wgpu().create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size: bytes.len().max(alignment) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        device.queue().write_buffer(&buffer, 0, &bytes);
        buffer
    })?;
    Ok((buffer, offsets))
}
