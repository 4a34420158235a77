//! Decisions on the device: the arithmetic, the kernel against the scheduler, whole runs.
#![cfg(feature = "gpu")]

extern crate alloc;

#[path = "../adapter/mod.rs"]
mod adapter;
mod compute;
mod doubles;
mod corpus;
#[path = "../reference/mod.rs"]
mod reference;
mod runs;
