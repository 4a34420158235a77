//! Checkpoints of the repository.

use alloc::sync::Arc;
use std::{fs, path::PathBuf};

use refrain::dit::{Model, Overrides};

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
