// The scheduler's transitions for one call: what src/scheduler does, bit for bit.
//
// A dispatch commits the call that the lane before it has decided, if one is open, then begins and
// decides the next one of `rows` and says what of the program is to run. One more dispatch behind the
// last call commits that one. One invocation, one workgroup.
//
// policy: the words of `Policy`. rows: a `CallRow` each. sums: pairs of f32, as `Pairs` says.
// control: 8 words, then the lanes as `Scheduler::save` writes them. trace: an `Event` and the weights
// of both bands, a call. weights, corrections: (8).

// Offsets of the words of a policy.
const P_GAUGE_KIND = 2u;
const P_METRIC = 4u;
const P_RESCALE = 7u;
const P_SCHEDULE = 8u;
const P_INTERVAL = 9u;
const P_DEVIATION = 12u;
const P_GROWTH = 18u;
const P_DOMAIN_MIN = 20u;
const P_DOMAIN_MAX = 22u;
const P_RUN_FACTOR = 24u;
const P_COEFFICIENTS = 26u;
const P_CODEBOOK_LEN = 38u;
const P_CODEBOOK_INTERVALS = 39u;
const P_CODEBOOK_THRESHOLDS = 48u;
const P_CURVE_LEN = 64u;
const P_CURVE_VALUES = 70u;
const P_BUDGET_KIND = 326u;
const P_COMPARATOR = 327u;
const P_SCALE = 328u;
const P_PROGRESS = 329u;
const P_THRESHOLD = 330u;
const P_DECAY = 332u;
const P_EARLY_FACTOR = 334u;
const P_EARLY_UNTIL = 336u;
const P_LATE_FACTOR = 338u;
const P_LATE_FROM = 340u;
const P_MAX_COST = 342u;
const P_RESET = 344u;
const P_PREDICTOR_KIND = 346u;
const P_ORDER = 347u;
const P_ROLLING = 349u;
const P_SIGMA = 352u;
const P_GAIN = 354u;
const P_BLEND = 360u;
const P_HORIZON = 362u;
const P_SPLIT_KIND = 366u;
const P_BOOST = 370u;
const P_VERIFY_KIND = 372u;
const P_VERIFY_FROM = 373u;
const P_SITE_KIND = 380u;
const P_MAX_CONTINUOUS = 392u;
const P_RUN_COUNT = 393u;
const P_MAX_CACHED = 394u;
const P_MAX_SPENT = 404u;

// Offsets of the words of a lane.
const S_PHASE = 0u;
const S_NEXT_CALL = 1u;
const S_RUN = 2u;
const S_STREAK = 3u;
const S_LAST_SKIP = 4u;
const S_SETTLED = 5u;
const S_ACTIVE = 6u;
const S_DUE = 7u;
const S_REJECTED = 8u;
const S_ANCHORS = 9u;
const S_NEWEST = 10u;
const S_SPENT = 14u;
const S_RATIO = 16u;
const S_RATE = 18u;
const S_TOTAL = 20u;
const S_SCALE = 22u;
const S_COMPUTED_TIME = 24u;
const S_PLACES = 26u;
const S_STEPS = 42u;
const O_ACTION = 92u;
const O_REASON = 93u;
const O_STEP = 94u;
const O_EVALUATION = 95u;
const O_LANE = 96u;
const O_NUMBER = 97u;
const O_ORDER = 98u;
const O_SLOT = 99u;
const O_CAPPED = 100u;
const O_TIME = 101u;
const O_SIGNAL = 103u;
const O_ERROR = 105u;
const O_SPENT = 107u;
const O_RATIO = 109u;
const O_LARGEST = 111u;
const O_WEIGHTS = 113u;
const O_LOW_WEIGHTS = 121u;
const S_CALLS = 129u;
const S_COMPUTED = 130u;
const S_REUSED = 131u;
const S_PREDICTED = 132u;
const S_VERIFIED = 133u;
const S_REJECTIONS = 134u;
const S_REASONS = 135u;
const LANE_WORDS = 151u;

// Offsets of the words of a row.
const R_STEP = 0u;
const R_EVALUATION = 1u;
const R_LANE = 2u;
const R_NUMBER = 3u;
const R_GUARD = 4u;
const R_FLAGS = 5u;
const R_TIME = 6u;
const R_PLACE = 8u;
const R_SHARE = 10u;
const R_GAIN = 12u;
const R_ALLOWED = 14u;
const R_GAMMA = 16u;
const R_OF_SIGNAL = 18u;
const R_OF_TIME = 20u;
const R_SIGNAL = 22u;
const R_FACTOR = 24u;
const R_MEASURED = 26u;
const R_ERROR = 28u;
const ROW_WORDS = 32u;

const SCHEDULED = 1u;
const PROTECTED = 2u;
const SETTLED = 4u;
const IN_WINDOW = 8u;
const ENHANCED = 16u;
const EARLY = 32u;
const LEARNING = 64u;
const SENSITIVE = 128u;

// Offsets of the words of control.
const C_CURSOR = 0u;
const C_LIMIT = 1u;
const C_FACTS = 2u;
const C_TRACKED = 3u;
const C_LANES = 8u;
const TRACE_WORDS = 28u;

const NONE = 0xffffffffu;
const ADD_TO_SLOTS = 0xfffffffeu;
const SET_SLOTS = 0xfffffffdu;
const UNKNOWN = vec2<u32>(0u, 0xbff00000u);

const COMPUTE = 0u;
const REUSE = 1u;
const PREDICT = 2u;
const VERIFY = 3u;

const NO_HISTORY = 5u;
const MAX_RUN = 6u;
const MAX_TOTAL = 7u;
const SIGNAL_UNUSABLE = 8u;
const RATE_UNKNOWN = 9u;
const BUDGET_SPENT = 10u;
const WITHIN_BUDGET = 11u;
const FREE = 12u;
const SCHEDULE = 13u;
const FORECAST_REJECTED = 14u;
const MAX_SPENT = 15u;

const GAUGE_FREE = 1u;
const GAUGE_COUNT = 2u;
const GAUGE_SIGNAL = 3u;
const GAUGE_CURVE = 4u;
const GAUGE_LATE = 5u;

const HOLD = 0u;
const TAYLOR = 1u;
const NEWTON = 2u;
const HERMITE = 3u;
const ADAMS = 4u;
const GRADIENT = 6u;
const ALIGNED = 7u;
const RK2 = 8u;
const AB2 = 9u;
const BDF2 = 11u;
const MOULTON = 12u;
const TABLE = 14u;

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
