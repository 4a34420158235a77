//! refrain decides, step by step, what a diffusion transformer need not compute.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![deny(unsafe_code)]
#[cfg(feature = "alloc")]
extern crate alloc;

pub mod policy;
pub mod predict;
pub mod scheduler;
pub mod signal;
pub mod text;
pub mod timeline;
#[cfg(feature = "alloc")]
pub mod trace;

#[cfg(feature = "_run")]
pub mod executor;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(feature = "kernels")]
pub mod kernels;

pub use policy::{Policy, PolicyError};
pub use scheduler::{
    Action, Begin, CallError, Decision, Event, Lane, Outcome, Reason, Scheduler, Stats,
};
pub use timeline::{Call, Timeline};
#[cfg(feature = "alloc")]
pub use trace::Trace;
