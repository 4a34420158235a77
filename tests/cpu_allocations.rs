//! Running on the CPU allocates nothing, but for a block of rayon's queue of jobs: a run hands the
//! pool one job, and a block holds 63.
//!
//! A binary of its own, because it counts the allocations of the whole process.

#![cfg(feature = "cpu")]

extern crate alloc;

use alloc::sync::Arc;
use core::{
    alloc::{GlobalAlloc, Layout},
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{
    alloc::System,
    sync::{Mutex, PoisonError},
};

use refrain::{
    Policy,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides},
    executor::Executor,
    kernels::AnchorFormat,
    run::{self, Backend, Engine, Settings},
    sampler::Sampler,
};

/// Counts what it is asked for, and the bytes that are out.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        let bytes = BYTES.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(bytes, Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Allocations while `work` runs.
fn allocations(mut work: impl FnMut()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

const RUNS: usize = 80;

/// Held by a test while it counts.
static ALONE: Mutex<()> = Mutex::new(());

fn emoji() -> Model {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/models/emoji/emoji_dit_f16.safetensors"
    );
    Model::open(path.as_ref(), &Overrides::default()).unwrap()
}

/// Computed, skipped, measured and rated calls.
#[test]
fn the_calls_of_a_sampling_run_allocate_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let engine = Engine::new(Arc::new(emoji()), Backend::Cpu).unwrap();
    for text in [
        "easycache:threshold=0.2",
        "taylorseer",
        "teacache",
        "teacache:filter=sea,filter_size=2",
        "dbprune:threshold=0.1",
        "adacache",
        "dicache",
        "deltadit",
        "cfgcache",
        "freqca",
        "spectrum",
        "dmd",
        "speca",
    ] {
        let settings = Settings {
            policy: Policy::parse(text).unwrap(),
            steps: 40,
            sampler: Sampler::Euler,
            guidance: 2.5,
            classes: vec![0],
            anchor_format: AnchorFormat::F32,
            seed: 0,
        };
        let mut run = engine.start(&settings).unwrap();
        for _ in 0..3 {
            run.advance().unwrap();
        }
        let total = allocations(|| while run.advance().unwrap().is_some() {});
        assert!(run.stats().skipped() > 0, "{text} skips");
        // At most three submissions a call, or one a block and one more.
        let most = if text.starts_with("dbprune") { 7 } else { 3 };
        assert!(
            total <= most * 40 / 63 + 1,
            "{total} allocations with {text}"
        );
    }
}

#[test]
fn a_forward_pass_allocates_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let model = emoji();
    let program = Lowering::whole(1).program(&model).unwrap();
    let segments = program.computed(None);
    for threads in [1, 2, 3] {
        let device = CpuDevice::new(Some(threads)).unwrap();
        let weights = CpuWeights::load(&device, &model, &program.recording).unwrap();
        let recording = Arc::clone(&program.recording);
        let mut executor = CpuExecutor::new(&device, recording, &weights).unwrap();
        let mut picture = vec![0.0; 3 * 32 * 32];
        // The first runs may set up what belongs to a thread, once.
        for _ in 0..3 {
            executor.run(&segments).unwrap();
        }
        let mut total = 0;
        for _ in 0..RUNS {
            total += allocations(|| {
                executor.write(program.buffers.x, &picture).unwrap();
                executor.run(&segments).unwrap();
                executor.read(program.buffers.output, &mut picture).unwrap();
            });
        }
        assert!(
            total <= RUNS / 63 + 1,
            "{total} allocations on {threads} threads"
        );
    }
    assert_eq!(
        allocations(|| drop(black_box(Box::new(1)))),
        1,
        "the count misses one"
    );
}

/// Bytes that are out at most while `work` runs, less those that were before.
fn peak<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = BYTES.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let made = work();
    (PEAK.load(Ordering::Relaxed) - before, made)
}

/// Everything that an engine and a run allocate, weights and all, is within 5 % of what was told
/// before.
#[test]
fn the_peak_is_what_was_told() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let model = Arc::new(emoji());
    for (text, anchor_format, pictures) in [
        ("full", AnchorFormat::F32, 4),
        ("taylorseer", AnchorFormat::F32, 4),
        ("taylorseer", AnchorFormat::F16, 4),
        ("taylorseer", AnchorFormat::Int8, 16),
        ("teacache", AnchorFormat::F32, 8),
        ("easycache", AnchorFormat::F32, 16),
        ("fbcache", AnchorFormat::Int8, 8),
        ("spectrum", AnchorFormat::F32, 4),
        ("dicache", AnchorFormat::F16, 4),
    ] {
        let settings = Settings {
            policy: Policy::parse(text).unwrap(),
            steps: 10,
            sampler: Sampler::Euler,
            guidance: 2.5,
            classes: vec![0; pictures],
            anchor_format,
            seed: 0,
        };
        let told = run::memory(&model, &settings, Backend::Cpu).unwrap();
        let (taken, run) = peak(|| {
            let engine = Engine::new(Arc::clone(&model), Backend::Cpu).unwrap();
            let mut run = engine.start(&settings).unwrap();
            while run.advance().unwrap().is_some() {}
            run
        });
        assert_eq!(run.memory(), told, "{text}");
        let apart = taken as f64 / told.total() as f64 - 1.0;
        println!("{text} in {anchor_format}, {pictures} pictures: {told}; {apart:+.4}");
        assert!(apart.abs() <= 0.05, "{text}: told {told}, taken {taken}");
    }
    // The count sees a megabyte.
    let (taken, _) = peak(|| black_box(vec![1u8; 1 << 20]));
    assert!((1 << 20..1 << 21).contains(&taken), "{taken}");
}
