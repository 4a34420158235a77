//! The kernels: WGSL text, their bindings and parameter blocks, their CPU twins, and recordings.
//!
//! One table, [`KERNELS`], feeds every user of a kernel: both executors, shader validation, the
//! twin tests, the benches and the C functions. A kernel is one row, one `.wgsl`, one twin.
//!
//! Linear layers and attention exist in further forms for devices with more than WebGPU's core, and for
//! other shapes: [`VARIANTS`].
//!
//! Conventions shared by all kernels:
//!
//! * `@group(0) @binding(0)` is the uniform parameter block, a `#[repr(C)]` struct of [`params`],
//!   mirrored by `struct Params` in the WGSL. Storage buffers follow at bindings 1, 2, … in the
//!   order of [`Kernel::bindings`].
//! * Activations are `f32`, row-major, last dimension fastest. Shapes are written (batch, tokens,
//!   channels). Weights keep the element type of the checkpoint ([`WeightFormat`]) and are read as
//!   words; accumulation is always `f32`.
//! * Anchors are words in an [`AnchorFormat`], the slots of a ring one behind the other in one buffer,
//!   so that one `blend` reads each of up to 8 of them once, with four bindings in any format.
//! * Everything runs at WebGPU's default limits: at most 8 storage buffers, 128 MiB a binding,
//!   16 KiB of workgroup memory, 256 invocations, 65,535 workgroups a dimension.

pub(crate) mod anchors;
mod check;
#[cfg(feature = "export")]
pub mod export;
mod extent;
mod kernel;
mod lifetimes;
mod memory_plan;
pub mod params;
mod print;
mod recording;
mod table;
mod template;
pub mod twins;
mod variants;
mod work;

pub use anchors::AnchorFormat;
pub use check::RecordingError;
pub use kernel::{
    Access, BindingSpec, Element, HEAD_DIMS, Kernel, KernelId, Tolerance, WeightFormat,
};
pub use lifetimes::Lifetime;
pub use memory_plan::{Alternatives, MemoryPlan};
pub use recording::{
    Binding, Buffer, BufferId, Command, Dispatch, Recording, Role, Segment, SegmentId,
};
pub use table::KERNELS;
pub use variants::{Family, Grid, Needs, Takes, VARIANTS, Variant};
