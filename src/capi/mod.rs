//! The C functions of `include/refrain.h`, one file per object.
//!
//! The header is generated from these files: comments on public items are written for a reader of
//! C. What holds for every function is said once, in the preamble of the header
//! (`include/preamble.txt`) and here:
//!
//! * Every pointer is checked for NULL and for alignment before it is used. Beyond that a pointer
//!   must be what its documentation says: memory of that size, valid for the time of the call, or,
//!   for an object, what its `_init` or `_create` returned. That is the safety contract of every
//!   `unsafe` function here.
//! * An output is written only if the function returns [`REFRAIN_OK`](refrain_status::REFRAIN_OK).
//! * No panic crosses the border: `border::guard` turns it into a status.
#![expect(
    unsafe_code,
    reason = "the border to C: every pointer comes from outside"
)]
#![expect(
    non_camel_case_types,
    reason = "types have the names that the header gives them"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "the contract of all pointers is stated once, in the module's documentation"
)]

mod border;
mod numbers;
#[cfg(feature = "_run")]
mod object;

#[cfg(feature = "allocator")]
pub mod allocator;
pub mod cpu;
#[cfg(feature = "_run")]
pub mod engine;
#[cfg(feature = "_run")]
pub mod forward;
#[cfg(feature = "kernels")]
pub mod kernels;
pub mod library;
#[cfg(feature = "_run")]
pub mod model;
pub mod names;
#[cfg(feature = "panic-handler")]
mod panic;
pub mod policy;
pub mod predictor;
#[cfg(feature = "_run")]
pub mod program;
#[cfg(feature = "_run")]
pub mod sampler;
#[cfg(feature = "_run")]
pub mod sampling;
pub mod scheduler;
pub mod status;

pub use status::refrain_status;
