//! The host's allocator, in place of the system's.
//!
//! A Rust library has one allocator for all of its objects, so this is the one thing of the C functions
//! that is global; it can be chosen once, before anything is allocated.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;
use core::mem::size_of;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::alloc::System;

use super::border::{guard, input};
use super::refrain_status::{self, REFRAIN_E_NULL, REFRAIN_E_ORDER};

/// Returns `bytes` bytes aligned to `alignment`, a power of two; NULL if there are none, which ends the
/// program, as for every allocation in Rust. Called by any thread.
pub type refrain_allocate_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, bytes: usize, alignment: usize) -> *mut c_void>;

/// Takes back what `allocate` returned, with what it was asked for. Called by any thread.
pub type refrain_release_callback = Option<
    unsafe extern "C" fn(user: *mut c_void, memory: *mut c_void, bytes: usize, alignment: usize),
>;

/// Memory from the host. What it names must be there for as long as the program runs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_allocator {
    /// Makes memory.
    pub allocate: refrain_allocate_callback,
    /// Frees it.
    pub release: refrain_release_callback,
    /// Handed to both and never looked at; may be NULL.
    pub user: *mut c_void,
}

const _: () = assert!(size_of::<refrain_allocator>() == 3 * size_of::<*const c_void>());

/// The system's allocator, until the host has given its own.
#[derive(Debug)]
struct Chosen {
    /// The host's, which is never freed; NULL for the system's.
    host: AtomicPtr<refrain_allocator>,
    /// Allocations of the system's that were not given back.
    live: AtomicUsize,
}

#[global_allocator]
static CHOSEN: Chosen = Chosen {
    host: AtomicPtr::new(core::ptr::null_mut()),
    live: AtomicUsize::new(0),
};

impl Chosen {
    fn host(&self) -> Option<&refrain_allocator> {
        // SAFETY: NULL, or a copy of what the host gave, which is never freed or changed.
        unsafe { self.host.load(Ordering::Acquire).as_ref() }
    }
}

// SAFETY: both pass on to an allocator, the host's being one as its documentation demands. It is the same
// one for all allocations that are alive, as it is only chosen while there are none.
unsafe impl GlobalAlloc for Chosen {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.host() {
            Some(&refrain_allocator {
                allocate: Some(allocate),
                user,
                ..
            }) => {
                // SAFETY: the host's function, as it was handed in.
                unsafe { allocate(user, layout.size(), layout.align()).cast() }
            }
            _ => {
                self.live.fetch_add(1, Ordering::Relaxed);
                // SAFETY: as for this function.
                unsafe { System.alloc(layout) }
            }
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match self.host() {
            Some(&refrain_allocator {
                release: Some(release),
                user,
                ..
            }) => {
                // SAFETY: the host's function, with what its other one returned.
                unsafe { release(user, memory.cast(), layout.size(), layout.align()) }
            }
            _ => {
                self.live.fetch_sub(1, Ordering::Relaxed);
                // SAFETY: as for this function.
                unsafe { System.dealloc(memory, layout) }
            }
        }
    }
}

/// Has the library allocate from the host from now on, everything that it allocates on the heap: models,
/// engines, samplings, programs and what they use. Memory of a GPU is its driver's affair, and stacks of
/// threads are the system's. Policies, schedulers, predictors and the cpu functions allocate nothing. When
/// all objects are destroyed, some 20 KB in a few blocks stay with the threads of the CPU executor.
///
/// To be called once, before any object is created, while no other thread uses the library.
///
/// - `allocator`: in; copied.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if something is allocated already, or there is a host's allocator;
/// REFRAIN_E_NULL, also if one of the functions is NULL; REFRAIN_E_MEMORY if the pointer is not aligned.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_allocator_set(
    allocator: *const refrain_allocator,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let given = *unsafe { input(allocator)? };
        let (Some(allocate), Some(_)) = (given.allocate, given.release) else {
            return Err(REFRAIN_E_NULL);
        };
        if CHOSEN.live.load(Ordering::Relaxed) > 0 || CHOSEN.host().is_some() {
            return Err(REFRAIN_E_ORDER);
        }
        let layout = Layout::new::<refrain_allocator>();
        // SAFETY: the host's function, as it was handed in.
        let at = unsafe { allocate(given.user, layout.size(), layout.align()) };
        let at = at.cast::<refrain_allocator>();
        if at.is_null() {
            return Err(super::refrain_status::REFRAIN_E_MEMORY);
        }
        // SAFETY: there is room for it.
        unsafe { at.write(given) };
        CHOSEN.host.store(at, Ordering::Release);
        Ok(())
    })
}
