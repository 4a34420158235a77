//! One kernel on words, for tests.

use std::sync::mpsc;

use wgpu::util::DeviceExt;

/// The adapter of [`crate::adapter`], as wgpu has it.
pub(crate) struct Words {
    device: wgpu::Device,
    queue: wgpu::Queue,
}

impl Words {
    /// `None` where device tests are to be skipped.
    pub(crate) fn open() -> Option<Self> {
        crate::adapter::device()?;
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions::default();
        let adapter = pollster::block_on(instance.request_adapter(&options)).expect("an adapter");
        let request = adapter.request_device(&wgpu::DeviceDescriptor::default());
        let (device, queue) = pollster::block_on(request).expect("a device");
        Some(Self { device, queue })
    }

    /// Runs `main` of a kernel whose bindings are `input` (read) and as many words again (written), an
    /// invocation for each of `count`, 64 a workgroup.
    pub(crate) fn run(
        &self,
        source: &str,
        input: &[u32],
        written: usize,
        count: usize,
    ) -> Vec<u32> {
        let device = &self.device;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let from = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: None,
            contents: bytemuck::cast_slice(input),
            usage: wgpu::BufferUsages::STORAGE,
        });
        let size = 4 * written as u64;
        let [to, staging] = [
            wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        ]
        .map(|usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage,
                mapped_at_creation: false,
            })
        });
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[(0, &from), (1, &to)].map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            }),
        });
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(count.div_ceil(64) as u32, 1, 1);
        }
        encoder.copy_buffer_to_buffer(&to, 0, &staging, 0, size);
        self.queue.submit([encoder.finish()]);
        let (sender, mapped) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            sender.send(result).expect("awaited");
        });
        device
            .poll(wgpu::PollType::wait_indefinitely())
            .expect("the device answers");
        mapped.recv().expect("an answer").expect("mapped");
        let view = staging.get_mapped_range(..).expect("mapped");
        bytemuck::cast_slice(&view).to_vec()
    }
}
