//! What the standard library gives a static library otherwise, so that one of the decide layer alone
//! links into a C program.
//!
//! It is built with `panic=abort`, by `bindings/cmake` or by
//! `cargo rustc --lib --no-default-features --features panic-handler --crate-type staticlib -- -C panic=abort`.

#[cfg(feature = "std")]
compile_error!(
    "the feature `panic-handler` is for libraries without `std`, which has a handler of its own"
);

/// No panic can be reached from the decide layer; were there one, the program would end here.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn abort() -> !;
    }
    // SAFETY: the C library's `abort` takes nothing and does not return.
    unsafe { abort() }
}

/// The compiled `core` of targets that can unwind names it; nothing unwinds with `panic=abort`.
#[cfg(all(not(feature = "std"), not(windows)))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
