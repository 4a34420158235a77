//! Version and features of the library.

use core::ffi::c_char;

/// Number of the binary interface. It changes only when a program built against an older header
/// could break; compare it with `refrain_abi_version()` when the library is loaded at run time.
pub const REFRAIN_ABI_VERSION: u32 = 1;

/// In `refrain_features`: the standard library is in; panics are caught.
pub const REFRAIN_FEATURE_STD: u32 = 1;
/// In `refrain_features`: the `refrain_kernel_…` functions are there.
pub const REFRAIN_FEATURE_KERNELS: u32 = 2;
/// In `refrain_features`: models and runs are there, on the CPU.
pub const REFRAIN_FEATURE_CPU: u32 = 4;
/// In `refrain_features`: models and runs are there, on the GPU.
pub const REFRAIN_FEATURE_GPU: u32 = 8;
/// In `refrain_features`: `refrain_kernel_translate` is there.
pub const REFRAIN_FEATURE_EXPORT: u32 = 16;
/// In `refrain_features`: `refrain_allocator_set` is there.
pub const REFRAIN_FEATURE_ALLOCATOR: u32 = 32;

/// The number of a granule, buffer, lane or kernel that there is none of.
pub const REFRAIN_NONE: u32 = 0xFFFF_FFFF;

const fn number(text: &str) -> u32 {
    let mut value = 0;
    let mut i = 0;
    while i < text.len() {
        value = value * 10 + (text.as_bytes()[i] - b'0') as u32;
        i += 1;
    }
    value
}

const VERSION_NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) << 24
    | number(env!("CARGO_PKG_VERSION_MINOR")) << 12
    | number(env!("CARGO_PKG_VERSION_PATCH"));

/// The version of the library, such as "0.1.0". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_version_string() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version of the library as REFRAIN_VERSION_NUMBER has it for the header: major in the upper 8
/// bits, minor in the next 12, patch in the lower 12.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_version_number() -> u32 {
    VERSION_NUMBER
}

/// The number of the library's binary interface; it fits if it equals REFRAIN_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_abi_version() -> u32 {
    REFRAIN_ABI_VERSION
}

/// What the library was built with: REFRAIN_FEATURE_… bits.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_features() -> u32 {
    let bit = |on: bool, bit: u32| if on { bit } else { 0 };
    bit(cfg!(feature = "std"), REFRAIN_FEATURE_STD)
        | bit(cfg!(feature = "kernels"), REFRAIN_FEATURE_KERNELS)
        | bit(cfg!(feature = "cpu"), REFRAIN_FEATURE_CPU)
        | bit(cfg!(feature = "gpu"), REFRAIN_FEATURE_GPU)
        | bit(cfg!(feature = "export"), REFRAIN_FEATURE_EXPORT)
        | bit(cfg!(feature = "allocator"), REFRAIN_FEATURE_ALLOCATOR)
}
