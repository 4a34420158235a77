//! Recordings of the forward pass: what a policy adds to it, and that every one is sound.

#![cfg(any(feature = "cpu", feature = "gpu"))]

extern crate alloc;

mod reference;

use reference::emoji;
use refrain::{
    Policy,
    dit::{Lowering, Memory, Model, Overrides, Signal},
    kernels::{MemoryPlan, Role},
    policy::Site,
    run::{self, Backend, Settings},
    sampler::Sampler,
    signal::SignalKind,
};

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn lowering(text: &str) -> Lowering {
    Lowering {
        calls: 2,
        ..Lowering::for_policy(&policy(text), 1, 2.5, 50)
    }
}

/// The whole network, and a ring of two.
#[test]
fn the_recording_of_taylorseer() {
    let program = lowering("taylorseer:site=trunk")
        .program(&emoji())
        .expect("a program");
    insta::assert_snapshot!(program.recording);
}

/// What the others add to it: all that is not within a block.
#[test]
fn the_recordings_of_measuring_policies() {
    let mut text = String::new();
    for name in ["teacache", "fbcache:back=1", "easycache"] {
        let program = lowering(name).program(&emoji()).expect("a program");
        let all = program.recording.to_string();
        let lines = all.lines().filter(|line| {
            let block = line
                .split_once("blocks.")
                .and_then(|(_, rest)| rest.chars().next());
            block.is_none_or(|block| block == '0')
        });
        text.push_str(&format!("# {name}\n"));
        lines.for_each(|line| text.extend([line, "\n"]));
    }
    insta::assert_snapshot!(text);
}

/// What sites that are skipped in parts record, of the first block alone.
#[test]
fn the_recordings_of_parts() {
    let mut text = String::new();
    for name in [
        "interval:site=modules",
        "interval:site=attention,predictor=taylor,order=1",
        "teacache:site=blocks,signal=block-input",
        "interval:site=stage,predictor=foca",
        "interval:site=branch,split=band,band=0.4,predictor=newton,order=1",
    ] {
        let program = lowering(name).program(&emoji()).expect("a program");
        text.push_str(&format!("# {name}\n"));
        let all = program.recording.to_string();
        // Segments are not indented. Of later blocks neither segments nor commands are shown.
        let later = |line: &str, part: &str| {
            let number = line.split_once(part).map(|(_, rest)| &rest[..1]);
            number.is_some_and(|number| number != "0")
        };
        let mut shown = true;
        let lines = all.lines().filter(|line| {
            if !line.starts_with(' ') {
                let parts = ["attention.", "mlp.", "block."];
                shown = !parts.iter().any(|part| later(line, part));
            }
            shown && !later(line, "blocks.")
        });
        lines.for_each(|line| text.extend([line, "\n"]));
    }
    insta::assert_snapshot!(text);
}

fn models() -> Vec<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let names = ["dit_d48_h2_sigma", "dit_d144_h2", "dit_d64_deep"];
    let models = names.map(|name| {
        let path = reference::path(&format!("tests/data/{name}.safetensors"));
        Model::open(&path, &heads).expect("a model")
    });
    models.into()
}

#[test]
fn every_site_signal_and_ring_is_sound() {
    let mut programs = 0;
    for model in models() {
        for site in [
            Site::TRUNK,
            Site::MODEL,
            Site::range(0, 1),
            Site::range(1, 0),
        ] {
            for signal in [
                None,
                Some(SignalKind::ModulatedInput),
                Some(SignalKind::FrontResidual),
                Some(SignalKind::ModelInput),
            ] {
                if signal == Some(SignalKind::FrontResidual) && site.front == 0 {
                    continue;
                }
                for (anchors, guidance) in [(0, None), (1, Some(2.0)), (4, None)] {
                    let rate = signal == Some(SignalKind::ModelInput);
                    let lowering = Lowering {
                        guidance,
                        site,
                        signal: signal.map(Signal::new),
                        rate,
                        anchors,
                        ..Lowering::whole(3)
                    };
                    let program = lowering.program(&model).expect("a program");
                    program.recording.check().expect("sound");
                    assert_eq!(program.rows, if guidance.is_some() { 6 } else { 3 });
                    let granule = program.granules().next().expect("one");
                    assert_eq!(granule.keep.len() as u32, anchors);
                    programs += 1;
                }
            }
        }
    }
    assert_eq!(programs, 3 * 3 * 13);
}

#[test]
fn sites_and_batches_that_do_not_fit_are_refused() {
    let model = emoji();
    let refusal = |lowering: Lowering| lowering.program(&model).expect_err("refused").to_string();
    let ranged = |front, back| Lowering {
        site: Site::range(front, back),
        ..lowering("fbcache")
    };
    for (front, back) in [(6, 0), (3, 3), (1, u32::MAX)] {
        let message = refusal(ranged(front, back));
        assert!(message.contains("6 blocks"), "{message}");
    }
    ranged(3, 2).program(&model).expect("one block is left");
    let many = |pictures| Lowering {
        pictures,
        ..lowering("teacache")
    };
    // 2³¹ / (64 tokens · 768 channels), two rows a picture.
    let message = refusal(many(21_846));
    assert!(message.contains("1 to 21845"), "{message}");
    refusal(many(0));
    refusal(many(u32::MAX));
    let message = refusal(Lowering {
        signal: Some(Signal::new(SignalKind::FrontResidual)),
        ..lowering("teacache")
    });
    assert!(message.contains("front"), "{message}");
    let message = refusal(Lowering {
        anchors: 9,
        ..lowering("taylorseer")
    });
    assert!(message.contains("anchors is 9"), "{message}");
}

#[test]
fn what_cannot_be_measured_or_skipped_is_refused() {
    let refusal = |text: &str, guidance: f32| {
        let model = emoji();
        let lowering = Lowering::for_policy(&policy(text), 1, guidance, 4);
        let message = lowering.program(&model).expect_err(text).to_string();
        assert!(
            !message.ends_with('.') && !message.contains('\n'),
            "{message}"
        );
        message
    };
    for (text, words) in [
        ("interval:site=branch", &["site", "branch", "guid"][..]),
        ("lazydit", &["`signal`", "gate", "modulated-input"]),
        ("precisecache", &["`signal`", "trial-output"]),
        (
            "teacache:signal=block-output,site=blocks",
            &["`signal`", "block-output", "gauge=late"],
        ),
        (
            "full:gauge=late,interval=2,threshold=1,signal=block-output,site=range,front=1",
            &["`signal`", "site=trunk"],
        ),
        (
            "full:gauge=late,interval=2,threshold=1,signal=block-input",
            &["`signal`", "site=blocks"],
        ),
        (
            "teacache:signal=block-input,site=blocks,pool=any",
            &["`signal`", "pool=alone"],
        ),
        (
            "teacache:predictor=aligned,gain=1.5",
            &["`predictor`", "aligned", "site=range"],
        ),
        (
            "teacache:signal=time-embedding,filter=low-pass,filter_size=0.5",
            &["`filter`", "filter=none"],
        ),
        (
            "interval:verify=next,tolerance=0.1",
            &["`site`", "trunk", "site=modules"],
        ),
        ("mask:10111011", &["columns", "2", "site=trunk has 1 parts"]),
        (
            "mask:101110111011,site=modules",
            &["columns", "3", "1, 2 or 12"],
        ),
        (
            "mask:10111011,site=modules,gauge=signal,signal=model-input,threshold=1",
            &["columns", "one column"],
        ),
    ] {
        let message = refusal(text, 1.0);
        for word in words {
            assert!(message.contains(word), "{text}: no `{word}` in: {message}");
        }
    }
    let message = refusal("teacache:signal=modulated-input,site=branch", 2.0);
    assert!(message.contains("guidance branch"), "{message}");
}

/// A matrix of every token with every other, where one is needed, and references and anchors of
/// every part.
#[test]
fn the_memory_of_every_site_is_told() {
    let model = emoji();
    let state = |text: &str| {
        let lowering = Lowering::for_policy(&policy(text), 2, 2.5, 50);
        let program = lowering.program(&model).expect(text);
        program.memory().kept()
    };
    let feature = 4 * 64 * 192 * 4;
    for (text, expected) in [
        ("interval:site=front", feature),
        ("interval:site=rear,keep=output", feature),
        ("interval:site=stage", 2 * feature),
        ("interval:site=modules", 12 * feature),
        (
            "interval:site=attention,predictor=taylor,order=2",
            18 * feature,
        ),
        ("interval:site=mlp,predictor=foca", 24 * feature),
        ("interval:site=blocks", 6 * feature),
        // One picture's difference, twice.
        (
            "interval:site=branch,predictor=newton,order=1",
            2 * 2 * 3 * 32 * 32 * 4,
        ),
        ("interval:predictor=chebyshev,order=3", 4 * feature),
        ("teacache:signal=block-input,site=blocks", 12 * feature),
        (
            "full:gauge=late,interval=2,threshold=1,signal=block-output,site=trunk",
            7 * feature,
        ),
        (
            "full:gauge=late,interval=2,threshold=1,signal=block-residual,site=trunk",
            2 * feature,
        ),
        // The anchor, the reference of every fourth row and column, and two probes.
        (
            "teacache:filter=downsample,filter_size=4",
            feature + feature / 16,
        ),
        (
            "teacache:site=range,front=1,predictor=aligned,gain=2",
            2 * feature + feature + 2 * feature,
        ),
    ] {
        assert_eq!(state(text), expected, "{text}");
    }
    let of = |text: &str| {
        let lowering = Lowering::for_policy(&policy(text), 2, 2.5, 50);
        let program = lowering.program(&model).expect(text);
        // Apart: what shares memory is not seen.
        MemoryPlan::apart(&program.recording).bytes() - program.memory().kept()
    };
    let matrix = 64 * 64 * 4;
    let band = "interval:predictor=newton,order=1,split=band,band=0.3";
    let more = of(band) - of("interval:predictor=newton,order=1");
    // The projector, three intermediate sums, and the second set of weights.
    assert_eq!(more, matrix + 3 * feature + 8 * 4);
}

#[test]
fn memory_is_told_before_it_is_taken() {
    let model = emoji();
    let settings = |text: &str| Settings {
        policy: policy(text),
        steps: 50,
        sampler: Sampler::Euler,
        guidance: 2.5,
        classes: vec![0, 10],
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed: 0,
    };
    let of = |text: &str| run::memory(&model, &settings(text), Backend::Gpu).expect("memory");
    // Four rows of 64 tokens with 192 channels, f32.
    let feature = 4 * 64 * 192 * 4;
    let latent = 4 * 3 * 32 * 32 * 4;
    let full = of("full");
    assert_eq!(full.kept(), 0);
    // Matrices stay in f16; biases, positions and labels are widened.
    let narrow = 2 * model.parameters();
    assert!(
        full.weights > narrow && full.weights < narrow + 200_000,
        "{full}"
    );
    for (text, state) in [
        ("interval", feature),
        ("magcache", feature),
        ("taylorseer:order=1,site=trunk", 2 * feature),
        ("taylorseer:order=3,site=trunk", 4 * feature),
        ("teacache", 2 * feature),
        ("fbcache", 2 * feature),
        // The anchor, and three references: latent, its last computed one, and the output.
        ("easycache", 4 * latent),
    ] {
        let memory = of(text);
        assert_eq!(
            (memory.kept(), memory.weights),
            (state, full.weights),
            "{text}"
        );
        assert_eq!(memory.total(), memory.weights + memory.activations + state);
        let program = Lowering::for_policy(&policy(text), 2, 2.5, 50).program(&model);
        let program = program.expect("a program");
        assert_eq!(Memory::of(&program), memory);
        let recording = program.recording;
        let states = recording
            .buffers
            .iter()
            .filter(|buffer| buffer.role == Role::State);
        assert_eq!(states.map(|buffer| buffer.bytes()).sum::<u64>(), state);
    }
}
