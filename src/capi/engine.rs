//! Models prepared on a device.

use alloc::sync::Arc;
use core::ffi::c_char;

use super::border::{Checked, Message, guard, guard_telling, output, write_text};
use super::model::refrain_model;
use super::object::{Opaque, create, destroy, shared};
use super::refrain_status::{
    self, REFRAIN_E_DEVICE, REFRAIN_E_FORMAT, REFRAIN_E_PANIC, REFRAIN_E_VALUE,
};
use crate::executor::ExecutorError;
use crate::run::{Backend, Engine, RunError};
use crate::text::Named;

/// A model prepared on a device: its weights are loaded once and shared by all runs.
#[derive(Debug)]
pub struct refrain_engine {
    _opaque: [u8; 0],
}

impl Opaque for refrain_engine {
    type Value = Engine;
    const LIVE: u32 = u32::from_le_bytes(*b"rfEn");
}

impl From<&RunError> for refrain_status {
    fn from(error: &RunError) -> Self {
        match error {
            RunError::Model(error) => error.into(),
            RunError::Executor(ExecutorError::Weight(_)) => REFRAIN_E_FORMAT,
            RunError::Executor(ExecutorError::NoAdapter(_) | ExecutorError::Device(_)) => {
                REFRAIN_E_DEVICE
            }
            // What the library made does not fit itself.
            RunError::Executor(_) => REFRAIN_E_PANIC,
            RunError::Call(error) => (*error).into(),
            RunError::Policy(_) | RunError::Sampler(_) | RunError::Setting { .. } => {
                REFRAIN_E_VALUE
            }
        }
    }
}

/// A backend from C.
pub(super) fn read_backend(backend: u32, message: &mut Message) -> Checked<Backend> {
    Backend::from_number(backend).ok_or_else(|| {
        let last = Backend::ALL.len().saturating_sub(1);
        let why = format_args!("backend is {backend}; allowed is 0 to {last}");
        message.refuse(REFRAIN_E_VALUE, &why)
    })
}

/// Prepares a model on a device.
///
/// - `model`: shared; may be destroyed afterwards.
/// - `backend`: in, a REFRAIN_BACKEND_... number.
/// - `engine_out`: out, to be destroyed with refrain_engine_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_DEVICE if there is no such device, the library was built without it,
/// or it cannot hold the model; REFRAIN_E_VALUE for an unknown backend; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if there is no model or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_engine_create(
    model: *const refrain_model,
    backend: u32,
    engine_out: *mut *mut refrain_engine,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (model, engine_out) = unsafe { (shared(model)?, output(engine_out)?) };
        let backend = read_backend(backend, message)?;
        let engine = Engine::new(Arc::clone(model), backend)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        engine_out.write(create(engine));
        Ok(())
    })
}

/// Frees an engine. Samplings made with it go on.
///
/// - `engine`: exclusive; optional: NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_engine_destroy(engine: *mut refrain_engine) {
    // SAFETY: the pointer contract of this module.
    unsafe { destroy(engine) }
}

/// Writes the name of the device, such as "cpu (2 threads, avx512)" or an adapter's name.
///
/// - `engine`: shared.
/// - `text_out`: out, room for `capacity` bytes: the name and a zero.
/// - `capacity`: in, bytes; 0 only asks for the length.
/// - `length_out`: out, bytes of the name without the zero; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine or a
/// pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_engine_device_name(
    engine: *const refrain_engine,
    text_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (engine, length) = unsafe { (shared(engine)?, output(length_out)?) };
        // SAFETY: the pointer contract of this module.
        unsafe { write_text(&engine.device_name(), text_out, capacity, length) }
    })
}
