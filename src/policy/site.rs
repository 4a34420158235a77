//! What part of the network is skipped, and what is kept of it.

use crate::text::{Named, named};

/// What part of the network a skipped call leaves out.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// All transformer blocks; embedding and final layer run on every call.
    Trunk = 0,
    /// The blocks between the first `front` and the last `back` ones, which run on every call.
    Range = 1,
    /// The whole network, from latent to prediction; nothing of it runs.
    Model = 2,
    /// The first blocks, a `share` of them (BlockDance).
    Front = 3,
    /// The last blocks, a `share` of them.
    Rear = 4,
    /// The last blocks before `boundary`, the first ones from there on (Δ-DiT).
    Stage = 5,
    /// The outputs of every attention and MLP module before their gates, which stay fresh (FORA).
    Modules = 6,
    /// The outputs of every attention module before their gates (PAB).
    Attention = 7,
    /// The outputs of every MLP module before their gates.
    Mlp = 8,
    /// Every block by itself, with a lane each (DBPrune, Foresight).
    Blocks = 9,
    /// The network on the rows without their classes: guidance from the rows with them and what was
    /// kept of the difference (FasterCache's CFG-Cache).
    Branch = 10,
}

named!(SiteKind, "site", {
    Trunk => "trunk",
    Range => "range",
    Model => "model",
    Front => "front",
    Rear => "rear",
    Stage => "stage",
    Modules => "modules",
    Attention => "attention",
    Mlp => "mlp",
    Blocks => "blocks",
    Branch => "branch",
});

/// What is kept of a site.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What the site added to its input: a skipped call adds it to the fresh input, exactly once.
    Residual = 0,
    /// What the site gave: a skipped call takes it in place of anything fresh.
    Output = 1,
}

named!(Keep, "keep", {
    Residual => "residual",
    Output => "output",
});

/// What part of the network is skipped.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// Which part.
    pub kind: SiteKind,
    /// With `Range`: blocks at the front that run on every call (`Fn_compute_blocks`). With a
    /// signal measured behind them: how many those are.
    pub front: u32,
    /// With `Range`: blocks at the back that run on every call (`Bn_compute_blocks`).
    pub back: u32,
    /// What is kept. Modules keep their output, a branch its residual.
    pub keep: Keep,
    /// With `Front`, `Rear` and `Stage`: share of the blocks that is left out, 0 to 1; rounded to
    /// whole blocks, at least one and at most all but one.
    pub share: f64,
    /// With `Stage`: share of the steps at which the stage changes, 0 to 1.
    pub boundary: f64,
}

impl Site {
    /// All transformer blocks, of which the residual is kept.
    pub const TRUNK: Self = Self {
        kind: SiteKind::Trunk,
        front: 0,
        back: 0,
        keep: Keep::Residual,
        share: 0.5,
        boundary: 0.5,
    };
    /// The whole network.
    pub const MODEL: Self = Self {
        kind: SiteKind::Model,
        ..Self::TRUNK
    };

    /// The site of that kind, of which the output is kept.
    #[must_use]
    pub const fn output(kind: SiteKind) -> Self {
        Self {
            kind,
            keep: Keep::Output,
            ..Self::TRUNK
        }
    }

    /// The blocks between the first `front` and the last `back` ones.
    #[must_use]
    pub const fn range(front: u32, back: u32) -> Self {
        Self {
            kind: SiteKind::Range,
            front,
            back,
            ..Self::TRUNK
        }
    }

    /// Blocks that `Front`, `Rear` and `Stage` leave out of `depth`.
    #[must_use]
    pub fn blocks(&self, depth: u32) -> u32 {
        let share = (self.share * f64::from(depth) + 0.5) as u32;
        share.clamp(1, depth.saturating_sub(1).max(1))
    }

    /// With `Stage`: whether a skipped call at `step` leaves out the rear blocks.
    #[must_use]
    pub fn rear_at(&self, step: u32, steps: u32) -> bool {
        f64::from(step) / f64::from(steps) < self.boundary
    }
}
