//! How much work a recording's segments are.

use super::params::{AttentionParams, LinearParams, MixParams};
use super::{Command, Dispatch, KernelId, Recording, SegmentId};

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
}

impl Dispatch {
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

    pub(crate) fn params<P: bytemuck::AnyBitPattern>(&self) -> Option<P> {
        bytemuck::try_pod_read_unaligned(&self.params).ok()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::kernels::{BufferId, Segment};

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
}
