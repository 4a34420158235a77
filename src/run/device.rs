//! The devices a model can be prepared on.

use alloc::{boxed::Box, sync::Arc};

use super::error::RunError;
#[cfg(feature = "cpu")]
use crate::cpu::{CpuDevice, CpuExecutor, CpuWeights};
#[cfg(feature = "gpu")]
use crate::gpu::{GpuDevice, GpuExecutor, GpuPreference, GpuWeights};
use crate::{
    dit::Model,
    executor::{Executor, ExecutorError},
    kernels::Recording,
    text::{Named, named},
};

/// Where to compute.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// A hardware GPU adapter if there is one, else the CPU.
    #[default]
    Auto = 0,
    /// The best GPU adapter, a software renderer if there is nothing else.
    Gpu = 1,
    /// The CPU.
    Cpu = 2,
}

named!(Backend, "backend", {
    Auto => "auto",
    Gpu => "gpu",
    Cpu => "cpu",
});

/// A device with a model's weights on it.
#[derive(Debug)]
pub(super) enum Device {
    #[cfg(feature = "cpu")]
    Cpu(CpuDevice, CpuWeights),
    #[cfg(feature = "gpu")]
    Gpu(GpuDevice, GpuWeights),
}

impl Device {
    /// Opens a device and loads the weights that `recording` names.
    pub(super) fn open(
        backend: Backend,
        model: &Model,
        recording: &Recording,
    ) -> Result<Self, RunError> {
        match backend {
            Backend::Cpu => Self::open_cpu(model, recording),
            Backend::Gpu => Self::open_gpu(model, recording, true),
            Backend::Auto => match Self::open_gpu(model, recording, false) {
                Ok(device) => Ok(device),
                // Where the CPU cannot step in, the adapter is what the user should hear of.
                Err(gpu) => Self::open_cpu(model, recording).map_err(|cpu| match cpu {
                    RunError::Setting { .. } => gpu,
                    cpu => cpu,
                }),
            },
        }
    }

    #[cfg(feature = "cpu")]
    fn open_cpu(model: &Model, recording: &Recording) -> Result<Self, RunError> {
        let device = CpuDevice::new(None)?;
        let weights = CpuWeights::load(&device, model, recording)?;
        Ok(Self::Cpu(device, weights))
    }

    #[cfg(not(feature = "cpu"))]
    fn open_cpu(_: &Model, _: &Recording) -> Result<Self, RunError> {
        Err(missing(Backend::Cpu))
    }

    #[cfg(feature = "gpu")]
    fn open_gpu(model: &Model, recording: &Recording, software: bool) -> Result<Self, RunError> {
        let device = GpuDevice::new(if software {
            GpuPreference::Any
        } else {
            GpuPreference::Hardware
        })?;
        let weights = GpuWeights::load(&device, model, recording)?;
        Ok(Self::Gpu(device, weights))
    }

    #[cfg(not(feature = "gpu"))]
    fn open_gpu(_: &Model, _: &Recording, _: bool) -> Result<Self, RunError> {
        Err(missing(Backend::Gpu))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(device, _) => device.name(),
            #[cfg(feature = "gpu")]
            Self::Gpu(device, _) => device.name(),
        }
    }

    /// Times that the host has waited for the device.
    pub(super) fn waits(&self) -> u64 {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(..) => 0,
            #[cfg(feature = "gpu")]
            Self::Gpu(device, _) => device.waits(),
        }
    }

    /// Prepares a recording of the model.
    pub(super) fn executor(
        &self,
        recording: &Arc<Recording>,
    ) -> Result<Box<dyn Executor>, ExecutorError> {
        let recording = Arc::clone(recording);
        Ok(match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(device, weights) => Box::new(CpuExecutor::new(device, recording, weights)?),
            #[cfg(feature = "gpu")]
            Self::Gpu(device, weights) => Box::new(GpuExecutor::new(device, recording, weights)?),
        })
    }
}

#[cfg(not(all(feature = "cpu", feature = "gpu")))]
fn missing(backend: Backend) -> RunError {
    RunError::setting(
        "backend",
        alloc::string::ToString::to_string(&backend),
        "this build has no such executor; build it with that feature, or choose another backend",
    )
}
