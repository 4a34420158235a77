//! Options of other libraries, read into a policy.
//!
//! stable-diffusion.cpp, cache-dit and diffusers have options of their own for the same methods. Each is
//! mapped to what it does here, or reported if it does not carry over, or refused; none is passed over in
//! silence. What is not given has the peer's default, not the preset's.

mod cachedit;
mod diffusers;
mod line;
mod reading;
mod report;
mod sdcpp;
mod words;

pub use report::{Carried, MAX_NOTES, Note, PeerError};

use super::Policy;
use crate::text::{Named, named};

/// Whose options a text holds.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// stable-diffusion.cpp: `--cache-mode easycache --cache-option threshold=0.25`.
    SdCpp = 0,
    /// cache-dit: `DBCacheConfig(Fn_compute_blocks=8)`, or lines of YAML.
    CacheDit = 1,
    /// diffusers: `FirstBlockCacheConfig(threshold=0.05)`.
    Diffusers = 2,
}

named!(Peer, "peer", {
    SdCpp => "sd.cpp",
    CacheDit => "cache-dit",
    Diffusers => "diffusers",
});

/// One option of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerOption {
    /// What it is an option of: a mode, a class, or the command line.
    pub of: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The key of the text form it becomes; `report` if it has no effect here, `refused` if it is an
    /// error.
    pub becomes: &'static str,
}

impl Peer {
    /// Every option that is known.
    pub fn options(self) -> impl Iterator<Item = PeerOption> {
        let groups = match self {
            Self::SdCpp => sdcpp::GROUPS,
            Self::CacheDit => cachedit::GROUPS,
            Self::Diffusers => diffusers::GROUPS,
        };
        groups.iter().flat_map(|group| {
            group.rows.iter().map(|row| PeerOption {
                of: group.name,
                name: row.name,
                becomes: row.becomes,
            })
        })
    }
}

impl Policy {
    /// Reads the options of another library, and says what of them does not carry over.
    ///
    /// # Errors
    /// [`PeerError`] names the option, its value, what is allowed and the nearest name.
    pub fn from_peer(peer: Peer, options: &str) -> Result<(Self, Carried<'_>), PeerError<'_>> {
        match peer {
            Peer::SdCpp => sdcpp::read(options),
            Peer::CacheDit => cachedit::read(options),
            Peer::Diffusers => diffusers::read(options),
        }
    }
}
