//! Decisions on the device: the arithmetic, the kernel against the scheduler, whole runs.

extern crate alloc;

#[path = "../adapter/mod.rs"]
mod adapter;
mod compute;
mod corpus;
mod doubles;
mod layout;
mod runs;
