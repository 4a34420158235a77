//! What a policy may ask the host to measure.
//!
//! A signal is one number per lane. A host that cannot measure it hands in NaN: an unusable signal
//! is never an error, it makes the call computed.

use crate::text::{Named, named};

/// Which tensor is measured, and how.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// Relative L1 change, `mean|now − ref| / mean|ref|`, of the first block's input after layer
    /// norm, scale and shift (TeaCache).
    ModulatedInput = 0,
    /// Relative L1 change, `mean|now − ref| / mean|ref|`, of what the front blocks (the first
    /// `front` blocks of the site) added to their input (FBCache).
    FrontResidual = 1,
    /// Mean absolute change, `mean|now − ref|`, of the network's input latent (EasyCache).
    ModelInput = 2,
}

named!(SignalKind, "signal", {
    ModulatedInput => "modulated-input",
    FrontResidual => "front-residual",
    ModelInput => "model-input",
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
