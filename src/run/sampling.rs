//! One run of a sampler.

use alloc::vec::Vec;

use super::error::RunError;
use crate::{
    scheduler::{Event, Stats},
    trace::Trace,
};

/// One run of a sampler under a policy, advanced call by call.
#[derive(Debug)]
pub struct Sampling {
    latents: Vec<f32>,
    trace: Trace,
}

impl Sampling {
    /// Makes one call. `None` once all calls are made.
    ///
    /// # Errors
    /// [`RunError`] if the device fails; the call can then be tried again.
    pub fn advance(&mut self) -> Result<Option<Event>, RunError> {
        todo!()
    }

    /// The latents as they are now, (pictures, C, H, W).
    #[must_use]
    pub fn latents(&self) -> &[f32] {
        &self.latents
    }

    /// The calls made so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Counters of the run.
    #[must_use]
    pub fn stats(&self) -> Stats {
        todo!()
    }

    /// Picture `index` as 8-bit RGB, row by row, −1 black and 1 full.
    ///
    /// # Errors
    /// [`RunError`] if there is no such picture, or the model does not draw in RGB (a latent of an
    /// autoencoder: read [`latents`](Self::latents)).
    pub fn picture_rgb8(&self, index: usize) -> Result<Vec<u8>, RunError> {
        let _ = index;
        todo!()
    }
}
