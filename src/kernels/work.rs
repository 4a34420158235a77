//! How much work a recording's segments are: multiply-adds, and bytes moved.

use alloc::{format, string::String, vec::Vec};

use super::extent::{Reach, anchor_words};
use super::params::{
    AttentionParams, BlendParams, ConditionParams, GatedAddParams, GuideParams, KeepInt8Params,
    KeepParams, LinearParams, MixParams, NormParams,
};
use super::{Access, Command, Dispatch, Element, KernelId, Recording, SegmentId, WeightFormat};

impl Recording {
    /// Multiply-adds of the matrix products of a segment: linear layers, attention and the mixing of
    /// tokens. What only passes over memory counts nothing.
    #[must_use]
    pub fn multiply_adds(&self, segment: SegmentId) -> u64 {
        let Some(segment) = self.segments.get(segment.0 as usize) else {
            return 0;
        };
        let dispatches = segment.commands.iter().map(|command| match command {
            Command::Dispatch(dispatch) => dispatch.multiply_adds(),
            Command::Copy { .. } => 0,
        });
        dispatches.sum()
    }

    /// Bytes that a segment must at least read and write: the sum of
    /// [`Dispatch::bytes_moved`] over its dispatches, and its copies.
    ///
    /// What one dispatch writes and the next reads counts twice: once out, once in.
    #[must_use]
    pub fn bytes_moved(&self, segment: SegmentId) -> u64 {
        let Some(segment) = self.segments.get(segment.0 as usize) else {
            return 0;
        };
        let bytes = segment.commands.iter().map(|command| match command {
            Command::Dispatch(dispatch) => dispatch.bytes_moved(),
            Command::Copy { to, .. } => {
                let buffer = self.buffers.get(to.0 as usize);
                buffer.map_or(0, |buffer| 2 * buffer.bytes())
            }
        });
        bytes.sum()
    }
}

impl Dispatch {
    /// Bytes that it must at least read and write: of each storage binding the elements that its
    /// shapes touch, once, weights in their stored format. The parameter block, some tens of bytes,
    /// counts nothing, nor does a dispatch without workgroups or with parameters that do not fit
    /// its kernel.
    ///
    /// Labels are taken to be different ones: `condition` reads a row of the table for each image.
    #[must_use]
    pub fn bytes_moved(&self) -> u64 {
        let kernel = self.kernel.kernel();
        if self.workgroups.contains(&0) {
            return 0;
        }
        let Some(reach) = self.reach() else {
            return 0;
        };
        let touched = reach.elements.iter().zip(kernel.bindings).enumerate();
        touched
            .map(|(i, (reached, binding))| {
                let each = match binding.element {
                    Element::F32 | Element::Anchors => 4,
                    Element::Weight => self.weight_bytes(),
                };
                let elements = match binding.access {
                    Access::Read => self.gathered(i).unwrap_or(*reached),
                    // All that is written, but for a pair of sums among others.
                    Access::Write if self.kernel == KernelId::SumPartials => 2,
                    Access::Write => self.gathered(i).unwrap_or(*reached),
                };
                elements.saturating_mul(each)
            })
            .fold(0, u64::saturating_add)
    }

    /// What it computes, for a reader: `rows x inputs -> outputs` of a linear layer, with its
    /// weights' format if that is not f32; images, tokens, heads and their width of an attention;
    /// rows and channels of a norm; else how many elements it writes.
    #[must_use]
    pub fn shape(&self) -> String {
        let linear = |p: LinearParams| {
            let format = match self.constants.iter().find(|(name, _)| *name == "FORMAT") {
                Some((_, 1)) => ", f16",
                Some((_, 2)) => ", bf16",
                _ => "",
            };
            format!("{} x {} -> {}{format}", p.rows, p.inputs, p.outputs)
        };
        let described = match self.kernel {
            KernelId::Linear
            | KernelId::LinearGelu
            | KernelId::LinearSilu
            | KernelId::LinearGated
            | KernelId::LinearAdd => self.params().map(linear),
            KernelId::Attention => self.params().map(|p: AttentionParams| {
                let width = self.constants.first().map_or(0, |(_, width)| *width);
                format!("{} x {} tokens, {} x {width}", p.batch, p.tokens, p.heads)
            }),
            KernelId::LayerNormModulate => self
                .params()
                .map(|p: NormParams| format!("{} x {}", p.rows, p.channels)),
            _ => None,
        };
        described.unwrap_or_else(|| {
            let specs = self.kernel.kernel().bindings.iter();
            let written = specs.zip(self.reach().map_or(Vec::new(), |reach| reach.elements));
            let written = written.filter(|(spec, _)| spec.access == Access::Write);
            let elements: u64 = written.map(|(_, elements)| elements).sum();
            format!("{elements}")
        })
    }

    /// Bytes of one element of the weight it binds.
    fn weight_bytes(&self) -> u64 {
        match self.constants.iter().find(|(name, _)| *name == "FORMAT") {
            Some(&(_, format)) if format != WeightFormat::F32 as u32 => 2,
            _ => 4,
        }
    }

    /// Elements that it reads or writes of storage binding `i` (0 first), where those are not all up
    /// to the last one.
    fn gathered(&self, i: usize) -> Option<u64> {
        let groups = |rows: u32, tokens: u32| u64::from(rows.div_ceil(tokens.max(1)));
        match (self.kernel, i) {
            (KernelId::LinearGated, 3) => {
                let p = self.params::<LinearParams>()?;
                Some(groups(p.rows, p.tokens) * u64::from(p.outputs))
            }
            (KernelId::LinearAdd, 3) => {
                let p = self.params::<LinearParams>()?;
                Some(u64::from(p.addend_rows.min(p.rows)) * u64::from(p.outputs))
            }
            (KernelId::LayerNormModulate, 1) => {
                let p = self.params::<NormParams>()?;
                Some(groups(p.rows, p.tokens) * 2 * u64::from(p.channels))
            }
            (KernelId::GatedAdd, 1) => {
                let p = self.params::<GatedAddParams>()?;
                Some(groups(p.rows, p.tokens) * u64::from(p.channels))
            }
            (KernelId::Condition, 1) => {
                let p = self.params::<ConditionParams>()?;
                Some(u64::from(p.labels.min(p.batch)) * u64::from(p.channels))
            }
            // The channels of the picture alone, of one half or both.
            (KernelId::Guide | KernelId::GuideDifference | KernelId::GuideKept, 0) => {
                let p = self.params::<GuideParams>()?;
                let guided = u64::from(p.batch) * u64::from(p.channels) * u64::from(p.pixels);
                let halves = if self.kernel == KernelId::GuideKept {
                    1
                } else {
                    2
                };
                Some(halves * guided)
            }
            (KernelId::Blend, 0) => {
                let p = self.params::<BlendParams>()?;
                Some(u64::from(p.count))
            }
            (KernelId::Blend, 1) => {
                let p = self.params::<BlendParams>()?;
                Some(u64::from(p.use_base) * u64::from(p.len))
            }
            (KernelId::Blend, 2) => {
                let p = self.params::<BlendParams>()?;
                let anchor = anchor_words(self, p.len, p.width).ok()?;
                Some(u64::from(p.count) * anchor)
            }
            (KernelId::Keep, 2) => Some(self.params::<KeepParams>()?.words.into()),
            (KernelId::KeepInt8, 2) => {
                let p = self.params::<KeepInt8Params>()?;
                Some(u64::from(p.rows) * (1 + u64::from(p.width.div_ceil(4))))
            }
            _ => None,
        }
    }

    /// Multiply-adds of its matrix products.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        let product = |sides: &[u32]| sides.iter().map(|side| u64::from(*side)).product();
        match self.kernel {
            KernelId::Linear
            | KernelId::LinearGelu
            | KernelId::LinearSilu
            | KernelId::LinearGated
            | KernelId::LinearAdd => self
                .params::<LinearParams>()
                .map_or(0, |p| product(&[p.rows, p.inputs, p.outputs])),
            KernelId::Attention => {
                let width = self.constants.iter().find(|(name, _)| *name == "HEAD_DIM");
                let width = width.map_or(0, |(_, width)| *width);
                self.params::<AttentionParams>().map_or(0, |p| {
                    // Scores, and their sum over the values.
                    2 * product(&[p.batch, p.heads, p.tokens, p.tokens, width])
                })
            }
            KernelId::MixTokens => self
                .params::<MixParams>()
                .map_or(0, |p| product(&[p.batch, p.rows, p.tokens, p.channels])),
            _ => 0,
        }
    }

    /// What it reaches, if its parameters are those of its kernel.
    fn reach(&self) -> Option<Reach> {
        let fits = self.params.len() == self.kernel.kernel().params_size;
        fits.then(|| Reach::of(self).ok()).flatten()
    }

    pub(crate) fn params<P: bytemuck::AnyBitPattern>(&self) -> Option<P> {
        bytemuck::try_pod_read_unaligned(&self.params).ok()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::kernels::{Buffer, BufferId, Role, Segment};

    fn dispatch(kernel: KernelId, params: &[u8], constants: &[(&'static str, u32)]) -> Dispatch {
        Dispatch {
            kernel,
            bindings: vec![BufferId(0)],
            params: params.into(),
            constants: constants.into(),
            workgroups: [1, 1, 1],
        }
    }

    #[test]
    fn products_are_counted_by_their_shapes() {
        let linear = LinearParams {
            rows: 6,
            inputs: 5,
            outputs: 7,
            tokens: 1,
            gate_stride: 0,
            gate_offset: 0,
            addend_rows: 0,
            pad: 0,
        };
        let attention = AttentionParams {
            batch: 2,
            tokens: 10,
            heads: 3,
            scale: 1.0,
        };
        let linear = dispatch(KernelId::LinearGelu, bytemuck::bytes_of(&linear), &[]);
        let bytes = bytemuck::bytes_of(&attention);
        let attention = dispatch(KernelId::Attention, bytes, &[("HEAD_DIM", 24)]);
        assert_eq!(linear.multiply_adds(), 6 * 5 * 7);
        // Queries times keys, and weights times values.
        assert_eq!(attention.multiply_adds(), 2 * (2 * 3 * 10 * 10 * 24));
        let mut recording = Recording::default();
        recording.segments.push(Segment {
            name: "a".into(),
            commands: vec![
                Command::Dispatch(linear),
                Command::Dispatch(attention),
                Command::Copy {
                    from: BufferId(0),
                    first: 0,
                    to: BufferId(1),
                },
            ],
        });
        assert_eq!(recording.multiply_adds(SegmentId(0)), 210 + 28_800);
        assert_eq!(recording.multiply_adds(SegmentId(1)), 0);
    }

    /// A dispatch with as many bindings as its kernel has, all of buffer 0.
    fn bound(kernel: KernelId, params: &[u8], constants: &[(&'static str, u32)]) -> Dispatch {
        let bindings = kernel.kernel().bindings.len();
        Dispatch {
            bindings: vec![BufferId(0); bindings],
            ..dispatch(kernel, params, constants)
        }
    }

    fn gated(tokens: u32) -> LinearParams {
        LinearParams {
            rows: 6,
            inputs: 5,
            outputs: 7,
            tokens,
            gate_stride: 42,
            gate_offset: 14,
            addend_rows: 0,
            pad: 0,
        }
    }

    #[test]
    fn every_element_that_is_touched_counts_once() {
        // x, bias, the gates of two images of 3 rows, residual and output in f32.
        let plain = 4 * (6 * 5 + 7 + 2 * 7 + 6 * 7 + 6 * 7);
        for (format, each) in [(0, 4), (1, 2), (2, 2)] {
            let gated = bound(
                KernelId::LinearGated,
                bytemuck::bytes_of(&gated(3)),
                &[("FORMAT", format)],
            );
            assert_eq!(gated.bytes_moved(), plain + each * 7 * 5, "{format}");
            let named = ["", ", f16", ", bf16"][format as usize];
            assert_eq!(gated.shape(), format!("6 x 5 -> 7{named}"));
        }
        let norm = NormParams {
            rows: 6,
            channels: 8,
            tokens: 3,
            stride: 48,
            shift_offset: 24,
            scale_offset: 32,
            epsilon: 1e-6,
            grid: 6,
        };
        let norm = bound(KernelId::LayerNormModulate, bytemuck::bytes_of(&norm), &[]);
        // In and out, and shift and scale of two images.
        assert_eq!(norm.bytes_moved(), 4 * (48 + 48 + 2 * 2 * 8));
        let attention = AttentionParams {
            batch: 2,
            tokens: 10,
            heads: 3,
            scale: 1.0,
        };
        let bytes = bytemuck::bytes_of(&attention);
        let attention = bound(KernelId::Attention, bytes, &[("HEAD_DIM", 24)]);
        assert_eq!(attention.bytes_moved(), 4 * (3 + 1) * 2 * 10 * 3 * 24);
        assert_eq!(attention.shape(), "2 x 10 tokens, 3 x 24");
        assert_eq!(norm.shape(), "6 x 8");
        let condition = ConditionParams {
            batch: 2,
            channels: 8,
            labels: 1001,
            row: 256,
        };
        let condition = bound(KernelId::Condition, bytemuck::bytes_of(&condition), &[]);
        // Times, two rows of the table, labels, output.
        assert_eq!(condition.bytes_moved(), 4 * (16 + 16 + 2 + 16));
    }

    #[test]
    fn what_is_bound_and_not_read_counts_nothing() {
        let blend = |count, use_base| BlendParams {
            len: 100,
            count,
            first: 4,
            use_base,
            base_offset: 7,
            width: 10,
            stride: 200,
            offset: 400,
            row: 256,
            pad: [0; 3],
        };
        // Words of an anchor: 100, 50, and ten rows of a scale and three words of codes.
        for (format, words) in [(0, 100), (1, 50), (2, 40)] {
            for (count, use_base) in [(1, 0), (2, 1), (8, 1)] {
                let blend = blend(count, use_base);
                let constants = [("ANCHOR_FORMAT", format)];
                let blend = bound(KernelId::Blend, bytemuck::bytes_of(&blend), &constants);
                let tensors = 100 * (1 + u64::from(use_base)) + u64::from(count) * words;
                let expected = 4 * (u64::from(count) + tensors);
                assert_eq!(blend.bytes_moved(), expected, "{count} {use_base}");
                assert_eq!(blend.shape(), "100");
            }
        }
        let keep = KeepParams {
            len: 100,
            words: 50,
            use_base: 1,
            offset: 400,
            row: 256,
            pad: [0; 3],
        };
        let keep = bound(
            KernelId::Keep,
            bytemuck::bytes_of(&keep),
            &[("ANCHOR_FORMAT", 1)],
        );
        assert_eq!(keep.bytes_moved(), 4 * (100 + 100 + 50));
        let int8 = KeepInt8Params {
            rows: 10,
            width: 10,
            use_base: 0,
            offset: 400,
            grid: 10,
            pad: [0; 3],
        };
        let int8 = bound(KernelId::KeepInt8, bytemuck::bytes_of(&int8), &[]);
        assert_eq!(int8.bytes_moved(), 4 * (100 + 40));
        // Two pictures of 4 channels among 8, 16 pixels, both halves, and the guided picture.
        let guide = GuideParams {
            batch: 2,
            channels: 4,
            out_channels: 8,
            pixels: 16,
            scale: 1.0,
            row: 256,
            pad: [0; 2],
        };
        let guide = bound(KernelId::Guide, bytemuck::bytes_of(&guide), &[]);
        assert_eq!(guide.bytes_moved(), 4 * 3 * (2 * 4 * 16));
        let mut idle = guide.clone();
        idle.workgroups = [0, 1, 1];
        assert_eq!(idle.bytes_moved(), 0);
        let mut damaged = guide;
        damaged.params.pop();
        assert_eq!(damaged.bytes_moved(), 0);
    }

    #[test]
    fn a_segment_is_its_dispatches_and_copies() {
        let mut recording = Recording::default();
        recording.buffers.push(Buffer {
            name: "a".into(),
            len: 10,
            role: Role::Input,
        });
        let linear = bound(KernelId::Linear, bytemuck::bytes_of(&gated(1)), &[]);
        let each = 4 * (6 * 5 + 7 * 5 + 7 + 6 * 7);
        assert_eq!(linear.bytes_moved(), each);
        recording.segments.push(Segment {
            name: "a".into(),
            commands: vec![
                Command::Dispatch(linear.clone()),
                Command::Dispatch(linear),
                Command::Copy {
                    from: BufferId(0),
                    first: 0,
                    to: BufferId(0),
                },
            ],
        });
        assert_eq!(recording.bytes_moved(SegmentId(0)), 2 * each + 2 * 40);
        assert_eq!(recording.bytes_moved(SegmentId(1)), 0);
        // Planted: one row more must show.
        if let Some(Command::Dispatch(dispatch)) = recording.segments[0].commands.first_mut() {
            let params = LinearParams {
                rows: 7,
                ..gated(1)
            };
            dispatch.params = bytemuck::bytes_of(&params).into();
        }
        let more = 4 * (5 + 7);
        assert_eq!(recording.bytes_moved(SegmentId(0)), 2 * each + more + 80);
    }
}
