//! Objects on the heap, behind opaque pointers.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ops::Deref;
use core::sync::atomic::{AtomicU32, Ordering};

use super::border::{Checked, catch, guard};
use super::refrain_status::{REFRAIN_E_MEMORY, REFRAIN_E_NULL, REFRAIN_E_ORDER, REFRAIN_E_PANIC};

/// Something that C holds a pointer to.
#[repr(C)]
pub(super) struct Object<T> {
    state: AtomicU32,
    /// How many functions look at it right now, or [`CHANGING`].
    users: AtomicU32,
    value: UnsafeCell<T>,
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
    /// The Rust side of it; any thread may destroy it.
    type Value: Send;
    /// Four letters that tell it from other objects.
    const LIVE: u32;
}

/// The state of an object after a panic; no object has it as its letters.
const POISONED: u32 = u32::from_le_bytes(*b"rf!!");
/// The state of an object that was destroyed, as long as its memory is not used again.
const DEAD: u32 = 0;
/// One function changes an object, and no other may look at it.
const CHANGING: u32 = u32::MAX;

/// A new object; [`destroy`] frees it.
pub(super) fn create<O: Opaque>(value: O::Value) -> *mut O {
    Box::into_raw(Box::new(Object {
        state: AtomicU32::new(O::LIVE),
        users: AtomicU32::new(0),
        value: UnsafeCell::new(value),
    }))
    .cast()
}

/// What a pointer leads to, if that is such an object. That it is not destroyed meanwhile is the caller's
/// promise: nothing in its memory can tell.
unsafe fn find<'a, O: Opaque>(object: *const O) -> Checked<&'a Object<O::Value>> {
    let at = object.cast::<Object<O::Value>>();
    if at.is_null() {
        return Err(REFRAIN_E_NULL);
    }
    if !at.is_aligned() {
        return Err(REFRAIN_E_MEMORY);
    }
    // SAFETY: the pointer contract of this module; every object begins with its state.
    let state = unsafe { (*at).state.load(Ordering::Acquire) };
    if state == O::LIVE || state == POISONED {
        // SAFETY: it is alive and of this type.
        Ok(unsafe { &*at })
    } else {
        Err(REFRAIN_E_MEMORY)
    }
}

/// That no panic has spoilt it; to be asked by who has it: another may have had it before.
fn sound<T>(object: &Object<T>) -> Checked<()> {
    match object.state.load(Ordering::Acquire) {
        POISONED => Err(REFRAIN_E_PANIC),
        _ => Ok(()),
    }
}

/// An object that a function looks at.
pub(super) struct Shared<'a, T>(&'a Object<T>);

impl<T> Deref for Shared<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: it is counted among the users, so that nobody changes it.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> Drop for Shared<'_, T> {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::Release);
    }
}

/// An object that nobody changes.
///
/// # Safety
/// The pointer contract of this module.
pub(super) unsafe fn shared<'a, O: Opaque>(object: *const O) -> Checked<Shared<'a, O::Value>>
where
    O::Value: Sync,
{
    // SAFETY: as for this function.
    let object = unsafe { find(object)? };
    let more = |users: u32| users.checked_add(1).filter(|users| *users < CHANGING);
    let counted = object
        .users
        .fetch_update(Ordering::Acquire, Ordering::Relaxed, more);
    let shared = counted.map(|_| Shared(object));
    let shared = shared.map_err(|_| REFRAIN_E_ORDER)?;
    sound(object)?;
    Ok(shared)
}

/// Changes an object; if that panics it is unusable from then on.
///
/// # Safety
/// The pointer contract of this module.
pub(super) unsafe fn change<O: Opaque>(
    object: *mut O,
    body: impl FnOnce(&mut O::Value) -> Checked<()>,
) -> Checked<()> {
    // SAFETY: as for this function.
    let object = unsafe { find(object)? };
    take(object)?;
    // SAFETY: it was taken, so that nobody else uses it.
    let result = sound(object).and_then(|()| catch(|| body(unsafe { &mut *object.value.get() })));
    if result == Err(REFRAIN_E_PANIC) {
        object.state.store(POISONED, Ordering::Release);
    }
    object.users.store(0, Ordering::Release);
    result
}

/// Keeps an object for one function, if no other uses it.
fn take<T>(object: &Object<T>) -> Checked<()> {
    let (free, ours) = (Ordering::Acquire, Ordering::Relaxed);
    let taken = object.users.compare_exchange(0, CHANGING, free, ours);
    taken.map(|_| ()).map_err(|_| REFRAIN_E_ORDER)
}

/// Frees an object; NULL, what is no such object, and one in use are left alone.
///
/// # Safety
/// The pointer contract of this module.
pub(super) unsafe fn destroy<O: Opaque>(object: *mut O) {
    let body = || {
        // SAFETY: as for this function.
        let found = unsafe { find(object)? };
        take(found)?;
        found.state.store(DEAD, Ordering::Release);
        // SAFETY: it was made by `create` and nobody else uses it.
        drop(unsafe { Box::from_raw(object.cast::<Object<O::Value>>()) });
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
            assert_eq!(shared(object).map(|value| *value), Ok(8));
            assert_eq!(change(object, |_| panic!("planted")), Err(REFRAIN_E_PANIC));
            assert_eq!(change(object, add), Err(REFRAIN_E_PANIC));
            let why = shared(object).map(|value| *value);
            assert_eq!(why, Err(REFRAIN_E_PANIC));
            destroy(object);
        }
    }

    #[test]
    fn an_object_is_not_taken_for_another() {
        let object = create::<Handle>(7);
        // SAFETY: the object is alive until it is destroyed; both kinds hold the same.
        unsafe {
            let other = shared(object.cast::<Other>()).map(|value| *value);
            assert_eq!(other, Err(REFRAIN_E_MEMORY));
            destroy(object.cast::<Other>());
            let own = shared(object).map(|value| *value);
            assert_eq!(own, Ok(7), "it was not freed");
            destroy(object);
        }
    }

    #[test]
    fn an_object_in_use_is_left_alone() {
        let object = create::<Handle>(7);
        let within = |_: &mut u32| {
            // SAFETY: the object is alive until it is destroyed.
            unsafe {
                let look = shared(object).map(|value| *value);
                assert_eq!(look, Err(REFRAIN_E_ORDER));
                assert_eq!(change(object, |_| Ok(())), Err(REFRAIN_E_ORDER));
                destroy(object);
            }
            Ok(())
        };
        // SAFETY: as above.
        unsafe {
            assert_eq!(change(object, within), Ok(()));
            {
                let (one, two) = (shared(object), shared(object));
                assert_eq!((one.map(|v| *v), two.map(|v| *v)), (Ok(7), Ok(7)));
                let held = shared(object);
                assert_eq!(change(object, |_| Ok(())), Err(REFRAIN_E_ORDER));
                destroy(object);
                assert_eq!(held.map(|v| *v), Ok(7), "it was not freed");
            }
            assert_eq!(change(object, |_| Ok(())), Ok(()), "it is free again");
            destroy(object);
        }
    }
}
