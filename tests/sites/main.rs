//! Every site: what is computed is what it would be without a policy, and what stands in for it is
//! what a network in plain loops gives when the same things are left out.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
#[path = "../adapter/mod.rs"]
mod adapter;
mod features;
#[path = "../naive/mod.rs"]
mod naive;
#[path = "../reference/mod.rs"]
mod reference;

use alloc::sync::Arc;

use refrain::{
    Policy, Stats,
    dit::{Model, Overrides},
    kernels::AnchorFormat,
    policy::Method,
    run::{Backend, Engine, Sampling, Settings, compare},
    sampler::Sampler,
    text::Named,
};

/// Four latent channels, no sigma, 25 tokens, three blocks, velocity.
fn velocity_model() -> Arc<Model> {
    small("dit_d144_h2")
}

fn small(name: &str) -> Arc<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let path = reference::path(&format!("tests/data/{name}.safetensors"));
    Arc::new(Model::open(&path, &heads).expect("a model"))
}

fn models() -> [Arc<Model>; 3] {
    ["dit_d144_h2", "dit_d48_h2_sigma", "dit_d64_deep"].map(small)
}

fn settings(model: &Model, text: &str, steps: u32) -> Settings {
    Settings {
        policy: Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")),
        steps,
        sampler: Sampler::for_prediction(model.config().prediction),
        guidance: 1.5,
        classes: vec![1, 6],
        anchor_format: AnchorFormat::F32,
        seed: 5,
    }
}

/// The trace, the counters and the latents of a whole run.
fn run(engine: &Engine, settings: &Settings) -> (String, Stats, Vec<f32>) {
    let run = whole(engine, settings);
    let trace = run.trace().to_string();
    (trace, run.stats(), run.latents().to_vec())
}

fn whole(engine: &Engine, settings: &Settings) -> Sampling {
    let mut run = engine
        .start(settings)
        .unwrap_or_else(|error| panic!("{}: {error}", settings.policy));
    while run.advance().expect("a call").is_some() {}
    run
}

const SITES: [&str; 16] = [
    "trunk",
    "trunk,keep=output",
    "range,front=1",
    "range,back=1,keep=output",
    "model",
    "model,keep=output",
    "front,keep=output",
    "front,share=0.7",
    "rear",
    "stage,boundary=0.5",
    "modules",
    "attention",
    "mlp",
    "blocks",
    "blocks,keep=output",
    "branch",
];

/// What is kept besides: more anchors, running sums, forecasts, products, a band.
const PREDICTORS: [&str; 6] = [
    "hold",
    "taylor,order=4",
    "foca",
    "dmd",
    "chebyshev,order=2",
    "newton,order=1,split=band,band=0.4",
];

/// Whatever is kept, measured or verified, a call that is computed is that of the uncached run, to
/// the bit.
#[test]
fn computed_calls_are_those_of_the_uncached_run() {
    for model in models() {
        let engine = Engine::new(model, Backend::Cpu).expect("the CPU");
        let full = run(&engine, &settings(engine.model(), "full", 3)).2;
        let mut texts = Vec::new();
        for (i, site) in SITES.iter().enumerate() {
            texts.push(format!("interval:interval=1,site={site}"));
            let predictor = PREDICTORS[i % PREDICTORS.len()];
            texts.push(format!(
                "interval:interval=1,predictor={predictor},site={site}"
            ));
            let predictor = PREDICTORS[(i + 3) % PREDICTORS.len()];
            texts.push(format!(
                "interval:interval=1,predictor={predictor},site={site}"
            ));
        }
        for text in MEASURING {
            let text = text.replace("threshold=1000,max_run=2", "threshold=0,last=0");
            let text = text.replace("interval=3", "interval=1");
            texts.push(text.replace("interval=2", "interval=1"));
        }
        for text in texts {
            let (trace, stats, latents) = run(&engine, &settings(engine.model(), &text, 3));
            assert_eq!(stats.skipped(), 0, "{text}: {trace}");
            assert!(latents == full, "{text}: {trace}");
        }
    }
}

/// Policies that measure every signal, by every metric and through every filter.
const MEASURING: [&str; 15] = [
    "teacache:threshold=1000,max_run=2,signal=time-embedding",
    "teacache:threshold=1000,max_run=2,signal=front-output,site=range,front=1,metric=relative-l2",
    "teacache:threshold=1000,max_run=2,signal=front-output,site=range,front=1,predictor=aligned,gain=1.5",
    "teacache:threshold=1000,max_run=2,signal=model-input,metric=cosine,site=modules",
    "teacache:threshold=1000,max_run=2,signal=modulated-input,metric=mse,site=blocks",
    "teacache:threshold=1000,max_run=2,signal=modulated-input,filter=low-pass,filter_size=0.5",
    "teacache:threshold=1000,max_run=2,signal=modulated-input,filter=sea,filter_size=2,site=stage",
    "teacache:threshold=1000,max_run=2,signal=model-input,filter=downsample,filter_size=2,site=branch",
    "teacache:threshold=1000,max_run=2,signal=block-input,site=blocks,metric=l2",
    "teacache:threshold=1000,max_run=2,signal=block-input,site=blocks,reference=computed,keep=output",
    "full:gauge=late,interval=3,threshold=1000,signal=block-output,site=blocks",
    "full:gauge=late,interval=3,threshold=1000,signal=block-output,site=blocks,pool=mean",
    "full:gauge=late,interval=3,threshold=1000,signal=block-output,site=modules",
    "full:gauge=late,interval=2,threshold=1000,signal=block-residual,site=trunk",
    "full:gauge=late,interval=2,threshold=1000,signal=block-residual,site=attention",
];

/// A forecast that is never good enough is made again, computed.
#[test]
fn a_forecast_that_is_rolled_back_leaves_no_trace() {
    for model in models() {
        let engine = Engine::new(model, Backend::Cpu).expect("the CPU");
        let full = run(&engine, &settings(engine.model(), "full", 5)).2;
        for predictor in ["hold", "taylor,order=2", "adams-bashforth,order=2"] {
            let text = format!(
                "interval:interval=9,site=modules,predictor={predictor},verify=rollback,tolerance=0"
            );
            let (trace, stats, latents) = run(&engine, &settings(engine.model(), &text, 5));
            assert_eq!(trace, "CCCCC", "{text}");
            assert_eq!(stats.rejected, 3, "{text}");
            assert!(latents == full, "{text}");
            let text = text.replace("tolerance=0", "tolerance=1000");
            let (trace, stats, _) = run(&engine, &settings(engine.model(), &text, 5));
            assert_eq!((&*trace, stats.verified), ("CvvvC", 3), "{text}");
        }
    }
}

/// What FoCa reads would be overwritten by the forecast that is given up.
#[test]
fn a_forecast_that_is_still_read_is_not_rolled_back() {
    let model = velocity_model();
    let engine = Engine::new(model.clone(), Backend::Cpu).expect("a CPU");
    let foca = "speca:predictor=foca,verify";
    let said = |kind: &str| {
        let start = engine.start(&settings(&model, &format!("{foca}={kind}"), 8));
        start.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(said("next"), Ok(()));
    let refused = said("rollback").expect_err("refused");
    assert!(
        refused.contains("`verify`") && refused.contains("verify=next"),
        "{refused}"
    );
}

/// Attention left out at the second step: as a site, as a column of modules, and module by module.
#[test]
fn columns_are_lanes_of_their_own() {
    let engine = Engine::new(velocity_model(), Backend::Cpu).expect("the CPU");
    let of = |text: &str| run(&engine, &settings(engine.model(), text, 4));
    let (trace, _, alone) = of("mask:1011,site=attention,last=0");
    assert_eq!(trace, "CrCC");
    let (trace, stats, pairs) = of("mask:11011111,site=modules,last=0");
    assert_eq!((&*trace, stats.skipped()), ("CC rC CC CC", 1));
    let (trace, stats, modules) = of("mask:111111010101111111111111,site=modules,last=0");
    assert_eq!(
        (&*trace, stats.skipped()),
        ("CCCCCC rCrCrC CCCCCC CCCCCC", 3)
    );
    assert!(alone == pairs && alone == modules);
    let (trace, _, one) = of("mask:111111110111111111111111,site=modules,last=0");
    assert_eq!(trace, "CCCCCC CCrCCC CCCCCC CCCCCC");
    assert!(one != alone);
}

fn relative(ours: &[f32], reference: &[f32]) -> f64 {
    compare(ours, reference).rel_l2
}

/// Every preset runs or says why not.
#[test]
fn every_preset_runs_or_says_why_not() {
    let engine = Engine::new(reference::emoji(), Backend::Cpu).expect("the CPU");
    let mut report = String::new();
    for method in Method::ALL {
        let policy = (method.preset().policy)();
        let settings = Settings {
            policy,
            steps: 12,
            sampler: Sampler::Euler,
            guidance: 2.0,
            classes: vec![0],
            anchor_format: AnchorFormat::F32,
            seed: 3,
        };
        let line = match engine.start(&settings) {
            Ok(mut run) => {
                while run.advance().expect("a call").is_some() {}
                assert!(run.latents().iter().all(|v| v.is_finite()), "{method}");
                format!("{}", run.trace())
            }
            Err(error) => format!("{error}"),
        };
        report.push_str(&format!("{method}: {line}\n"));
    }
    insta::assert_snapshot!(report);
}

/// The decisions of the CPU and of the adapter, and where they end.
#[cfg(feature = "gpu")]
#[test]
fn both_executors_agree_on_every_site() {
    if adapter::device().is_none() {
        return;
    }
    let model = velocity_model();
    let cpu = Engine::new(model.clone(), Backend::Cpu).expect("the CPU");
    let gpu = Engine::new(model.clone(), Backend::Gpu).expect("the adapter");
    let mut texts: Vec<String> = SITES
        .iter()
        .zip(PREDICTORS.iter().cycle())
        .map(|(site, predictor)| format!("interval:interval=3,predictor={predictor},site={site}"))
        .collect();
    texts.extend(MEASURING.map(Into::into));
    texts.push("interval:interval=4,site=modules,verify=next,tolerance=0.5".into());
    for text in texts {
        let settings = settings(&model, &text, 10);
        let (ours, theirs) = (whole(&cpu, &settings), whole(&gpu, &settings));
        let trace = ours.trace().to_string();
        assert_eq!(trace, theirs.trace().to_string(), "{text}");
        let events = ours.trace().events().iter().zip(theirs.trace().events());
        let measured = events.filter(|(ours, _)| ours.signal > 0.0);
        let off = measured.map(|(ours, theirs)| (ours.signal - theirs.signal).abs() / ours.signal);
        let signals = off.fold(0.0, f64::max);
        let off = relative(theirs.latents(), ours.latents());
        println!("{text}: {trace} {off:.1e}, signals {signals:.1e}");
        assert!(ours.stats().skipped() > 0, "{text}: {trace}");
        assert!(
            off < 2e-3 && signals < 2e-3,
            "{text}: {off:.1e}, {signals:.1e}"
        );
    }
}
