//! Runs that make pictures.

use core::ffi::{c_char, c_void};
use core::mem::{MaybeUninit, size_of};
use core::time::Duration;

use super::border::{
    Checked, Message, Sized32, guard, guard_telling, inputs, output, room, sized, write_sized,
};
use super::engine::{read_backend, refrain_engine};
use super::model::refrain_model;
use super::numbers::{refrain_anchor_format, refrain_notice, refrain_sampler};
use super::object::{Opaque, change, create, destroy, shared};
use super::policy::{self, refrain_policy};
use super::refrain_status::{
    self, REFRAIN_E_CAPACITY, REFRAIN_E_ORDER, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED,
    REFRAIN_E_VALUE,
};
use super::scheduler::{refrain_event, refrain_stats};
use crate::dit::Model;
use crate::executor::Slice;
use crate::kernels::AnchorFormat;
use crate::policy::Policy;
use crate::run::{Advance, Sampling, Settings, memory};
use crate::sampler::Sampler;
use crate::text::Named;

/// A run that makes pictures, one call of the network at a time.
#[derive(Debug)]
pub struct refrain_sampling {
    _opaque: [u8; 0],
}

impl Opaque for refrain_sampling {
    type Value = Shown;
    const LIVE: u32 = u32::from_le_bytes(*b"rfSa");
}

/// A run, and how its pictures are laid out.
pub(super) struct Shown {
    run: Sampling,
    rgb: bool,
    pictures: u32,
}

// SAFETY: through a shared reference only the latents, counters and sizes are read; the executor,
// which may be used by one thread at a time, is reached through an exclusive reference alone.
unsafe impl Sync for Shown {}

/// What a run is to do. Start from refrain_settings_default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_settings {
    /// sizeof(refrain_settings), as refrain_settings_default sets it.
    pub struct_size: u32,
    /// Sampler steps, at least 1; with DDIM at most 1000. Default 50.
    pub steps: u32,
    /// 1: look at `sampler`. 0: the sampler that fits the model. Default 0.
    pub has_sampler: u32,
    /// The sampler.
    pub sampler: refrain_sampler,
    /// Classifier-free guidance scale s of u + s * (c - u), a finite number; 1 leaves the
    /// unconditional half out. Default 1.
    pub guidance: f32,
    /// Pictures of the run, at least 1.
    pub class_count: u32,
    /// How what the policy keeps is stored. Default REFRAIN_ANCHOR_FORMAT_F32, which running sums
    /// (the predictor chebyshev) need.
    pub anchor_format: refrain_anchor_format,
    /// Zero.
    pub reserved: u32,
    /// Seed of the noise. Picture i starts from the same noise however many pictures there are.
    pub seed: u64,
    /// The class of each picture, `class_count` numbers from 0 to `num_classes`, which stands for
    /// none.
    pub classes: *const u32,
    /// When calls are skipped; NULL computes them all. A calibrated policy whose curve is not given
    /// gets that of the model, if there is one.
    pub policy: *const refrain_policy,
}

// SAFETY: numbers and pointers, which are checked before they are used; no padding, as asserted.
unsafe impl Sized32 for refrain_settings {}

/// Bytes that a run takes on its device.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_memory {
    /// Weights; shared by all runs of an engine. On a GPU they are in the checkpoint's format.
    pub weights: u64,
    /// Activations, inputs and outputs, which a run without a policy needs too. Those that are not
    /// needed at the same time share memory.
    pub activations: u64,
    /// Anchors: what the policy blends.
    pub anchors: u64,
    /// What else the policy keeps from call to call: what signals are compared with.
    pub references: u64,
}

const _: () = {
    assert!(size_of::<refrain_settings>() == 8 * 4 + 8 + 2 * size_of::<*const c_void>());
    assert!(size_of::<refrain_memory>() == 4 * 8);
};

/// Settings from C.
pub(super) unsafe fn read(
    settings: *const refrain_settings,
    model: &Model,
    message: &mut Message,
) -> Checked<Settings> {
    // SAFETY: the pointer contract of this module.
    let raw = unsafe { sized(settings)? };
    let policy = if raw.policy.is_null() {
        Policy::NEUTRAL
    } else {
        // SAFETY: the pointer contract of this module.
        unsafe { policy::read(raw.policy, None, message)? }
    };
    // SAFETY: the pointer contract of this module.
    let classes = unsafe { inputs(raw.classes, raw.class_count as usize)? };
    let sampler = match raw.has_sampler {
        0 if raw.sampler == 0 => Sampler::for_prediction(model.config().prediction),
        1 => Sampler::from_number(raw.sampler).ok_or_else(|| {
            let last = Sampler::ALL.len().saturating_sub(1);
            let why = format_args!("sampler is {}; allowed is 0 to {last}", raw.sampler);
            message.refuse(REFRAIN_E_VALUE, &why)
        })?,
        _ => return Err(REFRAIN_E_UNSUPPORTED),
    };
    if raw.reserved != 0 {
        return Err(REFRAIN_E_UNSUPPORTED);
    }
    let anchor_format = AnchorFormat::from_number(raw.anchor_format).ok_or_else(|| {
        let last = AnchorFormat::ALL.len().saturating_sub(1);
        let why = format_args!(
            "anchor_format is {}; allowed is 0 to {last}",
            raw.anchor_format
        );
        message.refuse(REFRAIN_E_VALUE, &why)
    })?;
    Ok(Settings {
        policy,
        steps: raw.steps,
        sampler,
        guidance: raw.guidance,
        classes: classes.to_vec(),
        anchor_format,
        seed: raw.seed,
    })
}

/// Settings to start from: 50 steps, the sampler that fits, guidance 1, every call computed, anchors
/// in f32. Classes must still be given.
///
/// - `struct_size`: in, sizeof(refrain_settings).
/// - `settings_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL; REFRAIN_E_MEMORY if the pointer is not
/// aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_settings_default(
    struct_size: usize,
    settings_out: *mut refrain_settings,
) -> refrain_status {
    guard(|| {
        let settings = refrain_settings {
            struct_size: struct_size as u32,
            steps: 50,
            has_sampler: 0,
            sampler: 0,
            guidance: 1.0,
            class_count: 0,
            anchor_format: AnchorFormat::F32 as u32,
            reserved: 0,
            seed: 0,
            classes: core::ptr::null(),
            policy: core::ptr::null(),
        };
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(settings, struct_size, settings_out) }
    })
}

/// Bytes that a run would take, before anything of it is made.
///
/// - `model`: shared.
/// - `settings`: in.
/// - `backend`: in, a REFRAIN_BACKEND_... number: where it would run.
///   REFRAIN_BACKEND_AUTO looks for a GPU.
/// - `memory_out`: out.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model, or for a backend that is
/// unknown or that the library was built without; REFRAIN_E_CONFIG_SIZE;
/// REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_settings_memory(
    model: *const refrain_model,
    settings: *const refrain_settings,
    backend: u32,
    memory_out: *mut refrain_memory,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (model, memory_out) = unsafe { (shared(model)?, output(memory_out)?) };
        // SAFETY: the pointer contract of this module.
        let settings = unsafe { read(settings, model, message)? };
        let backend = read_backend(backend, message)?;
        let memory =
            memory(model, &settings, backend).map_err(|why| message.refuse((&why).into(), &why))?;
        memory_out.write(refrain_memory {
            weights: memory.weights,
            activations: memory.activations,
            anchors: memory.anchors,
            references: memory.references,
        });
        Ok(())
    })
}

/// Starts a run. All memory it needs is taken here.
///
/// - `engine`: shared; may be destroyed while the run goes on.
/// - `settings`: in, with what it points to; copied.
/// - `sampling_out`: out, to be destroyed with refrain_sampling_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model; REFRAIN_E_DEVICE if the
/// device cannot hold the run; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if there is no engine or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_create(
    engine: *const refrain_engine,
    settings: *const refrain_settings,
    sampling_out: *mut *mut refrain_sampling,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (engine, sampling_out) = unsafe { (shared(engine)?, output(sampling_out)?) };
        // SAFETY: the pointer contract of this module.
        let settings = unsafe { read(settings, engine.model(), message)? };
        let run = engine
            .start(&settings)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        sampling_out.write(create(Shown {
            run,
            rgb: engine.model().config().in_channels == 3,
            pictures: settings.classes.len() as u32,
        }));
        Ok(())
    })
}

/// Frees a run.
///
/// - `sampling`: exclusive; optional: NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_destroy(sampling: *mut refrain_sampling) {
    // SAFETY: the pointer contract of this module.
    unsafe { destroy(sampling) }
}

/// Has the device decide the calls that are left: it measures, decides, leaves out and steps the
/// latents by itself. The decisions and the pictures are the same. refrain_sampling_advance then makes
/// `call_count` calls at once, with one wait for the device, and writes the event of the last.
///
/// - `sampling`: exclusive.
/// - `call_count`: in, calls handed over at once; 0 for all that are left.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the run is not on a GPU, or its policy or its lanes are none
/// that the device decides: the host then goes on to decide; REFRAIN_E_DEVICE if the device cannot hold
/// it; REFRAIN_E_UNSUPPORTED if this build has no GPU executor; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no run; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_decide_on_device(
    sampling: *mut refrain_sampling,
    call_count: u32,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, |shown| on_device(shown, call_count, message)) }
    })
}

#[cfg(feature = "gpu")]
fn on_device(shown: &mut Shown, calls: u32, message: &mut Message) -> Checked<()> {
    shown
        .run
        .decide_on_device(calls)
        .map_err(|why| message.refuse((&why).into(), &why))
}

#[cfg(not(feature = "gpu"))]
fn on_device(_: &mut Shown, _: u32, message: &mut Message) -> Checked<()> {
    let why = "this build has no GPU executor; the host decides";
    Err(message.refuse(REFRAIN_E_UNSUPPORTED, &why))
}

/// Makes one call of the network, or stands in for it: one step of the sampler. With decisions on the
/// device, the calls that are handed over at once.
///
/// - `sampling`: exclusive.
/// - `event_out`: out, what was done; optional: may be NULL.
/// - `left_out`: out, calls that are left; with 0 the pictures are done.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if no call was left; REFRAIN_E_DEVICE if the device failed, and
/// the call may be tried again if it recovers; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or
/// a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_advance(
    sampling: *mut refrain_sampling,
    event_out: *mut refrain_event,
    left_out: *mut u32,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        let body = |shown: &mut Shown| {
            let event_out = if event_out.is_null() {
                None
            } else {
                // SAFETY: the pointer contract of this module.
                Some(unsafe { output(event_out)? })
            };
            // SAFETY: the pointer contract of this module.
            let left_out = unsafe { output(left_out)? };
            let event = shown
                .run
                .advance()
                .map_err(|why| message.refuse((&why).into(), &why))?
                .ok_or_else(|| message.refuse(REFRAIN_E_ORDER, &"the run is over"))?;
            if let Some(event_out) = event_out {
                event_out.write(refrain_event::new(&event));
            }
            left_out.write(shown.run.calls().saturating_sub(shown.run.made()));
            Ok(())
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, body) }
    })
}

/// Goes on with the run for a while and comes back: calls of the network are cut where the limit falls,
/// between two kernels, and the next advance goes on from there. The pictures are the same, bit for
/// bit, however the run is cut. At least one kernel is run, and one may take longer than the limit.
///
/// - `sampling`: exclusive.
/// - `microseconds`: in, time to come back after; 0 for no limit on time. On a GPU every slice waits for
///   what it has submitted.
/// - `commands`: in, kernels and copies to run at most; 0 for no limit on them.
/// - `made_out`: out, calls that were finished by this slice.
/// - `left_out`: out, calls that are left, with the one that is cut; with 0 the pictures are done.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if no call was left; REFRAIN_E_DEVICE if the device failed, and
/// the call may be tried again if it recovers; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or
/// a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_advance_slice(
    sampling: *mut refrain_sampling,
    microseconds: u64,
    commands: u32,
    made_out: *mut u32,
    left_out: *mut u32,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        let body = |shown: &mut Shown| {
            // SAFETY: the pointer contract of this module.
            let (made_out, left_out) = unsafe { (output(made_out)?, output(left_out)?) };
            let mut slice = match commands {
                0 => Slice::whole(),
                _ => Slice::commands(commands),
            };
            if microseconds > 0 {
                slice = slice.within(Duration::from_micros(microseconds));
            }
            let before = shown.run.made();
            if before == shown.run.calls() {
                return Err(message.refuse(REFRAIN_E_ORDER, &"the run is over"));
            }
            while let Advance::Made(_) = shown
                .run
                .advance_slice(&mut slice)
                .map_err(|why| message.refuse((&why).into(), &why))?
            {}
            let made = shown.run.made();
            made_out.write(made.saturating_sub(before));
            left_out.write(shown.run.calls().saturating_sub(made));
            Ok(())
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, body) }
    })
}

/// Gives up what was done of the call that a slice has cut; without such a call it does nothing. Its
/// step is made anew by the next advance, and computed: what was kept may be overwritten in part.
///
/// - `sampling`: exclusive.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_cancel(
    sampling: *mut refrain_sampling,
) -> refrain_status {
    guard(|| {
        let body = |shown: &mut Shown| {
            shown.run.cancel();
            Ok(())
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, body) }
    })
}

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

/// Copies values if there is room, and writes their number in any case.
pub(super) fn fill<T: Copy>(
    room: &mut [MaybeUninit<T>],
    values: &[T],
    count: &mut MaybeUninit<usize>,
) -> Checked<()> {
    count.write(values.len());
    let room = room.get_mut(..values.len()).ok_or(REFRAIN_E_CAPACITY)?;
    for (to, from) in room.iter_mut().zip(values) {
        to.write(*from);
    }
    Ok(())
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
