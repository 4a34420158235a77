//! Decisions against each peer's own rule, written down here a second time from its code, over random
//! signals.

use refrain::policy::peers::Peer::{self, CacheDit, Diffusers, SdCpp};
use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

const RUNS: u64 = 200;

/// Numbers from 0 to 1, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from((self.0 >> 33) as u32) / f64::from(1_u32 << 31)
    }
}

/// A run's measurements.
struct Run {
    signals: Vec<f64>,
    rates: Vec<f64>,
}

fn runs(steps: u32) -> impl Iterator<Item = Run> {
    (1..=RUNS).map(move |seed| {
        let mut random = Random(seed);
        let scale = random.next();
        let mut many = || (0..steps).map(|_| random.next() * scale).collect();
        Run {
            signals: many(),
            rates: many(),
        }
    })
}

/// The trace of a peer's options; the time of a step is 1000 − 20 · step.
fn trace(peer: Peer, options: &str, run: &Run) -> String {
    let (policy, _) = Policy::from_peer(peer, options).unwrap_or_else(|e| panic!("{options}: {e}"));
    let steps = run.signals.len() as u32;
    let timeline = Timeline::new(steps);
    let mut scheduler = Scheduler::new(&policy, timeline, [Lane::NEW; 1]).expect(options);
    let (mut trace, mut computed) = (String::new(), 0);
    for step in 0..steps {
        let call = Call {
            time: 1000.0 - 20.0 * f64::from(step),
            ..Call::new(step)
        };
        let signal = run.signals[step as usize];
        let pending = match scheduler.begin(call).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => scheduler.decide(question, &[signal]).expect("asked"),
        };
        let skipped = pending.decision().action.skips();
        trace.push(if skipped { '.' } else { 'C' });
        computed += u32::from(!skipped);
        // A rate takes two computed steps.
        let rate = [if computed > 1 {
            run.rates[step as usize]
        } else {
            f64::NAN
        }];
        let outcome = match policy.wants() {
            refrain::policy::Wants::Rate if !skipped => Outcome::Measured(&rate),
            _ => Outcome::Done,
        };
        scheduler.commit(pending, outcome).expect("open");
    }
    trace
}

/// Compares with a rule that says of each step whether it is skipped; it must skip some of all runs.
fn agrees(peer: Peer, options: &str, steps: u32, rule: impl Fn(&Run) -> Vec<bool>) {
    let mut skipped = 0;
    for run in runs(steps) {
        let expected: String = rule(&run)
            .iter()
            .map(|skip| if *skip { '.' } else { 'C' })
            .collect();
        skipped += expected.matches('.').count();
        assert_eq!(trace(peer, options, &run), expected, "{options}");
    }
    let all = RUNS as usize * steps as usize;
    assert!(skipped * 50 > all && skipped < all, "{options}: {skipped}");
}

fn idle(steps: u32) -> Run {
    Run {
        signals: vec![f64::NAN; steps as usize],
        rates: vec![0.0; steps as usize],
    }
}

fn computed(trace: &str) -> Vec<usize> {
    let steps = trace.char_indices();
    steps.filter(|(_, c)| *c == 'C').map(|(i, _)| i).collect()
}

/// easycache.hpp, without its window: the change against the last computed step adds up.
#[test]
fn sd_cpp_easycache() {
    let options = "--cache-mode easycache --cache-option threshold=0.25,start=0,end=1";
    agrees(SdCpp, options, 20, |run| {
        let (mut rate, mut spent) = (None, 0.0);
        let mut before = 0;
        let step = |(i, signal): (usize, &f64)| {
            let known: Option<f64> = rate;
            let skip = known.is_some_and(|rate| {
                spent += rate * signal;
                spent < 0.25
            });
            if !skip {
                spent = 0.0;
                before += 1;
                rate = (before > 1).then(|| run.rates[i]);
            }
            skip
        };
        run.signals.iter().enumerate().map(step).collect()
    });
}

/// ucache.hpp with relative=0, where the rate per mean|v| is what the host hands in.
#[test]
fn sd_cpp_ucache() {
    for (reset, steps) in [(1, 20_u32), (0, 20), (1, 50), (0, 28)] {
        let options = format!(
            "--cache-mode ucache --cache-option threshold=0.8,decay=0.9,relative=0,reset={reset} \
             --steps {steps}"
        );
        agrees(SdCpp, &options, steps, |run| {
            let cut = |share: f32| (share * steps as f32) as usize;
            let (start, end) = (cut(0.15), cut(0.95));
            let (mut rate, mut spent): (Option<f64>, f64) = (None, 0.0);
            let (mut recorded, mut streak) = (0, 0);
            let mut out = Vec::new();
            for (i, signal) in run.signals.iter().enumerate() {
                let active = (start..end).contains(&i);
                let mut skip = false;
                if let (true, Some(rate)) = (active, rate) {
                    let error = rate * signal * (1.0 + 0.5 * f64::from(streak));
                    spent = spent * 0.9 + error;
                    let progress = f64::from(recorded) / f64::from(steps);
                    let factor = match progress {
                        p if p < 0.2 => 0.5,
                        p if p > 0.8 => 1.5,
                        _ => 1.0,
                    };
                    skip = spent < 0.8 * factor;
                    if !skip && reset == 1 {
                        spent = 0.0;
                    }
                }
                if skip {
                    streak += 1;
                } else if active {
                    streak = 0;
                    recorded += 1;
                    rate = (recorded > 1).then(|| run.rates[i]);
                }
                out.push(skip);
            }
            out
        });
    }
}

/// cache_dit.hpp, whose options but the threshold do nothing.
#[test]
fn sd_cpp_block_modes() {
    for (mode, options, threshold) in [
        ("dbcache", "threshold=0.25", 0.25),
        ("taylorseer", "Fn=12,threshold=0.5", 0.5 * 1.08),
        ("cache-dit", "fn=8,bn=10,threshold=0.5", 0.5 * 0.7),
    ] {
        for steps in [20_u32, 28, 50] {
            let line = format!("--cache-mode {mode} --cache-option \"{options}\" --steps {steps}");
            agrees(SdCpp, &line, steps, |run| {
                let cut = |share: f32| (share * steps as f32) as usize;
                let active = cut(0.15)..cut(0.95);
                let mut anchor = false;
                let step = |(i, signal): (usize, &f64)| {
                    let skip = active.contains(&i) && anchor && *signal < threshold;
                    anchor |= active.contains(&i);
                    skip
                };
                run.signals.iter().enumerate().map(step).collect()
            });
        }
    }
}

/// spectrum.hpp's schedule.
#[test]
fn sd_cpp_spectrum() {
    for (steps, window, flex, warmup, stop) in [
        (20_u32, 2, 0.5_f32, 4, 0.9_f32),
        (50, 2, 0.5, 4, 0.9),
        (28, 3, 0.25, 2, 0.75),
        (50, 2, 0.75, 5, 1.0),
    ] {
        let options = format!(
            "--cache-mode spectrum --cache-option \
             window={window},flex={flex},warmup={warmup},stop={stop} --steps {steps}"
        );
        let end = (stop * steps as f32) as u32;
        let (mut run, mut size, mut expected) = (0, window as f32, String::new());
        for step in 0..steps {
            let forecast =
                step >= warmup && step < end && (run + 1) % (size.floor() as u32).max(1) != 0;
            if forecast {
                run += 1;
            } else {
                run = 0;
                size += if step >= warmup { flex } else { 0.0 };
            }
            expected.push(if forecast { '.' } else { 'C' });
        }
        assert_eq!(trace(SdCpp, &options, &idle(steps)), expected, "{options}");
    }
}

/// cache_manager.py of cache-dit 1.5.3, in its order.
#[test]
fn cache_dit_dbcache() {
    struct Limits {
        total: i64,
        run: i64,
        spent: Option<f64>,
    }
    for (text, warmup, threshold, limits) in [
        (
            "DBCacheConfig()",
            8,
            0.08,
            Limits {
                total: -1,
                run: -1,
                spent: None,
            },
        ),
        (
            "DBCacheConfig(max_warmup_steps=4, residual_diff_threshold=0.3, \
             max_continuous_cached_steps=1)",
            4,
            0.3,
            Limits {
                total: -1,
                run: 1,
                spent: None,
            },
        ),
        (
            "max_warmup_steps: 0\nresidual_diff_threshold: 0.5\nmax_continuous_cached_steps: 3\n\
             max_cached_steps: 6",
            0,
            0.5,
            Limits {
                total: 6,
                run: 3,
                spent: None,
            },
        ),
        (
            "max_warmup_steps=2, residual_diff_threshold=0.4, \
             max_accumulated_residual_diff_threshold=1.5",
            2,
            0.4,
            Limits {
                total: -1,
                run: -1,
                spent: Some(1.5),
            },
        ),
    ] {
        agrees(CacheDit, text, 28, |run| {
            let (mut total, mut streak, mut spent, mut buffer) = (0, 0, 0.0, false);
            let mut out = Vec::new();
            for (i, signal) in run.signals.iter().enumerate() {
                let capped = limits.total >= 0 && total >= limits.total
                    || limits.run >= 0 && streak >= limits.run
                    || limits.spent.is_some_and(|most| spent >= most);
                let mut skip = false;
                if i >= warmup && !capped && buffer {
                    spent += signal;
                    skip = *signal < threshold;
                }
                if skip {
                    total += 1;
                    streak += 1;
                } else {
                    streak = 0;
                    buffer = true;
                }
                out.push(skip);
            }
            out
        });
    }
}

/// With a mask: the warm-up is the mask's first run of ones; a warm-up with an interval is a mask.
#[test]
fn cache_dit_masks() {
    let mask = "1110010001000011100001000001";
    let list: Vec<String> = mask.chars().map(String::from).collect();
    let list = list.join(", ");
    let ones: Vec<bool> = mask.chars().map(|c| c == '1').collect();
    let dynamic =
        format!("DBCacheConfig(steps_computation_mask=[{list}], residual_diff_threshold=0.3)");
    agrees(CacheDit, &dynamic, 28, |run| {
        let steps = run.signals.iter().zip(&ones);
        steps.map(|(signal, one)| !one && *signal < 0.3).collect()
    });
    let fixed = format!("{dynamic}, steps_computation_policy=static");
    agrees(CacheDit, &fixed, 28, |_| {
        ones.iter().map(|one| !one).collect()
    });
    let warmup = "max_warmup_steps=8, warmup_interval=3, num_inference_steps=28, \
                  residual_diff_threshold=0.3";
    agrees(CacheDit, warmup, 28, |run| {
        let steps = run.signals.iter().enumerate();
        let warm = |i: usize| i < 8 && i.is_multiple_of(3);
        steps
            .map(|(i, signal)| i > 0 && !warm(i) && *signal < 0.3)
            .collect()
    });
}

/// first_block_cache.py: equal skips.
#[test]
fn diffusers_first_block() {
    agrees(
        Diffusers,
        "FirstBlockCacheConfig(threshold=0.2)",
        28,
        |run| {
            let steps = run.signals.iter().enumerate();
            steps.map(|(i, signal)| i > 0 && *signal <= 0.2).collect()
        },
    );
    let text = "FirstBlockCacheConfig(threshold=0.5)";
    let run = Run {
        signals: vec![0.5, 0.5, 0.500_001],
        rates: vec![0.0; 3],
    };
    assert_eq!(trace(Diffusers, text, &run), "C.C");
}

/// mag_cache.py on the published FLUX ratios: traces of its own code.
#[test]
fn diffusers_mag_cache() {
    let mag = |options: &str, steps| {
        let text = format!("MagCacheConfig(mag_ratios=FLUX_MAG_RATIOS{options})");
        trace(Diffusers, &text, &idle(steps))
    };
    let fast = ", threshold=0.24, max_skip_steps=5, retention_ratio=0.1";
    assert_eq!(mag("", 28), "CCCCCC.C.C...C...C...C..C.CC");
    assert_eq!(mag(fast, 28), "CCC..C...C.....C.....C....C.");
    assert_eq!(
        mag(fast, 50),
        "CCCCC.C..C...C...C.....C.....C.....C.....C...C..C."
    );
    assert_eq!(mag(", max_skip_steps=0", 28), "C".repeat(28));
    let unit = "MagCacheConfig(mag_ratios=[1.0, 1.02, 1.02, 1.02, 1.02], retention_ratio=0)";
    // |1 - 1.02| is below 0.06, and with |1 - 1.02²| on top above it.
    assert_eq!(trace(Diffusers, unit, &idle(5)), "C.C.C");
}

/// taylorseer_cache.py: a warm-up, then (step - before - 1) mod interval = 0.
#[test]
fn diffusers_taylorseer() {
    let seer = |options: &str| {
        let text = format!("TaylorSeerCacheConfig({options})");
        computed(&trace(Diffusers, &text, &idle(50)))
    };
    assert_eq!(seer(""), [0, 1, 2, 4, 9, 14, 19, 24, 29, 34, 39, 44, 49]);
    let ten = seer("cache_interval=5, disable_cache_before_step=10");
    assert_eq!(ten.len(), 18);
    assert_eq!(ten[9..], [9, 11, 16, 21, 26, 31, 36, 41, 46]);
    for (interval, before, after) in [(4, 3, 45), (6, 1, 40), (2, 7, 50), (1, 3, 20)] {
        let found = seer(&format!(
            "cache_interval={interval}, disable_cache_before_step={before}, \
             disable_cache_after_step={after}"
        ));
        let full = |step: &usize| {
            let step = *step as i64;
            step < before || (step - before - 1).rem_euclid(interval) == 0 || step >= after
        };
        let expected: Vec<usize> = (0..50).filter(full).collect();
        assert_eq!(found, expected);
    }
}

/// pyramid_attention_broadcast.py: traces of its own code.
#[test]
fn diffusers_pyramid() {
    let pab = |range, low, high| {
        let text = format!(
            "PyramidAttentionBroadcastConfig(spatial_attention_block_skip_range={range}, \
             spatial_attention_timestep_skip_range=({low}, {high}))"
        );
        trace(Diffusers, &text, &idle(50))
    };
    assert_eq!(
        pab(2, 100, 850),
        "CCCCCCCCC.C.C.C.C.C.C.C.C.C.C.C.C.C.C.C.C.C.CCCCCC"
    );
    assert_eq!(
        pab(6, 100, 800),
        "CCCCCCCCCCC.C.....C.....C.....C.....C.....C..CCCCC"
    );
}

/// sea_cache.py: the change adds up against the step before; both ends and long runs are computed.
#[test]
fn diffusers_sea_cache() {
    let text = "SeaCacheConfig(threshold=0.4, retention_steps=3, cache_end_steps=2)";
    agrees(Diffusers, text, 28, |run| {
        let (mut spent, mut streak) = (0.0, 0);
        let step = |(i, signal): (usize, &f64)| {
            let forced = !(3..26).contains(&i) || streak >= 2;
            let skip = !forced && spent + signal < 0.4;
            spent = if skip { spent + signal } else { 0.0 };
            streak = if skip { streak + 1 } else { 0 };
            skip
        };
        run.signals.iter().enumerate().map(step).collect()
    });
}

/// faster_cache.py, guidance-distilled: inside the window all but every so-manieth step.
#[test]
fn diffusers_faster_cache() {
    let text =
        "FasterCacheConfig(is_guidance_distilled=True, spatial_attention_block_skip_range=3)";
    let found = trace(Diffusers, text, &idle(50));
    let skip = |i: usize| 1000 - 20 * i < 681 && !i.is_multiple_of(3);
    let expected: String = (0..50).map(|i| if skip(i) { '.' } else { 'C' }).collect();
    assert_eq!(found, expected);
}

/// The comparison notices a threshold that is a little off.
#[test]
fn another_rule_is_noticed() {
    let noticed = std::panic::catch_unwind(|| {
        agrees(
            Diffusers,
            "FirstBlockCacheConfig(threshold=0.2)",
            28,
            |run| {
                let steps = run.signals.iter().enumerate();
                steps.map(|(i, signal)| i > 0 && *signal <= 0.21).collect()
            },
        );
    });
    assert!(noticed.is_err());
}
