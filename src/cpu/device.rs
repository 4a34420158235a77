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

/// Vector instructions that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Vectors {
    /// 16 lanes; x86-64.
    Avx512,
    /// 8 lanes, with fused multiply-add; x86-64.
    Avx2,
    /// 4 lanes; 64-bit Arm.
    Neon,
    /// One lane: what every processor has.
    None,
}

impl Vectors {
    /// All of them, widest first.
    pub const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::None];

    /// Whether this processor has them.
    #[must_use]
    pub fn available(self) -> bool {
        self.arch().is_some()
    }

    /// As device names spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::None => "no vectors",
        }
    }

    fn arch(self) -> Option<Arch> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::try_new().map(Arch::V4),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().map(Arch::V3),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => pulp::aarch64::Neon::try_new().map(Arch::Neon),
            Self::None => Some(Arch::Scalar),
            _ => None,
        }
    }
}

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
    /// Starts `threads` threads, by default one for each core, that use the widest vectors there are.
    ///
    /// # Errors
    /// [`ExecutorError::Device`] for zero threads, or when the system starts no more threads.
    pub fn new(threads: Option<usize>) -> Result<Self, ExecutorError> {
        let widest = Vectors::ALL.into_iter().find(|vectors| vectors.available());
        Self::with_vectors(threads, widest.unwrap_or(Vectors::None))
    }

    /// [`Self::new`] with given vectors, for example to get the very bits of a machine that has no
    /// wider ones.
    ///
    /// # Errors
    /// As [`Self::new`], and [`ExecutorError::Device`] if this processor does not have `vectors`.
    pub fn with_vectors(threads: Option<usize>, vectors: Vectors) -> Result<Self, ExecutorError> {
        if threads == Some(0) {
            return Err(ExecutorError::Device(
                "threads is 0, the CPU executor needs at least 1".to_string(),
            ));
        }
        let Some(arch) = vectors.arch() else {
            return Err(ExecutorError::Device(format!(
                "this processor has no {}, ask for vectors that are available",
                vectors.name()
            )));
        };
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .thread_name(|i| format!("refrain-{i}"))
            .build()
            .map_err(|error| ExecutorError::Device(format!("cannot start threads: {error}")))?;
        let threads = pool.current_num_threads();
        let plural = if threads == 1 { "" } else { "s" };
        let name = format!("cpu ({threads} thread{plural}, {})", vectors.name());
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
    fn vectors_of_another_processor_are_an_error() {
        let foreign = Vectors::ALL
            .into_iter()
            .find(|vectors| !vectors.available())
            .unwrap();
        let error = CpuDevice::with_vectors(None, foreign).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("device: this processor has no "),
            "{error}"
        );
        assert!(CpuDevice::with_vectors(None, Vectors::None).is_ok());
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
