//! Which blocks and modules a policy leaves out.

use super::super::library::REFRAIN_NONE;
use super::super::numbers::refrain_unit;
use super::super::refrain_status::{REFRAIN_E_RANGE, REFRAIN_E_VALUE};
use super::{Checked, guard, output, read_quietly, refrain_policy, refrain_status};
use crate::capi::border::input;
use crate::policy::{At, Place, Policy, Unit};
use crate::text::Named;

/// A part of a network that an engine runs as one, and when.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_at {
    /// What kind of part: a block, or the attention or the MLP of a block.
    pub unit: refrain_unit,
    /// The block, 0 to `depth` - 1.
    pub block: u32,
    /// Blocks of the network.
    pub depth: u32,
    /// The step, 0 to `steps` - 1.
    pub step: u32,
    /// Steps of the run.
    pub steps: u32,
}

/// Where such a part stands. A granule is what is kept, skipped and filled in as one; every granule has
/// a ring of anchors of its own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_place {
    /// The granule, or REFRAIN_NONE: it is run on every call, and nothing of it is kept.
    pub granule: u32,
    /// The lane whose decision it takes.
    pub lane: u32,
    /// 1 if a call that is not computed leaves it out, else 0: with REFRAIN_SITE_KIND_STAGE not at every
    /// step.
    pub left_out: u32,
    /// 1 if its input is that of the granule: what REFRAIN_KEEP_RESIDUAL is taken from and added to.
    /// With REFRAIN_SITE_KIND_MODEL that is the latent, and of no block.
    pub first: u32,
    /// 1 if its output is that of the granule: what is kept, and what the stand-in takes the place of.
    /// With REFRAIN_SITE_KIND_MODEL that is the prediction, and of no block.
    pub last: u32,
}

const _: () = {
    assert!(size_of::<refrain_at>() == 5 * 4);
    assert!(size_of::<refrain_place>() == 5 * 4);
};

/// sizeof(refrain_policy) as the library has it, for languages that do not read this header: there a
/// policy is so many bytes, aligned to 8, of which the first four are `struct_size`.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_policy_size() -> usize {
    size_of::<refrain_policy>()
}

/// Lanes that a run takes: what refrain_scheduler_init is to be given.
///
/// - `policy`: in.
/// - `depth`: in, blocks of the network, 1 or more.
/// - `steps`: in, steps of the run, 1 or more.
/// - `lanes_out`: out: 1, one for every block, or one a column of the mask. A scheduler takes no more
///   than REFRAIN_MAX_LANES.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if `depth` or `steps` is 0; REFRAIN_E_NULL;
/// REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as `refrain_policy_check`;
/// REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_lanes(
    policy: *const refrain_policy,
    depth: u32,
    steps: u32,
    lanes_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, lanes_out) = unsafe { (read_quietly(policy)?, output(lanes_out)?) };
        if depth == 0 || steps == 0 {
            return Err(REFRAIN_E_RANGE);
        }
        lanes_out.write(policy.lanes(depth, steps));
        Ok(())
    })
}

/// Granules of the site: rings of anchors that a host keeps.
///
/// - `policy`: in.
/// - `depth`: in, blocks of the network, 1 or more.
/// - `granules_out`: out: 1, 2 with REFRAIN_SITE_KIND_STAGE, or one for every block or module.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if `depth` is 0; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE,
/// REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is
/// not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_granules(
    policy: *const refrain_policy,
    depth: u32,
    granules_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, granules_out) = unsafe { (read_quietly(policy)?, output(granules_out)?) };
        if depth == 0 {
            return Err(REFRAIN_E_RANGE);
        }
        granules_out.write(policy.granules(depth));
        Ok(())
    })
}

/// Where a block or a module stands in the site: what an engine asks before it runs each of them. Of a
/// site of modules ask for the modules, of any other for blocks or, all the same, for their modules.
///
/// - `policy`: in.
/// - `at`: in.
/// - `place_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE for an unknown unit; REFRAIN_E_RANGE if there is no such block or
/// step; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as
/// `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned. The policy is checked each time,
/// which takes about a microsecond: ask once a run for every block, not once a call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_place(
    policy: *const refrain_policy,
    at: *const refrain_at,
    place_out: *mut refrain_place,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, at) = unsafe { (read_quietly(policy)?, input(at)?) };
        // SAFETY: the pointer contract of this module.
        let place_out = unsafe { output(place_out)? };
        place_out.write(place(&policy, at)?);
        Ok(())
    })
}

fn place(policy: &Policy, at: &refrain_at) -> Checked<refrain_place> {
    let &refrain_at {
        unit,
        block,
        depth,
        step,
        steps,
    } = at;
    let unit = Unit::from_number(unit).ok_or(REFRAIN_E_VALUE)?;
    if block >= depth || step >= steps {
        return Err(REFRAIN_E_RANGE);
    }
    let place = policy.place(At {
        unit,
        block,
        depth,
        step,
        steps,
    });
    Ok(place.map_or(
        refrain_place {
            granule: REFRAIN_NONE,
            lane: 0,
            left_out: 0,
            first: 0,
            last: 0,
        },
        |place: Place| refrain_place {
            granule: place.granule,
            lane: place.lane,
            left_out: place.left_out.into(),
            first: place.first.into(),
            last: place.last.into(),
        },
    ))
}
