//! A DiT in plain loops, double precision, one picture at a time, with every intermediate in reach.

use refrain::{dit::Model, executor::WeightSource, kernels::WeightFormat};

/// Where the hook may look, and put in something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// The timestep's embedding, before the label is added.
    Time,
    /// The tokens behind the patch embedding.
    Tokens,
    /// The first block's input after norm, scale and shift.
    Modulated,
    /// What attention gave in a block, before its gate.
    Attention(usize),
    /// What the MLP gave in a block, before its gate.
    Mlp(usize),
    /// The residual stream behind a block.
    Block(usize),
    /// The network's output.
    Output,
}

pub(crate) struct Naive<'a> {
    model: &'a Model,
}

impl<'a> Naive<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        Self { model }
    }

    fn tensor(&self, name: &str) -> Vec<f64> {
        let tensor = self.model.tensor(name).expect("a tensor");
        let half = |fraction: u32, bias: i32| {
            let (halves, _) = tensor.bytes.as_chunks::<2>();
            let value = move |half: &[u8; 2]| {
                let bits = u16::from_le_bytes(*half);
                let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
                let below = f64::from(bits & ((1 << fraction) - 1)) / f64::from(1 << fraction);
                match i32::from((bits & 0x7fff) >> fraction) {
                    0 => sign * below * 2_f64.powi(1 - bias),
                    exponent => sign * (1.0 + below) * 2_f64.powi(exponent - bias),
                }
            };
            halves.iter().map(value).collect()
        };
        match tensor.format {
            WeightFormat::F32 => {
                let (words, _) = tensor.bytes.as_chunks::<4>();
                let value = |word: &[u8; 4]| f64::from(f32::from_le_bytes(*word));
                words.iter().map(value).collect()
            }
            WeightFormat::F16 => half(10, 15),
            WeightFormat::Bf16 => half(7, 127),
        }
    }

    fn linear(&self, name: &str, x: &[f64], inputs: usize) -> Vec<f64> {
        let weight = self.tensor(&format!("{name}.weight"));
        let bias = self.tensor(&format!("{name}.bias"));
        let row = |x: &[f64]| -> Vec<f64> {
            let rows = weight.chunks(inputs).zip(&bias);
            rows.map(|(w, b)| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + b)
                .collect()
        };
        x.chunks(inputs).flat_map(row).collect()
    }

    /// The network's output for one picture.
    pub(crate) fn forward(
        &self,
        x: &[f32],
        t: f32,
        label: u32,
        hook: &mut dyn FnMut(Place, &mut Vec<f64>),
    ) -> Vec<f64> {
        let config = self.model.config();
        let [d, p, side, channels] = [
            config.hidden_size,
            config.patch_size,
            config.input_size,
            config.in_channels,
        ]
        .map(|n| n as usize);
        let grid = side / p;
        let mut patches = Vec::new();
        for token in 0..grid * grid {
            for i in 0..channels * p * p {
                let (c, y, column) = (i / (p * p), i / p % p, i % p);
                let pixel = (c * side + token / grid * p + y) * side + token % grid * p + column;
                patches.push(f64::from(x[pixel]));
            }
        }
        let mut stream = self.linear("x_embedder.proj", &patches, channels * p * p);
        for (value, position) in stream.iter_mut().zip(self.tensor("pos_embed")) {
            *value += position;
        }
        hook(Place::Tokens, &mut stream);
        let features = config.frequency_size as usize;
        let angle = |i: usize| {
            let rate = 10_000_f64.powf(-(i as f64) / (features / 2) as f64);
            f64::from(t) * rate
        };
        let mut waves: Vec<f64> = (0..features / 2).map(|i| angle(i).cos()).collect();
        waves.extend((0..features / 2).map(|i| angle(i).sin()));
        let hidden: Vec<f64> = self
            .linear("t_embedder.mlp.0", &waves, features)
            .into_iter()
            .map(silu)
            .collect();
        let mut time = self.linear("t_embedder.mlp.2", &hidden, d);
        hook(Place::Time, &mut time);
        let table = self.tensor("y_embedder.embedding_table.weight");
        let label = &table[label as usize * d..][..d];
        let condition: Vec<f64> = time.iter().zip(label).map(|(a, b)| silu(a + b)).collect();
        for block in 0..config.depth as usize {
            self.block(block, &mut stream, &condition, hook);
            hook(Place::Block(block), &mut stream);
        }
        let modulation = self.linear("final_layer.adaLN_modulation.1", &condition, d);
        let normed = norm(&stream, d, &modulation[..d], &modulation[d..]);
        let patches = self.linear("final_layer.linear", &normed, d);
        let out = config.out_channels as usize;
        let mut output = vec![0.0; out * side * side];
        for (i, value) in output.iter_mut().enumerate() {
            let (c, y, column) = (i / (side * side), i / side % side, i % side);
            let token = y / p * grid + column / p;
            *value = patches[(token * p * p + y % p * p + column % p) * out + c];
        }
        hook(Place::Output, &mut output);
        output
    }

    fn block(
        &self,
        block: usize,
        stream: &mut [f64],
        condition: &[f64],
        hook: &mut dyn FnMut(Place, &mut Vec<f64>),
    ) {
        let config = self.model.config();
        let (d, heads) = (config.hidden_size as usize, config.num_heads as usize);
        let name = |part: &str| format!("blocks.{block}.{part}");
        let modulation = self.linear(&name("adaLN_modulation.1"), condition, d);
        let part = |i: usize| &modulation[i * d..][..d];
        let mut normed = norm(stream, d, part(0), part(1));
        if block == 0 {
            hook(Place::Modulated, &mut normed);
        }
        let qkv = self.linear(&name("attn.qkv"), &normed, d);
        let (tokens, width) = (stream.len() / d, d / heads);
        let mut mixed = vec![0.0; stream.len()];
        for (token, head) in (0..tokens).flat_map(|t| (0..heads).map(move |h| (t, h))) {
            let vector = |token: usize, part: usize| {
                &qkv[token * 3 * d + part * d + head * width..][..width]
            };
            let score = |key: usize| {
                let pairs = vector(token, 0).iter().zip(vector(key, 1));
                pairs.map(|(q, k)| q * k).sum::<f64>() / (width as f64).sqrt()
            };
            let weights: Vec<f64> = (0..tokens).map(|key| score(key).exp()).collect();
            let total: f64 = weights.iter().sum();
            for (key, weight) in weights.iter().enumerate() {
                let to = &mut mixed[token * d + head * width..][..width];
                for (to, v) in to.iter_mut().zip(vector(key, 2)) {
                    *to += weight / total * v;
                }
            }
        }
        let mut given = self.linear(&name("attn.proj"), &mixed, d);
        hook(Place::Attention(block), &mut given);
        add(stream, &given, part(2));
        let normed = norm(stream, d, part(3), part(4));
        let hidden: Vec<f64> = self
            .linear(&name("mlp.fc1"), &normed, d)
            .into_iter()
            .map(gelu)
            .collect();
        let mut given = self.linear(&name("mlp.fc2"), &hidden, config.mlp_hidden as usize);
        hook(Place::Mlp(block), &mut given);
        add(stream, &given, part(5));
    }
}

fn add(stream: &mut [f64], given: &[f64], gate: &[f64]) {
    let width = gate.len();
    for (i, (to, value)) in stream.iter_mut().zip(given).enumerate() {
        *to += gate[i % width] * value;
    }
}

fn norm(x: &[f64], d: usize, shift: &[f64], scale: &[f64]) -> Vec<f64> {
    let row = |x: &[f64]| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / d as f64;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / d as f64;
        let each = x.iter().zip(shift.iter().zip(scale));
        each.map(|(v, (shift, scale))| {
            (v - mean) / (variance + 1e-6).sqrt() * (1.0 + scale) + shift
        })
        .collect()
    };
    x.chunks(d).flat_map(row).collect()
}

fn silu(v: f64) -> f64 {
    v / (1.0 + (-v).exp())
}

fn gelu(v: f64) -> f64 {
    let y = (2.0 / core::f64::consts::PI).sqrt() * (v + 0.044715 * v.powi(3));
    0.5 * v * (1.0 + y.tanh())
}
