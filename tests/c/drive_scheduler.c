/* A host with arithmetic of its own: a "network" whose features are parabolas in time, caching by
   the scheduler's word. Everything it forecasts it also computes, and compares.

   With the argument `plant` it blends wrongly, and must say so. */
#include <refrain.h>

#include <math.h>
#include <string.h>

#include "check.h"

#define STEPS 24
#define LEN 37

static double feature(int i, double t) {
    return 1.0 + 0.25 * i - (0.5 + 0.125 * i) * t + 0.0625 * t * t;
}

static void network(double t, float *out) {
    int i;
    for (i = 0; i < LEN; i++) out[i] = (float)feature(i, t);
}

/* Static memory of a size known when compiling; the union aligns it. */
static union {
    long double align;
    unsigned char bytes[REFRAIN_SCHEDULER_MAX_BYTES(1) + REFRAIN_ALIGNMENT];
} first, second;

static void *aligned(unsigned char *bytes) {
    return bytes + (REFRAIN_ALIGNMENT - (uintptr_t)bytes % REFRAIN_ALIGNMENT) % REFRAIN_ALIGNMENT;
}

/* What a host keeps from call to call. */
static float slots[REFRAIN_MAX_ANCHORS][LEN];
static float previous[LEN], computed[2][LEN]; /* the last two computed, newest first */
static uint32_t kept[REFRAIN_MAX_ANCHORS];    /* slots, newest first */
static uint32_t kept_count, computed_count;

/* What the policy wants a computed call to be committed with; returns how many values. */
static uint32_t committed(const refrain_policy *policy, const float *now, double *values) {
    const refrain_gauge *gauge = &policy->gauge;
    uint32_t wants, k;
    double input;
    TRY(refrain_policy_wants(policy, &wants));
    switch (wants) {
    case REFRAIN_WANTS_RATE:
        if (computed_count == 0) return 0;
        TRY(refrain_cpu_change(REFRAIN_METRIC_MEAN_ABSOLUTE, computed[0], now, LEN, &input));
        TRY(refrain_cpu_rate(input, computed[0], now, LEN, values));
        return 1;
    case REFRAIN_WANTS_SIGNAL:
        if (computed_count == 0) return 0;
        TRY(refrain_cpu_change(gauge->metric,
                               gauge->reference == REFRAIN_REFERENCE_PREVIOUS ? previous
                                                                              : computed[0],
                               now, LEN, values));
        return 1;
    case REFRAIN_WANTS_PRODUCTS:
        TRY(refrain_cpu_product(now, now, LEN, values));
        for (k = 0; k < kept_count && k < 5; k++)
            TRY(refrain_cpu_product(now, slots[kept[k]], LEN, values + 1 + k));
        return k + 1;
    default:
        CHECK(wants == REFRAIN_WANTS_NOTHING);
        return 0;
    }
}

static void keep(uint32_t slot, uint32_t anchors, const float *feature) {
    uint32_t k;
    CHECK(slot < anchors);
    memcpy(slots[slot], feature, sizeof slots[slot]);
    for (k = 0; k < kept_count && kept[k] != slot; k++) {}
    if (k == kept_count) kept_count++;
    for (; k > 0; k--) kept[k] = kept[k - 1];
    kept[0] = slot;
}

/* One run; `trace` gets a letter a call. Returns the largest relative error of a forecast. */
static double drive(refrain_scheduler *scheduler, const refrain_policy *policy, int plant,
                    char *trace) {
    static float now[LEN], forecast[LEN];
    const float *ring[REFRAIN_MAX_ANCHORS];
    float *sums[REFRAIN_MAX_ANCHORS];
    double worst = 0.0;
    uint32_t step, k, anchors, rejected = 0;
    int i;
    TRY(refrain_policy_anchors(policy, &anchors));
    kept_count = computed_count = 0;
    for (k = 0; k < REFRAIN_MAX_ANCHORS; k++) ring[k] = sums[k] = slots[k];
    for (step = 0; step < STEPS; step++) {
        refrain_call call = {0, 0, 0, 0, 0.0};
        refrain_decision todo;
        refrain_event event;
        double t = 3.0 - 0.125 * step, values[8];
        uint32_t count = 0;
        call.step = step;
        call.time = t;
        network(t, now);
        TRY(refrain_scheduler_begin(scheduler, &call, &todo));
        if (todo.needs != 0) {
            CHECK(todo.needs == 1 + todo.aligned && step > 0);
            TRY(refrain_cpu_change(todo.metric,
                                   todo.reference == REFRAIN_REFERENCE_PREVIOUS ? previous
                                                                                : computed[0],
                                   now, LEN, values));
            values[1] = NAN;
            if (todo.aligned && computed_count > 1)
                TRY(refrain_cpu_alignment(now, computed[0], computed[1], LEN, values + 1));
            TRY(refrain_scheduler_decide(scheduler, todo.lane, values, todo.needs, &todo));
        }
        CHECK(todo.needs == 0 && !(rejected && todo.action != REFRAIN_ACTION_COMPUTE));
        if (todo.action == REFRAIN_ACTION_COMPUTE) {
            count = committed(policy, now, values);
            if (todo.slot == REFRAIN_SET_SLOTS || todo.slot == REFRAIN_ADD_TO_SLOTS)
                TRY(refrain_cpu_accumulate(todo.slot, todo.weights, now, LEN, sums, anchors));
            else
                keep(todo.slot, anchors, now);
            memcpy(computed[1], computed[0], sizeof now);
            memcpy(computed[0], now, sizeof now);
            computed_count++;
        } else {
            if (plant) todo.weights[0] += 0.01f;
            TRY(refrain_cpu_blend(todo.weights, ring, anchors, NULL, LEN, forecast));
            if (todo.action == REFRAIN_ACTION_VERIFY) {
                TRY(refrain_cpu_change(REFRAIN_METRIC_RELATIVE_L1, now, forecast, LEN, values));
                count = 1;
            }
        }
        TRY(refrain_scheduler_commit(scheduler, todo.lane, values, count, &event));
        CHECK(event.action == todo.action && event.step == step && event.slot == todo.slot);
        rejected = event.reason == REFRAIN_REASON_FORECAST_REJECTED
                   && event.action == REFRAIN_ACTION_VERIFY;
        if (rejected && policy->verify.kind == REFRAIN_VERIFY_KIND_ROLLBACK) {
            step--;
            continue;
        }
        CHECK(rejected || event.reason == todo.reason);
        if (todo.action != REFRAIN_ACTION_COMPUTE && todo.slot != REFRAIN_NO_SLOT)
            keep(todo.slot, anchors, forecast);
        if (todo.action != REFRAIN_ACTION_COMPUTE)
            for (i = 0; i < LEN; i++) {
                double error = fabs(forecast[i] - now[i]) / (1.0 + fabs(now[i]));
                if (error > worst) worst = error;
            }
        memcpy(previous, now, sizeof now);
        trace[step] = refrain_action_letter(todo.action);
    }
    trace[STEPS] = 0;
    return worst;
}

/* A table in memory gives a calibrated policy what it lacks. */
static void read_table(void) {
    const char *table = "refrain-table 1\nmethod = magcache\nmodel = toy\nsteps = 4\ncurve = 1/0.9/1.1/1\n";
    refrain_policy policy;
    uint32_t needs;
    size_t length;
    char text[160], why[160] = "";
    TRY(refrain_policy_parse("magcache", sizeof policy, &policy, NULL, 0));
    TRY(refrain_policy_needs_table(&policy, &needs));
    CHECK(needs == 1);
    TRY(refrain_policy_apply_table(&policy, table, sizeof policy, &policy, why, sizeof why));
    TRY(refrain_policy_needs_table(&policy, &needs));
    CHECK(needs == 0);
    TRY(refrain_policy_text(&policy, text, sizeof text, &length));
    CHECK(strcmp(text, "magcache:curve=1/0.9/1.1/1") == 0);
    TRY(refrain_table_field(table, "model", text, sizeof text, &length));
    CHECK(length == 3 && strcmp(text, "toy") == 0);
    CHECK(refrain_policy_apply_table(&policy, "refrain-table 1\nmethod = magcach\n", sizeof policy,
                                     &policy, why, sizeof why) == REFRAIN_E_VALUE);
    CHECK(strstr(why, "magcache") != NULL);
}

/* What a menu would say of each method. */
static void describe_methods(void) {
    static const char *const fields[] = {"summary", "rule", "family", "evidence", "citation",
                                         "headline", "avoid", "unsupported"};
    uint32_t method, field;
    size_t length, said = 0;
    char text[4000];
    for (method = 0; strcmp(refrain_method_name(method), "unknown") != 0; method++)
        for (field = 0; field < 8; field++) {
            TRY(refrain_method_field(method, fields[field], text, sizeof text, &length));
            CHECK(strlen(text) == length && (field > 3 || length > 3));
            said += length;
        }
    CHECK(method > 60 && said > 60 * 200);
    TRY(refrain_method_field(REFRAIN_METHOD_TEA_CACHE, "citation", text, sizeof text, &length));
    CHECK(strstr(text, "2411.19108") != NULL);
    TRY(refrain_method_field(REFRAIN_METHOD_TEA_CACHE, "family", text, sizeof text, &length));
    CHECK(strcmp(text, "timestep-adaptive") == 0);
}

static refrain_scheduler *start(void *memory, const char *text) {
    refrain_scheduler *scheduler;
    refrain_policy policy;
    char why[200] = "";
    if (refrain_policy_parse(text, sizeof policy, &policy, why, sizeof why) != REFRAIN_OK
        || refrain_scheduler_init(memory, REFRAIN_SCHEDULER_MAX_BYTES(1), &policy, STEPS, 1, 1,
                                  &scheduler, why, sizeof why) != REFRAIN_OK) {
        fprintf(stderr, "%s: %s\n", text, why);
        exit(1);
    }
    CHECK((void *)scheduler == memory);
    return scheduler;
}

static void check_counters(const refrain_scheduler *scheduler, const char *trace) {
    refrain_stats stats;
    uint32_t reason, count, by_reason = 0, letters[4] = {0, 0, 0, 0};
    const char *at;
    for (at = trace; *at; at++) letters[strchr("Crpv", *at) - "Crpv"]++;
    TRY(refrain_scheduler_stats(scheduler, &stats));
    CHECK(stats.calls == STEPS && stats.computed == letters[0]);
    CHECK(stats.reused == letters[1] && stats.predicted == letters[2]);
    CHECK(stats.verified == letters[3]);
    for (reason = 0; strcmp(refrain_reason_name(reason), "unknown") != 0; reason++) {
        TRY(refrain_scheduler_reason_count(scheduler, reason, &count));
        by_reason += count;
    }
    CHECK(by_reason == STEPS);
}

/* Stops in the middle of an open call, goes on elsewhere, and ends in the same state. */
static void check_moving(void) {
    static unsigned char saved[4096], ended[4096], again[4096];
    refrain_scheduler *here = start(aligned(first.bytes), "teacache:threshold=0.1"), *there;
    refrain_call call = {0, 0, 0, 0, 0.0};
    refrain_decision decision;
    size_t bytes, needed, written;
    double change = 0.04;
    TRY(refrain_scheduler_save_size(here, &needed));
    CHECK(needed <= sizeof saved);
    TRY(refrain_scheduler_begin(here, &call, &decision));
    TRY(refrain_scheduler_commit(here, 0, NULL, 0, NULL));
    call.step = 1;
    TRY(refrain_scheduler_begin(here, &call, &decision));
    CHECK(decision.needs == 1 && decision.reference == REFRAIN_REFERENCE_PREVIOUS);
    TRY(refrain_scheduler_save(here, saved, sizeof saved, &written));
    CHECK(written == needed);

    TRY(refrain_scheduler_decide(here, 0, &change, 1, &decision));
    CHECK(decision.action == REFRAIN_ACTION_REUSE && decision.weights[0] == 1.0f);
    TRY(refrain_scheduler_commit(here, 0, NULL, 0, NULL));
    TRY(refrain_scheduler_save(here, ended, sizeof ended, &written));

    there = start(aligned(second.bytes), "teacache:threshold=0.1");
    TRY(refrain_scheduler_restore(there, saved, needed));
    TRY(refrain_scheduler_decide(there, 0, &change, 1, &decision));
    TRY(refrain_scheduler_commit(there, 0, NULL, 0, NULL));
    TRY(refrain_scheduler_save(there, again, sizeof again, &written));
    CHECK(memcmp(ended, again, needed) == 0);

    /* Bytes of the object itself may be copied, too. */
    TRY(refrain_scheduler_size(1, &bytes));
    memset(second.bytes, 0xEE, sizeof second.bytes);
    memcpy(aligned(second.bytes), here, bytes);
    memset(first.bytes, 0xEE, sizeof first.bytes);
    TRY(refrain_scheduler_save((refrain_scheduler *)aligned(second.bytes), again, sizeof again, &written));
    CHECK(memcmp(ended, again, needed) == 0);

    call.step = 2;
    TRY(refrain_scheduler_begin(there, &call, &decision));
    TRY(refrain_scheduler_abandon(there, 0));
    TRY(refrain_scheduler_invalidate(there, 0));
    TRY(refrain_scheduler_begin(there, &call, &decision));
    CHECK(decision.needs == 0 && decision.reason == REFRAIN_REASON_NO_HISTORY);
}

/* A predictor without a scheduler: exact on a parabola, whatever the spacing. */
static void check_predictor(void) {
    const double times[4] = {0.5, 0.75, 1.5, 9.0};
    refrain_predictor_inputs given = {0};
    refrain_policy policy;
    refrain_weights weights;
    double sum = 0.0;
    uint32_t k;
    TRY(refrain_policy_parse("interval:predictor=newton,order=2,axis=time", sizeof policy, &policy,
                             NULL, 0));
    given.times = times;
    given.count = 4;
    given.target = 0.125;
    given.span = STEPS;
    TRY(refrain_predictor_weights(&policy.predictor, &given, &weights));
    CHECK(weights.count == 3);
    for (k = 0; k < weights.count; k++) sum += weights.values[k] * feature(3, times[k]);
    CHECK(fabs(sum - feature(3, 0.125)) < 1e-12);
    given.times = NULL;
    given.count = 0;
    TRY(refrain_predictor_weights(&policy.predictor, &given, &weights));
    CHECK(weights.count == 0 && weights.values[0] == 0.0);
}

static void check_texts(void) {
    refrain_policy policy, again;
    char text[256];
    size_t length;
    uint32_t method, number;
    for (method = 0; strcmp(refrain_method_name(method), "unknown") != 0; method++) {
        TRY(refrain_policy_default(method, sizeof policy, &policy));
        TRY(refrain_policy_text(&policy, text, sizeof text, &length));
        CHECK(strlen(text) == length && strcmp(text, refrain_method_name(method)) == 0);
        TRY(refrain_policy_parse(text, sizeof again, &again, NULL, 0));
        CHECK(memcmp(&policy, &again, sizeof policy) == 0);
    }
    CHECK(method > REFRAIN_METHOD_TAYLOR_SEER);
    TRY(refrain_policy_default(REFRAIN_METHOD_MAG_CACHE, sizeof policy, &policy));
    TRY(refrain_policy_needs_table(&policy, &number));
    CHECK(number == 1);
    policy.gauge.curve.len = 2;
    policy.gauge.curve.values[0] = policy.gauge.curve.values[1] = 1.0;
    TRY(refrain_policy_needs_table(&policy, &number));
    CHECK(number == 0);
    TRY(refrain_policy_check(&policy, STEPS, 1, NULL, 0));
    TRY(refrain_policy_default(REFRAIN_METHOD_MASK, sizeof policy, &policy));
    TRY(refrain_policy_needs_table(&policy, &number));
    CHECK(number == 1);
    TRY(refrain_policy_default(REFRAIN_METHOD_EASY_CACHE, sizeof policy, &policy));
    TRY(refrain_policy_wants(&policy, &number));
    CHECK(number == REFRAIN_WANTS_RATE && strcmp(refrain_wants_name(number), "rate") == 0);
    policy.guards.last_steps = 2;
    TRY(refrain_policy_text(&policy, text, sizeof text, &length));
    CHECK(strcmp(text, "easycache:last=2") == 0);

    CHECK(refrain_version_number() == REFRAIN_VERSION_NUMBER);
    CHECK(REFRAIN_VERSION_NUMBER >> 24 == REFRAIN_VERSION_MAJOR);
    CHECK((REFRAIN_VERSION_NUMBER >> 12 & 0xFFF) == REFRAIN_VERSION_MINOR);
    CHECK((REFRAIN_VERSION_NUMBER & 0xFFF) == REFRAIN_VERSION_PATCH);
    sprintf(text, "%d.%d.%d", REFRAIN_VERSION_MAJOR, REFRAIN_VERSION_MINOR, REFRAIN_VERSION_PATCH);
    CHECK(strcmp(text, refrain_version_string()) == 0);
    CHECK(refrain_abi_version() == REFRAIN_ABI_VERSION);
    CHECK(refrain_features() & REFRAIN_FEATURE_STD);
    CHECK(strcmp(refrain_status_name(REFRAIN_E_ORDER), "REFRAIN_E_ORDER") == 0);
    CHECK(strcmp(refrain_status_name(-42), "unknown") == 0);
    CHECK(strcmp(refrain_action_name(REFRAIN_ACTION_PREDICT), "predict") == 0);
    CHECK(strcmp(refrain_reason_name(REFRAIN_REASON_FREE), "free") == 0);
    CHECK(strcmp(refrain_signal_name(REFRAIN_SIGNAL_MODEL_INPUT), "model-input") == 0);
    CHECK(strcmp(refrain_metric_name(REFRAIN_METRIC_L2), "l2") == 0);
    CHECK(strcmp(refrain_filter_name(REFRAIN_FILTER_LOW_PASS), "low-pass") == 0);
    CHECK(strcmp(refrain_reference_name(REFRAIN_REFERENCE_COMPUTED), "computed") == 0);
    CHECK(strcmp(refrain_notice_name(REFRAIN_NOTICE_CANNOT_SKIP), "cannot-skip") == 0);
    CHECK(refrain_action_letter(99) == '?');
}

int main(int argc, char **argv) {
    static const struct {
        const char *policy;
        double tolerance; /* of a forecast */
        uint32_t anchors;
    } runs[] = {
        {"full", 0.0, 0},
        {"interval:interval=3", 1.0, 1},
        {"taylorseer:interval=3,order=3", 0.5, 4},
        {"taylorseer:interval=3,order=2,predictor=newton,axis=time", 1e-5, 3},
        {"teacache:threshold=0.3", 0.5, 1},
        {"easycache:threshold=0.3,warmup=3", 0.9, 1},
        {"mask:111010101010101010101011", 0.5, 1},
        {"interval:interval=3,predictor=hermite,order=2", 1.0, 3},
        {"interval:interval=3,predictor=adams-bashforth,order=1,warmup=2", 1.0, 2},
        {"interval:interval=3,predictor=foca", 1.0, 4},
        {"interval:interval=3,predictor=gradient,gain=0.5,rolling=1", 1.0, 2},
        {"interval:interval=3,predictor=rk2", 1.0, 3},
        {"interval:interval=3,predictor=adams-moulton", 1.0, 3},
        {"interval:interval=3,predictor=chebyshev,order=3,ridge=1e-6,warmup=4", 0.1, 4},
        {"interval:interval=3,predictor=dmd,warmup=4", 1.0, 6},
        {"fbcache:signal=front-output,predictor=aligned,gain=1.5,threshold=0.2", 0.5, 2},
        {"interval:interval=3,verify=rollback,tolerance=0.1", 0.5, 1},
        {"interval:interval=4,verify=next,tolerance=0.1,verify_from=2", 1.0, 1},
        {"fbcache:gauge=late,interval=3,threshold=0.5", 1.0, 1},
    };
    int plant = argc > 1 && strcmp(argv[1], "plant") == 0;
    size_t i, bytes;
    read_table();
    describe_methods();
    TRY(refrain_scheduler_size(1, &bytes));
    CHECK(bytes <= REFRAIN_SCHEDULER_MAX_BYTES(1));
    TRY(refrain_scheduler_size(1000, &bytes));
    CHECK(bytes <= REFRAIN_SCHEDULER_MAX_BYTES(1000));
    for (i = 0; i < sizeof runs / sizeof *runs; i++) {
        refrain_scheduler *scheduler;
        char trace[STEPS + 1], again[STEPS + 1];
        refrain_policy policy;
        uint32_t anchors, notice;
        double worst;
        memset(first.bytes, (int)i * 37, sizeof first.bytes);
        scheduler = start(aligned(first.bytes), runs[i].policy);
        TRY(refrain_policy_parse(runs[i].policy, sizeof policy, &policy, NULL, 0));
        TRY(refrain_policy_anchors(&policy, &anchors));
        CHECK(anchors == runs[i].anchors);
        if (anchors == 0) continue; /* nothing is kept, so there is nothing to drive */
        worst = drive(scheduler, &policy, plant, trace);
        if (worst > runs[i].tolerance) {
            fprintf(stderr, "%s: a forecast is off by %g\n", runs[i].policy, worst);
            return 2;
        }
        check_counters(scheduler, trace);
        TRY(refrain_scheduler_notice(scheduler, &notice));
        CHECK(notice == REFRAIN_NOTICE_NONE && strpbrk(trace, "rpv") != NULL);
        TRY(refrain_scheduler_reset(scheduler));
        drive(scheduler, &policy, plant, again);
        CHECK(strcmp(trace, again) == 0);
        printf("%-60s %s %.1e\n", runs[i].policy, trace, worst);
    }
    check_moving();
    check_predictor();
    check_texts();
    return 0;
}
