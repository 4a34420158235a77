//! The order in which a run uses its executor, watched by one that computes nothing.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};
use std::sync::Mutex;

use super::{Settings, sampling::Sampling};
use crate::{
    dit::{Lowering, Model, Overrides},
    executor::{Executor, ExecutorError},
    kernels::{BufferId, Recording, SegmentId},
    policy::Policy,
    sampler::Sampler,
    scheduler::Reason,
};

/// What an executor was asked, and when it is to fail.
#[derive(Debug, Default)]
struct Log {
    lines: Vec<String>,
    fail_at: Option<usize>,
}

#[derive(Debug)]
struct Watched {
    recording: Arc<Recording>,
    log: Arc<Mutex<Log>>,
}

impl Watched {
    fn note(&self, line: String) -> Result<(), ExecutorError> {
        let mut log = self.log.lock().expect("not poisoned");
        log.lines.push(line);
        if log.fail_at == Some(log.lines.len()) {
            return Err(ExecutorError::Device("planted".into()));
        }
        Ok(())
    }

    fn name(&self, buffer: BufferId) -> &str {
        &self.recording.buffers[buffer.0 as usize].name
    }
}

impl Executor for Watched {
    fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    fn write(&mut self, buffer: BufferId, _: &[f32]) -> Result<(), ExecutorError> {
        self.note(format!("write {}", self.name(buffer)))
    }

    fn run(&mut self, segments: &[SegmentId]) -> Result<(), ExecutorError> {
        let names = segments
            .iter()
            .map(|id| &*self.recording.segments[id.0 as usize].name);
        self.note(format!("run {}", names.collect::<Vec<_>>().join(" ")))
    }

    fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), ExecutorError> {
        // Any change, of anything, is half of what it changed from.
        for pair in values.chunks_exact_mut(2) {
            pair.copy_from_slice(&[0.5, 1.0]);
        }
        self.note(format!("read {}", self.name(buffer)))
    }
}

fn watched(text: &str, steps: u32) -> (Sampling, Arc<Mutex<Log>>) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/dit_d144_h2.safetensors"
    );
    let model = Model::open(path.as_ref(), &Overrides::default()).expect("a model");
    let policy = Policy::parse(text).expect("a policy");
    let settings = Settings {
        policy,
        steps,
        sampler: Sampler::Euler,
        guidance: 2.0,
        classes: vec![0],
        seed: 0,
    };
    let program = Lowering::for_policy(&policy, 1, 2.0, steps)
        .program(&model)
        .expect("a program");
    let log = Arc::new(Mutex::new(Log::default()));
    let executor = Watched {
        recording: Arc::clone(&program.recording),
        log: Arc::clone(&log),
    };
    let latents = vec![0.0; model.config().picture_len()];
    let run = Sampling::new(
        model.config(),
        &settings,
        latents,
        program,
        Box::new(executor),
    );
    log.lock().expect("not poisoned").lines.clear();
    (run.expect("a run"), log)
}

/// The calls of a run, one line each.
fn calls(text: &str, steps: u32) -> Vec<String> {
    let (mut run, log) = watched(text, steps);
    let mut calls = Vec::new();
    while run.advance().expect("a call").is_some() {
        calls.push(core::mem::take(&mut log.lock().expect("not poisoned").lines).join("; "));
    }
    calls
}

#[test]
fn a_policy_that_measures_waits_once_and_submits_twice() {
    let begin = "write x; write t; run begin";
    assert_eq!(
        calls("teacache:threshold=0.6", 4),
        [
            format!("{begin} rest store.0 end track; read guided"),
            format!(
                "{begin} measure; read sums; write weights; run predict end track; read guided"
            ),
            format!("{begin} measure; read sums; run rest store.0 end track; read guided"),
            format!("{begin} rest store.0 end track; read guided"),
        ]
    );
    // Against the last computed call: skipped calls track nothing.
    assert_eq!(
        calls("fbcache:threshold=0.6,last=0", 2),
        [
            format!("{begin} rest store.0 end track; read guided"),
            format!("{begin} measure; read sums; write weights; run predict end; read guided"),
        ]
    );
}

#[test]
fn a_policy_that_counts_waits_for_nothing() {
    let begin = "write x; write t; run begin";
    let skipped = "write x; write t; write weights; run begin predict end; read guided";
    assert_eq!(
        calls("taylorseer:interval=2,order=1,warmup=1,last=0", 6),
        [
            &format!("{begin} rest store.0 end; read guided"),
            skipped,
            &format!("{begin} rest store.1 end; read guided"),
            skipped,
            &format!("{begin} rest store.0 end; read guided"),
            skipped,
        ]
    );
    assert_eq!(calls("full", 1), [format!("{begin} rest end; read guided")]);
}

#[test]
fn a_rate_is_measured_before_it_is_tracked_and_not_on_the_first_call() {
    let begin = "write x; write t; run begin";
    assert_eq!(
        calls("easycache:threshold=9999,warmup=2,last=0", 4),
        [
            format!("{begin} rest store.0 end track track.rate; read guided"),
            format!("{begin} rest store.0 end track rate track.rate; read guided; read sums"),
            format!(
                "{begin} measure; read sums; write weights; run predict end track; read guided"
            ),
            format!(
                "{begin} measure; read sums; write weights; run predict end track; read guided"
            ),
        ]
    );
}

/// Whatever fails, the step is not made, and is computed anew when it is tried again.
#[test]
fn a_failed_call_can_be_made_again() {
    for fail_at in 1..=7 {
        let (mut run, log) = watched("teacache:threshold=9,last=0", 3);
        run.advance().expect("a call");
        let before = (run.latents().to_vec(), run.stats());
        let set = |fail_at| {
            let mut log = log.lock().expect("not poisoned");
            log.lines.clear();
            log.fail_at = fail_at;
        };
        set(Some(fail_at));
        let error = run.advance().expect_err("the executor fails");
        assert_eq!(format!("{error}"), "device: planted");
        assert_eq!((run.latents().to_vec(), run.stats()), before, "{fail_at}");
        set(None);
        let event = run.advance().expect("a call").expect("the same step");
        assert_eq!(
            (event.step, event.reason),
            (1, Reason::NoHistory),
            "{fail_at}"
        );
        let last = run.advance().expect("a call").expect("the last step");
        assert!(last.action.skips());
        assert_eq!(run.advance().expect("the end"), None);
    }
}
