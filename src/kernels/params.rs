//! The kernels' parameter blocks, as the WGSL `struct Params` of each kernel lays them out.
//!
//! Every block is a multiple of 16 bytes without implicit padding. `tests/shaders` compares each
//! member's offset with naga's reflection of the shader.

use bytemuck::{Pod, Zeroable};

/// The most workgroups a dimension of a dispatch may have.
pub const MAX_WORKGROUPS: u32 = 65_535;

/// Rows and columns of the tile of the output that a workgroup of the linear kernels computes.
pub const LINEAR_TILE: u32 = 64;

/// Queries that a workgroup of `attention` computes.
pub const ATTENTION_ROWS: u32 = 32;

/// Workgroups for `n` invocations of an element-wise kernel with 256 invocations a workgroup:
/// rows of at most 65,535 workgroups. The kernel finds its element by
/// `workgroup.y * row + workgroup.x * 256 + local`, with `row` from [`elementwise_row`].
#[must_use]
pub const fn elementwise_workgroups(n: u32) -> [u32; 3] {
    let groups = n.div_ceil(256);
    wrapped(groups)
}

/// `groups` workgroups in rows of at most [`MAX_WORKGROUPS`].
pub(super) const fn wrapped(groups: u32) -> [u32; 3] {
    let x = row_length(groups);
    if x == 0 {
        [0, 0, 0]
    } else {
        [x, groups.div_ceil(x), 1]
    }
}

/// The product, or the largest number if there is none: a dispatch of that size is refused.
const fn saturating_product(factors: [u32; 4]) -> u32 {
    let [a, b, c, d] = factors;
    a.saturating_mul(b).saturating_mul(c).saturating_mul(d)
}

/// Workgroups in one row when `groups` of them do not fit one dimension.
#[must_use]
pub const fn row_length(groups: u32) -> u32 {
    if groups > MAX_WORKGROUPS {
        MAX_WORKGROUPS
    } else {
        groups
    }
}

/// Invocations in one row of [`elementwise_workgroups`]`(n)`.
#[must_use]
pub const fn elementwise_row(n: u32) -> u32 {
    elementwise_workgroups(n)[0] * 256
}

/// `patchify` and `unpatchify`: an image (batch, channels, height, width) and its patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PatchParams {
    /// Images.
    pub batch: u32,
    /// Channels of the image.
    pub channels: u32,
    /// Rows of the image; a multiple of `patch_size`.
    pub height: u32,
    /// Columns of the image; a multiple of `patch_size`.
    pub width: u32,
    /// Side of a patch.
    pub patch_size: u32,
    /// [`elementwise_row`] of the element count.
    pub row: u32,
    /// Zero.
    pub pad: [u32; 2],
}

impl PatchParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(saturating_product([
            self.batch,
            self.channels,
            self.height,
            self.width,
        ]))
    }
}

/// `timestep_features`: cosines, then sines, of `t · max_period^(-i / (features / 2))`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct TimestepParams {
    /// Timesteps.
    pub batch: u32,
    /// Width of one row of features; even.
    pub features: u32,
    /// Longest period; 10,000 in DiT.
    pub max_period: f32,
    /// [`elementwise_row`] of `batch * features`.
    pub row: u32,
}

impl TimestepParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(self.batch.saturating_mul(self.features))
    }
}

/// `linear` and its fused forms: `rows` vectors of `inputs` channels to `outputs` channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct LinearParams {
    /// Rows of x and of the output (M).
    pub rows: u32,
    /// Channels in (K).
    pub inputs: u32,
    /// Channels out (N).
    pub outputs: u32,
    /// `linear_gated`: rows that share one row of gates (tokens of an image). Else 1.
    pub tokens: u32,
    /// `linear_gated`: width of a row of the modulation buffer. Else 0.
    pub gate_stride: u32,
    /// `linear_gated`: where the gate starts in that row. Else 0.
    pub gate_offset: u32,
    /// `linear_add`: rows of the addend, repeated over the rows of the output. Else 0.
    pub addend_rows: u32,
    /// Zero.
    pub pad: u32,
}

impl LinearParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        let [y, z, _] = wrapped(self.rows.div_ceil(LINEAR_TILE));
        [self.outputs.div_ceil(LINEAR_TILE), y, z]
    }
}

/// `condition`: SiLU(time embedding + label embedding).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ConditionParams {
    /// Rows.
    pub batch: u32,
    /// Width of a row.
    pub channels: u32,
    /// Rows of the label table; a label outside it reads the last row (the null class).
    pub labels: u32,
    /// [`elementwise_row`] of `batch * channels`.
    pub row: u32,
}

impl ConditionParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(self.batch.saturating_mul(self.channels))
    }
}

/// `layer_norm_modulate`: normalise each row, then `x · (1 + scale) + shift`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct NormParams {
    /// Rows of x: batch × tokens. One workgroup a row.
    pub rows: u32,
    /// Width of a row.
    pub channels: u32,
    /// Rows that share one row of modulation.
    pub tokens: u32,
    /// Width of a row of the modulation buffer.
    pub stride: u32,
    /// Where the shift starts in that row.
    pub shift_offset: u32,
    /// Where the scale starts in that row.
    pub scale_offset: u32,
    /// Added to the variance; 1e-6 in DiT.
    pub epsilon: f32,
    /// Workgroups in x, [`row_length`] of `rows`; rows beyond it continue in y.
    pub grid: u32,
}

impl NormParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        wrapped(self.rows)
    }
}

/// `attention`: softmax(q kᵀ · scale) v per head, no mask.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct AttentionParams {
    /// Images.
    pub batch: u32,
    /// Tokens of an image.
    pub tokens: u32,
    /// Heads.
    pub heads: u32,
    /// `1 / sqrt(head dimension)`.
    pub scale: f32,
}

impl AttentionParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        [self.tokens.div_ceil(ATTENTION_ROWS), self.heads, self.batch]
    }
}

/// `guide`: classifier-free guidance, `u + scale · (c − u)`. `guide_difference`: `u − c`.
/// `guide_kept`: `c + (1 − scale) · difference`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct GuideParams {
    /// Pictures: the model output has twice as many rows, conditional first (`guide_kept`: the
    /// conditional ones alone are read).
    pub batch: u32,
    /// Channels kept.
    pub channels: u32,
    /// Channels of the model output (twice `channels` with learned sigma).
    pub out_channels: u32,
    /// Height × width.
    pub pixels: u32,
    /// Guidance scale.
    pub scale: f32,
    /// [`elementwise_row`] of `batch * channels * pixels`.
    pub row: u32,
    /// Zero.
    pub pad: [u32; 2],
}

impl GuideParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(saturating_product([
            self.batch,
            self.channels,
            self.pixels,
            1,
        ]))
    }
}

/// `absolute_sums`: Σ|now − reference| and Σ|reference| of one slice of the tensors a workgroup.
/// `square_sums`: Σ(now − reference)² and Σreference². `products`: Σa·b and Σa². `sum_partials`: adds
/// the slices up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ReduceParams {
    /// Elements, or pairs of partial sums (`sum_partials`).
    pub len: u32,
    /// Elements a workgroup adds up. `sum_partials`: as many as `len`, so that one workgroup runs.
    pub slice: u32,
    /// `sum_partials`: the pair of the output that is written.
    pub slot: u32,
    /// Zero.
    pub pad: u32,
}

impl ReduceParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        if self.slice == 0 {
            return [0, 0, 0];
        }
        wrapped(self.len.div_ceil(self.slice))
    }
}

/// `subtract`: `a − b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct SubtractParams {
    /// Elements.
    pub len: u32,
    /// [`elementwise_row`] of `len`.
    pub row: u32,
    /// Zero.
    pub pad: [u32; 2],
}

impl SubtractParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(self.len)
    }
}

/// `blend`: `base + Σ weightₖ · anchorₖ`. An anchor whose weight is zero is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct BlendParams {
    /// Elements of every tensor.
    pub len: u32,
    /// Anchors that may be read, at most 8.
    pub count: u32,
    /// The first anchor's weight; those of the others follow it.
    pub first: u32,
    /// 1: add the base; 0: the base counts as zero (and is not read).
    pub use_base: u32,
    /// Where the base starts in its buffer, in elements.
    pub base_offset: u32,
    /// int8 anchors: elements that share a scale; divides `len`.
    pub width: u32,
    /// Words from one anchor to the next.
    pub stride: u32,
    /// Where the first anchor starts, in words.
    pub offset: u32,
    /// [`elementwise_row`] of `len`.
    pub row: u32,
    /// Zero.
    pub pad: [u32; 3],
}

impl BlendParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(self.len)
    }
}

/// `keep`: `x − base`, or `x`, as an anchor in f32 or f16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KeepParams {
    /// Elements of x.
    pub len: u32,
    /// Words of the anchor: as many, or in f16 half as many.
    pub words: u32,
    /// 1: subtract the base; 0: the base is not read.
    pub use_base: u32,
    /// Where the anchor starts, in words.
    pub offset: u32,
    /// [`elementwise_row`] of `words`.
    pub row: u32,
    /// Zero.
    pub pad: [u32; 3],
}

impl KeepParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(self.words)
    }
}

/// `keep_int8`: `x − base`, or `x`, as an anchor in int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KeepInt8Params {
    /// Rows of x. One workgroup a row.
    pub rows: u32,
    /// Width of a row, which has one scale.
    pub width: u32,
    /// 1: subtract the base; 0: the base is not read.
    pub use_base: u32,
    /// Where the anchor starts, in words.
    pub offset: u32,
    /// Workgroups in x, [`row_length`] of `rows`; rows beyond it continue in y.
    pub grid: u32,
    /// Zero.
    pub pad: [u32; 3],
}

impl KeepInt8Params {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        wrapped(self.rows)
    }
}

/// `gated_add`: `residual + gate · x`, the gate shared by the tokens of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct GatedAddParams {
    /// Rows of x: batch × tokens.
    pub rows: u32,
    /// Width of a row.
    pub channels: u32,
    /// Rows that share one row of gates.
    pub tokens: u32,
    /// Width of a row of the modulation buffer.
    pub stride: u32,
    /// Where the gate starts in that row.
    pub offset: u32,
    /// [`elementwise_row`] of `rows * channels`.
    pub row: u32,
    /// Zero.
    pub pad: [u32; 2],
}

impl GatedAddParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(self.rows.saturating_mul(self.channels))
    }
}

/// `mix_tokens`: `out[b, i, c] = Σⱼ m[i, j] · x[b, j, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct MixParams {
    /// Images.
    pub batch: u32,
    /// Tokens of an image of x: columns of m.
    pub tokens: u32,
    /// Width of a token.
    pub channels: u32,
    /// Tokens of an image of the output: rows of m.
    pub rows: u32,
    /// [`elementwise_row`] of `batch * rows * channels`.
    pub row: u32,
    /// Zero.
    pub pad: [u32; 3],
}

impl MixParams {
    /// Workgroups that cover these shapes.
    #[must_use]
    pub const fn workgroups(&self) -> [u32; 3] {
        elementwise_workgroups(saturating_product([
            self.batch,
            self.rows,
            self.channels,
            1,
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_count_fits_the_limit_on_a_dimension() {
        let row = 65_535 * 256;
        for (n, workgroups) in [
            (0, [0, 0, 0]),
            (1, [1, 1, 1]),
            (256, [1, 1, 1]),
            (257, [2, 1, 1]),
            (row, [65_535, 1, 1]),
            (row + 1, [65_535, 2, 1]),
            (u32::MAX, [65_535, 257, 1]),
        ] {
            assert_eq!(elementwise_workgroups(n), workgroups, "{n}");
            let [x, y, _] = workgroups.map(u64::from);
            assert!(x * y * 256 >= u64::from(n));
            assert_eq!(u64::from(elementwise_row(n)), x * 256);
        }
    }

    #[test]
    fn tiles_of_rows_continue_in_z() {
        let linear = |rows| LinearParams {
            rows,
            inputs: 1,
            outputs: 65,
            tokens: 1,
            gate_stride: 0,
            gate_offset: 0,
            addend_rows: 0,
            pad: 0,
        };
        assert_eq!(linear(64).workgroups(), [2, 1, 1]);
        assert_eq!(linear(65).workgroups(), [2, 2, 1]);
        assert_eq!(linear(64 * 65_535).workgroups(), [2, 65_535, 1]);
        assert_eq!(linear(64 * 65_535 + 1).workgroups(), [2, 65_535, 2]);
    }

    #[test]
    fn impossible_sizes_do_not_panic() {
        let huge = PatchParams {
            batch: u32::MAX,
            channels: u32::MAX,
            height: 1,
            width: 2,
            patch_size: 1,
            row: 0,
            pad: [0; 2],
        };
        assert_eq!(huge.workgroups(), elementwise_workgroups(u32::MAX));
        let empty = ReduceParams {
            len: 5,
            slice: 0,
            slot: 0,
            pad: 0,
        };
        assert_eq!(empty.workgroups(), [0, 0, 0]);
    }
}
