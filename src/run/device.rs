//! The devices a model can be prepared on.

use alloc::{boxed::Box, sync::Arc};

use super::{
    error::RunError,
    log::{Log, Message},
};
#[cfg(feature = "cpu")]
use crate::cpu::{CpuDevice, CpuExecutor, CpuWeights};
#[cfg(feature = "gpu")]
use crate::gpu::{GpuDevice, GpuExecutor, GpuPreference, GpuWeights};
use crate::{
    dit::{Memory, Model, Program},
    executor::{Executor, ExecutorError, WeightSource},
    kernels::{MemoryPlan, Recording},
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

impl Backend {
    /// The kind that this is here, before a model is loaded: [`Auto`](Self::Auto) is a GPU if there is
    /// a hardware adapter that opens.
    #[must_use]
    pub fn resolve(self) -> Self {
        #[cfg(feature = "gpu")]
        if self == Self::Auto && GpuDevice::new(GpuPreference::Hardware).is_ok() {
            return Self::Gpu;
        }
        match self {
            Self::Auto => Self::Cpu,
            other => other,
        }
    }
}

/// Bytes that a program takes on a backend.
pub(super) fn memory(backend: Backend, program: &Program) -> Result<Memory, RunError> {
    match backend.resolve() {
        #[cfg(feature = "gpu")]
        Backend::Auto | Backend::Gpu => Ok(program.memory()),
        #[cfg(not(feature = "gpu"))]
        Backend::Auto | Backend::Gpu => Err(missing(Backend::Gpu)),
        #[cfg(feature = "cpu")]
        Backend::Cpu => Ok(on_cpu(&CpuDevice::new(None)?, program)?),
        #[cfg(not(feature = "cpu"))]
        Backend::Cpu => Err(missing(Backend::Cpu)),
    }
}

#[cfg(feature = "cpu")]
fn on_cpu(device: &CpuDevice, program: &Program) -> Result<Memory, ExecutorError> {
    let (on_gpu, recording) = (program.memory(), &program.recording);
    Ok(Memory {
        weights: CpuWeights::bytes_of(device, recording),
        activations: on_gpu.activations + CpuExecutor::scratch_bytes(device, recording)?,
        ..on_gpu
    })
}

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
        log: &Log,
    ) -> Result<Self, RunError> {
        let device = match backend {
            Backend::Cpu => Self::open_cpu(model, recording)?,
            Backend::Gpu => Self::open_gpu(model, recording, true)?,
            Backend::Auto => match Self::open_gpu(model, recording, false) {
                Ok(device) => device,
                // Where the CPU cannot step in, the adapter is what the user should hear of.
                Err(gpu) => match Self::open_cpu(model, recording) {
                    Ok(device) => {
                        log.keep(Message::NoGpu, gpu);
                        device
                    }
                    Err(RunError::Setting { .. }) => return Err(gpu),
                    Err(cpu) => return Err(cpu),
                },
            },
        };
        log.keep(Message::Device, device.name());
        #[cfg(feature = "gpu")]
        if matches!(&device, Self::Gpu(gpu, _) if gpu.is_software()) {
            log.keep(Message::SoftwareGpu, device.name());
        }
        Ok(device)
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

    /// Prepares a recording that has weights of its own.
    pub(super) fn executor_of(
        &self,
        source: &dyn WeightSource,
        recording: &Arc<Recording>,
    ) -> Result<Box<dyn Executor>, ExecutorError> {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(device, _) => {
                let weights = CpuWeights::load(device, source, recording)?;
                let recording = Arc::clone(recording);
                Ok(Box::new(CpuExecutor::new(device, recording, &weights)?))
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(device, _) => {
                let weights = GpuWeights::load(device, source, recording)?;
                let recording = Arc::clone(recording);
                Ok(Box::new(GpuExecutor::new(device, recording, &weights)?))
            }
        }
    }

    pub(super) fn tuning(&self) -> Option<String> {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(..) => None,
            #[cfg(feature = "gpu")]
            Self::Gpu(device, _) => Some(device.tuning()),
        }
    }

    pub(super) fn remember_tuning(&self, text: &str) -> Result<(), ExecutorError> {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(..) => {
                let _ = text;
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(device, _) => device.remember(text),
        }
    }

    /// Bytes that a program of the model takes.
    pub(super) fn memory(&self, program: &Program) -> Result<Memory, ExecutorError> {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(device, _) => on_cpu(device, program),
            #[cfg(feature = "gpu")]
            Self::Gpu(..) => Ok(program.memory()),
        }
    }

    /// Prepares a recording of the model, its buffers as planned.
    pub(super) fn executor(
        &self,
        recording: &Arc<Recording>,
        plan: &MemoryPlan,
    ) -> Result<Box<dyn Executor>, ExecutorError> {
        let recording = Arc::clone(recording);
        Ok(match self {
            #[cfg(feature = "cpu")]
            Self::Cpu(device, weights) => {
                Box::new(CpuExecutor::with_plan(device, recording, plan, weights)?)
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(device, weights) => {
                Box::new(GpuExecutor::with_plan(device, recording, plan, weights)?)
            }
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
