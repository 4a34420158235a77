use super::*;
use crate::policy::{MAX_CURVE, MAX_MASK};

fn is_name(model: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(&c);
    !model.is_empty() && model.bytes().all(plain)
}

fn all_differ<T: PartialEq>(names: impl Iterator<Item = T>) -> bool {
    let names: Vec<T> = names.collect();
    let mut pairs = (0..names.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    pairs.all(|(i, j)| names[i] != names[j])
}

#[test]
fn names_are_plain_and_differ() {
    assert!(all_differ(POLYNOMIALS.iter().map(|t| t.model)));
    assert!(all_differ(CURVES.iter().map(|t| t.model)));
    assert!(all_differ(MASKS.iter().map(|t| (t.method, t.model))));
    assert!(all_differ(BLOCKS.iter().map(|t| (t.method, t.model))));
    let models = POLYNOMIALS.iter().map(|t| t.model);
    let models = models.chain(CURVES.iter().map(|t| t.model));
    for model in models.chain(MASKS.iter().map(|t| t.model)) {
        assert!(is_name(model), "{model}");
    }
}

#[test]
fn every_table_is_found_and_says_where_it_is_from() {
    for table in POLYNOMIALS {
        let found = polynomial(table.model).expect("found");
        assert_eq!(found.coefficients, table.coefficients);
        assert!(!table.source.is_empty() && !table.thresholds.is_empty());
    }
    for table in CURVES {
        let found = curve(table.model).expect("found");
        assert_eq!(found.values, table.values);
        assert!(!table.source.is_empty());
    }
    for table in MASKS {
        let found = mask(table.method, table.model).expect("found");
        assert_eq!(found.mask, table.mask);
        assert!(!table.source.is_empty());
    }
    assert!(polynomial("flux").is_none() && curve("flux").is_none());
    assert!(mask("lemica", "flux-dev").is_none() && mask("teacache", "flux-dev-10").is_none());
}

/// The polynomial's value, to four decimals.
fn value(model: &str, x: f64) -> f64 {
    let table = polynomial(model).expect("a polynomial");
    let sum = table.coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    (sum * 1e4).round() / 1e4
}

#[test]
fn polynomials_have_the_values_they_are_known_by() {
    for (model, known) in [
        (
            "flux-dev",
            &[
                (0.0, 0.2642),
                (0.02, 0.2080),
                (0.05, 0.1805),
                (0.1, 0.2068),
                (0.15, 0.2426),
                (0.2, 0.2620),
                (0.3, 0.5221),
                (0.4, 2.2765),
            ] as &[(f64, f64)],
        ),
        (
            "hunyuan-video",
            &[
                (0.0, 0.0961),
                (0.02, 0.0571),
                (0.05, 0.0620),
                (0.1, 0.1292),
                (0.2, 0.1337),
                (0.4, 2.7482),
            ],
        ),
        (
            "wan2.1-t2v-1.3b",
            &[(0.0, 0.1379), (0.05, 0.0774), (0.1, 0.2499), (0.2, -0.1226)],
        ),
        (
            "wan2.1-t2v-14b",
            &[(0.0, -13.0225), (0.1, -0.6360), (0.15, 0.1307)],
        ),
        ("wan2.1-t2v-1.3b-ret", &[(0.15, -5.148)]),
    ] {
        for (x, wanted) in known {
            assert_eq!(value(model, *x), *wanted, "{model} at {x}");
        }
    }
}

/// Where polynomials turn negative, as far as that is known.
#[test]
fn polynomials_turn_negative_where_they_are_known_to() {
    for (model, positive, negative) in [
        ("mochi", 0.143, 0.147),
        ("hidream-full", 0.068, 0.070),
        ("latte", 0.236, 0.238),
        ("flux-kontext", 0.240, 0.242),
        ("lumina2-v2", 0.012, 0.010),
        ("wan2.1-i2v-480p", 0.057, 0.055),
        ("wan2.1-i2v-720p", 0.059, 0.057),
    ] {
        assert!(value(model, positive) > 0.0, "{model} at {positive}");
        assert!(value(model, negative) < 0.0, "{model} at {negative}");
    }
}

#[test]
fn polynomials_of_degree_four_lead_with_zero() {
    for table in POLYNOMIALS {
        let fifth = matches!(
            table.model,
            "wan2.2-ti2v-5b" | "hunyuan-video-1.5-t2v-480p" | "hunyuan-video-1.5-t2v-720p"
        );
        assert_eq!(table.coefficients[0] != 0.0, fifth, "{}", table.model);
        assert!(table.coefficients[1..].iter().all(|c| *c != 0.0));
    }
    assert_eq!(POLYNOMIALS.len(), 36);
}

/// Steps, and the least and the greatest ratio behind the leading 1, over both branches of a model
/// with two.
#[test]
fn curves_have_their_published_length_and_range() {
    let ranges: &[(&[&str], usize, f64, f64)] = &[
        (&["flux-dev"], 28, 0.891, 1.211),
        (&["flux-kontext"], 28, 0.934, 1.195),
        (&["framepack"], 25, 0.789, 1.266),
        (&["framepack-f1"], 25, 0.785, 1.258),
        (&["open-sora"], 30, 0.966, 1.0),
        (&["hunyuan-video-720p"], 50, 0.755, 1.278),
        (&["hunyuan-video-544p"], 50, 0.766, 1.291),
        (
            &["wan2.1-t2v-14b", "wan2.1-t2v-14b-uncond"],
            50,
            0.861,
            1.030,
        ),
        (
            &["wan2.1-t2v-1.3b", "wan2.1-t2v-1.3b-uncond"],
            50,
            0.818,
            1.022,
        ),
        (
            &["wan2.1-i2v-480p", "wan2.1-i2v-480p-uncond"],
            40,
            0.910,
            0.994,
        ),
        (
            &["wan2.1-i2v-720p", "wan2.1-i2v-720p-uncond"],
            40,
            0.868,
            0.996,
        ),
        (
            &["wan2.1-vace-1.3b", "wan2.1-vace-1.3b-uncond"],
            50,
            0.801,
            1.002,
        ),
        (
            &["wan2.1-vace-14b", "wan2.1-vace-14b-uncond"],
            50,
            0.861,
            1.030,
        ),
        (
            &["wan2.2-t2v-a14b", "wan2.2-t2v-a14b-uncond"],
            40,
            0.653,
            1.002,
        ),
        (
            &["wan2.2-i2v-a14b", "wan2.2-i2v-a14b-uncond"],
            40,
            0.798,
            0.994,
        ),
        (
            &["wan2.2-ti2v-5b-t2v", "wan2.2-ti2v-5b-t2v-uncond"],
            50,
            0.946,
            0.996,
        ),
        (
            &["wan2.2-ti2v-5b-i2v", "wan2.2-ti2v-5b-i2v-uncond"],
            50,
            0.935,
            0.996,
        ),
        (&["qwen-image", "qwen-image-uncond"], 50, 0.551, 1.641),
        (
            &["qwen-image-edit", "qwen-image-edit-uncond"],
            50,
            0.508,
            1.414,
        ),
        (&["omnigen2-t2i", "omnigen2-t2i-uncond"], 50, 0.930, 1.039),
        (
            &["omnigen2-edit", "omnigen2-edit-uncond", "omnigen2-edit-ref"],
            50,
            0.934,
            1.070,
        ),
        (
            &[
                "hunyuan-video-1.5-i2v-480p",
                "hunyuan-video-1.5-i2v-480p-uncond",
            ],
            50,
            0.887,
            1.023,
        ),
        (
            &["hunyuan-video-1.5-20", "hunyuan-video-1.5-20-uncond"],
            20,
            0.948,
            1.015,
        ),
        (
            &["hunyuan-video-1.5-40", "hunyuan-video-1.5-40-uncond"],
            40,
            0.818,
            1.042,
        ),
        (&["chroma", "chroma-uncond"], 26, 0.926, 1.070),
        (&["emoji"], 50, 0.973, 1.007),
    ];
    for (models, steps, least, greatest) in ranges {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for model in *models {
            let table = curve(model).expect("a curve");
            assert_eq!(table.values.len(), *steps, "{model}");
            assert_eq!(table.values[0], 1.0, "{model}");
            let behind = table.values[1..].iter();
            (low, high) = behind.fold((low, high), |(low, high), v| (low.min(*v), high.max(*v)));
        }
        let near = |a: f64, b: f64| (a - b).abs() <= 0.000_501;
        assert!(
            near(low, *least) && near(high, *greatest),
            "{models:?}: {low} to {high}"
        );
    }
    let named: usize = ranges.iter().map(|(models, ..)| models.len()).sum();
    assert_eq!(named, CURVES.len(), "a curve without a known range");
    assert!(CURVES.iter().all(|table| table.values.len() <= MAX_CURVE));
}

/// Both branches of a model see nearly the same ratios.
#[test]
fn curves_of_two_branches_are_alike() {
    let mut pairs = 0;
    for table in CURVES {
        let model = table.model.strip_suffix("-uncond");
        let Some(other) = model.and_then(curve) else {
            continue;
        };
        pairs += 1;
        for (a, b) in table.values.iter().zip(other.values) {
            assert!((a - b).abs() < 0.032, "{}: {a} and {b}", table.model);
        }
    }
    assert_eq!(pairs, 18);
}

#[test]
fn vace_has_the_curve_of_the_model_it_is_made_of() {
    for branch in ["", "-uncond"] {
        let of = |model: &str| curve(&format!("{model}{branch}")).expect("a curve").values;
        assert_eq!(of("wan2.1-vace-14b"), of("wan2.1-t2v-14b"));
    }
}

#[test]
fn open_sora_has_square_roots() {
    let curve = curve("open-sora").expect("a curve").values;
    for (i, printed) in [(1, 0.93359), (2, 0.96484), (4, 1.0), (29, 0.96484)] {
        assert!((curve[i] * curve[i] - printed).abs() < 1e-12);
    }
}

fn steps(mask: &str) -> Vec<usize> {
    let bits = mask.bytes().enumerate();
    bits.filter(|(_, bit)| *bit == b'1')
        .map(|(step, _)| step)
        .collect()
}

/// Method and model, steps, computed steps.
#[test]
fn masks_have_their_published_size() {
    let known = [
        ("lemica", "wan2.1-t2v-1.3b-25", 50, 25),
        ("lemica", "wan2.1-t2v-1.3b-20", 50, 20),
        ("lemica", "wan2.1-t2v-1.3b-17", 50, 17),
        ("lemica", "wan2.1-t2v-1.3b-14", 50, 14),
        ("lemica", "wan2.1-t2v-14b-25", 50, 25),
        ("lemica", "wan2.1-t2v-14b-20", 50, 20),
        ("lemica", "wan2.1-t2v-14b-17", 50, 17),
        ("lemica", "wan2.1-t2v-14b-14", 50, 14),
        ("lemica", "wan2.1-i2v-25", 40, 25),
        ("lemica", "wan2.1-i2v-20", 40, 20),
        ("lemica", "wan2.1-i2v-17", 40, 17),
        ("lemica", "wan2.1-i2v-14", 40, 14),
        ("lemica", "flux-dev-26", 50, 26),
        ("lemica", "flux-dev-20", 50, 20),
        ("lemica", "flux-dev-15", 50, 15),
        ("lemica", "flux-dev-10", 50, 10),
        ("lemica", "flux.2-26", 50, 26),
        ("lemica", "flux.2-20", 50, 20),
        ("lemica", "flux.2-15", 50, 15),
        ("lemica", "qwen-image-25", 50, 25),
        ("lemica", "qwen-image-17", 50, 17),
        ("lemica", "qwen-image-10", 50, 10),
        ("lemica", "z-image-8", 10, 8),
        ("lemica", "z-image-7", 10, 7),
        ("lemica", "z-image-6", 10, 6),
        ("lemica", "hunyuan-video-1.5-25", 50, 25),
        ("lemica", "hunyuan-video-1.5-20", 50, 20),
        ("lemica", "hunyuan-video-1.5-15", 50, 15),
        ("lemica", "hunyuan-video-1.5-10", 50, 10),
        ("smoothcache", "dit-xl-30", 30, 16),
        ("smoothcache", "dit-xl-50", 50, 24),
        ("smoothcache", "dit-xl-50-attention", 50, 24),
        ("invardiff", "dit-xl", 50, 20),
        ("invardiff", "flux-dev", 28, 11),
        ("fasterdiffusion", "50ls", 50, 9),
        ("fasterdiffusion", "50ls2", 50, 10),
        ("fasterdiffusion", "50ls3", 50, 10),
        ("fasterdiffusion", "50ls4", 50, 10),
        ("goldenpath", "flux-dev-9", 50, 9),
        ("profilingdit", "hunyuan-video", 2000, 14 * 40 + 36 * 16),
        ("profilingdit", "wan2.1-t2v-14b", 2000, 14 * 40 + 36 * 12),
    ];
    let names = known.iter().map(|(method, model, ..)| (*method, *model));
    assert!(names.eq(MASKS.iter().map(|table| (table.method, table.model))));
    for (method, model, total, computed) in known {
        let table = mask(method, model).expect("a mask");
        assert_eq!(table.mask.len(), total, "{method} {model}");
        assert!(table.mask.bytes().all(|bit| bit == b'0' || bit == b'1'));
        assert_eq!(steps(table.mask).len(), computed, "{method} {model}");
        assert!(total <= MAX_MASK);
    }
}

/// All compute the first step, and all but three of Faster Diffusion's the last.
#[test]
fn masks_begin_and_end_as_published() {
    for table in MASKS {
        assert!(table.mask.starts_with('1'), "{}", table.model);
        let open = matches!(table.model, "50ls" | "50ls2" | "50ls4");
        assert_eq!(table.mask.ends_with('0'), open, "{}", table.model);
    }
}

#[test]
fn masks_compute_the_published_steps() {
    let of = |method: &str, model: &str| steps(mask(method, model).expect("a mask").mask);
    assert_eq!(
        of("lemica", "flux-dev-10"),
        [0, 1, 3, 7, 14, 21, 28, 35, 42, 49]
    );
    assert_eq!(of("lemica", "z-image-6"), [0, 1, 2, 5, 8, 9]);
    assert_eq!(
        of("lemica", "wan2.1-t2v-1.3b-14"),
        [0, 1, 2, 3, 4, 5, 7, 10, 16, 23, 30, 37, 44, 49]
    );
    assert_eq!(
        of("fasterdiffusion", "50ls"),
        [0, 1, 2, 3, 5, 10, 15, 25, 35]
    );
}

#[test]
fn background_and_foreground_blocks_are_all_blocks() {
    let table = blocks("profilingdit", "hunyuan-video").expect("blocks");
    let mut all = table.blocks.to_vec();
    all.extend([1, 3, 8, 9, 22, 24, 28, 29, 30, 32, 34, 35, 36, 37, 38, 39]);
    all.sort_unstable();
    assert!(all.into_iter().eq(0..table.total));
    for table in BLOCKS {
        assert!(table.blocks.is_sorted_by(|a, b| a < b));
        assert!(table.blocks.iter().all(|block| *block < table.total));
        assert_eq!(
            steps(table.mask),
            [0, 1, 2, 3, 4, 5, 6, 18, 26, 32, 38, 42, 46, 48]
        );
        assert_eq!(table.mask.len(), 50);
        let grid = mask(table.method, table.model).expect("a mask").mask;
        for (i, bit) in (0..).zip(grid.bytes()) {
            let (step, block) = (i / table.total, i % table.total);
            let open = table.blocks.contains(&block);
            let skipped = open && table.mask.as_bytes()[step as usize] == b'0';
            assert_eq!(bit == b'0', skipped, "step {step}, block {block}");
        }
        assert!(!table.source.is_empty());
    }
    assert!(blocks("profilingdit", "flux-dev").is_none());
}
