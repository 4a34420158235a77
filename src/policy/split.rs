//! Parts of a feature with weights of their own.

use crate::text::{Named, named};

/// Which parts of a feature have weights of their own.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitKind {
    /// None: one set of weights for all of it.
    None = 0,
    /// Its low frequencies over the picture or the token grid, which are held, and the rest, which
    /// is forecast (FreqCa); of a guidance branch each has a factor of its own (FasterCache).
    Band = 1,
}

named!(SplitKind, "split", {
    None => "none",
    Band => "band",
});

/// Parts of a feature with weights of their own.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Which parts.
    pub kind: SplitKind,
    /// Zero.
    pub reserved: u32,
    /// With `Band`: share of the radius of the spectrum that is the low band, 0 to 1.
    pub band: f64,
    /// With `Band`, of a guidance branch: what the low band gains before the site's boundary, and the
    /// high band after it, as a share.
    pub boost: f64,
}

impl Split {
    /// One set of weights for all of a feature.
    pub const NONE: Self = Self {
        kind: SplitKind::None,
        reserved: 0,
        band: 0.0,
        boost: 0.0,
    };
}
