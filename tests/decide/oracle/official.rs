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
