//! What a row of the table of kernels says.

use alloc::{format, string::String};

use super::{AnchorFormat, table::KERNELS, twins};
use crate::text::Named;

/// Widths of a head that attention is made for.
pub const HEAD_DIMS: core::ops::RangeInclusive<u32> = 24..=128;

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
    /// `gated_add`
    GatedAdd,
    /// `square_sums`
    SquareSums,
    /// `products`
    Products,
    /// `mix_tokens`
    MixTokens,
    /// `guide_difference`
    GuideDifference,
    /// `guide_kept`
    GuideKept,
    /// `keep`
    Keep,
    /// `keep_int8`
    KeepInt8,
}

impl KernelId {
    /// Every kernel, in the order of the table.
    pub const ALL: [Self; 24] = [
        Self::Patchify,
        Self::TimestepFeatures,
        Self::Linear,
        Self::LinearGelu,
        Self::LinearSilu,
        Self::LinearGated,
        Self::LinearAdd,
        Self::Condition,
        Self::LayerNormModulate,
        Self::Attention,
        Self::Unpatchify,
        Self::Guide,
        Self::AbsoluteSums,
        Self::SumPartials,
        Self::Subtract,
        Self::Blend,
        Self::GatedAdd,
        Self::SquareSums,
        Self::Products,
        Self::MixTokens,
        Self::GuideDifference,
        Self::GuideKept,
        Self::Keep,
        Self::KeepInt8,
    ];

    /// The kernel's row of the table.
    #[must_use]
    pub fn kernel(self) -> &'static Kernel {
        &KERNELS[self as usize]
    }

    /// Whether one of its constants may have a value.
    ///
    /// # Errors
    /// The constant, the value and what it takes, in one line.
    pub fn check_constant(self, constant: &str, value: u32) -> Result<(), String> {
        let (fits, range) = match constant {
            "FORMAT" => (value <= WeightFormat::Bf16 as u32, "0 to 2"),
            "ANCHOR_FORMAT" if self == Self::Keep => (value < 2, "0 to 1"),
            "ANCHOR_FORMAT" => (AnchorFormat::from_number(value).is_some(), "0 to 2"),
            "HEAD_DIM" => (
                HEAD_DIMS.contains(&value) && value.is_multiple_of(8),
                "24 to 128 in steps of 8",
            ),
            _ => (true, ""),
        };
        if fits {
            Ok(())
        } else {
            Err(format!("{constant} is {value}; it takes {range}"))
        }
    }
}

/// How a kernel uses a storage binding.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only read.
    Read = 0,
    /// Written, never read.
    Write = 1,
}

/// What a storage binding holds.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `f32` values.
    F32 = 0,
    /// Words of a weight in its stored format (`array<u32>`); constant `FORMAT` says which.
    Weight = 1,
    /// Words of anchors (`array<u32>`); constant `ANCHOR_FORMAT` or the kernel's name says which.
    Anchors = 2,
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
    /// Names of the `override` constants a dispatch must give: `FORMAT`, a [`WeightFormat`] as a
    /// number; `ANCHOR_FORMAT`, an [`AnchorFormat`](super::AnchorFormat) as a number; `HEAD_DIM`, 24
    /// to 128 in steps of 8.
    pub constants: &'static [&'static str],
    /// Agreement with the twin that the tests demand of a device.
    pub tolerance: Tolerance,
    /// The twin.
    pub twin: fn(&mut twins::Call<'_, '_>),
}
