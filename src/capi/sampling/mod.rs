//! Runs that make pictures.

pub mod report;
pub mod settings;

use core::ffi::{c_char, c_void};
use core::time::Duration;

use super::border::{Checked, Message, fill, guard, guard_telling, inputs, output, room};
use super::engine::refrain_engine;
use super::object::{Opaque, User, change, create, destroy, shared};
use super::refrain_status::{self, REFRAIN_E_CAPACITY, REFRAIN_E_ORDER};
use super::scheduler::refrain_event;
use crate::executor::Slice;
use crate::run::{Advance, Engine, Sampling};
use settings::{read, refrain_settings};

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
    progress: refrain_progress_callback,
    user: User,
    /// Calls that `progress` was told of.
    told: u32,
    /// What refrain_sampling_save had no room for, until the run changes.
    saved: Option<Vec<u8>>,
}

impl Shown {
    fn new(run: Sampling, engine: &Engine) -> Self {
        Self {
            rgb: engine.model().config().in_channels == 3,
            pictures: run.pictures(),
            progress: None,
            user: User::NONE,
            told: run.made(),
            saved: None,
            run,
        }
    }

    /// Tells of the calls that were made since it was last told.
    fn tell(&mut self) {
        let (made, lanes) = (self.run.made(), self.run.lanes() as usize);
        while self.told < made {
            let first = self.run.trace().events().get(self.told as usize * lanes);
            self.told += 1;
            if let (Some(event), Some(progress)) = (first, self.progress) {
                let (event, calls) = (refrain_event::new(event), self.run.calls());
                // SAFETY: the caller's function, as it was handed in.
                unsafe { progress(self.user.0, &raw const event, self.told, calls) };
            }
        }
    }
}

// SAFETY: through a shared reference only the latents, counters and sizes are read; the executor,
// which may be used by one thread at a time, is reached through an exclusive reference alone.
unsafe impl Sync for Shown {}

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
        let (settings, latents) = unsafe { read(settings, engine.model(), message)? };
        let run = match latents {
            Some(latents) => engine.start_from(&settings, latents),
            None => engine.start(&settings),
        }
        .map_err(|why| message.refuse((&why).into(), &why))?;
        sampling_out.write(create(Shown::new(run, &engine)));
        Ok(())
    })
}

/// A run as bytes, to go on with it after the program was ended or on another device: with
/// refrain_sampling_resume. The settings, the latents, the decisions and what the policy keeps are in
/// it, about as many bytes as the latents, the anchors and the references of refrain_sampling_memory;
/// making it takes twice as many. Waits for the device and reads from it. A run that the device decided
/// goes on with the host's decisions, until refrain_sampling_decide_on_device.
///
/// - `sampling`: exclusive; between two calls.
/// - `bytes_out`: out, room for `capacity` bytes: a safetensors file.
/// - `capacity`: in, bytes; 0 only asks for the size. What is too long for it is kept for the next call,
///   until the run goes on.
/// - `size_out`: out, bytes of the file; written also with REFRAIN_E_CAPACITY.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_ORDER within a call, which is to be finished or
/// cancelled first; REFRAIN_E_DEVICE if the device failed; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is
/// no run or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_save(
    sampling: *mut refrain_sampling,
    bytes_out: *mut u8,
    capacity: usize,
    size_out: *mut usize,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (bytes_out, size_out) = unsafe { (room(bytes_out, capacity)?, output(size_out)?) };
        let save = |shown: &mut Shown| {
            // Who asked for the size gets what was made for that.
            let saved = match shown.saved.take() {
                Some(saved) => saved,
                None => {
                    let saved = shown.run.save();
                    saved.map_err(|why| message.refuse((&why).into(), &why))?
                }
            };
            let filled = fill(bytes_out, &saved, size_out);
            if filled == Err(REFRAIN_E_CAPACITY) {
                shown.saved = Some(saved);
            }
            filled
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, save) }
    })
}

/// Goes on with a run that refrain_sampling_save made bytes of, with the settings it was started with.
/// On the same device what comes after is, bit for bit, what it would have been without the pause.
///
/// - `engine`: shared; of the same model, on any device; may be destroyed while the run goes on.
/// - `bytes`: in, `size` bytes: all that was saved; copied. No alignment is needed.
/// - `size`: in, bytes.
/// - `sampling_out`: out, to be destroyed with refrain_sampling_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_FORMAT if the bytes are no saved run, of another version or model, or
/// damaged; REFRAIN_E_DEVICE if the device cannot hold the run; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there
/// is no engine or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_resume(
    engine: *const refrain_engine,
    bytes: *const u8,
    size: usize,
    sampling_out: *mut *mut refrain_sampling,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (engine, bytes) = unsafe { (shared(engine)?, inputs(bytes, size)?) };
        // SAFETY: the pointer contract of this module.
        let sampling_out = unsafe { output(sampling_out)? };
        let run = engine
            .resume(bytes)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        sampling_out.write(create(Shown::new(run, &engine)));
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
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
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
    Err(message.refuse(refrain_status::REFRAIN_E_UNSUPPORTED, &why))
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
            shown.saved = None;
            let event = shown
                .run
                .advance()
                .map_err(|why| message.refuse((&why).into(), &why))?
                .ok_or_else(|| message.refuse(REFRAIN_E_ORDER, &"the run is over"))?;
            if let Some(event_out) = event_out {
                event_out.write(refrain_event::new(&event));
            }
            left_out.write(shown.run.calls().saturating_sub(shown.run.made()));
            shown.tell();
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
            let mut slice = slice(microseconds, commands);
            shown.saved = None;
            let before = shown.run.made();
            if before == shown.run.calls() {
                return Err(message.refuse(REFRAIN_E_ORDER, &"the run is over"));
            }
            while let Advance::Made(_) = shown
                .run
                .advance_slice(&mut slice)
                .map_err(|why| message.refuse((&why).into(), &why))?
            {
                shown.tell();
            }
            let made = shown.run.made();
            made_out.write(made.saturating_sub(before));
            left_out.write(shown.run.calls().saturating_sub(made));
            Ok(())
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, body) }
    })
}

/// A slice of so much time and so many commands; 0 is no limit.
pub(super) fn slice(microseconds: u64, commands: u32) -> Slice {
    let slice = match commands {
        0 => Slice::whole(),
        _ => Slice::commands(commands),
    };
    match microseconds {
        0 => slice,
        _ => slice.within(Duration::from_micros(microseconds)),
    }
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
            shown.saved = None;
            shown.run.cancel();
            Ok(())
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, body) }
    })
}

/// What is called after every call of the network.
///
/// - `user`: as handed to refrain_sampling_set_progress.
/// - `event`: what was done, by the first lane; valid until the function returns.
/// - `made`: calls made so far, 1 to `calls`.
/// - `calls`: calls of the run.
pub type refrain_progress_callback = Option<
    unsafe extern "C" fn(user: *mut c_void, event: *const refrain_event, made: u32, calls: u32),
>;

/// Has a function called after every call of the network, from within refrain_sampling_advance or
/// refrain_sampling_advance_slice and on their thread. It must return, neither throw nor jump, and must
/// not use this run.
///
/// - `sampling`: exclusive.
/// - `callback`: in; optional: NULL has nothing called any more.
/// - `user`: in, handed to the function and never looked at; optional.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampling_set_progress(
    sampling: *mut refrain_sampling,
    callback: refrain_progress_callback,
    user: *mut c_void,
) -> refrain_status {
    guard(|| {
        let body = |shown: &mut Shown| {
            (shown.progress, shown.user) = (callback, User(user));
            // Calls made before are none of its.
            shown.told = shown.run.made();
            Ok(())
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(sampling, body) }
    })
}
