//! Objects on the heap, behind opaque pointers.

use alloc::boxed::Box;
use core::ffi::c_void;

use super::border::{Checked, catch, guard};
use super::refrain_status::{REFRAIN_E_MEMORY, REFRAIN_E_NULL, REFRAIN_E_PANIC};

/// Something that C holds a pointer to.
#[repr(C)]
pub(super) struct Object<T> {
    state: u32,
    value: T,
}

/// What a caller wants handed to its functions; never looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct User(pub(super) *mut c_void);

impl User {
    /// Nothing.
    pub(super) const NONE: Self = Self(core::ptr::null_mut());
}

// SAFETY: it is handed back and nothing else; what it means is the caller's affair.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// What an opaque type of the header stands for.
pub(super) trait Opaque {
    /// The Rust side of it.
    type Value;
    /// Four letters that tell it from other objects.
    const LIVE: u32;
}

/// The state of an object after a panic; no object has it as its letters.
const POISONED: u32 = u32::from_le_bytes(*b"rf!!");
/// The state of an object that was destroyed, as long as its memory is not used again.
const DEAD: u32 = 0;

/// A new object; [`destroy`] frees it.
pub(super) fn create<O: Opaque>(value: O::Value) -> *mut O {
    let state = O::LIVE;
    Box::into_raw(Box::new(Object { state, value })).cast()
}

/// The state of what a pointer leads to.
unsafe fn state<O: Opaque>(object: *const O) -> Checked<u32> {
    let at = object.cast::<Object<O::Value>>();
    if at.is_null() {
        return Err(REFRAIN_E_NULL);
    }
    if !at.is_aligned() {
        return Err(REFRAIN_E_MEMORY);
    }
    // SAFETY: the pointer contract of this module; every object begins with its state.
    let state = unsafe { (&raw const (*at).state).read() };
    if state == O::LIVE || state == POISONED {
        Ok(state)
    } else {
        Err(REFRAIN_E_MEMORY)
    }
}

/// An object that nobody changes.
///
/// # Safety
/// The pointer contract of this module.
pub(super) unsafe fn shared<'a, O: Opaque>(object: *const O) -> Checked<&'a O::Value>
where
    O::Value: Sync,
{
    // SAFETY: as for this function.
    if unsafe { state(object)? } == POISONED {
        return Err(REFRAIN_E_PANIC);
    }
    // SAFETY: it is alive and of this type.
    Ok(unsafe { &(*object.cast::<Object<O::Value>>()).value })
}

/// Changes an object; if that panics it is unusable from then on.
///
/// # Safety
/// The pointer contract of this module.
pub(super) unsafe fn change<O: Opaque>(
    object: *mut O,
    body: impl FnOnce(&mut O::Value) -> Checked<()>,
) -> Checked<()>
where
    O::Value: Send,
{
    // SAFETY: as for this function.
    if unsafe { state(object)? } == POISONED {
        return Err(REFRAIN_E_PANIC);
    }
    // SAFETY: it is alive, of this type, and nobody else uses it.
    let object = unsafe { &mut *object.cast::<Object<O::Value>>() };
    let result = catch(|| body(&mut object.value));
    if result == Err(REFRAIN_E_PANIC) {
        object.state = POISONED;
    }
    result
}

/// Frees an object; NULL and what is no such object are left alone.
///
/// # Safety
/// The pointer contract of this module.
pub(super) unsafe fn destroy<O: Opaque>(object: *mut O) {
    let body = || {
        // SAFETY: as for this function.
        unsafe { state(object)? };
        let at = object.cast::<Object<O::Value>>();
        // SAFETY: it was made by `create` and nobody else uses it.
        unsafe {
            (*at).state = DEAD;
            drop(Box::from_raw(at));
        }
        Ok(())
    };
    // There is nobody to tell, and nothing to do about it.
    let _ = guard(body);
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::capi::refrain_status::REFRAIN_OK;

    struct Handle;

    impl Opaque for Handle {
        type Value = u32;
        const LIVE: u32 = u32::from_le_bytes(*b"test");
    }

    struct Other;

    impl Opaque for Other {
        type Value = u32;
        const LIVE: u32 = u32::from_le_bytes(*b"othr");
    }

    /// No input is known that makes the library panic, so the panic is planted.
    #[test]
    fn a_panicked_object_can_only_be_destroyed() {
        let object = create::<Handle>(7);
        let add = |value: &mut u32| {
            *value += 1;
            Ok(())
        };
        // SAFETY: the object is alive until it is destroyed.
        unsafe {
            assert_eq!(guard(|| change(object, add)), REFRAIN_OK);
            assert_eq!(shared(object).copied(), Ok(8));
            assert_eq!(change(object, |_| panic!("planted")), Err(REFRAIN_E_PANIC));
            assert_eq!(change(object, add), Err(REFRAIN_E_PANIC));
            assert_eq!(shared(object).copied(), Err(REFRAIN_E_PANIC));
            destroy(object);
        }
    }

    #[test]
    fn an_object_is_not_taken_for_another() {
        let object = create::<Handle>(7);
        // SAFETY: the object is alive until it is destroyed; both kinds hold the same.
        unsafe {
            assert_eq!(
                shared(object.cast::<Other>()).copied(),
                Err(REFRAIN_E_MEMORY)
            );
            destroy(object.cast::<Other>());
            assert_eq!(shared(object).copied(), Ok(7), "it was not freed");
            destroy(object);
        }
    }
}
