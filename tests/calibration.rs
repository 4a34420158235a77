//! The MagCache curve of the emoji model, measured again.
//!
//! `refrain calibrate magcache` prints what `src/policy/tables/curves.rs` has, to more digits.

#![cfg(feature = "cpu")]

extern crate alloc;

mod reference;

use reference::emoji;
use refrain::{
    policy::{Method, tables},
    run::{Backend, Engine, Settings, calibrate},
    sampler::Sampler,
};

/// A seed that neither the table nor any other measurement uses.
const SEED: u64 = 7_003;

#[test]
fn the_emoji_curve_is_what_is_measured() {
    let model = emoji();
    assert_eq!(model.known_as(), Some("emoji"));
    let table = tables::curve("emoji").expect("a curve");
    let engine = Engine::new(model, Backend::Cpu).expect("an engine");
    // Fewer pictures than the table was made of, and others.
    let settings = Settings {
        policy: (Method::MagCache.preset().policy)(),
        steps: table.values.len() as u32,
        sampler: Sampler::Euler,
        guidance: 2.5,
        classes: vec![4, 8],
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed: SEED,
    };
    let measured = calibrate(&engine, &settings, 1, None, &mut || {}).expect("a table");
    let curve = measured.get("curve").expect("a curve");
    let measured: Vec<f64> = curve
        .split('/')
        .map(|ratio| ratio.parse().expect("a number"))
        .collect();
    assert_eq!(measured.len(), table.values.len());
    let off = furthest(table.values, &measured);
    println!("{:.2} % at most", 100.0 * off);
    assert!(off < 0.02, "{measured:?}");
    // Planted: half of every step's change.
    let halved: Vec<f64> = table.values.iter().map(|ratio| ratio.sqrt()).collect();
    assert!(furthest(&halved, &measured) > 0.02);
}

/// The largest relative difference of a ratio, or of the product of all up to a step.
fn furthest(ours: &[f64], measured: &[f64]) -> f64 {
    let (mut worst, mut product) = (0.0f64, 1.0);
    for (a, b) in ours.iter().zip(measured) {
        product *= a / b;
        worst = worst.max((a / b - 1.0).abs()).max((product - 1.0f64).abs());
    }
    worst
}
