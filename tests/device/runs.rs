//! Whole runs that are decided on the device, against the same runs decided on the host.

use alloc::sync::Arc;
use std::sync::OnceLock;

use refrain::{
    Event, Policy, Stats,
    dit::{Model, Overrides},
    run::{Backend, Engine, RunError, Sampling, Settings},
    sampler::Sampler,
};

fn model(name: &str) -> Arc<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let path = format!(
        "{}/tests/data/{name}.safetensors",
        env!("CARGO_MANIFEST_DIR")
    );
    Arc::new(Model::open(path.as_ref(), &heads).expect("a model"))
}

/// An engine that all tests share, since its kernels take a while to compile; `None` where device tests
/// are to be skipped.
fn engine(name: &'static str) -> Option<&'static Engine> {
    static FIRST: OnceLock<Option<Engine>> = OnceLock::new();
    static SIGMA: OnceLock<Option<Engine>> = OnceLock::new();
    let cell = if name == PLAIN { &FIRST } else { &SIGMA };
    let made = cell.get_or_init(|| {
        crate::adapter::device()?;
        Some(Engine::new(model(name), Backend::Gpu).expect("a GPU"))
    });
    made.as_ref()
}

/// Velocity; noise prediction with sigma.
const PLAIN: &str = "dit_d144_h2";
const SIGMA: &str = "dit_d48_h2_sigma";

fn start(engine: &Engine, text: &str, steps: u32, guidance: f32) -> Sampling {
    let settings = Settings {
        policy: Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")),
        steps,
        sampler: Sampler::for_prediction(engine.model().config().prediction),
        guidance,
        classes: vec![1, 4],
        seed: 5,
        anchor_format: refrain::kernels::AnchorFormat::F32,
    };
    engine
        .start(&settings)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is left of a run: its bits.
#[derive(Debug, PartialEq)]
struct End {
    trace: Vec<(Event, [u64; 2])>,
    stats: Stats,
    multiply_adds: u64,
    latents: Vec<u32>,
}

fn end(run: &Sampling) -> End {
    let bits = |event: &Event| [event.signal, event.spent].map(f64::to_bits);
    End {
        trace: run
            .trace()
            .events()
            .iter()
            .map(|event| (*event, bits(event)))
            .collect(),
        stats: run.stats(),
        multiply_adds: run.multiply_adds(),
        latents: run.latents().iter().map(|value| value.to_bits()).collect(),
    }
}

/// Where two runs part, if they do.
fn difference(device: &End, host: &End) -> Option<String> {
    let mut events = device.trace.iter().zip(&host.trace);
    if let Some((device, host)) = events.find(|(device, host)| device != host) {
        return Some(format!("{:?} is not {:?}", device.0, host.0));
    }
    if (&device.stats, device.multiply_adds) != (&host.stats, host.multiply_adds) {
        return Some(format!(
            "{:?}, {} is not {:?}, {}",
            device.stats, device.multiply_adds, host.stats, host.multiply_adds
        ));
    }
    let differing = device
        .latents
        .iter()
        .zip(&host.latents)
        .filter(|(a, b)| a != b);
    let differing = differing.count();
    (device != host).then(|| format!("{differing} of {} latents differ", host.latents.len()))
}

fn finish(mut run: Sampling) -> End {
    while run.advance().expect("a call").is_some() {}
    end(&run)
}

/// Policies of every part that a run knows, and what their traces must have.
const POLICIES: [(&str, &str); 22] = [
    ("full", "C"),
    ("teacache:threshold=2", "Cr"),
    ("teacache:threshold=2,predictor=taylor,order=2", "Crp"),
    ("teacache:threshold=1,metric=cosine,max_run=2", "Cr"),
    (
        "teacache:threshold=2,metric=relative-l2,predictor=newton,order=1",
        "Cp",
    ),
    (
        "teacache:threshold=2,signal=front-output,site=range,front=1,predictor=aligned,gain=1.5",
        "Cp",
    ),
    (
        "teacache:threshold=90,signal=model-input,metric=l2,site=model,max_run=2",
        "Cr",
    ),
    (
        "teacache:threshold=1,signal=model-input,filter=downsample,filter_size=2,site=branch",
        "Cr",
    ),
    (
        "teacache:threshold=1,filter=low-pass,filter_size=0.5,site=stage",
        "Cr",
    ),
    ("fbcache:threshold=2", "Cr"),
    (
        "fbcache:threshold=2,compare=at-most,budget=sum,predictor=hermite,order=2",
        "Cp",
    ),
    (RATED, "Cr"),
    ("taylorseer:interval=3,order=2,site=modules", "Cp"),
    (
        "taylorseer:interval=3,order=1,verify=next,tolerance=1000",
        "Cv",
    ),
    (
        "taylorseer:interval=3,order=1,verify=next,tolerance=0",
        "Cv",
    ),
    (
        "interval:interval=3,predictor=adams-bashforth,order=2",
        "Cp",
    ),
    (
        "interval:interval=3,predictor=adams-bashforth,order=1,site=stage",
        "Cp",
    ),
    (
        "interval:interval=3,predictor=newton,order=1,split=band,band=0.4",
        "Cp",
    ),
    (
        "full:gauge=late,interval=3,threshold=1000,signal=block-residual,site=attention",
        "Cr",
    ),
    (
        "full:gauge=late,interval=2,threshold=1000,signal=block-output,site=modules",
        "Cr",
    ),
    ("mask:110100101", "Cr"),
    (
        "magcache:curve=1/1.01/0.99/0.98/0.97/1.02/1.01/0.99/0.95,threshold=0.2",
        "Cr",
    ),
];
const RATED: &str = "easycache:threshold=3,warmup=2";

#[test]
fn a_run_on_the_device_is_the_hosts_bit_for_bit() {
    for (name, guidance) in [(PLAIN, 1.5), (SIGMA, 1.0)] {
        let Some(engine) = engine(name) else { return };
        for (text, letters) in POLICIES {
            // What the two models share need not run twice, and without guidance there is no branch.
            let measured = ["full", "teacache", "easycache"]
                .iter()
                .any(|m| text.starts_with(m));
            if name == SIGMA && (!measured || text.contains("branch")) {
                continue;
            }
            let host = finish(start(engine, text, 9, guidance));
            let mut run = start(engine, text, 9, guidance);
            run.decide_on_device(0)
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            let device = finish(run);
            let letter = |(event, _): &(Event, _)| event.action.letter();
            let trace: String = host.trace.iter().map(letter).collect();
            println!("{name} {text}: {trace}");
            assert_eq!(difference(&device, &host), None, "{name}: {text}");
            let all = letters.chars().all(|letter| trace.contains(letter));
            assert!(all || name == SIGMA, "{text}: {trace}");
        }
    }
}

#[test]
fn the_host_waits_once_a_submission() {
    if crate::adapter::device().is_none() {
        return;
    }
    // Of its own, since it is the waits for one device that are counted.
    let engine = &Engine::new(model(SIGMA), Backend::Gpu).expect("a GPU");
    let text = "teacache:threshold=1000000";
    let waits = |calls: Option<u32>| {
        let mut run = start(engine, text, 9, 1.0);
        if let Some(calls) = calls {
            run.decide_on_device(calls).expect("supported");
        }
        let before = engine.host_waits();
        finish(run);
        engine.host_waits() - before
    };
    // Every call gives its prediction; seven are asked about.
    assert_eq!(waits(None), 9 + 7);
    assert_eq!((waits(Some(0)), waits(Some(4)), waits(Some(1))), (1, 3, 9));
}

#[test]
fn a_run_may_be_cut_and_change_hands() {
    let Some(engine) = engine(PLAIN) else {
        return;
    };
    for text in [RATED, POLICIES[5].0] {
        let whole = finish(start(engine, text, 9, 1.5));
        for (before, calls) in [(0, 1), (3, 0), (4, 2)] {
            let mut run = start(engine, text, 9, 1.5);
            for _ in 0..before {
                run.advance().expect("a call");
            }
            run.decide_on_device(calls).expect("supported");
            let event = run.advance().expect("calls").expect("some are left");
            let last = if calls == 0 { 8 } else { before + calls - 1 };
            assert_eq!((event.call, run.made()), (last, last + 1), "{text}");
            let found = difference(&finish(run), &whole);
            assert_eq!(
                found, None,
                "{text}: {before} on the host, then {calls} each"
            );
        }
    }
}

#[test]
fn what_the_device_cannot_decide_is_refused() {
    let Some(engine) = engine(PLAIN) else {
        return;
    };
    for (text, parts) in [
        (
            "foca:interval=3",
            &["`predictor`", "foca", "--decide host"][..],
        ),
        ("spectrum", &["`predictor`", "chebyshev"]),
        (
            "taylorseer:interval=3,verify=rollback,tolerance=0.1",
            &["`verify`", "rollback"],
        ),
        ("seacache:threshold=0.3", &["`filter`", "sea"]),
        ("dbprune", &["lanes"]),
    ] {
        let mut run = start(engine, text, 9, 1.5);
        let error = run.decide_on_device(0).expect_err(text);
        assert!(
            matches!(error, RunError::Setting { .. }),
            "{text}: {error:?}"
        );
        let said = error.to_string();
        assert!(
            parts.iter().all(|part| said.contains(part)),
            "{text}: {said}"
        );
        assert!(run.advance().is_ok(), "{text}: the host goes on");
    }
    let cpu = Engine::new(model(PLAIN), Backend::Cpu).expect("a CPU");
    let mut run = start(&cpu, "teacache:threshold=2", 9, 1.5);
    let said = run.decide_on_device(0).expect_err("no GPU").to_string();
    assert!(
        said.contains("GPU") && said.contains("--decide host"),
        "{said}"
    );
}
