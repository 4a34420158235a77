//! Other kernels for the same operations, for an executor that measures which is fastest.
//!
//! A recording names operations. The kernel of the table serves every device; a variant serves some
//! devices and shapes, computes the same within [`Variant::tolerance`], and has its own text,
//! workgroup and number of workgroups. Bindings and parameter block are those of its operation.
//!
//! The variants on cooperative matrices have been translated and validated, and never been run on
//! hardware by the authors: like every variant they are used only where they pass a test on start-up.

use alloc::{format, string::String, vec::Vec};

use super::{
    kernel::{KernelId, Tolerance},
    params::{AttentionParams, LinearParams, MAX_WORKGROUPS, wrapped},
    recording::Dispatch,
    template::expand,
};

/// Operations whose variants differ only in what is done with a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The linear kernels.
    Linear,
    /// `attention`.
    Attention,
}

impl Family {
    /// Its operations. The first stands for all where they are timed.
    #[must_use]
    pub const fn operations(self) -> &'static [KernelId] {
        match self {
            Self::Linear => &[
                KernelId::Linear,
                KernelId::LinearGelu,
                KernelId::LinearSilu,
                KernelId::LinearGated,
                KernelId::LinearAdd,
            ],
            Self::Attention => &[KernelId::Attention],
        }
    }
}

/// What a variant asks of a device, beyond WebGPU's core and default limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// `enable f16`.
    pub f16: bool,
    /// Subgroup operations, in subgroups of this many invocations and no other; 0: none.
    pub subgroup: u32,
    /// Square cooperative matrices of this side, f16 with f32 sums, in subgroups of 32; 0: none.
    pub cooperative: u32,
}

/// How many workgroups a variant takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// x: ceil(outputs / columns); y: ceil(rows / this many rows), beyond 65,535 continued in z.
    Tiles {
        /// Rows of the output a workgroup computes.
        rows: u32,
        /// Columns of the output a workgroup computes.
        columns: u32,
    },
    /// x: ceil(tokens / queries); y: heads; z: images.
    Queries {
        /// Queries a workgroup computes.
        queries: u32,
    },
}

/// Which dispatches a variant takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    /// `inputs` must be a multiple of it.
    pub inputs_of: u32,
    /// Most rows.
    pub rows: u32,
    /// `FORMAT` must be f16.
    pub only_f16_weights: bool,
}

const ANY: Takes = Takes {
    inputs_of: 1,
    rows: u32::MAX,
    only_f16_weights: false,
};

/// One variant of every operation of a family.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Which operations it serves.
    pub family: Family,
    /// What stands after the operation's name: `linear_gelu` has `linear_gelu_tile32`.
    pub name: &'static str,
    /// How it computes, in one line.
    pub summary: &'static str,
    /// `@workgroup_size`.
    pub workgroup: [u32; 3],
    /// What a device must have.
    pub needs: Needs,
    /// What a dispatch must be.
    pub takes: Takes,
    /// How many workgroups it is dispatched with.
    pub grid: Grid,
    pub(crate) template: &'static str,
    pub(crate) values: &'static [(&'static str, u32)],
}

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../../shaders/variants/", $name, ".wgsl"))
    };
}

const NOTHING: Needs = Needs {
    f16: false,
    subgroup: 0,
    cooperative: 0,
};

const fn tile(
    name: &'static str,
    summary: &'static str,
    side: u32,
    invocations: u32,
    values: &'static [(&'static str, u32)],
) -> Variant {
    Variant {
        family: Family::Linear,
        name,
        summary,
        workgroup: [invocations, 1, 1],
        needs: NOTHING,
        takes: ANY,
        grid: Grid::Tiles {
            rows: side,
            columns: side,
        },
        template: template!("linear_tile"),
        values,
    }
}

const fn few(
    name: &'static str,
    summary: &'static str,
    rows: u32,
    values: &'static [(&'static str, u32)],
) -> Variant {
    Variant {
        workgroup: [64, 1, 1],
        takes: Takes { rows: 16, ..ANY },
        grid: Grid::Tiles { rows, columns: 8 },
        template: template!("linear_few"),
        ..tile(name, summary, 0, 0, values)
    }
}

const fn subgroup(
    name: &'static str,
    size: u32,
    columns: u32,
    values: &'static [(&'static str, u32)],
) -> Variant {
    Variant {
        workgroup: [size, 1, 1],
        needs: Needs {
            subgroup: size,
            ..NOTHING
        },
        takes: Takes {
            inputs_of: size,
            ..ANY
        },
        grid: Grid::Tiles {
            rows: 16,
            columns: size * columns,
        },
        template: template!("linear_subgroup"),
        ..tile(
            name,
            "16 rows a subgroup, operands by broadcast",
            0,
            0,
            values,
        )
    }
}

const fn cooperative(
    name: &'static str,
    size: u32,
    values: &'static [(&'static str, u32)],
) -> Variant {
    Variant {
        workgroup: [128, 1, 1],
        needs: Needs {
            f16: true,
            subgroup: 0,
            cooperative: size,
        },
        takes: Takes {
            only_f16_weights: true,
            ..ANY
        },
        template: template!("linear_coop"),
        ..tile(
            name,
            "a tile of 64 on cooperative matrices, x in two halves",
            64,
            0,
            values,
        )
    }
}

const fn row(
    name: &'static str,
    summary: &'static str,
    queries: u32,
    values: &'static [(&'static str, u32)],
) -> Variant {
    Variant {
        family: Family::Attention,
        name,
        summary,
        workgroup: [queries, 1, 1],
        needs: NOTHING,
        takes: ANY,
        grid: Grid::Queries { queries },
        template: template!("attention_row"),
        values,
    }
}

const fn attention_subgroup(
    name: &'static str,
    size: u32,
    values: &'static [(&'static str, u32)],
) -> Variant {
    Variant {
        needs: Needs {
            subgroup: size,
            ..NOTHING
        },
        template: template!("attention_subgroup"),
        ..row(
            name,
            "a query an invocation, keys by broadcast",
            size,
            values,
        )
    }
}

/// Every variant.
pub static VARIANTS: &[Variant] = &[
    tile(
        "tile32",
        "a tile of 32",
        32,
        64,
        &[
            ("SIDE", 32),
            ("SPLIT", 1),
            ("SPLITS", 0),
            ("DEPTH", 16),
            ("HALF", 0),
            ("INVOCATIONS", 64),
        ],
    ),
    tile(
        "split4",
        "a tile of 32, its channels in four parts",
        32,
        256,
        &[
            ("SIDE", 32),
            ("SPLIT", 4),
            ("SPLITS", 1),
            ("DEPTH", 8),
            ("HALF", 0),
            ("INVOCATIONS", 256),
        ],
    ),
    Variant {
        needs: Needs {
            f16: true,
            ..NOTHING
        },
        takes: Takes {
            only_f16_weights: true,
            ..ANY
        },
        ..tile(
            "tile64_f16",
            "a tile of 64, weights staged as f16",
            64,
            256,
            &[
                ("SIDE", 64),
                ("SPLIT", 1),
                ("SPLITS", 0),
                ("DEPTH", 32),
                ("HALF", 1),
                ("INVOCATIONS", 256),
            ],
        )
    },
    few("few2", "two rows at a time", 2, &[("ROWS", 2)]),
    few("few8", "eight rows at a time", 8, &[("ROWS", 8)]),
    subgroup(
        "subgroup4",
        4,
        8,
        &[("SUBGROUP", 4), ("ROWS", 16), ("COLUMNS", 8), ("PAIRS", 2)],
    ),
    subgroup(
        "subgroup8",
        8,
        8,
        &[("SUBGROUP", 8), ("ROWS", 16), ("COLUMNS", 8), ("PAIRS", 4)],
    ),
    subgroup(
        "subgroup32",
        32,
        2,
        &[
            ("SUBGROUP", 32),
            ("ROWS", 16),
            ("COLUMNS", 2),
            ("PAIRS", 16),
        ],
    ),
    cooperative("coop8", 8, &[("SIZE", 8), ("COUNT", 4), ("STEPS", 2)]),
    cooperative("coop16", 16, &[("SIZE", 16), ("COUNT", 2), ("STEPS", 1)]),
    row(
        "row32",
        "a query an invocation, 32 a workgroup",
        32,
        &[("QUERIES", 32)],
    ),
    row(
        "row64",
        "a query an invocation, 64 a workgroup",
        64,
        &[("QUERIES", 64)],
    ),
    attention_subgroup("subgroup4", 4, &[("SUBGROUP", 4)]),
    attention_subgroup("subgroup8", 8, &[("SUBGROUP", 8)]),
];

impl KernelId {
    /// The variants of this operation; none for most.
    pub fn variants(self) -> impl Iterator<Item = &'static Variant> {
        VARIANTS
            .iter()
            .filter(move |variant| variant.family.operations().contains(&self))
    }
}

impl Variant {
    /// Its name as a kernel: the operation's, and its own.
    #[must_use]
    pub fn kernel_name(&self, operation: KernelId) -> String {
        format!("{}_{}", operation.kernel().name, self.name)
    }

    /// The WGSL for an operation of its family and the constants of a dispatch. `HEAD_DIM` is part
    /// of the text; `FORMAT` stays an `override`.
    #[must_use]
    pub fn source(&self, operation: KernelId, constants: &[(&'static str, u32)]) -> String {
        let mut values = self.values.to_vec();
        let mut text = String::new();
        if self.needs.f16 {
            text.push_str("enable f16;\n");
        }
        if self.needs.cooperative > 0 {
            text.push_str("enable wgpu_cooperative_matrix;\n");
        }
        match self.family {
            Family::Linear => {
                text.push_str(include_str!("../../shaders/shared/linear_operands.wgsl"));
                text.push_str(epilogue(operation));
            }
            Family::Attention => {
                let width = constant(constants, "HEAD_DIM");
                let vectors = width / 4;
                // Keys and values in 16 KiB, in steps of four.
                let keys = (512 / vectors.max(1)).min(32) / 4 * 4;
                values.extend([("HEAD_DIM", width), ("VECTORS", vectors), ("KEYS", keys)]);
                text.push_str(&expand(template!("attention_head"), &values));
            }
        }
        text.push_str(&expand(self.template, &values));
        text
    }

    /// The constants of a dispatch that its text leaves to the pipeline.
    #[must_use]
    pub fn overrides(&self, constants: &[(&'static str, u32)]) -> Vec<(&'static str, u32)> {
        match self.family {
            Family::Linear => constants.to_vec(),
            Family::Attention => Vec::new(),
        }
    }

    /// Bytes of the largest element that its text reads from or writes to a storage buffer at once.
    #[must_use]
    pub const fn element_bytes(&self) -> usize {
        match self.family {
            Family::Linear => 4,
            Family::Attention => 16,
        }
    }

    /// Workgroups for a dispatch of one of its operations; `None` if it does not take the dispatch:
    /// a shape or weight format that it has no text for, or fewer workgroups than cover the shape.
    #[must_use]
    pub fn workgroups(&self, dispatch: &Dispatch) -> Option<[u32; 3]> {
        let own = self.family.operations().contains(&dispatch.kernel);
        let whole = match self.family {
            Family::Linear => dispatch.params::<LinearParams>()?.workgroups(),
            Family::Attention => dispatch.params::<AttentionParams>()?.workgroups(),
        };
        let taken = own && dispatch.workgroups == whole;
        taken
            .then(|| self.workgroups_of(&dispatch.params, &dispatch.constants))
            .flatten()
    }

    /// Workgroups for all of what a parameter block describes; `None` if it has no text for such a
    /// shape or weight format, or the bytes are no such block.
    #[must_use]
    pub fn workgroups_of(
        &self,
        params: &[u8],
        constants: &[(&'static str, u32)],
    ) -> Option<[u32; 3]> {
        let workgroups = match self.grid {
            Grid::Tiles { rows, columns } => {
                let p: LinearParams = bytemuck::try_pod_read_unaligned(params).ok()?;
                let f16 = constant(constants, "FORMAT") == 1;
                let taken = p.rows > 0
                    && p.inputs > 0
                    && p.outputs > 0
                    && p.rows <= self.takes.rows
                    && p.inputs.is_multiple_of(self.takes.inputs_of)
                    && (f16 || !self.takes.only_f16_weights);
                let [y, z, _] = wrapped(p.rows.div_ceil(rows));
                taken.then(|| [p.outputs.div_ceil(columns), y, z])
            }
            Grid::Queries { queries } => {
                let p: AttentionParams = bytemuck::try_pod_read_unaligned(params).ok()?;
                let any = p.tokens > 0 && p.heads > 0 && p.batch > 0;
                any.then(|| [p.tokens.div_ceil(queries), p.heads, p.batch])
            }
        };
        workgroups.filter(|counts| counts.iter().all(|count| *count <= MAX_WORKGROUPS))
    }

    /// Agreement with the twin that is demanded of a device. The variants add in another order than
    /// the twin; cooperative matrices may, besides, cut off where others round.
    #[must_use]
    pub fn tolerance(&self, operation: KernelId) -> Tolerance {
        let own = operation.kernel().tolerance;
        let times = if self.needs.cooperative > 0 { 8.0 } else { 1.0 };
        Tolerance {
            absolute: own.absolute,
            relative: own.relative * times,
        }
    }
}

fn constant(constants: &[(&'static str, u32)], name: &str) -> u32 {
    let found = constants.iter().find(|(known, _)| *known == name);
    found.map_or(0, |(_, value)| *value)
}

/// What a linear operation does with a sum.
fn epilogue(operation: KernelId) -> &'static str {
    macro_rules! text {
        ($($file:literal),*) => {
            concat!($(include_str!(concat!("../../shaders/", $file, ".wgsl")), "\n"),*)
        };
    }
    match operation {
        KernelId::LinearGelu => text!("shared/activations", "linear_gelu"),
        KernelId::LinearSilu => text!("shared/activations", "linear_silu"),
        KernelId::LinearGated => text!("linear_gated"),
        KernelId::LinearAdd => text!("linear_add"),
        _ => text!("linear"),
    }
}
