//! Checkpoints: what is told from them, and that damaged or hostile ones give one clear error.

#![cfg(any(feature = "cpu", feature = "gpu"))]

extern crate alloc;

mod reference;

use reference::{bytes, emoji};
use refrain::{
    dit::{Model, Overrides, Prediction},
    executor::WeightSource,
};
use serde_json::{Map, Value, json};

const HEADS: Overrides = Overrides {
    num_heads: Some(2),
    prediction: None,
};

/// A file in parts: header, and the data behind it.
#[derive(Clone)]
struct Parts {
    header: Map<String, Value>,
    data: Vec<u8>,
}

impl Parts {
    /// A small checkpoint: hidden size 48, 2 blocks, sigma channels, f32, no metadata.
    fn small() -> Self {
        let file = bytes("tests/data/dit_d48_h2_sigma.safetensors");
        let len = u64::from_le_bytes(*file.first_chunk().expect("a length")) as usize;
        let header = serde_json::from_slice(&file[8..8 + len]).expect("a header");
        Self {
            header,
            data: file[8 + len..].to_vec(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&self.header).expect("JSON");
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        file.extend(&self.data);
        file
    }

    /// Where a tensor's data lie.
    fn range(&self, name: &str) -> [usize; 2] {
        let offsets = &self.header[name]["data_offsets"];
        [0, 1].map(|i| offsets[i].as_u64().expect("an offset") as usize)
    }

    fn tensor(&mut self, name: &str) -> &mut Value {
        self.header.get_mut(name).expect("a tensor")
    }

    /// Takes a tensor out, data and all.
    fn remove(&mut self, name: &str) {
        let [from, to] = self.range(name);
        self.data.drain(from..to);
        self.header.remove(name);
        for tensor in self.header.values_mut() {
            for i in 0..2 {
                let at = tensor["data_offsets"][i].as_u64().expect("an offset") as usize;
                if at >= to {
                    tensor["data_offsets"][i] = json!(at - (to - from));
                }
            }
        }
    }

    /// Adds a tensor of f32 zeros.
    fn add(&mut self, name: &str, shape: &[usize]) {
        let from = self.data.len();
        let len = 4 * shape.iter().product::<usize>();
        self.data.resize(from + len, 0);
        let offsets = [from, from + len];
        let tensor = json!({"dtype": "F32", "shape": shape, "data_offsets": offsets});
        self.header.insert(name.into(), tensor);
    }

    fn metadata(&mut self, key: &str, value: &str) {
        let metadata = self.header.entry("__metadata__").or_insert(json!({}));
        metadata[key] = json!(value);
    }
}

fn refusal(bytes: Vec<u8>, overrides: &Overrides) -> String {
    let error = Model::from_bytes(bytes, overrides).expect_err("it must be refused");
    let message = error.to_string();
    assert!(
        !message.contains('\n') && !message.ends_with('.'),
        "{message}"
    );
    message
}

#[test]
fn sizes_are_told_from_the_tensors() {
    let model = emoji();
    let config = model.config();
    assert_eq!(
        (config.input_size, config.patch_size, config.in_channels),
        (32, 4, 3)
    );
    assert_eq!(
        (config.hidden_size, config.depth, config.num_heads),
        (192, 6, 3)
    );
    assert_eq!((config.mlp_hidden, config.frequency_size), (768, 256));
    assert_eq!(config.prediction, Prediction::Velocity);
    assert_eq!(model.parameters(), 4_180_272 + 12_288);
    assert_eq!(config.class("cat"), Some(8));
    assert_eq!(config.class("8"), Some(8));
    assert_eq!((config.class("12"), config.class("dog")), (None, None));

    let model = Model::from_bytes(Parts::small().bytes(), &HEADS).expect("a model");
    let config = model.config();
    assert_eq!(
        (config.input_size, config.out_channels, config.num_classes),
        (8, 8, 10)
    );
    assert_eq!(config.prediction, Prediction::Epsilon);
    assert_eq!(config.class_names[9], "9");
}

#[test]
fn overrides_go_before_metadata_and_metadata_before_defaults() {
    let mut parts = Parts::small();
    parts.metadata("num_heads", "1");
    parts.metadata("prediction", "velocity");
    let config = |overrides: &Overrides| {
        let model = Model::from_bytes(parts.bytes(), overrides).expect("a model");
        (model.config().num_heads, model.config().prediction)
    };
    assert_eq!(config(&Overrides::default()), (1, Prediction::Velocity));
    let said = Overrides {
        num_heads: Some(2),
        prediction: Some(Prediction::Epsilon),
    };
    assert_eq!(config(&said), (2, Prediction::Epsilon));
}

#[test]
fn positions_that_are_left_out_are_computed() {
    let mut parts = Parts::small();
    let [from, to] = parts.range("pos_embed");
    let stored = parts.data[from..to].to_vec();
    parts.remove("pos_embed");
    let message = refusal(parts.bytes(), &HEADS);
    assert!(
        message.contains("pos_embed") && message.contains("input_size"),
        "{message}"
    );
    parts.metadata("input_size", "9");
    let message = refusal(parts.bytes(), &HEADS);
    assert!(message.contains("`input_size` is 9"), "{message}");
    parts.metadata("input_size", "8");
    let model = Model::from_bytes(parts.bytes(), &HEADS).expect("a model");
    let computed = model.tensor("pos_embed").expect("positions");
    assert_eq!(computed.shape, [1, 16, 48]);
    let values = |bytes: &[u8]| {
        let (words, _) = bytes.as_chunks::<4>();
        words
            .iter()
            .map(|w| f32::from_le_bytes(*w))
            .collect::<Vec<_>>()
    };
    for (a, b) in values(computed.bytes).iter().zip(values(&stored)) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn truncated_files_are_refused_wherever_they_end() {
    let file = Parts::small().bytes();
    for len in (0..64)
        .chain((64..file.len()).step_by(997))
        .chain([file.len() - 1])
    {
        let message = refusal(file[..len].to_vec(), &HEADS);
        assert!(message.contains("bytes"), "{len}: {message}");
    }
}

#[test]
fn a_flipped_bit_of_the_header_never_panics() {
    let file = Parts::small().bytes();
    let len = u64::from_le_bytes(*file.first_chunk().expect("a length")) as usize;
    for at in 0..8 + len {
        for bit in [0, 3, 6] {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << bit;
            // Most are refused; a changed name in the metadata would not be.
            let _ = Model::from_bytes(damaged, &HEADS);
        }
    }
}

#[test]
fn hostile_headers_are_refused() {
    let huge = |len: u64| {
        let mut file = len.to_le_bytes().to_vec();
        file.extend(b"{}");
        file
    };
    let nested = {
        let text = "[".repeat(100_000);
        let mut file = (text.len() as u64).to_le_bytes().to_vec();
        file.extend(text.bytes());
        file
    };
    for (file, why) in [
        (
            huge(u64::MAX),
            "its header claims 18446744073709551615 bytes",
        ),
        (huge(1 << 40), "its header claims 1099511627776 bytes"),
        (huge(3), "its header claims 3 bytes, the file has 10"),
        (nested, "no JSON object"),
        (
            b"PK\x03\x04 not a checkpoint at all".to_vec(),
            "its header claims",
        ),
        (vec![0; 64], "no JSON object"),
    ] {
        let message = refusal(file, &HEADS);
        assert!(message.contains(why), "{message}");
    }
}

/// One thing is wrong with each of them.
#[test]
fn every_damage_is_named() {
    type Damage = fn(&mut Parts);
    let damages: [(Damage, &[&str]); 21] = [
        (
            |p| p.tensor("blocks.1.attn.qkv.bias")["data_offsets"] = json!([0, u64::MAX]),
            &[
                "`blocks.1.attn.qkv.bias`",
                "its data are bytes 0 to 18446744073709551615",
            ],
        ),
        (
            |p| p.tensor("blocks.1.attn.qkv.bias")["data_offsets"] = json!([-4, 8]),
            &["`blocks.1.attn.qkv.bias`", "data_offsets"],
        ),
        (
            |p| p.tensor("blocks.1.attn.qkv.bias")["data_offsets"] = json!("all"),
            &["`blocks.1.attn.qkv.bias`", "data_offsets"],
        ),
        (
            // Every size fits in 64 bits, their sum does not.
            |p| {
                p.header.clear();
                let eighth = 1u64 << 61;
                for i in 0..8 {
                    let end = (i + 1) * (eighth - u64::from(i == 7));
                    p.header.insert(
                        format!("t{i}"),
                        json!({"dtype": "U8", "shape": [end - i * eighth],
                               "data_offsets": [i * eighth, end]}),
                    );
                }
            },
            &["`t0`", "its data are bytes 0 to"],
        ),
        (
            |p| {
                let at = p.range("t_embedder.mlp.0.weight");
                p.tensor("t_embedder.mlp.0.weight")["data_offsets"] = json!([at[0] - 4, at[1] - 4]);
            },
            &["overlap"],
        ),
        (
            |p| {
                let data = p.range("t_embedder.mlp.2.weight");
                p.tensor("blocks.0.attn.proj.weight")["data_offsets"] = json!(data);
            },
            &["overlap"],
        ),
        (|p| p.data.extend([0; 8]), &["do not fill the file"]),
        (
            |p| p.tensor("pos_embed")["shape"] = json!([1, 1u64 << 62, 48]),
            &["`pos_embed`", "does not fit its 3072 bytes"],
        ),
        (
            |p| p.tensor("pos_embed")["shape"] = json!([1, 16, 47]),
            &["`pos_embed`", "[1, 16, 47] in F32 does not fit"],
        ),
        (
            |p| p.tensor("pos_embed")["dtype"] = json!("F99"),
            &["`pos_embed`", "F99; convert"],
        ),
        (
            |p| p.tensor("pos_embed")["dtype"] = json!("I32"),
            &["`pos_embed`", "I32; convert them to F32, F16 or BF16"],
        ),
        (
            |p| p.remove("t_embedder.mlp.2.bias"),
            &["`t_embedder.mlp.2.bias`", "missing"],
        ),
        (
            |p| p.remove("x_embedder.proj.weight"),
            &["`x_embedder.proj.weight`", "missing"],
        ),
        (
            |p| {
                p.remove("blocks.1.mlp.fc2.weight");
                p.add("blocks.1.mlp.fc2.weight", &[48, 191]);
            },
            &[
                "`blocks.1.mlp.fc2.weight`",
                "[48, 191]",
                "must be [48, 192]",
            ],
        ),
        (
            |p| p.add("blocks.0.attn.q_norm.weight", &[24]),
            &["`blocks.0.attn.q_norm.weight`", "no such tensor"],
        ),
        (
            // As if blocks 1 to 4294967294 were missing.
            |p| p.add("blocks.4294967295.mlp.fc1.bias", &[192]),
            &["`blocks.2.adaLN_modulation.1.weight`", "missing"],
        ),
        (
            |p| {
                p.remove("final_layer.linear.weight");
                p.add("final_layer.linear.weight", &[20, 48]);
            },
            &[
                "`final_layer.linear.weight`",
                "20 outputs",
                "16 or, with sigma, 32",
            ],
        ),
        (
            |p| {
                p.remove("pos_embed");
                p.add("pos_embed", &[1, 15, 48]);
            },
            &["`pos_embed`", "15 tokens", "square"],
        ),
        (
            |p| {
                p.remove("y_embedder.embedding_table.weight");
                p.add("y_embedder.embedding_table.weight", &[0, 48]);
            },
            &[
                "`y_embedder.embedding_table.weight`",
                "every dimension must be 1",
            ],
        ),
        (
            |p| p.metadata("class_names", "[\"a\"]"),
            &["class_names", "1 names", "10 classes"],
        ),
        (
            |p| p.metadata("prediction", "x0"),
            &["`prediction` is x0", "velocity or epsilon"],
        ),
    ];
    for (damage, words) in damages {
        let mut parts = Parts::small();
        damage(&mut parts);
        let message = refusal(parts.bytes(), &HEADS);
        for word in words {
            assert!(message.contains(word), "no `{word}` in: {message}");
        }
    }
}

/// Names come from the file: they must not break out of the line, or fill the screen.
#[test]
fn hostile_names_are_shown_on_one_short_line() {
    let mut parts = Parts::small();
    parts.add("\u{1b}[2J\nblocks", &[1]);
    let message = refusal(parts.bytes(), &HEADS);
    assert!(
        message.contains(r"`\u{1b}[2J\nblocks`: a DiT has no such tensor"),
        "{message}"
    );
    let mut parts = Parts::small();
    parts.add(&"A".repeat(1 << 20), &[1]);
    assert!(refusal(parts.bytes(), &HEADS).len() < 300);
    let mut parts = Parts::small();
    parts.metadata("prediction", &"x\n".repeat(1000));
    assert!(refusal(parts.bytes(), &HEADS).len() < 300);
}

#[test]
fn weights_that_are_not_finite_are_named() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut parts = Parts::small();
        let [from, _] = parts.range("blocks.1.attn.proj.weight");
        parts.data[from + 4 * 100..][..4].copy_from_slice(&bad.to_le_bytes());
        let message = refusal(parts.bytes(), &HEADS);
        assert!(
            message.contains("`blocks.1.attn.proj.weight`: element 100"),
            "{message}"
        );
    }
}

#[test]
fn heads_that_do_not_fit_name_the_remedy() {
    let file = Parts::small().bytes();
    let message = refusal(file.clone(), &Overrides::default());
    assert!(
        message.contains("num_heads is unknown") && message.contains("--heads"),
        "{message}"
    );
    for heads in [0, 3, 5, 48, u32::MAX] {
        let overrides = Overrides {
            num_heads: Some(heads),
            prediction: None,
        };
        let message = refusal(file.clone(), &overrides);
        assert!(
            message.contains(&format!("num_heads is {heads}")) && message.contains("--heads"),
            "{message}"
        );
    }
    let mut parts = Parts::small();
    parts.metadata("num_heads", "two");
    let message = refusal(parts.bytes(), &Overrides::default());
    assert!(message.contains("`num_heads` is two"), "{message}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let path = reference::path("tests/data/none.safetensors");
    let error = Model::open(&path, &HEADS).expect_err("no file");
    assert!(error.to_string().contains("none.safetensors"), "{error}");
}

/// The same weights are known again in another file, others are not.
#[test]
fn the_fingerprint_is_that_of_the_weights() {
    let mut parts = Parts::small();
    let print = |parts: &Parts| {
        let model = Model::from_bytes(parts.bytes(), &HEADS).expect("a model");
        assert_eq!(model.known_as(), None);
        model.fingerprint()
    };
    let original = print(&parts);
    parts.metadata("comment", "another file");
    assert_eq!(print(&parts), original);
    parts.data[0] ^= 1;
    assert_ne!(print(&parts), original);
    assert_eq!(emoji().known_as(), Some("emoji"));
}
