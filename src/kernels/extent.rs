//! How long the buffers of a dispatch must be for its parameters.

use alloc::{format, string::String, vec, vec::Vec};

use bytemuck::Pod;

use super::{
    anchors::AnchorFormat,
    kernel::KernelId,
    params::{
        AttentionParams, BlendParams, ConditionParams, GatedAddParams, GuideParams, KeepInt8Params,
        KeepParams, LinearParams, MixParams, NormParams, PatchParams, ReduceParams, SubtractParams,
        TimestepParams,
    },
    recording::Dispatch,
};
use crate::text::Named;

/// What a dispatch reaches.
pub(super) struct Reach {
    /// Elements of each storage binding, binding 1 first; 0 for one that is not touched.
    pub(super) elements: Vec<u64>,
    params: Params,
}

/// The parameter block of a kernel.
enum Params {
    Patch(PatchParams),
    Timestep(TimestepParams),
    Linear(LinearParams),
    Condition(ConditionParams),
    Norm(NormParams),
    Attention(AttentionParams),
    Guide(GuideParams),
    Reduce(ReduceParams),
    Subtract(SubtractParams),
    Blend(BlendParams),
    GatedAdd(GatedAddParams),
    Mix(MixParams),
    Keep(KeepParams),
    KeepInt8(KeepInt8Params),
}

impl Reach {
    /// Of a dispatch whose parameter block and constants are those its kernel takes.
    ///
    /// The error says which parameter no buffer can make right.
    pub(super) fn of(dispatch: &Dispatch) -> Result<Self, String> {
        let bytes = &dispatch.params;
        let (params, elements) = match dispatch.kernel {
            KernelId::Patchify | KernelId::Unpatchify => {
                let p: PatchParams = read(bytes);
                positive("patch_size", p.patch_size)?;
                for (name, side) in [("height", p.height), ("width", p.width)] {
                    if !side.is_multiple_of(p.patch_size) {
                        return Err(format!(
                            "{name} {side} is no multiple of patch_size {}",
                            p.patch_size
                        ));
                    }
                }
                let all = product([p.batch, p.channels, p.height, p.width]);
                (Params::Patch(p), vec![all, all])
            }
            KernelId::TimestepFeatures => {
                let p: TimestepParams = read(bytes);
                positive("features", p.features)?;
                (
                    Params::Timestep(p),
                    vec![p.batch.into(), product([p.batch, p.features])],
                )
            }
            KernelId::Linear
            | KernelId::LinearGelu
            | KernelId::LinearSilu
            | KernelId::LinearGated
            | KernelId::LinearAdd => {
                let p: LinearParams = read(bytes);
                let out = product([p.rows, p.outputs]);
                let mut elements = vec![
                    product([p.rows, p.inputs]),
                    product([p.outputs, p.inputs]),
                    p.outputs.into(),
                ];
                if dispatch.kernel == KernelId::LinearGated {
                    positive("tokens", p.tokens)?;
                    let last = u64::from(p.gate_offset) + u64::from(p.outputs);
                    elements.push(strided(p.rows, p.tokens, p.gate_stride, last));
                    elements.push(out);
                }
                if dispatch.kernel == KernelId::LinearAdd {
                    positive("addend_rows", p.addend_rows)?;
                    elements.push(product([p.addend_rows, p.outputs]));
                }
                elements.push(out);
                (Params::Linear(p), elements)
            }
            KernelId::Condition => {
                let p: ConditionParams = read(bytes);
                positive("channels", p.channels)?;
                positive("labels", p.labels)?;
                let all = product([p.batch, p.channels]);
                let table = product([p.labels, p.channels]);
                (Params::Condition(p), vec![all, table, p.batch.into(), all])
            }
            KernelId::LayerNormModulate => {
                let p: NormParams = read(bytes);
                positive("tokens", p.tokens)?;
                let all = product([p.rows, p.channels]);
                let last = u64::from(p.shift_offset.max(p.scale_offset)) + u64::from(p.channels);
                let modulation = strided(p.rows, p.tokens, p.stride, last);
                (Params::Norm(p), vec![all, modulation, all])
            }
            KernelId::Attention => {
                let p: AttentionParams = read(bytes);
                let width = dispatch.constants.first().map_or(0, |&(_, value)| value);
                if !(24..=128).contains(&width) || !width.is_multiple_of(8) {
                    return Err(format!(
                        "HEAD_DIM is {width}, it takes 24 to 128 in steps of 8"
                    ));
                }
                let out = product([p.batch, p.tokens, p.heads, width]);
                (Params::Attention(p), vec![out.saturating_mul(3), out])
            }
            KernelId::Guide | KernelId::GuideDifference | KernelId::GuideKept => {
                let p: GuideParams = read(bytes);
                positive("pixels", p.pixels)?;
                positive("channels", p.channels)?;
                if p.channels > p.out_channels {
                    return Err(format!(
                        "channels {} is more than out_channels {}",
                        p.channels, p.out_channels
                    ));
                }
                let half = product([p.batch, p.out_channels, p.pixels]);
                let guided = product([p.batch, p.channels, p.pixels]);
                let elements = match dispatch.kernel {
                    KernelId::GuideKept => vec![half, guided, guided],
                    _ => vec![half.saturating_mul(2), guided],
                };
                (Params::Guide(p), elements)
            }
            KernelId::AbsoluteSums | KernelId::SquareSums | KernelId::Products => {
                let p: ReduceParams = read(bytes);
                positive("slice", p.slice)?;
                let len = u64::from(p.len);
                let partials = 2 * u64::from(p.len.div_ceil(p.slice));
                (Params::Reduce(p), vec![len, len, partials])
            }
            KernelId::SumPartials => {
                let p: ReduceParams = read(bytes);
                positive("slice", p.slice)?;
                let sums = 2 * (u64::from(p.slot) + 1);
                (Params::Reduce(p), vec![2 * u64::from(p.len), sums])
            }
            KernelId::Subtract => {
                let p: SubtractParams = read(bytes);
                (Params::Subtract(p), vec![p.len.into(); 3])
            }
            KernelId::Blend => {
                let p: BlendParams = read(bytes);
                let anchor = anchor_words(dispatch, p.len, p.width)?;
                if p.count > 8 {
                    return Err(format!("count is {}, at most 8 are blended", p.count));
                }
                let base = match p.use_base {
                    1 => u64::from(p.base_offset) + u64::from(p.len),
                    _ => 0,
                };
                let anchors = match p.count.checked_sub(1) {
                    Some(last) => u64::from(p.offset) + product([last, p.stride]) + anchor,
                    None => 0,
                };
                let weights = u64::from(p.first) + u64::from(p.count);
                let elements = vec![weights, base, anchors, p.len.into()];
                (Params::Blend(p), elements)
            }
            KernelId::Keep => {
                let p: KeepParams = read(bytes);
                let words = anchor_words(dispatch, p.len, 1)?;
                if u64::from(p.words) > words {
                    return Err(format!("words is {}, the anchor has {words}", p.words));
                }
                let base = if p.use_base == 1 { p.len } else { 0 };
                let anchors = u64::from(p.offset) + words;
                let elements = vec![p.len.into(), base.into(), anchors];
                (Params::Keep(p), elements)
            }
            KernelId::KeepInt8 => {
                let p: KeepInt8Params = read(bytes);
                positive("width", p.width)?;
                let len = product([p.rows, p.width]);
                let words = u64::from(p.rows) * (1 + u64::from(p.width.div_ceil(4)));
                let base = if p.use_base == 1 { len } else { 0 };
                let elements = vec![len, base, u64::from(p.offset) + words];
                (Params::KeepInt8(p), elements)
            }
            KernelId::GatedAdd => {
                let p: GatedAddParams = read(bytes);
                positive("tokens", p.tokens)?;
                positive("channels", p.channels)?;
                let all = product([p.rows, p.channels]);
                let last = u64::from(p.offset) + u64::from(p.channels);
                let gate = strided(p.rows, p.tokens, p.stride, last);
                (Params::GatedAdd(p), vec![all, gate, all, all])
            }
            KernelId::MixTokens => {
                let p: MixParams = read(bytes);
                positive("channels", p.channels)?;
                positive("rows", p.rows)?;
                let elements = vec![
                    product([p.rows, p.tokens]),
                    product([p.batch, p.tokens, p.channels]),
                    product([p.batch, p.rows, p.channels]),
                ];
                (Params::Mix(p), elements)
            }
        };
        Ok(Self { elements, params })
    }

    /// Workgroups that cover the shapes. To be asked once the buffers are known to be long enough,
    /// so that no product of the shapes overflows.
    pub(super) fn workgroups(&self) -> [u32; 3] {
        match &self.params {
            Params::Patch(p) => p.workgroups(),
            Params::Timestep(p) => p.workgroups(),
            Params::Linear(p) => p.workgroups(),
            Params::Condition(p) => p.workgroups(),
            Params::Norm(p) => p.workgroups(),
            Params::Attention(p) => p.workgroups(),
            Params::Guide(p) => p.workgroups(),
            Params::Reduce(p) => p.workgroups(),
            Params::Subtract(p) => p.workgroups(),
            Params::Blend(p) => p.workgroups(),
            Params::GatedAdd(p) => p.workgroups(),
            Params::Mix(p) => p.workgroups(),
            Params::Keep(p) => p.workgroups(),
            Params::KeepInt8(p) => p.workgroups(),
        }
    }
}

/// Words of an anchor of `len` elements in the format that the dispatch's constant names.
pub(super) fn anchor_words(dispatch: &Dispatch, len: u32, width: u32) -> Result<u64, String> {
    let number = dispatch.constants.first().map_or(0, |&(_, value)| value);
    let formats = match dispatch.kernel {
        // A kernel of its own keeps int8.
        KernelId::Keep => &AnchorFormat::ALL[..2],
        _ => AnchorFormat::ALL,
    };
    let Some(format) = formats.get(number as usize) else {
        return Err(format!(
            "ANCHOR_FORMAT is {number}, it takes 0 to {}",
            formats.len() - 1
        ));
    };
    if *format == AnchorFormat::Int8 {
        positive("width", width)?;
        if !len.is_multiple_of(width) {
            return Err(format!("len {len} is no multiple of width {width}"));
        }
    }
    Ok(format.words(len.into(), width))
}

fn read<P: Pod>(bytes: &[u8]) -> P {
    bytemuck::pod_read_unaligned(bytes)
}

fn positive(name: &str, value: u32) -> Result<(), String> {
    if value == 0 {
        return Err(format!("{name} is 0"));
    }
    Ok(())
}

fn product<const N: usize>(factors: [u32; N]) -> u64 {
    factors
        .into_iter()
        .fold(1, |all: u64, factor| all.saturating_mul(factor.into()))
}

/// Elements up to `last` of the last of the rows that groups of `tokens` share.
fn strided(rows: u32, tokens: u32, stride: u32, last: u64) -> u64 {
    match rows.checked_sub(1) {
        Some(row) => product([row / tokens, stride]).saturating_add(last),
        None => 0,
    }
}
