//! One evaluation of a network, by slices.

use alloc::{boxed::Box, vec, vec::Vec};
use core::fmt;

use super::error::RunError;
use crate::{
    executor::{Executor, Progress, Slice},
    kernels::{BufferId, SegmentId},
};

/// One evaluation of a network that is advanced by slices. It may be dropped at any point.
pub struct Forward {
    executor: Box<dyn Executor>,
    path: Vec<SegmentId>,
    done: usize,
    finished: bool,
    output: BufferId,
    len: usize,
}

impl Forward {
    /// With its inputs written; `len` elements of `output` are its result.
    pub(super) fn new(
        executor: Box<dyn Executor>,
        path: Vec<SegmentId>,
        output: BufferId,
        len: usize,
    ) -> Self {
        Self {
            executor,
            path,
            done: 0,
            finished: false,
            output,
            len,
        }
    }

    /// Goes on until the slice is used up or everything is run: then true. Cut or not, the output is
    /// the same, bit for bit.
    ///
    /// # Errors
    /// [`RunError`] if the device fails.
    pub fn advance(&mut self, slice: &mut Slice) -> Result<bool, RunError> {
        if !self.finished && !slice.is_over() {
            match self.executor.advance(&self.path, self.done, slice)? {
                Progress::Done => self.finished = true,
                Progress::Left(done) => self.done = done,
            }
        }
        Ok(self.finished)
    }

    /// The network's output (batch, out_channels, H, W), after what is left of it.
    ///
    /// # Errors
    /// [`RunError`] if the device fails.
    pub fn output(mut self) -> Result<Vec<f32>, RunError> {
        self.advance(&mut Slice::whole())?;
        let mut output = vec![0.0; self.len];
        self.executor.read(self.output, &mut output)?;
        Ok(output)
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward")
            .field("executor", &self.executor)
            .field("commands_done", &self.done)
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}
