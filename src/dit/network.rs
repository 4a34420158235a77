//! The parts of the forward pass, as commands.

mod prepare;

use alloc::{format, string::String, vec::Vec};

use super::{
    config::DitConfig,
    model::Model,
    record::{Epilogue, Recorder},
};
use crate::kernels::{
    BufferId, KernelId, Role,
    params::{
        AttentionParams, GatedAddParams, GuideParams, NormParams, PatchParams, elementwise_row,
        row_length,
    },
};

/// Added to the variance in every layer norm of a DiT.
const NORM_EPSILON: f32 = 1e-6;

/// A module of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Module {
    Attention,
    Mlp,
}

impl Module {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Mlp => "mlp",
        }
    }

    /// Where its gate lies in the modulation's rows, in widths of a token.
    const fn gate(self) -> u32 {
        match self {
            Self::Attention => 2,
            Self::Mlp => 5,
        }
    }
}

/// What one layer modulates with.
struct Modulation {
    /// The layer that makes it.
    layer: String,
    /// Elements a row.
    width: u32,
    /// Of all calls that are prepared together, (calls, rows, width).
    all: BufferId,
    /// Of the call that is made, (rows, width).
    now: BufferId,
}

/// Records the parts of a network that runs on `rows` pictures at once.
///
/// Modulations depend on time and class alone: they are made for some calls at once.
///
/// The residual stream moves through a few buffers: `tokens` behind the embedding, `mid` within a
/// block, `front` behind the front blocks and `stream` behind the others. So the site's input is
/// still there when the site is done, and no dispatch reads and writes one buffer. Where more must
/// stay, the blocks take turns with [`fresh`](Self::fresh) buffers.
pub(super) struct Network<'a> {
    pub(super) rec: Recorder<'a>,
    config: &'a DitConfig,
    rows: u32,
    pub(super) x: BufferId,
    pub(super) t: BufferId,
    pub(super) y: BufferId,
    pub(super) output: BufferId,
    /// Calls that are prepared together.
    calls: u32,
    /// The timesteps' embeddings, before the label is added, (calls, rows, D).
    times: BufferId,
    /// Shifts, scales and gates of each block, (rows, 6D), then those of the final layer, (rows, 2D).
    modulations: Vec<Modulation>,
    /// Where the residual stream is, (rows, tokens, D).
    stream: BufferId,
    /// Where block 0 puts its input after norm, scale and shift.
    modulated: BufferId,
    /// Whether block 0 was begun by [`modulate`](Self::modulate).
    begun: bool,
}

impl<'a> Network<'a> {
    /// `keep_modulated`: block 0's input after norm, scale and shift gets a buffer of its own.
    pub(super) fn new(model: &'a Model, [rows, calls]: [u32; 2], keep_modulated: bool) -> Self {
        let config = model.config();
        let mut rec = Recorder::new(model);
        let (b, d) = (u64::from(rows), u64::from(config.hidden_size));
        let wide = b * u64::from(config.tokens()) * d;
        let x = rec.buffer("x", b * config.picture_len() as u64, Role::Input);
        let all = u64::from(calls) * b;
        let t = rec.buffer("t", all, Role::Input);
        let y = rec.buffer("y", all, Role::Input);
        let output = rec.buffer("output", b * config.output_len() as u64, Role::Output);
        let modulated = if keep_modulated {
            rec.scratch("modulated", wide)
        } else {
            rec.scratch("normed", wide)
        };
        let times = rec.buffer("times", all * d, Role::Prepared);
        let modulations = (0..=config.depth).map(|index| {
            let (name, layer, vectors) = if index < config.depth {
                let layer = format!("blocks.{index}.adaLN_modulation.1");
                (format!("modulation.{index}"), layer, 6)
            } else {
                let layer = "final_layer.adaLN_modulation.1".into();
                ("modulation.final".into(), layer, 2)
            };
            let width = vectors * config.hidden_size;
            let now = rec.buffer(&name, b * u64::from(width), Role::Prepared);
            let all = match calls {
                1 => now,
                _ => rec.buffer(
                    &format!("{name}.all"),
                    all * u64::from(width),
                    Role::Prepared,
                ),
            };
            Modulation {
                layer,
                width,
                all,
                now,
            }
        });
        let modulations = modulations.collect();
        Self {
            calls,
            times,
            modulations,
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

    /// Starts anew from the latents, on the first `rows` of every buffer.
    pub(super) fn restart(&mut self, rows: u32) {
        self.rows = rows;
        self.stream = self.wide("tokens");
        self.begun = false;
    }

    /// Where the residual stream is.
    pub(super) const fn stream(&self) -> BufferId {
        self.stream
    }

    /// The residual stream goes on from there.
    pub(super) const fn go_on_from(&mut self, stream: BufferId) {
        self.stream = stream;
    }

    /// A buffer for the residual stream that is none of these.
    pub(super) fn fresh(&mut self, taken: &[BufferId]) -> BufferId {
        for name in ["stream", "front"] {
            let buffer = self.wide(name);
            if !taken.contains(&buffer) {
                return buffer;
            }
        }
        self.wide("other")
    }

    /// The embedding of the call's timestep, before the label is added, (rows, D).
    pub(super) fn time(&mut self) -> BufferId {
        let len = u64::from(self.rows) * u64::from(self.config.hidden_size);
        match self.calls {
            1 => self.times,
            _ => self.rec.buffer("time", len, Role::Prepared),
        }
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
    pub(super) fn wide(&mut self, name: &str) -> BufferId {
        let len = u64::from(self.stream_len());
        self.rec.scratch(name, len)
    }

    /// Patches and positions.
    pub(super) fn embed(&mut self) {
        let &DitConfig {
            in_channels,
            patch_size,
            hidden_size: d,
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
    }

    /// Begins block 0: norm, scale and shift.
    pub(super) fn begin_block_0(&mut self) {
        let d = self.config.hidden_size;
        let modulation = self.modulation(0);
        self.norm(self.stream, modulation, [6 * d, 0, d], self.modulated);
        self.begun = true;
    }

    /// A block's shifts, scales and gates; behind the last block those of the final layer.
    fn modulation(&self, index: u32) -> BufferId {
        self.modulations[index as usize].now
    }

    /// A block; the residual stream goes on in buffer `out`.
    pub(super) fn block(&mut self, index: u32, out: BufferId) {
        let mid = self.wide("mid");
        for (module, out) in [(Module::Attention, mid), (Module::Mlp, out)] {
            self.module(index, module);
            self.join(index, module, out);
            self.stream = out;
        }
    }

    /// A module of a block, from the residual stream up to its last linear layer.
    pub(super) fn module(&mut self, index: u32, module: Module) {
        let &DitConfig {
            hidden_size: d,
            num_heads: heads,
            mlp_hidden: mlp,
            ..
        } = self.config;
        let (rows, tokens) = (self.rows, self.config.tokens());
        let all = rows * tokens;
        let (normed, input) = (self.wide("normed"), self.module_input(module));
        let modulation = self.modulation(index);
        let name = |part: &str| format!("blocks.{index}.{part}");
        match module {
            Module::Attention => {
                let into = if index == 0 { self.modulated } else { normed };
                if !(index == 0 && self.begun) {
                    self.norm(self.stream, modulation, [6 * d, 0, d], into);
                }
                let qkv = self.rec.scratch("qkv", u64::from(all) * 3 * u64::from(d));
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
                    &[qkv, input],
                );
            }
            Module::Mlp => {
                self.norm(self.stream, modulation, [6 * d, 3 * d, 4 * d], normed);
                self.rec.linear(
                    &name("mlp.fc1"),
                    [all, d, mlp],
                    &Epilogue::Gelu,
                    normed,
                    input,
                );
            }
        }
    }

    /// What the last linear layer of a module reads.
    fn module_input(&mut self, module: Module) -> BufferId {
        match module {
            Module::Attention => self.wide("mixed"),
            Module::Mlp => {
                let len = u64::from(self.all_tokens()) * u64::from(self.config.mlp_hidden);
                self.rec.scratch("hidden", len)
            }
        }
    }

    fn last_layer(&mut self, index: u32, module: Module, epilogue: &Epilogue, out: BufferId) {
        let d = self.config.hidden_size;
        let (part, inputs) = match module {
            Module::Attention => ("attn.proj", d),
            Module::Mlp => ("mlp.fc2", self.config.mlp_hidden),
        };
        let input = self.module_input(module);
        let shape = [self.all_tokens(), inputs, d];
        let name = format!("blocks.{index}.{part}");
        self.rec.linear(&name, shape, epilogue, input, out);
    }

    /// The module's last layer, gated and added to the residual stream.
    pub(super) fn join(&mut self, index: u32, module: Module, out: BufferId) {
        let d = self.config.hidden_size;
        let epilogue = Epilogue::Gated {
            gate: self.modulation(index),
            stride: 6 * d,
            offset: module.gate() * d,
            tokens: self.config.tokens(),
            residual: self.stream,
        };
        self.last_layer(index, module, &epilogue, out);
    }

    /// The module's last layer alone: its output before the gate.
    pub(super) fn give(&mut self, index: u32, module: Module, out: BufferId) {
        self.last_layer(index, module, &Epilogue::None, out);
    }

    /// Adds a module's output, given or kept, to the residual stream as its gate lets it.
    pub(super) fn add_gated(
        &mut self,
        index: u32,
        module: Module,
        feature: BufferId,
        out: BufferId,
    ) {
        let d = self.config.hidden_size;
        let rows = self.all_tokens();
        let params = GatedAddParams {
            rows,
            channels: d,
            tokens: self.config.tokens(),
            stride: 6 * d,
            offset: module.gate() * d,
            row: elementwise_row(rows * d),
            pad: [0; 2],
        };
        let bindings = [feature, self.modulation(index), self.stream, out];
        let workgroups = params.workgroups();
        self.rec
            .dispatch(KernelId::GatedAdd, params, workgroups, &[], &bindings);
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
        let d = self.config.hidden_size;
        let normed = self.wide("normed");
        let len = u64::from(self.output_len());
        let patches = self.rec.scratch("final.patches", len);
        let modulation = self.modulation(self.config.depth);
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
        let params = self.guide_params(self.rows / 2, scale);
        let guided = self.guided(params);
        let bindings = [self.output, guided];
        let workgroups = params.workgroups();
        self.rec
            .dispatch(KernelId::Guide, params, workgroups, &[], &bindings);
        guided
    }

    /// What guidance is made of, the unconditional less the conditional output.
    pub(super) fn guide_difference(&mut self, pictures: u32, out: BufferId) {
        let params = self.guide_params(pictures, 0.0);
        let workgroups = params.workgroups();
        let bindings = [self.output, out];
        self.rec.dispatch(
            KernelId::GuideDifference,
            params,
            workgroups,
            &[],
            &bindings,
        );
    }

    /// Guidance from the conditional output, which is there, and the difference, which was kept.
    pub(super) fn guide_kept(&mut self, pictures: u32, scale: f32, difference: BufferId) {
        let params = self.guide_params(pictures, scale);
        let guided = self.guided(params);
        let workgroups = params.workgroups();
        let bindings = [self.output, difference, guided];
        self.rec
            .dispatch(KernelId::GuideKept, params, workgroups, &[], &bindings);
    }

    fn guide_params(&self, pictures: u32, scale: f32) -> GuideParams {
        let &DitConfig {
            in_channels: channels,
            out_channels,
            input_size,
            ..
        } = self.config;
        let pixels = input_size * input_size;
        GuideParams {
            batch: pictures,
            channels,
            out_channels,
            pixels,
            scale,
            row: elementwise_row(pictures * channels * pixels),
            pad: [0; 2],
        }
    }

    fn guided(&mut self, params: GuideParams) -> BufferId {
        let len = params.batch * params.channels * params.pixels;
        self.rec.buffer("guided", u64::from(len), Role::Output)
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
