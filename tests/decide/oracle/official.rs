//! The official loops, one function a method, in their own variables. `true` is a computed call.

/// TeaCache (`teacache_flux.py`): the first and the last call are computed and clear `acc`.
pub(crate) fn teacache(signals: &[f64], threshold: f64, polynomial: &[f64]) -> Vec<bool> {
    let (mut acc, n) = (0.0, signals.len());
    let rescaled = |d: f64| polynomial.iter().fold(0.0, |sum, c| sum * d + c);
    let mut out = Vec::new();
    for (cnt, d) in signals.iter().enumerate() {
        let calc = if cnt == 0 || cnt == n - 1 {
            true
        } else {
            acc += rescaled(*d);
            acc >= threshold
        };
        if calc {
            acc = 0.0;
        }
        out.push(calc);
    }
    out
}

/// First Block Cache (ParaAttention): no accumulation, no last guard, equality computes.
pub(crate) fn fbcache(signals: &[f64], threshold: f64, warmup: usize) -> Vec<bool> {
    let mut anchor = false;
    let mut out = Vec::new();
    for (step, d) in signals.iter().enumerate() {
        let can_use = step >= warmup && threshold > 0.0 && anchor && *d < threshold;
        anchor |= !can_use;
        out.push(!can_use);
    }
    out
}

/// EasyCache: `rates` holds k / mean|v_c| as it would be after computing each call; the first
/// computed call has none.
pub(crate) fn easycache(
    signals: &[f64],
    rates: &[f64],
    threshold: f64,
    ret_steps: usize,
) -> Vec<bool> {
    let (mut acc, mut k, mut computed) = (0.0, None, 0);
    let mut out = Vec::new();
    for (cnt, dx) in signals.iter().enumerate() {
        let forced = cnt < ret_steps || cnt == signals.len() - 1;
        let mut skip = false;
        if let (false, Some(k)) = (forced, k) {
            acc += k * dx;
            skip = acc < threshold;
        }
        if !skip {
            computed += 1;
            k = (computed > 1).then_some(rates[cnt]);
            acc = 0.0;
        }
        out.push(!skip);
    }
    out
}

/// MagCache (`magcache_flux.py` without its step-11 exception): nothing accumulates before `ret`.
pub(crate) fn magcache(gamma: &[f64], e: f64, k: u32, r: f64) -> Vec<bool> {
    let ret = (r * gamma.len() as f64 + 0.5) as usize;
    let (mut ratio, mut err, mut steps) = (1.0, 0.0, 0);
    let mut out = Vec::new();
    for (cnt, g) in gamma.iter().enumerate() {
        let mut skip = false;
        if cnt >= ret {
            ratio *= g;
            steps += 1;
            err += f64::abs(1.0 - ratio);
            skip = err <= e && steps <= k;
            if !skip {
                (ratio, err, steps) = (1.0, 0.0, 0);
            }
        }
        out.push(!skip);
    }
    out
}

/// TaylorSeer's schedule, and FORA's with one enhanced step: the first steps, then whenever the
/// counter since the last computed one reaches `n − 1`. The last step is not forced.
pub(crate) fn interval(calls: usize, n: usize, first_enhance: usize) -> Vec<bool> {
    let mut counter = 0;
    let mut out = Vec::new();
    for step in 0..calls {
        let full = step < first_enhance || counter == n - 1;
        counter = if full { 0 } else { counter + 1 };
        out.push(full);
    }
    out
}

/// A step mask: 1 is computed; the first call always is, there being nothing to reuse.
pub(crate) fn mask(mask: &[bool]) -> Vec<bool> {
    let mut out = mask.to_vec();
    out[0] = true;
    out
}

/// FORA (`models.py`): the step counts down, the first and every multiple of `n` are computed.
pub(crate) fn fora(steps: usize, n: usize) -> Vec<bool> {
    let counted = (0..steps).rev();
    counted
        .map(|step| step == steps - 1 || step % n == 0)
        .collect()
}

/// Pyramid Attention Broadcast (`pab_mgr.py`, `if_broadcast`), and the first call, which has nothing
/// to broadcast.
pub(crate) fn pab(timesteps: &[f64], range: usize, window: (f64, f64)) -> Vec<bool> {
    let mut out = Vec::new();
    for (count, timestep) in timesteps.iter().enumerate() {
        let inside = window.0 < *timestep && *timestep < window.1;
        let broadcast = count % range != 0 && inside && !out.is_empty();
        out.push(!broadcast);
    }
    out
}

/// T-GATE (`tgate_scheduler`) with a fidelity interval of 1: cross-attention, self-attention.
pub(crate) fn tgate(steps: usize, gate: usize, interval: usize, warm_up: usize) -> [Vec<bool>; 2] {
    let cross = (0..steps).map(|step| step < gate).collect();
    let own = (0..steps).map(|step| {
        let semantics = step < gate - 1;
        !semantics || step <= warm_up || step % interval == 0
    });
    [cross, own.collect()]
}

/// DeepCache, uniform.
pub(crate) fn deepcache(steps: usize, n: usize) -> Vec<bool> {
    (0..steps).map(|cur_step| cur_step % n == 0).collect()
}

/// AdaCache: steps from 1, a rate from the codebook (strict), the first and the last two forced. The
/// metric of the first step has no cache to compare with.
pub(crate) fn adacache(metrics: &[f64], codebook: &[(f64, u32)]) -> Vec<bool> {
    let n = metrics.len();
    let (mut prev_compute, mut rate) = (0, 1);
    let mut out = Vec::new();
    for step in 1..=n {
        let active = step == prev_compute + rate as usize || step == 1 || step + 1 >= n;
        if active {
            let gap = step - prev_compute;
            let c = metrics[step - 1] / gap as f64;
            let found = codebook.iter().find(|(key, _)| c < *key);
            rate = if step == 1 {
                1
            } else {
                found.map_or(1, |pair| pair.1)
            };
            prev_compute = step;
        }
        out.push(active);
    }
    out
}

/// DBCache (`cache_manager.can_cache`) with its counters: similar enough is `diff < threshold`.
pub(crate) fn dbcache(
    diffs: &[f64],
    threshold: f64,
    warmup: usize,
    max_cached: i64,
    max_continuous: i64,
    max_accumulated: Option<f64>,
) -> Vec<bool> {
    let (mut continuous, mut accumulated) = (0_i64, 0.0);
    let mut cached_steps: Vec<usize> = Vec::new();
    let mut buffer = false;
    let mut out = Vec::new();
    for (step, diff) in diffs.iter().enumerate() {
        let full = max_cached >= 0 && cached_steps.len() as i64 >= max_cached;
        let mut can_cache = step >= warmup && !full;
        if can_cache && max_continuous >= 0 && continuous >= max_continuous {
            continuous = 0;
            can_cache = false;
        }
        can_cache &= max_accumulated.is_none_or(|most| accumulated < most);
        if can_cache && threshold > 0.0 && buffer {
            accumulated += diff;
            can_cache = *diff < threshold;
        } else {
            can_cache = false;
        }
        if can_cache {
            match cached_steps.last() {
                None => continuous += 1,
                Some(last) if step - last == 1 => continuous += if continuous == 0 { 2 } else { 1 },
                Some(_) => {}
            }
            cached_steps.push(step);
        } else {
            buffer = true;
        }
        out.push(!can_cache);
    }
    out
}

/// Foresight, as its paper has it, for one block: λ from the last values of the warm-up, then a
/// recomputation every `interval` calls or wherever the last value is too large.
pub(crate) fn foresight(values: &[f64], warmup: usize, gamma: f64, interval: usize) -> Vec<bool> {
    let mut lambda = 0.0;
    let (mut since, mut delta) = (0, f64::INFINITY);
    let mut out = Vec::new();
    for (t, value) in values.iter().enumerate() {
        let compute = t < warmup || since + 1 >= interval || delta > gamma * lambda;
        if compute {
            if t < warmup {
                let back = |k: usize| t.checked_sub(k).map_or(0.0, |i| values[i]);
                lambda = back(0) + 0.1 * back(1) + 0.01 * back(2);
            }
            (since, delta) = (0, *value);
        } else {
            since += 1;
        }
        out.push(compute);
    }
    out
}

/// BWCache: a mean change below δ lets the next `r` calls reuse every block.
pub(crate) fn bwcache(values: &[f64], delta: f64, r: usize) -> Vec<bool> {
    let mut left = 0;
    let mut out = Vec::new();
    for value in values {
        let reuse = left > 0;
        if reuse {
            left -= 1;
        } else if *value < delta {
            left = r;
        }
        out.push(!reuse);
    }
    out
}

/// UCache (`UCachePolicy::before_forward`): `rates` holds the rate as it would be after computing
/// each call, divided by the scale.
pub(crate) fn ucache(
    changes: &[f64],
    rates: &[f64],
    threshold: f64,
    decay: f64,
    reset: bool,
    window: (f64, f64),
) -> Vec<bool> {
    let total = changes.len() as f64;
    let (mut error, mut consecutive, mut since_active) = (0.0, 0, 0);
    let mut rate = None;
    let mut out = Vec::new();
    for (step, change) in changes.iter().enumerate() {
        let share = step as f64 / total;
        let active = share >= window.0 && share < window.1;
        let mut skip = false;
        if let (true, Some(rate)) = (active, rate) {
            let approx: f64 = rate * change * (1.0 + 0.5 * f64::from(consecutive));
            error = error * decay + approx;
            let progress = f64::from(since_active) / total;
            let multiplier = if progress < 0.2 {
                0.5
            } else if progress > 0.8 {
                1.5
            } else {
                1.0
            };
            skip = error < threshold * multiplier;
            if !skip && reset {
                error = 0.0;
            }
        }
        if skip {
            consecutive += 1;
        } else {
            consecutive = 0;
            since_active += i32::from(active);
            rate = Some(rates[step]);
            if reset {
                error = 0.0;
            }
        }
        out.push(!skip);
    }
    out
}

/// DiCache: the first steps, then a sum of the probe's changes.
pub(crate) fn dicache(changes: &[f64], threshold: f64, ret: f64) -> Vec<bool> {
    let (mut acc, n) = (0.0, changes.len());
    let mut out = Vec::new();
    for (cnt, dy) in changes.iter().enumerate() {
        let forced = cnt < (ret * n as f64) as usize || cnt < 2 || cnt == n - 1;
        let mut skip = false;
        if !forced {
            acc += dy;
            skip = acc < threshold;
        }
        if !skip {
            acc = 0.0;
        }
        out.push(!skip);
    }
    out
}

/// SenCache: distances from the last computed call, weighed; `start` for the first fifth.
pub(crate) fn sencache(
    jacobians: (&[f64], &[f64]),
    distances: &[f64],
    times: &[f64],
    (start, main): (f64, f64),
    k: usize,
) -> Vec<bool> {
    let n = distances.len();
    let (mut anchor, mut skips) = (None, 0);
    let mut out = Vec::new();
    for step in 0..n {
        let threshold = if (step as f64 / n as f64) < 0.2 {
            start
        } else {
            main
        };
        let skip = anchor.is_some_and(|t: f64| {
            let elapsed = (times[step] - t).abs();
            let err = jacobians.0[step] * distances[step] + jacobians.1[step] * elapsed;
            err < threshold && skips < k
        });
        if skip {
            skips += 1;
        } else {
            (anchor, skips) = (Some(times[step]), 0);
        }
        out.push(!skip);
    }
    out
}

/// SpeCa (`cal_type.py`) behind its first step: a draft always follows a full one. The error of a
/// draft is compared with `thresholds` of its own step.
pub(crate) fn speca(
    errors: &[f64],
    thresholds: &[f64],
    first_enhance: usize,
    min_taylor: usize,
    max_taylor: usize,
) -> Vec<bool> {
    let (mut counter, mut check) = (0, false);
    let mut out = vec![true];
    for step in 1..errors.len() {
        let full = if out[step - 1] {
            false
        } else {
            let too_large = check && errors[step - 1] > thresholds[step - 1];
            step < first_enhance || counter >= max_taylor || too_large
        };
        if full {
            counter = 0;
        } else {
            // The check is on from the draft behind so many.
            check = counter >= min_taylor;
            counter += 1;
        }
        out.push(full);
    }
    out
}

/// Spectrum's window: a full step where the count of cached ones fills it, and then it grows.
pub(crate) fn spectrum(steps: usize, warmup: usize, window: f64, alpha: f64) -> Vec<bool> {
    let (mut ws, mut cached) = (window, 0);
    let mut out = Vec::new();
    for step in 0..steps {
        let full = step < warmup || (cached + 1) % (ws.floor() as usize) == 0;
        if full {
            cached = 0;
            ws += if step < warmup { 0.0 } else { alpha };
        } else {
            cached += 1;
        }
        out.push(full);
    }
    out
}

/// MagCache with what single models add: FLUX never skips where the curve's value 11 is, FramePack
/// never where the ratio itself is off by more than `most`.
pub(crate) fn magcache_of_models(
    gamma: &[f64],
    (e, k, ret): (f64, u32, usize),
    protected: Option<usize>,
    most: f64,
) -> Vec<bool> {
    let (mut ratio, mut err, mut steps) = (1.0, 0.0, 0);
    let mut out = Vec::new();
    for (cnt, g) in gamma.iter().enumerate() {
        let mut skip = false;
        if cnt >= ret {
            ratio *= g;
            steps += 1;
            err += f64::abs(1.0 - ratio);
            let own = f64::abs(1.0 - g) <= most;
            skip = err <= e && steps <= k && own && protected != Some(cnt);
            if !skip {
                (ratio, err, steps) = (1.0, 0.0, 0);
            }
        }
        out.push(!skip);
    }
    out
}
