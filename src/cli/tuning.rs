//! The choices of GPU kernels, kept from one run of the program to the next.
//!
//! They lie in `refrain/tuning.txt` in the user's cache directory; without it, and where it cannot be
//! read or written, they are measured anew. The file names the adapter, its driver and the versions it
//! was measured with, and is not used for others.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process;

use alloc::format;

use crate::run::Engine;

/// Longer than any file of ours.
const MAX_BYTES: u64 = 1 << 20;

fn path() -> Option<PathBuf> {
    let folder = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let cache = folder("XDG_CACHE_HOME")
        .or_else(|| folder("LOCALAPPDATA"))
        .or_else(|| {
            let below = if cfg!(target_os = "macos") {
                "Library/Caches"
            } else {
                ".cache"
            };
            Some(folder("HOME")?.join(below))
        })?;
    Some(cache.join("refrain").join("tuning.txt"))
}

/// Hands the engine what was kept, if it is of its device.
pub(super) fn recall(engine: &Engine) {
    let Some(path) = path() else { return };
    let short = fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
    if short && let Ok(text) = fs::read_to_string(path) {
        // What is of another driver or damaged is measured anew, and replaced.
        let _ = engine.remember_tuning(&text);
    }
}

/// Keeps what the engine has measured, if there is something new and it can be written.
pub(super) fn keep(engine: &Engine) {
    let (Some(path), Some(text)) = (path(), engine.tuning()) else {
        return;
    };
    // The first line alone says that nothing was chosen.
    let nothing = text.lines().count() < 2;
    if nothing || fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
        return;
    }
    let Some(folder) = path.parent() else { return };
    // Another run may read or write at the same time: it sees the old file or the new one.
    let own = folder.join(format!("tuning.{}", process::id()));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&own, text));
    if written.and_then(|()| fs::rename(&own, &path)).is_err() {
        let _ = fs::remove_file(own);
    }
}
