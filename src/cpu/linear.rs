//! `linear` and its fused forms.

use core::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::{
    math::{gelu, silu},
    split::{Shared, each, even, part, tasks},
    tile::{Finish, Panels, Rows, load, product, store, width},
};

/// What is done to `x wᵀ + bias`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Epilogue<'a> {
    /// Nothing.
    None,
    /// GELU in its tanh form.
    Gelu,
    /// SiLU.
    Silu,
    /// Gated and added to a residual (rows × outputs).
    Gated {
        /// Images × stride.
        gate: &'a [f32],
        /// Width of a row of gates.
        stride: usize,
        /// Where the gate starts in it.
        offset: usize,
        /// Rows that share one row of gates.
        tokens: usize,
        /// Rows × outputs.
        residual: &'a [f32],
    },
    /// Added to rows that repeat.
    Add {
        /// Addend rows × outputs.
        addend: &'a [f32],
        /// How many.
        rows: usize,
    },
}

/// One linear layer on `rows` rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear<'a> {
    /// Rows × inputs.
    pub(super) x: &'a [f32],
    /// The packed weight: inputs deep, outputs wide.
    pub(super) weight: Panels<'a>,
    /// Outputs.
    pub(super) bias: &'a [f32],
    /// The fused operation.
    pub(super) epilogue: Epilogue<'a>,
    /// Rows.
    pub(super) rows: usize,
}

impl Linear<'_> {
    /// Writes rows × outputs.
    pub(super) fn run(&self, arch: Arch, out: &mut [f32]) {
        let split = arch.dispatch(Split(self));
        let out = Shared::new(out);
        each(split.rows * split.panels, |task| {
            arch.dispatch(Block {
                linear: self,
                out,
                rows: part(self.rows, split.height, split.rows, task / split.panels),
                panels: part(split.all_panels, 1, split.panels, task % split.panels),
            });
        });
    }
}

/// How the output is cut: row blocks × panel blocks.
struct Cut {
    rows: usize,
    height: usize,
    panels: usize,
    all_panels: usize,
}

struct Split<'a, 'b>(&'a Linear<'b>);

impl WithSimd for Split<'_, '_> {
    type Output = Cut;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Cut {
        let Linear { weight, rows, .. } = *self.0;
        let height = super::tile::height::<S>();
        let all_panels = weight.columns.div_ceil(width::<S>());
        let work = rows * weight.columns * weight.depth;
        let row_blocks = rows.div_ceil(height);
        let wanted = tasks(work, row_blocks * all_panels);
        // The larger side is cut first: it is then read by one thread, and the other side by all.
        let (rows, panels) = if weight.columns > rows {
            let panels = even(all_panels, wanted);
            ((wanted / panels).min(row_blocks), panels)
        } else {
            let rows = even(row_blocks, wanted);
            (rows, (wanted / rows).min(all_panels))
        };
        Cut {
            rows,
            height,
            panels,
            all_panels,
        }
    }
}

/// One task.
struct Block<'a, 'b> {
    linear: &'a Linear<'b>,
    out: Shared<'a>,
    rows: Range<usize>,
    panels: Range<usize>,
}

impl WithSimd for Block<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let linear = self.linear;
        let a = Rows {
            values: linear.x,
            stride: linear.weight.depth,
        };
        // The rows of a round stay in the first-level cache's successor beside one panel.
        const ROUND: usize = 128 * 1024;
        let height = super::tile::height::<S>();
        let round = (ROUND / linear.weight.depth.max(1) / height).max(1) * height;
        let mut start = self.rows.start;
        while start < self.rows.end {
            let end = (start + round).min(self.rows.end);
            product(
                simd,
                a,
                start..end,
                linear.weight,
                self.panels.clone(),
                &self,
            );
            start = end;
        }
    }
}

impl Finish for Block<'_, '_> {
    #[inline(always)]
    fn finish<S: Simd, const NV: usize>(
        &self,
        simd: S,
        sums: [S::f32s; NV],
        row: usize,
        column: usize,
        columns: usize,
    ) {
        let outputs = self.linear.weight.columns;
        let here = row * outputs + column..row * outputs + column + columns;
        let bias = &self.linear.bias[column..column + columns];
        // SAFETY: tasks have distinct rows or distinct panels, so distinct elements.
        let out = unsafe { self.out.range(here.clone()) };
        macro_rules! each_vector {
            (|$at:ident, $sum:ident| $value:expr) => {
                for (v, sum) in sums.into_iter().enumerate() {
                    let $at = v * S::F32_LANES;
                    let $sum = simd.add_f32s(sum, load(simd, &bias[$at..]));
                    store(simd, &mut out[$at..], $value);
                }
            };
        }
        match self.linear.epilogue {
            Epilogue::None => each_vector!(|at, sum| sum),
            Epilogue::Gelu => each_vector!(|at, sum| gelu(simd, sum)),
            Epilogue::Silu => each_vector!(|at, sum| silu(simd, sum)),
            Epilogue::Gated {
                gate,
                stride,
                offset,
                tokens,
                residual,
            } => {
                let gate = &gate[row / tokens * stride + offset + column..][..columns];
                let residual = &residual[here];
                each_vector!(|at, sum| {
                    let gate = load(simd, &gate[at..]);
                    simd.mul_add_e_f32s(gate, sum, load(simd, &residual[at..]))
                });
            }
            Epilogue::Add { addend, rows } => {
                let addend = &addend[row % rows * outputs + column..][..columns];
                each_vector!(|at, sum| simd.add_f32s(sum, load(simd, &addend[at..])));
            }
        }
    }
}
