//! A recording's buffers, and its segments ready to encode.

use alloc::{format, string::ToString, sync::Arc, vec::Vec};
use core::{any::Any, fmt, iter, num::NonZeroU64};
use std::{sync::mpsc, time::Instant};

use super::{
    device::{GpuDevice, MAPPED_WITHIN},
    pipeline::Pipeline,
    weights::GpuWeights,
};
use crate::{
    executor::{Executor, ExecutorError, Progress, Slice},
    kernels::{BufferId, Command, Dispatch, MemoryPlan, Recording, Role, SegmentId},
};

/// Runs one recording on a [`GpuDevice`].
pub struct GpuExecutor {
    pub(super) device: GpuDevice,
    recording: Arc<Recording>,
    /// One for each buffer of the recording; those of one slot are the same.
    pub(super) buffers: Vec<wgpu::Buffer>,
    /// Bytes of everything but the weights and what `read` needs.
    bytes: u64,
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
        /// In bytes.
        first: u64,
        to: wgpu::Buffer,
        bytes: u64,
    },
}

impl GpuExecutor {
    /// Compiles the kernels of `recording` that no earlier recording on this device used, and makes
    /// its buffers, each by itself. They start as zeros. Which kernels it uses follows the device's
    /// [`Tuning`](super::Tuning); measuring takes its time here.
    ///
    /// # Errors
    /// As [`with_plan`](Self::with_plan).
    pub fn new(
        device: &GpuDevice,
        recording: Arc<Recording>,
        weights: &GpuWeights,
    ) -> Result<Self, ExecutorError> {
        let plan = MemoryPlan::apart(&recording);
        Self::with_plan(device, recording, &plan, weights)
    }

    /// The same with buffers in the slots of `plan`.
    ///
    /// # Errors
    /// [`ExecutorError::Recording`] if the recording contradicts itself, or the plan it;
    /// [`ExecutorError::Weight`] if `weights` lacks one of its tensors; [`ExecutorError::Device`] if a buffer exceeds the
    /// device's limits, or a kernel does not compile.
    pub fn with_plan(
        device: &GpuDevice,
        recording: Arc<Recording>,
        plan: &MemoryPlan,
        weights: &GpuWeights,
    ) -> Result<Self, ExecutorError> {
        recording
            .check()
            .and_then(|()| plan.check(&recording))
            .map_err(|error| ExecutorError::Recording(error.to_string()))?;
        let mut made: Vec<Option<wgpu::Buffer>> =
            iter::repeat_n(None, plan.slots().len()).collect();
        let mut buffers = Vec::with_capacity(recording.buffers.len());
        for (buffer, id) in recording.buffers.iter().zip(0..) {
            let slot = plan.slot(BufferId(id));
            buffers.push(match (buffer.role, slot) {
                (Role::Weight(format), _) => weights.find(device, buffer, format)?.clone(),
                (_, None) => create(device, &buffer.name, buffer.bytes())?,
                (_, Some(slot)) => match &made[slot] {
                    Some(shared) => shared.clone(),
                    None => {
                        let new = create(device, &buffer.name, plan.slots()[slot])?;
                        made[slot].insert(new).clone()
                    }
                },
            });
        }

        device.tuner().tune(device, &recording);
        let (params, offsets) = upload_params(device, &recording)?;
        let mut offsets = offsets.into_iter();
        let mut segments = Vec::with_capacity(recording.segments.len());
        for segment in &recording.segments {
            let mut steps = Vec::with_capacity(segment.commands.len());
            for command in &segment.commands {
                match command {
                    Command::Copy { from, first, to } => steps.push(Step::Copy {
                        from: buffers[from.0 as usize].clone(),
                        first: u64::from(*first) * 4,
                        to: buffers[to.0 as usize].clone(),
                        bytes: recording.buffers[to.0 as usize].bytes(),
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
        let slots = made.iter().flatten().map(wgpu::Buffer::size);
        let executor = Self {
            device: device.clone(),
            recording,
            bytes: slots.sum::<u64>() + params.size(),
            buffers,
            segments,
            staging: None,
        };
        executor.warm()?;
        Ok(executor)
    }

    /// Bytes of its buffers and parameters on the device; its weights are shared with others.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
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

    /// Encodes and submits some steps.
    fn submit<'a>(
        &self,
        steps: impl Iterator<Item = &'a Step>,
    ) -> Result<wgpu::SubmissionIndex, ExecutorError> {
        self.device.checked(|| {
            let mut encoder = self
                .device
                .wgpu()
                .create_command_encoder(&Default::default());
            record(steps, &mut encoder);
            self.device.queue().submit([encoder.finish()])
        })
    }

    /// Records segments, in order, into an encoder of the host's, between whatever else it records
    /// there. Nothing runs before the host submits it to the device's queue; what
    /// [`write`](Executor::write) hands over goes before everything submitted later.
    ///
    /// # Errors
    /// [`ExecutorError`] if there is no such segment, or the encoder is of another device or ended.
    pub fn encode(
        &self,
        segments: &[SegmentId],
        encoder: &mut wgpu::CommandEncoder,
    ) -> Result<(), ExecutorError> {
        let steps = self.steps(segments)?;
        self.device.checked(|| record(steps, encoder))
    }

    /// A buffer of the recording on the device, as the host may bind or copy it: its usages are
    /// `STORAGE`, `COPY_SRC` and `COPY_DST`. Weights must not be written.
    #[must_use]
    pub fn buffer(&self, id: BufferId) -> Option<&wgpu::Buffer> {
        self.buffers.get(id.0 as usize)
    }

    /// The steps of segments.
    fn steps<'a>(
        &'a self,
        segments: &'a [SegmentId],
    ) -> Result<impl Iterator<Item = &'a Step> + Clone, ExecutorError> {
        let count = self.segments.len();
        if let Some(wrong) = segments.iter().find(|id| id.0 as usize >= count) {
            return Err(ExecutorError::Recording(format!(
                "there is no segment {}, only {count}",
                wrong.0
            )));
        }
        let chosen = segments.iter().map(|id| &self.segments[id.0 as usize]);
        Ok(chosen.flatten())
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
    fn as_any(&self) -> Option<&dyn Any> {
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

    fn advance(
        &mut self,
        segments: &[SegmentId],
        mut done: usize,
        slice: &mut Slice,
    ) -> Result<Progress, ExecutorError> {
        let steps = self.steps(segments)?;
        let all = steps.clone().count();
        // What nobody waits for is one submission. Else the first is one command.
        let mut most = if slice.left().is_some() {
            1
        } else {
            usize::MAX
        };
        while done < all {
            let started = Instant::now();
            let limit = most.min(all - done);
            let taken = (0..limit).take_while(|_| slice.take()).count();
            if taken == 0 {
                return Ok(Progress::Left(done));
            }
            let submission = self.submit(steps.clone().skip(done).take(taken))?;
            done += taken;
            let Some(left) = slice.left() else {
                continue;
            };
            self.device.wait(submission)?;
            let each = started.elapsed() / u32::try_from(taken).unwrap_or(u32::MAX);
            let fitting = left.as_nanos() / each.as_nanos().max(1);
            let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
            most = fitting.clamp(1, taken.saturating_mul(2));
        }
        Ok(Progress::Done)
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
        // Another thread that polls the device may still be about to say so.
        match mapped.recv_timeout(MAPPED_WITHIN) {
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

/// Records steps.
fn record<'a>(steps: impl Iterator<Item = &'a Step>, encoder: &mut wgpu::CommandEncoder) {
    let mut pass: Option<wgpu::ComputePass<'static>> = None;
    let mut current = None;
    for step in steps {
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
            Step::Copy {
                from,
                first,
                to,
                bytes,
            } => {
                // Copies are recorded outside of passes.
                pass = None;
                encoder.copy_buffer_to_buffer(from, *first, to, 0, *bytes);
            }
        }
    }
}

/// Makes a buffer, or says which limit it exceeds.
pub(super) fn create(
    device: &GpuDevice,
    name: &str,
    bytes: u64,
) -> Result<wgpu::Buffer, ExecutorError> {
    let limits = device.limits();
    let limit = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size);
    // wgpu binds no empty buffer.
    let size = bytes.max(4);
    if size > limit {
        return Err(ExecutorError::Device(format!(
            "buffer `{name}` needs {size} bytes, {} takes {limit}",
            device.name(),
        )));
    }
    device.checked(|| {
        device.wgpu().create_buffer(&wgpu::BufferDescriptor {
            label: Some(name),
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
    let chosen = device.tuner().choose(device, dispatch);
    let variant = chosen.map(|(variant, _)| variant);
    let workgroups = chosen.map_or(dispatch.workgroups, |(_, workgroups)| workgroups);
    let Pipeline { pipeline, layout } = device.pipelines().get(device, dispatch, variant)?;
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
        workgroups,
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
