//! How many workgroups a dispatch has, as a rule over the fields of its parameter block.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::kernels::{
    self, KernelId, Variant,
    params::{ATTENTION_ROWS, LINEAR_TILE, MAX_WORKGROUPS},
};

/// A share of the work: `ceil(product of the fields / per / product of per_fields)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Fields of the parameter block; none is 1.
    pub fields: &'static [&'static str],
    /// What one workgroup does of it.
    pub per: u32,
    /// The field that `per` is multiplied with.
    pub per_field: Option<&'static str>,
}

/// Workgroups along x, y and z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Workgroups along each axis, before they are wrapped.
    pub shares: [Share; 3],
    /// The axis (0 or 1) that has at most 65,535 workgroups: with n of them it has min(n, 65535), and
    /// the next axis ceil(n / min(n, 65535)).
    pub wraps: Option<usize>,
}

const ONE: Share = over(&[], 1);

const fn over(fields: &'static [&'static str], per: u32) -> Share {
    Share {
        fields,
        per,
        per_field: None,
    }
}

/// One invocation an element, 256 a workgroup.
const fn elements(fields: &'static [&'static str]) -> Grid {
    wrapped(over(fields, 256))
}

const fn wrapped(share: Share) -> Grid {
    Grid {
        shares: [share, ONE, ONE],
        wraps: Some(0),
    }
}

/// A tile of a linear layer's output a workgroup.
const fn tiles(rows: u32, columns: u32) -> Grid {
    Grid {
        shares: [over(&["outputs"], columns), over(&["rows"], rows), ONE],
        wraps: Some(1),
    }
}

/// Some queries of one head a workgroup.
const fn queries(each: u32) -> Grid {
    Grid {
        shares: [
            over(&["tokens"], each),
            over(&["heads"], 1),
            over(&["batch"], 1),
        ],
        wraps: None,
    }
}

impl Grid {
    /// The rule of a kernel: what the `workgroups` of its parameter block compute.
    #[must_use]
    pub const fn of(kernel: KernelId) -> Self {
        match kernel {
            KernelId::Patchify | KernelId::Unpatchify => {
                elements(&["batch", "channels", "height", "width"])
            }
            KernelId::TimestepFeatures => elements(&["batch", "features"]),
            KernelId::Linear
            | KernelId::LinearGelu
            | KernelId::LinearSilu
            | KernelId::LinearGated
            | KernelId::LinearAdd => tiles(LINEAR_TILE, LINEAR_TILE),
            KernelId::Condition => elements(&["batch", "channels"]),
            KernelId::LayerNormModulate => wrapped(over(&["rows"], 1)),
            KernelId::Attention => queries(ATTENTION_ROWS),
            KernelId::Guide | KernelId::GuideDifference | KernelId::GuideKept => {
                elements(&["batch", "channels", "pixels"])
            }
            KernelId::AbsoluteSums
            | KernelId::SumPartials
            | KernelId::SquareSums
            | KernelId::Products => wrapped(Share {
                fields: &["len"],
                per: 1,
                per_field: Some("slice"),
            }),
            KernelId::Subtract | KernelId::Blend => elements(&["len"]),
            KernelId::Keep => elements(&["words"]),
            KernelId::KeepInt8 => wrapped(over(&["rows"], 1)),
            KernelId::GatedAdd => elements(&["rows", "channels"]),
            KernelId::MixTokens => elements(&["batch", "rows", "channels"]),
        }
    }

    /// The rule of a variant, for the dispatches that it takes: what [`Variant::workgroups`] computes.
    #[must_use]
    pub const fn of_variant(variant: &Variant) -> Self {
        match variant.grid {
            kernels::Grid::Tiles { rows, columns } => tiles(rows, columns),
            kernels::Grid::Queries { queries: each } => queries(each),
        }
    }

    /// Workgroups, with the fields' values; `None` if a field has none, is zero where it divides, or
    /// there would be more than 2^32.
    #[must_use]
    pub fn workgroups(&self, field: impl Fn(&str) -> Option<u32>) -> Option<[u32; 3]> {
        let mut counts = [0; 3];
        for (count, share) in counts.iter_mut().zip(&self.shares) {
            let mut all: u64 = 1;
            for name in share.fields {
                all = all.checked_mul(field(name)?.into())?;
            }
            let each = match share.per_field {
                Some(name) => u64::from(share.per) * u64::from(field(name)?),
                None => share.per.into(),
            };
            if each == 0 {
                return None;
            }
            *count = u32::try_from(all.div_ceil(each)).ok()?;
        }
        if let Some(axis) = self.wraps
            && let Some([from, to]) = counts.get_mut(axis..)?.first_chunk_mut()
        {
            let all = *from;
            *from = all.min(MAX_WORKGROUPS);
            *to = all.checked_div(*from).map_or(0, |_| all.div_ceil(*from));
        }
        // Where there is nothing to do, no axis says one.
        if counts.contains(&0) && self.wraps == Some(0) {
            counts = [0; 3];
        }
        Some(counts)
    }

    /// The fields it depends on.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let shares = self.shares.iter();
        shares
            .flat_map(|share| share.fields.iter().copied().chain(share.per_field))
            .collect()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fields.is_empty() {
            return f.write_str("1");
        }
        let all = self.fields.join(" * ");
        match (self.per, self.per_field) {
            (1, None) => f.write_str(&all),
            (1, Some(field)) => write!(f, "ceil({all} / {field})"),
            (per, None) => write!(f, "ceil({all} / {per})"),
            (per, Some(field)) => write!(f, "ceil({all} / ({per} * {field}))"),
        }
    }
}

impl fmt::Display for Grid {
    /// For example `n = ceil(len / 256); x = min(n, 65535), y = ceil(n / x), z = 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut axes: Vec<String> = self.shares.iter().map(ToString::to_string).collect();
        if let Some(axis) = self.wraps
            && let Some([from, to]) = axes.get_mut(axis..).and_then(<[_]>::first_chunk_mut)
        {
            write!(f, "n = {from}; ")?;
            *from = format!("min(n, {MAX_WORKGROUPS})");
            *to = format!("ceil(n / {})", if axis == 0 { "x" } else { "y" });
        }
        let named = ["x", "y", "z"].iter().zip(axes);
        let named: Vec<String> = named
            .map(|(axis, count)| format!("{axis} = {count}"))
            .collect();
        f.write_str(&named.join(", "))
    }
}
