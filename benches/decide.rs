//! What one call costs the host in the decide layer: begin, decide and commit, by family.

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use refrain::policy::Wants;
use refrain::{Action, Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

/// What costs differently: gauges, schedules, predictors, verification, masks.
const POLICIES: [(&str, &str); 22] = [
    ("full", "full"),
    ("interval", "interval:interval=4"),
    ("interval, growing", "interval:interval=2,growth=0.75"),
    (
        "quadratic",
        "deepcache:schedule=quadratic,interval=3,center=15",
    ),
    ("scm", "scm"),
    ("toca", "toca"),
    (
        "mask",
        "mask:11010010001000010000100001000100001000010001001001",
    ),
    ("signal, sum", "fbcache:threshold=0.1"),
    (
        "signal, polynomial",
        "teacache:model=flux-dev,threshold=0.4",
    ),
    ("signal, rate", "easycache:threshold=0.1"),
    ("late, codebook", "adacache"),
    ("curve", "magcache:model=flux-dev,threshold=0.24,max_run=5"),
    (
        "taylor, order 1",
        "interval:interval=4,predictor=taylor,order=1",
    ),
    (
        "taylor, order 4",
        "interval:interval=4,predictor=taylor,order=4",
    ),
    (
        "newton, order 4",
        "interval:interval=4,predictor=newton,order=4",
    ),
    (
        "hermite, order 4",
        "interval:interval=4,predictor=hermite,order=4",
    ),
    ("foca", "interval:interval=4,predictor=foca"),
    (
        "adams-bashforth",
        "interval:interval=4,predictor=adams-bashforth,order=2",
    ),
    (
        "gradient",
        "interval:interval=4,predictor=gradient,gain=0.5",
    ),
    (
        "chebyshev, order 4",
        "interval:interval=4,predictor=chebyshev,order=4",
    ),
    ("dmd", "interval:interval=4,predictor=dmd"),
    (
        "taylor, order 4, verified",
        "interval:interval=4,predictor=taylor,order=4,verify=next,tolerance=0.1,tolerance_decay=0.01",
    ),
];
const STEPS: u32 = 50;

/// All calls of a run.
fn run(scheduler: &mut Scheduler<[Lane; 1], &Policy>) -> u32 {
    scheduler.reset();
    let products = scheduler.policy().wants() == Wants::Products;
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
        let action = black_box(pending.decision()).action;
        skipped += u32::from(action.skips());
        let measured = if products && action == Action::Compute {
            black_box(&[1.0, 0.9, 0.7, 0.6, 0.5, 0.3][..])
        } else {
            black_box(&[0.05][..])
        };
        if let Err(error) = scheduler.commit(pending, Outcome::Measured(measured)) {
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

/// A mask with a column for each of 64 blocks, and a lane each; a call is one lane's.
fn wide(criterion: &mut Criterion) {
    const LANES: u32 = 64;
    let bits: String = (0..STEPS * LANES)
        .map(|bit| {
            if bit < LANES || bit % 3 == 0 {
                '1'
            } else {
                '0'
            }
        })
        .collect();
    let policy = Policy::parse(&format!("mask:{bits},site=blocks")).expect("valid");
    let lanes = [Lane::NEW; LANES as usize];
    let mut scheduler = Scheduler::new(&policy, Timeline::new(STEPS), lanes).expect("valid");
    let mut group = criterion.benchmark_group("call");
    group.throughput(Throughput::Elements(u64::from(STEPS * LANES)));
    group.bench_function("mask of 64 columns", |bencher| {
        bencher.iter(|| {
            scheduler.reset();
            for step in 0..STEPS {
                for lane in 0..LANES {
                    let call = Call {
                        lane,
                        ..Call::new(black_box(step))
                    };
                    let Ok(Begin::Decided(pending)) = scheduler.begin(call) else {
                        panic!("a mask asks nothing");
                    };
                    black_box(pending.decision());
                    scheduler.commit(pending, Outcome::Done).expect("decided");
                }
            }
        });
    });
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

criterion_group!(benches, calls, wide, states);
criterion_main!(benches);
