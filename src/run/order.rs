//! The order in which a run uses its executor, watched by one that computes nothing.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};
use std::sync::Mutex;

use super::{Settings, sampling::Sampling};
use crate::{
    dit::{Lowering, Model, Overrides},
    executor::{Executor, ExecutorError, Progress, Slice},
    kernels::{AnchorFormat, BufferId, Recording, SegmentId},
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

    fn advance(
        &mut self,
        segments: &[SegmentId],
        _: usize,
        _: &mut Slice,
    ) -> Result<Progress, ExecutorError> {
        let names = segments
            .iter()
            .map(|id| &*self.recording.segments[id.0 as usize].name);
        self.note(format!("run {}", names.collect::<Vec<_>>().join(" ")))
            .map(|()| Progress::Done)
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
    watched_in(text, steps, steps)
}

/// With so many calls prepared together.
fn watched_in(text: &str, steps: u32, calls: u32) -> (Sampling, Arc<Mutex<Log>>) {
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
        anchor_format: AnchorFormat::F32,
        seed: 0,
    };
    let lowering = Lowering {
        calls,
        ..Lowering::for_policy(&policy, 1, 2.0, steps)
    };
    let program = lowering.program(&model).expect("a program");
    let log = Arc::new(Mutex::new(Log::default()));
    let executor = Watched {
        recording: Arc::clone(&program.recording),
        log: Arc::clone(&log),
    };
    let latents = vec![0.0; model.config().picture_len()];
    let memory = program.memory();
    let run = Sampling::new(
        &model,
        settings,
        latents,
        program,
        (Box::new(executor), memory, super::log::Log::default()),
    );
    log.lock().expect("not poisoned").lines.clear();
    (run.expect("a run"), log)
}

/// The calls of a run, one line each.
fn calls(text: &str, steps: u32) -> Vec<String> {
    made(watched(text, steps))
}

/// How the call of a step begins, with what is written beside its input.
fn begun_with(step: u32, written: &str) -> String {
    match step {
        0 => format!("write t; write x; {written}run prepare at.0 begin"),
        _ => format!("write x; {written}run at.{step} begin"),
    }
}

fn begun(step: u32) -> String {
    begun_with(step, "")
}

/// The same of a call that is skipped without being asked about.
fn skipped(step: u32) -> String {
    begun_with(step, "write weights; ")
}

fn made((mut run, log): (Sampling, Arc<Mutex<Log>>)) -> Vec<String> {
    let mut calls = Vec::new();
    while run.advance().expect("a call").is_some() {
        calls.push(core::mem::take(&mut log.lock().expect("not poisoned").lines).join("; "));
    }
    calls
}

#[test]
fn a_policy_that_measures_waits_once_and_submits_twice() {
    let [a, b, c, d] = [0, 1, 2, 3].map(begun);
    assert_eq!(
        calls("teacache:threshold=0.6", 4),
        [
            format!("{a} rest store.0 end track; read guided"),
            format!("{b} measure; read sums; write weights; run predict end track; read guided"),
            format!("{c} measure; read sums; run rest store.0 end track; read guided"),
            format!("{d} rest store.0 end track; read guided"),
        ]
    );
    // Against the last computed call: skipped calls track nothing.
    assert_eq!(
        calls("fbcache:threshold=0.6,last=0", 2),
        [
            format!("{a} rest store.0 end track; read guided"),
            format!("{b} measure; read sums; write weights; run predict end; read guided"),
        ]
    );
}

#[test]
fn a_policy_that_counts_waits_for_nothing() {
    assert_eq!(
        calls(
            "taylorseer:interval=2,order=1,warmup=1,last=0,site=trunk",
            6
        ),
        [
            format!("{} rest store.0 end; read guided", begun(0)),
            format!("{} predict end; read guided", skipped(1)),
            format!("{} rest store.1 end; read guided", begun(2)),
            format!("{} predict end; read guided", skipped(3)),
            format!("{} rest store.0 end; read guided", begun(4)),
            format!("{} predict end; read guided", skipped(5)),
        ]
    );
    let last = format!("{} rest end; read guided", begun(1));
    assert_eq!(calls("full", 2)[1], last);
}

/// Modulations are made once for as many calls as fit, and again behind an error.
#[test]
fn calls_are_prepared_together() {
    let whole = |step: u32, before: &str, prepare: &str| {
        let at = step % 2;
        format!("{before}write x; run {prepare}at.{at} begin rest end; read guided")
    };
    assert_eq!(
        made(watched_in("full", 3, 2)),
        [
            whole(0, "write t; ", "prepare "),
            whole(1, "", ""),
            whole(2, "write t; ", "prepare "),
        ]
    );
    // One by one there is nothing to bring in.
    let one = "write t; write x; run prepare begin rest end; read guided";
    assert_eq!(made(watched_in("full", 2, 1)), [one, one]);
    let (mut run, log) = watched("full", 3);
    run.advance().expect("a call");
    let failing = log.lock().expect("not poisoned").lines.len() + 2;
    log.lock().expect("not poisoned").fail_at = Some(failing);
    run.advance().expect_err("the executor fails");
    log.lock().expect("not poisoned").lines.clear();
    run.advance().expect("a call");
    assert_eq!(
        log.lock().expect("not poisoned").lines[..3],
        ["write t", "write x", "run prepare at.1 begin rest end"]
    );
}

#[test]
fn a_rate_is_measured_before_it_is_tracked_and_not_on_the_first_call() {
    let [a, b, c, d] = [0, 1, 2, 3].map(begun);
    assert_eq!(
        calls("easycache:threshold=9999,warmup=2,last=0", 4),
        [
            format!("{a} rest store.0 end track track.rate; read guided"),
            format!("{b} rest store.0 end track rate track.rate; read guided; read sums"),
            format!("{c} measure; read sums; write weights; run predict end track; read guided"),
            format!("{d} measure; read sums; write weights; run predict end track; read guided"),
        ]
    );
}

/// Modules: what is kept goes straight into a slot, and what is held is added from there.
#[test]
fn modules_are_computed_into_their_slots() {
    let each = |what: &dyn Fn(&str) -> String| {
        let block = |block: u32| {
            ["attention", "mlp"]
                .map(|m| what(&format!("{m}.{block}.")))
                .join(" ")
        };
        [0, 1, 2].map(block).join(" ")
    };
    let computed = each(&|name| format!("{name}rest {name}store.0"));
    let predicted = each(&|name| format!("{name}predict"));
    assert_eq!(
        calls("interval:interval=2,site=modules,last=0", 2),
        [
            format!("{} {computed} end; read guided", begun(0)),
            format!("{} {predicted} end; read guided", skipped(1)),
        ]
    );
}

/// A signal a block: each is decided when those before it have run.
#[test]
fn blocks_wait_for_their_inputs() {
    let all = calls(
        "teacache:threshold=0.6,signal=block-input,site=blocks,last=0",
        2,
    );
    let computed =
        |block: u32| format!("block.{block}.track block.{block}.rest block.{block}.store.0");
    let blocks = [0, 1, 2].map(computed).join(" ");
    assert_eq!(all[0], format!("{} {blocks} end; read guided", begun(0)));
    let asked = |block: u32| {
        let then = if block == 2 { "end" } else { "" };
        let next = block + 1;
        let more = if block < 2 {
            format!("block.{next}.measure; read sums; write weights.{next}; run ")
        } else {
            String::new()
        };
        format!("block.{block}.track block.{block}.predict {then}{more}")
    };
    let blocks = [0, 1, 2].map(asked).concat();
    assert_eq!(
        all[1],
        format!(
            "{} block.0.measure; read sums; write weights.0; run {blocks}; read guided",
            begun(1)
        )
    );
}

/// The stage that is not left out is computed, and a verified call is compared behind its parts.
#[test]
fn stages_take_turns_and_forecasts_are_verified() {
    let both = "front.rest front.store.0 middle rear.rest rear.store.0";
    assert_eq!(
        calls(
            "interval:interval=2,site=stage,share=0.34,boundary=0.5,last=0",
            4
        ),
        [
            format!("{} {both} end; read guided", begun(0)),
            format!(
                "{} front.rest middle rear.predict end; read guided",
                skipped(1)
            ),
            format!("{} {both} end; read guided", begun(2)),
            format!(
                "{} front.predict middle rear.rest end; read guided",
                skipped(3)
            ),
        ]
    );
    let verified = calls(
        "interval:interval=9,site=modules,verify=next,tolerance=0.1,last=0",
        3,
    );
    assert!(
        verified[1].ends_with("mlp.2.predict verify end; read guided; read sums"),
        "{}",
        verified[1]
    );
    // Half is more than a tenth.
    assert!(verified[2].contains("mlp.2.store.0"), "{}", verified[2]);
}

/// What is known of a computed call is read when it is over.
#[test]
fn late_signals_and_products_are_read_behind_the_call() {
    let late = calls(
        "full:gauge=late,interval=2,threshold=9,signal=modulated-input,last=0",
        3,
    );
    let computed = "rest store.0 end measure track; read guided; read sums";
    let both = [0, 1].map(|step| format!("{} {computed}", begun(step)));
    assert_eq!(late[..2], both);
    assert_eq!(
        late[2],
        format!("{} predict end track; read guided", skipped(2))
    );
    let products = calls("interval:interval=1,predictor=dmd,last=0", 2);
    assert_eq!(
        products[1],
        format!(
            "{} rest store.1 products.1 end; read guided; read sums",
            begun(1)
        )
    );
    let sums = calls("interval:interval=1,predictor=chebyshev,order=1,last=0", 2);
    assert_eq!(
        sums,
        [
            format!("{} rest set end; read guided", skipped(0)),
            format!("{} rest add end; read guided", skipped(1)),
        ]
    );
}

/// Whatever fails, the step is not made, and is computed anew when it is tried again.
#[test]
fn a_failed_call_can_be_made_again() {
    for fail_at in 1..=6 {
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
