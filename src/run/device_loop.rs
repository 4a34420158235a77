//! Runs that are decided on the device.

use alloc::{format, vec::Vec};
use core::any::Any;

use super::{call::Caller, error::RunError};
use crate::{
    decide::{AdvanceParams, CallRow, DecideParams, NONE, device_support, fact, facts},
    dit::{Granule, Part, Stage},
    gpu::{CallPath, Decided, DecidedRun, Gated, RunPlan},
    kernels::SegmentId,
    policy::{GaugeKind, Policy},
    sampler::Step,
    signal::Reference,
    timeline::{Call, Timeline},
};

/// Shapes of a run that its device must know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) latents: usize,
    pub(super) picture_len: usize,
    pub(super) output_len: usize,
}

/// A run that is decided on the device, some calls a submission.
#[derive(Debug)]
pub(super) struct DeviceLoop {
    run: DecidedRun,
    /// The segments of every call.
    paths: Vec<CallPath>,
    /// Calls of a submission.
    calls: usize,
}

impl DeviceLoop {
    /// Prepares what is left of a run.
    pub(super) fn new(
        caller: &Caller,
        steps: &[Step],
        shape: Shape,
        calls: u32,
    ) -> Result<Self, RunError> {
        let (program, scheduler) = (&caller.program, &caller.scheduler);
        let (policy, timeline) = (scheduler.policy(), scheduler.timeline());
        supported(policy, program.lanes)?;
        let executor = caller.executor.as_any().and_then(<dyn Any>::downcast_ref);
        let Some(executor) = executor else {
            return Err(RunError::setting(
                "decide",
                "device",
                "only a GPU decides; choose the backend `gpu`, or decide on the host (`--decide host`)",
            ));
        };
        let rows = steps.iter().zip(0..).map(|(step, number)| {
            let call = Call {
                time: step.timestep.into(),
                ..Call::new(number)
            };
            CallRow::new(policy, timeline, call)
        });
        let paths: Vec<_> = (0..timeline.steps)
            .map(|step| path(caller, policy, timeline, step))
            .collect();
        let plan = RunPlan {
            policy,
            params: DecideParams {
                scripted: 0,
                signals: program.pairs.signals,
                each: program.pairs.each,
                signal_len: program.pairs.signal_len,
                alignment: program.pairs.alignment.unwrap_or(NONE),
                rate: program.pairs.rate.unwrap_or(NONE),
                verify: program.pairs.verify.unwrap_or(NONE),
                verify_len: program.pairs.verify_len,
                latents: shape.latents as u32,
                band: u32::from(!program.buffers.corrections.is_empty()),
                ..DecideParams::scripted(policy, timeline)
            },
            rows: rows.collect(),
            paths: paths.clone(),
            steps: steps.iter().map(|step| [step.keep, step.add]).collect(),
            advance: AdvanceParams {
                latents: shape.latents as u32,
                picture_len: shape.picture_len as u32,
                output_len: shape.output_len as u32,
                copies: program.rows / (shape.latents / shape.picture_len).max(1) as u32,
                zero: 0,
                pad: [0; 3],
            },
            x: program.buffers.x,
            prediction: program.buffers.guided.unwrap_or(program.buffers.output),
            sums: program.buffers.sums,
            weights: program.buffers.weights.first().copied(),
            corrections: program.buffers.corrections.first().copied(),
        };
        Ok(Self {
            run: DecidedRun::new(executor, plan, scheduler)?,
            paths,
            calls: match calls {
                0 => usize::MAX,
                calls => calls as usize,
            },
        })
    }

    /// Makes the next calls, one submission of them, on the input that was written. Gives what was
    /// decided; the latents are those behind the last of them.
    pub(super) fn advance(
        &self,
        caller: &mut Caller,
        made: usize,
        latents: &mut [f32],
    ) -> Result<Vec<Decided>, RunError> {
        // Modulations are made for so many calls at once.
        let together = (caller.program.calls as usize).max(1);
        let prepared = (made / together + 1).saturating_mul(together);
        let end = made.saturating_add(self.calls).min(prepared);
        let end = end.min(self.paths.len());
        if let Err(error) = caller.prepare() {
            caller.forget();
            return Err(error);
        }
        let tracked = caller.tracked();
        let done = match self.run.make(&mut caller.scheduler, made..end, tracked) {
            Ok(done) => done,
            Err(error) => {
                caller.forget();
                return Err(error.into());
            }
        };
        for (to, value) in latents.iter_mut().zip(done.latents) {
            *to = value;
        }
        let paths = self.paths.get(made..end).unwrap_or(&[]);
        for (path, decided) in paths.iter().zip(&done.calls) {
            let event = &decided.event;
            let found = facts(event.action, event.slot, caller.tracked() > 0);
            caller.count(path.before.iter().copied());
            let after = path.after.iter();
            let ran = after.filter(|gated| gated.facts.is_none_or(|facts| facts & found != 0));
            caller.count(ran.map(|gated| gated.segment));
            if !event.action.skips() {
                caller.track(0);
            }
        }
        Ok(done.calls)
    }
}

/// Whether a run of that policy, with so many lanes that decide, is decided on the device.
pub(super) fn supported(policy: &Policy, lanes: u32) -> Result<(), RunError> {
    if lanes != 1 {
        return Err(RunError::setting(
            "decide",
            "device",
            format!(
                "policy key `site`: {} has {lanes} lanes that decide, and a run on the device has one; \
                 decide on the host (`--decide host`)",
                policy.site.kind
            ),
        ));
    }
    device_support(policy, lanes).map_err(|why| {
        RunError::setting(
            "decide",
            "device",
            format!("policy key `{}`: {why} (`--decide host`)", why.key),
        )
    })
}

/// The segments of the call at a step, as [`Caller`] would run them.
fn path(caller: &Caller, policy: &Policy, timeline: Timeline, step: u32) -> CallPath {
    let segments = &caller.program.segments;
    let mut path = CallPath::default();
    let at = step.checked_rem(caller.program.calls).unwrap_or(0);
    path.before.extend(caller.program.at.get(at as usize));
    path.before.push(segments.begin);
    let mut decided = false;
    let previous = policy.gauge.reference == Reference::Previous;
    let rear = policy.site.rear_at(step, timeline.steps);
    let asks = policy.gauge.kind == GaugeKind::Signal;
    for part in caller.parts.iter() {
        match part {
            Part::Always(segment) if !decided => path.before.push(*segment),
            Part::Always(segment) => path.after.push(always(*segment)),
            Part::Granule(granule) => {
                if !decided && asks {
                    path.before.extend(granule.measure.or(segments.measure));
                }
                decided = true;
                granule_path(&mut path.after, granule, previous, rear);
            }
            Part::Behind { segment, .. } => path.after.push(when(*segment, fact::COMPUTE)),
        }
    }
    let after = &mut path.after;
    let tracked = |segment| match previous {
        true => always(segment),
        false => when(segment, fact::COMPUTE),
    };
    after.extend(segments.verify.map(|segment| when(segment, fact::VERIFY)));
    after.push(always(segments.end));
    if policy.gauge.kind == GaugeKind::Late {
        after.extend(segments.measure.map(|segment| when(segment, fact::COMPUTE)));
    }
    after.extend(segments.track.map(tracked));
    after.extend(
        segments
            .track_probe
            .map(|segment| when(segment, fact::COMPUTE)),
    );
    after.extend(segments.rate.map(|segment| when(segment, fact::RATE)));
    after.extend(
        segments
            .track_rate
            .map(|segment| when(segment, fact::COMPUTE)),
    );
    path
}

fn granule_path(after: &mut Vec<Gated>, granule: &Granule, previous: bool, rear: bool) {
    after.extend(granule.track.map(|segment| match previous {
        true => always(segment),
        false => when(segment, fact::COMPUTE),
    }));
    // With the site `stage`, a skipped call leaves only one of the granules out.
    let stays = match granule.stage {
        None => false,
        Some(Stage::Front) => rear,
        Some(Stage::Rear) => !rear,
    };
    if stays {
        after.push(always(granule.compute));
    } else {
        after.push(when(granule.compute, fact::COMPUTE));
        after.extend(granule.predict.map(|segment| when(segment, fact::SKIP)));
    }
    for (segment, slot) in granule.keep.iter().zip(0..) {
        let forecast = if stays { fact::keep_forecast(slot) } else { 0 };
        after.push(when(*segment, fact::keep(slot) | forecast));
    }
    after.extend(granule.set.map(|segment| when(segment, fact::SET)));
    after.extend(granule.add.map(|segment| when(segment, fact::ADD)));
    after.extend(granule.pass.map(|segment| {
        let forecast = if stays { fact::FORECAST_NOT_KEPT } else { 0 };
        when(segment, fact::NOT_KEPT | forecast)
    }));
    if !stays {
        let slots = granule.keep_forecast.iter().zip(0..);
        after.extend(slots.map(|(segment, slot)| when(*segment, fact::keep_forecast(slot))));
    }
}

const fn always(segment: SegmentId) -> Gated {
    Gated {
        segment,
        facts: None,
    }
}

const fn when(segment: SegmentId, facts: u32) -> Gated {
    Gated {
        segment,
        facts: Some(facts),
    }
}
