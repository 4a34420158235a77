//! The executor for machines without a GPU.
//!
//! It runs the same [`Recording`](crate::kernels::Recording)s as the GPU, on a pool of threads of its
//! own, with the widest vectors the processor has (found at run time: AVX-512, AVX2, NEON).
//!
//! * Weights are converted to `f32` and laid out for the matrix product once
//!   ([`CpuWeights::load`]), and shared by all recordings of a model.
//! * All memory is allocated when a [`CpuExecutor`] is made, and every dispatch is checked then
//!   against the buffers it binds; running a segment cannot fail
//!   and allocates nothing, but for a block of the pool's job queue every 63 runs.
//! * The values written do not depend on the number of threads: every sum is taken in one order.
//!   They may differ in the last bits between processors with vectors of different widths.
//!
//! [`CpuExecutor::with_twins`] runs every kernel by its twin instead, slowly, for comparison.

#![expect(
    unsafe_code,
    reason = "vector loads, and buffers written by several threads"
)]

mod anchors;
mod attention;
mod device;
mod elementwise;
mod executor;
mod linear;
mod lines;
mod math;
mod mix;
mod norm;
mod patches;
mod plan;
mod reduce;
mod split;
mod tile;
mod twins;
mod weights;

pub use device::{CpuDevice, Vectors};
pub use executor::CpuExecutor;
pub use weights::CpuWeights;
