//! The wgpu executor: Vulkan, Metal or Direct3D 12, on any adapter, software included.
//!
//! [`GpuDevice`] is an opened adapter and the pipelines compiled for it; [`GpuWeights`] is a model's
//! tensors on it; [`GpuExecutor`] owns the other buffers of one recording. All three may share: one
//! device serves many models, one set of weights many recordings.
//!
//! Linear layers and attention have [variants](crate::kernels::VARIANTS): [`Tuning`] says how an
//! executor chooses among them. By default each is tried once against its twin and timed on the shapes
//! of the recording; the choice stays with the device, and [`GpuDevice::tuning`] gives it as text.
//!
//! Everything a run needs is made by [`GpuExecutor::new`]. A run encodes one command buffer and
//! submits it; only [`read`](crate::executor::Executor::read) waits for the device.

mod decide;
mod decided_run;
mod device;
mod executor;
mod pipeline;
mod trial;
mod tuner;
mod weights;

pub use decide::{Decided, GpuScheduler, ScriptedCall};
pub(crate) use decided_run::{CallPath, DecidedRun, Gated, RunPlan};
pub use device::{GpuDevice, GpuPreference};
pub use executor::GpuExecutor;
pub use tuner::{Candidate, Choice, Tuning};
pub use weights::GpuWeights;
