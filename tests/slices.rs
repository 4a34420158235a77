//! Work in slices: the same bits however it is cut, and it may be given up anywhere.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
mod adapter;

use alloc::sync::Arc;
use core::time::Duration;

use refrain::{
    Policy,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides},
    executor::{Executor, ExecutorError, Progress, Slice},
    kernels::{AnchorFormat, BufferId, Recording, SegmentId},
    run::{Advance, Backend, Engine, Sampling, Settings},
    sampler::{Sampler, noise},
};

const POLICIES: [&str; 6] = [
    "full",
    "teacache:threshold=0.3",
    "easycache:threshold=0.4,warmup=1",
    "taylorseer:interval=2,order=1,warmup=1,site=modules",
    "teacache:threshold=0.5,signal=block-input,site=blocks",
    "interval:interval=9,site=modules,verify=rollback,tolerance=0.05,predictor=taylor,order=1",
];

fn model() -> Arc<Model> {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/dit_d144_h2.safetensors"
    );
    Arc::new(Model::open(path.as_ref(), &heads).expect("a model"))
}

fn engines() -> Vec<Engine> {
    let engine = |backend| Engine::new(model(), backend).expect("a device");
    #[cfg_attr(not(feature = "gpu"), allow(unused_mut))]
    let mut engines = vec![engine(Backend::Cpu)];
    #[cfg(feature = "gpu")]
    if adapter::device().is_some() {
        engines.push(engine(Backend::Gpu));
    }
    engines
}

fn start(engine: &Engine, text: &str) -> Sampling {
    let settings = Settings {
        policy: Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")),
        steps: 6,
        sampler: Sampler::Euler,
        guidance: 1.5,
        classes: vec![2],
        seed: 5,
        anchor_format: AnchorFormat::F32,
    };
    engine.start(&settings).expect("a run")
}

/// Trace, multiply-adds, latents, and how often it came back.
fn sliced(engine: &Engine, text: &str, slice: impl Fn() -> Slice) -> (String, u64, Vec<f32>, u32) {
    let mut run = start(engine, text);
    let mut pauses = 0;
    loop {
        let mut slice = slice();
        let before = (run.made(), run.latents().to_vec());
        match run.advance_slice(&mut slice).expect("a slice") {
            Advance::Made(event) => assert_eq!(event.step, before.0),
            Advance::Paused => {
                pauses += 1;
                assert!(slice.is_over());
                // A call that is not made shows nothing.
                assert_eq!((run.made(), run.latents()), (before.0, &before.1[..]));
            }
            Advance::Over => break,
        }
    }
    let trace = run.trace().to_string();
    (trace, run.multiply_adds(), run.latents().to_vec(), pauses)
}

#[test]
fn a_run_is_the_same_however_it_is_cut() {
    for engine in engines() {
        for text in POLICIES {
            let (trace, work, latents, pauses) = sliced(&engine, text, Slice::whole);
            assert_eq!(pauses, 0, "{text}");
            let name = engine.device_name();
            let mut counts = Vec::new();
            for count in [1, 7, 1000] {
                let again = sliced(&engine, text, || Slice::commands(count));
                assert_eq!((&again.0, again.1), (&trace, work), "{text} {count} {name}");
                assert_eq!(again.2, latents, "{text} by {count} on {name}");
                counts.push(again.3);
            }
            // By ones, a call pauses before all but its first command.
            assert!(counts[0] > 6 * counts[1] && counts[2] == 0, "{counts:?}");
            // No time at all is a command at a time.
            let none = sliced(&engine, text, || Slice::time(Duration::ZERO));
            assert_eq!((&none.0, none.2), (&trace, latents.clone()), "{text}");
            assert_eq!(none.3, counts[0], "{text} on {name}");
            let long = sliced(&engine, text, || Slice::time(Duration::from_secs(3600)));
            assert_eq!((&long.0, long.2, long.3), (&trace, latents, 0), "{text}");
        }
    }
}

/// A slice that a call leaves something of goes on with the next call.
#[test]
fn a_slice_reaches_over_calls() {
    let engine = Engine::new(model(), Backend::Cpu).expect("the CPU");
    let mut run = start(&engine, "full");
    let mut slice = Slice::commands(100);
    let mut made = 0;
    while let Advance::Made(_) = run.advance_slice(&mut slice).expect("a slice") {
        made += 1;
    }
    assert!(made >= 1 && run.is_within_call(), "{made} calls");
    assert_eq!(run.advance_slice(&mut slice), Ok(Advance::Paused));
}

#[test]
fn a_run_can_be_cancelled_and_dropped_anywhere() {
    for engine in engines() {
        for text in POLICIES {
            for count in [1, 5, 20] {
                let mut run = start(&engine, text);
                run.advance().expect("a call");
                run.cancel();
                assert_eq!(run.made(), 1, "nothing was open");
                let before = run.latents().to_vec();
                let progress = run.advance_slice(&mut Slice::commands(count));
                assert_eq!(progress, Ok(Advance::Paused), "{text} after {count}");
                assert!(run.is_within_call());
                run.cancel();
                assert!(!run.is_within_call());
                assert_eq!((run.made(), run.latents()), (1, &before[..]));
                // What was kept may be overwritten in part, so the step is computed.
                let event = run.advance().expect("a call").expect("the same step");
                assert!(
                    !event.action.skips() && event.step == 1,
                    "{text}: {event:?}"
                );
                run.advance_slice(&mut Slice::commands(count))
                    .expect("a slice");
                drop(run);
            }
        }
    }
}

#[test]
fn a_forward_pass_is_the_same_however_it_is_cut() {
    for engine in engines() {
        let mut x = vec![0.0; 2 * model().config().picture_len()];
        noise(3, x.len(), &mut x);
        let (t, y) = ([700.0, 20.0], [1, 10]);
        let whole = engine.forward(&x, &t, &y, 2).expect("an output");
        for count in [1, 13] {
            let mut forward = engine.begin_forward(&x, &t, &y, 2).expect("inputs fit");
            let mut slices = 1;
            while !forward
                .advance(&mut Slice::commands(count))
                .expect("a slice")
            {
                slices += 1;
            }
            assert!(slices > 2, "{slices}");
            assert_eq!(forward.output(), Ok(whole.clone()), "by {count}");
        }
        // The output of one that was hardly begun is that of the whole.
        let mut forward = engine.begin_forward(&x, &t, &y, 2).expect("inputs fit");
        assert_eq!(forward.advance(&mut Slice::commands(2)), Ok(false));
        assert_eq!(forward.output(), Ok(whole));
        drop(engine.begin_forward(&x, &t, &y, 2).expect("inputs fit"));
    }
}

/// An executor that takes one command more for done than it has run.
#[derive(Debug)]
struct Forgetful(CpuExecutor);

impl Executor for Forgetful {
    fn recording(&self) -> &Arc<Recording> {
        self.0.recording()
    }

    fn write(&mut self, buffer: BufferId, values: &[f32]) -> Result<(), ExecutorError> {
        self.0.write(buffer, values)
    }

    fn advance(
        &mut self,
        segments: &[SegmentId],
        done: usize,
        slice: &mut Slice,
    ) -> Result<Progress, ExecutorError> {
        Ok(match self.0.advance(segments, done, slice)? {
            Progress::Left(done) => Progress::Left(done + 1),
            Progress::Done => Progress::Done,
        })
    }

    fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), ExecutorError> {
        self.0.read(buffer, values)
    }
}

/// The comparison above would notice a command that is left out.
#[test]
fn a_lost_command_is_noticed() {
    let model = model();
    let program = Lowering::whole(1).program(&model).expect("a program");
    let device = CpuDevice::new(None).expect("a CPU");
    let weights = CpuWeights::load(&device, &*model, &program.recording).expect("weights");
    let path = program.computed(None);
    let output = |executor: &mut dyn Executor, count: u32| {
        let buffers = &program.buffers;
        let mut x = vec![0.0; model.config().picture_len()];
        noise(3, x.len(), &mut x);
        executor.write(buffers.x, &x).expect("x");
        executor.write(buffers.t, &[700.0]).expect("t");
        executor.write(buffers.y, &[1.0]).expect("y");
        let mut done = 0;
        while let Progress::Left(more) = executor
            .advance(&path, done, &mut Slice::commands(count))
            .expect("a slice")
        {
            done = more;
        }
        let mut output = vec![0.0; model.config().output_len()];
        executor.read(buffers.output, &mut output).expect("a read");
        output
    };
    let new = || CpuExecutor::new(&device, program.recording.clone(), &weights).expect("executor");
    let whole = output(&mut new(), u32::MAX);
    assert_eq!(output(&mut new(), 9), whole);
    assert_ne!(output(&mut Forgetful(new()), 9), whole);
}
