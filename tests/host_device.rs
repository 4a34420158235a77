//! A host in Rust that has opened its own `wgpu::Device`: it passes it in, records the forward pass
//! into an encoder of its own between its own commands, and submits on its own queue.
#![cfg(all(feature = "gpu", feature = "cpu"))]

extern crate alloc;

mod adapter;

use alloc::sync::Arc;
use std::path::Path;

use refrain::{
    dit::{Lowering, Model, Overrides, Program},
    executor::{Executor, ExecutorError},
    gpu::{GpuDevice, GpuExecutor, GpuWeights},
    kernels::SegmentId,
    run::{Backend, Engine},
    sampler::noise,
};

/// The host's own device, on whatever adapter there is.
struct Host {
    info: wgpu::AdapterInfo,
    device: wgpu::Device,
    queue: wgpu::Queue,
}

impl Host {
    fn new() -> Self {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = pollster::block_on(instance.request_adapter(&Default::default()));
        let adapter = adapter.expect("`adapter::device` has found one");
        let device = pollster::block_on(adapter.request_device(&Default::default()));
        let (device, queue) = device.expect("with WebGPU's default limits");
        Self {
            info: adapter.get_info(),
            device,
            queue,
        }
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&Default::default())
    }

    /// Runs segments and copies the output, all in one encoder; reads it as the host sees fit.
    fn output(
        &self,
        executor: &GpuExecutor,
        program: &Program,
        segments: &[SegmentId],
        len: usize,
    ) -> Vec<f32> {
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("the host's"),
            size: 4 * len as u64,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.encoder();
        encoder.clear_buffer(&staging, 0, None);
        executor.encode(segments, &mut encoder).unwrap();
        let output = executor.buffer(program.buffers.output).unwrap();
        encoder.copy_buffer_to_buffer(output, 0, &staging, 0, 4 * len as u64);
        let submission = self.queue.submit([encoder.finish()]);
        staging.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
        let wait = wgpu::PollType::Wait {
            submission_index: Some(submission),
            timeout: None,
        };
        self.device.poll(wait).unwrap();
        let view = staging.get_mapped_range(..).unwrap();
        bytemuck::cast_slice(&view).to_vec()
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let sum =
        |terms: &mut dyn Iterator<Item = f32>| terms.map(|d| f64::from(d).powi(2)).sum::<f64>();
    let apart = sum(&mut a.iter().zip(b).map(|(a, b)| a - b));
    (apart / sum(&mut b.iter().copied())).sqrt()
}

#[test]
fn the_hosts_encoder_and_queue() {
    if adapter::device().is_none() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/emoji/emoji_dit_f16.safetensors");
    let model = Arc::new(Model::open(&path, &Overrides::default()).unwrap());
    let mut x = vec![0.0; model.config().picture_len()];
    noise(3, x.len(), &mut x);
    let cpu = Engine::new(Arc::clone(&model), Backend::Cpu).unwrap();
    let expected = cpu.forward(&x, &[700.0], &[8], 1).unwrap();

    let host = Host::new();
    let device = GpuDevice::from_wgpu(&host.info, host.device.clone(), host.queue.clone());
    let program = Lowering::whole(1).program(&model).unwrap();
    let weights = GpuWeights::load(&device, model.as_ref(), &program.recording).unwrap();
    let recording = Arc::clone(&program.recording);
    let mut executor = GpuExecutor::new(&device, recording, &weights).unwrap();
    executor.write(program.buffers.x, &x).unwrap();
    executor.write(program.buffers.t, &[700.0]).unwrap();
    executor.write(program.buffers.y, &[8.0]).unwrap();

    let path = program.computed(None);
    let len = expected.len();
    // Without the host's submission nothing has run.
    executor.encode(&path, &mut host.encoder()).unwrap();
    assert_eq!(host.output(&executor, &program, &[], len), vec![0.0; len]);
    let output = host.output(&executor, &program, &path, len);
    let apart = distance(&output, &expected);
    assert!(apart < 1e-5, "relative L2 {apart}");

    // The comparison notices another timestep.
    executor.write(program.buffers.t, &[710.0]).unwrap();
    let planted = distance(&host.output(&executor, &program, &path, len), &expected);
    assert!(planted > 1e-3, "planted: relative L2 {planted}");

    let nowhere = [SegmentId(program.recording.segments.len() as u32)];
    let refused = executor.encode(&nowhere, &mut host.encoder());
    assert!(
        matches!(refused, Err(ExecutorError::Recording(_))),
        "{refused:?}"
    );
    assert!(executor.buffer(refrain::kernels::BufferId(9999)).is_none());
}
