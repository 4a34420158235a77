//! Reference results, and how far two results are apart.

use std::collections::HashMap;

use safetensors::SafeTensors;

/// The f32 tensors of a file in `tests/data`.
pub(crate) struct Tensors(HashMap<String, Vec<f32>>);

impl Tensors {
    pub(crate) fn load(name: &str) -> Self {
        let bytes = crate::reference::bytes(&format!("tests/data/{name}.safetensors"));
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
