//! An opened adapter.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{
    fmt,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use std::{
    collections::HashMap,
    panic::catch_unwind,
    sync::{Mutex, PoisonError, mpsc},
};

use super::{
    pipeline::Pipelines,
    tuner::{Choice, Tuner, Tuning},
};
use crate::{
    executor::ExecutorError,
    kernels::{Needs, Variant},
};

/// How long a buffer that the device has finished may take to be mapped, at most.
pub(super) const MAPPED_WITHIN: Duration = Duration::from_secs(10);

/// The back ends this crate is built with and tested for.
const BACKENDS: wgpu::Backends = wgpu::Backends::VULKAN
    .union(wgpu::Backends::METAL)
    .union(wgpu::Backends::DX12);

/// Which adapters [`GpuDevice::new`] may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuPreference {
    /// Real hardware only: software renderers are refused.
    Hardware,
    /// The best there is, a software renderer if there is nothing else.
    Any,
}

/// The features beyond WebGPU's core that some kernels use, asked for where the adapter has them.
const WANTED: wgpu::Features = wgpu::Features::SHADER_F16
    .union(wgpu::Features::SUBGROUP)
    .union(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX);

/// What a device can do beyond WebGPU's core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Abilities {
    f16: bool,
    /// The size of every subgroup; 0 if there are none, or of several sizes.
    subgroup: u32,
    /// Whether there are cooperative matrices of side 8 and 16, of f16 with f32 sums.
    cooperative: [bool; 2],
}

impl Abilities {
    fn of(
        info: &wgpu::AdapterInfo,
        features: wgpu::Features,
        matrices: &[wgpu::CooperativeMatrixProperties],
    ) -> Self {
        let one_size = info.subgroup_min_size == info.subgroup_max_size;
        let square = |side| {
            features.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX)
                && matrices.iter().any(|matrix| {
                    [matrix.m_size, matrix.n_size, matrix.k_size] == [side; 3]
                        && matrix.ab_type == wgpu::CooperativeScalarType::F16
                        && matrix.cr_type == wgpu::CooperativeScalarType::F32
                })
        };
        Self {
            f16: features.contains(wgpu::Features::SHADER_F16),
            subgroup: if one_size && features.contains(wgpu::Features::SUBGROUP) {
                info.subgroup_max_size
            } else {
                0
            },
            // The kernels find their subgroup from the local index, in subgroups of 32.
            cooperative: [8, 16]
                .map(|side| one_size && info.subgroup_max_size == 32 && square(side)),
        }
    }

    fn meet(self, needs: Needs) -> bool {
        let [eight, sixteen] = self.cooperative;
        let cooperative = match needs.cooperative {
            0 => true,
            8 => eight,
            16 => sixteen,
            _ => false,
        };
        cooperative
            && (self.f16 || !needs.f16)
            && (needs.subgroup == 0 || needs.subgroup == self.subgroup)
    }
}

/// An opened adapter with the pipelines compiled for it. Cloning it is cheap and shares both.
#[derive(Clone)]
pub struct GpuDevice {
    shared: Arc<Shared>,
    tuning: Tuning,
}

struct Shared {
    name: String,
    /// What a remembered choice of kernels is good for.
    identity: String,
    software: bool,
    abilities: Abilities,
    tuner: Tuner,
    device: wgpu::Device,
    queue: wgpu::Queue,
    limits: wgpu::Limits,
    pipelines: Pipelines,
    /// The kernels of decisions, by name, compiled when a run first wants them.
    own: Mutex<HashMap<&'static str, wgpu::ComputePipeline>>,
    /// Times that the host has waited.
    waits: AtomicU64,
    /// The first error that no call was there to receive; every later call reports it.
    fault: Arc<Mutex<Option<String>>>,
}

impl GpuDevice {
    /// Opens the best adapter: discrete before integrated before virtual before software.
    ///
    /// The device asks for WebGPU's default limits, except that buffers and bindings may be as
    /// large as the adapter allows, and for f16, subgroups and cooperative matrices where the adapter
    /// has them.
    ///
    /// # Errors
    /// [`ExecutorError::NoAdapter`] if nothing fits `preference`; [`ExecutorError::Device`] if the
    /// adapter cannot be opened with these limits.
    #[expect(
        unsafe_code,
        reason = "wgpu marks cooperative matrices as experimental"
    )]
    pub fn new(preference: GpuPreference) -> Result<Self, ExecutorError> {
        let adapter = choose(adapters()?, preference)?;
        let info = adapter.get_info();
        let available = adapter.limits();
        let limits = wgpu::Limits {
            max_buffer_size: available.max_buffer_size,
            max_storage_buffer_binding_size: available.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let features = adapter.features() & WANTED;
        let experimental = if features.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX) {
            // SAFETY: of what is experimental only cooperative matrices are used, by kernels of
            // this crate that each device must first run right, beside their twins.
            unsafe { wgpu::ExperimentalFeatures::enabled() }
        } else {
            wgpu::ExperimentalFeatures::disabled()
        };
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("refrain"),
            required_features: features,
            experimental_features: experimental,
            required_limits: limits,
            // Everything is allocated up front, so that small blocks cost no time.
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        });
        let (device, queue) = pollster::block_on(request).map_err(|error| {
            ExecutorError::Device(format!("{} cannot be opened: {error}", info.name))
        })?;

        let fault = Arc::new(Mutex::new(None));
        let first = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |error| {
            note(&first, || error.to_string());
        }));
        let first = Arc::clone(&fault);
        device.set_device_lost_callback(move |reason, message| {
            note(&first, || format!("device lost ({reason:?}): {message}"));
        });
        let abilities = Abilities::of(&info, features, &adapter.cooperative_matrix_properties());
        Ok(Self::assemble(&info, device, queue, abilities, fault))
    }

    /// Uses a device that the host has opened.
    ///
    /// The host's error handler and its device-lost callback stay in place. Errors of this crate's
    /// own calls are caught in error scopes and returned; the loss of the device shows at the next
    /// read. The device must have at least WebGPU's default limits. Kernels with f16 and subgroups
    /// are used if it was opened with those features; none with cooperative matrices is.
    #[must_use]
    pub fn from_wgpu(info: &wgpu::AdapterInfo, device: wgpu::Device, queue: wgpu::Queue) -> Self {
        let abilities = Abilities::of(info, device.features(), &[]);
        Self::assemble(info, device, queue, abilities, Arc::default())
    }

    fn assemble(
        info: &wgpu::AdapterInfo,
        device: wgpu::Device,
        queue: wgpu::Queue,
        abilities: Abilities,
        fault: Arc<Mutex<Option<String>>>,
    ) -> Self {
        let software = info.device_type == wgpu::DeviceType::Cpu;
        let backend = match info.backend {
            wgpu::Backend::Vulkan => "Vulkan",
            wgpu::Backend::Metal => "Metal",
            wgpu::Backend::Dx12 => "Direct3D 12",
            wgpu::Backend::Gl => "OpenGL",
            wgpu::Backend::BrowserWebGpu => "WebGPU",
            wgpu::Backend::Noop => "no-op",
        };
        let kind = if software { ", software" } else { "" };
        let limits = device.limits();
        let name = format!("{}, {backend}{kind}", info.name);
        let version = env!("CARGO_PKG_VERSION");
        let identity = format!(
            "refrain {version}, wgpu 30, {name}, {}, {}",
            info.driver, info.driver_info
        );
        Self {
            tuning: Tuning::Measured,
            shared: Arc::new(Shared {
                name,
                // One line of a text.
                identity: identity.replace(['\n', '\r'], " "),
                software,
                abilities,
                tuner: Tuner::default(),
                device,
                queue,
                limits,
                pipelines: Pipelines::default(),
                own: Mutex::default(),
                waits: AtomicU64::new(0),
                fault,
            }),
        }
    }

    /// Adapter and back end, for example `llvmpipe (LLVM 15.0.6, 256 bits), Vulkan, software`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Whether the adapter is a software renderer, running on the CPU.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.shared.software
    }

    /// The same device, for executors that choose their kernels in another way. Pipelines, weights
    /// and what was measured are shared.
    #[must_use]
    pub fn with_tuning(&self, tuning: Tuning) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            tuning,
        }
    }

    /// What was measured for [`Tuning::Measured`] so far, or [remembered](Self::remember).
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        self.tuner().choices()
    }

    /// The choices as text, for [`remember`](Self::remember): a line that names this crate's version,
    /// wgpu's, the adapter and its driver, then a line for each class of shapes.
    #[must_use]
    pub fn tuning(&self) -> String {
        self.tuner().text(&self.shared.identity)
    }

    /// Takes choices that [`tuning`](Self::tuning) gave on an earlier day, so that nothing of it is
    /// measured again. Each kernel is still tested before it is used.
    ///
    /// # Errors
    /// [`ExecutorError::Tuning`] if the text is of another version, adapter or driver, or is no such
    /// text; nothing of it is taken then.
    pub fn remember(&self, text: &str) -> Result<(), ExecutorError> {
        self.tuner().remember(&self.shared.identity, text)
    }

    pub(super) fn how(&self) -> &Tuning {
        &self.tuning
    }

    pub(super) fn tuner(&self) -> &Tuner {
        &self.shared.tuner
    }

    /// Whether the device has what a variant needs.
    #[must_use]
    pub fn supports(&self, variant: &Variant) -> bool {
        self.shared.abilities.meet(variant.needs)
    }

    /// Times that the host has waited for the device so far.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.shared.waits.load(Ordering::Relaxed)
    }

    pub(super) fn wgpu(&self) -> &wgpu::Device {
        &self.shared.device
    }

    pub(super) fn queue(&self) -> &wgpu::Queue {
        &self.shared.queue
    }

    pub(super) fn limits(&self) -> &wgpu::Limits {
        &self.shared.limits
    }

    pub(super) fn pipelines(&self) -> &Pipelines {
        &self.shared.pipelines
    }

    /// A kernel that is in no table, compiled once.
    pub(super) fn own(
        &self,
        name: &'static str,
        source: &str,
    ) -> Result<wgpu::ComputePipeline, ExecutorError> {
        // Held while compiling, as that of the other pipelines.
        let mut own = self
            .shared
            .own
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = own.get(name) {
            return Ok(pipeline.clone());
        }
        let pipeline = self.checked(|| super::decide::compile(self.wgpu(), name, source))?;
        own.insert(name, pipeline.clone());
        Ok(pipeline)
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Runs wgpu calls and returns the first error they raise, instead of wgpu's panic.
    pub(super) fn checked<T>(&self, work: impl FnOnce() -> T) -> Result<T, ExecutorError> {
        self.fault()?;
        let scopes = [
            wgpu::ErrorFilter::Internal,
            wgpu::ErrorFilter::OutOfMemory,
            wgpu::ErrorFilter::Validation,
        ]
        .map(|filter| self.wgpu().push_error_scope(filter));
        let result = work();
        let mut first = None;
        for scope in scopes.into_iter().rev() {
            let error = pollster::block_on(scope.pop());
            first = first.or(error);
        }
        self.fault()?;
        match first {
            Some(error) => Err(ExecutorError::Device(error.to_string())),
            None => Ok(result),
        }
    }

    /// Waits for a submission and everything before it.
    pub(super) fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<(), ExecutorError> {
        self.shared.waits.fetch_add(1, Ordering::Relaxed);
        let poll = wgpu::PollType::Wait {
            submission_index: Some(submission),
            timeout: None,
        };
        // `poll` panics when the driver reports the device lost, and nothing of ours is borrowed
        // inside: a caller can do more with an error.
        let status = catch_unwind(AssertUnwindSafe(|| self.wgpu().poll(poll)));
        self.fault()?;
        match status {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(ExecutorError::Device(error.to_string())),
            Err(_) => Err(ExecutorError::Device("lost while waiting for it".into())),
        }
    }

    /// Copies whole buffers to the host, with one wait for all of them.
    pub(super) fn read_words<const N: usize>(
        &self,
        buffers: [&wgpu::Buffer; N],
    ) -> Result<[Vec<u32>; N], ExecutorError> {
        let total = buffers.iter().map(|buffer| buffer.size()).sum();
        let (sender, mapped) = mpsc::sync_channel(1);
        let (staging, submission) = self.checked(|| {
            let staging = self.wgpu().create_buffer(&wgpu::BufferDescriptor {
                label: Some("read"),
                size: total,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            let mut encoder = self.wgpu().create_command_encoder(&Default::default());
            let mut at = 0;
            for buffer in buffers {
                encoder.copy_buffer_to_buffer(buffer, 0, &staging, at, buffer.size());
                at += buffer.size();
            }
            let submission = self.queue().submit([encoder.finish()]);
            staging.map_async(wgpu::MapMode::Read, .., move |result| {
                // The receiver is gone if waiting failed.
                let _ = sender.try_send(result);
            });
            (staging, submission)
        })?;
        self.wait(submission)?;
        let lost = |error: &dyn fmt::Display| ExecutorError::Device(format!("not read: {error}"));
        // Another thread that polls the device may still be about to say so.
        match mapped.recv_timeout(MAPPED_WITHIN) {
            Ok(result) => result.map_err(|error| lost(&error))?,
            Err(error) => return Err(lost(&error)),
        }
        let view = staging.get_mapped_range(..).map_err(|error| lost(&error))?;
        let mut words = view
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word));
        Ok(buffers.map(|buffer| words.by_ref().take(buffer.size() as usize / 4).collect()))
    }

    fn fault(&self) -> Result<(), ExecutorError> {
        let fault = self.shared.fault.lock();
        match &*fault.unwrap_or_else(PoisonError::into_inner) {
            Some(message) => Err(ExecutorError::Device(message.clone())),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for GpuDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GpuDevice").field(&self.name()).finish()
    }
}

fn note(first: &Mutex<Option<String>>, message: impl FnOnce() -> String) {
    let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
    first.get_or_insert_with(message);
}

fn adapters() -> Result<Vec<wgpu::Adapter>, ExecutorError> {
    let compiled = wgpu::Instance::enabled_backend_features() & BACKENDS;
    if compiled.is_empty() {
        return Err(ExecutorError::NoAdapter(
            "this build has no back end for this platform; use the CPU".into(),
        ));
    }
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: compiled,
        // The release default validates indirect dispatches with a kernel of its own before each.
        flags: if cfg!(debug_assertions) {
            wgpu::InstanceFlags::debugging()
        } else {
            wgpu::InstanceFlags::empty()
        },
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    Ok(pollster::block_on(instance.enumerate_adapters(compiled)))
}

fn choose(
    adapters: Vec<wgpu::Adapter>,
    preference: GpuPreference,
) -> Result<wgpu::Adapter, ExecutorError> {
    let seen: Vec<_> = adapters.iter().map(wgpu::Adapter::get_info).collect();
    let chosen = adapters
        .into_iter()
        .zip(&seen)
        .filter(|(_, info)| {
            preference == GpuPreference::Any || info.device_type != wgpu::DeviceType::Cpu
        })
        // The first of the best: enumeration lists Vulkan before Direct3D 12.
        .min_by_key(|(_, info)| match info.device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Other => 3,
            wgpu::DeviceType::Cpu => 4,
        });
    if let Some((adapter, _)) = chosen {
        return Ok(adapter);
    }
    Err(ExecutorError::NoAdapter(if seen.is_empty() {
        "no driver for Vulkan, Metal or Direct3D 12 was found; use the CPU".into()
    } else {
        let names: Vec<&str> = seen.iter().map(|info| info.name.as_str()).collect();
        format!(
            "hardware was asked for and there is only software: {}; use the CPU",
            names.join(", ")
        )
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `None`, with a printed line, where `REFRAIN_GPU` or the machine leaves nothing to test with.
    pub(in crate::gpu) fn device() -> Option<GpuDevice> {
        let wish = std::env::var("REFRAIN_GPU").unwrap_or_default();
        if wish == "none" {
            std::println!("skipped: REFRAIN_GPU=none");
            return None;
        }
        let device = GpuDevice::new(GpuPreference::Any);
        assert!(wish != "required" || device.is_ok(), "{device:?}");
        std::println!("{device:?}");
        device.ok()
    }

    fn bad_buffer(device: &GpuDevice) -> wgpu::Buffer {
        device.wgpu().create_buffer(&wgpu::BufferDescriptor {
            label: Some("bad"),
            size: 4,
            usage: wgpu::BufferUsages::empty(),
            mapped_at_creation: false,
        })
    }

    #[test]
    fn an_error_inside_a_call_is_returned_and_forgotten() {
        let Some(device) = device() else { return };
        let error = device.checked(|| bad_buffer(&device)).unwrap_err();
        assert!(error.to_string().starts_with("device: "), "{error}");
        assert_eq!(device.checked(|| 7), Ok(7));
    }

    #[test]
    fn an_error_outside_of_calls_stays() {
        let Some(device) = device() else { return };
        drop(bad_buffer(&device));
        let first = device.checked(|| ()).unwrap_err();
        assert!(matches!(first, ExecutorError::Device(_)));
        assert_eq!(device.checked(|| ()), Err(first));
    }

    #[test]
    fn a_lost_device_says_so() {
        let Some(device) = device() else { return };
        device.wgpu().destroy();
        // The callback comes with the next poll.
        let _ = device.wgpu().poll(wgpu::PollType::Poll);
        let error = device.checked(|| ()).unwrap_err();
        assert!(error.to_string().contains("lost"), "{error}");
    }
}
