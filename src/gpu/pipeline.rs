//! Compiled kernels, made once per kernel and constants and kept with the device.

use alloc::{borrow::Cow, format, string::String, vec::Vec};
use core::num::NonZeroU64;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::device::GpuDevice;
use crate::{
    executor::ExecutorError,
    kernels::{Access, Dispatch, Kernel, KernelId, Variant},
};

/// The operation, the variant's name or nothing for the kernel of the table, and the constants.
type Key = (KernelId, &'static str, Vec<(&'static str, u32)>);

/// A compiled kernel and the layout of its bindings.
#[derive(Clone)]
pub(super) struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
}

/// The pipelines of one device.
#[derive(Default)]
pub(super) struct Pipelines {
    made: Mutex<HashMap<Key, Pipeline>>,
}

impl Pipelines {
    /// The pipeline for a dispatch by the kernel of the table, or by a variant of it; compiled if this
    /// is the first that needs it.
    pub(super) fn get(
        &self,
        device: &GpuDevice,
        dispatch: &Dispatch,
        variant: Option<&Variant>,
    ) -> Result<Pipeline, ExecutorError> {
        let name = variant.map_or("", |variant| variant.name);
        let key = (dispatch.kernel, name, dispatch.constants.clone());
        // Held while compiling, so that two executors made at once do not compile twice.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = made.get(&key) {
            return Ok(pipeline.clone());
        }
        let kernel = dispatch.kernel.kernel();
        let text = Text::of(dispatch, variant);
        let pipeline = device
            .checked(|| compile(device.wgpu(), kernel, &text))
            .map_err(|error| ExecutorError::Device(format!("kernel `{}`: {error}", text.name)))?;
        made.insert(key, pipeline.clone());
        Ok(pipeline)
    }
}

/// What is compiled for a dispatch.
struct Text {
    name: String,
    source: Cow<'static, str>,
    constants: Vec<(&'static str, f64)>,
    /// Bytes of the largest element of its storage buffers.
    element: usize,
}

impl Text {
    fn of(dispatch: &Dispatch, variant: Option<&Variant>) -> Self {
        let (kernel, constants) = (dispatch.kernel.kernel(), &dispatch.constants);
        let (name, source, overrides) = match variant {
            None => (kernel.name.into(), kernel.source.into(), constants.clone()),
            Some(variant) => (
                variant.kernel_name(dispatch.kernel),
                variant.source(dispatch.kernel, constants).into(),
                variant.overrides(constants),
            ),
        };
        Self {
            name,
            source,
            constants: overrides
                .into_iter()
                .map(|(name, value)| (name, f64::from(value)))
                .collect(),
            element: variant.map_or(4, Variant::element_bytes),
        }
    }
}

#[expect(
    unsafe_code,
    reason = "wgpu takes shaders without run-time checks on trust"
)]
fn compile(device: &wgpu::Device, kernel: &Kernel, text: &Text) -> Pipeline {
    let label = Some(text.name.as_str());
    let descriptor = wgpu::ShaderModuleDescriptor {
        label,
        source: wgpu::ShaderSource::Wgsl(text.source.clone()),
    };
    let module = if cfg!(debug_assertions) {
        device.create_shader_module(descriptor)
    } else {
        // SAFETY: the source is one of this crate's own kernels. Their loops end after a count
        // taken from the parameter block, and their indices stay below the lengths that
        // `Recording::check` has compared with the bound buffers.
        unsafe {
            device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
        }
    };

    let entry = |binding: usize, ty, size: usize| wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: NonZeroU64::new(size as u64),
        },
        count: None,
    };
    let mut entries = Vec::with_capacity(1 + kernel.bindings.len());
    entries.push(entry(
        0,
        wgpu::BufferBindingType::Uniform,
        kernel.params_size,
    ));
    entries.extend(kernel.bindings.iter().enumerate().map(|(index, binding)| {
        let read_only = binding.access == Access::Read;
        entry(
            1 + index,
            wgpu::BufferBindingType::Storage { read_only },
            text.element,
        )
    }));
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label,
        entries: &entries,
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label,
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &text.constants,
            // No kernel reads workgroup memory that it has not written.
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    });
    Pipeline { pipeline, layout }
}
