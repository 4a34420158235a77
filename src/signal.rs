//! What a policy may ask the host to measure.
//!
//! A signal is one number per lane: a tensor, seen through a filter, compared by a metric with what
//! it was before. A host that cannot measure it hands in NaN: an unusable signal is never an error,
//! it makes the call computed.

use crate::text::{Named, named};

/// Which tensor is measured.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// The first block's input after layer norm, scale and shift (TeaCache).
    ModulatedInput = 0,
    /// What the front blocks (the first `front` blocks of the site) added to their input (FBCache).
    FrontResidual = 1,
    /// The network's input latent (EasyCache).
    ModelInput = 2,
    /// The timestep's embedding. It depends on the sampler's times alone, so that a schedule can be
    /// known before the run (TeaCache on Wan2.1 and CogVideoX).
    TimeEmbedding = 3,
    /// The residual stream behind the front blocks (DiCache's probe).
    FrontOutput = 4,
    /// The lane's block: its input (DBPrune, FastCache).
    BlockInput = 5,
    /// The outputs of the blocks; with a lane a block its own, else the mean over all of them
    /// (Foresight, BWCache).
    BlockOutput = 6,
    /// What the block in the middle of the trunk added to its input (AdaCache).
    BlockResidual = 7,
    /// The output of a trained gate, 0 to 1: no change of a tensor, and not for any metric (LazyDiT).
    Gate = 8,
    /// The network's output for a latent of lower resolution, a trial run of the host's
    /// (PreciseCache).
    TrialOutput = 9,
}

named!(SignalKind, "signal", {
    ModulatedInput => "modulated-input",
    FrontResidual => "front-residual",
    ModelInput => "model-input",
    TimeEmbedding => "time-embedding",
    FrontOutput => "front-output",
    BlockInput => "block-input",
    BlockOutput => "block-output",
    BlockResidual => "block-residual",
    Gate => "gate",
    TrialOutput => "trial-output",
});

/// How a tensor's change becomes a number. `ref` is the older tensor.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// `mean|now − ref| / mean|ref|`
    RelativeL1 = 0,
    /// `‖now − ref‖ / ‖ref‖`
    RelativeL2 = 1,
    /// `1 − cos(now, ref)`
    Cosine = 2,
    /// `mean|now − ref|`
    MeanAbsolute = 3,
    /// `mean (now − ref)²`
    MeanSquare = 4,
    /// `‖now − ref‖`
    L2 = 5,
}

named!(Metric, "metric", {
    RelativeL1 => "relative-l1",
    RelativeL2 => "relative-l2",
    Cosine => "cosine",
    MeanAbsolute => "mean-absolute",
    MeanSquare => "mse",
    L2 => "l2",
});

/// What a tensor goes through before it is measured.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Nothing.
    None = 0,
    /// Every so-manieth row and column of the picture.
    Downsample = 1,
    /// The low frequencies of the picture or the token grid, within a share of its radius.
    LowPass = 2,
    /// SeaCache's filter: what is signal rather than noise at the call's noise level, if the
    /// spectrum falls as |f|^−p.
    Sea = 3,
}

named!(Filter, "filter", {
    None => "none",
    Downsample => "downsample",
    LowPass => "low-pass",
    Sea => "sea",
});

/// What a measured tensor is compared with: the fork on which implementations that share a name
/// disagree.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The previous call of the lane, whether it was computed or skipped. The host replaces its
    /// copy on every call.
    Previous = 0,
    /// The last computed call of the lane. The host replaces its copy on computed calls only, so a
    /// chain of small changes cannot hide a large one.
    Computed = 1,
}

named!(Reference, "reference", {
    Previous => "previous",
    Computed => "computed",
});
