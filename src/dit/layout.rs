//! The tensors of a DiT: names and shapes, as published.

use alloc::{format, string::String, vec, vec::Vec};

use super::config::DitConfig;

/// What is said of a tensor that is not there.
pub(super) const MISSING: &str = "it is missing; this is no DiT checkpoint, or an incomplete one";

/// Every tensor with its shape, in the order of the forward pass. The patch embedding is a
/// convolution's weight.
pub(super) fn tensors(config: &DitConfig) -> Vec<(String, Vec<usize>)> {
    let &DitConfig {
        patch_size,
        in_channels,
        out_channels,
        hidden_size,
        mlp_hidden,
        num_classes,
        frequency_size,
        ..
    } = config;
    let (d, p, mlp) = (
        hidden_size as usize,
        patch_size as usize,
        mlp_hidden as usize,
    );
    let mut all = vec![
        (
            "x_embedder.proj.weight".into(),
            vec![d, in_channels as usize, p, p],
        ),
        ("x_embedder.proj.bias".into(), vec![d]),
        ("pos_embed".into(), vec![1, config.tokens() as usize, d]),
        (
            "y_embedder.embedding_table.weight".into(),
            vec![num_classes as usize + 1, d],
        ),
    ];
    let mut linear = |name: String, outputs: usize, inputs: usize| {
        all.push((format!("{name}.weight"), vec![outputs, inputs]));
        all.push((format!("{name}.bias"), vec![outputs]));
    };
    linear("t_embedder.mlp.0".into(), d, frequency_size as usize);
    linear("t_embedder.mlp.2".into(), d, d);
    for i in 0..config.depth {
        linear(format!("blocks.{i}.adaLN_modulation.1"), 6 * d, d);
        linear(format!("blocks.{i}.attn.qkv"), 3 * d, d);
        linear(format!("blocks.{i}.attn.proj"), d, d);
        linear(format!("blocks.{i}.mlp.fc1"), mlp, d);
        linear(format!("blocks.{i}.mlp.fc2"), d, mlp);
    }
    linear("final_layer.adaLN_modulation.1".into(), 2 * d, d);
    linear(
        "final_layer.linear".into(),
        p * p * out_channels as usize,
        d,
    );
    all
}
