// The scheduler's transitions for one call: what src/scheduler does, bit for bit.
//
// A dispatch commits the call that the lane before it has decided, if one is open, then begins and
// decides the next one of `rows` and says what of the program is to run. One more dispatch behind the
// last call commits that one. One invocation, one workgroup.
//
// policy: the words of `Policy`. rows: a `CallRow` each. sums: pairs of f32, as `Pairs` says.
// control: 8 words, then the lanes as `Scheduler::save` writes them. trace: an `Event` and the weights
// of both bands, a call. weights, corrections: (8).

struct Params {
    // 1: values come from the rows. 0: from the sums.
    scripted: u32,
    // Slots of the ring, anchors looked at, and the first step whose anchor may be.
    ring: u32,
    depth: u32,
    first: u32,
    steps: u32,
    calls: u32,
    // Pairs of sums; NONE where there are none.
    signals: u32,
    each: u32,
    signal_len: u32,
    alignment: u32,
    rate: u32,
    verify: u32,
    verify_len: u32,
    latents: u32,
    // 1: corrections are wanted.
    band: u32,
    pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> policy: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> sums: array<u32>;
@group(0) @binding(4) var<storage, read_write> control: array<u32>;
@group(0) @binding(5) var<storage, read_write> trace: array<u32>;
@group(0) @binding(6) var<storage, read_write> weights: array<u32>;
@group(0) @binding(7) var<storage, read_write> corrections: array<u32>;

// Where the lane and the row of the open call begin.
var<private> lane: u32;
var<private> row: u32;

// The anchors in use, newest first, and their weights.
var<private> places: array<vec2<u32>, 8>;
var<private> slots: array<u32, 8>;
var<private> values: array<vec2<u32>, 8>;
var<private> used: u32;

fn state(at: u32) -> u32 {
    return control[lane + at];
}

fn state_f64(at: u32) -> vec2<u32> {
    return vec2(control[lane + at], control[lane + at + 1u]);
}

fn put(at: u32, value: u32) {
    control[lane + at] = value;
}

fn put_f64(at: u32, value: vec2<u32>) {
    control[lane + at] = value.x;
    control[lane + at + 1u] = value.y;
}

// Counts up, and stays at the largest number.
fn count(at: u32) {
    put(at, max(state(at) + 1u, state(at)));
}

fn rule(at: u32) -> vec2<u32> {
    return vec2(policy[at], policy[at + 1u]);
}

fn of_call(at: u32) -> vec2<u32> {
    return vec2(rows[row + at], rows[row + at + 1u]);
}

fn flagged(flag: u32) -> bool {
    return (rows[row + R_FLAGS] & flag) != 0u;
}

// The threshold that counts at the call.
fn threshold(scale: vec2<u32>) -> vec2<u32> {
    var share = of_call(R_SHARE);
    if (policy[P_PROGRESS] == 1u) {
        share = f64_divide(f64_from_u32(state(S_ACTIVE)), f64_from_u32(params.calls));
    }
    var phase = F64_ONE;
    if (f64_below(share, rule(P_EARLY_UNTIL))) {
        phase = rule(P_EARLY_FACTOR);
    } else if (f64_below(rule(P_LATE_FROM), share)) {
        phase = rule(P_LATE_FACTOR);
    }
    let plain = f64_multiply(rule(P_THRESHOLD), phase);
    if (policy[P_SCALE] == 0u) {
        return plain;
    }
    return f64_multiply(plain, scale);
}

fn allows(spent: vec2<u32>, most: vec2<u32>) -> bool {
    if (policy[P_COMPARATOR] == 0u) {
        return f64_below(spent, most);
    }
    return f64_at_most(spent, most);
}

fn limited(value: vec2<u32>) -> vec2<u32> {
    return select(value, F64_MAX, f64_below(F64_MAX, value));
}

// Another call of an interval.
fn interval(most: u32) -> u32 {
    let calls = max(state(S_RUN) + 1u, state(S_RUN));
    put_f64(O_SPENT, f64_from_u32(calls));
    return select(BUDGET_SPENT, WITHIN_BUDGET, calls < most);
}

// What the gauge and the budget say about the open call.
fn judge() -> u32 {
    let kind = policy[P_GAUGE_KIND];
    if (kind == GAUGE_FREE) {
        return FREE;
    }
    if (kind == GAUGE_COUNT && policy[P_SCHEDULE] != 0u) {
        return select(FREE, SCHEDULE, flagged(SCHEDULED));
    }
    if (kind == GAUGE_COUNT) {
        let more = f64_multiply(rule(P_GROWTH), f64_from_u32(state(S_SETTLED)));
        return interval(f64_to_u32(f64_add(f64_from_u32(policy[P_INTERVAL]), more)));
    }
    if (kind == GAUGE_LATE) {
        if (state(S_DUE) == 0u) {
            return SIGNAL_UNUSABLE;
        }
        return interval(state(S_DUE));
    }
    var cost = F64_ZERO;
    var single = F64_ZERO;
    if (kind == GAUGE_CURVE) {
        let ratio = f64_multiply(state_f64(S_RATIO), of_call(R_GAMMA));
        put_f64(O_RATIO, ratio);
        cost = f64_subtract(F64_ONE, ratio);
        if (policy[P_DEVIATION] == 0u) {
            cost = unsigned(cost);
        }
        single = unsigned(f64_subtract(F64_ONE, of_call(R_GAMMA)));
    } else {
        let value = signal();
        if (!usable(value)) {
            return SIGNAL_UNUSABLE;
        }
        put_f64(O_SIGNAL, value);
        let found = cost_of(value);
        if (!found.known) {
            return RATE_UNKNOWN;
        }
        cost = found.value;
        single = cost;
    }
    var spent = cost;
    if (policy[P_BUDGET_KIND] != 1u) {
        var before = state_f64(S_SPENT);
        if (policy[P_BUDGET_KIND] == 2u) {
            before = f64_multiply(before, rule(P_DECAY));
        }
        spent = f64_add(before, cost);
    }
    if (!f64_is_finite(spent)) {
        return SIGNAL_UNUSABLE;
    }
    put_f64(O_SPENT, spent);
    if (policy[P_SCALE] == 2u && f64_below(state_f64(O_LARGEST), cost)) {
        put_f64(O_LARGEST, limited(cost));
    }
    let most = threshold(state_f64(O_LARGEST));
    let dear = positive(rule(P_MAX_COST)) && f64_below(rule(P_MAX_COST), single);
    let within = allows(spent, most) && !flagged(PROTECTED) && !dear;
    return select(BUDGET_SPENT, WITHIN_BUDGET, within);
}

fn run_is_over() -> bool {
    let most = policy[P_MAX_CONTINUOUS];
    let run = select(state(S_RUN), state(S_STREAK), policy[P_RUN_COUNT] == 1u);
    return (most > 0u && run >= most) || (flagged(ENHANCED) && state(S_RUN) > 0u);
}

fn skipped() -> u32 {
    return state(S_REUSED) + state(S_PREDICTED) + state(S_VERIFIED);
}

// Why a guard has the call computed; NONE if none does.
fn guard() -> u32 {
    if (rows[row + R_GUARD] != NONE) {
        return rows[row + R_GUARD];
    }
    if (state(S_ANCHORS) == 0u) {
        return NO_HISTORY;
    }
    if (state(S_REJECTED) == 1u) {
        return FORECAST_REJECTED;
    }
    if (run_is_over()) {
        put(O_CAPPED, 1u);
        return MAX_RUN;
    }
    if (policy[P_MAX_CACHED] > 0u && skipped() >= policy[P_MAX_CACHED]) {
        return MAX_TOTAL;
    }
    if (positive(rule(P_MAX_SPENT)) && f64_at_most(rule(P_MAX_SPENT), state_f64(S_TOTAL))) {
        return MAX_SPENT;
    }
    return NONE;
}

// Whether the weights of the open call take the newest anchor as it is.
fn holds_newest() -> bool {
    var all_whole = true;
    var low_whole = true;
    var low_zero = true;
    for (var i = 0u; i < 8u; i += 1u) {
        let whole = select(0u, 0x3f800000u, i == state(S_NEWEST));
        let weight = state(O_WEIGHTS + i);
        let low = state(O_LOW_WEIGHTS + i);
        all_whole = all_whole && (weight == whole || (weight == SIGN && whole == 0u));
        low_whole = low_whole && (low == whole || (low == SIGN && whole == 0u));
        low_zero = low_zero && (low & 0x7fffffffu) == 0u;
    }
    return all_whole && (low_whole || low_zero);
}

fn rolls() -> bool {
    let kind = policy[P_PREDICTOR_KIND];
    return kind == ADAMS || (kind == GRADIENT && policy[P_ROLLING] == 1u);
}

fn next_slot() -> u32 {
    if (params.ring == 0u) {
        return NONE;
    }
    if (state(S_ANCHORS) == 0u) {
        return 0u;
    }
    return (state(S_NEWEST) + 1u) % params.ring;
}

// Turns a reason into the decision of the open call.
fn settle(reason: u32, gamma: vec2<u32>) {
    put(S_PHASE, 2u);
    put(O_REASON, reason);
    if (reason != WITHIN_BUDGET && reason != FREE) {
        put(O_ACTION, COMPUTE);
        put(O_SLOT, next_slot());
        return;
    }
    blend(gamma);
    if (rolls()) {
        put(O_SLOT, next_slot());
    }
    let run = max(state(S_RUN) + 1u, state(S_RUN));
    if (policy[P_VERIFY_KIND] != 0u && run >= policy[P_VERIFY_FROM]) {
        put(O_ACTION, VERIFY);
    } else if (holds_newest()) {
        put(O_ACTION, REUSE);
    } else {
        put(O_ACTION, PREDICT);
    }
}

// Leaves nothing of the open call.
fn rest() {
    put(S_PHASE, 0u);
    for (var i = O_ACTION; i < S_CALLS; i += 1u) {
        put(i, 0u);
    }
    put(O_SLOT, NONE);
    put_f64(O_SIGNAL, UNKNOWN);
    put_f64(O_ERROR, UNKNOWN);
    put_f64(O_RATIO, F64_ONE);
}

fn begin() {
    put(O_STEP, rows[row + R_STEP]);
    put(O_EVALUATION, rows[row + R_EVALUATION]);
    put(O_LANE, rows[row + R_LANE]);
    put(O_NUMBER, rows[row + R_NUMBER]);
    put_f64(O_TIME, of_call(R_TIME));
    put_f64(O_SPENT, state_f64(S_SPENT));
    put_f64(O_RATIO, state_f64(S_RATIO));
    put_f64(O_LARGEST, state_f64(S_SCALE));
    var reason = guard();
    var gamma = F64_ONE;
    if (reason == NONE) {
        reason = judge();
        if (policy[P_GAUGE_KIND] == GAUGE_SIGNAL && policy[P_PREDICTOR_KIND] == ALIGNED) {
            gamma = factor();
            if (!usable(gamma)) {
                let unknown = reason == SIGNAL_UNUSABLE || reason == RATE_UNKNOWN;
                reason = select(SIGNAL_UNUSABLE, reason, unknown);
            } else if (f64_below(rule(P_GAIN), gamma)) {
                gamma = rule(P_GAIN);
            } else if (f64_below(gamma, F64_ONE)) {
                gamma = F64_ONE;
            }
        } else if (policy[P_PREDICTOR_KIND] == ALIGNED) {
            gamma = F64_NAN;
        }
    }
    settle(reason, gamma);
}

// Whether the error of a verified call rejects its forecast.
fn check_forecast() {
    var error = F64_NAN;
    if (params.scripted == 1u) {
        error = of_call(R_ERROR);
    } else if (params.verify != NONE) {
        error = change(params.verify, params.verify_len);
    }
    let known = usable(error);
    put_f64(O_ERROR, select(UNKNOWN, error, known));
    if (!known || f64_below(of_call(R_ALLOWED), error)) {
        put(O_REASON, FORECAST_REJECTED);
        put(S_REJECTED, 1u);
        count(S_REJECTIONS);
    }
}

// Takes in what a computed call measured, with a late gauge.
fn learn(value: vec2<u32>) {
    put(S_DUE, 0u);
    let known = usable(value);
    put_f64(O_SIGNAL, select(UNKNOWN, value, known));
    if (!known) {
        return;
    }
    let found = cost_of(value);
    if (!found.known) {
        return;
    }
    let cost = found.value;
    if (policy[P_SCALE] == 1u && flagged(LEARNING)) {
        let ten = vec2(0u, 0x40240000u);
        put_f64(S_SCALE, f64_add(f64_divide(state_f64(S_SCALE), ten), cost));
    } else if (policy[P_SCALE] == 2u && f64_below(state_f64(S_SCALE), cost)) {
        put_f64(S_SCALE, cost);
    }
    if (policy[P_CODEBOOK_LEN] > 0u) {
        var due = 1u;
        for (var i = policy[P_CODEBOOK_LEN]; i > 0u; i -= 1u) {
            if (f64_below(cost, rule(P_CODEBOOK_THRESHOLDS + 2u * (i - 1u)))) {
                due = policy[P_CODEBOOK_INTERVALS + i - 1u];
            }
        }
        put(S_DUE, due);
        return;
    }
    let within = allows(cost, threshold(state_f64(S_SCALE)));
    put(S_DUE, select(1u, policy[P_INTERVAL], within));
}

// Closes the open call.
fn commit() {
    let action = state(O_ACTION);
    if (action == VERIFY) {
        check_forecast();
    }
    put(S_NEXT_CALL, max(state(O_NUMBER) + 1u, state(O_NUMBER)));
    count(S_COMPUTED + action);
    count(S_CALLS);
    count(S_REASONS + state(O_REASON));
    if ((action == COMPUTE || rolls()) && state(O_SLOT) < 8u) {
        let slot = state(O_SLOT);
        put_f64(S_PLACES + 2u * slot, of_call(R_PLACE));
        put(S_STEPS + slot, rows[row + R_STEP]);
        put(S_NEWEST, slot);
        put(S_ANCHORS, min(state(S_ANCHORS) + 1u, params.ring));
    }
    spend(action);
    write_event();
    rest();
}

fn spend(action: u32) {
    let kind = policy[P_GAUGE_KIND];
    let signal = state_f64(O_SIGNAL);
    if (kind == GAUGE_SIGNAL && f64_at_most(F64_ZERO, signal)) {
        put_f64(S_TOTAL, limited(f64_add(state_f64(S_TOTAL), signal)));
    }
    put_f64(S_SPENT, state_f64(O_SPENT));
    put_f64(S_RATIO, state_f64(O_RATIO));
    put_f64(S_SCALE, state_f64(O_LARGEST));
    if (state(O_CAPPED) == 1u) {
        put(S_STREAK, 0u);
    }
    let number = state(O_NUMBER);
    if (action != COMPUTE) {
        count(S_RUN);
        let last = state(S_LAST_SKIP);
        if (last == 0u) {
            put(S_STREAK, state(S_STREAK) + 1u);
        } else if (last == number) {
            put(S_STREAK, state(S_STREAK) + select(1u, 2u, state(S_STREAK) == 0u));
        }
        put(S_LAST_SKIP, max(number + 1u, number));
        return;
    }
    let value = measured();
    if (kind == GAUGE_LATE) {
        learn(value);
    }
    control[C_TRACKED] = min(control[C_TRACKED] + 1u, 2u);
    put(S_RUN, 0u);
    put(S_REJECTED, 0u);
    put_f64(S_RATIO, F64_ONE);
    if (policy[P_RESET] == 1u || kind == GAUGE_COUNT) {
        put_f64(S_SPENT, F64_ZERO);
    }
    put_f64(S_RATE, select(UNKNOWN, value, usable(value)));
    put_f64(S_COMPUTED_TIME, of_call(R_TIME));
    if (flagged(SETTLED)) {
        put(S_SETTLED, state(S_SETTLED) + 1u);
    }
    if (flagged(IN_WINDOW)) {
        put(S_ACTIVE, state(S_ACTIVE) + 1u);
    }
}

fn write_event() {
    let to = TRACE_WORDS * (row / ROW_WORDS);
    trace[to] = state(O_NUMBER);
    trace[to + 1u] = state(O_STEP);
    trace[to + 2u] = state(O_EVALUATION);
    trace[to + 3u] = state(O_LANE);
    trace[to + 4u] = state(O_ACTION);
    trace[to + 5u] = state(O_REASON);
    trace[to + 6u] = state(O_ORDER);
    trace[to + 7u] = state(O_SLOT);
    let value = select(O_SIGNAL, O_ERROR, state(O_ACTION) == VERIFY);
    trace[to + 8u] = state(value);
    trace[to + 9u] = state(value + 1u);
    trace[to + 10u] = state(S_SPENT);
    trace[to + 11u] = state(S_SPENT + 1u);
    for (var i = 0u; i < 16u; i += 1u) {
        trace[to + 12u + i] = state(O_WEIGHTS + i);
    }
}

// What of the program is to run, as bits; `Fact` in src/gpu/decide has them.
fn facts() -> u32 {
    let slot = state(O_SLOT);
    if (state(O_ACTION) == COMPUTE) {
        let rated = select(0u, 8u, control[C_TRACKED] > 0u);
        if (slot < 8u) {
            return 1u | rated | (256u << slot);
        }
        return 1u | rated | select(select(64u, 32u, slot == ADD_TO_SLOTS), 16u, slot == SET_SLOTS);
    }
    let verified = select(0u, 4u, state(O_ACTION) == VERIFY);
    return 2u | verified | select(128u, 65536u << (slot & 7u), slot < 8u);
}

fn hand_over() {
    for (var i = 0u; i < 8u; i += 1u) {
        let all_bands = state(O_WEIGHTS + i);
        weights[i] = all_bands;
        if (params.band == 1u) {
            let low = f64_from_f32(state(O_LOW_WEIGHTS + i));
            corrections[i] = f64_to_f32(f64_subtract(f64_from_f32(all_bands), low));
        }
    }
}

@compute @workgroup_size(1, 1, 1)
fn main() {
    let cursor = control[C_CURSOR];
    if (cursor > 0u) {
        row = ROW_WORDS * (cursor - 1u);
        lane = C_LANES + LANE_WORDS * rows[row + R_LANE];
        if (state(S_PHASE) == 2u) {
            commit();
        }
    }
    control[C_FACTS] = 0u;
    if (cursor >= control[C_LIMIT]) {
        return;
    }
    row = ROW_WORDS * cursor;
    lane = C_LANES + LANE_WORDS * rows[row + R_LANE];
    begin();
    control[C_FACTS] = facts();
    hand_over();
    control[C_CURSOR] = cursor + 1u;
}
