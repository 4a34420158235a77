//! What a call runs and measures, and what a host needs of the sampler.

use alloc::vec::Vec;
use core::mem::size_of;

use super::{Lowered, refrain_program};
use crate::capi::border::{Checked, fill, guard, input, inputs, output, room};
use crate::capi::library::REFRAIN_NONE;
use crate::capi::object::shared;
use crate::capi::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE};
use crate::capi::sampler::refrain_step;
use crate::capi::scheduler::refrain_decision;
use crate::dit::{Granule, Part};
use crate::kernels::BufferId;
use crate::run::plan::{self, Choice, Plan};
use crate::scheduler::Action;
use crate::text::Named;

/// The buffers of a lane that decides.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_lane_buffers {
    /// In, 8 values: `weights` of the decision, written where the call is skipped or goes into
    /// running sums, before the next segment runs; REFRAIN_NONE if there is none.
    pub weights: u32,
    /// In, 8 values, likewise: `weights` less `low_weights`; REFRAIN_NONE if there is none.
    pub corrections: u32,
}

const _: () = {
    assert!(size_of::<refrain_lane_buffers>() == 2 * 4);
};

impl Lowered {
    fn plan(&self) -> Plan<'_> {
        Plan {
            program: &self.program,
            policy: &self.settings.policy,
            steps: self.settings.steps,
            granules: self.program.granules().count() as u32,
            latents: self.settings.classes.len() * self.model.config().picture_len(),
        }
    }

    pub(super) fn deciders(&self) -> u32 {
        plan::deciders(&self.settings.policy, self.program.lanes)
    }

    /// A part between `begin`, which is part 0, and `end`, which is the last.
    fn part(&self, part: u32) -> Checked<Place<'_>> {
        match part.checked_sub(1) {
            None => Ok(Place::Begin),
            Some(at) => match self.program.parts.get(at as usize) {
                Some(part) => Ok(Place::Between(part)),
                None if at as usize == self.program.parts.len() => Ok(Place::End),
                None => Err(REFRAIN_E_RANGE),
            },
        }
    }
}

/// A part of a call.
enum Place<'a> {
    Begin,
    Between(&'a Part),
    End,
}

/// The buffers of a lane that decides.
///
/// - `program`: shared.
/// - `lane`: in, 0 to `decision_count` - 1.
/// - `buffers_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such lane; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_lane(
    program: *const refrain_program,
    lane: u32,
    buffers_out: *mut refrain_lane_buffers,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, buffers_out) = unsafe { (shared(program)?, output(buffers_out)?) };
        if lane >= lowered.deciders() {
            return Err(REFRAIN_E_RANGE);
        }
        let buffers = &lowered.program.buffers;
        let of = |all: &[BufferId]| all.get(lane as usize).map_or(REFRAIN_NONE, |id| id.0);
        buffers_out.write(refrain_lane_buffers {
            weights: of(&buffers.weights),
            corrections: of(&buffers.corrections),
        });
        Ok(())
    })
}

/// The lane whose decision a part of a call takes: before it runs, a call of that lane is begun if
/// none is open.
///
/// - `program`: shared.
/// - `part`: in, 0 to `part_count` - 1.
/// - `lane_out`: out; REFRAIN_NONE if it takes none.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such part; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_part(
    program: *const refrain_program,
    part: u32,
    lane_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, lane_out) = unsafe { (shared(program)?, output(lane_out)?) };
        let lane = match lowered.part(part)? {
            Place::Between(Part::Granule(Granule { lane, .. }) | Part::Behind { lane, .. }) => {
                plan::decider(&lowered.settings.policy, *lane)
            }
            _ => REFRAIN_NONE,
        };
        lane_out.write(lane);
        Ok(())
    })
}

/// The choice of a decision.
fn choice(decision: &refrain_decision) -> Checked<Choice> {
    Ok(Choice {
        action: Action::from_number(decision.action).ok_or(REFRAIN_E_VALUE)?,
        slot: decision.slot,
    })
}

/// The segments that a part of a call runs. Of a part whose decision `needs` measurements, those that
/// make them instead: run all segments so far, read `sums`, and let refrain_program_values and
/// refrain_scheduler_decide complete the decision.
///
/// - `program`: shared.
/// - `part`: in, 0 to `part_count` - 1.
/// - `step`: in, of the call.
/// - `decisions`: in, `decision_count` decisions, one a lane; those of lanes that were not begun yet
///   are not looked at.
/// - `decision_count`: in, as the program's.
/// - `computed`: in, calls of lane 0 that were computed before, since the run began or the lane was
///   invalidated.
/// - `segments_out`: out, room for `capacity` numbers.
/// - `capacity`: in; 0 only asks for the number. No part has more than 16.
/// - `count_out`: out, segments; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such part or step; REFRAIN_E_VALUE for another
/// number of decisions or an unknown action; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_path(
    program: *const refrain_program,
    part: u32,
    step: u32,
    decisions: *const refrain_decision,
    decision_count: u32,
    computed: u32,
    segments_out: *mut u32,
    capacity: usize,
    count_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, count_out) = unsafe { (shared(program)?, output(count_out)?) };
        // SAFETY: the pointer contract of this module.
        let decisions = unsafe { inputs(decisions, decision_count as usize)? };
        // SAFETY: the pointer contract of this module.
        let segments_out = unsafe { room(segments_out, capacity)? };
        if decision_count != lowered.deciders() {
            return Err(REFRAIN_E_VALUE);
        }
        if step >= lowered.settings.steps {
            return Err(REFRAIN_E_RANGE);
        }
        let plan = lowered.plan();
        let of = |lane: u32| {
            let lane = plan::decider(plan.policy, lane);
            decisions.get(lane as usize).ok_or(REFRAIN_E_RANGE)
        };
        let mut path = Vec::new();
        match lowered.part(part)? {
            Place::Begin => {
                let prepare = step.checked_rem(lowered.program.calls) == Some(0);
                plan.opening(prepare, step, &mut path);
            }
            Place::Between(Part::Always(segment)) => path.push(*segment),
            Place::Between(Part::Granule(granule)) => {
                let decision = of(granule.lane)?;
                if decision.needs > 0 {
                    path.extend(plan.asked(granule));
                } else {
                    plan.granule(granule, choice(decision)?, step, &mut path);
                }
            }
            Place::Between(Part::Behind { lane, segment }) => {
                if !choice(of(*lane)?)?.action.skips() {
                    path.push(*segment);
                }
            }
            Place::End => {
                let mut verified = false;
                for decision in decisions {
                    verified |= choice(decision)?.action == Action::Verify;
                }
                let skips = choice(of(0)?)?.action.skips();
                plan.closing(!skips, verified, computed, &mut path);
            }
        }
        let path: Vec<u32> = path.into_iter().map(|id| id.0).collect();
        fill(segments_out, &path, count_out)
    })
}

/// The measurements of a lane, made of the sums: what refrain_scheduler_decide wants if the decision
/// `needs` them, else what refrain_scheduler_commit wants.
///
/// - `program`: shared.
/// - `decision`: in, of the lane.
/// - `computed`: in, calls of the lane that were computed before, since the run began or the lane was
///   invalidated.
/// - `sums`: in, `sum_count` values read from the buffer `sums`.
/// - `sum_count`: in; what is beyond counts as NaN.
/// - `values_out`: out, room for `capacity` values.
/// - `capacity`: in; 0 only asks for the number, and the sums need not be read if it is 0.
/// - `count_out`: out, values; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such lane; REFRAIN_E_VALUE for an unknown
/// action; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program or a pointer is
/// not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_values(
    program: *const refrain_program,
    decision: *const refrain_decision,
    computed: u32,
    sums: *const f32,
    sum_count: usize,
    values_out: *mut f64,
    capacity: usize,
    count_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, decision) = unsafe { (shared(program)?, input(decision)?) };
        // SAFETY: the pointer contract of this module.
        let (sums, count_out) = unsafe { (inputs(sums, sum_count)?, output(count_out)?) };
        // SAFETY: the pointer contract of this module.
        let values_out = unsafe { room(values_out, capacity)? };
        if decision.lane >= lowered.deciders() {
            return Err(REFRAIN_E_RANGE);
        }
        let plan = lowered.plan();
        let mut values = Vec::new();
        if decision.needs > 0 {
            let aligned = decision.aligned != 0;
            plan.question(sums, decision.lane, aligned, computed, &mut values);
        } else {
            plan.results(
                sums,
                decision.lane,
                choice(decision)?,
                computed,
                &mut values,
            );
        }
        fill(values_out, &values, count_out)
    })
}

/// A step of the sampler.
///
/// - `program`: shared.
/// - `step`: in, 0 to `steps` of the settings - 1.
/// - `step_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such step; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_step(
    program: *const refrain_program,
    step: u32,
    step_out: *mut refrain_step,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, step_out) = unsafe { (shared(program)?, output(step_out)?) };
        let step = lowered.steps.get(step as usize).ok_or(REFRAIN_E_RANGE)?;
        step_out.write(refrain_step::new(step));
        Ok(())
    })
}

/// The matrix that the buffer `filter` holds at a step.
///
/// - `program`: shared.
/// - `step`: in, 0 to `steps` of the settings - 1.
/// - `values_out`: out, room for `capacity` values.
/// - `capacity`: in; 0 only asks for the number.
/// - `count_out`: out, values of the matrix; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_UNSUPPORTED if the program has no such buffer; REFRAIN_E_RANGE if
/// there is no such step; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program
/// or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_filter(
    program: *const refrain_program,
    step: u32,
    values_out: *mut f32,
    capacity: usize,
    count_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, count_out) = unsafe { (shared(program)?, output(count_out)?) };
        // SAFETY: the pointer contract of this module.
        let values_out = unsafe { room(values_out, capacity)? };
        let mut sea = lowered.program.sea.clone().ok_or(REFRAIN_E_UNSUPPORTED)?;
        let step = lowered.steps.get(step as usize).ok_or(REFRAIN_E_RANGE)?;
        let [signal, noise] = lowered.settings.sampler.levels(step.timestep);
        fill(values_out, sea.matrix(signal, noise), count_out)
    })
}
