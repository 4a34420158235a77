//! What part of the network is skipped, and what is kept of it.

use crate::text::{Named, named};

/// What part of the network a skipped call leaves out.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// All transformer blocks; embedding and final layer run on every call. What is kept is what
    /// the blocks added to their input.
    Trunk = 0,
    /// The blocks between the first `front` and the last `back` ones, which run on every call.
    Range = 1,
    /// The whole network, from latent to prediction; nothing of it runs.
    Model = 2,
}

named!(SiteKind, "site", {
    Trunk => "trunk",
    Range => "range",
    Model => "model",
});

/// What part of the network is skipped.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Which part.
    pub kind: SiteKind,
    /// With `Range`: blocks at the front that run on every call (`Fn_compute_blocks`).
    pub front: u32,
    /// With `Range`: blocks at the back that run on every call (`Bn_compute_blocks`).
    pub back: u32,
    /// Zero.
    pub reserved: u32,
}

impl Site {
    /// All transformer blocks.
    pub const TRUNK: Self = Self {
        kind: SiteKind::Trunk,
        front: 0,
        back: 0,
        reserved: 0,
    };
    /// The whole network.
    pub const MODEL: Self = Self {
        kind: SiteKind::Model,
        front: 0,
        back: 0,
        reserved: 0,
    };

    /// The blocks between the first `front` and the last `back` ones.
    #[must_use]
    pub const fn range(front: u32, back: u32) -> Self {
        Self {
            kind: SiteKind::Range,
            front,
            back,
            reserved: 0,
        }
    }
}
