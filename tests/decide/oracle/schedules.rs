//! The fixed schedules, from the official code.

use super::{Fault, Settings};

/// Whether the schedule computes that step.
pub(super) fn computes(s: &Settings, steps: u32, step: u32) -> bool {
    let interval = i64::from(s.interval);
    let (step_, steps_) = (i64::from(step), i64::from(steps));
    match s.schedule.as_str() {
        "first" if s.fault == Some(Fault::OffsetIgnored) => step_ % interval == 0,
        "last" if s.fault == Some(Fault::CountedFromTheStart) => step_ % interval == 0,
        "first" => (step_ - i64::from(s.offset)).rem_euclid(interval) == 0,
        "last" => (steps_ - 1 - step_) % interval == 0,
        "quadratic" => {
            let count = steps.div_ceil(s.interval);
            let real = s.fault == Some(Fault::RealPowers);
            let steps = quadratic(steps, count, s.center, real);
            steps
                .expect("the official code finds some")
                .contains(&step_)
        }
        "scm" => scm(&s.level, steps as usize)[step as usize],
        "toca" => toca(s, steps, steps - 1 - step),
        other => panic!("the oracle knows no schedule {other}"),
    }
}

/// DeepCache's `sample_from_quad_center`: numpy's complex powers, cut down to their real parts. It
/// gives up where no power gives as many.
pub(crate) fn quadratic(total: u32, count: u32, center: f64, real: bool) -> Option<Vec<i64>> {
    let mut pow = 1.2;
    while pow > 1.0 {
        let ends = [-center, f64::from(total) - center].map(|v| power([v, 0.0], 1.0 / pow, real));
        let mut values: Vec<i64> = (0..=count)
            .map(|i| {
                let share = f64::from(i) / f64::from(count);
                let x = [0, 1].map(|k| ends[0][k] + (ends[1][k] - ends[0][k]) * share);
                power(x, pow, real)[0] as i64
            })
            .collect();
        values.sort_unstable();
        values.dedup();
        let inner = values.get(1..values.len().max(2) - 1).unwrap_or(&[]);
        let mut out = vec![0];
        out.extend(inner.iter().map(|v| (*v as f64 + center) as i64));
        if out.len() == count as usize {
            return Some(out);
        }
        pow -= 0.02;
    }
    None
}

/// `x` to that power: the principal value, or the power of the size with the sign put back.
fn power(x: [f64; 2], exponent: f64, real: bool) -> [f64; 2] {
    if real {
        return [x[0].signum() * x[0].abs().powf(exponent), 0.0];
    }
    let size = x[0].hypot(x[1]).powf(exponent);
    let angle = x[1].atan2(x[0]) * exponent;
    [size * angle.cos(), size * angle.sin()]
}

/// cache-dit's `steps_mask`.
pub(crate) fn scm(level: &str, steps: usize) -> Vec<bool> {
    type Bins = (Vec<usize>, Vec<usize>);
    let pick = |bins: [(&[usize], &[usize]); 4]| -> Bins {
        let at = ["slow", "medium", "fast", "ultra"]
            .iter()
            .position(|l| *l == level);
        let (compute, cache) = bins[at.expect("a level")];
        (compute.to_vec(), cache.to_vec())
    };
    let of_28: [(&[usize], &[usize]); 4] = [
        (&[8, 3, 3, 2, 1, 1], &[1, 2, 2, 2, 3]),
        (&[6, 2, 2, 2, 2, 1], &[1, 3, 3, 3, 3]),
        (&[6, 1, 1, 1, 1, 1], &[1, 3, 4, 5, 4]),
        (&[4, 1, 1, 1, 1], &[2, 5, 6, 7]),
    ];
    let sum = |bins: &Bins| bins.0.iter().chain(&bins.1).sum::<usize>();
    let mut bins = match steps {
        16.. => pick(of_28),
        10..16 => pick([
            (&[4, 2, 2, 2, 1], &[1, 1, 1, 1]),
            (&[4, 2, 1, 1, 1], &[1, 1, 2, 2]),
            (&[3, 1, 1, 1, 1], &[1, 2, 2, 3]),
            (&[2, 1, 1, 1, 1], &[1, 2, 3, 3]),
        ]),
        9 => pick([
            (&[5, 2, 1], &[1]),
            (&[5, 1, 1], &[1, 1]),
            (&[4, 1, 1], &[1, 2]),
            (&[3, 1, 1], &[2, 2]),
        ]),
        8 => pick([
            (&[5, 1, 1], &[1]),
            (&[4, 1, 1], &[1, 1]),
            (&[3, 1, 1], &[1, 2]),
            (&[2, 1, 1], &[2, 2]),
        ]),
        6 => (vec![3, 1], vec![2]),
        4 => (vec![2, 1], vec![1]),
        // The official code knows no others.
        _ => return vec![true; steps],
    };
    if steps > 28 {
        let start = bins.clone();
        let grown = |bin: usize| ((bin as f64 * (steps as f64 / 28.0 * 0.5)) as usize).max(1);
        'grow: while sum(&bins) < steps {
            for i in 0..start.1.len() {
                bins.0[i] += grown(start.0[i]);
                if sum(&bins) >= steps {
                    break 'grow;
                }
                bins.1[i] += grown(start.1[i]);
                if sum(&bins) >= steps {
                    break 'grow;
                }
            }
            *bins.0.last_mut().expect("there are some") += 1;
        }
    }
    // One off the last bins in turn, the cached ones first.
    let mut cached = true;
    while sum(&bins) > steps {
        let side = if cached { &mut bins.1 } else { &mut bins.0 };
        if let Some(last) = side.last_mut() {
            *last -= 1;
            if *last == 0 {
                side.pop();
            }
        }
        cached = !cached;
    }
    let mut mask = Vec::new();
    for i in 0..bins.0.len().max(bins.1.len()) {
        mask.extend(vec![true; bins.0.get(i).copied().unwrap_or(0)]);
        mask.extend(vec![false; bins.1.get(i).copied().unwrap_or(0)]);
    }
    mask[steps - 1] = true;
    mask
}

/// ToCa's and DuCa's schedule; `step` counts down.
fn toca(s: &Settings, steps: u32, step: u32) -> bool {
    let (n, at) = (f64::from(steps), f64::from(step));
    // numpy's round: half to even.
    let mut threshold = (f64::from(s.interval) / (1.4 - 0.8 * at / n)).round_ties_even();
    if at >= 0.2 * n && at < 0.4 * n && s.fault != Some(Fault::NoSensitiveZone) {
        threshold = 2.0;
    }
    step == steps - 1 || step % threshold as u32 == 0
}
