//! The one table of kernels.

use super::twins;

/// Index of a kernel in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum KernelId {
    /// `patchify`
    Patchify,
    /// `timestep_features`
    TimestepFeatures,
    /// `linear`
    Linear,
    /// `linear_gelu`
    LinearGelu,
    /// `linear_silu`
    LinearSilu,
    /// `linear_gated`
    LinearGated,
    /// `linear_add`
    LinearAdd,
    /// `condition`
    Condition,
    /// `layer_norm_modulate`
    LayerNormModulate,
    /// `attention`
    Attention,
    /// `unpatchify`
    Unpatchify,
    /// `guide`
    Guide,
    /// `absolute_sums`
    AbsoluteSums,
    /// `sum_partials`
    SumPartials,
    /// `subtract`
    Subtract,
    /// `blend`
    Blend,
}

/// How a kernel uses a storage binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only read.
    Read,
    /// Written, never read.
    Write,
}

/// What a storage binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `f32` values.
    F32,
    /// Words of a weight in its stored format (`array<u32>`); constant `FORMAT` says which.
    Weight,
}

/// One storage binding of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindingSpec {
    /// The WGSL variable.
    pub name: &'static str,
    /// Shape, for a reader.
    pub shape: &'static str,
    /// Element type.
    pub element: Element,
    /// Read or written.
    pub access: Access,
}

/// Element type of a weight as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum WeightFormat {
    /// 32-bit float, one a word.
    F32 = 0,
    /// IEEE half, two a word, low half first.
    F16 = 1,
    /// bfloat16, two a word, low half first.
    Bf16 = 2,
}

impl WeightFormat {
    /// Bytes of one element.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// How far a device may be from the twin: `|device − twin| ≤ absolute + relative · max|twin|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// In units of the output.
    pub absolute: f32,
    /// Of the largest magnitude in the output.
    pub relative: f32,
}

/// One kernel.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// `<op>[_<variant>]`; also the file name of the shader and the function name of the twin.
    pub name: &'static str,
    /// What it computes, in one line.
    pub summary: &'static str,
    /// WGSL text; the entry point is `main`.
    pub source: &'static str,
    /// `@workgroup_size`.
    pub workgroup: [u32; 3],
    /// Storage bindings, binding 1 first; binding 0 is the parameter block.
    pub bindings: &'static [BindingSpec],
    /// Bytes of the parameter block.
    pub params_size: usize,
    /// Names of the `override` constants a dispatch must give.
    pub constants: &'static [&'static str],
    /// Agreement with the twin that the tests demand of a device.
    pub tolerance: Tolerance,
    /// The twin.
    pub twin: fn(&mut twins::Call<'_, '_>),
}
