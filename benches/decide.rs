//! What one call costs the host in the decide layer: begin, decide and commit, by family.

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

/// One policy a family, and the forecasts.
const POLICIES: [(&str, &str); 10] = [
    ("full", "full"),
    ("interval", "interval:interval=4"),
    (
        "mask",
        "mask:11010010001000010000100001000100001000010001001001",
    ),
    ("teacache", "teacache:model=flux-dev,threshold=0.4"),
    ("fbcache", "fbcache:threshold=0.1"),
    ("easycache", "easycache:threshold=0.1"),
    (
        "magcache",
        "magcache:model=flux-dev,threshold=0.24,max_run=5",
    ),
    ("taylorseer-1", "taylorseer:interval=4,order=1"),
    ("taylorseer-3", "taylorseer:interval=4,order=3"),
    ("newton-3", "interval:interval=4,predictor=newton,order=3"),
];
const STEPS: u32 = 50;

/// All calls of a run.
fn run(scheduler: &mut Scheduler<[Lane; 1]>) -> u32 {
    scheduler.reset();
    let mut skipped = 0;
    for step in 0..STEPS {
        let pending = match scheduler.begin(Call::new(black_box(step))) {
            Ok(Begin::Decided(pending)) => pending,
            Ok(Begin::Needs(question)) => match scheduler.decide(question, black_box(&[0.06])) {
                Ok(pending) => pending,
                Err(error) => panic!("{error}"),
            },
            Err(error) => panic!("{error}"),
        };
        skipped += u32::from(black_box(pending.decision()).action.skips());
        if let Err(error) = scheduler.commit(pending, Outcome::Measured(black_box(&[0.5]))) {
            panic!("{error}");
        }
    }
    skipped
}

fn calls(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call");
    group.throughput(Throughput::Elements(STEPS.into()));
    for (name, text) in POLICIES {
        let policy = Policy::parse(text).expect("valid");
        let timeline = Timeline::new(STEPS);
        let mut scheduler = Scheduler::new(&policy, timeline, [Lane::NEW; 1]).expect("valid");
        assert!(
            (run(&mut scheduler) > 0) == (name != "full"),
            "{name} skips nothing"
        );
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| run(&mut scheduler));
        });
    }
    group.finish();
}

fn states(criterion: &mut Criterion) {
    let policy = Policy::parse("teacache:threshold=0.1").expect("valid");
    let timeline = Timeline::new(STEPS);
    let mut scheduler = Scheduler::new(&policy, timeline, [Lane::NEW; 1]).expect("valid");
    let mut bytes = vec![0; scheduler.saved_bytes()];
    criterion.bench_function("save and restore", |bencher| {
        bencher.iter(|| {
            scheduler.save(&mut bytes).expect("long enough");
            scheduler.restore(black_box(&bytes)).expect("just saved");
        });
    });
    let text = "teacache:model=flux-dev,threshold=0.4,warmup=2,max_run=3";
    criterion.bench_function("parse", |bencher| {
        bencher.iter(|| Policy::parse(black_box(text)).expect("valid"));
    });
}

criterion_group!(benches, calls, states);
criterion_main!(benches);
