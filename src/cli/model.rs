//! Which model, on which device: what the commands have in common.

use std::path::PathBuf;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::report::Failure;
use super::tuning;
use crate::dit::{Model, Overrides, Prediction};
use crate::run::{Backend, Engine};
use crate::text::Named;

/// The checkpoint inside the program; its card is models/emoji/README.md.
static EMOJI: &[u8] = include_bytes!("../../models/emoji/emoji_dit_f16.safetensors");

/// What is said about a checkpoint beside its file.
#[derive(Args, Debug)]
pub(super) struct AboutModel {
    /// Attention heads, where the file does not say
    ///
    /// By default what the file's metadata says, else the published number for the hidden size (384:
    /// 6, 768: 12, 1024 and 1152: 16).
    #[arg(long, value_name = "N")]
    heads: Option<u32>,
    /// What the network predicts, where the file does not say
    ///
    /// By default what the file's metadata says, else epsilon for a network with sigma channels and
    /// velocity for one without.
    #[arg(long, value_name = "P", value_parser = names::<Prediction>())]
    prediction: Option<Prediction>,
}

/// A parser of an enum's names, which help and errors list.
pub(super) fn names<T: Named + Send + Sync>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::ALL.iter().map(|value| value.name()))
        .try_map(|name| T::from_name(&name).ok_or("no such name"))
}

/// A checkpoint and what to call it.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) model: Arc<Model>,
}

impl Loaded {
    /// Reads the checkpoint, the one inside the program if no file is named.
    pub(super) fn open(path: Option<&PathBuf>, about: &AboutModel) -> Result<Self, Failure> {
        let overrides = Overrides {
            num_heads: about.heads,
            prediction: about.prediction,
        };
        let (name, model) = match path {
            None => {
                let model = Model::from_bytes(EMOJI, &overrides)
                    .map_err(|error| Failure::about("the built-in model", error))?;
                ("emoji (built in)".to_string(), model)
            }
            Some(path) => {
                let shown = path.display();
                let about = |error: &dyn core::fmt::Display| {
                    Failure::about(format_args!("--model {shown}"), error)
                };
                // A device such as /dev/zero has no end.
                let file = std::fs::metadata(path).map_err(|error| about(&error))?;
                if !file.is_file() {
                    return Err(about(&"not a file; give a .safetensors file"));
                }
                let model = Model::open(path, &overrides).map_err(|error| about(&error))?;
                (shown.to_string(), model)
            }
        };
        Ok(Self {
            name,
            model: Arc::new(model),
        })
    }

    /// Prepares it on a device.
    pub(super) fn engine(&self, backend: Backend) -> Result<Engine, Failure> {
        let engine = Engine::new(Arc::clone(&self.model), backend)
            .map_err(|error| Failure::about(format_args!("--backend {backend}"), error))?;
        tuning::recall(&engine);
        Ok(engine)
    }

    /// Its size in a line.
    pub(super) fn summary(&self) -> String {
        let config = self.model.config();
        let (side, channels) = (config.input_size, config.in_channels);
        format!(
            "{}, {} parameters, {} blocks of width {}, {side}x{side}x{channels}",
            self.name,
            self.model.parameters(),
            config.depth,
            config.hidden_size,
        )
    }
}

/// The device's name, with the kind of backend in front.
pub(super) fn device(engine: &Engine) -> String {
    let name = engine.device_name();
    if name.starts_with("cpu") {
        name.to_string()
    } else {
        format!("gpu: {name}")
    }
}
