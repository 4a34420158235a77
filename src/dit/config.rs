//! The sizes of a network, told from its tensors.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{checkpoint::Checkpoint, error::ModelError};
use crate::text::{Named, named};

/// Most tokens of a picture.
const MAX_TOKENS: usize = 4096;

/// What the network predicts.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The velocity of a rectified flow, `noise − picture` (SiT, the emoji model).
    Velocity = 0,
    /// The noise of a variance-preserving diffusion (DiT).
    Epsilon = 1,
}

named!(Prediction, "prediction", {
    Velocity => "velocity",
    Epsilon => "epsilon",
});

/// What is said about a checkpoint beside the file, and goes before what the file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Attention heads; the head dimension must come out as 24 to 128 in steps of 8.
    pub num_heads: Option<u32>,
    /// What the network predicts. SiT checkpoints have sigma channels like DiT's and need
    /// [`Prediction::Velocity`] said here if their metadata does not.
    pub prediction: Option<Prediction>,
}

/// The sizes of a DiT.
///
/// All but three are told from the shapes of the tensors. `num_heads` comes from [`Overrides`], else
/// the file's metadata, else the published number for the hidden size (384: 6, 768: 12, 1024 and
/// 1152: 16). `prediction` comes from [`Overrides`], else the metadata, else it is epsilon for a
/// network with sigma channels and velocity for one without. `class_names` come from the metadata (a
/// JSON list), else they are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DitConfig {
    /// Side of the (square) picture or latent, in pixels.
    pub input_size: u32,
    /// Side of a patch, in pixels.
    pub patch_size: u32,
    /// Channels of the picture or latent.
    pub in_channels: u32,
    /// Channels of the output: `in_channels`, or twice as many with learned sigma.
    pub out_channels: u32,
    /// Width of a token.
    pub hidden_size: u32,
    /// Transformer blocks.
    pub depth: u32,
    /// Attention heads.
    pub num_heads: u32,
    /// Width of the hidden layer of the blocks' MLP.
    pub mlp_hidden: u32,
    /// Classes; label `num_classes` stands for none.
    pub num_classes: u32,
    /// Width of the timestep features.
    pub frequency_size: u32,
    /// What the network predicts.
    pub prediction: Prediction,
    /// One name a class.
    pub class_names: Vec<String>,
}

impl DitConfig {
    /// Tokens of a picture.
    #[must_use]
    pub const fn tokens(&self) -> u32 {
        let side = self.input_size / self.patch_size;
        side * side
    }

    /// Width of an attention head.
    #[must_use]
    pub const fn head_dim(&self) -> u32 {
        self.hidden_size / self.num_heads
    }

    /// Whether the output has sigma channels beside the prediction. They are not used.
    #[must_use]
    pub const fn learned_sigma(&self) -> bool {
        self.out_channels != self.in_channels
    }

    /// Elements of one picture or latent.
    #[must_use]
    pub const fn picture_len(&self) -> usize {
        self.in_channels as usize * self.input_size as usize * self.input_size as usize
    }

    /// Elements of the network's output for one picture.
    #[must_use]
    pub const fn output_len(&self) -> usize {
        self.out_channels as usize * self.input_size as usize * self.input_size as usize
    }

    /// The class of that name or number.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<u32> {
        let named = self.class_names.iter().position(|known| known == name);
        let class = named
            .map(|at| at as u32)
            .or_else(|| name.parse::<u32>().ok());
        class.filter(|class| *class < self.num_classes)
    }

    /// Reads the sizes off the tensors that determine them. Whether all tensors fit is checked
    /// later, against the whole list.
    pub(super) fn infer(file: &Checkpoint, overrides: &Overrides) -> Result<Self, ModelError> {
        let [hidden, channels, patch, patch_columns] = shape(file, "x_embedder.proj.weight")?;
        if patch != patch_columns {
            return Err(ModelError::tensor(
                "x_embedder.proj.weight",
                format!("patches of {patch}x{patch_columns}; they must be square"),
            ));
        }
        let [_, frequency] = shape(file, "t_embedder.mlp.0.weight")?;
        let [labels, _] = shape(file, "y_embedder.embedding_table.weight")?;
        let [mlp, _] = shape(file, "blocks.0.mlp.fc1.weight")?;
        let [out, _] = shape(file, "final_layer.linear.weight")?;
        let area = patch.saturating_mul(patch);
        let out_channels = out / area;
        if out_channels * area != out || (out_channels != channels && out_channels != 2 * channels)
        {
            return Err(ModelError::tensor(
                "final_layer.linear.weight",
                format!(
                    "{out} outputs; patches of {patch}x{patch} with {channels} channels take {} \
                     or, with sigma, {}",
                    area.saturating_mul(channels),
                    area.saturating_mul(2 * channels),
                ),
            ));
        }
        if !frequency.is_multiple_of(2) {
            return Err(ModelError::tensor(
                "t_embedder.mlp.0.weight",
                format!("{frequency} timestep features; half are cosines, so they must be even"),
            ));
        }
        let side = side(file, patch)?;
        let num_classes = labels as u32 - 1;
        Ok(Self {
            input_size: (side * patch) as u32,
            patch_size: patch as u32,
            in_channels: channels as u32,
            out_channels: out_channels as u32,
            hidden_size: hidden as u32,
            depth: depth(file),
            num_heads: heads(&file.metadata, overrides, hidden as u32)?,
            mlp_hidden: mlp as u32,
            num_classes,
            frequency_size: frequency as u32,
            prediction: prediction(&file.metadata, overrides, out_channels != channels)?,
            class_names: class_names(&file.metadata, num_classes)?,
        })
    }
}

/// The shape of a tensor, with every dimension between 1 and 2²⁴.
fn shape<const N: usize>(file: &Checkpoint, name: &str) -> Result<[usize; N], ModelError> {
    let tensor = file
        .tensors
        .get(name)
        .ok_or_else(|| ModelError::tensor(name, super::layout::MISSING))?;
    let dims: Option<[usize; N]> = tensor.shape.as_slice().try_into().ok();
    match dims {
        Some(dims) if dims.iter().all(|dim| (1..=1 << 24).contains(dim)) => Ok(dims),
        Some(dims) => Err(ModelError::tensor(
            name,
            format!("shape {dims:?}; every dimension must be 1 to 16777216"),
        )),
        None => Err(ModelError::tensor(
            name,
            format!("shape {:?}; it must have {N} dimensions", tensor.shape),
        )),
    }
}

/// Patches along one side, from the positions, or else from the metadata.
fn side(file: &Checkpoint, patch: usize) -> Result<usize, ModelError> {
    if file.tensors.contains_key("pos_embed") {
        let [_, tokens, _] = shape(file, "pos_embed")?;
        let side = (1..=64).find(|side| side * side == tokens);
        return side.ok_or_else(|| {
            ModelError::tensor(
                "pos_embed",
                format!(
                    "{tokens} tokens; the picture must be square, with at most {MAX_TOKENS} of them"
                ),
            )
        });
    }
    let Some(given) = file.metadata.get("input_size") else {
        return Err(ModelError::tensor(
            "pos_embed",
            "it is missing, and so is `input_size` in the metadata; the size of the picture cannot \
             be told without one of them",
        ));
    };
    let size = given.parse().unwrap_or(0);
    let side = size / patch;
    if !size.is_multiple_of(patch) || !(1..=64).contains(&side) {
        return Err(ModelError::metadata(
            "input_size",
            given,
            format!("it must be 1 to 64 patches of {patch}"),
        ));
    }
    Ok(side)
}

/// How many different blocks the file has tensors of.
fn depth(file: &Checkpoint) -> u32 {
    let numbers: BTreeSet<&str> = file
        .tensors
        .keys()
        .filter_map(|name| name.strip_prefix("blocks.")?.split('.').next())
        .collect();
    numbers.len() as u32
}

fn heads(
    metadata: &BTreeMap<String, String>,
    overrides: &Overrides,
    hidden: u32,
) -> Result<u32, ModelError> {
    let said =
        match (overrides.num_heads, metadata.get("num_heads")) {
            (Some(heads), _) => Some(heads),
            (None, Some(text)) => Some(text.parse().map_err(|_| {
                ModelError::metadata("num_heads", text, "it must be a whole number")
            })?),
            (None, None) => None,
        };
    let heads = match (said, hidden) {
        (Some(heads), _) => heads,
        (None, 384) => 6,
        (None, 768) => 12,
        (None, 1024 | 1152) => 16,
        (None, _) => {
            return Err(ModelError::setting(
                "num_heads",
                "unknown",
                format!(
                    "a hidden size of {hidden} has no published number of heads, and the file \
                     names none; set num_heads (`--heads N` on the command line)"
                ),
            ));
        }
    };
    let width = hidden.checked_div(heads).unwrap_or(0);
    if width * heads != hidden || !(24..=128).contains(&width) || !width.is_multiple_of(8) {
        let remedy = format!(
            "a hidden size of {hidden} must divide into heads of 24 to 128 channels, in steps of 8; \
             set num_heads to another number (`--heads N` on the command line)"
        );
        let given = heads.to_string();
        return Err(match overrides.num_heads.is_none() && said.is_some() {
            true => ModelError::metadata("num_heads", given, remedy),
            false => ModelError::setting("num_heads", given, remedy),
        });
    }
    Ok(heads)
}

fn prediction(
    metadata: &BTreeMap<String, String>,
    overrides: &Overrides,
    learned_sigma: bool,
) -> Result<Prediction, ModelError> {
    if let Some(prediction) = overrides.prediction {
        return Ok(prediction);
    }
    match metadata.get("prediction") {
        Some(text) => Prediction::from_name(text).ok_or_else(|| {
            ModelError::metadata("prediction", text, "it must be velocity or epsilon")
        }),
        None if learned_sigma => Ok(Prediction::Epsilon),
        None => Ok(Prediction::Velocity),
    }
}

fn class_names(
    metadata: &BTreeMap<String, String>,
    classes: u32,
) -> Result<Vec<String>, ModelError> {
    let Some(text) = metadata.get("class_names") else {
        return Ok((0..classes).map(|class| class.to_string()).collect());
    };
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(names) if names.len() == classes as usize => Ok(names),
        Ok(names) => Err(ModelError::metadata(
            "class_names",
            format!("{} names", names.len()),
            format!("the label table has {classes} classes"),
        )),
        Err(_) => Err(ModelError::metadata(
            "class_names",
            "unreadable",
            "it must be a JSON list of names",
        )),
    }
}
