//! Diffusion transformers: checkpoints, and their forward pass as a recording.
//!
//! [`Model`] is a checkpoint with the published DiT and SiT parameter names (Peebles & Xie, 2023,
//! arXiv 2212.09748; Ma et al., 2024, arXiv 2401.08740), checked before anything is computed.
//! [`Lowering`] turns it into a [`Program`]: a recording of the forward pass, split where a caching
//! policy measures, skips and keeps, without touching a device.

mod check;
mod checkpoint;
mod config;
mod error;
mod layout;
mod lower;
mod lowering;
mod measure;
mod memory;
mod model;
mod network;
mod positions;
mod program;
mod random;
mod record;
mod site;
mod spectrum;

pub use config::{DitConfig, Overrides, Prediction};
pub use error::ModelError;
pub use lowering::{Lowering, Ring, Signal};
pub use memory::Memory;
pub use model::Model;
pub use program::{Buffers, Granule, Pairs, Part, Program, Segments, Stage};
