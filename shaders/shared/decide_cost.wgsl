// What a call measured, and what of the budget that costs: src/measure.rs and src/policy/gauge.rs.

fn measured_sum(at: u32) -> vec2<u32> {
    return f64_from_f32(sums[at]);
}

// A measured value that may be used.
fn usable(value: vec2<u32>) -> bool {
    return f64_is_finite(value) && ((value.y & SIGN) == 0u || f64_is_zero(value));
}

fn positive(value: vec2<u32>) -> bool {
    return f64_below(F64_ZERO, value);
}

fn unsigned(value: vec2<u32>) -> vec2<u32> {
    return select(value, f64_negated(value), f64_below(value, F64_ZERO));
}

// A tensor's change, from the pairs that the metric is made of.
fn change(pair: u32, len: u32) -> vec2<u32> {
    let metric = policy[P_METRIC];
    let size = measured_sum(2u * pair + 1u);
    var divisor = size;
    if (metric == 2u) {
        divisor = f64_sqrt(f64_multiply(size, measured_sum(2u * pair + 3u)));
    } else if (metric == 3u || metric == 4u) {
        divisor = f64_from_u32(len);
    } else if (metric == 5u) {
        divisor = F64_ONE;
    }
    let quotient = f64_divide(measured_sum(2u * pair), divisor);
    if (metric == 1u || metric == 5u) {
        return f64_sqrt(quotient);
    }
    if (metric != 2u) {
        return quotient;
    }
    let apart = f64_subtract(F64_ONE, quotient);
    return select(apart, F64_ZERO, f64_below(apart, F64_ZERO));
}

// The signal of a call: one tensor's change, or with a late gauge the mean of all.
fn signal() -> vec2<u32> {
    if (params.scripted == 1u) {
        return of_call(R_SIGNAL);
    }
    return change(0u, params.signal_len);
}

fn late_signal() -> vec2<u32> {
    var total = F64_ZERO;
    for (var i = 0u; i < params.signals; i += 1u) {
        total = f64_add(total, change(i * params.each, params.signal_len));
    }
    return f64_divide(total, f64_from_u32(params.signals));
}

// The factor of an aligned prediction.
fn factor() -> vec2<u32> {
    if (params.scripted == 1u) {
        return of_call(R_FACTOR);
    }
    if (params.alignment == NONE || control[C_TRACKED] < 2u) {
        return F64_ONE;
    }
    let pair = 2u * params.alignment;
    return f64_divide(measured_sum(pair), measured_sum(pair + 2u));
}

// What a computed call is committed with: its transformation rate, or its late signal.
fn measured() -> vec2<u32> {
    if (params.scripted == 1u) {
        return of_call(R_MEASURED);
    }
    if (control[C_TRACKED] == 0u) {
        return F64_NAN;
    }
    if (policy[P_GAUGE_KIND] == GAUGE_LATE) {
        return late_signal();
    }
    if (params.rate == NONE) {
        return F64_NAN;
    }
    let pair = 2u * params.rate;
    var rate = f64_divide(measured_sum(pair), measured_sum(pair + 1u));
    let moved = f64_divide(measured_sum(pair + 2u), f64_from_u32(params.latents));
    return f64_divide(rate, moved);
}

// What a measured value costs; NaN with `known` false if the rate it takes is not known.
struct Cost {
    known: bool,
    value: vec2<u32>,
}

fn polynomial(given: vec2<u32>) -> vec2<u32> {
    var x = given;
    if (f64_below(x, rule(P_DOMAIN_MIN))) {
        x = rule(P_DOMAIN_MIN);
    } else if (f64_below(rule(P_DOMAIN_MAX), x)) {
        x = rule(P_DOMAIN_MAX);
    }
    var total = F64_ZERO;
    for (var i = 0u; i < 6u; i += 1u) {
        total = f64_add(f64_multiply(total, x), rule(P_COEFFICIENTS + 2u * i));
    }
    return total;
}

fn cost_of(value: vec2<u32>) -> Cost {
    let rescale = policy[P_RESCALE];
    var cost = value;
    if (rescale == 1u || rescale == 3u) {
        cost = polynomial(value);
        if (rescale == 3u) {
            cost = unsigned(cost);
        }
    } else if (rescale == 2u) {
        if (f64_below(state_f64(S_RATE), F64_ZERO)) {
            return Cost(false, F64_NAN);
        }
        cost = f64_multiply(state_f64(S_RATE), value);
    } else if (rescale == 4u) {
        cost = f64_divide(value, f64_from_u32(max(state(S_RUN) + 1u, state(S_RUN))));
    } else if (rescale == 5u) {
        if (!flagged(SENSITIVE)) {
            return Cost(false, F64_NAN);
        }
        let passed = unsigned(f64_subtract(of_call(R_TIME), state_f64(S_COMPUTED_TIME)));
        let by_signal = f64_multiply(of_call(R_OF_SIGNAL), value);
        cost = f64_add(by_signal, f64_multiply(of_call(R_OF_TIME), passed));
    }
    let dearer = f64_multiply(rule(P_RUN_FACTOR), f64_from_u32(state(S_RUN)));
    return Cost(true, f64_multiply(cost, f64_add(F64_ONE, dearer)));
}
