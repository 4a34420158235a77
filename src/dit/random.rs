//! Models of published sizes without their weights.

use alloc::{borrow::Cow, collections::BTreeMap, format, string::ToString, vec::Vec};

use half::{bf16, f16};

use super::{
    checkpoint::{Checkpoint, Tensor},
    config::{DitConfig, Prediction},
    error::ModelError,
    layout,
    model::Model,
};
use crate::kernels::WeightFormat;

/// Width, blocks and heads by name (Peebles & Xie, 2023, table 1).
const SIZES: [(&str, [u32; 3]); 4] = [
    ("S", [384, 12, 6]),
    ("B", [768, 12, 12]),
    ("L", [1024, 24, 16]),
    ("XL", [1152, 28, 16]),
];

impl Model {
    /// A DiT of a published size with random weights in `format`: for measurements, where the
    /// pictures do not matter.
    ///
    /// `size` is S, B, L or XL, a slash, and the side of a patch: 2, 4 or 8. It is the network for
    /// 256 x 256 pictures: latents of 4 x 32 x 32, 1,000 classes, learned sigma. All tensors share
    /// the memory of the largest.
    ///
    /// # Errors
    /// [`ModelError::Setting`] if there is no such size.
    pub fn random(size: &str, format: WeightFormat) -> Result<Self, ModelError> {
        let config = published(size)?;
        let mut largest = 0;
        let mut tensors = BTreeMap::new();
        for (name, shape) in layout::tensors(&config) {
            let elements: usize = shape.iter().product();
            largest = largest.max(elements);
            let range = 0..elements * format.bytes() as usize;
            let tensor = Tensor {
                shape,
                format,
                range,
            };
            tensors.insert(name, tensor);
        }
        Ok(Self::assemble(
            Checkpoint {
                bytes: Cow::Owned(noise(largest, format)),
                tensors,
                metadata: BTreeMap::new(),
            },
            config,
            None,
        ))
    }
}

fn published(size: &str) -> Result<DitConfig, ModelError> {
    let known = size.split_once('/').and_then(|(name, patch)| {
        let (_, sizes) = SIZES.iter().find(|(known, _)| *known == name)?;
        let patch = [2, 4, 8].into_iter().find(|p| p.to_string() == patch)?;
        Some((*sizes, patch))
    });
    let Some(([hidden_size, depth, num_heads], patch_size)) = known else {
        return Err(ModelError::setting(
            "size",
            size,
            "it is S, B, L or XL, then /2, /4 or /8, for example XL/2",
        ));
    };
    Ok(DitConfig {
        input_size: 32,
        patch_size,
        in_channels: 4,
        out_channels: 8,
        hidden_size,
        depth,
        num_heads,
        mlp_hidden: 4 * hidden_size,
        num_classes: 1000,
        frequency_size: 256,
        prediction: Prediction::Epsilon,
        class_names: (0..1000).map(|class| format!("{class}")).collect(),
    })
}

/// Even numbers between -0.04 and 0.04: of the size that trained weights have.
fn noise(elements: usize, format: WeightFormat) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(elements * format.bytes() as usize);
    let mut state = 1u32;
    for _ in 0..elements {
        // Numerical Recipes' linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * 0.04;
        match format {
            WeightFormat::F32 => bytes.extend(value.to_le_bytes()),
            WeightFormat::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
            WeightFormat::Bf16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::WeightSource;

    #[test]
    fn sizes_are_the_published_ones() {
        // Millions of parameters in table 4 of the paper, there without the positions.
        for (size, millions) in [("S/2", 33), ("B/2", 130), ("S/8", 33)] {
            let model = Model::random(size, WeightFormat::F16).expect(size);
            let apart = model.parameters().abs_diff(millions * 1_000_000);
            assert!(apart < 1_000_000, "{size}");
        }
    }

    #[test]
    fn weights_are_small_finite_and_different() {
        for format in [WeightFormat::F32, WeightFormat::F16, WeightFormat::Bf16] {
            let model = Model::random("S/8", format).expect("a model");
            let bias = model.tensor("blocks.11.mlp.fc2.bias").expect("a tensor");
            assert_eq!(bias.format, format);
            assert_eq!(bias.bytes.len() as u64, 384 * format.bytes());
            let first = &bias.bytes[..format.bytes() as usize];
            assert!(
                bias.bytes
                    .chunks_exact(first.len())
                    .any(|other| other != first)
            );
            let largest = model.tensor("blocks.0.mlp.fc1.weight").expect("a tensor");
            let bits = |b: &[u8]| b.iter().rev().fold(0u32, |all, b| all << 8 | u32::from(*b));
            let value = |b: &[u8]| match format {
                WeightFormat::F32 => f32::from_bits(bits(b)),
                WeightFormat::F16 => f16::from_bits(bits(b) as u16).to_f32(),
                WeightFormat::Bf16 => bf16::from_bits(bits(b) as u16).to_f32(),
            };
            let mut values = largest.bytes.chunks_exact(first.len()).map(value);
            assert!(values.all(|v| v.abs() < 0.0402));
        }
    }

    #[test]
    fn other_sizes_are_refused() {
        for size in ["", "XL", "XL/3", "xl/2", "M/2", "XL/2/2", "/2"] {
            let error = Model::random(size, WeightFormat::F32).expect_err(size);
            assert!(error.to_string().contains("XL/2"), "{error}");
        }
    }
}
