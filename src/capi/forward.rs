//! One evaluation of a network.

use alloc::vec::Vec;
use core::ffi::c_char;

use super::border::{fill, guard, guard_telling, inputs, output, room};
use super::engine::refrain_engine;
use super::object::{Opaque, change, create, destroy, shared};
use super::refrain_status::{self, REFRAIN_E_DEVICE, REFRAIN_E_ORDER};
use super::sampling::slice;
use crate::run::Forward;

/// One evaluation of a network, advanced by slices.
#[derive(Debug)]
pub struct refrain_forward {
    _opaque: [u8; 0],
}

impl Opaque for refrain_forward {
    type Value = Evaluation;
    const LIVE: u32 = u32::from_le_bytes(*b"rfFo");
}

/// What is under way, and then what came of it.
pub(super) struct Evaluation {
    forward: Option<Forward>,
    /// What came of it; neither is there if the device failed in giving it.
    output: Option<Vec<f32>>,
}

const FAILED: &str = "the device failed before; begin the evaluation again";

// SAFETY: through a shared reference only the output is read; the executor, which may be used by one
// thread at a time, is reached through an exclusive reference alone.
unsafe impl Sync for Evaluation {}

/// Begins an evaluation of the network without any policy. All memory it needs is taken here.
///
/// - `engine`: shared; may be destroyed meanwhile.
/// - `x`: in, `batch` latents: channels, rows, columns.
/// - `x_count`: in, values of `x`: batch * channels * rows * columns.
/// - `t`: in, `batch` timesteps, 0 to 1000.
/// - `y`: in, `batch` classes, 0 to `num_classes`, which stands for none.
/// - `batch`: in, 1 or more.
/// - `forward_out`: out, to be destroyed with refrain_forward_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if a length, a time or a class does not fit; REFRAIN_E_DEVICE
/// if the device cannot hold it; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine or a pointer is
/// not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_forward_create(
    engine: *const refrain_engine,
    x: *const f32,
    x_count: usize,
    t: *const f32,
    y: *const u32,
    batch: usize,
    forward_out: *mut *mut refrain_forward,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (engine, forward_out) = unsafe { (shared(engine)?, output(forward_out)?) };
        // SAFETY: the pointer contract of this module.
        let (x, t, y) = unsafe { (inputs(x, x_count)?, inputs(t, batch)?, inputs(y, batch)?) };
        let forward = engine
            .begin_forward(x, t, y, batch)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        forward_out.write(create(Evaluation {
            forward: Some(forward),
            output: None,
        }));
        Ok(())
    })
}

/// Frees an evaluation, done or not.
///
/// - `forward`: exclusive; optional: NULL does nothing.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_forward_destroy(forward: *mut refrain_forward) {
    // SAFETY: the pointer contract of this module.
    unsafe { destroy(forward) }
}

/// Goes on with the evaluation for a while and comes back. The output is the same, bit for bit, however
/// it is cut. At least one kernel is run, and one may take longer than the limit.
///
/// - `forward`: exclusive.
/// - `microseconds`: in, time to come back after; 0 for no limit on time.
/// - `commands`: in, kernels and copies to run at most; 0 for no limit on them.
/// - `done_out`: out, 1 if all of it was run, else 0.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK, again and again once it is done; REFRAIN_E_DEVICE if the device failed;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no evaluation or a pointer is not aligned;
/// REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_forward_advance(
    forward: *mut refrain_forward,
    microseconds: u64,
    commands: u32,
    done_out: *mut u32,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        let body = |evaluation: &mut Evaluation| {
            // SAFETY: the pointer contract of this module.
            let done_out = unsafe { output(done_out)? };
            let mut slice = slice(microseconds, commands);
            let done = match &mut evaluation.forward {
                Some(forward) => forward
                    .advance(&mut slice)
                    .map_err(|why| message.refuse((&why).into(), &why))?,
                None if evaluation.output.is_some() => true,
                None => return Err(message.refuse(REFRAIN_E_DEVICE, &FAILED)),
            };
            if done && let Some(forward) = evaluation.forward.take() {
                let output = forward.output();
                let output = output.map_err(|why| message.refuse((&why).into(), &why))?;
                evaluation.output = Some(output);
            }
            done_out.write(done.into());
            Ok(())
        };
        // SAFETY: the pointer contract of this module.
        unsafe { change(forward, body) }
    })
}

/// Writes what the network gave: batch, `out_channels`, rows, columns.
///
/// - `forward`: shared.
/// - `values_out`: out, room for `capacity` values.
/// - `capacity`: in, values; 0 only asks for the number.
/// - `count_out`: out, values of the output; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if it is not done yet; REFRAIN_E_CAPACITY; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if there is no evaluation or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_forward_output(
    forward: *const refrain_forward,
    values_out: *mut f32,
    capacity: usize,
    count_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (evaluation, count_out) = unsafe { (shared(forward)?, output(count_out)?) };
        // SAFETY: the pointer contract of this module.
        let values_out = unsafe { room(values_out, capacity)? };
        let output = evaluation.output.as_ref().ok_or(REFRAIN_E_ORDER)?;
        fill(values_out, output, count_out)
    })
}
