//! Recordings: a list of dispatches over numbered buffers, as data.
//!
//! Building one needs no device, so it can be printed, tested, and replayed by any executor or by
//! a host on its own device.

use alloc::{string::String, vec::Vec};

use super::kernel::{KernelId, WeightFormat};

/// Index of a [`Buffer`] in its [`Recording`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct BufferId(pub u32);

/// Index of a [`Segment`] in its [`Recording`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Written by the host before a segment runs.
    Input,
    /// Read by the host after a segment has run.
    Output,
    /// Holds nothing between calls.
    Scratch,
    /// Kept from one call to the next: anchors and the tensors a signal is compared with.
    State,
    /// Made for some calls in advance: what depends on time and class alone.
    Prepared,
    /// A tensor of the checkpoint, found by the buffer's name.
    Weight(WeightFormat),
}

/// One buffer: `len` elements (`f32`, or the stored element of a weight).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Unique in the recording; the tensor's name for a weight.
    pub name: String,
    /// Length in elements.
    pub len: usize,
    /// What it is for.
    pub role: Role,
}

impl Buffer {
    /// Bytes on a device: weights in their stored format, everything else `f32`; a multiple of 4.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let each = match self.role {
            Role::Weight(format) => format.bytes(),
            _ => 4,
        };
        (self.len as u64 * each).next_multiple_of(4)
    }
}

/// A buffer bound to one of a kernel's storage bindings, whole.
pub type Binding = BufferId;

/// One dispatch of one kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// Which kernel.
    pub kernel: KernelId,
    /// Storage buffers in the order of the kernel's bindings (binding 1 first).
    pub bindings: Vec<Binding>,
    /// The parameter block's bytes, as the kernel's struct in [`super::params`] lays them out.
    pub params: Vec<u8>,
    /// Values of the kernel's `override` constants.
    pub constants: Vec<(&'static str, u32)>,
    /// Workgroups in x, y, z.
    pub workgroups: [u32; 3],
}

/// A step of a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Run a kernel.
    Dispatch(Dispatch),
    /// Copy what fills `to` out of `from`.
    Copy {
        /// Source.
        from: BufferId,
        /// Its first element that is copied.
        first: u32,
        /// Destination, written whole.
        to: BufferId,
    },
}

/// A named run of commands, always executed together.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// For example `prepare`, `begin`, `rest`, `store.0`, `predict`, `end`.
    pub name: String,
    /// In order; each sees the writes of those before it.
    pub commands: Vec<Command>,
}

/// Buffers and segments over them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// All buffers; a [`BufferId`] indexes them.
    pub buffers: Vec<Buffer>,
    /// All segments; a [`SegmentId`] indexes them.
    pub segments: Vec<Segment>,
}
