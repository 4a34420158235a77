//! Models prepared on a device.

use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::sync::Arc;
use core::ffi::{c_char, c_void};

use super::border::{
    Checked, Message, guard, guard_telling, output, text as read_text, write_text,
};
use super::model::refrain_model;
use super::numbers::refrain_message;
use super::object::{Opaque, User, create, destroy, shared};
use super::refrain_status::{
    self, REFRAIN_E_DEVICE, REFRAIN_E_FORMAT, REFRAIN_E_ORDER, REFRAIN_E_PANIC,
    REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE,
};
use crate::executor::ExecutorError;
use crate::run::{Backend, Engine, Listener, RunError};
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
            RunError::WithinCall => REFRAIN_E_ORDER,
            RunError::Saved(_) => REFRAIN_E_FORMAT,
            RunError::Policy(_) | RunError::Sampler(_) | RunError::Setting { .. } => {
                REFRAIN_E_VALUE
            }
        }
    }
}

/// A backend from C.
pub(super) fn read_backend(backend: u32, message: &mut Message) -> Checked<Backend> {
    let found = Backend::from_number(backend).ok_or_else(|| {
        let last = Backend::ALL.len().saturating_sub(1);
        let why = format_args!("backend is {backend}; allowed is 0 to {last}");
        message.refuse(REFRAIN_E_VALUE, &why)
    })?;
    let built = match found {
        Backend::Auto => true,
        Backend::Gpu => cfg!(feature = "gpu"),
        Backend::Cpu => cfg!(feature = "cpu"),
    };
    if built {
        return Ok(found);
    }
    let why = format_args!(
        "backend is {backend} ({found}), which the library was built without; choose another"
    );
    Err(message.refuse(REFRAIN_E_UNSUPPORTED, &why))
}

/// Prepares a model on a device.
///
/// - `model`: shared; may be destroyed afterwards.
/// - `backend`: in, a REFRAIN_BACKEND_... number.
/// - `engine_out`: out, to be destroyed with refrain_engine_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_DEVICE if there is no such device or it cannot hold the model;
/// REFRAIN_E_UNSUPPORTED if the library was built without that backend; REFRAIN_E_VALUE for an unknown
/// one; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not aligned;
/// REFRAIN_E_PANIC.
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
        let engine = Engine::new(Arc::clone(&model), backend)
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

/// What is called with every message.
///
/// - `user`: as handed to refrain_engine_set_log.
/// - `message`: a REFRAIN_MESSAGE_... number, for programs.
/// - `text`: a line in English, for people; valid until the function returns.
pub type refrain_log_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, message: refrain_message, text: *const c_char)>;

/// Has a function called with messages of the engine and of its runs; first, before this returns, with
/// those from when the engine was made, if nobody has had them yet. It is called on the thread of the
/// function that has something to say, by several at once if several use the engine. It must return,
/// neither throw nor jump, and must not use the run that it hears from.
///
/// - `engine`: shared.
/// - `callback`: in; optional: NULL has nothing called any more.
/// - `user`: in, handed to the function and never looked at; optional.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_engine_set_log(
    engine: *const refrain_engine,
    callback: refrain_log_callback,
    user: *mut c_void,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let engine = unsafe { shared(engine)? };
        let user = User(user);
        engine.listen(callback.map(|callback| -> Box<Listener> {
            Box::new(move |message, text| {
                let user: User = user;
                let line = CString::new(text).unwrap_or_default();
                // SAFETY: the caller's function, as it was handed in.
                unsafe { callback(user.0, message as u32, line.as_ptr()) }
            })
        }));
        Ok(())
    })
}

/// Writes which GPU kernels were measured to be fastest, as text for refrain_engine_remember_tuning on
/// a later day. They are measured when a run begins that has shapes not measured yet.
///
/// - `engine`: shared.
/// - `text_out`: out, room for `capacity` bytes: the text and a zero.
/// - `capacity`: in, bytes; 0 only asks for the length.
/// - `length_out`: out, bytes of the text without the zero, 0 on the CPU; written also with
///   REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine or a
/// pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_engine_tuning(
    engine: *const refrain_engine,
    text_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (engine, length) = unsafe { (shared(engine)?, output(length_out)?) };
        let text = engine.tuning().unwrap_or_default();
        // SAFETY: the pointer contract of this module.
        unsafe { write_text(&text, text_out, capacity, length) }
    })
}

/// Takes what refrain_engine_tuning gave on an earlier day, so that it need not be measured again. On
/// the CPU there is nothing to do.
///
/// - `engine`: shared.
/// - `text`: in, UTF-8, ending in a zero.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the text is of another version, adapter or driver, or is no
/// such text: nothing of it is taken then; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine;
/// REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_engine_remember_tuning(
    engine: *const refrain_engine,
    text: *const c_char,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (engine, text) = unsafe { (shared(engine)?, read_text(text)?) };
        engine
            .remember_tuning(text)
            .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))
    })
}
