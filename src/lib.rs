//! skeleton
#![cfg_attr(not(feature = "std"), no_std)]
#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "kernels")]
pub mod kernels;
#[cfg(feature = "_run")]
pub mod executor;
