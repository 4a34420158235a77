//! A sampling run that is decided on the device: many calls in one submission.
//!
//! ```text
//! a call:  before …  decide  gate  [after …]  advance
//! ```
//!
//! What may be left out is dispatched indirectly, with workgroups that `gate` writes. Copies are a
//! kernel here, so that one compute pass takes all.

use alloc::{format, vec, vec::Vec};
use core::{borrow::Borrow, fmt};
use std::collections::{HashMap, HashSet};

use super::{
    decide::{Decided, STORAGE, control, decided, group, take_over, upload, words_of},
    device::GpuDevice,
    executor::{GpuExecutor, Step},
};
use crate::{
    decide::{
        ADVANCE, AdvanceParams, COPY, CallRow, DECIDE, DecideParams, GATE, TRACE_WORDS,
        policy_words,
    },
    executor::ExecutorError,
    kernels::{BufferId, SegmentId, params::elementwise_workgroups},
    policy::Policy,
    predict::MAX_ANCHORS,
    scheduler::{Lane, Scheduler},
};

/// A segment that runs if the decision has one of these facts; always, without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gated {
    pub(crate) segment: SegmentId,
    pub(crate) facts: Option<u32>,
}

/// The segments of one call: those before its decision, and those behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallPath {
    pub(crate) before: Vec<SegmentId>,
    pub(crate) after: Vec<Gated>,
}

/// What a run is made of.
pub(crate) struct RunPlan<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) params: DecideParams,
    /// One a call, as are paths and steps.
    pub(crate) rows: Vec<CallRow>,
    pub(crate) paths: Vec<CallPath>,
    /// The shares of latent and prediction.
    pub(crate) steps: Vec<[f32; 2]>,
    pub(crate) advance: AdvanceParams,
    pub(crate) x: BufferId,
    pub(crate) prediction: BufferId,
    pub(crate) sums: Option<BufferId>,
    pub(crate) weights: Option<BufferId>,
    pub(crate) corrections: Option<BufferId>,
}

/// What came back from the device.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) calls: Vec<Decided>,
    /// The latents of all pictures.
    pub(crate) latents: Vec<f32>,
}

#[derive(Clone)]
struct Prepared {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    workgroups: [u32; 3],
}

/// A run on the device. Everything it needs is made at its start.
pub(crate) struct DecidedRun {
    device: GpuDevice,
    /// Of the segments that any call may run.
    segments: HashMap<SegmentId, Vec<Prepared>>,
    paths: Vec<CallPath>,
    /// Where the arguments of a gated segment begin, in dispatches.
    entries: HashMap<(SegmentId, u32), u64>,
    arguments: wgpu::Buffer,
    decide: Prepared,
    gate: Prepared,
    advance: Prepared,
    control: wgpu::Buffer,
    trace: wgpu::Buffer,
    x: wgpu::Buffer,
    latents: usize,
    /// Lanes of control, in bytes.
    control_bytes: u64,
}

impl DecidedRun {
    /// Compiles the kernels of decisions, and prepares a run of `scheduler`.
    pub(crate) fn new<L, P>(
        executor: &GpuExecutor,
        plan: RunPlan<'_>,
        scheduler: &Scheduler<L, P>,
    ) -> Result<Self, ExecutorError>
    where
        L: AsRef<[Lane]>,
        P: Borrow<Policy>,
    {
        let device = &executor.device;
        let calls = plan.rows.len();
        let bind = |pipeline: wgpu::ComputePipeline, workgroups, buffers: &[&wgpu::Buffer]| {
            let group = device.checked(|| group(device.wgpu(), &pipeline, buffers))?;
            Ok(Prepared {
                pipeline,
                group,
                workgroups,
            })
        };
        let find = |id: BufferId| {
            let buffer = executor.buffers.get(id.0 as usize);
            buffer
                .cloned()
                .ok_or_else(|| ExecutorError::Recording(format!("there is no buffer {}", id.0)))
        };
        let small = |id: Option<BufferId>| match id {
            Some(id) => find(id),
            None => upload(device, &[0; 4 * MAX_ANCHORS], STORAGE),
        };

        let lanes = words_of(&control(scheduler, 0, 0, 0)).to_vec();
        let control = upload(device, &lanes, STORAGE)?;
        let trace = upload(device, &vec![0; 4 * TRACE_WORDS * calls.max(1)], STORAGE)?;
        let rows = upload(device, bytemuck::cast_slice(&plan.rows), STORAGE)?;
        let policy = upload(device, words_of(policy_words(plan.policy)), STORAGE)?;
        let uniform = wgpu::BufferUsages::UNIFORM;
        let params = upload(device, bytemuck::bytes_of(&plan.params), uniform)?;
        let (sums, weights, corrections) = (
            small(plan.sums)?,
            small(plan.weights)?,
            small(plan.corrections)?,
        );
        let bound = [
            &params,
            &policy,
            &rows,
            &sums,
            &control,
            &trace,
            &weights,
            &corrections,
        ];
        let decide = bind(device.own("decide", DECIDE)?, [1; 3], &bound)?;

        let copy = device.own("copy", COPY)?;
        let mut segments = HashMap::new();
        let used: HashSet<SegmentId> = plan
            .paths
            .iter()
            .flat_map(|path| {
                let after = path.after.iter().map(|gated| gated.segment);
                path.before.iter().copied().chain(after)
            })
            .collect();
        for id in used {
            let steps = executor
                .segments
                .get(id.0 as usize)
                .ok_or_else(|| ExecutorError::Recording(format!("there is no segment {}", id.0)))?;
            let prepared = steps.iter().map(|step| match step {
                Step::Dispatch {
                    pipeline,
                    group,
                    workgroups,
                } => Ok(Prepared {
                    pipeline: pipeline.clone(),
                    group: group.clone(),
                    workgroups: *workgroups,
                }),
                Step::Copy {
                    from,
                    first,
                    to,
                    bytes,
                } => {
                    // No buffer has more elements.
                    let [first, len] = [first, bytes].map(|bytes| (bytes / 4) as u32);
                    let params = bytemuck::bytes_of(&[first, len, 0, 0]).to_vec();
                    let params = upload(device, &params, uniform)?;
                    bind(
                        copy.clone(),
                        elementwise_workgroups(len),
                        &[&params, from, to],
                    )
                }
            });
            segments.insert(id, prepared.collect::<Result<Vec<_>, ExecutorError>>()?);
        }

        let mut entries = HashMap::new();
        let mut table: Vec<[u32; 4]> = Vec::new();
        for gated in plan.paths.iter().flat_map(|path| &path.after) {
            let Some(facts) = gated.facts else { continue };
            entries.entry((gated.segment, facts)).or_insert_with(|| {
                let first = table.len() as u64;
                let steps = segments.get(&gated.segment).map_or(&[][..], Vec::as_slice);
                table.extend(steps.iter().map(|step| {
                    let [x, y, z] = step.workgroups;
                    [facts, x, y, z]
                }));
                first
            });
        }
        // wgpu binds no empty buffer.
        table.resize(table.len().max(1), [0; 4]);
        let gates = upload(device, bytemuck::cast_slice(&table), STORAGE)?;
        let arguments = upload(
            device,
            &vec![0; 12 * table.len()],
            STORAGE | wgpu::BufferUsages::INDIRECT,
        )?;
        let groups = (table.len() as u32).div_ceil(64);
        let gate = bind(
            device.own("gate", GATE)?,
            [groups, 1, 1],
            &[&control, &gates, &arguments],
        )?;

        let steps = upload(device, bytemuck::cast_slice(&plan.steps), STORAGE)?;
        let params = upload(device, bytemuck::bytes_of(&plan.advance), uniform)?;
        let x = find(plan.x)?;
        let prediction = find(plan.prediction)?;
        let advance = bind(
            device.own("advance", ADVANCE)?,
            elementwise_workgroups(plan.advance.latents),
            &[&params, &control, &steps, &prediction, &x],
        )?;
        let run = Self {
            device: device.clone(),
            segments,
            paths: plan.paths,
            entries,
            arguments,
            decide,
            gate,
            advance,
            control_bytes: lanes.len() as u64,
            control,
            trace,
            x,
            latents: plan.advance.latents as usize,
        };
        run.warm()?;
        Ok(run)
    }

    /// Dispatches each of the run's own kernels without workgroups, as the executor does its own.
    fn warm(&self) -> Result<(), ExecutorError> {
        let own = [&self.decide, &self.gate, &self.advance];
        let submission = self.device.checked(|| {
            let mut encoder = self
                .device
                .wgpu()
                .create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for prepared in own.into_iter().chain(self.segments.values().flatten()) {
                pass.set_pipeline(&prepared.pipeline);
                pass.set_bind_group(0, &prepared.group, &[]);
                pass.dispatch_workgroups(0, 0, 0);
            }
            drop(pass);
            self.device.queue().submit([encoder.finish()])
        })?;
        self.device.wait(submission)
    }

    /// Makes the calls `from..to` in one submission, from the state of `scheduler` on, of which
    /// `tracked` calls were computed, and waits once. `x` holds the input of the first of
    /// them, and all are prepared.
    pub(crate) fn make<L, P>(
        &self,
        scheduler: &mut Scheduler<L, P>,
        calls: core::ops::Range<usize>,
        tracked: u32,
    ) -> Result<Made, ExecutorError>
    where
        L: AsRef<[Lane]> + AsMut<[Lane]>,
        P: Borrow<Policy>,
    {
        let device = &self.device;
        let state = control(scheduler, calls.start as u32, calls.end as u32, tracked);
        device.checked(|| {
            device
                .queue()
                .write_buffer(&self.control, 0, words_of(&state));
            let mut encoder = device.wgpu().create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for path in self.paths.get(calls.clone()).unwrap_or(&[]) {
                self.encode(&mut pass, path);
            }
            // Commits the last call.
            run(&mut pass, &self.decide);
            drop(pass);
            device.queue().submit([encoder.finish()]);
        })?;
        let [control, trace, x] = device.read_words([&self.control, &self.trace, &self.x])?;
        debug_assert_eq!(4 * control.len() as u64, self.control_bytes);
        take_over(scheduler, &control)?;
        let made = trace
            .chunks_exact(TRACE_WORDS)
            .skip(calls.start)
            .take(calls.len());
        Ok(Made {
            calls: made.map(decided).collect::<Result<_, _>>()?,
            latents: x
                .iter()
                .take(self.latents)
                .map(|word| f32::from_bits(*word))
                .collect(),
        })
    }

    fn encode(&self, pass: &mut wgpu::ComputePass<'_>, path: &CallPath) {
        let of = |id: &SegmentId| self.segments.get(id).map_or(&[][..], Vec::as_slice);
        for prepared in path.before.iter().flat_map(of) {
            run(pass, prepared);
        }
        run(pass, &self.decide);
        run(pass, &self.gate);
        for gated in &path.after {
            let entry = gated.facts.map(|facts| (gated.segment, facts));
            let first = entry.and_then(|entry| self.entries.get(&entry));
            for (prepared, index) in of(&gated.segment).iter().zip(0..) {
                match first {
                    None => run(pass, prepared),
                    Some(first) => {
                        pass.set_pipeline(&prepared.pipeline);
                        pass.set_bind_group(0, &prepared.group, &[]);
                        pass.dispatch_workgroups_indirect(&self.arguments, 12 * (first + index));
                    }
                }
            }
        }
        run(pass, &self.advance);
    }
}

fn run(pass: &mut wgpu::ComputePass<'_>, prepared: &Prepared) {
    let [x, y, z] = prepared.workgroups;
    pass.set_pipeline(&prepared.pipeline);
    pass.set_bind_group(0, &prepared.group, &[]);
    pass.dispatch_workgroups(x, y, z);
}

impl fmt::Debug for DecidedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecidedRun")
            .field("device", &self.device)
            .field("calls", &self.paths.len())
            .finish_non_exhaustive()
    }
}
