//! What the two executors have in common.
//!
//! An executor owns the buffers of one [`Recording`] and runs its segments. It knows nothing of
//! models, samplers or policies.

#[cfg(any(feature = "gpu", feature = "capi"))]
mod stored;

use alloc::{string::String, sync::Arc};
use core::{any::Any, fmt, time::Duration};
use std::time::Instant;

use crate::kernels::{BufferId, Recording, SegmentId, WeightFormat};

#[cfg(any(feature = "gpu", feature = "capi"))]
pub(crate) use stored::contents;
#[cfg(feature = "gpu")]
pub(crate) use stored::word;

/// How much an executor may do before it comes back: commands, time, or both. Whatever is allowed, the
/// first command is run, so that a run of slices ends.
///
/// A command is not cut. On a CPU one is not begun that would overrun if it took as long as the longest
/// of the slice so far; on a GPU a slice may overrun by one submission, which is as small as the last ones
/// were slow.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Commands that are still allowed.
    commands: u32,
    until: Option<Instant>,
    begun: bool,
    #[cfg(feature = "cpu")]
    pace: Pace,
}

/// How long commands take that are run at once.
#[cfg(feature = "cpu")]
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// When the last command began.
    last: Option<Instant>,
    longest: Duration,
}

impl Slice {
    /// No limit.
    #[must_use]
    pub const fn whole() -> Self {
        Self {
            commands: u32::MAX,
            until: None,
            begun: false,
            #[cfg(feature = "cpu")]
            pace: Pace {
                last: None,
                longest: Duration::ZERO,
            },
        }
    }

    /// So many commands of a recording (dispatches and copies) at most.
    #[must_use]
    pub const fn commands(count: u32) -> Self {
        Self {
            commands: count,
            ..Self::whole()
        }
    }

    /// So much time from now on.
    #[must_use]
    pub fn time(time: Duration) -> Self {
        Self::whole().within(time)
    }

    /// The same, and no more than that much time from now on.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self {
            // Later than the clock can tell is never.
            until: Instant::now().checked_add(time),
            ..self
        }
    }

    /// Whether nothing more may be run.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let late = || self.until.is_some_and(|until| Instant::now() >= until);
        self.begun && (self.commands == 0 || late())
    }

    /// Takes one command out of it, if there is one left.
    pub(crate) fn take(&mut self) -> bool {
        let more = !self.is_over();
        if more {
            self.begun = true;
            // Without a limit it is not counted down.
            if self.commands < u32::MAX {
                self.commands = self.commands.saturating_sub(1);
            }
        }
        more
    }

    /// Takes one command that is run at once: not if the longest one so far would end behind the limit.
    #[cfg(feature = "cpu")]
    pub(crate) fn take_now(&mut self) -> bool {
        let Some(until) = self.until else {
            return self.take();
        };
        let now = Instant::now();
        if let Some(last) = self.pace.last.replace(now) {
            self.pace.longest = self.pace.longest.max(now.saturating_duration_since(last));
        }
        let late = self.begun && until.saturating_duration_since(now) < self.pace.longest;
        !late && self.take()
    }

    /// The time that is left, if time is limited.
    #[cfg(feature = "gpu")]
    pub(crate) fn left(&self) -> Option<Duration> {
        self.until
            .map(|until| until.saturating_duration_since(Instant::now()))
    }
}

/// How far an executor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Everything was run, or submitted.
    Done,
    /// The slice is used up; so many commands are done.
    Left(usize),
}

/// Runs the segments of one recording on one device.
pub trait Executor: fmt::Debug + Send {
    /// The recording it was made for.
    fn recording(&self) -> &Arc<Recording>;

    /// Copies `values` to the front of a buffer that is no weight.
    ///
    /// # Errors
    /// [`ExecutorError`] if `values` is longer than the buffer or the device was lost.
    fn write(&mut self, buffer: BufferId, values: &[f32]) -> Result<(), ExecutorError>;

    /// Goes on with segments, in order, behind the first `done` of their commands, until all are run
    /// or the slice is used up. Cut or not, the results are the same bits.
    ///
    /// Without a limit on time a GPU gets one submission, and nothing waits for it; with one it is
    /// waited for, and what is left of the time says how much is submitted next.
    ///
    /// # Errors
    /// [`ExecutorError`] if the device was lost.
    fn advance(
        &mut self,
        segments: &[SegmentId],
        done: usize,
        slice: &mut Slice,
    ) -> Result<Progress, ExecutorError>;

    /// Runs segments in order, as one submission. Returns before a device is done where it can.
    ///
    /// # Errors
    /// [`ExecutorError`] if the device was lost.
    fn run(&mut self, segments: &[SegmentId]) -> Result<(), ExecutorError> {
        self.advance(segments, 0, &mut Slice::whole()).map(|_| ())
    }

    /// Copies the front of a buffer into `values`, after everything submitted before.
    ///
    /// # Errors
    /// [`ExecutorError`] if `values` is longer than the buffer or the device was lost.
    fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), ExecutorError>;

    /// Itself, where it can do more than this trait says: a GPU's has a run decided on the device.
    fn as_any(&self) -> Option<&dyn Any> {
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
    pub format: WeightFormat,
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
    /// A text of remembered choices of kernels is not of this device, or no such text.
    Tuning(String),
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
            Self::Tuning(why) => write!(f, "tuning: {why}"),
        }
    }
}

impl core::error::Error for ExecutorError {}
