//! The parts of the forward pass, as commands.

use alloc::format;

use super::{
    config::DitConfig,
    model::Model,
    record::{Epilogue, Recorder},
};
use crate::kernels::{
    BufferId, KernelId, Role,
    params::{
        AttentionParams, ConditionParams, GuideParams, NormParams, PatchParams, TimestepParams,
        elementwise_row, row_length,
    },
};

/// Added to the variance in every layer norm of a DiT.
const NORM_EPSILON: f32 = 1e-6;

/// Records the parts of a network that runs on `rows` pictures at once.
///
/// The residual stream moves through a few buffers: `tokens` behind the embedding, `mid` within a
/// block, `front` behind the front blocks and `stream` behind the others. So the site's input is
/// still there when the site is done, and no dispatch reads and writes one buffer.
pub(super) struct Network<'a> {
    pub(super) rec: Recorder<'a>,
    config: &'a DitConfig,
    rows: u32,
    pub(super) x: BufferId,
    pub(super) t: BufferId,
    pub(super) y: BufferId,
    pub(super) output: BufferId,
    /// SiLU of the conditioning vector, (rows, D).
    condition: BufferId,
    /// One block's shifts, scales and gates, (rows, 6D).
    modulation: BufferId,
    /// Where the residual stream is, (rows, tokens, D).
    stream: BufferId,
    /// Where block 0 puts its input after norm, scale and shift.
    modulated: BufferId,
    /// Whether block 0 was begun by [`modulate`](Self::modulate).
    begun: bool,
}

impl<'a> Network<'a> {
    /// `keep_modulated`: block 0's input after norm, scale and shift gets a buffer of its own.
    pub(super) fn new(model: &'a Model, rows: u32, keep_modulated: bool) -> Self {
        let config = model.config();
        let mut rec = Recorder::new(model);
        let (b, d) = (u64::from(rows), u64::from(config.hidden_size));
        let wide = b * u64::from(config.tokens()) * d;
        let x = rec.buffer("x", b * config.picture_len() as u64, Role::Input);
        let t = rec.buffer("t", b, Role::Input);
        let y = rec.buffer("y", b, Role::Input);
        let output = rec.buffer("output", b * config.output_len() as u64, Role::Output);
        let modulated = if keep_modulated {
            rec.scratch("modulated", wide)
        } else {
            rec.scratch("normed", wide)
        };
        Self {
            condition: rec.scratch("condition", b * d),
            modulation: rec.scratch("modulation", b * 6 * d),
            stream: rec.scratch("tokens", wide),
            modulated,
            begun: false,
            rec,
            config,
            rows,
            x,
            t,
            y,
            output,
        }
    }

    /// Where the residual stream is.
    pub(super) const fn stream(&self) -> BufferId {
        self.stream
    }

    /// Elements of the residual stream.
    pub(super) const fn stream_len(&self) -> u32 {
        self.all_tokens() * self.config.hidden_size
    }

    /// Elements of the network's output.
    pub(super) const fn output_len(&self) -> u32 {
        self.rows * self.config.output_len() as u32
    }

    /// Block 0's input after norm, scale and shift.
    pub(super) const fn modulated(&self) -> BufferId {
        self.modulated
    }

    const fn all_tokens(&self) -> u32 {
        self.rows * self.config.tokens()
    }

    /// A buffer of the residual stream's size.
    fn wide(&mut self, name: &str) -> BufferId {
        let len = u64::from(self.stream_len());
        self.rec.scratch(name, len)
    }

    /// Patches, positions, timestep and label.
    pub(super) fn embed(&mut self) {
        let &DitConfig {
            in_channels,
            patch_size,
            hidden_size: d,
            frequency_size: features,
            num_classes,
            ..
        } = self.config;
        let (rows, tokens) = (self.rows, self.config.tokens());
        let patch = in_channels * patch_size * patch_size;
        let patches = self
            .rec
            .scratch("patches", u64::from(rows * tokens) * u64::from(patch));
        let params = self.patch_params(in_channels);
        self.rec.dispatch(
            KernelId::Patchify,
            params,
            params.workgroups(),
            &[],
            &[self.x, patches],
        );
        let positions = self
            .rec
            .table("pos_embed", u64::from(tokens) * u64::from(d));
        self.rec.linear(
            "x_embedder.proj",
            [rows * tokens, patch, d],
            &Epilogue::Add {
                addend: positions,
                rows: tokens,
            },
            patches,
            self.stream,
        );

        let [b, wide] = [u64::from(rows), u64::from(d)];
        let frequencies = self.rec.scratch("features", b * u64::from(features));
        let hidden = self.rec.scratch("time.hidden", b * wide);
        let time = self.rec.scratch("time", b * wide);
        let params = TimestepParams {
            batch: rows,
            features,
            max_period: 10_000.0,
            row: elementwise_row(rows * features),
        };
        self.rec.dispatch(
            KernelId::TimestepFeatures,
            params,
            params.workgroups(),
            &[],
            &[self.t, frequencies],
        );
        self.rec.linear(
            "t_embedder.mlp.0",
            [rows, features, d],
            &Epilogue::Silu,
            frequencies,
            hidden,
        );
        self.rec.linear(
            "t_embedder.mlp.2",
            [rows, d, d],
            &Epilogue::None,
            hidden,
            time,
        );
        let labels = num_classes + 1;
        let table = self.rec.table(
            "y_embedder.embedding_table.weight",
            u64::from(labels) * wide,
        );
        let params = ConditionParams {
            batch: rows,
            channels: d,
            labels,
            row: elementwise_row(rows * d),
        };
        self.rec.dispatch(
            KernelId::Condition,
            params,
            params.workgroups(),
            &[],
            &[time, table, self.y, self.condition],
        );
    }

    /// Begins block 0: modulation, norm, scale and shift.
    pub(super) fn begin_block_0(&mut self) {
        self.begin_block(0, self.modulated);
        self.begun = true;
    }

    fn begin_block(&mut self, index: u32, normed: BufferId) {
        let (rows, d) = (self.rows, self.config.hidden_size);
        self.rec.linear(
            &format!("blocks.{index}.adaLN_modulation.1"),
            [rows, d, 6 * d],
            &Epilogue::None,
            self.condition,
            self.modulation,
        );
        self.norm(self.stream, self.modulation, [6 * d, 0, d], normed);
    }

    /// A block; the residual stream goes on in buffer `out`.
    pub(super) fn block(&mut self, index: u32, out: &str) {
        let &DitConfig {
            hidden_size: d,
            num_heads: heads,
            mlp_hidden: mlp,
            ..
        } = self.config;
        let (rows, tokens) = (self.rows, self.config.tokens());
        let all = rows * tokens;
        let len = u64::from(all);
        let normed = self.wide("normed");
        let into = if index == 0 { self.modulated } else { normed };
        if !(index == 0 && self.begun) {
            self.begin_block(index, into);
        }

        let qkv = self.rec.scratch("qkv", len * 3 * u64::from(d));
        let mixed = self.wide("mixed");
        let mid = self.wide("mid");
        let name = |part: &str| format!("blocks.{index}.{part}");
        self.rec.linear(
            &name("attn.qkv"),
            [all, d, 3 * d],
            &Epilogue::None,
            into,
            qkv,
        );
        let params = AttentionParams {
            batch: rows,
            tokens,
            heads,
            scale: 1.0 / libm::sqrtf(self.config.head_dim() as f32),
        };
        self.rec.dispatch(
            KernelId::Attention,
            params,
            params.workgroups(),
            &[("HEAD_DIM", self.config.head_dim())],
            &[qkv, mixed],
        );
        let gated = |offset, residual| Epilogue::Gated {
            gate: self.modulation,
            stride: 6 * d,
            offset,
            tokens,
            residual,
        };
        let [attention, feed_forward] = [gated(2 * d, self.stream), gated(5 * d, mid)];
        self.rec
            .linear(&name("attn.proj"), [all, d, d], &attention, mixed, mid);

        self.norm(mid, self.modulation, [6 * d, 3 * d, 4 * d], normed);
        let hidden = self.rec.scratch("hidden", len * u64::from(mlp));
        self.rec.linear(
            &name("mlp.fc1"),
            [all, d, mlp],
            &Epilogue::Gelu,
            normed,
            hidden,
        );
        let out = self.wide(out);
        self.rec
            .linear(&name("mlp.fc2"), [all, mlp, d], &feed_forward, hidden, out);
        self.stream = out;
    }

    /// Layer norm, then the shift and the scale at those offsets of the modulation's rows.
    fn norm(
        &mut self,
        x: BufferId,
        modulation: BufferId,
        [stride, shift_offset, scale_offset]: [u32; 3],
        out: BufferId,
    ) {
        let rows = self.all_tokens();
        let params = NormParams {
            rows,
            channels: self.config.hidden_size,
            tokens: self.config.tokens(),
            stride,
            shift_offset,
            scale_offset,
            epsilon: NORM_EPSILON,
            grid: row_length(rows),
        };
        self.rec.dispatch(
            KernelId::LayerNormModulate,
            params,
            params.workgroups(),
            &[],
            &[x, modulation, out],
        );
    }

    /// The final layer, and the output put together from its patches.
    pub(super) fn finish(&mut self) {
        let (rows, d) = (self.rows, self.config.hidden_size);
        let modulation = self
            .rec
            .scratch("final.modulation", u64::from(rows) * 2 * u64::from(d));
        let normed = self.wide("normed");
        let len = u64::from(self.output_len());
        let patches = self.rec.scratch("final.patches", len);
        self.rec.linear(
            "final_layer.adaLN_modulation.1",
            [rows, d, 2 * d],
            &Epilogue::None,
            self.condition,
            modulation,
        );
        self.norm(self.stream, modulation, [2 * d, 0, d], normed);
        let all = self.all_tokens();
        let patch = self.output_len() / all;
        self.rec.linear(
            "final_layer.linear",
            [all, d, patch],
            &Epilogue::None,
            normed,
            patches,
        );
        let params = self.patch_params(self.config.out_channels);
        self.rec.dispatch(
            KernelId::Unpatchify,
            params,
            params.workgroups(),
            &[],
            &[patches, self.output],
        );
    }

    /// Classifier-free guidance on the picture's channels.
    pub(super) fn guide(&mut self, scale: f32) -> BufferId {
        let &DitConfig {
            in_channels: channels,
            out_channels,
            input_size,
            ..
        } = self.config;
        let batch = self.rows / 2;
        let pixels = input_size * input_size;
        let len = batch * channels * pixels;
        let guided = self.rec.buffer("guided", u64::from(len), Role::Output);
        let params = GuideParams {
            batch,
            channels,
            out_channels,
            pixels,
            scale,
            row: elementwise_row(len),
            pad: [0; 2],
        };
        self.rec.dispatch(
            KernelId::Guide,
            params,
            params.workgroups(),
            &[],
            &[self.output, guided],
        );
        guided
    }

    /// What the front blocks added to the tokens.
    pub(super) fn front_residual(&mut self) -> BufferId {
        let residual = self.wide("front.residual");
        let tokens = self.wide("tokens");
        let len = self.stream_len();
        self.rec.subtract(len, self.stream, tokens, residual);
        residual
    }

    fn patch_params(&self, channels: u32) -> PatchParams {
        let &DitConfig {
            input_size,
            patch_size,
            ..
        } = self.config;
        PatchParams {
            batch: self.rows,
            channels,
            height: input_size,
            width: input_size,
            patch_size,
            row: elementwise_row(self.rows * channels * input_size * input_size),
            pad: [0; 2],
        }
    }
}
