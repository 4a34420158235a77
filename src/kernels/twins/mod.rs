//! CPU twins: the kernels once more, in plain Rust on slices.
//!
//! A twin is written for comparison, not for speed: it has the loops of its WGSL, workgroup by
//! workgroup, and adds in the same order. What differs on a device is the rounding of products
//! (fused or not) and of `exp`, which the row's [`Tolerance`](super::Tolerance) allows for.

mod attention;
mod blend;
mod condition;
mod guide;
mod keep;
mod linear;
mod mix;
mod norm;
mod patches;
mod reduce;
mod timestep;

pub use attention::attention;
pub use blend::{blend, gated_add, subtract};
pub use condition::condition;
pub use guide::{guide, guide_difference, guide_kept};
pub use keep::{keep, keep_int8};
pub use linear::{linear, linear_add, linear_gated, linear_gelu, linear_silu};
pub use mix::mix_tokens;
pub use norm::layer_norm_modulate;
pub use patches::{patchify, unpatchify};
pub use reduce::{absolute_sums, products, square_sums, sum_partials};
pub use timestep::timestep_features;

use bytemuck::Pod;

/// A storage binding of a [`Call`]: words, as a device sees them.
#[derive(Debug)]
pub enum Slot<'a> {
    /// Read only.
    Read(&'a [u32]),
    /// Written.
    Write(&'a mut [u32]),
}

/// Everything one dispatch of a twin sees.
///
/// # Panics
/// A twin panics on a call that its kernel's row does not describe: another number or kind of
/// slots, a slot shorter than the parameters say, a missing constant.
#[derive(Debug)]
pub struct Call<'a, 'b> {
    /// The parameter block.
    pub params: &'a [u8],
    /// Override constants.
    pub constants: &'a [(&'static str, u32)],
    /// Workgroups in x, y, z.
    pub workgroups: [u32; 3],
    /// Storage bindings, binding 1 first.
    pub slots: &'a mut [Slot<'b>],
}

impl Call<'_, '_> {
    /// The parameter block as the kernel's struct.
    fn params<T: Pod>(&self) -> T {
        bytemuck::pod_read_unaligned(self.params)
    }

    /// The value of an `override` constant.
    fn constant(&self, name: &str) -> u32 {
        let found = self.constants.iter().find(|(given, _)| *given == name);
        found
            .unwrap_or_else(|| panic!("constant `{name}` is not given"))
            .1
    }

    /// The `N` bindings that are read, as floats, and the one that is written, which comes last.
    fn bindings<const N: usize>(&mut self) -> ([&[f32]; N], &mut [f32]) {
        let mut reads = [&[][..]; N];
        let Some((Slot::Write(out), slots)) = self.slots.split_last_mut() else {
            panic!("the last slot is not written");
        };
        assert_eq!(slots.len(), N, "slots that are read");
        for (read, slot) in reads.iter_mut().zip(slots) {
            let Slot::Read(words) = slot else {
                panic!("only the last slot is written");
            };
            *read = bytemuck::cast_slice(words);
        }
        (reads, bytemuck::cast_slice_mut(out))
    }

    /// Calls `body` for the elements below `count` that the workgroups of an element-wise kernel
    /// reach, as `shaders/shared/elementwise.wgsl` numbers them.
    fn each_element(workgroups: [u32; 3], row: u32, count: u32, mut body: impl FnMut(usize)) {
        for y in 0..workgroups[1] {
            for x in 0..workgroups[0] {
                for lane in 0..256 {
                    let i = y * row + x * 256 + lane;
                    if i < count {
                        body(i as usize);
                    }
                }
            }
        }
    }
}

/// `shaders/shared/activations.wgsl`, `sigmoid`.
fn sigmoid(v: f32) -> f32 {
    1.0 / (1.0 + libm::expf((-v).min(80.0)))
}

/// `shaders/shared/activations.wgsl`, `silu`.
fn silu(v: f32) -> f32 {
    v * sigmoid(v)
}

/// `shaders/shared/activations.wgsl`, `gelu`.
fn gelu(v: f32) -> f32 {
    v * sigmoid(1.595_769 * v * (1.0 + 0.044_715 * v * v))
}

/// Invocations of a workgroup that sums, as in `shaders/shared/pair_sum.wgsl`.
const LANES: usize = 128;

/// `shaders/shared/pair_sum.wgsl`: the sum over the lanes, in tree order.
fn pair_sum(mut lanes: [[f32; 2]; LANES]) -> [f32; 2] {
    let mut reach = LANES / 2;
    while reach > 0 {
        for lane in 0..reach {
            lanes[lane][0] += lanes[lane + reach][0];
            lanes[lane][1] += lanes[lane + reach][1];
        }
        reach /= 2;
    }
    lanes[0]
}
