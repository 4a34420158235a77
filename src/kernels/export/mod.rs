//! Kernels in other shading languages, for a host that dispatches them on its own device.
//!
//! A [`Permutation`] is a kernel with values for its constants; [`Permutation::shader`] checks it,
//! and a [`Shader`] tells its bindings and parameters and is translated. Translated kernels do no
//! checks of their own: indices stay in range for the dispatches of a recording that
//! [`check`](super::Recording::check) accepts, and workgroup memory is written before it is read.

mod grid;
mod layout;
mod shader;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{
    AnchorFormat, HEAD_DIMS, Kernel, KernelId, Tolerance, VARIANTS, Variant, WeightFormat,
};
use crate::text::{Named, named};

pub use grid::{Grid, Share};
pub use shader::{Code, Field, Shader, ShaderBinding, Translated};

/// A shading language.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// WGSL, with the constants filled in.
    Wgsl = 0,
    /// SPIR-V 1.3, which Vulkan 1.1 takes.
    Spirv = 1,
    /// Metal Shading Language 2.4.
    Msl = 2,
    /// HLSL for shader model 6.0, or 6.2 where 16-bit floats are used.
    Hlsl = 3,
    /// GLSL 4.50.
    Glsl = 4,
}

named!(Language, "language", {
    Wgsl => "wgsl",
    Spirv => "spirv",
    Msl => "msl",
    Hlsl => "hlsl",
    Glsl => "glsl",
});

impl Language {
    /// The usual ending of a file.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wgsl => "wgsl",
            Self::Spirv => "spv",
            Self::Msl => "metal",
            Self::Hlsl => "hlsl",
            Self::Glsl => "comp",
        }
    }

    /// Where a binding of the kernel is found.
    #[must_use]
    pub const fn binding_rule(self) -> &'static str {
        match self {
            Self::Wgsl => "@group(group) @binding(binding)",
            Self::Spirv => "DescriptorSet group, Binding binding",
            Self::Msl => "[[buffer(binding)]]",
            Self::Hlsl => {
                "space group; register b<binding> for the uniform block, t<binding> for what is \
                 read, u<binding> for what is written"
            }
            Self::Glsl => "layout(binding = binding), std140 for the uniform block, else std430",
        }
    }
}

/// Why a kernel cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportError {
    kernel: String,
    why: String,
}

impl ExportError {
    fn new(kernel: impl fmt::Display, why: impl fmt::Display) -> Self {
        // What naga says may be many lines, with the source in them: the first is the reason.
        let why = why.to_string();
        let mut lines = why.lines().map(str::trim).filter(|line| !line.is_empty());
        Self {
            kernel: kernel.to_string(),
            why: lines.next().unwrap_or("no reason is given").to_string(),
        }
    }

    /// The reason, without the name of the kernel.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kernel `{}`: {}", self.kernel, self.why)
    }
}

impl core::error::Error for ExportError {}

/// The text of a kernel, whose constants are not set yet.
#[derive(Clone, Copy, Debug)]
struct Source {
    name: &'static str,
    kernel: KernelId,
    /// Another text for the same operation.
    variant: Option<&'static Variant>,
    /// The table's text.
    text: &'static str,
}

impl Source {
    fn of(kernel: KernelId, variant: Option<&'static Variant>) -> Self {
        Self {
            name: kernel.kernel().name,
            kernel,
            variant,
            text: kernel.kernel().source,
        }
    }

    /// The values that a constant has, one permutation each; `widths` are those of `HEAD_DIM`.
    fn values(&self, constant: &str, widths: &[u32]) -> Vec<u32> {
        match constant {
            "FORMAT" if self.variant.is_some_and(|v| v.takes.only_f16_weights) => {
                alloc::vec![WeightFormat::F16 as u32]
            }
            "FORMAT" => FORMATS.iter().map(|format| *format as u32).collect(),
            "HEAD_DIM" => widths.to_vec(),
            // Anchors in int8 are kept by a kernel of their own.
            "ANCHOR_FORMAT" => AnchorFormat::ALL
                .iter()
                .filter(|format| self.kernel != KernelId::Keep || **format != AnchorFormat::Int8)
                .map(|format| *format as u32)
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// Every text there is: the table's, then the variants of each operation.
fn sources() -> impl Iterator<Item = Source> {
    let table = KernelId::ALL.into_iter().map(|id| Source::of(id, None));
    let variants = VARIANTS.iter().flat_map(|variant| {
        let operations = variant.family.operations().iter();
        operations.map(move |id| Source::of(*id, Some(variant)))
    });
    table.chain(variants)
}

/// A kernel of the table, or a variant of one, with values for its constants.
#[derive(Clone, Debug)]
pub struct Permutation {
    source: Source,
    constants: Vec<(&'static str, u32)>,
}

/// Every kernel and every variant, with each weight format and anchor format that it takes and each of
/// the widths of a head. By default those widths are 24 to 128 in steps of 8.
///
/// # Errors
/// [`ExportError`] for a width that attention does not take.
pub fn permutations(head_dims: &[u32]) -> Result<Vec<Permutation>, ExportError> {
    for width in head_dims {
        KernelId::Attention
            .check_constant("HEAD_DIM", *width)
            .map_err(|why| ExportError::new(KernelId::Attention.kernel().name, why))?;
    }
    let all: Vec<u32> = HEAD_DIMS.step_by(8).collect();
    let widths = if head_dims.is_empty() {
        &all
    } else {
        head_dims
    };
    let mut permutations = Vec::new();
    for source in sources() {
        let mut sets = alloc::vec![Vec::new()];
        for &name in source.kernel.kernel().constants {
            let values = source.values(name, widths);
            sets = sets
                .iter()
                .flat_map(|set: &Vec<_>| {
                    values.iter().map(move |value| {
                        let mut set = set.clone();
                        set.push((name, *value));
                        set
                    })
                })
                .collect();
        }
        permutations.extend(
            sets.into_iter()
                .map(|constants| Permutation { source, constants }),
        );
    }
    Ok(permutations)
}

const FORMATS: [WeightFormat; 3] = [WeightFormat::F32, WeightFormat::F16, WeightFormat::Bf16];

impl Permutation {
    /// The table's kernel with the constants that a dispatch gives it.
    #[must_use]
    pub fn of(kernel: KernelId, constants: &[(&'static str, u32)]) -> Self {
        Self {
            source: Source::of(kernel, None),
            constants: constants.to_vec(),
        }
    }

    /// A variant of a kernel with the constants that a dispatch gives it.
    #[must_use]
    pub fn of_variant(
        kernel: KernelId,
        variant: &'static Variant,
        constants: &[(&'static str, u32)],
    ) -> Self {
        Self {
            source: Source::of(kernel, Some(variant)),
            constants: constants.to_vec(),
        }
    }

    /// `linear.f16`, `linear_tile32.f16`, `attention.d64`, `patchify`: the kernel and its constants.
    #[must_use]
    pub fn name(&self) -> String {
        let source = &self.source;
        let mut name = match source.variant {
            Some(variant) => variant.kernel_name(source.kernel),
            None => String::from(source.name),
        };
        for &(constant, value) in &self.constants {
            let format = FORMATS.iter().find(|format| **format as u32 == value);
            name += &match (constant, format) {
                ("FORMAT", Some(format)) => format!(".{format:?}").to_lowercase(),
                ("HEAD_DIM", _) => format!(".d{value}"),
                ("ANCHOR_FORMAT", _) => {
                    let format = AnchorFormat::from_number(value);
                    format!(".{}", format.map_or("unknown", AnchorFormat::name))
                }
                _ => format!(".{value}"),
            };
        }
        name
    }

    /// The row of the table: of a variant, its operation's.
    #[must_use]
    pub fn kernel(&self) -> &'static Kernel {
        self.source.kernel.kernel()
    }

    /// The variant; `None` for the table's own kernel.
    #[must_use]
    pub fn variant(&self) -> Option<&'static Variant> {
        self.source.variant
    }

    /// What it computes and, of a variant, how, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let operation = self.kernel().summary;
        match self.source.variant {
            Some(variant) => format!("{operation}; {}", variant.summary),
            None => String::from(operation),
        }
    }

    /// Agreement with the twin that is demanded of a device.
    #[must_use]
    pub fn tolerance(&self) -> Tolerance {
        match self.source.variant {
            Some(variant) => variant.tolerance(self.source.kernel),
            None => self.kernel().tolerance,
        }
    }

    /// What the fields of the parameter block must be, each as a condition, for example
    /// `inputs % 8 == 0`; none for the table's own kernels.
    #[must_use]
    pub fn takes(&self) -> Vec<String> {
        let mut conditions = Vec::new();
        if let Some(variant) = self.source.variant {
            let takes = variant.takes;
            if takes.inputs_of > 1 {
                conditions.push(format!("inputs % {} == 0", takes.inputs_of));
            }
            if takes.rows < u32::MAX {
                conditions.push(format!("rows <= {}", takes.rows));
            }
        }
        conditions
    }

    /// Invocations of a subgroup, if it works with none but that many.
    #[must_use]
    pub fn subgroup_size(&self) -> Option<u32> {
        let needs = self.source.variant?.needs;
        if needs.cooperative > 0 {
            return Some(32);
        }
        (needs.subgroup > 0).then_some(needs.subgroup)
    }

    /// Its constants, by name.
    #[must_use]
    pub fn constants(&self) -> &[(&'static str, u32)] {
        &self.constants
    }

    /// How many workgroups its parameters ask for.
    #[must_use]
    pub fn grid(&self) -> Grid {
        match self.source.variant {
            Some(variant) => Grid::of_variant(variant),
            None => Grid::of(self.source.kernel),
        }
    }

    /// Checks the text with these constants.
    ///
    /// # Errors
    /// [`ExportError`] if it is no valid WGSL with them: a constant is missing, or is not the
    /// kernel's.
    pub fn shader(&self) -> Result<Shader, ExportError> {
        Shader::new(self)
    }

    /// The text with its constants filled in.
    fn text(&self) -> Result<String, ExportError> {
        for (name, value) in &self.constants {
            let kernel = self.source.kernel;
            kernel
                .check_constant(name, *value)
                .map_err(|why| ExportError::new(self.name(), why))?;
        }
        let (mut text, open) = match self.source.variant {
            Some(variant) => (
                variant.source(self.source.kernel, &self.constants),
                variant.overrides(&self.constants),
            ),
            None => (String::from(self.source.text), self.constants.clone()),
        };
        for (name, value) in open {
            let declared = format!("override {name}: u32;");
            if !text.contains(&declared) {
                let why = format_args!("it has no constant {name}");
                return Err(ExportError::new(self.name(), why));
            }
            text = text.replace(&declared, &format!("const {name}: u32 = {value}u;"));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
