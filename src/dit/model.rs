//! A checkpoint that was checked.

use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;
use std::path::Path;

use super::{
    checkpoint::Checkpoint,
    config::{DitConfig, Overrides},
    error::ModelError,
    layout, positions,
};
use crate::{
    executor::{WeightSource, WeightTensor},
    kernels::WeightFormat,
};

/// Fingerprints of the models that this crate has calibrated curves for.
const KNOWN: &[(u64, &str)] = &[(0x7f99_2d33_060f_432c, "emoji")];

/// A DiT checkpoint: its tensors, every one of the right shape and finite, and its sizes.
pub struct Model {
    file: Checkpoint,
    config: DitConfig,
    fingerprint: u64,
    /// If the file has none.
    positions: Option<Positions>,
}

/// Computed positions: shape, and f32 elements.
pub(super) type Positions = (Vec<usize>, Vec<u8>);

impl Model {
    /// Reads a checkpoint from a file.
    ///
    /// # Errors
    /// [`ModelError`] as for [`from_bytes`](Self::from_bytes), and if the file cannot be read.
    pub fn open(path: &Path, overrides: &Overrides) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(|error| ModelError::Read {
            path: path.display().to_string(),
            why: error.to_string(),
        })?;
        Self::from_bytes(bytes, overrides)
    }

    /// Reads a checkpoint from the bytes of a `.safetensors` file. Elements may be f32, f16 or bf16.
    ///
    /// # Errors
    /// [`ModelError`] says what is wrong with the file, naming the tensor: it is damaged, a tensor
    /// is missing, superfluous, of another shape or type, or holds NaN or infinity; or the number of
    /// heads cannot be told or does not fit.
    pub fn from_bytes(
        bytes: impl Into<Cow<'static, [u8]>>,
        overrides: &Overrides,
    ) -> Result<Self, ModelError> {
        let file = Checkpoint::parse(bytes.into())?;
        let config = DitConfig::infer(&file, overrides)?;
        let positions = check_tensors(&file, &config)?;
        file.check_finite()?;
        Ok(Self::assemble(file, config, positions))
    }

    /// Of tensors that fit the sizes.
    pub(super) fn assemble(
        file: Checkpoint,
        config: DitConfig,
        positions: Option<Positions>,
    ) -> Self {
        Self {
            fingerprint: file.fingerprint(),
            file,
            config,
            positions,
        }
    }

    /// Its sizes.
    #[must_use]
    pub fn config(&self) -> &DitConfig {
        &self.config
    }

    /// Elements of all tensors, the positions included.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        layout::tensors(&self.config)
            .iter()
            .map(|(_, shape)| shape.iter().map(|dim| *dim as u64).product::<u64>())
            .sum()
    }

    /// A hash over the tensors' names, shapes and elements: the same for the same weights.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The name under which the policy tables know this very model, if they do.
    #[must_use]
    pub fn known_as(&self) -> Option<&'static str> {
        let known = KNOWN.iter().find(|(print, _)| *print == self.fingerprint);
        known.map(|(_, name)| *name)
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        let metadata = self.file.metadata.iter();
        metadata.map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl WeightSource for Model {
    fn tensor(&self, name: &str) -> Option<WeightTensor<'_>> {
        if let (Some((shape, bytes)), "pos_embed") = (&self.positions, name) {
            return Some(WeightTensor {
                shape,
                format: WeightFormat::F32,
                bytes,
            });
        }
        let tensor = self.file.tensors.get(name)?;
        Some(WeightTensor {
            shape: &tensor.shape,
            format: tensor.format,
            bytes: self.file.bytes_of(tensor),
        })
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("config", &self.config)
            .field("tensors", &self.file.tensors.len())
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// Compares the file's tensors with those of the network; computes the positions if they are left
/// out.
fn check_tensors(file: &Checkpoint, config: &DitConfig) -> Result<Option<Positions>, ModelError> {
    let mut positions = None;
    let mut expected = BTreeSet::<String>::new();
    for (name, shape) in layout::tensors(config) {
        match file.tensors.get(&name) {
            Some(tensor) if tensor.shape == shape => {}
            Some(tensor) => {
                return Err(ModelError::tensor(
                    name,
                    format!("its shape is {:?}; it must be {shape:?}", tensor.shape),
                ));
            }
            None if name == "pos_embed" => {
                let side = config.input_size / config.patch_size;
                let table = positions::table(config.hidden_size as usize, side as usize);
                positions = Some((shape, table));
            }
            None => return Err(ModelError::tensor(name, layout::MISSING)),
        }
        expected.insert(name);
    }
    // A part that would be left out silently changes the pictures (attention norms, for example).
    if let Some(name) = file.tensors.keys().find(|name| !expected.contains(*name)) {
        return Err(ModelError::tensor(
            name,
            "a DiT has no such tensor; the model has parts that are not supported",
        ));
    }
    Ok(positions)
}
