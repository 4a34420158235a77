//! What a scheduler tells of its run, and its state as bytes.

use core::ffi::c_void;

use super::memory::{change, shared};
use super::{refrain_scheduler, refrain_stats};
use crate::capi::border::{guard, inputs, output, room};
use crate::capi::numbers::refrain_notice;
use crate::capi::refrain_status::{self, REFRAIN_E_CAPACITY, REFRAIN_E_FORMAT, REFRAIN_E_RANGE};
use crate::scheduler::{Reason, SavedError, Scheduler, State};
use crate::text::Named;

/// What happened so far, over all lanes.
///
/// - `scheduler`: shared.
/// - `stats_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_stats(
    scheduler: *const refrain_scheduler,
    stats_out: *mut refrain_stats,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, stats_out) = unsafe { (shared(scheduler)?, output(stats_out)?) };
        stats_out.write(refrain_stats::new(&scheduler.stats()));
        Ok(())
    })
}

/// How many calls were decided for a reason, over all lanes.
///
/// - `scheduler`: shared.
/// - `reason`: in, a REFRAIN_REASON_… number.
/// - `count_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown reason; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no scheduler or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_reason_count(
    scheduler: *const refrain_scheduler,
    reason: u32,
    count_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, count_out) = unsafe { (shared(scheduler)?, output(count_out)?) };
        let reason = Reason::from_number(reason).ok_or(REFRAIN_E_RANGE)?;
        count_out.write(scheduler.stats().with_reason(reason));
        Ok(())
    })
}

/// What a user should hear. Asked before a run it tells whether the policy can skip at all on so few
/// steps, after one whether it did.
///
/// - `scheduler`: shared.
/// - `notice_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_notice(
    scheduler: *const refrain_scheduler,
    notice_out: *mut refrain_notice,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, notice_out) = unsafe { (shared(scheduler)?, output(notice_out)?) };
        notice_out.write(scheduler.notice() as u32);
        Ok(())
    })
}

/// Bytes of a saved state.
///
/// - `scheduler`: shared.
/// - `bytes_out`: out, depends on the number of lanes alone.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_save_size(
    scheduler: *const refrain_scheduler,
    bytes_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, bytes_out) = unsafe { (shared(scheduler)?, output(bytes_out)?) };
        bytes_out.write(scheduler.saved_bytes());
        Ok(())
    })
}

/// Writes the state, open calls included, as bytes that are the same on every machine: to pause a
/// run, roll it back, or replay it elsewhere. Equal states are equal bytes.
///
/// - `scheduler`: shared.
/// - `saved_out`: out, room for `capacity` bytes.
/// - `capacity`: in.
/// - `bytes_out`: out, bytes of the state; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler
/// or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_save(
    scheduler: *const refrain_scheduler,
    saved_out: *mut c_void,
    capacity: usize,
    bytes_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, bytes_out) = unsafe { (shared(scheduler)?, output(bytes_out)?) };
        // SAFETY: the pointer contract of this module.
        let saved_out = unsafe { room(saved_out.cast::<u8>(), capacity)? };
        let needed = scheduler.saved_bytes();
        bytes_out.write(needed);
        let saved_out = saved_out.get_mut(..needed).ok_or(REFRAIN_E_CAPACITY)?;
        saved_out.fill(core::mem::MaybeUninit::new(0));
        // SAFETY: every byte was just written.
        let saved_out = unsafe { &mut *(core::ptr::from_mut(saved_out) as *mut [u8]) };
        scheduler.save(saved_out).map_err(|_| REFRAIN_E_CAPACITY)
    })
}

/// Takes over a saved state. The scheduler must have been made with the same policy, steps,
/// evaluations and lanes as the one that saved it.
///
/// - `scheduler`: exclusive.
/// - `saved`: in, `saved_bytes` bytes; no alignment is needed.
/// - `saved_bytes`: in, exactly as many as were saved.
///
/// Returns REFRAIN_OK; REFRAIN_E_FORMAT if the bytes are not such a state, and the scheduler is as it
/// was; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_restore(
    scheduler: *mut refrain_scheduler,
    saved: *const c_void,
    saved_bytes: usize,
) -> refrain_status {
    let body = |state: State<'_>| {
        // SAFETY: the pointer contract of this module.
        let saved = unsafe { inputs(saved.cast::<u8>(), saved_bytes)? };
        Scheduler::from_parts(*state.policy, state.timeline, state.lanes)
            .restore(saved)
            .map_err(|_: SavedError| REFRAIN_E_FORMAT)
    };
    // SAFETY: the pointer contract of this module.
    unsafe { change(scheduler, body) }
}
