//! What a run is to do.

use alloc::vec::Vec;

use crate::{
    kernels::AnchorFormat,
    policy::Policy,
    sampler::Sampler,
    text::{Named, named},
};

/// Who decides what of a run is left out.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decide {
    /// The host, which waits for the device to measure.
    #[default]
    Host = 0,
    /// The device, a GPU; [`Sampling::decide_on_device`](super::Sampling) has a run do so.
    Device = 1,
}

named!(Decide, "decide", {
    Host => "host",
    Device => "device",
});

/// What a run is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// When calls are skipped, and what stands in for them.
    pub policy: Policy,
    /// Sampler steps, 1 to 1000 with DDIM, to 1,048,576 with Euler.
    pub steps: u32,
    /// The sampler; [`Sampler::for_prediction`] gives the one that fits a model.
    pub sampler: Sampler,
    /// Classifier-free guidance scale `s` of `u + s (c − u)`, on all channels; finite. 1 leaves the
    /// unconditional half out.
    pub guidance: f32,
    /// One picture each; numbers below the model's `num_classes`, or `num_classes` for none.
    pub classes: Vec<u32>,
    /// How what the policy keeps is stored. A policy that keeps running sums (`predictor=chebyshev`)
    /// needs [`AnchorFormat::F32`].
    pub anchor_format: AnchorFormat,
    /// Seed of the noise. Picture `i` of a batch starts from the same noise in every batch.
    pub seed: u64,
}
