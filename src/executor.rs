//! What the two executors have in common.
//!
//! An executor owns the buffers of one [`Recording`] and runs its segments. It knows nothing of
//! models, samplers or policies.

use alloc::{string::String, sync::Arc};
use core::fmt;

use crate::kernels::{BufferId, Recording, SegmentId};

/// Runs the segments of one recording on one device.
pub trait Executor: fmt::Debug + Send {
    /// The recording it was made for.
    fn recording(&self) -> &Arc<Recording>;

    /// Copies `values` to the front of a buffer that is no weight.
    ///
    /// # Errors
    /// [`ExecutorError`] if `values` is longer than the buffer or the device was lost.
    fn write(&mut self, buffer: BufferId, values: &[f32]) -> Result<(), ExecutorError>;

    /// Runs segments in order, as one submission. Returns before a device is done where it can.
    ///
    /// # Errors
    /// [`ExecutorError`] if the device was lost.
    fn run(&mut self, segments: &[SegmentId]) -> Result<(), ExecutorError>;

    /// Copies the front of a buffer into `values`, after everything submitted before.
    ///
    /// # Errors
    /// [`ExecutorError`] if `values` is longer than the buffer or the device was lost.
    fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), ExecutorError>;

    /// The executor of a GPU, where it is one: only there can a run be decided on the device.
    #[cfg(feature = "gpu")]
    fn as_gpu(&self) -> Option<&crate::gpu::GpuExecutor> {
        None
    }
}

/// A weight tensor by name, in its stored format, for the executors to upload or pack.
pub trait WeightSource {
    /// The tensor's shape, element format and little-endian bytes; `None` if there is no such tensor.
    fn tensor(&self, name: &str) -> Option<WeightTensor<'_>>;
}

/// A borrowed checkpoint tensor.
#[derive(Clone, Copy, Debug)]
pub struct WeightTensor<'a> {
    /// Dimensions, outermost first.
    pub shape: &'a [usize],
    /// Element type.
    pub format: crate::kernels::WeightFormat,
    /// Little-endian elements; no alignment is promised.
    pub bytes: &'a [u8],
}

/// Why an executor could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecutorError {
    /// No adapter fits the request.
    NoAdapter(String),
    /// The device refused a buffer, a kernel or a limit.
    Device(String),
    /// A read or write does not fit its buffer.
    Length {
        /// The buffer's name.
        buffer: String,
        /// Elements it has.
        len: usize,
        /// Elements asked for.
        given: usize,
    },
    /// The recording names a weight that the source does not have, or has in another shape.
    Weight(String),
    /// The recording contradicts itself, or has no such buffer or segment.
    Recording(String),
}

impl fmt::Display for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAdapter(why) => write!(f, "no GPU adapter: {why}"),
            Self::Device(why) => write!(f, "device: {why}"),
            Self::Length { buffer, len, given } => {
                write!(
                    f,
                    "buffer `{buffer}` has {len} elements, {given} were given"
                )
            }
            Self::Weight(why) => write!(f, "weight: {why}"),
            Self::Recording(why) => write!(f, "recording: {why}"),
        }
    }
}

impl core::error::Error for ExecutorError {}
