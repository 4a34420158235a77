//! The scheduler on the device, by itself: scripted runs, for tests and for replaying a run.

use alloc::{format, string::ToString, vec, vec::Vec};
use core::{borrow::Borrow, fmt, mem::size_of};

use super::device::GpuDevice;
use crate::{
    decide::{
        CONTROL_WORDS, CallRow, DECIDE, DecideParams, TRACE_WORDS, device_support, policy_words,
    },
    executor::ExecutorError,
    policy::Policy,
    predict::MAX_ANCHORS,
    scheduler::{Action, Event, LANE_BYTES, Lane, Reason, SAVED_HEADER_BYTES, Scheduler, seal},
    text::Named,
    timeline::Call,
};

/// A call of a scripted run, with what would be measured. NaN stands for what is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScriptedCall {
    /// The call.
    pub call: Call,
    /// The signal.
    pub signal: f64,
    /// The factor of an aligned prediction.
    pub factor: f64,
    /// Rate or late signal, if it is computed.
    pub measured: f64,
    /// Error of the forecast, if it is verified.
    pub error: f64,
}

/// What the device decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decided {
    /// The event of the committed call.
    pub event: Event,
    /// The decision's weights.
    pub weights: [f32; MAX_ANCHORS],
    /// Its weights of the low band.
    pub low_weights: [f32; MAX_ANCHORS],
}

/// The decision kernel, for runs whose measured values are given.
pub struct GpuScheduler {
    device: GpuDevice,
    pipeline: wgpu::ComputePipeline,
}

impl GpuScheduler {
    /// Compiles the decision kernel.
    ///
    /// # Errors
    /// [`ExecutorError::Device`] if the device refuses it.
    pub fn new(device: &GpuDevice) -> Result<Self, ExecutorError> {
        Self::with_source(device, DECIDE)
    }

    /// The same with another text of the kernel, to see that a fault in it is noticed.
    #[doc(hidden)]
    pub fn with_source(device: &GpuDevice, source: &str) -> Result<Self, ExecutorError> {
        Ok(Self {
            device: device.clone(),
            pipeline: device.checked(|| compile(device.wgpu(), "decide", source))?,
        })
    }

    /// Makes calls in one submission, from the state of a scheduler on, and leaves the scheduler in the
    /// state behind them.
    ///
    /// # Errors
    /// [`ExecutorError::Recording`] if the policy is none that [`device_support`] knows;
    /// [`ExecutorError::Device`] if the device fails, or gives what no scheduler does. The scheduler is
    /// then as it was.
    pub fn run<L, P>(
        &self,
        scheduler: &mut Scheduler<L, P>,
        calls: &[ScriptedCall],
    ) -> Result<Vec<Decided>, ExecutorError>
    where
        L: AsRef<[Lane]> + AsMut<[Lane]>,
        P: Borrow<Policy>,
    {
        let device = &self.device;
        let (policy, timeline) = (*scheduler.policy(), scheduler.timeline());
        let lanes = scheduler.lanes().len() as u32;
        device_support(&policy, lanes)
            .map_err(|error| ExecutorError::Recording(error.to_string()))?;
        let rows: Vec<CallRow> = calls
            .iter()
            .map(|scripted| CallRow {
                signal: scripted.signal,
                factor: scripted.factor,
                measured: scripted.measured,
                error: scripted.error,
                ..CallRow::new(&policy, timeline, scripted.call)
            })
            .collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let control = control(scheduler, 0, rows.len() as u32, 0);
        let control = upload(device, words_of(&control), STORAGE)?;
        let rows_buffer = upload(device, bytemuck::cast_slice(&rows), STORAGE)?;
        let trace = upload(device, &vec![0; 4 * TRACE_WORDS * rows.len()], STORAGE)?;
        let params = DecideParams::scripted(&policy, timeline);
        let params = bytemuck::bytes_of(&params);
        let params = upload(device, params, wgpu::BufferUsages::UNIFORM)?;
        let policy = upload(device, words_of(policy_words(&policy)), STORAGE)?;
        let sums = upload(device, &[0; 4], STORAGE)?;
        let weights = upload(device, &[0; 4 * MAX_ANCHORS], STORAGE)?;
        let corrections = upload(device, &[0; 4 * MAX_ANCHORS], STORAGE)?;
        let bound = [
            &params,
            &policy,
            &rows_buffer,
            &sums,
            &control,
            &trace,
            &weights,
            &corrections,
        ];
        let group = device.checked(|| group(device.wgpu(), &self.pipeline, &bound))?;
        device.checked(|| {
            let mut encoder = device.wgpu().create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &group, &[]);
            for _ in 0..=rows.len() {
                pass.dispatch_workgroups(1, 1, 1);
            }
            drop(pass);
            device.queue().submit([encoder.finish()]);
        })?;
        let [control, trace] = device.read_words([&control, &trace])?;
        take_over(scheduler, &control)?;
        trace.chunks_exact(TRACE_WORDS).map(decided).collect()
    }
}

impl fmt::Debug for GpuScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuScheduler")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

pub(super) const STORAGE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE
    .union(wgpu::BufferUsages::COPY_SRC)
    .union(wgpu::BufferUsages::COPY_DST);

pub(super) fn words_of(words: &[u32]) -> &[u8] {
    bytemuck::cast_slice(words)
}

/// The words of control: where to begin and end, and the lanes of a scheduler.
pub(super) fn control<L, P>(
    scheduler: &Scheduler<L, P>,
    cursor: u32,
    limit: u32,
    tracked: u32,
) -> Vec<u32>
where
    L: AsRef<[Lane]>,
    P: Borrow<Policy>,
{
    let mut saved = vec![0; scheduler.saved_bytes()];
    // As long as it says it is.
    let _ = scheduler.save(&mut saved);
    let mut control = vec![0; CONTROL_WORDS];
    control[..4].copy_from_slice(&[cursor, limit, 0, tracked]);
    let lanes = saved.get(SAVED_HEADER_BYTES..).unwrap_or(&[]);
    control.extend(
        lanes
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word)),
    );
    control
}

/// Puts the lanes of control into a scheduler.
pub(super) fn take_over<L, P>(
    scheduler: &mut Scheduler<L, P>,
    control: &[u32],
) -> Result<(), ExecutorError>
where
    L: AsRef<[Lane]> + AsMut<[Lane]>,
    P: Borrow<Policy>,
{
    let mut saved = vec![0; scheduler.saved_bytes()];
    let _ = scheduler.save(&mut saved);
    saved.truncate(SAVED_HEADER_BYTES);
    let lanes = control.get(CONTROL_WORDS..).unwrap_or(&[]);
    let lanes = lanes.get(..scheduler.lanes().len() * LANE_BYTES / 4);
    saved.extend(
        lanes
            .unwrap_or(&[])
            .iter()
            .flat_map(|word| word.to_le_bytes()),
    );
    seal(&mut saved);
    scheduler
        .restore(&saved)
        .map_err(|error| ExecutorError::Device(format!("the state it left: {error}")))
}

/// A call of the trace.
pub(super) fn decided(words: &[u32]) -> Result<Decided, ExecutorError> {
    const { assert!(size_of::<Event>() == 4 * 12) };
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let double = |at| f64::from_bits(u64::from(word(at)) | u64::from(word(at + 1)) << 32);
    let weights = |from: usize| {
        let mut weights = [0.0; MAX_ANCHORS];
        for (weight, at) in weights.iter_mut().zip(from..) {
            *weight = f32::from_bits(word(at));
        }
        weights
    };
    let (Some(action), Some(reason)) = (Action::from_number(word(4)), Reason::from_number(word(5)))
    else {
        return Err(ExecutorError::Device(format!(
            "it decided action {} for reason {}, which there are not",
            word(4),
            word(5)
        )));
    };
    Ok(Decided {
        event: Event {
            call: word(0),
            step: word(1),
            evaluation: word(2),
            lane: word(3),
            action,
            reason,
            order: word(6),
            slot: word(7),
            signal: double(8),
            spent: double(10),
        },
        weights: weights(12),
        low_weights: weights(12 + MAX_ANCHORS),
    })
}

pub(super) fn upload(
    device: &GpuDevice,
    bytes: &[u8],
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer, ExecutorError> {
    device.checked(|| {
        let buffer = device.wgpu().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes.len() as u64,
            usage: usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        device.queue().write_buffer(&buffer, 0, bytes);
        buffer
    })
}

/// A kernel whose layout is that of its text. Its indices come from the host's own words: it keeps the
/// run-time checks.
pub(super) fn compile(device: &wgpu::Device, label: &str, source: &str) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(label),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(label),
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}

pub(super) fn group(
    device: &wgpu::Device,
    pipeline: &wgpu::ComputePipeline,
    buffers: &[&wgpu::Buffer],
) -> wgpu::BindGroup {
    let entries: Vec<_> = buffers
        .iter()
        .zip(0..)
        .map(|(buffer, binding)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}
