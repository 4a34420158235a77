//! What a run has made so far.

use core::ffi::c_char;

use super::refrain_sampling;
use crate::capi::border::{fill, guard, output, room, write_text};
use crate::capi::numbers::refrain_notice;
use crate::capi::object::shared;
use crate::capi::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED};
use crate::capi::sampling::settings::refrain_memory;
use crate::capi::scheduler::{refrain_event, refrain_stats};

/// Writes a picture as it is now, as 8-bit red, green and blue, row by row from the top.
///
/// - `sampling`: shared.
/// - `picture`: in, 0 to `class_count` - 1.
/// - `rgb_out`: out, room for `capacity` bytes.
/// - `capacity`: in, bytes; 0 only asks for the size.
/// - `bytes_out`: out, bytes of the picture, 3 * side * side; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_RANGE if there is no such picture;
/// REFRAIN_E_UNSUPPORTED if the model does not draw in RGB: decode what refrain_sampling_latents
/// gives; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not aligned;
/// REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_image(
    sampling: *const refrain_sampling,
    picture: u32,
    rgb_out: *mut u8,
    capacity: usize,
    bytes_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (shown, bytes_out) = unsafe { (shared(sampling)?, output(bytes_out)?) };
        // SAFETY: the pointer contract of this module.
        let rgb_out = unsafe { room(rgb_out, capacity)? };
        if !shown.rgb {
            return Err(REFRAIN_E_UNSUPPORTED);
        }
        let rgb = shown.run.picture_rgb8(picture as usize);
        let rgb = rgb.map_err(|_| REFRAIN_E_RANGE)?;
        fill(rgb_out, &rgb, bytes_out)
    })
}

/// Writes the latents of a picture as they are now: channels, rows, columns.
///
/// - `sampling`: shared.
/// - `picture`: in, 0 to `class_count` - 1.
/// - `values_out`: out, room for `capacity` values.
/// - `capacity`: in, values; 0 only asks for the size.
/// - `count_out`: out, values of the picture; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_RANGE if there is no such picture;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_latents(
    sampling: *const refrain_sampling,
    picture: u32,
    values_out: *mut f32,
    capacity: usize,
    count_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (shown, count_out) = unsafe { (shared(sampling)?, output(count_out)?) };
        // SAFETY: the pointer contract of this module.
        let values_out = unsafe { room(values_out, capacity)? };
        let all = shown.run.latents();
        let each = all.len().checked_div(shown.pictures as usize).unwrap_or(0);
        let latents = all.chunks_exact(each.max(1)).nth(picture as usize);
        fill(values_out, latents.ok_or(REFRAIN_E_RANGE)?, count_out)
    })
}

/// What happened so far.
///
/// - `sampling`: shared.
/// - `stats_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_stats(
    sampling: *const refrain_sampling,
    stats_out: *mut refrain_stats,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (shown, stats_out) = unsafe { (shared(sampling)?, output(stats_out)?) };
        stats_out.write(refrain_stats::new(&shown.run.stats()));
        Ok(())
    })
}

/// What a user should hear of the policy: that it cannot skip on so few steps, or did not.
///
/// - `sampling`: shared.
/// - `notice_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_notice(
    sampling: *const refrain_sampling,
    notice_out: *mut refrain_notice,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (shown, notice_out) = unsafe { (shared(sampling)?, output(notice_out)?) };
        notice_out.write(shown.run.notice() as u32);
        Ok(())
    })
}

/// An event of the run so far: what was decided for a call. Of a run with several lanes those of a call
/// stand together.
///
/// - `sampling`: shared.
/// - `index`: in, 0 to calls made * lanes - 1; the `calls` of refrain_sampling_stats are their number.
/// - `event_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such event yet; REFRAIN_E_NULL; REFRAIN_E_MEMORY
/// if there is no run or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_event(
    sampling: *const refrain_sampling,
    index: u32,
    event_out: *mut refrain_event,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (shown, event_out) = unsafe { (shared(sampling)?, output(event_out)?) };
        let events = shown.run.trace().events();
        let event = events.get(index as usize).ok_or(REFRAIN_E_RANGE)?;
        event_out.write(refrain_event::new(event));
        Ok(())
    })
}

/// The trace of the run so far as text: one letter an event (refrain_action_letter); with several lanes
/// those of a call stand together, and calls apart.
///
/// - `sampling`: shared.
/// - `text_out`: out, room for `capacity` bytes: the text and a zero.
/// - `capacity`: in, bytes; 0 only asks for the length.
/// - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a
/// pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_trace(
    sampling: *const refrain_sampling,
    text_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (shown, length) = unsafe { (shared(sampling)?, output(length_out)?) };
        // SAFETY: the pointer contract of this module.
        unsafe { write_text(shown.run.trace(), text_out, capacity, length) }
    })
}

/// Bytes that the run takes on its device: what refrain_settings_memory told before.
///
/// - `sampling`: shared.
/// - `memory_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_memory(
    sampling: *const refrain_sampling,
    memory_out: *mut refrain_memory,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (shown, memory_out) = unsafe { (shared(sampling)?, output(memory_out)?) };
        memory_out.write(refrain_memory::new(&shown.run.memory()));
        Ok(())
    })
}
