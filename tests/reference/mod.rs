//! Reference checkpoints and results, and how far two results are apart.

use std::{collections::HashMap, fs, path::PathBuf, sync::Arc};

use refrain::dit::{Model, Overrides};
use safetensors::SafeTensors;

/// A path of the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Reads a file of the repository.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The emoji checkpoint's bytes.
pub(crate) fn emoji_bytes() -> Vec<u8> {
    bytes("models/emoji/emoji_dit_f16.safetensors")
}

/// The emoji model.
pub(crate) fn emoji() -> Arc<Model> {
    Arc::new(Model::from_bytes(emoji_bytes(), &Overrides::default()).expect("the emoji model"))
}

/// The f32 tensors of a file in `tests/data`.
pub(crate) struct Tensors(HashMap<String, Vec<f32>>);

impl Tensors {
    pub(crate) fn load(name: &str) -> Self {
        let bytes = bytes(&format!("tests/data/{name}.safetensors"));
        let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let values = |data: &[u8]| {
            let (words, _) = data.as_chunks::<4>();
            words.iter().map(|word| f32::from_le_bytes(*word)).collect()
        };
        let tensors = file.iter();
        Self(
            tensors
                .map(|(name, tensor)| (name.to_owned(), values(tensor.data())))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> &[f32] {
        &self.0[name]
    }

    /// A tensor of whole numbers.
    pub(crate) fn whole(&self, name: &str) -> Vec<u32> {
        self.get(name).iter().map(|value| *value as u32).collect()
    }
}

/// ‖ours − reference‖₂ / ‖reference‖₂.
pub(crate) fn relative(ours: &[f32], reference: &[f32]) -> f64 {
    assert_eq!(ours.len(), reference.len());
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let pairs = ours.iter().zip(reference);
    let off = squares(&mut pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let size = squares(&mut reference.iter().map(|v| f64::from(*v)));
    (off / size).sqrt()
}
