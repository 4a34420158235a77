//! The one table of kernels.

use core::mem::size_of;

use super::{
    kernel::{Access, BindingSpec, Element, Kernel, Tolerance},
    params, twins,
};

/// The WGSL of a kernel: the shared parts, then its own file.
macro_rules! wgsl {
    ($($shared:literal,)* ; $name:literal) => {
        concat!(
            $(include_str!(concat!("../../shaders/shared/", $shared, ".wgsl")),)*
            include_str!(concat!("../../shaders/", $name, ".wgsl")),
        )
    };
}

const fn read(name: &'static str, shape: &'static str) -> BindingSpec {
    BindingSpec {
        name,
        shape,
        element: Element::F32,
        access: Access::Read,
    }
}

const fn write(name: &'static str, shape: &'static str) -> BindingSpec {
    BindingSpec {
        name,
        shape,
        element: Element::F32,
        access: Access::Write,
    }
}

const fn anchors(shape: &'static str, access: Access) -> BindingSpec {
    BindingSpec {
        name: "anchors",
        shape,
        element: Element::Anchors,
        access,
    }
}

/// What every linear kernel reads.
const X: BindingSpec = read("x", "(rows, inputs)");
const WEIGHT: BindingSpec = BindingSpec {
    name: "weight",
    shape: "(outputs, inputs)",
    element: Element::Weight,
    access: Access::Read,
};
const BIAS: BindingSpec = read("bias", "(outputs)");
const LINEAR_OUT: BindingSpec = write("out", "(rows, outputs)");

const fn tolerance(absolute: f32, relative: f32) -> Tolerance {
    Tolerance { absolute, relative }
}

// Devices may flush subnormal numbers to zero: a kernel that computes, and does not only copy, may
// be off by that much for each of up to a few thousand terms.
const FLUSH: f32 = 1e-34;
const COPY: Tolerance = tolerance(0.0, 0.0);
/// Of the values that the words stand for: they are the same bits, but for what is flushed.
const KEPT: Tolerance = tolerance(FLUSH, 0.0);
/// A few roundings (2^-24 each) of terms that may be some times larger than the result.
const ROUNDINGS: Tolerance = tolerance(FLUSH, 2e-6);
/// Sums in the same order as the twin's: a product is rounded by one side and not by the other,
/// which over n terms adds up to about √n · 2^-24, 4e-6 at n = 4,608; and `exp` and division, for
/// which WGSL allows (3 + 2|x|) and 2.5 units in the last place, where the result is not small.
const SUMS: Tolerance = tolerance(FLUSH, 1e-5);

/// Cosine and sine of t · f for t up to 1,000. f = exp(-y) errs on a device by (3 + 2y) · 2^-23 · f
/// through `exp`, and through the `log` and the division in y by 6e-7 · y · f: at most 4.7e-4 with
/// t, at y = 0.5; and on the twin by a tenth of that.
const TIMESTEP: Tolerance = tolerance(6e-4, 0.0);
/// Scores up to about 10 in magnitude: a weight errs by √128 · 10 · 2^-24 through its score and by
/// (3 + 2 · 20) · 2^-23 through `exp` at worst, and the errors of different keys do not add up.
const ATTENTION: Tolerance = tolerance(FLUSH, 2e-5);

/// Every kernel, in the order of [`KernelId`](super::KernelId).
pub static KERNELS: &[Kernel] = &[
    Kernel {
        name: "patchify",
        summary: "images to patches",
        source: wgsl!("elementwise", "patches", ; "patchify"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("image", "(batch, channels, height, width)"),
            write("patches", "(batch, tokens, channels * p * p)"),
        ],
        params_size: size_of::<params::PatchParams>(),
        constants: &[],
        tolerance: COPY,
        twin: twins::patchify,
    },
    Kernel {
        name: "timestep_features",
        summary: "sinusoidal features of timesteps",
        source: wgsl!("elementwise", ; "timestep_features"),
        workgroup: [256, 1, 1],
        bindings: &[read("t", "(batch)"), write("features", "(batch, features)")],
        params_size: size_of::<params::TimestepParams>(),
        constants: &[],
        tolerance: TIMESTEP,
        twin: twins::timestep_features,
    },
    Kernel {
        name: "linear",
        summary: "x * transpose(weight) + bias",
        source: wgsl!("linear_operands", "linear_tile", ; "linear"),
        workgroup: [16, 16, 1],
        bindings: &[X, WEIGHT, BIAS, LINEAR_OUT],
        params_size: size_of::<params::LinearParams>(),
        constants: &["FORMAT"],
        tolerance: SUMS,
        twin: twins::linear,
    },
    Kernel {
        name: "linear_gelu",
        summary: "GELU (tanh form) of a linear layer",
        source: wgsl!("activations", "linear_operands", "linear_tile", ; "linear_gelu"),
        workgroup: [16, 16, 1],
        bindings: &[X, WEIGHT, BIAS, LINEAR_OUT],
        params_size: size_of::<params::LinearParams>(),
        constants: &["FORMAT"],
        tolerance: SUMS,
        twin: twins::linear_gelu,
    },
    Kernel {
        name: "linear_silu",
        summary: "SiLU of a linear layer",
        source: wgsl!("activations", "linear_operands", "linear_tile", ; "linear_silu"),
        workgroup: [16, 16, 1],
        bindings: &[X, WEIGHT, BIAS, LINEAR_OUT],
        params_size: size_of::<params::LinearParams>(),
        constants: &["FORMAT"],
        tolerance: SUMS,
        twin: twins::linear_silu,
    },
    Kernel {
        name: "linear_gated",
        summary: "residual + gate * a linear layer",
        source: wgsl!("linear_operands", "linear_tile", ; "linear_gated"),
        workgroup: [16, 16, 1],
        bindings: &[
            X,
            WEIGHT,
            BIAS,
            read("gate", "(rows / tokens, gate_stride)"),
            read("residual", "(rows, outputs)"),
            LINEAR_OUT,
        ],
        params_size: size_of::<params::LinearParams>(),
        constants: &["FORMAT"],
        tolerance: SUMS,
        twin: twins::linear_gated,
    },
    Kernel {
        name: "linear_add",
        summary: "a linear layer + an addend repeated over the rows",
        source: wgsl!("linear_operands", "linear_tile", ; "linear_add"),
        workgroup: [16, 16, 1],
        bindings: &[
            X,
            WEIGHT,
            BIAS,
            read("addend", "(addend_rows, outputs)"),
            LINEAR_OUT,
        ],
        params_size: size_of::<params::LinearParams>(),
        constants: &["FORMAT"],
        tolerance: SUMS,
        twin: twins::linear_add,
    },
    Kernel {
        name: "condition",
        summary: "SiLU of time embedding + label embedding",
        source: wgsl!("elementwise", "activations", ; "condition"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("time", "(batch, channels)"),
            read("table", "(labels, channels)"),
            read("label", "(batch)"),
            write("out", "(batch, channels)"),
        ],
        params_size: size_of::<params::ConditionParams>(),
        constants: &[],
        tolerance: SUMS,
        twin: twins::condition,
    },
    Kernel {
        name: "layer_norm_modulate",
        summary: "layer norm, then * (1 + scale) + shift",
        source: wgsl!("pair_sum", ; "layer_norm_modulate"),
        workgroup: [128, 1, 1],
        bindings: &[
            read("x", "(rows, channels)"),
            read("modulation", "(rows / tokens, stride)"),
            write("out", "(rows, channels)"),
        ],
        params_size: size_of::<params::NormParams>(),
        constants: &[],
        tolerance: SUMS,
        twin: twins::layer_norm_modulate,
    },
    Kernel {
        name: "attention",
        summary: "softmax(q * transpose(k) * scale) * v, by heads",
        source: wgsl!(; "attention"),
        workgroup: [8, 8, 1],
        bindings: &[
            read("qkv", "(batch, tokens, 3 * heads * HEAD_DIM)"),
            write("out", "(batch, tokens, heads * HEAD_DIM)"),
        ],
        params_size: size_of::<params::AttentionParams>(),
        constants: &["HEAD_DIM"],
        tolerance: ATTENTION,
        twin: twins::attention,
    },
    Kernel {
        name: "unpatchify",
        summary: "patches to images",
        source: wgsl!("elementwise", "patches", ; "unpatchify"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("patches", "(batch, tokens, p * p * channels)"),
            write("image", "(batch, channels, height, width)"),
        ],
        params_size: size_of::<params::PatchParams>(),
        constants: &[],
        tolerance: COPY,
        twin: twins::unpatchify,
    },
    Kernel {
        name: "guide",
        summary: "classifier-free guidance",
        source: wgsl!("elementwise", ; "guide"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("output", "(2 * batch, out_channels, pixels)"),
            write("guided", "(batch, channels, pixels)"),
        ],
        params_size: size_of::<params::GuideParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::guide,
    },
    Kernel {
        name: "absolute_sums",
        summary: "sums of |now - reference| and |reference|, by slices",
        source: wgsl!("reduce", "pair_sum", ; "absolute_sums"),
        workgroup: [128, 1, 1],
        bindings: &[
            read("reference", "(len)"),
            read("now", "(len)"),
            write("partials", "(ceil(len / slice), 2)"),
        ],
        params_size: size_of::<params::ReduceParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::absolute_sums,
    },
    Kernel {
        name: "sum_partials",
        summary: "the sum of all slices, into one slot",
        source: wgsl!("reduce", "pair_sum", ; "sum_partials"),
        workgroup: [128, 1, 1],
        bindings: &[read("partials", "(len, 2)"), write("sums", "(slots, 2)")],
        params_size: size_of::<params::ReduceParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::sum_partials,
    },
    Kernel {
        name: "subtract",
        summary: "a - b",
        source: wgsl!("elementwise", ; "subtract"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("a", "(len)"),
            read("b", "(len)"),
            write("out", "(len)"),
        ],
        params_size: size_of::<params::SubtractParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::subtract,
    },
    Kernel {
        name: "blend",
        summary: "base + weighted sum of anchors",
        source: wgsl!("elementwise", "anchors", ; "blend"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("weights", "(8)"),
            read("base", "(base_offset + len)"),
            anchors("(count, stride) words from offset on", Access::Read),
            write("out", "(len)"),
        ],
        params_size: size_of::<params::BlendParams>(),
        constants: &["ANCHOR_FORMAT"],
        tolerance: ROUNDINGS,
        twin: twins::blend,
    },
    Kernel {
        name: "gated_add",
        summary: "residual + gate * x",
        source: wgsl!("elementwise", ; "gated_add"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("x", "(rows, channels)"),
            read("gate", "(rows / tokens, stride)"),
            read("residual", "(rows, channels)"),
            write("out", "(rows, channels)"),
        ],
        params_size: size_of::<params::GatedAddParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::gated_add,
    },
    Kernel {
        name: "square_sums",
        summary: "sums of (now - reference)^2 and reference^2, by slices",
        source: wgsl!("reduce", "pair_sum", ; "square_sums"),
        workgroup: [128, 1, 1],
        bindings: &[
            read("reference", "(len)"),
            read("now", "(len)"),
            write("partials", "(ceil(len / slice), 2)"),
        ],
        params_size: size_of::<params::ReduceParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::square_sums,
    },
    Kernel {
        name: "products",
        summary: "sums of a * b and a^2, by slices",
        source: wgsl!("reduce", "pair_sum", ; "products"),
        workgroup: [128, 1, 1],
        bindings: &[
            read("a", "(len)"),
            read("b", "(len)"),
            write("partials", "(ceil(len / slice), 2)"),
        ],
        params_size: size_of::<params::ReduceParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::products,
    },
    Kernel {
        name: "mix_tokens",
        summary: "m * x over the tokens of every image",
        source: wgsl!("elementwise", ; "mix_tokens"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("m", "(rows, tokens)"),
            read("x", "(batch, tokens, channels)"),
            write("out", "(batch, rows, channels)"),
        ],
        params_size: size_of::<params::MixParams>(),
        constants: &[],
        tolerance: SUMS,
        twin: twins::mix_tokens,
    },
    Kernel {
        name: "guide_difference",
        summary: "unconditional - conditional output",
        source: wgsl!("elementwise", ; "guide_difference"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("output", "(2 * batch, out_channels, pixels)"),
            write("difference", "(batch, channels, pixels)"),
        ],
        params_size: size_of::<params::GuideParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::guide_difference,
    },
    Kernel {
        name: "guide_kept",
        summary: "guidance from conditional output and a kept difference",
        source: wgsl!("elementwise", ; "guide_kept"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("output", "(batch, out_channels, pixels)"),
            read("difference", "(batch, channels, pixels)"),
            write("guided", "(batch, channels, pixels)"),
        ],
        params_size: size_of::<params::GuideParams>(),
        constants: &[],
        tolerance: ROUNDINGS,
        twin: twins::guide_kept,
    },
    Kernel {
        name: "keep",
        summary: "x - base as an anchor in f32 or f16",
        source: wgsl!("elementwise", "anchors", ; "keep"),
        workgroup: [256, 1, 1],
        bindings: &[
            read("x", "(len)"),
            read("base", "(len)"),
            anchors("words from offset on", Access::Write),
        ],
        params_size: size_of::<params::KeepParams>(),
        constants: &["ANCHOR_FORMAT"],
        tolerance: KEPT,
        twin: twins::keep,
    },
    Kernel {
        name: "keep_int8",
        summary: "x - base as an anchor in int8",
        source: wgsl!(; "keep_int8"),
        workgroup: [128, 1, 1],
        bindings: &[
            read("x", "(rows, width)"),
            read("base", "(rows, width)"),
            anchors(
                "(rows, 1 + ceil(width / 4)) words from offset on",
                Access::Write,
            ),
        ],
        params_size: size_of::<params::KeepInt8Params>(),
        constants: &[],
        tolerance: KEPT,
        twin: twins::keep_int8,
    },
];
