//! The devices a model can be prepared on.

use crate::text::{Named, named};

/// Where to compute.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// A hardware GPU adapter if there is one, else the CPU.
    #[default]
    Auto = 0,
    /// The best GPU adapter, a software renderer if there is nothing else.
    Gpu = 1,
    /// The CPU.
    Cpu = 2,
}

named!(Backend, "backend", {
    Auto => "auto",
    Gpu => "gpu",
    Cpu => "cpu",
});
