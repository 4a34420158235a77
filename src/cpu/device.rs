//! Threads and vector width.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};
use core::fmt;

use pulp::{Arch, Simd, WithSimd};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::tile;
use crate::executor::ExecutorError;

/// A pool of threads, and the vector instructions they use.
///
/// Cloning shares the pool.
#[derive(Clone)]
pub struct CpuDevice {
    pub(super) pool: Arc<ThreadPool>,
    pub(super) arch: Arch,
    name: String,
}

impl CpuDevice {
    /// Starts `threads` threads; by default one for each core.
    ///
    /// # Errors
    /// [`ExecutorError::Device`] for zero threads, or when the system starts no more threads.
    pub fn new(threads: Option<usize>) -> Result<Self, ExecutorError> {
        if threads == Some(0) {
            return Err(ExecutorError::Device(
                "threads is 0, the CPU executor needs at least 1".to_string(),
            ));
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .thread_name(|i| format!("refrain-{i}"))
            .build()
            .map_err(|error| ExecutorError::Device(format!("cannot start threads: {error}")))?;
        let arch = Arch::new();
        let threads = pool.current_num_threads();
        let plural = if threads == 1 { "" } else { "s" };
        let name = format!("cpu ({threads} thread{plural}, {})", vectors(arch));
        Ok(Self {
            pool: Arc::new(pool),
            arch,
            name,
        })
    }

    /// For example `cpu (2 threads, avx512)`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Threads of the pool.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Columns of a panel of a packed weight.
    pub(super) fn panel_width(&self) -> usize {
        struct Width;
        impl WithSimd for Width {
            type Output = usize;
            #[inline(always)]
            fn with_simd<S: Simd>(self, _simd: S) -> usize {
                tile::width::<S>()
            }
        }
        self.arch.dispatch(Width)
    }
}

impl fmt::Debug for CpuDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What the vector instructions are called.
fn vectors(arch: Arch) -> &'static str {
    match arch {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(_) => "avx512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) => "avx2",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "neon",
        _ => "no vectors",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_how_many_threads() {
        let device = CpuDevice::new(Some(3)).unwrap();
        assert!(
            device.name().starts_with("cpu (3 threads, "),
            "{}",
            device.name()
        );
        assert_eq!(device.threads(), 3);
        assert!(
            CpuDevice::new(Some(1))
                .unwrap()
                .name()
                .starts_with("cpu (1 thread, ")
        );
    }

    #[test]
    fn no_threads_is_an_error() {
        let error = CpuDevice::new(Some(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "device: threads is 0, the CPU executor needs at least 1"
        );
    }
}
