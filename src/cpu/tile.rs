//! The matrix product under the linear family and attention.
//!
//! A tile of the product, up to 8 rows by 3 vectors, is summed entirely in registers over the whole
//! depth, then handed to a [`Finish`], which adds the bias, applies the activation and stores. So the
//! epilogue costs no pass over memory, nothing is packed or allocated at run time, and each element
//! is summed in one order, depth 0 first, whatever the split into tasks.

use core::ops::Range;

use pulp::Simd;

use super::lines::Lines;

/// Vectors across a panel.
pub(super) const VECTORS: usize = 3;

/// Columns of a panel on this processor.
pub(super) const fn width<S: Simd>() -> usize {
    VECTORS * S::F32_LANES
}

/// Rows of a tile: its sums, a panel's row and one factor fill the registers.
pub(super) const fn height<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 8 } else { 4 }
}

/// The right side of a product, depth × columns, in panels of [`width`] columns: panel by panel,
/// row by row. The last panel is filled up with zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panels<'a> {
    /// Panels × depth × width.
    pub(super) values: &'a [f32],
    /// Rows.
    pub(super) depth: usize,
    /// Columns.
    pub(super) columns: usize,
}

/// Elements of [`Panels`] for panels `width` wide.
pub(super) const fn panels_len(depth: usize, columns: usize, width: usize) -> usize {
    columns.div_ceil(width) * width * depth
}

/// Packs a weight (columns × depth, row-major: a product with its transpose) into panels, if there
/// is memory.
pub(super) fn pack(weight: &[f32], depth: usize, columns: usize, width: usize) -> Option<Lines> {
    let mut packed = Lines::zeros(panels_len(depth, columns, width))?;
    pack_transposed(weight, depth, depth, columns, width, &mut packed);
    Some(packed)
}

/// [`pack`] from rows that lie `stride` apart into storage that is there.
pub(super) fn pack_transposed(
    rows: &[f32],
    stride: usize,
    depth: usize,
    columns: usize,
    width: usize,
    to: &mut [f32],
) {
    for column in 0..columns {
        let row = &rows[column * stride..][..depth];
        let panel = &mut to[column / width * width * depth..][..width * depth];
        for (line, value) in panel.chunks_exact_mut(width).zip(row) {
            line[column % width] = *value;
        }
    }
}

/// The left side: rows of `depth` values, `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    /// From the first value of the first row to the last of the last.
    pub(super) values: &'a [f32],
    /// Values from one row to the next.
    pub(super) stride: usize,
}

/// What becomes of the sums.
pub(super) trait Finish {
    /// Takes the sums of one row from column `column` on: `columns` values in `sums`.
    fn finish<S: Simd, const NV: usize>(
        &self,
        simd: S,
        sums: [S::f32s; NV],
        row: usize,
        column: usize,
        columns: usize,
    );
}

/// The product of `rows` of `a` and `panels` of `b`.
///
/// # Panics
/// If `a` or `b` is shorter than the ranges say.
#[inline(always)]
pub(super) fn product<S: Simd, F: Finish>(
    simd: S,
    a: Rows<'_>,
    rows: Range<usize>,
    b: Panels<'_>,
    panels: Range<usize>,
    finish: &F,
) {
    if rows.is_empty() || panels.is_empty() {
        return;
    }
    let panel_len = width::<S>() * b.depth;
    assert!((rows.end - 1) * a.stride + b.depth <= a.values.len());
    assert!(panels.end * panel_len <= b.values.len());
    for panel in panels.clone() {
        let column = panel * width::<S>();
        let columns = (b.columns - column).min(width::<S>());
        let values = &b.values[panel * panel_len..][..panel_len];
        let next = if panel + 1 < panels.end {
            &b.values[(panel + 1) * panel_len..][..panel_len]
        } else {
            &[]
        };
        let tile = Tile {
            a,
            rows: rows.clone(),
            values,
            next,
            depth: b.depth,
            column,
            columns,
        };
        // SAFETY: the rows and the panel are inside their slices, as asserted.
        unsafe {
            match columns.div_ceil(S::F32_LANES) {
                1 => tile.rows::<S, F, 1>(simd, finish),
                2 => tile.rows::<S, F, 2>(simd, finish),
                _ => tile.rows::<S, F, VECTORS>(simd, finish),
            }
        }
    }
}

/// Rows of the left side against one panel.
struct Tile<'a> {
    a: Rows<'a>,
    rows: Range<usize>,
    values: &'a [f32],
    /// The panel that comes next, none behind the last.
    next: &'a [f32],
    depth: usize,
    column: usize,
    columns: usize,
}

impl Tile<'_> {
    /// # Safety
    /// `rows` of `a`, each `depth` long, and `depth` rows of the panel must exist.
    #[inline(always)]
    unsafe fn rows<S: Simd, F: Finish, const NV: usize>(&self, simd: S, finish: &F) {
        let mut row = self.rows.start;
        // SAFETY: each call stays below `rows.end`; the rest is the caller's promise.
        unsafe {
            if height::<S>() == 8 {
                while row + 8 <= self.rows.end {
                    self.sum::<S, F, 8, NV>(simd, row, finish);
                    row += 8;
                }
            }
            while row + 4 <= self.rows.end {
                self.sum::<S, F, 4, NV>(simd, row, finish);
                row += 4;
            }
            if row + 2 <= self.rows.end {
                self.sum::<S, F, 2, NV>(simd, row, finish);
                row += 2;
            }
            if row < self.rows.end {
                self.sum::<S, F, 1, NV>(simd, row, finish);
            }
        }
    }

    /// # Safety
    /// As [`Self::rows`], for rows `row..row + MR`.
    #[inline(always)]
    unsafe fn sum<S: Simd, F: Finish, const MR: usize, const NV: usize>(
        &self,
        simd: S,
        row: usize,
        finish: &F,
    ) {
        let stride = self.a.stride;
        let mut sums = [[simd.splat_f32s(0.0); NV]; MR];
        // SAFETY: the row is inside `a`.
        let mut a = unsafe { self.a.values.as_ptr().add(row * stride) };
        let mut b = self.values.as_ptr();
        // The first tiles ask for the next panel, a cache line a round: it is there when it is
        // needed, where the processor's own prefetching starts with the first miss.
        let done = (row - self.rows.start) / MR * self.depth * LINE;
        let (mut ahead, step) = match self.next.get(done..) {
            Some(rest) if !rest.is_empty() => (rest.as_ptr(), LINE),
            _ => (b, 0),
        };
        for _ in 0..self.depth {
            prefetch(ahead);
            ahead = ahead.wrapping_add(step);
            let mut line = [simd.splat_f32s(0.0); NV];
            for (v, line) in line.iter_mut().enumerate() {
                // SAFETY: a row of the panel is `width` = VECTORS · lanes long and NV ≤ VECTORS.
                *line = unsafe { b.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned() };
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: value `depth` of row `row + r`.
                let factor = simd.splat_f32s(unsafe { *a.add(r * stride) });
                for (sum, line) in sums.iter_mut().zip(line) {
                    *sum = simd.mul_add_e_f32s(factor, line, *sum);
                }
            }
            // `wrapping_add`: after the last round they may point past the end.
            a = a.wrapping_add(1);
            b = b.wrapping_add(width::<S>());
        }
        for (r, sums) in sums.into_iter().enumerate() {
            finish.finish(simd, sums, row + r, self.column, self.columns);
        }
    }
}

/// Elements of a cache line.
const LINE: usize = 16;

/// Asks for the cache line at `address`, where there may be nothing.
#[inline(always)]
fn prefetch(address: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has it, and it does not fault.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// The vector at the front of `from`; lanes beyond its end are zero.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    match S::as_simd_f32s(from).0.first() {
        Some(whole) => *whole,
        None => simd.partial_load_f32s(from),
    }
}

/// Stores a vector at the front of `to`; lanes beyond its end are dropped.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, to: &mut [f32], values: S::f32s) {
    match S::as_mut_simd_f32s(to).0.first_mut() {
        Some(whole) => *whole = values,
        None => simd.partial_store_f32s(to, values),
    }
}
