//! The CPU executor: layers at the shapes of real models, beside a bare matrix product of the `gemm`
//! crate at the same shape in the same run, and whole forward passes of the emoji model.
//!
//! `cargo bench --bench cpu -- 'linear/XL'` runs a part. Throughput is in multiply-adds.

extern crate alloc;

use alloc::sync::Arc;
use core::{hint::black_box, time::Duration};
use std::collections::HashMap;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use refrain::{
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides},
    executor::{Executor, WeightSource, WeightTensor},
    kernels::{
        Buffer, BufferId, Command, Dispatch, KernelId, Recording, Role, Segment, SegmentId,
        WeightFormat,
        params::{AttentionParams, LinearParams, NormParams, row_length},
    },
};

/// Weights by name.
struct Tensors(HashMap<&'static str, (Vec<usize>, Vec<u8>)>);

impl WeightSource for Tensors {
    fn tensor(&self, name: &str) -> Option<WeightTensor<'_>> {
        let (shape, bytes) = self.0.get(name)?;
        Some(WeightTensor {
            shape,
            format: WeightFormat::F32,
            bytes,
        })
    }
}

/// Values without a pattern that a branch predictor or a zero check could use.
fn noise(len: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// An executor of one dispatch; `weights` says which of its buffers are weights.
fn single(
    device: &CpuDevice,
    kernel: KernelId,
    params: &[u8],
    workgroups: [u32; 3],
    constants: &[(&'static str, u32)],
    buffers: &[(&'static str, usize, bool)],
) -> CpuExecutor {
    let mut tensors = Tensors(HashMap::new());
    let mut declared = Vec::new();
    for &(name, len, weight) in buffers {
        let role = if weight {
            Role::Weight(WeightFormat::F32)
        } else {
            Role::Input
        };
        if weight {
            let bytes = noise(len)
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            tensors.0.insert(name, (vec![len], bytes));
        }
        declared.push(Buffer {
            name: name.into(),
            len,
            role,
        });
    }
    let dispatch = Dispatch {
        kernel,
        bindings: (0..buffers.len() as u32).map(BufferId).collect(),
        params: params.to_vec(),
        constants: constants.to_vec(),
        workgroups,
    };
    let segment = Segment {
        name: "run".into(),
        commands: vec![Command::Dispatch(dispatch)],
    };
    let recording = Arc::new(Recording {
        buffers: declared,
        segments: vec![segment],
    });
    let weights = CpuWeights::load(device, &tensors, &recording).unwrap();
    let mut executor = CpuExecutor::new(device, recording, &weights).unwrap();
    for (i, &(_, len, weight)) in buffers.iter().enumerate() {
        if !weight {
            executor.write(BufferId(i as u32), &noise(len)).unwrap();
        }
    }
    executor
}

/// The matrix product alone, as the `gemm` crate does it.
fn bare_gemm(threads: usize, m: usize, n: usize, k: usize) -> impl FnMut() {
    let (x, weight, mut out) = (noise(m * k), noise(n * k), vec![0.0f32; m * n]);
    move || {
        // SAFETY: the slices are m x k, n x k and m x n, row-major, as the strides say.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                out.as_mut_ptr(),
                1,
                n as isize,
                false,
                x.as_ptr(),
                1,
                k as isize,
                weight.as_ptr(),
                k as isize,
                1,
                0.0f32,
                1.0f32,
                false,
                false,
                false,
                match threads {
                    1 => gemm::Parallelism::None,
                    _ => gemm::Parallelism::Rayon(threads),
                },
            );
        }
        black_box(&out);
    }
}

/// Rows, outputs and inputs of the linear layers of three models: the emoji model with 2 and 24
/// pictures, DiT-S/2 and DiT-XL/2 at 256 x 256 with 2.
const LINEAR: [(&str, KernelId, usize, usize, usize); 12] = [
    ("emoji x2 modulation", KernelId::Linear, 2, 1152, 192),
    ("emoji x24 modulation", KernelId::Linear, 24, 1152, 192),
    ("emoji x2 qkv", KernelId::Linear, 128, 576, 192),
    ("emoji x2 mlp in", KernelId::LinearGelu, 128, 768, 192),
    ("emoji x2 mlp out", KernelId::LinearGated, 128, 192, 768),
    ("emoji x24 qkv", KernelId::Linear, 1536, 576, 192),
    ("emoji x24 mlp in", KernelId::LinearGelu, 1536, 768, 192),
    ("emoji x24 mlp out", KernelId::LinearGated, 1536, 192, 768),
    ("S2 x2 mlp in", KernelId::LinearGelu, 512, 1536, 384),
    ("S2 x2 mlp out", KernelId::LinearGated, 512, 384, 1536),
    ("XL2 x2 mlp in", KernelId::LinearGelu, 512, 4608, 1152),
    ("XL2 x2 mlp out", KernelId::LinearGated, 512, 1152, 4608),
];

fn linear(c: &mut Criterion) {
    let device = CpuDevice::new(None).unwrap();
    println!("{}", device.name());
    for (name, kernel, rows, outputs, inputs) in LINEAR {
        let gated = kernel == KernelId::LinearGated;
        let tokens = if gated { rows / 2 } else { 1 };
        let params = LinearParams {
            rows: rows as u32,
            inputs: inputs as u32,
            outputs: outputs as u32,
            tokens: tokens as u32,
            gate_stride: if gated { outputs as u32 } else { 0 },
            gate_offset: 0,
            addend_rows: 0,
            pad: 0,
        };
        let mut buffers = vec![
            ("x", rows * inputs, false),
            ("weight", inputs * outputs, true),
            ("bias", outputs, true),
        ];
        if gated {
            buffers.extend([
                ("gate", 2 * outputs, false),
                ("residual", rows * outputs, false),
            ]);
        }
        buffers.push(("out", rows * outputs, false));
        let mut executor = single(
            &device,
            kernel,
            bytemuck::bytes_of(&params),
            params.workgroups(),
            &[("FORMAT", 0)],
            &buffers,
        );
        let mut gemm = bare_gemm(device.threads(), rows, outputs, inputs);
        let mut group = c.benchmark_group(format!("linear/{name}"));
        group.throughput(Throughput::Elements((rows * outputs * inputs) as u64));
        group.bench_function(kernel.kernel().name, |b| {
            b.iter(|| executor.run(&[SegmentId(0)]).unwrap());
        });
        group.bench_function("bare gemm", |b| b.iter(&mut gemm));
        group.finish();
    }
}

fn attention(c: &mut Criterion) {
    let device = CpuDevice::new(None).unwrap();
    for (name, batch, tokens, heads, width) in [
        ("emoji x2", 2, 64, 3, 64),
        ("emoji x24", 24, 64, 3, 64),
        ("S2 x2", 2, 256, 6, 64),
        ("XL2 x2", 2, 256, 16, 72),
        ("XL2 512px x2", 2, 1024, 16, 72),
    ] {
        let params = AttentionParams {
            batch,
            tokens,
            heads,
            scale: (width as f32).sqrt().recip(),
        };
        let out = (batch * tokens * heads * width) as usize;
        let mut executor = single(
            &device,
            KernelId::Attention,
            bytemuck::bytes_of(&params),
            params.workgroups(),
            &[("HEAD_DIM", width)],
            &[("qkv", 3 * out, false), ("out", out, false)],
        );
        let mut group = c.benchmark_group("attention");
        group.throughput(Throughput::Elements(2 * out as u64 * u64::from(tokens)));
        group.bench_function(name, |b| b.iter(|| executor.run(&[SegmentId(0)]).unwrap()));
        group.finish();
    }
}

fn layer_norm(c: &mut Criterion) {
    let device = CpuDevice::new(None).unwrap();
    for (name, rows, channels) in [
        ("emoji x2", 128, 192),
        ("emoji x24", 1536, 192),
        ("XL2 x2", 512, 1152),
    ] {
        let params = NormParams {
            rows,
            channels,
            tokens: rows / 2,
            stride: 2 * channels,
            shift_offset: 0,
            scale_offset: channels,
            epsilon: 1e-6,
            grid: row_length(rows),
        };
        let len = (rows * channels) as usize;
        let mut executor = single(
            &device,
            KernelId::LayerNormModulate,
            bytemuck::bytes_of(&params),
            params.workgroups(),
            &[],
            &[
                ("x", len, false),
                ("modulation", 4 * channels as usize, false),
                ("out", len, false),
            ],
        );
        let mut group = c.benchmark_group("layer_norm_modulate");
        group.throughput(Throughput::Elements(len as u64));
        group.bench_function(name, |b| b.iter(|| executor.run(&[SegmentId(0)]).unwrap()));
        group.finish();
    }
}

/// One evaluation of the emoji model on a batch.
fn forward(c: &mut Criterion) {
    let device = CpuDevice::new(None).unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/models/emoji/emoji_dit_f16.safetensors"
    );
    let model = Model::open(path.as_ref(), &Overrides::default()).unwrap();
    for pictures in [2, 24] {
        let lowering = Lowering::whole(pictures);
        let program = lowering.program(&model).unwrap();
        let weights = CpuWeights::load(&device, &model, &program.recording).unwrap();
        let recording = Arc::clone(&program.recording);
        let mut executor = CpuExecutor::new(&device, recording, &weights).unwrap();
        let len = |id: BufferId| program.recording.buffers[id.0 as usize].len;
        executor
            .write(program.buffers.x, &noise(len(program.buffers.x)))
            .unwrap();
        executor
            .write(program.buffers.t, &vec![500.0; len(program.buffers.t)])
            .unwrap();
        let segments = program.computed(None);
        c.bench_function(&format!("forward/emoji x{pictures}"), |b| {
            b.iter(|| executor.run(&segments).unwrap());
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = linear, attention, layer_norm, forward
}
criterion_main!(benches);
