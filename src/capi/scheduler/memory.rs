//! A scheduler's bytes in the caller's memory.

use core::mem::size_of;
use core::slice;

use super::refrain_scheduler;
use super::{
    REFRAIN_ALIGNMENT, REFRAIN_LANE_BYTES, REFRAIN_MAX_LANES, REFRAIN_SCHEDULER_BASE_BYTES,
};
use crate::capi::border::{Checked, catch};
use crate::capi::refrain_status::{
    self, REFRAIN_E_MEMORY, REFRAIN_E_NULL, REFRAIN_E_PANIC, REFRAIN_OK,
};
use crate::policy::Policy;
use crate::scheduler::{Lane, Scheduler, State};
use crate::timeline::Timeline;

const _: () = {
    assert!(size_of::<Head>() <= REFRAIN_SCHEDULER_BASE_BYTES);
    assert!(size_of::<Lane>() <= REFRAIN_LANE_BYTES);
    assert!(align_of::<Head>() == REFRAIN_ALIGNMENT && align_of::<Lane>() <= REFRAIN_ALIGNMENT);
};

/// The front of the caller's memory; the lanes follow.
#[repr(C, align(16))]
pub(super) struct Head {
    /// [`READY`] or [`POISONED`]; anything else was never initialised.
    pub(super) state: u32,
    pub(super) lanes: u32,
    pub(super) timeline: Timeline,
    pub(super) policy: Policy,
}

pub(super) const READY: u32 = u32::from_le_bytes(*b"rfS1");
const POISONED: u32 = u32::from_le_bytes(*b"rfS!");

pub(super) const fn bytes(lanes: u32) -> Option<usize> {
    if lanes == 0 || lanes > REFRAIN_MAX_LANES {
        return None;
    }
    match size_of::<Lane>().checked_mul(lanes as usize) {
        Some(bytes) => bytes.checked_add(size_of::<Head>()),
        None => None,
    }
}

/// The head of an initialised scheduler.
unsafe fn head(scheduler: *const refrain_scheduler) -> Checked<*const Head> {
    let head = scheduler.cast::<Head>();
    if head.is_null() {
        return Err(REFRAIN_E_NULL);
    }
    if !head.is_aligned() {
        return Err(REFRAIN_E_MEMORY);
    }
    // SAFETY: the pointer contract of this module; any bytes are a number.
    match unsafe { (&raw const (*head).state).read() } {
        READY | POISONED => Ok(head),
        _ => Err(REFRAIN_E_MEMORY),
    }
}

/// What a scheduler consists of, as long as nobody changes it.
pub(super) unsafe fn shared<'a>(
    scheduler: *const refrain_scheduler,
) -> Checked<Scheduler<&'a [Lane], &'a Policy>> {
    // SAFETY: as for this function.
    let at = unsafe { head(scheduler)? };
    // SAFETY: it was initialised, and behind the head there are as many lanes as it says.
    let (head, lanes) = unsafe {
        let head = &*at;
        (
            head,
            slice::from_raw_parts(at.add(1).cast(), head.lanes as usize),
        )
    };
    if head.state == POISONED {
        return Err(REFRAIN_E_PANIC);
    }
    Ok(Scheduler::from_parts(&head.policy, head.timeline, lanes))
}

/// What a scheduler consists of, to change it.
pub(super) unsafe fn exclusive<'a>(
    scheduler: *mut refrain_scheduler,
) -> Checked<(&'a mut Head, &'a mut [Lane])> {
    // SAFETY: as for this function.
    let at = unsafe { head(scheduler)? }.cast_mut();
    // SAFETY: it was initialised, behind the head there are as many lanes as it says, and nobody
    // else uses it.
    Ok(unsafe {
        let head = &mut *at;
        let lanes = slice::from_raw_parts_mut(at.add(1).cast(), head.lanes as usize);
        (head, lanes)
    })
}

/// Changes a scheduler; if that panics it is unusable from then on.
pub(super) unsafe fn change(
    scheduler: *mut refrain_scheduler,
    body: impl FnOnce(State<'_>) -> Checked<()>,
) -> refrain_status {
    // SAFETY: as for this function.
    let (head, lanes) = match unsafe { exclusive(scheduler) } {
        Ok(parts) => parts,
        Err(status) => return status,
    };
    if head.state == POISONED {
        return REFRAIN_E_PANIC;
    }
    let (policy, timeline) = (&head.policy, head.timeline);
    let result = catch(|| {
        body(State {
            policy,
            timeline,
            lanes,
        })
    });
    if result == Err(REFRAIN_E_PANIC) {
        head.state = POISONED;
    }
    result.err().unwrap_or(REFRAIN_OK)
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::capi::policy::{refrain_policy, refrain_policy_default};
    use crate::capi::refrain_status::REFRAIN_E_ORDER;
    use crate::capi::scheduler::report::refrain_scheduler_save_size;
    use crate::capi::scheduler::{
        refrain_scheduler_abandon, refrain_scheduler_init, refrain_scheduler_reset,
    };
    use crate::policy::Method;

    #[repr(align(16))]
    struct Memory([u8; REFRAIN_SCHEDULER_BASE_BYTES + REFRAIN_LANE_BYTES]);

    /// No input is known that makes the core panic, so the panic is planted.
    #[test]
    fn a_panicked_scheduler_is_unusable_until_reset() {
        let mut memory = Memory([0xFF; _]);
        let mut scheduler = core::ptr::null_mut();
        let policy = (Method::Interval.preset().policy)();
        let mut raw = core::mem::MaybeUninit::uninit();
        let size = size_of::<refrain_policy>();
        // SAFETY: all memory is large enough and lives on.
        unsafe {
            refrain_policy_default(policy.method as u32, size, raw.as_mut_ptr());
            let status = refrain_scheduler_init(
                memory.0.as_mut_ptr().cast(),
                size_of::<Memory>(),
                raw.as_ptr(),
                4,
                1,
                1,
                &raw mut scheduler,
                core::ptr::null_mut(),
                0,
            );
            assert_eq!(status, REFRAIN_OK);
            assert_eq!(change(scheduler, |_| panic!("planted")), REFRAIN_E_PANIC);
            let mut bytes = 0;
            assert_eq!(
                refrain_scheduler_save_size(scheduler, &raw mut bytes),
                REFRAIN_E_PANIC
            );
            assert_eq!(refrain_scheduler_abandon(scheduler, 0), REFRAIN_E_PANIC);
            assert_eq!(refrain_scheduler_reset(scheduler), REFRAIN_OK);
            assert_eq!(refrain_scheduler_abandon(scheduler, 0), REFRAIN_E_ORDER);
        }
    }
}
