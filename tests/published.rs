//! Traces printed by the official implementations, or simulated from their code.

use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

fn trace(text: &str, steps: u32, signal: impl Fn(u32) -> f64) -> String {
    let policy = Policy::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut scheduler =
        Scheduler::new(&policy, Timeline::new(steps), [Lane::NEW; 1]).expect("valid");
    (0..steps)
        .map(|step| {
            let pending = match scheduler.begin(Call::new(step)).expect("in order") {
                Begin::Decided(pending) => pending,
                Begin::Needs(question) => {
                    scheduler.decide(question, &[signal(step)]).expect("asked")
                }
            };
            let letter = pending.decision().action.letter();
            scheduler.commit(pending, Outcome::Done).expect("open");
            if letter == 'C' { 'C' } else { '.' }
        })
        .collect()
}

fn computed(trace: &str) -> Vec<usize> {
    trace
        .char_indices()
        .filter(|(_, c)| *c == 'C')
        .map(|(i, _)| i)
        .collect()
}

#[test]
fn magcache_flux() {
    let flux = |rest: &str, n| {
        trace(
            &format!("magcache:model=flux-dev,last=0,warmup=0,{rest}"),
            n,
            |_| f64::NAN,
        )
    };
    let a = "threshold=0.24,max_run=5,retention=0.1";
    assert_eq!(flux(a, 28), "CCC..C...C.....C.....C....C.");
    assert_eq!(
        flux("threshold=0.06,max_run=3,retention=0.2", 28),
        "CCCCCC.C.C...C...C...C..C.CC"
    );
    assert_eq!(
        flux(a, 50),
        "CCCCC.C..C...C...C.....C.....C.....C.....C...C..C."
    );
    assert_eq!(flux(a, 20), "CC..C...C.....C....C");
    assert_eq!(flux(a, 8), "C..C....");
}

#[test]
fn teacache_flux() {
    let tea = |thr: f64, d: &dyn Fn(u32) -> f64| {
        trace(&format!("teacache:model=flux-dev,threshold={thr}"), 28, d)
    };
    let constant = |_| 0.1;
    assert_eq!(tea(0.25, &constant), "C.C.C.C.C.C.C.C.C.C.C.C.C.CC");
    assert_eq!(tea(0.4, &constant), "C.C.C.C.C.C.C.C.C.C.C.C.C.CC");
    assert_eq!(tea(0.6, &constant), "C..C..C..C..C..C..C..C..C..C");
    assert_eq!(tea(0.8, &constant), "C...C...C...C...C...C...C..C");
    let bowl = |i: u32| 0.05 + 0.25 * ((f64::from(i) - 13.5) / 13.5).powi(2);
    assert_eq!(tea(0.25, &bowl), "CCCCC.C.C.C.C.C.C.C.C.CCCCCC");
    assert_eq!(tea(0.4, &bowl), "C.C.C.C.C..C..C..C..C.C.C.CC");
    assert_eq!(tea(0.6, &bowl), "C.C..C..C...C...C...C..C..CC");
}

#[test]
fn taylorseer_schedules() {
    let seer = |interval, warmup| {
        let text = format!("taylorseer:interval={interval},warmup={warmup},last=0");
        computed(&trace(&text, 50, |_| f64::NAN))
    };
    assert_eq!(
        seer(4, 3),
        [0, 1, 2, 6, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46]
    );
    assert_eq!(seer(5, 3), [0, 1, 2, 7, 12, 17, 22, 27, 32, 37, 42, 47]);
    assert_eq!(seer(6, 3), [0, 1, 2, 8, 14, 20, 26, 32, 38, 44]);
    assert_eq!(seer(7, 3), [0, 1, 2, 9, 16, 23, 30, 37, 44]);
    assert_eq!(seer(5, 1), [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
    // The DiT code counts down: 49, 48, 44, 40, …, 4, 0.
    assert_eq!(
        seer(4, 2)
            .iter()
            .map(|i| 49 - i)
            .take(4)
            .collect::<Vec<_>>(),
        [49, 48, 44, 40]
    );
    assert_eq!((seer(4, 2).len(), seer(3, 2).len()), (14, 18));
}

#[test]
fn easycache_constant_increment() {
    let policy = Policy::parse("easycache:threshold=0.025,warmup=5").expect("valid");
    let mut scheduler = Scheduler::new(&policy, Timeline::new(50), [Lane::NEW; 1]).expect("valid");
    let mut trace = String::new();
    for step in 0..50 {
        let pending = match scheduler.begin(Call::new(step)).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => scheduler.decide(question, &[0.02]).expect("asked"),
        };
        let skipped = pending.decision().action.skips();
        trace.push(if skipped { '.' } else { 'C' });
        let outcome = if skipped {
            Outcome::Done
        } else {
            Outcome::Measured(&[0.5])
        };
        scheduler.commit(pending, outcome).expect("open");
    }
    assert_eq!(trace, "CCCCC..C..C..C..C..C..C..C..C..C..C..C..C..C..C..C");
}

/// What a skipped call with that signal costs.
fn cost(text: &str, signal: f64) -> f64 {
    let policy = Policy::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut scheduler = Scheduler::new(&policy, Timeline::new(3), [Lane::NEW; 1]).expect("valid");
    let mut spent = 0.0;
    for step in 0..2 {
        let pending = match scheduler.begin(Call::new(step)).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => scheduler.decide(question, &[signal]).expect("asked"),
        };
        spent = scheduler
            .commit(pending, Outcome::Done)
            .expect("open")
            .spent;
    }
    spent
}

#[test]
fn teacache_polynomials() {
    let known: [(&str, &[(f64, f64)]); 4] = [
        (
            "flux-dev",
            &[
                (0.0, 0.2642),
                (0.02, 0.2080),
                (0.05, 0.1805),
                (0.1, 0.2068),
                (0.15, 0.2426),
                (0.2, 0.2620),
                (0.3, 0.5221),
                (0.4, 2.2765),
            ],
        ),
        (
            "hunyuan-video",
            &[
                (0.0, 0.0961),
                (0.02, 0.0571),
                (0.05, 0.0620),
                (0.1, 0.1292),
                (0.2, 0.1337),
                (0.4, 2.7482),
            ],
        ),
        (
            "wan2.1-t2v-1.3b",
            &[(0.0, 0.1379), (0.05, 0.0774), (0.1, 0.2499), (0.2, -0.1226)],
        ),
        (
            "wan2.1-t2v-14b",
            &[(0.0, -13.0225), (0.1, -0.6360), (0.15, 0.1307)],
        ),
    ];
    for (model, values) in known {
        for (signal, value) in values {
            let found = cost(&format!("teacache:model={model},threshold=1000"), *signal);
            assert!(
                (found - value).abs() < 6e-5,
                "{model} at {signal}: {found} is not {value}"
            );
        }
    }
    let found = cost("teacache:model=flux-dev,threshold=1000", 0.11);
    assert!(
        (found - 0.2068).abs() > 6e-5,
        "another signal costs as much"
    );
}

#[test]
fn a_wrong_threshold_gives_another_trace() {
    let text = "magcache:model=flux-dev,last=0,warmup=0,threshold=0.25,max_run=4,retention=0.1";
    assert_ne!(trace(text, 28, |_| 0.0), "CCC..C...C.....C.....C....C.");
}
