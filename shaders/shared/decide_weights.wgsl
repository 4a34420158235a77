// The predictors of decide.wgsl: what src/predict does, over the anchors of the open call.

// Places and slots of the anchors a predictor may use, newest first; anchors from the first on at the
// place of a newer one are left out.
fn usable_anchors() -> u32 {
    var slot = state(S_NEWEST);
    var newer = NONE;
    var held = 0u;
    loop {
        if (held >= 8u || held >= state(S_ANCHORS) || held >= params.depth || newer < params.first) {
            break;
        }
        let place = state_f64(S_PLACES + 2u * slot);
        var again = false;
        for (var i = 0u; i < held; i += 1u) {
            again = again || f64_equal(places[i], place);
        }
        if (again) {
            break;
        }
        newer = state(S_STEPS + slot);
        places[held] = place;
        slots[held] = slot;
        held += 1u;
        slot = select(slot - 1u, params.ring - 1u, slot == 0u);
    }
    return held;
}

fn hold() {
    for (var i = 0u; i < 8u; i += 1u) {
        values[i] = F64_ZERO;
    }
    values[0] = F64_ONE;
    used = 1u;
}

fn pair(newest: vec2<u32>, held: u32) {
    if (held < 2u || f64_equal(newest, F64_ONE)) {
        hold();
        return;
    }
    values[0] = newest;
    values[1] = f64_subtract(F64_ONE, newest);
    used = 2u;
}

// Weights whatever the distance.
fn fixed(held: u32, kind: u32) {
    if (held < 2u) {
        hold();
        return;
    }
    used = select(2u, 3u, held >= 3u);
    if (kind == BDF2) {
        used = 2u;
        values[0] = vec2(0x55555555u, 0x3ff55555u);
        values[1] = vec2(0x55555555u, 0xbfd55555u);
    } else if (kind == RK2 && used == 3u) {
        values[0] = vec2(0u, 0x3ff80000u);
        values[2] = vec2(0u, 0xbfe00000u);
    } else if (kind == AB2 && used == 3u) {
        values[0] = vec2(0u, 0x40040000u);
        values[1] = vec2(0u, 0xc0000000u);
        values[2] = vec2(0u, 0x3fe00000u);
    } else if (kind == MOULTON && used == 3u) {
        values[0] = vec2(0x55555555u, 0x40025555u);
        values[1] = vec2(0x55555555u, 0xbff95555u);
        values[2] = vec2(0xaaaaaaabu, 0x3fd2aaaau);
    } else {
        used = 2u;
        values[0] = vec2(0u, 0x40000000u);
        values[1] = vec2(0u, 0xbff00000u);
    }
}

// The table of differences over the anchors, run on unit vectors: row i is the i-th difference.
var<private> table: array<vec2<u32>, 25>;

fn differences(held: u32) {
    var before = F64_ZERO;
    for (var known = 0u; known < held; known += 1u) {
        let newest = held - 1u - known;
        var unit: array<vec2<u32>, 5>;
        for (var n = 0u; n < held; n += 1u) {
            unit[n] = select(F64_ZERO, F64_ONE, n == newest);
        }
        let gap = f64_subtract(places[newest], before);
        before = places[newest];
        for (var order = 0u; order <= known; order += 1u) {
            for (var n = 0u; n < held; n += 1u) {
                let old = table[5u * order + n];
                table[5u * order + n] = unit[n];
                if (order < known) {
                    unit[n] = f64_divide(f64_subtract(unit[n], old), gap);
                }
            }
        }
    }
}

fn taylor(held: u32, target_place: vec2<u32>, hermite: bool) {
    differences(held);
    let distance = f64_subtract(target_place, places[0]);
    let sigma = rule(P_SIGMA);
    let argument = f64_multiply(sigma, distance);
    let twice = f64_add(sigma, sigma);
    var before = F64_ZERO;
    var now = F64_ONE;
    for (var order = 0u; order < held; order += 1u) {
        for (var n = 0u; n < held; n += 1u) {
            let more = f64_multiply(now, table[5u * order + n]);
            values[n] = f64_add(values[n], more);
        }
        var next = f64_multiply(now, select(distance, argument, hermite));
        if (hermite) {
            next = f64_multiply(twice, f64_subtract(next, f64_multiply(sigma, before)));
        }
        before = now;
        now = f64_divide(next, f64_from_u32(order + 1u));
    }
    used = held;
}

fn newton(held: u32, target_place: vec2<u32>) {
    for (var i = 0u; i < held; i += 1u) {
        var product = F64_ONE;
        for (var j = 0u; j < held; j += 1u) {
            if (i != j) {
                let far = f64_subtract(target_place, places[j]);
                let gap = f64_subtract(places[i], places[j]);
                product = f64_multiply(product, f64_divide(far, gap));
            }
        }
        values[i] = product;
    }
    used = held;
}

// Signed binomial coefficients, which are whole.
fn adams(held: u32) {
    var choose = 1u;
    for (var i = 0u; i < held; i += 1u) {
        choose = choose * (held - i) / (i + 1u);
        let value = f64_from_u32(choose);
        values[i] = select(value, f64_negated(value), (i & 1u) == 1u);
    }
    used = held;
}

fn learned(held: u32) {
    let count = policy[P_ORDER] + 1u;
    let start = rows[row + R_STEP] * count;
    if (start + count > policy[P_CURVE_LEN]) {
        return;
    }
    used = min(held, count);
    for (var i = 0u; i < used; i += 1u) {
        values[i] = rule(P_CURVE_VALUES + 2u * (start + i));
    }
}

fn has_horizon(kind: u32) -> bool {
    return (kind == TAYLOR || kind == NEWTON || kind == HERMITE) && positive(rule(P_HORIZON));
}

fn within_horizon(newest: vec2<u32>, wanted: vec2<u32>) -> vec2<u32> {
    let horizon = rule(P_HORIZON);
    let far = f64_subtract(wanted, newest);
    if (f64_at_most(unsigned(far), horizon)) {
        return wanted;
    }
    return f64_add(newest, select(horizon, f64_negated(horizon), (far.y & SIGN) != 0u));
}

// The weights of the open call.
fn blend(gamma: vec2<u32>) {
    let kind = policy[P_PREDICTOR_KIND];
    let held = usable_anchors();
    for (var i = 0u; i < 8u; i += 1u) {
        values[i] = F64_ZERO;
    }
    used = 0u;
    var wanted = of_call(R_PLACE);
    if (has_horizon(kind)) {
        wanted = within_horizon(places[0], wanted);
    }
    switch kind {
        case TAYLOR, HERMITE: {
            taylor(held, wanted, kind == HERMITE);
        }
        case NEWTON: {
            newton(held, wanted);
        }
        case ADAMS: {
            adams(held);
        }
        case GRADIENT, ALIGNED: {
            var newest = gamma;
            if (kind == GRADIENT) {
                newest = f64_add(F64_ONE, of_call(R_GAIN));
            }
            pair(newest, held);
        }
        case TABLE: {
            learned(held);
        }
        case HOLD: {
            hold();
        }
        default: {
            fixed(held, kind);
        }
    }
    // No blend in single precision could use such weights.
    for (var i = 0u; i < used; i += 1u) {
        if ((f64_to_f32(values[i]) & 0x7f800000u) == 0x7f800000u) {
            used = 0u;
        }
    }
    if (used == 0u) {
        hold();
    }
    let share = rule(P_BLEND);
    let damped = !f64_equal(share, F64_ONE);
    for (var i = 0u; i < used; i += 1u) {
        var value = values[i];
        if (damped) {
            value = f64_multiply(value, share);
            if (i == 0u) {
                value = f64_add(value, f64_subtract(F64_ONE, share));
            }
        }
        put(O_WEIGHTS + slots[i], f64_to_f32(value));
    }
    put(O_ORDER, used - 1u);
    if (policy[P_SPLIT_KIND] == 1u) {
        split_bands();
    }
}

fn split_bands() {
    var low = F64_ONE;
    var high = F64_ONE;
    if (policy[P_SITE_KIND] == 10u) {
        let boosted = f64_add(F64_ONE, rule(P_BOOST));
        if (flagged(EARLY)) {
            low = boosted;
        } else {
            high = boosted;
        }
    }
    for (var i = 0u; i < 8u; i += 1u) {
        let value = f64_from_f32(state(O_WEIGHTS + i));
        put(O_WEIGHTS + i, f64_to_f32(f64_multiply(value, high)));
    }
    put(O_LOW_WEIGHTS + state(S_NEWEST), f64_to_f32(low));
}

