//! Nothing is allocated in or around a run.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::hint::black_box;
use std::alloc::System;

use refrain::policy::{Method, Pool, Wants};
use refrain::predict::PredictorKind;
use refrain::text::Named;
use refrain::{Action, Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread asks of it.
struct Counting;

fn count() {
    COUNT.with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Requests to the allocator while `work` runs.
fn requests(work: impl FnOnce()) -> u32 {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

/// Reads the policy and makes every call of a run, with everything a host may do in between. Whether
/// its parts go together.
fn run(text: &str) -> bool {
    let Ok(policy) = Policy::parse(text) else {
        return false;
    };
    let Ok(mut scheduler) = Scheduler::new(&policy, Timeline::new(20), [Lane::NEW; 2]) else {
        return false;
    };
    let mut bytes = [0; 8192];
    let bytes = &mut bytes[..scheduler.saved_bytes()];
    for step in 0..20 {
        scheduler.save(bytes).expect("long enough");
        scheduler
            .restore(bytes)
            .unwrap_or_else(|e| panic!("{text}: {e}"));
        if step % 3 == 0 {
            drop(black_box(scheduler.begin(Call::new(step))));
            scheduler.abandon(0).expect("open");
        }
        let pending = match scheduler.begin(Call::new(step)).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                let values = &[0.05, 0.07, 1.2, 1.1][..question.values];
                scheduler.decide(question, values).expect("asked")
            }
        };
        black_box(scheduler.begin(Call::new(99)).is_err());
        let together = if policy.pool == Pool::Alone { 1 } else { 2 };
        let measured = match (pending.decision().action, policy.wants()) {
            (Action::Verify, _) => 1,
            (Action::Compute, Wants::Products) => 6,
            _ => together,
        };
        let values = &[0.4, 0.5, 0.4, 0.3, 0.2, 0.1][..measured];
        let event = scheduler.commit(pending, Outcome::Measured(values));
        black_box(event.expect("decided"));
        black_box((scheduler.stats(), scheduler.notice()));
    }
    scheduler.invalidate(0).expect("idle");
    scheduler.reset();
    true
}

#[test]
fn a_run_allocates_nothing() {
    let (mut made, mut refused) = (0, 0);
    let mut check = |text: &str| {
        let mut fits = false;
        assert_eq!(requests(|| fits = run(text)), 0, "{text}");
        *(if fits { &mut made } else { &mut refused }) += 1;
    };
    for method in Method::ALL {
        let given = if *method == Method::MagCache {
            "model=flux-dev,"
        } else if method.preset().needs_calibration || *method == Method::Mask {
            "mask=10010010010010010011,"
        } else {
            ""
        };
        let mut texts = vec![format!("{method}:{given}")];
        if *method != Method::Full {
            let extra = [
                "pool=mean",
                "predictor=taylor,order=3",
                "predictor=newton,order=2,pool=any",
                "predictor=chebyshev,order=4",
                "predictor=foca",
                "verify=next,tolerance=0.3",
                "verify=rollback,tolerance=0.3,split=band,band=0.1",
            ];
            texts.extend(extra.map(|extra| format!("{method}:{given}{extra}")));
        }
        texts.iter().for_each(|text| check(text));
    }
    for predictor in PredictorKind::ALL {
        for text in ["interval:interval=4", "easycache:rescale=identity"] {
            let text = format!("{text},predictor={predictor}");
            let table = format!("{text},curve={}", ["1"; 20].join("/"));
            let text = match predictor {
                PredictorKind::Table => table,
                _ => text,
            };
            check(&text);
        }
    }
    assert!(made > 10 * refused, "{made} runs, {refused} refused");
}

#[test]
fn an_allocation_is_counted() {
    assert_eq!(requests(|| drop(black_box(Box::new(7)))), 2);
    assert!(requests(|| drop(black_box(Policy::NEUTRAL.to_string()))) > 0);
}
