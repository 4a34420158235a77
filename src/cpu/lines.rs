//! Storage aligned to cache lines, so that no vector load of a packed weight straddles two.

use alloc::vec::Vec;
use core::fmt;

use bytemuck::{Pod, Zeroable};

/// One cache line.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// A fixed number of `f32`, aligned to 64 bytes.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
    len: usize,
}

impl Lines {
    /// `len` zeros, if there is memory.
    pub(super) fn zeros(len: usize) -> Option<Self> {
        let mut lines = Vec::new();
        lines.try_reserve_exact(len.div_ceil(16)).ok()?;
        lines.resize(len.div_ceil(16), Line([0.0; 16]));
        Some(Self { lines, len })
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        Self::bytes_of(self.len)
    }

    /// Bytes that `len` elements take.
    pub(super) const fn bytes_of(len: usize) -> u64 {
        64 * len.div_ceil(16) as u64
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} elements", self.len)
    }
}

impl core::ops::Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl core::ops::DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}
